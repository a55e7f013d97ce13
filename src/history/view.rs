//! Parts of a history: some of its events, still in their order and under their indices.

use std::{collections::HashMap, fmt, hash::Hash, vec};

use super::{History, Operation};
use crate::event::{EventKind, EventRef, ProcessId};

/// Some events of a [`History`], in index order and under the indices they have there.
///
/// It borrows the history and holds a list of places, 8 bytes an event.
pub struct View<'h, O, R> {
    history: &'h History<O, R>,
    /// Ascending.
    positions: Vec<usize>,
}

impl<O, R> History<O, R> {
    /// The events for which `wanted` says yes. O(events).
    ///
    /// ```
    /// use tachograph::HistoryBuilder;
    ///
    /// let history =
    ///     HistoryBuilder::new().invoke(0, "read").invoke(1, "read").ok(1, 3).finish().unwrap();
    /// assert_eq!(history.view(|event| event.kind.is_ok()).len(), 1);
    /// ```
    pub fn view(&self, mut wanted: impl FnMut(&EventRef<'_, O, R>) -> bool) -> View<'_, O, R> {
        View {
            history: self,
            positions: (0..self.len())
                .filter(|&position| wanted(&self.at(position)))
                .collect(),
        }
    }

    /// The events of one process, marks included. O(events).
    pub fn of_process(&self, process: ProcessId) -> View<'_, O, R> {
        self.view(|event| event.process == process)
    }

    /// The events of operations: all but the marks. O(events).
    pub fn clients(&self) -> View<'_, O, R> {
        self.view(|event| !event.kind.is_mark())
    }

    /// The marks. O(events).
    pub fn marks(&self) -> View<'_, O, R> {
        self.view(|event| event.kind.is_mark())
    }

    /// The events of operations, apart by the key that `key` finds in the operation, in the order in which the keys
    /// first appear. O(events).
    ///
    /// A completion goes where its invocation goes. Marks, and completions of what was invoked before this
    /// history starts, go nowhere.
    pub fn by_key<'h, K: Eq + Hash + Clone>(
        &'h self,
        mut key: impl FnMut(&'h O) -> K,
    ) -> Vec<(K, View<'h, O, R>)> {
        let mut views: Vec<(K, View<'h, O, R>)> = Vec::new();
        let mut places = HashMap::new();
        // The view of each position that has one, for the completions to find that of their invocation.
        let mut place_of = vec![usize::MAX; self.len()];
        for position in 0..self.len() {
            let place = match self.at(position).kind {
                EventKind::Invoke(op) => {
                    let key = key(op);
                    *places.entry(key).or_insert_with_key(|key| {
                        let empty = View {
                            history: self,
                            positions: Vec::new(),
                        };
                        views.push((key.clone(), empty));
                        views.len() - 1
                    })
                }
                EventKind::Mark(_) => continue,
                _ => match self.pairs().partner(position) {
                    Some(invocation) => place_of[invocation],
                    None => continue,
                },
            };
            place_of[position] = place;
            views[place].1.positions.push(position);
        }
        views
    }
}

impl<'h, O, R> View<'h, O, R> {
    /// The number of events.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The whole of which this is a part.
    pub fn history(&self) -> &'h History<O, R> {
        self.history
    }

    /// The events in index order.
    pub fn events(
        &self,
    ) -> impl DoubleEndedIterator<Item = EventRef<'h, O, R>> + ExactSizeIterator + '_ {
        self.positions
            .iter()
            .map(|&position| self.history.at(position))
    }

    /// The operations whose invocations are here, with their completions, which may not be.
    pub fn operations(&self) -> impl DoubleEndedIterator<Item = Operation<'h, O, R>> + '_ {
        self.positions
            .iter()
            .filter_map(|&position| self.history.operation_at(position))
    }
}

/// The events of a [`View`].
pub struct ViewEvents<'h, O, R> {
    history: &'h History<O, R>,
    positions: vec::IntoIter<usize>,
}

impl<'h, O, R> Iterator for ViewEvents<'h, O, R> {
    type Item = EventRef<'h, O, R>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.history.at(self.positions.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.positions.size_hint()
    }
}

impl<O, R> ExactSizeIterator for ViewEvents<'_, O, R> {}

impl<O, R> fmt::Debug for ViewEvents<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewEvents")
            .field("left", &self.positions.len())
            .finish_non_exhaustive()
    }
}

impl<'h, O, R> IntoIterator for View<'h, O, R> {
    type Item = EventRef<'h, O, R>;
    type IntoIter = ViewEvents<'h, O, R>;

    fn into_iter(self) -> Self::IntoIter {
        ViewEvents {
            history: self.history,
            positions: self.positions.into_iter(),
        }
    }
}

impl<O, R> Clone for View<'_, O, R> {
    fn clone(&self) -> Self {
        Self {
            history: self.history,
            positions: self.positions.clone(),
        }
    }
}

impl<O: fmt::Debug, R: fmt::Debug> fmt::Debug for View<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events()).finish()
    }
}
