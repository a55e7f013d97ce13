//! `tachograph validate`

use std::{io, path::Path};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{
    Breaches, Cut,
    format::{Document, Format},
};

use crate::{
    Verdict,
    input::{self, Failure, Files},
    json,
    say::{self, Report},
};

/// Check files against the rules of a history
///
/// Prints a line for each file that is one, and for each breach of a rule the file, the line, the event and the rule.
#[derive(Args)]
pub struct Validate {
    #[command(flatten)]
    files: Files,
    /// An object for each file, each on a line
    #[arg(long)]
    json: bool,
}

/// What is said of a file that is a history.
struct Valid {
    events: usize,
    operations: usize,
    marks: usize,
    cut: Option<Cut>,
    mended: Breaches,
}

impl Validate {
    pub fn run(self) -> io::Result<Verdict> {
        let mut report = Report::new();
        let mut worst = Verdict::Fine;
        for file in self.files.paths()? {
            let result = self.check(file);
            worst = worst.max(verdict(&result));
            let name = input::name(file);
            match (self.json, &result) {
                (true, _) => report.json(&json(&name, &result))?,
                (false, Ok(valid)) => {
                    report.lines(&format!("{name}: mended"), &valid.mended)?;
                    report.lines(&name, text(valid))?;
                }
                (false, Err(failure)) if failure.is_breach() => report.lines(&name, failure)?,
                (false, Err(failure)) => say::complain_of(&name, failure),
            }
        }
        Ok(worst)
    }

    fn check(&self, file: &Path) -> Result<Valid, Failure> {
        let input = self.files.open(file)?;
        // The rules do not ask what an operation is, so in JSON Lines it may be anything.
        match input.format() {
            Format::JsonLines => input.raw().map(Valid::of),
            Format::Edn => input.named().map(Valid::of),
        }
    }
}

impl Valid {
    fn of<O, R>(document: Document<O, R>) -> Self {
        let history = &document.history;
        let events = || history.events().map(|event| event.kind);
        Self {
            events: history.len(),
            operations: events().filter(|kind| kind.is_invoke()).count(),
            marks: events().filter(|kind| kind.is_mark()).count(),
            cut: history.cut(),
            mended: document.mended,
        }
    }
}

fn verdict(result: &Result<Valid, Failure>) -> Verdict {
    match result {
        Ok(_) => Verdict::Fine,
        Err(failure) if failure.is_breach() => Verdict::No,
        Err(_) => Verdict::BadInput,
    }
}

fn text(valid: &Valid) -> String {
    let number = |number: usize, what: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {what}{plural}")
    };
    let mut text = format!(
        "valid, {}, {}, {}",
        number(valid.events, "event"),
        number(valid.operations, "operation"),
        number(valid.marks, "mark")
    );
    if let Some(cut) = valid.cut {
        text.push_str(&format!(", {cut}"));
    }
    text
}

fn json(name: &str, result: &Result<Valid, Failure>) -> Json {
    match result {
        Ok(valid) => json!({
            "file": name,
            "valid": true,
            "events": valid.events,
            "operations": valid.operations,
            "marks": valid.marks,
            "cut": valid.cut.map(json::cut),
            "mended": json::breaches(&valid.mended),
            "mended_count": valid.mended.count(),
        }),
        Err(Failure::Read { error, .. }) if error.is_breach() => json!({
            "file": name,
            "valid": false,
            "breaches": json::breaches(&error.breaches),
            "breach_count": error.breaches.count(),
        }),
        Err(failure) => json::failure(name, failure),
    }
}
