//! What is the same of all collections that give back the values that were put into them.

use std::{collections::HashMap, fmt, hash::Hash};

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

/// A history as one of a collection into which every value is put only once, or again after that failed: what is taken out
/// then tells where it came from, and there are [faster searches](crate::model::Specification::collection) than the one that is for all models.
///
/// It is read by the checker, and only as far as there is time.
pub struct Collection<'h> {
    pub(crate) discipline: Discipline,
    /// In the order of the invocations. `None` where one is found that shows that it is no such history.
    pub(crate) entries: Box<dyn Iterator<Item = Option<Entry>> + 'h>,
}

impl fmt::Debug for Collection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collection")
            .field("discipline", &self.discipline)
            .finish_non_exhaustive()
    }
}

/// An operation on a collection. Values are numbers, in the order in which they are first met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) access: Access<u32>,
    pub(crate) invocation: u64,
    /// Of no event, where it has none that says what came of it.
    pub(crate) completion: u64,
    pub(crate) failed: bool,
}

impl<'h> Collection<'h> {
    /// The history of a collection of this discipline. `access` says what an operation does, and what it found if that is known;
    /// `None` if it is none of the two that a collection has here.
    ///
    /// Where there is such an operation, or a value is put in while it may be in already, the history is checked as any other. O(1); reading it is
    /// O(operations).
    pub fn of<O, R, V: Eq + Hash + 'h>(
        discipline: Discipline,
        history: &'h History<O, R>,
        access: impl Fn(&'h O, Option<&'h R>) -> Option<Access<&'h V>> + 'h,
    ) -> Self {
        let mut numbers = HashMap::new();
        let mut number = move |value| {
            let next = numbers.len() as u32;
            *numbers.entry(value).or_insert(next)
        };
        // By number, from when on it is known that the value was not put in.
        let mut is_out_from = Vec::new();
        let mut put = move |number: u32, invocation: u64, failed: Option<u64>| {
            let place = number as usize;
            if is_out_from.len() <= place {
                is_out_from.resize(place + 1, 0);
            }
            let is_out_from = &mut is_out_from[place];
            let was_out = *is_out_from <= invocation;
            *is_out_from = failed.unwrap_or(u64::MAX);
            was_out
        };
        let entries = history.operations().map(move |operation| {
            let (ret, known) = match operation.outcome {
                Outcome::Ok(ret) => (Some(ret), true),
                Outcome::Fail => (None, true),
                Outcome::Info | Outcome::Open => (None, false),
            };
            let failed = matches!(operation.outcome, Outcome::Fail);
            let access = match access(operation.op, ret)? {
                Access::Take(found) => Access::Take(found.map(|value| value.map(&mut number))),
                Access::Put(value) => {
                    let number = number(value);
                    let failed = operation.completion.filter(|_| failed);
                    put(number, operation.invocation, failed).then_some(Access::Put(number))?
                }
            };
            Some(Entry {
                access,
                invocation: operation.invocation,
                completion: operation.completion.filter(|_| known).unwrap_or(u64::MAX),
                failed,
            })
        });
        Self {
            discipline,
            entries: Box::new(entries),
        }
    }
}
