//! Stress tests whose threads are tasks of [shuttle](https://docs.rs/shuttle), so that a schedule is chosen and can be
//! chosen again.

use std::{
    any::Any,
    cell::RefCell,
    fmt, iter,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use shuttle::{
    Config, FailurePersistence, Runner,
    scheduler::{DfsScheduler, PctScheduler, Scheduler},
};

use super::{
    Draw, Plan, ReportOf, Schedule, Stress, account,
    choose::{Chooser, Observed, Progress},
    judge::{judge, message, mix},
    report::{Cause, Counts, Finding, Report},
};
use crate::{
    check,
    history::History,
    model::Specification,
    recorder::{Process, Recorder},
};

/// How the schedules of a [`Scheduled`] test are chosen.
#[derive(Clone, Debug)]
pub struct Schedules {
    strategy: Strategy,
    each: u64,
}

#[derive(Clone, Debug)]
enum Strategy {
    Random,
    Pct { depth: usize },
    Exhaustive,
    Replay(Schedule),
    Bytes(Vec<u8>),
}

/// So many schedules of each round are tried, unless something else is said.
const EACH: u64 = 100;

impl Schedules {
    const fn new(strategy: Strategy, each: u64) -> Self {
        Self { strategy, each }
    }

    /// At each point any task goes on, one as likely as the other.
    pub const fn random() -> Self {
        Self::new(Strategy::Random, EACH)
    }

    /// Probabilistic concurrency testing (Burckhardt et al. 2010): the task with the highest priority goes on, and at
    /// `depth` − 1 random points it falls behind all others. Where a bug needs no more than `depth` events to be in a
    /// certain order, each of the schedules of n tasks with k points finds it with a probability of at least 1 / (n
    /// k^(`depth` − 1)), but for the first of each round, which counts the points. 2 and 3 find most bugs.
    ///
    /// An object that waits for others in a loop has to say so, by `shuttle::thread::yield_now` or
    /// `shuttle::hint::spin_loop`.
    ///
    /// # Panics
    ///
    /// If the depth is 0.
    pub const fn pct(depth: usize) -> Self {
        assert!(depth > 0, "a bug has a depth of at least 1");
        Self::new(Strategy::Pct { depth }, EACH)
    }

    /// All schedules there are, one after the other, if nothing else is said by [`each`](Self::each). There are very many, unless the
    /// round is very small: of two threads with two operations each that come to three points, some ten thousand.
    ///
    /// An object that waits for others in a loop has schedules without end.
    pub const fn exhaustive() -> Self {
        Self::new(Strategy::Exhaustive, u64::MAX)
    }

    /// This schedule again, once. Threads, operations, rounds and seed are the schedule's and not the [`Plan`]'s. Operations
    /// are drawn for its round alone, and have to be the same without the rounds before.
    pub const fn replay(schedule: Schedule) -> Self {
        Self::new(Strategy::Replay(schedule), 1)
    }

    /// The schedule that bytes choose, once a round: at each point where there is a choice, the next byte says who goes on. When
    /// there are no more, the task that is on goes on until it has to wait. For a fuzzer, which learns from the code
    /// that is reached which bytes are worth keeping.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Strategy::Bytes(bytes.into()), 1)
    }

    /// At most so many schedules of each round, at least one; if nothing is said, 100, and [all](Self::exhaustive) if they are
    /// exhaustive. Of a [replay](Self::replay) and of [bytes](Self::bytes) there is one.
    #[must_use]
    pub fn each(self, schedules: u64) -> Self {
        let each = match self.strategy {
            Strategy::Replay(_) | Strategy::Bytes(_) => 1,
            _ => schedules.max(1),
        };
        Self { each, ..self }
    }

    /// What chooses the schedules of a round.
    fn scheduler(&self, seed: u64) -> Box<dyn Scheduler> {
        // Who looks at the histories ends it.
        let unlimited = usize::MAX;
        match &self.strategy {
            Strategy::Random => Box::new(Chooser::random(seed)),
            Strategy::Pct { depth } => {
                Box::new(PctScheduler::new_from_seed(seed, *depth, unlimited))
            }
            Strategy::Exhaustive => Box::new(DfsScheduler::new(None, true)),
            Strategy::Replay(schedule) => Box::new(Chooser::replay(schedule.clone())),
            Strategy::Bytes(bytes) => Box::new(Chooser::bytes(bytes.clone())),
        }
    }
}

