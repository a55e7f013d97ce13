//! Shorter and longer histories out of given ones.

use std::{collections::HashSet, error::Error, fmt};

use super::History;
use crate::event::ProcessId;

/// Why two histories do not make one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinError {
    /// This process is in both.
    SharedProcess(ProcessId),
    /// The second does not start where the first ends.
    NotNext {
        /// Where the first ends.
        end: u64,
        /// Where the second starts.
        start: u64,
    },
    /// The first was [cut](History::cut) at this index: events are missing between them.
    Cut(u64),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedProcess(process) => write!(f, "process {process} is in both histories"),
            Self::NotNext { end, start } => write!(
                f,
                "the first history ends before index {end}, the second starts at {start}"
            ),
            Self::Cut(index) => write!(
                f,
                "the first history was cut at index {index}: events are missing before the second"
            ),
        }
    }
}

impl Error for JoinError {}

impl<O, R> History<O, R> {
    /// Drops all events from index `end` on. A prefix of a history is a history; operations whose completions
    /// are dropped are open again.
    ///
    /// Where that drops anything, the history ends there by choice, and no longer where it was [cut](Self::cut).
    pub fn truncate(&mut self, end: u64) {
        if end >= self.end() {
            return;
        }
        let keep = end.saturating_sub(self.start) as usize;
        self.pairs.take();
        self.rows.truncate(keep);
        self.times.truncate(keep);
        self.cut = None;
    }

    /// Moves the events of the next piece behind those of this one. The piece starts where this one ends, as the pieces of
    /// a [drain](crate::Recorder::drain) or of a [tail](crate::Tail) do; an empty history takes any piece. O(events of
    /// the piece).
    ///
    /// That the two are of one recording is not checked: pieces of different ones may break the [rules](crate::Rule) where
    /// they meet.
    ///
    /// # Errors
    ///
    /// Where the piece starts elsewhere, or this history was cut. Then both are unchanged.
    pub fn append(&mut self, next: &mut Self) -> Result<(), JoinError> {
        let (end, start) = (self.end(), next.start());
        if self.is_empty() && self.cut.is_none() {
            self.start = start;
        } else if end != start {
            return Err(JoinError::NotNext { end, start });
        }
        if let Some(cut) = self.cut {
            return Err(JoinError::Cut(cut.index));
        }
        let after = next.end();
        self.add(std::mem::take(next));
        next.start = after;
        Ok(())
    }

    /// One history after the other, in the given order: what was recorded first comes first. The events take their indices
    /// anew, from where the first history starts. O(events).
    ///
    /// The histories have no process in common, but for [`ProcessId::NEMESIS`]. Times stay as they are: each is counted
    /// from where its own recorder began.
    ///
    /// # Errors
    ///
    /// Where a process is in two of them, or one that is not the last was cut.
    pub fn concat(histories: impl IntoIterator<Item = Self>) -> Result<Self, JoinError> {
        let mut histories = histories.into_iter();
        let Some(mut whole) = histories.next() else {
            return Ok(Self::new());
        };
        let mut known: HashSet<_> = whole.processes().collect();
        for mut next in histories {
            if let Some(cut) = whole.cut {
                return Err(JoinError::Cut(cut.index));
            }
            let its: HashSet<_> = next.processes().collect();
            for &process in &its {
                if !known.insert(process) && process != ProcessId::NEMESIS {
                    return Err(JoinError::SharedProcess(process));
                }
            }
            if let Some(cut) = &mut next.cut {
                cut.index = cut.index - next.start + whole.end();
            }
            whole.add(next);
        }
        Ok(whole)
    }

    fn processes(&self) -> impl Iterator<Item = ProcessId> + '_ {
        self.rows.iter().map(|row| row.process())
    }

    fn add(&mut self, mut next: Self) {
        self.pairs.take();
        if !self.times.is_empty() || !next.times.is_empty() {
            self.times.resize(self.rows.len(), Self::NO_TIME);
            next.times.resize(next.rows.len(), Self::NO_TIME);
            self.times.append(&mut next.times);
        }
        self.rows.append(&mut next.rows);
        self.cut = next.cut;
    }
}
