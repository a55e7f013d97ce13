//! Maps.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use dashmap::DashMap;
use tachograph::{
    model::{
        KeyValue,
        key_value::{Op, Ret},
    },
    stress::{
        Draw, Plan,
        zoo::{Outcome, Subject, test},
    },
};

pub const ALL: &[Subject] = &[
    Subject::correct("dashmap", "dashmap's DashMap", |plan| {
        stress(plan, DashMap::new)
    }),
    Subject::correct("rwlock-map", "std's RwLock<HashMap>", |plan| {
        stress(plan, RwLock::<HashMap<u64, u64>>::default)
    }),
];

/// So few that threads meet at them.
const KEYS: u64 = 4;

trait Map: Send + Sync {
    fn get(&self, key: u64) -> Option<u64>;
    fn put(&self, key: u64, value: u64);
    fn delete(&self, key: u64);
}

impl Map for DashMap<u64, u64> {
    fn get(&self, key: u64) -> Option<u64> {
        DashMap::get(self, &key).map(|value| *value)
    }

    fn put(&self, key: u64, value: u64) {
        self.insert(key, value);
    }

    fn delete(&self, key: u64) {
        self.remove(&key);
    }
}

impl Map for RwLock<HashMap<u64, u64>> {
    fn get(&self, key: u64) -> Option<u64> {
        let map = self.read().unwrap_or_else(PoisonError::into_inner);
        map.get(&key).copied()
    }

    fn put(&self, key: u64, value: u64) {
        let mut map = self.write().unwrap_or_else(PoisonError::into_inner);
        map.insert(key, value);
    }

    fn delete(&self, key: u64) {
        let mut map = self.write().unwrap_or_else(PoisonError::into_inner);
        map.remove(&key);
    }
}

fn stress<M: Map>(plan: &Plan, make: impl FnMut() -> M) -> Outcome {
    let draw = |draw: &mut Draw| {
        let key = draw.below(KEYS);
        let put = Op::Put(key, draw.unique());
        draw.weighted([(2, put), (1, Op::Delete(key)), (3, Op::Get(key))])
    };
    let run = |map: &M, op: &Op<u64, u64>| match op {
        Op::Get(key) => Ret::Value(map.get(*key)),
        Op::Put(key, value) => {
            map.put(*key, *value);
            Ret::Done
        }
        Op::Delete(key) => {
            map.delete(*key);
            Ret::Done
        }
        Op::Append(..) | Op::Cas(..) => unreachable!("not drawn"),
    };
    test(KeyValue::new(), make, plan)
        .settle(|last| match last {
            None => Some(Op::Delete(0)),
            Some((op, _)) => Some(Op::Delete(op.key() + 1)).filter(|next| *next.key() < KEYS),
        })
        .report(run, draw)
        .into()
}
