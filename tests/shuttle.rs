//! The recorder under shuttle's schedulers, and stress tests whose schedules they choose.
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
use tachograph::{
    EventKind, History, Recorder,
    model::{
        Counter,
        counter::{Op as CounterOp, Ret as CounterRet},
    },
    stress::{Cause, Draw, Plan, Program, Report, Schedule as Saved, Schedules, Stress, point},
};

mod common;
#[path = "../fuzz/bodies/lock.rs"]
mod lock;

use common::panic_of;
use lock::{Lock, Op as LockOp, Owned};

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
        let _ = handles.map(|handle| handle.join().unwrap());
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
        // While it unwinds, none: others would see their locks poisoned.
        let mut panicking = || {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _call = process.invoke((0, 0));
                panic!("on purpose");
            }));
            assert!(panicked.is_err());
        };
        assert_eq!(points(&mut panicking), 1);
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
        let _ = handles.map(|handle| handle.join().unwrap());
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
    let ended = Arc::<Mutex<u64>>::default();
    let count = Arc::clone(&ended);
    run(RandomScheduler::new_from_seed(1, 50), move || {
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
        *count.lock().unwrap() += u64::from(ends.is_some());
    });
    let ended = *ended.lock().unwrap();
    assert!((5..50).contains(&ended), "{ended} of 50 had begun");
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

/// The operations of two threads that show what is wrong with the lock: drawn in this order, the same in every round.
fn taken_and_wanted() -> impl FnMut(&mut Draw) -> LockOp {
    use LockOp::{Release, Try};
    let mut ops = [Try(0), Release(0), Try(1), Try(1)].into_iter().cycle();
    move |_| ops.next().unwrap()
}

fn two_by_two() -> Plan {
    let plan = Plan::new().threads(2).operations(2).rounds(1).seed(1);
    plan.time(std::time::Duration::MAX)
}

type LockReport = Report<LockOp, bool, Option<usize>>;

fn lock_test(is_correct: bool, plan: Plan, schedules: Schedules) -> LockReport {
    Stress::new(Owned, move || Lock::new(is_correct, 0))
        .plan(plan)
        .schedules(schedules)
        .report(Lock::run, taken_and_wanted())
}

/// PCT of depth 3 finds it with a probability of at least 1 / (3 · 20²) a schedule: there are three tasks, which come
/// to some twenty points. So in 10,000 schedules it is missed once in four thousand tests at most.
#[test]
fn pct_finds_a_race_of_depth_three_and_the_schedule_replays_exactly() {
    for seed in 0..20 {
        let plan = two_by_two().seed(seed);
        let report = lock_test(false, plan, Schedules::pct(3).each(10_000));
        let finding = report
            .finding
            .as_ref()
            .unwrap_or_else(|| panic!("{report}"));
        assert!(matches!(finding.cause, Cause::Violation(_)), "{report}");

        let schedule: Saved = finding
            .schedule
            .as_ref()
            .unwrap()
            .to_string()
            .parse()
            .unwrap();
        assert_eq!(Some(&schedule), finding.schedule.as_ref());
        assert!(report.to_string().contains(&schedule.to_string()));
        // Whatever else the plan says.
        let again = lock_test(false, Plan::new(), Schedules::replay(schedule));
        assert_eq!(again.counts.histories, 1);
        let found_again = again.finding.as_ref().unwrap();
        assert_eq!(found_again.history, finding.history);
        assert_eq!(found_again.account, finding.account);
        assert_eq!(found_again.schedule, finding.schedule);
    }
}

/// So it is of no smaller depth, whatever the operations are.
#[test]
fn pct_of_depth_two_does_not_find_it() {
    let test = |depth| {
        Stress::new(Owned, || Lock::new(false, 0))
            .plan(two_by_two().threads(3).operations(3).rounds(400))
            .schedules(Schedules::pct(depth))
            .report(Lock::run, |draw| {
                let thread = draw.process();
                draw.weighted([(2, LockOp::Try(thread)), (1, LockOp::Release(thread))])
            })
    };
    let report = test(2);
    assert!(report.is_pass(), "{report}");
    assert_eq!(report.counts.linearizable, 40_000);
    assert!(test(3).finding.is_some());
}

