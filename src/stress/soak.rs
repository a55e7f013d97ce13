//! A long test of one object, in pieces.
//!
//! The invariant: a piece is judged only from a state that the object is known to be in when the piece begins. Between two
//! pieces nothing is open. So whatever linearizes the whole history linearizes each piece by itself, and where
//! only one state is possible between them, the other way round too: to judge the pieces is to judge the whole.

use super::{Settle, object::Share};
use crate::{
    history::History,
    model::{About, Collection, Specification},
};

/// A specification of an object that is in this state at first.
pub(super) struct From<'s, S: Specification> {
    pub(super) specification: &'s S,
    pub(super) state: S::State,
}

impl<'s, S: Specification> From<'s, S> {
    pub(super) fn initial(specification: &'s S) -> Self {
        Self {
            specification,
            state: specification.initial(),
        }
    }

    /// In this state, or, if there is none, in the first.
    pub(super) fn since(specification: &'s S, since: Option<&S::State>) -> Self {
        match since {
            Some(state) => Self {
                specification,
                state: state.clone(),
            },
            None => Self::initial(specification),
        }
    }
}

impl<S: Specification> Specification for From<'_, S> {
    type Op = S::Op;
    type Ret = S::Ret;
    type State = S::State;

    fn initial(&self) -> S::State {
        self.state.clone()
    }

    fn step(&self, state: &S::State, op: &S::Op, ret: Option<&S::Ret>, next: impl FnMut(S::State)) {
        self.specification.step(state, op, ret, next);
    }

    fn follow(&self, state: &mut S::State, op: &S::Op, ret: Option<&S::Ret>) {
        self.specification.follow(state, op, ret);
    }

    fn is_deterministic(&self) -> bool {
        self.specification.is_deterministic()
    }

    fn is_read(&self, op: &S::Op) -> bool {
        self.specification.is_read(op)
    }

    fn changes_nothing(&self, op: &S::Op, ret: &S::Ret) -> bool {
        self.specification.changes_nothing(op, ret)
    }

    fn part(&self, op: &S::Op) -> Option<u64> {
        self.specification.part(op)
    }

    fn overwrites(&self, state: &Self::State, op: &S::Op, earlier: &S::Op) -> bool {
        self.specification.overwrites(state, op, earlier)
    }

    fn looks_ahead(&self) -> bool {
        self.specification.looks_ahead()
    }

    fn look_ahead(
        &self,
        state: &mut S::State,
        next: (&S::Op, &S::Ret),
        between: &mut dyn Iterator<Item = (&S::Op, Option<&S::Ret>)>,
    ) -> bool {
        self.specification.look_ahead(state, next, between)
    }

    fn collection<'h>(&'h self, history: &'h History<S::Op, S::Ret>) -> Option<Collection<'h>> {
        // They are empty at first.
        (self.state == self.specification.initial())
            .then(|| self.specification.collection(history))
            .flatten()
    }

    fn about(&self, op: &S::Op, ret: Option<&S::Ret>) -> About {
        match self.specification.about_holds_from(&self.state) {
            true => self.specification.about(op, ret),
            false => About::All,
        }
    }

    fn would_return(&self, state: &S::State, op: &S::Op) -> Option<S::Ret> {
        self.specification.would_return(state, op)
    }
}

/// Runs what settles the object, one operation after the other, until there is none. The last one is left in `last`, with what it
/// returned.
///
/// No more than `most`: an object that is broken may never come to an end. Then it is not settled, which is found out.
pub(super) fn settle<O, R>(
    settle: &Settle<O, R>,
    most: usize,
    last: &mut Option<(O, Option<R>)>,
    mut run: impl FnMut(&O) -> R,
) {
    for _ in 0..most {
        let before = last
            .as_ref()
            .and_then(|(op, ret)| Some((op, ret.as_ref()?)));
        let Some(op) = settle(before) else {
            return;
        };
        let (op, ret) = last.insert((op, None));
        *ret = Some(run(op));
    }
}

/// The object that is kept.
pub(super) struct Kept<T> {
    object: Option<Share<T>>,
    /// How many there were before. What is under way may be of one of these.
    pub(super) number: u64,
}

impl<T> Kept<T> {
    pub(super) fn new() -> Self {
        Self {
            object: None,
            number: 0,
        }
    }

    pub(super) fn object(&mut self, make: impl FnOnce() -> T) -> Share<T> {
        let object = self.object.get_or_insert_with(|| Share::new(make()));
        object.clone()
    }

    /// Nobody knows its state any more, or needs it: from now on there is another one. Returns what it said if it panicked.
    pub(super) fn give_up(&mut self) -> Option<String> {
        self.number += 1;
        self.object.take()?.give_up()
    }
}

#[cfg(test)]
mod tests {
    use super::From;
    use crate::model::{About, Queue, Register, Specification, queue, register};

    /// A queue's values are missed where they were in before: what came out behind them would come out first.
    #[test]
    fn values_can_be_left_out_from_where_the_model_says_so() {
        let queue = Queue::<u8>::new();
        let about = |state: &[u8]| {
            let state = state.iter().copied().collect();
            let specification = &queue;
            let from = From {
                specification,
                state,
            };
            from.about(&queue::Op::Enqueue(3), None)
        };
        assert_eq!(about(&[]), About::value(&3_u8));
        assert_eq!(about(&[1, 2]), About::All);

        let register = Register::<u8>::new();
        let from = From {
            specification: &register,
            state: Some(1),
        };
        assert_eq!(
            from.about(&register::Op::Write(2), None),
            About::value(&2_u8)
        );
    }
}
