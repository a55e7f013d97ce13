//! What we say besides histories: answers on the standard output, complaints on the standard error.
//!
//! Nothing that is said here commands a terminal or looks like another line than it is, wherever its words come from;
//! and that nobody listens never changes how a command ends.

use std::{
    fmt::{self, Display, Write as _},
    io::{self, StdoutLock, Write},
};

use anstyle::{AnsiColor, Style};
use serde_json::Value as Json;
use tachograph::explain::Role;

use crate::command::is_command;

/// What comes from a file, or names one, on one line and without what would command a terminal.
pub fn harmless(text: impl Display) -> impl Display {
    Harmless(text)
}

struct Harmless<T>(T);

impl<T: Display> Display for Harmless<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// The same object, without what would command a terminal: that is only in strings, where it may be written otherwise.
pub fn harmless_json(json: &Json) -> String {
    let mut line = String::new();
    for c in json.to_string().chars() {
        match is_command(c) {
            true => {
                let mut units = [0; 2]; // JSON has them as UTF-16
                for unit in c.encode_utf16(&mut units) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            }
            false => line.push(c),
        }
    }
    line
}

/// Writes on, and escapes on the way.
struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut written = 0;
        for (at, command) in text.match_indices(is_command) {
            let before = &text[written..at];
            write!(self.0, "{before}{}", command.escape_default())?;
            written = at + command.len();
        }
        self.0.write_str(&text[written..])
    }
}

/// Says one line on the standard error. Where that cannot be written, nothing can be said.
pub fn complain(what: impl Display) {
    let line = format!("tachograph: {}\n", harmless(what));
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Says what is wrong with the arguments, among which may be the names of files.
pub fn usage(text: impl Display) {
    let text = text.to_string();
    let lines = text.lines().map(|line| format!("{}\n", harmless(line)));
    let _ = io::stderr().write_all(lines.collect::<String>().as_bytes());
}

/// Says every line of a text about a file.
pub fn complain_of(name: &str, text: impl Display) {
    for line in text.to_string().lines() {
        complain(format_args!("{name}: {line}"));
    }
}

/// The error, and where it happened.
pub fn at(name: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

/// Answers, line by line, on the standard output.
///
/// Whoever reads them may stop before the end, as in `tachograph validate FILE… | head -1`: what comes then is not
/// written, and is no error, for the exit code is an answer too.
pub struct Report {
    output: StdoutLock<'static>,
    unread: bool,
}

impl Report {
    pub fn new() -> Self {
        Self {
            output: io::stdout().lock(),
            unread: false,
        }
    }

    pub fn line(&mut self, line: impl Display) -> io::Result<()> {
        if self.unread {
            return Ok(());
        }
        // In one piece, and flushed, so that an error shows here and not at the end of the process.
        let line = format!("{line}\n");
        let written = self.output.write_all(line.as_bytes());
        match written.and_then(|()| self.output.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.unread = true;
                Ok(())
            }
            result => result.map_err(|error| at("standard output", error)),
        }
    }

    /// An object on a line.
    pub fn json(&mut self, json: &Json) -> io::Result<()> {
        self.line(harmless_json(json))
    }

    /// Every line of a text about a file.
    pub fn lines(&mut self, name: &str, text: impl Display) -> io::Result<()> {
        text.to_string()
            .lines()
            .try_for_each(|line| self.line(harmless(format_args!("{name}: {line}"))))
    }
}

/// A piece of a timeline in the colours of its role.
pub fn paint(role: Role, text: &str) -> String {
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
pub fn coloured(line: &str) -> impl Display {
    match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(line).to_string(),
        _ => line.to_owned(),
    }
}