#[test]
fn random_schedules_find_it_where_threads_meet_often() {
    let report = lock_test(false, two_by_two(), Schedules::random().each(10_000));
    assert!(report.finding.is_some(), "{report}");
}

/// The one thread does nearly all its hundred accesses before the other has done its seven, which has a probability of less than
/// 10⁻²⁰ where each is as likely to be next. PCT counts points, not chances: 1 / (3 · 130²) a schedule at least.
#[test]
fn where_threads_meet_rarely_pct_finds_it_and_random_schedules_do_not() {
    let test = |schedules| {
        Stress::new(Owned, || Lock::new(false, 100))
            .plan(two_by_two())
            .schedules(schedules)
            .report(Lock::run, taken_and_wanted())
    };
    for schedules in [Schedules::random(), Schedules::pct(2)] {
        let report = test(schedules.each(20_000));
        assert!(report.is_pass(), "{report}");
        assert_eq!(report.counts.linearizable, 20_000);
    }
    let report = test(Schedules::pct(3).each(400_000));
    assert!(report.finding.is_some(), "{report}");
}

#[test]
fn exhaustive_schedules_find_it_and_exhaust_what_is_correct() {
    let report = lock_test(false, two_by_two(), Schedules::exhaustive());
    assert!(report.finding.is_some(), "{report}");
    assert_eq!(report.counts.exhausted, 0);

    let report = lock_test(true, two_by_two().operations(1), Schedules::exhaustive());
    assert!(report.is_pass(), "{report}");
    assert_eq!(report.counts.exhausted, 1);
    assert!(report.counts.histories > 100, "{report}");
    // As many again, and no more.
    let all = report.counts.histories;
    let report = lock_test(
        true,
        two_by_two().operations(1),
        Schedules::exhaustive().each(all + 1),
    );
    assert_eq!((report.counts.histories, report.counts.exhausted), (all, 1));
    let report = lock_test(
        true,
        two_by_two().operations(1),
        Schedules::exhaustive().each(all - 1),
    );
    assert_eq!(
        (report.counts.histories, report.counts.exhausted),
        (all - 1, 0)
    );
    assert!(report.to_string().contains("not all schedules were tried"));
}

#[test]
fn a_panic_that_others_wait_for_is_told() {
    let report = Stress::new(Counter::new(), || {
        let (send, receive) = shuttle::sync::mpsc::channel::<()>();
        (shuttle::sync::Mutex::new(receive), send)
    })
    .plan(Plan::new().threads(2).operations(1).rounds(1).seed(1))
    .schedules(Schedules::random())
    .report(
        |(receive, _sends_nothing), op| match op {
            CounterOp::Add(_) => panic!("the root of it"),
            _ => {
                receive.lock().unwrap().recv().unwrap();
                CounterRet::Done
            }
        },
        {
            let mut first = true;
            move |_| match std::mem::take(&mut first) {
                true => CounterOp::Add(1),
                false => CounterOp::Get,
            }
        },
    );
    let Some(Cause::Stuck { message }) = report.finding.as_ref().map(|it| &it.cause) else {
        panic!("{report}");
    };
    assert!(message.contains("the root of it"), "{message}");
    assert!(message.contains("deadlock"), "{message}");
    assert_eq!(report.counts.panicked, 1);
}

#[test]
fn what_is_correct_passes() {
    for schedules in [Schedules::random(), Schedules::pct(3)] {
        let report = Stress::new(Owned, || Lock::new(true, 0))
            .plan(Plan::new().threads(3).operations(4).rounds(50).seed(1))
            .schedules(schedules)
            .report(Lock::run, |draw| {
                let thread = draw.process();
                draw.weighted([(2, LockOp::Try(thread)), (1, LockOp::Release(thread))])
            });
        assert!(report.is_pass(), "{report}");
        assert_eq!(report.counts.linearizable, 50 * 100);
        assert_eq!(report.counts.overlap.operations, 50 * 100 * 12);
    }
}

