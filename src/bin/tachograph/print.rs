//! `tachograph print`

use std::{
    io::{self, BufWriter, Write},
    iter,
    path::PathBuf,
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde::Serialize;
use tachograph::{
    EventKind, EventRef, History, ProcessId,
    format::{Document, Format, edn, jsonl},
};

use crate::{
    Verdict,
    input::{self, Failure, FormatName, Named, Reading},
    json,
    say::{self, Report, harmless},
};

/// Print a history as a table
#[derive(Args)]
pub struct Print {
    /// The file, or `-`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only the events of this process, `nemesis` for the marks that are no client's; may be given several times
    #[arg(long, value_name = "ID", value_parser = process)]
    process: Vec<ProcessId>,
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

type NamedEvent<'h> = EventRef<'h, edn::Op, edn::Value>;

/// A process as the table shows it, or as Jepsen calls it.
fn process(id: &str) -> Result<ProcessId, String> {
    match id {
        "-" | "nemesis" => Ok(ProcessId::NEMESIS),
        _ => match id.parse() {
            Ok(id) => Ok(ProcessId(id)),
            Err(_) => Err("neither a number nor `nemesis`".into()),
        },
    }
}

impl Print {
    pub fn run(self) -> io::Result<Verdict> {
        match self.print() {
            Ok(Ok(())) => Ok(Verdict::Fine),
            // Whoever reads the table has seen enough: `tachograph print FILE | head`.
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Verdict::Fine),
            Ok(Err(error)) => Err(say::at("standard output", error)),
            Err(failure) => {
                let name = input::name(&self.file);
                match self.json {
                    true => Report::new().json(&json::failure(&name, &failure))?,
                    false => say::complain_of(&name, failure),
                }
                Ok(Verdict::BadInput)
            }
        }
    }

    /// Apart, what is wrong with the file and what with the output.
    fn print(&self) -> Result<io::Result<()>, Failure> {
        let input = self.reading.open(&self.file, self.format, "--format")?;
        Ok(match (self.json, input.format()) {
            (true, Format::JsonLines) => self.lines(&input.raw()?),
            (true, Format::Edn) => self.lines(&input.named()?),
            (false, _) => self.table(&input.named()?),
        })
    }

    /// What there is to say besides what is printed.
    fn remark<O, R>(&self, document: &Document<O, R>) {
        let name = input::name(&self.file);
        say::complain_of(&format!("{name}: mended"), &document.mended);
        if self.selected(&document.history).next().is_none() {
            say::complain_of(&name, "no events selected");
        }
    }

    fn selected<'h, O, R>(
        &self,
        history: &'h History<O, R>,
    ) -> impl Iterator<Item = EventRef<'h, O, R>> {
        history.events().filter(|event| self.selects(event))
    }

    fn selects<O, R>(&self, event: &EventRef<'_, O, R>) -> bool {
        self.from.is_none_or(|from| event.index >= from)
            && self.to.is_none_or(|to| event.index < to)
            && (self.process.is_empty() || self.process.contains(&event.process))
    }

    /// Whether what is selected reaches so far that it ends where the history was cut, if it was.
    fn reaches_end<O, R>(&self, history: &History<O, R>) -> bool {
        self.to.is_none_or(|to| to >= history.end())
    }

    fn lines<O: Serialize, R: Serialize>(&self, document: &Document<O, R>) -> io::Result<()> {
        self.remark(document);
        let history = &document.history;
        let events = history.events().map(|event| self.selects(&event));
        let output = Lines {
            output: BufWriter::new(io::stdout().lock()),
            passes: true, // the first line, which says what this is
            wanted: events.chain(iter::once(self.reaches_end(history))),
        };
        jsonl::write(output, document)
    }

    fn table(&self, document: &Named) -> io::Result<()> {
        self.remark(document);
        let mut output = BufWriter::new(anstream::stdout().lock());
        self.write_table(&document.history, &mut output)?;
        output.flush()
    }

    fn write_table(
        &self,
        history: &History<edn::Op, edn::Value>,
        output: &mut impl Write,
    ) -> io::Result<()> {
        let width = |of: fn(&NamedEvent<'_>) -> String, heading: &str| {
            let widest = self
                .selected(history)
                .map(|event| of(&event).chars().count())
                .max();
            widest.unwrap_or(0).max(heading.len())
        };
        let index = width(|event| event.index.to_string(), "index");
        let process = width(|event| event.process.to_string(), "process");
        let timed = self.selected(history).any(|event| event.time.is_some());
        let time = width(time, "time (s)");
        let bold = Style::new().bold();
        write!(output, "{bold}{:>index$}", "index")?;
        if timed {
            write!(output, "  {:>time$}", "time (s)")?;
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
                (EventKind::Invoke(op), _) => write!(output, "{}", harmless(op))?,
                (EventKind::Ok(ret), Some(operation)) => {
                    let f = &operation.op.f;
                    write!(output, "{}", harmless(format_args!(":{f} {ret}")))?
                }
                (EventKind::Ok(ret), None) => write!(output, "{}", harmless(ret))?,
                (EventKind::Fail | EventKind::Info, Some(operation)) => {
                    write!(output, "{}", harmless(operation.op))?
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
            Some(cut) if self.reaches_end(history) => writeln!(output, "{cut}"),
            _ => Ok(()),
        }
    }
}

/// Passes on the lines that are wanted. A part of a history is rarely a history, and as such could not be written.
struct Lines<W, I> {
    output: W,
    /// Whether the line that is being written is wanted.
    passes: bool,
    /// Which of the lines after it are.
    wanted: I,
}

impl<W: Write, I: Iterator<Item = bool>> Write for Lines<W, I> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.passes {
                self.output.write_all(piece)?;
            }
            if piece.ends_with(b"\n") {
                self.passes = self.wanted.next().unwrap_or(false);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

fn time(event: &NamedEvent<'_>) -> String {
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
