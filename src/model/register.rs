//! A register: what is read is what was written last.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::Model;

/// A register of values of type `V`, at first without any.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Read`] | the value, or `None` | as before |
/// | [`Op::Write`] | `None` | the value is the one written |
#[derive(Clone, Copy, Debug, Default)]
pub struct Register<V>(PhantomData<fn() -> V>);

/// An operation of a [`Register`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
}
