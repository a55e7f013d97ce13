//! The read model against slow, obvious readings of the same events.
#![cfg(not(loom))]

use std::{collections::HashMap, time::Duration};

use proptest::prelude::*;
use tachograph::{
    Breaches, Event, EventKind, History, HistoryBuilder, JoinError, Outcome, ProcessId, Recorder,
    Rule, Text,
};

type Op = (char, u8);
type E = Event<Op, u8>;

/// Any event, whether it fits where it comes or not.
fn any_event() -> impl Strategy<Value = E> {
    let kind = prop_oneof![
        4 => (prop::char::range('a', 'c'), any::<u8>()).prop_map(EventKind::Invoke),
        3 => any::<u8>().prop_map(EventKind::Ok),
        1 => Just(EventKind::Fail),
        1 => Just(EventKind::Info),
        1 => Just(EventKind::Mark(Text::from("mark"))),
    ];
    let process = prop_oneof![
        8 => (0u64..4).prop_map(ProcessId),
        1 => Just(ProcessId(70_000)),
        1 => Just(ProcessId(1 << 59)),
    ];
    let time = prop::option::weighted(0.7, (0u64..50).prop_map(Duration::from_nanos));
    (kind, process, time).prop_map(|(kind, process, time)| Event {
        index: 0,
        process,
        time,
        error: match kind {
            EventKind::Fail => Some(Text::from("why")),
            _ => None,
        },
        kind,
    })
}

fn any_events() -> impl Strategy<Value = Vec<E>> {
    prop::collection::vec(any_event(), 0..40)
}

/// The events that keep the rules, under new indices.
fn sound(events: Vec<E>, start: u64) -> Vec<E> {
    let mut kept: Vec<E> = Vec::new();
    for event in events {
        let before: Vec<&E> = kept
            .iter()
            .filter(|earlier| earlier.process == event.process)
            .collect();
        let crashed = before.iter().any(|earlier| earlier.kind.is_info());
        let last = before.iter().rev().find(|earlier| !earlier.kind.is_mark());
        let open = last.is_some_and(|last| last.kind.is_invoke());
        let late = before
            .iter()
            .filter_map(|earlier| earlier.time)
            .next_back()
            .zip(event.time)
            .is_some_and(|(last, time)| time < last);
        let fits = match event.kind {
            EventKind::Mark(_) => true,
            EventKind::Invoke(_) => !open,
            _ => open,
        };
        if fits && !crashed && !late {
            let index = start + kept.len() as u64;
            kept.push(Event { index, ..event });
        }
    }
    kept
}

fn any_history() -> impl Strategy<Value = (Vec<E>, History<Op, u8>)> {
    (any_events(), 0u64..3).prop_map(|(events, start)| {
        let events = sound(events, start);
        let history = History::from_events(events.clone()).unwrap();
        (events, history)
    })
}

/// The partner of an event, by looking at all the others.
fn partner(events: &[E], place: usize) -> Option<usize> {
    let event = &events[place];
    let of_it =
        |&other: &usize| events[other].process == event.process && !events[other].kind.is_mark();
    match event.kind {
        EventKind::Mark(_) => None,
        EventKind::Invoke(_) => (place + 1..events.len()).find(of_it),
        _ => (0..place).rev().find(of_it),
    }
}

