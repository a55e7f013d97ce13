//! JSON Lines: histories of any operations and results that `serde` can write and read.
//!
//! The first line says what the file is; each further line is an event:
//!
//! ```text
//! {"format":"tachograph","version":1}
//! {"index":0,"process":0,"time":120,"type":"invoke","op":{"Write":4}}
//! {"index":1,"process":0,"time":310,"type":"ok","ret":null}
//! {"index":2,"process":1,"time":400,"type":"fail","error":"connection refused"}
//! {"index":3,"time":500,"type":"mark","text":"partition healed"}
//! {"cut":{"index":4,"lost":17,"reason":"limit"}}
//! ```
//!
//! | key | |
//! |---|---|
//! | `index` | dense, ascending; may be left out |
//! | `process` | below 2<sup>60</sup>; left out by marks of [`ProcessId::NEMESIS`] |
//! | `time` | nanoseconds; left out where no time was kept |
//! | `type` | `invoke`, `ok`, `fail`, `info` or `mark` |
//! | `op` | of an `invoke`: the operation, as `serde` writes it |
//! | `ret` | of an `ok`: the result, as `serde` writes it |
//! | `error` | of a `fail` or an `info`: why; left out where no reason is known |
//! | `text` | of a `mark` |
//! | `extra` | an object of what else the event [says](super::Extra) |
//! | `cut` | on a line of its own, the last: where the history was [cut](History::cut) |
//!
//! What `serde_json` writes alike is read alike: `NaN` and the infinities are `null` in JSON, and so are `None`, `Some(())`
//! and `Some(None)`.
//!
//! The readers take a plain file; one that is compressed goes through [`open`](super::open) first.
//!
//! Any other key is an error, as is a second of a kind. A history that does not start at 0 has its first event say so;
//! where it has no event either, its start is not kept.

use std::{
    fmt,
    io::{self, BufRead, Read, Write},
    marker::PhantomData,
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use super::{
    Document, FileEvent, Options, Problem, ReadError,
    draft::Draft,
    edn,
    error::{COMPRESSED, without_invocation},
    nanos,
    source::{BYTE_ORDER_MARK, GZIP},
};
use crate::{
    event::{EventKind, EventRef, ProcessId, Text},
    history::{Breaches, ByProcess, Cut, CutReason, History},
};

const FORMAT: &str = "tachograph";
const VERSION: u64 = 1;
/// Behind this no history ends, so that indices never overflow.
const LATEST_CUT: u64 = 1 << 61;

/// An event, or what else a line says, on its way out.
#[derive(Serialize)]
struct LineOut<'a, O, R> {
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<&'a O>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ret: Option<&'a R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<edn::Value>,
}

/// The same on its way in, with everything optional: what must be there depends on the rest.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "O: DeserializeOwned, R: DeserializeOwned")
)]
struct LineIn<O, R> {
    index: Option<u64>,
    process: Option<u64>,
    time: Option<u64>,
    r#type: Option<Type>,
    #[serde(default = "none", deserialize_with = "some")]
    op: Option<O>,
    #[serde(default = "none", deserialize_with = "some")]
    ret: Option<R>,
    error: Option<String>,
    text: Option<String>,
    extra: Option<edn::Wrapped>,
    cut: Option<CutLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Invoke,
    Ok,
    Fail,
    Info,
    Mark,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CutLine {
    index: u64,
    lost: u64,
    reason: Reason,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    Limit,
    OutOfMemory,
}

/// The first line. A later version may say more on it.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u64,
}

fn none<T>() -> Option<T> {
    None
}

/// What is there is there, also where it is `null`.
fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Writes a document.
///
/// # Errors
///
/// Those of `output`; where an operation or a result cannot be written as JSON, as a map whose keys are no strings; and
/// where an operation completes that was invoked before the first event written, as in a later piece of a
/// [drain](crate::Recorder::drain) on its own: such a file could not be read again.
pub fn write<O: Serialize, R: Serialize>(
    output: impl Write,
    document: &Document<O, R>,
) -> io::Result<()> {
    let mut writer = Writer::new(output)?;
    writer.document(document)?;
    writer.finish()?;
    Ok(())
}

