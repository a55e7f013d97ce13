//! The write side: what one process records, and the only code on the path of the operation under test.
//!
//! The invariants of a [`Process`]:
//!
//! - The slots from `next` to the segment's end are its own and unpublished.
//! - While an operation is open, the slot at `next` is there for its completion: a completion never
//!   allocates and never waits.
//! - Once muted (`cut` is 0), it stamps events and keeps none.

use std::{
    fmt, mem,
    ptr::{self, NonNull},
    time::Instant,
};

use super::{
    call::{Call, Failure},
    segment::{LEAST_ROOM, Segment, Slot, name_process},
    shared::Shared,
};
use crate::{
    event::{ProcessId, Text},
    packed::{BoxedText, Payload, Tag, Word, boxed},
    sync::Arc,
};

/// A logical single-threaded client, and the handle through which it records.
///
/// Made by [`Recorder::process`](crate::Recorder::process). It is `Send`, so it can move into a thread or a
/// task and between them; it is neither `Sync` nor `Clone`, since two threads are two processes:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<tachograph::Process<u64, u64>>();
/// ```
///
/// At most one operation is open at a time, and the compiler sees to it:
///
/// ```compile_fail,E0499
/// # let recorder = tachograph::Recorder::<&str, ()>::new();
/// # let mut process = recorder.process();
/// let first = process.invoke("first");
/// let second = process.invoke("second");
/// first.ok(());
/// ```
///
/// It owns its share of the recorder, so it is `'static`; where it outlives the recorder, what it records is
/// kept by nobody, and costs no further memory than the segment at hand.
///
/// # When it is dropped
///
/// Its unused slots go to the next process. Forgetting it ([`mem::forget`]) loses them, and the recorder
/// cannot be [cleared](crate::Recorder::clear) any more.
pub struct Process<O, R> {
    /// The first slot not yet written.
    next: *mut Slot<O, R>,
    /// From slots before this one on, an operation can be recorded without further ado.
    ready: *mut Slot<O, R>,
    /// Stamps from here on are not kept.
    cut: u64,
    /// Whether an operation is open. Still so before an invocation, if its [`Call`] was forgotten.
    open: bool,
    /// Whether the slots before `next` name this process.
    named: bool,
    /// The size class of the next segment.
    class: usize,
    id: ProcessId,
    /// Nanoseconds, of the last event.
    time: u64,
    /// When the recorder began, if it keeps time.
    began: Option<Instant>,
    segment: Option<NonNull<Segment<O, R>>>,
    shared: Arc<Shared<O, R>>,
}

// SAFETY: the pointers lead to a segment that this process has the lease of and that `shared` keeps alive.
// Payloads are left there for another thread to drop or take, which asks for `Send`.
unsafe impl<O: Send, R: Send> Send for Process<O, R> {}

impl<O, R> Process<O, R> {
    pub(super) fn new(shared: Arc<Shared<O, R>>) -> Self {
        Self {
            next: ptr::null_mut(),
            ready: ptr::null_mut(),
            cut: shared.cut_stamp(),
            open: false,
            named: false,
            class: shared.first_class(),
            id: shared.fresh_process(),
            time: 0,
            began: shared.began,
            segment: None,
            shared,
        }
    }

