//! Linearizability of queues and stacks whose values are told apart.
//!
//! The search that is for all models decides, when a put completes, where among the others its value is. That is too
//! early: with four threads there are soon many pairs of values that may be in either order, and which one it was is
//! seen only when they are taken, long after. Here all is known from the start: which put and which take belong
//! together. So each value is two intervals of time, in which it was put and in which it was taken, and what is
//! looked for are moments within them.
//!
//! That [queues](fifo) and [stacks](lifo) can be checked value by value, in O(n log n), is known from Lee and Mathur, [*Efficient
//! Decrease-and-Conquer Linearizability Monitoring*](https://arxiv.org/abs/2410.04581) (2025), and Abdulla and others, [*Efficient
//! Linearizability Monitoring*](https://arxiv.org/abs/2509.17795) (2025). What is added to it here:
//!
//! - **Puts of unknown outcome** took effect where their value was taken, and matter to nobody where it was not.
//! - **Takes of unknown outcome** may have taken any value that no other did. None is given to a value before there is no way
//!   without. Then it is clear which values have to be out at some moment; where there are several such moments, they are
//!   tried.
//! - **The first event that nothing explains.** What explains a history explains what it begins with. So the event is found by
//!   halving, in O(n log² n); what is open at that event is of unknown outcome.
//!
//! Time goes by *points*: point `p` is the moment before the event at position `p` and behind the one before.

mod coverage;
mod fifo;
mod lifo;

use std::time::Duration;

use super::{
    Reason, Spent, Verdict, Witness,
    budget::{Account, Meter},
    verdict::{Judged, violation},
};
use crate::{
    history::History,
    model::{Access, Collection, Discipline, Entry, Specification},
};

/// Where there is no event, and no operation.
const NONE: u32 = u32::MAX;

/// A value that was put in by an operation that took effect.
#[derive(Clone, Copy)]
struct Value {
    /// The positions of the events between which it was put in.
    put: Interval,
    /// Those between which it was taken; none where it was not.
    taken: Interval,
    /// The entries of the two operations.
    put_by: u32,
    taken_by: u32,
    /// Whether it is known that it was taken, and by what. Otherwise it may have been, by any take of unknown outcome.
    is_known: bool,
}

/// The time of an operation, by the positions of its events.
#[derive(Clone, Copy)]
struct Interval {
    from: u32,
    /// [`NONE`] where it never completed.
    to: u32,
}

const NEVER: Interval = Interval {
    from: NONE,
    to: NONE,
};

impl Value {
    fn is_taken(&self) -> bool {
        self.taken.from != NONE
    }

    /// The points at which the value must be in, the first and the last, if there are any.
    fn stay(&self, end: u32) -> Option<(u32, u32)> {
        let (first, last) = (self.put.to + 1, self.taken.from.min(end));
        (first <= last).then_some((first, last))
    }
}

/// A take that found nothing.
struct Empty {
    by: u32,
    time: Interval,
}

/// A take of unknown outcome.
struct Open {
    by: u32,
    from: u32,
}

/// That a value was taken by an operation that was invoked at an earlier position than `before`, if it was not known to
/// be taken.
#[derive(Clone, Copy)]
struct Demand {
    value: usize,
    before: u32,
}

/// What is known up to some event.
struct Case {
    /// In the order of the invocations of their puts.
    values: Vec<Value>,
    empties: Vec<Empty>,
    /// In the order of their invocations.
    open: Vec<Open>,
    /// The point behind all events.
    end: u32,
}

/// Where an operation takes effect: twice the point, and one more if behind the takes that found nothing then; and its
/// rank among those of the same moment, in which the order is kept.
struct Placed {
    moment: u32,
    rank: u8,
    by: u32,
}

/// Why there is no order.
enum Obstacle {
    Unless(Ways),
    Spent(Spent),
}

/// There is an order only if one of these ways is gone. If there are none, there is no order at all.
#[derive(Default)]
struct Ways {
    values: Vec<usize>,
    /// The way: so many of the values were taken by operations that were invoked at an earlier position than this.
    untried: Vec<(usize, u32)>,
}

impl Ways {
    fn bytes(&self) -> usize {
        size_of_val(&self.values[..]) + size_of_val(&self.untried[..])
    }

