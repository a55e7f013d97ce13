//! What must be true of a history, and how it is said that something is not.

use std::{error::Error, fmt};

use crate::event::ProcessId;

/// The rules that make a sequence of events a history.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Indices, where given, are dense and ascending.
    DenseIndices,
    /// A process has at most one operation open.
    OneOpenOperation,
    /// A completion comes after an invocation of its process that is still open.
    CompletionOfInvocation,
    /// A completion is of the operation that its process has open, where it says of which it is.
    SameOperation,
    /// After its `info` a process is not heard of again.
    SilentAfterInfo,
    /// The times of a process do not go back.
    MonotonicTimes,
    /// The id of a process is below [`ProcessId::END`], or, of a mark, [`ProcessId::NEMESIS`].
    ProcessIdInRange,
    /// A time is less than 2<sup>63</sup> nanoseconds.
    TimeInRange,
    /// Only a `fail` or an `info` has an error.
    ErrorOfFailure,
}

impl Rule {
    /// A short name in the manner of command lines, such as `dense-indices`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DenseIndices => "dense-indices",
            Self::OneOpenOperation => "one-open-operation",
            Self::CompletionOfInvocation => "completion-of-invocation",
            Self::SameOperation => "same-operation",
            Self::SilentAfterInfo => "silent-after-info",
            Self::MonotonicTimes => "monotonic-times",
            Self::ProcessIdInRange => "process-id-in-range",
            Self::TimeInRange => "time-in-range",
            Self::ErrorOfFailure => "error-of-failure",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DenseIndices => "indices are dense and ascending",
            Self::OneOpenOperation => "a process has at most one operation open",
            Self::CompletionOfInvocation => {
                "a completion comes after an open invocation of its process"
            }
            Self::SameOperation => "a completion is of the operation that its process has open",
            Self::SilentAfterInfo => "a process is not heard of again after its info",
            Self::MonotonicTimes => "the times of a process do not go back",
            Self::ProcessIdInRange => "the id of a process is below 2^60",
            Self::TimeInRange => "a time is less than 2^63 nanoseconds",
            Self::ErrorOfFailure => "only a fail or an info has an error",
        })
    }
}

/// One event that breaks one rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Breach {
    /// The rule that is broken.
    pub rule: Rule,
    /// The index of the event that breaks it: the one it was given, or else its place.
    pub index: u64,
    /// The line of the file on which the event begins, from 1, where it comes from one.
    pub line: Option<u64>,
    /// The process of the event, by the id that was given.
    pub process: ProcessId,
    /// For indices, the one that was expected; for all others, the index of the earlier event that this one clashes with,
    /// as it was given.
    pub earlier: Option<u64>,
    /// Where the breach was mended by giving the process another id, that id.
    pub renamed: Option<ProcessId>,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, process, .. } = self;
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        write!(f, "event {index}: ")?;
        match self.rule {
            Rule::DenseIndices => {
                let expected = self.earlier.unwrap_or_default();
                write!(f, "the index should be {expected}")?;
            }
            Rule::OneOpenOperation => {
                write!(f, "process {process} invokes, with an operation open")?
            }
            Rule::CompletionOfInvocation => {
                write!(f, "process {process} completes, with no operation open")?;
            }
            Rule::SameOperation => write!(f, "process {process} completes another operation")?,
            Rule::SilentAfterInfo => write!(f, "process {process} goes on after its info")?,
            Rule::MonotonicTimes => write!(f, "the time of process {process} goes back")?,
            Rule::ProcessIdInRange => write!(f, "process {} is out of range", process.0)?,
            Rule::TimeInRange => write!(f, "the time is out of range")?,
            Rule::ErrorOfFailure => write!(f, "an error, but neither fail nor info")?,
        }
        match self.earlier {
            Some(earlier) if self.rule != Rule::DenseIndices => write!(f, " (event {earlier})")?,
            _ => {}
        }
        if let Some(new) = self.renamed {
            write!(f, ", and is process {new} from here on")?;
        }
        write!(f, " [{}]", self.rule.name())
    }
}

/// Which events break which rules: the first [`LISTED`](Self::LISTED) in full, the others as a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaches {
    listed: Vec<Breach>,
    count: u64,
}

impl Breaches {
    /// So many are listed.
    pub const LISTED: usize = 100;

    /// The first of them, in the order of the events.
    pub fn listed(&self) -> &[Breach] {
        &self.listed
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn add(&mut self, breach: Breach) {
        self.count += 1;
        if self.listed.len() < Self::LISTED {
            self.listed.push(breach);
        }
    }

    pub(super) fn rename(&mut self, new: impl Fn(ProcessId) -> ProcessId) {
        for breach in &mut self.listed {
            breach.renamed = breach.renamed.map(&new);
        }
    }
}

/// A line for each of those listed, and one for how many more there are.
impl fmt::Display for Breaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, breach) in self.listed.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{breach}")?;
        }
        match self.count - self.listed.len() as u64 {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl Error for Breaches {}
