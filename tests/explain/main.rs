//! What violations are reduced to, and how that is shown.
#![cfg(all(not(loom), feature = "check"))]

#[path = "../check/oracle.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod oracle;
#[path = "../check/random.rs"]
mod random;
mod shrink;
mod standing;
mod timeline;
