//! The recorder under shuttle's schedulers.
#![cfg(not(loom))]

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use shuttle::{
    Config, Runner,
    scheduler::{
        DfsScheduler, PctScheduler, RandomScheduler, ReplayScheduler, Schedule, Scheduler, Task,
        TaskId,
    },
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    thread,
};
use tachograph::{EventKind, History, Recorder};

type Op = (usize, u64);
/// What a thread did, in the order of the schedule: its number, and whether it invoked.
type Log = Vec<(usize, bool)>;

/// Each of the threads adds to one counter so many times, and writes down itself when it has recorded something:
/// nothing can come between, for shuttle only switches where it is called.
fn additions(threads: usize, operations: u64) -> (History<Op, u64>, Log) {
    let recorder = Recorder::<Op, u64>::new();
    let log = Arc::new(Mutex::new(Log::new()));
    let counter = Arc::new(AtomicU64::new(0));
    let handles: Vec<_> = (0..threads)
        .map(|thread| {
            let (log, counter) = (Arc::clone(&log), Arc::clone(&counter));
            let mut process = recorder.process();
            thread::spawn(move || {
                for number in 0..operations {
                    let call = process.invoke((thread, number));
                    log.lock().unwrap().push((thread, true));
                    let old = counter.fetch_add(1, SeqCst);
                    call.ok(old);
                    log.lock().unwrap().push((thread, false));
                }
            })
        })
        .collect();
    handles
        .into_iter()
        .for_each(|handle| handle.join().unwrap());
    let log = log.lock().unwrap().clone();
    (recorder.into_history(), log)
}

/// As the log has it, from the history alone.
fn log_of(history: &History<Op, u64>) -> Log {
    let thread = |process: u64| {
        let is_its = |event: &tachograph::EventRef<'_, Op, u64>| event.process.0 == process;
        let first = history.events().find(is_its).unwrap();
        match first.kind {
            EventKind::Invoke((thread, _)) => *thread,
            ref other => unreachable!("{other:?}"),
        }
    };
    let entry = |event: tachograph::EventRef<'_, Op, u64>| {
        (
            thread(event.process.0),
            matches!(event.kind, EventKind::Invoke(_)),
        )
    };
    history.events().map(entry).collect()
}

fn run(scheduler: impl Scheduler + 'static, test: impl Fn() + Send + Sync + 'static) -> usize {
    Runner::new(scheduler, Config::new()).run(test)
}

/// All histories of a test, one after the other.
fn histories(scheduler: impl Scheduler + 'static) -> Vec<History<Op, u64>> {
    let histories = Arc::<Mutex<Vec<_>>>::default();
    let kept = Arc::clone(&histories);
    run(scheduler, move || {
        let (history, _) = additions(3, 2);
        kept.lock().unwrap().push(history);
    });
    let histories = histories.lock().unwrap();
    histories.clone()
}

#[test]
fn the_order_of_the_indices_is_that_of_the_schedule() {
    let test = || {
        let (history, log) = additions(3, 3);
        assert_eq!(log_of(&history), log);
    };
    run(RandomScheduler::new_from_seed(1, 300), test);
    run(PctScheduler::new_from_seed(1, 3, 300), test);
    run(DfsScheduler::new(Some(300), false), test);
}

/// Of two operations at once there are 4! / (2! 2!) orders. Without a point at each event some are missing.
#[test]
fn every_order_of_events_is_tried() {
    let orders = Arc::<Mutex<BTreeSet<Log>>>::default();
    let seen = Arc::clone(&orders);
    run(DfsScheduler::new(None, false), move || {
        let recorder = Recorder::<Op, u64>::new();
        let handles = [0, 1].map(|thread| {
            let mut process = recorder.process();
            thread::spawn(move || process.invoke((thread, 0)).ok(0))
        });
        handles.map(|handle| handle.join().unwrap());
        seen.lock()
            .unwrap()
            .insert(log_of(&recorder.into_history()));
    });
    assert_eq!(orders.lock().unwrap().len(), 6);
}

#[test]
fn an_event_is_one_point_of_the_schedule() {
    run(RandomScheduler::new_from_seed(1, 1), || {
        let recorder = Recorder::<Op, u64>::new();
        let mut process = recorder.process();
        let points = |f: &mut dyn FnMut()| {
            let before = shuttle::current::context_switches();
            f();
            shuttle::current::context_switches() - before
        };
        assert_eq!(points(&mut || process.invoke((0, 0)).ok(0)), 2);
        assert_eq!(points(&mut || process.invoke((0, 0)).fail()), 2);
        assert_eq!(points(&mut || process.invoke((0, 0)).info()), 2);
        assert_eq!(points(&mut || drop(process.invoke((0, 0)))), 2);
        assert_eq!(points(&mut || process.mark("mark")), 1);
        assert_eq!(points(&mut || drop(recorder.snapshot())), 0);
    });
}

