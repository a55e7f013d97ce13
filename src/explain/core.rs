//! The operations of which some are left out, and the checks of what is left.

use std::{cell::Cell, collections::HashSet, time::Instant};

use super::erased::{Erased, Member, Object, Returned, Within, changes_nothing};
use crate::{
    check::{self, Budget, Moment, Report, Verdict},
    event::ProcessId,
    history::{History, HistoryBuilder, Operation, Outcome},
    model::Specification,
};

/// What a candidate makes of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// It is as it was recorded.
    Kept,
    /// It is as it was recorded, or it is not there at all: the check may choose.
    Loose,
    /// It is not there.
    Gone,
}

/// Operations of one history, up to the event that nothing explains.
pub(super) struct Core<'s, 'h, S: Specification> {
    pub(super) specification: &'s S,
    /// The state that the object is in before all of them.
    pub(super) initial: S::State,
    /// In the order of their invocations. Those that complete after the end are open.
    pub(super) operations: Vec<Operation<'h, S::Op, S::Ret>>,
    /// The one that the last event completes.
    pub(super) culprit: usize,
    pub(super) limits: Limits,
    /// So many checks were not decided.
    pub(super) undecided: Cell<u64>,
}

/// An event of the operation at this place.
struct End {
    /// In the whole history.
    index: u64,
    place: usize,
    is_completion: bool,
}

/// What a candidate may cost.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// What the first check might, but for the time,
    pub(super) check: Budget,
    /// and the configurations.
    pub(super) configurations: Option<u64>,
    pub(super) deadline: Option<Instant>,
    /// So many checks may be undecided.
    pub(super) undecided: u64,
}

impl Limits {
    pub(super) fn budget(&self, operations: usize) -> Budget {
        // So many configurations a check may take in any case, and so many more for each operation.
        const AT_LEAST: u64 = 300_000;
        const EACH: u64 = 200;
        let configurations = self
            .configurations
            .unwrap_or(AT_LEAST + EACH * operations as u64);
        let budget = self.check.configurations(configurations);
        match self.deadline {
            Some(deadline) => budget.time(deadline.saturating_duration_since(Instant::now())),
            None => budget,
        }
    }
}

