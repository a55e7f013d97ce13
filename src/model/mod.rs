//! Sequential specifications: what an object does when its operations come one after the other.
//!
//! A [`Model`] is executable: its [`apply`](Model::apply) is the object written as plain sequential code, and the
//! [checker](crate::check) compares what it returns with what was recorded. A [`Specification`] is the more general form,
//! for objects that may do one of several things.
//!
//! The models here cover the usual objects. Their operations have a form in Jepsen's EDN (with the feature `format`), where
//! `nil → v` says that the invocation's `:value` is `nil` and the `:ok`'s is `v`. Where an `:ok` repeats the
//! invocation's value, it may as well be `nil`; and since `nil` says that there is no value, nothing that an object
//! holds can be `nil`, except the elements of a set. An operation that failed, such as a `:dequeue` that
//! found nothing, may have a `:fail` instead of an `:ok`: it did nothing, and is not checked.
//!
//! An operation that waits, such as [`mutex::Op::Acquire`], cannot complete while it has to. The model gives it a result
//! all the same, one that no such operation that completed has, and leaves the state as it is.
//!
//! ```
//! use tachograph::model::Model;
//!
//! #[derive(Clone, Debug, PartialEq)]
//! enum Op { Add(u64), Get }
//!
//! struct Counter;
//!
//! impl Model for Counter {
//!     type Op = Op;
//!     type Ret = u64;
//!     type State = u64;
//!
//!     fn initial(&self) -> u64 {
//!         0
//!     }
//!
//!     fn apply(&self, state: &mut u64, op: &Op) -> u64 {
//!         match op {
//!             Op::Add(n) => { *state += n; 0 }
//!             Op::Get => *state,
//!         }
//!     }
//!
//!     fn is_read(&self, op: &Op) -> bool {
//!         *op == Op::Get // not needed, but it makes checking faster
//!     }
//! }
//! ```

pub mod cas_register;
// Read by the checker alone.
#[cfg_attr(not(feature = "check"), expect(dead_code))]
mod collection;
pub mod counter;
pub mod key_value;
pub mod log;
pub mod mutex;
pub mod priority_queue;
pub mod queue;
pub mod register;
pub mod semaphore;
pub mod set;
#[cfg(feature = "format")]
mod shapes;
pub mod snapshot;
pub mod stack;

use std::{
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    slice,
};

pub use self::{
    cas_register::CasRegister,
    collection::{Access, Collection, Discipline},
    counter::Counter,
    key_value::KeyValue,
    log::Log,
    mutex::Mutex,
    priority_queue::PriorityQueue,
    queue::Queue,
    register::Register,
    semaphore::Semaphore,
    set::Set,
    snapshot::Snapshot,
    stack::Stack,
};

#[cfg(feature = "check")]
pub(crate) use self::collection::Entry;
use crate::history::History;

/// A sequential object, as one would write it for a single thread.
///
/// Operations that are equal and returned what is equal are the same to it: the checker takes one for the other.
pub trait Model {
    /// The operations with their arguments.
    type Op: PartialEq + Debug;
    /// What operations return. What is left unsaid is for [`agrees`](Self::agrees): a result that is equal to any other makes the
    /// verdicts wrong.
    type Ret: PartialEq + Debug;
    /// What the object holds. The checker clones, compares and hashes it often: keep it small.
    type State: Clone + Eq + Hash + Debug;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// Does what the operation does, and returns what it returns.
    fn apply(&self, state: &mut Self::State, op: &Self::Op) -> Self::Ret;

    /// Whether what was recorded is what an operation returned that by the model returns `returned`.
    ///
    /// It is, if the two are equal, unless a result may leave something unsaid: [`Set`] has one that says that an element
    /// was added, and not whether it was new.
    fn agrees(&self, returned: &Self::Ret, recorded: &Self::Ret) -> bool {
        returned == recorded
    }

    /// Whether the operation never changes any state. Saying so of reads makes checking faster; saying so of an
    /// operation that does change a state makes the verdicts wrong.
    fn is_read(&self, op: &Self::Op) -> bool {
        let _ = op;
        false
    }

    /// Whether the operation never changes any state where it returns this: a read, or a compare-and-swap that failed. It is as with
    /// [`is_read`](Self::is_read), which this asks if it is not said otherwise; it is to be so of all that are reads.
    fn changes_nothing(&self, op: &Self::Op, ret: &Self::Ret) -> bool {
        let _ = ret;
        self.is_read(op)
    }

    /// The part of the object that the operation is about, such as a hash of its key, where the object has parts
    /// that know nothing of one another: each part is then checked for itself, which is much faster (P-compositionality,
    /// [Horn and Kroening 2015](https://arxiv.org/abs/1504.00204)).
    ///
    /// `None` says that the operation is about all of the object, and then it is checked as one. Two parts with the same
    /// number are checked together, which is slower and still right.
    fn part(&self, op: &Self::Op) -> Option<u64> {
        let _ = op;
        None
    }

