//! Small histories, against brute force: `.ci/fuzz SECONDS checker`
#![no_main]

#[path = "../../tests/check/agreement.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod agreement;
#[path = "../bodies/checker.rs"]
mod checker;
#[path = "../../tests/check/families.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod families;
#[path = "../../tests/check/oracle.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod oracle;
#[path = "../../tests/check/random.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod random;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checker::run(bytes));
