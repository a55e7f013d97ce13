//! What violations are reduced to, and how that is shown.
#![cfg(all(not(loom), feature = "check"))]

#[path = "../check/agreement.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod agreement;
#[path = "../check/families.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod families;
#[path = "../check/nondeterministic.rs"]
mod nondeterministic;
#[path = "../check/oracle.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod oracle;
mod put_back;
#[path = "../check/random.rs"]
mod random;
mod shrink;
mod standing;
mod timeline;
