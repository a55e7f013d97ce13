//! What must hold of any small history: the checker says what all orders tried one after the other say.

use tachograph::check::{self, Budget, Verdict};

use crate::{
    agreement::{assert_right, mutate, small},
    families::{
        BoundedQueues, CasRegisters, Counters, Family, HistoryOf, Logs, Maps, MixedMaps, Mutexes,
        Pairs, PeekedStacks, PriorityQueues, Queues, Registers, Semaphores, Sets, Snapshots,
        Stacks,
    },
    oracle,
    random::{Random, history},
};

/// The first byte says of which model, the second what a check may cost, the others are what the history is drawn from.
pub fn run(bytes: &[u8]) {
    let [family, cost, chosen @ ..] = bytes else {
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
        test::<Snapshots>,
        test::<MixedMaps>,
    ];
    tests[usize::from(*family) % tests.len()](&mut Random::chosen(chosen), *cost);
}

fn test<F: Family>(random: &mut Random, cost: u8) {
    let shape = small(random);
    let mut history = history(&F::model(), &shape, random, F::op);
    if !random.one_in(4) {
        history = mutate::<F>(history, random);
    }
    let is_linearizable = assert_right::<F>(&history, &"chosen");
    a_budget_changes_no_verdict::<F>(&history, is_linearizable, cost);
    // What is linearizable is all the more sequentially consistent.
    let expected = oracle::is_sequentially_consistent(&F::model(), &history);
    let found = check::sequentially_consistent(&F::model(), &history, &Budget::unlimited()).verdict;
    assert_eq!(found.is_linearizable(), expected, "{history}");
    assert_eq!(found.is_violation(), !expected, "{history}");
    if let Verdict::Linearizable(witness) = found {
        let valid = witness.validate_sequential(&F::model(), &history);
        assert_eq!(valid, Ok(()), "{history}");
    }
    assert!(expected || !is_linearizable, "{history}");
}

fn a_budget_changes_no_verdict<F: Family>(history: &HistoryOf<F>, is_linearizable: bool, cost: u8) {
    let budget = Budget::unlimited().configurations(cost.into());
    match check::linearizable(&F::model(), history, &budget).verdict {
        Verdict::Linearizable(_) => assert!(is_linearizable, "{history}"),
        Verdict::Violation(_) => assert!(!is_linearizable, "{history}"),
        Verdict::Unknown(_) => {}
    }
}
