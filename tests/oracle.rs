//! Many processes on one thread, driven by random programs, against a plain `Vec`: exact equality.
//!
//! The programs are those of the fuzzer; here they come by chance, and are reduced where they fail.
#![cfg(not(loom))]

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

#[path = "../fuzz/bodies/program.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod program;
#[path = "../fuzz/bodies/recorder.rs"]
mod recorder;

/// The bytes of a program for a recorder with or without limit.
fn program(limited: bool, steps: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let limit = if limited { 128..=255 } else { 0..=127_u8 };
    let steps = prop::collection::vec(any::<[u8; 2]>(), steps);
    (limit, any::<u8>(), steps)
        .prop_map(|(limit, settings, steps)| [vec![limit, settings], steps.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recorder_is_a_vec(program in program(false, 0..300)) {
        recorder::run(&program);
    }

    #[test]
    fn a_limited_recorder_is_a_truncated_vec(program in program(true, 0..150)) {
        recorder::run(&program);
    }
}

#[test]
fn long_programs_cross_many_segments() {
    let mut runner = TestRunner::deterministic();
    // Nothing is cleared: see `Step::arbitrary`.
    let clears = |step: &[u8]| step[0] % 64 >= 62;
    let program = program(false, 20_000..30_000).prop_map(|program| {
        let (settings, steps) = program.split_at(2);
        let kept: Vec<_> = steps.chunks(2).filter(|step| !clears(step)).collect();
        [settings, &kept.concat()].concat()
    });
    for _ in 0..5 {
        recorder::run(&program.new_tree(&mut runner).unwrap().current());
    }
}
