//! The rounds: threads that run them, and the thread that prepares and checks them.
//!
//! Threads are handed batches of rounds, so that the thread that checks is woken once a batch: two batches are under way, one
//! being run and one being checked; of a soak, one. Everything a thread needs for a round is moved to it and back, so
//! nothing is shared but the object and the barrier. A thread runs code of the user's only where a panic is caught, and
//! reaches every barrier of its batch: nobody waits for a thread that is gone.

use std::{
    any::Any,
    collections::VecDeque,
    iter, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Draw, Plan, Settle, account,
    barrier::Barrier,
    delay,
    judge::{Trial, message, mix},
    object::Share,
    report::{Cause, Finding, Report},
    soak::{self, Kept},
};
use crate::{
    check::{self, Verdict},
    history::History,
    model::Specification,
    recorder::{Process, Recorder},
};

/// A batch has so many operations, where a round has fewer,
const BATCH_OPERATIONS: usize = 1024;
/// and no more rounds than this.
const BATCH_ROUNDS: usize = 16;

/// So many operations may be needed to settle an object besides those that undo what the round has done.
const SETTLING: usize = 1024;

/// What one thread does in one round.
struct Turn<T, O, R> {
    /// Taken when it is over.
    process: Option<Process<O, R>>,
    object: Share<T>,
    ops: Vec<O>,
    /// Of the delays, if there are any.
    delays: Option<u64>,
    /// What settles the object when all are done, of the one thread that does so.
    settling: Option<Process<O, R>>,
    /// What an operation panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

impl<T, O, R> Turn<T, O, R> {
    /// Keeps what it panics with, if nothing has panicked before.
    fn catch(&mut self, run: impl FnOnce(&mut Self)) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(self))) else {
            return;
        };
        match self.panic {
            None => self.panic = Some(panic),
            // What it is dropped by may panic, and nobody would catch that.
            Some(_) => mem::forget(panic),
        }
    }

    /// One by one: where two of a list panic, that ends the process.
    fn drop_ops(&mut self) {
        if !mem::needs_drop::<O>() {
            self.ops.clear();
        }
        while let Some(op) = self.ops.pop() {
            self.catch(|_| drop(op));
        }
    }
}

impl<T, O: Clone, R> Turn<T, O, R> {
    fn run(&mut self, run: &impl Fn(&T, &O) -> R) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let _delayed = self.delays.map(delay::begin);
        // They stay where they are: what is dropped while one panics must not panic as well.
        for op in &self.ops {
            delay::point();
            let call = process.invoke(op.clone());
            // If it panics, the call is dropped, which is an `info`.
            let ret = run(&self.object, op);
            call.ok(ret);
        }
    }

    /// The last operation is left in `last`, for the same reason.
    fn settle(
        &mut self,
        settle: &Settle<O, R>,
        most: usize,
        last: &mut Option<(O, Option<R>)>,
        run: &impl Fn(&T, &O) -> R,
    ) where
        R: Clone,
    {
        let Some(mut process) = self.settling.take() else {
            return;
        };
        soak::settle(settle, most, last, |op| {
            let call = process.invoke(op.clone());
            let ret = run(&self.object, op);
            call.ok(ret.clone());
            ret
        });
    }
}

/// A recorder and a history for each round of a batch, used again and again.
struct Slot<O, R> {
    recorder: Recorder<O, R>,
    history: History<O, R>,
}

impl<O, R> Slot<O, R> {
    fn new() -> Self {
        Self {
            recorder: Recorder::new(),
            history: History::new(),
        }
    }

    /// Takes what was recorded into the history.
    fn collect(&mut self) {
        self.recorder.drain_into(&mut self.history);
        self.recorder
            .clear()
            .expect("every process was dropped when its turn was over");
    }
}

/// The rounds of one batch, as one thread has them.
type Turns<T, O, R> = Vec<Turn<T, O, R>>;

/// A batch that the threads are at.
struct Batch<O, R> {
    /// When the threads got it.
    began: Instant,
    slots: Vec<Slot<O, R>>,
    rounds: usize,
    /// The number of the object, where it is kept.
    kept: u64,
}

/// What all threads do alike.
struct Work<'a, F, O, R> {
    barrier: &'a Barrier,
    run: &'a F,
    /// What settles the object after each round, and in how many operations it has to.
    settle: Option<(&'a Settle<O, R>, usize)>,
}

