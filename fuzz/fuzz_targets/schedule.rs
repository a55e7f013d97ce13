//! Bytes that choose what threads do to a correct lock, and who goes on when:
//! `cargo +nightly fuzz run schedule fuzz/corpus/schedule fuzz/seeds/schedule`
#![no_main]

#[path = "../bodies/lock.rs"]
mod lock;
#[path = "../bodies/schedule.rs"]
mod schedule;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    schedule::run(bytes, true);
});
