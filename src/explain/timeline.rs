//! A history as text: time goes down, each process has a lane, and each event a line.
//!
//! Lanes are narrow and what happened stands beside them, so that ten processes fit as well as two and what an operation
//! says is not cut where there are many of them.

use std::{collections::VecDeque, fmt};

use super::{core::next, shrink::Since, text};
use crate::{
    check::{Consistency, Explained, Report, Verdict, Violation},
    event::{EventKind, ProcessId},
    history::{History, Operation, Outcome},
    model::Specification,
};

/// A history as text of bounded size, with what a check found of it.
///
/// ```text
///   event  p0 p1 p2
///       0  ■         Write(7) → None
///       2  ┌         Write(8)
///       3  │  ■      Read → Some(8)
///       5  │     ┌   Read
///       6  └     │   Write(8) → None
/// ✗     7        └   Read → Some(7)  ← nothing explains this
/// ```
///
/// An operation goes from `┌` to `└` in the lane of its process, and those beside one another were open at once; `■` is
/// one during which nothing else that is shown happened. `?` ends one whose outcome is not known, `×` one that failed.
///
/// Of a longer history a [window](Self::rows) is shown: about the event that nothing explains if there is one, and else
/// the beginning. What it says of how many events are left out counts all.
pub struct Timeline<'h, O, R> {
    history: &'h History<O, R>,
    width: usize,
    rows: usize,
    numbers: Option<&'h [u64]>,
    paint: fn(Role, &str) -> String,
    found: Option<Found>,
    few: Option<Few<'h, O, R>>,
    left_out: Option<LeftOut<'h, O, R>>,
}

/// What a history was reduced to, and the number of each of its events.
type Few<'h, O, R> = (&'h History<O, R>, &'h [u64]);

/// Operations that were left out, and how many more there are.
type LeftOut<'h, O, R> = (Vec<Operation<'h, O, R>>, usize);

/// What a piece of a [`Timeline`] is, for [colours](Timeline::paint).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// What the next lines are about.
    Heading,
    /// The operation that nothing explains.
    Culprit,
    /// The lanes, and the numbers of events.
    Lane,
    /// A state of the object.
    State,
    /// What is left out.
    Note,
}

/// What a check found, as texts of bounded length.
struct Found {
    headline: String,
    /// The state that it begins with, if that is not the first of the history.
    since: Option<FoundSince>,
    /// The event that nothing explains, or with which the order does not go on.
    culprit: Option<u64>,
    /// What is said beside that event,
    pointer: &'static str,
    /// of the order,
    order: &'static str,
    /// and of the first state in which it does not go on.
    then: &'static str,
    /// The last operations of the order that was found, by the indices of their invocations, each with the state after it.
    steps: VecDeque<(u64, String)>,
    /// How many operations come before these.
    steps_before: usize,
    /// The states in which it does not go on, and the operations that are open then, each with why it does not help.
    stuck: Vec<(String, Vec<(u64, String)>)>,
    /// How many such states there are beside these.
    more_stuck: usize,
}

/// The state of which a part of a history is told.
struct FoundSince {
    heading: String,
    state: String,
    is_of_all: bool,
    /// The invocation of what nothing explains, if that was before.
    open_since: Option<u64>,
}

/// What is said beside an event that nothing explains.
const UNEXPLAINED: &str = "← nothing explains this";
/// What is said of the state in which the order does not go on.
const THEN: &str = "Then the state is";
/// So many steps of the order are shown.
const STEPS: usize = 24;
/// So many states in which it does not go on,
const STUCK: usize = 3;
/// So many of the operations that are open then.
const BLOCKED: usize = 4;
/// So many columns of a state.
pub(super) const STATE: usize = 200;
/// So many operations that were open when the window begins.
const OPEN: usize = 8;

