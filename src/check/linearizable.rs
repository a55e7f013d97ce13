//! Linearizability of a whole history.

#[cfg(feature = "stress")]
use super::Verdict;
use super::{
    Budget, Consistency, Report,
    budget::Account,
    collection, parts,
    verdict::{Judged, undecidable},
};
#[cfg(feature = "stress")]
use crate::history::Outcome;
use crate::{history::History, model::Specification};

/// Checks that the history is linearizable: that each operation may have taken effect at once, at some moment between its
/// invocation and its completion, and returned what the specification says ([Herlihy and Wing
/// 1990](https://doi.org/10.1145/78969.78972)).
///
/// An operation that ended in `info`, or not at all, may have taken effect at any moment after its invocation, or never.
/// One that ended in `fail` did not. Marks say nothing.
///
/// Takes O(events) where few operations are open at once, and grows exponentially with how many are, as the problem
/// does. Where that is too much, less may still show that it has an order, by following one where it leads, or that nothing
/// explains the history, whichever of its unknown operations took effect. Parts of the object that know nothing of one another ([`Model::part`](crate::model::Model::part)) are checked each
/// for itself, on as many threads as `rayon` has.
///
/// # Panics
///
/// Where the specification does.
pub fn linearizable<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> Report<S::State>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let account = Account::new(*budget, history.len());
    let judged = judge(specification, history, &account);
    judged.report(Consistency::Linearizable, &account)
}

/// The same, but as if the object had no parts and were no collection: such a specification need not be shared among threads.
pub(crate) fn linearizable_as_one<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> Report<S::State> {
    let account = Account::new(*budget, history.len());
    let judged = undecidable(history, &account).map_or_else(
        || parts::judge_as_one(specification, history, &account),
        Judged::unknown,
    );
    judged.report(Consistency::Linearizable, &account)
}

/// As [`linearizable`], and the state that the history ends in: if it is linearizable, if nothing is open at its end, and if
/// the object then is in this state in whatever order the operations took effect.
#[cfg(feature = "stress")]
pub(crate) fn linearizable_to<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> (Report<S::State>, Option<S::State>)
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let account = Account::new(*budget, history.len());
    let judged = judge(specification, history, &account);
    let ends_in_one_state = judged.ends_in_one_state;
    let report = judged.report(Consistency::Linearizable, &account);
    let state = match &report.verdict {
        Verdict::Linearizable(witness) if ends_in_one_state => {
            after(specification, history, &witness.order)
        }
        _ => None,
    };
    (report, state)
}

/// The state after these operations, one after the other, if it is only one.
#[cfg(feature = "stress")]
fn after<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    order: &[u64],
) -> Option<S::State> {
    let mut states = vec![specification.initial()];
    for invocation in order {
        let operation = history.operation(*invocation)?;
        let Outcome::Ok(ret) = operation.outcome else {
            return None; // who knows what it returned
        };
        let mut next = Vec::with_capacity(states.len());
        for state in &states {
            specification.step(state, operation.op, Some(ret), |state| {
                if !next.contains(&state) {
                    next.push(state);
                }
            });
        }
        states = next;
    }
    states.pop().filter(|_| states.is_empty())
}

fn judge<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    account: &Account,
) -> Judged<S::State>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    if let Some(reason) = undecidable(history, account) {
        return Judged::unknown(reason);
    }
    collection::judge(specification, history, account)
        .unwrap_or_else(|| parts::judge(specification, history, account))
}

