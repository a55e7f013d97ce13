//! Cells.

use crossbeam::atomic::AtomicCell;
use tachograph::{
    model::{
        CasRegister,
        cas_register::{Op, Ret},
    },
    stress::{
        Draw, Plan,
        zoo::{Outcome, Subject, test},
    },
};

pub const ALL: &[Subject] = &[
    Subject::correct("atomic-cell", "crossbeam's AtomicCell<u64>", stress::<u64>),
    Subject::correct(
        "wide-atomic-cell",
        "crossbeam's AtomicCell of four words, which no instruction writes at once",
        stress::<[u64; 4]>,
    ),
];

/// What a cell holds, made from a number; 0 is no value.
trait Content: Copy + Eq + Default + Send {
    fn of(value: u64) -> Self;

    /// The number that it was made from. Of what is torn, one that never was any.
    fn value(self) -> u64;
}

impl Content for u64 {
    fn of(value: u64) -> Self {
        value
    }

    fn value(self) -> u64 {
        self
    }
}

impl Content for [u64; 4] {
    fn of(value: u64) -> Self {
        [value; 4]
    }

    fn value(self) -> u64 {
        match self == [self[0]; 4] {
            true => self[0],
            false => u64::MAX,
        }
    }
}

fn stress<C: Content>(plan: &Plan) -> Outcome {
    // So few that a value is expected which is there.
    let value = |draw: &mut Draw| 1 + draw.below(3);
    let draw = |draw: &mut Draw| {
        let write = Op::Write(value(draw));
        let cas = Op::Cas(value(draw), value(draw));
        draw.weighted([(1, write), (1, cas), (1, Op::Read)])
    };
    let run = |cell: &AtomicCell<C>, op: &Op<u64>| match op {
        Op::Read => Ret::Value(Some(cell.load().value()).filter(|value| *value != 0)),
        Op::Write(value) => {
            cell.store(C::of(*value));
            Ret::Done
        }
        Op::Cas(expected, new) => {
            let swapped = cell.compare_exchange(C::of(*expected), C::of(*new));
            Ret::Swapped(swapped.is_ok())
        }
    };
    test(CasRegister::new(), AtomicCell::<C>::default, plan)
        .settle(|last| last.is_none().then_some(Op::Read))
        .report(run, draw)
        .into()
}
