//! A lock, whatever its threads do and whoever goes on when.

use std::time::Duration;

use tachograph::stress::{Plan, Report, Schedules, Stress};

use crate::lock::{Lock, Op, Owned};

/// Of thread 0: so many that schedules at random do not find the race of the broken lock.
pub const WORK: usize = 100;

/// What came of it; nothing, where the bytes were not enough. The first byte says how many operations each of the two threads
/// does, the next ones which, and all others who goes on. (Of three threads, two would have no work.)
pub fn report(bytes: &[u8], is_correct: bool) -> Option<Report<Op, bool, Option<usize>>> {
    let (&shape, rest) = bytes.split_first()?;
    let operations = usize::from(1 + shape % 4);
    let (ops, schedule) = rest.split_at_checked(2 * operations)?;
    let mut ops = ops.iter();
    let plan = Plan::new().threads(2).operations(operations);
    let report = Stress::new(Owned, move || Lock::new(is_correct, WORK))
        .plan(plan.rounds(1).seed(0).time(Duration::MAX))
        .schedules(Schedules::bytes(schedule))
        .report(Lock::run, |draw| match ops.next() {
            Some(byte) if byte % 2 == 0 => Op::Try(draw.process()),
            _ => Op::Release(draw.process()),
        });
    Some(report)
}

/// Panics where the lock does what it must not; else says whether the bytes were enough.
pub fn run(bytes: &[u8], is_correct: bool) -> bool {
    let report = report(bytes, is_correct);
    if let Some(report) = &report {
        assert!(report.is_pass(), "found: {report}");
    }
    report.is_some()
}