impl<'h, O, R> Timeline<'h, O, R> {
    /// 80 columns, and at most 60 events.
    pub fn new(history: &'h History<O, R>) -> Self {
        Self {
            history,
            width: 80,
            rows: 60,
            numbers: None,
            paint: |_, text| text.to_owned(),
            found: None,
            few: None,
            left_out: None,
        }
    }

    /// At most so many columns; 40 at the least.
    pub fn width(mut self, columns: usize) -> Self {
        self.width = columns.max(40);
        self
    }

    /// At most so many events, and at least one.
    pub fn rows(mut self, events: usize) -> Self {
        self.rows = events.max(1);
        self
    }

    /// The number to show for each event instead of its index: [`Shrunk::indices`](super::Shrunk::indices), for one.
    pub fn numbers(mut self, numbers: &'h [u64]) -> Self {
        self.numbers = Some(numbers);
        self
    }

    /// Begins with these operations, of which no state is told: without the others, that would be one that the object was not in.
    pub(super) fn few(mut self, history: &'h History<O, R>, numbers: &'h [u64]) -> Self {
        self.few = Some((history, numbers));
        self
    }

    /// Names these operations, and how many more there are, as open at the same time as what is shown.
    pub(super) fn left_out(mut self, operations: Vec<Operation<'h, O, R>>, more: usize) -> Self {
        self.left_out = Some((operations, more));
        self
    }

    /// Says of what was [found](Self::explain) that it is of these operations alone: with those that were left out, the object was
    /// in other states.
    pub(super) fn alone(mut self) -> Self {
        if let Some(found) = &mut self.found {
            found.order = "Up to there, these alone may have taken effect in this order:";
            found.then = "After these alone the state is";
        }
        self
    }

    /// What makes a text of a piece and its role: the text itself, with what turns a colour on and off about it. Without
    /// that there are no colours.
    pub fn paint(mut self, paint: fn(Role, &str) -> String) -> Self {
        self.paint = paint;
        self
    }
}

impl<O: fmt::Debug, R: fmt::Debug> Timeline<'_, O, R> {
    /// Adds what a check found of the history: the operation that nothing explains is marked, and an order is shown in
    /// which the others may have taken effect, with the state after each of the last. O(operations).
    pub fn explain<S>(self, specification: &S, report: &Report<S::State>) -> Self
    where
        S: Specification<Op = O, Ret = R>,
    {
        self.explain_from(specification.initial(), specification, report)
    }

    /// The same of a history of which the beginning is left out.
    pub(super) fn explain_since<S>(
        self,
        specification: &S,
        report: &Report<S::State>,
        since: &Since<S::State>,
    ) -> Self
    where
        S: Specification<Op = O, Ret = R>,
    {
        let mut explained = self.explain_from(since.state.clone(), specification, report);
        let culprit = explained.found.as_ref().and_then(|found| found.culprit);
        let invocation = culprit.and_then(|event| explained.history.invocation(event));
        let invocation = invocation.map(|event| explained.number(event));
        if let Some(found) = &mut explained.found {
            let event = since.event;
            let heading =
                format!("What must have happened before event {event} leads to this state:");
            found.since = Some(FoundSince {
                heading,
                state: since.summary(),
                is_of_all: since.is_of_all,
                open_since: invocation.filter(|invocation| *invocation < event),
            });
        }
        explained
    }

    fn explain_from<S>(
        mut self,
        initial: S::State,
        specification: &S,
        report: &Report<S::State>,
    ) -> Self
    where
        S: Specification<Op = O, Ret = R>,
    {
        let mut found = Found {
            headline: report.name().to_owned(),
            since: None,
            culprit: None,
            pointer: "",
            order: "All is well, if they took effect in this order:",
            then: THEN,
            steps: VecDeque::new(),
            steps_before: 0,
            stuck: Vec::new(),
            more_stuck: 0,
        };
        let order = match &report.verdict {
            Verdict::Linearizable(witness) => &witness.order[..],
            Verdict::Unknown(reason) => {
                found.headline = format!("unknown: {reason}");
                &[]
            }
            Verdict::Violation(violation) => {
                found.culprit = Some(violation.event);
                let headline;
                (headline, found.pointer, found.order) = match report.consistency {
                    Consistency::Linearizable => (
                        "there is no order in which this may have happened",
                        UNEXPLAINED,
                        "Up to there all is well, if they took effect in this order:",
                    ),
                    Consistency::Sequential => (
                        "there is no order of all in which each process keeps its own",
                        "← the longest order ends before this",
                        "The longest order found, whenever they happened:",
                    ),
                };
                found.headline = format!("violation: {headline}");
                if !violation.is_first && report.consistency == Consistency::Linearizable {
                    found.headline += "\n(there was no budget to find out which event is the first: it is near the one marked)";
                }
                found.note_stuck(violation);
                &violation.prefix.order[..]
            }
        };
        let steps = self.replay(initial, specification, order);
        found.steps_before = order.len() - steps.len();
        found.steps = steps;
        self.found = Some(found);
        self
    }

    /// The last operations of the order, each with the state after it; none if the order does not go through.
    fn replay<S>(
        &self,
        initial: S::State,
        specification: &S,
        order: &[u64],
    ) -> VecDeque<(u64, String)>
    where
        S: Specification<Op = O, Ret = R>,
    {
        let mut steps = VecDeque::new();
        let mut states = vec![initial];
        for (number, &invocation) in order.iter().enumerate() {
            let Some(operation) = self.history.operation(invocation) else {
                return VecDeque::new();
            };
            let ret = operation.outcome.ok();
            let mut after: Vec<S::State> = Vec::new();
            for state in states
                .iter()
                .flat_map(|state| next(specification, state, operation.op, ret))
            {
                if !after.contains(&state) {
                    after.push(state);
                }
            }
            states = after;
            let Some(state) = states.first() else {
                return VecDeque::new();
            };
            if number + STEPS >= order.len() {
                let or = if states.len() > 1 { " (or others)" } else { "" };
                let state = text::brief(state, STATE) + or;
                steps.push_back((invocation, state));
            }
        }
        steps
    }
}

