//! A queue whose tail lags.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use super::{Outcome, Subject, test};
use crate::{
    model::{
        Queue,
        queue::{Op, Ret},
    },
    stress::{Plan, point},
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-queue",
    "stores its tail without looking: it may go back behind a value, and the queue seems empty",
    |plan| stress(plan, |tail, end| tail.store(end, SeqCst)),
)
.short_lived();

pub(super) const CORRECT: Subject =
    Subject::correct("queue", "a queue whose tail only goes forwards", |plan| {
        stress(plan, |tail, end| {
            tail.fetch_max(end, SeqCst);
        })
    })
    .short_lived();

/// A place for each value that is ever enqueued; 0 is none.
struct Places {
    values: Vec<AtomicU64>,
    head: AtomicUsize,
    /// All places before it are taken.
    tail: AtomicUsize,
    advance: fn(&AtomicUsize, usize),
}

impl Places {
    fn enqueue(&self, value: u64) {
        let mut place = self.tail.load(SeqCst);
        while self.values[place]
            .compare_exchange(0, value, SeqCst, SeqCst)
            .is_err()
        {
            place += 1;
        }
        point();
        (self.advance)(&self.tail, place + 1);
    }

    fn dequeue(&self) -> Option<u64> {
        loop {
            let head = self.head.load(SeqCst);
            point();
            if head >= self.tail.load(SeqCst) {
                return None;
            }
            if self
                .head
                .compare_exchange(head, head + 1, SeqCst, SeqCst)
                .is_ok()
            {
                return Some(self.values[head].load(SeqCst));
            }
        }
    }
}

fn stress(plan: &Plan, advance: fn(&AtomicUsize, usize)) -> Outcome {
    let places = plan.threads.saturating_mul(plan.operations);
    let make = move || Places {
        values: (0..places).map(|_| AtomicU64::new(0)).collect(),
        head: AtomicUsize::new(0),
        tail: AtomicUsize::new(0),
        advance,
    };
    Outcome::from(test(Queue::new(), make, plan).report(
        |queue, op| match op {
            Op::Enqueue(value) => {
                queue.enqueue(*value);
                Ret::Enqueued(true)
            }
            Op::Dequeue => Ret::Value(queue.dequeue()),
            Op::Peek | Op::Len => unreachable!("not drawn"),
        },
        |draw| match draw.chance(1, 2) {
            true => Op::Enqueue(draw.unique()),
            false => Op::Dequeue,
        },
    ))
}