/// A [`Stress`] test whose threads are tasks of shuttle: the same every time. See [`Stress::schedules`].
pub struct Scheduled<S: Specification, F> {
    stress: Stress<S, F>,
    schedules: Schedules,
}

impl<S: Specification, F> fmt::Debug for Scheduled<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduled")
            .field("stress", &self.stress)
            .field("schedules", &self.schedules)
            .finish()
    }
}

impl<S: Specification, F> Stress<S, F> {
    /// Runs the rounds under schedules that are chosen, instead of on threads: with the feature `shuttle`.
    ///
    /// The code of the object is the same, but that it takes locks, atomics and threads from `shuttle::sync` and
    /// `shuttle::thread` instead of `std`, as a rule under a `cfg` of its own. Threads are then tasks that go on one at a time, and
    /// change wherever one comes to such an access, to an event of the history, or to a [`point`](super::point). So a test
    /// finds the same in every run with the same seed, and the schedule that found it, which the report shows and
    /// [`Plan::output`] writes to a file, is [run again](Schedules::replay) as it was.
    ///
    /// Operations are drawn once a round, and then run under as many schedules as [`Schedules`] says, each with an object
    /// of its own, made by a task. [`Plan::delays`] do not matter; a [soak](Plan::soak) is not done, nor anything settled. All accesses are sequentially consistent, whatever
    /// the code says: weaker orderings are for loom.
    #[must_use]
    pub fn schedules(self, schedules: Schedules) -> Scheduled<S, F> {
        Scheduled {
            stress: self,
            schedules,
        }
    }
}

impl<S, F, T> Scheduled<S, F>
where
    S: Specification<
            Op: Clone + Send + Sync + 'static,
            Ret: Clone + Send + Sync + 'static,
            State: Send,
        > + Sync
        + 'static,
    F: FnMut() -> T + Send + 'static,
    T: Send + Sync + 'static,
{
    /// As [`Stress::run`].
    ///
    /// # Panics
    ///
    /// As that does; where operations never end; and where a schedule that is replayed is one of other code, which does not
    /// come to the same points.
    #[track_caller]
    pub fn run(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
        draw: impl FnMut(&mut Draw) -> S::Op,
    ) {
        let report = self.report(run, draw);
        assert!(report.is_pass(), "{report}");
        println!("{report}");
    }

    /// As [`Stress::report`].
    ///
    /// # Panics
    ///
    /// As that does; and where a schedule that is replayed is one of other code, which does not come to the same points.
    pub fn report(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
        draw: impl FnMut(&mut Draw) -> S::Op,
    ) -> ReportOf<S> {
        let Self {
            mut stress,
            schedules,
        } = self;
        let mut first = 0;
        if let Strategy::Replay(schedule) = &schedules.strategy {
            let plan = stress.plan.rounds(1).seed(schedule.seed);
            stress.plan = plan
                .threads(schedule.threads)
                .operations(schedule.operations);
            first = schedule.round;
        }
        let save = stress.save.take();
        let output = stress.plan.output.clone();
        let mut report = rounds(stress, &schedules, first, run, draw);
        if let Some(directory) = output {
            report.write(&directory, save.into_iter().collect());
        }
        report
    }
}

