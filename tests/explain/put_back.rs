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
use tachograph::model::Specification;

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
