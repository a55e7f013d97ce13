//! The recorder under loom: every interleaving, and every value that a relaxed load may return, within a
//! bound on preemptions. Segments have three slots, then six: an operation and the name of its process fill
//! the first.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release --features loom --test loom
//! ```
#![cfg(all(loom, feature = "loom"))]

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use loom::{
    model::Builder,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};
use tachograph::{Event, EventKind, History, Process, Recorder};

type Op = (&'static str, u64);
type Events = Vec<Event<Op, u64>>;

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

/// Runs `read` on a thread of its own, which starts last and so, in the first execution that loom tries, runs
/// when the others are done.
///
/// Loom finds the executions to try next from pairs of accesses that conflict, and of an object it knows only the
/// last access and the last write. A read of the counter *before* the others add to it is forgotten as soon as
/// they read it too, and nothing but that one execution is ever tried; a read *after* meets their writes.
/// (Yielding first is no way out: a thread that yielded does not see old values any more.)
fn last<T: 'static>(
    recorder: &Arc<Recorder<Op, u64>>,
    read: impl FnOnce(&Recorder<Op, u64>) -> T + 'static,
) -> thread::JoinHandle<T> {
    let recorder = Arc::clone(recorder);
    thread::spawn(move || read(&recorder))
}

fn events(history: History<Op, u64>) -> Events {
    history.into_events().collect()
}

/// Indices from `start` on, and per process an alternation of invocation and matching completion.
fn assert_sound(events: &[Event<Op, u64>], start: u64) {
    let mut open = HashMap::new();
    for (event, index) in events.iter().zip(start..) {
        assert_eq!(event.index, index);
        match event.kind {
            EventKind::Invoke((_, number)) => assert_eq!(open.insert(event.process, number), None),
            EventKind::Ok(number) => assert_eq!(open.remove(&event.process), Some(number)),
            ref other => assert!(open.remove(&event.process).is_some(), "{other:?}"),
        }
    }
}

fn operations(mut process: Process<Op, u64>, name: &'static str, numbers: std::ops::Range<u64>) {
    for number in numbers {
        process.invoke((name, number)).ok(number);
    }
}

/// How many invocations of `name` there are, in order from 0.
fn count(events: &[Event<Op, u64>], name: &str) -> u64 {
    let mut next = 0;
    for event in events {
        match event.kind {
            EventKind::Invoke((its, number)) if its == name => {
                assert_eq!(number, next);
                next += 1;
            }
            _ => {}
        }
    }
    next
}

/// Message passing through an object that is Relaxed: if the read was invoked after the write completed, it
/// must see it, because only then is the history a true account of the object.
///
/// It takes both halves of the stamp's `AcqRel`. With `Acquire` alone (a relaxed completion), or with
/// `Release` alone (a relaxed invocation), this test fails: loom finds the read of 0 that was invoked after
/// the completion of the write of 1.
#[test]
fn an_operation_invoked_after_another_completed_sees_its_effects() {
    model(4, || {
        let recorder = Recorder::<Op, u64>::new();
        let register = Arc::new(AtomicU64::new(0));
        let writer = {
            let (mut process, register) = (recorder.process(), register.clone());
            thread::spawn(move || {
                let call = process.invoke(("write", 1));
                register.store(1, Relaxed);
                call.ok(1);
            })
        };
        let mut process = recorder.process();
        let call = process.invoke(("read", 0));
        call.ok(register.load(Relaxed));
        drop(process);
        writer.join().unwrap();
        let events = events(recorder.into_history());
        let index = |wanted: fn(&EventKind<Op, u64>) -> bool, process: u64| {
            let found = |e: &&Event<Op, u64>| e.process.0 == process && wanted(&e.kind);
            events.iter().find(found).unwrap().index
        };
        let write_completed = index(|kind| matches!(kind, EventKind::Ok(_)), 0);
        let read_invoked = index(|kind| matches!(kind, EventKind::Invoke(_)), 1);
        if write_completed < read_invoked {
            let read = events.iter().rfind(|e| e.process.0 == 1).unwrap();
            assert_eq!(read.kind, EventKind::Ok(1), "{events:?}");
        }
    });
}

