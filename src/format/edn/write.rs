//! Writing a history as Jepsen would.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use super::{
    Jepsen, Map, Value,
    name::Names,
    print::write_value,
    read::{self, BY, Reader},
};
use crate::{
    event::{EventKind, EventRef, ProcessId},
    format::{Document, Options, error::without_invocation, nanos},
    history::{ByProcess, Cut, History},
};

/// Why writing into a line does not fail.
const ENDLESS: &str = "a string takes everything";

/// Writes a document, an event a line.
///
/// # Errors
///
/// Those of `output`; and those of [`Writer::event`].
pub fn write<O: Jepsen + Clone>(
    output: impl Write,
    document: &Document<O, O::Ret>,
) -> io::Result<()> {
    let mut writer = Writer::new(output);
    writer.document(document)?;
    writer.finish()?;
    Ok(())
}

/// Writes event by event, or piece by piece, such as what a [drain](crate::Recorder::drain) returns.
///
/// It keeps a clone of each operation that is open: its completion names it again. It writes to `W` often and little:
/// give it a [`BufWriter`](io::BufWriter).
pub struct Writer<W, O> {
    output: W,
    line: String,
    open: ByProcess<O>,
    names: Names,
    cut: Option<Cut>,
}

impl<W: Write, O: Jepsen + Clone> Writer<W, O> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self {
            output,
            line: String::new(),
            open: ByProcess::new(),
            names: Names::default(),
            cut: None,
        }
    }

    /// Writes an event, and what else it says.
    ///
    /// # Errors
    ///
    /// Those of the output; where an operation completes that was not invoked among the events before, because what it
    /// was, says only the invocation; and where the event would not be read again with this `extra`, as when that has
    /// a key that the event has itself, such as `:index`. In the last two cases nothing is written, and the event may
    /// be written otherwise.
    pub fn event(&mut self, event: EventRef<'_, O, O::Ret>, extra: Option<&Map>) -> io::Result<()> {
        match event.kind {
            EventKind::Invoke(op) => {
                self.line(event, None, extra)?;
                self.open.insert(event.process, op.clone());
            }
            EventKind::Ok(_) | EventKind::Fail | EventKind::Info => {
                let completed = self.open.remove(event.process);
                let written = self.line(event, completed.as_ref(), extra);
                if let (Err(_), Some(op)) = (&written, completed) {
                    self.open.insert(event.process, op);
                }
                written?;
            }
            EventKind::Mark(_) => self.line(event, None, extra)?,
        }
        Ok(())
    }

    /// Writes the events of a history.
    ///
    /// # Errors
    ///
    /// Those of [`event`](Self::event).
    pub fn history(&mut self, history: &History<O, O::Ret>) -> io::Result<()> {
        self.cut = history.cut().or(self.cut);
        history
            .events()
            .try_for_each(|event| self.event(event, None))
    }

    /// Writes the events of a document, with what else they say.
    ///
    /// # Errors
    ///
    /// Those of [`event`](Self::event).
    pub fn document(&mut self, document: &Document<O, O::Ret>) -> io::Result<()> {
        self.cut = document.history.cut().or(self.cut);
        document
            .history
            .events()
            .try_for_each(|event| self.event(event, document.extra.get(event.index)))
    }

    /// Writes a comment that says where the history was cut, if it was, and flushes.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        if let Some(cut) = self.cut {
            writeln!(self.output, "; {cut}")?;
        }
        self.output.flush()?;
        Ok(self.output)
    }

    /// Writes a line, for a completion with the operation that it completes.
    fn line(
        &mut self,
        event: EventRef<'_, O, O::Ret>,
        completed: Option<&O>,
        extra: Option<&Map>,
    ) -> io::Result<()> {
        self.line.clear();
        let is_mark = event.kind.is_mark();
        let mut keys = Keys {
            line: &mut self.line,
            extra,
            replaced: None,
        };
        keys.int("index", event.index);
        if let Some(time) = event.time {
            keys.int("time", nanos(time));
        }
        match is_mark {
            true => keys.value("process", || Value::keyword("nemesis")),
            false => keys.int("process", event.process.0),
        }
        let kind = if is_mark { "info" } else { event.kind.name() };
        keys.value("type", || Value::Keyword(self.names.get(kind)));
        let mut f = |f: &str| Value::Keyword(self.names.get(f));
        match (event.kind, completed) {
            (EventKind::Invoke(op), _) => {
                keys.value("f", || f(op.f()));
                keys.value("value", || op.value());
            }
            (EventKind::Ok(ret), Some(op)) => {
                keys.value("f", || f(op.f()));
                keys.value("value", || op.ret_value(ret));
            }
            (EventKind::Ok(_) | EventKind::Fail | EventKind::Info, None) => {
                return Err(without_invocation(event.index));
            }
            (EventKind::Fail | EventKind::Info, Some(op)) => {
                keys.value("f", || f(op.f()));
                keys.value("value", || op.value());
                if let Some(error) = event.error {
                    keys.value("error", || error.into());
                }
            }
            (EventKind::Mark(text), _) => {
                keys.value("f", || f("mark"));
                keys.value("value", || text.into());
                if event.process != ProcessId::NEMESIS {
                    keys.int(BY, event.process.0);
                }
            }
        }
        for (key, value) in extra.into_iter().flat_map(|extra| extra.iter()) {
            keys.separate();
            write_value(keys.line, key).expect(ENDLESS);
            keys.line.push(' ');
            write_value(keys.line, value).expect(ENDLESS);
        }
        let replaced = keys.replaced;
        self.line.push_str("}\n");
        // Some of it the reader put there because an event cannot hold it. That, and only that, reads back.
        if extra.is_some() && !self.reads_as(event, completed, extra) {
            let index = event.index;
            let what = match replaced {
                Some(key) => {
                    format!("event {index} says `:{key}` itself, and again in what it says besides")
                }
                None => format!(
                    "event {index} cannot be written in EDN with what it says besides: it would be read as another"
                ),
            };
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        self.output.write_all(self.line.as_bytes())
    }

    /// Whether the line is read as this event.
    fn reads_as(
        &self,
        event: EventRef<'_, O, O::Ret>,
        completed: Option<&O>,
        extra: Option<&Map>,
    ) -> bool {
        let options = Options::new().longest_event(usize::MAX);
        let entry = Reader::new(self.line.as_bytes(), &options).next();
        let read = entry.and_then(|entry| read::event::<O>(entry.ok()?, completed).ok());
        let Some((read, _)) = read else { return false };
        let same_kind = match (&read.kind, &event.kind) {
            (EventKind::Mark(read), EventKind::Mark(text)) => read == text,
            (read, kind) => read.name() == kind.name(),
        };
        same_kind
            && read.index == Some(event.index)
            && read.process == event.process
            && read.time == event.time
            && read.error.as_deref() == event.error
            && Some(&read.extra) == extra
    }
}

impl<W, O> fmt::Debug for Writer<W, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// The keys of an event, as they are written one after the other.
struct Keys<'a> {
    line: &'a mut String,
    /// The keys that are written from here, at the end.
    extra: Option<&'a Map>,
    /// One of them that took the place of the event's own.
    replaced: Option<&'static str>,
}

impl Keys<'_> {
    fn int(&mut self, key: &'static str, value: u64) {
        if self.start(key) {
            write!(self.line, "{value}").expect(ENDLESS);
        }
    }

    fn value(&mut self, key: &'static str, value: impl FnOnce() -> Value) {
        if self.start(key) {
            write_value(self.line, &value()).expect(ENDLESS);
        }
    }

    /// Writes the key, unless another value than the event's is to be written for it.
    fn start(&mut self, key: &'static str) -> bool {
        if self
            .extra
            .is_some_and(|extra| extra.get(&Value::keyword(key)).is_some())
        {
            self.replaced = Some(key);
            return false;
        }
        self.separate();
        self.line.push(':');
        self.line.push_str(key);
        self.line.push(' ');
        true
    }

    fn separate(&mut self) {
        self.line
            .push_str(if self.line.is_empty() { "{" } else { ", " });
    }
}