impl Found {
    /// That nothing explains this event, and no more.
    fn culprit(event: u64) -> Self {
        Self {
            headline: String::new(),
            since: None,
            culprit: Some(event),
            pointer: UNEXPLAINED,
            order: "",
            then: THEN,
            steps: VecDeque::new(),
            steps_before: 0,
            stuck: Vec::new(),
            more_stuck: 0,
        }
    }

    fn note_stuck<T: fmt::Debug>(&mut self, violation: &Violation<T>) {
        let stuck = violation.explained.iter().take(STUCK).map(|explained| {
            let Explained { state, blocked } = explained;
            let blocked = blocked.iter().take(BLOCKED);
            let blocked = blocked.map(|it| (it.invocation, it.why.clone()));
            (text::brief(state, STATE), blocked.collect())
        });
        self.stuck = stuck.collect();
        self.more_stuck = violation.configurations.saturating_sub(self.stuck.len());
    }
}

/// What is written, and where.
struct Page<'t, 'h, O, R> {
    timeline: &'t Timeline<'h, O, R>,
    /// The processes that have a lane, and how wide one is.
    lanes: Vec<ProcessId>,
    lane: usize,
    /// How wide the numbers are.
    number: usize,
}

impl<O: fmt::Debug, R: fmt::Debug> fmt::Display for Timeline<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(found) = &self.found {
            let role = if found.culprit.is_some() {
                Role::Culprit
            } else {
                Role::Heading
            };
            self.line(f, role, &found.headline)?;
            f.write_str("\n")?;
            if let Some(since) = &found.since {
                self.line(f, Role::Heading, &since.heading)?;
                self.line(f, Role::State, &format!("  {}", since.state))?;
                if !since.is_of_all {
                    let note = "(of the part of the object and the values that these are about)";
                    self.line(f, Role::Note, note)?;
                }
                if let Some(event) = since.open_since {
                    let note = format!(
                        "✗, open since event {event}, is not explained by taking effect earlier, either."
                    );
                    self.line(f, Role::Note, &note)?;
                }
                f.write_str("\n")?;
            }
        }
        self.few_lanes(f)?;
        let window = self.window();
        let page = Page::new(self, window.clone());
        page.lanes(f, window)?;
        page.left_out(f)?;
        let Some(found) = &self.found else {
            return Ok(());
        };
        page.order(f, found)?;
        page.stuck(f, found)
    }
}

