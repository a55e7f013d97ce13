//! A semaphore.

use super::Model;

/// A semaphore, at first with all its permits. It does not know who holds them, only how many are left.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Acquire`] | `true`; waits where fewer are left, for which the model returns `false` | so many fewer are left |
/// | [`Op::TryAcquire`] | whether so many were left | if so, so many fewer are left |
/// | [`Op::Release`] | whether so many were held | if so, so many more are left |
///
/// It never has more permits than at first: releasing what nobody holds is `false` and does nothing.
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:acquire`, `:try-acquire`, `:release` | `n → n` for `true`, `[n false]` for `false` |
///
/// Instead of `[n false]`, `false` is read too, and `nil` for an `n` of 1.
#[derive(Clone, Copy, Debug)]
pub struct Semaphore {
    permits: u32,
}

/// An operation of a [`Semaphore`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    /// Takes so many permits, all at once, when they are left.
    Acquire(u32),
    /// Takes so many permits, if they are left.
    TryAcquire(u32),
    /// Gives so many permits back.
    Release(u32),
}

impl Semaphore {
    /// A semaphore with so many permits.
    pub const fn new(permits: u32) -> Self {
        Self { permits }
    }
}

impl Model for Semaphore {
    type Op = Op;
    type Ret = bool;
    /// How many permits are left.
    type State = u32;

    fn initial(&self) -> u32 {
        self.permits
    }

    fn apply(&self, left: &mut u32, op: &Op) -> bool {
        let then = match op {
            Op::Acquire(n) | Op::TryAcquire(n) => left.checked_sub(*n),
            Op::Release(n) => left.checked_add(*n).filter(|&then| then <= self.permits),
        };
        *left = then.unwrap_or(*left);
        then.is_some()
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
        model::shapes::{Answer, Shapes, answer, pair},
    };

    const SHAPES: Shapes = Shapes {
        object: "a semaphore",
        operations: &[
            ("acquire", "a number of permits, or nil", "n, or [n false]"),
            (
                "try-acquire",
                "a number of permits, or nil",
                "n, or [n false]",
            ),
            ("release", "a number of permits, or nil", "n, or [n false]"),
        ],
    };

    impl Jepsen for Op {
        type Ret = bool;

        fn f(&self) -> &str {
            match self {
                Op::Acquire(_) => "acquire",
                Op::TryAcquire(_) => "try-acquire",
                Op::Release(_) => "release",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Acquire(n) | Op::TryAcquire(n) | Op::Release(n) => (*n).into(),
            }
        }

        fn ret_value(&self, ret: &bool) -> Value {
            match ret {
                true => self.value(),
                false => pair(self.value(), false),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            let permits = match value {
                Value::Nil => Some(1),
                _ => value.as_int().and_then(|n| u32::try_from(n).ok()),
            };
            match (f, permits) {
                ("acquire", Some(n)) => Ok(Op::Acquire(n)),
                ("try-acquire", Some(n)) => Ok(Op::TryAcquire(n)),
                ("release", Some(n)) => Ok(Op::Release(n)),
                _ => Err(SHAPES.takes(f)),
            }
        }

        fn ret_from_value(&self, value: Value) -> Result<bool, Misfit> {
            match answer(&value, &self.value()) {
                Some(Answer::Repeated) => Ok(true),
                Some(Answer::Said(ret)) => Ok(ret),
                None => Err(SHAPES.returns(self.f())),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::model::shapes::tests::{assert_also_read, assert_misfits, assert_read_back};

        #[test]
        fn what_is_written_reads_back() {
            for n in [0, 1, 7, u32::MAX] {
                for op in [Op::Acquire(n), Op::TryAcquire(n), Op::Release(n)] {
                    assert_read_back(op, [true, false]);
                }
            }
            for (ok, ret) in [("nil", true), ("1", true), ("true", true), ("false", false)] {
                assert_also_read::<Op>("try-acquire", "nil", ok, ret);
            }
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op>(&[
                (
                    ":acquire -1",
                    "`:acquire` takes a number of permits, or nil",
                ),
                (
                    ":release :all",
                    "`:release` takes a number of permits, or nil",
                ),
                (":acquire 1 → 2", "`:acquire` returns n, or [n false]"),
                (
                    ":lock nil",
                    "a semaphore has no `:lock`, only `:acquire`, `:try-acquire`, `:release`",
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
        fn as_many_permits_are_out_as_were_acquired_and_not_released(
            permits in 0..4u32,
            ops in vec((0..3, 0..4u32), 0..20),
        ) {
            let model = Semaphore::new(permits);
            let (mut state, mut held) = (model.initial(), Vec::new());
            for (kind, n) in ops {
                let places = n as usize;
                let (op, ret) = match kind {
                    2 if places > held.len() => (Op::Release(n), false),
                    2 => {
                        held.truncate(held.len() - places);
                        (Op::Release(n), true)
                    }
                    _ => {
                        let fits = held.len() + places <= permits as usize;
                        if fits {
                            held.resize(held.len() + places, ());
                        }
                        match kind {
                            0 => (Op::Acquire(n), fits),
                            _ => (Op::TryAcquire(n), fits),
                        }
                    }
                };
                prop_assert_eq!(model.apply(&mut state, &op), ret);
            }
        }
    }

    #[test]
    fn nothing_overflows() {
        let (model, mut state) = (Semaphore::new(u32::MAX), u32::MAX);
        assert!(!model.apply(&mut state, &Op::Release(1)));
        assert!(model.apply(&mut state, &Op::Acquire(u32::MAX)));
        assert!(!model.apply(&mut state, &Op::Acquire(1)));
    }
}
