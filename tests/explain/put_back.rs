//! Small violations of each model: whatever is put back of what was left out of them, they are violations.

use crate::{
    agreement,
    families::{
        BoundedQueues, CasRegisters, Counters, Family, Logs, Maps, MixedMaps, Mutexes, Pairs,
        PeekedStacks, PriorityQueues, Queues, Registers, Semaphores, Sets, Snapshots, Stacks,
    },
    nondeterministic::{self, Bag, Estimate},
    random::{self, Random},
    standing::{HistoryOf, assert_shrunk},
};
use tachograph::model::{About, Model, Specification};

/// More are tried with the checker. Here each takes the checks of all that can be put back.
const HISTORIES: u64 = 4000;

fn shrink_to_what_stands<F: Family>() {
    let model = F::model();
    all_shrink(&model, |random| {
        let shape = agreement::small(random);
        let history = random::history(&model, &shape, random, F::op);
        agreement::mutate::<F>(history, random)
    });
}

fn all_shrink<S>(specification: &S, history: impl Fn(&mut Random) -> HistoryOf<S>)
where
    S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    let is_violation =
        |&seed: &u64| assert_shrunk(specification, &history(&mut Random::new(seed)), &seed);
    let violations = (0..HISTORIES).filter(is_violation).count() as u64;
    assert!(violations > HISTORIES / 10, "only {violations} violations");
}

#[test]
fn objects_that_may_do_one_of_several_things_are_shrunk_to_what_stands() {
    all_shrink(&Bag, nondeterministic::history::<Bag>);
    all_shrink(&Estimate, nondeterministic::history::<Estimate>);
}

/// An object that begins in some other state.
struct Begun<M: Model>(M, M::State);

impl<M: Model> Model for Begun<M> {
    type Op = M::Op;
    type Ret = M::Ret;
    type State = M::State;

    fn initial(&self) -> M::State {
        self.1.clone()
    }

    fn apply(&self, state: &mut M::State, op: &M::Op) -> M::Ret {
        self.0.apply(state, op)
    }

    fn agrees(&self, returned: &M::Ret, recorded: &M::Ret) -> bool {
        self.0.agrees(returned, recorded)
    }

    fn is_read(&self, op: &M::Op) -> bool {
        self.0.is_read(op)
    }

    fn about(&self, op: &M::Op, ret: Option<&M::Ret>) -> About {
        match self.0.about_holds_from(&self.1) {
            true => self.0.about(op, ret),
            false => About::All,
        }
    }
}

fn shrink_to_what_stands_from_any_state<F: Family>()
where
    F::Model: Model<State: Sync>,
{
    let mut random = Random::new(1);
    for _ in 0..3 {
        let model = F::model();
        let mut state = Model::initial(&model);
        while state == Model::initial(&model) {
            model.apply(&mut state, &F::op(&mut random));
        }
        (0..2).for_each(|_| drop(model.apply(&mut state, &F::op(&mut random))));
        let begun = Begun(model, state);
        all_shrink(&begun, |random| {
            let shape = agreement::small(random);
            let history = random::history(&begun, &shape, random, F::op);
            agreement::mutate::<F>(history, random)
        });
    }
}

#[test]
fn what_begins_in_another_state_is_shrunk_to_what_stands() {
    shrink_to_what_stands_from_any_state::<Registers>();
    shrink_to_what_stands_from_any_state::<CasRegisters>();
    shrink_to_what_stands_from_any_state::<Maps>();
    shrink_to_what_stands_from_any_state::<Sets>();
    shrink_to_what_stands_from_any_state::<Snapshots>();
    shrink_to_what_stands_from_any_state::<Queues>();
    shrink_to_what_stands_from_any_state::<PriorityQueues>();
}

#[test]
fn registers_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Registers>();
}

#[test]
fn cas_registers_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<CasRegisters>();
}

#[test]
fn maps_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Maps>();
}

#[test]
fn maps_of_one_key_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<MixedMaps>();
}

#[test]
fn counters_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Counters>();
}

#[test]
fn sets_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Sets>();
}

#[test]
fn queues_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Queues>();
}

#[test]
fn bounded_queues_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<BoundedQueues>();
}

#[test]
fn stacks_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Stacks>();
}

#[test]
fn stacks_with_peeks_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<PeekedStacks>();
}

#[test]
fn priority_queues_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<PriorityQueues>();
}

#[test]
fn mutexes_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Mutexes>();
}

#[test]
fn semaphores_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Semaphores>();
}

#[test]
fn logs_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Logs>();
}

#[test]
fn snapshots_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Snapshots>();
}

#[test]
fn objects_with_parts_are_shrunk_to_what_stands() {
    shrink_to_what_stands::<Pairs>();
}
