//! How much a check may cost, and what it has cost.

use std::{
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// How much a check may cost. A check that would cost more ends without a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    time: Option<Duration>,
    configurations: Option<u64>,
    memory: Option<usize>,
    is_impatient: bool,
}

impl Budget {
    /// No bound at all.
    pub const fn unlimited() -> Self {
        Self {
            time: None,
            configurations: None,
            memory: None,
            is_impatient: false,
        }
    }

    /// At most so long. The check ends within 50 ms of it, or a twentieth, unless a single step of the model takes longer.
    pub const fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    pub(crate) const fn without_time(mut self) -> Self {
        self.time = None;
        self
    }

    /// At most so many configurations looked at.
    pub const fn configurations(mut self, configurations: u64) -> Self {
        self.configurations = Some(configurations);
        self
    }

    /// At most so many bytes, beyond the history, for what is still to be looked at. What a state holds on the heap
    /// is not counted.
    pub const fn memory(mut self, bytes: usize) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Goes over to the next form of the search almost at once: a small history comes to all of them, as else only a hard one does.
    /// For tests: it changes no verdict, and saves nothing.
    #[doc(hidden)]
    pub const fn impatient(mut self) -> Self {
        self.is_impatient = true;
        self
    }
}

/// What a check ran out of.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spent {
    /// [`Budget::time`].
    Time(Duration),
    /// [`Budget::configurations`].
    Configurations(u64),
    /// [`Budget::memory`].
    Memory(usize),
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "the time of {time:?} is up"),
            Self::Configurations(limit) => write!(f, "{limit} configurations were looked at"),
            Self::Memory(bytes) => match bytes / 1_000_000 {
                0 => write!(f, "it would take more than {bytes} bytes"),
                millions => write!(f, "it would take more than {millions} MB"),
            },
        }
    }
}

/// What all parts of a check share.
pub(super) struct Account {
    budget: Budget,
    /// How long it takes to tell what was found.
    to_tell: Duration,
    began: Instant,
    configurations: AtomicU64,
    /// What all parts hold at this moment.
    bytes: AtomicUsize,
}

impl Account {
    /// Of a check of so many events.
    pub(super) fn new(budget: Budget, events: usize) -> Self {
        /// About what it takes for an event to tell what was found, which nobody looks at.
        const TO_TELL: Duration = Duration::from_nanos(15);
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        Self {
            budget,
            to_tell: TO_TELL * events,
            began: Instant::now(),
            configurations: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
        }
    }

    /// A meter for a part that may look at `most` configurations, whatever the budget.
    pub(super) fn meter(&self, most: u64) -> Meter<'_> {
        Meter {
            account: self,
            uncounted: 0,
            until_look: 1, // perhaps it is spent already, by other parts
            look_every: match self.budget.configurations {
                // No more than a twentieth too many.
                Some(limit) => LOOK_EVERY.min((limit / 20).max(1)),
                None => LOOK_EVERY,
            },
            left: most,
            most,
            gone_through: 0,
            bytes: 0,
        }
    }

    /// See [`Budget::impatient`].
    pub(super) fn is_impatient(&self) -> bool {
        self.budget.is_impatient
    }

    /// Whether there is not even time to pair so many events and to see that each has a beginning, which is done without a look
    /// at the clock.
    pub(super) fn cannot_suffice(&self, events: usize) -> Option<Spent> {
        /// About what it takes for an event.
        const AT_LEAST: Duration = Duration::from_nanos(10);
        self.cannot_do(events, AT_LEAST)
    }

    /// Whether there is not even time for so many steps that each take about so long, and which are done without a look at the clock.
    pub(super) fn cannot_do(&self, steps: usize, each: Duration) -> Option<Spent> {
        let time = self.budget.time?;
        let all = each * u32::try_from(steps).unwrap_or(u32::MAX);
        (self.elapsed() + all > time).then_some(Spent::Time(time))
    }

    pub(super) fn configurations(&self) -> u64 {
        self.configurations.load(Relaxed) // a number to be told; the threads that add to it have ended
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// How often the clock is looked at: not at every step, which it would make slower.
const LOOK_EVERY: u64 = 64;

/// About how long it takes to give back the memory of a configuration whose state holds some `T` on the heap, or nothing.
const fn to_give_back<T>() -> Duration {
    Duration::from_nanos(if std::mem::needs_drop::<T>() { 200 } else { 25 })
}

/// Counts for one part of a check.
pub(super) struct Meter<'a> {
    account: &'a Account,
    uncounted: u64,
    until_look: u64,
    look_every: u64,
    /// So many configurations may still be looked at in this part, of so many.
    left: u64,
    most: u64,
    /// So many configurations or events were gone through.
    gone_through: u64,
    /// What this part holds, as the account knows it.
    bytes: usize,
}

