//! A queue: first in, first out.

use std::{collections::VecDeque, fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Access, Collection, Discipline, Model};
use crate::{event::EventKind, history::History};

/// A queue of values of type `V`, first in, first out, at first empty; with a capacity or without.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Enqueue`] | [`Ret::Enqueued`] of whether there was room | if there was, the value is the last |
/// | [`Op::Dequeue`] | [`Ret::Value`] of the first value, or of `None` | that value is not in |
/// | [`Op::Peek`] | [`Ret::Value`] of the first value, or of `None` | as before |
/// | [`Op::Len`] | [`Ret::Len`] | as before |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:enqueue` | `v → v`, `[v false]` if it was full |
/// | `:dequeue`, `:peek` | `nil → v`, `nil` if it was empty |
/// | `:len` | `nil → n` |
///
/// Instead of `[v false]`, `false` is read too, unless that is `v` itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue<V> {
    capacity: Option<usize>,
    values: PhantomData<fn() -> V>,
}

/// An operation of a [`Queue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Puts a value behind all others, if there is room.
    Enqueue(V),
    /// Takes the first value out, and returns it.
    Dequeue,
    /// Returns the first value.
    Peek,
    /// Returns how many values there are.
    Len,
}

/// What an operation of a [`Queue`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// Whether there was room.
    Enqueued(bool),
    /// The first value.
    Value(Option<V>),
    /// How many values there are.
    Len(usize),
}

impl<V> Queue<V> {
    /// An empty queue that is never full.
    pub const fn new() -> Self {
        Self {
            capacity: None,
            values: PhantomData,
        }
    }

    /// An empty queue that is full with so many values.
    pub const fn bounded(capacity: usize) -> Self {
        Self {
            capacity: Some(capacity),
            values: PhantomData,
        }
    }

    /// With how many values the queue is full, if it ever is.
    pub const fn capacity(&self) -> Option<usize> {
        self.capacity
    }
}

impl<V: Clone + Eq + Hash + Debug> Model for Queue<V> {
    type Op = Op<V>;
    type Ret = Ret<V>;
    type State = VecDeque<V>;

    fn initial(&self) -> VecDeque<V> {
        VecDeque::new()
    }

    fn apply(&self, values: &mut VecDeque<V>, op: &Op<V>) -> Ret<V> {
        match op {
            Op::Enqueue(value) => {
                let has_room = self.capacity.is_none_or(|capacity| values.len() < capacity);
                if has_room {
                    values.push_back(value.clone());
                }
                Ret::Enqueued(has_room)
            }
            Op::Dequeue => Ret::Value(values.pop_front()),
            Op::Peek => Ret::Value(values.front().cloned()),
            Op::Len => Ret::Len(values.len()),
        }
    }

    fn is_read(&self, op: &Op<V>) -> bool {
        matches!(op, Op::Peek | Op::Len)
    }

    fn changes_nothing(&self, op: &Op<V>, ret: &Ret<V>) -> bool {
        self.is_read(op) || matches!(ret, Ret::Enqueued(false) | Ret::Value(None))
    }

    fn collection<'h>(&'h self, history: &'h History<Op<V>, Ret<V>>) -> Option<Collection<'h>> {
        let access = |op: &'h Op<V>, ret: Option<&'h Ret<V>>| match (op, ret) {
            (Op::Enqueue(value), None | Some(Ret::Enqueued(true))) => Some(Access::Put(value)),
            (Op::Dequeue, None) => Some(Access::Take(None)),
            (Op::Dequeue, Some(Ret::Value(value))) => Some(Access::Take(Some(value.as_ref()))),
            _ => None,
        };
        let has_room = |capacity| most_in(history) <= capacity;
        let is_never_full = self.capacity.is_none_or(has_room);
        is_never_full.then(|| Collection::of(Discipline::Fifo, history, access))
    }

    fn about(&self, op: &Op<V>, ret: Option<&Ret<V>>) -> About {
        match (op, ret) {
            (Op::Enqueue(_), Some(Ret::Enqueued(false))) | (Op::Len, _) => About::All,
            (Op::Enqueue(value), _) => About::value(value),
            (_, Some(Ret::Value(value))) => About::found(value.as_ref()),
            _ => About::Nothing,
        }
    }
}

