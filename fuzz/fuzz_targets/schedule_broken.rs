//! As `schedule`, of a lock with a race of depth three, to see whether it is found: it ends with a crash that says so.
//! `cargo +nightly fuzz run schedule_broken`
#![no_main]

#[path = "../bodies/lock.rs"]
mod lock;
#[path = "../bodies/schedule.rs"]
mod schedule;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    schedule::run(bytes, false);
});
