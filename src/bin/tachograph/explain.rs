//! `tachograph explain`

use std::{
    fmt::{Debug, Display},
    io::{self, BufWriter},
    path::PathBuf,
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{
    Event, History,
    check::Verdict as Found,
    explain::{Effort, Role, Shrunk, Timeline, shrink},
    format::{
        Document, Format,
        edn::{self, Value},
        jsonl,
    },
    model::Specification,
};

use crate::{
    Verdict,
    check::explained,
    input::{self, FormatName, Reading},
    json,
    object::{Object, Task, budget, seconds},
    output,
    patience::Patience,
    say,
};

/// Show why a history is not what an object may do
///
/// Checks the history. Where it is a violation, reduces it to the few operations that show it, and prints these as lanes, one
/// for each process, with an order in which all but the last may have taken effect. What was left out is not what is
/// missing: whichever operations are put back, they do not make it right.
#[derive(Args)]
pub struct Explain {
    /// The file, or `-`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    object: Object,
    /// The longest time for the check, in seconds; without it there is no bound
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// The longest time for shrinking, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    effort: Duration,
    /// Write the reduced history to this file, in the format that its name says
    #[arg(long, short, value_name = "OUT")]
    output: Option<PathBuf>,
    /// An object instead of the lanes
    #[arg(long)]
    json: bool,
    /// The format of the file; otherwise told by its name or first bytes
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    #[command(flatten)]
    reading: Reading,
}

/// What is there to be said, whatever the model.
struct Answer {
    verdict: Verdict,
    text: String,
    json: Json,
    /// The events of the reduced history, by their indices.
    kept: Option<Vec<u64>>,
}

impl Explain {
    pub fn run(self) -> io::Result<Verdict> {
        let name = input::name(&self.file);
        let format = self.output.as_deref().map(|path| {
            Format::of_path(path).ok_or_else(|| {
                say::at(
                    &input::name(path),
                    io::Error::other("call it .edn or .jsonl, that is the format"),
                )
            })
        });
        let format = format.transpose()?;
        let named = self.reading.open(&self.file, self.format, "--format");
        let answered = named.and_then(|input| {
            let document = input.named()?;
            let task = Explaining {
                arguments: &self,
                name: &name,
            };
            let answer = self.object.task(document.history.clone(), task)?;
            Ok((document.history, answer))
        });
        let (history, answer) = match answered {
            Ok(answered) => answered,
            Err(failure) => {
                match self.json {
                    true => say::Report::new().json(&json::failure(&name, &failure))?,
                    false => say::complain_of(&name, &failure),
                }
                return Ok(Verdict::BadInput);
            }
        };
        if let (Some(path), Some(format), Some(kept)) = (&self.output, format, &answer.kept) {
            output::write(path, |to| write(to, format, &history, kept))
                .map_err(|error| say::at(&input::name(path), error))?;
        }
        let mut report = say::Report::new();
        match self.json {
            true => report.json(&answer.json)?,
            // The library made it harmless, but for the colours that are ours.
            false => answer
                .text
                .lines()
                .try_for_each(|line| report.line(coloured(line)))?,
        }
        Ok(answer.verdict)
    }

    fn json(&self, file: &str, verdict: &str, operations: usize, shrunk: Json) -> Json {
        json!({
            "file": file,
            "model": self.object.name(),
            "verdict": verdict,
            "operations": operations,
            "shrunk": shrunk,
        })
    }
}

/// Shrinks the history, and shows what is left.
struct Explaining<'a> {
    arguments: &'a Explain,
    name: &'a str,
}

impl Task for Explaining<'_> {
    type Answer = Answer;

    fn with<S>(self, model: &S, history: &History<S::Op, S::Ret>) -> Answer
    where
        S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
    {
        let Self { arguments, name } = self;
        let effort = Effort {
            check: budget(arguments.timeout),
            time: Some(arguments.effort),
            ..Effort::default()
        };
        let _patience = Patience::while_doing(&format!("{name}: checking"));
        let operations = history.operations().count();
        match shrink(model, history, &effort) {
            Err(report) => {
                let verdict = match report.verdict {
                    Found::Unknown(_) => Verdict::Undecided,
                    _ => Verdict::Fine,
                };
                let (answer, detail) = match &report.verdict {
                    Found::Unknown(reason) => ("unknown", format!("{reason}")),
                    other => (other.name(), format!("{} operations", report.operations)),
                };
                Answer {
                    verdict,
                    text: format!("{}: {answer}: {detail}", say::harmless(name)),
                    json: arguments.json(name, answer, operations, Json::Null),
                    kept: None,
                }
            }
            Ok(shrunk) => {
                let timeline = Timeline::new(&shrunk.history)
                    .numbers(&shrunk.indices)
                    .explain(model, &shrunk.report);
                let heading = format!("{}: {}", say::harmless(name), shrunk.summary());
                let plain = timeline.to_string();
                Answer {
                    verdict: Verdict::No,
                    json: arguments.json(name, "violation", operations, shown(&shrunk, &plain)),
                    text: format!("{heading}\n{}", timeline.paint(paint)),
                    kept: Some(shrunk.indices),
                }
            }
        }
    }
}

fn shown<O, R, T: Debug>(shrunk: &Shrunk<O, R, T>, timeline: &str) -> Json {
    let violation = |report: &tachograph::check::Report<T>| match &report.verdict {
        Found::Violation(violation) => explained(violation),
        _ => Json::Null,
    };
    json!({
        "operations": shrunk.history.operations().count(),
        "indices": shrunk.indices,
        "is_smallest": shrunk.is_smallest,
        "stands": shrunk.stands,
        "candidates": shrunk.candidates,
        "whole": violation(&shrunk.whole),
        "timeline": timeline,
    })
}

/// These events, with indices anew.
fn write(
    to: &mut dyn io::Write,
    format: Format,
    history: &History<edn::Op, Value>,
    kept: &[u64],
) -> io::Result<()> {
    let events = kept.iter().zip(0..).filter_map(|(&was, index)| {
        let event = history.get(was)?.cloned();
        Some(Event { index, ..event })
    });
    let history = History::from_events(events).map_err(io::Error::other)?;
    let document = Document::from(history);
    let to = BufWriter::new(to);
    match format {
        Format::Edn => edn::write(to, &document),
        Format::JsonLines => jsonl::write(to, &document),
    }
}

fn paint(role: Role, text: &str) -> String {
    let style = match role {
        Role::Heading => Style::new().bold(),
        Role::Culprit => AnsiColor::Red.on_default().bold(),
        Role::Lane => AnsiColor::Cyan.on_default(),
        Role::State => AnsiColor::Green.on_default(),
        _ => Style::new().dimmed(),
    };
    format!("{style}{text}{style:#}")
}

/// With its colours where a terminal shows them, and else without.
fn coloured(line: &str) -> impl Display {
    match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(line).to_string(),
        _ => line.to_owned(),
    }
}