/// Writes event by event, or piece by piece, such as what a [drain](crate::Recorder::drain) returns.
///
/// It writes to `W` often and little: give it a [`BufWriter`](io::BufWriter).
///
/// ```no_run
/// use std::{fs::File, io::BufWriter, thread, time::Duration};
/// use tachograph::{Recorder, format::{self, Document, Options, jsonl}};
///
/// let recorder = Recorder::<u64, ()>::new();
/// let mut writer = jsonl::Writer::new(BufWriter::new(File::create("run.jsonl")?))?;
/// thread::scope(|scope| {
///     let mut process = recorder.process();
///     let worker = scope.spawn(move || (0..1_000_000).for_each(|n| process.op(n, || ())));
///     while !worker.is_finished() {
///         thread::sleep(Duration::from_millis(100));
///         writer.history(&recorder.drain())?;
///     }
///     writer.history(&recorder.drain())
/// })?;
/// writer.finish()?;
///
/// let file = format::open(File::open("run.jsonl")?)?; // `run.jsonl.gz` would do as well
/// let read: Document<u64, ()> = jsonl::read(file, &Options::new())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<W> {
    output: W,
    /// A line that is being made: it is written when it is whole.
    line: Vec<u8>,
    /// Who has an operation open.
    open: ByProcess<()>,
    cut: Option<Cut>,
}

impl<W: Write> Writer<W> {
    /// Writes the first line.
    ///
    /// # Errors
    ///
    /// Those of `output`.
    pub fn new(output: W) -> io::Result<Self> {
        let mut writer = Self {
            output,
            line: Vec::new(),
            open: ByProcess::new(),
            cut: None,
        };
        writer.line(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
        })?;
        Ok(writer)
    }

    /// Writes an event, and what else it says.
    ///
    /// # Errors
    ///
    /// Those of [`write()`]. Nothing is written then, unless the output failed.
    pub fn event<O: Serialize, R: Serialize>(
        &mut self,
        event: EventRef<'_, O, R>,
        extra: Option<&edn::Map>,
    ) -> io::Result<()> {
        let mut line = LineOut {
            index: event.index,
            process: (event.process != ProcessId::NEMESIS).then_some(event.process.0),
            time: event.time.map(nanos),
            r#type: event.kind.name(),
            op: None,
            ret: None,
            error: event.error,
            text: None,
            extra: extra.cloned().map(edn::Value::Map),
        };
        match event.kind {
            EventKind::Invoke(op) => line.op = Some(op),
            EventKind::Ok(ret) => line.ret = Some(ret),
            EventKind::Fail | EventKind::Info => {}
            EventKind::Mark(text) => line.text = Some(text),
        }
        if event.kind.is_completion() && self.open.get(event.process).is_none() {
            return Err(without_invocation(event.index));
        }
        self.line(&line)?;
        match event.kind.is_invoke() {
            true => drop(self.open.insert(event.process, ())),
            false if event.kind.is_completion() => drop(self.open.remove(event.process)),
            false => {}
        }
        Ok(())
    }

    /// Writes the events of a history.
    ///
    /// # Errors
    ///
    /// Those of [`write()`].
    pub fn history<O: Serialize, R: Serialize>(
        &mut self,
        history: &History<O, R>,
    ) -> io::Result<()> {
        self.cut = history.cut().or(self.cut);
        history
            .events()
            .try_for_each(|event| self.event(event, None))
    }

    /// Writes the events of a document, with what else they say.
    ///
    /// # Errors
    ///
    /// Those of [`write()`].
    pub fn document<O: Serialize, R: Serialize>(
        &mut self,
        document: &Document<O, R>,
    ) -> io::Result<()> {
        self.cut = document.history.cut().or(self.cut);
        document
            .history
            .events()
            .try_for_each(|event| self.event(event, document.extra.get(event.index)))
    }

    /// Writes where the history was cut, if it was, and flushes.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        #[derive(Serialize)]
        struct Last {
            cut: CutLine,
        }
        if let Some(cut) = self.cut {
            let cut = CutLine {
                index: cut.index,
                lost: cut.lost,
                reason: match cut.reason {
                    CutReason::Limit => Reason::Limit,
                    CutReason::OutOfMemory => Reason::OutOfMemory,
                },
            };
            self.line(&Last { cut })?;
        }
        self.output.flush()?;
        Ok(self.output)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.output.write_all(&self.line)
    }
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// Reads a document. O(bytes), and besides the document so much memory as the longest event takes.
///
/// # Errors
///
/// Where `input` fails, is not such a file, or is no history: see [`ReadError`].
pub fn read<O: DeserializeOwned, R: DeserializeOwned>(
    input: impl BufRead,
    options: &Options,
) -> Result<Document<O, R>, ReadError> {
    let mut events = Reader::new(input, options);
    let mut draft = Draft::new(options);
    for event in &mut events {
        match event {
            Ok(event) => draft.add(event),
            Err(error) => return Err(draft.broken_off(error)),
        }
    }
    draft.finish(events.line, events.cut)
}