impl Meter<'_> {
    /// A configuration was made.
    #[inline]
    pub(super) fn count(&mut self) {
        self.uncounted += 1;
    }

    /// How much was done, in configurations made.
    #[inline]
    pub(super) fn done(&self) -> u64 {
        self.most - self.left + self.uncounted + self.gone_through / Self::ALIKE
    }

    /// To go through so many configurations, or events, takes about as long as making a configuration.
    const ALIKE: u64 = 8;

    /// So many configurations or events were gone through, of which none is new: the clock is looked at sooner.
    #[inline]
    pub(super) fn went_through(&mut self, number: usize) {
        let steps = number as u64 / Self::ALIKE;
        self.gone_through += number as u64;
        self.until_look = self.until_look.saturating_sub(steps).max(1);
    }

    /// Whether there is something left to spend, with so many configurations, of states of type `T`, and so many bytes in use.
    #[inline]
    pub(super) fn check<T>(&mut self, held: usize, bytes: usize) -> Result<(), Spent> {
        self.until_look -= 1;
        if self.until_look > 0 && self.uncounted < self.look_every {
            return Ok(());
        }
        self.until_look = self.look_every;
        self.look(to_give_back::<T>() * held as u32, bytes)
    }

    /// The same in a pass that has done so much: it looks now and then.
    #[inline]
    pub(super) fn check_pass(&mut self, done: usize, bytes: usize) -> Result<(), Spent> {
        /// After so many steps, each much shorter than one of a search.
        const EVERY: usize = 1 << 12;
        match done % EVERY {
            0 => self.check_now(bytes),
            _ => Ok(()),
        }
    }

    /// The same where the next step takes long: it looks at once.
    pub(super) fn check_now(&mut self, bytes: usize) -> Result<(), Spent> {
        self.look(Duration::ZERO, bytes)
    }

    /// The same before something of so many steps that each take about so long, and in which nobody looks.
    pub(super) fn check_before(
        &mut self,
        steps: usize,
        each: Duration,
        bytes: usize,
    ) -> Result<(), Spent> {
        self.check_now(bytes)?;
        self.account.cannot_do(steps, each).map_or(Ok(()), Err)
    }

    fn look(&mut self, to_give_back: Duration, bytes: usize) -> Result<(), Spent> {
        let Budget {
            time,
            configurations,
            memory,
            ..
        } = self.account.budget;
        // Relaxed: it is a sum, and nothing else is told by it.
        let before = match self.uncounted {
            0 => self.account.configurations.load(Relaxed),
            more => self.account.configurations.fetch_add(more, Relaxed),
        };
        let sum = before + self.uncounted;
        self.left = self.left.saturating_sub(self.uncounted);
        self.uncounted = 0;
        let more = bytes.wrapping_sub(self.bytes);
        let held = self.account.bytes.fetch_add(more, Relaxed); // as above
        let held = held.wrapping_add(more);
        self.bytes = bytes;
        match (configurations, memory, time) {
            _ if self.left == 0 => Err(Spent::Configurations(self.most)),
            (Some(limit), ..) if sum > limit => Err(Spent::Configurations(limit)),
            (_, Some(limit), _) if held > limit => Err(Spent::Memory(limit)),
            // Giving back what is held takes time, too, and so does telling what was found.
            (.., Some(limit))
                if self.account.elapsed() + to_give_back + self.account.to_tell > limit =>
            {
                Err(Spent::Time(limit))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.account
            .configurations
            .fetch_add(self.uncounted, Relaxed); // as above
        self.account.bytes.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_parts_hold_counts_together_as_long_as_they_hold_it() {
        let account = Account::new(Budget::unlimited().memory(100), 0);
        let mut one = account.meter(u64::MAX);
        let mut other = account.meter(u64::MAX);
        one.check_now(60).unwrap();
        other.check_now(40).unwrap();
        assert_eq!(other.check_now(41), Err(Spent::Memory(100)));
        one.check_now(20).unwrap();
        other.check_now(80).unwrap();
        drop(one);
        other.check_now(100).unwrap();
    }

    #[test]
    fn few_configurations_are_counted_one_by_one() {
        for limit in [1, 10, 1000, 100_000] {
            let account = Account::new(Budget::unlimited().configurations(limit), 0);
            let mut meter = account.meter(u64::MAX);
            let made = (0..2 * limit).take_while(|_| {
                meter.count();
                meter.check::<()>(0, 0).is_ok()
            });
            let made = made.count() as u64;
            assert!(made.abs_diff(limit) <= 1 + limit / 20, "{made} of {limit}");
        }
    }

    #[test]
    fn what_takes_longer_than_there_is_time_is_not_begun() {
        let hour = Duration::from_secs(3600);
        let account = Account::new(Budget::unlimited().time(hour), 0);
        let mut meter = account.meter(u64::MAX);
        meter.check_before(1000, Duration::from_secs(1), 0).unwrap();
        let too_much = meter.check_before(4000, Duration::from_secs(1), 0);
        assert_eq!(too_much, Err(Spent::Time(hour)));
    }
}
