//! Cells that are read all at once.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Model};

/// Cells of values of type `V`, at first all without one: an atomic snapshot
/// ([Afek et al. 1993](https://doi.org/10.1145/153724.153741)), where each process may update any cell.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Update`] | [`Ret::Done`] | the value is in the cell |
/// | [`Op::Scan`] | [`Ret::Cells`] | as before |
///
/// How many cells there are, of at most 256, is not said: cells without a value behind the last that has one may be there or not.
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:update` | `[cell v] → [cell v]`, of cells from 0 to 255 |
/// | `:scan` | `nil → [v …]`, with `nil` for a cell without a value |
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot<V>(PhantomData<fn() -> V>);

/// An operation of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Puts a value into the cell with this number, from 0.
    Update(u8, V),
    /// Returns what is in the cells.
    Scan,
}

/// What an operation of a [`Snapshot`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// The value is in the cell.
    Done,
    /// What is in each cell.
    Cells(Vec<Option<V>>),
}

impl<V> Snapshot<V> {
    /// Cells without values.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Eq + Hash + Debug> Model for Snapshot<V> {
    type Op = Op<V>;
    type Ret = Ret<V>;
    /// The cells up to the last that has a value.
    type State = Vec<Option<V>>;

    fn initial(&self) -> Vec<Option<V>> {
        Vec::new()
    }

    fn apply(&self, cells: &mut Vec<Option<V>>, op: &Op<V>) -> Ret<V> {
        match op {
            Op::Update(cell, value) => {
                let cell = usize::from(*cell);
                if cells.len() <= cell {
                    cells.resize(cell + 1, None);
                }
                cells[cell] = Some(value.clone());
                Ret::Done
            }
            Op::Scan => Ret::Cells(cells.clone()),
        }
    }

    fn agrees(&self, returned: &Ret<V>, recorded: &Ret<V>) -> bool {
        match (returned, recorded) {
            (Ret::Cells(returned), Ret::Cells(recorded)) => {
                let (known, more) = recorded.split_at(returned.len().min(recorded.len()));
                known == returned && more.iter().all(Option::is_none)
            }
            _ => returned == recorded,
        }
    }

    fn is_read(&self, op: &Op<V>) -> bool {
        matches!(op, Op::Scan)
    }

    fn about(&self, op: &Op<V>, ret: Option<&Ret<V>>) -> About {
        match (op, ret) {
            (Op::Update(cell, value), _) => About::value(&(usize::from(*cell), value)),
            (Op::Scan, Some(Ret::Cells(cells))) => {
                let values = cells.iter().enumerate();
                About::values(values.filter_map(|(cell, value)| Some((cell, value.as_ref()?))))
            }
            (Op::Scan, _) => About::Nothing,
        }
    }

    fn about_holds_from(&self, _state: &Self::State) -> bool {
        true
    }

    fn overwrites(&self, _cells: &Vec<Option<V>>, op: &Op<V>, earlier: &Op<V>) -> bool {
        matches!((op, earlier), (Op::Update(cell, _), Op::Update(before, _)) if cell == before)
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Op, Ret};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Shapes, found, pair, repeats, size, taken, values, vector},
    };

    const SHAPES: Shapes = Shapes {
        object: "a snapshot",
        operations: &[
            ("update", "[cell v], of cells from 0 to 255", "the same"),
            ("scan", "nil", "a vector or a list"),
        ],
    };

    impl<V: Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Update(..) => "update",
                Op::Scan => "scan",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Update(cell, value) => pair(usize::from(*cell), value.clone()),
                Op::Scan => Value::Nil,
            }
        }

        fn ret_value(&self, ret: &Ret<V>) -> Value {
            match ret {
                Ret::Done => self.value(),
                Ret::Cells(cells) => vector(cells),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            let update = |value| {
                let [cell, value] = values(value)?;
                Some(Op::Update(size(&cell)?.try_into().ok()?, taken(value)?))
            };
            match (f, value) {
                ("update", value) => update(value),
                ("scan", Value::Nil) => Some(Op::Scan),
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            match self {
                Op::Update(..) => repeats(&value, &self.value()).then_some(Ret::Done),
                Op::Scan => value.as_slice().and_then(|cells| {
                    let cells = cells.iter().cloned().map(found);
                    cells.collect::<Option<_>>().map(Ret::Cells)
                }),
            }
            .ok_or_else(|| SHAPES.returns(self.f()))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::model::shapes::tests::{
            assert_also_read, assert_misfits, assert_read_back, values,
        };

        #[test]
        fn what_is_written_reads_back() {
            for value in values() {
                for cell in [0, 7, u8::MAX] {
                    assert_read_back(Op::Update(cell, value.clone()), [Ret::Done]);
                }
                let cells = [vec![], vec![None, Some(value)], vec![None; 2]];
                assert_read_back(Op::Scan, cells.map(Ret::Cells));
            }
            assert_also_read::<Op<Value>>("update", "[0 1]", "nil", Ret::Done);
            let cells = Ret::Cells(vec![Some(1.into()), None]);
            assert_also_read::<Op<Value>>("scan", "nil", "(1 nil)", cells);
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            let update = "`:update` takes [cell v], of cells from 0 to 255";
            assert_misfits::<Op<Value>>(&[
                (":update nil", update),
                (":update [0 nil]", update),
                (":update [-1 1]", update),
                (":update [256 1]", update),
                (":update [0 1] → [0 2]", "`:update` returns the same"),
                (":scan 1", "`:scan` takes nil"),
                (":scan nil → nil", "`:scan` returns a vector or a list"),
                (
                    ":read nil",
                    "a snapshot has no `:read`, only `:update`, `:scan`",
                ),
            ]);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_an_array_does(ops in vec((0..8u8, 0..20), 0..40)) {
            let model = Snapshot::new();
            let (mut state, mut cells) = (model.initial(), [None; 6]);
            for (cell, value) in ops {
                let (op, ret) = match cells.get_mut(usize::from(cell)) {
                    Some(old) => {
                        *old = Some(value);
                        (Op::Update(cell, value), Ret::Done)
                    }
                    None => (Op::Scan, Ret::Cells(cells.to_vec())),
                };
                let returned = model.apply(&mut state, &op);
                prop_assert!(model.agrees(&returned, &ret), "{:?} is not {:?}", returned, ret);
            }
        }
    }

    #[test]
    fn cells_without_a_value_may_be_left_unsaid() {
        let model = Snapshot::<u8>::new();
        let cells = |cells: &[Option<u8>]| Ret::Cells(cells.to_vec());
        let returned = cells(&[None, Some(1)]);
        assert!(model.agrees(&returned, &cells(&[None, Some(1), None])));
        assert!(!model.agrees(&returned, &cells(&[None, Some(1), Some(2)])));
        assert!(!model.agrees(&returned, &cells(&[None])));
        assert!(!model.agrees(&returned, &cells(&[Some(1), Some(1)])));
    }
}