impl<F, O: Clone, R: Clone> Work<'_, F, O, R> {
    fn turn<T>(&self, turn: &mut Turn<T, O, R>)
    where
        F: Fn(&T, &O) -> R,
    {
        self.barrier.wait();
        turn.catch(|turn| turn.run(self.run));
        if let Some((settle, most)) = self.settle {
            self.barrier.wait();
            let mut last = None;
            turn.catch(|turn| turn.settle(settle, most, &mut last, self.run));
            turn.catch(|_| drop(last));
        }
        turn.drop_ops();
    }
}

/// A thread: what goes to it, and what comes back. It ends when this is dropped, also by unwinding.
struct Worker<T, O, R> {
    todo: mpsc::Sender<Turns<T, O, R>>,
    done: mpsc::Receiver<Turns<T, O, R>>,
    /// Turns that are over, whose memory is used again.
    spare: Vec<Vec<O>>,
}

impl<T: Send + Sync, O: Clone + Send + Sync, R: Clone + Send + Sync> Worker<T, O, R> {
    fn spawn<'scope, F>(
        scope: &'scope thread::Scope<'scope, '_>,
        work: &'scope Work<'_, F, O, R>,
    ) -> Self
    where
        F: Fn(&T, &O) -> R + Sync,
        T: 'scope,
        O: 'scope,
        R: 'scope,
    {
        let (todo, batches) = mpsc::channel::<Turns<T, O, R>>();
        let (over, done) = mpsc::channel();
        scope.spawn(move || {
            for mut turns in batches {
                turns.iter_mut().for_each(|turn| work.turn(turn));
                if over.send(turns).is_err() {
                    break;
                }
            }
        });
        Self {
            todo,
            done,
            spare: Vec::new(),
        }
    }
}

/// Makes the objects and draws the operations.
struct Preparing<'p, M, D, T> {
    plan: &'p Plan,
    seed: u64,
    make: M,
    draw_ops: D,
    /// The number of the next round.
    round: u64,
    /// The object, where all rounds have the same one,
    kept: Option<Kept<T>>,
    /// and how many values were unique so far: the next round must not take one for its own.
    unique: u64,
}

impl<M: FnMut() -> T, D, T> Preparing<'_, M, D, T> {
    /// Hands at most so many of the next rounds to the threads, for which there are slots.
    fn batch<O, R>(
        &mut self,
        workers: &mut [Worker<T, O, R>],
        slots: Vec<Slot<O, R>>,
        most: u64,
    ) -> Batch<O, R>
    where
        D: FnMut(&mut Draw, &mut Vec<O>),
    {
        let rounds = most.min(slots.len() as u64) as usize;
        let mut batch: Vec<Turns<T, O, R>> =
            workers.iter().map(|_| Vec::with_capacity(rounds)).collect();
        for slot in &slots[..rounds] {
            self.round(slot, workers, &mut batch);
        }
        for (worker, turns) in workers.iter().zip(batch) {
            worker
                .todo
                .send(turns)
                .expect("a thread lives until it is told to end");
        }
        let kept = self.kept.as_ref().map_or(0, |kept| kept.number);
        Batch {
            began: Instant::now(),
            slots,
            rounds,
            kept,
        }
    }

    /// Adds a turn of the next round to those of each thread.
    fn round<O, R>(
        &mut self,
        slot: &Slot<O, R>,
        workers: &mut [Worker<T, O, R>],
        batch: &mut [Turns<T, O, R>],
    ) where
        D: FnMut(&mut Draw, &mut Vec<O>),
    {
        // Of the round alone, so that any round can be drawn without those before.
        let mut draw = Draw::new(mix(self.seed, self.round));
        self.round += 1;
        let object = match &mut self.kept {
            Some(kept) => {
                draw.unique = self.unique;
                kept.object(&mut self.make)
            }
            None => Share::new((self.make)()),
        };
        // What is over soon meets more at full speed than with delays between: about half of the rounds have none.
        let delays = self.plan.delays && draw.chance(1, 2);
        for (process, (worker, turns)) in workers.iter_mut().zip(&mut *batch).enumerate() {
            let mut ops = worker.spare.pop().unwrap_or_default();
            draw.process = process;
            (self.draw_ops)(&mut draw, &mut ops);
            turns.push(Turn {
                process: Some(slot.recorder.process()),
                object: object.clone(),
                ops,
                delays: delays.then(|| draw.u64()),
                settling: None,
                panic: None,
            });
        }
        if self.plan.soak {
            // A process of its own, after all others: those are called as their threads are.
            let first = batch.first_mut().and_then(|turns| turns.last_mut());
            let first = first.expect("there is a thread, and a turn of it");
            first.settling = Some(slot.recorder.process());
        }
        self.unique = draw.unique;
    }
}

