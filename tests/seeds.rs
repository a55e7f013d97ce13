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
#[cfg(feature = "format")]
#[path = "../fuzz/bodies/memory.rs"]
mod memory;
#[cfg(feature = "check")]
#[path = "check/oracle.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod oracle;
#[path = "../fuzz/bodies/program.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod program;
#[cfg(feature = "check")]
#[path = "check/random.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
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
    // What is no violation would show nothing.
    each_seed("explain", |bytes| assert!(explain::run(bytes)));
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

/// What the fuzzer of `schedule_broken` found, without one. The correct lock stands the same.
#[cfg(all(feature = "shuttle", feature = "stress"))]
#[test]
fn schedule_broken_fails_for_each_seed() {
    use tachograph::stress::Cause;

    each_seed("schedule_broken", |bytes| {
        let report = schedule::report(bytes, false).expect("the bytes are enough");
        let cause = report.finding.map(|finding| finding.cause);
        assert!(matches!(cause, Some(Cause::Violation(_))), "{cause:?}");
        assert!(schedule::run(bytes, true));
    });
}
