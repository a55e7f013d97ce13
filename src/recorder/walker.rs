//! The walker: from segments, each in order for itself, to events in the order of their indices.
//!
//! A slot holds its index, so events need not be merged: each is written where it belongs. The walker goes
//! through the indices in blocks that fit a cache. For each block it goes through the segments that have
//! events in it, copies each segment's stretch, and counts. A full count means that the block has no gap; a
//! short one, that the history ends at the first row that is still vacant.
//!
//! Why no event is missed: the walker reads the counter first and the registry after. Whoever took a stamp
//! below the counter had its segment registered before; so the segment is seen, and if the slot is not yet,
//! that is the gap.
//!
//! The invariant of a [`Walker`]: its runs hold, for every segment seen that is not used up, the first
//! position whose stamp is not below `next`, and the process in force there. Positions move only when a
//! block is done, after all code of the user has run in it; so a panic in a `Clone` leaves a walker whole, if
//! perhaps some blocks further on. A tail then begins again where its last read ended.

use std::ptr::{self, NonNull};

use super::{
    registry::Registry,
    segment::{Segment, Slot},
    shared::Shared,
};
use crate::{
    event::ProcessId,
    history::History,
    packed::{Cloning, Moving, Packed, Tag, Take},
};

/// Rows filled before the walker goes on: about half of a core's second-level cache.
const BLOCK: u64 = if cfg!(all(loom, feature = "loom")) {
    2
} else {
    8 << 10
};

/// How far the segments have been read.
pub(super) struct Walker<O, R> {
    /// The first stamp that was not returned.
    next: u64,
    /// How many segments of the registry are known.
    seen: u32,
    runs: Vec<Run<O, R>>,
    scratch: Scratch,
}

/// A segment and how far it has been read.
struct Run<O, R> {
    segment: NonNull<Segment<O, R>>,
    cursor: Cursor,
}

impl<O, R> Clone for Run<O, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<O, R> Copy for Run<O, R> {}

#[derive(Clone, Copy)]
struct Cursor {
    position: u32,
    /// Whose events those at the position are.
    process: ProcessId,
}

impl Cursor {
    const START: Self = Self {
        position: 0,
        process: ProcessId(u64::MAX),
    };
}

/// What a walk leaves for others to do.
pub(super) struct Walked<O, R> {
    /// Whether a segment was recycled.
    recycled: bool,
    /// Clones of events behind a gap, which were taken back: to be dropped when the readers' lock is released,
    /// as their `Drop` is code of the user's.
    pub(super) behind_gap: Vec<Packed<O, R>>,
}

/// Kept from walk to walk, so that a walk allocates nothing.
#[derive(Default)]
struct Scratch {
    /// The first stamp of a run, and the run, in descending order.
    waiting: Vec<(u64, usize)>,
    /// The runs with events in the present block, and how far they have got in it.
    active: Vec<(usize, Cursor)>,
}

