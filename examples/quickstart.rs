//! Three concurrent workers on a register, and the history of what they did.
//!
//! ```text
//! cargo run --example quickstart
//! ```

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use tachograph::Recorder;

#[derive(Clone, Copy, Debug)]
enum Op {
    Write(u64),
    Read,
}

/// The object under test: a write returns nothing, a read the value.
struct Register(AtomicU64);

impl Register {
    fn apply(&self, op: Op) -> Option<u64> {
        thread::yield_now(); // a slow object: otherwise an operation is over before another begins
        match op {
            Op::Write(value) => {
                self.0.store(value, Ordering::Release);
                None
            }
            Op::Read => Some(self.0.load(Ordering::Acquire)),
        }
    }
}

fn main() {
    let register = Register(AtomicU64::new(0));
    let recorder = Recorder::new();
    let together = Barrier::new(3);
    thread::scope(|scope| {
        for worker in 1..=3 {
            let mut process = recorder.process();
            let (register, together) = (&register, &together);
            scope.spawn(move || {
                for round in 0..2 {
                    together.wait(); // or the first worker is done before the last one starts
                    for op in [Op::Write(10 * worker + round), Op::Read] {
                        process.op(op, || register.apply(op));
                    }
                }
            });
        }
    });

    let history = recorder.into_history();
    println!(" index  proc  kind    value");
    for event in &history {
        println!("{event}");
    }
    let overlap = history.overlap();
    println!(
        "{} of {} operations overlapped another",
        overlap.overlapping, overlap.operations
    );
}
