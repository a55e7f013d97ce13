//! The rounds: threads that run them, and the thread that prepares and checks them.
//!
//! Threads are handed batches of rounds, so that the thread that checks is woken once a batch: two batches are under way, one
//! being run and one being checked. Everything a thread needs for a round is moved to it and back, so nothing is shared but
//! the object and the barrier. A thread runs code of the user's only where a panic is caught, and reaches every barrier
//! of its batch: nobody waits for a thread that is gone.

use std::{
    any::Any,
    collections::VecDeque,
    iter, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};

use super::{
    Draw, Plan, Settle, account,
    barrier::Barrier,
    delay,
    judge::{judge, message, mix},
    report::{Counts, Finding, Report},
    soak::{self, Kept},
};
use crate::{
    check,
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
    object: Arc<T>,
    ops: Vec<O>,
    /// Of the delays, if there are any.
    delays: Option<u64>,
    /// What settles the object when all are done, of the one thread that does so.
    settling: Option<Process<O, R>>,
    /// What an operation panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

impl<T, O: Clone, R> Turn<T, O, R> {
    fn run(&mut self, run: &impl Fn(&T, &O) -> R) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let _delayed = self.delays.map(delay::begin);
        for op in self.ops.drain(..) {
            delay::point();
            let call = process.invoke(op.clone());
            // If it panics, the call is dropped, which is an `info`.
            let ret = run(&self.object, &op);
            call.ok(ret);
        }
    }

    fn settle(&mut self, settle: &Settle<O, R>, most: usize, run: &impl Fn(&T, &O) -> R)
    where
        R: Clone,
    {
        let Some(mut process) = self.settling.take() else {
            return;
        };
        soak::settle(settle, most, |op| {
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

/// The rounds of one batch, as one thread has them.
type Turns<T, O, R> = Vec<Turn<T, O, R>>;

/// A batch that the threads are at.
struct Batch<O, R> {
    slots: Vec<Slot<O, R>>,
    rounds: usize,
    /// The number of the object, where it is kept.
    kept: u64,
}

/// A thread: what goes to it, and what comes back.
struct Worker<T, O, R> {
    todo: mpsc::Sender<Turns<T, O, R>>,
    done: mpsc::Receiver<Turns<T, O, R>>,
    /// Turns that are over, whose memory is used again.
    spare: Vec<Vec<O>>,
}

/// Runs the test. `draw_ops` says what a thread does in a round.
pub(super) fn run<S, T>(
    plan: &Plan,
    specification: &S,
    settle: Option<&Settle<S::Op, S::Ret>>,
    mut make: impl FnMut() -> T,
    run: impl Fn(&T, &S::Op) -> S::Ret + Sync,
    mut draw_ops: impl FnMut(&mut Draw, &mut Vec<S::Op>),
) -> Report<S::Op, S::Ret, S::State>
where
    S: Specification<Op: Clone + Send + Sync, Ret: Clone + Send + Sync, State: Send + Sync> + Sync,
    T: Send + Sync,
{
    let began = Instant::now();
    let seed = plan.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut counts = Counts::new(seed);
    let mut finding = None;
    let operations = plan.threads.saturating_mul(plan.operations);
    let batch_rounds = (BATCH_OPERATIONS / operations.max(1)).clamp(1, BATCH_ROUNDS);
    let mut idle: Vec<Vec<Slot<S::Op, S::Ret>>> =
        iter::repeat_with(|| slots(batch_rounds)).take(2).collect();
    let barrier = Barrier::new(plan.threads);
    let (barrier, run) = (&barrier, &run);
    // Where nothing settles the object, its state may be known all the same.
    let settle = plan.soak.then_some(settle.unwrap_or(&|_| None));
    // What is in the object was put there by the operations of the round. Others may take some more.
    let settling = operations.saturating_add(SETTLING);
    let mut kept = plan.soak.then(Kept::new);
    let mut from = soak::From::initial(specification);
    let mut unique = 0;

    thread::scope(|scope| {
        // Dropped when this ends, also by unwinding: that is what the threads end by.
        let mut workers: Vec<_> = iter::repeat_with(|| {
            let (todo, turns) = mpsc::channel::<Turns<T, S::Op, S::Ret>>();
            let (over, done) = mpsc::channel();
            scope.spawn(move || {
                for mut batch in turns {
                    for turn in &mut batch {
                        barrier.wait();
                        let result = catch_unwind(AssertUnwindSafe(|| turn.run(run)));
                        turn.panic = result.err();
                        if let Some(settle) = settle {
                            barrier.wait();
                            let settled = catch_unwind(AssertUnwindSafe(|| {
                                turn.settle(settle, settling, run)
                            }));
                            match &turn.panic {
                                None => turn.panic = settled.err(),
                                // What it is dropped by may panic, and nobody would catch that.
                                Some(_) => mem::forget(settled),
                            }
                        }
                    }
                    if over.send(batch).is_err() {
                        break;
                    }
                }
            });
            Worker {
                todo,
                done,
                spare: Vec::new(),
            }
        })
        .take(plan.threads)
        .collect();

        let mut under_way: VecDeque<Batch<S::Op, S::Ret>> = VecDeque::new();
        let mut left = plan.rounds;
        let mut round = 0;
        loop {
            let may_begin =
                left > 0 && (finding.is_none() || plan.keep_going) && began.elapsed() < plan.time;
            if may_begin {
                if let Some(mut slots) = idle.pop() {
                    let start = Instant::now();
                    let rounds = left.min(slots.len() as u64) as usize;
                    left -= rounds as u64;
                    let mut batch: Vec<Turns<T, S::Op, S::Ret>> =
                        workers.iter().map(|_| Vec::with_capacity(rounds)).collect();
                    for slot in &mut slots[..rounds] {
                        // Of the round alone, so that any round can be drawn without those before.
                        let mut draw = Draw::new(mix(seed, round));
                        round += 1;
                        let object = match &mut kept {
                            // What was unique to the rounds before may come up again, and is not to be mistaken.
                            Some(kept) => {
                                draw.unique = unique;
                                kept.object(&mut make)
                            }
                            None => Arc::new(make()),
                        };
                        for (process, (worker, turns)) in
                            workers.iter_mut().zip(&mut batch).enumerate()
                        {
                            let mut ops = worker.spare.pop().unwrap_or_default();
                            draw.process = process;
                            draw_ops(&mut draw, &mut ops);
                            turns.push(Turn {
                                process: Some(slot.recorder.process()),
                                object: Arc::clone(&object),
                                ops,
                                delays: plan.delays.then(|| draw.u64()),
                                settling: (plan.soak && process == 0)
                                    .then(|| slot.recorder.process()),
                                panic: None,
                            });
                        }
                        unique = draw.unique;
                    }
                    for (worker, turns) in workers.iter().zip(batch) {
                        worker
                            .todo
                            .send(turns)
                            .expect("a thread lives until it is told to end");
                    }
                    let kept = kept.as_ref().map_or(0, |kept| kept.number);
                    under_way.push_back(Batch {
                        slots,
                        rounds,
                        kept,
                    });
                    counts.phases.preparing += start.elapsed();
                    continue;
                }
            }
            let Some(Batch {
                mut slots,
                rounds,
                kept: of,
            }) = under_way.pop_front()
            else {
                break;
            };

            let start = Instant::now();
            let mut panics: Vec<Option<(usize, String)>> = Vec::new();
            panics.resize_with(rounds, || None);
            let done: Vec<_> = workers
                .iter()
                .map(|worker| worker.done.recv().expect("a thread sends every batch back"))
                .collect();
            let waited = start.elapsed();
            for (process, (worker, turns)) in workers.iter_mut().zip(done).enumerate() {
                for (turn, panic) in turns.into_iter().zip(&mut panics) {
                    worker.spare.push(turn.ops);
                    if let (Some(payload), None) = (turn.panic, &panic) {
                        *panic = Some((process, message(payload)));
                    }
                }
            }
            for slot in &mut slots[..rounds] {
                slot.recorder.drain_into(&mut slot.history);
                slot.recorder
                    .clear()
                    .expect("every process was dropped when its turn was over");
            }
            let collected = start.elapsed();
            for (slot, panic) in slots[..rounds].iter_mut().zip(panics) {
                if finding.is_some() && !plan.keep_going {
                    break;
                }
                counts.rounds += 1;
                let history = &slot.history;
                let mut since = None;
                let verdict = match &mut kept {
                    None => Some(check::linearizable(specification, history, &plan.budget).verdict),
                    // In what state that object was, nobody knows.
                    Some(kept) if kept.number != of => None,
                    Some(kept) => {
                        let (found, end) = check::linearizable_to(&from, history, &plan.budget);
                        // Of a history that was cut, nobody knows how it went on.
                        let is_whole = panic.is_none() && history.cut().is_none();
                        let next = end.filter(|_| is_whole);
                        if next.is_none() {
                            counts.replaced += u64::from(!found.verdict.is_violation());
                            kept.give_up();
                        }
                        let next = next.unwrap_or_else(|| specification.initial());
                        let before = mem::replace(&mut from.state, next);
                        since = Some(before).filter(|state| *state != specification.initial());
                        Some(found.verdict)
                    }
                };
                let cause = judge(verdict, history, panic, &mut counts);
                if let (Some(cause), None) = (cause, &finding) {
                    finding = Some(Finding {
                        round: counts.rounds - 1,
                        schedule: None,
                        since,
                        history: mem::take(&mut slot.history),
                        cause,
                        account: String::new(),
                    });
                }
            }
            counts.phases.waiting += waited;
            counts.phases.collecting += collected - waited;
            counts.phases.checking += start.elapsed() - collected;
            idle.push(slots);
        }
    });
    counts.elapsed = began.elapsed();
    if let Some(finding) = &mut finding {
        let Finding {
            round,
            since,
            history,
            cause,
            account,
            ..
        } = finding;
        from.state = since.clone().unwrap_or_else(|| specification.initial());
        *account = account::of(&from, plan, &format!("round {round}"), history, cause);
        if let Some(state) = since {
            let state = account::state(state);
            *account += &format!(
                "\n\nBefore this round the state was {state}, which a file of its history does not say"
            );
        }
    }
    Report::new(counts, finding)
}

fn slots<O, R>(rounds: usize) -> Vec<Slot<O, R>> {
    let slot = || Slot {
        recorder: Recorder::new(),
        history: History::new(),
    };
    iter::repeat_with(slot).take(rounds).collect()
}