/// The states that a piece of a soak may end in, against all orders tried out.
#[cfg(all(test, feature = "stress"))]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        history::{HistoryBuilder, Operation},
        model::{CasRegister, Counter, Model, Queue, cas_register, counter, queue},
    };

    /// All states after all operations, in all orders that the history allows. An operation of unknown outcome may be left out.
    fn ends<M: Model>(model: &M, history: &History<M::Op, M::Ret>) -> HashSet<M::State> {
        fn go<M: Model>(
            model: &M,
            state: &M::State,
            left: &[Operation<'_, M::Op, M::Ret>],
            ends: &mut HashSet<M::State>,
        ) {
            let is_known =
                |its: &Operation<'_, M::Op, M::Ret>| matches!(its.outcome, Outcome::Ok(_));
            if !left.iter().any(is_known) {
                ends.insert(state.clone());
            }
            for (place, its) in left.iter().enumerate() {
                let is_behind = |other: &Operation<'_, M::Op, M::Ret>| {
                    is_known(other) && other.completion.is_some_and(|it| it < its.invocation)
                };
                let mut state = state.clone();
                let ret = model.apply(&mut state, its.op);
                let returned = match its.outcome {
                    Outcome::Ok(recorded) => model.agrees(&ret, recorded),
                    _ => true,
                };
                if returned && !left.iter().any(is_behind) {
                    let rest: Vec<_> = [&left[..place], &left[place + 1..]].concat();
                    go(model, &state, &rest, ends);
                }
            }
        }
        let operations: Vec<_> = history.operations().collect();
        let mut ends = HashSet::new();
        go(model, &model.initial(), &operations, &mut ends);
        ends
    }

    /// Histories by chance, of which most are right, and in few of which an operation is lost.
    fn the_end_is_the_only_one<M>(model: M, op: fn(u32, u32) -> M::Op, wrong: fn(u32) -> M::Ret)
    where
        M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
    {
        let mut random = fastrand::Rng::with_seed(5);
        let (mut told, mut several, mut none) = (0, 0, 0);
        for _ in 0..5_000 {
            let mut builder = HistoryBuilder::new();
            let mut state = model.initial();
            let mut open: Vec<(u64, M::Op)> = Vec::new();
            let (mut invoked, operations) = (0, random.u64(1..7));
            while invoked < operations || !open.is_empty() {
                if invoked < operations && (open.is_empty() || open.len() < 3 && random.bool()) {
                    let op = op(random.u32(..), random.u32(0..3));
                    builder.invoke(invoked, op.clone());
                    open.push((invoked, op));
                    invoked += 1;
                    continue;
                }
                let (process, op) = open.swap_remove(random.usize(..open.len()));
                let ret = model.apply(&mut state, &op);
                match random.u32(0..30) {
                    0 => builder.info(process),
                    1 => builder.ok(process, wrong(random.u32(0..3))),
                    _ => builder.ok(process, ret),
                };
            }
            let history = builder.finish().unwrap();
            let ends = ends(&model, &history);
            let (report, end) = linearizable_to(&model, &history, &Budget::unlimited());
            assert_eq!(
                report.verdict.is_linearizable(),
                !ends.is_empty(),
                "{history}"
            );
            match end {
                Some(end) => {
                    assert_eq!(ends, HashSet::from([end]), "{history}");
                    told += 1;
                }
                None if ends.len() == 1 => none += 1,
                None => several += 1,
            }
        }
        // Where it is not told although there is only one, a soak begins anew: of a queue with something in it, say.
        assert!(
            told > 1_000 && several > 100 && none < 2 * told,
            "{told} {several} {none}"
        );
    }

    #[test]
    fn the_end_of_registers_and_counters_is_the_only_one() {
        use cas_register::{Op, Ret};
        the_end_is_the_only_one(
            CasRegister::new(),
            |which, value| match which % 3 {
                0 => Op::Read,
                1 => Op::Write(value),
                _ => Op::Cas(value, (value + 1) % 3),
            },
            |value| Ret::Value(Some(value)),
        );
        the_end_is_the_only_one(
            Counter::new(),
            |which, value| match which % 2 {
                0 => counter::Op::Get,
                _ => counter::Op::FetchAdd(i64::from(value)),
            },
            |value| counter::Ret::Count(i64::from(value)),
        );
    }

    #[test]
    fn the_end_of_queues_is_the_only_one() {
        the_end_is_the_only_one(
            Queue::new(),
            // Values that are as good as different, or soon the same again.
            |which, value| match which % 5 {
                0 | 1 => queue::Op::Enqueue(which),
                2 => queue::Op::Enqueue(value),
                _ => queue::Op::Dequeue,
            },
            |value| queue::Ret::Value(Some(value)),
        );
    }
}