/// The most values that may be in at once: those that began to be put in by then, without those that were taken out. O(events).
fn most_in<V>(history: &History<Op<V>, Ret<V>>) -> usize {
    let (mut now, mut most) = (0usize, 0);
    for event in history.events() {
        match event.kind {
            EventKind::Invoke(Op::Enqueue(_)) => now += 1,
            EventKind::Ok(Ret::Value(Some(_))) => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Op, Ret};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Answer, Shapes, answer, found, pair, size, taken},
    };

    const SHAPES: Shapes = Shapes {
        object: "a queue",
        operations: &[
            ("enqueue", "a value other than nil", "v, or [v false]"),
            ("dequeue", "nil", "a value, or nil"),
            ("peek", "nil", "a value, or nil"),
            ("len", "nil", "a number of values"),
        ],
    };

    impl<V: Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Enqueue(_) => "enqueue",
                Op::Dequeue => "dequeue",
                Op::Peek => "peek",
                Op::Len => "len",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Enqueue(value) => value.clone().into(),
                Op::Dequeue | Op::Peek | Op::Len => Value::Nil,
            }
        }

        fn ret_value(&self, ret: &Ret<V>) -> Value {
            match ret {
                Ret::Enqueued(true) => self.value(),
                Ret::Enqueued(false) => pair(self.value(), false),
                Ret::Value(value) => value.clone().into(),
                Ret::Len(len) => (*len).into(),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("enqueue", value) => taken(value).map(Op::Enqueue),
                ("dequeue", Value::Nil) => Some(Op::Dequeue),
                ("peek", Value::Nil) => Some(Op::Peek),
                ("len", Value::Nil) => Some(Op::Len),
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            match self {
                Op::Enqueue(_) => answer(&value, &self.value()).map(|answer| match answer {
                    Answer::Repeated => Ret::Enqueued(true),
                    Answer::Said(had_room) => Ret::Enqueued(had_room),
                }),
                Op::Dequeue | Op::Peek => found(value).map(Ret::Value),
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
                let enqueued = [true, false].map(Ret::Enqueued);
                assert_read_back(Op::Enqueue(value.clone()), enqueued);
                for op in [Op::Dequeue, Op::Peek] {
                    assert_read_back(op, [None, Some(value.clone())].map(Ret::Value));
                }
            }
            assert_read_back(Op::<Value>::Len, [0, 7].map(Ret::Len));
        }

        #[test]
        fn values_of_a_type_of_their_own_read_back() {
            for value in [0, 7, u64::MAX] {
                let enqueued = [true, false].map(Ret::Enqueued);
                assert_read_back(Op::Enqueue(value), enqueued);
                assert_read_back(Op::Dequeue, [None, Some(value)].map(Ret::Value));
            }
            assert_misfits::<Op<u64>>(&[
                (":enqueue -1", "`:enqueue` takes a value other than nil"),
                (":enqueue :a", "`:enqueue` takes a value other than nil"),
                (":dequeue nil → 1.5", "`:dequeue` returns a value, or nil"),
            ]);
        }

        #[test]
        fn other_forms_are_read() {
            type QueueOp = Op<Value>;
            assert_also_read::<QueueOp>("enqueue", "1", "nil", Ret::Enqueued(true));
            assert_also_read::<QueueOp>("enqueue", "1", "[1 true]", Ret::Enqueued(true));
            assert_also_read::<QueueOp>("enqueue", "1", "false", Ret::Enqueued(false));
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op<Value>>(&[
                (":enqueue nil", "`:enqueue` takes a value other than nil"),
                (":enqueue 1 → 2", "`:enqueue` returns v, or [v false]"),
                (":dequeue 1", "`:dequeue` takes nil"),
                (":peek 1", "`:peek` takes nil"),
                (":len 1", "`:len` takes nil"),
                (":len nil → -1", "`:len` returns a number of values"),
                (
                    ":push 1",
                    "a queue has no `:push`, only `:enqueue`, `:dequeue`, `:peek`, `:len`",
                ),
            ]);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_a_queue_does(
            capacity in option::of(0..4usize),
            ops in vec((0..5, any::<u8>()), 0..40),
        ) {
            let model = capacity.map_or(Queue::new(), Queue::bounded);
            let (mut state, mut queue) = (model.initial(), VecDeque::new());
            for (kind, value) in ops {
                let (op, ret) = match kind {
                    0 | 1 => {
                        let has_room = capacity.is_none_or(|capacity| queue.len() < capacity);
                        if has_room {
                            queue.push_back(value);
                        }
                        (Op::Enqueue(value), Ret::Enqueued(has_room))
                    }
                    2 => (Op::Dequeue, Ret::Value(queue.pop_front())),
                    3 => (Op::Peek, Ret::Value(queue.front().copied())),
                    _ => (Op::Len, Ret::Len(queue.len())),
                };
                prop_assert_eq!(model.apply(&mut state, &op), ret);
            }
        }
    }
}
