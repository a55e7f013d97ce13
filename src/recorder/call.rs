//! An open operation, and the ways in which it can end.

use std::{fmt, mem::ManuallyDrop};

use super::process::Process;
use crate::event::Text;

/// An operation that was invoked and has not completed.
///
/// It borrows the [`Process`]: while it is open there cannot be another. Say how it ended immediately after
/// the operation returned, by one of its methods; the event takes its index first of all. Dropped instead,
/// also by unwinding or with a cancelled future, it records `info`; so does the process when it goes on
/// after a call that was forgotten ([`std::mem::forget`]).
///
/// ```
/// use std::sync::Mutex;
/// use tachograph::Recorder;
///
/// let recorder = Recorder::new();
/// let stack = Mutex::new(vec![1]);
/// let mut process = recorder.process();
///
/// let call = process.invoke("pop");
/// match stack.lock() {
///     Ok(mut stack) => call.ok(stack.pop()),
///     Err(_) => call.fail_with("poisoned"),
/// }
/// ```
#[must_use = "dropped without an outcome, an operation counts as one whose outcome is unknown"]
pub struct Call<'p, O, R> {
    process: &'p mut Process<O, R>,
}

impl<'p, O, R> Call<'p, O, R> {
    #[inline(always)]
    pub(super) fn new(process: &'p mut Process<O, R>) -> Self {
        Self { process }
    }

    /// The operation completed with this result.
    #[inline]
    pub fn ok(self, ret: R) {
        ManuallyDrop::new(self).process.complete_ok(ret);
    }

    /// The operation definitely did **not** apply. If there is any doubt, it is [`info`](Self::info).
    #[inline]
    pub fn fail(self) {
        self.end(Failure::fail());
    }

    /// As [`fail`](Self::fail), with the reason.
    #[inline]
    pub fn fail_with(self, error: impl Into<Text>) {
        let failure = Failure::fail().with(error);
        self.end(failure);
    }

    /// The outcome is unknown: the operation may apply at any time from its invocation on, or never.
    #[inline]
    pub fn info(self) {
        self.end(Failure::info());
    }

    /// As [`info`](Self::info), with the reason.
    #[inline]
    pub fn info_with(self, error: impl Into<Text>) {
        let failure = Failure::info().with(error);
        self.end(failure);
    }

    /// The operation ended without a result.
    pub fn end(self, failure: Failure) {
        let process = &mut *ManuallyDrop::new(self).process;
        match failure.applied {
            Applied::No => process.complete_fail(failure.error),
            Applied::Maybe => process.complete_info(failure.error),
        }
    }

    /// As [`ok`](Self::ok) with a clone, made after the event has its index.
    #[inline]
    pub(super) fn ok_cloned(self, ret: &R)
    where
        R: Clone,
    {
        ManuallyDrop::new(self).process.complete_ok_cloned(ret);
    }

    #[inline]
    pub(super) fn complete<E>(self, result: Result<&R, &E>, judge: impl FnOnce(&E) -> Failure)
    where
        R: Clone,
    {
        match result {
            Ok(ret) => self.ok_cloned(ret),
            // A panic in `judge` drops the call, which is an `info`.
            Err(error) => {
                let failure = judge(error);
                self.end(failure);
            }
        }
    }
}

impl<O, R> fmt::Debug for Call<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("process", &self.process.id())
            .finish_non_exhaustive()
    }
}

impl<O, R> Drop for Call<'_, O, R> {
    #[cold]
    fn drop(&mut self) {
        self.process.complete_info(None);
    }
}

/// What an error says about the operation: that it did not apply, or that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    applied: Applied,
    error: Option<Text>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    No,
    Maybe,
}

impl Failure {
    /// The operation definitely did **not** apply.
    pub fn fail() -> Self {
        Self {
            applied: Applied::No,
            error: None,
        }
    }

    /// The operation may apply at any time from its invocation on, or never.
    pub fn info() -> Self {
        Self {
            applied: Applied::Maybe,
            error: None,
        }
    }

    /// The same with a reason, which the history keeps beside the event.
    #[must_use]
    pub fn with(self, error: impl Into<Text>) -> Self {
        Self {
            error: Some(error.into()),
            ..self
        }
    }
}
