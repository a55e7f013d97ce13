//! What is known of each process, while one goes through a history from its beginning.

use std::collections::HashMap;

use crate::event::ProcessId;

/// Ids below this have a place in a vector.
const SMALL: u64 = 1 << 16;

/// A map from processes to what is known of them.
///
/// Recorders give out ids from 0 on, so a vector serves most of them, and a hash map whatever else a file may say.
#[derive(Clone)]
pub(crate) struct ByProcess<T> {
    small: Vec<Option<T>>,
    large: HashMap<ProcessId, T>,
    len: usize,
}

impl<T> ByProcess<T> {
    pub(crate) fn new() -> Self {
        Self {
            small: Vec::new(),
            large: HashMap::new(),
            len: 0,
        }
    }

    /// How many processes something is known of.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn get(&self, process: ProcessId) -> Option<&T> {
        match small(process) {
            Some(place) => self.small.get(place)?.as_ref(),
            None => self.large.get(&process),
        }
    }

    #[inline]
    pub(crate) fn insert(&mut self, process: ProcessId, value: T) -> Option<T> {
        let before = match small(process) {
            Some(place) => {
                if place >= self.small.len() {
                    self.small.resize_with(place + 1, || None);
                }
                self.small[place].replace(value)
            }
            None => self.large.insert(process, value),
        };
        self.len += usize::from(before.is_none());
        before
    }

    #[inline]
    pub(crate) fn remove(&mut self, process: ProcessId) -> Option<T> {
        let before = match small(process) {
            Some(place) => self.small.get_mut(place)?.take(),
            None => self.large.remove(&process),
        };
        self.len -= usize::from(before.is_some());
        before
    }

    /// What is known, in no particular order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.small.iter().flatten().chain(self.large.values())
    }
}

#[inline]
fn small(process: ProcessId) -> Option<usize> {
    (process.0 < SMALL).then_some(process.0 as usize)
}
