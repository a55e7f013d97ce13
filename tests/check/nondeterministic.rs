//! Objects that may do one of several things, and histories of them.

use std::{cell::RefCell, fmt::Debug, hash::Hash};

use tachograph::{
    History,
    model::{Model, Specification},
};

use super::{
    agreement::{small, with_other_results},
    random::{self, Random},
};

/// A specification, and chance operations and results of it.
pub trait Nondeterministic:
    Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Default + Sync
{
    fn op(random: &mut Random) -> Self::Op;
    fn ret(random: &mut Random) -> Self::Ret;
}

/// Values without an order: what is taken may be any of them.
#[derive(Default)]
pub struct Bag;

#[derive(Clone, Debug, PartialEq)]
pub enum BagOp {
    Put(u8),
    Take,
}

impl Specification for Bag {
    type Op = BagOp;
    /// What was taken, if there was something; of what was put in, nothing.
    type Ret = Option<u8>;
    type State = Vec<u8>;

    fn initial(&self) -> Vec<u8> {
        Vec::new()
    }

    fn step(
        &self,
        state: &Vec<u8>,
        op: &BagOp,
        ret: Option<&Option<u8>>,
        mut next: impl FnMut(Vec<u8>),
    ) {
        let allows = |returned| ret.is_none_or(|ret| *ret == returned);
        match *op {
            BagOp::Put(value) if allows(None) => {
                let mut more = state.clone();
                more.insert(more.partition_point(|&it| it < value), value);
                next(more);
            }
            BagOp::Put(_) => {}
            BagOp::Take if state.is_empty() && allows(None) => next(Vec::new()),
            BagOp::Take => {
                for place in (0..state.len()).filter(|&place| allows(Some(state[place]))) {
                    let mut less = state.clone();
                    less.remove(place);
                    next(less);
                }
            }
        }
    }

    fn changes_nothing(&self, op: &BagOp, ret: &Option<u8>) -> bool {
        *op == BagOp::Take && ret.is_none()
    }
}

impl Nondeterministic for Bag {
    fn op(random: &mut Random) -> BagOp {
        match random.below(2) {
            0 => BagOp::Take,
            _ => BagOp::Put(random.below(3) as u8),
        }
    }

    fn ret(random: &mut Random) -> Option<u8> {
        (!random.one_in(3)).then(|| random.below(3) as u8)
    }
}

/// A number that grows by one or by two when something is added, and nobody is told by which: what it holds tells nothing
/// else than how often that was.
#[derive(Default)]
pub struct Estimate;

#[derive(Clone, Debug, PartialEq)]
pub enum EstimateOp {
    Add,
    Get,
}

impl Specification for Estimate {
    type Op = EstimateOp;
    type Ret = u8;
    type State = u8;

    fn initial(&self) -> u8 {
        0
    }

    fn step(&self, state: &u8, op: &EstimateOp, ret: Option<&u8>, next: impl FnMut(u8)) {
        let (then, returned) = match op {
            EstimateOp::Add => (state + 1..=state + 2, 0),
            EstimateOp::Get => (*state..=*state, *state),
        };
        if ret.is_none_or(|ret| *ret == returned) {
            then.for_each(next);
        }
    }

    fn is_read(&self, op: &EstimateOp) -> bool {
        *op == EstimateOp::Get
    }
}

impl Nondeterministic for Estimate {
    fn op(random: &mut Random) -> EstimateOp {
        match random.below(2) {
            0 => EstimateOp::Add,
            _ => EstimateOp::Get,
        }
    }

    fn ret(random: &mut Random) -> u8 {
        random.below(15) as u8
    }
}

/// An object that does any of what it may do.
struct Any<S> {
    specification: S,
    random: RefCell<Random>,
}

impl<S: Nondeterministic<State: Clone + Eq + Hash + Debug>> Model for Any<S> {
    type Op = S::Op;
    type Ret = S::Ret;
    type State = S::State;

    fn initial(&self) -> S::State {
        self.specification.initial()
    }

    fn apply(&self, state: &mut S::State, op: &S::Op) -> S::Ret {
        let random = &mut *self.random.borrow_mut();
        loop {
            let ret = S::ret(random);
            let mut states = Vec::new();
            (self.specification).step(state, op, Some(&ret), |next| states.push(next));
            if !states.is_empty() {
                *state = states.swap_remove(random.below(states.len() as u64) as usize);
                return ret;
            }
        }
    }
}

/// Few operations of the object, most often with some results changed to others.
pub fn history<S: Nondeterministic>(random: &mut Random) -> History<S::Op, S::Ret> {
    let object = Any {
        specification: S::default(),
        random: RefCell::new(Random::new(random.next())),
    };
    let history = random::history(&object, &small(random), random, S::op);
    match random.one_in(4) {
        true => history,
        false => with_other_results(history, random, S::ret),
    }
}
