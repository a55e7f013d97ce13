//! Programs of many processes on one thread: `.ci/fuzz SECONDS recorder`
#![no_main]

#[path = "../bodies/program.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod program;
#[path = "../bodies/recorder.rs"]
mod recorder;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| recorder::run(bytes));
