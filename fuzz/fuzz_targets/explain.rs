//! Small violations, shrunk: `cargo +nightly fuzz run explain fuzz/corpus/explain fuzz/seeds/explain`
#![no_main]

#[path = "../bodies/explain.rs"]
mod explain;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| explain::run(bytes));