proptest! {
    #[test]
    fn events_go_in_and_come_out((events, history) in any_history()) {
        prop_assert_eq!(history.len(), events.len());
        prop_assert!(history.events().eq(events.iter().map(E::as_ref)));
        prop_assert!(history.events().rev().eq(events.iter().rev().map(E::as_ref)));
        for index in 0..events.len() as u64 + 5 {
            let expected = events.iter().find(|event| event.index == index).map(E::as_ref);
            prop_assert_eq!(history.get(index), expected);
        }
        prop_assert_eq!(&history, &history.clone());
        let from_both_ends = |mut it: tachograph::IntoEvents<Op, u8>| {
            let (mut front, mut back) = (Vec::new(), Vec::new());
            while let Some(event) = it.next() {
                front.push(event);
                back.extend(it.next_back());
            }
            front.extend(back.into_iter().rev());
            front
        };
        prop_assert_eq!(from_both_ends(history.into_events()), events);
    }

    #[test]
    fn ends_of_operations_find_each_other((events, history) in any_history()) {
        let start = history.start();
        for (place, event) in events.iter().enumerate() {
            let other = partner(&events, place).map(|other| start + other as u64);
            let (completion, invocation) = match event.kind {
                EventKind::Invoke(_) => (other, None),
                _ => (None, other),
            };
            prop_assert_eq!(history.completion(event.index), completion);
            prop_assert_eq!(history.invocation(event.index), invocation);
            let operation = history.operation(event.index);
            prop_assert_eq!(operation.is_none(), event.kind.is_mark());
        }
        prop_assert_eq!(history.completion(start.wrapping_sub(1)), None);
        prop_assert_eq!(history.invocation(history.end()), None);
    }

    #[test]
    fn operations_are_invocations_with_their_completions((events, history) in any_history()) {
        let operations: Vec<_> = history.operations().collect();
        let invocations: Vec<_> = (0..events.len())
            .filter(|&place| events[place].kind.is_invoke())
            .collect();
        prop_assert_eq!(operations.len(), invocations.len());
        let mut open = 0;
        for (operation, place) in operations.iter().zip(invocations) {
            let invocation = &events[place];
            let completion = partner(&events, place).map(|other| &events[other]);
            prop_assert_eq!(operation.process, invocation.process);
            prop_assert_eq!(EventKind::Invoke(*operation.op), invocation.kind.clone());
            prop_assert_eq!(operation.invocation, invocation.index);
            prop_assert_eq!(operation.invoked, invocation.time);
            prop_assert_eq!(operation.completion, completion.map(|event| event.index));
            prop_assert_eq!(operation.completed, completion.and_then(|event| event.time));
            prop_assert_eq!(operation.error, completion.and_then(|event| event.error.as_deref()));
            let kind = match operation.outcome {
                Outcome::Ok(ret) => Some(EventKind::Ok(*ret)),
                Outcome::Fail => Some(EventKind::Fail),
                Outcome::Info => Some(EventKind::Info),
                Outcome::Open => None,
            };
            open += usize::from(kind.is_none());
            prop_assert_eq!(kind, completion.map(|event| event.kind.clone()));
            prop_assert_eq!(history.operation(operation.invocation), Some(*operation));
        }
        prop_assert_eq!(history.is_complete(), open == 0);
        let backwards: Vec<_> = history.operations().rev().collect();
        prop_assert!(backwards.iter().rev().eq(&operations));
    }

    #[test]
    fn views_are_the_events_that_a_filter_leaves((events, history) in any_history()) {
        let left = |keep: &dyn Fn(&E) -> bool| -> Vec<u64> {
            events.iter().filter(|event| keep(event)).map(|event| event.index).collect()
        };
        let indices = |view: tachograph::View<'_, Op, u8>| -> Vec<u64> {
            assert_eq!(view.len(), view.events().len());
            view.events().map(|event| event.index).collect()
        };
        prop_assert_eq!(indices(history.marks()), left(&|event| event.kind.is_mark()));
        prop_assert_eq!(indices(history.clients()), left(&|event| !event.kind.is_mark()));
        prop_assert_eq!(
            indices(history.of_process(ProcessId(1))),
            left(&|event| event.process == ProcessId(1))
        );
        prop_assert_eq!(
            indices(history.view(|event| event.kind.is_ok())),
            left(&|event| event.kind.is_ok())
        );
        let mut keys = Vec::new();
        for event in &events {
            if let EventKind::Invoke((key, _)) = event.kind {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let views = history.by_key(|op| op.0);
        prop_assert!(views.iter().map(|(key, _)| *key).eq(keys));
        for (key, view) in views {
            let expected: Vec<u64> = history
                .operations()
                .filter(|operation| operation.op.0 == key)
                .flat_map(|operation| [Some(operation.invocation), operation.completion])
                .flatten()
                .collect();
            prop_assert_eq!(view.operations().count(), view.events().filter(|e| e.kind.is_invoke()).count());
            let mut found = indices(view);
            prop_assert!(found.is_sorted());
            found.sort_by_key(|index| expected.iter().position(|other| other == index));
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_truncated_history_and_the_rest_make_the_whole(
        (events, history) in any_history(),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(events.len() + 1);
        let end = history.start() + at as u64;
        let mut front = history.clone();
        front.operations().for_each(drop); // so that there is a pair index to forget
        front.truncate(end);
        prop_assert!(front.events().eq(events[..at].iter().map(E::as_ref)));
        prop_assert_eq!(
            front.operations().count(),
            events[..at].iter().filter(|event| event.kind.is_invoke()).count()
        );
        // The rest is not sound on its own, so it is recorded as a piece here, not built.
        let mut pieces = History::from_events(events.clone()).unwrap();
        pieces.truncate(end);
        prop_assert_eq!(pieces, front);
    }

    #[test]
    fn histories_one_after_the_other_have_all_events_in_order(
        (events, one) in any_history(),
        (others, _) in any_history(),
    ) {
        let moved: Vec<E> = others
            .iter()
            .map(|event| Event { process: ProcessId(event.process.0 + 10), ..event.clone() })
            .collect();
        let two = History::from_events(moved.clone()).unwrap();
        let whole = History::concat([one.clone(), two]).unwrap();
        let expected = events.iter().chain(&moved).cloned().zip(one.start()..);
        let expected: Vec<E> = expected.map(|(event, index)| Event { index, ..event }).collect();
        prop_assert_eq!(&whole, &History::from_events(expected).unwrap());
        let shared = events.iter().any(|event| others.iter().any(|other| other.process == event.process));
        let two = History::from_events(others).unwrap();
        prop_assert_eq!(
            matches!(History::concat([one, two]), Err(JoinError::SharedProcess(_))),
            shared
        );
    }

    #[test]
    fn what_breaks_the_rules_does_not_become_a_history(events in any_events()) {
        let kept = sound(events.clone(), 0).len();
        let numbered = events.iter().cloned().zip(0..).map(|(event, index)| Event { index, ..event });
        let result = History::from_events(numbered);
        prop_assert_eq!(result.is_ok(), kept == events.len());
        if let Err(breaches) = result {
            prop_assert!(breaches.count() >= 1);
            // What is left out of the sound part begins with the first breach.
            let first = breaches.listed()[0].index as usize;
            prop_assert_eq!(sound(events[..first].to_vec(), 0).len(), first);
            prop_assert!(sound(events[..=first].to_vec(), 0).len() == first);
        }
    }

    #[test]
    fn what_is_mended_keeps_the_rules_and_every_event(events in any_events(), gaps in prop::collection::vec(1u64..3, 40)) {
        let mut builder = HistoryBuilder::new().lenient();
        let mut index = 0;
        for (event, gap) in events.iter().zip(gaps) {
            builder.push(Event { index, ..event.clone() });
            index += gap;
        }
        if let Ok((history, mended)) = builder.finish_lenient() {
            prop_assert_eq!(history.len(), events.len());
            for (event, before) in history.events().zip(&events) {
                prop_assert_eq!(&event.cloned().kind, &before.kind);
                prop_assert_eq!(event.time, before.time);
            }
            // Times may still go back, which is said; else it would be a history to the strict one.
            let without_times = history.into_events().map(|event| Event { time: None, ..event });
            prop_assert!(History::from_events(without_times).is_ok());
            for breach in mended.listed() {
                let renamed = breach.renamed.is_some();
                prop_assert_eq!(breach.rule == Rule::SilentAfterInfo, renamed);
            }
        }
    }
}

fn breaches(build: impl FnOnce(&mut HistoryBuilder<&'static str, u8>)) -> Breaches {
    let mut builder = HistoryBuilder::new();
    build(&mut builder);
    builder.finish().unwrap_err()
}

fn event(index: u64, process: u64, kind: EventKind<&'static str, u8>) -> Event<&'static str, u8> {
    Event {
        index,
        process: ProcessId(process),
        time: None,
        kind,
        error: None,
    }
}

const P: ProcessId = ProcessId(3);

#[test]
fn each_rule_is_named_with_the_event_that_breaks_it() {
    let cases: [(Breaches, &str); 8] = [
        (
            breaches(|it| {
                it.push(event(0, 3, EventKind::Invoke("a")));
                it.push(event(2, 3, EventKind::Ok(1)));
            }),
            "event 2: the index should be 1 [dense-indices]",
        ),
        (
            breaches(|it| {
                it.invoke(P, "a").invoke(P, "b");
            }),
            "event 1: process 3 invokes, with an operation open (event 0) [one-open-operation]",
        ),
        (
            breaches(|it| {
                it.invoke(P, "a").ok(P, 1).fail(P);
            }),
            "event 2: process 3 completes, with no operation open [completion-of-invocation]",
        ),
        (
            breaches(|it| {
                it.invoke(P, "a").info(P).ok(P, 1);
            }),
            "event 2: process 3 completes, with no operation open (event 1) [completion-of-invocation]",
        ),
        (
            breaches(|it| {
                it.invoke(P, "a").info(P).invoke(P, "b");
            }),
            "event 2: process 3 goes on after its info (event 1) [silent-after-info]",
        ),
        (
            breaches(|it| {
                for (index, time) in [(0, 9), (1, 8)] {
                    it.push(Event {
                        time: Some(Duration::from_nanos(time)),
                        ..event(index, 3, EventKind::Mark("m".into()))
                    });
                }
            }),
            "event 1: the time of process 3 goes back (event 0) [monotonic-times]",
        ),
        (
            breaches(|it| {
                it.invoke(ProcessId::END, "a");
            }),
            "event 0: process 1152921504606846976 is out of range [process-id-in-range]",
        ),
        (
            breaches(|it| {
                it.push(Event {
                    error: Some("why".into()),
                    ..event(0, 3, EventKind::Invoke("a"))
                });
            }),
            "event 0: an error, but neither fail nor info [error-of-failure]",
        ),
    ];
    for (breaches, expected) in cases {
        assert_eq!(breaches.to_string(), expected);
    }
}

#[test]
fn all_breaches_are_counted_and_the_first_hundred_listed() {
    let breaches = breaches(|it| {
        for _ in 0..1000 {
            it.ok(P, 1);
        }
    });
    assert_eq!(breaches.count(), 1000);
    assert_eq!(breaches.listed().len(), Breaches::LISTED);
    assert!(breaches.to_string().ends_with("\nand 900 more"));
}

#[test]
fn a_process_that_goes_on_after_its_info_gets_the_next_free_id() {
    let mut builder = HistoryBuilder::new().lenient();
    for round in 0..3 {
        builder.invoke(P, round);
        builder.info(P);
        builder.invoke(ProcessId(7), round).ok(ProcessId(7), ());
    }
    let (history, mended) = builder.finish_lenient().unwrap();
    let processes: Vec<u64> = history
        .events()
        .filter(|event| event.kind.is_info())
        .map(|event| event.process.0)
        .collect();
    assert_eq!(processes, [3, 8, 9]);
    assert_eq!(mended.count(), 2);
    assert_eq!(
        mended.to_string().lines().next().unwrap(),
        "event 4: process 3 goes on after its info (event 1), and is process 8 from here on \
         [silent-after-info]"
    );
}

#[test]
fn the_largest_indices_and_ids_have_an_answer() {
    let all = [
        u64::MAX,
        u64::MAX - 1,
        1 << 60,
        (1 << 60) + 1,
        (1 << 61) - 1,
    ];
    for index in all {
        for process in all {
            for lenient in [false, true] {
                let mut builder = HistoryBuilder::new();
                if lenient {
                    builder = builder.lenient();
                }
                builder.push(event(index, process, EventKind::Invoke("a")));
                builder.push(event(index, process, EventKind::Ok(1)));
                builder.push(event(index.wrapping_add(1), process, EventKind::Info));
                assert!(builder.finish_lenient().is_err());
            }
        }
    }
    // The largest id that is a client's leaves none above it to make up.
    let largest = ProcessId(ProcessId::END.0 - 1);
    let mut builder = HistoryBuilder::<_, ()>::new().lenient();
    builder
        .invoke(largest, "a")
        .info(largest)
        .invoke(largest, "b");
    let (history, _) = builder.finish_lenient().unwrap();
    assert_ne!(history.get(2).unwrap().process, largest);
}

#[test]
fn pieces_of_a_drain_make_one_history_again() {
    let recorder = Recorder::<u64, u64>::builder().timestamps(true).build();
    let mut process = recorder.process();
    let mut whole = History::new();
    for number in 0..100 {
        let call = process.invoke(number);
        if number % 3 == 0 {
            whole.append(&mut recorder.drain()).unwrap();
        }
        call.ok(number);
    }
    let mut last = recorder.drain();
    let mut gap = History::<u64, u64>::from_events([Event {
        index: last.end() + 1,
        process: ProcessId(0),
        time: None,
        kind: EventKind::Mark("late".into()),
        error: None,
    }])
    .unwrap();
    whole.append(&mut last).unwrap();
    assert!(last.is_empty() && last.start() == 200);
    assert_eq!(whole.len(), 200);
    assert!(whole.operations().all(|operation| {
        operation.latency().is_some() && operation.outcome == Outcome::Ok(operation.op)
    }));
    assert_eq!(
        whole.append(&mut gap),
        Err(JoinError::NotNext {
            end: 200,
            start: 201
        })
    );
    assert_eq!((whole.len(), gap.len()), (200, 1));
    // What was paired before is paired anew, and an empty history takes a piece from the middle.
    let (mut one, mut two) = (History::new(), History::new());
    let call = process.invoke(1);
    one.append(&mut recorder.drain()).unwrap();
    assert_eq!((one.start(), one.completion(200)), (200, None));
    call.ok(1);
    one.append(&mut recorder.drain()).unwrap();
    assert_eq!((one.end(), one.completion(200)), (202, Some(201)));
    two.append(&mut one).unwrap();
    one.clear();
    assert_eq!(
        (one.start(), one.completion(0), two.invocation(201)),
        (0, None, Some(200))
    );
}

#[test]
fn a_history_that_is_filled_again_is_paired_again() {
    let recorder = Recorder::<u64, u64>::new();
    let mut process = recorder.process();
    let mut history = History::new();
    for number in 0..4 {
        let call = process.invoke(number);
        recorder.snapshot_into(&mut history);
        assert_eq!(history.completion(2 * number), None);
        call.ok(number);
        recorder.snapshot_into(&mut history);
        assert_eq!(history.completion(2 * number), Some(2 * number + 1));
    }
}

#[test]
fn nothing_goes_behind_a_history_that_was_cut() {
    let record = |limit| {
        let recorder = Recorder::<u64, u64>::builder().limit(limit).build();
        let mut process = recorder.process();
        (0..4).for_each(|number| process.invoke(number).ok(number));
        recorder.into_history()
    };
    let cut = record(5);
    assert_eq!(cut.cut().unwrap().index, 5);
    let mut shorter = cut.clone();
    shorter.truncate(4);
    assert_eq!((shorter.len(), shorter.cut()), (4, None));
    assert_eq!(
        History::concat([cut.clone(), History::new()]),
        Err(JoinError::Cut(5))
    );
    let mark = History::from_events([Event {
        index: 7,
        process: ProcessId(9),
        time: None,
        kind: EventKind::Mark("before".into()),
        error: None,
    }]);
    let whole = History::concat([mark.unwrap(), cut]).unwrap();
    assert_eq!((whole.start(), whole.end()), (7, 13));
    assert_eq!(whole.cut().unwrap().index, 13);
    // The cut of a history that starts late.
    let recorder = Recorder::<u64, u64>::builder().limit(5).build();
    let mut process = recorder.process();
    process.invoke(0).ok(0);
    drop(recorder.drain());
    (1..4).for_each(|number| process.invoke(number).ok(number));
    let late = recorder.drain();
    assert_eq!((late.start(), late.cut().unwrap().index), (2, 5));
    let whole = History::concat([History::new(), late]).unwrap();
    assert_eq!(
        (whole.start(), whole.end(), whole.cut().unwrap().index),
        (0, 3, 3)
    );
}

#[test]
fn operations_are_paired_in_a_history_of_many_processes() {
    let mut builder = HistoryBuilder::new();
    let mut open = HashMap::new();
    for number in 0..200_000u64 {
        // Ids on both sides of where they are kept differently.
        let process = ProcessId(60_000 + number * 7919 % 10_007);
        match open.remove(&process) {
            Some(_) => builder.ok(process, ()),
            None => {
                open.insert(process, number);
                builder.invoke(process, ())
            }
        };
    }
    let history = builder.finish().unwrap();
    let still_open = history
        .operations()
        .filter(|operation| operation.outcome == Outcome::Open)
        .count();
    assert_eq!(still_open, open.len());
    for event in &history {
        if let Some(completion) = history.completion(event.index) {
            assert_eq!(history.invocation(completion), Some(event.index));
        }
    }
}
