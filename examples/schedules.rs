//! A race of depth three, found by schedules that are chosen, and run again from the file that was written.
//!
//! `cargo run --release --features shuttle,stress --example schedules`

use std::{env, fs};

// In a crate of one's own: `#[cfg(feature = "shuttle")] use shuttle::sync::…`, and else `std::sync::…`.
use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tachograph::{
    model::Model,
    stress::{Draw, Plan, Schedule, Schedules, Stress},
};

/// An operation, and the thread whose it is.
#[derive(Clone, Debug, PartialEq)]
enum Op {
    Try(usize),
    Release(usize),
}

/// A lock that only its holder releases.
struct Owned;

impl Model for Owned {
    type Op = Op;
    type Ret = bool;
    type State = Option<usize>;

    fn initial(&self) -> Option<usize> {
        None
    }

    fn apply(&self, holder: &mut Option<usize>, op: &Op) -> bool {
        match *op {
            Op::Try(thread) => holder.is_none() && holder.replace(thread).is_none(),
            Op::Release(thread) => *holder == Some(thread) && holder.take().is_some(),
        }
    }
}

const FREE: usize = 0;
/// Held, and somebody else wanted it: whoever releases it would wake them.
const WANTED: usize = 1 << 8;

/// Free, or its holder's number from 1, perhaps wanted.
struct Lock(AtomicUsize);

impl Lock {
    fn try_acquire(&self, me: usize) -> bool {
        match self.0.compare_exchange(FREE, me, SeqCst, SeqCst) {
            Ok(_) => true,
            Err(held) if held == me || held & WANTED != 0 => false,
            Err(held) => {
                // The bug: it may have been released meanwhile, and now looks held, by nobody, for ever.
                self.0.store(held | WANTED, SeqCst);
                false
            }
        }
    }

    fn release(&self, me: usize) -> bool {
        let is_mine = self.0.load(SeqCst) & !WANTED == me;
        if is_mine {
            self.0.store(FREE, SeqCst);
        }
        is_mine
    }
}

fn run(lock: &Lock, op: &Op) -> bool {
    match *op {
        Op::Try(thread) => lock.try_acquire(thread + 1),
        Op::Release(thread) => lock.release(thread + 1),
    }
}

fn draw(draw: &mut Draw) -> Op {
    let thread = draw.process();
    draw.weighted([(2, Op::Try(thread)), (1, Op::Release(thread))])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::temp_dir().join("tachograph-schedules");
    let test = || Stress::new(Owned, || Lock(AtomicUsize::new(FREE)));
    let plan = Plan::new().threads(2).operations(3).rounds(100).seed(7);

    // Who has the lock is interrupted, and so is who wants it. Schedules of depth two interrupt once.
    let shallow = test()
        .plan(plan.clone())
        .schedules(Schedules::pct(2))
        .report(run, draw);
    assert!(shallow.is_pass(), "{shallow}");

    // `run` instead of `report` would panic with this text, in a `#[test]`.
    let found = test()
        .plan(plan.output(&folder))
        .schedules(Schedules::pct(3))
        .report(run, draw);
    println!("{found}\n");

    let file = fs::read_to_string(folder.join(format!(
        "Lock-seed-7-round-{}.schedule",
        found.finding.as_ref().ok_or("nothing was found")?.round
    )))?;
    let schedule: Schedule = file.parse()?;
    let again = test()
        .schedules(Schedules::replay(schedule))
        .report(run, draw);
    let histories = [found, again].map(|report| report.finding.map(|finding| finding.history));
    assert_eq!(histories[0], histories[1]);
    println!("replayed from the file: the same history again");
    Ok(())
}
