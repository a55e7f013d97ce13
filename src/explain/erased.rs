//! One specification in the place of all of them, so that the search for what is left of a history is compiled once, and not a second
//! time for each specification.
//!
//! Operations are known by their places, and states by where they are kept.

use std::{
    cell::RefCell,
    fmt::{self, Debug},
    hash::{Hash, Hasher},
};

use crate::{
    history::{Operation, Outcome},
    model::Specification,
};

/// An object of which is not known what its operations and states are.
pub(super) trait Object {
    fn initial(&self) -> usize;

    /// See [`Specification::step`], of what the operation returned if that `is_known`.
    fn step(&self, state: usize, operation: usize, is_known: bool, next: &mut dyn FnMut(usize));

    fn is_read(&self, operation: usize) -> bool;

    /// See [`Specification::changes_nothing`], of what it returned, which is known.
    fn changes_nothing(&self, operation: usize) -> bool;

    fn would_return(&self, state: usize, operation: usize) -> Option<Box<dyn Debug + '_>>;

    fn are_equal(&self, one: usize, other: usize) -> bool;

    /// Of what they returned, which is known.
    fn are_rets_equal(&self, one: usize, other: usize) -> bool;

    fn op(&self, operation: usize) -> &dyn Debug;

    /// What it returned, which is known.
    fn ret(&self, operation: usize) -> &dyn Debug;

    /// The state is there once more.
    fn keep(&self, state: usize);

    /// Forgets the state, unless it is there more often.
    fn give_back(&self, state: usize);

    fn are_states_equal(&self, one: usize, other: usize) -> bool;

    fn hash_state(&self, state: usize, hasher: &mut dyn Hasher);

    fn fmt_state(&self, state: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// The object of this specification, that begins in this state, and these operations.
pub(super) struct Erased<'a, 'h, S: Specification> {
    specification: &'a S,
    initial: &'a S::State,
    operations: &'a [Operation<'h, S::Op, S::Ret>],
    states: RefCell<States<S::State>>,
}

impl<'a, 'h, S: Specification> Erased<'a, 'h, S> {
    pub(super) fn new(
        specification: &'a S,
        initial: &'a S::State,
        operations: &'a [Operation<'h, S::Op, S::Ret>],
    ) -> Self {
        Self {
            specification,
            initial,
            operations,
            states: RefCell::new(States {
                kept: Vec::new(),
                free: Vec::new(),
            }),
        }
    }

    /// The state as the specification has it.
    pub(super) fn state(&self, state: &State<'_>) -> S::State {
        self.states.borrow().get(state.at).clone()
    }
}

impl<S: Specification> Object for Erased<'_, '_, S> {
    fn initial(&self) -> usize {
        let initial = self.initial.clone();
        self.states.borrow_mut().add(initial)
    }

    fn step(&self, state: usize, operation: usize, is_known: bool, next: &mut dyn FnMut(usize)) {
        let Operation { op, outcome, .. } = self.operations[operation];
        let ret = outcome.ok().filter(|_| is_known);
        let (mut first, mut more) = (None, Vec::new()); // mostly there is one
        let keep = |state| match first {
            None => first = Some(state),
            Some(_) => more.push(state),
        };
        let states = self.states.borrow();
        self.specification.step(states.get(state), op, ret, keep);
        drop(states);
        for state in first.into_iter().chain(more) {
            let state = self.states.borrow_mut().add(state);
            next(state);
        }
    }

    fn is_read(&self, operation: usize) -> bool {
        self.specification.is_read(self.operations[operation].op)
    }

    fn changes_nothing(&self, operation: usize) -> bool {
        changes_nothing(self.specification, &self.operations[operation])
    }

