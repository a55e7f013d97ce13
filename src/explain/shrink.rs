//! From a history with a violation to the few operations that show it.

use std::{
    cell::Cell,
    collections::{HashSet, VecDeque},
    fmt::Debug,
    time::{Duration, Instant},
};

use super::{
    core::{Core, Limits, Place},
    erased::changes_nothing,
    text::{self, fit},
    timeline::{STATE, Timeline},
};
use crate::{
    check::{self, Budget, Report, Verdict, Violation},
    event::Event,
    history::{History, Operation, Outcome},
    model::{About, Specification},
};

/// How much shrinking may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// What the first check, of all of the history, may cost.
    pub check: Budget,
    /// So many configurations may be looked at for each candidate; `None` for a number that depends on the length of the
    /// history. A candidate that is not decided is not taken.
    pub configurations: Option<u64>,
    /// How long it may take after the first check; `None` for as long as it takes. What is tried one after the other has a share of it
    /// each, and when the time is up, what was reached so far is the answer: only where a share was not enough may two runs differ.
    pub time: Option<Duration>,
    /// Whether what is kept has to show it from the beginning of the history on, so that it is a history with a violation by itself, and not
    /// only from a state that the object was in [later](Shrunk::since).
    pub from_start: bool,
}

/// At most ten seconds for shrinking, and no bound on the first check.
impl Default for Effort {
    fn default() -> Self {
        Self {
            check: Budget::unlimited(),
            configurations: None,
            time: Some(Duration::from_secs(10)),
            from_start: false,
        }
    }
}

/// A few operations of a history, which show that it is not what the object may do.
#[derive(Clone, Debug)]
pub struct Shrunk<O, R, T> {
    /// The events of these operations, with indices anew from 0. They are still in their order, and of the processes that
    /// they were of. The last one is the event that nothing explains. Where there is a [`since`](Self::since), they may be what the object may do
    /// from its first state on.
    pub history: History<O, R>,
    /// For each of these events, the index that it had in the whole history.
    pub indices: Vec<u64>,
    /// The verdict on these operations, [from that state](Self::since) on: a violation (or undecided, where few could be left out and the budget of the first
    /// check is tight).
    pub report: Report<T>,
    /// The verdict on the whole history.
    pub whole: Report<T>,
    /// How many candidates were tried.
    pub candidates: u64,
    /// If they show it only from some moment on: which, and the state there.
    pub since: Option<Since<T>>,
    /// Whether nothing more could be taken out; if not, the time was up, or candidates were not decided.
    pub is_smallest: bool,
    /// Whether they are a violation whatever is put back of what came [since](Self::since). Where not, no few operations were found of which that is so, and
    /// what was left out may matter: see [`shrink`].
    pub stands: bool,
    /// So many operations the whole history has.
    operations: usize,
    /// Whether the time was up before it was known that no few operations stand.
    ran_out: bool,
}

/// A moment of a history from which a violation is told: all that must have taken effect before could only lead to one state.
///
/// What was open then may have taken effect, too, and led to another; but then it may as well have done so later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since<T> {
    /// The index of the first event behind it.
    pub event: u64,
    /// The state that the object is in if nothing has taken effect that need not have.
    pub state: T,
    /// Whether it is the state of all of the object. If not, it is that of the part and the values that the violation is about.
    pub is_of_all: bool,
    /// The operations that were open and had taken effect, by their invocations.
    applied: Vec<u64>,
}

impl<T> Since<T> {
    /// Whether the operation has led to the state, or is over.
    fn is_behind<O, R>(&self, operation: &Operation<'_, O, R>) -> bool {
        let is_over = operation.completion.is_some_and(|it| it < self.event);
        is_over || self.applied.contains(&operation.invocation)
    }
}

impl<T: Debug> Since<T> {
    /// The state on one line, for a person; of bounded length.
    pub fn summary(&self) -> String {
        text::brief(&self.state, STATE)
    }
}

