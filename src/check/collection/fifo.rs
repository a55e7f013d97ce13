//! Queues: values are taken in the order in which they were put in.
//!
//! There is such an order unless one value must have been put in before another and taken behind it. It is found value by
//! value: the next may be any that was put in before any of the others had to be, and taken so, too (Henzinger, Sezgin and
//! Vafeiadis, [*Aspect-Oriented Linearizability Proofs*](https://doi.org/10.1007/978-3-642-40184-8_18), 2013, for that pairs are all
//! that has to be looked at).
//!
//! Takes that found nothing part the values into those before and those behind, each for itself in such an order.

use super::{Case, NONE, Obstacle, Placed, Value, Ways};
use crate::check::budget::Meter;

/// To sort so many takes so long that the clock is looked at behind it.
const LONG: usize = 1 << 16;

const PUT: u8 = 0;
const TAKE: u8 = 1;

pub(super) fn order(case: &Case, meter: &mut Meter<'_>) -> Result<Vec<Placed>, Obstacle> {
    let mut placed = case.places_of_empties(&case.stays())?;
    let mut partings: Vec<u32> = placed.iter().map(|empty| empty.moment / 2).collect();
    partings.sort_unstable();
    partings.dedup();
    // Where a value is: before the first parting point at which it can be both in and out again.
    let part = |value: &Value| {
        let from = match value.is_taken() {
            true => value.taken.from,
            false => NONE - 1,
        };
        partings.partition_point(|point| *point <= from)
    };
    let mut values: Vec<(usize, usize)> = case.values.iter().map(part).zip(0..).collect();
    values.sort_by_key(|(part, _)| *part); // those of a part stay in the order of their puts
    for values in values.chunk_by(|one, other| one.0 == other.0) {
        let after = values[0]
            .0
            .checked_sub(1)
            .map_or(0, |before| 2 * partings[before] + 1);
        let (mut put, mut taken) = (after, after);
        for value in fifo(case, values, meter)? {
            let value = &case.values[value];
            put = put.max(2 * (value.put.from + 1));
            placed.push(Placed {
                moment: put,
                rank: PUT,
                by: value.put_by,
            });
            if value.is_taken() {
                taken = taken.max(put).max(2 * (value.taken.from + 1));
                placed.push(Placed {
                    moment: taken,
                    rank: TAKE,
                    by: value.taken_by,
                });
            }
        }
    }
    Ok(placed)
}

/// The order in which these values went through the queue.
fn fifo(
    case: &Case,
    values: &[(usize, usize)],
    meter: &mut Meter<'_>,
) -> Result<Vec<usize>, Obstacle> {
    let of = |value: usize| &case.values[value];
    let by_put: Vec<usize> = values.iter().map(|&(_, value)| value).collect();
    let bytes = case.bytes();
    let mut sorted = |key: &dyn Fn(&Value) -> u32| {
        let mut values = by_put.clone();
        values.sort_by_key(|&value| key(of(value)));
        match values.len() > LONG {
            true => meter.check_now(bytes).map(|()| values),
            false => Ok(values),
        }
    };
    let by_put_end = sorted(&|value| value.put.to)?;
    let by_take = sorted(&|value| value.taken.from)?;
    let by_take_end = sorted(&|value| value.taken.to)?;
    let (mut put, mut put_end, mut take, mut take_end) = (0, 0, 0, 0);

    /// What is known of a value that is not in the order yet, in bits.
    const NOT_BEHIND_A_PUT: u8 = 1;
    const NOT_BEHIND_A_TAKE: u8 = 2;
    const NEXT: u8 = NOT_BEHIND_A_PUT | NOT_BEHIND_A_TAKE;
    const DONE: u8 = 4;
    let first = by_put.iter().min().copied().unwrap_or(0);
    let last = by_put.iter().max().copied().unwrap_or(0);
    let mut marks = vec![0u8; last + 1 - first];
    let mut next = Vec::new();
    let mut order = Vec::with_capacity(values.len());
    while order.len() < values.len() {
        meter.count();
        meter.check::<()>(0, bytes)?;
        while marks[by_put_end[put_end] - first] == DONE {
            put_end += 1;
        }
        while marks[by_take_end[take_end] - first] == DONE {
            take_end += 1;
        }
        let (earliest, earliest_taken) = (by_put_end[put_end], by_take_end[take_end]);
        let mut mark = |value: usize, bit| {
            let mark = &mut marks[value - first];
            *mark |= bit;
            if *mark == NEXT {
                next.push(value);
            }
        };
        while put < by_put.len() && of(by_put[put]).put.from < of(earliest).put.to {
            mark(by_put[put], NOT_BEHIND_A_PUT);
            put += 1;
        }
        let until = of(earliest_taken).taken.to;
        while take < by_take.len() && (of(by_take[take]).taken.from < until || until == NONE) {
            mark(by_take[take], NOT_BEHIND_A_TAKE);
            take += 1;
        }
        let Some(value) = next.pop() else {
            // `earliest` was in before `earliest_taken` came, which was out before anybody began to take `earliest`.
            let ways = match of(earliest).is_known {
                true => Ways::default(),
                false => Ways {
                    values: vec![earliest],
                    untried: vec![(1, until)],
                },
            };
            return Err(Obstacle::Unless(ways));
        };
        marks[value - first] = DONE;
        order.push(value);
    }
    Ok(order)
}
