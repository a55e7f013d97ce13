//! Any bytes as a file of JSON Lines: `.ci/fuzz SECONDS jsonl`
#![no_main]

#[path = "../bodies/jsonl.rs"]
mod jsonl;
#[path = "../bodies/memory.rs"]
mod memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| jsonl::run(bytes));