impl<O: Debug, R: Debug, T: Debug> Shrunk<O, R, T> {
    /// What a person should see: these operations, and an order of all but the last with the state after each. They are a history
    /// of their own, and so are these states, which the text says: the whole one may have led to others. Where they do not
    /// [stand](Self::stands), such states would explain nothing: then the order and the states are
    /// those of `history`, the whole one, up to where it does not go on, and its last events are shown as well.
    ///
    /// Of what was left out, the last few operations are named that were open at the same time as the one that nothing explains,
    /// or, if none was, as any: they may be what raced.
    ///
    /// The numbers are those of the whole history. O(events of it).
    pub fn timeline<'a, S>(
        &'a self,
        specification: &S,
        history: &'a History<O, R>,
    ) -> Timeline<'a, O, R>
    where
        S: Specification<Op = O, Ret = R, State = T>,
    {
        /// So many of the last events: what is before them is told by the state.
        const EVENTS: usize = 16;

        let few = || {
            let timeline = Timeline::new(&self.history).numbers(&self.indices);
            match &self.since {
                None => timeline.explain(specification, &self.report),
                Some(since) => timeline.explain_since(specification, &self.report, since),
            }
        };
        match self.stands {
            true if self.kept() == self.operations => few(),
            true => {
                let (left_out, more) = self.open_meanwhile(history);
                few().alone().left_out(left_out, more)
            }
            false => Timeline::new(history)
                .rows(EVENTS)
                .explain(specification, &self.whole)
                .few(&self.history, &self.indices),
        }
    }
}

impl<O, R, T> Shrunk<O, R, T> {
    /// The last operations that were left out and open at the same time as the last of these, or, if none was, as any of these; and how
    /// many there are before them.
    fn open_meanwhile<'h>(&self, history: &'h History<O, R>) -> (Vec<Operation<'h, O, R>>, usize) {
        /// So many are named.
        const NAMED: usize = 5;

        let end = |completion: Option<u64>| completion.unwrap_or(u64::MAX);
        let its_own = |&index: &u64| history.operation(index);
        let last = self.indices.last().and_then(its_own);
        let last = last.map(|it| (it.invocation, end(it.completion)));
        // Merged, so that each operation is looked at once.
        let mut any: Vec<(u64, u64)> = Vec::new();
        let invocations = self.indices.iter().filter_map(its_own);
        for (start, end) in invocations.map(|it| (it.invocation, end(it.completion))) {
            match any.last_mut() {
                Some((_, last)) if start <= *last => *last = end.max(*last),
                _ => any.push((start, end)),
            }
        }
        for spans in [last.as_slice(), &any] {
            let overlaps = |it: &Operation<'_, O, R>| {
                let first = spans.partition_point(|&(_, last)| last < it.invocation);
                (spans.get(first)).is_some_and(|&(start, _)| start < end(it.completion))
            };
            let mut named = VecDeque::new();
            let mut before = 0;
            for operation in history.operations().filter(overlaps) {
                let is_shown = self.indices.binary_search(&operation.invocation).is_ok();
                let since = self.since.as_ref();
                if is_shown || since.is_some_and(|since| since.is_behind(&operation)) {
                    continue;
                }
                named.push_back(operation);
                if named.len() > NAMED {
                    named.pop_front();
                    before += 1;
                }
            }
            if !named.is_empty() {
                return (named.into(), before);
            }
        }
        (Vec::new(), 0)
    }

    /// How many operations there are.
    fn kept(&self) -> usize {
        self.history.operations().count()
    }

    /// What a person should know beside the operations, on one line.
    pub fn summary(&self) -> String {
        let (kept, all) = (self.kept(), self.operations);
        let limit = match (self.ran_out, self.is_smallest) {
            (true, _) if !self.stands => " (there was no time to look for those that show it)",
            (_, true) => "",
            (_, false) => " (there was no time to find out whether fewer would do)",
        };
        if self.stands {
            let since = match &self.since {
                None => String::new(),
                Some(since) => format!(", from the state before event {} on", since.event),
            };
            let show = if kept == 1 { "shows" } else { "show" };
            return format!("{kept} of {all} operations {show} it{since}{limit}");
        }
        let with_all = match &self.whole.verdict {
            Verdict::Violation(violation) => violation.explained.first().and_then(|explained| {
                let first = explained.blocked.first()?;
                Some(format!(
                    "{} {}",
                    fit(format_args!("{}", first.operation), COLUMNS),
                    fit(format_args!("{}", first.why), COLUMNS)
                ))
            }),
            _ => None,
        };
        let with_all = with_all.unwrap_or_else(|| "nothing explains it either".into());
        format!(
            "{kept} of {all} operations{limit}, too few to tell why: with all of them, {with_all}"
        )
    }
}