    /// The id under which the next event will be recorded. A fresh one after every `info`.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Records that the process is about to start an operation.
    ///
    /// Do so immediately before: the event takes its index last of all, and what comes between it and the
    /// operation widens the operation for the checker. The [`Call`] that comes back wants to be told the
    /// outcome; dropped without, also by unwinding, it records `info`.
    ///
    /// Wait-free, except when it takes a new segment: that is lock-free, and may call the allocator.
    #[inline]
    pub fn invoke(&mut self, op: O) -> Call<'_, O, R> {
        if self.is_ready() || self.prepare() {
            // SAFETY: ready, so the slot at `next` is ours and unpublished.
            unsafe { self.write(Payload::of_op(op)) };
            self.note_time();
            let stamp = self.shared.stamp();
            self.open = true;
            if stamp < self.cut {
                // SAFETY: the payload is the operation just written.
                unsafe { self.publish(stamp, Tag::Invoke) };
            } else {
                self.mute();
                // SAFETY: the slot stays unpublished: only we know what is in it.
                unsafe { (*self.next).drop_payload(Tag::Invoke) };
            }
        } else {
            self.open = true;
            self.lose_event();
        }
        Call::new(self)
    }

    /// Runs an operation between its invocation and its completion, and returns its result.
    ///
    /// If it panics, `info` is recorded (without the panic's message) and the panic goes on. The result is cloned after the completion has
    /// taken its index, so that cloning does not widen the operation; if cloning panics, the completion is an
    /// `info`, and the panic goes on; while it waits, no reader gets beyond this event. A result that cannot be cloned
    /// goes through [`invoke`](Self::invoke) and [`Call::ok`].
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// let recorder = tachograph::Recorder::new();
    /// let counter = AtomicU64::new(0);
    /// let mut process = recorder.process();
    /// assert_eq!(process.op("increment", || counter.fetch_add(1, Relaxed)), 0);
    /// ```
    #[inline]
    pub fn op(&mut self, op: O, f: impl FnOnce() -> R) -> R
    where
        R: Clone,
    {
        let call = self.invoke(op);
        let ret = f();
        call.ok_cloned(&ret);
        ret
    }

    /// As [`op`](Self::op), for an operation that can return an error: `judge` says what that means.
    ///
    /// `judge` runs before the completion takes its index: harmless, since neither `fail` nor `info` ends an operation at
    /// a certain time. If it panics, `info` is recorded.
    ///
    /// ```
    /// use tachograph::{Failure, Recorder};
    ///
    /// let recorder = Recorder::new();
    /// let queue = crossbeam::queue::ArrayQueue::new(1);
    /// let mut process = recorder.process();
    /// for value in [7, 8] {
    ///     // A full queue has not taken the value: the push did not apply.
    ///     let _ = process.try_op(("push", value), || queue.push(value), |_| Failure::fail());
    /// }
    /// let history = recorder.snapshot();
    /// assert_eq!(history.get(3).unwrap().kind, tachograph::EventKind::Fail);
    /// ```
    ///
    /// # Errors
    ///
    /// What `f` returns.
    #[inline]
    pub fn try_op<E>(
        &mut self,
        op: O,
        f: impl FnOnce() -> Result<R, E>,
        judge: impl FnOnce(&E) -> Failure,
    ) -> Result<R, E>
    where
        R: Clone,
    {
        let call = self.invoke(op);
        let result = f();
        call.complete(result.as_ref(), judge);
        result
    }

    /// As [`op`](Self::op), for a future of any runtime.
    ///
    /// The invocation is recorded when the future that this returns is first polled. Dropped before it is
    /// done (a timeout, a `select!` that took another branch, an aborted task), it records `info`, since the
    /// operation may have got anywhere. A panic inside does the same and goes on.
    pub async fn op_async(&mut self, op: O, future: impl Future<Output = R>) -> R
    where
        R: Clone,
    {
        let call = self.invoke(op);
        let ret = future.await;
        call.ok_cloned(&ret);
        ret
    }

    /// As [`try_op`](Self::try_op) and [`op_async`](Self::op_async) in one.
    ///
    /// # Errors
    ///
    /// What the future returns.
    pub async fn try_op_async<E>(
        &mut self,
        op: O,
        future: impl Future<Output = Result<R, E>>,
        judge: impl FnOnce(&E) -> Failure,
    ) -> Result<R, E>
    where
        R: Clone,
    {
        let call = self.invoke(op);
        let result = future.await;
        call.complete(result.as_ref(), judge);
        result
    }

    /// Records something that belongs to no operation: a fault injected, a phase begun.
    ///
    /// Marks are in the same order as everything else. A thread that injects faults takes a process of its own for them.
    ///
    /// Takes one slot and one small allocation; aborts the program if that fails. So do reasons given to `fail` and
    /// `info`.
    pub fn mark(&mut self, text: impl Into<Text>) {
        let text = boxed(Some(text.into()));
        if self.is_ready() || self.prepare() {
            self.shared.note_text();
            let stamp = self.shared.stamp();
            // SAFETY: ready, so the slot at `next` is ours and unpublished.
            unsafe { self.end(stamp, Tag::Mark, Payload::of_text(text)) };
        } else {
            self.lose_event();
        }
    }

    /// The open operation returned `ret`.
    #[inline]
    pub(super) fn complete_ok(&mut self, ret: R) {
        let stamp = self.shared.stamp();
        self.open = false;
        // SAFETY: an operation is open, so the slot at `next` is ours and unpublished, or we are muted.
        unsafe { self.end(stamp, Tag::Ok, Payload::of_ret(ret)) };
    }

    /// The open operation returned `ret`, of which a clone is kept.
    #[inline]
    pub(super) fn complete_ok_cloned(&mut self, ret: &R)
    where
        R: Clone,
    {
        /// Completes the operation with `info` if cloning panics: its index is taken, and a slot that
        /// stays empty would end the history for ever.
        struct InfoOnUnwind<'p, O, R>(&'p mut Process<O, R>, u64);

        impl<O, R> Drop for InfoOnUnwind<'_, O, R> {
            #[cold]
            fn drop(&mut self) {
                self.0.end_info(self.1, None);
            }
        }

        let stamp = self.shared.stamp();
        if stamp >= self.cut {
            self.open = false;
            return self.mute();
        }
        let guard = InfoOnUnwind(self, stamp);
        let ret = ret.clone();
        mem::forget(guard);
        self.open = false;
        // SAFETY: an operation is open, so the slot at `next` is ours and unpublished.
        unsafe { self.end(stamp, Tag::Ok, Payload::of_ret(ret)) };
    }

    /// The open operation did not apply.
    pub(super) fn complete_fail(&mut self, error: Option<Text>) {
        let error = self.boxed_error(error);
        let stamp = self.shared.stamp();
        self.open = false;
        // SAFETY: an operation is open, so the slot at `next` is ours and unpublished, or we are muted.
        unsafe { self.end(stamp, Tag::Fail, Payload::of_text(error)) };
    }

    /// Nobody knows what became of the open operation.
    pub(super) fn complete_info(&mut self, error: Option<Text>) {
        let error = self.boxed_error(error);
        let stamp = self.shared.stamp();
        self.end_info(stamp, error);
    }

    fn boxed_error(&self, error: Option<Text>) -> BoxedText {
        if error.is_some() {
            self.shared.note_text();
        }
        boxed(error)
    }

    /// Publishes the `info` of the open operation, and takes a fresh id.
    fn end_info(&mut self, stamp: u64, error: BoxedText) {
        self.open = false;
        // SAFETY: an operation is open, so the slot at `next` is ours and unpublished, or we are muted.
        unsafe { self.end(stamp, Tag::Info, Payload::of_text(error)) };
        self.id = self.shared.fresh_process();
        self.named = false;
        self.ready = ptr::null_mut();
    }

    /// Writes and publishes a payload that was stamped before.
    ///
    /// # Safety
    ///
    /// The slot at `next` is ours and unpublished, unless the stamp is past the cut. The payload is what
    /// `tag` says.
    #[inline(always)]
    unsafe fn end(&mut self, stamp: u64, tag: Tag, mut payload: Payload<O, R>) {
        // SAFETY: the caller vouches for slot and payload; where it is not written, it has no other owner.
        unsafe {
            if stamp < self.cut {
                self.write(payload);
                self.note_time();
                self.publish(stamp, tag);
            } else {
                self.mute();
                payload.drop_as(tag);
            }
        }
    }

    /// # Safety
    ///
    /// The slot at `next` is ours and unpublished.
    #[inline(always)]
    unsafe fn write(&mut self, payload: Payload<O, R>) {
        // SAFETY: the caller vouches for the slot.
        unsafe { (*self.next).write(payload) };
    }

    /// # Safety
    ///
    /// The slot at `next` is ours and unpublished, and its payload is what `tag` says.
    #[inline(always)]
    unsafe fn publish(&mut self, stamp: u64, tag: Tag) {
        // SAFETY: the caller vouches for the slot; the one behind it is at most the end of the segment.
        unsafe {
            (*self.next).publish(Word::new(stamp, tag));
            self.next = self.next.add(1);
        }
    }

    /// Writes down the time of the event at `next`, if times are kept.
    #[inline(always)]
    fn note_time(&mut self) {
        if let Some(began) = self.began {
            self.write_time(began.elapsed().as_nanos() as u64);
        }
    }

    fn write_time(&mut self, now: u64) {
        self.time = self.time.max(now);
        if let Some(segment) = self.segment {
            // SAFETY: `shared` keeps the segment alive, whenever an event is to be written `next` is one of
            // its slots, and the slot is ours.
            unsafe {
                if let Some(times) = Segment::times(segment) {
                    times.add(self.position()).write(self.time);
                }
            }
        }
    }

    /// The number of the slot at `next`.
    fn position(&self) -> usize {
        self.segment.map_or(0, |segment| {
            // SAFETY: `shared` keeps the segment alive, and `next` points to one of its slots or to its end.
            unsafe { self.next.offset_from(Segment::slots(segment).as_ptr()) as usize }
        })
    }

    /// Whether an operation can be recorded as it is: two free slots, and the last one was completed.
    #[inline(always)]
    fn is_ready(&self) -> bool {
        self.next < self.ready && !self.open
    }

    /// Makes ready: names the process in the segment, or takes a new segment. Whether that worked; if not,
    /// the process is mute.
    #[cold]
    #[inline(never)]
    fn prepare(&mut self) -> bool {
        if self.open {
            // The call was forgotten (`mem::forget`). Nobody knows what became of it.
            self.complete_info(None);
        }
        if self.cut == 0 || !self.shared.keeps_events() {
            self.mute();
            return false;
        }
        let needed = 2 + usize::from(!self.named);
        if self.free() < needed {
            self.fill_up();
            let Some(segment) = self.shared.lease(self.class) else {
                self.segment = None;
                self.mute();
                return false;
            };
            self.adopt(segment);
        }
        if !self.named {
            self.name_next_slot();
            self.named = true;
        }
        // An operation takes two slots: the last one before the end is no place to begin.
        self.ready = self.next.wrapping_add(self.free() - 1);
        true
    }

    fn adopt(&mut self, segment: NonNull<Segment<O, R>>) {
        // SAFETY: `shared` keeps the segment alive; the first free slot is one of its slots.
        unsafe {
            let used = segment.as_ref().used() as usize;
            self.next = Segment::slots(segment).add(used).as_ptr();
        }
        self.segment = Some(segment);
        self.named = false;
        self.class = Segment::<O, R>::class_after(self.class, self.began.is_some());
    }

    /// The number of free slots.
    fn free(&self) -> usize {
        // SAFETY: `shared` keeps the segment alive.
        self.segment
            .map_or(0, |segment| unsafe { segment.as_ref() }.capacity as usize)
            - self.position()
    }

    /// Writes the name of the process into the next slot, of which there is one.
    fn name_next_slot(&mut self) {
        if let Some(segment) = self.segment {
            // SAFETY: `shared` keeps the segment alive, and the caller has seen to the slot.
            unsafe {
                name_process(&*self.next, self.id, segment.as_ref().floor());
                self.next = self.next.add(1);
            }
        }
    }

    /// Uses up the slots that are too few for anything, so that a drain gets to the segment's end.
    fn fill_up(&mut self) {
        while self.free() > 0 {
            self.name_next_slot();
        }
    }

    /// Keeps nothing any more.
    #[cold]
    fn mute(&mut self) {
        self.cut = 0;
        self.ready = ptr::null_mut();
    }

    /// Takes the stamp of an event that there is no slot for. The history ends before it.
    #[cold]
    fn lose_event(&mut self) {
        let stamp = self.shared.stamp();
        self.shared.cut_at(stamp);
    }
}

impl<O, R> fmt::Debug for Process<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl<O, R> Drop for Process<O, R> {
    /// Completes an operation whose [`Call`] was forgotten, and hands on what is left of the segment.
    fn drop(&mut self) {
        if self.open {
            self.complete_info(None);
        }
        if self.free() < LEAST_ROOM as usize {
            return self.fill_up();
        }
        if let Some(segment) = self.segment {
            // SAFETY: `shared` keeps the segment alive.
            let segment = unsafe { segment.as_ref() };
            segment.set_used(self.position() as u32);
            self.shared.give_back(segment);
        }
    }
}