impl<O: fmt::Debug, R: fmt::Debug> Timeline<'_, O, R> {
    /// The lanes of the few, if there are any, the last of which nothing explains.
    fn few_lanes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((history, numbers)) = self.few else {
            return Ok(());
        };
        let few = Timeline {
            width: self.width,
            numbers: Some(numbers),
            paint: self.paint,
            found: history.end().checked_sub(1).map(Found::culprit),
            ..Timeline::new(history)
        };
        let window = few.window();
        Page::new(&few, window.clone()).lanes(f, window)?;
        f.write_str("\n")?;
        self.line(f, Role::Heading, "Of all operations, the last before it:")?;
        f.write_str("\n")
    }

    /// The places of the events that are shown.
    fn window(&self) -> std::ops::Range<usize> {
        let (all, rows) = (self.history.len(), self.rows);
        let culprit = self.found.as_ref().and_then(|found| found.culprit);
        let culprit = culprit.map(|event| (event - self.history.start()) as usize);
        let end = match culprit {
            // Most of what led to it, and a little of what came after.
            Some(culprit) => (culprit + 1 + rows / 8).min(all).max(rows.min(all)),
            None => rows.min(all),
        };
        end.saturating_sub(rows)..end
    }

    fn number(&self, index: u64) -> u64 {
        let place = index.checked_sub(self.history.start());
        let number = place.and_then(|place| self.numbers?.get(usize::try_from(place).ok()?));
        number.copied().unwrap_or(index)
    }

    /// Whether the event at this place is the invocation of an operation that completes with the next one, before `end`.
    fn is_at_once(&self, place: usize, end: usize) -> bool {
        let event = self.history.at(place);
        let operation = self.history.operation(event.index);
        let completion = operation.and_then(|it| it.completion);
        place + 1 < end && event.kind.is_invoke() && completion == Some(event.index + 1)
    }

    /// What is written beside the event at this place: its number, and where it is [at once](Self::is_at_once) that of the completion
    /// too, if that is not the next one, or is the one that nothing explains.
    fn label(&self, place: usize, end: usize) -> String {
        let index = self.history.start() + place as u64;
        let (first, last) = (self.number(index), self.number(index + 1));
        let culprit = self.found.as_ref().and_then(|found| found.culprit);
        match self.is_at_once(place, end) {
            true if last != first + 1 || culprit == Some(index + 1) => format!("{first}–{last}"),
            _ => first.to_string(),
        }
    }

    fn painted(&self, role: Role, text: &str) -> String {
        match text.trim().is_empty() {
            true => text.to_owned(),
            false => (self.paint)(role, text),
        }
    }

    /// A line that is all of one role.
    fn line(&self, f: &mut fmt::Formatter<'_>, role: Role, line: &str) -> fmt::Result {
        let line = text::fit(format_args!("{line}"), self.width);
        writeln!(f, "{}", self.painted(role, &line))
    }
}