/// Of what is said of an operation.
const COLUMNS: usize = 80;

/// Reduces a history that is not linearizable to a few operations that show it.
///
/// What breaks [sequential consistency](check::sequentially_consistent) is not reduced: there no event is the first that nothing
/// explains, and parts of an object say something about one another, so that the first two steps below do not hold.
///
/// # What it guarantees
///
/// The operations that are kept are those of the history: same results, same order of events, same processes. And:
///
/// - **They are a violation, whatever is put back.** Of the operations that were left out, take any: together with those
///   that are kept, they are not what the object may do. So it is never the omission that makes the violation. (With
///   all put back this is the whole history, so the violation is that of the whole history.)
/// - **What is kept makes sense.** Up to the last event they are what the object may do, and that event completes the same
///   operation as in the whole history. If that operation was possible there at *some* other moment, or is without the values and the
///   reads that step 4 drops, it is possible here: what a stale read returned was written. If it was not, but would have been with
///   fewer of the others there, these are here: what came out twice was put in, and the two halves of what was torn were written.
/// - **None can be spared**: leave out any other than the last to complete, and one of the above does not hold, unless it
///   could not be decided ([`Shrunk::is_smallest`]).
///
/// Where that takes many operations, because the state counts them (a counter has lost one of ten thousand additions), or it is not
/// decided of which it takes, because the states are too many, they are looked for among those that come after [a moment](Shrunk::since) at which the
/// object could only be in one state. Then all of this holds of what came after, from that state on.
///
/// Where that leaves more than a person can read, too, or the time was up, the first of these is given up ([`Shrunk::stands`] is `false`): fewer operations are looked
/// for that are a violation by themselves, the last of which is the one of the whole history; of which it could have
/// returned the same at some other moment, if such can be found in time. What was left out may be why it could not.
///
/// # Which steps preserve meaning, and why
///
/// 1. *Cut after the event that nothing explains.* A prefix of what the object may do is what the object may do. What is
///    open at the cut may take effect or not, so no promise about it is broken.
/// 2. *Keep the [part](crate::model::Model::part) of the object that the event is about.* Others say nothing about it.
/// 3. *Drop marks, and what failed.* That did not take effect, so the others cannot miss it.
/// 4. *Drop whole values*, where the model says that values do not miss one another
///    ([`Model::about`](crate::model::Model::about)). What is about several stays only as long as all of its values do. Where
///    only operations that changed nothing are about all of them, such as a length, these are dropped before, if it is a
///    violation without them: they only make it harder for the others.
/// 5. *Drop other operations.* That alone preserves nothing: without a write, what read its value is a violation that never
///    happened. So what is dropped is checked as something that may have taken effect, in its own time and with its own
///    result, or may not be there at all. That makes more histories possible, never fewer: what is a violation even
///    so is one whatever is put back. ([What changed nothing](crate::model::Model::changes_nothing) need not be put back: it only makes it harder
///    for the others.) As this can only become false by dropping more, a smallest set is found by trying large pieces first
///    and then smaller ones, each once.
/// 6. *Begin later*, where there is one explanation of what happened so far, in which nothing has taken effect that need not have.
///    What follows is possible after all that came before if and only if it is possible from that state on, for what is
///    open and has not taken effect with what is invoked later. So steps 5 and 7 are done with these, and the state is told. Of some such
///    moments, the last is taken from which the culprit could have returned what it did at some other moment, or with
///    fewer of the others there.
/// 7. *Put back what the kept results come from*, as few as make them possible one after the other. To keep more of what
///    already stands, whatever is put back, costs it nothing.
///
/// No interval is narrowed: that would claim an order in time that was not recorded. Widening one would be sound, and shows
/// a person less.
///
/// # Cost
///
/// Some tens of checks for each operation that is kept, of histories that get shorter. A candidate whose check takes more
/// than [`Effort::configurations`] is not taken; models with many states, such as containers, should therefore have an
/// [`about`](crate::model::Model::about).
///
/// # Errors
///
/// The report of the first check, if it found no violation.
///
/// # Panics
///
/// Where the specification does.
#[allow(clippy::type_complexity)] // the types are those of the specification
pub fn shrink<S>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    effort: &Effort,
) -> Result<Shrunk<S::Op, S::Ret, S::State>, Box<Report<S::State>>>
where
    S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    let whole = check::linearizable(specification, history, &effort.check);
    let Verdict::Violation(violation) = &whole.verdict else {
        return Err(Box::new(whole));
    };
    let mut shrinking = Shrinking {
        history,
        core: concerned(specification, history, violation, effort),
        since: None,
        candidates: 0,
        began: Instant::now(),
        effort: *effort,
    };
    let Fewest {
        kept,
        is_smallest,
        stands,
        ran_out,
        ..
    } = shrinking.fewest();
    let operations = history.operations().count();
    let (history, indices) = select(history, &shrinking.core, &kept);
    let report = match &shrinking.since {
        None => check::linearizable(specification, &history, &effort.check),
        Some(_) => shrinking.core.report(&kept, &effort.check),
    };
    Ok(Shrunk {
        history,
        indices,
        report,
        candidates: shrinking.candidates,
        since: shrinking.since,
        is_smallest,
        stands,
        operations,
        ran_out,
        whole,
    })
}