/// Without regard to what was written where it looked last, it adds.
fn add(counter: &std::sync::atomic::AtomicI64, op: &CounterOp) -> CounterRet {
    match op {
        CounterOp::Get => CounterRet::Count(counter.load(SeqCst)),
        CounterOp::Add(n) | CounterOp::FetchAdd(n) => {
            let old = counter.load(SeqCst);
            point();
            counter.store(old + n, SeqCst);
            CounterRet::Done
        }
    }
}

#[test]
fn a_point_is_one_of_the_schedule() {
    let test = |seed| {
        Stress::new(Counter::new(), || std::sync::atomic::AtomicI64::new(0))
            .plan(Plan::new().threads(2).operations(4).rounds(200).seed(seed))
            .schedules(Schedules::random())
            .report(add, |draw| {
                draw.weighted([(1, CounterOp::Get), (1, CounterOp::Add(1))])
            })
    };
    let report = test(5);
    let finding = report
        .finding
        .as_ref()
        .unwrap_or_else(|| panic!("{report}"));
    let again = test(5);
    let found_again = again.finding.as_ref().unwrap();
    assert_eq!(found_again.history, finding.history);
    assert_eq!(found_again.schedule, finding.schedule);
    assert_eq!(again.counts.histories, report.counts.histories);
    assert_ne!(test(6).finding.unwrap().schedule, finding.schedule);
}

/// Nor does the next round wait for it.
#[test]
fn an_object_that_is_never_made_is_a_finding_and_the_last() {
    let make = || {
        let (_sends, receives) = shuttle::sync::mpsc::channel::<()>();
        receives.recv().unwrap();
    };
    let report = Stress::new(Counter::new(), make)
        .plan(Plan::new().rounds(5).keep_going(true))
        .schedules(Schedules::random())
        .report(|(), _| CounterRet::Done, |_| CounterOp::Add(1));
    let cause = report.finding.as_ref().map(|finding| &finding.cause);
    assert!(matches!(cause, Some(Cause::Stuck { .. })), "{report}");
    assert_eq!(report.counts.rounds, 1);
}

/// Two locks, taken in one order or the other.
#[test]
fn operations_that_wait_for_each_other_are_a_finding() {
    let test = |schedules| {
        let make = || [(); 2].map(|()| shuttle::sync::Mutex::new(()));
        let mut first = [CounterOp::Add(0), CounterOp::Add(1)].into_iter().cycle();
        Stress::new(Counter::new(), make)
            .plan(Plan::new().threads(2).operations(1).rounds(1).seed(1))
            .schedules(schedules)
            .report(
                |locks, op| {
                    let (first, second) = match op {
                        CounterOp::Add(0) => (0, 1),
                        _ => (1, 0),
                    };
                    let _first = locks[first].lock().unwrap();
                    let _second = locks[second].lock().unwrap();
                    CounterRet::Done
                },
                move |_| first.next().unwrap(),
            )
    };
    let report = test(Schedules::random());
    let finding = report
        .finding
        .as_ref()
        .unwrap_or_else(|| panic!("{report}"));
    let Cause::Stuck { message } = &finding.cause else {
        panic!("{report}");
    };
    assert!(message.starts_with("deadlock"), "{message}");
    assert_eq!(finding.history.operations().count(), 2);
    let again = test(Schedules::replay(finding.schedule.clone().unwrap()));
    let found_again = again.finding.unwrap();
    assert!(matches!(found_again.cause, Cause::Stuck { .. }));
    assert_eq!(found_again.history, finding.history);
}

