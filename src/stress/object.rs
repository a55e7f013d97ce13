//! The object of a round: all threads have a share of it, and it may panic when it is dropped.

use std::{
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::judge::message;

/// A share of an object, which is dropped with the last one.
///
/// That never panics: shares are also dropped while another panic is on its way to the user, and two at once would end the
/// process.
pub(super) struct Share<T>(Option<Arc<T>>);

impl<T> Share<T> {
    pub(super) fn new(object: T) -> Self {
        Self(Some(Arc::new(object)))
    }

    /// Gives it up. If it was the last and the object panicked, this is what it said.
    pub(super) fn give_up(mut self) -> Option<String> {
        self.let_go()
    }

    fn let_go(&mut self) -> Option<String> {
        let object = self.0.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(object)));
        dropped.err().map(message)
    }
}

impl<T> Clone for Share<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Share<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it was not given up")
    }
}

impl<T> Drop for Share<T> {
    fn drop(&mut self) {
        self.let_go(); // whoever wants to know what it said gives it up
    }
}
