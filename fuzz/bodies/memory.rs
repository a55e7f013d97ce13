//! How much memory something takes: an allocator that counts what each thread has.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    /// In bytes. Less than nothing, where a thread frees what others have allocated.
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: isize) {
    // A thread that ends has no cells any more.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: all is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller vouches.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller vouches.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that this thread had at once while `f` ran, beyond those that it had before.
fn most(f: impl FnOnce()) -> usize {
    let before = NOW.get();
    MOST.set(before);
    f();
    MOST.get().abs_diff(before)
}

/// That reading a file takes the same memory however long it is: beyond what it takes at first, for names that it remembers,
/// no more than some events do.
pub fn assert_bounded(read: impl Fn(&[u8]), file: &[u8], longest_event: usize) {
    /// So many bytes of memory at most does one byte of an event become.
    const VALUES: usize = 128;
    let [short, long] = [2, 16].map(|times| {
        let file = file.repeat(times);
        most(|| read(&file))
    });
    assert!(
        long <= short + VALUES * longest_event,
        "{short} bytes became {long}, where an event has no more than {longest_event}"
    );
}