#[test]
fn an_operation_that_panics_ends_the_test() {
    let report = Stress::new(Counter::new(), || AtomicU64::new(0))
        .plan(Plan::new().threads(2).operations(2).rounds(1).seed(1))
        .schedules(Schedules::pct(2))
        .report(
            |calls, _| match calls.fetch_add(1, SeqCst) {
                2 => panic!("the third"),
                _ => CounterRet::Done,
            },
            |_| CounterOp::Add(1),
        );
    let finding = report
        .finding
        .as_ref()
        .unwrap_or_else(|| panic!("{report}"));
    let Cause::Panic { message, .. } = &finding.cause else {
        panic!("{report}");
    };
    assert_eq!(message, "the third");
    assert!(
        report.to_string().contains("panicked: the third"),
        "{report}"
    );
}

/// Of an object with two threads and one operation, which tells whether it was run before.
fn worker_test(panics_in_drop: bool, schedules: Schedules) -> Report<CounterOp, CounterRet, i64> {
    struct Worker {
        is_run: AtomicU64,
        panics: bool,
    }

    impl Drop for Worker {
        fn drop(&mut self) {
            let runs = self.is_run.load(SeqCst);
            assert!(!self.panics || runs != 1, "it was lost");
        }
    }

    let make = move || Worker {
        is_run: AtomicU64::new(0),
        panics: panics_in_drop,
    };
    Stress::new(Counter::new(), make)
        .plan(Plan::new().threads(2).operations(1).rounds(20).seed(1))
        .schedules(schedules)
        .report(
            move |worker, _| {
                let runs = worker.is_run.load(SeqCst);
                worker.is_run.store(runs + 1, SeqCst); // of two at once, one is lost
                if !panics_in_drop {
                    let task = thread::spawn(move || assert!(runs != 1, "the task is ill"));
                    let _ = task.join();
                }
                CounterRet::Done
            },
            |_| CounterOp::Add(1),
        )
}

#[test]
fn a_panic_in_a_task_that_the_object_spawned_is_one() {
    let report = worker_test(false, Schedules::random());
    let finding = report.finding.as_ref().unwrap();
    let Cause::Panic { thread, message } = &finding.cause else {
        panic!("{report}");
    };
    assert_eq!(
        message,
        "in a task that the object spawned: the task is ill"
    );
    assert!(*thread >= 2, "{report}");
    assert_eq!(report.counts.panicked, 1);
    let again = worker_test(false, Schedules::replay(finding.schedule.clone().unwrap()));
    assert_eq!(again.finding.unwrap().account, finding.account);
}

#[test]
fn a_race_that_shows_when_the_object_is_dropped_is_found_and_replays() {
    let report = worker_test(true, Schedules::random());
    let finding = report
        .finding
        .as_ref()
        .unwrap_or_else(|| panic!("{report}"));
    assert!(
        matches!(&finding.cause, Cause::Drop { message } if message == "it was lost"),
        "{report}"
    );
    assert_eq!(report.counts.panicked, 1);
    let again = worker_test(true, Schedules::replay(finding.schedule.clone().unwrap()));
    assert_eq!(again.finding.unwrap().account, finding.account);
}

#[test]
fn a_panic_in_make_or_draw_goes_on() {
    let test = |makes: bool, draws: bool| {
        panic_of(|| {
            let make = move || {
                assert!(makes, "it is not made");
                Lock::new(true, 0)
            };
            let draw = |_: &mut Draw| {
                assert!(draws, "nothing is drawn");
                LockOp::Release(0)
            };
            Stress::new(Owned, make)
                .schedules(Schedules::random())
                .run(Lock::run, draw);
        })
    };
    assert_eq!(test(false, true), "it is not made");
    assert_eq!(test(true, false), "nothing is drawn");
}

