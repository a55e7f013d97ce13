//! The write side: a [`Recorder`], the [`Process`]es that record through it, and the readers of what they did.
//!
//! # What the order means
//!
//! A history is an account of an object under test, and it is judged by its order. So the order must neither
//! claim what did not happen (a false alarm) nor leave out what did (a bug missed). Five rules:
//!
//! 1. **One order.** Every event takes its index from one shared counter by `fetch_add`, and the index order is
//!    the counter's modification order. If an event happens before another, its index is smaller.
//! 2. **Containment.** The effects of an operation lie between its two events. An invocation takes its index
//!    last of all, immediately before the operation starts; an `ok` takes it first of all, immediately after the
//!    operation returns. (When a `fail` or an `info` takes it does not matter: neither ends an operation at a
//!    certain time.)
//! 3. **Prefixes only.** Whatever a reader returns is the longest run of events without a gap: from where the last
//!    drain ended (0, if there was none), all with an index below its end, and nothing else. A prefix is sound to check: an operation that has not completed in it is
//!    open. A history with a hole is not, since a result may be there that an operation in the hole explains.
//! 4. **No code of the user's between index and publication.** It might panic or wait, and a slot that stays
//!    empty ends the history for ever. Operations are built before; the one exception, the clone of a result in
//!    [`Process::op`], is guarded by an `info` that takes the place if it panics.
//! 5. **One operation at a time.** A process that does not know what became of its operation never completes
//!    it: after an `info` it goes on under a fresh id.
//!
//! # Why it holds
//!
//! Let *stamp* be the `fetch_add`, which is `AcqRel`, and let a process do these things, in this order, in
//! slots that only it writes:
//!
//! ```text
//!  invocation   write the operation → stamp i → publish i        (slot.stamp = i, Release)
//!               the operation itself
//!  completion   stamp j → write the result → publish j           (slot.stamp = j, Release)
//! ```
//!
//! *One order.* Read-modify-writes of one variable are totally ordered, and the order extends happens-before
//! (coherence): if `a` happens before `b`, then `a`'s stamp comes first. Nothing but stamps ever changes the
//! counter while it is shared, so indices are dense.
//!
//! *Containment, forwards.* Take a completion stamped `j` and an invocation stamped `i > j` by another process.
//! The completion's stamp is a release, and heads a release sequence. All later writes to the counter are
//! read-modify-writes and so continue it, up to the one that `i`'s stamp reads from. `i`'s stamp is an acquire.
//! So the first operation's effects happen before everything that the second one does, **even if the object
//! uses nothing but relaxed atomics**, on any architecture. A checker that demands that the second sees the first
//! is right to. With a relaxed stamp on either side it would not be: on Arm or RISC-V the second could read an
//! old value, and a correct object would be convicted.
//!
//! *Containment, backwards.* By the same step the first operation cannot see the second: what it read happens
//! before what the second writes, and no read returns a write that it happens before. So whoever saw an effect of
//! an operation completes after that operation was invoked.
//!
//! *Prefixes.* A reader first loads the counter (acquire), then the list of segments. Whoever took a stamp below
//! the value it loaded had its slots registered before: so the reader finds each segment in which such an event
//! is or will be. It loads each slot's stamp with acquire, which pairs with the release of the publication, and
//! takes the payload only if the stamp is there. Each stamp taken has exactly one slot. So a range of indices
//! is complete exactly if as many slots were found as it has indices, and otherwise the history ends at the
//! first index that was not found.
//!
//! *Memory that is used again.* A segment that was drained, or cleared, gets a *floor* above every stamp in it:
//! a slot counts as published only if its stamp has reached the floor. It returns to the pool after that, and
//! the pool's push and pop are a release and an acquire; so the next process to write to it writes after the
//! reader has moved everything out, and stamps above the floor.
//!
//! *What a clearing resets.* The counter is not touched: a plain store would break the release sequence. Index 0
//! moves to where the counter is.
//!
//! # What it costs, and what it hides
//!
//! An event costs one `fetch_add` on a shared cache line, and stores into memory that no other core writes to.
//! A process takes a new segment every so often, without a lock of ours; it may call the allocator. Recording never waits, neither for others that
//! record nor for readers; readers wait for one another.
//!
//! The same `fetch_add` hides some bugs, and this is the price of never raising a false alarm: on x86, RISC-V, and AArch64 with
//! LSE (8.1 and later) it is a full barrier, and everywhere it orders each completion before all later invocations. An object that lacks
//! a fence *between* two operations of different threads may pass here and fail without a recorder. Races
//! *within* operations that overlap are not hidden: nothing is recorded between an invocation and its
//! completion.
//!
//! # Under shuttle
//!
//! [Shuttle](https://docs.rs/shuttle) runs the threads of a test as tasks on one thread, and its scheduler chooses which goes on wherever
//! one comes to an access to what they share. With the feature `shuttle`, each event is such a point too: the task comes to it
//! immediately before the event takes its index, and to none before it is published. So the order of the indices is that of the
//! schedule, the scheduler tries the orders of events as it does those of accesses, and a schedule that is replayed
//! gives the same history (but for [timestamps](Builder::timestamps)).
//! While a task unwinds, events are no points: another task would find locks poisoned that no panic of its own has poisoned. The tasks
//! are on one thread, so that holds for all of them, should what the panic drops let others go on.
//!
//! Readers are no points of the schedule; one that finds another at work, in the user's `Clone`, lets the others go on. Outside
//! of an execution of shuttle's the feature changes nothing but that each event looks whether there is one, at the cost
//! of some nanoseconds; so a build in which somebody else switched it on is none the worse.
//!
//! # Under loom
//!
//! In a model of a user's, which is built with `--cfg loom`, the recorder keeps the atomics of `std`, which loom does not see (as
//! long as the feature `loom` is off: it is for the recorder's own models). So recording adds nothing to what loom
//! knows of who sees what, and hides nothing: a load may return an old value as it may without a recorder, and a
//! history shows what came of it. Loom runs one thread at a time, so indices are in the order in which it did.
//!
//! That order is not one that the object could know, though, for between an operation that completed and one invoked
//! later there is nothing that loom would see, unless the program puts it there (by joining a thread, say). The second may rightly miss the
//! effects of the first. So linearizability is too much to ask, and what such histories are to be held against is at most
//! sequential consistency (`check::sequentially_consistent`), which asks only for the order within each process. (Build
//! a recorder in each execution: nothing of loom's is in it.)
//!
//! A message that is passed without release and acquire: the flag is seen, and what was written before is not. With loom as a
//! dependency of `cfg(loom)`, and `RUSTFLAGS="--cfg loom" cargo test --release`, this fails, and shows the history:
//!
//! ```
//! # #[cfg(all(loom, feature = "check", not(feature = "loom")))]
//! loom::model(|| {
//!     use loom::sync::{Arc, atomic::{AtomicBool, AtomicU64, Ordering::Relaxed}};
//!     use tachograph::{Recorder, check::{self, Budget}, model::{Register, register::Op}};
//!
//!     let recorder = Recorder::new();
//!     let message = Arc::new((AtomicU64::new(0), AtomicBool::new(false)));
//!     let (mut writer, mut reader) = (recorder.process(), recorder.process());
//!     let sent = Arc::clone(&message);
//!     let sender = loom::thread::spawn(move || {
//!         writer.op(Op::Write(7), || {
//!             sent.0.store(7, Relaxed);
//!             sent.1.store(true, Relaxed); // should be `Release`
//!             None
//!         });
//!     });
//!     // The flag should be loaded with `Acquire`.
//!     reader.op(Op::Read, || message.1.load(Relaxed).then(|| message.0.load(Relaxed)));
//!     sender.join().unwrap();
//!
//!     let history = recorder.snapshot();
//!     let report = check::sequentially_consistent(&Register::new(), &history, &Budget::unlimited());
//!     assert!(report.verdict.is_linearizable(), "{history}");
//! });
//! ```
//!
//! With release and acquire it passes. `tests/loom_for_users.rs` has both.
//!
//! Even that may be too much:
//!
//! - **Of several objects together.** Each may be sequentially consistent and all of them not: two threads each write one of two
//!   registers and then read the other, and both read the old value. Held together against a map, correct registers would be
//!   convicted. Check one object at a time, with a history of its own.
//! - **Of `SeqCst`.** Loom takes a `SeqCst` access for `AcqRel`, so it comes to executions that there are not. An object that is right
//!   only because its accesses are `SeqCst` is convicted, unless it uses `fence(SeqCst)`, which loom knows.
//! - **Of an object that promises less,** such as a counter in several cells, whose sum was perhaps never there. Hold it against what it promises, by
//!   assertions of your own on the history.

