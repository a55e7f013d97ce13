//! A lock.

use super::Model;

/// A mutual exclusion lock, at first free. It does not know who holds it: whoever releases it, it is free.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Acquire`] | `true`; waits where it is held, for which the model returns `false` | it is held |
/// | [`Op::TryAcquire`] | whether it was free | it is held |
/// | [`Op::Release`] | whether it was held | it is free |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:acquire`, `:try-acquire`, `:release` | `nil → nil` for `true`, `false` for `false` |
#[derive(Clone, Copy, Debug, Default)]
pub struct Mutex(());

/// An operation of a [`Mutex`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    /// Takes the lock when it is free.
    Acquire,
    /// Takes the lock if it is free.
    TryAcquire,
    /// Gives the lock back.
    Release,
}

impl Mutex {
    /// A lock that is free.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Model for Mutex {
    type Op = Op;
    type Ret = bool;
    /// Whether it is held.
    type State = bool;

    fn initial(&self) -> bool {
        false
    }

    fn apply(&self, held: &mut bool, op: &Op) -> bool {
        let was_held = *held;
        *held = !matches!(op, Op::Release);
        was_held != *held
    }

    fn changes_nothing(&self, _op: &Op, ret: &bool) -> bool {
        !ret
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::Op;
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::Shapes,
    };

    const SHAPES: Shapes = Shapes {
        object: "a mutex",
        operations: &[
            ("acquire", "nil", "nil, or false"),
            ("try-acquire", "nil", "nil, or false"),
            ("release", "nil", "nil, or false"),
        ],
    };

    impl Jepsen for Op {
        type Ret = bool;

        fn f(&self) -> &str {
            match self {
                Op::Acquire => "acquire",
                Op::TryAcquire => "try-acquire",
                Op::Release => "release",
            }
        }

        fn value(&self) -> Value {
            Value::Nil
        }

        fn ret_value(&self, ret: &bool) -> Value {
            (!ret).then_some(false).into()
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("acquire", Value::Nil) => Ok(Op::Acquire),
                ("try-acquire", Value::Nil) => Ok(Op::TryAcquire),
                ("release", Value::Nil) => Ok(Op::Release),
                _ => Err(SHAPES.takes(f)),
            }
        }

        fn ret_from_value(&self, value: Value) -> Result<bool, Misfit> {
            match value {
                Value::Nil => Ok(true),
                Value::Bool(ret) => Ok(ret),
                _ => Err(SHAPES.returns(self.f())),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::model::shapes::tests::{assert_also_read, assert_misfits, assert_read_back};

        #[test]
        fn what_is_written_reads_back() {
            for op in [Op::Acquire, Op::TryAcquire, Op::Release] {
                assert_read_back(op, [true, false]);
            }
            assert_also_read::<Op>("try-acquire", "nil", "true", true);
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op>(&[
                (":acquire 1", "`:acquire` takes nil"),
                (":release nil → 1", "`:release` returns nil, or false"),
                (
                    ":lock nil",
                    "a mutex has no `:lock`, only `:acquire`, `:try-acquire`, `:release`",
                ),
            ]);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    #[test]
    fn it_is_held_by_one_at_a_time() {
        let mut state = Mutex::new().initial();
        let mut apply = |op| Mutex::new().apply(&mut state, &op);
        assert!(!apply(Op::Release));
        assert!(apply(Op::Acquire));
        assert!(!apply(Op::Acquire));
        assert!(!apply(Op::TryAcquire));
        assert!(apply(Op::Release));
        assert!(!apply(Op::Release));
        assert!(apply(Op::TryAcquire));
    }

    proptest! {
        #[test]
        fn it_does_what_the_lock_of_the_standard_library_does(
            ops in vec(select(vec![Op::TryAcquire, Op::Release]), 0..20),
        ) {
            let (mut state, lock) = (Mutex::new().initial(), std::sync::Mutex::new(()));
            let mut guard = None;
            for op in ops {
                let ret = match op {
                    Op::Release => guard.take().is_some(),
                    _ => match lock.try_lock() {
                        Ok(new) => {
                            guard = Some(new);
                            true
                        }
                        Err(_) => false,
                    }
                };
                prop_assert_eq!(Mutex::new().apply(&mut state, &op), ret);
            }
        }
    }
}
