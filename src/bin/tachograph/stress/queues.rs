//! Queues.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crossbeam::queue::{ArrayQueue, SegQueue};
use tachograph::{
    model::{
        Queue,
        queue::{Op, Ret},
    },
    stress::{
        Draw, Plan,
        zoo::{Outcome, Subject},
    },
};

use super::test;

pub const ALL: &[Subject] = &[
    Subject::correct("seg-queue", "crossbeam's SegQueue", |plan| {
        stress(plan, Queue::new(), SegQueue::new)
    }),
    Subject::correct(
        "array-queue",
        "crossbeam's ArrayQueue, with room for 4 values",
        |plan| stress(plan, Queue::bounded(CAPACITY), || ArrayQueue::new(CAPACITY)),
    ),
    Subject::correct("mutex-deque", "std's Mutex<VecDeque>", |plan| {
        stress(plan, Queue::new(), Mutex::<VecDeque<u64>>::default)
    }),
];

/// So few that it is full now and then.
const CAPACITY: usize = 4;

trait Fifo: Send + Sync {
    /// Whether there was room.
    fn enqueue(&self, value: u64) -> bool;
    fn dequeue(&self) -> Option<u64>;
}

impl Fifo for SegQueue<u64> {
    fn enqueue(&self, value: u64) -> bool {
        self.push(value);
        true
    }

    fn dequeue(&self) -> Option<u64> {
        self.pop()
    }
}

impl Fifo for ArrayQueue<u64> {
    fn enqueue(&self, value: u64) -> bool {
        self.push(value).is_ok()
    }

    fn dequeue(&self) -> Option<u64> {
        self.pop()
    }
}

impl Fifo for Mutex<VecDeque<u64>> {
    fn enqueue(&self, value: u64) -> bool {
        let mut queue = self.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(value);
        true
    }

    fn dequeue(&self) -> Option<u64> {
        let mut queue = self.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }
}

fn stress<Q: Fifo>(plan: &Plan, model: Queue<u64>, make: impl FnMut() -> Q) -> Outcome {
    let draw = |draw: &mut Draw| match draw.chance(1, 2) {
        true => Op::Enqueue(draw.unique()),
        false => Op::Dequeue,
    };
    let run = |queue: &Q, op: &Op<u64>| match op {
        Op::Enqueue(value) => Ret::Enqueued(queue.enqueue(*value)),
        Op::Dequeue => Ret::Value(queue.dequeue()),
        Op::Peek | Op::Len => unreachable!("not drawn"),
    };
    test(model, make, plan)
        .settle(|last| match last {
            Some((_, Ret::Value(None))) => None,
            _ => Some(Op::Dequeue),
        })
        .report(run, draw)
        .into()
}