/// Runs the rounds from the first on.
fn rounds<S, F, T, R>(
    stress: Stress<S, F>,
    schedules: &Schedules,
    first: u64,
    run: R,
    mut draw_op: impl FnMut(&mut Draw) -> S::Op,
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
    let Stress {
        specification,
        make,
        plan,
        ..
    } = stress;
    let seed = plan.seed.unwrap_or_else(|| fastrand::u64(..));
    let round = Arc::new(Round {
        make: Mutex::new(make),
        run,
        drawn: Mutex::default(),
        recorder: Mutex::default(),
        panic: Mutex::default(),
        fault: Mutex::default(),
    });
    let (threads, operations, last) = (plan.threads, plan.operations, plan.rounds);
    let court = Rc::new(RefCell::new(Court {
        specification,
        plan,
        began: Instant::now(),
        counts: Counts::new(seed),
        finding: None,
    }));
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.stack_size = STACK;

    for number in (first..).take(usize::try_from(last).unwrap_or(usize::MAX)) {
        if court.borrow().is_over() {
            break;
        }
        let mut draw = Draw::new(mix(seed, number));
        let drawn = (0..threads).map(|process| {
            draw.process = process;
            let ops = iter::repeat_with(|| draw_op(&mut draw));
            ops.take(operations).collect()
        });
        *lock(&round.drawn) = Arc::new(drawn.collect());

        let progress = Rc::new(RefCell::new(Progress::new(Schedule {
            seed,
            round: number,
            threads,
            operations,
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
                let panic = lock(&round.panic).take();
                court.judge(schedule, round.history(), panic);
                left > 0 && !court.is_over()
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
            let message = message(panic);
            court.counts.histories += 1;
            court.conclude(
                &progress.schedule,
                round.history(),
                Cause::Stuck { message },
            );
        }
        court.counts.rounds += 1;
        court.counts.exhausted += u64::from(progress.is_exhausted);
    }

    let court = &mut *court.borrow_mut();
    court.counts.elapsed = court.began.elapsed();
    let mut finding = court.finding.take();
    if let Some(finding) = &mut finding {
        let place = format!("a schedule of round {}", finding.round);
        finding.account = account::of(
            &court.specification,
            &court.plan,
            &place,
            &finding.history,
            &finding.cause,
        );
    }
    Report::new(court.counts, finding)
}

/// What the tasks of a round share.
struct Round<F, R, O, T> {
    make: Mutex<F>,
    run: R,
    /// The operations of each thread.
    drawn: Mutex<Arc<Vec<Vec<O>>>>,
    recorder: Mutex<Recorder<O, T>>,
    /// The first operation that panicked: of which thread, and what it said.
    panic: Mutex<Option<(usize, String)>>,
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
            let object = Arc::new(lock(&self.make)());
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
        }));
        if let Err(panic) = ran {
            *lock(&self.fault) = Some(panic);
        }
    }

    /// As [`Turn::run`](super::rounds) does it on a thread.
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
    specification: S,
    plan: Plan,
    began: Instant,
    counts: Counts,
    finding: Option<Finding<S::Op, S::Ret, S::State>>,
}

impl<S> Court<S>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    fn is_over(&self) -> bool {
        let has_found = self.finding.is_some() && !self.plan.keep_going;
        has_found || self.began.elapsed() >= self.plan.time
    }

    fn judge(
        &mut self,
        schedule: &Schedule,
        history: History<S::Op, S::Ret>,
        panic: Option<(usize, String)>,
    ) {
        let verdict = check::linearizable(&self.specification, &history, &self.plan.budget).verdict;
        if let Some(cause) = judge(Some(verdict), &history, panic, &mut self.counts) {
            self.conclude(schedule, history, cause);
        }
    }

    /// Keeps the first finding.
    fn conclude(
        &mut self,
        schedule: &Schedule,
        history: History<S::Op, S::Ret>,
        cause: Cause<S::State>,
    ) {
        self.finding.get_or_insert_with(|| Finding {
            round: schedule.round,
            schedule: Some(schedule.clone()),
            since: None,
            history,
            cause,
            account: String::new(),
        });
    }
}