/// The operations that the violation may be about: see steps 1 to 3 of [`shrink`].
fn concerned<'s, 'h, S: Specification>(
    specification: &'s S,
    history: &'h History<S::Op, S::Ret>,
    violation: &Violation<S::State>,
    effort: &Effort,
) -> Core<'s, 'h, S> {
    let until_end = |mut operation: Operation<'h, S::Op, S::Ret>| {
        if operation.completion.is_some_and(|it| it > violation.event) {
            operation.completion = None;
            operation.completed = None;
            operation.outcome = Outcome::Open;
            operation.error = None;
        }
        operation
    };
    let all = || {
        let operations = history.operations();
        operations.take_while(|operation| operation.invocation < violation.event)
    };
    let is_culprit =
        |operation: &Operation<'_, S::Op, S::Ret>| operation.invocation == violation.invocation;
    let part = |operation: &Operation<'_, S::Op, S::Ret>| specification.part(operation.op);
    // If anything is about the whole object, all is of one part.
    let whole = history
        .operations()
        .any(|operation| part(&operation).is_none());
    let its_part = all().find(is_culprit).and_then(|culprit| part(&culprit));
    let operations: Vec<_> = all()
        .map(until_end)
        .filter(|operation| {
            is_culprit(operation)
                || (whole || part(operation) == its_part)
                    && !matches!(operation.outcome, Outcome::Fail)
        })
        .collect();
    let culprit = operations.iter().position(is_culprit);
    Core {
        specification,
        initial: specification.initial(),
        culprit: culprit.expect("the violation is of an operation of the history"),
        operations,
        limits: Limits {
            check: effort.check.without_time(),
            configurations: effort.configurations,
            deadline: None,
            undecided: u64::MAX,
        },
        undecided: Cell::new(0),
    }
}

struct Shrinking<'s, 'h, S: Specification> {
    history: &'h History<S::Op, S::Ret>,
    core: Core<'s, 'h, S>,
    /// With what the core begins, if not with the history.
    since: Option<Since<S::State>>,
    candidates: u64,
    began: Instant,
    effort: Effort,
}

/// In what sense the culprit could have returned what it did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// At some other moment.
    Moment,
    /// If fewer of the others had been there: what it returned comes from some of them.
    Source,
    /// In none that is known.
    None,
}

/// What a person can read.
const FEW: usize = 32;

/// From so many on, beside the culprit, it is tried whether fewer show it from a later state on.
const MANY: usize = 10;

/// What operations that show it from a later state on have to be, to be better than those from the start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// As few as can be.
    Few,
    /// No more than so many, as few as can be, and from a state that can be told in full.
    AtMost(usize),
    /// Whatever they are: there are none from the start.
    Any,
}

