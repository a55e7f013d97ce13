//! The checker and the oracle on the same history.

use std::fmt::Debug;

use tachograph::{Event, EventKind, History, check::Verdict};

use super::{
    families::{Family, HistoryOf, Maps, Pairs, Sets},
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
    let events = history.into_events().map(|event| {
        let kind = match event.kind {
            EventKind::Ok(_) if random.one_in(3) => EventKind::Ok(F::ret(random)),
            kind => kind,
        };
        Event { kind, ..event }
    });
    History::from_events(events).unwrap()
}

/// A verdict and what goes with it.
pub fn assert_right<F: Family>(history: &HistoryOf<F>, context: &dyn Debug) -> bool {
    let model = F::model();
    let context = || format!("{}, {context:?}:\n{history}", F::NAME);
    let expected = oracle::is_linearizable(&model, history);
    match F::check(history).verdict {
        Verdict::Linearizable(witness) => {
            assert!(expected, "a violation was missed: {}", context());
            if let Err(flaw) = witness.validate(&model, history) {
                panic!("{flaw} in {witness:?}: {}", context());
            }
        }
        Verdict::Violation(violation) => {
            assert!(!expected, "a false alarm: {violation}\n{}", context());
            let event = violation.event;
            let mut prefix = history.clone();
            prefix.truncate(event + 1);
            assert!(
                !oracle::is_linearizable(&model, &prefix),
                "event {event} is too early: {}",
                context()
            );
            prefix.truncate(event);
            assert!(
                oracle::is_linearizable(&model, &prefix),
                "event {event} is too late: {}",
                context()
            );
            assert_eq!(history.invocation(event), Some(violation.invocation));
            if !violation.prefix.order.is_empty()
                && F::NAME != Pairs::NAME
                && F::NAME != Maps::NAME
                && F::NAME != Sets::NAME
            {
                violation
                    .prefix
                    .validate(&model, &prefix)
                    .unwrap_or_else(|flaw| panic!("{flaw} in the prefix: {}", context()));
            }
        }
        Verdict::Unknown(reason) => panic!("{reason}: {}", context()),
    }
    expected
}
