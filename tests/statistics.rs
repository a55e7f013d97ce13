//! Counts and measures of a history against slow, obvious ones.
#![cfg(all(not(loom), feature = "statistics"))]

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use proptest::prelude::*;
use tachograph::{Event, EventKind, History, HistoryBuilder, ProcessId, Recorder};

const NAMES: [&str; 3] = ["read", "write", "cas"];

fn name(op: &usize) -> Cow<'_, str> {
    NAMES[*op].into()
}

/// From nanoseconds to hours.
fn any_gap() -> impl Strategy<Value = u64> {
    (0u32..42, any::<u64>()).prop_map(|(bits, number)| number % (1 << bits))
}

/// Whether a quantile is the expected time, to three significant digits.
fn near(found: Duration, expected: Duration) -> bool {
    let (found, expected) = (found.as_nanos() as f64, expected.as_nanos() as f64);
    (found - expected).abs() <= expected / 1000.0
}

/// Steps of four processes: each invokes if it is idle, and completes in one of three ways if it is not.
fn any_history() -> impl Strategy<Value = History<usize, u8>> {
    let step = (0u64..4, 0..3usize, any_gap(), prop::bool::weighted(0.1));
    prop::collection::vec(step, 0..60).prop_map(|steps| {
        let mut builder = HistoryBuilder::new();
        let mut ids = [0, 1, 2, 3].map(ProcessId);
        let mut now = 0;
        for (slot, choice, later, mark) in steps {
            now += later;
            let process = ids[slot as usize];
            let kind = match (builder.open(process).is_some(), choice) {
                _ if mark => EventKind::Mark("mark".into()),
                (false, op) => EventKind::Invoke(op),
                (true, 0) => EventKind::Ok(7),
                (true, 1) => EventKind::Fail,
                (true, _) => {
                    ids[slot as usize].0 += 4;
                    EventKind::Info
                }
            };
            builder.push(Event {
                index: builder.len() as u64,
                process,
                time: Some(Duration::from_nanos(now)),
                kind,
                error: None,
            });
        }
        builder.finish().unwrap()
    })
}

proptest! {
    #[test]
    fn statistics_are_what_counting_gives(history in any_history()) {
        let statistics = history.statistics(name);
        let count = |wanted: fn(&EventKind<&usize, &u8, &str>) -> bool| {
            history.events().filter(|event| wanted(&event.kind)).count() as u64
        };
        let kinds = statistics.kinds;
        prop_assert_eq!(statistics.events, history.len() as u64);
        prop_assert_eq!(kinds.invoke, count(|kind| kind.is_invoke()));
        prop_assert_eq!(kinds.ok, count(|kind| kind.is_ok()));
        prop_assert_eq!(kinds.fail, count(|kind| kind.is_fail()));
        prop_assert_eq!(kinds.info, count(|kind| kind.is_info()));
        prop_assert_eq!(kinds.mark, count(|kind| kind.is_mark()));
        prop_assert_eq!(statistics.open, kinds.invoke - kinds.ok - kinds.fail - kinds.info);

        let clients: Vec<_> = history.events().filter(|event| !event.kind.is_mark()).collect();
        let processes: BTreeSet<_> = clients.iter().map(|event| event.process).collect();
        prop_assert_eq!(statistics.processes, processes.len() as u64);
        let open_after: Vec<u64> = (1..=clients.len())
            .map(|end| {
                let invoked = clients[..end].iter().filter(|event| event.kind.is_invoke()).count();
                let completed = end - invoked;
                (invoked - completed) as u64
            })
            .collect();
        prop_assert_eq!(statistics.highest_concurrency, open_after.iter().copied().max().unwrap_or(0));
        let gaps = &open_after[..open_after.len().saturating_sub(1)];
        let mean = gaps.iter().sum::<u64>() as f64 / gaps.len().max(1) as f64;
        prop_assert!((statistics.mean_concurrency - mean).abs() < 1e-9);

        let latencies = |wanted: Option<usize>| -> Vec<Duration> {
            let mut all: Vec<_> = history
                .operations()
                .filter(|operation| wanted.is_none_or(|wanted| *operation.op == wanted))
                .filter(|operation| !history.get(operation.completion.unwrap_or(0)).unwrap().kind.is_info())
                .filter_map(|operation| operation.latency())
                .collect();
            all.sort();
            all
        };
        for wanted in [None, Some(0), Some(1), Some(2)] {
            let expected = latencies(wanted);
            let found = match wanted {
                None => statistics.latency,
                Some(op) => statistics.by_operation.get(NAMES[op]).and_then(|it| it.latency),
            };
            prop_assert_eq!(found.map_or(0, |it| it.count), expected.len() as u64);
            if let Some(found) = found {
                prop_assert_eq!(found.min, expected[0]);
                prop_assert_eq!(found.max, *expected.last().unwrap());
                let rank = |quantile: f64| {
                    let rank = (quantile * expected.len() as f64).ceil() as usize;
                    expected[rank.max(1) - 1]
                };
                for (found, quantile) in [(found.p50, 0.5), (found.p90, 0.9), (found.p99, 0.99), (found.p999, 0.999)] {
                    prop_assert!(near(found, rank(quantile)), "{:?}, not {:?}", found, rank(quantile));
                    prop_assert!(found <= *expected.last().unwrap());
                }
                let sum: Duration = expected.iter().sum();
                prop_assert_eq!(found.mean, sum / expected.len() as u32);
            }
        }
        for (op, its) in &statistics.by_operation {
            let of_it = history.operations().filter(|operation| name(operation.op) == **op).count() as u64;
            prop_assert_eq!(its.invocations, of_it);
            prop_assert_eq!(its.ok + its.fail + its.info + its.open, of_it);
        }
        let longest = latencies(None).last().copied();
        prop_assert_eq!(statistics.longest.as_ref().and_then(|it| it.latency), longest);
        if let Some(longest) = statistics.longest {
            let operation = history.operation(longest.invocation).unwrap();
            prop_assert_eq!(operation.completion, Some(longest.completion));
            prop_assert_eq!(name(operation.op), longest.name);
        }
    }
}

#[test]
fn without_times_the_longest_operation_spans_the_most_events() {
    let mut builder = HistoryBuilder::new();
    let [a, b] = [0, 1].map(ProcessId);
    builder
        .invoke(b, 1)
        .ok(b, ())
        .invoke(a, 0)
        .invoke(b, 1)
        .ok(b, ())
        .ok(a, ())
        .invoke(b, 1)
        .ok(b, ());
    let statistics = builder.finish().unwrap().statistics(name);
    let longest = statistics.longest.unwrap();
    assert_eq!(
        (
            longest.name.as_str(),
            longest.invocation,
            longest.completion
        ),
        ("read", 2, 5)
    );
    assert_eq!(
        (longest.latency, statistics.latency, statistics.duration),
        (None, None, None)
    );
}

#[test]
fn the_second_piece_of_a_drain_has_statistics_too() {
    let recorder = Recorder::<usize, ()>::new();
    let mut process = recorder.process();
    let call = process.invoke(0);
    assert_eq!(recorder.drain().statistics(name).open, 1);
    call.ok(());
    let statistics = recorder.drain().statistics(name);
    assert_eq!((statistics.kinds.ok, statistics.open), (1, 0));
    assert!(statistics.by_operation.is_empty());
}
