//! Histories from events that somebody brings: by hand, or from a file.
//!
//! The builder is the one way in for what no recorder wrote, and lets nothing through that breaks a [`Rule`].

use std::{fmt, time::Duration};

use super::{Breach, Breaches, ByProcess, History, Rule};
use crate::event::{Event, EventKind, ProcessId, Text};

/// Builds a [`History`] from events in index order, and checks them against the [rules](Rule).
///
/// ```
/// use tachograph::{HistoryBuilder, Rule};
///
/// let history = HistoryBuilder::new()
///     .invoke(1, "write 4")
///     .invoke(2, "read")
///     .ok(1, None)
///     .ok(2, Some(4))
///     .finish()
///     .unwrap();
/// assert_eq!(history.len(), 4);
///
/// let breaches = HistoryBuilder::<&str, u64>::new().ok(1, 4).finish().unwrap_err();
/// assert_eq!(breaches.listed()[0].rule, Rule::CompletionOfInvocation);
/// assert_eq!(
///     breaches.to_string(),
///     "event 0: process 1 completes, with no operation open [completion-of-invocation]"
/// );
/// ```
pub struct HistoryBuilder<O, R> {
    history: History<O, R>,
    lenient: bool,
    /// The index that the next event should have where it has one.
    next_index: u64,
    /// What is known of each process, by the id that was given.
    processes: ByProcess<Known>,
    /// The largest id that was given.
    largest: Option<ProcessId>,
    /// How many ids were made up.
    made_up: u64,
    breaches: Breaches,
    mended: Breaches,
}

/// A history starts here at most, so that its indices never overflow.
const MAX_START: u64 = 1 << 60;

/// What is known of a process.
#[derive(Clone, Copy)]
struct Known {
    /// The id under which its events are kept: another than its own once it was mended.
    id: ProcessId,
    state: State,
    /// Its last time, and the index that was given to the event that had it.
    last: Option<(Duration, u64)>,
}

#[derive(Clone, Copy)]
enum State {
    Idle,
    /// The position of the invocation, and the index that was given to it.
    Open(usize, u64),
    /// The index that was given to the `info`.
    Crashed(u64),
}

/// An event on its way in.
pub(crate) struct Incoming<O, R> {
    pub(crate) line: Option<u64>,
    pub(crate) index: Option<u64>,
    pub(crate) process: ProcessId,
    pub(crate) time: Option<Duration>,
    pub(crate) kind: EventKind<O, R>,
    pub(crate) error: Option<Text>,
    /// For a completion, whether it says itself that it is of another operation than its process has open.
    pub(crate) of_another: bool,
}

impl<O, R> HistoryBuilder<O, R> {
    /// An empty one, under which every breach of a rule is an error.
    pub fn new() -> Self {
        Self {
            history: History::new(),
            lenient: false,
            next_index: 0,
            processes: ByProcess::new(),
            largest: None,
            made_up: 0,
            breaches: Breaches::default(),
            mended: Breaches::default(),
        }
    }

    /// Mends what can be mended without guessing, and says so: see [`finish_lenient`](Self::finish_lenient).
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// The number of events so far.
    pub fn len(&self) -> usize {
        self.history.len()
    }

    /// Whether there are no events so far.
    pub fn is_empty(&self) -> bool {
        self.history.is_empty()
    }

    /// The operation that this process has open.
    pub fn open(&self, process: impl Into<ProcessId>) -> Option<&O> {
        let State::Open(position, _) = self.processes.get(process.into())?.state else {
            return None;
        };
        match self.history.at(position).kind {
            EventKind::Invoke(op) => Some(op),
            _ => None,
        }
    }

    /// The process invokes an operation.
    pub fn invoke(&mut self, process: impl Into<ProcessId>, op: O) -> &mut Self {
        self.next(process.into(), EventKind::Invoke(op), None)
    }

    /// The operation of the process completes with this result.
    pub fn ok(&mut self, process: impl Into<ProcessId>, ret: R) -> &mut Self {
        self.next(process.into(), EventKind::Ok(ret), None)
    }

    /// The operation of the process did not apply.
    pub fn fail(&mut self, process: impl Into<ProcessId>) -> &mut Self {
        self.next(process.into(), EventKind::Fail, None)
    }

    /// The outcome of the process's operation is unknown, and the process is not heard of again.
    pub fn info(&mut self, process: impl Into<ProcessId>) -> &mut Self {
        self.next(process.into(), EventKind::Info, None)
    }