#[test]
fn a_panic_in_the_model_goes_on() {
    struct Panics;

    impl tachograph::model::Model for Panics {
        type Op = LockOp;
        type Ret = bool;
        type State = bool;

        fn initial(&self) -> bool {
            panic!("there is no first state");
        }

        fn apply(&self, _: &mut bool, _: &LockOp) -> bool {
            true
        }
    }

    let said = panic_of(|| {
        Stress::new(Panics, || Lock::new(true, 0))
            .schedules(Schedules::random())
            .run(Lock::run, |_| LockOp::Release(0));
    });
    assert_eq!(said, "there is no first state");
}

#[test]
fn a_schedule_of_other_code_is_none() {
    let report = lock_test(false, two_by_two(), Schedules::random().each(10_000));
    let schedule = report.finding.unwrap().schedule.unwrap();
    let said = panic_of(|| {
        Stress::new(Owned, || ())
            .schedules(Schedules::replay(schedule))
            .run(|(), _| true, taken_and_wanted());
    });
    assert!(
        said.starts_with("the schedule is one of other code"),
        "{said}"
    );
}

/// It would fit, for the operations come to the same points.
#[test]
fn a_schedule_of_other_operations_is_none() {
    let test = |op: CounterOp, count, schedules| {
        Stress::new(Counter::new(), || ())
            .plan(Plan::new().threads(2).operations(1).rounds(1).seed(1))
            .schedules(schedules)
            .report(
                move |(), op| match op {
                    CounterOp::Add(_) => CounterRet::Done,
                    _ => CounterRet::Count(count),
                },
                move |_| op.clone(),
            )
    };
    let finding = test(CounterOp::Get, 1, Schedules::random()).finding;
    let schedule = finding.unwrap().schedule.unwrap();
    let replay = |op| test(op, 0, Schedules::replay(schedule.clone()));
    assert!(replay(CounterOp::Get).is_pass());
    let said = panic_of(|| drop(replay(CounterOp::Add(1))));
    assert!(
        said.starts_with("the schedule is one of other operations"),
        "{said}"
    );
}

#[test]
fn a_schedule_with_steps_left_is_no_pass() {
    let test = |count, schedules| {
        Stress::new(Counter::new(), || ())
            .plan(Plan::new().threads(2).operations(1).rounds(1).seed(1))
            .schedules(schedules)
            .report(move |(), _| CounterRet::Count(count), |_| CounterOp::Get)
    };
    let finding = test(1, Schedules::random()).finding.unwrap();
    let schedule = finding.schedule.unwrap();
    assert!(test(0, Schedules::replay(schedule.clone())).is_pass());

    let longer: Saved = format!("{schedule} 0 1").parse().unwrap();
    // What is found is told all the same.
    let again = test(1, Schedules::replay(longer.clone())).finding.unwrap();
    assert_eq!(again.schedule, Some(schedule));
    let said = panic_of(|| drop(test(0, Schedules::replay(longer))));
    assert!(
        said.ends_with("comes to more points: 2 steps are left"),
        "{said}"
    );
}

/// Threads may have different numbers of operations.
#[test]
fn a_program_runs_under_schedules() {
    use LockOp::{Release, Try};
    let test = |schedules| {
        let program = Program {
            threads: vec![
                vec![Try(0), Release(0)],
                vec![],
                vec![Try(2), Try(2), Try(2)],
            ],
        };
        Stress::new(Owned, || Lock::new(false, 0))
            .plan(Plan::new().rounds(1).seed(1))
            .schedules(schedules)
            .report_program(&program, Lock::run)
    };
    let passes = test(Schedules::bytes([]));
    assert!(passes.is_pass(), "{passes}");
    assert_eq!(
        (passes.counts.histories, passes.counts.overlap.operations),
        (1, 5)
    );
    let finding = test(Schedules::pct(3).each(10_000)).finding.unwrap();
    let again = test(Schedules::replay(finding.schedule.unwrap()));
    assert_eq!(again.finding.unwrap().history, finding.history);
}

