//! Stress tests whose threads are tasks of [shuttle](https://docs.rs/shuttle), so that a schedule is chosen and can be
//! chosen again.

mod choose;
mod tasks;

use std::{fmt, iter, rc::Rc};

use shuttle::scheduler::{DfsScheduler, PctScheduler, Scheduler};

use self::choose::Chooser;
use super::{Draw, Program, ReportOf, Schedule, Stress, name};
#[cfg(feature = "format")]
use super::{page, title};
use crate::model::Specification;

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

    /// This schedule again, once. Threads, operations, rounds and seed are the schedule's and not the [`Plan`](super::Plan)'s. Operations
    /// are drawn for its round alone, and have to be the same without the rounds before, and have the same `Debug` text. Where they are others,
    /// or the code has changed so much that the schedule does not fit, or is not used up though nothing was found, the test panics and says so.
    pub const fn replay(schedule: Schedule) -> Self {
        Self::new(Strategy::Replay(schedule), 1)
    }

    /// The schedule that bytes choose, once a round: at each point where there is a choice, the next byte says who goes on. When
    /// there are no more, the task that is on goes on until it has to wait. For a fuzzer, which learns from the code
    /// that is reached which bytes are worth keeping. Nothing here tells it of the orders that are tried: what a scheduler sees are
    /// tasks, not what they access. An object that does tell it [gets further](super#programs-from-a-fuzzer).
    ///
    /// An object that waits for others in a loop has to say so, as under [`pct`](Self::pct): where there are no more bytes, a task
    /// that does not yield goes on alone, and the schedule becomes too long.
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

    /// The schedule that is replayed.
    fn replays(&self) -> Option<&Schedule> {
        match &self.strategy {
            Strategy::Replay(schedule) => Some(schedule),
            _ => None,
        }
    }

    fn is_exhaustive(&self) -> bool {
        matches!(self.strategy, Strategy::Exhaustive)
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
    /// [`Plan::output`](super::Plan::output) writes to a file, is [run again](Schedules::replay) as it was.
    ///
    /// Operations are drawn once a round, and then run under as many schedules as [`Schedules`] says, each with an object
    /// of its own, made by a task. [`Plan::delays`](super::Plan::delays) do not matter; a [soak](super::Plan::soak) is not done, nor anything settled. All accesses are sequentially consistent, whatever
    /// the code says: weaker orderings are for loom.
    #[must_use]
    #[doc(alias = "deterministic")]
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
    /// As that does; where operations never end; and where a schedule that is replayed is one of other operations, or of other code,
    /// which does not come to the same points.
    #[track_caller]
    pub fn run(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
        draw: impl FnMut(&mut Draw) -> S::Op,
    ) {
        let report = self.report(run, draw);
        report.assert_pass();
        println!("{report}");
    }

    /// As [`Stress::report`].
    ///
    /// # Panics
    ///
    /// As that does; and where a schedule that is replayed is one of other operations, or of other code, which does not come to
    /// the same points.
    pub fn report(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
        mut draw: impl FnMut(&mut Draw) -> S::Op,
    ) -> ReportOf<S> {
        let operations = match self.schedules.replays() {
            Some(schedule) => schedule.operations,
            None => self.stress.plan.operations,
        };
        self.rounds(run, |drawn, ops| {
            ops.extend(iter::repeat_with(|| draw(drawn)).take(operations));
        })
    }

    /// As [`Stress::run_program`].
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn run_program(
        self,
        program: &Program<S::Op>,
        run: impl Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
    ) {
        let report = self.report_program(program, run);
        report.assert_pass();
    }

    /// As [`Stress::report_program`].
    ///
    /// # Panics
    ///
    /// As [`report`](Self::report).
    pub fn report_program(
        mut self,
        program: &Program<S::Op>,
        run: impl Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
    ) -> ReportOf<S> {
        self.stress.plan = program.plan(self.stress.plan);
        self.rounds(run, |drawn, ops| ops.extend(program.of(drawn.process())))
    }

    /// The test, and its files.
    fn rounds(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Send + Sync + 'static,
        draw_ops: impl FnMut(&mut Draw, &mut Vec<S::Op>),
    ) -> ReportOf<S> {
        let Self {
            mut stress,
            schedules,
        } = self;
        let mut first = 0;
        if let Some(schedule) = schedules.replays() {
            let plan = stress.plan.rounds(1).seed(schedule.seed);
            stress.plan = plan
                .threads(schedule.threads)
                .operations(schedule.operations);
            first = schedule.round;
        }
        stress.plan.assert_possible();
        let saves = stress.save.take().into_iter();
        let plan = stress.plan.clone();
        let specification = Rc::new(stress.specification);
        let mut report = tasks::run(
            plan.clone(),
            Rc::clone(&specification),
            stress.make,
            &schedules,
            first,
            run,
            draw_ops,
        );
        let name = plan.name.clone().unwrap_or_else(name::of_type::<T>);
        report.name(&name);
        if let Some(directory) = &plan.output {
            #[cfg(feature = "format")]
            let saves = {
                let title = title(&name, &report);
                saves.chain([page::<S>(&*specification, &plan, title)])
            };
            report.write(directory, &name, saves.collect());
        }
        report
    }
}
