//! A bounded buffer.

use std::sync::{Mutex, PoisonError};

use super::{Outcome, Subject, test};
use crate::{
    model::{
        Queue,
        queue::{Op, Ret},
    },
    stress::Plan,
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-buffer",
    "off by one: takes one value more than it has room for, in the place of the oldest",
    |plan| stress(plan, |values| values > CAPACITY),
);

pub(super) const CORRECT: Subject = Subject::correct("buffer", "is full when it is full", |plan| {
    stress(plan, |values| values >= CAPACITY)
});

const CAPACITY: usize = 4;

/// A ring. The values from `head` up to `tail` are in it.
struct Ring {
    places: [u64; CAPACITY],
    head: usize,
    tail: usize,
    is_full: fn(usize) -> bool,
}

impl Ring {
    fn enqueue(&mut self, value: u64) -> bool {
        if (self.is_full)(self.tail - self.head) {
            return false;
        }
        self.places[self.tail % CAPACITY] = value;
        self.tail += 1;
        true
    }

    fn dequeue(&mut self) -> Option<u64> {
        (self.head < self.tail).then(|| {
            self.head += 1;
            self.places[(self.head - 1) % CAPACITY]
        })
    }
}

fn stress(plan: &Plan, is_full: fn(usize) -> bool) -> Outcome {
    let make = move || {
        Mutex::new(Ring {
            places: [0; CAPACITY],
            head: 0,
            tail: 0,
            is_full,
        })
    };
    Outcome::from(
        test(Queue::bounded(CAPACITY), make, plan)
            .settle(|last| match last {
                Some((_, Ret::Value(None))) => None,
                _ => Some(Op::Dequeue),
            })
            .report(
                |ring, op| {
                    let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
                    match op {
                        Op::Enqueue(value) => Ret::Enqueued(ring.enqueue(*value)),
                        Op::Dequeue => Ret::Value(ring.dequeue()),
                        Op::Peek | Op::Len => unreachable!("not drawn"),
                    }
                },
                |draw| match draw.chance(1, 2) {
                    true => Op::Enqueue(draw.unique()),
                    false => Op::Dequeue,
                },
            ),
    )
}
