//! All orders, all subsets of unknown operations: what linearizable and sequentially consistent mean, without any wit.

use tachograph::{History, Operation, Outcome, model::Specification};

/// Whether there is an order of the operations that the specification explains, in which `before(a, b)` operations come in
/// that order.
fn explained<S: Specification>(
    specification: &S,
    operations: &[Operation<'_, S::Op, S::Ret>],
    before: &dyn Fn(usize, usize) -> bool,
) -> bool {
    fn go<S: Specification>(
        specification: &S,
        operations: &[Operation<'_, S::Op, S::Ret>],
        before: &dyn Fn(usize, usize) -> bool,
        placed: &mut Vec<bool>,
        state: &S::State,
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
            let mut states = Vec::new();
            let Operation { op, outcome, .. } = operations[next];
            let ret = match outcome {
                Outcome::Ok(ret) => Some(ret),
                _ => None,
            };
            specification.step(state, op, ret, |after| states.push(after));
            placed[next] = true;
            if (states.iter()).any(|after| go(specification, operations, before, placed, after)) {
                return true;
            }
            placed[next] = false;
        }
        false
    }
    let mut placed = vec![false; operations.len()];
    go(
        specification,
        operations,
        before,
        &mut placed,
        &specification.initial(),
    )
}

fn that_may_apply<'h, S: Specification>(
    history: &'h History<S::Op, S::Ret>,
) -> Vec<Operation<'h, S::Op, S::Ret>> {
    history
        .operations()
        .filter(|operation| !matches!(operation.outcome, Outcome::Fail))
        .collect()
}

pub fn is_linearizable<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
) -> bool {
    let operations = that_may_apply::<S>(history);
    explained(specification, &operations, &|a, b| {
        // An `info` says nothing about when its operation takes effect.
        let completed = match operations[a].outcome {
            Outcome::Ok(_) => operations[a].completion,
            _ => None,
        };
        completed.is_some_and(|completion| completion < operations[b].invocation)
    })
}

pub fn is_sequentially_consistent<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
) -> bool {
    let operations = that_may_apply::<S>(history);
    explained(specification, &operations, &|a, b| {
        operations[a].process == operations[b].process
            && operations[a].invocation < operations[b].invocation
    })
}
