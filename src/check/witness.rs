//! Whether an order explains a history: a few lines that know nothing of how it was found.

use std::{collections::HashSet, error::Error, fmt};

use super::Witness;
use crate::{
    history::{ByProcess, History, Operation, Outcome},
    model::Specification,
};

/// Why an order does not explain a history.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// At this index, the order names something that is no invocation, failed, or is in it twice.
    NotAnOperation(u64),
    /// The operation invoked at this index completed with `ok`, and is not in the order.
    Missing(u64),
    /// The operation invoked at this index completed before another was invoked that the order has before it; or, where only
    /// the order of each process matters, its own process invoked it before another one that the order has before it.
    OutOfTime(u64),
    /// The operation invoked at this index could not have returned what it did.
    Impossible(u64),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnOperation(index) => {
                write!(
                    f,
                    "index {index} is no operation to be ordered, or comes twice"
                )
            }
            Self::Missing(index) => write!(f, "the operation invoked at {index} is missing"),
            Self::OutOfTime(index) => write!(
                f,
                "the operation invoked at {index} comes behind one that was invoked after it had completed"
            ),
            Self::Impossible(index) => write!(
                f,
                "the operation invoked at {index} cannot have returned there what it did"
            ),
        }
    }
}

impl Error for Flaw {}

impl Witness {
    /// Checks that the order explains the history: every operation is there that must be, none before one that had
    /// completed when it was invoked, and one after the other they return what was recorded. O(operations).
    ///
    /// # Errors
    ///
    /// The first flaw.
    pub fn validate<S: Specification>(
        &self,
        specification: &S,
        history: &History<S::Op, S::Ret>,
    ) -> Result<(), Flaw> {
        let mut latest_invocation = 0;
        self.validate_order(specification, history, |operation| {
            let completed = match operation.outcome {
                Outcome::Ok(_) => operation.completion,
                _ => None, // it may take effect at any time
            };
            let in_time = completed.is_none_or(|completion| completion > latest_invocation);
            latest_invocation = latest_invocation.max(operation.invocation);
            in_time
        })
    }

    /// The same for sequential consistency: it is the operations of a process that must be in their own order.
    ///
    /// # Errors
    ///
    /// The first flaw.
    pub fn validate_sequential<S: Specification>(
        &self,
        specification: &S,
        history: &History<S::Op, S::Ret>,
    ) -> Result<(), Flaw> {
        let mut last = ByProcess::new();
        self.validate_order(specification, history, |operation| {
            let before = last.insert(operation.process, operation.invocation);
            before.is_none_or(|before| before < operation.invocation)
        })
    }

    fn validate_order<S: Specification>(
        &self,
        specification: &S,
        history: &History<S::Op, S::Ret>,
        mut in_time: impl FnMut(&Operation<'_, S::Op, S::Ret>) -> bool,
    ) -> Result<(), Flaw> {
        let mut ordered = HashSet::new();
        let mut states = vec![specification.initial()];
        for &index in &self.order {
            let operation = history
                .operation(index)
                .filter(|operation| operation.invocation == index)
                .ok_or(Flaw::NotAnOperation(index))?;
            let ret = match operation.outcome {
                Outcome::Ok(ret) => Some(ret),
                Outcome::Info | Outcome::Open => None,
                Outcome::Fail => return Err(Flaw::NotAnOperation(index)),
            };
            if !ordered.insert(index) {
                return Err(Flaw::NotAnOperation(index));
            }
            if !in_time(&operation) {
                return Err(Flaw::OutOfTime(index));
            }
            let mut next = HashSet::new();
            for state in &states {
                specification.step(state, operation.op, ret, |state| {
                    next.insert(state);
                });
            }
            if next.is_empty() {
                return Err(Flaw::Impossible(index));
            }
            states = next.into_iter().collect();
        }
        let missing = history.operations().find(|operation| {
            matches!(operation.outcome, Outcome::Ok(_)) && !ordered.contains(&operation.invocation)
        });
        match missing {
            Some(operation) => Err(Flaw::Missing(operation.invocation)),
            None => Ok(()),
        }
    }
}
