//! `std` or loom behind one name: the recorder's only source of shared state.
//!
//! Loom's types are used when the crate is compiled with the feature `loom` *and* `--cfg loom`. The flag
//! alone would change this crate wherever a dependant models its own code; the feature alone would be
//! switched on for everyone by Cargo's feature unification.
//!
//! Shuttle's types panic outside of its executions, so they would break every other user of the same build. They are
//! not needed either: tasks of shuttle share one thread and change only at points that they come to. What is
//! here for shuttle is such a [point](scheduling_point), and a [lock] that lets other tasks go on. Both look at run time
//! whether there is an execution.

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

/// Under shuttle its scheduler may go over to another task here; elsewhere, nothing.
#[inline(always)]
pub(crate) fn scheduling_point() {
    #[cfg(feature = "shuttle")]
    // Where a panic is on its way, others would see locks poisoned by it that they took themselves.
    if is_under_shuttle() && !std::thread::panicking() {
        // What comes before each access to an atomic of shuttle's, too: no time passes there. To yield would say that
        // the task waits for others, and some schedulers would put it behind them.
        shuttle::thread::sleep(std::time::Duration::ZERO);
    }
}

/// Locks it, also where somebody panicked who had it. Under shuttle the others go on meanwhile, among them whoever has
/// it: to wait would stop them all.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    #[cfg(feature = "shuttle")]
    while is_under_shuttle() {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => shuttle::thread::yield_now(),
        }
    }
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Whether this is a task of shuttle's.
#[cfg(feature = "shuttle")]
fn is_under_shuttle() -> bool {
    shuttle::current::try_get_current_task().is_some()
}

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
