//! Bugs a second: what a recorder does to the bugs that are looked for under it.
//!
//! The broken objects of the zoo, the same operations from the same seeds and the same rounds, with three recorders: tachograph's, a
//! `Mutex<Vec>`, and crossbeam's `SegQueue`. A recorder that makes threads wait for one another keeps them apart, and so hides
//! what happens only when they meet; a slow one runs fewer rounds. The recorders take turns, batch by batch, so
//! that all have the same noise.
//!
//! For each: the violations in a thousand rounds; the violations a second of the rounds alone; and those a second in all, with
//! collecting and checking the histories on one thread. Medians over the batches' groups.
//!
//! `ROUNDS=200 THREADS=4 OPERATIONS=8 cargo bench --features stress --bench find`: so many groups of 256 rounds for each object
//! and recorder, of so many threads with so many operations.

use std::{
    cell::Cell,
    env, hint,
    sync::{
        Mutex,
        atomic::{
            AtomicU64,
            Ordering::{AcqRel, Acquire},
        },
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam::queue::SegQueue;
use fastrand::Rng;
use tachograph::{
    History, HistoryBuilder, Process, Recorder,
    check::{self, Budget},
    model::Specification,
};

/// The objects as they are in the library. What they have of it there they have of this crate here.
#[path = "../src/stress/zoo"]
mod zoo {
    use super::{Outcome, Subject, test};

    mod buffer;
    mod cache;
    mod counter;
    mod lock;
    mod map;
    mod queue;
    mod set;
    mod snapshot;
    mod stack;

    /// Each broken one, followed by the one that is right.
    pub const ALL: [Subject; 18] = [
        counter::BROKEN,
        counter::CORRECT,
        set::BROKEN,
        set::CORRECT,
        stack::BROKEN,
        stack::CORRECT,
        queue::BROKEN,
        queue::CORRECT,
        cache::BROKEN,
        cache::CORRECT,
        lock::BROKEN,
        lock::CORRECT,
        map::BROKEN,
        map::CORRECT,
        buffer::BROKEN,
        buffer::CORRECT,
        snapshot::BROKEN,
        snapshot::CORRECT,
    ];
}

use tachograph::model;

mod stress {
    pub(crate) use super::{Plan, pause as point};
}

/// In one group.
const BATCH: usize = 256;

fn main() {
    let number = |name: &str, default| {
        env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let plan = Plan {
        groups: number("ROUNDS", 40),
        threads: number("THREADS", 4),
        operations: number("OPERATIONS", 8),
    };
    println!(
        "{} groups of {BATCH} rounds, {} threads, {} operations each\n",
        plan.groups, plan.threads, plan.operations
    );
    println!(
        "{:<17}{:<14}{:>15}{:>20}{:>16}{:>8}{:>10}",
        "object",
        "recorder",
        "in 1000 rounds",
        "a second of rounds",
        "a second in all",
        "ratio",
        "overlap"
    );
    for subject in zoo::ALL.iter().filter(|subject| subject.is_broken) {
        for Row {
            recorder,
            in_rounds,
            running,
            all,
            ratio,
            overlap,
        } in (subject.run)(&plan)
        {
            println!(
                "{:<17}{recorder:<14}{in_rounds:>15.0}{running:>20.0}{all:>16.0}{ratio:>8.2}{overlap:>8.0} %",
                subject.name
            );
        }
    }
}

/// How much is done.
pub struct Plan {
    groups: usize,
    threads: usize,
    operations: usize,
}

/// An object, and how recorders are compared by it.
pub struct Subject {
    name: &'static str,
    is_broken: bool,
    run: fn(&Plan) -> Outcome,
}

impl Subject {
    const fn correct(name: &'static str, _: &str, run: fn(&Plan) -> Outcome) -> Self {
        Self {
            name,
            is_broken: false,
            run,
        }
    }

    const fn broken(name: &'static str, _: &str, run: fn(&Plan) -> Outcome) -> Self {
        Self {
            name,
            is_broken: true,
            run,
        }
    }

    const fn short_lived(self) -> Self {
        self
    }
}

/// A row for each recorder.
pub type Outcome = Vec<Row>;

/// Medians of what was found with one recorder.
pub struct Row {
    recorder: &'static str,
    in_rounds: f64,
    running: f64,
    all: f64,
    /// To the first.
    ratio: f64,
    overlap: f64,
}

/// What is drawn from.
pub struct Draw {
    random: Rng,
    unique: u64,
}

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.random.u64(..end)
    }

    fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    fn unique(&mut self) -> u64 {
        self.unique += 1;
        self.unique
    }

    fn weighted<T, const N: usize>(&mut self, choices: [(u64, T); N]) -> T {
        let all = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(all);
        for (weight, choice) in choices {
            match left.checked_sub(weight) {
                None => return choice,
                Some(rest) => left = rest,
            }
        }
        unreachable!("what was drawn is below the sum of the weights")
    }
}

/// An object of the zoo under test.
pub struct Test<'p, S, F> {
    specification: S,
    make: F,
    plan: &'p Plan,
}

