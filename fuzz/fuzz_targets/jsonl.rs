//! Any bytes as a file of JSON Lines: `cargo +nightly fuzz run jsonl fuzz/corpus/jsonl fuzz/seeds/jsonl`
#![no_main]

#[path = "../bodies/jsonl.rs"]
mod jsonl;
#[path = "../bodies/memory.rs"]
mod memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| jsonl::run(bytes));
