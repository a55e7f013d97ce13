//! A slot whose event has its index and is not published yet, held open on purpose: a result's `Clone` runs in
//! that window, and here it records, reads and drains through the same recorder.
#![cfg(not(loom))]

use std::{cell::RefCell, sync::Arc};

use tachograph::{EventKind, History, Recorder};

/// Counts its copies by the reference count.
type Op = Arc<u64>;

thread_local! {
    /// What the next clone of a [`Ret`] does first.
    static IN_CLONE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Ret(Arc<u64>);

impl Clone for Ret {
    fn clone(&self) -> Self {
        if let Some(action) = IN_CLONE.take() {
            action();
        }
        Self(Arc::clone(&self.0))
    }
}

/// Runs an operation, and `action` between the completion's index and its publication.
fn op_with_gap(
    recorder: &Arc<Recorder<Op, Ret>>,
    value: &Arc<u64>,
    action: impl FnOnce() + 'static,
) {
    let mut process = recorder.process();
    let (op, ret) = (Arc::clone(value), Ret(Arc::clone(value)));
    process.op(op, || {
        IN_CLONE.set(Some(Box::new(action)));
        ret
    });
}

fn operations(recorder: &Recorder<Op, Ret>, value: &Arc<u64>, count: usize) {
    let mut process = recorder.process();
    for _ in 0..count {
        process.invoke(Arc::clone(value)).ok(Ret(Arc::clone(value)));
    }
}

fn indices(history: &History<Op, Ret>) -> impl Iterator<Item = u64> {
    history.events().map(|event| event.index)
}

/// Around the size of a walker's block, of small segments, and of a segment that fills a huge page.
const SIZES: [usize; 8] = [0, 1, 4, 100, 4095, 4096, 9000, 200_000];

#[test]
fn readers_end_at_a_gap_and_go_on_behind_it() {
    for before in SIZES {
        for behind in SIZES {
            let value = Arc::new(7);
            let recorder = Arc::new(Recorder::new());
            operations(&recorder, &value, before);
            // All up to the invocation of the operation that holds the gap open.
            let end = 2 * before as u64 + 1;
            let (inside, tally) = (Arc::clone(&recorder), Arc::clone(&value));
            op_with_gap(&recorder, &value, move || {
                let mut tail = inside.tail();
                assert!(indices(&tail.read()).eq(0..end));
                // Two processes behind the gap, one of them gone.
                operations(&inside, &tally, behind);
                let mut other = inside.process();
                other.mark("behind the gap");
                for _ in 0..2 {
                    assert!(indices(&inside.snapshot()).eq(0..end));
                    assert!(tail.read().is_empty());
                }
                assert_eq!(inside.len(), end + 2 + 2 * behind as u64);
                // Taken out once; what is behind stays whole, and is looked at again and again.
                let drained = inside.drain();
                assert!(indices(&drained).eq(0..end));
                assert!(
                    drained
                        .events()
                        .all(|event| !matches!(event.kind, EventKind::Mark(_)))
                );
                for _ in 0..2 {
                    assert!(inside.drain().is_empty());
                    assert!(inside.snapshot().is_empty());
                    assert!(tail.read().is_empty());
                }
            });
            let all = end + 2 + 2 * behind as u64;
            assert!(indices(&recorder.snapshot()).eq(end..all));
            let rest = recorder.drain();
            assert!(indices(&rest).eq(end..all));
            assert!(rest.events().all(|event| match event.kind {
                EventKind::Invoke(op) => **op == 7,
                EventKind::Ok(ret) => *ret.0 == 7,
                EventKind::Mark(text) => text == "behind the gap",
                _ => false,
            }));
            // Whose events they are, although positions were taken back over changes of process.
            let processes = rest.events().map(|event| event.process.0);
            assert!(processes.eq([1].into_iter().chain([2].repeat(2 * behind)).chain([3])));
            drop((rest, recorder));
            assert_eq!(Arc::strong_count(&value), 1, "every copy was dropped once");
        }
    }
}

#[test]
fn a_recorder_that_ends_with_a_gap_drops_what_is_behind_it() {
    let value = Arc::new(7);
    let recorder = Arc::new(Recorder::new());
    operations(&recorder, &value, 10);
    let (inside, tally) = (Arc::clone(&recorder), Arc::clone(&value));
    op_with_gap(&recorder, &value, move || {
        operations(&inside, &tally, 50);
        drop(tally);
        let history = Arc::into_inner(inside);
        assert!(history.is_none(), "the other handle is alive");
    });
    let history = Arc::into_inner(recorder).unwrap().into_history();
    assert_eq!(history.len(), 2 * 10 + 2 + 2 * 50);
    drop(history);
    assert_eq!(Arc::strong_count(&value), 1);

    // Moved out up to the gap, and then nobody is left to read the rest.
    let recorder = Recorder::<Op, Ret>::new();
    let mut process = recorder.process();
    let (op, ret, tally) = (
        Arc::clone(&value),
        Ret(Arc::clone(&value)),
        Arc::clone(&value),
    );
    process.op(op, || {
        IN_CLONE.set(Some(Box::new(move || {
            operations(&recorder, &tally, 50);
            let history = recorder.into_history();
            assert!(indices(&history).eq(0..1));
        })));
        ret
    });
    drop(process);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// Clones of events behind a gap are dropped again; their `Drop` may read the same recorder.
#[test]
fn what_is_behind_a_gap_is_dropped_outside_the_readers_lock() {
    type Slot = RefCell<Option<Arc<Recorder<(), Reading>>>>;

    thread_local! {
        static RECORDER: Slot = const { RefCell::new(None) };
        static GAP: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
        static READ: RefCell<usize> = const { RefCell::new(0) };
    }

    /// Reads the recorder when it is dropped.
    struct Reading;

    impl Clone for Reading {
        fn clone(&self) -> Self {
            if let Some(action) = GAP.take() {
                action();
            }
            Self
        }
    }

    impl Drop for Reading {
        fn drop(&mut self) {
            if let Some(recorder) = RECORDER.take() {
                READ.with_borrow_mut(|read| *read += recorder.tail().read().len());
            }
        }
    }

    let recorder = Arc::new(Recorder::<(), Reading>::new());
    let inside = Arc::clone(&recorder);
    GAP.set(Some(Box::new(move || {
        inside.process().invoke(()).ok(Reading);
        RECORDER.set(Some(Arc::clone(&inside)));
        assert_eq!(inside.snapshot().len(), 1);
    })));
    recorder.process().op((), || Reading);
    assert_eq!(READ.take(), 1, "the drop has read what is before the gap");
    assert_eq!(recorder.snapshot().len(), 4);
}

/// A reader takes memory for what it may find, and keeps what it needs.
#[test]
fn a_short_history_before_a_gap_does_not_keep_much_memory() {
    let value = Arc::new(7);
    let recorder = Arc::new(Recorder::new());
    let (inside, tally) = (Arc::clone(&recorder), Arc::clone(&value));
    let (checked, result) = std::sync::mpsc::channel();
    op_with_gap(&recorder, &value, move || {
        operations(&inside, &tally, 500_000);
        let size = || {
            let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
            statm
                .split(' ')
                .next()
                .and_then(|pages| pages.parse::<usize>().ok())
                .unwrap_or(0)
        };
        let before = size();
        let snapshots: Vec<_> = (0..20).map(|_| inside.snapshot()).collect();
        assert!(snapshots.iter().all(|snapshot| snapshot.len() == 1));
        checked.send(size().saturating_sub(before)).unwrap();
    });
    // Twenty histories of a million events would be 320 MB.
    let pages = result.recv().unwrap();
    assert!(pages < (100 << 20) / 4096, "{pages} pages");
}