    /// The next way, as demands of which all have to be met.
    fn next(&mut self) -> Option<impl Iterator<Item = Demand>> {
        let (taken, before) = self.untried.pop()?;
        let values = self.values[..taken].iter();
        Some(values.map(move |&value| Demand { value, before }))
    }
}

impl From<Spent> for Obstacle {
    fn from(spent: Spent) -> Self {
        Self::Spent(spent)
    }
}

/// About how long one step takes, over all events, of what is done without a look at the clock.
const EACH_EVENT: Duration = Duration::from_nanos(40);

/// Positions, and twice as many, are told by a `u32`.
const LONGEST: usize = u32::MAX as usize / 4;

/// Judges the history of a collection. `None` where it is of none.
pub(super) fn judge<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    account: &Account,
) -> Option<Judged<S::State>> {
    if history.len() > LONGEST {
        return None;
    }
    let collection = specification.collection(history)?;
    let mut meter = account.meter(u64::MAX);
    let search = match Search::read(collection, history.start(), &mut meter) {
        Ok(search) => search?,
        // The search that is for all models keeps less, and may do with it.
        Err(Spent::Memory(_)) => return None,
        Err(spent) => return Some(Judged::unknown(Reason::Spent(spent))),
    };
    let end = history.len() as u32;
    let verdict = match search.explain(end, &mut meter) {
        Ok(Some(order)) => Verdict::Linearizable(Witness { order }),
        Ok(None) => match search.first_unexplained(end, &mut meter) {
            Ok((event, order)) => {
                let violation = violation(
                    specification,
                    history,
                    event,
                    1,
                    std::iter::once((None, order)),
                );
                Verdict::Violation(Box::new(violation))
            }
            Err(spent) => Verdict::Unknown(Reason::Spent(spent)),
        },
        Err(spent) => Verdict::Unknown(Reason::Spent(spent)),
    };
    Some(Judged {
        verdict,
        operations: search.entries.iter().filter(|entry| !entry.failed).count() as u64,
        ends_in_one_state: search.ends_empty(),
    })
}

struct Search {
    discipline: Discipline,
    /// In the order of the invocations.
    entries: Vec<Entry>,
    /// So many different values there are, put in or taken out.
    values: usize,
    /// The index of the first event.
    start: u64,
}

