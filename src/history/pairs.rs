//! Which completion belongs to which invocation.

use std::collections::HashMap;

use super::{ByProcess, Rows};
use crate::packed::Tag;

/// For each row, where the other end of its operation is. Four bytes a row, built in one pass.
pub(super) struct Pairs {
    /// How far it is from a row to its partner; 0 where there is none, [`FAR`] where the number does not fit.
    distances: Vec<i32>,
    far: HashMap<usize, usize>,
}

const FAR: i32 = i32::MIN;

impl Pairs {
    /// O(rows).
    pub(super) fn of<O, R>(rows: &Rows<O, R>) -> Self {
        let mut pairs = Self {
            distances: vec![0; rows.len()],
            far: HashMap::new(),
        };
        let mut open = ByProcess::<usize>::new();
        for (position, row) in rows.iter().enumerate() {
            match row.tag() {
                Tag::Invoke => {
                    open.insert(row.process(), position);
                }
                Tag::Ok | Tag::Fail | Tag::Info => {
                    if let Some(invocation) = open.remove(row.process()) {
                        pairs.link(invocation, position);
                    }
                }
                Tag::Mark | Tag::Vacant | Tag::Lease => {}
            }
        }
        pairs
    }

    /// The row at the other end of the operation.
    #[inline]
    pub(super) fn partner(&self, position: usize) -> Option<usize> {
        match *self.distances.get(position)? {
            0 => None,
            FAR => self.far.get(&position).copied(),
            distance => Some(position.wrapping_add_signed(distance as isize)),
        }
    }

    fn link(&mut self, invocation: usize, completion: usize) {
        match i32::try_from(completion - invocation) {
            Ok(distance) => {
                self.distances[invocation] = distance;
                self.distances[completion] = -distance;
            }
            Err(_) => self.link_far(invocation, completion),
        }
    }

    #[cold]
    fn link_far(&mut self, invocation: usize, completion: usize) {
        for (one, other) in [(invocation, completion), (completion, invocation)] {
            self.distances[one] = FAR;
            self.far.insert(one, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_too_far_apart_for_a_distance_find_each_other() {
        let mut pairs = Pairs {
            distances: vec![0; 9],
            far: HashMap::new(),
        };
        pairs.link_far(2, 7);
        pairs.link(3, 8);
        let partners: Vec<_> = (0..10).map(|position| pairs.partner(position)).collect();
        let expected = [
            None,
            None,
            Some(7),
            Some(8),
            None,
            None,
            None,
            Some(2),
            Some(3),
            None,
        ];
        assert_eq!(partners, expected);
    }
}
