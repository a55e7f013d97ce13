//! A set that looks whether an element is in before it puts it in.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use super::{Outcome, Subject, test};
use crate::{
    model::{
        Set,
        set::{Op, Ret},
    },
    stress::{Plan, point},
};

/// So few that threads meet at them.
const ELEMENTS: u64 = 3;

type Elements = RwLock<HashSet<u64>>;

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-set",
    "looks under one lock and inserts under another: two threads are told that the same element is new",
    |plan| {
        stress(plan, |set, element| {
            if contains(set, element) {
                return false;
            }
            point();
            set.write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(element);
            true
        })
    },
);

pub(super) const CORRECT: Subject =
    Subject::correct("set", "looks and inserts under one lock", |plan| {
        stress(plan, |set, element| {
            set.write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(element)
        })
    });

fn contains(set: &Elements, element: u64) -> bool {
    set.read()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(&element)
}

fn stress(plan: &Plan, add: fn(&Elements, u64) -> bool) -> Outcome {
    Outcome::from(
        test(Set::new(), Elements::default, plan)
            .settle(|last| match last {
                None => Some(Op::Remove(0)),
                Some((Op::Remove(element), _)) => {
                    Some(Op::Remove(element + 1)).filter(|_| element + 1 < ELEMENTS)
                }
                Some(_) => None,
            })
            .report(
                |set, op| {
                    Ret::Is(match op {
                        Op::Add(element) => add(set, *element),
                        Op::Remove(element) => {
                            let mut set = set.write().unwrap_or_else(PoisonError::into_inner);
                            set.remove(element)
                        }
                        Op::Contains(element) => contains(set, *element),
                        Op::Read => unreachable!("not drawn"),
                    })
                },
                |draw| {
                    let element = draw.below(ELEMENTS);
                    draw.weighted([
                        (2, Op::Add(element)),
                        (1, Op::Remove(element)),
                        (1, Op::Contains(element)),
                    ])
                },
            ),
    )
}
