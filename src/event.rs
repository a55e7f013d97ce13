//! What a history is made of: events, in the words of Jepsen.

use std::{borrow::Cow, fmt, time::Duration};

use crate::packed::Word;

/// The text of an error or of a mark: a literal is not copied, a `String` is taken as it is. The recorder boxes either,
/// one small allocation.
pub type Text = Cow<'static, str>;

/// A logical single-threaded client: at most one of its operations is open at a time.
///
/// Ids count up from 0 in the order in which they were given out. After an
/// [`info`](EventKind::Info) the handle goes on under a fresh id, so one [`Process`](crate::Process) may
/// appear under several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u64);

impl ProcessId {
    /// One more than the largest id of a client: 2<sup>60</sup>.
    pub const END: Self = Self(1 << 60);

    /// Who makes the marks of a history that comes from Jepsen: its nemesis, and whatever else is not a client there.
    /// No recorder gives out this id. It is displayed as `-`.
    pub const NEMESIS: Self = Self(Word::MAX_NUMBER);
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NEMESIS => f.pad("-"),
            Self(id) => id.fmt(f),
        }
    }
}

impl From<u64> for ProcessId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

/// One line of a history.
///
/// `O` is the operation with its arguments, `R` its result, `T` the text of errors and marks. A history
/// hands events out as [`EventRef`]s, which borrow all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event<O, R, T = Text> {
    /// The event's place in the history: dense, from 0.
    pub index: u64,
    /// Who recorded it.
    pub process: ProcessId,
    /// How long after the recorder was built, to the nanosecond, where it was asked to keep time.
    ///
    /// Never decreasing within a process, and no more than a note: the order is the index. An invocation's clock is read
    /// before it takes its index and a completion's after, so the times of an operation enclose it.
    pub time: Option<Duration>,
    /// What happened.
    pub kind: EventKind<O, R, T>,
    /// Why, where a `fail` or an `info` was given a reason.
    pub error: Option<T>,
}

/// An event that borrows from the history it is in.
pub type EventRef<'h, O, R> = Event<&'h O, &'h R, &'h str>;

/// What an [`Event`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind<O, R, T = Text> {
    /// The process is about to start the operation.
    Invoke(O),
    /// The operation completed with this result.
    Ok(R),
    /// The operation definitely did not apply.
    Fail,
    /// The outcome is unknown: the operation may apply at any time after its invocation, or never.
    Info,
    /// Something that belongs to no operation: a fault injected, a phase begun.
    Mark(T),
}

impl<O, R, T> EventKind<O, R, T> {
    /// The word for it: Jepsen's `invoke`, `ok`, `fail` and `info`, or `mark`, which is ours.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invoke(_) => "invoke",
            Self::Ok(_) => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
            Self::Mark(_) => "mark",
        }
    }

    /// Whether it is an invocation.
    pub fn is_invoke(&self) -> bool {
        matches!(self, Self::Invoke(_))
    }

    /// Whether it is the completion of an operation: `ok`, `fail` or `info`.
    pub fn is_completion(&self) -> bool {
        matches!(self, Self::Ok(_) | Self::Fail | Self::Info)
    }

    /// Whether it is an `ok`.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// Whether it is a `fail`.
    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail)
    }

    /// Whether it is an `info`.
    pub fn is_info(&self) -> bool {
        matches!(self, Self::Info)
    }

    /// Whether it is a mark.
    pub fn is_mark(&self) -> bool {
        matches!(self, Self::Mark(_))
    }

    /// Whether an event of this kind may say why.
    pub(crate) fn may_have_error(&self) -> bool {
        matches!(self, Self::Fail | Self::Info)
    }

    /// The same kind with other values in it.
    fn map<P, S, U>(
        self,
        op: impl FnOnce(O) -> P,
        ret: impl FnOnce(R) -> S,
        text: impl FnOnce(T) -> U,
    ) -> EventKind<P, S, U> {
        match self {
            Self::Invoke(value) => EventKind::Invoke(op(value)),
            Self::Ok(value) => EventKind::Ok(ret(value)),
            Self::Fail => EventKind::Fail,
            Self::Info => EventKind::Info,
            Self::Mark(value) => EventKind::Mark(text(value)),
        }
    }

    /// The same kind, borrowed.
    fn as_ref(&self) -> EventKind<&O, &R, &T> {
        match self {
            Self::Invoke(op) => EventKind::Invoke(op),
            Self::Ok(ret) => EventKind::Ok(ret),
            Self::Fail => EventKind::Fail,
            Self::Info => EventKind::Info,
            Self::Mark(text) => EventKind::Mark(text),
        }
    }
}

impl<O, R> Event<O, R> {
    /// The event, borrowed.
    pub fn as_ref(&self) -> EventRef<'_, O, R> {
        Event {
            index: self.index,
            process: self.process,
            time: self.time,
            kind: self.kind.as_ref().map(|op| op, |ret| ret, AsRef::as_ref),
            error: self.error.as_deref(),
        }
    }
}

impl<O: Clone, R: Clone> EventRef<'_, O, R> {
    /// The event with clones of what it borrowed.
    pub fn cloned(&self) -> Event<O, R> {
        let owned = |text: &str| Text::Owned(text.to_owned());
        Event {
            index: self.index,
            process: self.process,
            time: self.time,
            kind: self.kind.map(O::clone, R::clone, owned),
            error: self.error.map(owned),
        }
    }
}

/// One aligned line: index, process, kind, then the operation, the result or the text.
///
/// ```
/// use tachograph::{Event, EventKind, ProcessId};
///
/// let event: Event<&str, u64> =
///     Event { index: 7, process: ProcessId(2), time: None, kind: EventKind::Ok(3), error: None };
/// assert_eq!(event.to_string(), "     7     2  ok      3");
/// ```
impl<O: fmt::Debug, R: fmt::Debug, T: fmt::Display> fmt::Display for Event<O, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6} {:>5}  ", self.index, self.process)?;
        match &self.kind {
            EventKind::Invoke(op) => write!(f, "invoke  {op:?}")?,
            EventKind::Ok(ret) => write!(f, "ok      {ret:?}")?,
            EventKind::Mark(text) => write!(f, "mark    {text}")?,
            kind => f.write_str(kind.name())?,
        }
        match &self.error {
            Some(error) => write!(f, "    {error}"),
            None => Ok(()),
        }
    }
}
