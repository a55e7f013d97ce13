//! A lock that notes that others want it, over shuttle's atomics.

use std::sync::atomic::{AtomicU8 as Counter, AtomicUsize, Ordering::Relaxed};

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
    /// The last access.
    last: AtomicUsize,
}

impl Lock {
    pub fn new(is_correct: bool) -> Self {
        Self {
            state: AtomicU8::new(FREE),
            is_correct,
            last: AtomicUsize::new(0),
        }
    }

    pub fn run(&self, op: &Op) -> bool {
        match op {
            Op::Acquire | Op::TryAcquire => self.try_acquire(),
            Op::Release => {
                let old = self.state.swap(FREE, SeqCst);
                self.count(0, old);
                old != FREE
            }
        }
    }

    fn try_acquire(&self) -> bool {
        let taken = self.state.compare_exchange(FREE, HELD, SeqCst, SeqCst);
        self.count(1, taken.unwrap_or_else(|old| old));
        match taken {
            Ok(_) => true,
            Err(HELD) if self.is_correct => {
                let noted = self.state.compare_exchange(HELD, WANTED, SeqCst, SeqCst);
                self.count(2, noted.unwrap_or_else(|old| old));
                // Where it was released meanwhile, it may be free.
                noted == Err(FREE) && self.try_acquire()
            }
            Err(HELD) => {
                self.state.store(WANTED, SeqCst);
                self.count(3, 0);
                false
            }
            Err(_) => false,
        }
    }

    /// This kind of access was done and met this value: tells a fuzzer, for which another order of accesses is otherwise nothing new
    /// as long as it leads through the same code.
    fn count(&self, access: usize, value: u8) {
        let task = usize::from(shuttle::current::me()) % TASKS;
        let this = (task * KINDS + access) * VALUES + usize::from(value);
        let last = self.last.swap(this, Relaxed);
        PAIRS[last * ACCESSES + this].fetch_add(1, Relaxed);
    }
}

const TASKS: usize = 4;
const KINDS: usize = 4;
const VALUES: usize = 3;
const ACCESSES: usize = TASKS * KINDS * VALUES;

/// How often each access came after each other one. What is in this section libFuzzer takes for coverage, and sets to 0
/// before each input.
#[cfg_attr(
    target_os = "linux",
    unsafe(link_section = "__libfuzzer_extra_counters")
)]
static PAIRS: [Counter; ACCESSES * ACCESSES] = [const { Counter::new(0) }; ACCESSES * ACCESSES];
