//! Objects to try the harness on: some with the bug that a person would really write, and each beside one that is right.
//!
//! None has undefined behaviour: they are made of atomics, locks and indices, and what is wrong with them is what they
//! return. They are examples, and nothing to build on.
//!
//! ```
//! use tachograph::stress::{Plan, zoo};
//!
//! let subject = zoo::find("broken-counter").unwrap();
//! let outcome = subject.stress(&Plan::new());
//! println!("{}", outcome.text);
//! assert!(outcome.is_finding);
//! ```

mod buffer;
mod cache;
mod counter;
mod lock;
mod map;
mod queue;
mod set;
mod snapshot;
mod stack;

use std::fmt::Debug;

use super::{Counts, Plan, Report};

/// An object with a name, and how it is tested.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// What it goes by.
    pub name: &'static str,
    /// What it is, and what is wrong with it.
    pub about: &'static str,
    /// Whether something is wrong with it.
    pub is_broken: bool,
    run: fn(&Plan) -> Outcome,
}

/// What a test of a [`Subject`] found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done.
    pub counts: Counts,
    /// Whether something was found.
    pub is_finding: bool,
    /// The [`Report`], for a person.
    pub text: String,
}

impl Subject {
    /// Tests it.
    pub fn stress(&self, plan: &Plan) -> Outcome {
        (self.run)(plan)
    }

    const fn broken(name: &'static str, about: &'static str, run: fn(&Plan) -> Outcome) -> Self {
        Self {
            name,
            about,
            is_broken: true,
            run,
        }
    }

    const fn correct(name: &'static str, about: &'static str, run: fn(&Plan) -> Outcome) -> Self {
        Self {
            name,
            about,
            is_broken: false,
            run,
        }
    }
}

/// The object of this name.
pub fn find(name: &str) -> Option<&'static Subject> {
    ALL.iter().find(|subject| subject.name == name)
}

/// All objects: each broken one, followed by the one that is right.
pub const ALL: &[Subject] = &[
    counter::BROKEN,
    counter::CORRECT,
    set::BROKEN,
    set::CORRECT,
    stack::BROKEN,
    stack::CORRECT,
    queue::BROKEN,
    queue::CORRECT,
    cache::BROKEN,
    cache::CORRECT,
    lock::BROKEN,
    lock::CORRECT,
    map::BROKEN,
    map::CORRECT,
    buffer::BROKEN,
    buffer::CORRECT,
    snapshot::BROKEN,
    snapshot::CORRECT,
];

fn outcome<O: Debug, R: Debug, T: Debug>(report: Report<O, R, T>) -> Outcome {
    Outcome {
        counts: report.counts,
        is_finding: report.finding.is_some(),
        text: report.to_string(),
    }
}
