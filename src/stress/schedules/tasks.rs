//! The rounds as tasks of shuttle: what they run, and who looks at what came of it.

use std::{
    any::Any,
    cell::RefCell,
    fmt::{self, Debug, Write},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shuttle::{Config, FailurePersistence, Runner};

use super::{
    Schedules,
    choose::{Observed, Progress},
};
use crate::{
    check,
    history::History,
    model::Specification,
    recorder::{Process, Recorder},
    stress::{
        Draw, Plan, ReportOf, Schedule, account,
        judge::{Panic, Trial, message, mix},
        report::{Cause, Finding},
        schedule::Step,
    },
};

/// Runs the rounds from the first on.
pub(super) fn run<S, F, T, R>(
    plan: Plan,
    specification: Rc<S>,
    make: F,
    schedules: &Schedules,
    first: u64,
    run: R,
    mut draw_ops: impl FnMut(&mut Draw, &mut Vec<S::Op>),
) -> ReportOf<S>
where
    S: Specification<
            Op: Clone + Send + Sync + 'static,
            Ret: Clone + Send + Sync + 'static,
            State: Send,
        > + Sync
        + 'static,
    F: FnMut() -> T + Send + 'static,
    T: Send + Sync + 'static,
    R: Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
{
    let seed = plan.seed.unwrap_or_else(|| fastrand::u64(..));
    let round = Arc::new(Round {
        make: Mutex::new(Some(make)),
        run,
        drawn: Mutex::default(),
        recorder: Mutex::default(),
        panic: Mutex::default(),
        dropped: Mutex::default(),
        fault: Mutex::default(),
    });
    let (threads, operations, last) = (plan.threads, plan.operations, plan.most_rounds());
    let court = Rc::new(RefCell::new(Court {
        specification,
        trial: Trial::begin(&plan, seed),
        plan,
    }));
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.stack_size = STACK;

    // A schedule that somebody wrote may be of the last round there is.
    for number in (0..last).map(|round| first.wrapping_add(round)) {
        if court.borrow().trial.is_over() || lock(&round.make).is_none() {
            break;
        }
        let mut draw = Draw::new(mix(seed, number));
        let drawn = (0..threads).map(|process| {
            draw.process = process;
            let mut ops = Vec::new();
            draw_ops(&mut draw, &mut ops);
            ops
        });
        let drawn: Vec<_> = drawn.collect();
        let fingerprint = fingerprint(&drawn);
        *lock(&round.drawn) = Arc::new(drawn);
        if let Some(replayed) = schedules.replays() {
            assert!(
                replayed.drawn == fingerprint,
                "the schedule is one of other operations than those that were drawn now",
            );
        }

        let progress = Rc::new(RefCell::new(Progress::new(Schedule {
            seed,
            round: number,
            threads,
            operations,
            drawn: fingerprint,
            random: 0,
            steps: Vec::new(),
        })));
        let mut left = schedules.each;
        let over = {
            let (round, court) = (Arc::clone(&round), Rc::clone(&court));
            move |schedule: &Schedule| {
                left -= 1;
                if lock(&round.fault).is_some() {
                    return false;
                }
                let mut court = court.borrow_mut();
                let dropped = lock(&round.dropped).take();
                let dropped = dropped.map(|message| Cause::Drop { message });
                // What comes first says most.
                let panic = lock(&round.panic).take().map(Cause::from).or(dropped);
                court.judge(schedule, round.history(), panic);
                left > 0 && !court.trial.is_over()
            }
        };
        let scheduler = Observed {
            chooses: schedules.scheduler(draw.u64()),
            progress: Rc::clone(&progress),
            over,
        };
        let runner = Runner::new(scheduler, config.clone());
        let tasks = Arc::clone(&round);
        let ran = catch_unwind(AssertUnwindSafe(|| runner.run(move || tasks.run_tasks())));
        if let Some(fault) = lock(&round.fault).take() {
            resume_unwind(fault);
        }
        let mut court = court.borrow_mut();
        let progress = progress.borrow();
        assert!(
            !progress.is_misfit,
            "the schedule is one of other code, which comes to other points: it fits for {} steps",
            progress.schedule.steps.len(),
        );
        if let Err(panic) = ran {
            if !progress.is_under_way {
                // In the specification, between two schedules.
                resume_unwind(panic);
            }
            let schedule = &progress.schedule;
            let mut message = message(panic);
            let operation = lock(&round.panic).take();
            if never_ends(&message) {
                // Most likely why: what others wait for will not come.
                if let Some((thread, said)) = operation {
                    message = format!(
                        "an operation of thread {thread} panicked: {said}; then: {message}"
                    );
                    court.trial.counts.panicked += 1;
                }
                court.trial.counts.histories += 1;
                court.conclude(schedule, round.history(), Cause::Stuck { message });
            } else {
                // Ours catch what they run: it was a task of the object's.
                let panic = operation.unwrap_or_else(|| {
                    let said = format!("in a task that the object spawned: {message}");
                    (last_thread(schedule), said)
                });
                court.judge(schedule, round.history(), Some(panic.into()));
            }
        }
        // What it found counts, but without a finding nothing was said of the schedule that was to be replayed.
        let there = schedules.replays().map(|replayed| replayed.steps.len());
        let came = progress.schedule.steps.len();
        if let (Some(there), false) = (there, court.trial.has_found()) {
            assert!(
                came >= there,
                "the schedule is one of other code, which comes to more points: {} steps are left",
                there - came,
            );
            assert!(
                came == there,
                "the schedule is one of other code, which draws no number after its last step",
            );
        }
        court.trial.counts.rounds += 1;
        let counts = &mut court.trial.counts;
        counts.exhausted += u64::from(progress.is_exhausted);
        counts.cut_short += u64::from(schedules.is_exhaustive() && !progress.is_exhausted);
    }

    let Court {
        specification,
        plan,
        trial,
    } = &mut *court.borrow_mut();
    trial.report(|finding| {
        let place = format!("a schedule of round {}", finding.round);
        account::of(
            &**specification,
            plan,
            &place,
            &finding.history,
            &finding.cause,
        )
    })
}

/// Whether this is what shuttle says of tasks that never end.
fn never_ends(message: &str) -> bool {
    let says = ["deadlock!", "exceeded max_steps bound"];
    says.iter().any(|its| message.starts_with(its))
}

/// The thread that went on last. Those of the object's tasks come after ours.
fn last_thread(schedule: &Schedule) -> usize {
    let mut steps = schedule.steps.iter().rev();
    let task = steps.find_map(|step| match step {
        Step::Task(task) => Some(*task),
        Step::Random => None,
    });
    task.map_or(0, |task| task.saturating_sub(1)) // 0 prepares
}

/// Tells operations from others by their `Debug` text: FNV-1a, which is the same in every build.
fn fingerprint(drawn: &impl Debug) -> u64 {
    struct Hash(u64);

    impl Write for Hash {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for byte in text.bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            Ok(())
        }
    }

    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    // A user's `Debug` that fails has said what it has said.
    let _ = write!(hash, "{drawn:?}");
    hash.0
}