mod call;
mod pool;
mod process;
mod registry;
mod segment;
mod shared;
mod tail;
mod walker;

use std::{fmt, marker::PhantomData, mem};

pub use self::{
    call::{Call, Failure},
    process::Process,
    tail::Tail,
};
use self::{
    shared::Shared,
    walker::{Readers, Walked},
};
use crate::{history::History, sync::Arc};

/// Records what processes do, in one order.
///
/// `O` is an operation with its arguments, mostly an enum such as `Write(u64)`; `R` is a result.
///
/// A recorder is shared by reference or in an [`Arc`]; each thread or task takes a
/// [`process`](Self::process) of its own and records through it. See the [module](self) for what the order
/// means and why it holds.
pub struct Recorder<O, R> {
    shared: Arc<Shared<O, R>>,
}

/// Configures a [`Recorder`].
pub struct Builder<O, R> {
    room: u64,
    limit: u64,
    timestamps: bool,
    builds: PhantomData<fn() -> Recorder<O, R>>,
}

impl<O, R> fmt::Debug for Builder<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            room,
            limit,
            timestamps,
            builds: _,
        } = self;
        f.debug_struct("Builder")
            .field("room", room)
            .field("limit", limit)
            .field("timestamps", timestamps)
            .finish()
    }
}

impl<O, R> Builder<O, R> {
    /// Allocates and touches memory for `events` events now, so that recording does not have to.
    ///
    /// A process leases memory by the segment. The room is made of segments of a sixteenth of it, but no larger
    /// than 2 MiB and no smaller than 8 events; where several processes record at once, leave room for one such
    /// segment more for each. If the allocator refuses, there is less room, and recording asks again.
    #[must_use]
    pub fn room(self, events: u64) -> Self {
        Self {
            room: events,
            ..self
        }
    }

