//! What must hold of any small violation: shrunk, it is one still, whatever is put back, and it can be told.

use tachograph::explain::{Timeline, shrink};

#[path = "../../tests/check/agreement.rs"]
#[allow(dead_code)]
mod agreement;
#[path = "../../tests/check/families.rs"]
#[allow(dead_code)]
mod families;
#[path = "../../tests/check/oracle.rs"]
#[allow(dead_code)]
mod oracle;
#[path = "../../tests/check/random.rs"]
mod random;
#[path = "../../tests/explain/standing.rs"]
mod standing;

use agreement::{mutate, small};
use families::{
    BoundedQueues, CasRegisters, Counters, Family, Logs, Maps, Mutexes, Pairs, PeekedStacks,
    PriorityQueues, Queues, Registers, Semaphores, Sets, Stacks,
};
use random::{Random, history};
use standing::{EFFORT, assert_shrunk};

/// The first byte says of which model, the others are what the history is drawn from.
pub fn run(bytes: &[u8]) {
    let [family, chosen @ ..] = bytes else {
        return;
    };
    let tests = [
        test::<Registers>,
        test::<CasRegisters>,
        test::<Counters>,
        test::<Maps>,
        test::<Sets>,
        test::<Queues>,
        test::<BoundedQueues>,
        test::<PriorityQueues>,
        test::<Stacks>,
        test::<PeekedStacks>,
        test::<Mutexes>,
        test::<Semaphores>,
        test::<Logs>,
        test::<Pairs>,
    ];
    tests[usize::from(*family) % tests.len()](&mut Random::chosen(chosen));
}

fn test<F: Family>(random: &mut Random) {
    let model = F::model();
    let shape = small(random);
    let history = history(&model, &shape, random, F::op);
    let history = mutate::<F>(history, random);
    if !assert_shrunk(&model, &history, &F::NAME) {
        return;
    }
    let shrunk = shrink(&model, &history, &EFFORT).expect("it was a violation just now");
    let told = Timeline::new(&shrunk.history)
        .numbers(&shrunk.indices)
        .explain(&model, &shrunk.report)
        .to_string();
    let width = told.lines().map(|line| line.chars().count()).max();
    assert!(told.contains("nothing explains"), "{told}");
    assert!(width.is_some_and(|width| width < 1000), "{told}");
}
