//! What the histories come to, whoever runs the rounds.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use super::{
    Plan, account,
    report::{Cause, Counts, Finding, Report},
};
use crate::{check::Verdict, history::History};

/// What an operation panicked with: of which thread, and what it said.
pub(super) type Panic = (usize, String);

impl<T> From<Panic> for Cause<T> {
    fn from((thread, message): Panic) -> Self {
        Self::Panic { thread, message }
    }
}

/// What has been found so far.
pub(super) struct Trial<O, R, T> {
    began: Instant,
    time: Duration,
    keep_going: bool,
    pub(super) counts: Counts,
    finding: Option<Finding<O, R, T>>,
}

impl<O, R, T> Trial<O, R, T> {
    pub(super) fn begin(plan: &Plan, seed: u64) -> Self {
        Self {
            began: Instant::now(),
            time: plan.most_time(),
            keep_going: plan.keep_going,
            counts: Counts::new(seed),
            finding: None,
        }
    }

    pub(super) fn has_found(&self) -> bool {
        self.finding.is_some()
    }

    pub(super) fn has_found_enough(&self) -> bool {
        self.has_found() && !self.keep_going
    }

    pub(super) fn is_over(&self) -> bool {
        self.has_found_enough() || self.began.elapsed() >= self.time
    }

    /// Counts the history of one run of a round, and says what went wrong in it, if anything did. There is no verdict where it
    /// could not be checked. A violation says more than a panic.
    pub(super) fn judge(
        &mut self,
        verdict: Option<Verdict<T>>,
        history: &History<O, R>,
        panic: Option<impl Into<Cause<T>>>,
    ) -> Option<Cause<T>> {
        let counts = &mut self.counts;
        counts.histories += 1;
        counts.add_overlap(history.overlap());
        counts.panicked += u64::from(panic.is_some());
        let violation = match verdict {
            Some(Verdict::Linearizable(_)) => {
                counts.linearizable += 1;
                None
            }
            Some(Verdict::Unknown(_)) | None => {
                counts.undecided += 1;
                None
            }
            Some(Verdict::Violation(violation)) => {
                counts.violations += 1;
                Some(Cause::Violation(violation))
            }
        };
        violation.or_else(|| panic.map(Into::into))
    }

    /// Keeps the first finding.
    pub(super) fn conclude(&mut self, finding: impl FnOnce() -> Finding<O, R, T>) {
        self.finding.get_or_insert_with(finding);
    }

    /// The end. `account` tells the finding to a person. Where that panics, as the user's `Debug`, `Clone`, `Eq` or `Hash` may, the
    /// finding is not lost.
    pub(super) fn report(
        &mut self,
        account: impl FnOnce(&Finding<O, R, T>) -> String,
    ) -> Report<O, R, T> {
        self.counts.elapsed = self.began.elapsed();
        let mut finding = self.finding.take();
        if let Some(finding) = &mut finding {
            let told = catch_unwind(AssertUnwindSafe(|| account(finding)));
            finding.account = told.unwrap_or_else(|panic| {
                account::untold(finding, self.counts.seed, &message(panic))
            });
        }
        Report::new(self.counts, finding)
    }
}

/// The seed of a round. Rounds of other seeds have nothing to do with one another.
pub(super) fn mix(seed: u64, round: u64) -> u64 {
    // The two must not change places, or rounds of one seed would be those of another.
    let seed = fastrand::Rng::with_seed(seed).u64(..);
    fastrand::Rng::with_seed(seed ^ round).u64(..)
}

/// What a panic said.
pub(super) fn message(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(payload) => {
                mem::forget(payload); // it may panic itself when it is dropped
                "something that is no text".to_owned()
            }
        },
    }
}
