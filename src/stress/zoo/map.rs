//! A map that grows.

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use super::{Outcome, Subject, test};
use crate::{
    model::{
        KeyValue,
        key_value::{Op, Ret},
    },
    stress::{Plan, point},
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-map",
    "inserts into a table that is being copied into a larger one: what comes behind the copy is lost",
    |plan| stress(plan, false),
)
// The table is as large as it gets once it is a few operations old, and from then on nothing is wrong with it.
.short_lived();

pub(super) const CORRECT: Subject =
    Subject::correct("map", "grows only while nobody inserts", |plan| {
        stress(plan, true)
    });

/// So few that threads meet at them, and so many that it grows.
const KEYS: u64 = 6;

/// Keys are kept as one more than they are; 0 is no key, and no value.
#[derive(Default)]
struct Entry {
    key: AtomicU64,
    value: AtomicU64,
}

/// Open addressing, without removal. It never shrinks.
struct Table(Vec<Entry>);

impl Table {
    fn new(entries: usize) -> Self {
        Self(
            std::iter::repeat_with(Entry::default)
                .take(entries)
                .collect(),
        )
    }

    fn entries(&self, key: u64) -> impl Iterator<Item = &Entry> {
        let (before, from) = self.0.split_at(key as usize % self.0.len());
        from.iter().rev().chain(before.iter().rev())
    }

    fn get(&self, key: u64) -> u64 {
        let entry = self
            .entries(key)
            .find(|entry| entry.key.load(SeqCst) == key + 1);
        entry.map_or(0, |entry| entry.value.load(SeqCst))
    }

    /// Whether there was room.
    fn put(&self, key: u64, value: u64) -> bool {
        let entry = self.entries(key).find(|entry| {
            match entry.key.compare_exchange(0, key + 1, SeqCst, SeqCst) {
                Ok(_) => true,
                Err(taken) => taken == key + 1,
            }
        });
        point();
        if let Some(entry) = entry {
            entry.value.store(value, SeqCst);
        }
        entry.is_some()
    }

    /// A table twice as large with the same in it.
    fn grown(&self) -> Self {
        let table = Self::new(self.0.len() * 2);
        for entry in &self.0 {
            match entry.key.load(SeqCst) {
                0 => {}
                key => {
                    table.put(key - 1, entry.value.load(SeqCst));
                }
            }
        }
        table
    }
}

struct Map {
    table: RwLock<Arc<Table>>,
    growing: Mutex<()>,
    /// Whether nobody inserts while it grows.
    excludes: bool,
}

impl Map {
    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn get(&self, key: u64) -> Option<u64> {
        Some(self.table().get(key)).filter(|value| *value != 0)
    }

    fn put(&self, key: u64, value: u64) {
        loop {
            let (table, done) = match self.excludes {
                true => {
                    let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
                    (Arc::clone(&table), table.put(key, value))
                }
                false => {
                    let table = self.table();
                    let done = table.put(key, value);
                    (table, done)
                }
            };
            if done {
                return;
            }
            self.grow(&table);
        }
    }

    /// Grows, unless another thread has done so.
    fn grow(&self, full: &Arc<Table>) {
        if self.excludes {
            let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&table, full) {
                *table = Arc::new(full.grown());
            }
            return;
        }
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&self.table(), full) {
            let grown = Arc::new(full.grown());
            point();
            *self.table.write().unwrap_or_else(PoisonError::into_inner) = grown;
        }
    }
}

fn stress(plan: &Plan, excludes: bool) -> Outcome {
    let make = move || Map {
        table: RwLock::new(Arc::new(Table::new(1))),
        growing: Mutex::new(()),
        excludes,
    };
    Outcome::from(
        test(KeyValue::<u64, u64>::new(), make, plan)
            .settle(|last| match last {
                None => Some(Op::Get(0)),
                Some((op, _)) => Some(Op::Get(op.key() + 1)).filter(|next| *next.key() < KEYS),
            })
            .report(
                |map, op| match op {
                    Op::Get(key) => Ret::Value(map.get(*key)),
                    Op::Put(key, value) => {
                        map.put(*key, *value);
                        Ret::Done
                    }
                    Op::Append(..) | Op::Delete(_) | Op::Cas(..) => unreachable!("not drawn"),
                },
                |draw| {
                    let key = draw.below(KEYS);
                    match draw.chance(1, 2) {
                        true => Op::Put(key, draw.unique()),
                        false => Op::Get(key),
                    }
                },
            ),
    )
}
