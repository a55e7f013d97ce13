//! Operations and results of every size, counted as they are made and dropped, and code of the user that
//! panics wherever it can.
#![cfg(not(loom))]

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
};

use tachograph::{EventKind, History, Recorder};

/// Counts how many there are, and panics where it is told to.
#[derive(Debug)]
struct Counted<const BYTES: usize> {
    alive: Arc<AtomicI64>,
    number: u64,
    _padding: [u8; BYTES],
    panic_on_clone: bool,
    panic_on_drop: bool,
}

impl<const BYTES: usize> Counted<BYTES> {
    fn new(alive: &Arc<AtomicI64>, number: u64) -> Self {
        alive.fetch_add(1, Relaxed);
        let alive = Arc::clone(alive);
        Self {
            alive,
            number,
            _padding: [0; BYTES],
            panic_on_clone: false,
            panic_on_drop: false,
        }
    }

    fn panicking_on_clone(mut self) -> Self {
        self.panic_on_clone = true;
        self
    }

    fn panicking_on_drop(mut self) -> Self {
        self.panic_on_drop = true;
        self
    }
}

impl<const BYTES: usize> Clone for Counted<BYTES> {
    fn clone(&self) -> Self {
        if self.panic_on_clone {
            resume_unwind(Box::new("clone"));
        }
        Self::new(&self.alive, self.number)
    }
}

impl<const BYTES: usize> Drop for Counted<BYTES> {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Relaxed);
        if self.panic_on_drop {
            resume_unwind(Box::new("drop"));
        }
    }
}

type Tracked<const BYTES: usize> = Recorder<Counted<BYTES>, Counted<BYTES>>;

/// Records so many events, with texts here and there.
fn fill<const BYTES: usize>(recorder: &Tracked<BYTES>, alive: &Arc<AtomicI64>, operations: u64) {
    let mut process = recorder.process();
    for number in 0..operations {
        let call = process.invoke(Counted::new(alive, number));
        match number % 5 {
            0 => call.fail_with(format!("failed {number}")),
            1 => call.info_with("unknown"),
            _ => call.ok(Counted::new(alive, number)),
        }
        if number % 7 == 0 {
            process.mark(format!("mark {number}"));
        }
    }
}

fn each_payload_is_dropped_once<const BYTES: usize>() {
    let alive = Arc::new(AtomicI64::new(0));
    let count = || alive.load(Relaxed);
    let operations = 1000;

    // Abandoned.
    let recorder = Tracked::<BYTES>::new();
    fill(&recorder, &alive, operations);
    let recorded = count();
    assert_eq!(recorded, 1600);
    // Read.
    let snapshot = recorder.snapshot();
    assert_eq!(count(), 2 * recorded);
    let mut tail = recorder.tail();
    drop(tail.read());
    drop(snapshot);
    assert_eq!(count(), recorded);
    drop(recorder);
    assert_eq!(count(), 0);

    // Drained, by halves.
    let recorder = Tracked::<BYTES>::new();
    fill(&recorder, &alive, operations);
    let first = recorder.drain();
    assert_eq!(count(), recorded);
    fill(&recorder, &alive, operations);
    let mut second = recorder.drain();
    assert_eq!(count(), 2 * recorded);
    drop(first);
    assert_eq!(count(), recorded);
    recorder.drain_into(&mut second);
    assert_eq!(count(), 0);
    fill(&recorder, &alive, operations);
    drop(recorder);
    assert_eq!(count(), 0);

    // Cleared, and used again.
    let mut recorder = Tracked::<BYTES>::new();
    for _ in 0..3 {
        fill(&recorder, &alive, operations);
        assert_eq!(count(), recorded);
        recorder.clear().unwrap();
        assert_eq!(count(), 0);
    }
    // Moved out, half of it used.
    fill(&recorder, &alive, operations);
    let events = recorder.into_history().into_events().take(700);
    let operations: Vec<u64> = events
        .filter_map(|event| match event.kind {
            EventKind::Invoke(op) => Some(op.number),
            _ => None,
        })
        .collect();
    assert!(operations.iter().copied().eq(0..operations.len() as u64));
    assert_eq!(count(), 0);

    // Lost to the limit.
    let recorder = Recorder::<Counted<BYTES>, Counted<BYTES>>::builder()
        .limit(100)
        .build();
    fill(&recorder, &alive, 1000);
    assert!(recorder.snapshot().cut().is_some());
    drop(recorder);
    assert_eq!(count(), 0);
}

#[test]
fn small_payloads_are_dropped_once() {
    each_payload_is_dropped_once::<0>();
}

#[test]
fn large_payloads_are_dropped_once() {
    each_payload_is_dropped_once::<256>();
    each_payload_is_dropped_once::<70_000>();
}

#[test]
fn payloads_without_size_take_their_place() {
    let recorder = Recorder::<(), ()>::new();
    for _ in 0..100 {
        let mut process = recorder.process();
        (0..100).for_each(|_| process.op((), || ()));
    }
    let history = recorder.into_history();
    assert_eq!(history.len(), 20_000);
    assert!(
        history
            .events()
            .step_by(2)
            .all(|event| event.kind == EventKind::Invoke(&()))
    );
}

