//! A history and what was found of it as one HTML file, to be opened in a browser and passed on.
//!
//! The file has everything in it and asks no network for more. What comes from the history is in it once, as JSON that
//! no text can end early; the script puts it on the page as text and never as markup.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt, io,
    ops::Range,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

use crate::{
    check::{Report, Verdict, Violation},
    command::is_command,
    event::EventKind,
    history::{History, Operation, Outcome},
    model::Specification,
};

const HTML: &str = include_str!("page/page.html");
const CSS: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// A page about a history, with what a check found of it if there is a report.
///
/// It shows a lane for each process, the operations in it, marks, the order that was found (of what was asked: a
/// linearization, say) and the state of the object after each of its steps, and the first event that nothing explains; it can be searched, read by keyboard and by a screen reader.
///
/// A long history is shown in part, [`EVENTS`](Self::EVENTS) about the violation or from the beginning on, and the page
/// says so: it is never larger than [`BYTES`](Self::BYTES). Texts are cut at some 200 characters, and characters of control
/// or of direction are written as escapes.
///
/// It is written by [`Display`](fmt::Display) or by [`write_to`](Self::write_to), in O(events) and a step of the specification for
/// each operation of that order up to the last that is shown.
///
/// ```
/// use tachograph::{HistoryBuilder, check::{self, Budget}, explain::Page, model::{Register, register::Op}};
///
/// let history = HistoryBuilder::new()
///     .invoke(0, Op::Write(4))
///     .ok(0, None)
///     .invoke(1, Op::Read)
///     .ok(1, None)
///     .finish()
///     .unwrap();
/// let report = check::linearizable(&Register::new(), &history, &Budget::unlimited());
/// let page = Page::new(&Register::new(), &history).report(&report).title("a stale read").to_string();
/// assert!(page.starts_with("<!doctype html>"));
/// ```
pub struct Page<'a, S: Specification> {
    specification: &'a S,
    history: &'a History<S::Op, S::Ret>,
    report: Option<&'a Report<S::State>>,
    title: String,
}

impl<'a, S: Specification> Page<'a, S> {
    /// So many events are shown at most; and the operations that were invoked before and are still open.
    pub const EVENTS: u64 = 25_000;

    /// The file is no larger.
    pub const BYTES: usize = 5_000_000;

    /// A page about this history of an object that is specified so.
    pub fn new(specification: &'a S, history: &'a History<S::Op, S::Ret>) -> Self {
        Self {
            specification,
            history,
            report: None,
            title: "A history".to_owned(),
        }
    }

    /// Shows what was found of this history as well.
    pub fn report(mut self, report: &'a Report<S::State>) -> Self {
        self.report = Some(report);
        self
    }

