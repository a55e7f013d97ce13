//! Cells that can be read all at once.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::{Outcome, Subject, test};
#[cfg(feature = "format")]
use crate::format::edn::{Jepsen, Misfit, Value};
use crate::{
    model::Model,
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

#[cfg(feature = "format")]
impl Jepsen for Op {
    type Ret = Option<[u64; CELLS]>;

    fn f(&self) -> &str {
        match self {
            Self::Write(..) => "write",
            Self::Read => "read",
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Write(cell, value) => vec![(*cell).into(), (*value).into()].into(),
            Self::Read => Value::Nil,
        }
    }

    fn ret_value(&self, ret: &Self::Ret) -> Value {
        match ret {
            Some(values) => values.map(Value::from).to_vec().into(),
            None => self.value(),
        }
    }

    fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
        match (f, value.as_slice()) {
            ("write", Some([cell, value])) => {
                let value = value.clone().try_into()?;
                Ok(Self::Write(cell.clone().try_into()?, value))
            }
            ("read", None) => Ok(Self::Read),
            _ => Err("a snapshot has `:write [cell v]` and `:read nil`".into()),
        }
    }

    fn ret_from_value(&self, value: Value) -> Result<Self::Ret, Misfit> {
        let misfit = || Misfit::from("a read returns a value of each cell");
        match (self, value.as_slice()) {
            (Self::Write(..), _) => Ok(None),
            (Self::Read, Some(values)) => {
                let values = values.iter().cloned().map(u64::try_from);
                let values = values.collect::<Result<Vec<_>, _>>()?;
                values.try_into().map(Some).map_err(|_| misfit())
            }
            (Self::Read, None) => Err(misfit()),
        }
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
    Outcome::from(
        test(Snapshot, Cells::default, plan)
            .settle(|last| last.is_none().then_some(Op::Read))
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
