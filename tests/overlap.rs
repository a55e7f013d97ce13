//! The count of overlapping operations, against every pair of operations.
#![cfg(not(loom))]

use proptest::prelude::*;
use tachograph::{Overlap, Recorder};

/// How an operation ends, if it does.
#[derive(Clone, Copy, Debug)]
enum End {
    Ok,
    Fail,
    Info,
    Never,
}

fn operations() -> impl Strategy<Value = Vec<(usize, usize, End)>> {
    let end = prop_oneof![
        Just(End::Ok),
        Just(End::Fail),
        Just(End::Info),
        Just(End::Never)
    ];
    prop::collection::vec((0..40_usize, 1..6_usize, end), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operations_overlap_if_each_begins_before_the_other_ends(operations in operations()) {
        let recorder = Recorder::<usize, usize>::new();
        let mut processes: Vec<_> = operations.iter().map(|_| recorder.process()).collect();
        let mut marks = recorder.process();
        let mut idle: Vec<_> = processes.iter_mut().map(Some).collect();
        let mut open: Vec<_> = operations.iter().map(|_| None).collect();
        // Events in the order of time, then of number; an operation takes from 1 to 5 units of it.
        for time in 0..50 {
            for (number, &(start, length, end)) in operations.iter().enumerate() {
                if time == start {
                    open[number] = idle[number].take().map(|process| process.invoke(number));
                } else if time == start + length {
                    match (end, open[number].take()) {
                        (End::Ok, Some(call)) => call.ok(number),
                        (End::Fail, Some(call)) => call.fail(),
                        (End::Info, Some(call)) => call.info(),
                        (_, call) => open[number] = call,
                    }
                }
            }
            if time % 7 == 0 {
                marks.mark("seven");
            }
        }
        let begin = |&(start, _, _): &(usize, usize, End), number| (start, number);
        let finish = |&(start, length, end): &(usize, usize, End), number| match end {
            End::Never => (usize::MAX, number),
            _ => (start + length, number),
        };
        let overlapping = (0..operations.len()).filter(|&a| {
            (0..operations.len()).any(|b| {
                let (one, other) = (&operations[a], &operations[b]);
                a != b && begin(one, a) < finish(other, b) && begin(other, b) < finish(one, a)
            })
        });
        let expected =
            Overlap { operations: operations.len() as u64, overlapping: overlapping.count() as u64 };
        prop_assert_eq!(recorder.snapshot().overlap(), expected);
    }
}
