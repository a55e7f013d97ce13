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
    let mut pushes = Pushes::of(case);
    let mut coverage = Coverage::new(&stays);
    let mut gone = vec![false; case.values.len()];
    let mut tasks = Vec::new();
    let bytes = bytes(case);
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
        let Some(value) = pushes.next_under_all(begins, last) else {
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

/// The memory that finding an order takes.
pub(super) fn bytes(case: &Case) -> usize {
    let points = case.end as usize + 1;
    case.bytes() + Coverage::bytes(points) + Pushes::bytes(points)
}

/// The values that must stay and were not put aside, whose pushes had begun at the place in the history that all is done up to.
struct Pushes<'c> {
    case: &'c Case,
    /// By position, the value whose push begins or ends there.
    ends: Vec<u32>,
    /// So many positions are behind us.
    passed: u32,
    /// A tree over the positions: at one at which the push of such a value ends, the end of its pop, and above, the latest of those
    /// below. The root is at 1, and the children of node `n` are at `2 n` and `2 n + 1`.
    latest: Vec<u32>,
}

impl<'c> Pushes<'c> {
    fn of(case: &'c Case) -> Self {
        let positions = case.end as usize;
        let mut ends = vec![NONE; positions];
        for (value, number) in case.values.iter().zip(0..) {
            if value.stay(case.end).is_some() {
                ends[value.put.from as usize] = number;
                ends[value.put.to as usize] = number;
            }
        }
        Self {
            case,
            ends,
            passed: 0,
            latest: vec![0; 2 * positions.next_power_of_two()],
        }
    }

    fn bytes(positions: usize) -> usize {
        (positions + 2 * positions.next_power_of_two()) * size_of::<u32>()
    }

    /// Puts aside a value that may be under all others of the run behind the push that ends at `begins`, up to `last`. Runs come in
    /// the order of their beginnings.
    ///
    /// Its push was open then and ended in the run, and its pop may end behind it.
    fn next_under_all(&mut self, begins: u32, last: u32) -> Option<u32> {
        debug_assert!(begins + 1 >= self.passed, "a run before the one before");
        while self.passed <= begins {
            let value = self.ends[self.passed as usize];
            if let Some(value) = self.case.values.get(value as usize) {
                if value.put.from == self.passed {
                    self.set(value.put.to, value.taken.to);
                }
            }
            self.passed += 1;
        }
        let position = self.first_later_than(last, begins)?;
        if position >= last {
            return None;
        }
        self.set(position, 0);
        Some(self.ends[position as usize])
    }

    fn set(&mut self, position: u32, end: u32) {
        let mut node = self.latest.len() / 2 + position as usize;
        self.latest[node] = end;
        while node > 1 {
            node /= 2;
            self.latest[node] = self.latest[2 * node].max(self.latest[2 * node + 1]);
        }
    }

    /// The first position from here on at which is something later than `bound`.
    fn first_later_than(&self, bound: u32, from: u32) -> Option<u32> {
        let leaves = self.latest.len() / 2;
        let mut node = leaves + from as usize;
        while self.latest[node] <= bound {
            // Up, until there is something to the right.
            while node % 2 == 1 {
                node /= 2;
            }
            if node == 0 {
                return None;
            }
            node += 1;
        }
        while node < leaves {
            node *= 2;
            if self.latest[node] <= bound {
                node += 1;
            }
        }
        Some((node - leaves) as u32)
    }
}