impl<O, R> Walker<O, R> {
    pub(super) fn new(next: u64) -> Self {
        Self {
            next,
            seen: 0,
            runs: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Becomes a copy of `other`, which has read less or more, and will return nothing before `next`.
    fn follow(&mut self, other: &Self, next: u64) {
        self.next = next.max(other.next);
        self.seen = other.seen;
        self.runs.clone_from(&other.runs);
    }

    /// Learns of the segments registered since.
    fn discover(&mut self, registry: &Registry<O, R>) {
        let len = registry.len();
        let new = self.seen..len;
        self.runs.extend(new.map(|id| Run {
            segment: registry.get(id),
            cursor: Cursor::START,
        }));
        self.seen = len;
    }

    /// Fills an empty history with what has been published from `next` on without a gap, `most` events at the
    /// most, and moves `next` behind.
    fn walk<T: Take<O, R>>(
        &mut self,
        shared: &Shared<O, R>,
        history: &mut History<O, R>,
        most: u64,
    ) -> Walked<O, R> {
        let end = shared.end().min(self.next.saturating_add(most));
        self.discover(shared.registry());
        let start = self.next;
        let count = end.saturating_sub(start);
        let timed = shared.began.is_some();
        let (rows, times) = history.parts_mut();
        rows.reset(usize::try_from(count).expect("more events than can be addressed"));
        if shared.has_texts() {
            rows.note_texts();
        }

        self.line_up(end);
        let mut walked = Walked {
            recycled: false,
            behind_gap: Vec::new(),
        };
        while self.next < end {
            let from = self.next;
            let to = end.min(from + BLOCK);
            self.activate(to);
            let block = rows.extend_vacant((to - from) as usize);
            if timed {
                times.resize(times.len() + block.len(), 0);
            }
            let mut target = Target {
                from,
                to,
                rows: block,
                times,
                placed: 0,
            };
            for (run, cursor) in &mut self.scratch.active {
                // SAFETY: the segment lives as long as the recorder, whose readers' lock is held; slots from
                // a run's position on have not been moved out.
                unsafe { fill::<O, R, T>(self.runs[*run].segment, cursor, &mut target) };
            }
            if target.placed == to - from {
                walked.recycled |= self.commit::<T>(shared, to);
                continue;
            }
            // A slot below `to` is not published yet. The history ends there; what was filled in behind it
            // is taken back and comes again with the next walk.
            let gap = block
                .iter()
                .position(Packed::is_vacant)
                .unwrap_or(block.len());
            if T::MOVES {
                block[gap..].iter_mut().for_each(Packed::forget);
            }
            let len = rows.len() - (to - from) as usize + gap;
            times.truncate(if timed { len } else { 0 });
            let to = from + gap as u64;
            self.rewind_to(to);
            walked.recycled |= self.commit::<T>(shared, to);
            walked.behind_gap = rows.cut_off(len);
            break;
        }
        if shared.has_texts() {
            rows.note_texts();
        }
        self.retire::<T>();
        history.describe(shared.index_of(start), shared.lost());
        walked
    }

    /// Finds the runs with events before `end`, and puts them in order.
    fn line_up(&mut self, end: u64) {
        let Scratch { waiting, active } = &mut self.scratch;
        waiting.clear();
        active.clear();
        for (index, run) in self.runs.iter().enumerate() {
            // SAFETY: the segment lives as long as the recorder.
            let head = unsafe { head(run) };
            waiting.extend(
                head.filter(|&stamp| stamp < end)
                    .map(|stamp| (stamp, index)),
            );
        }
        waiting.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// Adds the runs whose first event is before `to`.
    fn activate(&mut self, to: u64) {
        let Scratch { waiting, active } = &mut self.scratch;
        let first_later = waiting.partition_point(|&(stamp, _)| stamp >= to);
        active.extend(
            waiting
                .drain(first_later..)
                .map(|(_, run)| (run, self.runs[run].cursor)),
        );
    }

    /// Makes the positions reached in this block good; the next one begins at `to`.
    fn commit<T: Take<O, R>>(&mut self, shared: &Shared<O, R>, to: u64) -> bool {
        self.next = to;
        let mut recycled = false;
        self.scratch.active.retain(|&(index, cursor)| {
            let run = &mut self.runs[index];
            run.cursor = cursor;
            let used_up = run.is_used_up();
            if used_up && T::MOVES {
                // SAFETY: the segment lives as long as the recorder.
                let segment = unsafe { run.segment.as_ref() };
                // Every slot was returned, with stamps below `to`; whatever is written next is not below.
                segment.recycle(to);
                run.cursor = Cursor::START;
                shared.give_back(segment);
                recycled = true;
            }
            !used_up
        });
        recycled
    }

    /// Sets the runs in the present block to their first slot whose stamp is not below `to`.
    fn rewind_to(&mut self, to: u64) {
        for (run, cursor) in &mut self.scratch.active {
            let run = &self.runs[*run];
            *cursor = run.cursor;
            // SAFETY: the segment lives as long as the recorder.
            unsafe { advance(run.segment, cursor, to) };
        }
    }

    /// Forgets the runs that are used up, if they will not come back without being discovered again.
    fn retire<T: Take<O, R>>(&mut self) {
        if !T::MOVES {
            self.runs.retain(|run| !run.is_used_up());
        }
    }
}

impl<O, R> Run<O, R> {
    fn is_used_up(&self) -> bool {
        // SAFETY: the segment lives as long as the recorder.
        self.cursor.position == unsafe { self.segment.as_ref() }.capacity
    }
}

/// The rows for the stamps from `from` to `to`.
struct Target<'a, O, R> {
    from: u64,
    to: u64,
    rows: &'a mut [Packed<O, R>],
    /// Of the whole history; those of this block are at the end. Empty where no time is kept.
    times: &'a mut [u64],
    placed: u64,
}

/// Places a segment's events from the cursor on that belong into the target.
///
/// # Safety
///
/// The segment is alive, the readers' lock is held, and slots from the cursor on were not moved out.
unsafe fn fill<O, R, T: Take<O, R>>(
    segment: NonNull<Segment<O, R>>,
    cursor: &mut Cursor,
    target: &mut Target<'_, O, R>,
) {
    // SAFETY: the caller vouches that the segment is alive.
    let (this, slots, times) = unsafe {
        (
            segment.as_ref(),
            Segment::slots(segment),
            Segment::times(segment),
        )
    };
    let (floor, capacity) = (this.floor(), this.capacity);
    let first_time = target.times.len().wrapping_sub(target.rows.len());
    while cursor.position < capacity {
        // SAFETY: the position is below the capacity.
        let slot: &Slot<O, R> = unsafe { slots.add(cursor.position as usize).as_ref() };
        let word = slot.word();
        let stamp = word.number();
        if stamp < floor {
            return; // not published yet
        }
        let tag = word.tag();
        if tag == Tag::Lease {
            // SAFETY: published, and the tag says what is there.
            cursor.process = slot.read(|payload| unsafe { (*payload).process });
            cursor.position += 1;
            continue;
        }
        if stamp >= target.to {
            return;
        }
        if stamp >= target.from {
            let row = (stamp - target.from) as usize;
            // SAFETY: published, and the tag says what is there; the lessee never touches it again.
            let payload = slot.read(|payload| unsafe { T::take(tag, payload) });
            // SAFETY: the payload is what the tag says.
            let packed = unsafe { Packed::new(cursor.process, tag, payload) };
            let place = ptr::from_mut(&mut target.rows[row]);
            // SAFETY: a row to write to. It is vacant, as no two slots have the same stamp: nothing to drop.
            unsafe { place.write(packed) };
            if let Some(times) = times {
                // SAFETY: as for the slot; written before it was published.
                target.times[first_time + row] =
                    unsafe { times.add(cursor.position as usize).read() };
            }
            target.placed += 1;
        }
        cursor.position += 1;
    }
}

/// Moves a cursor over published events with stamps below `to`.
///
/// # Safety
///
/// The segment is alive.
unsafe fn advance<O, R>(segment: NonNull<Segment<O, R>>, cursor: &mut Cursor, to: u64) {
    // SAFETY: the caller vouches that the segment is alive; the position stays below the capacity.
    unsafe {
        let (floor, capacity) = (segment.as_ref().floor(), segment.as_ref().capacity);
        let slots = Segment::slots(segment);
        while cursor.position < capacity {
            let slot = slots.add(cursor.position as usize).as_ref();
            let word = slot.word();
            if word.tag() == Tag::Lease && word.number() >= floor {
                cursor.process = slot.read(|payload| (*payload).process);
            } else if !(floor..to).contains(&word.number()) {
                return;
            }
            cursor.position += 1;
        }
    }
}

/// The stamp of a run's next event, if it is published; the segment's floor, which is not above, if it will have
/// no more events, because what was left of it was filled up.
///
/// # Safety
///
/// The segment is alive.
unsafe fn head<O, R>(run: &Run<O, R>) -> Option<u64> {
    // SAFETY: the caller vouches that the segment is alive; the positions are below its capacity.
    unsafe {
        let (capacity, floor) = (run.segment.as_ref().capacity, run.segment.as_ref().floor());
        let slots = Segment::slots(run.segment);
        if run.is_used_up() {
            return None;
        }
        // A name never stands in the last slots of a segment but to fill it up.
        let next = (run.cursor.position..capacity)
            .map(|position| slots.add(position as usize).as_ref().word())
            .find(|word| word.tag() != Tag::Lease || word.number() < floor);
        next.map_or(Some(floor), |word| {
            (word.number() >= floor).then_some(word.number())
        })
    }
}

/// Where the readers of a recorder are, behind its readers' lock.
pub(super) struct Readers<O, R> {
    /// Up to where events were moved out.
    drained: Walker<O, R>,
    /// For snapshots: only its memory is kept.
    snapshot: Walker<O, R>,
    /// How many drains have recycled segments: a tail that read before must look for its place again.
    generation: u64,
}

impl<O, R> Readers<O, R> {
    pub(super) fn new(next: u64) -> Self {
        Self {
            drained: Walker::new(next),
            snapshot: Walker::new(next),
            generation: 0,
        }
    }

    pub(super) fn drain(
        &mut self,
        shared: &Shared<O, R>,
        history: &mut History<O, R>,
        most: u64,
    ) -> Walked<O, R> {
        let walked = self.drained.walk::<Moving>(shared, history, most);
        self.generation += u64::from(walked.recycled);
        walked
    }

    pub(super) fn snapshot(
        &mut self,
        shared: &Shared<O, R>,
        history: &mut History<O, R>,
    ) -> Walked<O, R>
    where
        O: Clone,
        R: Clone,
    {
        self.snapshot.follow(&self.drained, self.drained.next);
        self.snapshot.walk::<Cloning>(shared, history, u64::MAX)
    }

    pub(super) fn tail(
        &mut self,
        tail: &mut TailState<O, R>,
        shared: &Shared<O, R>,
        history: &mut History<O, R>,
    ) -> Walked<O, R>
    where
        O: Clone,
        R: Clone,
    {
        if tail.generation != Some(self.generation) || tail.next < self.drained.next {
            tail.walker.follow(&self.drained, tail.next);
        }
        // Until the walk has ended: a panic in a `Clone` leaves it so, and the next read begins here again.
        tail.generation = None;
        let walked = tail.walker.walk::<Cloning>(shared, history, u64::MAX);
        tail.generation = Some(self.generation);
        tail.next = tail.walker.next;
        walked
    }

    /// The state of a tail that begins with what was not drained.
    pub(super) fn new_tail(&self) -> TailState<O, R> {
        let next = self.drained.next;
        TailState {
            walker: Walker::new(next),
            next,
            generation: None,
        }
    }

    /// Drops what was published and not drained if `payloads` need it, and recycles every segment.
    ///
    /// # Safety
    ///
    /// Nobody else reads, and nobody has a lease.
    pub(super) unsafe fn discard(&mut self, registry: &Registry<O, R>, floor: u64, payloads: bool) {
        self.drained.discover(registry);
        self.drained.next = floor;
        let mut discard = Discard {
            runs: self.drained.runs.iter_mut(),
            floor,
            payloads,
        };
        discard.run();
    }
}

/// Where a tail is.
pub(super) struct TailState<O, R> {
    walker: Walker<O, R>,
    /// The first stamp that no read has returned.
    next: u64,
    /// The [generation](Readers::generation) in which the walker is right.
    generation: Option<u64>,
}

// SAFETY: its pointers are used under the readers' lock of the recorder it belongs to only.
unsafe impl<O: Send, R: Send> Send for TailState<O, R> {}
// SAFETY: a shared reference to it does nothing.
unsafe impl<O: Send, R: Send> Sync for TailState<O, R> {}

/// Drops what is left in segments, and goes on with the rest if a `Drop` panics.
struct Discard<'a, O, R> {
    runs: std::slice::IterMut<'a, Run<O, R>>,
    floor: u64,
    payloads: bool,
}

impl<O, R> Discard<'_, O, R> {
    fn run(&mut self) {
        for run in self.runs.by_ref() {
            let mut rest = Rest {
                run,
                floor: self.floor,
            };
            if self.payloads {
                // SAFETY: whoever made this vouches that nobody else uses the segments.
                unsafe { rest.drop_payloads() };
            }
        }
    }
}

