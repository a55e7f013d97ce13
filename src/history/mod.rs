//! The read model: a [`History`] is what was recorded, in index order, and knows nothing of how.

mod overlap;
mod rows;

use std::{fmt, iter::FusedIterator, time::Duration};

pub use self::overlap::Overlap;
pub(crate) use self::rows::Rows;
use crate::event::{Event, EventRef};

/// Events in index order, without a gap.
///
/// A history that [starts](Self::start) at 0 and was taken while threads were recording is a prefix of what they will
/// have recorded in the end, and so is sound to check: an operation whose completion is missing is simply still open.
/// One that starts later goes on where another ended, and means something only after it.
///
/// An event takes 8 bytes and the larger of `O` and `R` (at least 8), and 8 more with time.
pub struct History<O, R> {
    start: u64,
    rows: Rows<O, R>,
    /// Nanoseconds, one a row; empty where no time was kept.
    times: Vec<u64>,
    cut: Option<Cut>,
}

/// Where a history ends although recording went on, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    /// The index of the first event that was not kept: no history of this recorder reaches it.
    pub index: u64,
    /// How many events came from there on, up to the moment the history was taken.
    pub lost: u64,
    /// What stopped it.
    pub reason: CutReason,
}

/// What stopped a recorder from keeping events.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CutReason {
    /// The [limit](crate::Builder::limit) on events was reached.
    Limit,
    /// The allocator had no memory for another segment.
    OutOfMemory,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            CutReason::Limit => "the limit on events was reached",
            CutReason::OutOfMemory => "there was no memory for more",
        };
        write!(
            f,
            "cut at index {}: {reason}; {} events came after",
            self.index, self.lost
        )
    }
}

impl<O, R> History<O, R> {
    /// A history without events.
    pub const fn new() -> Self {
        Self {
            start: 0,
            rows: Rows::new(),
            times: Vec::new(),
            cut: None,
        }
    }

    /// The number of events held.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index of the first event, or, of an empty history, the index that would come next.
    ///
    /// 0 for a snapshot of a recorder that was never [drained](crate::Recorder::drain); where the piece before ended
    /// for the successive pieces of a drain or of a [`Tail`](crate::Tail).
    pub fn start(&self) -> u64 {
        self.start
    }

    /// One more than the index of the last event.
    pub fn end(&self) -> u64 {
        self.start + self.len() as u64
    }

    /// Where recording was cut off, if events have been lost.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// The event with this index, in O(1).
    pub fn get(&self, index: u64) -> Option<EventRef<'_, O, R>> {
        let position = usize::try_from(index.checked_sub(self.start)?).ok()?;
        (position < self.len()).then(|| self.at(position))
    }

    /// The events in index order.
    pub fn events(&self) -> Events<'_, O, R> {
        Events {
            history: self,
            front: 0,
            back: self.len(),
        }
    }

    /// The events in index order, moved out.
    pub fn into_events(mut self) -> impl ExactSizeIterator<Item = Event<O, R>> + use<O, R> {
        let (start, times) = (self.start, std::mem::take(&mut self.times));
        self.rows
            .take()
            .into_iter()
            .enumerate()
            .map(move |(position, row)| {
                let process = row.process();
                let (kind, error) = row.into_kind().expect("every row of a history is an event");
                let time = times.get(position).copied().map(Duration::from_nanos);
                Event {
                    index: start + position as u64,
                    process,
                    time,
                    kind,
                    error,
                }
            })
    }

    /// Empties the history and keeps its memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.times.clear();
        self.start = 0;
        self.cut = None;
    }

    fn at(&self, position: usize) -> EventRef<'_, O, R> {
        let row = self.rows.get(position);
        let (kind, error) = row.view().expect("every row of a history is an event");
        Event {
            index: self.start + position as u64,
            process: row.process(),
            time: self.times.get(position).copied().map(Duration::from_nanos),
            kind,
            error,
        }
    }

    /// For the walker, which fills in events out of order and then says how far they have no gap.
    pub(crate) fn parts_mut(&mut self) -> (&mut Rows<O, R>, &mut Vec<u64>) {
        (&mut self.rows, &mut self.times)
    }

    /// Says what the rows that were filled in are a history of.
    pub(crate) fn describe(&mut self, start: u64, cut: Option<Cut>) {
        self.start = start;
        self.cut = cut;
    }
}

impl<O, R> Default for History<O, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O: fmt::Debug, R: fmt::Debug> fmt::Debug for History<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events()).finish()
    }
}

/// The events of a [`History`] in index order.
pub struct Events<'h, O, R> {
    history: &'h History<O, R>,
    front: usize,
    back: usize,
}

impl<'h, O, R> Iterator for Events<'h, O, R> {
    type Item = EventRef<'h, O, R>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        (self.front < self.back).then(|| {
            self.front += 1;
            self.history.at(self.front - 1)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.back - self.front;
        (left, Some(left))
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        self.front = self.front.saturating_add(n).min(self.back);
        self.next()
    }
}

impl<O, R> DoubleEndedIterator for Events<'_, O, R> {
    fn next_back(&mut self) -> Option<Self::Item> {
        (self.front < self.back).then(|| {
            self.back -= 1;
            self.history.at(self.back)
        })
    }
}

impl<O, R> ExactSizeIterator for Events<'_, O, R> {}
impl<O, R> FusedIterator for Events<'_, O, R> {}

impl<O: fmt::Debug, R: fmt::Debug> fmt::Debug for Events<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<O, R> Clone for Events<'_, O, R> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'h, O, R> IntoIterator for &'h History<O, R> {
    type Item = EventRef<'h, O, R>;
    type IntoIter = Events<'h, O, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.events()
    }
}
