//! What a violation comes down to, told to a person.
//!
//! [`shrink`] reduces a history that is not what an object may do to the few operations that show it. [`Timeline`]
//! writes a history as text, and `Page` (with the feature `format`) as a page for a browser.
//!
//! ```
//! use tachograph::{HistoryBuilder, explain::{Effort, shrink}, model::{Register, register::Op}};
//!
//! let mut builder = HistoryBuilder::new();
//! for value in 0..1000 {
//!     builder.invoke(0, Op::Write(value)).ok(0, None);
//! }
//! builder.invoke(1, Op::Read).ok(1, Some(7)); // stale
//! let history = builder.finish().unwrap();
//!
//! let model = Register::new();
//! let shrunk = shrink(&model, &history, &Effort::default()).unwrap();
//! let text = shrunk.timeline(&model, &history).to_string();
//! assert_eq!(shrunk.history.operations().count(), 3); // the write of 7, another write, the read
//! assert!(text.contains("Read → Some(7)"));
//! ```

mod core;
mod erased;
#[cfg(feature = "format")]
mod page;
mod shrink;
mod text;
mod timeline;

#[cfg(feature = "format")]
pub use self::page::Page;
pub use self::{
    shrink::{Effort, Shrunk, Since, shrink},
    timeline::{Role, Timeline},
};
