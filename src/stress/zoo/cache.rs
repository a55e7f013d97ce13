//! A cache in front of a store.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use super::{Outcome, Subject, test};
use crate::{
    model::{Register, register::Op},
    stress::{Plan, point},
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-cache",
    "fills itself with what it read before an invalidation: the value stays stale",
    |plan| stress(plan, false),
);

pub(super) const CORRECT: Subject = Subject::correct(
    "cache",
    "reads and fills, writes and invalidates under a lock",
    |plan| stress(plan, true),
);

/// 0 is no value.
#[derive(Default)]
struct Cached {
    store: AtomicU64,
    cache: AtomicU64,
    filling: Mutex<()>,
    locks: bool,
}

impl Cached {
    fn read(&self) -> u64 {
        match self.cache.load(SeqCst) {
            0 => self.locked(|| {
                let value = self.store.load(SeqCst);
                point();
                self.cache.store(value, SeqCst);
                value
            }),
            value => value,
        }
    }

    fn write(&self, value: u64) {
        self.locked(|| {
            self.store.store(value, SeqCst);
            point();
            self.cache.store(0, SeqCst);
        });
    }

    fn locked<T>(&self, f: impl FnOnce() -> T) -> T {
        let guard = self
            .locks
            .then(|| self.filling.lock().unwrap_or_else(PoisonError::into_inner));
        let value = f();
        drop(guard);
        value
    }
}

fn stress(plan: &Plan, locks: bool) -> Outcome {
    let make = move || Cached {
        locks,
        ..Cached::default()
    };
    Outcome::from(
        test(Register::new(), make, plan)
            .settle(|last| last.is_none().then_some(Op::Read))
            .report(
                |cached, op| match op {
                    Op::Read => Some(cached.read()).filter(|value| *value != 0),
                    Op::Write(value) => {
                        cached.write(*value);
                        None
                    }
                },
                |draw| match draw.chance(1, 4) {
                    true => Op::Write(draw.unique()),
                    false => Op::Read,
                },
            ),
    )
}
