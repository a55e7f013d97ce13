//! Linearizability of a whole history: part by part, side by side.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use rayon::prelude::*;

use super::{
    Blocked, Budget, Explained, Reason, Report, Verdict, Violation, Witness,
    budget::Account,
    collection,
    frontier::{Configuration, Frontier, Pending, Stop},
    verdict::{completed, operation, why_not},
};
use crate::{
    event::EventKind,
    history::{ByProcess, History, Outcome},
    model::Specification,
};

/// Checks that the history is linearizable: that each operation may have taken effect at once, at some moment between its
/// invocation and its completion, and returned what the specification says ([Herlihy and Wing
/// 1990](https://doi.org/10.1145/78969.78972)).
///
/// An operation that ended in `info`, or not at all, may have taken effect at any moment after its invocation, or never.
/// One that ended in `fail` did not. Marks say nothing.
///
/// Takes O(events) where few operations are open at once, and grows exponentially with how many are, as the problem
/// does. Parts of the object that know nothing of one another ([`Model::part`](crate::model::Model::part)) are checked each
/// for itself, on as many threads as `rayon` has.
///
/// # Panics
///
/// Where the specification does.
pub fn linearizable<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> Report<S::State>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let account = Account::new(*budget);
    if let Some(collection) = specification.collection(history) {
        let verdict = collection::check(specification, history, &collection, account.meter());
        return Report {
            verdict,
            operations: collection.operations(),
            configurations: account.configurations(),
            elapsed: account.elapsed(),
        };
    }
    let check = Check {
        specification,
        history,
        account: &account,
        earliest: AtomicU64::new(u64::MAX),
    };
    let parts = check.parts();
    let outcomes: Vec<Part<S::State>> = match &parts[..] {
        [] => vec![check.part(0..history.len())],
        [part] => vec![check.part(part.iter().map(|&position| position as usize))],
        parts => {
            let part = |part: &Vec<u32>| check.part(part.iter().map(|&position| position as usize));
            match history.len() < WORTH_THREADS {
                true => parts.iter().map(part).collect(),
                false => parts.par_iter().map(part).collect(),
            }
        }
    };
    let operations = outcomes.iter().map(|part| part.operations).sum();
    Report {
        verdict: together(outcomes),
        operations,
        configurations: account.configurations(),
        elapsed: account.elapsed(),
    }
}

/// Below so many events, handing out the parts to threads takes longer than checking them.
const WORTH_THREADS: usize = 4096;

struct Check<'a, 'h, S: Specification> {
    specification: &'a S,
    history: &'h History<S::Op, S::Ret>,
    account: &'a Account,
    /// The earliest violation that was found in any part: behind it, no other part needs to look.
    earliest: AtomicU64,
}

/// What was found of one part.
struct Part<T> {
    /// `None` where it was left unfinished, because another part has an earlier violation.
    verdict: Option<Verdict<T>>,
    operations: u64,
}

impl<T> Part<T> {
    fn of(verdict: Verdict<T>) -> Self {
        Self {
            verdict: Some(verdict),
            operations: 0,
        }
    }
}

/// The earliest violation; else, if something is unknown, all is; else all orders in one.
fn together<T>(outcomes: Vec<Part<T>>) -> Verdict<T> {
    let mut orders = Vec::new();
    let mut unknown = None;
    let mut violation: Option<Box<Violation<T>>> = None;
    for part in outcomes {
        match part.verdict {
            None => {}
            Some(Verdict::Linearizable(witness)) => orders.push(witness.order),
            Some(Verdict::Unknown(reason)) => unknown = Some(reason),
            Some(Verdict::Violation(new)) => match &violation {
                Some(old) if old.event <= new.event => {}
                _ => violation = Some(new),
            },
        }
    }
    match (violation, unknown) {
        (Some(violation), _) => Verdict::Violation(violation),
        (None, Some(reason)) => Verdict::Unknown(reason),
        (None, None) => Verdict::Linearizable(Witness {
            order: interleave(orders),
        }),
    }
}

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