    fn would_return(&self, state: usize, operation: usize) -> Option<Box<dyn Debug + '_>> {
        let (states, op) = (self.states.borrow(), self.operations[operation].op);
        let would = self.specification.would_return(states.get(state), op);
        would.map(|ret| Box::new(ret) as _)
    }

    fn are_equal(&self, one: usize, other: usize) -> bool {
        self.operations[one].op == self.operations[other].op
    }

    fn are_rets_equal(&self, one: usize, other: usize) -> bool {
        let ret = |operation: usize| self.operations[operation].outcome.ok();
        ret(one) == ret(other)
    }

    fn op(&self, operation: usize) -> &dyn Debug {
        &self.operations[operation].op
    }

    fn ret(&self, operation: usize) -> &dyn Debug {
        match &self.operations[operation].outcome {
            Outcome::Ok(ret) => ret,
            _ => unreachable!("it is asked only for what is known"),
        }
    }

    fn keep(&self, state: usize) {
        self.states.borrow_mut().kept[state].times += 1;
    }

    fn give_back(&self, state: usize) {
        let last = self.states.borrow_mut().give_back(state);
        drop(last); // it is the user's: nothing is borrowed any more
    }

    fn are_states_equal(&self, one: usize, other: usize) -> bool {
        let states = self.states.borrow();
        one == other || states.get(one) == states.get(other)
    }

    fn hash_state(&self, state: usize, mut hasher: &mut dyn Hasher) {
        self.states.borrow().get(state).hash(&mut hasher);
    }

    fn fmt_state(&self, state: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.states.borrow().get(state).fmt(f)
    }
}

/// Whether the operation never changes any state, whatever it returns, or where it returns what it did.
pub(super) fn changes_nothing<S: Specification>(
    specification: &S,
    Operation { op, outcome, .. }: &Operation<'_, S::Op, S::Ret>,
) -> bool {
    match outcome.ok() {
        Some(ret) => specification.changes_nothing(op, ret),
        None => specification.is_read(op),
    }
}

/// The states that are there, each in its place.
struct States<T> {
    kept: Vec<Kept<T>>,
    /// The places where there is none.
    free: Vec<usize>,
}

struct Kept<T> {
    state: Option<T>,
    /// How often it is there.
    times: usize,
}

impl<T> States<T> {
    fn get(&self, place: usize) -> &T {
        let state = self.kept[place].state.as_ref();
        state.expect("it is kept for as long as it is there")
    }

    fn add(&mut self, state: T) -> usize {
        let kept = Kept {
            state: Some(state),
            times: 1,
        };
        match self.free.pop() {
            Some(place) => {
                self.kept[place] = kept;
                place
            }
            None => {
                self.kept.push(kept);
                self.kept.len() - 1
            }
        }
    }

    fn give_back(&mut self, place: usize) -> Option<T> {
        let kept = &mut self.kept[place];
        kept.times -= 1;
        if kept.times > 0 {
            return None;
        }
        self.free.push(place);
        kept.state.take()
    }
}

/// The specification of an object of which some operations are [loose](super::core::Place::Loose). It does not look ahead, so that
/// states are what they are.
pub(super) struct Within<'a>(pub(super) &'a dyn Object);

/// An operation of the object, by its place.
pub(super) struct Member<'a> {
    pub(super) object: &'a dyn Object,
    pub(super) operation: usize,
    /// Whether it may not be there at all.
    pub(super) is_loose: bool,
}

pub(super) enum Returned<'a> {
    /// What was recorded of the operation at this place.
    Recorded(&'a dyn Object, usize),
    Would(Box<dyn Debug + 'a>),
}

/// A state of the object, by its place.
pub(super) struct State<'a> {
    object: &'a dyn Object,
    at: usize,
}

impl<'a> Specification for Within<'a> {
    type Op = Member<'a>;
    type Ret = Returned<'a>;
    type State = State<'a>;

