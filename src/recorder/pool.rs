//! Segments that wait for a lease: those whose process ended early, and those that were drained.
//!
//! One lock-free stack a size class (Treiber 1986), linked through the segments' headers. The head carries a
//! counter beside the id, which every pop increments: a pop that was overtaken by others, who took the same
//! segment and put it back, finds another head (the ABA problem). Segments are never freed while the
//! recorder lives, so reading the link of one that somebody else just took is harmless.

use std::ptr::NonNull;

use super::{
    registry::Registry,
    segment::{CLASSES, Segment},
};
use crate::sync::{AtomicU64, Ordering};

pub(super) struct Pool {
    /// The number of pops in the upper half; one more than the id of the first segment, or 0, in the lower.
    heads: [AtomicU64; CLASSES],
}

const ID: u64 = u32::MAX as u64;
const POP: u64 = 1 << 32;

impl Pool {
    pub(super) fn new() -> Self {
        Self {
            heads: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Puts a segment in. The caller has the lease, and gives it up; `segment.used` says what is free.
    pub(super) fn push<O, R>(&self, segment: &Segment<O, R>) {
        let head = &self.heads[segment.class as usize];
        let id = u64::from(segment.id.load(Ordering::Relaxed)) + 1; // ours since it was registered
        let mut first = head.load(Ordering::Relaxed);
        loop {
            // Relaxed: published by the exchange.
            segment
                .next_free
                .store((first & ID) as u32, Ordering::Relaxed);
            // Release pairs with the Acquire in `pop`: all that was written under the lease is there.
            match head.compare_exchange_weak(
                first,
                first & !ID | id,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Takes the segment of this class that was put in last. The caller has the lease.
    pub(super) fn pop<O, R>(
        &self,
        class: usize,
        registry: &Registry<O, R>,
    ) -> Option<NonNull<Segment<O, R>>> {
        let head = &self.heads[class];
        // Acquire, here and on failure, pairs with the Release in `push`: the link is there. So is all that
        // was done under the earlier leases, even of segments further down: exchanges continue the release
        // sequences of the pushes before them.
        let mut first = head.load(Ordering::Acquire);
        loop {
            let segment = registry.get(((first & ID) as u32).checked_sub(1)?);
            // SAFETY: segments live as long as the registry.
            let next = unsafe { segment.as_ref() }
                .next_free
                .load(Ordering::Relaxed);
            match head.compare_exchange_weak(
                first,
                (first & !ID).wrapping_add(POP) | u64::from(next),
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(segment),
                Err(now) => first = now,
            }
        }
    }

    /// Forgets every segment. For a recorder that nobody else can reach.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }
}
