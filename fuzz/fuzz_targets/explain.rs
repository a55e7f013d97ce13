//! Small violations, shrunk: `.ci/fuzz SECONDS explain`
#![no_main]

#[path = "../../tests/check/agreement.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod agreement;
#[path = "../bodies/explain.rs"]
mod explain;
#[path = "../../tests/check/families.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod families;
#[path = "../../tests/check/oracle.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod oracle;
#[path = "../../tests/check/random.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod random;
#[path = "../../tests/explain/standing.rs"]
mod standing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    explain::run(bytes);
});