impl<O, R> Drop for Discard<'_, O, R> {
    fn drop(&mut self) {
        self.run();
    }
}

/// One segment of a [`Discard`]; recycles it at the end, come what may.
struct Rest<'a, O, R> {
    run: &'a mut Run<O, R>,
    floor: u64,
}

impl<O, R> Rest<'_, O, R> {
    /// # Safety
    ///
    /// Nobody else uses the segment.
    unsafe fn drop_payloads(&mut self) {
        // SAFETY: the segment is alive and ours; each payload is dropped once, as the position moves first.
        unsafe {
            let segment = self.run.segment.as_ref();
            let slots = Segment::slots(self.run.segment);
            while self.run.cursor.position < segment.capacity {
                let slot = slots.add(self.run.cursor.position as usize).as_ref();
                let word = slot.word();
                if word.number() < segment.floor() {
                    return;
                }
                self.run.cursor.position += 1;
                slot.drop_payload(word.tag());
            }
        }
    }
}

impl<O, R> Drop for Rest<'_, O, R> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // SAFETY: as for the first call; a second panic ends the process.
            unsafe { self.drop_payloads() };
        }
        // SAFETY: the segment is alive.
        unsafe { self.run.segment.as_ref() }.recycle(self.floor);
        self.run.cursor = Cursor::START;
    }
}
