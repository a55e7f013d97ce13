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

use std::{fmt::Debug, path::PathBuf};

use super::{Counts, Plan, Report, Stress};
use crate::{format::edn::Jepsen, model::Specification};

/// An object with a name, and how it is tested.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// What it goes by.
    pub name: &'static str,
    /// What it is, and what is wrong with it.
    pub about: &'static str,
    /// Whether something is wrong with it.
    pub is_broken: bool,
    /// Whether a test that [soaks](super#soaking) may find what is wrong with it: it can live long, it is settled between
    /// pieces, and what is wrong with it is wrong all its life.
    pub soaks: bool,
    run: fn(&Plan) -> Outcome,
}

/// What a test of a [`Subject`] found: a [`Report`], whatever the model is.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done.
    pub counts: Counts,
    /// Whether something was found.
    pub is_finding: bool,
    /// Whether nothing was, and at least one round was decided.
    pub is_pass: bool,
    /// In which round something was found.
    pub round: Option<u64>,
    /// What was found, for a person.
    pub account: Option<String>,
    /// The [`Report`], for a person.
    pub text: String,
    /// The files that were written.
    pub files: Vec<PathBuf>,
    /// Those that could not be written, each with why.
    pub unwritten: Vec<String>,
}

impl Subject {
    /// An object that should be right, and how it is tested.
    pub const fn correct(
        name: &'static str,
        about: &'static str,
        run: fn(&Plan) -> Outcome,
    ) -> Self {
        Self {
            name,
            about,
            is_broken: false,
            soaks: true,
            run,
        }
    }

    /// An object that is known to be broken, and how it is tested.
    pub const fn broken(
        name: &'static str,
        about: &'static str,
        run: fn(&Plan) -> Outcome,
    ) -> Self {
        Self {
            is_broken: true,
            ..Self::correct(name, about, run)
        }
    }

    /// The same, which cannot live long, or of which only the beginning is worth a test.
    pub const fn short_lived(self) -> Self {
        Self {
            soaks: false,
            ..self
        }
    }

    /// Tests it, by its name.
    pub fn stress(&self, plan: &Plan) -> Outcome {
        let name = Some(self.name.to_owned());
        (self.run)(&Plan {
            name,
            ..plan.clone()
        })
    }
}

impl<O: Debug, R: Debug, T: Debug> From<Report<O, R, T>> for Outcome {
    fn from(report: Report<O, R, T>) -> Self {
        Self {
            counts: report.counts,
            is_finding: report.finding.is_some(),
            is_pass: report.is_pass(),
            text: report.to_string(),
            files: report.files().to_vec(),
            unwritten: report.unwritten().to_vec(),
            round: report.finding.as_ref().map(|finding| finding.round),
            account: report.finding.map(|finding| finding.account),
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

/// The test of an object, which keeps what it finds as the command line reads it.
pub fn test<S, F, T>(specification: S, make: F, plan: &Plan) -> Stress<S, F>
where
    S: Specification<
            Op: Jepsen<Ret = S::Ret> + Clone + Send + Sync,
            Ret: Clone + Send + Sync,
            State: Send + Sync,
        > + Sync,
    F: FnMut() -> T,
    T: Send + Sync,
{
    Stress::new(specification, make)
        .plan(plan.clone())
        .save_named()
}