    /// What the page is called.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Writes the page, in UTF-8.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn write_to(&self, mut to: impl io::Write) -> io::Result<()> {
        to.write_all(self.html().as_bytes())
    }

    fn html(&self) -> String {
        let room = Self::BYTES - HTML.len() - CSS.len() - SCRIPT.len() - 32 * TEXT;
        let mut events = Self::EVENTS;
        let history = self.history.operations();
        let shown = self.operations(&self.window(events), history.map(|its| its.invocation));
        // This goes through the history, perhaps for long: once, for what fits is part of it.
        let replay = self.replay(&shown);
        let data = loop {
            let data = in_script(&self.data(self.window(events), &shown, &replay));
            // It ends, with ever fewer events: a few fit, however long their texts are.
            if data.len() <= room || events == 1 {
                break data;
            }
            let share = room as f64 / data.len() as f64;
            events = ((events as f64 * share * 0.9) as u64).max(1);
        };
        let verdict = match self.report {
            Some(report) => brief(report.to_string().lines().next().unwrap_or_default()),
            None => "not checked".to_owned(),
        };
        let mut html = String::with_capacity(HTML.len() + CSS.len() + SCRIPT.len() + data.len());
        let mut rest = HTML;
        // Each piece is put in where its name stands, and is not searched for names itself.
        for (name, piece) in [
            ("{{title}}", &*in_html(&brief(&self.title))),
            ("{{css}}", CSS),
            ("{{verdict}}", &in_html(&verdict)),
            ("{{data}}", &data),
            ("{{script}}", SCRIPT),
        ] {
            let (before, after) = rest.split_once(name).expect("the page has a place for it");
            html.extend([before, piece]);
            rest = after;
        }
        html + rest
    }

    fn violation(&self) -> Option<&'a Violation<S::State>> {
        match &self.report?.verdict {
            Verdict::Violation(violation) => Some(violation),
            _ => None,
        }
    }

    /// The indices of so many events: most of them before the violation, if there is one. Of fewer events they are among
    /// those of more.
    fn window(&self, events: u64) -> Range<u64> {
        let (first, end) = (self.history.start(), self.history.end());
        let middle = self.violation().map_or(first, |violation| violation.event);
        let last_start = end.saturating_sub(events).max(first);
        let start = middle.saturating_sub(events * 3 / 4);
        let start = start.clamp(first, last_start);
        start..end.min(start.saturating_add(events))
    }

    /// The operations that are shown of those `among` which to look, told by their invocations in ascending order: those of the
    /// window, the ones that it finds open, and those of which the verdict speaks.
    fn operations(
        &self,
        window: &Range<u64>,
        among: impl IntoIterator<Item = u64>,
    ) -> BTreeSet<u64> {
        let history = self.history;
        let is_invocation = |&index: &u64| history.get(index).is_some_and(|it| it.kind.is_invoke());
        let ends = |operation: Operation<'_, S::Op, S::Ret>| match operation.outcome {
            Outcome::Ok(_) | Outcome::Fail => operation.completion.unwrap_or(u64::MAX),
            Outcome::Info | Outcome::Open => u64::MAX,
        };
        let is_open = |&index: &u64| history.operation(index).map(ends) >= Some(window.start);
        let mut shown = BTreeSet::new();
        let mut open = Vec::new();
        for invocation in among.into_iter().take_while(|&it| it < window.end) {
            match window.contains(&invocation) {
                true => drop(shown.insert(invocation)),
                false if is_open(&invocation) => open.push(invocation),
                false => {}
            }
        }
        // The latest: an object whose clients time out has more and more of them.
        let most = usize::try_from(window.end - window.start).unwrap_or(usize::MAX) / 8;
        shown.extend(&open[open.len() - open.len().min(most.max(1))..]);
        if let Some(violation) = self.violation() {
            let blocked = violation.explained.iter().flat_map(|it| &it.blocked);
            let blocked = blocked.map(|blocked| blocked.invocation);
            let spoken_of = blocked.chain([violation.invocation]);
            shown.extend(spoken_of.filter(is_invocation));
        }
        shown
    }

    /// What the script shows. Indices are told from the window's start on, so that they are small: a script's numbers
    /// are exact up to 2⁵³ only.
    ///
    /// Of what was found before, `among` the operations shown of a larger window, it takes what is in this one.
    fn data(&self, window: Range<u64>, among: &BTreeSet<u64>, replay: &Replay) -> Json {
        let history = self.history;
        let base = window.start;
        let relative = |index: u64| index as i64 - base as i64;
        let mut texts = Texts::default();
        let shown = self.operations(&window, among.iter().copied());
        let mut lanes = BTreeMap::new();
        for &invocation in &shown {
            let operation = history.operation(invocation).expect("it is shown");
            lanes.insert(operation.process, 0);
        }
        for (place, lane) in lanes.values_mut().enumerate() {
            *lane = place;
        }
        let mut operations = Vec::with_capacity(shown.len());
        for &invocation in &shown {
            let operation = history.operation(invocation).expect("it is shown");
            let (outcome, ret) = match operation.outcome {
                Outcome::Ok(ret) => (0, Some(texts.number(debugged(ret)))),
                Outcome::Fail => (1, None),
                Outcome::Info => (2, None),
                Outcome::Open => (3, None),
            };
            operations.push(json!([
                lanes[&operation.process],
                relative(invocation),
                operation.completion.map(relative),
                outcome,
                texts.number(debugged(operation.op)),
                ret,
                operation.error.map(|error| texts.number(brief(error))),
                operation.invoked.map(nanos),
                operation.completed.map(nanos),
            ]));
        }
        let mut marks = Vec::new();
        for event in window.clone().filter_map(|index| history.get(index)) {
            if let EventKind::Mark(text) = event.kind {
                marks.push(json!([
                    relative(event.index),
                    event.process.to_string(),
                    texts.number(brief(text)),
                    event.time.map(nanos),
                ]));
            }
        }
        let steps = replay.steps.iter();
        let steps: Vec<_> = steps
            .filter(|(_, invocation, _)| shown.contains(invocation))
            .map(|(number, invocation, states)| {
                let states = states.clone().map(|states| texts.number(states));
                json!([number, relative(*invocation), states])
            })
            .collect();
        json!({
            "title": brief(&self.title),
            "base": base.to_string(),
            "first": history.start().to_string(),
            "end": history.end().to_string(),
            "shown": window.end - window.start,
            "events": history.len(),
            "cut": history.cut().map(|cut| cut.to_string()),
            "checked": self.report.map(|report| json!({
                "consistency": report.consistency.name(),
                "verdict": report.name(),
                "operations": report.operations,
                "configurations": report.configurations,
                "seconds": report.elapsed.as_secs_f64(),
                "reason": match &report.verdict {
                    Verdict::Unknown(reason) => Some(reason.to_string()),
                    _ => None,
                },
            })),
            "violation": self.violation().map(|violation| violated(violation, relative)),
            "processes": lanes.keys().map(ToString::to_string).collect::<Vec<_>>(),
            "operations": operations,
            "marks": marks,
            "order": self.order().len(),
            "parts": replay.parts,
            "initial": debugged(&self.specification.initial()),
            "steps": steps,
            "late": replay.late,
            "texts": texts.texts,
        })
    }

    /// The order that was found, or as much of one as there is.
    fn order(&self) -> &'a [u64] {
        match self.report.map(|report| &report.verdict) {
            Some(Verdict::Linearizable(witness)) => &witness.order,
            Some(Verdict::Violation(violation)) => &violation.prefix.order,
            Some(Verdict::Unknown(_)) | None => &[],
        }
    }

    /// Whether the object has parts, each with a state of its own.
    fn parts(&self, order: &[u64]) -> bool {
        let part = |operation: Operation<'_, S::Op, S::Ret>| self.specification.part(operation.op);
        let has_part = |&index: &u64| self.history.operation(index).and_then(part).is_some();
        !order.is_empty() && order.iter().all(has_part)
    }

    /// Goes through the order as far as it is shown.
    fn replay(&self, shown: &BTreeSet<u64>) -> Replay {
        let order = self.order();
        let parts = self.parts(order);
        let last = order.iter().rposition(|it| shown.contains(it));
        let order = &order[..last.map_or(0, |last| last + 1)];
        let mut states = HashMap::new();
        let mut steps = Vec::new();
        let began = Instant::now();
        let mut late = false;
        for (number, &invocation) in (1..).zip(order) {
            let Some(operation) = self.history.operation(invocation) else {
                continue; // of another history
            };
            late = late || began.elapsed() > REPLAY;
            let mut after = None;
            if !late {
                let ret = operation.outcome.ok();
                let part = parts.then(|| self.specification.part(operation.op));
                let states = states
                    .entry(part)
                    .or_insert_with(|| vec![self.specification.initial()]);
                match &mut states[..] {
                    // To clone it for each step takes long where it is large.
                    [state] if self.specification.is_deterministic() => {
                        self.specification.follow(state, operation.op, ret);
                    }
                    _ => {
                        let mut next = HashSet::new();
                        for state in &*states {
                            self.specification.step(state, operation.op, ret, |state| {
                                if next.len() < STATES {
                                    next.insert(state);
                                }
                            });
                        }
                        *states = next.into_iter().collect();
                    }
                }
                after = shown.contains(&invocation).then(|| {
                    let mut states: Vec<_> = states.iter().map(debugged).collect();
                    states.sort_unstable();
                    brief(states.join(" or "))
                });
            }
            if shown.contains(&invocation) {
                steps.push((number, invocation, after));
            }
        }
        Replay { steps, parts, late }
    }
}

