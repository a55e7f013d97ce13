//! A race of depth three, found by schedules that are chosen, and run again from the file that was written.
//!
//! `cargo run --release --features shuttle,stress --example schedules`

use std::{env, fs};

// In a crate of one's own: `#[cfg(feature = "shuttle")] use shuttle::sync::…`, and else `std::sync::…`.
use shuttle::sync::atomic::{AtomicU8, Ordering::SeqCst};
use tachograph::{
    model::{Mutex, mutex::Op},
    stress::{Draw, Plan, Schedule, Schedules, Stress},
};

const FREE: u8 = 0;
const HELD: u8 = 1;
/// Held, and somebody else wanted it: whoever releases it would wake them.
const WANTED: u8 = 2;

struct Lock(AtomicU8);

impl Lock {
    fn try_acquire(&self) -> bool {
        match self.0.compare_exchange(FREE, HELD, SeqCst, SeqCst) {
            Ok(_) => true,
            Err(HELD) => {
                // The bug: it may have been released meanwhile, and now looks held, by nobody, for ever.
                self.0.store(WANTED, SeqCst);
                false
            }
            Err(_) => false,
        }
    }

    fn release(&self) -> bool {
        self.0.swap(FREE, SeqCst) != FREE
    }
}

fn run(lock: &Lock, op: &Op) -> bool {
    match op {
        Op::TryAcquire | Op::Acquire => lock.try_acquire(),
        Op::Release => lock.release(),
    }
}

fn draw(draw: &mut Draw) -> Op {
    draw.weighted([(3, Op::TryAcquire), (1, Op::Release)])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::temp_dir().join("tachograph-schedules");
    let test = || Stress::new(Mutex::new(), || Lock(AtomicU8::new(FREE)));
    let plan = Plan::new().threads(2).operations(3).seed(7).output(&folder);

    // `run` instead of `report` would panic with this text, in a `#[test]`.
    let found = test()
        .plan(plan)
        .schedules(Schedules::pct(3))
        .report(run, draw);
    println!("{found}\n");

    let file = fs::read_to_string(folder.join(format!(
        "seed-7-round-{}.schedule",
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