impl Search {
    /// `None` where it is no collection.
    fn read(
        collection: Collection<'_>,
        start: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Self>, Spent> {
        let mut entries = Vec::new();
        let mut values = 0;
        for entry in collection.entries {
            let Some(entry) = entry else { return Ok(None) };
            if let Access::Put(number) | Access::Take(Some(Some(number))) = entry.access {
                values = values.max(number as usize + 1);
            }
            entries.push(entry);
            meter.check_pass(entries.len(), size_of_val(&entries[..]))?;
        }
        Ok(Some(Self {
            discipline: collection.discipline,
            entries,
            values,
            start,
        }))
    }

    /// Whether it is empty at the end of the history, in whatever order its operations took effect; if they did in any.
    fn ends_empty(&self) -> bool {
        let mut held = 0_i64;
        for entry in self.entries.iter().filter(|entry| !entry.failed) {
            match entry.access {
                _ if entry.completion == u64::MAX => return false,
                Access::Put(_) => held += 1,
                Access::Take(Some(Some(_))) => held -= 1,
                Access::Take(_) => {}
            }
        }
        held == 0
    }

    /// The first event up to which there is no order, and an order up to the event before; the events up to `end` have none.
    fn first_unexplained(&self, end: u32, meter: &mut Meter<'_>) -> Result<(u64, Vec<u64>), Spent> {
        let (mut explained, mut not) = (0, end);
        let mut order = Vec::new();
        while not - explained > 1 {
            let middle = explained + (not - explained) / 2;
            match self.explain(middle, meter)? {
                Some(found) => (explained, order) = (middle, found),
                None => not = middle,
            }
        }
        Ok((self.start + u64::from(explained), order))
    }

    /// An order of the operations that explains the first `end` events, if there is one.
    fn explain(&self, end: u32, meter: &mut Meter<'_>) -> Result<Option<Vec<u64>>, Spent> {
        meter.check_before(end as usize, EACH_EVENT, 0)?;
        let Some(mut case) = self.case(end) else {
            return Ok(None);
        };
        let mut demands: Vec<Demand> = Vec::new();
        let mut branches: Vec<Branch> = Vec::new();
        loop {
            meter.count();
            let held: usize = branches.iter().map(|branch| branch.ways.bytes()).sum();
            let order = match self.discipline {
                Discipline::Fifo => case.bytes(),
                Discipline::Lifo => lifo::bytes(&case),
            };
            let held = order + size_of_val(&demands[..]) + held;
            meter.check_before(end as usize, EACH_EVENT, held)?;
            match case.meet(&demands).then(|| self.order(&case, meter)) {
                // What there is no way around does not depend on what was tried.
                Some(Err(Obstacle::Unless(ways))) if ways.untried.is_empty() => return Ok(None),
                Some(Ok(mut placed)) => {
                    meter.check_before(placed.len(), EACH_EVENT, held)?;
                    placed.sort_by_key(|placed| (placed.moment, placed.rank));
                    let order = placed
                        .iter()
                        .map(|placed| self.entries[placed.by as usize].invocation);
                    return Ok(Some(order.collect()));
                }
                Some(Err(Obstacle::Unless(ways))) => branches.push(Branch {
                    met: demands.len(),
                    ways,
                }),
                Some(Err(Obstacle::Spent(spent))) => return Err(spent),
                None => {}
            }
            loop {
                let Some(branch) = branches.last_mut() else {
                    return Ok(None);
                };
                demands.truncate(branch.met);
                if let Some(next) = branch.ways.next() {
                    demands.extend(next);
                    break;
                }
                branches.pop();
            }
        }
    }

    fn order(&self, case: &Case, meter: &mut Meter<'_>) -> Result<Vec<Placed>, Obstacle> {
        match self.discipline {
            Discipline::Fifo => fifo::order(case, meter),
            Discipline::Lifo => lifo::order(case, meter),
        }
    }

    /// What is known of the first `end` events. `None` where a value was taken that was not put in, or twice, or before.
    fn case(&self, end: u32) -> Option<Case> {
        let mut case = Case {
            values: Vec::with_capacity(self.values),
            empties: Vec::new(),
            open: Vec::new(),
            end,
        };
        // By number, where each value is in the case, and then by what it was taken.
        let mut places = vec![NONE; self.values];
        let mut taken = Vec::new();
        for (entry, by) in self.entries.iter().zip(0..) {
            let position = |index: u64| {
                let position = index.saturating_sub(self.start);
                if position < u64::from(end) {
                    position as u32
                } else {
                    NONE
                }
            };
            let time = Interval {
                from: position(entry.invocation),
                to: position(entry.completion),
            };
            if time.from == NONE {
                break;
            }
            if entry.failed && time.to != NONE {
                continue;
            }
            match entry.access {
                Access::Put(number) => {
                    places[number as usize] = case.values.len() as u32;
                    case.values.push(Value {
                        put: time,
                        taken: NEVER,
                        put_by: by,
                        taken_by: NONE,
                        is_known: false,
                    });
                }
                Access::Take(Some(found)) if time.to != NONE => match found {
                    Some(number) => taken.push((number, by, time)),
                    None => case.empties.push(Empty { by, time }),
                },
                Access::Take(_) => case.open.push(Open {
                    by,
                    from: time.from,
                }),
            }
        }
        for (number, by, time) in taken {
            let value = case.values.get_mut(places[number as usize] as usize)?;
            if value.is_taken() || time.to < value.put.from {
                return None;
            }
            value.take(by, time);
            value.is_known = true;
        }
        // What was not taken, and need not have been put in, says nothing.
        case.values
            .retain(|value| value.is_taken() || value.put.to != NONE);
        Some(case)
    }
}

impl Value {
    /// It was taken by this operation: not before it was put in, and it was in before that ended.
    fn take(&mut self, by: u32, time: Interval) {
        self.taken_by = by;
        self.taken = Interval {
            from: time.from.max(self.put.from),
            ..time
        };
        self.put.to = self.put.to.min(time.to);
    }
}

/// Where there were several ways to go on.
struct Branch {
    /// So many demands there were before.
    met: usize,
    ways: Ways,
}

impl Case {
    /// About the memory that finding an order takes.
    fn bytes(&self) -> usize {
        self.end as usize * 8 * size_of::<u32>() + self.values.len() * 2 * size_of::<Value>()
    }

