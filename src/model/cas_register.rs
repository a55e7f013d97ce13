//! A register with compare-and-set.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::Model;

/// A register of values of type `V` with compare-and-set, at first without any value.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Read`] | [`Ret::Value`] of the value, or of `None` | as before |
/// | [`Op::Write`] | [`Ret::Done`] | the value is the one written |
/// | [`Op::Cas`] | [`Ret::Swapped`] of whether the value was the expected one | if it was, it is the new one |
#[derive(Clone, Copy, Debug, Default)]
pub struct CasRegister<V>(PhantomData<fn() -> V>);

/// An operation of a [`CasRegister`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
}
