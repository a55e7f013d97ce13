//! What the fuzzers begin with, and what they once found, without a fuzzer.
#![cfg(not(loom))]

use std::{fs, path::Path};

#[cfg(feature = "check")]
#[path = "../fuzz/bodies/checker.rs"]
mod checker;
#[cfg(feature = "format")]
#[path = "../fuzz/bodies/edn.rs"]
mod edn;
#[cfg(feature = "check")]
#[path = "../fuzz/bodies/explain.rs"]
mod explain;
#[cfg(feature = "format")]
#[path = "../fuzz/bodies/jsonl.rs"]
mod jsonl;
#[path = "../fuzz/bodies/recorder.rs"]
mod recorder;
#[path = "../fuzz/bodies/recorder_threads.rs"]
mod recorder_threads;

// What they share.
#[cfg(feature = "check")]
#[path = "check/agreement.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod agreement;
#[cfg(feature = "check")]
#[path = "check/families.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod families;
#[cfg(all(feature = "shuttle", feature = "stress"))]
#[path = "../fuzz/bodies/lock.rs"]
mod lock;
#[cfg(feature = "check")]
#[path = "check/oracle.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod oracle;
#[path = "../fuzz/bodies/program.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod program;
#[cfg(feature = "check")]
#[path = "check/random.rs"]
mod random;
#[cfg(all(feature = "shuttle", feature = "stress"))]
#[path = "../fuzz/bodies/schedule.rs"]
mod schedule;
#[cfg(feature = "check")]
#[path = "explain/standing.rs"]
mod standing;

fn each_seed(target: &str, mut run: impl FnMut(&[u8])) {
    // Tests run in the package's directory. Where it was when they were compiled is another matter: targets are shared.
    let folder = Path::new("fuzz/seeds").join(target);
    let mut seeds = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&fs::read(path).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0);
}

#[cfg(feature = "check")]
#[test]
fn checker_holds_for_each_seed() {
    each_seed("checker", checker::run);
}

#[cfg(feature = "format")]
#[test]
fn edn_holds_for_each_seed() {
    each_seed("edn", edn::run);
}

#[cfg(feature = "check")]
#[test]
fn explain_holds_for_each_seed() {
    each_seed("explain", explain::run);
}

#[cfg(feature = "format")]
#[test]
fn jsonl_holds_for_each_seed() {
    each_seed("jsonl", jsonl::run);
}

#[test]
fn recorder_holds_for_each_seed() {
    each_seed("recorder", recorder::run);
}

#[test]
fn recorder_threads_holds_for_each_seed() {
    each_seed("recorder_threads", recorder_threads::run);
}

#[cfg(all(feature = "shuttle", feature = "stress"))]
#[test]
fn schedule_holds_for_each_seed() {
    each_seed("schedule", |bytes| assert!(schedule::run(bytes, true)));
}

/// What the fuzzer of `schedule_broken` finds, without one. Bytes that nobody steers find it as well, where there is so little
/// to choose.
#[cfg(all(feature = "shuttle", feature = "stress"))]
#[test]
fn schedule_finds_the_race_of_the_broken_lock() {
    use proptest::test_runner::{RngAlgorithm, TestRng};

    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[1; 32]);
    let found = (1..=100_000_u32).find(|_| {
        let mut bytes = [0; 64];
        proptest::prelude::RngCore::fill_bytes(&mut random, &mut bytes);
        std::panic::catch_unwind(|| schedule::run(&bytes, false)).is_err()
    });
    println!("after {} schedules", found.expect("it is found"));
}
