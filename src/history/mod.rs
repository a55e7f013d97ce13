//! The read model: a [`History`] is what was recorded, in index order, and knows nothing of how.

mod builder;
mod by_process;
mod events;
mod join;
mod operations;
mod overlap;
mod pairs;
mod rows;
mod rule;
#[cfg(feature = "statistics")]
mod statistics;
mod view;

use std::{fmt, sync::OnceLock, time::Duration};

#[cfg(feature = "format")]
pub(crate) use self::builder::Incoming;
use self::pairs::Pairs;
#[cfg(feature = "statistics")]
pub use self::statistics::{Kinds, Latency, Longest, OperationStatistics, Statistics};
pub use self::{
    builder::HistoryBuilder,
    events::{Events, IntoEvents},
    join::JoinError,
    operations::{Operation, Operations, Outcome},
    overlap::Overlap,
    rule::{Breach, Breaches, Rule},
    view::{View, ViewEvents},
};
pub(crate) use self::{by_process::ByProcess, rows::Rows};
use crate::{
    event::{Event, EventKind, EventRef, ProcessId, Text},
    packed::Packed,
};

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
    /// Made when first asked for; emptied by whatever changes the rows.
    pairs: OnceLock<Pairs>,
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
            pairs: OnceLock::new(),
        }
    }

    /// Stands for the time of an event that has none, among others that do.
    const NO_TIME: u64 = u64::MAX;

    /// The latest time that is kept, 292 years: the largest that Jepsen's tools can read.
    const LATEST: Duration = Duration::from_nanos(i64::MAX as u64);

    /// Nanoseconds of a time that is not too late.
    fn nanos(time: Duration) -> u64 {
        time.min(Self::LATEST).as_nanos() as u64
    }

    fn time(nanos: u64) -> Option<Duration> {
        (nanos != Self::NO_TIME).then(|| Duration::from_nanos(nanos))
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
        Some(self.at(self.position(index)?))
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
    pub fn into_events(mut self) -> IntoEvents<O, R> {
        IntoEvents {
            rows: self.rows.take().into_iter(),
            times: std::mem::take(&mut self.times),
            start: self.start,
            front: 0,
        }
    }

    /// Empties the history and keeps its memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.times.clear();
        self.start = 0;
        self.cut = None;
        self.pairs.take();
    }

    fn position(&self, index: u64) -> Option<usize> {
        let position = usize::try_from(index.checked_sub(self.start)?).ok()?;
        (position < self.len()).then_some(position)
    }

    fn pairs(&self) -> &Pairs {
        self.pairs.get_or_init(|| Pairs::of(&self.rows))
    }

    #[inline]
    pub(crate) fn at(&self, position: usize) -> EventRef<'_, O, R> {
        let row = self.rows.get(position);
        let (kind, error) = row.view().expect("every row of a history is an event");
        Event {
            index: self.start + position as u64,
            process: row.process(),
            time: self.times.get(position).and_then(|&time| Self::time(time)),
            kind,
            error,
        }
    }

    /// Adds an event, of which the caller knows that it keeps the rules.
    fn push(
        &mut self,
        process: ProcessId,
        nanos: Option<u64>,
        kind: EventKind<O, R>,
        error: Option<Text>,
    ) {
        if nanos.is_some() || !self.times.is_empty() {
            self.times.resize(self.len(), Self::NO_TIME);
            self.times.push(nanos.unwrap_or(Self::NO_TIME));
        }
        self.rows.push(Packed::of(process, kind, error));
    }

    /// The same history of other operations and results. That of a completion is made with the operation that it completes.
    #[cfg(feature = "format")]
    pub(crate) fn translated<P, S>(
        &self,
        op: impl Fn(&O) -> P,
        ret: impl Fn(Option<&O>, &R) -> S,
    ) -> History<P, S> {
        let mut translated = History::new();
        translated.describe(self.start, self.cut);
        for event in self.events() {
            let owned = |text: &str| Text::Owned(text.to_owned());
            let completed = || self.operation(event.index).map(|operation| operation.op);
            let kind = match event.kind {
                EventKind::Invoke(invoked) => EventKind::Invoke(op(invoked)),
                EventKind::Ok(returned) => EventKind::Ok(ret(completed(), returned)),
                EventKind::Fail => EventKind::Fail,
                EventKind::Info => EventKind::Info,
                EventKind::Mark(text) => EventKind::Mark(owned(text)),
            };
            let nanos = event.time.map(|time| time.as_nanos() as u64); // which it was kept as
            translated.push(event.process, nanos, kind, event.error.map(owned));
        }
        translated
    }

    /// For the walker, which fills in events out of order and then says how far they have no gap.
    pub(crate) fn parts_mut(&mut self) -> (&mut Rows<O, R>, &mut Vec<u64>) {
        self.pairs.take();
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

/// A heading and a line for each event. Without end for a history without end: write a [view](Self::view) or a few
/// [events](Self::events) where the history may be long.
impl<O: fmt::Debug, R: fmt::Debug> fmt::Display for History<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(" index  proc  kind    value")?;
        for event in self {
            write!(f, "\n{event}")?;
        }
        match self.cut {
            Some(cut) => write!(f, "\n{cut}"),
            None => Ok(()),
        }
    }
}

impl<O: Clone, R: Clone> Clone for History<O, R> {
    fn clone(&self) -> Self {
        Self {
            start: self.start,
            rows: self.rows.clone(),
            times: self.times.clone(),
            cut: self.cut,
            pairs: OnceLock::new(),
        }
    }
}

impl<O: PartialEq, R: PartialEq> PartialEq for History<O, R> {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.cut) == (other.start, other.cut) && self.events().eq(other.events())
    }
}

impl<O: Eq, R: Eq> Eq for History<O, R> {}
