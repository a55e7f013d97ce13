//! `std` or loom behind one name: the recorder's only source of shared state.
//!
//! Loom's types are used when the crate is compiled with the feature `loom` *and* `--cfg loom`. The flag
//! alone would change this crate wherever a dependant models its own code; the feature alone would be
//! switched on for everyone by Cargo's feature unification.

#[cfg(all(loom, feature = "loom"))]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering},
    },
};

#[cfg(not(all(loom, feature = "loom")))]
pub(crate) use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering},
};

/// The interface of loom's cell over the one of `std`.
#[cfg(not(all(loom, feature = "loom")))]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(all(loom, feature = "loom")))]
impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
