//! Segments: the memory that processes write their events into, each leased to one process at a time.
//!
//! ```text
//! │ header │ slot 0 │ slot 1 │ … │ slot n-1 │ time 0 … time n-1 (only with time) │
//! ```
//!
//! The invariant: **the published slots of a segment are a prefix of it, and their stamps ascend.** Only the
//! lessee writes, front to back, and a lease changes hands through the [pool](super::pool), so whatever the
//! next lessee stamps comes later in the counter's order.
//!
//! A slot is published when its stamp has reached the segment's *floor*. A fresh segment is all zero and its
//! floor is at least 1; a segment that is used again gets a floor above every stamp in it. So nothing has to
//! be wiped.

use std::{alloc::Layout, mem::MaybeUninit, ptr::NonNull};

use crate::{
    event::ProcessId,
    memory::{self, Block},
    packed::{Payload, Tag, Word},
    sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell},
};

/// A place for one event: the stamp, which publishes it, and the payload.
#[repr(C)]
pub(super) struct Slot<O, R> {
    word: AtomicU64,
    payload: UnsafeCell<MaybeUninit<Payload<O, R>>>,
}

impl<O, R> Slot<O, R> {
    /// The stamp and what it is the stamp of; if it has reached the segment's floor, the payload is there.
    #[inline(always)]
    pub(super) fn word(&self) -> Word {
        // Acquire pairs with the Release in `publish`: the payload was written before.
        Word(self.word.load(Ordering::Acquire))
    }

    /// Lets walkers see the payload.
    #[inline(always)]
    pub(super) fn publish(&self, word: Word) {
        // Release pairs with the Acquire in `word`: the payload, the time and every slot before are there.
        self.word.store(word.0, Ordering::Release);
    }

    /// Reads the payload.
    #[inline(always)]
    pub(super) fn read<T>(&self, f: impl FnOnce(*const Payload<O, R>) -> T) -> T {
        self.payload.with(|payload| f(payload.cast()))
    }

    /// Writes the payload. What was there is not dropped.
    ///
    /// # Safety
    ///
    /// The slot is not published, and nobody else writes to it.
    #[inline(always)]
    pub(super) unsafe fn write(&self, payload: Payload<O, R>) {
        // SAFETY: the caller vouches that this is the only access.
        self.payload
            .with_mut(|place| unsafe { (*place).write(payload) });
    }

    /// Drops the payload.
    ///
    /// # Safety
    ///
    /// It is what `tag` says, and nobody uses it any more.
    pub(super) unsafe fn drop_payload(&self, tag: Tag) {
        // SAFETY: the caller vouches for the tag and that this is the last access.
        self.payload
            .with_mut(|payload| unsafe { (*payload).assume_init_mut().drop_as(tag) });
    }

    #[cfg(all(loom, feature = "loom"))]
    fn vacant() -> Self {
        Self {
            word: AtomicU64::new(0),
            payload: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }
}

/// The size classes of segments: 9 slots, 17, 33, … up to [`LARGEST_DOUBLED`], and one that fills a huge page.
///
/// A process begins with the first and goes up one with each segment: ten thousand short-lived processes
/// cost little, and a busy one soon writes into megabytes. One slot goes to the name of the process, and an
/// operation takes two, so the sizes are odd.
pub(super) const CLASSES: usize = if cfg!(all(loom, feature = "loom")) {
    2
} else {
    18
};

/// Segments double up to this size in bytes. The next is a huge page: in between, touching pages of 4 KiB
/// for the first time costs more than everything else.
const LARGEST_DOUBLED: usize = 512 << 10;

/// What a lease must have room for: the name of the process, an invocation and its completion.
pub(super) const LEAST_ROOM: u32 = 3;

#[repr(C)]
pub(super) struct Segment<O, R> {
    /// Stamps below are not of this use of the segment.
    floor: AtomicU64,
    /// The segment's place in the registry.
    pub(super) id: AtomicU32,
    /// In the pool: the first free slot.
    used: AtomicU32,
    /// In the pool: one more than the id of the next segment there, or 0.
    pub(super) next_free: AtomicU32,
    pub(super) capacity: u32,
    pub(super) class: u32,
    timed: bool,
    block: Block,
    slots: [Slot<O, R>; 0],
}

impl<O, R> Segment<O, R> {
    /// How many slots the segments of a class have.
    pub(super) fn capacity_of(class: usize, timed: bool) -> u32 {
        if cfg!(all(loom, feature = "loom")) {
            // A model checker shall cross a boundary with the first operation and with every third one, and
            // see what is left of a segment go to another process.
            return LEAST_ROOM << class;
        }
        let slot = size_of::<Slot<O, R>>() + if timed { size_of::<u64>() } else { 0 };
        let doubled = (8 << class) + 1;
        if doubled * slot <= LARGEST_DOUBLED {
            return doubled as u32;
        }
        ((memory::HUGE_PAGE - size_of::<Self>()) / slot).max(LEAST_ROOM as usize) as u32
    }

    /// The class of a process's next segment after one of this class: a larger one, if there is one.
    pub(super) fn class_after(class: usize, timed: bool) -> usize {
        let next = (class + 1).min(CLASSES - 1);
        let grows = Self::capacity_of(next, timed) > Self::capacity_of(class, timed);
        if grows { next } else { class }
    }

