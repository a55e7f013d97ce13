//! Any bytes as a file in Jepsen's EDN: `cargo +nightly fuzz run edn fuzz/corpus/edn fuzz/seeds/edn`
#![no_main]

#[path = "../bodies/edn.rs"]
mod edn;
#[path = "../bodies/memory.rs"]
mod memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| edn::run(bytes));
