//! All orders, all subsets of unknown operations: what linearizable and sequentially consistent mean, without any wit.

use tachograph::{History, Operation, Outcome, model::Model};

/// Whether there is an order of the operations that the model explains, in which `before(a, b)` operations come in
/// that order.
fn explained<M: Model>(
    model: &M,
    operations: &[Operation<'_, M::Op, M::Ret>],
    before: &dyn Fn(usize, usize) -> bool,
) -> bool {
    fn go<M: Model>(
        model: &M,
        operations: &[Operation<'_, M::Op, M::Ret>],
        before: &dyn Fn(usize, usize) -> bool,
        placed: &mut Vec<bool>,
        state: &M::State,
    ) -> bool {
        let must = |place: usize| matches!(operations[place].outcome, Outcome::Ok(_));
        if (0..operations.len()).all(|place| placed[place] || !must(place)) {
            return true;
        }
        for next in 0..operations.len() {
            let blocked = |other: usize| !placed[other] && must(other) && before(other, next);
            if placed[next] || (0..operations.len()).any(blocked) {
                continue;
            }
            let mut after = state.clone();
            let returned = model.apply(&mut after, operations[next].op);
            if let Outcome::Ok(ret) = operations[next].outcome {
                if !model.agrees(&returned, ret) {
                    continue;
                }
            }
            placed[next] = true;
            if go(model, operations, before, placed, &after) {
                return true;
            }
            placed[next] = false;
        }
        false
    }
    let mut placed = vec![false; operations.len()];
    go(model, operations, before, &mut placed, &model.initial())
}

fn that_may_apply<'h, M: Model>(
    history: &'h History<M::Op, M::Ret>,
) -> Vec<Operation<'h, M::Op, M::Ret>> {
    history
        .operations()
        .filter(|operation| !matches!(operation.outcome, Outcome::Fail))
        .collect()
}

pub fn is_linearizable<M: Model>(model: &M, history: &History<M::Op, M::Ret>) -> bool {
    let operations = that_may_apply::<M>(history);
    explained(model, &operations, &|a, b| {
        // An `info` says nothing about when its operation takes effect.
        let completed = match operations[a].outcome {
            Outcome::Ok(_) => operations[a].completion,
            _ => None,
        };
        completed.is_some_and(|completion| completion < operations[b].invocation)
    })
}

pub fn is_sequentially_consistent<M: Model>(model: &M, history: &History<M::Op, M::Ret>) -> bool {
    let operations = that_may_apply::<M>(history);
    explained(model, &operations, &|a, b| {
        operations[a].process == operations[b].process
            && operations[a].invocation < operations[b].invocation
    })
}
