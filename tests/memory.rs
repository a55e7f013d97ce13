//! What is allocated when, what happens when nothing can be, and the bounds on everything that is counted.
//! One test at a time: they share an allocator that counts and can be told to fail.
#![cfg(not(loom))]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    mem,
    sync::{Mutex, MutexGuard},
    thread,
};

use tachograph::{Cut, CutReason, History, Process, ProcessesAlive, Recorder};

/// The system's allocator, which counts for each thread, and fails where it is told to.
struct Allocator;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    /// The most that they were.
    static PEAK: Cell<usize> = const { Cell::new(0) };
    /// From this size on, this thread's allocations of zeroed memory fail. (Segments are zeroed.)
    static FAIL_FROM: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn count(layout: Layout) {
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
    let _ = BYTES.try_with(|bytes| {
        bytes.set(bytes.get().wrapping_add(layout.size()));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(bytes.get())));
    });
}

// SAFETY: all is passed on to the system's allocator, or is a null pointer.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: as the caller vouches.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if FAIL_FROM
            .try_with(Cell::get)
            .is_ok_and(|from| layout.size() >= from)
        {
            return std::ptr::null_mut();
        }
        count(layout);
        // SAFETY: as the caller vouches.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get().wrapping_sub(layout.size())));
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// The bytes that this thread's allocations hold.
fn bytes() -> usize {
    BYTES.get()
}

/// What `f` returns, and the most bytes that this thread's allocations held meanwhile, beyond those before.
#[cfg(feature = "check")]
fn peak<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = bytes();
    PEAK.set(before);
    let result = f();
    (result, PEAK.get() - before)
}

/// The bytes of memory behind this whole program, where the system tells.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok());
    pages.map_or(0, |pages: usize| pages * 4096)
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// How many allocations `f` makes.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

fn operations(recorder: &Recorder<u64, u64>, count: u64) {
    let mut process = recorder.process();
    (0..count).for_each(|n| process.invoke(n).ok(n));
}

/// Lets this thread's allocations of zeroed memory fail while `f` runs.
fn without_memory<T>(f: impl FnOnce() -> T) -> T {
    FAIL_FROM.set(0);
    let result = f();
    FAIL_FROM.set(usize::MAX);
    result
}

#[test]
fn a_short_round_allocates_nothing_once_it_has_been_run() {
    let _alone = alone();
    let mut recorder = Recorder::new();
    let mut history = History::new();
    let mut round = || {
        let mut processes = [(); 4].map(|()| recorder.process());
        for n in 0..8 {
            processes
                .iter_mut()
                .for_each(|process| process.invoke(n).ok(n));
        }
        drop(processes);
        recorder.snapshot_into(&mut history);
        assert_eq!(history.len(), 64);
        recorder.clear().unwrap();
    };
    round();
    assert_eq!(allocations(|| (0..100).for_each(|_| round())), 0);
}

#[test]
fn recording_into_room_allocates_nothing() {
    let _alone = alone();
    let room = 3_000_000;
    for timestamps in [false, true] {
        let recorder = Recorder::builder()
            .room(room)
            .timestamps(timestamps)
            .build();
        let before = resident();
        assert_eq!(allocations(|| operations(&recorder, room / 2)), 0);
        // Nor does the kernel have to provide any of the 72 MB that were recorded.
        assert!(resident().saturating_sub(before) < 20 << 20);
    }
}

#[test]
fn drained_memory_is_used_again() {
    let _alone = alone();
    let recorder = Recorder::new();
    let mut history = History::new();
    let mut round = || {
        operations(&recorder, 150_000);
        recorder.drain_into(&mut history);
    };
    (0..3).for_each(|_| round());
    let before = (bytes(), resident());
    (0..50).for_each(|_| round()); // 360 MB
    // What is left of a segment whose process has ended is used when there is nothing better, so one or two
    // more may be taken on the way.
    assert!(bytes() - before.0 < 64 << 10);
    assert!(resident().saturating_sub(before.1) < 20 << 20);
}

#[test]
fn a_failed_allocation_cuts_the_history_and_the_process_under_test_goes_on() {
    let _alone = alone();
    let recorder = Recorder::<u64, u64>::new();
    let mut process = recorder.process();
    let mut other = recorder.process();
    other.invoke(0).ok(0);
    let mut done = 0;
    without_memory(|| {
        for n in 0..10_000 {
            process.invoke(n).ok(n);
            done += 1;
        }
    });
    assert_eq!(done, 10_000);
    other.invoke(1).ok(1);
    // The process had no segment at all: the history ends before its first event.
    let history = recorder.snapshot();
    assert_eq!(history.len(), 2);
    let lost = 2 * 10_000 + 2;
    let cut = Cut {
        index: 2,
        lost,
        reason: CutReason::OutOfMemory,
    };
    assert_eq!(history.cut(), Some(cut));
    assert!(
        cut.to_string()
            .starts_with("cut at index 2: there was no memory for more; 20002 ")
    );
    // Memory that comes back does not close the gap.
    let mut late = recorder.process();
    late.op(5, || 5);
    assert_eq!(recorder.snapshot().len(), 2);
    assert_eq!(recorder.len(), 2);
}

