//! What a recorder and its processes share.

use std::{ptr::NonNull, time::Instant};

use crossbeam_utils::CachePadded;

use super::{pool::Pool, registry::Registry, segment::Segment, walker::Readers};
use crate::{
    event::ProcessId,
    history::{Cut, CutReason},
    packed::{Payload, Word},
    sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, lock, scheduling_point},
};

/// The first stamp: above 0, so that a zeroed slot is never taken for a published one.
const FIRST_STAMP: u64 = 1;

/// No stamp from here on is kept, so that every stamp kept fits into a [`Word`].
const END_OF_STAMPS: u64 = Word::MAX_NUMBER;

/// The room made beforehand comes in so many segments, so that several processes have something of it.
const PARTS_OF_ROOM: u64 = if cfg!(all(loom, feature = "loom")) {
    1
} else {
    16
};

/// Where a recorder whose first stamp is `base` cuts.
fn cut_of(base: u64, limit: u64) -> u64 {
    base.saturating_add(limit).min(END_OF_STAMPS)
}

pub(super) struct Shared<O, R> {
    /// The next stamp. Its modification order is the order of the history; it is changed by `fetch_add`
    /// only, so each stamp heads or continues a release sequence that no later one breaks.
    counter: CachePadded<AtomicU64>,
    /// Stamps from here on are not kept. Only ever lowered while shared.
    cut: AtomicU64,
    /// Nobody will read what is recorded from now on.
    abandoned: AtomicBool,
    /// Some event carries a text, so that dropping events is work even where their types need no drop.
    texts: AtomicBool,
    processes: AtomicU64,
    registry: Registry<O, R>,
    pool: Pool,
    /// Whoever holds it is the only one to read events. Recording never asks for it.
    readers: Mutex<Readers<O, R>>,
    /// The stamp of the event with index 0. It and the fields below change only through `&mut`.
    base: u64,
    limit: u64,
    /// The size class a process begins with: that of the segments made beforehand, if there are any.
    first_class: usize,
    /// When the recorder began, if it keeps time.
    pub(super) began: Option<Instant>,
}

// SAFETY: payloads are written by one thread, then read, cloned or moved out by whoever holds the readers'
// lock, one thread at a time and never the writer again; no reference to one leaves the lock. That is what
// a `Mutex<Vec<_>>` of them does, which asks for `Send`.
unsafe impl<O: Send, R: Send> Send for Shared<O, R> {}
// SAFETY: as above.
unsafe impl<O: Send, R: Send> Sync for Shared<O, R> {}

impl<O, R> Shared<O, R> {
    pub(super) fn new(limit: u64, timed: bool, room: u64) -> Self {
        let shared = Self {
            counter: CachePadded::new(AtomicU64::new(FIRST_STAMP)),
            cut: AtomicU64::new(cut_of(FIRST_STAMP, limit)),
            abandoned: AtomicBool::new(false),
            texts: AtomicBool::new(false),
            processes: AtomicU64::new(0),
            registry: Registry::new(),
            pool: Pool::new(),
            readers: Mutex::new(Readers::new(FIRST_STAMP)),
            base: FIRST_STAMP,
            limit,
            first_class: Segment::<O, R>::class_for(room / PARTS_OF_ROOM, timed),
            began: timed.then(Instant::now),
        };
        shared.make_room(room);
        shared
    }

    /// Puts segments for so many events into the pool, every page of them touched, or fewer if memory runs
    /// out: a process that needs more asks again, and that is where a history is cut.
    fn make_room(&self, room: u64) {
        let mut made = 0;
        while made < room {
            let Some(segment) = self.allocate(self.first_class) else {
                return;
            };
            // SAFETY: the segment was just allocated and registered, and nobody has a lease of it.
            unsafe {
                Segment::touch(segment);
                made += u64::from(segment.as_ref().capacity) - 1;
                self.pool.push(segment.as_ref());
            }
        }
    }

    /// Takes the next stamp. Under shuttle other tasks may go on before it is taken, and none until the caller comes
    /// to the next point of shuttle's: so the order of the stamps is that of the schedule.
    #[inline(always)]
    pub(super) fn stamp(&self) -> u64 {
        scheduling_point();
        // Release: what the process did before, above all the effects of an operation it completes, is
        // before every later stamp. Acquire: what happened before earlier stamps is before what the process
        // does next, above all the operation it invokes. Every write to the counter is a read-modify-write,
        // so each Release heads a release sequence that reaches every later Acquire.
        self.counter.fetch_add(1, Ordering::AcqRel)
    }

    /// The stamp that comes next.
    fn next_stamp(&self) -> u64 {
        // Acquire: segments and cuts from before the stamps already taken are seen.
        self.counter.load(Ordering::Acquire)
    }

    /// One past the last stamp that a history could reach now.
    pub(super) fn end(&self) -> u64 {
        self.next_stamp().min(self.cut_stamp())
    }

    /// Stamps from here on are not kept.
    pub(super) fn cut_stamp(&self) -> u64 {
        // Relaxed: whoever misses a lowering keeps events that no walker gets past, because the event that
        // caused it has no slot.
        self.cut.load(Ordering::Relaxed)
    }

    /// Keeps no stamp from this one on.
    #[cold]
    pub(super) fn cut_at(&self, stamp: u64) {
        if stamp < self.cut_stamp() {
            self.cut.fetch_min(stamp, Ordering::Relaxed); // see `cut_stamp`
        }
    }

