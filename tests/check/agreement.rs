//! The checker and the oracle on the same history.

use std::fmt::Debug;

use tachograph::{
    Event, EventKind, History, ProcessId,
    check::{Budget, Verdict},
    model::Specification,
};

use super::{
    families::{Family, HistoryOf},
    oracle,
    random::{Random, Shape},
};

/// A history that the oracle is through with soon.
pub fn small(random: &mut Random) -> Shape {
    Shape {
        processes: 1 + random.below(4),
        operations: 1 + random.below(7),
        info: [0, 2, 4][random.below(3) as usize],
        fail: [0, 4][random.below(2) as usize],
        open_ends: random.one_in(2),
    }
}

/// The same history with some results changed to others.
pub fn mutate<F: Family>(history: HistoryOf<F>, random: &mut Random) -> HistoryOf<F> {
    with_other_results(history, random, F::ret)
}

/// The same, where this is what they are changed to.
pub fn with_other_results<O, R>(
    history: History<O, R>,
    random: &mut Random,
    other: impl Fn(&mut Random) -> R,
) -> History<O, R> {
    let events = history.into_events().map(|event| {
        let kind = match event.kind {
            EventKind::Ok(_) if random.one_in(3) => EventKind::Ok(other(random)),
            kind => kind,
        };
        Event { kind, ..event }
    });
    History::from_events(events).unwrap()
}

/// What a history begins with, without the operations of other parts than that of this event, if all of the history have one:
/// marks are in their places.
fn in_the_part_of<S: Specification>(
    event: u64,
    specification: &S,
    history: &History<S::Op, S::Ret>,
    prefix: History<S::Op, S::Ret>,
) -> History<S::Op, S::Ret> {
    let part = |op| specification.part(op);
    if history.operations().any(|its| part(its.op).is_none()) {
        return prefix;
    }
    let part = |index| part(history.operation(index).unwrap().op);
    let events = prefix
        .into_events()
        .map(|its| match part(its.index) == part(event) {
            true => its,
            false => Event {
                process: ProcessId::NEMESIS,
                kind: EventKind::Mark("another part".into()),
                ..its
            },
        });
    History::from_events(events).unwrap()
}

/// A verdict and what goes with it.
pub fn assert_right<F: Family>(history: &HistoryOf<F>, context: &dyn Debug) -> bool {
    let model = F::model();
    let context = || format!("{}, {context:?}:\n{history}", F::NAME);
    let expected = oracle::is_linearizable(&model, history);
    // Small as they are, they are decided by the first form of the search, unless that is impatient.
    for budget in [Budget::unlimited(), Budget::unlimited().impatient()] {
        let verdict = F::check(history, &budget).verdict;
        assert_so(&model, history, expected, &verdict, &context);
    }
    expected
}

/// The verdict is the expected one, and its order or its event the right one.
pub fn assert_so<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    expected: bool,
    verdict: &Verdict<S::State>,
    context: &dyn Fn() -> String,
) where
    S: Specification<Op: Clone, Ret: Clone>,
{
    match verdict {
        Verdict::Linearizable(witness) => {
            assert!(expected, "a violation was missed: {}", context());
            if let Err(flaw) = witness.validate(specification, history) {
                panic!("{flaw} in {witness:?}: {}", context());
            }
        }
        Verdict::Violation(violation) => {
            assert!(!expected, "a false alarm: {violation}\n{}", context());
            let event = violation.event;
            let mut prefix = history.clone();
            prefix.truncate(event + 1);
            assert!(
                !oracle::is_linearizable(specification, &prefix),
                "event {event} is too early: {}",
                context()
            );
            prefix.truncate(event);
            assert!(
                oracle::is_linearizable(specification, &prefix),
                "event {event} is too late: {}",
                context()
            );
            assert_eq!(history.invocation(event), Some(violation.invocation));
            let prefix = in_the_part_of(event, specification, history, prefix);
            if let Err(flaw) = violation.prefix.validate(specification, &prefix) {
                panic!("{flaw} in the prefix {:?}: {}", violation.prefix, context());
            }
        }
        Verdict::Unknown(reason) => panic!("{reason}: {}", context()),
    }
}
