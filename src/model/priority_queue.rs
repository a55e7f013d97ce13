//! A priority queue: the smallest is out first.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Model};

/// A priority queue of values of type `V`, the smallest out first, at first empty. For the largest first, take
/// [`Reverse`](std::cmp::Reverse) of the values. Equal values are one like the other.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Insert`] | [`Ret::Done`] | the value is in |
/// | [`Op::Pop`] | [`Ret::Value`] of the smallest value, or of `None` | that value is not in |
/// | [`Op::Peek`] | [`Ret::Value`] of the smallest value, or of `None` | as before |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:insert` | `v → v` |
/// | `:pop`, `:peek` | `nil → v`, `nil` if it was empty |
///
/// Integers of 64 bits are in their usual order there, and so are strings; an integer is smaller than a string.
#[derive(Clone, Copy, Debug, Default)]
pub struct PriorityQueue<V>(PhantomData<fn() -> V>);

/// An operation of a [`PriorityQueue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Puts a value in.
    Insert(V),
    /// Takes the smallest value out, and returns it.
    Pop,
    /// Returns the smallest value.
    Peek,
}

/// What an operation of a [`PriorityQueue`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// It was inserted.
    Done,
    /// The smallest value.
    Value(Option<V>),
}

impl<V> PriorityQueue<V> {
    /// An empty priority queue.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Ord + Hash + Debug> Model for PriorityQueue<V> {
    type Op = Op<V>;
    type Ret = Ret<V>;
    /// Sorted, the smallest last.
    type State = Vec<V>;

    fn initial(&self) -> Vec<V> {
        Vec::new()
    }

    fn apply(&self, values: &mut Vec<V>, op: &Op<V>) -> Ret<V> {
        match op {
            Op::Insert(value) => {
                let at = values.partition_point(|other| other > value);
                values.insert(at, value.clone());
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

    fn about(&self, op: &Op<V>, ret: Option<&Ret<V>>) -> About {
        match (op, ret) {
            (Op::Insert(value), _) => About::value(value),
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
        object: "a priority queue",
        operations: &[
            ("insert", "a value other than nil", "the value again"),
            ("pop", "nil", "a value, or nil"),
            ("peek", "nil", "a value, or nil"),
        ],
    };

    impl<V: Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Insert(_) => "insert",
                Op::Pop => "pop",
                Op::Peek => "peek",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Insert(value) => value.clone().into(),
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
                ("insert", value) => taken(value).map(Op::Insert),
                ("pop", Value::Nil) => Some(Op::Pop),
                ("peek", Value::Nil) => Some(Op::Peek),
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            match self {
                Op::Insert(_) => repeats(&value, &self.value()).then_some(Ret::Done),
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
                assert_read_back(Op::Insert(value.clone()), [Ret::Done]);
                for op in [Op::Pop, Op::Peek] {
                    assert_read_back(op, [None, Some(value.clone())].map(Ret::Value));
                }
            }
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op<Value>>(&[
                (":insert nil", "`:insert` takes a value other than nil"),
                (":insert 1 → 2", "`:insert` returns the value again"),
                (":pop 1", "`:pop` takes nil"),
                (":peek 1", "`:peek` takes nil"),
                (
                    ":enqueue 1",
                    "a priority queue has no `:enqueue`, only `:insert`, `:pop`, `:peek`",
                ),
            ]);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::{cmp::Reverse, collections::BinaryHeap};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_a_heap_does(ops in vec((0..4, any::<u8>()), 0..40)) {
            let model = PriorityQueue::new();
            let (mut state, mut heap) = (model.initial(), BinaryHeap::new());
            for (kind, value) in ops {
                let (op, ret) = match kind {
                    0 | 1 => {
                        heap.push(Reverse(value));
                        (Op::Insert(value), Ret::Done)
                    }
                    2 => (Op::Pop, Ret::Value(heap.pop().map(|Reverse(value)| value))),
                    _ => (Op::Peek, Ret::Value(heap.peek().map(|&Reverse(value)| value))),
                };
                prop_assert_eq!(model.apply(&mut state, &op), ret);
            }
        }
    }
}
