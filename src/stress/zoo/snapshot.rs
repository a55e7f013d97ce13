//! Cells that can be read all at once.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::{Outcome, Subject, test};
use crate::{
    model::{
        Snapshot,
        snapshot::{Op, Ret},
    },
    stress::{Plan, point},
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-snapshot",
    "reads cell by cell: the values were never there together",
    |plan| stress(plan, Cells::read),
);

pub(super) const CORRECT: Subject = Subject::correct(
    "snapshot",
    "reads cell by cell until it has read the same twice",
    |plan| {
        stress(plan, |cells| {
            let mut values = cells.read();
            loop {
                // All values written are different: what is there twice was there all the time between.
                let again = cells.read();
                if again == values {
                    return values;
                }
                values = again;
            }
        })
    },
);

const CELLS: usize = 3;

#[derive(Default)]
struct Cells([AtomicU64; CELLS]);

impl Cells {
    fn read(&self) -> [u64; CELLS] {
        self.0.each_ref().map(|cell| {
            point();
            cell.load(SeqCst)
        })
    }
}

fn stress(plan: &Plan, read: fn(&Cells) -> [u64; CELLS]) -> Outcome {
    Outcome::from(
        test(Snapshot::new(), Cells::default, plan)
            .settle(|last| last.is_none().then_some(Op::Scan))
            .report(
                |cells, op| match op {
                    Op::Update(cell, value) => {
                        cells.0[usize::from(*cell)].store(*value, SeqCst);
                        Ret::Done
                    }
                    Op::Scan => {
                        // None has the value 0 written to it.
                        let values = read(cells).map(|value| (value != 0).then_some(value));
                        Ret::Cells(values.to_vec())
                    }
                },
                |draw| match draw.chance(1, 2) {
                    true => Op::Update(draw.below(CELLS as u64) as u8, draw.unique()),
                    false => Op::Scan,
                },
            ),
    )
}