#[test]
fn a_snapshot_never_skips_a_hole() {
    // Which lengths a live snapshot had, over all executions: that each occurs shows that loom tried them.
    let lengths = Arc::<Mutex<BTreeSet<usize>>>::default();
    let seen = Arc::clone(&lengths);
    model(2, move || {
        let recorder = Arc::new(Recorder::<Op, u64>::new());
        let (one, two) = (recorder.process(), recorder.process());
        let one = thread::spawn(move || operations(one, "one", 0..1));
        let two = thread::spawn(move || operations(two, "two", 0..1));
        let live = last(&recorder, |recorder| events(recorder.snapshot()));
        one.join().unwrap();
        two.join().unwrap();
        let live = live.join().unwrap();
        assert_sound(&live, 0);
        let last = events(recorder.snapshot());
        assert_sound(&last, 0);
        assert_eq!(last.len(), 4);
        assert_eq!(live, last[..live.len()]);
        seen.lock().unwrap().insert(live.len());
    });
    assert!(
        lengths.lock().unwrap().iter().copied().eq(0..=4),
        "{lengths:?}"
    );
}

#[test]
fn three_processes_register_their_segments_at_once() {
    model(3, || {
        let recorder = Recorder::<Op, u64>::new();
        let others: Vec<_> = ["one", "two"]
            .map(|name| {
                let process = recorder.process();
                thread::spawn(move || operations(process, name, 0..1))
            })
            .into();
        operations(recorder.process(), "three", 0..1);
        others.into_iter().for_each(|thread| thread.join().unwrap());
        let events = events(recorder.snapshot());
        assert_sound(&events, 0);
        assert_eq!(
            ["one", "two", "three"].map(|name| count(&events, name)),
            [1; 3]
        );
    });
}

#[test]
fn a_process_that_crosses_segments_is_drained_once_and_in_order() {
    model(2, || {
        let recorder = Arc::new(Recorder::<Op, u64>::new());
        let process = recorder.process();
        let other = thread::spawn(move || operations(process, "one", 0..3));
        let drains = last(&recorder, |recorder| {
            [(); 2].map(|()| events(recorder.drain()))
        });
        other.join().unwrap();
        let mut drained = drains.join().unwrap().concat();
        drained.extend(events(recorder.drain()));
        assert_sound(&drained, 0);
        assert_eq!((drained.len(), count(&drained, "one")), (6, 3));
        assert!(recorder.snapshot().is_empty());
    });
}

/// What one process has left goes to another, which may be taking it at that moment; so do segments that are
/// drained at that moment.
#[test]
fn segments_change_hands_while_they_are_drained() {
    model(1, || {
        let recorder = Arc::new(Recorder::<Op, u64>::builder().room(4).build());
        let (first, second) = (recorder.process(), recorder.process());
        let one = thread::spawn(move || operations(first, "one", 0..1));
        let two = thread::spawn(move || operations(second, "two", 0..2));
        let drain = last(&recorder, |recorder| events(recorder.drain()));
        one.join().unwrap();
        two.join().unwrap();
        let mut drained = drain.join().unwrap();
        operations(recorder.process(), "three", 0..1);
        drained.extend(events(recorder.drain()));
        assert_sound(&drained, 0);
        assert_eq!(
            ["one", "two", "three"].map(|name| count(&drained, name)),
            [1, 2, 1]
        );
    });
}