    fn initial(&self) -> State<'a> {
        State {
            object: self.0,
            at: self.0.initial(),
        }
    }

    fn step(
        &self,
        state: &State<'a>,
        member: &Member<'a>,
        ret: Option<&Returned<'a>>,
        mut next: impl FnMut(State<'a>),
    ) {
        if member.is_loose && ret.is_some() {
            next(state.clone());
        }
        let object = self.0;
        object.step(state.at, member.operation, ret.is_some(), &mut |at| {
            next(State { object, at });
        });
    }

    fn is_read(&self, member: &Member<'a>) -> bool {
        self.0.is_read(member.operation) // loose ones are not there
    }

    fn changes_nothing(&self, member: &Member<'a>, _: &Returned<'a>) -> bool {
        self.0.changes_nothing(member.operation) // neither are these
    }

    fn would_return(&self, state: &State<'a>, member: &Member<'a>) -> Option<Returned<'a>> {
        let would = self.0.would_return(state.at, member.operation);
        would.map(Returned::Would)
    }
}

impl PartialEq for Member<'_> {
    fn eq(&self, other: &Self) -> bool {
        // Loose or not, it means the same where its outcome is unknown.
        self.object.are_equal(self.operation, other.operation)
    }
}

impl PartialEq for Returned<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Recorded(object, one), Self::Recorded(_, other)) => {
                object.are_rets_equal(*one, *other)
            }
            _ => false, // what would be returned is told, and not compared
        }
    }
}

impl Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.op(self.operation).fmt(f)
    }
}

impl Debug for Returned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded(object, operation) => object.ret(*operation).fmt(f),
            Self::Would(ret) => ret.fmt(f),
        }
    }
}

impl Clone for State<'_> {
    fn clone(&self) -> Self {
        self.object.keep(self.at);
        Self { ..*self }
    }
}

impl Drop for State<'_> {
    fn drop(&mut self) {
        self.object.give_back(self.at);
    }
}

impl PartialEq for State<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.object.are_states_equal(self.at, other.at)
    }
}

impl Eq for State<'_> {}

impl Hash for State<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.object.hash_state(self.at, hasher);
    }
}

impl Debug for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt_state(self.at, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::{Budget, linearizable_as_one},
        history::HistoryBuilder,
        model::{Register, register::Op},
    };

    #[test]
    fn states_are_there_for_as_long_as_they_are_used() {
        let mut builder = HistoryBuilder::new();
        for round in 0..100 {
            for process in 0..4 {
                builder.invoke(process, Op::Write(10 * round + process));
            }
            (0..4).for_each(|process| _ = builder.ok(process, None));
            builder.invoke(4, Op::Read).ok(4, Some(10 * round + 1));
        }
        builder.invoke(4, Op::Read).ok(4, Some(7));
        let history = builder.finish().unwrap();
        let (register, operations) = (Register::new(), history.operations().collect::<Vec<_>>());
        let initial = Specification::initial(&register);
        let erased = Erased::new(&register, &initial, &operations);

        let mut builder = HistoryBuilder::new();
        for event in history.events() {
            let place = |index| operations.binary_search_by_key(&index, |its| its.invocation);
            let invocation = history.invocation(event.index).unwrap_or(event.index);
            let operation = place(invocation).unwrap();
            let is_loose = false;
            match event.kind.is_invoke() {
                true => builder.invoke(
                    event.process,
                    Member {
                        object: &erased,
                        operation,
                        is_loose,
                    },
                ),
                false => builder.ok(event.process, Returned::Recorded(&erased, operation)),
            };
        }
        let its_own = builder.finish().unwrap();
        let report = linearizable_as_one(&Within(&erased), &its_own, &Budget::unlimited());
        let there = || {
            let states = erased.states.borrow();
            let there = states
                .kept
                .iter()
                .filter(|kept| kept.state.is_some())
                .count();
            assert_eq!(there + states.free.len(), states.kept.len());
            (there, states.kept.len())
        };
        let (at_the_end, at_once) = there();
        assert!(at_the_end > 0 && at_once < 100, "{at_once} of some 2,000");
        let report = report.map(|state| erased.state(&state));
        assert_eq!(there().0, 0);

        let plain = linearizable_as_one(&register, &history, &Budget::unlimited());
        assert!(plain.verdict.is_violation());
        assert_eq!(
            format!("{:?}", report.verdict),
            format!("{:?}", plain.verdict)
        );
    }
}
