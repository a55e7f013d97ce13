//! The iterators over the events of a history.

use std::{fmt, iter::FusedIterator, vec};

use super::History;
use crate::{
    event::{Event, EventRef},
    packed::Packed,
};

/// The events of a [`History`] in index order.
pub struct Events<'h, O, R> {
    pub(super) history: &'h History<O, R>,
    pub(super) front: usize,
    pub(super) back: usize,
}

impl<'h, O, R> Iterator for Events<'h, O, R> {
    type Item = EventRef<'h, O, R>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        (self.front < self.back).then(|| {
            self.front += 1;
            self.history.at(self.front - 1)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.back - self.front;
        (left, Some(left))
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        self.front = self.front.saturating_add(n).min(self.back);
        self.next()
    }
}

impl<O, R> DoubleEndedIterator for Events<'_, O, R> {
    fn next_back(&mut self) -> Option<Self::Item> {
        (self.front < self.back).then(|| {
            self.back -= 1;
            self.history.at(self.back)
        })
    }
}

impl<O, R> ExactSizeIterator for Events<'_, O, R> {}
impl<O, R> FusedIterator for Events<'_, O, R> {}

impl<O: fmt::Debug, R: fmt::Debug> fmt::Debug for Events<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<O, R> Clone for Events<'_, O, R> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

/// The events of a [`History`] in index order, moved out of it.
pub struct IntoEvents<O, R> {
    pub(super) rows: vec::IntoIter<Packed<O, R>>,
    pub(super) times: Vec<u64>,
    /// The index of the event at position 0, and the position of the next one.
    pub(super) start: u64,
    pub(super) front: usize,
}

impl<O, R> IntoEvents<O, R> {
    fn event(&self, position: usize, row: Packed<O, R>) -> Event<O, R> {
        let process = row.process();
        let (kind, error) = row.into_kind().expect("every row of a history is an event");
        Event {
            index: self.start + position as u64,
            process,
            time: self
                .times
                .get(position)
                .and_then(|&time| History::<O, R>::time(time)),
            kind,
            error,
        }
    }
}

impl<O, R> Iterator for IntoEvents<O, R> {
    type Item = Event<O, R>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        self.front += 1;
        Some(self.event(self.front - 1, row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl<O, R> DoubleEndedIterator for IntoEvents<O, R> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let row = self.rows.next_back()?;
        Some(self.event(self.front + self.rows.len(), row))
    }
}

impl<O, R> ExactSizeIterator for IntoEvents<O, R> {}
impl<O, R> FusedIterator for IntoEvents<O, R> {}

impl<O, R> fmt::Debug for IntoEvents<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoEvents")
            .field("left", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl<O, R> IntoIterator for History<O, R> {
    type Item = Event<O, R>;
    type IntoIter = IntoEvents<O, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_events()
    }
}

impl<'h, O, R> IntoIterator for &'h History<O, R> {
    type Item = EventRef<'h, O, R>;
    type IntoIter = Events<'h, O, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.events()
    }
}