/// Where no few that stand were found: to which operations it came, and in what sense the culprit could have returned what it did.
struct Left {
    kept: Vec<usize>,
    sense: Sense,
    /// Whether the time was up.
    ran_out: bool,
}

/// What is kept beside the culprit.
struct Fewest {
    kept: Vec<usize>,
    is_smallest: bool,
    stands: bool,
    sense: Sense,
    /// Whether the time was up before it was known that no few stand.
    ran_out: bool,
}

impl<S> Shrinking<'_, '_, S>
where
    S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    /// What stands, or, if that is too much for a person, what makes sense by itself, or else what is a violation by itself.
    fn fewest(&mut self) -> Fewest {
        self.until(4);
        self.drop_values();
        let (mut left, is_hard) = self.drop_operations_while_decided();
        let mut eighths = 4;
        // From the start it would take long, and from a later state on mostly does not.
        if is_hard {
            let later = (self.eighths_gone() + 2).max(3);
            if let Some(fewest) = self.since_a_moment(Asked::Few, later) {
                return fewest;
            }
            eighths = later + 1;
            self.until(eighths);
            left = self.drop_operations(left);
        }
        let stand = self.that_stand(left, eighths);
        // Operations that none can be spared of only because the state counts them are better told from a later one on.
        let asked = match &stand {
            Ok(fewest) if fewest.kept.len() < MANY => None,
            Ok(fewest) => Some(Asked::AtMost(fewest.kept.len() / 2)),
            Err(_) => Some(Asked::Any),
        };
        if let Some(asked) = asked.filter(|_| !self.effort.from_start) {
            if let Some(fewest) = self.since_a_moment(asked, eighths + 1) {
                return fewest;
            }
        }
        let left = match stand {
            Ok(fewest) => return fewest,
            Err(left) => left,
        };
        let by_themselves = self.few_by_themselves(left.sense);
        if !left.ran_out || by_themselves.stands {
            return by_themselves;
        }
        // They are often found soon. The time that this leaves is for what says more.
        self.until(8);
        let kept = self.drop_operations(left.kept);
        match self.that_stand(kept, 8) {
            Ok(fewest) => fewest,
            Err(left) => Fewest {
                ran_out: left.ran_out,
                ..by_themselves
            },
        }
    }

    /// Step 6: what stands from some moment on, if it is what is asked for. It is looked for until so many eighths of the time are over.
    fn since_a_moment(&mut self, asked: Asked, eighths: u32) -> Option<Fewest> {
        self.until(eighths);
        // Where much is left, there is nothing won.
        let most = self.core.operations.len() / 2;
        let is_there = |its: &Operation<'_, S::Op, S::Ret>| !matches!(its.outcome, Outcome::Fail);
        let culprit = self.core.operations[self.core.culprit];
        let known = (self.history.operations())
            .take_while(|its| culprit.completion.is_none_or(|end| its.invocation < end));
        let is_of_all = known.filter(is_there).count() <= self.core.operations.len();
        let mut without_sense = None;
        for moment in self.core.moments() {
            let core = self.core.since(&moment);
            let Some(core) = core.filter(|core| core.operations.len() <= most) else {
                continue;
            };
            let mut later = Shrinking {
                core,
                since: Some(Since {
                    event: moment.event,
                    state: moment.state,
                    is_of_all,
                    applied: moment.applied,
                }),
                ..*self
            };
            let left = later.drop_operations(later.others());
            let found = later.that_stand(left, eighths);
            self.candidates = later.candidates;
            let is_asked = |fewest: &Fewest| match asked {
                Asked::Few => fewest.is_smallest,
                Asked::AtMost(most) => {
                    fewest.is_smallest && fewest.kept.len() <= most && later.has_short_state()
                }
                Asked::Any => true,
            };
            match found.ok().filter(is_asked) {
                Some(fewest) if fewest.sense != Sense::None => {
                    *self = later;
                    return Some(fewest);
                }
                Some(fewest) => without_sense = without_sense.or(Some((later, fewest))),
                None if self.core.is_up() => break,
                None => {}
            }
        }
        let (later, fewest) = without_sense.filter(|_| asked == Asked::Any)?;
        *self = Shrinking {
            candidates: self.candidates,
            ..later
        };
        Some(fewest)
    }

    /// Whether all of the state that it begins with can be told.
    fn has_short_state(&self) -> bool {
        let since = self.since.as_ref();
        since.is_none_or(|since| text::columns(&text::brief(&since.state, STATE + 1)) <= STATE)
    }

    /// Those that stand with what is `left` of the others. [The time](Self::until) is that of so many eighths; one more is for what little
    /// is left to do then.
    fn that_stand(&mut self, left: Vec<usize>, eighths: u32) -> Result<Fewest, Left> {
        let (kept, sense) = self.put_back(left.clone());
        let stands = |its: &mut Self, kept: &[usize]| match its.makes_sense(kept, sense) {
            true => its.holds(kept),
            false => Some(false),
        };
        let (kept, is_smallest) = self.until_none_can_be_spared(kept, stands);
        let ran_out = self.core.is_up();
        // They are few: this takes a moment.
        self.until(eighths + 1);
        // What could not be put back in time may be missed before.
        if kept.len() < FEW && self.makes_sense(&kept, sense) {
            self.until(8);
            let (kept, is_smallest) = match ran_out {
                true => self.until_none_can_be_spared(kept, stands),
                false => (kept, is_smallest),
            };
            return Ok(Fewest {
                kept,
                is_smallest,
                stands: true,
                sense,
                ran_out,
            });
        }
        Err(Left {
            kept: left,
            sense,
            ran_out,
        })
    }

    /// What makes sense by itself, or, if that is too much for a person, what is a violation by itself.
    fn few_by_themselves(&mut self, sense: Sense) -> Fewest {
        self.until(7);
        if sense != Sense::None {
            let fewest = self.by_themselves(sense);
            if fewest.kept.len() < FEW {
                return fewest;
            }
        }
        self.until(8);
        self.by_themselves(Sense::None)
    }

    /// What follows may take until so many eighths of the time are over.
    fn until(&mut self, eighths: u32) {
        let deadline = |time: Duration| self.began.checked_add(time / 8 * eighths);
        self.core.limits.deadline = self.effort.time.and_then(deadline);
    }

    /// So many eighths of the time are over.
    fn eighths_gone(&self) -> u32 {
        let gone = |time: &Duration| self.began.elapsed().as_secs_f64() / time.as_secs_f64();
        let gone = self.effort.time.as_ref().map_or(0.0, gone);
        (8.0 * gone).min(4.0) as u32 // nothing is begun that takes longer
    }

    /// What one candidate comes to, if there is time for it.
    fn candidate(&mut self, holds: impl FnOnce(&Self) -> bool) -> Option<bool> {
        if self.core.is_up() {
            return None;
        }
        self.candidates += 1;
        Some(holds(self))
    }

    /// What is a violation by itself.
    fn by_themselves(&mut self, sense: Sense) -> Fewest {
        let others = self.others();
        let all = others.len();
        let makes_sense =
            |its: &mut Self, kept: &[usize]| its.candidate(|its| its.makes_sense(kept, sense));
        let kept = reduce_with_pairs(others, |kept| makes_sense(self, kept));
        let (kept, is_smallest) = self.until_none_can_be_spared(kept, makes_sense);
        Fewest {
            ran_out: false,
            is_smallest,
            sense,
            stands: kept.len() == all,
            kept,
        }
    }

    /// Step 4. What is left is checked by the specification itself, which knows faster ways.
    fn drop_values(&mut self) {
        self.drop_reads_of_all();
        let Some(abouts) = self.abouts() else { return };
        let its_own = &abouts[self.core.culprit];
        let mut known: HashSet<u64> = its_own.iter().copied().collect();
        let all = abouts.iter().flatten().copied();
        let values: Vec<u64> = all.filter(|&value| known.insert(value)).collect();
        let of = |values: &[u64]| -> Vec<usize> {
            let values: HashSet<u64> = values.iter().chain(its_own).copied().collect();
            (0..abouts.len())
                .filter(|&it| abouts[it].iter().all(|value| values.contains(value)))
                .collect()
        };
        let values = reduce(values, |values| self.is_violation(&of(values)));
        self.core.keep(&of(&values));
    }

    /// A read of all values ties them together: a length, say. Where nothing else does, it is tried without.
    fn drop_reads_of_all(&mut self) {
        let operations = &self.core.operations;
        let all = 0..operations.len();
        let (tying, kept): (Vec<_>, Vec<_>) =
            all.partition(|&it| self.about(&operations[it]) == About::All);
        let may_go = |&it: &usize| {
            it != self.core.culprit && changes_nothing(self.core.specification, &operations[it])
        };
        if !tying.is_empty() && tying.iter().all(may_go) && self.is_violation(&kept) == Some(true) {
            self.core.keep(&kept);
        }
    }

    /// Whether it is a violation with these alone.
    fn is_violation(&mut self, kept: &[usize]) -> Option<bool> {
        self.candidate(|its| {
            let (history, _) = select(its.history, &its.core, kept);
            let budget = its.core.limits.budget(history.len());
            let checked = check::linearizable(its.core.specification, &history, &budget);
            checked.verdict.is_violation()
        })
    }

    /// The values that each operation is about, if none is about all.
    fn abouts(&self) -> Option<Vec<Vec<u64>>> {
        let abouts = self.core.operations.iter().map(|its| self.about(its));
        abouts
            .map(|about| about.which().map(<[u64]>::to_vec))
            .collect()
    }

    fn about(&self, operation: &Operation<'_, S::Op, S::Ret>) -> About {
        let ret = operation.outcome.ok();
        self.core.specification.about(operation.op, ret)
    }

    fn others(&self) -> Vec<usize> {
        let all = 0..self.core.operations.len();
        all.filter(|&it| it != self.core.culprit).collect()
    }

    /// Whether it is a violation with these and the culprit, whatever is put back.
    fn holds(&mut self, kept: &[usize]) -> Option<bool> {
        self.candidate(|its| its.core.is_violation(&its.core.places(kept, Place::Loose)))
    }

    /// Step 5.
    fn drop_operations(&mut self, from: Vec<usize>) -> Vec<usize> {
        reduce(from, |kept| self.holds(kept))
    }

    /// The same for as long as it is decided what may be dropped; and says whether it was not.
    fn drop_operations_while_decided(&mut self) -> (Vec<usize>, bool) {
        /// One may be bad luck.
        const UNDECIDED: u64 = 2;

        if self.effort.from_start {
            return (self.drop_operations(self.others()), false);
        }
        self.core.limits.undecided = self.core.undecided.get() + UNDECIDED;
        let left = self.drop_operations(self.others());
        let is_hard = self.core.is_up();
        self.core.limits.undecided = u64::MAX;
        (left, is_hard)
    }

    /// Step 7: for the last operation to be possible at some moment, if it ever is, and for the others to be before it
    /// completes. Says in what sense it is.
    fn put_back(&mut self, mut kept: Vec<usize>) -> (Vec<usize>, Sense) {
        let all = vec![Place::Kept; self.core.operations.len()];
        // Impossible, or undecided, are those that are missing.
        let [roaming, fixed] = [true, false].map(|roams| self.core.order(&all, roams));
        let mut sense = Sense::Moment;
        if roaming.is_none() {
            sense = Sense::None;
            if self.has_source(&self.others()) == Some(true) {
                sense = Sense::Source;
                kept.extend(reduce(self.others(), |some| self.has_source(some)));
                kept.sort_unstable();
                kept.dedup();
            }
        }
        // What the one order needs may be too much for the other, which then needs more.
        loop {
            let before = kept.len();
            for (order, roams) in [(&roaming, true), (&fixed, false)] {
                if let Some(order) = order {
                    kept = self.with_what_it_needs(kept, order, roams);
                }
            }
            if kept.len() == before || self.core.is_up() {
                return (kept, sense);
            }
        }
    }

    /// These and as few others as it takes for the culprit and them to be possible in this order of all; that of the culprit not, where
    /// it does not `complete`.
    fn with_what_it_needs(
        &mut self,
        mut kept: Vec<usize>,
        order: &[usize],
        completes: bool,
    ) -> Vec<usize> {
        let needed: HashSet<usize> = (kept.iter().copied()).chain([self.core.culprit]).collect();
        let others = order.iter().copied().filter(|it| !needed.contains(it));
        let back = reduce_with_pairs(others.collect(), |back| {
            let back: HashSet<_> = back.iter().copied().collect();
            let there = |it: &usize| needed.contains(it) || back.contains(it);
            let order = order.iter().copied().filter(there);
            self.candidate(|its| its.core.replays(order, completes))
        });
        kept.extend(back);
        kept.sort_unstable();
        kept
    }

    fn has_source(&mut self, others: &[usize]) -> Option<bool> {
        self.candidate(|its| its.core.has_source(others))
    }

    /// Leaves out single ones for as long as what `holds` of all still does; and says whether no other may be left out, for sure.
    fn until_none_can_be_spared(
        &mut self,
        mut kept: Vec<usize>,
        mut holds: impl FnMut(&mut Self, &[usize]) -> Option<bool>,
    ) -> (Vec<usize>, bool) {
        let mut at = 0;
        let mut undecided = self.core.undecided.get();
        while at < kept.len() {
            let mut less = kept.clone();
            less.remove(at);
            if holds(self, &less) == Some(true) {
                (kept, at) = (less, 0);
                undecided = self.core.undecided.get();
            } else {
                at += 1;
            }
            if self.core.is_up() {
                return (kept, false);
            }
        }
        (kept, self.core.undecided.get() == undecided)
    }

    fn makes_sense(&self, kept: &[usize], sense: Sense) -> bool {
        let places = self.core.places(kept, Place::Gone);
        self.core.fails_at_the_end(&places)
            && match sense {
                Sense::Moment => self.core.order(&places, true).is_some(),
                Sense::Source => self.core.has_source(kept),
                Sense::None => true,
            }
    }
}