#[test]
fn a_completion_has_its_place_before_memory_runs_out() {
    let _alone = alone();
    let recorder = Recorder::<u64, u64>::new();
    let mut process = recorder.process();
    // However the invocations fall on the segment, the completion needs no memory.
    for n in 0..100 {
        let call = process.invoke(n);
        without_memory(|| call.ok(n));
    }
    assert_eq!(recorder.snapshot().len(), 200);
    // Nor does an `info`, although the process goes on under another name.
    for n in 0..100 {
        let call = process.invoke(n);
        without_memory(|| drop(call));
    }
    assert_eq!(recorder.snapshot().len(), 400);
    assert!(recorder.snapshot().cut().is_none());
}

#[test]
fn a_cleared_recorder_forgets_that_memory_ran_out() {
    let _alone = alone();
    let mut recorder = Recorder::<u64, u64>::new();
    without_memory(|| operations(&recorder, 5));
    assert_eq!(recorder.snapshot().cut().unwrap().lost, 10);
    recorder.clear().unwrap();
    operations(&recorder, 5);
    let history = recorder.snapshot();
    assert_eq!((history.len(), history.cut()), (10, None));
}

#[test]
fn room_that_cannot_be_had_is_asked_for_again() {
    let _alone = alone();
    let recorder = without_memory(|| Recorder::<u64, u64>::builder().room(1_000_000).build());
    operations(&recorder, 100);
    assert_eq!(recorder.snapshot().len(), 200);
}

#[test]
fn a_hundred_thousand_processes_fit_in_forty_megabytes() {
    let _alone = alone();
    let used = |alive: bool| {
        let before = bytes();
        let recorder = Recorder::<[u64; 2], [u64; 2]>::new();
        let mut processes = Vec::new();
        for n in 0..100_000 {
            let mut process = recorder.process();
            for _ in 0..2 {
                process.op([n; 2], || [n; 2]);
            }
            if alive {
                processes.push(process);
            }
        }
        let used = bytes() - before;
        assert_eq!(recorder.snapshot().len(), 400_000);
        used
    };
    assert!(
        used(false) <= 40_000_000,
        "one after the other: {} bytes",
        used(false)
    );
    // All at once, with the handles themselves in a vector.
    assert!(
        used(true) <= 60_000_000,
        "all at once: {} bytes",
        used(true)
    );
}

#[test]
fn a_limit_cuts_at_its_index() {
    let _alone = alone();
    for limit in [0, 1, 2, 7, 100, 1999, 2000, 2001] {
        let recorder = Recorder::<u64, u64>::builder().limit(limit).build();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| operations(&recorder, 250));
            }
        });
        let history = recorder.snapshot();
        assert_eq!(history.len() as u64, limit.min(2000));
        assert_eq!(recorder.len(), limit.min(2000));
        let reason = CutReason::Limit;
        let cut = Cut {
            index: limit,
            lost: 2000_u64.saturating_sub(limit),
            reason,
        };
        assert_eq!(history.cut(), (limit < 2000).then_some(cut));
        assert_eq!(recorder.drain().cut(), history.cut());
    }
}

#[test]
fn a_limit_bounds_memory() {
    let _alone = alone();
    let recorder = Recorder::<u64, u64>::builder().limit(1000).build();
    operations(&recorder, 1000);
    let before = bytes();
    operations(&recorder, 1_000_000);
    assert_eq!(bytes(), before);
}

#[test]
fn clearing_waits_for_nobody() {
    let _alone = alone();
    let mut recorder = Recorder::<u64, u64>::new();
    let process = recorder.process();
    let forgotten = recorder.process();
    operations(&recorder, 3);
    let error = ProcessesAlive { processes: 2 };
    assert_eq!(recorder.clear(), Err(error));
    assert!(error.to_string().contains("there are 2"));
    assert_eq!(recorder.snapshot().len(), 6, "nothing was changed");
    drop(process);
    mem::forget(forgotten);
    assert_eq!(recorder.clear(), Err(ProcessesAlive { processes: 1 }));
}

#[test]
fn an_abandoned_process_takes_no_more_memory() {
    let _alone = alone();
    let recorder = Recorder::<u64, u64>::new();
    let mut process = recorder.process();
    process.op(1, || 1);
    drop(recorder);
    let count = allocations(|| {
        for n in 0..100_000 {
            process.op(n, || n);
        }
        process.invoke(1).info();
        process.op(1, || 1);
    });
    assert_eq!(count, 0);
}

