//! `tachograph print`

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use tachograph::{
    Event, EventKind, History,
    format::{edn, jsonl},
};

use crate::{
    Verdict,
    input::{self, FormatName, Reading},
    validate::failure_json,
};

/// Print a history as a table
#[derive(Args)]
pub struct Print {
    /// The file, or `-`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only the events of this process; may be given several times
    #[arg(long, value_name = "ID")]
    process: Vec<u64>,
    /// Only events from this index on
    #[arg(long, value_name = "INDEX")]
    from: Option<u64>,
    /// Only events before this index
    #[arg(long, value_name = "INDEX")]
    to: Option<u64>,
    /// The format of the file; otherwise told by its name or first bytes
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// JSON Lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

type AnyEvent<'h> = Event<&'h edn::Op, &'h edn::Value, &'h str>;

impl Print {
    pub fn run(self) -> io::Result<Verdict> {
        let name = input::name(&self.file);
        let document = match self.reading.read(&self.file, self.format) {
            Ok(document) => document,
            Err(failure) => {
                match self.json {
                    true => writeln!(io::stdout(), "{}", failure_json(&name, &failure))?,
                    false => eprintln!("{}", failure.lines(&self.file)),
                }
                return Ok(Verdict::BadInput);
            }
        };
        for breach in document.mended.to_string().lines() {
            eprintln!("{name}: mended: {breach}");
        }
        let history = &document.history;
        if self.json {
            let mut writer = jsonl::Writer::new(BufWriter::new(io::stdout().lock()))?;
            for event in self.selected(history) {
                writer.event(event, document.extra.get(event.index))?;
            }
            writer.finish()?;
        } else {
            let mut output = BufWriter::new(anstream::stdout().lock());
            self.table(history, &mut output)?;
            output.flush()?;
        }
        Ok(Verdict::Fine)
    }

    fn selected<'h>(
        &self,
        history: &'h History<edn::Op, edn::Value>,
    ) -> impl Iterator<Item = AnyEvent<'h>> {
        let place = |index: u64| {
            let index = index.clamp(history.start(), history.end());
            (index - history.start()) as usize
        };
        let from = place(self.from.unwrap_or(0));
        let to = place(self.to.unwrap_or(u64::MAX));
        history
            .events()
            .skip(from)
            .take(to.saturating_sub(from))
            .filter(|event| self.process.is_empty() || self.process.contains(&event.process.0))
    }

    fn table(
        &self,
        history: &History<edn::Op, edn::Value>,
        output: &mut impl Write,
    ) -> io::Result<()> {
        let width = |of: fn(&AnyEvent<'_>) -> String, heading: &str| {
            let widest = self
                .selected(history)
                .map(|event| of(&event).chars().count())
                .max();
            widest.unwrap_or(0).max(heading.len())
        };
        let index = width(|event| event.index.to_string(), "index");
        let process = width(|event| event.process.to_string(), "process");
        let timed = self.selected(history).any(|event| event.time.is_some());
        let time = width(time, "time");
        let bold = Style::new().bold();
        write!(output, "{bold}{:>index$}", "index")?;
        if timed {
            write!(output, "  {:>time$}", "time")?;
        }
        writeln!(
            output,
            "  {:>process$}  kind    operation{bold:#}",
            "process"
        )?;
        for event in self.selected(history) {
            write!(output, "{:>index$}", event.index)?;
            if timed {
                write!(output, "  {:>time$}", self::time(&event))?;
            }
            let style = style(&event.kind);
            write!(
                output,
                "  {:>process$}  {style}{:<6}  ",
                event.process,
                event.kind.name()
            )?;
            match (event.kind, history.operation(event.index)) {
                (EventKind::Invoke(op), _) => write!(output, "{op}")?,
                (EventKind::Ok(ret), Some(operation)) => {
                    write!(output, ":{} {ret}", operation.op.f)?
                }
                (EventKind::Ok(ret), None) => write!(output, "{ret}")?,
                (EventKind::Fail | EventKind::Info, Some(operation)) => {
                    write!(output, "{}", operation.op)?
                }
                (EventKind::Fail | EventKind::Info, None) => {}
                (EventKind::Mark(text), _) => write!(output, "{}", harmless(text))?,
            }
            if let Some(error) = event.error {
                write!(output, "  {}", harmless(error))?;
            }
            writeln!(output, "{style:#}")?;
        }
        match history.cut() {
            Some(cut) => writeln!(output, "{cut}"),
            None => Ok(()),
        }
    }
}

/// The text on one line, and without what would command a terminal.
fn harmless(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

fn time(event: &AnyEvent<'_>) -> String {
    match event.time {
        Some(time) => format!("{}.{:09}", time.as_secs(), time.subsec_nanos()),
        None => String::new(),
    }
}

fn style<O, R, T>(kind: &EventKind<O, R, T>) -> Style {
    let colour = match kind {
        EventKind::Invoke(_) => return Style::new(),
        EventKind::Ok(_) => AnsiColor::Green,
        EventKind::Fail => AnsiColor::Magenta,
        EventKind::Info => AnsiColor::Yellow,
        EventKind::Mark(_) => AnsiColor::Cyan,
    };
    Style::new().fg_color(Some(colour.into()))
}
