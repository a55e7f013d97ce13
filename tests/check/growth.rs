//! That a check grows with the history and not faster: by counting what the model was asked.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tachograph::{
    check::{self, Budget},
    model::{
        About, Model, Register, Specification,
        register::Op::{self, Read, Write},
    },
};

use super::random::{Random, Shape, history};

/// A register that counts what it is asked.
#[derive(Default)]
struct Counting(AtomicU64);

impl Counting {
    fn count(&self) -> Register<u64> {
        self.0.fetch_add(1, Relaxed);
        Register::new()
    }
}

impl Specification for Counting {
    type Op = Op<u64>;
    type Ret = Option<u64>;
    type State = Option<u64>;

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
        Specification::step(&self.count(), state, op, ret, next);
    }

    fn is_read(&self, op: &Self::Op) -> bool {
        matches!(op, Read)
    }

    fn overwrites(&self, state: &Self::State, op: &Self::Op, earlier: &Self::Op) -> bool {
        Model::overwrites(&self.count(), state, op, earlier)
    }

    fn about(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> About {
        Model::about(&Register::new(), op, ret)
    }
}

/// So much is asked about an operation, of so many, one of which in so many is never heard of again; nobody else writes its value.
fn asked(operations: u64, info: u64) -> f64 {
    let shape = Shape {
        processes: 4,
        operations,
        info,
        fail: 0,
        open_ends: false,
    };
    let mut value = 0;
    let history = history(&Register::new(), &shape, &mut Random::new(7), |random| {
        value += 1;
        match random.one_in(2) {
            true => Read,
            false => Write(value),
        }
    });
    let model = Counting::default();
    let report = check::linearizable(&model, &history, &Budget::unlimited());
    assert!(report.verdict.is_linearizable(), "{report}");
    model.0.into_inner() as f64 / operations as f64
}

// Each of unknown outcome was asked about at every completion to the end: 48 times as long for ten times as many.
#[test]
fn what_no_longer_matters_is_not_asked_about() {
    for info in [100, 20] {
        let (few, many) = (asked(2_000, info), asked(20_000, info));
        assert!(many < 1.5 * few, "one in {info}: {few} and {many}");
    }
}
