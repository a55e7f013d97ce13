//! Channels: queues with two ends.

use std::sync::{Mutex, PoisonError, mpsc};

use crossbeam::channel;
use tachograph::{
    model::Queue,
    stress::{Draw, zoo::Subject},
};

use super::queues::{CAPACITY, Fifo, as_often, stress};

pub const ALL: &[Subject] = &[
    Subject::correct("channel", "crossbeam's unbounded channel", |plan| {
        stress(plan, Queue::new(), channel::unbounded, as_often)
    }),
    Subject::correct(
        "bounded-channel",
        "crossbeam's bounded channel, with room for 4 values",
        |plan| {
            let make = || channel::bounded(CAPACITY);
            stress(plan, Queue::bounded(CAPACITY), make, as_often)
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

impl Fifo for (channel::Sender<u64>, channel::Receiver<u64>) {
    fn enqueue(&self, value: u64) -> bool {
        self.0.try_send(value).is_ok()
    }

    fn dequeue(&self) -> Option<u64> {
        self.1.try_recv().ok()
    }
}

/// A receiver is not to be shared; the lock is for the type alone, since only one thread receives.
impl Fifo for (mpsc::Sender<u64>, Mutex<mpsc::Receiver<u64>>) {
    fn enqueue(&self, value: u64) -> bool {
        self.0.send(value).is_ok()
    }

    fn dequeue(&self) -> Option<u64> {
        received(&self.1)
    }
}

impl Fifo for (mpsc::SyncSender<u64>, Mutex<mpsc::Receiver<u64>>) {
    fn enqueue(&self, value: u64) -> bool {
        self.0.try_send(value).is_ok()
    }

    fn dequeue(&self) -> Option<u64> {
        received(&self.1)
    }
}

fn received(receiver: &Mutex<mpsc::Receiver<u64>>) -> Option<u64> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.try_recv().ok()
}

/// The first thread receives, and all others send. It also sends, for it may be alone.
fn only_one_receives(draw: &mut Draw) -> bool {
    draw.process() > 0 || draw.chance(1, 4)
}
