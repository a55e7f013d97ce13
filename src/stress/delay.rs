//! Small delays, so that threads meet where they rarely would.

use std::{cell::RefCell, hint, thread};

use crate::sync::scheduling_point;

thread_local! {
    /// How the thread is delayed, while it is at a round.
    static PACE: RefCell<Pace> = const { RefCell::new(Pace::None) };
}

/// How a thread is delayed in one round. Different bugs want different delays, so each thread draws one of these for each round
/// that has delays.
enum Pace {
    None,
    /// Short waits that keep the core: for windows of some instructions, on several cores.
    Spins(fastrand::Rng),
    /// Leaves the core here and there: for windows that several operations of others have to fall into.
    Yields(fastrand::Rng),
    /// Goes on at full speed, but for one place, where it stays away so long that others get far.
    Stall {
        points: u32,
    },
}

/// At one point in so many a thread waits.
const RARITY: u32 = 4;
/// The longest short wait, in `spin_loop`s.
const SPINS: u32 = 64;
/// A stall is at one of so many first points of a thread.
const STALLS_WITHIN: u32 = 24;
/// So many times a thread that stalls leaves the core.
const STALL: u32 = 16;

/// A place inside an operation where a stress test may make the thread wait.
///
/// Put it between two steps that another thread could come between. Under shuttle (feature `shuttle`) its scheduler may go over to
/// another task here. Outside of a stress test, and where [`Plan::delays`](super::Plan::delays) are off,
/// it does nothing, and costs a look at a thread-local variable. Not for code that is shipped: call it only
/// where the feature `stress` is on, such as under `#[cfg(test)]`.
#[inline]
pub fn point() {
    scheduling_point();
    // Where the thread's locals are gone already, no round is on.
    let _ = PACE.try_with(|pace| pace.borrow_mut().point());
}

/// From now on until what comes back is dropped, this thread is delayed as the seed says.
pub(super) fn begin(seed: u64) -> impl Drop {
    struct End;

    impl Drop for End {
        fn drop(&mut self) {
            PACE.set(Pace::None);
        }
    }

    let mut random = fastrand::Rng::with_seed(seed);
    PACE.set(match random.u32(..4) {
        0 => Pace::None,
        1 => Pace::Spins(random),
        2 => Pace::Yields(random),
        _ => Pace::Stall {
            points: random.u32(..STALLS_WITHIN),
        },
    });
    End
}

impl Pace {
    fn point(&mut self) {
        match self {
            Self::None => {}
            Self::Spins(random) => {
                if random.u32(..RARITY) == 0 {
                    (0..random.u32(..SPINS)).for_each(|_| hint::spin_loop());
                }
            }
            Self::Yields(random) => {
                if random.u32(..RARITY) == 0 {
                    thread::yield_now();
                }
            }
            Self::Stall { points: 0 } => {
                *self = Self::None;
                (0..STALL).for_each(|_| thread::yield_now());
            }
            Self::Stall { points } => *points -= 1,
        }
    }
}