    /// Something that belongs to no operation.
    pub fn mark(&mut self, process: impl Into<ProcessId>, text: impl Into<Text>) -> &mut Self {
        self.next(process.into(), EventKind::Mark(text.into()), None)
    }

    /// As [`fail`](Self::fail), with the reason.
    pub fn fail_with(
        &mut self,
        process: impl Into<ProcessId>,
        error: impl Into<Text>,
    ) -> &mut Self {
        self.next(process.into(), EventKind::Fail, Some(error.into()))
    }

    /// As [`info`](Self::info), with the reason.
    pub fn info_with(
        &mut self,
        process: impl Into<ProcessId>,
        error: impl Into<Text>,
    ) -> &mut Self {
        self.next(process.into(), EventKind::Info, Some(error.into()))
    }

    fn next(
        &mut self,
        process: ProcessId,
        kind: EventKind<O, R>,
        error: Option<Text>,
    ) -> &mut Self {
        self.add(Incoming {
            line: None,
            index: None,
            process,
            time: None,
            kind,
            error,
            of_another: false,
        });
        self
    }

    /// The next event. The index of the first is where the history starts.
    pub fn push(&mut self, event: Event<O, R>) -> &mut Self {
        self.add(Incoming {
            line: None,
            index: Some(event.index),
            process: event.process,
            time: event.time,
            kind: event.kind,
            error: event.error,
            of_another: false,
        });
        self
    }

    /// The history, if all the rules were kept. The builder is empty then, and begins anew.
    ///
    /// # Errors
    ///
    /// What broke them. Nothing of the history is given out then: a checker's answer about it would mean nothing.
    pub fn finish(&mut self) -> Result<History<O, R>, Breaches> {
        self.finish_lenient().map(|(history, _)| history)
    }

    /// The history and what was mended in it, which is nothing unless the builder is [lenient](Self::lenient). The
    /// builder is empty then, and begins anew.
    ///
    /// - A process that goes on after its `info` gets a new id there. (Some tests reuse the id; what they mean is another
    ///   process.)
    /// - Indices that ascend with gaps, as after some events were filtered out, are numbered anew.
    /// - A time that goes back stays as it is: times are notes, and the order is the index.
    /// - A completion that names another operation than its process has open, counts as that operation's.
    ///
    /// # Errors
    ///
    /// What broke the rules and was not mended.
    pub fn finish_lenient(&mut self) -> Result<(History<O, R>, Breaches), Breaches> {
        let anew = Self {
            lenient: self.lenient,
            ..Self::new()
        };
        let mut done = std::mem::replace(self, anew);
        if !done.breaches.is_empty() {
            return Err(done.breaches);
        }
        done.name_the_made_up();
        Ok((done.history, done.mended))
    }

    pub(crate) fn add(&mut self, event: Incoming<O, R>) {
        let index = self.check_index(&event);
        if event.error.is_some() && !event.kind.may_have_error() {
            self.note(false, event.breach(Rule::ErrorOfFailure, index, None));
        }
        if event
            .time
            .is_some_and(|time| time > History::<O, R>::LATEST)
        {
            self.note(false, event.breach(Rule::TimeInRange, index, None));
        }
        let process = self.check_process(&event, index);
        let time = event.time.map(History::<O, R>::nanos);
        self.history.push(process, time, event.kind, event.error);
    }

    /// The index that the event goes by: the one it was given, or else the one that comes next.
    fn check_index(&mut self, event: &Incoming<O, R>) -> u64 {
        let expected = self.next_index;
        let index = event.index.unwrap_or(expected);
        if self.history.is_empty() && index <= MAX_START {
            self.history.start = index;
        } else if index != expected {
            self.note(
                index > expected,
                event.breach(Rule::DenseIndices, index, expected),
            );
        }
        self.next_index = index.saturating_add(1);
        index
    }

