//! A register that counts what it is asked.

use std::{
    fmt::Debug,
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

use tachograph::model::{
    About, Model, Register, Specification,
    register::Op::{self, Read},
};

#[derive(Default)]
pub struct Counting<V> {
    register: Register<V>,
    asked: AtomicU64,
    /// The question that takes so long.
    slow: Option<(u64, Duration)>,
}

impl<V> Counting<V> {
    /// Takes so long over this question, counted from 1.
    pub fn slow(question: u64, time: Duration) -> Self
    where
        V: Default,
    {
        Self {
            slow: Some((question, time)),
            ..Self::default()
        }
    }

    pub fn asked(&self) -> u64 {
        self.asked.load(Relaxed)
    }

    fn count(&self) -> &Register<V> {
        let asked = self.asked.fetch_add(1, Relaxed) + 1;
        if let Some((_, time)) = self.slow.filter(|(question, _)| *question == asked) {
            thread::sleep(time);
        }
        &self.register
    }
}

impl<V: Clone + Eq + Hash + Debug> Specification for Counting<V> {
    type Op = Op<V>;
    type Ret = Option<V>;
    type State = Option<V>;

    fn initial(&self) -> Self::State {
        None
    }

    fn step(
        &self,
        state: &Self::State,
        op: &Self::Op,
        ret: Option<&Self::Ret>,
        next: impl FnMut(Self::State),
    ) {
        Specification::step(self.count(), state, op, ret, next);
    }

    fn is_read(&self, op: &Self::Op) -> bool {
        matches!(op, Read)
    }

    fn overwrites(&self, state: &Self::State, op: &Self::Op, earlier: &Self::Op) -> bool {
        Model::overwrites(self.count(), state, op, earlier)
    }

    fn about(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> About {
        Model::about(&self.register, op, ret)
    }
}