impl<'h, S: Specification> Core<'_, 'h, S> {
    /// Whether the time is up, or too many checks were not decided.
    pub(super) fn is_up(&self) -> bool {
        let is_late = |deadline| Instant::now() >= deadline;
        self.undecided.get() >= self.limits.undecided || self.limits.deadline.is_some_and(is_late)
    }

    /// Whether the history is a violation with these kept, whichever of the loose ones are there. An undecided one
    /// is none.
    pub(super) fn is_violation(&self, places: &[Place]) -> bool {
        self.check(places, false).0.is_violation()
    }

    /// Forgets all other operations. The culprit is among those kept.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        let culprit = kept.iter().position(|&it| it == self.culprit);
        self.culprit = culprit.expect("the culprit is kept");
        self.operations = kept.iter().map(|&it| self.operations[it]).collect();
    }

    /// The places where these are kept, and all others are `otherwise`.
    pub(super) fn places(&self, kept: &[usize], otherwise: Place) -> Vec<Place> {
        let place = |operation: &Operation<'_, S::Op, S::Ret>| match otherwise {
            // It changes nothing, so where all is well with it, all is well without it.
            Place::Loose if changes_nothing(self.specification, operation) => Place::Gone,
            otherwise => otherwise,
        };
        let mut places: Vec<_> = self.operations.iter().map(place).collect();
        places[self.culprit] = Place::Kept;
        kept.iter().for_each(|&it| places[it] = Place::Kept);
        places
    }

    /// An order of all of these operations in which they could have returned what they did, if the culprit could
    /// have taken effect at any time (`roams`), or else had not completed.
    pub(super) fn order(&self, places: &[Place], roams: bool) -> Option<Vec<usize>> {
        // Where it does not roam, its completion is the last event.
        let (verdict, operations) = self.check_but(u64::from(!roams), places, roams);
        match verdict {
            Verdict::Linearizable(witness) => {
                let order = witness.order.iter();
                Some(order.map(|&index| operations[index as usize]).collect())
            }
            _ => None,
        }
    }

    /// Whether the culprit could have returned what it did at some time, if of these others there were those that help and no
    /// more.
    pub(super) fn has_source(&self, others: &[usize]) -> bool {
        let mut places = vec![Place::Gone; self.operations.len()];
        let changes = |it: &&usize| !changes_nothing(self.specification, &self.operations[**it]);
        (others.iter().filter(changes)).for_each(|&it| places[it] = Place::Loose);
        places[self.culprit] = Place::Kept;
        self.check(&places, true).0.is_linearizable()
    }

    /// What a check finds of these alone.
    pub(super) fn report(&self, kept: &[usize], budget: &Budget) -> Report<S::State> {
        let object = self.erased();
        let (history, _) = self.history(&object, &self.places(kept, Place::Gone), false);
        let report = check::linearizable_as_one(&Within(&object), &history, budget);
        report.map(|state| object.state(&state))
    }

    /// Some moments before the culprit is invoked, and before it completes, from which the rest may be told.
    pub(super) fn moments(&self) -> Vec<Moment<S::State>> {
        let all = vec![Place::Kept; self.operations.len()];
        let ends = self.ends(&all, false);
        let mut its_own = (0..)
            .zip(&ends)
            .filter(|(_, end)| end.place == self.culprit);
        let until = [(); 2].map(|()| its_own.next().expect("the culprit completes").0);
        let object = self.erased();
        let (history, _) = self.history(&object, &all, false);
        let budget = self.limits.budget(self.operations.len());
        let moments = check::moments(&Within(&object), &history, until, &budget);
        let to_whole = |event: u64| ends[event as usize].index;
        let moments = moments.into_iter().map(|moment| Moment {
            event: to_whole(moment.event),
            state: object.state(&moment.state),
            applied: moment.applied.into_iter().map(to_whole).collect(),
        });
        moments.collect()
    }

    /// What is left to do from this moment on.
    pub(super) fn since(&self, moment: &Moment<S::State>) -> Option<Self> {
        let culprit = self.operations[self.culprit].invocation;
        let operations = self.operations.iter().copied();
        let operations: Vec<_> = operations.filter(|its| moment.leaves(its)).collect();
        let culprit = operations.iter().position(|it| it.invocation == culprit);
        Some(Self {
            specification: self.specification,
            initial: moment.state.clone(),
            culprit: culprit?,
            operations,
            limits: self.limits,
            undecided: Cell::new(0),
        })
    }

    /// Whether it is a violation, and it is the last event that nothing explains.
    pub(super) fn fails_at_the_end(&self, places: &[Place]) -> bool {
        match self.check(places, false) {
            (Verdict::Violation(violation), events) => violation.event + 1 == events.len() as u64,
            _ => false,
        }
    }

    /// The verdict, and for each event the operation that it is of.
    fn check(&self, places: &[Place], roams: bool) -> (Verdict<()>, Vec<usize>) {
        self.check_but(0, places, roams)
    }

    /// The same of all events but so many at the end.
    fn check_but(&self, last: u64, places: &[Place], roams: bool) -> (Verdict<()>, Vec<usize>) {
        let object = self.erased();
        let (mut history, operations) = self.history(&object, places, roams);
        history.truncate(history.end() - last);
        let budget = self.limits.budget(self.operations.len());
        let report = check::linearizable_as_one(&Within(&object), &history, &budget);
        let verdict = report.map(|_| ()).verdict;
        if matches!(verdict, Verdict::Unknown(_)) {
            self.undecided.set(self.undecided.get() + 1);
        }
        (verdict, operations)
    }

    fn erased(&self) -> Erased<'_, 'h, S> {
        Erased::new(self.specification, &self.initial, &self.operations)
    }

    /// The invocations and completions of these, in their order; of a culprit that roams, the invocation comes first.
    fn ends(&self, places: &[Place], roams: bool) -> Vec<End> {
        let mut ends = Vec::new();
        for (place, operation) in self.operations.iter().enumerate() {
            if places[place] == Place::Gone {
                continue;
            }
            let end = |index, is_completion| End {
                index,
                place,
                is_completion,
            };
            ends.push(end(operation.invocation, false));
            ends.extend(operation.completion.map(|index| end(index, true)));
        }
        let is_first = |end: &End| roams && end.place == self.culprit && !end.is_completion;
        ends.sort_unstable_by_key(|end| (!is_first(end), end.index));
        ends
    }

    /// Every operation as a process of its own, for processes mean nothing to linearizability; of a culprit that
    /// roams, the invocation comes first.
    fn history<'a>(
        &self,
        object: &'a dyn Object,
        places: &[Place],
        roams: bool,
    ) -> (History<Member<'a>, Returned<'a>>, Vec<usize>) {
        let ends = self.ends(places, roams);
        let mut builder = HistoryBuilder::new();
        for end in &ends {
            let operation = end.place;
            let process = ProcessId(operation as u64);
            match (end.is_completion, self.operations[operation].outcome) {
                (false, _) => builder.invoke(
                    process,
                    Member {
                        object,
                        operation,
                        is_loose: places[operation] == Place::Loose,
                    },
                ),
                (true, Outcome::Ok(_)) => {
                    builder.ok(process, Returned::Recorded(object, operation))
                }
                (true, Outcome::Fail) => builder.fail(process),
                (true, Outcome::Info | Outcome::Open) => builder.info(process),
            };
        }
        let history = builder.finish().expect("each process has one operation");
        (history, ends.into_iter().map(|end| end.place).collect())
    }

    /// Whether these operations, one after the other, could have returned what they did; the culprit too, if it
    /// `completes`. O(order).
    pub(super) fn replays(&self, order: impl IntoIterator<Item = usize>, completes: bool) -> bool {
        let mut states = vec![self.initial.clone()];
        for place in order {
            let operation = &self.operations[place];
            let ret = match operation.outcome {
                Outcome::Ok(ret) if completes || place != self.culprit => Some(ret),
                _ => None,
            };
            states = match &states[..] {
                [state] => next(self.specification, state, operation.op, ret).collect(),
                _ => {
                    let next = |state| next(self.specification, state, operation.op, ret);
                    let distinct: HashSet<_> = states.iter().flat_map(next).collect();
                    distinct.into_iter().collect()
                }
            };
            if states.is_empty() {
                return false;
            }
        }
        true
    }
}

/// The states that the operation may lead to.
pub(super) fn next<S: Specification>(
    specification: &S,
    state: &S::State,
    op: &S::Op,
    ret: Option<&S::Ret>,
) -> impl Iterator<Item = S::State> + use<S> {
    let mut states = Vec::new();
    specification.step(state, op, ret, |state| states.push(state));
    states.into_iter()
}