fn test<S, F>(specification: S, make: F, plan: &Plan) -> Test<'_, S, F> {
    Test {
        specification,
        make,
        plan,
    }
}

/// What was found in one group.
#[derive(Default)]
struct Found {
    violations: u64,
    running: Duration,
    all: Duration,
    overlapping: u64,
    operations: u64,
}

impl<S, F, T> Test<'_, S, F>
where
    S: Specification<Op: Clone + Send + Sync, Ret: Send + Sync, State: Send> + Sync,
    F: Fn() -> T,
    T: Sync,
{
    /// Nothing lives so long here that it has to be settled.
    fn settle(self, _: impl Fn(Option<(&S::Op, &S::Ret)>) -> Option<S::Op>) -> Self {
        self
    }

    fn report(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Sync,
        draw: impl Fn(&mut Draw) -> S::Op,
    ) -> Outcome {
        let mut found: [Vec<Found>; 3] = Default::default();
        let mut ours = recorders::<Recorder<S::Op, S::Ret>>();
        let mut locked = recorders::<Place<Mutex<Vec<Line<S>>>>>();
        let mut queued = recorders::<Place<SegQueue<Line<S>>>>();
        // The first is so that their memory is there.
        for group in 0..=self.plan.groups as u64 {
            let now = [
                self.group(&mut ours, group, &run, &draw),
                self.group(&mut locked, group, &run, &draw),
                self.group(&mut queued, group, &run, &draw),
            ];
            if group > 0 {
                found
                    .iter_mut()
                    .zip(now)
                    .for_each(|(all, now)| all.push(now));
            }
        }
        let mut first = None;
        let names = ["tachograph", "Mutex<Vec>", "SegQueue"];
        let row = |(recorder, found): (_, &Vec<Found>)| {
            let median = |rate: &dyn Fn(&Found) -> f64| {
                let mut rates: Vec<f64> = found.iter().map(rate).collect();
                rates.sort_by(f64::total_cmp);
                rates[rates.len() / 2]
            };
            let all = median(&|found| found.violations as f64 / found.all.as_secs_f64());
            Row {
                recorder,
                in_rounds: median(&|found| found.violations as f64 * 1000.0 / BATCH as f64),
                running: median(&|found| found.violations as f64 / found.running.as_secs_f64()),
                all,
                ratio: all / *first.get_or_insert(all),
                overlap: median(&|found| {
                    found.overlapping as f64 * 100.0 / found.operations.max(1) as f64
                }),
            }
        };
        names.into_iter().zip(&found).map(row).collect()
    }

    fn group<W: Record<S::Op, S::Ret>>(
        &self,
        recorders: &mut [W],
        seed: u64,
        run: &(impl Fn(&T, &S::Op) -> S::Ret + Sync),
        draw: &impl Fn(&mut Draw) -> S::Op,
    ) -> Found {
        let plan = self.plan;
        let objects: Vec<T> = (0..BATCH).map(|_| (self.make)()).collect();
        let random = Rng::with_seed(seed);
        let mut drawn = Draw { random, unique: 0 };
        let mut turns: Vec<(u64, Vec<Vec<S::Op>>)> = Vec::new();
        for _ in 0..plan.threads {
            let mut round = || (0..plan.operations).map(|_| draw(&mut drawn)).collect();
            let rounds = (0..BATCH).map(|_| round()).collect();
            turns.push((drawn.random.u64(1..), rounds));
        }
        let barrier = Barrier::new(plan.threads);
        let (shared, objects, barrier) = (&*recorders, &objects, &barrier);
        let times: Vec<Duration> = thread::scope(|scope| {
            let threads: Vec<_> = (0..)
                .zip(turns)
                .map(|(process, (pace, rounds))| {
                    scope.spawn(move || {
                        PACE.set(pace);
                        barrier.wait();
                        let began = Instant::now();
                        for ((ops, recorder), object) in rounds.into_iter().zip(shared).zip(objects)
                        {
                            let mut handle = recorder.handle(process);
                            barrier.wait();
                            for op in ops {
                                pause();
                                handle.op(op.clone(), || run(object, &op));
                            }
                        }
                        began.elapsed()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let running = times.into_iter().max().unwrap_or_default();
        let began = Instant::now();
        let mut found = Found::default();
        for recorder in recorders {
            let history = recorder.history();
            let overlap = history.overlap();
            found.overlapping += overlap.overlapping;
            found.operations += overlap.operations;
            let budget = Budget::unlimited().configurations(1_000_000);
            let report = check::linearizable(&self.specification, &history, &budget);
            found.violations += u64::from(report.verdict.is_violation());
        }
        Found {
            running,
            all: running + began.elapsed(),
            ..found
        }
    }
}

// The recorders

/// Where threads write down what they do.
trait Record<O, R>: Default + Sync {
    /// What one thread writes through.
    type Handle<'a>: Handle<O, R>
    where
        Self: 'a;

    fn handle(&self, process: u64) -> Self::Handle<'_>;

    /// What was written since the last time.
    fn history(&mut self) -> History<O, R>;
}

trait Handle<O, R> {
    fn op(&mut self, op: O, run: impl FnOnce() -> R);
}

impl<O: Send + Sync, R: Send + Sync> Record<O, R> for Recorder<O, R> {
    type Handle<'a>
        = Process<O, R>
    where
        Self: 'a;

    fn handle(&self, _: u64) -> Process<O, R> {
        self.process()
    }

    fn history(&mut self) -> History<O, R> {
        let history = self.drain();
        self.clear().expect("all processes are gone");
        history
    }
}

impl<O, R> Handle<O, R> for Process<O, R> {
    fn op(&mut self, op: O, run: impl FnOnce() -> R) {
        let call = self.invoke(op);
        call.ok(run());
    }
}

/// An event as one would write it down: who, and what.
type Written<O, R> = (u64, Result<R, O>);
type Line<S> = Written<<S as Specification>::Op, <S as Specification>::Ret>;

/// What is written to by a reference, at the end.
struct Shared<'a, T> {
    to: &'a T,
    process: u64,
}

/// What all threads write to.
trait Sink<O, R>: Default + Sync {
    fn push(&self, line: Written<O, R>);

    fn take(&mut self) -> impl Iterator<Item = Written<O, R>>;
}

impl<O: Send, R: Send> Sink<O, R> for Mutex<Vec<Written<O, R>>> {
    fn push(&self, line: Written<O, R>) {
        self.lock().unwrap().push(line);
    }

    fn take(&mut self) -> impl Iterator<Item = Written<O, R>> {
        self.get_mut().unwrap().drain(..)
    }
}

impl<O: Send, R: Send> Sink<O, R> for SegQueue<Written<O, R>> {
    fn push(&self, line: Written<O, R>) {
        SegQueue::push(self, line);
    }

    fn take(&mut self) -> impl Iterator<Item = Written<O, R>> {
        std::iter::from_fn(|| self.pop())
    }
}

/// Written down by all threads in one place.
#[derive(Default)]
struct Place<S>(S);

impl<O, R, S: Sink<O, R>> Record<O, R> for Place<S> {
    type Handle<'a>
        = Shared<'a, S>
    where
        Self: 'a;

    fn handle(&self, process: u64) -> Shared<'_, S> {
        Shared {
            to: &self.0,
            process,
        }
    }

    fn history(&mut self) -> History<O, R> {
        built(self.0.take())
    }
}

impl<O, R, S: Sink<O, R>> Handle<O, R> for Shared<'_, S> {
    fn op(&mut self, op: O, run: impl FnOnce() -> R) {
        self.to.push((self.process, Err(op)));
        let ret = run();
        self.to.push((self.process, Ok(ret)));
    }
}

fn built<O, R>(lines: impl Iterator<Item = Written<O, R>>) -> History<O, R> {
    let mut builder = HistoryBuilder::new();
    for (process, line) in lines {
        match line {
            Err(op) => builder.invoke(process, op),
            Ok(ret) => builder.ok(process, ret),
        };
    }
    builder.finish().expect("it was written in order")
}

// The rounds

/// The recorders of a group, used again and again.
fn recorders<W: Default>() -> Vec<W> {
    std::iter::repeat_with(W::default).take(BATCH).collect()
}

/// Releases all threads together: they spin, then yield.
struct Barrier {
    threads: u64,
    arrivals: AtomicU64,
}

impl Barrier {
    fn new(threads: usize) -> Self {
        Self {
            threads: threads as u64,
            arrivals: AtomicU64::new(0),
        }
    }

    fn wait(&self) {
        let arrival = self.arrivals.fetch_add(1, AcqRel) + 1;
        let opens = arrival.next_multiple_of(self.threads);
        let mut spins = 0;
        while self.arrivals.load(Acquire) < opens {
            match spins < 128 {
                true => hint::spin_loop(),
                false => thread::yield_now(),
            }
            spins += 1;
        }
    }
}

thread_local! {
    /// Where the thread's pauses are drawn from. Never 0.
    static PACE: Cell<u64> = const { Cell::new(1) };
}

/// A place where a thread sometimes leaves the core to another one.
fn pause() {
    let mut pace = PACE.get();
    pace ^= pace << 13;
    pace ^= pace >> 7;
    pace ^= pace << 17;
    PACE.set(pace);
    if pace % 8 == 0 {
        thread::yield_now();
    }
}
