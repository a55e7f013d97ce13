//! Moments of a history at which all that must have happened before comes down to one state.

use super::{
    Budget,
    budget::Account,
    frontier::{Approach, Frontier},
    search::{Told, told},
    window::Ahead,
};
use crate::{
    history::{ByProcess, History, Operation, Outcome},
    model::Specification,
};

/// A moment at which there is one explanation of what happened before, in which nothing has taken effect that need not have.
///
/// What follows is possible after all that happened before if and only if it is possible from this state on, for the
/// operations that this [leaves](Self::leaves). Some of these may have taken effect before, but then they may as well do so later.
pub(crate) struct Moment<T> {
    /// The events before this one are behind it.
    pub(crate) event: u64,
    pub(crate) state: T,
    /// The operations that are open and have taken effect, by their invocations.
    pub(crate) applied: Vec<u64>,
}

impl<T> Moment<T> {
    /// Whether the operation may take effect later on.
    pub(crate) fn leaves<O, R>(&self, operation: &Operation<'_, O, R>) -> bool {
        let is_over = match operation.outcome {
            Outcome::Info => false, // whenever that was said
            _ => operation.completion.is_some_and(|it| it < self.event),
        };
        !is_over && !self.applied.contains(&operation.invocation)
    }
}

/// Some moments before one of these two events, which ascend: first those before the first, each time the last one first.
///
/// They are few, as far apart as they are from the event: of those that are 1, 2 or 3, 4 to 7, 8 to 15, … events before it, the last. So each leaves
/// about twice as much as the one behind it.
///
/// The specification must not [look ahead](Specification::looks_ahead): it might make states simpler than they are. Where the
/// budget ends, or nothing explains an event, there are those up to there. Takes as long as a check.
pub(crate) fn moments<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    until: [u64; 2],
    budget: &Budget,
) -> Vec<Moment<S::State>> {
    assert!(!specification.looks_ahead());
    let account = Account::new(*budget, history.len());
    let mut meter = account.meter(u64::MAX);
    let mut frontier = Frontier::new(specification, Approach::Exact);
    frontier.look_everywhere();
    let mut slots = ByProcess::<usize>::new();
    let mut moments = until.map(|_| Vec::<Option<Moment<S::State>>>::new());
    let events = history.events().take_while(|event| event.index < until[1]);
    for (position, event) in events.enumerate() {
        let done = match told(history, position, u64::MAX) {
            None => Ok(()),
            Some(Told::Invoke(known)) => frontier
                .invoke(known)
                .map(|slot| _ = slots.insert(event.process, slot)),
            Some(Told::InvokeUnknown(op)) => {
                frontier.invoke_unknown(op, event.index, u64::MAX);
                Ok(())
            }
            Some(Told::Complete(_)) => match slots.remove(event.process) {
                Some(slot) => {
                    frontier.complete(slot, event.index, Ahead::nothing, u64::MAX, &mut meter)
                }
                None => Ok(()), // it is judged beforehand whether there is one
            },
        };
        if done.is_err() {
            break;
        }
        let Some((state, applied)) = frontier.only() else {
            continue;
        };
        for (until, moments) in until.iter().zip(&mut moments) {
            let Some(before) = until.checked_sub(event.index).filter(|before| *before > 0) else {
                continue;
            };
            let band = before.ilog2() as usize;
            if moments.len() <= band {
                moments.resize_with(band + 1, || None);
            }
            moments[band] = Some(Moment {
                event: event.index + 1,
                state: state.clone(),
                applied: applied.clone(),
            });
        }
    }
    let mut some: Vec<Moment<S::State>> = Vec::new();
    for moment in moments.into_iter().flatten().flatten() {
        if some.iter().all(|other| other.event != moment.event) {
            some.push(moment);
        }
    }
    some
}