/// Three processes record beside a drain, one of them across a segment's end. Without preemptions, for the model
/// to end: a thread runs until it is done, and what varies is who goes when and which values a relaxed load returns.
#[test]
fn three_processes_record_beside_a_drain() {
    let lengths = Arc::<Mutex<BTreeSet<usize>>>::default();
    let seen = Arc::clone(&lengths);
    model(0, move || {
        let recorder = Arc::new(Recorder::<Op, u64>::new());
        let others = ["one", "two"].map(|name| {
            let process = recorder.process();
            thread::spawn(move || operations(process, name, 0..1))
        });
        let third = recorder.process();
        let drain = last(&recorder, |recorder| events(recorder.drain()));
        operations(third, "three", 0..2);
        others.into_iter().for_each(|thread| thread.join().unwrap());
        let mut drained = drain.join().unwrap();
        seen.lock().unwrap().insert(drained.len());
        drained.extend(events(recorder.drain()));
        assert_sound(&drained, 0);
        assert_eq!(
            ["one", "two", "three"].map(|name| count(&drained, name)),
            [1, 1, 2]
        );
    });
    let lengths = lengths.lock().unwrap();
    // Not 0: the third process is the main thread's, which runs first.
    assert!(lengths.iter().copied().eq(1..=8), "{lengths:?}");
}

/// One thread takes both segments and puts the first back, while the other is taking the first (ABA): it must
/// not believe that the second is still behind it.
#[test]
fn the_pool_gives_a_segment_to_one_process_at_a_time() {
    model(3, || {
        let recorder = Arc::new(Recorder::<Op, u64>::builder().room(9).build());
        let other = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let mut second = recorder.process();
                let mut first = recorder.process();
                first.invoke(("one", 0)).ok(0);
                second.invoke(("two", 0)).ok(0);
                drop(first);
                second.invoke(("two", 1)).ok(1);
            })
        };
        let mut processes = [recorder.process(), recorder.process()];
        for (process, number) in processes.iter_mut().zip(0..) {
            process.invoke(("three", number)).ok(number);
        }
        other.join().unwrap();
        let events = events(recorder.snapshot());
        assert_sound(&events, 0);
        assert_eq!(
            ["one", "two", "three"].map(|name| count(&events, name)),
            [1, 2, 2]
        );
    });
}

#[test]
fn a_tail_returns_each_event_once_beside_a_drain() {
    model(3, || {
        let recorder = Recorder::<Op, u64>::new();
        let process = recorder.process();
        let other = thread::spawn(move || operations(process, "one", 0..2));
        let mut tail = recorder.tail();
        let first = events(tail.read());
        assert_sound(&first, 0);
        let drained = events(recorder.drain());
        assert_sound(&drained, 0);
        other.join().unwrap();
        let second = tail.read();
        assert_eq!(second.start(), first.len().max(drained.len()) as u64);
        assert_eq!(second.end(), 4);
        let rest = events(recorder.drain());
        assert_eq!(
            rest.first().map_or(4, |event| event.index),
            drained.len() as u64
        );
        assert_eq!(drained.len() + rest.len(), 4);
    });
}

#[test]
fn a_dropped_call_is_an_info_and_the_process_goes_on_under_a_fresh_id() {
    model(3, || {
        let recorder = Arc::new(Recorder::<Op, u64>::new());
        let mut process = recorder.process();
        let other = thread::spawn(move || {
            drop(process.invoke(("one", 0)));
            process.invoke(("one", 1)).ok(1);
        });
        let live = last(&recorder, |recorder| events(recorder.snapshot()));
        other.join().unwrap();
        let live = live.join().unwrap();
        assert_sound(&live, 0);
        let all = events(recorder.snapshot());
        assert_sound(&all, 0);
        assert_eq!(live, all[..live.len()]);
        assert_eq!(all[1].kind, EventKind::Info);
        assert_eq!(
            all.iter().map(|event| event.process.0).collect::<Vec<_>>(),
            [0, 0, 1, 1]
        );
    });
}

#[test]
fn a_cleared_recorder_begins_anew() {
    model(3, || {
        let mut recorder = Recorder::<Op, u64>::new();
        for _ in 0..2 {
            let process = recorder.process();
            let other = thread::spawn(move || operations(process, "one", 0..2));
            operations(recorder.process(), "two", 0..1);
            other.join().unwrap();
            let events = events(recorder.snapshot());
            assert_sound(&events, 0);
            assert_eq!(["one", "two"].map(|name| count(&events, name)), [2, 1]);
            recorder.clear().unwrap();
        }
    });
}