    /// Keeps at most `events` events: the history is cut at this index, and says how many events came after.
    ///
    /// Events that were drained count as well. A limit of 0 keeps nothing and counts everything. Without a
    /// limit there is room for 2^61 events.
    #[must_use]
    pub fn limit(self, events: u64) -> Self {
        Self {
            limit: events,
            ..self
        }
    }

    /// Writes down when each event happened, in nanoseconds since the recorder was built, also after
    /// [`clear`](Recorder::clear).
    ///
    /// Costs 8 bytes an event, and reading the clock.
    #[must_use]
    pub fn timestamps(self, on: bool) -> Self {
        Self {
            timestamps: on,
            ..self
        }
    }

    /// Builds the recorder.
    pub fn build(self) -> Recorder<O, R> {
        Recorder {
            shared: Arc::new(Shared::new(self.limit, self.timestamps, self.room)),
        }
    }
}

impl<O, R> Recorder<O, R> {
    /// A recorder without limit or timestamps, which grows as it is used.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings for a recorder.
    pub fn builder() -> Builder<O, R> {
        Builder {
            room: 0,
            limit: u64::MAX,
            timestamps: false,
            builds: PhantomData,
        }
    }

    /// A new process, under a fresh id.
    ///
    /// Lock-free; allocates nothing before the first event.
    pub fn process(&self) -> Process<O, R> {
        Process::new(Arc::clone(&self.shared))
    }

    /// How many events have taken an index, those that were drained and those about to be published included;
    /// at most the index at which the history is cut.
    pub fn len(&self) -> u64 {
        self.shared.index_of(self.shared.end())
    }

    /// Whether no event has taken an index.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A history of what has been recorded and not drained: clones of the longest prefix without a gap.
    ///
    /// Every event that happened before the call is in it, unless one with a smaller index is still being
    /// written by another thread. Recording goes on meanwhile and never waits for this; other readers do.
    ///
    /// **Deadlocks** if the `Clone` of `O` or `R` reads the same recorder.
    ///
    /// O(events), about as fast as memory can be copied.
    ///
    /// # Panics
    ///
    /// If a `Clone` does; recorder and readers are none the worse for it. If there is no memory for the history, the
    /// program is aborted (as by `Vec`).
    pub fn snapshot(&self) -> History<O, R>
    where
        O: Clone,
        R: Clone,
    {
        let mut history = History::new();
        self.snapshot_into(&mut history);
        history
    }

