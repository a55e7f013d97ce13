//! `tachograph view`

use std::{io, path::PathBuf};

use clap::Args;
use tachograph::{
    History,
    check::{Budget, Consistency, Verdict as Found},
    explain::Page,
    model::Specification,
};

use crate::{
    Verdict,
    input::{self, Failure, FormatName, Reading},
    object::{Limits, Object, Task},
    output,
    patience::Patience,
    say,
};

/// Check a history, and show it and what was found as a page for a browser
///
/// The page is one file that needs no network: lanes of operations, the order that was found and the state after each step, or
/// the first event that nothing explains. It is written whatever the verdict is, and the exit code is that of `check`.
/// Of a long history it shows 25,000 events, about the violation or the first, and says so.
///
/// A regular file that is there already is replaced once the new one is written in full.
#[derive(Args)]
pub struct View {
    /// The history, or `-`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    object: Object,
    /// The page to write, or `-`
    #[arg(long, short, value_name = "OUT.html")]
    output: PathBuf,
    #[command(flatten)]
    limits: Limits,
    /// The format of the history; otherwise told by the file's name or first bytes
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    #[command(flatten)]
    reading: Reading,
}

impl View {
    pub fn run(self) -> io::Result<Verdict> {
        let name = input::name(&self.file);
        output::spares(&self.file, &self.output)?;
        match self.page(&name) {
            Ok((verdict, page)) => {
                let _patience = Patience::while_doing(&format!("{name}: writing"));
                output::write(&self.output, |to| to.write_all(page.as_bytes())).map_err(
                    |error| {
                        let output = match input::is_standard(&self.output) {
                            true => "standard output".into(),
                            false => input::name(&self.output),
                        };
                        say::at(&output, error)
                    },
                )?;
                Ok(verdict)
            }
            Err(failure) => {
                say::complain_of(&name, failure);
                Ok(Verdict::BadInput)
            }
        }
    }

    fn page(&self, name: &str) -> Result<(Verdict, String), Failure> {
        let input = self.reading.open(&self.file, self.format, "--format")?;
        let history = input.named()?.history;
        let file = match self.file.file_name() {
            Some(file) if !input::is_standard(&self.file) => file.to_string_lossy(),
            _ => name.into(),
        };
        let _patience = Patience::while_doing(&format!("{name}: checking"));
        self.object.task(
            history,
            Draw {
                title: format!("{file} · {}", self.object.name()),
                consistency: self.object.consistency(),
                budget: self.limits.budget(),
            },
        )
    }
}

/// Checks, and draws a page of what was found.
struct Draw {
    title: String,
    consistency: Consistency,
    budget: Budget,
}

impl Task for Draw {
    type Answer = (Verdict, String);

    fn with<S>(self, model: &S, history: &History<S::Op, S::Ret>) -> Self::Answer
    where
        S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
    {
        let report = self.consistency.check(model, history, &self.budget);
        let verdict = match report.verdict {
            Found::Linearizable(_) => Verdict::Fine,
            Found::Violation(_) => Verdict::No,
            Found::Unknown(_) => Verdict::Undecided,
        };
        let page = Page::new(model, history).report(&report).title(self.title);
        (verdict, page.to_string())
    }
}