#[test]
fn a_seed_gives_the_same_histories_again() {
    let random = |seed| histories(RandomScheduler::new_from_seed(seed, 50));
    assert_eq!(random(7), random(7));
    assert_ne!(random(7), random(8));
    let pct = |seed| histories(PctScheduler::new_from_seed(seed, 3, 50));
    assert_eq!(pct(7), pct(7));
    assert_ne!(pct(7), pct(8));
}

/// Writes down what another scheduler chooses. (Shuttle does so too where a test panics, but as the first test of the
/// process said.)
struct Kept<S>(S, Arc<Mutex<Schedule>>);

impl<S: Scheduler> Scheduler for Kept<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        let schedule = self.0.new_execution()?;
        *self.1.lock().unwrap() = schedule.clone();
        Some(schedule)
    }

    fn next_task(&mut self, tasks: &[&Task], now: Option<TaskId>, yields: bool) -> Option<TaskId> {
        let next = self.0.next_task(tasks, now, yields)?;
        self.1.lock().unwrap().push_task(next);
        Some(next)
    }

    fn next_u64(&mut self) -> u64 {
        self.1.lock().unwrap().push_random();
        self.0.next_u64()
    }
}

#[test]
fn a_schedule_that_failed_replays_exactly() {
    let last = Arc::<Mutex<Option<History<Op, u64>>>>::default();
    let kept = Arc::clone(&last);
    let test = move || {
        let (history, _) = additions(3, 2);
        let ends = [0, history.len() - 1].map(|at| log_of(&history)[at].0);
        *kept.lock().unwrap() = Some(history);
        assert!(ends[0] < ends[1], "the last thread was the first");
    };
    let panic_of = |scheduler| {
        let run = AssertUnwindSafe(|| Runner::new(scheduler, Config::new()).run(test.clone()));
        catch_unwind(run).unwrap_err();
        last.lock().unwrap().take().unwrap()
    };
    let schedule = Arc::default();
    let random = Kept(
        RandomScheduler::new_from_seed(3, 1000),
        Arc::clone(&schedule),
    );
    let failed = panic_of(Box::new(random) as Box<dyn Scheduler + Send>);
    let schedule = schedule.lock().unwrap().clone();
    for _ in 0..2 {
        let again = ReplayScheduler::new_from_schedule(schedule.clone());
        assert_eq!(panic_of(Box::new(again)), failed);
    }
}

#[test]
fn an_operation_that_panics_is_an_info() {
    run(RandomScheduler::new_from_seed(1, 50), || {
        let recorder = Recorder::<Op, u64>::new();
        let handles = [0, 1].map(|thread| {
            let mut process = recorder.process();
            thread::spawn(move || {
                let panics = AssertUnwindSafe(|| {
                    process.op((thread, 0), || std::panic::resume_unwind(Box::new(())))
                });
                catch_unwind(panics).unwrap_err();
                process.op((thread, 1), || 1);
            })
        });
        handles.map(|handle| handle.join().unwrap());
        let history = recorder.into_history();
        let infos = history
            .events()
            .filter(|event| event.kind == EventKind::Info);
        assert_eq!((infos.count(), history.len()), (2, 8));
    });
}

/// It comes to a point of shuttle's while it is cloned.
#[derive(Debug)]
struct Switches(u64);

impl Clone for Switches {
    fn clone(&self) -> Self {
        thread::yield_now();
        Self(self.0)
    }
}

#[test]
fn readers_that_meet_do_not_stop_everything() {
    run(RandomScheduler::new_from_seed(1, 50), || {
        let recorder = Arc::new(Recorder::<Switches, Switches>::new());
        let mut process = recorder.process();
        process.invoke(Switches(1)).ok(Switches(2));
        let readers = [(); 3].map(|()| {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || recorder.snapshot().len())
        });
        process.op(Switches(3), || Switches(4));
        for reader in readers {
            assert!((2..=4).contains(&reader.join().unwrap()));
        }
    });
}

#[test]
fn a_future_that_is_dropped_is_an_info() {
    run(RandomScheduler::new_from_seed(1, 50), || {
        let recorder = Recorder::<Op, u64>::new();
        let mut process = recorder.process();
        let task = shuttle::future::spawn(async move {
            process.op_async((0, 0), std::future::pending()).await
        });
        let mut other = recorder.process();
        shuttle::future::block_on(async {
            other.op_async((1, 0), async { 1 }).await;
            task.abort();
            let _ = task.await;
        });
        let history = recorder.into_history();
        let ends = history.events().filter(|event| event.process.0 == 0).last();
        // It was aborted before it began, or while it waited.
        assert!(ends.is_none_or(|event| event.kind == EventKind::Info));
    });
}

#[test]
fn outside_of_shuttle_nothing_is_different() {
    let recorder = Recorder::<Op, u64>::new();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let mut process = recorder.process();
            scope.spawn(move || (0..100).for_each(|n| process.invoke((thread, n)).ok(n)));
        }
    });
    assert_eq!(recorder.into_history().len(), 600);
}
