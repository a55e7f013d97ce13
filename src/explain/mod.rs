//! What was found of a history, so that a person sees it.

#[cfg(feature = "format")]
mod page;

#[cfg(feature = "format")]
pub use self::page::Page;
