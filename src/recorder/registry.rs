//! Every segment there is: a list that only grows, without locks, and that can be indexed.
//!
//! The invariant: **below `len`, every entry is set, for good.** A push first claims the entry at `len` and
//! then moves `len` over it; whoever finds the entry taken helps with the second step. So a reader that sees
//! a length sees all the segments below it.

use std::ptr::{NonNull, null_mut};

use super::segment::Segment;
use crate::sync::{AtomicPtr, AtomicU32, Ordering};

/// The first bucket has this many entries, every further one twice as many as the one before.
const FIRST_BUCKET: u32 = if cfg!(all(loom, feature = "loom")) {
    2
} else {
    32
};

/// Enough buckets for any `u32`; fewer where a model checker has to build them for every execution.
const BUCKETS: usize = if cfg!(all(loom, feature = "loom")) {
    4
} else {
    28
};

type Entry<O, R> = AtomicPtr<Segment<O, R>>;

pub(super) struct Registry<O, R> {
    len: AtomicU32,
    buckets: [AtomicPtr<Entry<O, R>>; BUCKETS],
}

/// The bucket of an entry and its place in it.
///
/// The buckets before number `b` hold 32 · (2^b - 1) entries, so `id + 32` lies between 32 · 2^b and twice
/// that: its logarithm gives the bucket, what it exceeds the lower bound by the place.
fn place(id: u32) -> (usize, usize) {
    let number = u64::from(id) + u64::from(FIRST_BUCKET);
    let bucket = number.ilog2() - FIRST_BUCKET.ilog2();
    (
        bucket as usize,
        (number - (u64::from(FIRST_BUCKET) << bucket)) as usize,
    )
}

fn entries_of(bucket: usize) -> usize {
    (FIRST_BUCKET as usize) << bucket
}

impl<O, R> Registry<O, R> {
    pub(super) fn new() -> Self {
        Self {
            len: AtomicU32::new(0),
            buckets: std::array::from_fn(|_| AtomicPtr::new(null_mut())),
        }
    }

    pub(super) fn len(&self) -> u32 {
        // Acquire pairs with the Release in `push`: entries below, and what they point to, are there.
        self.len.load(Ordering::Acquire)
    }

    /// The segment with this id, which is below [`len`](Self::len).
    pub(super) fn get(&self, id: u32) -> NonNull<Segment<O, R>> {
        let (bucket, position) = place(id);
        // Acquire on both pairs with the Release of whoever set them.
        let entries = self.buckets[bucket].load(Ordering::Acquire);
        assert!(!entries.is_null(), "no segment {id}");
        // SAFETY: a bucket that is set has all its entries, and lives as long as the registry.
        let segment = unsafe { (*entries.add(position)).load(Ordering::Acquire) };
        NonNull::new(segment).expect("entries below the length are set")
    }

    /// Adds a segment and writes its id into it; `None` where there is no memory for the entry.
    pub(super) fn push(&self, segment: NonNull<Segment<O, R>>) -> Option<u32> {
        loop {
            let id = self.len();
            let next = id.checked_add(1)?;
            let (bucket, position) = place(id);
            let entries = self.bucket(bucket)?;
            // SAFETY: the caller owns the segment until the entry is set.
            unsafe { segment.as_ref() }.id.store(id, Ordering::Relaxed);
            // SAFETY: as in `get`.
            let claimed = unsafe { &*entries.as_ptr().add(position) }
                // Release lets whoever reads the entry see the segment; a failure tells nothing we use.
                .compare_exchange(
                    null_mut(),
                    segment.as_ptr(),
                    Ordering::Release,
                    Ordering::Relaxed,
                )
                .is_ok();
            // Release pairs with the Acquire in `len`. Where we only help, the entry was set by another: its
            // own Release is read by the Acquire on the entry. A failure means that somebody was faster.
            let _ = self
                .len
                .compare_exchange(id, next, Ordering::Release, Ordering::Relaxed);
            if claimed {
                return Some(id);
            }
        }
    }

    /// The entries of a bucket, allocated if nobody did before; `None` where there is no memory for them.
    fn bucket(&self, bucket: usize) -> Option<NonNull<Entry<O, R>>> {
        let place = self.buckets.get(bucket)?;
        // Acquire pairs with the Release below: the entries are initialised.
        if let Some(entries) = NonNull::new(place.load(Ordering::Acquire)) {
            return Some(entries);
        }
        let mut entries = Vec::<Entry<O, R>>::new();
        entries.try_reserve_exact(entries_of(bucket)).ok()?;
        entries.resize_with(entries_of(bucket), || Entry::new(null_mut()));
        let entries = Box::into_raw(entries.into_boxed_slice()).cast();
        match place.compare_exchange(
            null_mut(),
            entries,
            Ordering::Release, // the entries are initialised
            Ordering::Acquire, // pairs with the Release of whoever was faster
        ) {
            Ok(_) => NonNull::new(entries),
            Err(theirs) => {
                // SAFETY: made from a boxed slice of that length just now, and seen by nobody.
                unsafe { drop_bucket(entries, bucket) };
                NonNull::new(theirs)
            }
        }
    }
}

/// # Safety
///
/// `entries` came from a boxed slice with the length of that bucket, and is not used again.
unsafe fn drop_bucket<T>(entries: *mut T, bucket: usize) {
    // SAFETY: the caller vouches for the pointer and the length.
    drop(unsafe {
        Box::from_raw(std::ptr::slice_from_raw_parts_mut(
            entries,
            entries_of(bucket),
        ))
    });
}

impl<O, R> Drop for Registry<O, R> {
    /// Releases the segments; what is left in them is the recorder's to drop first.
    fn drop(&mut self) {
        for id in 0..self.len() {
            // SAFETY: entries are set once, from `Segment::allocate`, and nothing outlives the registry.
            unsafe { Segment::release(self.get(id)) };
        }
        for (bucket, place) in self.buckets.iter().enumerate() {
            // Acquire pairs with the Release that set it; by now this is the only thread that knows.
            let entries = place.load(Ordering::Acquire);
            if !entries.is_null() {
                // SAFETY: set once, from a boxed slice of that length.
                unsafe { drop_bucket(entries, bucket) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for id in 0..100_000 {
            assert_eq!(place(id), expected, "id {id}");
            expected.1 += 1;
            if expected.1 == entries_of(expected.0) {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(place(0), (0, 0));
        let (bucket, position) = place(u32::MAX - 1);
        assert!(bucket < BUCKETS && position < entries_of(bucket));
    }
}
