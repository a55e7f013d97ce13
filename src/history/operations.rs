//! Operations: each invocation with the completion that belongs to it.

use std::{fmt, iter::FusedIterator, time::Duration};

use super::History;
use crate::event::{EventKind, EventRef, ProcessId};

/// One call on the object under test: an invocation, and its completion where there is one.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Operation<'h, O, R> {
    /// Who called.
    pub process: ProcessId,
    /// What was called, with its arguments.
    pub op: &'h O,
    /// What came of it.
    pub outcome: Outcome<&'h R>,
    /// Why, where a `fail` or an `info` was given a reason.
    pub error: Option<&'h str>,
    /// The index of the invocation.
    pub invocation: u64,
    /// The index of the completion; `None` where the history has none.
    pub completion: Option<u64>,
    /// The time of the invocation, where it was kept.
    pub invoked: Option<Duration>,
    /// The time of the completion, where there is one and its time was kept.
    pub completed: Option<Duration>,
}

/// What came of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<R> {
    /// It completed with this result.
    Ok(R),
    /// It definitely did not apply.
    Fail,
    /// Nobody knows: it may have applied at any time after its invocation, or never.
    Info,
    /// It was still open when the history ended. As much is known as of an `Info`.
    Open,
}

impl<R> Outcome<R> {
    /// What the completion of an operation says. Any other event leaves it open.
    #[inline]
    fn of<O, T>(completion: EventKind<O, R, T>) -> Self {
        match completion {
            EventKind::Ok(ret) => Self::Ok(ret),
            EventKind::Fail => Self::Fail,
            EventKind::Info => Self::Info,
            EventKind::Invoke(_) | EventKind::Mark(_) => Self::Open,
        }
    }

    /// What the operation returned, if that is known.
    #[cfg(feature = "check")]
    pub(crate) fn ok(self) -> Option<R> {
        match self {
            Self::Ok(ret) => Some(ret),
            _ => None,
        }
    }
}

impl<O, R> Operation<'_, O, R> {
    /// How long it took, where both times were kept.
    pub fn latency(&self) -> Option<Duration> {
        self.completed?.checked_sub(self.invoked?)
    }
}

impl<O, R> Clone for Operation<'_, O, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O, R> Copy for Operation<'_, O, R> {}

impl<O, R> History<O, R> {
    /// The operations, in the order of their invocations. The first call of this, or of another that pairs events,
    /// takes O(events).
    ///
    /// An operation that was invoked before this history [starts](Self::start) is not among them.
    pub fn operations(&self) -> Operations<'_, O, R> {
        self.pairs();
        Operations {
            history: self,
            front: 0,
            back: self.len(),
        }
    }

    /// The operation that the event with this index is an end of, in O(1) after the first call.
    ///
    /// `None` for a mark, for a completion whose invocation lies before this history, and for an index that is not in it.
    pub fn operation(&self, index: u64) -> Option<Operation<'_, O, R>> {
        let position = self.position(index)?;
        self.operation_at(position).or_else(|| {
            let invocation = self.pairs().partner(position)?;
            self.operation_at(invocation)
        })
    }

    /// The index of the completion of the operation invoked at this index, in O(1) after the first call.
    ///
    /// `None` where the operation is still open, and where no operation was invoked at this index.
    pub fn completion(&self, index: u64) -> Option<u64> {
        let position = self.position(index)?;
        let partner = self.pairs().partner(position)?;
        (partner > position).then(|| self.start() + partner as u64)
    }

    /// The index of the invocation of the operation completed at this index, in O(1) after the first call.
    ///
    /// `None` where it was invoked before this history starts, and where no operation completed at this index.
    pub fn invocation(&self, index: u64) -> Option<u64> {
        let position = self.position(index)?;
        let partner = self.pairs().partner(position)?;
        (partner < position).then(|| self.start() + partner as u64)
    }

    /// Whether every operation has a completion, be that an `info`. O(events).
    pub fn is_complete(&self) -> bool {
        !self
            .operations()
            .any(|operation| matches!(operation.outcome, Outcome::Open))
    }

    /// What came of the operation that the row at this position invokes, and the index of its completion, or, where it
    /// has none, of no event.
    #[cfg(feature = "check")]
    #[inline]
    pub(crate) fn end_at(&self, position: usize) -> (Outcome<&R>, u64) {
        let Some(partner) = self.pairs().partner(position) else {
            return (Outcome::Open, u64::MAX);
        };
        let completion = self.at(partner);
        (Outcome::of(completion.kind), completion.index)
    }

    /// The operation invoked by the row at this position, if that is an invocation.
    #[inline]
    pub(super) fn operation_at(&self, position: usize) -> Option<Operation<'_, O, R>> {
        let invocation = self.at(position);
        let EventKind::Invoke(op) = invocation.kind else {
            return None;
        };
        let completion = self
            .pairs()
            .partner(position)
            .map(|partner| self.at(partner));
        Some(Operation::new(op, invocation, completion))
    }
}

impl<'h, O, R> Operation<'h, O, R> {
    fn new(
        op: &'h O,
        invocation: EventRef<'h, O, R>,
        completion: Option<EventRef<'h, O, R>>,
    ) -> Self {
        Self {
            process: invocation.process,
            op,
            outcome: completion.map_or(Outcome::Open, |event| Outcome::of(event.kind)),
            error: completion.and_then(|event| event.error),
            invocation: invocation.index,
            completion: completion.map(|event| event.index),
            invoked: invocation.time,
            completed: completion.and_then(|event| event.time),
        }
    }
}

/// The operations of a [`History`] in the order of their invocations.
pub struct Operations<'h, O, R> {
    history: &'h History<O, R>,
    front: usize,
    back: usize,
}

impl<'h, O, R> Iterator for Operations<'h, O, R> {
    type Item = Operation<'h, O, R>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = self.front..self.back;
        let found = rest.find_map(|position| self.history.operation_at(position));
        self.front = rest.start;
        found
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.back - self.front))
    }
}

impl<O, R> DoubleEndedIterator for Operations<'_, O, R> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let mut rest = (self.front..self.back).rev();
        let found = rest.find_map(|position| self.history.operation_at(position));
        self.back = self.front + rest.len();
        found
    }
}

impl<O, R> FusedIterator for Operations<'_, O, R> {}

impl<O, R> Clone for Operations<'_, O, R> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<O: fmt::Debug, R: fmt::Debug> fmt::Debug for Operations<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
