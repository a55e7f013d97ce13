//! A stack: last in, first out.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Access, Collection, Discipline, Model};
use crate::history::History;

/// A stack of values of type `V`, last in, first out, at first empty.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Push`] | [`Ret::Done`] | the value is on top |
/// | [`Op::Pop`] | [`Ret::Value`] of the value on top, or of `None` | that value is not in |
/// | [`Op::Peek`] | [`Ret::Value`] of the value on top, or of `None` | as before |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:push` | `v → v` |
/// | `:pop`, `:peek` | `nil → v`, `nil` if it was empty |
#[derive(Clone, Copy, Debug, Default)]
pub struct Stack<V>(PhantomData<fn() -> V>);

/// An operation of a [`Stack`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Puts a value on top.
    Push(V),
    /// Takes the value on top, and returns it.
    Pop,
    /// Returns the value on top.
    Peek,
}

/// What an operation of a [`Stack`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// It was pushed.
    Done,
    /// The value on top.
    Value(Option<V>),
}

impl<V> Stack<V> {
    /// An empty stack.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Eq + Hash + Debug> Model for Stack<V> {
    type Op = Op<V>;
    type Ret = Ret<V>;
    type State = Vec<V>;

    fn initial(&self) -> Vec<V> {
        Vec::new()
    }

    fn apply(&self, values: &mut Vec<V>, op: &Op<V>) -> Ret<V> {
        match op {
            Op::Push(value) => {
                values.push(value.clone());
                Ret::Done
            }
            Op::Pop => Ret::Value(values.pop()),
            Op::Peek => Ret::Value(values.last().cloned()),
        }
    }

    fn is_read(&self, op: &Op<V>) -> bool {
        matches!(op, Op::Peek)
    }

    fn changes_nothing(&self, op: &Op<V>, ret: &Ret<V>) -> bool {
        self.is_read(op) || *ret == Ret::Value(None)
    }

    fn collection<'h>(&'h self, history: &'h History<Op<V>, Ret<V>>) -> Option<Collection<'h>> {
        let access = |op: &'h Op<V>, ret: Option<&'h Ret<V>>| match (op, ret) {
            (Op::Push(value), None | Some(Ret::Done)) => Some(Access::Put(value)),
            (Op::Pop, None) => Some(Access::Take(None)),
            (Op::Pop, Some(Ret::Value(value))) => Some(Access::Take(Some(value.as_ref()))),
            _ => None,
        };
        Some(Collection::of(Discipline::Lifo, history, access))
    }

    fn about(&self, op: &Op<V>, ret: Option<&Ret<V>>) -> About {
        match (op, ret) {
            (Op::Push(value), _) => About::value(value),
            (_, Some(Ret::Value(value))) => About::found(value.as_ref()),
            _ => About::Nothing,
        }
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Op, Ret};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Shapes, found, repeats, taken},
    };

    const SHAPES: Shapes = Shapes {
        object: "a stack",
        operations: &[
            ("push", "a value other than nil", "the value again"),
            ("pop", "nil", "a value, or nil"),
            ("peek", "nil", "a value, or nil"),
        ],
    };

    impl<V: Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Push(_) => "push",
                Op::Pop => "pop",
                Op::Peek => "peek",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Push(value) => value.clone().into(),
                Op::Pop | Op::Peek => Value::Nil,
            }
        }

        fn ret_value(&self, ret: &Ret<V>) -> Value {
            match ret {
                Ret::Done => self.value(),
                Ret::Value(value) => value.clone().into(),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("push", value) => taken(value).map(Op::Push),
                ("pop", Value::Nil) => Some(Op::Pop),
                ("peek", Value::Nil) => Some(Op::Peek),
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            match self {
                Op::Push(_) => repeats(&value, &self.value()).then_some(Ret::Done),
                Op::Pop | Op::Peek => found(value).map(Ret::Value),
            }
            .ok_or_else(|| SHAPES.returns(self.f()))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::model::shapes::tests::{assert_misfits, assert_read_back, values};

        #[test]
        fn what_is_written_reads_back() {
            for value in values() {
                assert_read_back(Op::Push(value.clone()), [Ret::Done]);
                for op in [Op::Pop, Op::Peek] {
                    assert_read_back(op, [None, Some(value.clone())].map(Ret::Value));
                }
            }
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op<Value>>(&[
                (":push nil", "`:push` takes a value other than nil"),
                (":push 1 → 2", "`:push` returns the value again"),
                (":pop 1", "`:pop` takes nil"),
                (":peek 1", "`:peek` takes nil"),
                (
                    ":enqueue 1",
                    "a stack has no `:enqueue`, only `:push`, `:pop`, `:peek`",
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
        fn it_does_what_a_vector_does(ops in vec((0..4, any::<u8>()), 0..40)) {
            let model = Stack::new();
            let (mut state, mut stack) = (model.initial(), Vec::new());
            for (kind, value) in ops {
                let (op, ret) = match kind {
                    0 | 1 => {
                        stack.push(value);
                        (Op::Push(value), Ret::Done)
                    }
                    2 => (Op::Pop, Ret::Value(stack.pop())),
                    _ => (Op::Peek, Ret::Value(stack.last().copied())),
                };
                prop_assert_eq!(model.apply(&mut state, &op), ret);
            }
        }
    }
}
