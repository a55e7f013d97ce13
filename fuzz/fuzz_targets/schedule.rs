//! Bytes that choose what threads do to a correct lock, and who goes on when:
//! `.ci/fuzz SECONDS schedule`
#![no_main]

#[path = "../bodies/lock.rs"]
mod lock;
#[path = "../bodies/schedule.rs"]
mod schedule;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    schedule::run(bytes, true);
});
