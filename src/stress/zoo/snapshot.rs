//! Cells that can be read all at once.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::{Outcome, Subject, outcome};
use crate::{
    model::Model,
    stress::{Plan, Stress, point},
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

#[derive(Clone, Debug, PartialEq, Eq)]
enum Op {
    Write(usize, u64),
    Read,
}

/// Some cells, at first all 0. [`Op::Read`] returns them all, [`Op::Write`] nothing.
struct Snapshot;

impl Model for Snapshot {
    type Op = Op;
    type Ret = Option<[u64; CELLS]>;
    type State = [u64; CELLS];

    fn initial(&self) -> [u64; CELLS] {
        [0; CELLS]
    }

    fn apply(&self, cells: &mut [u64; CELLS], op: &Op) -> Option<[u64; CELLS]> {
        match op {
            Op::Write(cell, value) => {
                cells[*cell] = *value;
                None
            }
            Op::Read => Some(*cells),
        }
    }

    fn is_read(&self, op: &Op) -> bool {
        *op == Op::Read
    }
}

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
    outcome(
        Stress::new(Snapshot, Cells::default)
            .plan(plan.clone())
            .report(
                |cells, op| match op {
                    Op::Write(cell, value) => {
                        cells.0[*cell].store(*value, SeqCst);
                        None
                    }
                    Op::Read => Some(read(cells)),
                },
                |draw| match draw.chance(1, 2) {
                    true => Op::Write(draw.below(CELLS as u64) as usize, draw.unique()),
                    false => Op::Read,
                },
            ),
    )
}