/// Leaves out large pieces while that can be done, then smaller ones, then single ones.
///
/// Where what holds of some holds of more, nothing more can be left out then. Tries some 2 × k × log(n) times, for k that
/// are left of n. Ends at once where it is not told whether it holds.
fn reduce<T: Copy>(mut kept: Vec<T>, mut holds: impl FnMut(&[T]) -> Option<bool>) -> Vec<T> {
    let mut size = kept.len();
    while size > 0 {
        let mut at = 0;
        while at < kept.len() {
            let end = kept.len().min(at + size);
            let less = [&kept[..at], &kept[end..]].concat();
            match holds(&less) {
                Some(true) => kept = less,
                Some(false) => at = end,
                None => return kept,
            }
        }
        size /= 2;
    }
    kept
}

/// The same where what holds of some need not hold of more: what one needs another may need too, and they go only together.
fn reduce_with_pairs<T: Copy>(kept: Vec<T>, mut holds: impl FnMut(&[T]) -> Option<bool>) -> Vec<T> {
    let mut kept = reduce(kept, &mut holds);
    while let Some(less) = without_two(&kept, &mut holds) {
        kept = reduce(less, &mut holds);
    }
    kept
}

/// Leaves out two, if there are not so many that it takes long to find out which.
fn without_two<T: Copy>(kept: &[T], mut holds: impl FnMut(&[T]) -> Option<bool>) -> Option<Vec<T>> {
    const FEW: usize = 64;
    if kept.len() > FEW {
        return None;
    }
    for second in 1..kept.len() {
        for first in 0..second {
            let mut less = kept.to_vec();
            less.remove(second);
            less.remove(first);
            if holds(&less)? {
                return Some(less);
            }
        }
    }
    None
}

/// A history of these operations, and the indices that its events had.
fn select<S: Specification<Op: Clone, Ret: Clone>>(
    history: &History<S::Op, S::Ret>,
    core: &Core<'_, '_, S>,
    kept: &[usize],
) -> (History<S::Op, S::Ret>, Vec<u64>) {
    let mut indices = Vec::new();
    for operation in kept
        .iter()
        .chain([&core.culprit])
        .map(|&it| &core.operations[it])
    {
        indices.push(operation.invocation);
        indices.extend(operation.completion);
    }
    indices.sort_unstable();
    indices.dedup(); // the culprit may be among those kept
    let events = indices.iter().zip(0..).map(|(&was, index)| Event {
        index,
        ..history.get(was).expect("an event of the history").cloned()
    });
    let selected = History::from_events(events);
    (selected.expect("whole operations of a history"), indices)
}