#[test]
fn over_aligned_payloads_are_aligned() {
    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(256))]
    struct Aligned(u8);

    let recorder = Recorder::<Aligned, u128>::new();
    let mut process = recorder.process();
    (0..200).for_each(|n| process.invoke(Aligned(n)).ok(n.into()));
    let history = recorder.snapshot();
    for (position, event) in history.events().enumerate() {
        match event.kind {
            EventKind::Invoke(op) => {
                assert_eq!(std::ptr::from_ref(op).addr() % 256, 0);
                assert_eq!(usize::from(op.0), position / 2);
            }
            EventKind::Ok(&ret) => assert_eq!(ret, position as u128 / 2),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_clone_that_panics_in_a_walk_leaves_recorder_and_readers_whole() {
    let alive = Arc::new(AtomicI64::new(0));
    let recorder = Tracked::<0>::new();
    fill(&recorder, &alive, 100);
    let mut tail = recorder.tail();
    let before = tail.read().len();
    let mut process = recorder.process();
    process
        .invoke(Counted::new(&alive, 1))
        .ok(Counted::new(&alive, 1));
    let bad = Counted::new(&alive, 2).panicking_on_clone();
    process.invoke(bad).ok(Counted::new(&alive, 2));
    drop(process);
    let recorded = alive.load(Relaxed);
    assert!(before > 0);

    let mut history = History::new();
    for _ in 0..3 {
        let snapshot = || recorder.snapshot_into(&mut history);
        assert!(catch_unwind(AssertUnwindSafe(snapshot)).is_err());
        assert!(history.is_empty());
        assert!(catch_unwind(AssertUnwindSafe(|| tail.read())).is_err());
    }
    assert_eq!(alive.load(Relaxed), recorded);
    let drained = recorder.drain();
    assert_eq!(drained.len() as u64, recorder.len());
    drop(drained);
    assert_eq!(alive.load(Relaxed), 0);
}

#[test]
fn a_tail_reads_again_what_a_panicking_clone_kept_from_it() {
    /// Panics the first time it is cloned.
    struct Once(u64, AtomicBool);

    impl Clone for Once {
        fn clone(&self) -> Self {
            if self.1.swap(false, Relaxed) {
                resume_unwind(Box::new("clone"));
            }
            Self(self.0, AtomicBool::new(false))
        }
    }

    // Some blocks of the walker's before the one that panics.
    for bad in [0, 5_000, 9_000, 19_999] {
        let recorder = Recorder::<Once, ()>::new();
        let mut tail = recorder.tail();
        let mut process = recorder.process();
        for number in 0..20_000 {
            process
                .invoke(Once(number, AtomicBool::new(number == bad)))
                .ok(());
        }
        assert!(catch_unwind(AssertUnwindSafe(|| tail.read())).is_err());
        let history = tail.read();
        assert_eq!((history.start(), history.end()), (0, 40_000));
        let numbers = history.events().filter_map(|event| match event.kind {
            EventKind::Invoke(op) => Some(op.0),
            _ => None,
        });
        assert!(numbers.eq(0..20_000));
    }
}

#[test]
fn a_drop_that_panics_does_not_keep_others_from_being_dropped() {
    let alive = Arc::new(AtomicI64::new(0));
    let with_bad = || {
        let recorder = Tracked::<0>::new();
        fill(&recorder, &alive, 50);
        let bad = Counted::new(&alive, 2).panicking_on_drop();
        recorder.process().invoke(bad).ok(Counted::new(&alive, 2));
        fill(&recorder, &alive, 50);
        recorder
    };

    let mut recorder = with_bad();
    let clear = || recorder.clear();
    assert!(catch_unwind(AssertUnwindSafe(clear)).is_err());
    assert_eq!(alive.load(Relaxed), 0);
    assert_eq!(recorder.len(), 0);
    fill(&recorder, &alive, 50);
    assert_eq!(recorder.snapshot().len() as u64, recorder.len());
    drop(recorder);

    let recorder = with_bad();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(recorder))).is_err());
    assert_eq!(alive.load(Relaxed), 0);

    let history = with_bad().into_history();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(history))).is_err());
    assert_eq!(alive.load(Relaxed), 0);

    // An operation, and a result, that a process past the limit does not keep.
    for operation_panics in [true, false] {
        let recorder = Recorder::<Counted<0>, Counted<0>>::builder()
            .limit(1)
            .build();
        let mut process = recorder.process();
        process
            .invoke(Counted::new(&alive, 1))
            .ok(Counted::new(&alive, 1));
        for _ in 0..3 {
            let (op, ret) = (Counted::new(&alive, 2), Counted::new(&alive, 2));
            let (op, ret) = if operation_panics {
                (op.panicking_on_drop(), ret)
            } else {
                (op, ret.panicking_on_drop())
            };
            assert!(catch_unwind(AssertUnwindSafe(|| process.invoke(op).ok(ret))).is_err());
        }
        drop(process);
        // The result; then invocation and completion, the latter an `info` where there was no call to be told.
        let cut = recorder.snapshot().cut().unwrap();
        assert_eq!((recorder.len(), cut.index, cut.lost), (1, 1, 1 + 3 * 2));
        drop(recorder);
        assert_eq!(alive.load(Relaxed), 0);
    }
}