    /// As [`snapshot`](Self::snapshot), with the memory of a history that is no longer needed. Allocates
    /// nothing if that is enough.
    pub fn snapshot_into(&self, history: &mut History<O, R>)
    where
        O: Clone,
        R: Clone,
    {
        self.read_into(history, |readers, shared, history| {
            readers.snapshot(shared, history)
        });
    }

    /// A reader whose successive calls return only what is new, beginning with what has not been drained.
    pub fn tail(&self) -> Tail<'_, O, R> {
        Tail::new(self, self.shared.readers().new_tail())
    }

    /// Takes out what is new since the last call, without cloning it, and gives its memory back to the pool.
    ///
    /// The history begins where the last one [ended](History::end). A recorder that is drained often enough
    /// runs in bounded memory for as long as it likes. Later snapshots begin here.
    pub fn drain(&self) -> History<O, R> {
        let mut history = History::new();
        self.drain_into(&mut history);
        history
    }

    /// As [`drain`](Self::drain), with the memory of a history that is no longer needed.
    pub fn drain_into(&self, history: &mut History<O, R>) {
        self.drain_up_to(u64::MAX, history);
    }

    /// As [`drain_into`](Self::drain_into), and takes no more than `events` events.
    ///
    /// The form for a loop that keeps up with busy processes in bounded memory: what was taken can be recorded
    /// into again at once, and a history of some hundred thousand events stays in a cache.
    ///
    /// ```
    /// # let recorder = tachograph::Recorder::<u64, u64>::new();
    /// # (0..100).for_each(|n| recorder.process().invoke(n).ok(n));
    /// let mut history = tachograph::History::new();
    /// loop {
    ///     recorder.drain_up_to(64, &mut history);
    ///     if history.is_empty() {
    ///         break; // for the time being
    ///     }
    ///     // … check it, write it to a file …
    /// }
    /// assert_eq!(history.start(), 200);
    /// ```
    pub fn drain_up_to(&self, events: u64, history: &mut History<O, R>) {
        self.read_into(history, |readers, shared, history| {
            readers.drain(shared, history, events)
        });
    }

    /// Moves out what has been recorded and not drained: the longest prefix without a gap.
    ///
    /// Processes that are still there go on, and nobody will see what they record.
    pub fn into_history(self) -> History<O, R> {
        self.drain()
    }

    /// Drops all events and starts again at index 0 and process 0, with the memory there is.
    ///
    /// # Errors
    ///
    /// If any [`Process`] is alive: the next history would hold completions of operations that nobody
    /// invoked. Nothing is changed then.
    ///
    /// # Panics
    ///
    /// If the `Drop` of an event does; the recorder is cleared all the same. (A second panic meanwhile aborts the
    /// program, as it does with a `Vec`.)
    pub fn clear(&mut self) -> Result<(), ProcessesAlive> {
        match Arc::get_mut(&mut self.shared) {
            Some(shared) => {
                shared.clear();
                Ok(())
            }
            None => Err(ProcessesAlive {
                // At least one: the last may be gone by now.
                processes: (Arc::strong_count(&self.shared) - 1).max(1),
            }),
        }
    }

    /// Fills a history under the readers' lock. If that panics, the history is left empty.
    fn read_into(
        &self,
        history: &mut History<O, R>,
        read: impl FnOnce(&mut Readers<O, R>, &Shared<O, R>, &mut History<O, R>) -> Walked<O, R>,
    ) {
        // A `Drop` of the user's may take its time or use this recorder: none runs under the lock.
        let mut filled = mem::take(history);
        filled.clear();
        let walked = read(&mut self.shared.readers(), &self.shared, &mut filled);
        *history = filled;
        drop(walked.behind_gap);
    }
}

impl<O, R> Default for Recorder<O, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O, R> Drop for Recorder<O, R> {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}

impl<O, R> fmt::Debug for Recorder<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A recorder cannot be [cleared](Recorder::clear) while processes record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessesAlive {
    /// How many there were, at least one.
    pub processes: usize,
}

impl fmt::Display for ProcessesAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a recorder cannot be cleared while processes are alive, and there are {}: drop them first",
            self.processes
        )
    }
}

impl std::error::Error for ProcessesAlive {}
