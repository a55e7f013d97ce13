//! `tachograph explain`

use std::{
    fmt::Debug,
    io::{self, BufWriter},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{
    Event, History,
    check::{Consistency, Report as Checked, Verdict as Found},
    explain::{Effort, Shrunk, Timeline, shrink},
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
    object::{Limits, Object, Task, seconds},
    output,
    patience::Patience,
    say,
};

/// Show why a history is not what an object may do
///
/// Checks the history. Where it is a violation, reduces it to the few operations that show it, and prints these as lanes, one
/// for each process, with an order in which all but the last may have taken effect. What was left out is not what is
/// missing: whichever operations are put back, they do not make it right. Where that takes many from the start, they show it from a
/// later state of the object, which is told. Where it takes too many even so, it says so, and shows the last ones before as
/// well, with the order and the states of all.
///
/// A violation of sequential consistency is not reduced: all of the history is shown, or of a long one what is about the
/// operation with which the longest order that was found does not go on.
#[derive(Args)]
pub struct Explain {
    /// The file, or `-`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    limits: Limits,
    /// The longest time for shrinking, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    effort: Duration,
    /// Write the reduced history to this file, in the format that its name says; it then has to show the violation from the start
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
        if self.output.is_some() && self.object.consistency() == Consistency::Sequential {
            say::complain(
                "--output writes what a history is reduced to, and with --consistency sequential it is not reduced",
            );
            return Ok(Verdict::BadInput);
        }
        let format = self.output.as_deref().map(|path| {
            Format::of_path(path).ok_or_else(|| {
                say::at(
                    &input::name(path),
                    io::Error::other("call it .edn or .jsonl, that is the format"),
                )
            })
        });
        let format = format.transpose()?;
        if let Some(output) = &self.output {
            output::spares(&self.file, output)?;
        }
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
                    true => {
                        let json = json::not_checked(&name, &self.object, &failure);
                        say::Report::new().json(&json)?;
                    }
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
                .try_for_each(|line| report.line(say::coloured(line)))?,
        }
        Ok(answer.verdict)
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
        let _patience = Patience::while_doing(&format!("{name}: checking"));
        let operations = history.operations().count();
        let budget = arguments.limits.budget();
        let consistency = arguments.object.consistency();
        if consistency == Consistency::Sequential {
            let checked = consistency.check(model, history, &budget);
            if !checked.verdict.is_violation() {
                return self.no_violation(&checked, operations);
            }
            let timeline = Timeline::new(history).explain(model, &checked);
            let summary = format!("{operations} operations, which are not reduced");
            return self.violation(&checked, operations, &summary, timeline, None);
        }
        let effort = Effort {
            check: budget,
            time: Some(arguments.effort),
            // A file does not say in what state the object was.
            from_start: arguments.output.is_some(),
            ..Effort::default()
        };
        match shrink(model, history, &effort) {
            Err(checked) => self.no_violation(&checked, operations),
            Ok(shrunk) => {
                let timeline = shrunk.timeline(model, history);
                let summary = shrunk.summary();
                self.violation(&shrunk.whole, operations, &summary, timeline, Some(&shrunk))
            }
        }
    }
}

impl Explaining<'_> {
    fn no_violation<T>(&self, checked: &Checked<T>, operations: usize) -> Answer {
        let (verdict, detail) = match &checked.verdict {
            Found::Unknown(reason) => (Verdict::Undecided, reason.to_string()),
            _ => (Verdict::Fine, format!("{} operations", checked.operations)),
        };
        let name = say::harmless(self.name);
        Answer {
            verdict,
            text: format!("{name}: {}: {detail}", checked.name()),
            json: self.json(checked, operations, Json::Null),
            kept: None,
        }
    }

    /// `shrunk` is what it was reduced to, if it was.
    fn violation<O: Debug, R: Debug, T: Debug>(
        &self,
        checked: &Checked<T>,
        operations: usize,
        summary: &str,
        timeline: Timeline<'_, O, R>,
        shrunk: Option<&Shrunk<O, R, T>>,
    ) -> Answer {
        let mut json = self.json(checked, operations, shrunk.map_or(Json::Null, reduced));
        if let Found::Violation(violation) = &checked.verdict {
            json["violation"] = explained(violation);
        }
        json["timeline"] = timeline.to_string().into();
        let heading = format!("{}: {summary}", say::harmless(self.name));
        Answer {
            verdict: Verdict::No,
            text: format!("{heading}\n{}", timeline.paint(say::paint)),
            json,
            kept: shrunk.map(|shrunk| shrunk.indices.clone()),
        }
    }

    fn json<T>(&self, checked: &Checked<T>, operations: usize, shrunk: Json) -> Json {
        json!({
            "file": self.name,
            "model": self.arguments.object.name(),
            "consistency": checked.consistency.name(),
            "verdict": checked.name(),
            "operations": operations,
            "violation": Json::Null,
            "shrunk": shrunk,
            "timeline": Json::Null,
        })
    }
}

fn reduced<O, R, T: Debug>(shrunk: &Shrunk<O, R, T>) -> Json {
    json!({
        "operations": shrunk.history.operations().count(),
        "indices": shrunk.indices,
        "is_smallest": shrunk.is_smallest,
        "stands": shrunk.stands,
        "since": shrunk.since.as_ref().map(|since| json!({
            "event": since.event,
            "state": since.summary(),
            "is_of_all": since.is_of_all,
        })),
        "candidates": shrunk.candidates,
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
