//! Histories as the logs of real systems have them: clients in their own time, of which some operations take very long
//! and others are never heard of again.
//!
//! The systems are simulated in a time of their own: a store of values by key does each operation at one moment, at or
//! after its invocation. One that times out takes effect at once, long after, or never.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::random::Random;
use tachograph::{
    Event, EventKind, History, HistoryBuilder, Operation, Outcome,
    model::{
        KeyValue, Model,
        key_value::{
            Append,
            Op::{self, *},
            Ret,
        },
    },
};

pub type Log<V> = History<Op<u64, V>, Ret<V>>;

/// How clients behave. Most operations take ten to thirty moments.
#[derive(Clone, Copy)]
pub struct Shape {
    pub clients: u64,
    pub operations: u64,
    /// How long a client rests between operations, at most.
    pub rest: u64,
    /// One operation in so many takes fifty times as long; 0 for none.
    pub slow: u64,
    /// One operation in so many times out; 0 for none. A read that does fails, others end in `info`, and the client goes
    /// on under another id.
    pub lost: u64,
    /// Half of the time the network is split, and then one operation in four is slow, if some are, or times out, if
    /// some do.
    pub splits: bool,
}

/// When a client gives up.
const TIMEOUT: u64 = 200;

/// How long the network stays as it is.
const SPELL: u64 = 1000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Invoke,
    Effect,
    Complete,
}

/// A history of such a store. `op` makes the operation of this number for this client. The update of number `forgotten`
/// to be acknowledged is, and does nothing.
pub fn log<V>(
    shape: &Shape,
    random: &mut Random,
    forgotten: Option<u64>,
    mut op: impl FnMut(&mut Random, u64, u64) -> Op<u64, V>,
) -> Log<V>
where
    V: Clone + Eq + std::hash::Hash + std::fmt::Debug + Append,
{
    let model = KeyValue::<u64, V>::new();
    // A store for each key: one for all would take longer to look into.
    let mut stores = std::collections::HashMap::new();
    let mut builder = HistoryBuilder::new();
    let mut agenda = BinaryHeap::new();
    let mut operations = Vec::new(); // with what was returned, once it took effect
    let mut processes: Vec<u64> = (0..shape.clients).collect();
    let mut updates = 0;
    for client in 0..shape.clients {
        agenda.push(Reverse((
            random.below(shape.rest + 20),
            client,
            Turn::Invoke,
            0,
        )));
    }
    while let Some(Reverse((now, client, turn, number))) = agenda.pop() {
        let process = processes[client as usize];
        match turn {
            Turn::Invoke if operations.len() as u64 == shape.operations => {}
            Turn::Invoke => {
                let number = operations.len();
                let op = op(random, client, number as u64);
                builder.invoke(process, op.clone());
                let is_split = shape.splits && now / SPELL % 2 == 1;
                let one_in = |random: &mut Random, n: u64| {
                    n > 0 && (random.one_in(n) || is_split && random.one_in(4))
                };
                let usual = 10 + random.below(20);
                let mut took = |at: u64, end: u64| {
                    agenda.push(Reverse((at, client, Turn::Effect, number)));
                    agenda.push(Reverse((end, client, Turn::Complete, number)));
                };
                let mut times_out = false;
                if one_in(random, shape.lost) {
                    times_out = true;
                    let end = now + TIMEOUT;
                    match (model.is_read(&op), random.below(3)) {
                        (false, 0) => took(now + random.below(TIMEOUT), end),
                        (false, 1) => took(now + random.below(20 * TIMEOUT), end),
                        _ => agenda.push(Reverse((end, client, Turn::Complete, number))),
                    }
                } else {
                    let long = match one_in(random, shape.slow) {
                        true => 50 * usual,
                        false => usual,
                    };
                    took(now + random.below(long), now + long);
                }
                operations.push((op, None, times_out));
            }
            Turn::Effect => {
                let (op, ret, times_out) = &mut operations[number];
                let is_forgotten = !model.is_read(op) && !*times_out && {
                    updates += 1;
                    Some(updates - 1) == forgotten
                };
                let store = stores.entry(*op.key()).or_insert_with(|| model.initial());
                let mut scratch = store.clone();
                *ret = Some(model.apply(if is_forgotten { &mut scratch } else { store }, op));
            }
            Turn::Complete => {
                let (op, ret, times_out) = &operations[number];
                match ret {
                    _ if *times_out && model.is_read(op) => builder.fail(process),
                    _ if *times_out => {
                        processes[client as usize] += shape.clients;
                        builder.info(process)
                    }
                    // What Jepsen's clients make of it.
                    Some(Ret::Swapped(false)) => builder.fail(process),
                    Some(ret) => builder.ok(process, ret.clone()),
                    None => unreachable!("it took effect before"),
                };
                let then = now + 1 + random.below(shape.rest + 1);
                agenda.push(Reverse((then, client, Turn::Invoke, 0)));
            }
        }
    }
    builder.finish().unwrap()
}