    /// Whether an event recorded from now on could still be read.
    pub(super) fn keeps_events(&self) -> bool {
        // Relaxed: a process that learns late only writes a segment more.
        !self.abandoned.load(Ordering::Relaxed) && self.next_stamp() < self.cut_stamp()
    }

    /// Nobody will read what is recorded from now on.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed); // see `keeps_events`
    }

    /// The index of the event with this stamp.
    pub(super) fn index_of(&self, stamp: u64) -> u64 {
        stamp - self.base
    }

    /// Where and why events were lost, if any were.
    pub(super) fn lost(&self) -> Option<Cut> {
        let (next, cut) = (self.next_stamp(), self.cut_stamp());
        (next > cut).then(|| Cut {
            index: self.index_of(cut),
            lost: next - cut,
            reason: if cut == cut_of(self.base, self.limit) {
                CutReason::Limit
            } else {
                CutReason::OutOfMemory
            },
        })
    }

    pub(super) fn fresh_process(&self) -> ProcessId {
        // Relaxed: only that no two get the same.
        ProcessId(self.processes.fetch_add(1, Ordering::Relaxed))
    }

    /// Some event to be published carries a text.
    pub(super) fn note_text(&self) {
        self.texts.store(true, Ordering::Relaxed); // published together with the event
    }

    pub(super) fn has_texts(&self) -> bool {
        self.texts.load(Ordering::Relaxed) // see `note_text`
    }

    pub(super) fn first_class(&self) -> usize {
        self.first_class
    }

    /// A segment for a process to write into; `None` where there is no memory for one.
    pub(super) fn lease(&self, class: usize) -> Option<NonNull<Segment<O, R>>> {
        let pop = |class| self.pool.pop(class, &self.registry);
        // Growing processes use the room that was made for them, too.
        let room = (class != self.first_class).then_some(self.first_class);
        pop(class)
            .or_else(|| pop(room?))
            .or_else(|| self.allocate(class))
    }

    /// Takes back a segment that has free slots.
    pub(super) fn give_back(&self, segment: &Segment<O, R>) {
        self.pool.push(segment);
    }

    fn allocate(&self, class: usize) -> Option<NonNull<Segment<O, R>>> {
        let segment = Segment::allocate(class, self.began.is_some(), FIRST_STAMP)?;
        if self.registry.push(segment).is_none() {
            // SAFETY: just allocated, and the registry has not taken it.
            unsafe { Segment::release(segment) };
            return None;
        }
        Some(segment)
    }

    pub(super) fn registry(&self) -> &Registry<O, R> {
        &self.registry
    }

    pub(super) fn readers(&self) -> MutexGuard<'_, Readers<O, R>> {
        // A panic in a user's `Clone` leaves every walker whole; see there.
        lock(&self.readers)
    }

    /// Drops every event that was not drained, and starts again at index 0 with the memory there is.
    pub(super) fn clear(&mut self) {
        let next = self.next_stamp();
        self.base = next;
        self.cut = AtomicU64::new(cut_of(next, self.limit));
        self.processes = AtomicU64::new(0);
        self.pool.clear();
        // The stack gives out last what is put in first: segments shall go out in the order of their ids.
        for id in (0..self.registry.len()).rev() {
            // SAFETY: segments live as long as the registry.
            self.pool.push(unsafe { self.registry.get(id).as_ref() });
        }
        self.discard(next);
    }

    /// Drops what was published and not drained, and recycles every segment with this floor.
    fn discard(&mut self, floor: u64) {
        let payloads = Payload::<O, R>::NEEDS_DROP || self.has_texts();
        self.texts = AtomicBool::new(false);
        let mut readers = self.readers();
        let registry = &self.registry;
        // SAFETY: `&mut self` means that nobody else reads or has a lease.
        unsafe { readers.discard(registry, floor, payloads) };
    }
}

impl<O, R> Drop for Shared<O, R> {
    fn drop(&mut self) {
        let floor = self.next_stamp();
        self.discard(floor);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{Recorder, sync::Arc};

    /// A recorder that has been used for a very long time.
    fn aged(age: impl FnOnce(&mut Shared<u64, u64>)) -> Recorder<u64, u64> {
        let mut recorder = Recorder::new();
        age(Arc::get_mut(&mut recorder.shared).unwrap());
        recorder
    }

    #[test]
    fn process_ids_go_on_after_two_to_the_thirty_second() {
        let recorder = aged(|shared| shared.processes = AtomicU64::new(u32::MAX.into()));
        for id in [u64::from(u32::MAX), 1 << 32, (1 << 32) + 1] {
            let mut process = recorder.process();
            assert_eq!(process.id(), ProcessId(id));
            process.op(id, || id);
        }
        let history = recorder.snapshot();
        let ids: Vec<u64> = history.events().map(|event| event.process.0).collect();
        let first = u64::from(u32::MAX);
        assert_eq!(
            ids,
            [first, first, first + 1, first + 1, first + 2, first + 2]
        );
    }

    #[test]
    fn stamps_that_run_out_are_a_limit() {
        let left = 5;
        let recorder = aged(|shared| {
            shared.counter = CachePadded::new(AtomicU64::new(END_OF_STAMPS - left));
            shared.clear();
        });
        let mut process = recorder.process();
        (0..4).for_each(|n| process.invoke(n).ok(n));
        let history = recorder.snapshot();
        assert_eq!(history.len() as u64, left);
        let cut = Cut {
            index: left,
            lost: 3,
            reason: CutReason::Limit,
        };
        assert_eq!(history.cut(), Some(cut));
    }
}
