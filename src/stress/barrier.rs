//! Releases all threads of a round together.

use std::{
    hint,
    sync::atomic::{
        AtomicU64,
        Ordering::{AcqRel, Acquire},
    },
    thread,
};

use crossbeam_utils::CachePadded;

/// A barrier that is used again and again, and never reset: it counts arrivals, and opens at each multiple of the
/// threads.
///
/// A thread cannot arrive for the next round before all have arrived for this one, so an arrival's number says which round it is of.
pub(super) struct Barrier {
    threads: u64,
    arrivals: CachePadded<AtomicU64>,
}

impl Barrier {
    /// So many looks before the core is left to another thread: about as long as a core takes to see another's write,
    /// some dozen times over. Waiting longer would not help, for the others may want this very core.
    const SPINS: u32 = 128;

    pub(super) fn new(threads: usize) -> Self {
        Self {
            threads: threads as u64,
            arrivals: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// Waits until all threads are here.
    pub(super) fn wait(&self) {
        // Release and acquire: what each did before is known to all after, as a barrier promises.
        let arrival = self.arrivals.fetch_add(1, AcqRel) + 1;
        let opens = arrival.next_multiple_of(self.threads);
        let mut spins = 0;
        // Acquire: pairs with the arrivals of the others, which form a release sequence.
        while self.arrivals.load(Acquire) < opens {
            match spins < Self::SPINS {
                true => hint::spin_loop(),
                false => thread::yield_now(),
            }
            spins += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[test]
    fn nobody_is_a_round_ahead() {
        const THREADS: usize = 3;
        let barrier = Barrier::new(THREADS);
        let entered = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for round in 0..200 {
                        entered.fetch_add(1, Relaxed);
                        barrier.wait();
                        let all = THREADS as u64 * (round + 1);
                        let seen = entered.load(Relaxed);
                        assert!((all..all + THREADS as u64).contains(&seen));
                        barrier.wait();
                    }
                });
            }
        });
    }
}