/// Looks at the histories.
struct Court<'s, S: Specification> {
    specification: &'s S,
    plan: &'s Plan,
    trial: Trial<S::Op, S::Ret, S::State>,
    /// Where an object is kept, what it is at the beginning of the next round.
    from: soak::From<'s, S>,
}

impl<'s, S> Court<'s, S>
where
    S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send + Sync> + Sync,
{
    /// Judges what was done to an object of its own, or, in a test that soaks, to the one of this number.
    fn judge<T>(
        &mut self,
        history: &mut History<S::Op, S::Ret>,
        mut panic: Option<Cause<S::State>>,
        kept: Option<(&mut Kept<T>, u64)>,
    ) {
        let round = self.trial.counts.rounds;
        self.trial.counts.rounds += 1;
        let (verdict, since) = match kept {
            None => {
                // It is at its first state. A specification less is compiled than if it were asked itself.
                let budget = self.plan.budget_for(history);
                let found = check::linearizable(&self.from, history, &budget);
                (Some(found.verdict), None)
            }
            // In what state that object was, nobody knows.
            Some((kept, number)) if kept.number != number => (None, None),
            Some((kept, _)) => {
                let (verdict, since) = self.verdict_of_piece(history, &mut panic, kept);
                (Some(verdict), since)
            }
        };
        if let Some(cause) = self.trial.judge(verdict, history, panic) {
            self.trial.conclude(|| Finding {
                round,
                schedule: None,
                since,
                history: mem::take(history),
                cause,
                account: String::new(),
            });
        }
    }

    /// Something went wrong after the last round.
    fn conclude_after(&mut self, cause: Cause<S::State>) {
        let counts = &mut self.trial.counts;
        counts.panicked += 1;
        let round = counts.rounds.saturating_sub(1);
        self.trial.conclude(|| Finding {
            round,
            schedule: None,
            since: None,
            history: History::new(),
            cause,
            account: String::new(),
        });
    }

    /// The verdict, and the state that the object was in before, if that is not the first one. Where nobody knows in what
    /// state it is now, it is given up.
    fn verdict_of_piece<T>(
        &mut self,
        history: &History<S::Op, S::Ret>,
        panic: &mut Option<Cause<S::State>>,
        kept: &mut Kept<T>,
    ) -> (Verdict<S::State>, Option<S::State>) {
        let budget = self.plan.budget_for(history);
        let (found, end) = check::linearizable_to(&self.from, history, &budget);
        // Of a history that was cut, nobody knows how it went on.
        let is_whole = panic.is_none() && history.cut().is_none();
        let next = end.filter(|_| is_whole);
        if next.is_none() {
            self.trial.counts.replaced += u64::from(!found.verdict.is_violation());
            let dropped = kept.give_up();
            *panic = panic
                .take()
                .or(dropped.map(|message| Cause::Drop { message }));
        }
        let initial = self.specification.initial();
        let since = mem::replace(
            &mut self.from.state,
            next.unwrap_or_else(|| initial.clone()),
        );
        (found.verdict, Some(since).filter(|state| *state != initial))
    }

    /// What was found, told to a person.
    fn report(mut self) -> Report<S::Op, S::Ret, S::State> {
        self.trial.report(|finding| {
            let Finding {
                round,
                since,
                history,
                cause,
                ..
            } = finding;
            let from = soak::From::since(self.specification, since.as_ref());
            let account =
                account::of(&from, self.plan, &format!("round {round}"), history, cause);
            match since {
                Some(state) => format!(
                    "{}\n\nBefore this round the state was {}, which a file of its history does not say",
                    account.trim_end(),
                    account::state(state)
                ),
                None => account,
            }
        })
    }
}

/// How many rounds the next batch has: few where they are long, so that a finding, or the end of the time, is not waited for.
struct Pace {
    rounds: u64,
}

impl Pace {
    /// So long a batch may take, with the check of the one before.
    const LONG: Duration = Duration::from_millis(20);

    /// So many rounds took so long.
    fn took(&mut self, rounds: u64, time: Duration) {
        self.rounds = match time < Self::LONG {
            true => (2 * rounds).clamp(self.rounds, BATCH_ROUNDS as u64),
            false => (rounds / 2).max(1),
        };
    }
}

/// Waits until the threads are done with a batch.
fn done<T, O, R>(workers: &[Worker<T, O, R>]) -> Vec<Turns<T, O, R>> {
    let done = workers.iter().map(|worker| worker.done.recv());
    done.map(|turns| turns.expect("a thread sends every batch back"))
        .collect()
}

