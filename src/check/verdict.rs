//! What a check finds.

use std::{
    collections::HashSet,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use super::{Consistency, Spent, budget::Account};
use crate::{
    history::{History, Operation, Outcome},
    model::Specification,
};

/// What a check found, and what it took.
#[derive(Clone, Debug)]
pub struct Report<T> {
    /// What was asked.
    pub consistency: Consistency,
    /// What was found.
    pub verdict: Verdict<T>,
    /// The operations that were checked: all but those that failed.
    pub operations: u64,
    /// The configurations that were looked at.
    pub configurations: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// What was found of a history. `T` is the state of the model.
#[derive(Clone, Debug)]
pub enum Verdict<T> {
    /// The history is what the specification allows, and this order of its operations shows it: a linearization, unless
    /// something [less](Consistency::Sequential) was asked.
    Linearizable(Witness),
    /// It is not, and here is where.
    Violation(Box<Violation<T>>),
    /// It was not decided, for this reason. It is neither a pass nor a failure.
    Unknown(Reason),
}

/// An order in which the operations may have taken effect: the indices of their invocations.
///
/// All that completed with `ok` are in it, none that failed, and of those of unknown outcome the ones that must have
/// taken effect for the others to return what they did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The indices of the invocations.
    pub order: Vec<u64>,
}

/// Why a history is not what the specification allows.
#[derive(Clone, Debug)]
pub struct Violation<T> {
    /// What it is a violation of.
    pub consistency: Consistency,
    /// The index of the first event that nothing explains: up to the event before, the history is linearizable. It is
    /// an `ok`, or a `fail` of an operation that must have taken effect. Of [sequential
    /// consistency](Consistency::Sequential) no event is the first: it is where the longest order that was found ends.
    pub event: u64,
    /// Whether it is known to be the first. Where not, the budget ended while it was looked for, or too many operations were open,
    /// and it is one near it, of which not everything below may be known; or other parts of the object are undecided, which may have an earlier one; or no event
    /// is the first.
    pub is_first: bool,
    /// The index of the invocation that it completes.
    pub invocation: u64,
    /// The operation and what it returned.
    pub operation: String,
    /// How the operations before may have taken effect: a longest linearization of the part of the object where the
    /// violation is.
    pub prefix: Witness,
    /// What may have been the case before that event, if as little as possible has taken effect; at most
    /// [`EXPLAINED`](Self::EXPLAINED).
    pub explained: Vec<Explained<T>>,
    /// How many of these were found; 1 for a [collection](Specification::collection), of which one is looked for.
    pub configurations: usize,
}

impl<T> Violation<T> {
    /// So many configurations are explained.
    pub const EXPLAINED: usize = 8;
    /// So many operations are explained of each.
    pub const BLOCKED: usize = 16;

    /// Which event it is, and whether it is the first that nothing explains, on one line.
    pub fn summary(&self) -> String {
        let Self {
            consistency,
            event,
            invocation,
            operation,
            is_first,
            ..
        } = self;
        let what = match (consistency, is_first) {
            (Consistency::Linearizable, true) => "which nothing explains",
            (Consistency::Sequential, _) => {
                "with which the longest order found does not go on: there is none of all operations in which each process keeps its own"
            }
            (Consistency::Linearizable, false) => {
                "and nothing explains all up to some event near it: there was no budget to find out which is the first"
            }
        };
        format!("event {event} completes {operation} (invoked at {invocation}), {what}")
    }
}

/// One way in which all before the violation may have happened, and why it does not go on.
#[derive(Clone, Debug)]
pub struct Explained<T> {
    /// The state that the object is in then.
    pub state: T,
    /// The operations that are open and have not taken effect, of all at most [`Violation::BLOCKED`]: first the one that
    /// completes.
    pub blocked: Vec<Blocked>,
}

impl<T: fmt::Debug> Explained<T> {
    /// The state on one line, for a person; of bounded length.
    pub fn summary(&self) -> String {
        brief(&self.state)
    }
}

/// An operation that did not take effect yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The index of its invocation.
    pub invocation: u64,
    /// The operation, and what it returned if that is known.
    pub operation: String,
    /// Why it cannot be next, or why it does not help that it can.
    pub why: String,
}

/// Why there is no verdict.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The budget is spent.
    Spent(Spent),
    /// More operations are open at once than can be told apart.
    TooManyOpen {
        /// How many can be.
        limit: usize,
    },
    /// The history begins in the middle: this event completes what was invoked before it. What was the case then is not
    /// known.
    NoBeginning(u64),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spent(spent) => spent.fmt(f),
            Self::TooManyOpen { limit } => {
                write!(f, "more than {limit} operations are open at once")
            }
            Self::NoBeginning(event) => {
                write!(
                    f,
                    "event {event} completes what was invoked before the history begins"
                )
            }
        }
    }
}

