//! What is wrong with a file, and where.

use std::{error::Error, fmt, io};

use crate::history::Breaches;

/// What to say of a file that was not decompressed.
pub(super) const COMPRESSED: &str = "this is compressed with gzip: open it with `format::open`";

/// Why a completion is not written, in either format.
pub(super) fn without_invocation(index: u64) -> io::Error {
    let what = format!(
        "event {index} completes an operation that was invoked before the first event written"
    );
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Why a file was not read to its end, or is no history.
#[derive(Debug)]
pub struct ReadError {
    /// The line where reading stopped, from 1.
    pub line: u64,
    /// The column where reading stopped, in characters from 1.
    pub column: u64,
    /// What is wrong.
    pub problem: Problem,
    /// The events up to there that break the [rules](crate::Rule).
    pub breaches: Breaches,
}

/// What is wrong with a file.
#[non_exhaustive]
#[derive(Debug)]
pub enum Problem {
    /// It could not be read, or not decompressed.
    Io(io::Error),
    /// It is not in the format that it was read as, for this reason.
    Syntax(String),
    /// An event is longer than [`Options::longest_event`](super::Options::longest_event).
    TooLong {
        /// How many bytes it may have.
        limit: usize,
    },
    /// All of it was read, and some events break the [rules](crate::Rule).
    Breaches,
}

impl ReadError {
    pub(super) fn syntax(line: u64, column: u64, what: impl Into<String>) -> Self {
        Self {
            line,
            column,
            problem: Problem::syntax(what),
            breaches: Breaches::default(),
        }
    }

    pub(super) fn breaches(line: u64, breaches: Breaches) -> Self {
        Self {
            line,
            column: 1,
            problem: Problem::Breaches,
            breaches,
        }
    }

    /// Whether the file could be read, and merely breaks the rules of a history.
    pub fn is_breach(&self) -> bool {
        matches!(self.problem, Problem::Breaches)
    }
}

impl Problem {
    /// What is wrong, on one line and without what would command a terminal: it may quote the file.
    pub(super) fn syntax(what: impl Into<String>) -> Self {
        let what = what.into();
        if !what.contains(char::is_control) {
            return Self::Syntax(what);
        }
        let harmless = |c: char| match c.is_control() {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        };
        Self::Syntax(what.chars().map(harmless).collect())
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, .. } = self;
        let separator = if self.breaches.is_empty() { "" } else { "\n" };
        match &self.problem {
            Problem::Io(error) => write!(f, "line {line}, column {column}: {error}")?,
            Problem::Syntax(what) => write!(f, "line {line}, column {column}: {what}")?,
            Problem::TooLong { limit } => write!(
                f,
                "line {line}, column {column}: what begins here does not end within {limit} bytes"
            )?,
            Problem::Breaches => return self.breaches.fmt(f),
        }
        write!(f, "{separator}{}", self.breaches)
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            _ => None,
        }
    }
}
