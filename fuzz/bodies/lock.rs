//! A lock that only its holder releases, and that notes that others want it, over shuttle's atomics.

use std::sync::atomic::{AtomicU8 as Counter, AtomicUsize, Ordering::Relaxed};

use shuttle::sync::atomic::{AtomicU8, Ordering::SeqCst};
use tachograph::model::Model;

/// An operation, and the thread whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Takes the lock if it is free.
    Try(usize),
    /// Gives it back, if this thread has it.
    Release(usize),
}

/// What the lock should do: returns whether it was taken, or given back.
pub struct Owned;

impl Model for Owned {
    type Op = Op;
    type Ret = bool;
    /// Who holds it.
    type State = Option<usize>;

    fn initial(&self) -> Option<usize> {
        None
    }

    fn apply(&self, holder: &mut Option<usize>, op: &Op) -> bool {
        let (before, after) = match *op {
            Op::Try(thread) => (None, Some(thread)),
            Op::Release(thread) => (Some(thread), None),
        };
        let does = *holder == before;
        if does {
            *holder = after;
        }
        does
    }
}

const FREE: u8 = 0;
/// A bit beside the holder's number: somebody else wanted it, and whoever releases it would wake them.
const WANTED: u8 = 0x80;

/// Where it is not correct, it has a race of depth three: one thread has taken it when another looks, which has looked when
/// the first releases it, which is done when the other notes that it wants it. From then on the lock looks held, and nobody
/// holds it. It takes no less: as nobody releases it for another, the first is interrupted while it has the lock, and the
/// other between its two steps.
pub struct Lock {
    /// Free, or the number of its holder from 1, perhaps wanted.
    state: AtomicU8,
    is_correct: bool,
    /// So many accesses thread 0 does before it tries. Where each access is any thread's, the others are done by then.
    work: usize,
    worked_on: AtomicU8,
    /// The last access of the lock.
    last: AtomicUsize,
}

impl Lock {
    pub fn new(is_correct: bool, work: usize) -> Self {
        Self {
            state: AtomicU8::new(FREE),
            is_correct,
            work,
            worked_on: AtomicU8::new(0),
            last: AtomicUsize::new(0),
        }
    }

    pub fn run(&self, op: &Op) -> bool {
        match *op {
            Op::Try(thread) => {
                let work = if thread == 0 { self.work } else { 0 };
                for _ in 0..work {
                    self.worked_on.load(SeqCst);
                }
                self.try_acquire(number(thread))
            }
            Op::Release(thread) => self.release(number(thread)),
        }
    }

    fn try_acquire(&self, me: u8) -> bool {
        let taken = self.state.compare_exchange(FREE, me, SeqCst, SeqCst);
        self.count(0, taken.unwrap_or_else(|old| old));
        match taken {
            Ok(_) => true,
            Err(held) if held == me || held & WANTED != 0 => false,
            Err(held) if self.is_correct => {
                let noted = self
                    .state
                    .compare_exchange(held, held | WANTED, SeqCst, SeqCst);
                self.count(1, noted.unwrap_or_else(|old| old));
                // Where it was released meanwhile, it may be free.
                noted == Err(FREE) && self.try_acquire(me)
            }
            Err(held) => {
                self.state.store(held | WANTED, SeqCst);
                self.count(1, held);
                false
            }
        }
    }

    fn release(&self, me: u8) -> bool {
        let held = self.state.load(SeqCst);
        self.count(2, held);
        if held & !WANTED != me {
            return false;
        }
        self.state.store(FREE, SeqCst);
        self.count(3, held);
        true
    }

    /// This kind of access was done and met this state: tells a fuzzer, for which another order of accesses is otherwise nothing new
    /// as long as it leads through the same code.
    fn count(&self, access: usize, state: u8) {
        let task = usize::from(shuttle::current::me()) % TASKS;
        let met = match state {
            FREE => 0,
            held if held & WANTED == 0 => 1,
            _ => 2,
        };
        let this = (task * KINDS + access) * STATES + met;
        let last = self.last.swap(this, Relaxed);
        PAIRS[last * ACCESSES + this].fetch_add(1, Relaxed);
    }
}

fn number(thread: usize) -> u8 {
    thread as u8 + 1
}

const TASKS: usize = 4;
const KINDS: usize = 4;
const STATES: usize = 3;
const ACCESSES: usize = TASKS * KINDS * STATES;

/// How often each access came after each other one. What is in this section libFuzzer takes for coverage, and sets to 0
/// before each input.
#[cfg_attr(
    target_os = "linux",
    unsafe(link_section = "__libfuzzer_extra_counters")
)]
static PAIRS: [Counter; ACCESSES * ACCESSES] = [const { Counter::new(0) }; ACCESSES * ACCESSES];