    /// The first class whose segments hold `events` events, or else the largest there is.
    pub(super) fn class_for(events: u64, timed: bool) -> usize {
        let mut class = 0;
        while u64::from(Self::capacity_of(class, timed)) <= events {
            match Self::class_after(class, timed) {
                next if next == class => break,
                next => class = next,
            }
        }
        class
    }

    /// A segment in which no slot is published; `None` where there is no memory for it.
    pub(super) fn allocate(class: usize, timed: bool, floor: u64) -> Option<NonNull<Self>> {
        let capacity = Self::capacity_of(class, timed);
        let layout = Self::layout(capacity, timed)?;
        let block = Block::zeroed(layout)?;
        let segment = block.start().cast::<Self>();
        // SAFETY: the block is large enough and aligned for a header, and nobody else knows of it.
        unsafe {
            segment.write(Self {
                floor: AtomicU64::new(floor),
                id: AtomicU32::new(0),
                used: AtomicU32::new(0),
                next_free: AtomicU32::new(0),
                capacity,
                class: class as u32,
                timed,
                block,
                slots: [],
            });
            #[cfg(all(loom, feature = "loom"))]
            for position in 0..capacity {
                Self::slots(segment)
                    .add(position as usize)
                    .write(Slot::vacant());
            }
        }
        Some(segment)
    }

    /// The header, the slots and the times; `None` if so much cannot be addressed.
    fn layout(capacity: u32, timed: bool) -> Option<Layout> {
        let slots = Layout::array::<Slot<O, R>>(capacity as usize).ok()?;
        let times = Layout::array::<u64>(if timed { capacity as usize } else { 0 }).ok()?;
        let (layout, _) = Layout::new::<Self>().extend(slots).ok()?;
        let (layout, _) = layout.extend(times).ok()?;
        // A cache line of its own, so that neighbours in memory do not slow each other down.
        layout.align_to(64).ok().map(|layout| layout.pad_to_align())
    }

    /// Gives the memory back. Payloads are not dropped.
    ///
    /// # Safety
    ///
    /// `segment` came from [`allocate`](Self::allocate) and is not used again.
    pub(super) unsafe fn release(segment: NonNull<Self>) {
        // SAFETY: the caller gives up the last pointer; the block is read out before it goes.
        unsafe {
            #[cfg(all(loom, feature = "loom"))]
            for position in 0..segment.as_ref().capacity {
                Self::slots(segment).add(position as usize).drop_in_place();
            }
            let block = segment.as_ref().block;
            segment.drop_in_place();
            block.release();
        }
    }

    /// Touches every page, so that recording does not have to.
    ///
    /// # Safety
    ///
    /// `segment` came from [`allocate`](Self::allocate), and nobody has written to it.
    pub(super) unsafe fn touch(segment: NonNull<Self>) {
        if cfg!(all(loom, feature = "loom")) {
            return; // its slots are no zeros
        }
        // SAFETY: the caller vouches for the segment, of which only the header was written.
        unsafe { segment.as_ref().block.touch_from(size_of::<Self>()) };
    }

    /// The first slot.
    ///
    /// # Safety
    ///
    /// `segment` came from [`allocate`](Self::allocate) and has not been released.
    pub(super) unsafe fn slots(segment: NonNull<Self>) -> NonNull<Slot<O, R>> {
        // SAFETY: the slots follow the header in the same block.
        unsafe { NonNull::new_unchecked(&raw mut (*segment.as_ptr()).slots).cast() }
    }

    /// Where the time of the first slot is, if the segment keeps times.
    ///
    /// # Safety
    ///
    /// As for [`slots`](Self::slots).
    pub(super) unsafe fn times(segment: NonNull<Self>) -> Option<NonNull<u64>> {
        // SAFETY: the times follow the slots in the same block. A slot's size is a multiple of its alignment,
        // which is at least that of its stamp, so the end of the slots is aligned for a time.
        unsafe {
            let this = segment.as_ref();
            this.timed
                .then(|| Self::slots(segment).add(this.capacity as usize).cast())
        }
    }

    /// Stamps from here on are of the present use.
    pub(super) fn floor(&self) -> u64 {
        // Relaxed: changed only while nobody has the lease, by a reader that excludes the others; the lessee
        // learns of it through the pool, the next reader through the readers' lock.
        self.floor.load(Ordering::Relaxed)
    }

    /// In the pool: the first free slot.
    pub(super) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed) // published by the pool
    }

    /// To be called by the lessee before it gives the segment back.
    pub(super) fn set_used(&self, used: u32) {
        self.used.store(used, Ordering::Relaxed); // published by the pool
    }

    /// Declares every slot free again: each published stamp is below `floor`, each later one will not be.
    pub(super) fn recycle(&self, floor: u64) {
        // Relaxed: see `floor`. The pool's push publishes both.
        self.floor.store(floor, Ordering::Relaxed);
        self.used.store(0, Ordering::Relaxed);
    }
}

/// Says in a slot whose events the slots after it are.
///
/// # Safety
///
/// The slot is not published, and the caller has the lease.
pub(super) unsafe fn name_process<O, R>(slot: &Slot<O, R>, process: ProcessId, floor: u64) {
    // SAFETY: the caller has the lease and has not published the slot.
    unsafe { slot.write(Payload::of_process(process)) };
    slot.publish(Word::new(floor, Tag::Lease));
}
