//! How a finding is told to a person. This is the one place where that text is made.

use std::{
    fmt::{self, Debug, Write},
    time::Duration,
};

use super::{Cause, Finding, Plan};
use crate::{
    command::is_command,
    event::EventRef,
    explain::{Effort, shrink},
    history::History,
    model::Specification,
};

/// So many events are shown: the last ones before the one that nothing explains, and that one.
const EVENTS: u64 = 100;
/// So many characters of each.
const CHARACTERS: usize = 160;

/// As long as shrinking may take: rounds are short.
const SHRINKING: Duration = Duration::from_secs(5);

/// What went wrong at this place of the test, and what happened up to there: of a violation the few operations that show it, if it can be shrunk.
pub(super) fn of<S>(
    specification: &S,
    plan: &Plan,
    place: &str,
    history: &History<S::Op, S::Ret>,
    cause: &Cause<S::State>,
) -> String
where
    S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    let said = |what: &str, message: &str| {
        let mut said = Bounded::default();
        // Fails where it is full, which is well.
        let _ = said.write_str(message);
        let last = history.end().saturating_sub(1);
        (format!("{what}: {}", said.text), last)
    };
    let (what, last) = match cause {
        Cause::Violation(violation) => {
            let effort = Effort {
                check: plan.budget_for(history),
                time: Some(SHRINKING),
                ..Effort::default()
            };
            if let Ok(shrunk) = shrink(specification, history, &effort) {
                let timeline = shrunk.timeline(specification, history);
                return format!("in {place}, {}:\n{timeline}", shrunk.summary());
            }
            (violation.to_string(), violation.event)
        }
        Cause::Panic { thread, message } => said(
            &format!("an operation of thread {thread} panicked"),
            message,
        ),
        Cause::Drop { message } => said("the object panicked when it was dropped", message),
        Cause::Stuck { message } => said("it never ends", message),
    };
    let mut text = format!("in {place}, {}", harmless(&what));
    if !history.is_empty() {
        text += "\n index  proc  kind    value";
    }
    let first = (last + 1).saturating_sub(EVENTS).max(history.start());
    if first > history.start() {
        let _ = write!(text, "\n  … {} events before", first - history.start());
    }
    for event in (first..=last).map_while(|index| history.get(index)) {
        text.push('\n');
        text.push_str(&line(&event));
    }
    match history.end().saturating_sub(last + 1) {
        0 => {}
        after => {
            let _ = write!(text, "\n  … {after} events after");
        }
    }
    text
}

/// What can be said of a finding without its operations, results and states: telling it panicked, and said this.
pub(super) fn untold<O, R, T>(finding: &Finding<O, R, T>, seed: u64, panic: &str) -> String {
    let what = match &finding.cause {
        Cause::Violation(violation) => format!("a violation at event {}", violation.event),
        Cause::Panic { thread, .. } => format!("an operation of thread {thread} panicked"),
        Cause::Drop { .. } => "the object panicked when it was dropped".to_owned(),
        Cause::Stuck { .. } => "it never ends".to_owned(),
    };
    let (round, panic) = (finding.round, brief(format_args!("{panic}")));
    format!(
        "in round {round} of seed {seed}, {what}; more cannot be told, because telling it panicked: {panic}"
    )
}

/// A state on one line of bounded length.
pub(super) fn state(state: &impl Debug) -> String {
    brief(format_args!("{state:?}"))
}

/// The text, of bounded length.
pub(super) fn brief(text: fmt::Arguments<'_>) -> String {
    let mut bounded = Bounded::default();
    // Fails where it is full, which is well.
    let _ = bounded.write_fmt(text);
    harmless(&bounded.text)
}

/// An event on one line of bounded length.
fn line<O: Debug, R: Debug>(event: &EventRef<'_, O, R>) -> String {
    let mut line = Bounded::default();
    let _ = write!(line, "{event}");
    harmless(&line.text.replace('\n', " "))
}

/// The text without what would command a terminal. Lines stay lines.
pub(super) fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => harmless.push(c),
            _ if is_command(c) => harmless.extend(c.escape_default()),
            _ => harmless.push(c),
        }
    }
    harmless
}

/// Takes no more than fits, so that a large value is not written out only to be cut.
#[derive(Default)]
struct Bounded {
    text: String,
    characters: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.characters == CHARACTERS {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.text.push(c);
            self.characters += 1;
        }
        Ok(())
    }
}
