//! A lock, whatever its threads do and whoever goes on when.

use std::time::Duration;

use tachograph::{
    model::{Mutex, mutex::Op},
    stress::{Plan, Schedules, Stress},
};

use crate::lock::Lock;

/// Panics where the lock does what it must not; else says whether the bytes were enough. The first byte says how many threads
/// there are and how many operations each does, the next ones which, and all others who goes on.
pub fn run(bytes: &[u8], is_correct: bool) -> bool {
    let Some((&shape, rest)) = bytes.split_first() else {
        return false;
    };
    let threads = usize::from(2 + shape % 2);
    let operations = usize::from(1 + shape / 2 % 4);
    let Some((ops, schedule)) = rest.split_at_checked(threads * operations) else {
        return false;
    };
    let mut ops = ops.iter();
    let plan = Plan::new().threads(threads).operations(operations);
    let report = Stress::new(Mutex::new(), move || Lock::new(is_correct))
        .plan(plan.rounds(1).seed(0).time(Duration::MAX))
        .schedules(Schedules::bytes(schedule))
        .report(Lock::run, |_| match ops.next() {
            Some(byte) if byte % 2 == 0 => Op::TryAcquire,
            _ => Op::Release,
        });
    assert!(report.is_pass(), "found: {report}");
    true
}