#[test]
fn an_event_of_two_words_takes_twenty_four_bytes() {
    let _alone = alone();
    #[allow(dead_code, reason = "a word for which, and a word for what")]
    enum Op {
        Read,
        Write(u64),
    }
    // As many events as still fit the segments that come from the allocator, which counts.
    let events = 32_000;
    let recorder = Recorder::<Op, Op>::new();
    let mut process = recorder.process();
    let before = bytes();
    for n in 0..events / 2 {
        process.invoke(Op::Write(n)).ok(Op::Read);
    }
    let recorded = bytes() - before;
    let mut history = History::new();
    recorder.drain_into(&mut history);
    assert_eq!((history.len() as u64, size_of::<Op>()), (events, 16));
    drop(process);
    drop(recorder);
    let held = bytes() - before;
    // A few segments are there beyond what is full, and each names its process once.
    assert!(
        recorded as u64 <= 24 * events + 24 * events / 20,
        "{recorded} bytes recorded"
    );
    assert!(held as u64 <= 24 * events + 1024, "{held} bytes held");
}

#[test]
fn texts_are_freed_where_nothing_else_has_to_be() {
    let _alone = alone();
    let records: [fn(&mut Process<u64, u64>); 3] = [
        |process| process.invoke(1).fail_with("refused".to_owned()),
        |process| process.invoke(2).info_with("timed out".to_owned()),
        |process| process.mark("a phase".to_owned()),
    ];
    for record in records {
        let mut recorder = Recorder::<u64, u64>::new();
        let mut held = Vec::with_capacity(3);
        for _ in 0..3 {
            record(&mut recorder.process());
            drop((recorder.snapshot(), recorder.tail().read()));
            recorder.clear().unwrap();
            let cleared = bytes();
            record(&mut recorder.process());
            drop(recorder.drain());
            recorder.clear().unwrap();
            held.push((cleared, bytes()));
        }
        assert_eq!(
            held[1], held[2],
            "after the first round, everything comes back"
        );
    }
}

/// What is left over of a segment is filled up, which may happen after everything in it was drained.
#[test]
fn segments_that_are_filled_up_after_a_drain_are_used_again() {
    let _alone = alone();
    let recorder = Recorder::<u64, u64>::new();
    let mut history = History::new();
    // A name, a mark and three operations leave one slot of nine.
    let mut ended = || {
        let mut process = recorder.process();
        process.mark("odd");
        (0..3).for_each(|n| process.invoke(n).ok(n));
        recorder.drain_into(&mut history);
        assert_eq!(history.len(), 7);
    };
    (0..100).for_each(|_| ended());
    let before = bytes();
    (0..10_000).for_each(|_| ended());
    assert_eq!(bytes(), before);

    // The same with one process that lives on, and large payloads: few slots, and much to lose.
    let recorder = Recorder::<[u8; 8192], ()>::new();
    let mut process = recorder.process();
    let mut history = History::new();
    let mut live = || {
        process.mark("odd");
        recorder.drain_into(&mut history);
        process.invoke([0; 8192]).ok(());
        recorder.drain_into(&mut history);
    };
    (0..2000).for_each(|_| live());
    let before = resident();
    (0..8000).for_each(|_| live());
    assert!(resident().saturating_sub(before) < 20 << 20);
}

#[test]
fn room_is_shared_by_several_processes() {
    let _alone = alone();
    for (room, each) in [(2_000, 200), (20_000, 2_000), (4_000_000, 400_000)] {
        let recorder = Recorder::<u64, u64>::builder().room(room).build();
        let mut processes = [(); 4].map(|()| recorder.process());
        let before = resident();
        let count = allocations(|| {
            for n in 0..each / 2 {
                processes
                    .iter_mut()
                    .for_each(|process| process.invoke(n).ok(n));
            }
        });
        assert_eq!(count, 0, "room for {room}");
        assert!(resident().saturating_sub(before) < 20 << 20);
    }
}

// A list of all open pushes at each completion would take eighteen megabytes.
#[cfg(feature = "check")]
#[test]
fn however_many_pushes_are_open_checking_takes_memory_by_the_operation() {
    use tachograph::{
        HistoryBuilder,
        check::{self, Budget, Reason, Spent, Verdict},
        model::{
            Stack,
            stack::{Op, Ret},
        },
    };
    let _alone = alone();
    let pushes = 3000;
    let mut builder = HistoryBuilder::new();
    for n in 0..pushes {
        builder.invoke(n, Op::Push(n));
    }
    for n in 0..pushes {
        builder.ok(n, Ret::Done);
    }
    for n in 0..pushes {
        builder.invoke(0, Op::Pop).ok(0, Ret::Value(Some(n)));
    }
    let history = builder.finish().unwrap();
    let check = |budget| check::linearizable(&Stack::new(), &history, &budget).verdict;
    let (verdict, most) = peak(|| check(Budget::unlimited()));
    assert!(verdict.is_linearizable(), "{verdict}");
    assert!(most < 400 * 2 * pushes as usize, "{most}");
    // And it is counted.
    let less = most / 4 * 3;
    match check(Budget::unlimited().memory(less)) {
        Verdict::Unknown(reason) => assert_eq!(reason, Reason::Spent(Spent::Memory(less))),
        other => panic!("{other}"),
    }
}
