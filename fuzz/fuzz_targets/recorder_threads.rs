//! The same programs on threads: `.ci/fuzz SECONDS recorder_threads`
#![no_main]

#[path = "../bodies/program.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod program;
#[path = "../bodies/recorder_threads.rs"]
mod recorder_threads;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| recorder_threads::run(bytes));
