//! A counter that loads and stores.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use super::{Outcome, Subject, test};
use crate::{
    model::{
        Counter,
        counter::{Op, Ret},
    },
    stress::{Plan, point},
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-counter",
    "adds by a load and a store: of two additions at once, one is lost",
    |plan| {
        stress(plan, |counter, n| {
            let old = counter.load(SeqCst);
            point();
            counter.store(old + n, SeqCst);
            old
        })
    },
);

pub(super) const CORRECT: Subject = Subject::correct("counter", "adds by `fetch_add`", |plan| {
    stress(plan, |counter, n| counter.fetch_add(n, SeqCst))
});

fn stress(plan: &Plan, add: fn(&AtomicI64, i64) -> i64) -> Outcome {
    Outcome::from(
        test(Counter::new(), || AtomicI64::new(0), plan)
            .settle(|last| last.is_none().then_some(Op::Get))
            .report(
                |counter, op| match op {
                    Op::Get => Ret::Count(counter.load(SeqCst)),
                    Op::FetchAdd(n) => Ret::Count(add(counter, *n)),
                    Op::Add(n) => {
                        add(counter, *n);
                        Ret::Done
                    }
                },
                |draw| draw.weighted([(1, Op::Get), (1, Op::Add(1))]),
            ),
    )
}
