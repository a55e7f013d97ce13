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

/// From this size on, on Linux, a block is mapped in whole huge pages.
const LARGE: usize = HUGE_PAGE / 2;

/// Zeroed memory, which whoever holds it must release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

impl Block {
    /// A zeroed block of this layout, which is not empty; `None` where there is none to be had.
    pub(crate) fn zeroed(layout: Layout) -> Option<Self> {
        let start = if is_mapped(layout) {
            map::zeroed(layout.size())?
        } else {
            zeroed(layout)?
        };
        Some(Self { start, layout })
    }

    /// The first byte.
    pub(crate) fn start(self) -> NonNull<u8> {
        self.start
    }

    /// Writes a zero into every page, which makes the kernel provide it.
    ///
    /// # Safety
    ///
    /// From `offset` on, nobody has written to the block.
    pub(crate) unsafe fn touch_from(self, offset: usize) {
        const PAGE: usize = 4 << 10;
        for offset in (offset..self.layout.size()).step_by(PAGE) {
            // SAFETY: within the block. Volatile, since the compiler knows that the zero is there already.
            unsafe { self.start.add(offset).write_volatile(0) };
        }
    }

    /// Gives the memory back.
    ///
    /// # Safety
    ///
    /// Nothing may point into the block any more, and it is released once.
    pub(crate) unsafe fn release(self) {
        // SAFETY: this is how `zeroed` came by it.
        unsafe {
            if is_mapped(self.layout) {
                map::release(self.start, self.layout.size());
            } else {
                dealloc(self.start.as_ptr(), self.layout);
            }
        }
    }
}

/// Zeroed memory of this layout from the global allocator; `None` where there is none to be had.
pub(crate) fn zeroed(layout: Layout) -> Option<NonNull<u8>> {
    assert_ne!(layout.size(), 0, "an empty allocation");
    // SAFETY: the layout is not empty.
    NonNull::new(unsafe { alloc_zeroed(layout) })
}

/// Asks for huge pages behind the whole ones within `size` bytes from `start`, which the caller allocated.
///
/// Only advice: where the kernel has none to give, or is told not to, everything works as before.
pub(crate) fn advise_huge_pages(start: NonNull<u8>, size: usize) {
    let skipped = start.align_offset(HUGE_PAGE);
    let whole = size.saturating_sub(skipped) / HUGE_PAGE * HUGE_PAGE;
    if whole > 0 {
        map::advise_huge_pages(start.as_ptr().wrapping_add(skipped), whole);
    }
}

/// Whether a block comes from the kernel rather than from the global allocator.
///
/// Large blocks do, where the kernel knows huge pages: they have to be aligned to one, and allocators either
/// write zeros to memory of such an alignment, which touches it all, or waste as much again.
fn is_mapped(layout: Layout) -> bool {
    map::AVAILABLE && layout.size() >= LARGE && layout.align() <= HUGE_PAGE
}

#[cfg(all(target_os = "linux", not(miri)))]
mod map {
    use std::ptr::{NonNull, null_mut};

    use super::HUGE_PAGE;

    pub(super) const AVAILABLE: bool = true;

    /// Zeroed memory in whole huge pages, aligned to one.
    pub(super) fn zeroed(size: usize) -> Option<NonNull<u8>> {
        let size = size.checked_next_multiple_of(HUGE_PAGE)?;
        let start = map(size)?;
        let start = if start.align_offset(HUGE_PAGE) == 0 {
            start // as recent kernels give it
        } else {
            unmap(start, size);
            let longer = size.checked_add(HUGE_PAGE)?;
            let start = map(longer)?;
            let before = start.align_offset(HUGE_PAGE);
            // SAFETY: both within the mapping, which is longer by a huge page.
            let (aligned, end) = unsafe { (start.add(before), start.add(before + size)) };
            unmap(start, before);
            unmap(end, longer - before - size);
            aligned
        };
        advise_huge_pages(start.as_ptr(), size);
        Some(start)
    }

    /// # Safety
    ///
    /// `start` came from [`zeroed`] with this size, and nothing uses the memory any more.
    pub(super) unsafe fn release(start: NonNull<u8>, size: usize) {
        unmap(start, size.next_multiple_of(HUGE_PAGE));
    }

    pub(super) fn advise_huge_pages(start: *mut u8, size: usize) {
        // SAFETY: the range is memory of the caller's; the advice changes no byte of it.
        unsafe { libc::madvise(start.cast(), size, libc::MADV_HUGEPAGE) };
    }

    fn map(size: usize) -> Option<NonNull<u8>> {
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        );
        // SAFETY: a new mapping, at an address of the kernel's choice, touches nothing that is there.
        let start = unsafe { libc::mmap(null_mut(), size, access, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            None
        } else {
            NonNull::new(start.cast())
        }
    }

    /// Private, for parts of mappings that nobody uses.
    fn unmap(start: NonNull<u8>, size: usize) {
        if size > 0 {
            // SAFETY: the callers in this module pass what they mapped and nobody uses.
            unsafe { libc::munmap(start.as_ptr().cast(), size) };
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod map {
    use std::ptr::NonNull;

    pub(super) const AVAILABLE: bool = false;

    pub(super) fn zeroed(_: usize) -> Option<NonNull<u8>> {
        None
    }

    /// # Safety
    ///
    /// None: nothing is ever mapped.
    pub(super) unsafe fn release(_: NonNull<u8>, _: usize) {}

    pub(super) fn advise_huge_pages(_: *mut u8, _: usize) {}
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_zeroed_and_ours() {
        for size in [1, 100, 4096, LARGE - 1, LARGE, HUGE_PAGE, 3 * HUGE_PAGE + 1] {
            for align in [1, 64, 4096] {
                let layout = Layout::from_size_align(size, align).unwrap();
                let blocks = [(); 3].map(|()| Block::zeroed(layout).unwrap());
                for (number, block) in blocks.iter().enumerate() {
                    assert_eq!(block.start().align_offset(align), 0);
                    // SAFETY: the block is `size` bytes long, and ours.
                    let bytes =
                        unsafe { std::slice::from_raw_parts_mut(block.start().as_ptr(), size) };
                    assert!(bytes.iter().all(|&byte| byte == 0));
                    bytes.fill(number as u8 + 1);
                }
                // SAFETY: not used again.
                blocks
                    .into_iter()
                    .for_each(|block| unsafe { block.release() });
            }
        }
    }

    #[test]
    fn what_cannot_be_had_is_none() {
        let layout = Layout::from_size_align(isize::MAX as usize - HUGE_PAGE, 8).unwrap();
        assert!(Block::zeroed(layout).is_none());
    }
}
