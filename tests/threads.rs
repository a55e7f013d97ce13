//! Real threads, against what each of them knows for itself.
#![cfg(not(loom))]

use std::{
    collections::HashMap,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ScopedJoinHandle},
};

use tachograph::{Event, EventKind, History, Process, ProcessId, Recorder};

/// The thread and the number of the operation.
type Op = (u32, u32);
type Ret = (u32, u32);

/// ThreadSanitizer makes everything some ten times slower.
const OPERATIONS: u32 = if cfg!(debug_assertions) {
    100_000
} else {
    1_000_000
};

/// Records numbered operations, of which every 1000th fails and every 7919th is left open.
fn record(process: &mut Process<Op, Ret>, thread: u32, operations: std::ops::Range<u32>) {
    for number in operations {
        let call = process.invoke((thread, number));
        match number {
            n if n % 7919 == 0 => drop(call),
            n if n % 1000 == 0 => call.fail(),
            _ => call.ok((thread, number)),
        }
    }
}

/// Goes through a history from its start, and checks that each thread's events are there once, in its order.
#[derive(Default)]
struct Reader {
    next_index: u64,
    /// By thread: the number of the operation to come.
    next: HashMap<u32, u32>,
    /// By process: the operation that is open.
    open: HashMap<ProcessId, Op>,
}

impl Reader {
    fn read<'a>(&mut self, history: impl IntoIterator<Item = Event<&'a Op, &'a Ret, &'a str>>) {
        for event in history {
            assert_eq!(event.index, self.next_index);
            self.next_index += 1;
            match event.kind {
                EventKind::Invoke(&(thread, number)) => {
                    let next = self.next.entry(thread).or_default();
                    assert_eq!(number, *next, "thread {thread}");
                    *next += 1;
                    assert_eq!(self.open.insert(event.process, (thread, number)), None);
                }
                EventKind::Ok(&ret) => {
                    assert_eq!(self.open.remove(&event.process), Some(ret));
                    assert!(ret.1 % 7919 != 0 && ret.1 % 1000 != 0);
                }
                EventKind::Fail => {
                    let (_, number) = self.open.remove(&event.process).expect("an open operation");
                    assert_eq!(number % 1000, 0);
                }
                EventKind::Info => {
                    let (_, number) = self.open.remove(&event.process).expect("an open operation");
                    assert_eq!(number % 7919, 0);
                }
                EventKind::Mark(_) => panic!("nobody made a mark"),
            }
        }
    }

    fn finish(self, threads: u32, operations: u32) {
        assert!(self.open.is_empty());
        assert_eq!(
            self.next_index,
            u64::from(threads) * u64::from(operations) * 2
        );
        assert_eq!(self.next.len(), threads as usize);
        assert!(self.next.values().all(|&next| next == operations));
    }
}

/// Waits for threads one by one. (The end of a scope does so too, but ThreadSanitizer does not see it.)
fn join<'scope>(handles: impl IntoIterator<Item = ScopedJoinHandle<'scope, ()>>) {
    handles
        .into_iter()
        .for_each(|handle| handle.join().unwrap());
}

/// Runs threads that record while `observe` goes on until they are done.
fn with_threads(
    recorder: &Recorder<Op, Ret>,
    threads: u32,
    operations: u32,
    mut observe: impl FnMut(),
) {
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let mut process = recorder.process();
                scope.spawn(move || record(&mut process, thread, 0..operations))
            })
            .collect();
        while !handles.iter().all(ScopedJoinHandle::is_finished) {
            observe();
        }
        join(handles);
    });
}

#[test]
fn every_event_is_there_once_and_in_its_threads_order() {
    for threads in [1, 2, 4, 16] {
        let recorder = Recorder::new();
        let operations = OPERATIONS / threads;
        with_threads(&recorder, threads, operations, || {
            thread::sleep(std::time::Duration::from_millis(1));
        });
        let mut reader = Reader::default();
        reader.read(recorder.snapshot().events());
        reader.finish(threads, operations);
        let mut reader = Reader::default();
        reader.read(recorder.into_history().events());
        reader.finish(threads, operations);
    }
}

#[test]
fn live_snapshots_are_prefixes_of_the_final_history() {
    let recorder = Recorder::new();
    let operations = OPERATIONS / 20;
    let mut snapshots: Vec<History<Op, Ret>> = Vec::new();
    with_threads(&recorder, 3, operations, || {
        let snapshot = recorder.snapshot();
        let enough = snapshots.len() >= 40;
        if !enough
            && snapshots
                .last()
                .is_none_or(|last| last.len() < snapshot.len())
        {
            snapshots.push(snapshot);
        }
    });
    let last = recorder.snapshot();
    assert_eq!(last.len() as u64, recorder.len());
    for snapshot in snapshots {
        assert!(snapshot.events().eq(last.events().take(snapshot.len())));
    }
}

