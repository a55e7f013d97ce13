//! `tachograph validate`

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{Breach, Breaches};

use crate::{
    Verdict,
    input::{self, AnyDocument, Failure, FormatName, Reading},
};

/// Check files against the rules of a history
///
/// Prints a line for each file that is one, and for each breach of a rule the file, the line, the event and the rule.
#[derive(Args)]
pub struct Validate {
    /// The files, or `-`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The format of the files; otherwise told by their names or first bytes
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// An object for each file, each on a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Validate {
    pub fn run(self) -> io::Result<Verdict> {
        let mut output = anstream::stdout().lock();
        let mut worst = Verdict::Fine;
        for file in &self.files {
            let result = self.reading.read(file, self.format);
            worst = worst.max(verdict(&result));
            let name = input::name(file);
            match (self.json, &result) {
                (true, _) => writeln!(output, "{}", json(&name, &result))?,
                (false, Ok(document)) => {
                    for breach in document.mended.to_string().lines() {
                        writeln!(output, "{name}: mended: {breach}")?;
                    }
                    writeln!(output, "{name}: valid, {} events", document.history.len())?;
                }
                (false, Err(failure @ Failure::Read(error))) if error.is_breach() => {
                    writeln!(output, "{}", failure.lines(file))?;
                }
                (false, Err(failure)) => eprintln!("{}", failure.lines(file)),
            }
        }
        output.flush()?;
        Ok(worst)
    }
}

fn verdict(result: &Result<AnyDocument, Failure>) -> Verdict {
    match result {
        Ok(_) => Verdict::Fine,
        Err(Failure::Read(error)) if error.is_breach() => Verdict::No,
        Err(_) => Verdict::BadInput,
    }
}

fn json(name: &str, result: &Result<AnyDocument, Failure>) -> Json {
    match result {
        Ok(document) => json!({
            "file": name,
            "valid": true,
            "events": document.history.len(),
            "mended": breaches(&document.mended),
            "mended_count": document.mended.count(),
        }),
        Err(Failure::Read(error)) if error.is_breach() => json!({
            "file": name,
            "valid": false,
            "breaches": breaches(&error.breaches),
            "breach_count": error.breaches.count(),
        }),
        Err(failure) => failure_json(name, failure),
    }
}

/// What `--json` says of a file that cannot be read.
pub fn failure_json(name: &str, failure: &Failure) -> Json {
    match failure {
        Failure::Open(error) => json!({ "file": name, "error": error.to_string() }),
        Failure::Read(error) => json!({
            "file": name,
            "error": error.to_string(),
            "line": error.line,
            "column": error.column,
            "breaches": breaches(&error.breaches),
            "breach_count": error.breaches.count(),
        }),
    }
}

fn breaches(breaches: &Breaches) -> Vec<Json> {
    let json = |breach: &Breach| {
        json!({
            "rule": breach.rule.name(),
            "index": breach.index,
            "line": breach.line,
            "process": breach.process.0,
            "earlier": breach.earlier,
            "renamed": breach.renamed.map(|process| process.0),
            "message": breach.to_string(),
        })
    };
    breaches.listed().iter().map(json).collect()
}