    /// Whether nothing is left of the operation `earlier` in this state, if `op` takes effect right after it: `earlier` returns the
    /// same as in any other state where this is so, and `op` returns the same and leads to the same state as without it. A write overwrites a write.
    ///
    /// Nothing needs this, but where many are at it at once, checking is much faster: what was overwritten has not to be given
    /// a place among the others. Saying so where something is left, or may be left of one of several that are overwritten at
    /// once, makes the verdicts wrong. So does an operation that overwrites another one, and not all that this one does, or
    /// overwrites more after it than before it.
    fn overwrites(&self, state: &Self::State, op: &Self::Op, earlier: &Self::Op) -> bool {
        let _ = (state, op, earlier);
        false
    }

    /// Whether [`look_ahead`](Self::look_ahead) ever does something.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// Whether the object may come from this state to one in which the read `next` returns what it did, if only some of the
    /// operations `between` take effect before. With them is what they returned, if that is known and they took effect.
    ///
    /// What reads returned is known to the checker, and where the model can say that a state does not lead there, the
    /// checker does not go on from it: a string to which is appended never becomes one that begins otherwise. A state that leads
    /// there only by being overwritten may also be made simpler, if neither these operations nor `next` can tell: many
    /// become one then. Saying no where there is a way, or telling apart what was one, makes the verdicts wrong.
    fn look_ahead(
        &self,
        state: &mut Self::State,
        next: (&Self::Op, &Self::Ret),
        between: &mut dyn Iterator<Item = (&Self::Op, Option<&Self::Ret>)>,
    ) -> bool {
        let _ = (state, next, between);
        true
    }

    /// The history as one of a queue or a stack without bound, if the object is one.
    ///
    /// Where each value is put in once and nothing else is done, [`linearizable`](crate::check::linearizable) goes by it and not by
    /// [`apply`](Model::apply), and takes time that grows with the length of the history, and not with the orders in which
    /// values may have been put in.
    fn collection<'h>(
        &'h self,
        history: &'h History<Self::Op, Self::Ret>,
    ) -> Option<Collection<'h>> {
        let _ = history;
        None
    }

    /// The value that the operation puts in, takes out or reads, or those that it reads, where the object is so indifferent to what
    /// its values are that others do not miss them: see [`About`]. `ret` is what was recorded, if that is known.
    ///
    /// Nothing needs this, but histories of an object that holds many values are [shrunk](crate::explain::shrink) further
    /// and faster, and those with many operations of unknown outcome are checked faster.
    fn about(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> About {
        let _ = (op, ret);
        About::All
    }

    /// Whether what [`about`](Self::about) says holds of histories that begin in this state, too. It does not where a value
    /// that is in at first is missed once what took it out is gone, as from a queue.
    ///
    /// Asked where a test [soaks](crate#stress-tests), and so judges an object that is in use. By default it holds of
    /// histories that begin in the first state; in others, every operation is taken to be about [`All`](About::All). To
    /// say yes where it does not hold makes verdicts wrong, and what violations are shrunk to.
    fn about_holds_from(&self, state: &Self::State) -> bool {
        *state == self.initial()
    }
}

/// Which values an operation is about.
///
/// The promise is this: from a history that is what the object may do, in which no operation is about
/// [`All`](Self::All), all operations about one value may be taken out, and it still is what the object may do. Of a queue
/// it holds: the values that are left come out in the order in which they went in. What is about several goes with each of
/// them. And an operation of which nobody knows whether it took effect may be taken out, too, if no operation about any of
/// its values completes after it was invoked.
///
/// So an operation that puts several in, or takes several out, is about `All`: it would go with one of them, and the others
/// would be missed, or still be there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// Perhaps about any of them: a length, a swap of one for another.
    All,
    /// About none: a removal that found nothing.
    Nothing,
    /// About this one, as a hash.
    Value(u64),
    /// About each of these, as hashes of the same type as those of [`Value`](Self::Value): a read of several.
    Values(Vec<u64>),
}

impl About {
    /// About this value.
    pub fn value(value: &impl Hash) -> Self {
        Self::Value(part_of(value))
    }

    /// About each of these values.
    pub fn values<V: Hash>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Values(values.into_iter().map(|value| part_of(&value)).collect())
    }

    /// The values, if it is not perhaps about any.
    #[cfg_attr(not(feature = "check"), expect(dead_code))] // read by the checker alone
    pub(crate) fn which(&self) -> Option<&[u64]> {
        match self {
            Self::All => None,
            Self::Nothing => Some(&[]),
            Self::Value(value) => Some(slice::from_ref(value)),
            Self::Values(values) => Some(values),
        }
    }

    /// About the value that was found.
    fn found(value: Option<&impl Hash>) -> Self {
        value.map_or(Self::Nothing, Self::value)
    }
}

