//! A register with compare-and-set.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Model};

/// A register of values of type `V` with compare-and-set, at first without any value.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Read`] | [`Ret::Value`] of the value, or of `None` | as before |
/// | [`Op::Write`] | [`Ret::Done`] | the value is the one written |
/// | [`Op::Cas`] | [`Ret::Swapped`] of whether the value was the expected one | if it was, it is the new one |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:read` | `nil → v`, `nil` if there is no value |
/// | `:write` | `v → v` |
/// | `:cas` | `[old new] → [old new]` if the value was the old one, `[old new false]` if not |
#[derive(Clone, Copy, Debug, Default)]
pub struct CasRegister<V>(PhantomData<fn() -> V>);

/// An operation of a [`CasRegister`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Returns the value.
    Read,
    /// Sets the value.
    Write(V),
    /// Sets the value to the second, if it is the first.
    Cas(V, V),
}

/// What an operation of a [`CasRegister`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// The value that was read.
    Value(Option<V>),
    /// It was written.
    Done,
    /// Whether the value was the expected one.
    Swapped(bool),
}

impl<V> CasRegister<V> {
    /// A register without a value.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Eq + Hash + Debug> Model for CasRegister<V> {
    type Op = Op<V>;
    type Ret = Ret<V>;
    type State = Option<V>;

    fn initial(&self) -> Option<V> {
        None
    }

    fn apply(&self, state: &mut Option<V>, op: &Op<V>) -> Ret<V> {
        match op {
            Op::Read => Ret::Value(state.clone()),
            Op::Write(value) => {
                *state = Some(value.clone());
                Ret::Done
            }
            Op::Cas(expected, new) => {
                let swapped = state.as_ref() == Some(expected);
                if swapped {
                    *state = Some(new.clone());
                }
                Ret::Swapped(swapped)
            }
        }
    }

    fn is_read(&self, op: &Op<V>) -> bool {
        matches!(op, Op::Read)
    }

    fn changes_nothing(&self, op: &Op<V>, ret: &Ret<V>) -> bool {
        self.is_read(op) || *ret == Ret::Swapped(false)
    }

    fn overwrites(&self, _state: &Option<V>, op: &Op<V>, earlier: &Op<V>) -> bool {
        matches!((op, earlier), (Op::Write(_), Op::Write(_)))
    }

    fn about(&self, op: &Op<V>, ret: Option<&Ret<V>>) -> About {
        match (op, ret) {
            (Op::Write(value), _) => About::value(value),
            (Op::Read, Some(Ret::Value(value))) => About::found(value.as_ref()),
            (Op::Read, _) => About::Nothing,
            (Op::Cas(..), _) => About::All,
        }
    }

    fn about_holds_from(&self, _state: &Self::State) -> bool {
        true
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Op, Ret};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Shapes, found, pair, repeats, swap, swapped, taken, values},
    };

    const SHAPES: Shapes = Shapes {
        object: "a compare-and-set register",
        operations: &[
            ("read", "nil", "the value, or nil"),
            ("write", "a value other than nil", "the value again"),
            (
                "cas",
                "[old new], neither of them nil",
                "[old new], or [old new false]",
            ),
        ],
    };

    impl<V: Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Read => "read",
                Op::Write(_) => "write",
                Op::Cas(..) => "cas",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Read => Value::Nil,
                Op::Write(value) => value.clone().into(),
                Op::Cas(old, new) => pair(old.clone(), new.clone()),
            }
        }

        fn ret_value(&self, ret: &Ret<V>) -> Value {
            match (self, ret) {
                (Op::Read, Ret::Value(value)) => value.clone().into(),
                (Op::Cas(old, new), Ret::Swapped(swapped)) => {
                    swap(&old.clone().into(), &new.clone().into(), *swapped)
                }
                _ => self.value(),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("read", Value::Nil) => Some(Op::Read),
                ("write", value) => taken(value).map(Op::Write),
                ("cas", value) => {
                    let [old, new] = values(value).ok_or_else(|| SHAPES.takes(f))?;
                    taken(old)
                        .zip(taken(new))
                        .map(|(old, new)| Op::Cas(old, new))
                }
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            match self {
                Op::Read => found(value).map(Ret::Value),
                Op::Write(_) => repeats(&value, &self.value()).then_some(Ret::Done),
                Op::Cas(old, new) => {
                    swapped(&value, &old.clone().into(), &new.clone().into()).map(Ret::Swapped)
                }
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
                assert_read_back(Op::Read, [None, Some(value.clone())].map(Ret::Value));
                assert_read_back(Op::Write(value.clone()), [Ret::Done]);
                for new in values() {
                    let swapped = [true, false].map(Ret::Swapped);
                    assert_read_back(Op::Cas(value.clone(), new), swapped);
                }
            }
            let swapped = Ret::Swapped(true);
            for ok in ["nil", "(1 2)", "[1 2 true]"] {
                assert_also_read::<Op<Value>>("cas", "(1 2)", ok, swapped.clone());
            }
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            let cas = "`:cas` takes [old new], neither of them nil";
            let swapped = "`:cas` returns [old new], or [old new false]";
            assert_misfits::<Op<Value>>(&[
                (":read 1", "`:read` takes nil"),
                (":write nil", "`:write` takes a value other than nil"),
                (":write 1 → 2", "`:write` returns the value again"),
                (":cas 1", cas),
                (":cas [1]", cas),
                (":cas [nil 1]", cas),
                (":cas [1 2] → false", swapped),
                (":cas [1 2] → [2 1]", swapped),
                (":cas [1 2] → [1 2 3]", swapped),
                (
                    ":add 1",
                    "a compare-and-set register has no `:add`, only `:read`, `:write`, `:cas`",
                ),
            ]);
        }
    }
}
