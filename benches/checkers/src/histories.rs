//! The histories that all are asked about, of an object that is right, or with one result changed near the end.

use tachograph::{
    Event, EventKind, History,
    model::{Queue, Register, queue, register},
};

#[path = "../../../tests/check/random.rs"]
mod random;

use random::{Random, Shape, history};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Register,
    Queue,
}

pub type Registers = History<register::Op<u64>, Option<u64>>;
pub type Queues = History<queue::Op<u64>, queue::Ret<u64>>;

/// The object, the clients and the operations of each.
pub fn all() -> impl Iterator<Item = (Kind, u64, u64)> {
    let lengths = [10, 30, 100, 1000, 10_000, 100_000];
    let registers = [2, 4, 8]
        .into_iter()
        .flat_map(move |clients| lengths.map(|operations| (Kind::Register, clients, operations)));
    registers.chain([(Kind::Queue, 4, 32), (Kind::Queue, 4, 320)])
}

pub fn title(kind: Kind, clients: u64, operations: u64, bad: bool) -> String {
    let verdict = if bad { "bad" } else { "good" };
    format!("{kind:?}, {clients} × {operations}, {verdict}").to_lowercase()
}

fn shape(processes: u64, operations: u64) -> Shape {
    Shape {
        processes,
        operations,
        info: 0,
        fail: 0,
        open_ends: false,
    }
}

/// Half reads, half writes of five values. If bad, one of the last reads returns what was never written.
pub fn register(clients: u64, operations: u64, bad: bool) -> Registers {
    let op = |random: &mut Random| match random.one_in(2) {
        true => register::Op::Read,
        false => register::Op::Write(random.below(5)),
    };
    let mut random = Random::new(clients ^ operations);
    let shape = shape(clients, operations);
    let history = history(&Register::new(), &shape, &mut random, op);
    match bad {
        false => history,
        true => changed(history, |ret| ret.is_some().then_some(Some(99))),
    }
}

/// Values that are all different, enqueued and dequeued as often as it comes. If bad, one of the last dequeues returns
/// what was never enqueued.
pub fn queue(clients: u64, operations: u64, bad: bool) -> Queues {
    let mut next = 0;
    let op = |random: &mut Random| {
        next += 1;
        match random.one_in(2) {
            true => queue::Op::Dequeue,
            false => queue::Op::Enqueue(next),
        }
    };
    let shape = shape(clients, operations);
    let history = history(&Queue::new(), &shape, &mut Random::new(1), op);
    match bad {
        false => history,
        true => changed(history, |ret| match ret {
            queue::Ret::Value(_) => Some(queue::Ret::Value(Some(u64::MAX))),
            _ => None,
        }),
    }
}

/// With the last result changed that can be.
fn changed<O, R>(history: History<O, R>, wrong: impl Fn(&R) -> Option<R>) -> History<O, R> {
    let mut events: Vec<Event<O, R>> = history.into_events().collect();
    for event in events.iter_mut().rev() {
        if let EventKind::Ok(ret) = &mut event.kind {
            if let Some(wrong) = wrong(ret) {
                *ret = wrong;
                break;
            }
        }
    }
    History::from_events(events).unwrap()
}