#[test]
fn one_thread_has_one_schedule() {
    for schedules in [
        Schedules::random(),
        Schedules::pct(3),
        Schedules::exhaustive(),
    ] {
        let report = lock_test(false, two_by_two().threads(1).rounds(3), schedules);
        assert!(report.is_pass(), "{report}");
        assert_eq!((report.counts.histories, report.counts.exhausted), (3, 3));
    }
}

#[test]
fn numbers_that_shuttle_draws_are_drawn_again() {
    use shuttle::rand::Rng;

    let test = |schedules| {
        Stress::new(Counter::new(), || ())
            .plan(Plan::new().threads(2).operations(2).rounds(100).seed(1))
            .schedules(schedules)
            .report(
                |(), _| match shuttle::rand::thread_rng().r#gen::<u64>() % 1000 {
                    0 => CounterRet::Count(1),
                    _ => CounterRet::Count(0),
                },
                |_| CounterOp::Get,
            )
    };
    for schedules in [Schedules::random(), Schedules::pct(2)] {
        let finding = test(schedules).finding.unwrap();
        let again = test(Schedules::replay(finding.schedule.unwrap()));
        assert_eq!(again.finding.unwrap().history, finding.history);
    }
}

#[test]
fn a_finding_is_written_with_its_schedule() {
    let folder = std::env::temp_dir().join(format!("tachograph-schedule-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let plan = two_by_two().output(&folder);
    let report = lock_test(false, plan, Schedules::random().each(10_000));
    let written = std::fs::read_to_string(folder.join("Lock-seed-1-round-0.schedule")).unwrap();
    assert_eq!(
        written.parse(),
        Ok(report.finding.unwrap().schedule.unwrap())
    );
    assert!(folder.join("Lock-seed-1-round-0.txt").exists());
    #[cfg(feature = "format")]
    {
        let page = std::fs::read_to_string(folder.join("Lock-seed-1-round-0.html")).unwrap();
        assert!(page.contains("seed 1, round 0") && page.contains("\"verdict\":\"violation\""));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_schedule_of_the_last_round_there_is_replays() {
    let report = lock_test(false, two_by_two(), Schedules::random().each(10_000));
    let schedule = report.finding.unwrap().schedule.unwrap().to_string();
    let last = schedule.replace("round 0", &format!("round {}", u64::MAX));
    let replay = Schedules::replay(last.parse().unwrap());
    let report = lock_test(false, two_by_two(), replay);
    assert_eq!(report.finding.unwrap().round, u64::MAX);
}

#[test]
fn what_is_no_schedule_is_said() {
    let said = |text: &str| text.parse::<Saved>().unwrap_err().to_string();
    let start =
        "tachograph-schedule-2 seed 7 round 0 threads 2 operations 3 drawn 8 random 9 steps";
    for (text, what) in [
        ("", "it ends where there should be tachograph-schedule-2"),
        (
            "9102",
            "\"9102\", where there should be tachograph-schedule-2",
        ),
        (
            "tachograph-schedule-2 seed x",
            "\"x\", where there should be a number",
        ),
        (
            "tachograph-schedule-2 round 1",
            "\"round\", where there should be seed",
        ),
        (
            &format!("{start} 1*2*3"),
            "\"2*3\", where there should be a number",
        ),
        (
            &format!("{start} 1*99999999999"),
            "\"1*99999999999\", where there should be fewer steps",
        ),
        (
            &format!("{start} 1 -1"),
            "\"-1\", where there should be a number",
        ),
        // What a plan refuses by a panic.
        (
            &start.replace("threads 2", "threads 4097"),
            "\"4097\", where there should be a smaller number",
        ),
        (
            &start.replace("threads 2 operations 3", "threads 4096 operations 1025"),
            "\"1025\", where there should be a smaller number",
        ),
    ] {
        assert_eq!(said(text), format!("not a schedule: {what}"));
    }
    // Nor is what is there repeated, however long it is.
    let long = said(&"ü".repeat(1 << 20));
    assert!(long.len() < 200, "{} bytes", long.len());
}
