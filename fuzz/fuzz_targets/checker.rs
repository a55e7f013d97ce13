//! Small histories, against brute force: `cargo +nightly fuzz run checker fuzz/corpus/checker fuzz/seeds/checker`
#![no_main]

#[path = "../bodies/checker.rs"]
mod checker;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checker::run(bytes));