/// The steps of the order that are shown.
struct Replay {
    /// The number of each, from 1; its invocation; and the states that the object, or the part of it, may be in after it.
    steps: Vec<(usize, u64, Option<String>)>,
    /// Whether the object has parts.
    parts: bool,
    /// Whether the time was up before all states were known.
    late: bool,
}

impl<S: Specification> fmt::Display for Page<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.html())
    }
}

/// So many characters of a text are shown.
const TEXT: usize = 200;

/// So many states of an object that may be in several are followed.
const STATES: usize = 16;

/// So long the order is replayed for its states, which takes long where a state is large.
const REPLAY: Duration = Duration::from_secs(10);

fn nanos(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}

fn violated<T: fmt::Debug>(violation: &Violation<T>, relative: impl Fn(u64) -> i64) -> Json {
    let explained = violation.explained.iter().map(|explained| {
        let blocked = explained.blocked.iter().map(|blocked| {
            json!([
                relative(blocked.invocation),
                brief(&blocked.operation),
                brief(&blocked.why)
            ])
        });
        json!({
            "state": debugged(&explained.state),
            "blocked": blocked.collect::<Vec<_>>(),
        })
    });
    json!({
        "event": relative(violation.event),
        "first": violation.is_first,
        "invocation": relative(violation.invocation),
        "operation": brief(&violation.operation),
        "configurations": violation.configurations,
        "explained": explained.collect::<Vec<_>>(),
    })
}

/// Each text once, by its number.
#[derive(Default)]
struct Texts {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: String) -> usize {
        if let Some(&number) = self.numbers.get(&text) {
            return number;
        }
        self.texts.push(text.clone());
        self.numbers.insert(text, self.texts.len() - 1);
        self.texts.len() - 1
    }
}

/// As much of a value as is shown.
fn debugged(value: &impl fmt::Debug) -> String {
    brief(format_args!("{value:?}"))
}

/// As much of a text as is shown, on one line.
fn brief(text: impl fmt::Display) -> String {
    let mut brief = Brief {
        text: String::new(),
        characters: 0,
    };
    // Fails where it is full, which is well.
    let _ = fmt::write(&mut brief, format_args!("{text}"));
    brief.text
}

/// Takes no more than fits, so that a large value is not written out only to be cut.
struct Brief {
    text: String,
    characters: usize,
}

impl fmt::Write for Brief {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.characters == TEXT {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.characters += 1;
            match is_command(character) {
                true => self.text.extend(character.escape_default()),
                false => self.text.push(character),
            }
        }
        Ok(())
    }
}

/// JSON that may stand in a `<script>`: nothing in it ends that or begins a comment. What is escaped is only ever in
/// strings.
fn in_script(json: &Json) -> String {
    let json = json.to_string();
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text between tags.
fn in_html(text: &str) -> String {
    let escape = |c| match c {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        c => String::from(c),
    };
    text.chars().map(escape).collect()
}
