//! The memory of a history: a vector of rows that can be filled in any order.
//!
//! The walker writes events where their index says they belong. So the vector is first *extended* with
//! vacant rows, then filled, and finally cut back to where no row is vacant. Memory fresh from the allocator
//! is vacant already, and is not written twice.

use std::alloc::{Layout, handle_alloc_error};

use crate::{
    memory,
    packed::{Packed, Payload},
};

/// So many rows are kept in any case.
const SMALL: usize = 16 << 10;

pub(crate) struct Rows<O, R> {
    rows: Vec<Packed<O, R>>,
    /// From this row to the capacity, the memory is still as zero as it came from the allocator.
    fresh: usize,
    /// Whether some row may carry a text, so that dropping rows is work even where `O` and `R` need none.
    texts: bool,
}

impl<O, R> Rows<O, R> {
    pub(crate) const fn new() -> Self {
        Self {
            rows: Vec::new(),
            fresh: 0,
            texts: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline(always)]
    pub(crate) fn get(&self, position: usize) -> &Packed<O, R> {
        &self.rows[position]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Packed<O, R>> {
        self.rows.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Packed<O, R>> {
        self.rows.iter_mut()
    }

    /// Adds a row at the end.
    pub(crate) fn push(&mut self, row: Packed<O, R>) {
        self.texts |= row.tag().has_text();
        self.rows.push(row);
        self.fresh = self.rows.capacity(); // if the rows moved, who knows what is behind them
    }

    /// Adds the rows of another at the end.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.texts |= other.texts;
        self.rows.append(&mut other.rows);
        self.fresh = self.rows.capacity();
    }

    /// Drops the rows from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
        self.fresh = self.rows.capacity();
    }

    pub(crate) fn clear(&mut self) {
        if !Payload::<O, R>::NEEDS_DROP && !self.texts {
            // SAFETY: zero is within the capacity, and the rows left behind hold nothing to drop.
            unsafe { self.rows.set_len(0) }
        }
        self.rows.clear();
        self.texts = false;
    }

    /// The rows, moved out.
    pub(crate) fn take(&mut self) -> Vec<Packed<O, R>> {
        self.fresh = 0;
        std::mem::take(&mut self.rows)
    }

    /// Empties the rows and makes room for `rows` of them.
    ///
    /// # Panics
    ///
    /// Where so much memory cannot be addressed; where it cannot be had, the process ends as with a `Vec`.
    pub(crate) fn reset(&mut self, rows: usize) {
        self.clear();
        if self.rows.capacity() >= rows {
            return;
        }
        *self = Self::new();
        let layout = Layout::array::<Packed<O, R>>(rows).expect("a history larger than memory");
        let Some(start) = memory::zeroed(layout) else {
            handle_alloc_error(layout)
        };
        memory::advise_huge_pages(start, layout.size());
        // SAFETY: allocated by the global allocator with the layout of an array of `rows`, none in use.
        self.rows = unsafe { Vec::from_raw_parts(start.cast().as_ptr(), 0, rows) };
    }

    /// Adds `count` vacant rows, for which [`reset`](Self::reset) made room, and returns them.
    pub(crate) fn extend_vacant(&mut self, count: usize) -> &mut [Packed<O, R>] {
        let (len, end) = (self.rows.len(), self.rows.len() + count);
        assert!(end <= self.rows.capacity());
        self.rows
            .resize_with(self.fresh.clamp(len, end), || Packed::VACANT);
        // SAFETY: the rows from `fresh` on are zero, which is what a vacant row is.
        unsafe { self.rows.set_len(end) };
        self.fresh = self.fresh.max(end);
        &mut self.rows[len..]
    }

    /// Says that a row filled in since the last [`reset`](Self::reset) may carry a text.
    pub(crate) fn note_texts(&mut self) {
        self.texts = true;
    }

    /// Ends the rows at `len`, and returns those behind that are not vacant. Gives back memory that was
    /// reserved for much more.
    pub(crate) fn cut_off(&mut self, len: usize) -> Vec<Packed<O, R>> {
        let behind = self
            .rows
            .drain(len..)
            .filter(|row| !row.is_vacant())
            .collect();
        if self.rows.capacity() / 4 > len.max(SMALL) {
            self.rows.shrink_to(len.max(SMALL));
            self.fresh = self.rows.capacity(); // who knows what is there now
        }
        behind
    }
}

impl<O: Clone, R: Clone> Clone for Rows<O, R> {
    fn clone(&self) -> Self {
        let rows = self.rows.clone();
        Self {
            fresh: rows.capacity(),
            rows,
            texts: self.texts,
        }
    }
}

impl<O, R> Drop for Rows<O, R> {
    fn drop(&mut self) {
        self.clear();
    }
}
