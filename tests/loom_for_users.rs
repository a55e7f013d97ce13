//! The recorder and the checker inside a model of somebody else's, as a user of loom has them: with `--cfg loom`, and
//! without the feature `loom`, which is for the recorder's own models.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release --features check --test loom_for_users
//! ```
#![cfg(all(loom, not(feature = "loom")))]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use loom::{
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{self, Acquire, Relaxed, Release},
    },
    thread,
};
use tachograph::{
    History, Outcome, Recorder,
    check::{self, Budget, Verdict},
    model::{Register, register::Op},
};

type Recorded = History<Op<u64>, Option<u64>>;

/// A place for one message. The flag says that the value is there.
struct Mailbox {
    value: AtomicU64,
    is_full: AtomicBool,
    store: Ordering,
    load: Ordering,
}

impl Mailbox {
    fn new(store: Ordering, load: Ordering) -> Self {
        Self {
            value: AtomicU64::new(0),
            is_full: AtomicBool::new(false),
            store,
            load,
        }
    }

    fn run(&self, op: &Op<u64>) -> Option<u64> {
        match op {
            Op::Write(value) => {
                self.value.store(*value, Relaxed);
                self.is_full.store(true, self.store);
                None
            }
            Op::Read => self
                .is_full
                .load(self.load)
                .then(|| self.value.load(Relaxed)),
        }
    }
}

/// One thread writes while another reads: every history that loom comes to.
fn histories(store: Ordering, load: Ordering) -> Vec<Recorded> {
    let histories = Arc::<Mutex<Vec<_>>>::default();
    let kept = Arc::clone(&histories);
    loom::model(move || {
        let recorder = Recorder::new();
        let mailbox = Arc::new(Mailbox::new(store, load));
        let threads = [Op::Write(7), Op::Read].map(|op| {
            let (mut process, mailbox) = (recorder.process(), Arc::clone(&mailbox));
            thread::spawn(move || process.op(op.clone(), || mailbox.run(&op)))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        kept.lock().unwrap().push(recorder.into_history());
    });
    let histories = histories.lock().unwrap();
    histories.clone()
}

fn what_was_read(history: &Recorded) -> Option<u64> {
    let is_read = |op: &Op<u64>| matches!(op, Op::Read);
    let read = history.operations().find(|operation| is_read(operation.op));
    match read.unwrap().outcome {
        Outcome::Ok(value) => *value,
        other => panic!("{other:?}"),
    }
}

fn is_violation(history: &Recorded) -> bool {
    let report = check::sequentially_consistent(&Register::new(), history, &Budget::unlimited());
    match report.verdict {
        Verdict::Linearizable(_) => false,
        Verdict::Violation(_) => true,
        Verdict::Unknown(reason) => panic!("{reason:?}"),
    }
}

/// The value was written before the flag, and is read after it; only a load that returns an old value tells that nothing
/// holds them together.
#[test]
fn a_message_passed_without_release_and_acquire_is_found() {
    for (store, load) in [(Relaxed, Relaxed), (Release, Relaxed), (Relaxed, Acquire)] {
        let histories = histories(store, load);
        let (bad, good): (Vec<_>, Vec<_>) = histories.iter().partition(|h| is_violation(h));
        // Zero was never written.
        assert!(!bad.is_empty(), "{store:?} {load:?}: not found");
        assert!(bad.iter().all(|h| what_was_read(h) == Some(0)));
        let read: BTreeSet<_> = good.iter().map(|h| what_was_read(h)).collect();
        assert_eq!(read, BTreeSet::from([None, Some(7)]));
    }
}

#[test]
fn with_release_and_acquire_it_is_right() {
    let histories = histories(Release, Acquire);
    assert!(histories.iter().all(|h| !is_violation(h)));
    let read: BTreeSet<_> = histories.iter().map(what_was_read).collect();
    assert_eq!(read, BTreeSet::from([None, Some(7)]));
}

/// Loom runs one thread at a time, and the indices are in the order in which it did; but it knows of nothing that would
/// order an operation after one that completed before, unless the program does. So it may return what is old to
/// it, and not be wrong: the history is not linearizable in this order, and sequentially consistent. If loom saw the recorder's counter, there
/// would be no such history.
#[test]
fn what_completed_before_need_not_be_seen() {
    let histories = histories(Release, Acquire);
    let stale = histories.iter().find(|history| {
        let report = check::linearizable(&Register::new(), history, &Budget::unlimited());
        report.verdict.is_violation()
    });
    let stale = stale.expect("loom tries old values");
    assert_eq!(what_was_read(stale), None);
    assert!(!is_violation(stale));
}