impl<'h, S> Check<'_, 'h, S>
where
    S: Specification,
{
    /// The places of the events of each part. None where all is one part: all events are of it.
    fn parts(&self) -> Vec<Vec<u32>> {
        let history = self.history;
        if u32::try_from(history.len()).is_err() {
            return Vec::new();
        }
        let mut parts: Vec<Vec<u32>> = Vec::new();
        let mut known = HashMap::new();
        let mut open = ByProcess::<usize>::new();
        for (event, position) in history.events().zip(0u32..) {
            let part = match event.kind {
                EventKind::Mark(_) => continue,
                EventKind::Invoke(op) => {
                    let Some(number) = self.specification.part(op) else {
                        return Vec::new();
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
                        None => return Vec::new(), // it begins in the middle, which is found out then
                    }
                }
            };
            parts[part].push(position);
        }
        parts
    }

    /// Checks the events at these places, with as many bits as it takes.
    fn part(&self, positions: impl Iterator<Item = usize> + Clone) -> Part<S::State> {
        self.part_with::<1>(positions.clone())
            .or_else(|| self.part_with::<4>(positions.clone()))
            .or_else(|| self.part_with::<64>(positions))
            .unwrap_or_else(|| {
                let limit = Frontier::<S, 64>::SLOTS;
                Part::of(Verdict::Unknown(Reason::TooManyOpen { limit }))
            })
    }

    /// `None` where that many bits are too few.
    fn part_with<const WORDS: usize>(
        &self,
        positions: impl Iterator<Item = usize> + Clone,
    ) -> Option<Part<S::State>> {
        let part = self.search::<WORDS>(positions.clone(), u64::MAX)?;
        let Some(Verdict::Violation(early)) = &part.verdict else {
            return Some(part);
        };
        let exact = self.search::<WORDS>(positions, early.event)?;
        match &exact.verdict {
            // Where there is no budget for that, the early event has to do: it is a violation all the same.
            Some(Verdict::Unknown(_)) => Some(part),
            _ => Some(exact),
        }
    }

    /// Goes through the events, until nothing explains one. What operations return that complete after `known_until` is
    /// not looked at before they do.
    fn search<const WORDS: usize>(
        &self,
        positions: impl Iterator<Item = usize>,
        known_until: u64,
    ) -> Option<Part<S::State>> {
        let mut frontier = Frontier::<S, WORDS>::new(self.specification, known_until);
        let mut meter = self.account.meter();
        let mut slots = ByProcess::<usize>::new();
        let mut operations = 0;
        for position in positions {
            let event = self.history.at(position);
            let result = match event.kind {
                EventKind::Mark(_) | EventKind::Info => continue,
                EventKind::Fail => match self.history.invocation(event.index) {
                    Some(invocation) => frontier.learn(invocation),
                    None => continue,
                },
                EventKind::Invoke(op) => match self.history.end_at(position) {
                    (Outcome::Fail, completion) => {
                        frontier.open_for_now(op, event.index, completion);
                        Ok(())
                    }
                    (Outcome::Ok(ret), completion) => {
                        operations += 1;
                        let slot = frontier.invoke(op, ret, event.index, completion);
                        slot.map(|slot| {
                            slots.insert(event.process, slot);
                        })
                    }
                    (Outcome::Info | Outcome::Open, _) => {
                        operations += 1;
                        frontier.invoke_unknown(op, event.index);
                        Ok(())
                    }
                },
                EventKind::Ok(_) => match slots.remove(event.process) {
                    Some(slot) => frontier.complete(slot, &mut meter),
                    None => {
                        let reason = Reason::NoBeginning(event.index);
                        return Some(Part::of(Verdict::Unknown(reason)));
                    }
                },
            };
            let verdict = match result {
                Ok(()) if self.earliest.load(Relaxed) < event.index => None,
                Ok(()) => continue,
                Err(Stop::WindowFull) => return None,
                Err(Stop::Spent(spent)) => Some(Verdict::Unknown(Reason::Spent(spent))),
                Err(Stop::Empty) => {
                    if known_until != u64::MAX {
                        // Relaxed: a later one that is missed only costs time.
                        self.earliest.fetch_min(event.index, Relaxed);
                    }
                    let violation = self.violation(&frontier, event.index);
                    Some(Verdict::Violation(Box::new(violation)))
                }
            };
            return Some(Part {
                verdict,
                operations,
            });
        }
        let order = frontier.trail.up_to(frontier.configurations[0].last);
        Some(Part {
            verdict: Some(Verdict::Linearizable(Witness { order })),
            operations,
        })
    }

    fn violation<const WORDS: usize>(
        &self,
        frontier: &Frontier<'_, '_, S, WORDS>,
        event: u64,
    ) -> Violation<S::State> {
        let configurations = &frontier.configurations;
        let invocation = self.history.invocation(event).unwrap_or(event);
        let explain = |configuration: &Configuration<S::State, WORDS>| {
            let mut pending: Vec<_> = frontier.pending(configuration).collect();
            // The one that completes first: it is the one that nothing explains.
            pending.sort_by_key(|pending| pending.invocation != invocation);
            pending.truncate(Violation::<()>::BLOCKED);
            let blocked = |pending| self.blocked(&configuration.state, pending);
            Explained {
                state: configuration.state.clone(),
                blocked: pending.into_iter().map(blocked).collect(),
            }
        };
        Violation {
            event,
            invocation,
            operation: completed(self.history, event),
            prefix: Witness {
                order: frontier.trail.up_to(configurations[0].last),
            },
            explained: configurations
                .iter()
                .take(Violation::<()>::EXPLAINED)
                .map(explain)
                .collect(),
            configurations: configurations.len(),
        }
    }

    /// Why an operation that has not taken effect cannot in this state, or why that does not help.
    fn blocked(&self, state: &S::State, pending: Pending<'_, S::Op, S::Ret>) -> Blocked {
        let Pending {
            op,
            ret,
            invocation,
        } = pending;
        Blocked {
            invocation,
            operation: operation(op, ret),
            why: why_not(self.specification, state, op, ret),
        }
    }
}