/// What was found of a history.
pub(super) struct Judged<T> {
    pub(super) verdict: Verdict<T>,
    pub(super) operations: u64,
    /// Whether nothing is open at the end and only one state is possible then.
    #[cfg_attr(
        not(feature = "stress"),
        expect(dead_code, reason = "asked for by soaking alone")
    )]
    pub(super) ends_in_one_state: bool,
}

impl<T> Judged<T> {
    pub(super) fn unknown(reason: Reason) -> Self {
        Self {
            verdict: Verdict::Unknown(reason),
            operations: 0,
            ends_in_one_state: false,
        }
    }

    pub(super) fn report(self, consistency: Consistency, account: &Account) -> Report<T> {
        Report {
            consistency,
            verdict: self.verdict,
            operations: self.operations,
            configurations: account.configurations(),
            elapsed: account.elapsed(),
        }
    }
}

/// Why it is known beforehand that there will be no verdict.
pub(super) fn undecidable<O, R>(history: &History<O, R>, account: &Account) -> Option<Reason> {
    let spent = account.cannot_suffice(history.len()).map(Reason::Spent);
    spent.or_else(|| no_beginning(history))
}

/// Why the history cannot be judged, if it completes something that was invoked before it begins: what happened there is not
/// known.
fn no_beginning<O, R>(history: &History<O, R>) -> Option<Reason> {
    let completions = history.events().filter(|event| event.kind.is_completion());
    let mut indices = completions.map(|event| event.index);
    let first = indices.find(|index| history.invocation(*index).is_none());
    first.map(Reason::NoBeginning)
}

impl<T> Verdict<T> {
    /// Whether the history is what the specification allows.
    pub fn is_linearizable(&self) -> bool {
        matches!(self, Self::Linearizable(_))
    }

    /// Whether the history is not what the specification allows.
    pub fn is_violation(&self) -> bool {
        matches!(self, Self::Violation(_))
    }
}

impl<T> Report<T> {
    /// The same with other states.
    pub(crate) fn map<U>(self, mut map: impl FnMut(T) -> U) -> Report<U> {
        let explained = |its: Explained<T>| Explained {
            state: map(its.state),
            blocked: its.blocked,
        };
        let verdict = match self.verdict {
            Verdict::Linearizable(witness) => Verdict::Linearizable(witness),
            Verdict::Violation(violation) => Verdict::Violation(Box::new(Violation {
                explained: violation.explained.into_iter().map(explained).collect(),
                consistency: violation.consistency,
                event: violation.event,
                is_first: violation.is_first,
                invocation: violation.invocation,
                operation: violation.operation,
                prefix: violation.prefix,
                configurations: violation.configurations,
            })),
            Verdict::Unknown(reason) => Verdict::Unknown(reason),
        };
        Report {
            consistency: self.consistency,
            verdict,
            operations: self.operations,
            configurations: self.configurations,
            elapsed: self.elapsed,
        }
    }

    /// The verdict in a word or two: [what was asked](Consistency::name) if it is that, or `violation` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self.verdict {
            Verdict::Linearizable(_) => self.consistency.name(),
            Verdict::Violation(_) => "violation",
            Verdict::Unknown(_) => "unknown",
        }
    }
}

/// The verdict in the words of what was asked, for a person; of bounded length.
impl<T: fmt::Debug> fmt::Display for Report<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Linearizable(_) => f.write_str(self.name()),
            verdict => verdict.fmt(f),
        }
    }
}

/// For a person; of bounded length. What it is about the [`Report`] says.
impl<T: fmt::Debug> fmt::Display for Verdict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linearizable(_) => f.write_str("there is an order that explains it"),
            Self::Violation(violation) => violation.fmt(f),
            Self::Unknown(reason) => write!(f, "unknown: {reason}"),
        }
    }
}

impl<T: fmt::Debug> fmt::Display for Violation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "violation: {}", self.summary())?;
        if self.is_first {
            f.write_str("; up to the event before all is well")?;
        }
        for explained in &self.explained {
            write!(f, "\n  the state may be {}", explained.summary())?;
            for Blocked {
                invocation,
                operation,
                why,
            } in &explained.blocked
            {
                write!(f, "\n    {invocation:>8}  {operation}: {why}")?;
            }
        }
        match self.configurations - self.explained.len() {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more such states"),
        }
    }
}

/// The operation, and what it returned if that is known.
pub(super) fn operation(op: &impl fmt::Debug, ret: Option<&impl fmt::Debug>) -> String {
    match ret {
        Some(ret) => format!("{} → {}", brief(op), brief(ret)),
        None => format!("{} → ?", brief(op)),
    }
}