/// Takes memory back that is used again, and drops the objects. Returns what panicked in each round.
fn take_back<T, O, R, S>(
    workers: &mut [Worker<T, O, R>],
    done: Vec<Turns<T, O, R>>,
    rounds: usize,
) -> Vec<Option<Cause<S>>> {
    let mut panics: Vec<Option<Cause<S>>> = Vec::new();
    panics.resize_with(rounds, || None);
    for (process, (worker, turns)) in workers.iter_mut().zip(done).enumerate() {
        for (turn, panic) in turns.into_iter().zip(&mut panics) {
            worker.spare.push(turn.ops);
            let operation = turn.panic.map(message);
            let operation = operation.map(|message| (process, message).into());
            let dropped = turn.object.give_up();
            let dropped = dropped.map(|message| Cause::Drop { message });
            // What comes first says most.
            *panic = panic.take().or(operation).or(dropped);
        }
    }
    panics
}

/// Runs the test. `draw_ops` says what a thread does in a round.
pub(super) fn run<S, T>(
    plan: &Plan,
    specification: &S,
    settle: Option<&Settle<S::Op, S::Ret>>,
    make: impl FnMut() -> T,
    run: impl Fn(&T, &S::Op) -> S::Ret + Sync,
    draw_ops: impl FnMut(&mut Draw, &mut Vec<S::Op>),
) -> Report<S::Op, S::Ret, S::State>
where
    S: Specification<Op: Clone + Send + Sync, Ret: Clone + Send + Sync, State: Send + Sync> + Sync,
    T: Send + Sync,
{
    let seed = plan.seed.unwrap_or_else(|| fastrand::u64(..));
    let operations = plan.threads.saturating_mul(plan.operations);
    // What is in the object was put there by the operations of the round. Others may take some more.
    let settling = operations.saturating_add(SETTLING);
    // Where nothing settles the object, its state may be known all the same.
    let settle = settle.unwrap_or(&|_| None);
    let work = Work {
        barrier: &Barrier::new(plan.threads),
        run: &run,
        settle: plan.soak.then_some((settle, settling)),
    };
    let mut court = Court {
        specification,
        plan,
        trial: Trial::begin(plan, seed),
        from: soak::From::initial(specification),
    };
    let mut preparing = Preparing {
        plan,
        seed,
        make,
        draw_ops,
        round: 0,
        kept: plan.soak.then(Kept::new),
        unique: 0,
    };
    let mut pace = Pace { rounds: 1 };
    let batch_rounds = (BATCH_OPERATIONS / operations.max(1)).clamp(1, BATCH_ROUNDS);
    let slots = || iter::repeat_with(Slot::new).take(batch_rounds).collect();
    // The long pieces of a soak are not checked while others run: that would take a core from threads that should meet.
    let batches = if plan.soak { 1 } else { 2 };
    let mut idle: Vec<Vec<_>> = iter::repeat_with(slots).take(batches).collect();

    thread::scope(|scope| {
        let workers = iter::repeat_with(|| Worker::spawn(scope, &work));
        let mut workers: Vec<_> = workers.take(plan.threads).collect();
        let mut under_way: VecDeque<Batch<S::Op, S::Ret>> = VecDeque::new();
        loop {
            let left = plan.most_rounds() - preparing.round;
            let may_begin = left > 0 && !court.trial.is_over();
            let free = if may_begin { idle.pop() } else { None };
            if let Some(slots) = free {
                let start = Instant::now();
                let most = left.min(pace.rounds);
                under_way.push_back(preparing.batch(&mut workers, slots, most));
                court.trial.counts.phases.preparing += start.elapsed();
                continue;
            }
            let Some(mut batch) = under_way.pop_front() else {
                break;
            };
            let start = Instant::now();
            let done = done(&workers);
            let waited = start.elapsed();
            pace.took(batch.rounds as u64, batch.began.elapsed());
            let panics = take_back(&mut workers, done, batch.rounds);
            let slots = &mut batch.slots[..batch.rounds];
            slots.iter_mut().for_each(Slot::collect);
            let collected = start.elapsed();
            for (slot, panic) in slots.iter_mut().zip(panics) {
                if court.trial.has_found_enough() {
                    break;
                }
                let kept = preparing.kept.as_mut().map(|kept| (kept, batch.kept));
                court.judge(&mut slot.history, panic, kept);
            }
            let phases = &mut court.trial.counts.phases;
            phases.waiting += waited;
            phases.collecting += collected - waited;
            phases.checking += start.elapsed() - collected;
            idle.push(batch.slots);
        }
    });
    if let Some(message) = preparing.kept.as_mut().and_then(Kept::give_up) {
        court.conclude_after(Cause::Drop { message });
    }
    court.report()
}
