//! What one history comes to, whoever ran the round.

use std::any::Any;

use super::report::{Cause, Counts};
use crate::{check::Verdict, history::History};

/// Counts the history of one run of a round, and says what went wrong in it, if anything did. There is no verdict where it could
/// not be checked; `panic` is what an operation panicked with: of which thread, and what it said.
pub(super) fn judge<O, R, T>(
    verdict: Option<Verdict<T>>,
    history: &History<O, R>,
    panic: Option<(usize, String)>,
    counts: &mut Counts,
) -> Option<Cause<T>> {
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
    violation.or_else(|| panic.map(|(thread, message)| Cause::Panic { thread, message }))
}

/// The seed of a round. Rounds of neighbouring seeds have nothing to do with one another.
pub(super) fn mix(seed: u64, round: u64) -> u64 {
    let mut random = fastrand::Rng::with_seed(seed);
    random.u64(..) ^ fastrand::Rng::with_seed(round).u64(..)
}

/// What a panic said.
pub(super) fn message(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "something that is no text".to_owned(),
        },
    }
}