    /// How many values must be in at each point.
    fn stays(&self) -> Vec<i32> {
        let mut stays = vec![0; self.end as usize + 2];
        for value in &self.values {
            if let Some((first, last)) = value.stay(self.end) {
                stays[first as usize] += 1;
                stays[last as usize + 1] -= 1;
            }
        }
        let mut sum = 0;
        for stay in &mut stays {
            sum += *stay;
            *stay = sum;
        }
        stays.pop();
        stays
    }

    /// A point for each take that found nothing, at which nothing has to be in.
    ///
    /// In queues and in stacks, all that need not be in at such a point can be out of it, and that at all of them together.
    fn places_of_empties(&self, stays: &[i32]) -> Result<Vec<Placed>, Obstacle> {
        if self.empties.is_empty() {
            return Ok(Vec::new());
        }
        let mut next_free = vec![NONE; stays.len() + 1];
        for point in (0..stays.len()).rev() {
            next_free[point] = match stays[point] {
                0 => point as u32,
                _ => next_free[point + 1],
            };
        }
        let mut places = Vec::with_capacity(self.empties.len());
        for Empty { by, time } in &self.empties {
            let point = next_free[time.from as usize + 1];
            if point > time.to {
                let ways = self.must_be_empty_once(time.from + 1, time.to, |_| true);
                return Err(Obstacle::Unless(ways));
            }
            places.push(Placed {
                moment: 2 * point,
                rank: EMPTY,
                by: *by,
            });
        }
        Ok(places)
    }

    /// The ways around that there is none of these points at which none of some values has to be in.
    ///
    /// There is one only between the stays of which we know, and behind the takes of all that was put in before it.
    fn must_be_empty_once(
        &self,
        first: u32,
        last: u32,
        is_concerned: impl Fn(usize) -> bool,
    ) -> Ways {
        let concerned = || (0..self.values.len()).filter(|value| is_concerned(*value));
        let mut known = vec![0; (last - first) as usize + 2];
        for value in concerned().filter(|value| self.values[*value].is_known) {
            match self.values[value].stay(self.end) {
                Some((from, to)) if from <= last && to >= first => {
                    known[(from.max(first) - first) as usize] += 1;
                    known[(to.min(last) - first) as usize + 1] -= 1;
                }
                _ => {}
            }
        }
        let mut others: Vec<usize> = concerned()
            .filter(|value| !self.values[*value].is_known)
            .collect();
        others.sort_by_key(|value| self.values[*value].put.to);
        let put_by = |point| others.partition_point(|value| self.values[*value].put.to < point);
        let open_at = |point| self.open.partition_point(|open| open.from < point);
        // By how many others were put in before, the last such point: the later, the easier. To have more to take, and nobody
        // more who could, is never easier.
        let mut points: Vec<(usize, u32)> = Vec::new();
        let mut stays = 0;
        for point in first..=last {
            stays += known[(point - first) as usize];
            let before = put_by(point);
            if before > self.open.len() {
                break; // nobody is there to take them all
            }
            if before > open_at(point) {
                continue; // nor by then
            }
            match points.last_mut() {
                _ if stays > 0 => {}
                Some(latest) if latest.0 == before => latest.1 = point,
                Some(latest) if open_at(latest.1) == open_at(point) => {}
                _ => points.push((before, point)),
            }
        }
        points.reverse();
        Ways {
            values: others,
            untried: points,
        }
    }

    /// Gives takes of unknown outcome to values so that the demands are met, if they can be.
    fn meet(&mut self, demands: &[Demand]) -> bool {
        for value in self.values.iter_mut().filter(|value| !value.is_known) {
            (value.taken, value.taken_by) = (NEVER, NONE);
        }
        let mut demands = demands.to_vec();
        demands.sort_by_key(|demand| (demand.value, demand.before));
        demands.dedup_by_key(|demand| demand.value);
        demands.sort_by_key(|demand| demand.before);
        if demands.len() > self.open.len() {
            return false;
        }
        for (demand, open) in demands.iter().zip(&self.open) {
            if open.from >= demand.before {
                return false;
            }
            let time = Interval {
                from: open.from,
                to: NONE,
            };
            self.values[demand.value].take(open.by, time);
        }
        true
    }
}

/// The rank of a take that found nothing. What takes effect at the same point is behind it or before.
const EMPTY: u8 = 2;