/// The number of the part with this key, the same in every run.
fn part_of(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// A sequential object that may do one of several things. Every [`Model`] is one.
///
/// Operations that are equal and returned what is equal are the same to the object: the checker takes one for the other.
pub trait Specification {
    /// The operations with their arguments.
    type Op: PartialEq + Debug;
    /// What operations return. What is left unsaid is for [`step`](Self::step): a result that is equal to any other makes the verdicts
    /// wrong.
    type Ret: PartialEq + Debug;
    /// What the object holds.
    type State: Clone + Eq + Hash + Debug;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// Hands out each state that the operation may lead to from this one if it returns `ret`, or, where what it returned
    /// is not known, whatever it returns. None, where it cannot return that.
    fn step(
        &self,
        state: &Self::State,
        op: &Self::Op,
        ret: Option<&Self::Ret>,
        next: impl FnMut(Self::State),
    );

    /// Takes the object to the first state that [`step`](Self::step) hands out. Where there is none, it may be in any state then.
    ///
    /// Nothing needs this, but a long order is replayed faster where no state has to be cloned for it.
    fn follow(&self, state: &mut Self::State, op: &Self::Op, ret: Option<&Self::Ret>) {
        let mut first = None;
        self.step(state, op, ret, |next| {
            first.get_or_insert(next);
        });
        if let Some(first) = first {
            *state = first;
        }
    }

    /// Whether [`step`](Self::step) never hands out more than one state, as that of a [`Model`]. Then to
    /// [`follow`](Self::follow) an order is all there is to it.
    fn is_deterministic(&self) -> bool {
        false
    }

    /// See [`Model::is_read`].
    fn is_read(&self, op: &Self::Op) -> bool {
        let _ = op;
        false
    }

    /// See [`Model::changes_nothing`].
    fn changes_nothing(&self, op: &Self::Op, ret: &Self::Ret) -> bool {
        let _ = ret;
        self.is_read(op)
    }

    /// See [`Model::part`].
    fn part(&self, op: &Self::Op) -> Option<u64> {
        let _ = op;
        None
    }

    /// See [`Model::overwrites`].
    fn overwrites(&self, state: &Self::State, op: &Self::Op, earlier: &Self::Op) -> bool {
        let _ = (state, op, earlier);
        false
    }

    /// See [`Model::looks_ahead`].
    fn looks_ahead(&self) -> bool {
        false
    }

    /// See [`Model::look_ahead`].
    fn look_ahead(
        &self,
        state: &mut Self::State,
        next: (&Self::Op, &Self::Ret),
        between: &mut dyn Iterator<Item = (&Self::Op, Option<&Self::Ret>)>,
    ) -> bool {
        let _ = (state, next, between);
        true
    }

    /// See [`Model::collection`].
    fn collection<'h>(
        &'h self,
        history: &'h History<Self::Op, Self::Ret>,
    ) -> Option<Collection<'h>> {
        let _ = history;
        None
    }

    /// See [`Model::about`].
    fn about(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> About {
        let _ = (op, ret);
        About::All
    }

    /// See [`Model::about_holds_from`].
    fn about_holds_from(&self, state: &Self::State) -> bool {
        *state == self.initial()
    }

    /// What the operation would return in this state, to be told to a person. `None` where it cannot be said.
    fn would_return(&self, state: &Self::State, op: &Self::Op) -> Option<Self::Ret> {
        let _ = (state, op);
        None
    }
}

impl<M: Model> Specification for M {
    type Op = M::Op;
    type Ret = M::Ret;
    type State = M::State;

    fn initial(&self) -> Self::State {
        Model::initial(self)
    }

    #[inline]
    fn step(
        &self,
        state: &Self::State,
        op: &Self::Op,
        ret: Option<&Self::Ret>,
        mut next: impl FnMut(Self::State),
    ) {
        let mut state = state.clone();
        let returned = self.apply(&mut state, op);
        if ret.is_none_or(|ret| self.agrees(&returned, ret)) {
            next(state);
        }
    }

    fn follow(&self, state: &mut Self::State, op: &Self::Op, _ret: Option<&Self::Ret>) {
        self.apply(state, op);
    }

    fn is_deterministic(&self) -> bool {
        true
    }

    fn is_read(&self, op: &Self::Op) -> bool {
        Model::is_read(self, op)
    }

    fn changes_nothing(&self, op: &Self::Op, ret: &Self::Ret) -> bool {
        Model::changes_nothing(self, op, ret)
    }

    fn part(&self, op: &Self::Op) -> Option<u64> {
        Model::part(self, op)
    }

    fn overwrites(&self, state: &Self::State, op: &Self::Op, earlier: &Self::Op) -> bool {
        Model::overwrites(self, state, op, earlier)
    }

    fn looks_ahead(&self) -> bool {
        Model::looks_ahead(self)
    }

    fn look_ahead(
        &self,
        state: &mut Self::State,
        next: (&Self::Op, &Self::Ret),
        between: &mut dyn Iterator<Item = (&Self::Op, Option<&Self::Ret>)>,
    ) -> bool {
        Model::look_ahead(self, state, next, between)
    }

    fn collection<'h>(
        &'h self,
        history: &'h History<Self::Op, Self::Ret>,
    ) -> Option<Collection<'h>> {
        Model::collection(self, history)
    }

    fn about(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> About {
        Model::about(self, op, ret)
    }

    fn about_holds_from(&self, state: &Self::State) -> bool {
        Model::about_holds_from(self, state)
    }

    fn would_return(&self, state: &Self::State, op: &Self::Op) -> Option<Self::Ret> {
        Some(self.apply(&mut state.clone(), op))
    }
}
