//! What tests share.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `test` panics with. It panics, and comes to an end.
pub fn panic_of(test: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(test)).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}
