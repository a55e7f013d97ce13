//! What is the same of all collections that give back the values that were put into them.

use std::{collections::HashMap, hash::Hash};

use crate::history::{History, Outcome};

/// Which of its values a collection gives back next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Discipline {
    /// The one that was put in first: a queue.
    Fifo,
    /// The one that was put in last: a stack.
    Lifo,
}

/// What an operation does to a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access<V> {
    /// It puts this value in. There is always room.
    Put(V),
    /// It takes the next value out. What it found is `Some` where that is known: a value, or that there was none.
    Take(Option<Option<V>>),
}

/// A history as one of a collection into which every value is put only once: what is taken out then tells where it came
/// from, and there are [faster searches](crate::model::Specification::collection) than the one that is for all models.
#[derive(Clone, Debug)]
pub struct Collection {
    pub(crate) discipline: Discipline,
    /// In the order of the invocations.
    pub(crate) entries: Vec<Entry>,
    /// So many different values there are, put in or taken out.
    pub(crate) values: usize,
}

/// An operation on a collection. Values are numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) access: Access<u32>,
    pub(crate) invocation: u64,
    /// Of no event, where it has none that says what came of it.
    pub(crate) completion: u64,
    pub(crate) failed: bool,
}

impl Collection {
    /// So many events can be told apart by half of a `u32`.
    const LONGEST: usize = u32::MAX as usize / 4;

    /// The history of a collection of this discipline. `access` says what an operation does, and what it found if that is known;
    /// `None` if it is none of the two that a collection has here.
    ///
    /// `None` where there is such an operation, where a value is put in twice, where an operation is completed that was
    /// invoked before the history starts, and where there are more than 2³⁰ events. O(operations).
    pub fn of<'h, O, R, V: Eq + Hash + 'h>(
        discipline: Discipline,
        history: &'h History<O, R>,
        access: impl Fn(&'h O, Option<&'h R>) -> Option<Access<&'h V>>,
    ) -> Option<Self> {
        if history.len() > Self::LONGEST {
            return None;
        }
        let mut numbers = HashMap::new();
        let mut number = |value| {
            let next = numbers.len() as u32;
            *numbers.entry(value).or_insert(next)
        };
        let mut was_put = Vec::new();
        let mut entries = Vec::with_capacity(history.len() / 2);
        let mut ends = 0;
        for operation in history.operations() {
            ends += 1 + usize::from(operation.completion.is_some());
            let (ret, known) = match operation.outcome {
                Outcome::Ok(ret) => (Some(ret), true),
                Outcome::Fail => (None, true),
                Outcome::Info | Outcome::Open => (None, false),
            };
            let access = match access(operation.op, ret)? {
                Access::Take(None) => Access::Take(None),
                Access::Take(Some(None)) => Access::Take(Some(None)),
                Access::Take(Some(Some(value))) => Access::Take(Some(Some(number(value)))),
                Access::Put(value) => {
                    let number = number(value);
                    let place = number as usize;
                    if was_put.len() <= place {
                        was_put.resize(place + 1, false);
                    }
                    if std::mem::replace(&mut was_put[place], true) {
                        return None;
                    }
                    Access::Put(number)
                }
            };
            entries.push(Entry {
                access,
                invocation: operation.invocation,
                completion: operation.completion.filter(|_| known).unwrap_or(u64::MAX),
                failed: matches!(operation.outcome, Outcome::Fail),
            });
        }
        let is_end = |position: &usize| !history.at(*position).kind.is_mark();
        if ends != (0..history.len()).filter(is_end).count() {
            return None; // it begins in the middle
        }
        Some(Self {
            discipline,
            entries,
            values: numbers.len(),
        })
    }

    /// Whether it is empty at the end of the history, in whatever order its operations took effect; if they did in any.
    pub(crate) fn ends_empty(&self) -> bool {
        let mut held = 0_i64;
        for entry in self.entries.iter().filter(|entry| !entry.failed) {
            match entry.access {
                _ if entry.completion == u64::MAX => return false,
                Access::Put(_) => held += 1,
                Access::Take(Some(Some(_))) => held -= 1,
                Access::Take(_) => {}
            }
        }
        held == 0
    }

    /// How many there are that did not fail.
    pub(crate) fn operations(&self) -> u64 {
        self.entries.iter().filter(|entry| !entry.failed).count() as u64
    }
}