/// Reads event by event, in bounded memory: an iterator over [`FileEvent`]s, which ends after the first error.
#[derive(Debug)]
pub struct Reader<B, O, R> {
    input: B,
    longest: usize,
    buffer: Vec<u8>,
    /// The number of lines read.
    line: u64,
    cut: Option<Cut>,
    ended: bool,
    types: PhantomData<fn() -> (O, R)>,
}

impl<B: BufRead, O: DeserializeOwned, R: DeserializeOwned> Reader<B, O, R> {
    /// Reads from `input`.
    pub fn new(input: B, options: &Options) -> Self {
        Self {
            input,
            longest: options.longest_event,
            buffer: Vec::new(),
            line: 0,
            cut: None,
            ended: false,
            types: PhantomData,
        }
    }

    /// Where the history was cut: known when all events are read.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// Reads a line that is not blank. `false` at the end.
    fn read_line(&mut self) -> Result<bool, ReadError> {
        loop {
            self.buffer.clear();
            self.line += 1;
            let limit = (self.longest as u64).saturating_add(1);
            let read = (&mut self.input)
                .take(limit)
                .read_until(b'\n', &mut self.buffer);
            if let Err(error) = read {
                return Err(self.error(self.buffer.len(), Problem::Io(error)));
            }
            if self.buffer.is_empty() {
                self.line -= 1; // there was none
                return Ok(false);
            }
            if self.buffer.last() != Some(&b'\n') && self.buffer.len() > self.longest {
                let limit = self.longest;
                return Err(self.error(0, Problem::TooLong { limit }));
            }
            // Without its end, of which `serde_json` would say that it is on the next line.
            while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
                self.buffer.pop();
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn next_event(&mut self) -> Result<Option<FileEvent<O, R>>, ReadError> {
        if self.line == 0 {
            self.read_header()?;
        }
        if !self.read_line()? {
            return Ok(None);
        }
        if !self.buffer.trim_ascii_start().starts_with(b"{") {
            return Err(self.syntax("a line is an object: `{\"index\":…}`"));
        }
        let line: LineIn<O, R> =
            serde_json::from_slice(&self.buffer).map_err(|error| self.json_error(error))?;
        if line.cut.is_some() {
            return self.read_cut(line).map(|()| None);
        }
        self.event(line).map(Some).map_err(|what| self.syntax(what))
    }

    fn read_header(&mut self) -> Result<(), ReadError> {
        let expected =
            format!(r#"the first line should be {{"format":"{FORMAT}","version":{VERSION}}}"#);
        if !self.read_line()? {
            return Err(self.syntax(expected));
        }
        if self.buffer.starts_with(&GZIP) {
            return Err(self.syntax(COMPRESSED));
        }
        let first = self.buffer.as_slice();
        let first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first);
        match serde_json::from_slice::<Header>(first) {
            Ok(header) if header.format != FORMAT => Err(self.syntax(expected)),
            Ok(header) if header.version != VERSION => Err(self.syntax(format!(
                "version {} of the format is not known, only {VERSION}",
                header.version
            ))),
            Ok(_) => Ok(()),
            Err(_) => Err(self.syntax(expected)),
        }
    }

    fn event(&self, line: LineIn<O, R>) -> Result<FileEvent<O, R>, &'static str> {
        let LineIn {
            op,
            ret,
            error,
            text,
            ..
        } = line;
        let kind = match (line.r#type, op, ret, text) {
            (None, ..) => return Err("an event has a `type`"),
            (Some(Type::Invoke), Some(op), None, None) => EventKind::Invoke(op),
            (Some(Type::Invoke), ..) => {
                return Err("an `invoke` has an `op`, and no `ret` or `text`");
            }
            (Some(Type::Ok), None, Some(ret), None) => EventKind::Ok(ret),
            (Some(Type::Ok), ..) => return Err("an `ok` has a `ret`, and no `op` or `text`"),
            (Some(Type::Fail), None, None, None) => EventKind::Fail,
            (Some(Type::Fail), ..) => return Err("a `fail` has no `op`, `ret` or `text`"),
            (Some(Type::Info), None, None, None) => EventKind::Info,
            (Some(Type::Info), ..) => return Err("an `info` has no `op`, `ret` or `text`"),
            (Some(Type::Mark), None, None, Some(text)) => EventKind::Mark(Text::Owned(text)),
            (Some(Type::Mark), ..) => return Err("a `mark` has a `text`, and no `op` or `ret`"),
        };
        if error.is_some() && !kind.may_have_error() {
            return Err("only a `fail` or an `info` has an `error`");
        }
        let process = match line.process {
            Some(process) => ProcessId(process),
            None if kind.is_mark() => ProcessId::NEMESIS,
            None => return Err("an event has a `process`, unless it is a mark"),
        };
        let extra = match line.extra {
            None => edn::Map::default(),
            Some(edn::Wrapped(edn::Value::Map(map))) => map,
            Some(_) => return Err("`extra` is an object"),
        };
        Ok(FileEvent {
            line: self.line,
            index: line.index,
            process,
            time: line.time.map(Duration::from_nanos),
            kind,
            error: error.map(Text::Owned),
            extra,
        })
    }

    fn read_cut(&mut self, line: LineIn<O, R>) -> Result<(), ReadError> {
        let LineIn {
            index: None,
            process: None,
            time: None,
            r#type: None,
            op: None,
            ret: None,
            error: None,
            text: None,
            extra: None,
            cut: Some(cut),
        } = line
        else {
            return Err(self.syntax("a line with `cut` has nothing else"));
        };
        if cut.index > LATEST_CUT {
            return Err(self.syntax("a history is cut below index 2^61"));
        }
        self.cut = Some(Cut {
            index: cut.index,
            lost: cut.lost,
            reason: match cut.reason {
                Reason::Limit => CutReason::Limit,
                Reason::OutOfMemory => CutReason::OutOfMemory,
            },
        });
        match self.read_line()? {
            true => Err(self.syntax("after the line with `cut` comes nothing")),
            false => Ok(()),
        }
    }

    fn json_error(&self, error: serde_json::Error) -> ReadError {
        let what = error.to_string();
        // The line is ours to say, and the column too.
        let what = what
            .rsplit_once(" at line ")
            .map_or(&*what, |(what, _)| what);
        self.error(error.column().saturating_sub(1), Problem::syntax(what))
    }

    fn syntax(&self, what: impl Into<String>) -> ReadError {
        self.error(0, Problem::syntax(what))
    }

    /// An error so many bytes into the line.
    fn error(&self, bytes: usize, problem: Problem) -> ReadError {
        let before = &self.buffer[..bytes.min(self.buffer.len())];
        ReadError {
            line: self.line.max(1),
            column: String::from_utf8_lossy(before).chars().count() as u64 + 1,
            problem,
            breaches: Breaches::default(),
        }
    }
}

impl<B: BufRead, O: DeserializeOwned, R: DeserializeOwned> Iterator for Reader<B, O, R> {
    type Item = Result<FileEvent<O, R>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_event().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
