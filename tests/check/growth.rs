//! That a check grows with the history and not faster: by counting what the model was asked.

use tachograph::{
    check::{self, Budget},
    model::{
        Register,
        register::Op::{Read, Write},
    },
};

use super::{
    counting::Counting,
    random::{Random, Shape, history},
};

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
    model.asked() as f64 / operations as f64
}

// Each of unknown outcome was asked about at every completion to the end: 48 times as long for ten times as many.
#[test]
fn what_no_longer_matters_is_not_asked_about() {
    for info in [100, 20] {
        let (few, many) = (asked(2_000, info), asked(20_000, info));
        assert!(many < 1.5 * few, "one in {info}: {few} and {many}");
    }
}
