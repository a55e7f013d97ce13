//! A lock that notes that others want it, over shuttle's atomics.

use shuttle::sync::atomic::{AtomicU8, Ordering::SeqCst};
use tachograph::model::mutex::Op;

const FREE: u8 = 0;
const HELD: u8 = 1;
/// Held, and somebody else wanted it: whoever releases it would wake them.
const WANTED: u8 = 2;

/// Where it is not correct, it has a race of depth three: one thread has taken it when another looks, which has looked when
/// the first releases it, which is done when the other notes that it wants it. From then on the lock looks held, and nobody
/// holds it.
pub struct Lock {
    state: AtomicU8,
    is_correct: bool,
}

impl Lock {
    pub fn new(is_correct: bool) -> Self {
        Self {
            state: AtomicU8::new(FREE),
            is_correct,
        }
    }

    pub fn run(&self, op: &Op) -> bool {
        match op {
            Op::Acquire | Op::TryAcquire => self.try_acquire(),
            Op::Release => self.state.swap(FREE, SeqCst) != FREE,
        }
    }

    fn try_acquire(&self) -> bool {
        let change = |from, to| self.state.compare_exchange(from, to, SeqCst, SeqCst);
        match change(FREE, HELD) {
            Ok(_) => true,
            Err(HELD) if self.is_correct => change(HELD, WANTED) == Err(FREE) && self.try_acquire(),
            Err(HELD) => {
                self.state.store(WANTED, SeqCst);
                false
            }
            Err(_) => false,
        }
    }
}
