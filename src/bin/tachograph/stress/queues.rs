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
        zoo::{Outcome, Subject, test},
    },
};

pub const ALL: &[Subject] = &[
    Subject::correct("seg-queue", "crossbeam's SegQueue", |plan| {
        stress(plan, Queue::new(), SegQueue::new, as_often)
    }),
    Subject::correct(
        "array-queue",
        "crossbeam's ArrayQueue, with room for 4 values",
        |plan| {
            let make = || ArrayQueue::new(CAPACITY);
            stress(plan, Queue::bounded(CAPACITY), make, as_often)
        },
    ),
    Subject::correct("mutex-deque", "std's Mutex<VecDeque>", |plan| {
        stress(
            plan,
            Queue::new(),
            Mutex::<VecDeque<u64>>::default,
            as_often,
        )
    }),
];

/// So few that it is full now and then.
pub(super) const CAPACITY: usize = 4;

/// What values go through in their order.
pub(super) trait Fifo: Send + Sync {
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

/// Each thread enqueues as often as it dequeues.
pub(super) fn as_often(draw: &mut Draw) -> bool {
    draw.chance(1, 2)
}

pub(super) fn stress<Q: Fifo>(
    plan: &Plan,
    model: Queue<u64>,
    make: impl FnMut() -> Q,
    enqueues: fn(&mut Draw) -> bool,
) -> Outcome {
    let draw = |draw: &mut Draw| match enqueues(draw) {
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
