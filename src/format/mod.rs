//! Histories in files: [JSON Lines](jsonl) for what Rust writes and reads, and [EDN](edn) for Jepsen and its kin.
//!
//! Both go event by event, forwards only, in either direction, and say where a file is wrong by line and column. What
//! is read is checked against the [rules](crate::Rule) of a history. A gzip file opens as itself.
//!
//! ```
//! use tachograph::{
//!     Recorder,
//!     format::{Document, Options, edn, jsonl},
//! };
//!
//! let recorder = Recorder::<u64, u64>::new();
//! recorder.process().op(4, || 5);
//!
//! let mut file = Vec::new();
//! jsonl::write(&mut file, &recorder.snapshot().into())?;
//! assert_eq!(
//!     std::str::from_utf8(&file)?,
//!     r#"{"format":"tachograph","version":1}
//! {"index":0,"process":0,"type":"invoke","op":4}
//! {"index":1,"process":0,"type":"ok","ret":5}
//! "#
//! );
//! let read: Document<u64, u64> = jsonl::read(&file[..], &Options::new())?;
//! assert_eq!(read.history, recorder.snapshot());
//!
//! let jepsen = "{:process 3, :type :invoke, :f :write, :value 4}\n{:process 3, :type :ok, :f :write, :value 4}\n";
//! let read: Document<edn::Op, edn::Value> = edn::read(jepsen.as_bytes(), &Options::new())?;
//! assert_eq!(read.history.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod draft;
pub mod edn;
mod error;
pub mod jsonl;
mod source;

use std::{collections::BTreeMap, time::Duration};

pub use self::{
    error::{Problem, ReadError},
    source::{Format, Source, open},
};
use crate::{
    event::{EventKind, ProcessId, Text},
    history::{Breaches, History},
};

/// What a file says: a history, and what else there is to know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<O, R> {
    /// The history.
    pub history: History<O, R>,
    /// What else the events say in the file. It is written again.
    pub extra: Extra,
    /// What was mended in reading, where the reading was [lenient](Options::lenient).
    pub mended: Breaches,
}

impl<O, R> From<History<O, R>> for Document<O, R> {
    fn from(history: History<O, R>) -> Self {
        Self {
            history,
            extra: Extra::default(),
            mended: Breaches::default(),
        }
    }
}

/// What events say in a file beyond what an [`Event`](crate::Event) holds, such as the `:node` of a Jepsen test: a
/// map of keys and values for each event that says more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    by_index: BTreeMap<u64, edn::Map>,
}

impl Extra {
    /// What the event with this index says besides.
    pub fn get(&self, index: u64) -> Option<&edn::Map> {
        self.by_index.get(&index)
    }

    /// Lets the event with this index say something else besides, and returns what it said before.
    ///
    /// A key that the event has itself in EDN, such as `:index`, cannot be [written](edn::Writer::event) there.
    pub fn insert(&mut self, index: u64, keys: edn::Map) -> Option<edn::Map> {
        if keys.is_empty() {
            return self.by_index.remove(&index);
        }
        self.by_index.insert(index, keys)
    }

    /// Whether no event says more than an event holds.
    pub fn is_empty(&self) -> bool {
        self.by_index.is_empty()
    }

    /// The events that say more, in index order, and what.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &edn::Map)> {
        self.by_index.iter().map(|(&index, keys)| (index, keys))
    }
}

/// An event as a file says it, before it is held against the [rules](crate::Rule) of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct FileEvent<O, R> {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its index, where it was given one.
    pub index: Option<u64>,
    /// Who recorded it.
    pub process: ProcessId,
    /// Its time, where it was given one.
    pub time: Option<Duration>,
    /// What happened.
    pub kind: EventKind<O, R>,
    /// Why, where a `fail` or an `info` was given a reason.
    pub error: Option<Text>,
    /// What else the event says.
    pub extra: edn::Map,
}

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    lenient: bool,
    longest_event: usize,
}

impl Options {
    /// Strict, and events of up to 16 MiB.
    pub const fn new() -> Self {
        Self {
            lenient: false,
            longest_event: 16 << 20,
        }
    }

    /// Mends what can be mended without guessing, and says so, rather than refuse it: see
    /// [`HistoryBuilder::finish_lenient`](crate::HistoryBuilder::finish_lenient).
    pub const fn lenient(mut self, on: bool) -> Self {
        self.lenient = on;
        self
    }

    /// How many bytes an event may have in the file, which bounds the memory that reading takes beyond the history.
    /// A longer one is an error.
    pub const fn longest_event(mut self, bytes: usize) -> Self {
        self.longest_event = bytes;
        self
    }

    fn builder<O, R>(&self) -> crate::history::HistoryBuilder<O, R> {
        let builder = crate::history::HistoryBuilder::new();
        match self.lenient {
            true => builder.lenient(),
            false => builder,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// A time as both formats write it, in nanoseconds; one later than any history has as the latest there is.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
