//! The parts of an object that know nothing of one another, each checked for itself, side by side.

use std::{
    ops::Range,
    slice,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{
    Reason, Spent, Verdict, Violation, Witness,
    budget::Account,
    search::{Check, Part, SHARE},
    verdict::Judged,
};
use crate::{
    event::EventKind,
    history::{ByProcess, History},
    model::Specification,
};

/// The places of the events of a part, in their order.
#[derive(Clone)]
pub(super) enum Positions<'p> {
    All(Range<usize>),
    These(slice::Iter<'p, u32>),
}

impl Positions<'_> {
    /// Those from this one on.
    pub(super) fn from(self, first: usize) -> Self {
        match self {
            Self::All(positions) => Self::All(positions.start.max(first)..positions.end),
            Self::These(positions) => {
                let positions = positions.as_slice();
                let before = positions.partition_point(|&position| (position as usize) < first);
                Self::These(positions[before..].iter())
            }
        }
    }
}

impl Iterator for Positions<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        match self {
            Self::All(positions) => positions.next(),
            Self::These(positions) => positions.next().map(|&position| position as usize),
        }
    }

    fn nth(&mut self, number: usize) -> Option<usize> {
        match self {
            Self::All(positions) => positions.nth(number),
            Self::These(positions) => positions.nth(number).map(|&position| position as usize),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::All(positions) => positions.size_hint(),
            Self::These(positions) => positions.size_hint(),
        }
    }
}

impl ExactSizeIterator for Positions<'_> {}

/// Checks each part, or all as one where there are none.
pub(super) fn judge<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    account: &Account,
) -> Judged<S::State>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    match parts(specification, history, account) {
        Ok(parts) if parts.is_empty() => judge_as_one(specification, history, account),
        Ok(parts) => {
            let check = Check::new(specification, history, account);
            judged(each(&check, &parts), account)
        }
        Err(spent) => Judged::unknown(Reason::Spent(spent)),
    }
}

/// Checks all as one part.
pub(super) fn judge_as_one<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    account: &Account,
) -> Judged<S::State> {
    let check = Check::new(specification, history, account);
    let all = check.part(Positions::All(0..history.len()), u64::MAX);
    judged(vec![all], account)
}

fn judged<T>(outcomes: Vec<Part<T>>, account: &Account) -> Judged<T> {
    Judged {
        operations: outcomes.iter().map(|part| part.operations).sum(),
        ends_in_one_state: outcomes.iter().all(|part| part.ends_in_one_state),
        verdict: together(outcomes, account),
    }
}

/// The places of the events of each part. None where all is one part: all events are of it.
fn parts<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    account: &Account,
) -> Result<Vec<Vec<u32>>, Spent> {
    if u32::try_from(history.len()).is_err() {
        return Ok(Vec::new());
    }
    let mut parts: Vec<Vec<u32>> = Vec::new();
    let mut known = FxHashMap::default();
    let mut meter = account.meter(u64::MAX);
    let mut open = ByProcess::<usize>::new();
    for (event, position) in history.events().zip(0u32..) {
        let done = position as usize;
        meter.check_pass(done, done * size_of::<u32>())?;
        let part = match event.kind {
            EventKind::Mark(_) => continue,
            EventKind::Invoke(op) => {
                let Some(number) = specification.part(op) else {
                    return Ok(Vec::new());
                };
                let part = *known.entry(number).or_insert_with(|| {
                    parts.push(Vec::new());
                    parts.len() - 1
                });
                open.insert(event.process, part);
                part
            }
            EventKind::Ok(_) | EventKind::Fail | EventKind::Info => {
                match open.remove(event.process) {
                    Some(part) => part,
                    None => return Ok(Vec::new()), // there is none: looked for beforehand
                }
            }
        };
        parts[part].push(position);
    }
    Ok(parts)
}

/// So many configurations are looked at in each part before any part gets a [`SHARE`].
const EASY: u64 = 1 << 10;

/// Below so many events, handing out the parts to threads takes longer than checking them.
const WORTH_THREADS: usize = 4096;

/// Checks each part, the easy ones first.
fn each<S>(check: &Check<'_, '_, S>, parts: &[Vec<u32>]) -> Vec<Part<S::State>>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let outcomes: Vec<Mutex<Option<Part<S::State>>>> =
        parts.iter().map(|_| Mutex::default()).collect();
    // The easy ones at once, so that no violation there is missed for a hard one that takes all the budget.
    for most in [EASY, SHARE, u64::MAX] {
        let judge = |number: usize| {
            let positions = Positions::These(parts[number].iter());
            let mut outcome = outcomes[number]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if outcome.as_ref().is_none_or(Part::is_spent) {
                *outcome = Some(check.part(positions, most));
            }
        };
        match check.history.len() < WORTH_THREADS {
            true => (0..parts.len()).for_each(judge),
            false => side_by_side(parts.len(), &judge),
        }
    }
    let outcomes = outcomes.into_iter().map(|outcome| {
        let outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome.expect("each part was judged")
    });
    outcomes.collect()
}

/// Does it with each of these numbers, on as many threads as there are. It is not generic, so that not every model has threads
/// compiled anew.
fn side_by_side(numbers: usize, each: &(dyn Fn(usize) + Sync)) {
    (0..numbers).into_par_iter().for_each(each);
}

/// The earliest violation; else, if something is unknown, all is; else all orders in one.
fn together<T>(outcomes: Vec<Part<T>>, account: &Account) -> Verdict<T> {
    let mut orders = Vec::new();
    let mut unknown = None;
    let mut violation: Option<Box<Violation<T>>> = None;
    // One that is not may have been one before the first of another.
    let mut are_first = true;
    for part in outcomes {
        match part.verdict {
            None => {}
            Some(Verdict::Linearizable(witness)) => orders.push(witness.order),
            Some(Verdict::Unknown(reason)) => unknown = Some(reason),
            Some(Verdict::Violation(new)) => {
                are_first &= new.is_first;
                match &violation {
                    Some(old) if old.event <= new.event => {}
                    _ => violation = Some(new),
                }
            }
        }
    }
    match (violation, unknown) {
        (Some(mut violation), unknown) => {
            violation.is_first &= unknown.is_none() && are_first;
            Verdict::Violation(violation)
        }
        (None, Some(reason)) => Verdict::Unknown(reason),
        (None, None) => {
            match account.cannot_do(orders.iter().map(Vec::len).sum(), EACH_OPERATION) {
                Some(spent) if orders.len() > 1 => Verdict::Unknown(Reason::Spent(spent)),
                _ => Verdict::Linearizable(Witness {
                    order: interleave(orders),
                }),
            }
        }
    }
}

/// About how long it takes to give an operation its place among those of all parts.
const EACH_OPERATION: Duration = Duration::from_nanos(60);

/// One order of all operations that has each of the given ones in it, and no operation before one that had completed
/// when it was invoked.
///
/// An operation takes effect as early as its part's order allows: when the last of those up to it is invoked. That is
/// before it completes, so ordering by these moments is right for all parts together.
fn interleave(mut orders: Vec<Vec<u64>>) -> Vec<u64> {
    if orders.len() == 1 {
        return orders.swap_remove(0);
    }
    let mut moments = Vec::with_capacity(orders.iter().map(Vec::len).sum());
    for order in orders {
        let mut moment = 0;
        for invocation in order {
            moment = moment.max(invocation);
            moments.push((moment, invocation));
        }
    }
    moments.sort_by_key(|&(moment, _)| moment); // no two parts share a moment
    let invocations = moments.into_iter().map(|(_, invocation)| invocation);
    invocations.collect()
}
