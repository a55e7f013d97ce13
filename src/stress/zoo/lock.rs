//! A lock that is taken by test, then set.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::{Outcome, Subject, test};
use crate::{
    model::{Mutex, mutex::Op},
    stress::{Plan, point},
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-lock",
    "looks whether it is free, then takes it: two threads get it at once",
    |plan| {
        stress(plan, |held| {
            if held.load(SeqCst) {
                return false;
            }
            point();
            held.store(true, SeqCst);
            true
        })
    },
);

pub(super) const CORRECT: Subject =
    Subject::correct("lock", "looks and takes in one step", |plan| {
        stress(plan, |held| !held.swap(true, SeqCst))
    });

fn stress(plan: &Plan, try_acquire: fn(&AtomicBool) -> bool) -> Outcome {
    Outcome::from(
        test(Mutex::new(), AtomicBool::default, plan)
            .settle(|last| last.is_none().then_some(Op::Release))
            .report(
                |held, op| match op {
                    Op::TryAcquire => try_acquire(held),
                    Op::Release => held.swap(false, SeqCst),
                    Op::Acquire => unreachable!("not drawn"),
                },
                |draw| draw.weighted([(2, Op::TryAcquire), (1, Op::Release)]),
            ),
    )
}