/// The violation at this event. There are so many `configurations` that explain the events before, and of the first of
/// them these are the states and the orders of operations that they came about by. A state that is not known follows from
/// the order.
pub(super) fn violation<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    event: u64,
    configurations: usize,
    explained: impl Iterator<Item = (Option<S::State>, Vec<u64>)>,
) -> Violation<S::State> {
    let completed = history.operation(event);
    let invocation = completed.map_or(event, |its| its.invocation);
    let part = completed.and_then(|its| specification.part(its.op));
    let is_concerned = |op: &S::Op| match (part, specification.part(op)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    let is_open = |its: &Operation<'_, S::Op, S::Ret>| match its.outcome {
        Outcome::Ok(_) | Outcome::Fail => its.completion.is_some_and(|it| it >= event),
        Outcome::Info | Outcome::Open => true,
    };
    let open = history
        .operations()
        .take_while(|its| its.invocation < event)
        .filter(|its| is_open(its) && is_concerned(its.op));
    let mut open: Vec<_> = open.collect();
    // The one that completes first: it is the one that nothing explains.
    if let Some(place) = open.iter().position(|its| its.invocation == invocation) {
        open[..=place].rotate_right(1);
    }
    let first = open.iter().map(|its| its.invocation).min();
    let mut prefix = Witness::default();
    let explain = |(state, order): (Option<S::State>, Vec<u64>)| {
        let state = state.unwrap_or_else(|| state_after(specification, history, &order, event));
        let recent = order.iter().copied().filter(|index| Some(*index) >= first);
        let done: HashSet<u64> = recent.collect();
        if prefix.order.is_empty() {
            prefix = Witness { order };
        }
        let is_pending = |its: &&Operation<'_, S::Op, S::Ret>| {
            !done.contains(&its.invocation) || its.invocation == invocation
        };
        let blocked = open.iter().filter(is_pending).map(|its| {
            let ret = its.outcome.ok();
            Blocked {
                invocation: its.invocation,
                operation: operation(its.op, ret),
                why: match done.contains(&its.invocation) {
                    true => "took effect, and cannot have returned that".to_owned(),
                    false => why_not(specification, &state, its.op, ret),
                },
            }
        });
        Explained {
            blocked: blocked.take(Violation::<()>::BLOCKED).collect(),
            state,
        }
    };
    let explained = explained.map(explain).collect();
    Violation {
        consistency: Consistency::Linearizable,
        event,
        is_first: true,
        invocation,
        operation: completed.map_or_else(String::new, |its| match its.outcome {
            Outcome::Ok(ret) => operation(its.op, Some(ret)),
            _ => format!("{}, which failed", operation(its.op, None::<&()>)),
        }),
        prefix,
        explained,
        configurations,
    }
}

/// The state after these operations, of a history of which nothing is known from `event` on.
fn state_after<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    order: &[u64],
    event: u64,
) -> S::State {
    let mut state = specification.initial();
    for index in order {
        let Some(its) = history.operation(*index) else {
            continue;
        };
        let ret = match its.outcome {
            Outcome::Ok(ret) if its.completion.is_some_and(|it| it < event) => Some(ret),
            _ => None,
        };
        specification.follow(&mut state, its.op, ret);
    }
    state
}

/// Why the operation cannot take effect in this state, or why that does not help.
pub(super) fn why_not<S: Specification>(
    specification: &S,
    state: &S::State,
    op: &S::Op,
    ret: Option<&S::Ret>,
) -> String {
    let mut possible = false;
    specification.step(state, op, ret, |_| possible = true);
    match (possible, specification.would_return(state, op)) {
        (true, _) => "could be next, but does not help".to_owned(),
        (false, Some(would)) => format!("would return {}", brief(&would)),
        (false, None) => "cannot be next".to_owned(),
    }
}

/// As much of it as a person wants to see.
fn brief(value: &impl fmt::Debug) -> String {
    const CHARACTERS: usize = 120;

    /// Takes no more than fits, so that a large value is not written out only to be cut.
    struct Bounded(String, usize);

    impl fmt::Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for character in text.chars() {
                if self.1 == 0 {
                    self.0.push('…');
                    return Err(fmt::Error);
                }
                self.0.push(character);
                self.1 -= 1;
            }
            Ok(())
        }
    }

    let mut text = Bounded(String::new(), CHARACTERS);
    // Fails where it is full, which is well. A violation is one, whatever it is that cannot be shown.
    let written = catch_unwind(AssertUnwindSafe(|| {
        let _ = fmt::write(&mut text, format_args!("{value:?}"));
    }));
    if written.is_err() {
        text.0.push_str("(its Debug panicked)");
    }
    text.0
}