    /// The process under which the event is kept.
    fn check_process(&mut self, event: &Incoming<O, R>, index: u64) -> ProcessId {
        let process = event.process;
        if process == ProcessId::NEMESIS && event.kind.is_mark() {
            return process;
        }
        if process >= ProcessId::END {
            self.note(false, event.breach(Rule::ProcessIdInRange, index, None));
            return ProcessId::NEMESIS;
        }
        let mut known = self.processes.get(process).copied().unwrap_or_else(|| {
            self.largest = self.largest.max(Some(process));
            Known {
                id: process,
                state: State::Idle,
                last: None,
            }
        });
        if let (State::Crashed(info), false) = (known.state, event.kind.is_completion()) {
            known = self.after_info(event, index, info);
        }
        known.state = match (&event.kind, known.state) {
            (EventKind::Invoke(_), State::Open(_, open)) => {
                self.note(false, event.breach(Rule::OneOpenOperation, index, open));
                State::Open(self.len(), index)
            }
            (EventKind::Invoke(_), _) => State::Open(self.len(), index),
            (EventKind::Mark(_), state) => state,
            (_, State::Open(_, open)) => {
                if event.of_another {
                    self.note(true, event.breach(Rule::SameOperation, index, open));
                }
                match event.kind {
                    EventKind::Info => State::Crashed(index),
                    _ => State::Idle,
                }
            }
            (_, state) => {
                let info = match state {
                    State::Crashed(info) => Some(info),
                    _ => None,
                };
                self.note(
                    false,
                    event.breach(Rule::CompletionOfInvocation, index, info),
                );
                state
            }
        };
        if let Some(time) = event.time {
            if let Some((_, earlier)) = known.last.filter(|&(last, _)| time < last) {
                self.note(true, event.breach(Rule::MonotonicTimes, index, earlier));
            }
            known.last = Some((time, index));
        }
        self.processes.insert(process, known);
        known.id
    }

    /// The process goes on, although it may still be in the operation that its `info` ended: as another, then.
    fn after_info(&mut self, event: &Incoming<O, R>, index: u64, info: u64) -> Known {
        let id = ProcessId(ProcessId::END.0 + self.made_up);
        self.made_up += 1;
        let mut breach = event.breach(Rule::SilentAfterInfo, index, info);
        breach.renamed = self.lenient.then_some(id);
        self.note(true, breach);
        Known {
            id,
            state: State::Idle,
            last: None,
        }
    }

    fn note(&mut self, can_be_mended: bool, breach: Breach) {
        let list = match self.lenient && can_be_mended {
            true => &mut self.mended,
            false => &mut self.breaches,
        };
        list.add(breach);
    }

    /// Which ids are free is known only at the end. Until then the new ids count up from [`ProcessId::END`]; now they
    /// go on from the largest that was given, or, should there be no room behind it, are the smallest that were not.
    fn name_the_made_up(&mut self) {
        if self.made_up == 0 {
            return;
        }
        let first = self.largest.map_or(0, |largest| largest.0 + 1);
        let made_up = self.made_up as usize;
        let names: Vec<ProcessId> = match first + self.made_up <= ProcessId::END.0 {
            true => (first..).map(ProcessId).take(made_up).collect(),
            false => (0..)
                .map(ProcessId)
                .filter(|id| self.processes.get(*id).is_none())
                .take(made_up)
                .collect(),
        };
        let name = |process: ProcessId| match process {
            ProcessId::NEMESIS => process,
            _ if process < ProcessId::END => process,
            _ => names[(process.0 - ProcessId::END.0) as usize],
        };
        let rows = self.history.rows.iter_mut();
        rows.for_each(|row| row.rename(name(row.process())));
        self.mended.rename(name);
    }
}

impl<O, R> Incoming<O, R> {
    fn breach(&self, rule: Rule, index: u64, earlier: impl Into<Option<u64>>) -> Breach {
        Breach {
            rule,
            index,
            line: self.line,
            process: self.process,
            earlier: earlier.into(),
            renamed: None,
        }
    }
}

impl<O, R> Default for HistoryBuilder<O, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O, R> fmt::Debug for HistoryBuilder<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryBuilder")
            .field("events", &self.history.len())
            .field("lenient", &self.lenient)
            .field("breaches", &self.breaches)
            .field("mended", &self.mended)
            .finish_non_exhaustive()
    }
}

impl<O, R> History<O, R> {
    /// A history of these events, which have the indices that follow the first one's.
    ///
    /// # Errors
    ///
    /// The events that break a [rule](Rule), and which.
    pub fn from_events(events: impl IntoIterator<Item = Event<O, R>>) -> Result<Self, Breaches> {
        let mut builder = HistoryBuilder::new();
        for event in events {
            builder.push(event);
        }
        builder.finish()
    }
}
