//! What must hold of any small violation: shrunk, it is one still, whatever is put back, and it can be told.

use tachograph::explain::shrink;

use crate::{
    agreement::{mutate, small},
    families::{
        CasRegisters, Counters, Family, Maps, Mutexes, PeekedStacks, PriorityQueues, Queues,
        Registers, Sets, Snapshots,
    },
    random::{Random, history},
    standing::{EFFORT, assert_shrunk},
};

/// The first byte says of which model, the others are what the history is drawn from. Returns whether that was a violation.
pub fn run(bytes: &[u8]) -> bool {
    let [family, chosen @ ..] = bytes else {
        return false;
    };
    // Not all models: each makes the target larger, and what is tested knows little of them.
    let tests = [
        test::<Registers>,
        test::<CasRegisters>,
        test::<Maps>,
        test::<Queues>,
        test::<PriorityQueues>,
        test::<PeekedStacks>,
        test::<Sets>,
        test::<Mutexes>,
        test::<Counters>,
        test::<Snapshots>,
    ];
    tests[usize::from(*family) % tests.len()](&mut Random::chosen(chosen))
}

fn test<F: Family>(random: &mut Random) -> bool {
    let model = F::model();
    let shape = small(random);
    let history = history(&model, &shape, random, F::op);
    let history = mutate::<F>(history, random);
    if !assert_shrunk(&model, &history, &F::NAME) {
        return false;
    }
    let shrunk = shrink(&model, &history, &EFFORT).expect("it was a violation just now");
    let told = shrunk.timeline(&model, &history).to_string();
    let width = told.lines().map(|line| line.chars().count()).max();
    assert!(told.contains("nothing explains"), "{told}");
    assert!(width.is_some_and(|width| width < 1000), "{told}");
    true
}