/// What the tasks of a round share.
struct Round<F, R, O, T> {
    /// None while an object is made. If that comes to no end, it is lost with the stack of the task.
    make: Mutex<Option<F>>,
    run: R,
    /// The operations of each thread.
    drawn: Mutex<Arc<Vec<Vec<O>>>>,
    recorder: Mutex<Recorder<O, T>>,
    /// The first operation that panicked: of which thread, and what it said.
    panic: Mutex<Option<Panic>>,
    /// What the object said that panicked when it was dropped.
    dropped: Mutex<Option<String>>,
    /// What else of the user's panicked.
    fault: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Locks, for no longer than it takes to move something in or out: no task comes to a point of the schedule meanwhile.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory for the stack of a task: as much as a thread has. What is not used costs nothing.
const STACK: usize = 2 << 20;

impl<F, R, O, T> Round<F, R, O, T> {
    /// What was recorded. The recorder begins anew.
    fn history(&self) -> History<O, T> {
        let mut recorder = lock(&self.recorder);
        let history = recorder.drain();
        if recorder.clear().is_err() {
            // The stacks of tasks that never end are lost, and the processes on them.
            *recorder = Recorder::new();
        }
        history
    }

    /// The body of the first task.
    fn run_tasks<Object>(self: &Arc<Self>)
    where
        F: FnMut() -> Object + Send + 'static,
        R: Fn(&Object, &O) -> T + Send + Sync + 'static,
        O: Clone + Send + Sync + 'static,
        T: Send + 'static,
        Object: Send + Sync + 'static,
    {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut make = lock(&self.make).take().expect("each object is made");
            let object = Arc::new(make());
            *lock(&self.make) = Some(make);
            let drawn = Arc::clone(&lock(&self.drawn));
            let processes: Vec<_> = {
                let recorder = lock(&self.recorder);
                (0..drawn.len()).map(|_| recorder.process()).collect()
            };
            let tasks: Vec<_> = processes
                .into_iter()
                .enumerate()
                .map(|(thread, process)| {
                    let (round, object) = (Arc::clone(self), Arc::clone(&object));
                    let drawn = Arc::clone(&drawn);
                    shuttle::thread::spawn(move || {
                        round.run_thread(thread, process, &object, &drawn[thread]);
                    })
                })
                .collect();
            for task in tasks {
                task.join().expect("a task catches what it runs");
            }
            // The last reference: some bugs show only here.
            let drops = AssertUnwindSafe(|| drop(object));
            if let Err(panic) = catch_unwind(drops) {
                *lock(&self.dropped) = Some(message(panic));
            }
        }));
        if let Err(panic) = ran {
            *lock(&self.fault) = Some(panic);
        }
    }

    /// As a `Turn` of `rounds` does it on a thread.
    fn run_thread<Object>(
        &self,
        thread: usize,
        mut process: Process<O, T>,
        object: &Object,
        ops: &[O],
    ) where
        R: Fn(&Object, &O) -> T,
        O: Clone,
    {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            for op in ops {
                let call = process.invoke(op.clone());
                // If it panics, the call is dropped, which is an `info`.
                let ret = (self.run)(object, op);
                call.ok(ret);
            }
        }));
        if let Err(panic) = ran {
            lock(&self.panic).get_or_insert_with(|| (thread, message(panic)));
        }
    }
}

/// Looks at the histories.
struct Court<S: Specification> {
    specification: Rc<S>,
    plan: Plan,
    trial: Trial<S::Op, S::Ret, S::State>,
}

impl<S> Court<S>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    fn judge(
        &mut self,
        schedule: &Schedule,
        history: History<S::Op, S::Ret>,
        panic: Option<Cause<S::State>>,
    ) {
        let budget = self.plan.budget_for(&history);
        let found = check::linearizable(&*self.specification, &history, &budget);
        if let Some(cause) = self.trial.judge(Some(found.verdict), &history, panic) {
            self.conclude(schedule, history, cause);
        }
    }

    fn conclude(
        &mut self,
        schedule: &Schedule,
        history: History<S::Op, S::Ret>,
        cause: Cause<S::State>,
    ) {
        self.trial.conclude(|| Finding {
            round: schedule.round,
            schedule: Some(schedule.clone()),
            since: None,
            history,
            cause,
            account: String::new(),
        });
    }
}
