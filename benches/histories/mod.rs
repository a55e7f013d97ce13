//! Histories of objects that are right, of clients that are always at it.

use tachograph::{
    History,
    model::{Queue, Register, Stack, queue, register, stack},
};

#[path = "../../tests/check/random.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod random;

use random::{Random, Shape, history};

pub type Registers = History<register::Op<u64>, Option<u64>>;
pub type Queues = History<queue::Op<u64>, queue::Ret<u64>>;
pub type Stacks = History<stack::Op<u64>, stack::Ret<u64>>;

/// Half reads, half writes of five values.
pub fn registers(clients: u64, operations: u64) -> Registers {
    let op = |random: &mut Random| match random.one_in(2) {
        true => register::Op::Read,
        false => register::Op::Write(random.below(5)),
    };
    let mut random = Random::new(clients ^ operations);
    let shape = Shape::all_ok(clients, operations);
    history(&Register::new(), &shape, &mut random, op)
}

/// Half reads, half writes of values that are all different, one in so many of which is never heard of again.
pub fn registers_with_unknown(clients: u64, operations: u64, info: u64) -> Registers {
    let op = unique(register::Op::Write, register::Op::Read);
    let shape = Shape {
        info,
        ..Shape::all_ok(clients, operations)
    };
    history(&Register::new(), &shape, &mut Random::new(7), op)
}

/// Values that are all different, enqueued and dequeued as often as it comes.
pub fn queues(clients: u64, operations: u64, seed: u64) -> Queues {
    let op = unique(queue::Op::Enqueue, queue::Op::Dequeue);
    let shape = Shape::all_ok(clients, operations);
    history(&Queue::new(), &shape, &mut Random::new(seed), op)
}

/// The same of a stack.
pub fn stacks(clients: u64, operations: u64, seed: u64) -> Stacks {
    let op = unique(stack::Op::Push, stack::Op::Pop);
    let shape = Shape::all_ok(clients, operations);
    history(&Stack::new(), &shape, &mut Random::new(seed), op)
}

fn unique<O: Clone>(put: fn(u64) -> O, take: O) -> impl FnMut(&mut Random) -> O {
    let mut next = 0;
    move |random| {
        next += 1;
        match random.one_in(2) {
            true => take.clone(),
            false => put(next),
        }
    }
}
