//! `tachograph check`

use std::{fmt::Debug, io, path::Path};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{
    History,
    check::{Report as Checked, Verdict as Found, Violation},
    model::Specification,
};

use crate::{
    Verdict,
    input::{self, Failure, Files},
    json,
    object::{Limits, Object, Task},
    patience::Patience,
    say::{self, Report},
};

const EXIT_CODES: &str = "\
Exit codes:
  0  all are
  1  a violation was found, whether or not others were decided
  2  none was found, and not all were decided: the time was up, or more operations are
     open at once than can be told apart
  3  bad input: a file that cannot be read or is no history of such an object, whatever the others
     are, or wrong arguments";

/// Check whether histories are what an object may do
///
/// Prints a line for each file: its name, `linearizable` (or `sequentially consistent`, if that is asked), `violation` or
/// `unknown`, and the details, with tabs between. Of a file that is no history it says why on the standard error, or with
/// `--json` in an object whose verdict is `error`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Check {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    limits: Limits,
    /// An object for each file, each on a line
    #[arg(long)]
    json: bool,
}

/// What was found of a file, whatever the model.
struct Answer {
    verdict: Verdict,
    name: &'static str,
    /// On one line.
    detail: String,
    json: Json,
}

impl Check {
    pub fn run(self) -> io::Result<Verdict> {
        let mut report = Report::new();
        let mut worst = Verdict::Fine;
        for file in self.files.paths()? {
            let name = input::name(file);
            match self.check(file, &name) {
                Ok(answer) => {
                    worst = worst.max(answer.verdict);
                    match self.json {
                        true => report.json(&answer.json)?,
                        false => report.line(format_args!(
                            "{}\t{}\t{}",
                            say::harmless(&name),
                            answer.name,
                            say::harmless(&answer.detail)
                        ))?,
                    }
                }
                Err(failure) => {
                    worst = worst.max(Verdict::BadInput);
                    match self.json {
                        true => report.json(&json::not_checked(&name, &self.object, &failure))?,
                        false => say::complain_of(&name, &failure),
                    }
                }
            }
        }
        Ok(worst)
    }

    fn check(&self, file: &Path, name: &str) -> Result<Answer, Failure> {
        let document = self.files.open(file)?.named()?;
        let task = Checking {
            arguments: self,
            name,
        };
        self.object.task(document.history, task)
    }

    fn answer<T: Debug>(&self, file: &str, events: usize, checked: &Checked<T>) -> Answer {
        let seconds = checked.elapsed.as_secs_f64();
        let mut violation_json = Json::Null;
        let (verdict, detail) = match &checked.verdict {
            Found::Linearizable(_) => (
                Verdict::Fine,
                format!(
                    "{} operations, {} configurations, {seconds:.3} s",
                    checked.operations, checked.configurations
                ),
            ),
            Found::Violation(violation) => {
                violation_json = explained(violation);
                (Verdict::No, violation.summary())
            }
            Found::Unknown(reason) => (Verdict::Undecided, reason.to_string()),
        };
        let name = checked.name();
        Answer {
            verdict,
            name,
            json: json!({
                "file": file,
                "model": self.object.name(),
                "consistency": checked.consistency.name(),
                "verdict": name,
                "detail": detail,
                "events": events,
                "operations": checked.operations,
                "configurations": checked.configurations,
                "seconds": seconds,
                "violation": violation_json,
            }),
            detail,
        }
    }
}

/// Checks the history as the arguments say.
struct Checking<'a> {
    arguments: &'a Check,
    name: &'a str,
}

impl Task for Checking<'_> {
    type Answer = Answer;

    fn with<S>(self, model: &S, history: &History<S::Op, S::Ret>) -> Answer
    where
        S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
    {
        let Self { arguments, name } = self;
        let budget = arguments.limits.budget();
        let _patience = Patience::while_doing(&format!("{name}: checking"));
        let checked = (arguments.object.consistency()).check(model, history, &budget);
        if checked.verdict.is_linearizable() && checked.operations == 0 {
            let what = match history.operations().next() {
                None => "there are no operations in it",
                Some(_) => "no operation in it is known to have taken effect",
            };
            say::complain_of(name, format_args!("{what}, so nothing was checked"));
        }
        arguments.answer(name, history.len(), &checked)
    }
}

pub fn explained<T: Debug>(violation: &Violation<T>) -> Json {
    let explained = violation.explained.iter().map(|explained| {
        let blocked = explained.blocked.iter().map(|blocked| {
            json!({
                "invocation": blocked.invocation,
                "operation": blocked.operation,
                "why": blocked.why,
            })
        });
        json!({
            "state": explained.summary(),
            "blocked": blocked.collect::<Vec<_>>(),
        })
    });
    json!({
        "event": violation.event,
        "first": violation.is_first,
        "invocation": violation.invocation,
        "operation": violation.operation,
        "configurations": violation.configurations,
        "explained": explained.collect::<Vec<_>>(),
        "text": violation.to_string(),
    })
}
