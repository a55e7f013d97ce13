//! A log that only grows.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::Model;

/// A log of values of type `V` to which they are appended, at first empty.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Append`] | [`Ret::Index`] of the value, or [`Ret::Done`] | the value is the last |
/// | [`Op::Get`] | [`Ret::Value`] of the value at the index, or of `None` | as before |
/// | [`Op::Read`] | [`Ret::Values`] of all | as before |
/// | [`Op::Len`] | [`Ret::Len`] | as before |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:append` | `v → [v index]`, or `v` where the index is not known |
/// | `:get` | `index → [index v]`, `[index nil]` if there is no such index |
/// | `:read` | `nil → [v …]` |
/// | `:len` | `nil → n` |
#[derive(Clone, Copy, Debug, Default)]
pub struct Log<V>(PhantomData<fn() -> V>);

/// An operation of a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Puts a value behind all others.
    Append(V),
    /// Returns the value at an index, from 0.
    Get(usize),
    /// Returns all values.
    Read,
    /// Returns how many values there are.
    Len,
}

/// What an operation of a [`Log`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// It was appended, and nothing is said of where.
    Done,
    /// The index of the value that was appended.
    Index(usize),
    /// The value at the index.
    Value(Option<V>),
    /// All values.
    Values(Vec<V>),
    /// How many values there are.
    Len(usize),
}

impl<V> Log<V> {
    /// An empty log.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Eq + Hash + Debug> Model for Log<V> {
    type Op = Op<V>;
    type Ret = Ret<V>;
    type State = Vec<V>;

    fn initial(&self) -> Vec<V> {
        Vec::new()
    }

    fn apply(&self, values: &mut Vec<V>, op: &Op<V>) -> Ret<V> {
        match op {
            Op::Append(value) => {
                values.push(value.clone());
                Ret::Index(values.len() - 1)
            }
            Op::Get(index) => Ret::Value(values.get(*index).cloned()),
            Op::Read => Ret::Values(values.clone()),
            Op::Len => Ret::Len(values.len()),
        }
    }

    fn agrees(&self, returned: &Ret<V>, recorded: &Ret<V>) -> bool {
        match (returned, recorded) {
            (Ret::Index(_), Ret::Done) => true,
            _ => returned == recorded,
        }
    }

    fn is_read(&self, op: &Op<V>) -> bool {
        !matches!(op, Op::Append(_))
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Op, Ret};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Shapes, found, items, pair, repeats, size, taken, vector},
    };

    const SHAPES: Shapes = Shapes {
        object: "a log",
        operations: &[
            ("append", "a value other than nil", "[v index], or v"),
            ("get", "an index", "[index v], or [index nil]"),
            ("read", "nil", "a vector or a list"),
            ("len", "nil", "a number of values"),
        ],
    };

    impl<V: Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Append(_) => "append",
                Op::Get(_) => "get",
                Op::Read => "read",
                Op::Len => "len",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Append(value) => value.clone().into(),
                Op::Get(index) => (*index).into(),
                Op::Read | Op::Len => Value::Nil,
            }
        }

        fn ret_value(&self, ret: &Ret<V>) -> Value {
            match ret {
                Ret::Done => self.value(),
                Ret::Index(index) => pair(self.value(), *index),
                Ret::Value(value) => pair(self.value(), value.clone()),
                Ret::Values(values) => vector(values),
                Ret::Len(len) => (*len).into(),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("append", value) => taken(value).map(Op::Append),
                ("get", index) => size(&index).map(Op::Get),
                ("read", Value::Nil) => Some(Op::Read),
                ("len", Value::Nil) => Some(Op::Len),
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            match self {
                Op::Append(_) if repeats(&value, &self.value()) => Some(Ret::Done),
                Op::Append(_) => match items(value) {
                    Some([v, index]) if v == self.value() => size(&index).map(Ret::Index),
                    _ => None,
                },
                Op::Get(index) => match items(value) {
                    Some([i, value]) if size(&i) == Some(*index) => found(value).map(Ret::Value),
                    _ => None,
                },
                Op::Read => value.as_slice().and_then(|values| {
                    let values = values.iter().cloned().map(V::try_from);
                    values.collect::<Result<_, _>>().ok().map(Ret::Values)
                }),
                Op::Len => size(&value).map(Ret::Len),
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
                let appended = [Ret::Done, Ret::Index(0), Ret::Index(7)];
                assert_read_back(Op::Append(value.clone()), appended);
                assert_read_back(Op::Get(7), [None, Some(value.clone())].map(Ret::Value));
                let all = [vec![], vec![value; 2], values()];
                assert_read_back(Op::Read, all.map(Ret::Values));
            }
            assert_read_back(Op::<Value>::Len, [0, 7].map(Ret::Len));
            assert_also_read::<Op<Value>>("append", "1", "nil", Ret::Done);
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op<Value>>(&[
                (":append nil", "`:append` takes a value other than nil"),
                (":append 1 → 2", "`:append` returns [v index], or v"),
                (":append 1 → [1 -1]", "`:append` returns [v index], or v"),
                (":get nil", "`:get` takes an index"),
                (":get 1 → [2 5]", "`:get` returns [index v], or [index nil]"),
                (":read 1", "`:read` takes nil"),
                (":read nil → nil", "`:read` returns a vector or a list"),
                (":len nil → [1]", "`:len` returns a number of values"),
                (
                    ":push 1",
                    "a log has no `:push`, only `:append`, `:get`, `:read`, `:len`",
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
        fn it_does_what_a_vector_does(ops in vec((0..5, 0..20usize), 0..40)) {
            let model = Log::new();
            let (mut state, mut log) = (model.initial(), Vec::new());
            for (kind, n) in ops {
                let (op, ret) = match kind {
                    0 | 1 => {
                        log.push(n);
                        (Op::Append(n), Ret::Index(log.len() - 1))
                    }
                    2 => (Op::Get(n), Ret::Value(log.get(n).copied())),
                    3 => (Op::Read, Ret::Values(log.clone())),
                    _ => (Op::Len, Ret::Len(log.len())),
                };
                prop_assert_eq!(model.apply(&mut state, &op), ret);
            }
        }
    }

    #[test]
    fn an_index_that_is_left_unsaid_agrees_with_any() {
        let log = Log::<u8>::new();
        assert!(log.agrees(&Ret::Index(7), &Ret::Done));
        assert!(!log.agrees(&Ret::Index(7), &Ret::Index(6)));
        assert!(!log.agrees(&Ret::Len(7), &Ret::Done));
    }
}
