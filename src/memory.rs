//! Zeroed memory, and on Linux huge pages for the large pieces.
//!
//! A recorder writes each byte once, so what a *first touch* costs is what growing costs: with pages of
//! 4 KiB the kernel is entered every 170 events, with pages of 2 MiB every 87,000.

use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    ptr::NonNull,
};

/// The size of a huge page on x86-64, and on AArch64 with 4 KiB pages.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Up to this size an allocation is asked for with the alignment it needs; above, it is aligned here.
///
/// The standard allocator zeroes whatever has an unusual alignment by writing to it, which touches every
/// page. With an ordinary alignment it takes zero pages from the system and leaves them untouched.
const SMALL: usize = 64 << 10;

/// The alignment every allocator gives without extra work.
const ORDINARY_ALIGN: usize = 16;

/// A zeroed allocation, which whoever holds it must release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

impl Block {
    /// `size` zeroed bytes, of which the first is aligned to `align`; `None` where there are none to be had.
    ///
    /// Pieces of at least a huge page are aligned to one and ask the kernel for it.
    pub(crate) fn zeroed(size: usize, align: usize) -> Option<(Self, NonNull<u8>)> {
        let align = if size >= HUGE_PAGE { align.max(HUGE_PAGE) } else { align };
        let layout = if size <= SMALL || align <= ORDINARY_ALIGN {
            Layout::from_size_align(size, align)
        } else {
            Layout::from_size_align(size.checked_add(align)?, ORDINARY_ALIGN)
        }
        .ok()?;
        let start = zeroed(layout)?;
        // SAFETY: the offset to the next multiple of `align` is below `align`, by which the block is longer
        // than `size` wherever it was not aligned by the allocator.
        let first = unsafe { start.add(start.align_offset(align)) };
        advise_huge_pages(first, size);
        Some((Self { start, layout }, first))
    }

    /// Gives the memory back.
    ///
    /// # Safety
    ///
    /// Nothing may point into the block any more, and it is released once.
    pub(crate) unsafe fn release(self) {
        // SAFETY: allocated by `zeroed` with this very layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// Zeroed memory of this layout, which is not empty; `None` where there is none to be had.
pub(crate) fn zeroed(layout: Layout) -> Option<NonNull<u8>> {
    assert_ne!(layout.size(), 0, "an empty allocation");
    // SAFETY: the layout is not empty.
    NonNull::new(unsafe { alloc_zeroed(layout) })
}

/// Asks for huge pages behind the whole ones within `size` bytes from `start`.
///
/// Only advice: where the kernel has none to give, or is told not to, everything works as before.
pub(crate) fn advise_huge_pages(start: NonNull<u8>, size: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        let skipped = start.align_offset(HUGE_PAGE);
        let whole = size.saturating_sub(skipped) / HUGE_PAGE * HUGE_PAGE;
        if whole > 0 {
            // SAFETY: the range lies in one allocation of ours; the advice changes no byte of it.
            unsafe { libc::madvise(start.as_ptr().add(skipped).cast(), whole, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = (start, size);
}

/// Writes a zero into every page of zeroed memory, which makes the kernel provide it.
///
/// # Safety
///
/// `start` and the `size` bytes from there lie in one zeroed allocation that nobody else uses.
pub(crate) unsafe fn touch(start: NonNull<u8>, size: usize) {
    const PAGE: usize = 4 << 10;
    for offset in (0..size).step_by(PAGE) {
        // SAFETY: within the range. Volatile, since the compiler knows that the zero is there already.
        unsafe { start.add(offset).write_volatile(0) };
    }
}
