//! Linearizability of a whole history.

use super::{
    Budget, Report, Verdict,
    budget::Account,
    collection,
    parts::{self, Judged},
    verdict::no_beginning,
};
#[cfg(feature = "stress")]
use crate::history::Outcome;
use crate::{history::History, model::Specification};

/// Checks that the history is linearizable: that each operation may have taken effect at once, at some moment between its
/// invocation and its completion, and returned what the specification says ([Herlihy and Wing
/// 1990](https://doi.org/10.1145/78969.78972)).
///
/// An operation that ended in `info`, or not at all, may have taken effect at any moment after its invocation, or never.
/// One that ended in `fail` did not. Marks say nothing.
///
/// Takes O(events) where few operations are open at once, and grows exponentially with how many are, as the problem
/// does. Where that is too much, less may still show that nothing explains the history, whichever of its unknown operations
/// took effect, or that it has an order. Parts of the object that know nothing of one another ([`Model::part`](crate::model::Model::part)) are checked each
/// for itself, on as many threads as `rayon` has.
///
/// # Panics
///
/// Where the specification does.
pub fn linearizable<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> Report<S::State>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    judge(specification, history, budget).0
}

/// The same, and the state that the history ends in: if it is linearizable, if nothing is open at its end, and if
/// the object then is in this state in whatever order the operations took effect.
#[cfg(feature = "stress")]
pub(crate) fn linearizable_to<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> (Report<S::State>, Option<S::State>)
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let (report, end) = judge(specification, history, budget);
    let state = match (&report.verdict, end) {
        (Verdict::Linearizable(witness), Ending::OneState) => {
            after(specification, history, &witness.order)
        }
        _ => None,
    };
    (report, state)
}

/// The state after these operations, one after the other, if it is only one.
#[cfg(feature = "stress")]
fn after<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    order: &[u64],
) -> Option<S::State> {
    let mut states = vec![specification.initial()];
    for invocation in order {
        let operation = history.operation(*invocation)?;
        let Outcome::Ok(ret) = operation.outcome else {
            return None; // who knows what it returned
        };
        let mut next = Vec::with_capacity(states.len());
        for state in &states {
            specification.step(state, operation.op, Some(ret), |state| {
                if !next.contains(&state) {
                    next.push(state);
                }
            });
        }
        states = next;
    }
    states.pop().filter(|_| states.is_empty())
}

/// What is known of the state of the object at the end of a history that is linearizable.
enum Ending {
    /// It may be one of several, or something is still open.
    Open,
    /// It is the same in whatever order the operations took effect.
    OneState,
}

fn judge<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> (Report<S::State>, Ending)
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let account = Account::new(*budget);
    if let Some(reason) = no_beginning(history) {
        let report = Report {
            verdict: Verdict::Unknown(reason),
            operations: 0,
            configurations: 0,
            elapsed: account.elapsed(),
        };
        return (report, Ending::Open);
    }
    if let Some(collection) = specification.collection(history) {
        let verdict =
            collection::check(specification, history, &collection, account.meter(u64::MAX));
        let report = Report {
            verdict,
            operations: collection.operations(),
            configurations: account.configurations(),
            elapsed: account.elapsed(),
        };
        let end = match collection.ends_empty() {
            true => Ending::OneState,
            false => Ending::Open,
        };
        return (report, end);
    }
    let Judged {
        verdict,
        operations,
        ends_in_one_state,
    } = parts::judge(specification, history, &account);
    let end = match ends_in_one_state {
        true => Ending::OneState,
        false => Ending::Open,
    };
    let report = Report {
        verdict,
        operations,
        configurations: account.configurations(),
        elapsed: account.elapsed(),
    };
    (report, end)
}