impl<'t, 'h, O: fmt::Debug, R: fmt::Debug> Page<'t, 'h, O, R> {
    fn new(timeline: &'t Timeline<'h, O, R>, window: std::ops::Range<usize>) -> Self {
        let history = timeline.history;
        let mut lanes: Vec<ProcessId> = Vec::new();
        let culprit = timeline.found.as_ref().and_then(|found| found.culprit);
        let culprit = culprit.and_then(|event| history.get(event));
        lanes.extend(culprit.map(|event| event.process));
        for event in window.clone().rev().map(|place| history.at(place)) {
            if !event.kind.is_mark() && !lanes.contains(&event.process) {
                lanes.push(event.process);
            }
        }
        let id = |&process: &ProcessId| name(process).len();
        let lane = 1 + lanes.iter().map(id).max().unwrap_or(1);
        lanes.truncate(timeline.width / 2 / lane);
        lanes.sort_unstable();
        let end = window.end;
        let labels = window.map(|place| text::columns(&timeline.label(place, end)));
        Self {
            timeline,
            lanes,
            lane,
            number: labels.max().unwrap_or(0).max("event".len()),
        }
    }

    fn lanes(&self, f: &mut fmt::Formatter<'_>, window: std::ops::Range<usize>) -> fmt::Result {
        let Timeline { history, .. } = *self.timeline;
        let note = |f: &mut _, what: &str| self.timeline.line(f, Role::Note, what);
        if window.is_empty() {
            return note(f, "  no events");
        }
        let ids = self
            .lanes
            .iter()
            .map(|&id| format!("{:<1$}", name(id), self.lane));
        let heading = format!(
            "  {:>1$}  {2}",
            "event",
            self.number,
            ids.collect::<String>()
        );
        self.timeline.line(f, Role::Lane, heading.trim_end())?;
        if window.start > 0 {
            note(
                f,
                &format!("  … {} events before are left out", window.start),
            )?;
        }
        let found = self.timeline.found.as_ref();
        let culprit = found.and_then(|found| Some((found.culprit?, found.pointer)));
        let mut open = vec![false; self.lanes.len()];
        self.open_before(f, window.start, window.end, &mut open)?;
        let mut place = window.start;
        while place < window.end {
            let event = history.at(place);
            let lane = self.lanes.iter().position(|&it| it == event.process);
            let operation = history.operation(event.index);
            let is_invocation = event.kind.is_invoke();
            // Nothing between its ends: one line for both.
            let at_once = self.timeline.is_at_once(place, window.end);
            let completes = !is_invocation || at_once;
            let glyph = match (&event.kind, operation.map(|it| it.outcome)) {
                (EventKind::Mark(_), _) => "·",
                (_, _) if !completes => "┌",
                (_, Some(Outcome::Fail)) => "×",
                (_, Some(Outcome::Info)) => "?",
                _ if at_once => "■",
                _ => "└",
            };
            let mut bars = String::new();
            for (it, is_open) in open.iter().enumerate() {
                let bar = match (Some(it) == lane, is_open) {
                    (true, _) => glyph,
                    (false, true) => "│",
                    (false, false) => " ",
                };
                bars += &format!("{bar:<0$}", self.lane);
            }
            if let Some(lane) = lane.filter(|_| !event.kind.is_mark()) {
                open[lane] = !completes;
            }
            let what = match (event.kind, operation) {
                (EventKind::Mark(text), _) => format!("{} {text}", name(event.process)),
                (_, Some(operation)) => self.say(&operation, completes),
                _ => self.say_completion(event.kind),
            };
            let what = match lane {
                Some(_) => what,
                None if event.kind.is_mark() => what,
                None => format!("{}: {what}", name(event.process)),
            };
            let last = event.index + u64::from(at_once);
            let pointer = culprit.filter(|(its, _)| [event.index, last].contains(its));
            let label = self.timeline.label(place, window.end);
            self.row(f, &label, pointer.map(|(_, it)| it), &bars, &what)?;
            place += 1 + usize::from(at_once);
        }
        match history.len() - window.end {
            0 => Ok(()),
            after => note(f, &format!("  … {after} events after are left out")),
        }
    }

