//! Stacks: the stays of any two values are apart, or one is within the other.
//!
//! A value *must* stay from the end of its push to the beginning of its pop, and *can* stay from the beginning of the one to the
//! end of the other. Where the stack can be empty at some point, because no value must be in, it may as well be: cut there, the
//! stays of those that are in lie to one side each, and are as well nested as before. So the history falls into *runs*
//! without such a point. In a run, some value is under all others, one that can be in from its first point to its last;
//! and if several can, it may as well be any of them: stretched so far, the stay of one has all others within. That
//! value is put aside, with which the run falls into others, and so on.
//!
//! A value that need not stay at all may as well be pushed and popped in one moment, and is in nobody's way.

use super::{Case, NONE, Obstacle, Placed, coverage::Coverage};
use crate::check::budget::Meter;

const POP: u8 = 0;
const PASS: u8 = 3;
const PUSH: u8 = 4;

/// What is still to be done, the last first.
enum Task {
    /// The values that must be in only between these points, and do not leave it empty.
    Run { first: u32, last: u32 },
    /// The value is popped behind all that is in the run.
    Pop { value: u32, last: u32 },
}

pub(super) fn order(case: &Case, meter: &mut Meter<'_>) -> Result<Vec<Placed>, Obstacle> {
    let stays = case.stays();
    let mut placed = case.places_of_empties(&stays)?;
    for value in &case.values {
        if value.stay(case.end).is_none() {
            let moment = 2 * (value.put.from.max(value.taken.from) + 1);
            placed.extend([value.put_by, value.taken_by].map(|by| Placed {
                moment,
                rank: PASS,
                by,
            }));
        }
    }
    let pushes = Pushes::of(case);
    let mut coverage = Coverage::new(&stays);
    let mut gone = vec![false; case.values.len()];
    let mut tasks = Vec::new();
    let bytes = case.bytes();
    add_runs(&mut tasks, &coverage, 0, case.end);
    while let Some(task) = tasks.pop() {
        meter.count();
        meter.check::<()>(0, bytes)?;
        let (first, last) = match task {
            Task::Pop { value, last } => {
                let value = &case.values[value as usize];
                if value.is_taken() {
                    placed.push(Placed {
                        moment: 2 * (last + 1),
                        rank: POP,
                        by: value.taken_by,
                    });
                }
                continue;
            }
            Task::Run { first, last } => (first, last),
        };
        // A run begins behind the end of a push.
        let begins = first - 1;
        let can_be_under_all = |value: &u32| {
            let it = &case.values[*value as usize];
            !gone[*value as usize] && it.put.to < last && it.taken.to > last
        };
        let mut candidates = pushes.open_at(begins).iter().copied();
        let Some(value) = candidates.find(can_be_under_all) else {
            // Of the values in the run alone: of others it is not known that they are in the way.
            let is_in_run = |value: usize| {
                let stay = case.values[value].stay(case.end);
                !gone[value] && stay.is_some_and(|(from, to)| from >= first && to <= last)
            };
            let ways = case.must_be_empty_once(first, last, is_in_run);
            return Err(Obstacle::Unless(ways));
        };
        gone[value as usize] = true;
        let it = &case.values[value as usize];
        placed.push(Placed {
            moment: 2 * begins,
            rank: PUSH,
            by: it.put_by,
        });
        if let Some((first, last)) = it.stay(case.end) {
            coverage.uncover(first, last);
        }
        tasks.push(Task::Pop { value, last });
        add_runs(&mut tasks, &coverage, first, last);
    }
    Ok(placed)
}

/// Adds the runs between these points, so that the first is done first.
fn add_runs(tasks: &mut Vec<Task>, coverage: &Coverage, from: u32, last: u32) {
    let before = tasks.len();
    let mut point = from;
    while let Some(first) = coverage.next_covered(point).filter(|first| *first <= last) {
        let behind = coverage.next_uncovered(first).unwrap_or(NONE);
        point = behind.min(last + 1);
        let last = point - 1;
        tasks.push(Task::Run { first, last });
    }
    tasks[before..].reverse();
}

/// Which pushes were open when one completed, of values that must stay.
struct Pushes {
    /// By position, where its pushes begin; of a position at which no push completed, and of the next.
    starts: Vec<u32>,
    values: Vec<u32>,
}

impl Pushes {
    fn of(case: &Case) -> Self {
        // By position, the value whose push begins or ends there.
        let mut ends = vec![NONE; case.end as usize];
        for (value, number) in case.values.iter().zip(0..) {
            if value.stay(case.end).is_some() {
                ends[value.put.from as usize] = number;
                ends[value.put.to as usize] = number;
            }
        }
        let mut open: Vec<u32> = Vec::new();
        let mut pushes = Self {
            starts: Vec::with_capacity(ends.len() + 1),
            values: Vec::new(),
        };
        for (position, value) in ends.into_iter().enumerate() {
            pushes.starts.push(pushes.values.len() as u32);
            if value == NONE {
                continue;
            }
            if case.values[value as usize].put.from as usize == position {
                open.push(value);
            } else {
                pushes.values.extend(&open);
                open.retain(|other| *other != value);
            }
        }
        pushes.starts.push(pushes.values.len() as u32);
        pushes
    }

    /// The values whose pushes were open when the one completed whose end is at this position.
    fn open_at(&self, position: u32) -> &[u32] {
        let at = |position: u32| self.starts[position as usize] as usize;
        &self.values[at(position)..at(position + 1)]
    }
}
