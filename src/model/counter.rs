//! A counter.

use super::Model;

/// A counter of 64 bits, at first 0. It wraps around.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Add`] | [`Ret::Done`] | the count is more by that |
/// | [`Op::Get`] | [`Ret::Count`] of the count | as before |
/// | [`Op::FetchAdd`] | [`Ret::Count`] of what the count was | the count is more by that |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:add` | `n → n` |
/// | `:read`, also `:get` | `nil → count` |
/// | `:fetch-add` | `n → [n old]` |
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter(());

/// An operation of a [`Counter`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    /// Adds to the count. What is negative is subtracted.
    Add(i64),
    /// Returns the count.
    Get,
    /// Adds to the count, and returns what it was.
    FetchAdd(i64),
}

/// What an operation of a [`Counter`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// It was added.
    Done,
    /// The count.
    Count(i64),
}

impl Counter {
    /// A counter at 0.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Model for Counter {
    type Op = Op;
    type Ret = Ret;
    type State = i64;

    fn initial(&self) -> i64 {
        0
    }

    fn apply(&self, count: &mut i64, op: &Op) -> Ret {
        let old = *count;
        match op {
            Op::Add(n) => {
                *count = old.wrapping_add(*n);
                Ret::Done
            }
            Op::Get => Ret::Count(old),
            Op::FetchAdd(n) => {
                *count = old.wrapping_add(*n);
                Ret::Count(old)
            }
        }
    }

    fn is_read(&self, op: &Op) -> bool {
        matches!(op, Op::Get)
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Op, Ret};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Shapes, items, pair, repeats},
    };

    const SHAPES: Shapes = Shapes {
        object: "a counter",
        operations: &[
            ("add", "an integer", "the integer again"),
            ("read", "nil", "the count"),
            ("get", "nil", "the count"),
            ("fetch-add", "an integer", "[n old]"),
        ],
    };

    impl Jepsen for Op {
        type Ret = Ret;

        fn f(&self) -> &str {
            match self {
                Op::Add(_) => "add",
                Op::Get => "read",
                Op::FetchAdd(_) => "fetch-add",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Add(n) | Op::FetchAdd(n) => (*n).into(),
                Op::Get => Value::Nil,
            }
        }

        fn ret_value(&self, ret: &Ret) -> Value {
            match (self, ret) {
                (Op::Get, Ret::Count(count)) => (*count).into(),
                (Op::FetchAdd(n), Ret::Count(old)) => pair(*n, *old),
                _ => self.value(),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("add", Value::Int(n)) => Ok(Op::Add(n)),
                ("read" | "get", Value::Nil) => Ok(Op::Get),
                ("fetch-add", Value::Int(n)) => Ok(Op::FetchAdd(n)),
                _ => Err(SHAPES.takes(f)),
            }
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret, Misfit> {
            match self {
                Op::Add(_) => repeats(&value, &self.value()).then_some(Ret::Done),
                Op::Get => value.as_int().map(Ret::Count),
                Op::FetchAdd(n) => match items(value) {
                    Some([Value::Int(of), Value::Int(old)]) if of == *n => Some(Ret::Count(old)),
                    _ => None,
                },
            }
            .ok_or_else(|| SHAPES.returns(self.f()))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::model::shapes::tests::{assert_also_read, assert_misfits, assert_read_back};

        #[test]
        fn what_is_written_reads_back() {
            for n in [0, 1, -1, i64::MIN, i64::MAX] {
                assert_read_back(Op::Add(n), [Ret::Done]);
                assert_read_back(Op::Get, [Ret::Count(n)]);
                assert_read_back(Op::FetchAdd(n), [0, n].map(Ret::Count));
            }
            assert_also_read::<Op>("get", "nil", "4", Ret::Count(4));
            assert_also_read::<Op>("add", "4", "nil", Ret::Done);
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op>(&[
                (":add nil", "`:add` takes an integer"),
                (":add 1 → 2", "`:add` returns the integer again"),
                (":read 1", "`:read` takes nil"),
                (":read nil → nil", "`:read` returns the count"),
                (":fetch-add 1.0", "`:fetch-add` takes an integer"),
                (":fetch-add 1 → 5", "`:fetch-add` returns [n old]"),
                (":fetch-add 1 → [2 5]", "`:fetch-add` returns [n old]"),
                (
                    ":write 1",
                    "a counter has no `:write`, only `:add`, `:read`, `:get`, `:fetch-add`",
                ),
            ]);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_counts_as_an_atomic_does(ops in vec((0..3, any::<i64>()), 0..20)) {
            let (mut state, atomic) = (0, AtomicI64::new(0));
            for (kind, n) in ops {
                let (op, ret) = match kind {
                    0 => (Op::Get, Ret::Count(atomic.load(Relaxed))),
                    1 => (Op::FetchAdd(n), Ret::Count(atomic.fetch_add(n, Relaxed))),
                    _ => {
                        atomic.fetch_add(n, Relaxed);
                        (Op::Add(n), Ret::Done)
                    }
                };
                prop_assert_eq!(Counter::new().apply(&mut state, &op), ret);
            }
        }
    }
}
