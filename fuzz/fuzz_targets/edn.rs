//! Any bytes as a file in Jepsen's EDN: `.ci/fuzz SECONDS edn`
#![no_main]

#[path = "../bodies/edn.rs"]
mod edn;
#[path = "../bodies/memory.rs"]
mod memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| edn::run(bytes));