    /// What was invoked before the window and ends in it or after.
    fn open_before(
        &self,
        f: &mut fmt::Formatter<'_>,
        start: usize,
        end: usize,
        open: &mut [bool],
    ) -> fmt::Result {
        let history = self.timeline.history;
        let first = history.start() + start as u64;
        // What ends here is told there.
        for event in (start..end).map(|place| history.at(place)) {
            let before = event.kind.is_completion()
                && history.invocation(event.index).is_none_or(|it| it < first);
            let lane = self.lanes.iter().position(|&it| it == event.process);
            if let (true, Some(lane)) = (before, lane) {
                open[lane] = true;
            }
        }
        let last = history.start() + end as u64;
        let mut unseen = history
            .operations()
            .take_while(|it| it.invocation < first)
            .filter(|it| {
                !matches!(it.outcome, Outcome::Info) && it.completion.is_none_or(|it| it >= last)
            });
        for operation in unseen.by_ref().take(OPEN) {
            let what = self.say(&operation, false);
            let invocation = self.timeline.number(operation.invocation);
            let what = format!(
                "  … open since event {invocation}: {} {what}",
                name(operation.process)
            );
            self.timeline.line(f, Role::Note, &what)?;
        }
        match unseen.count() {
            0 => Ok(()),
            more => self
                .timeline
                .line(f, Role::Note, &format!("  … and {more} more open")),
        }
    }

    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        label: &str,
        pointer: Option<&str>,
        bars: &str,
        what: &str,
    ) -> fmt::Result {
        let left = format!("{label:>0$}  {bars}", self.number);
        let indent = 2 + text::columns(&left) + 1;
        let room = self.timeline.width.saturating_sub(indent).max(1);
        let what = text::fit(format_args!("{what}"), room);
        let paint = |role, text: &str| self.timeline.painted(role, text);
        let lane = paint(Role::Lane, &left);
        let Some(pointer) = pointer else {
            return writeln!(f, "  {lane} {what}");
        };
        let (mark, what_painted) = (paint(Role::Culprit, "✗"), paint(Role::Culprit, &what));
        write!(f, "{mark} {lane} {what_painted}")?;
        // Beside it, or where there is no room, below.
        let painted = paint(Role::Culprit, pointer);
        match text::columns(&what) + 2 + text::columns(pointer) <= room {
            true => writeln!(f, "  {painted}"),
            false if text::columns(pointer) <= room => {
                writeln!(f, "\n{:indent$}{painted}", "")
            }
            false => writeln!(f),
        }
    }

    /// The operation, and what came of it if that is known by then.
    fn say(&self, operation: &Operation<'_, O, R>, completes: bool) -> String {
        let width = self.timeline.width;
        // What came of it is not cut off by what was asked.
        let room = if completes { width * 2 / 5 } else { width };
        let mut what = text::brief(operation.op, room);
        if completes {
            what += &match operation.outcome {
                Outcome::Ok(ret) => format!(" → {}", text::brief(ret, width)),
                Outcome::Fail => " failed".to_owned(),
                Outcome::Info | Outcome::Open => " → ?".to_owned(),
            };
            if let Some(error) = operation.error {
                what += &format!(" ({})", text::fit(format_args!("{error}"), width));
            }
        }
        what
    }

    /// A completion of what was invoked before the history begins.
    fn say_completion(&self, kind: EventKind<&O, &R, &str>) -> String {
        match kind {
            EventKind::Ok(ret) => format!("… → {}", text::brief(ret, self.timeline.width)),
            kind => format!("… {}", kind.name()),
        }
    }

    /// The operations that were left out, by the events that they go from and to.
    fn left_out(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timeline = self.timeline;
        let Some((operations, more)) = &timeline.left_out else {
            return Ok(());
        };
        if operations.is_empty() {
            return Ok(());
        }
        f.write_str("\n")?;
        timeline.line(f, Role::Heading, "Open meanwhile, and left out:")?;
        let events = |it: &Operation<'_, O, R>| match it.completion {
            Some(completion) => format!("{}–{completion}", it.invocation),
            None => format!("{}–", it.invocation),
        };
        let said = operations.iter().map(|it| (events(it), it));
        let said: Vec<_> = said.collect();
        let widest = said.iter().map(|(events, _)| text::columns(events)).max();
        let widest = widest.unwrap_or(0).max(self.number);
        for (events, operation) in said {
            let (process, what) = (name(operation.process), self.say(operation, true));
            let line = format!("  {events:>widest$}  {process}  {what}");
            timeline.line(f, Role::Note, &line)?;
        }
        match more {
            0 => Ok(()),
            more => timeline.line(f, Role::Note, &format!("  … and {more} more")),
        }
    }

    fn order(&self, f: &mut fmt::Formatter<'_>, found: &Found) -> fmt::Result {
        let timeline = self.timeline;
        if found.steps.is_empty() {
            return Ok(());
        }
        f.write_str("\n")?;
        timeline.line(f, Role::Heading, found.order)?;
        let said: Vec<(u64, String, &str)> = found
            .steps
            .iter()
            .filter_map(|(invocation, state)| {
                let operation = timeline.history.operation(*invocation)?;
                let what = format!(
                    "{}  {}",
                    name(operation.process),
                    self.say(&operation, true)
                );
                Some((timeline.number(*invocation), what, &state[..]))
            })
            .collect();
        if found.steps_before > 0 {
            let note = format!("  … {} operations before are left out", found.steps_before);
            timeline.line(f, Role::Note, &note)?;
        }
        let room = timeline.width.saturating_sub(2 + self.number + 2);
        let widest = said.iter().map(|(_, what, _)| text::columns(what)).max();
        let column = widest.unwrap_or(0).min(room * 3 / 5);
        for (number, what, state) in said {
            let what = text::fit(format_args!("{what}"), column.max(1));
            let pad = " ".repeat(column - text::columns(&what).min(column));
            let state = text::fit(
                format_args!("{state}"),
                room.saturating_sub(column + 2).max(1),
            );
            let number = timeline.painted(Role::Lane, &format!("{number:>0$}", self.number));
            let state = timeline.painted(Role::State, &state);
            writeln!(f, "  {number}  {what}{pad}  {state}")?;
        }
        Ok(())
    }

    fn stuck(&self, f: &mut fmt::Formatter<'_>, found: &Found) -> fmt::Result {
        let timeline = self.timeline;
        for (number, (state, blocked)) in found.stuck.iter().enumerate() {
            f.write_str("\n")?;
            let then = if number == 0 {
                found.then
            } else {
                "Or the state is"
            };
            let state = text::fit(format_args!("{state}"), timeline.width - then.len() - 1);
            writeln!(
                f,
                "{} {}",
                timeline.painted(Role::Heading, then),
                timeline.painted(Role::State, &state)
            )?;
            for (invocation, why) in blocked {
                let Some(operation) = timeline.history.operation(*invocation) else {
                    continue;
                };
                let is_culprit =
                    operation.completion.is_some() && operation.completion == found.culprit;
                let what = format!(
                    "{}  {}",
                    name(operation.process),
                    self.say(&operation, true)
                );
                let mark = if is_culprit { "✗" } else { " " };
                let number = timeline.number(*invocation);
                let line = format!("{mark} {number:>0$}  {what}", self.number);
                let role = match is_culprit {
                    true => Role::Culprit,
                    false => Role::Note,
                };
                match text::columns(&line) + 2 + text::columns(why) <= timeline.width {
                    true => timeline.line(f, role, &format!("{line}: {why}"))?,
                    false => {
                        timeline.line(f, role, &line)?;
                        let indent = self.number + 4;
                        timeline.line(f, role, &format!("{:indent$}{why}", ""))?;
                    }
                }
            }
        }
        match found.more_stuck {
            0 => Ok(()),
            more => timeline.line(f, Role::Note, &format!("and {more} more such states")),
        }
    }
}

/// What a process is called.
fn name(process: ProcessId) -> String {
    match process {
        ProcessId::NEMESIS => process.to_string(),
        _ => format!("p{process}"),
    }
}

impl<O, R> fmt::Debug for Timeline<'_, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("events", &self.history.len())
            .field("width", &self.width)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
