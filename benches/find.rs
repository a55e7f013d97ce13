//! Bugs a second: what a recorder does to the bugs that are looked for under it.
//!
//! The same broken objects, the same operations from the same seeds and the same rounds, with three recorders: tachograph's, a
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
    collections::HashSet,
    env, hint,
    sync::{
        Mutex, RwLock,
        atomic::{
            AtomicBool, AtomicI64, AtomicU64, AtomicUsize,
            Ordering::{AcqRel, Acquire, SeqCst},
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
    model::{self, Counter, Model, Queue, Set, counter, mutex, queue, set},
};

/// In one group.
const BATCH: usize = 256;

fn main() {
    let number = |name: &str, default| {
        env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let shape = Shape {
        groups: number("ROUNDS", 40),
        threads: number("THREADS", 4),
        operations: number("OPERATIONS", 8),
    };
    println!(
        "{} groups of {BATCH} rounds, {} threads, {} operations each\n",
        shape.groups, shape.threads, shape.operations
    );
    println!(
        "{:<14}{:<14}{:>18}{:>20}{:>16}{:>8}{:>10}",
        "object",
        "recorder",
        "in 1000 rounds",
        "a second of rounds",
        "a second in all",
        "ratio",
        "overlap"
    );
    compare::<BrokenCounter>("counter", &shape);
    compare::<BrokenLock>("lock", &shape);
    compare::<BrokenSet>("set", &shape);
    compare::<BrokenQueue>("queue", &shape);
}

struct Shape {
    groups: usize,
    threads: usize,
    operations: usize,
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

fn compare<B: Broken>(name: &str, shape: &Shape) {
    let mut found: [Vec<Found>; 3] = Default::default();
    let mut ours = Batch::<B, Recorder<OpOf<B>, RetOf<B>>>::new(shape);
    let mut locked = Batch::<B, Place<Mutex<Vec<Line<B>>>>>::new(shape);
    let mut queued = Batch::<B, Place<SegQueue<Line<B>>>>::new(shape);
    for group in 0..shape.groups as u64 {
        found[0].push(ours.group(shape, group));
        found[1].push(locked.group(shape, group));
        found[2].push(queued.group(shape, group));
    }
    let mut first = None;
    for (recorder, found) in ["tachograph", "Mutex<Vec>", "SegQueue"].iter().zip(&found) {
        let median = |rate: &dyn Fn(&Found) -> f64| {
            let mut rates: Vec<f64> = found.iter().map(rate).collect();
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let in_rounds = median(&|found| found.violations as f64 * 1000.0 / BATCH as f64);
        let running = median(&|found| found.violations as f64 / found.running.as_secs_f64());
        let all = median(&|found| found.violations as f64 / found.all.as_secs_f64());
        let overlap =
            median(&|found| found.overlapping as f64 * 100.0 / found.operations.max(1) as f64);
        let ratio = all / *first.get_or_insert(all);
        println!(
            "{name:<14}{recorder:<14}{in_rounds:>18.0}{running:>20.0}{all:>16.0}{ratio:>8.2}{overlap:>8.0} %"
        );
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
type Line<B> = Written<OpOf<B>, RetOf<B>>;

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
struct Batch<B, W> {
    recorders: Vec<W>,
    object: std::marker::PhantomData<fn() -> B>,
}

impl<B: Broken, W: Record<OpOf<B>, RetOf<B>>> Batch<B, W> {
    fn new(shape: &Shape) -> Self {
        let mut batch = Self {
            recorders: std::iter::repeat_with(W::default).take(BATCH).collect(),
            object: std::marker::PhantomData,
        };
        batch.group(shape, u64::MAX); // so that their memory is there
        batch
    }

    fn group(&mut self, shape: &Shape, seed: u64) -> Found {
        let mut random = Rng::with_seed(seed);
        let objects: Vec<B> = (0..BATCH).map(|_| B::new()).collect();
        let mut unique = 0;
        let mut turns: Vec<(u64, Vec<Vec<OpOf<B>>>)> = Vec::new();
        for _ in 0..shape.threads {
            let mut draw = || {
                unique += 1;
                B::draw(&mut random, unique)
            };
            let mut round = || (0..shape.operations).map(|_| draw()).collect();
            let rounds = (0..BATCH).map(|_| round()).collect();
            turns.push((random.u64(1..), rounds));
        }
        let barrier = Barrier::new(shape.threads);
        let (recorders, objects, barrier) = (&self.recorders, &objects, &barrier);
        let times: Vec<Duration> = thread::scope(|scope| {
            let threads: Vec<_> = (0..)
                .zip(turns)
                .map(|(process, (pace, rounds))| {
                    scope.spawn(move || {
                        PACE.set(pace);
                        barrier.wait();
                        let began = Instant::now();
                        for ((ops, recorder), object) in
                            rounds.into_iter().zip(recorders).zip(objects)
                        {
                            let mut handle = recorder.handle(process);
                            barrier.wait();
                            for op in ops {
                                pause();
                                handle.op(op.clone(), || object.run(&op));
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
        for recorder in &mut self.recorders {
            let history = recorder.history();
            let overlap = history.overlap();
            found.overlapping += overlap.overlapping;
            found.operations += overlap.operations;
            let budget = Budget::unlimited().configurations(1_000_000);
            let report = check::linearizable(&B::model(), &history, &budget);
            found.violations += u64::from(report.verdict.is_violation());
        }
        Found {
            running,
            all: running + began.elapsed(),
            ..found
        }
    }
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

// The objects: those of `stress::zoo` that are told in a few lines

type OpOf<B> = <<B as Broken>::Model as Model>::Op;
type RetOf<B> = <<B as Broken>::Model as Model>::Ret;

trait Broken: Sync {
    type Model: Model<Op: Clone + Send + Sync, Ret: Clone + Send + Sync, State: Send> + Sync;

    fn model() -> Self::Model;
    fn new() -> Self;
    fn run(&self, op: &OpOf<Self>) -> RetOf<Self>;
    fn draw(random: &mut Rng, unique: u64) -> OpOf<Self>;
}

/// Adds by a load and a store.
struct BrokenCounter(AtomicI64);

impl Broken for BrokenCounter {
    type Model = Counter;

    fn model() -> Counter {
        Counter::new()
    }

    fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    fn run(&self, op: &counter::Op) -> counter::Ret {
        let old = self.0.load(SeqCst);
        match op {
            counter::Op::Get => counter::Ret::Count(old),
            counter::Op::Add(n) | counter::Op::FetchAdd(n) => {
                pause();
                self.0.store(old + n, SeqCst);
                counter::Ret::Done
            }
        }
    }

    fn draw(random: &mut Rng, _: u64) -> counter::Op {
        match random.bool() {
            true => counter::Op::Get,
            false => counter::Op::Add(1),
        }
    }
}

/// Looks whether it is free, then takes it.
struct BrokenLock(AtomicBool);

impl Broken for BrokenLock {
    type Model = model::Mutex;

    fn model() -> model::Mutex {
        model::Mutex::new()
    }

    fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    fn run(&self, op: &mutex::Op) -> bool {
        match op {
            mutex::Op::Release => self.0.swap(false, SeqCst),
            mutex::Op::TryAcquire | mutex::Op::Acquire => {
                let free = !self.0.load(SeqCst);
                if free {
                    pause();
                    self.0.store(true, SeqCst);
                }
                free
            }
        }
    }

    fn draw(random: &mut Rng, _: u64) -> mutex::Op {
        match random.u8(..3) {
            0 => mutex::Op::Release,
            _ => mutex::Op::TryAcquire,
        }
    }
}

/// Looks under one lock and inserts under another.
struct BrokenSet(RwLock<HashSet<u64>>);

impl Broken for BrokenSet {
    type Model = Set<u64>;

    fn model() -> Set<u64> {
        Set::new()
    }

    fn new() -> Self {
        Self(RwLock::default())
    }

    fn run(&self, op: &set::Op<u64>) -> set::Ret<u64> {
        set::Ret::Is(match op {
            set::Op::Remove(element) => self.0.write().unwrap().remove(element),
            set::Op::Add(element) => {
                let is_new = !self.0.read().unwrap().contains(element);
                if is_new {
                    pause();
                    self.0.write().unwrap().insert(*element);
                }
                is_new
            }
            _ => unreachable!("not drawn"),
        })
    }

    fn draw(random: &mut Rng, _: u64) -> set::Op<u64> {
        let element = random.u64(..3);
        match random.bool() {
            true => set::Op::Add(element),
            false => set::Op::Remove(element),
        }
    }
}

/// Stores its tail without looking, so that it may go back behind a value.
struct BrokenQueue {
    values: Vec<AtomicU64>,
    head: AtomicUsize,
    tail: AtomicUsize,
}

impl Broken for BrokenQueue {
    type Model = Queue<u64>;

    fn model() -> Queue<u64> {
        Queue::new()
    }

    fn new() -> Self {
        Self {
            values: (0..1024).map(|_| AtomicU64::new(0)).collect(),
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
        }
    }

    fn run(&self, op: &queue::Op<u64>) -> queue::Ret<u64> {
        if let queue::Op::Enqueue(value) = op {
            let mut place = self.tail.load(SeqCst);
            let values = &self.values;
            while values[place]
                .compare_exchange(0, *value, SeqCst, SeqCst)
                .is_err()
            {
                place += 1;
            }
            pause();
            self.tail.store(place + 1, SeqCst);
            return queue::Ret::Enqueued(true);
        }
        queue::Ret::Value(loop {
            let head = self.head.load(SeqCst);
            if head >= self.tail.load(SeqCst) {
                break None;
            }
            let next = head + 1;
            if self
                .head
                .compare_exchange(head, next, SeqCst, SeqCst)
                .is_ok()
            {
                break Some(self.values[head].load(SeqCst));
            }
        })
    }

    fn draw(random: &mut Rng, unique: u64) -> queue::Op<u64> {
        match random.bool() {
            true => queue::Op::Enqueue(unique),
            false => queue::Op::Dequeue,
        }
    }
}