/// What is possible from a moment on, against what is possible in all.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::linearizable,
        event::EventKind,
        history::HistoryBuilder,
        model::{CasRegister, Counter, Model, Queue, cas_register, counter, queue},
    };
    use proptest::{
        prelude::RngCore,
        test_runner::{RngAlgorithm, TestRng},
    };

    /// A model that begins in this state.
    struct Begun<'m, M: Model>(&'m M, M::State);

    impl<M: Model> Model for Begun<'_, M> {
        type Op = M::Op;
        type Ret = M::Ret;
        type State = M::State;

        fn initial(&self) -> M::State {
            self.1.clone()
        }

        fn apply(&self, state: &mut M::State, op: &M::Op) -> M::Ret {
            self.0.apply(state, op)
        }

        fn is_read(&self, op: &M::Op) -> bool {
            Model::is_read(self.0, op)
        }

        fn changes_nothing(&self, op: &M::Op, ret: &M::Ret) -> bool {
            Model::changes_nothing(self.0, op, ret)
        }
    }

    type Below<'a> = &'a mut dyn FnMut(u32) -> u32;

    fn what_follows_decides<M>(model: M, op: fn(Below<'_>) -> M::Op, wrong: fn(Below<'_>) -> M::Ret)
    where
        M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send + Sync> + Sync,
    {
        let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]);
        let mut below = |bound: u32| random.next_u32() % bound;
        let [mut good, mut bad, mut applied, mut open] = [0; 4];
        for _ in 0..5_000 {
            let mut builder = HistoryBuilder::new();
            let mut state = model.initial();
            let mut under_way: Vec<(u64, M::Op, Option<M::Ret>)> = Vec::new();
            let (mut invoked, operations) = (0, 4 + u64::from(below(8)));
            while invoked < operations || !under_way.is_empty() {
                let chosen = below(3);
                if invoked < operations
                    && (under_way.is_empty() || under_way.len() < 3 && chosen == 0)
                {
                    let op = op(&mut below);
                    builder.invoke(invoked, op.clone());
                    under_way.push((invoked, op, None));
                    invoked += 1;
                    continue;
                }
                let place = below(under_way.len() as u32) as usize;
                if chosen == 1 {
                    // It takes effect now, and completes later.
                    let (_, op, ret) = &mut under_way[place];
                    ret.get_or_insert_with(|| model.apply(&mut state, op));
                    continue;
                }
                let (process, op, ret) = under_way.swap_remove(place);
                match below(40) {
                    0 => builder.info(process),
                    1 if ret.is_none() => builder.fail(process),
                    2..4 => builder.ok(process, wrong(&mut below)),
                    _ => builder.ok(process, ret.unwrap_or_else(|| model.apply(&mut state, &op))),
                };
            }
            let history = builder.finish().unwrap();
            let unlimited = Budget::unlimited();
            let is_right = linearizable(&model, &history, &unlimited)
                .verdict
                .is_linearizable();
            for moment in moments(
                &model,
                &history,
                [history.end() / 2, history.end()],
                &unlimited,
            ) {
                let is_left = |its: &Operation<'_, M::Op, M::Ret>| moment.leaves(its);
                applied += u64::from(!moment.applied.is_empty());
                open += u64::from(
                    history
                        .operations()
                        .any(|its| is_left(&its) && its.invocation < moment.event),
                );
                let mut rest = HistoryBuilder::new();
                for event in history.events() {
                    if !history
                        .operation(event.index)
                        .is_some_and(|its| is_left(&its))
                    {
                        continue;
                    }
                    match event.kind {
                        EventKind::Invoke(op) => rest.invoke(event.process, op.clone()),
                        EventKind::Ok(ret) => rest.ok(event.process, ret.clone()),
                        EventKind::Fail => rest.fail(event.process),
                        _ => rest.info(event.process),
                    };
                }
                let from = Begun(&model, moment.state);
                let rest = rest.finish().unwrap();
                let follows = linearizable(&from, &rest, &unlimited)
                    .verdict
                    .is_linearizable();
                assert_eq!(
                    follows, is_right,
                    "from {:?} before event {} on:\n{history}",
                    from.1, moment.event
                );
                match is_right {
                    true => good += 1,
                    false => bad += 1,
                }
            }
        }
        assert!(
            good > 1_000 && bad > 1_000 && applied > 500 && open > 500,
            "{good} {bad} {applied} {open}"
        );
    }

    #[test]
    fn what_follows_on_a_moment_decides_of_registers() {
        use cas_register::{Op, Ret};
        what_follows_decides(
            CasRegister::new(),
            |below| match below(3) {
                0 => Op::Read,
                1 => Op::Write(below(3)),
                _ => Op::Cas(below(3), below(3)),
            },
            |below| Ret::Value(Some(below(3))),
        );
    }

    #[test]
    fn what_follows_on_a_moment_decides_of_counters() {
        use counter::{Op, Ret};
        what_follows_decides(
            Counter::new(),
            |below| match below(3) {
                0 => Op::Get,
                1 => Op::FetchAdd(1),
                _ => Op::Add(1),
            },
            |below| Ret::Count(i64::from(below(5))),
        );
    }

    #[test]
    fn what_follows_on_a_moment_decides_of_queues() {
        use queue::{Op, Ret};
        what_follows_decides(
            Queue::new(),
            |below| match below(2) {
                0 => Op::Enqueue(below(100)),
                _ => Op::Dequeue,
            },
            |below| Ret::Value(Some(below(100))),
        );
    }
}
