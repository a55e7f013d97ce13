//! What may be asked of a history.

use super::{Budget, Report, linearizable, sequentially_consistent};
use crate::{history::History, model::Specification};

/// What is asked of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Consistency {
    /// One order for all, in which an operation that completed before another was invoked comes before it: see
    /// [`linearizable`].
    #[default]
    Linearizable,
    /// One order for all, in which the operations of each process keep theirs, whenever they happened: see
    /// [`sequentially_consistent`].
    Sequential,
}

impl Consistency {
    /// What a history is that has such an order: `linearizable` or `sequentially consistent`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Sequential => "sequentially consistent",
        }
    }

    /// Checks that the history is that.
    ///
    /// # Panics
    ///
    /// Where the specification does.
    pub fn check<S>(
        self,
        specification: &S,
        history: &History<S::Op, S::Ret>,
        budget: &Budget,
    ) -> Report<S::State>
    where
        S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
    {
        match self {
            Self::Linearizable => linearizable(specification, history, budget),
            Self::Sequential => sequentially_consistent(specification, history, budget),
        }
    }
}