#[test]
fn live_drains_and_tails_return_every_event_once() {
    let recorder = Recorder::new();
    let operations = OPERATIONS / 4;
    let mut drains = Reader::default();
    let mut history = History::new();
    with_threads(&recorder, 4, operations, || {
        recorder.drain_into(&mut history);
        assert_eq!(history.start(), drains.next_index);
        drains.read(history.events());
        // What is left begins where the drain ended.
        let snapshot = recorder.snapshot();
        assert_eq!(snapshot.start(), drains.next_index);
        assert!(
            snapshot
                .events()
                .zip(drains.next_index..)
                .all(|(e, index)| e.index == index)
        );
    });
    drains.read(recorder.drain().events());
    drains.finish(4, operations);

    let recorder = Recorder::new();
    let mut tail = recorder.tail();
    let mut tails = Reader::default();
    with_threads(&recorder, 4, operations, || {
        tail.read_into(&mut history);
        tails.read(history.events());
    });
    tails.read(tail.read().events());
    tails.finish(4, operations);
    let mut all = Reader::default();
    all.read(recorder.into_history().events());
    all.finish(4, operations);
}

#[test]
fn a_tail_beside_a_drain_misses_whole_prefixes_only() {
    let recorder = Recorder::new();
    let operations = OPERATIONS / 4;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut tail = recorder.tail();
            let mut expected = 0;
            let mut last = HashMap::<u32, u32>::new();
            while !stop.load(Ordering::Acquire) {
                let history = tail.read();
                assert!(history.start() >= expected);
                assert!(
                    history
                        .events()
                        .zip(history.start()..)
                        .all(|(e, index)| e.index == index)
                );
                for event in history.events() {
                    if let EventKind::Invoke(&(thread, number)) = event.kind {
                        assert!(last.insert(thread, number).is_none_or(|last| last < number));
                    }
                }
                expected = history.end();
            }
        });
        let mut drained = Reader::default();
        with_threads(&recorder, 3, operations, || {
            drained.read(recorder.drain().events())
        });
        drained.read(recorder.drain().events());
        drained.finish(3, operations);
        stop.store(true, Ordering::Release);
        reader.join().unwrap();
    });
}

#[test]
fn many_short_lived_processes_hand_their_segments_on() {
    let recorder = Recorder::new();
    let (threads, rounds, each) = (8, OPERATIONS / 2000, 9);
    let mut drains = Reader::default();
    thread::scope(|scope| {
        for thread in 0..threads {
            let recorder = &recorder;
            scope.spawn(move || {
                for round in 0..rounds {
                    record(
                        &mut recorder.process(),
                        thread,
                        round * each..(round + 1) * each,
                    );
                }
            });
        }
        for _ in 0..200 {
            drains.read(recorder.drain().events());
            thread::yield_now();
        }
    });
    drains.read(recorder.drain().events());
    drains.finish(threads, rounds * each);
}

#[test]
fn what_happens_before_has_the_smaller_index() {
    let recorder = Recorder::<Op, Ret>::new();
    let (there, from_here) = crossbeam::channel::unbounded();
    let (back, from_there) = crossbeam::channel::unbounded();
    let rounds = OPERATIONS / 10;
    thread::scope(|scope| {
        let (mut ping, mut pong) = (recorder.process(), recorder.process());
        let one = scope.spawn(move || {
            for number in 0..rounds {
                ping.invoke((0, number)).ok((0, number));
                there.send(()).unwrap();
                from_there.recv().unwrap();
            }
        });
        let other = scope.spawn(move || {
            for number in 0..rounds {
                from_here.recv().unwrap();
                pong.invoke((1, number)).ok((1, number));
                back.send(()).unwrap();
            }
        });
        join([one, other]);
    });
    let expected = (0..rounds).flat_map(|n| [(0, n), (0, n), (1, n), (1, n)]);
    let found = recorder
        .into_history()
        .into_events()
        .map(|event| match event.kind {
            EventKind::Invoke(op) => op,
            EventKind::Ok(ret) => ret,
            other => panic!("{other:?}"),
        });
    assert!(found.eq(expected));

    // A barrier: everything before it comes first, by whomever.
    let recorder = Recorder::<Op, Ret>::new();
    let barrier = Barrier::new(4);
    thread::scope(|scope| {
        join([0, 1, 2, 3].map(|thread| {
            let (mut process, barrier) = (recorder.process(), &barrier);
            scope.spawn(move || {
                for phase in 0..rounds / 100 {
                    process.invoke((thread, phase)).ok((thread, phase));
                    barrier.wait();
                }
            })
        }));
    });
    let phases: Vec<u32> = recorder
        .snapshot()
        .events()
        .filter_map(|event| match event.kind {
            EventKind::Invoke(&(_, phase)) => Some(phase),
            _ => None,
        })
        .collect();
    assert!(phases.is_sorted());
}

#[test]
fn processes_outlive_their_recorder() {
    let recorder = Arc::new(Recorder::<Op, Ret>::new());
    let mut process = recorder.process();
    record(&mut process, 0, 1..100);
    let history = Arc::into_inner(recorder).unwrap().into_history();
    assert_eq!(history.len(), 198);
    thread::spawn(move || record(&mut process, 0, 100..50_000))
        .join()
        .unwrap();
}

#[test]
fn times_do_not_go_back_within_a_process() {
    let recorder = Recorder::<Op, Ret>::builder().timestamps(true).build();
    let operations = OPERATIONS / 20;
    with_threads(&recorder, 3, operations, || {});
    let mut last = HashMap::new();
    for event in &recorder.snapshot() {
        let time = event.time.expect("a time");
        assert!(
            last.insert(event.process, time)
                .is_none_or(|last| last <= time)
        );
    }
    let mut reader = Reader::default();
    let history = recorder.drain();
    assert!(history.events().all(|event| event.time.is_some()));
    reader.read(history.events());
    reader.finish(3, operations);
}
