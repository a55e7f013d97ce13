//! How long, how many, how: what a stress test does besides the object.

use std::{path::PathBuf, time::Duration};

use crate::{check::Budget, history::History};

/// The settings of a stress test.
///
/// It ends with the first finding, or when the [rounds](Self::rounds) or the [time](Self::time) that are said are up, whichever comes
/// first. If neither is said, these are 20,000 rounds and 10 seconds.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) threads: usize,
    pub(super) operations: usize,
    pub(super) rounds: Option<u64>,
    pub(super) time: Option<Duration>,
    pub(super) seed: Option<u64>,
    pub(super) delays: bool,
    pub(super) budget: Option<Budget>,
    pub(super) keep_going: bool,
    pub(super) soak: bool,
    pub(super) output: Option<PathBuf>,
    /// Of the test: [`Stress::name`](super::Stress::name).
    pub(super) name: Option<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// A round has no more threads,
    pub const THREADS: usize = 1 << 12;

    /// and no more operations, of all threads together: they are drawn beforehand, and checked together, so they take memory.
    pub const OPERATIONS: usize = 1 << 22;

    /// The usual settings.
    pub const fn new() -> Self {
        Self {
            threads: 4,
            operations: 8,
            rounds: None,
            time: None,
            seed: None,
            delays: true,
            budget: None,
            keep_going: false,
            soak: false,
            output: None,
            name: None,
        }
    }

    /// How many threads there are, at least one and at most [`THREADS`](Self::THREADS); if nothing is said, 4. Released together: they spin until all are
    /// there, and where there are more threads than cores they yield.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        let threads = threads.max(1);
        Self { threads, ..self }
    }

    /// How many operations a thread runs in a round, at most [`OPERATIONS`](Self::OPERATIONS) in all; if nothing is said, 8.
    #[must_use]
    pub fn operations(self, operations: usize) -> Self {
        Self { operations, ..self }
    }

    /// At most so many rounds, however long they take if no [time](Self::time) is said.
    #[must_use]
    pub fn rounds(self, rounds: u64) -> Self {
        let rounds = Some(rounds);
        Self { rounds, ..self }
    }

    /// At most about so long, whatever the number of rounds if [none](Self::rounds) is said. Those begun by then are finished: some
    /// dozen short ones, or a few long ones.
    #[must_use]
    pub fn time(self, time: Duration) -> Self {
        let time = Some(time);
        Self { time, ..self }
    }

    /// The seed of operations, delays and schedules; if nothing is said, another in every run. (Where the environment has
    /// `SHUTTLE_RANDOM_SEED`, shuttle takes that for the schedules of PCT instead, the same in each round.)
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        let seed = Some(seed);
        Self { seed, ..self }
    }

    /// Whether threads wait a little or yield here and there. If nothing is said, they do.
    #[must_use]
    pub fn delays(self, delays: bool) -> Self {
        Self { delays, ..self }
    }

    /// What the check of each round may cost; if nothing is said, a million configurations, or 16 for each operation of a long round,
    /// and 2 GB. A round that would cost more is undecided, and counted as that.
    #[must_use]
    pub fn budget(self, budget: Budget) -> Self {
        let budget = Some(budget);
        Self { budget, ..self }
    }

    /// Goes on after a finding, and counts them all. The first is the one that is reported. Where, under schedules that are
    /// chosen, an object was never made, there is nothing to go on with.
    #[must_use]
    pub fn keep_going(self, keep_going: bool) -> Self {
        Self { keep_going, ..self }
    }

    /// Keeps one object for all rounds, which are now pieces of one long history: see [Soaking](super#soaking). Pieces of
    /// some thousand [operations](Self::operations) are worth more than the usual ones.
    #[must_use]
    pub fn soak(self, soak: bool) -> Self {
        Self { soak, ..self }
    }

    /// Writes the account of a finding, and its schedule if it has one, to files in this directory, which is made if need be;
    /// with the feature `format` a page for a browser, too. They are called by the [name](super::Stress::name) of the test, the
    /// seed and the round, `seg-queue-seed-7-round-0.txt`, and take the place of what was called so before.
    #[must_use]
    pub fn output(self, directory: impl Into<PathBuf>) -> Self {
        let output = Some(directory.into());
        Self { output, ..self }
    }

    /// At most how many rounds. Where only the time is said, these do not come first,
    pub(super) fn most_rounds(&self) -> u64 {
        let unsaid = self.time.map_or(20_000, |_| u64::MAX);
        self.rounds.unwrap_or(unsaid)
    }

    /// and the other way round.
    pub(super) fn most_time(&self) -> Duration {
        let unsaid = self
            .rounds
            .map_or(Duration::from_secs(10), |_| Duration::MAX);
        self.time.unwrap_or(unsaid)
    }

    /// What a check of this, which happened in a round, may cost.
    pub(super) fn budget_for<O, R>(&self, history: &History<O, R>) -> Budget {
        self.budget.unwrap_or_else(|| {
            let operations = history.len() as u64 / 2;
            Budget::unlimited()
                .configurations((16 * operations).max(1_000_000))
                .memory(2_000_000_000)
        })
    }

    /// Panics if there would be no end to the memory that it takes.
    #[track_caller]
    pub(super) fn assert_possible(&self) {
        let Self {
            threads,
            operations,
            ..
        } = *self;
        assert!(
            threads <= Self::THREADS && threads.saturating_mul(operations) <= Self::OPERATIONS,
            "{threads} threads with {operations} operations each are too many for a round, which has at most {} threads and {} \
             operations in all",
            Self::THREADS,
            Self::OPERATIONS,
        );
    }
}
