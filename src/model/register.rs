//! A register: what is read is what was written last.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Model};

/// A register of values of type `V`, at first without any.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Read`] | the value, or `None` | as before |
/// | [`Op::Write`] | `None` | the value is the one written |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:read` | `nil → v`, `nil` if there is no value |
/// | `:write` | `v → v` |
#[derive(Clone, Copy, Debug, Default)]
pub struct Register<V>(PhantomData<fn() -> V>);

/// An operation of a [`Register`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Returns the value.
    Read,
    /// Sets the value.
    Write(V),
}

impl<V> Register<V> {
    /// A register without a value.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Eq + Hash + Debug> Model for Register<V> {
    type Op = Op<V>;
    type Ret = Option<V>;
    type State = Option<V>;

    fn initial(&self) -> Option<V> {
        None
    }

    fn apply(&self, state: &mut Option<V>, op: &Op<V>) -> Option<V> {
        match op {
            Op::Read => state.clone(),
            Op::Write(value) => {
                *state = Some(value.clone());
                None
            }
        }
    }

    fn is_read(&self, op: &Op<V>) -> bool {
        matches!(op, Op::Read)
    }

    fn overwrites(&self, _state: &Option<V>, op: &Op<V>, earlier: &Op<V>) -> bool {
        matches!((op, earlier), (Op::Write(_), Op::Write(_)))
    }

    fn about(&self, op: &Op<V>, ret: Option<&Option<V>>) -> About {
        match (op, ret) {
            (Op::Write(value), _) => About::value(value),
            (Op::Read, ret) => About::found(ret.and_then(Option::as_ref)),
        }
    }

    fn about_holds_from(&self, _state: &Self::State) -> bool {
        true
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::Op;
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Shapes, found, repeats, taken},
    };

    const SHAPES: Shapes = Shapes {
        object: "a register",
        operations: &[
            ("read", "nil", "the value, or nil"),
            ("write", "a value other than nil", "the value again"),
        ],
    };

    impl<V: Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Option<V>;

        fn f(&self) -> &str {
            match self {
                Op::Read => "read",
                Op::Write(_) => "write",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Read => Value::Nil,
                Op::Write(value) => value.clone().into(),
            }
        }

        fn ret_value(&self, ret: &Option<V>) -> Value {
            match self {
                Op::Read => ret.clone().into(),
                Op::Write(_) => self.value(),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("read", Value::Nil) => Some(Op::Read),
                ("write", value) => taken(value).map(Op::Write),
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Option<V>, Misfit> {
            match self {
                Op::Read => found(value),
                Op::Write(_) => repeats(&value, &self.value()).then_some(None),
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
                assert_read_back(Op::Read, [None, Some(value.clone())]);
                assert_read_back(Op::Write(value), [None]);
            }
            assert_also_read::<Op<Value>>("write", "[1 2]", "(1 2)", None);
            assert_also_read::<Op<Value>>("write", "1", "nil", None);
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op<Value>>(&[
                (":read 1", "`:read` takes nil"),
                (":write nil", "`:write` takes a value other than nil"),
                (":write 1 → 2", "`:write` returns the value again"),
                (
                    ":cas [1 2]",
                    "a register has no `:cas`, only `:read`, `:write`",
                ),
            ]);
        }
    }
}
