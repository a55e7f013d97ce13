//! Following a recording while it goes on.

use std::fmt;

use super::{Recorder, walker::TailState};
use crate::history::History;

/// Reads a recording piece by piece: each [`read`](Self::read) returns what is new.
///
/// Made by [`Recorder::tail`]. It leaves the events where they are; [`Recorder::drain`] is the form that
/// takes them out. What somebody else drains before a tail has read it, the tail misses: the
/// [`start`](History::start) of what it returns next says so.
pub struct Tail<'r, O, R> {
    recorder: &'r Recorder<O, R>,
    state: TailState<O, R>,
}

impl<O, R> fmt::Debug for Tail<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail")
            .field("recorder", self.recorder)
            .finish_non_exhaustive()
    }
}

impl<'r, O, R> Tail<'r, O, R> {
    pub(super) fn new(recorder: &'r Recorder<O, R>, state: TailState<O, R>) -> Self {
        Self { recorder, state }
    }

    /// Clones of the events published since the last call, up to the first gap.
    ///
    /// O(new events + segments that are not full). Excludes other readers meanwhile; recording goes on. If a
    /// `Clone` panics, the next call returns the same events again.
    ///
    /// **Deadlocks** if the `Clone` of `O` or `R` reads the same recorder.
    pub fn read(&mut self) -> History<O, R>
    where
        O: Clone,
        R: Clone,
    {
        let mut history = History::new();
        self.read_into(&mut history);
        history
    }

    /// As [`read`](Self::read), with the memory of a history that is no longer needed.
    pub fn read_into(&mut self, history: &mut History<O, R>)
    where
        O: Clone,
        R: Clone,
    {
        self.recorder
            .read_into(history, |readers, shared, history| {
                readers.tail(&mut self.state, shared, history)
            });
    }
}
