//! The histories that all are asked about, of an object that is right, or with one result changed near the end.

use tachograph::{Event, EventKind, History, model::queue};

#[path = "../../histories/mod.rs"]
#[allow(dead_code, reason = "shared with the benchmarks")]
mod good;

pub use good::{Queues, Registers};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Register,
    Queue,
}

/// The object, the clients and their operations in all.
pub fn all() -> impl Iterator<Item = (Kind, u64, u64)> {
    let lengths = [10, 30, 100, 1000, 10_000, 100_000];
    let registers = [2, 4, 8]
        .into_iter()
        .flat_map(move |clients| lengths.map(|operations| (Kind::Register, clients, operations)));
    registers.chain([(Kind::Queue, 4, 32), (Kind::Queue, 4, 320)])
}

pub fn title(kind: Kind, clients: u64, operations: u64, bad: bool) -> String {
    let verdict = if bad { "bad" } else { "good" };
    format!("{kind:?}, {clients} clients, {operations}, {verdict}").to_lowercase()
}

/// If bad, one of the last reads returns what was never written.
pub fn register(clients: u64, operations: u64, bad: bool) -> Registers {
    let history = good::registers(clients, operations);
    match bad {
        false => history,
        true => changed(history, |ret| ret.is_some().then_some(Some(99))),
    }
}

/// If bad, one of the last dequeues returns what was never enqueued.
pub fn queue(clients: u64, operations: u64, bad: bool) -> Queues {
    let history = good::queues(clients, operations, 1);
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
