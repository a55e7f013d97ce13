//! Channels: queues with two ends.

use std::sync::{Mutex, PoisonError, mpsc};

use crossbeam::channel;
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
    Subject::correct("channel", "crossbeam's unbounded channel", |plan| {
        stress(plan, Queue::new(), channel::unbounded, anybody)
    }),
    Subject::correct(
        "bounded-channel",
        "crossbeam's bounded channel, with room for 4 values",
        |plan| {
            let make = || channel::bounded(CAPACITY);
            stress(plan, Queue::bounded(CAPACITY), make, anybody)
        },
    ),
    Subject::correct("mpsc", "std's channel", |plan| {
        let make = || {
            let (sender, receiver) = mpsc::channel();
            (sender, Mutex::new(receiver))
        };
        stress(plan, Queue::new(), make, only_one_receives)
    }),
    Subject::correct(
        "mpsc-sync",
        "std's bounded channel, with room for 4 values",
        |plan| {
            let make = || {
                let (sender, receiver) = mpsc::sync_channel(CAPACITY);
                (sender, Mutex::new(receiver))
            };
            stress(plan, Queue::bounded(CAPACITY), make, only_one_receives)
        },
    ),
];

/// So few that it is full now and then.
const CAPACITY: usize = 4;

trait Channel: Send + Sync {
    /// Whether there was room.
    fn send(&self, value: u64) -> bool;
    fn receive(&self) -> Option<u64>;
}

impl Channel for (channel::Sender<u64>, channel::Receiver<u64>) {
    fn send(&self, value: u64) -> bool {
        self.0.try_send(value).is_ok()
    }

    fn receive(&self) -> Option<u64> {
        self.1.try_recv().ok()
    }
}

/// A receiver is not to be shared; the lock is for the type alone, since only one thread receives.
impl Channel for (mpsc::Sender<u64>, Mutex<mpsc::Receiver<u64>>) {
    fn send(&self, value: u64) -> bool {
        self.0.send(value).is_ok()
    }

    fn receive(&self) -> Option<u64> {
        received(&self.1)
    }
}

impl Channel for (mpsc::SyncSender<u64>, Mutex<mpsc::Receiver<u64>>) {
    fn send(&self, value: u64) -> bool {
        self.0.try_send(value).is_ok()
    }

    fn receive(&self) -> Option<u64> {
        received(&self.1)
    }
}

fn received(receiver: &Mutex<mpsc::Receiver<u64>>) -> Option<u64> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.try_recv().ok()
}

/// Each thread sends as often as it receives.
fn anybody(draw: &mut Draw) -> bool {
    draw.chance(1, 2)
}

/// The first thread receives, and all others send. It also sends, for it may be alone.
fn only_one_receives(draw: &mut Draw) -> bool {
    draw.process() > 0 || draw.chance(1, 4)
}

fn stress<C: Channel>(
    plan: &Plan,
    model: Queue<u64>,
    make: impl FnMut() -> C,
    sends: fn(&mut Draw) -> bool,
) -> Outcome {
    let draw = |draw: &mut Draw| match sends(draw) {
        true => Op::Enqueue(draw.unique()),
        false => Op::Dequeue,
    };
    let run = |channel: &C, op: &Op<u64>| match op {
        Op::Enqueue(value) => Ret::Enqueued(channel.send(*value)),
        Op::Dequeue => Ret::Value(channel.receive()),
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