/// What the read of number `wanted`, counted from the last to the first that is apt, is changed to.
pub enum Fault<V> {
    /// Something that was never written.
    Strange(V),
    /// What another read had returned before something was written that had taken effect by then. Where no value is
    /// written twice, that is a violation.
    Stale,
}

/// The history with one read changed in this way, the first that can be after `percent` of it, and the index of its
/// completion: the first event that nothing explains.
pub fn with<V: Clone + PartialEq>(
    history: &Log<V>,
    percent: u64,
    fault: &Fault<V>,
) -> Option<(Log<V>, u64)> {
    let from = history.end() * percent / 100;
    let mut reads: Vec<_> = history
        .operations()
        .filter(|it| matches!((it.op, it.outcome), (Get(_), Outcome::Ok(_))))
        .collect();
    reads.sort_by_key(|read| read.completion);
    let (read, value) = reads
        .iter()
        .filter(|read| read.completion >= Some(from))
        .find_map(|read| match fault {
            Fault::Strange(value) => Some((read, Some(value.clone()))),
            Fault::Stale => stale(history, &reads, read).map(|value| (read, value)),
        })?;
    let event = read.completion?;
    let events = history.events().map(|it| {
        let it = it.cloned();
        match it.index == event {
            true => Event {
                kind: EventKind::Ok(Ret::Value(value.clone())),
                ..it
            },
            false => it,
        }
    });
    Some((History::from_events(events).unwrap(), event))
}

type Read<'h, V> = Operation<'h, Op<u64, V>, Ret<V>>;

/// What this read cannot have returned: an earlier one had, and since, before it was invoked, something was written.
fn stale<V: Clone + PartialEq>(
    history: &Log<V>,
    reads: &[Read<'_, V>],
    read: &Read<'_, V>,
) -> Option<Option<V>> {
    let key = read.op.key();
    let (_, written) = history
        .operations()
        .filter(|it| it.op.key() == key && matches!(it.op, Put(..) | Append(..)))
        .filter(|it| matches!(it.outcome, Outcome::Ok(_)) && it.completion < Some(read.invocation))
        .map(|it| (it.completion, it.invocation))
        .max()?;
    let earlier = reads.iter().rev().find(|earlier| {
        earlier.op.key() == key
            && earlier.completion < Some(written)
            && earlier.outcome != read.outcome
    })?;
    match earlier.outcome {
        Outcome::Ok(Ret::Value(value)) => Some(value.clone()),
        _ => None,
    }
}

/// Gets, puts and appends of texts that are all different, as Porcupine's tests have them.
pub fn texts(
    keys: u64,
    gets: u64,
    puts: u64,
) -> impl FnMut(&mut Random, u64, u64) -> Op<u64, String> {
    move |random, client, number| {
        let key = random.below(keys);
        let text = format!("x {client} {number} y");
        match random.below(100) {
            any if any < gets => Get(key),
            any if any < gets + puts => Put(key, text),
            _ => Append(key, text),
        }
    }
}

/// Reads, writes and compare-and-sets of five small numbers, a key after the other, as Jepsen's tests have them.
pub fn numbers(per_key: u64) -> impl FnMut(&mut Random, u64, u64) -> Op<u64, u8> {
    move |random, _, number| {
        let key = number / per_key;
        let mut any = || random.below(5) as u8;
        let (old, new) = (any(), any());
        match random.below(3) {
            0 => Get(key),
            1 => Put(key, new),
            _ => Cas(key, old, new),
        }
    }
}
