//! Reading what Jepsen wrote: first [entries](Entry), which say what is in the file, then events.

use std::{fmt, io::BufRead, time::Duration};

use super::{
    Jepsen, Map, Misfit, Value,
    fault::{Fault, What},
    name::Names,
    parse::Parser,
    window::Window,
};
use crate::{
    event::{EventKind, ProcessId, Text},
    format::{Document, FileEvent, Options, ReadError, draft::Draft},
};

/// Reads a document. O(bytes), and besides the document so much memory as the longest event takes.
///
/// # Errors
///
/// Where `input` fails, is not such a file, has an operation or a result that `O` does not know, or is no history: see
/// [`ReadError`].
pub fn read<O: Jepsen>(
    input: impl BufRead,
    options: &Options,
) -> Result<Document<O, O::Ret>, ReadError> {
    let mut entries = Reader::new(input, options);
    let mut draft = Draft::new(options);
    for entry in &mut entries {
        let added = entry.and_then(|entry| {
            let (line, column) = (entry.line, entry.column);
            let open = match entry.process {
                Who::Client(process) => draft.builder.open(process),
                Who::Other(_) => None,
            };
            let event = event(entry, open);
            let (event, of_another) =
                event.map_err(|what| ReadError::syntax(line, column, what))?;
            draft.add_as(event, of_another);
            Ok(())
        });
        if let Err(error) = added {
            return Err(draft.broken_off(error));
        }
    }
    draft.finish(entries.window.line(), None)
}

/// Makes an event of an entry. What does not fit into an event goes into what it says besides, and is written again.
///
/// Also says whether it is a completion that names another operation than the one that is open.
pub(super) fn event<O: Jepsen>(entry: Entry, open: Option<&O>) -> Result<Event<O>, String> {
    let Who::Client(process) = entry.process else {
        return Ok((mark(entry)?, false));
    };
    let f = match &entry.f {
        Value::Keyword(name) => Some(name.clone()),
        Value::Nil if entry.kind != Kind::Invoke => None,
        other => return Err(format!("`:f` is a keyword, not `{}`", brief(other))),
    };
    let misfit = |what: Misfit| format!("`:f :{}`: {what}", f.as_deref().unwrap_or_default());
    let mut extra = entry.extra;
    let mut of_another = false;
    if let (Some(f), Some(open), true) = (&f, open, entry.kind != Kind::Invoke) {
        // A synonym of the same operation's is read as that.
        let is_same = |op: O| op.f() == open.f();
        if **f != *open.f() && !O::from_value(f, open.value()).is_ok_and(is_same) {
            of_another = true;
            extra.push((Value::keyword("f"), entry.f));
        }
    }
    let kind = match (entry.kind, open) {
        (Kind::Invoke, _) => {
            let op = O::from_value(f.as_deref().unwrap_or_default(), entry.value);
            EventKind::Invoke(op.map_err(misfit)?)
        }
        (Kind::Ok, Some(open)) => {
            let ret = open.ret_from_value(entry.value);
            EventKind::Ok(ret.map_err(misfit)?)
        }
        // A breach, whatever it completes with.
        (Kind::Ok, None) => EventKind::Fail,
        (kind, open) => {
            if open.is_some_and(|open| open.value() != entry.value) {
                extra.push((Value::keyword("value"), entry.value));
            }
            match kind {
                Kind::Fail => EventKind::Fail,
                _ => EventKind::Info,
            }
        }
    };
    let mut error = None;
    match entry.error {
        Some(Value::Str(text)) if kind.may_have_error() => error = Some(Text::Owned(text.into())),
        Some(value) => {
            error = (kind.may_have_error() && !value.is_nil()).then(|| value.to_string().into());
            extra.push((Value::keyword("error"), value));
        }
        None => {}
    }
    let event = FileEvent {
        line: entry.line,
        index: entry.index,
        process,
        time: entry.time,
        kind,
        error,
        extra: map(extra)?,
    };
    Ok((event, of_another))
}

/// An event, and whether it names another operation than its own.
type Event<O> = (FileEvent<O, <O as Jepsen>::Ret>, bool);

/// Which process made a mark, where it was one of ours.
pub(super) const BY: &str = "tachograph/by";

/// What is no client's makes a mark.
fn mark<O, R>(entry: Entry) -> Result<FileEvent<O, R>, String> {
    let mut extra = entry.extra;
    let mut process = ProcessId::NEMESIS;
    let is_nemesis = entry.process == Who::Other(Value::keyword("nemesis"));
    let may_be_ours = is_nemesis && entry.kind == Kind::Info;
    if let (Who::Other(name), false) = (entry.process, is_nemesis) {
        extra.push((Value::keyword("process"), name));
    }
    if entry.kind != Kind::Info {
        extra.push((Value::keyword("type"), Value::keyword(entry.kind.name())));
    }
    if let Some(error) = entry.error {
        extra.push((Value::keyword("error"), error));
    }
    let text = match (entry.f, entry.value) {
        (Value::Keyword(f), Value::Str(text)) if *f == *"mark" => {
            // As we write a mark that a process made.
            let by = |(key, value): &(Value, Value)| {
                let id = u64::try_from(value.as_int()?).ok()?;
                (key.as_keyword() == Some(BY) && id < ProcessId::END.0).then_some(id)
            };
            if let Some(id) = extra.iter().find_map(by).filter(|_| may_be_ours) {
                process = ProcessId(id);
                extra.retain(|(key, _)| key.as_keyword() != Some(BY));
            }
            text.into()
        }
        (f, value) => {
            let text = match value {
                Value::Nil => f.to_string(),
                _ => format!("{f} {value}"),
            };
            extra.push((Value::keyword("f"), f));
            extra.push((Value::keyword("value"), value));
            text
        }
    };
    Ok(FileEvent {
        line: entry.line,
        index: entry.index,
        process,
        time: entry.time,
        kind: EventKind::Mark(Text::Owned(text)),
        error: None,
        extra: map(extra)?,
    })
}

fn map(entries: Vec<(Value, Value)>) -> Result<Map, String> {
    Map::new(entries).map_err(|duplicate| format!("`{}` comes twice", brief(&duplicate.0)))
}

/// An event as Jepsen has it: what one map in the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The column at which it begins, in characters from 1.
    pub column: u64,
    /// `:index`, where there is one.
    pub index: Option<u64>,
    /// `:process`.
    pub process: Who,
    /// `:time` in nanoseconds, where there is one.
    pub time: Option<Duration>,
    /// `:type`.
    pub kind: Kind,
    /// `:f`, or `nil`.
    pub f: Value,
    /// `:value`, or `nil`.
    pub value: Value,
    /// `:error`, where there is one.
    pub error: Option<Value>,
    /// All other keys, in the order of the file.
    pub extra: Vec<(Value, Value)>,
}

/// Who an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A client: in Jepsen, an integer.
    Client(ProcessId),
    /// Something else, such as `:nemesis`.
    Other(Value),
}

/// The `:type` of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `:invoke`
    Invoke,
    /// `:ok`
    Ok,
    /// `:fail`
    Fail,
    /// `:info`
    Info,
}

impl Kind {
    /// The keyword, without the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }
}

/// Reads entry by entry, in bounded memory: an iterator that ends after the first error.
///
/// The file is a sequence of maps, or of vectors or lists of maps, or of both. A map may have the tag
/// `#jepsen.history.Op`, which is dropped.
pub struct Reader<B> {
    window: Window<B>,
    names: Names,
    /// The bracket in which the entries are, and where it was opened.
    within: Option<(u8, u64, u64)>,
    ended: bool,
}

impl<B: BufRead> Reader<B> {
    /// Reads from `input`.
    pub fn new(input: B, options: &Options) -> Self {
        Self {
            window: Window::new(input, options.longest_event),
            names: Names::default(),
            within: None,
            ended: false,
        }
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            // Up to the next thing first, so that the window's place is that thing's.
            let next = self.parse(|parser| parser.space())?;
            match (next, self.within) {
                (None, None) => return Ok(None),
                (None, Some((bracket, line, column))) => {
                    let what = format!(
                        "the file ends before the `{}` of line {line}, column {column} is closed",
                        char::from(bracket)
                    );
                    return Err(self.window.error_here(what));
                }
                (Some(bracket @ (b'[' | b'(')), None) => {
                    self.within = Some((bracket, self.window.line(), self.window.column()));
                    self.parse(|parser| {
                        parser.bump();
                        Ok(())
                    })?;
                }
                (Some(b']'), Some((b'[', ..))) | (Some(b')'), Some((b'(', ..))) => {
                    self.within = None;
                    self.parse(|parser| {
                        parser.bump();
                        Ok(())
                    })?;
                }
                (Some(b'{' | b'#'), _) => {
                    let (line, column) = (self.window.line(), self.window.column());
                    let entry = self.parse(entry)?;
                    return match entry {
                        Ok(entry) => Ok(Some(Entry {
                            line,
                            column,
                            ..entry
                        })),
                        Err(what) => Err(ReadError::syntax(line, column, what)),
                    };
                }
                (Some(_), _) => {
                    return Err(self
                        .window
                        .error_here("an event is a map: `{:process 0, …}`"));
                }
            }
        }
    }

    /// Parses something from where the window begins, with as many bytes as it takes, and moves on behind it.
    fn parse<T>(
        &mut self,
        mut parse: impl FnMut(&mut Parser<'_>) -> Result<T, Fault>,
    ) -> Result<T, ReadError> {
        loop {
            let (bytes, at_end) = self.window.bytes();
            let mut parser = Parser::new(bytes, at_end, &mut self.names);
            let result = parse(&mut parser);
            let offset = parser.offset();
            match result {
                Err(fault) if fault.what == What::Incomplete => self.window.fill()?,
                Err(fault) => {
                    self.window.check_length(offset.max(fault.offset))?;
                    return Err(self.window.error(&fault));
                }
                Ok(value) => {
                    self.window.check_length(offset)?;
                    self.window.advance(offset);
                    return Ok(value);
                }
            }
        }
    }
}

impl<B> fmt::Debug for Reader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("line", &self.window.line())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<B: BufRead> Iterator for Reader<B> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_entry().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Parses an entry, and says what is wrong with a map that is none.
fn entry(parser: &mut Parser<'_>) -> Result<Result<Entry, String>, Fault> {
    let mut draft = EntryDraft::default();
    if parser.space()? == Some(b'#') {
        // A tagged map, then, which takes longer. Only older versions of Jepsen write it.
        return Ok(match parser.value()? {
            Value::Tagged(tagged) if *tagged.0 == *"jepsen.history.Op" => match tagged.1 {
                Value::Map(map) => {
                    for (key, value) in map.iter().cloned() {
                        draft.set(key, value);
                    }
                    draft.finish()
                }
                other => Err(format!("an event is a map, not `{}`", brief(&other))),
            },
            other => Err(format!("an event is a map, not `{}`", brief(&other))),
        });
    }
    let start = parser.offset();
    parser.bump();
    let unclosed = |parser: &Parser<'_>| Fault {
        offset: parser.offset(),
        what: What::Unclosed('{'),
        opened: Some(start),
    };
    loop {
        let key = match parser.space()? {
            None => return Err(unclosed(parser)),
            Some(b'}') => {
                parser.bump();
                return Ok(draft.finish());
            }
            Some(b':') => Ok(parser.keyword()?),
            Some(_) => Err(parser.value()?),
        };
        if parser.space()?.is_none() {
            return Err(unclosed(parser));
        }
        let value = parser.value()?;
        match key {
            Ok(name) => draft.set_keyword(name, value),
            Err(key) => draft.set(key, value),
        }
    }
}

/// An entry whose keys are being read.
#[derive(Default)]
struct EntryDraft {
    known: [Option<Value>; KNOWN.len()],
    extra: Vec<(Value, Value)>,
    wrong: Option<String>,
}

const KNOWN: [&str; 7] = ["index", "process", "time", "type", "f", "value", "error"];

/// The place in [`KNOWN`].
fn known(name: &str) -> Option<usize> {
    // A `match` compares once by length; looking for the name in the list would compare with each.
    Some(match name {
        "index" => 0,
        "process" => 1,
        "time" => 2,
        "type" => 3,
        "f" => 4,
        "value" => 5,
        "error" => 6,
        _ => return None,
    })
}

impl EntryDraft {
    /// A keyword, which is made a value only where it is kept.
    fn set_keyword(&mut self, name: &str, value: Value) {
        match known(name) {
            Some(place) => self.set_known(place, value),
            None => self.extra.push((Value::keyword(name), value)),
        }
    }

    fn set(&mut self, key: Value, value: Value) {
        match key.as_keyword().and_then(known) {
            Some(place) => self.set_known(place, value),
            None => self.extra.push((key, value)),
        }
    }

    fn set_known(&mut self, place: usize, value: Value) {
        if self.known[place].replace(value).is_some() {
            self.wrong = Some(format!("`:{}` comes twice", KNOWN[place]));
        }
    }

    fn finish(self) -> Result<Entry, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let [index, process, time, kind, f, value, error] = self.known;
        let kind = kind.ok_or("an event has a `:type`")?;
        Ok(Entry {
            line: 0,
            column: 0,
            index: unsigned("index", index)?,
            process: match process.ok_or("an event has a `:process`")? {
                Value::Int(id) => Who::Client(ProcessId(
                    u64::try_from(id).map_err(|_| "a `:process` is 0 or more")?,
                )),
                Value::BigInt(id) => {
                    return Err(format!("`:process {id}` is too large", id = id.as_str()));
                }
                other @ (Value::Keyword(_) | Value::Symbol(_)) => Who::Other(other),
                other => {
                    return Err(format!(
                        "a `:process` is an integer, or a keyword such as `:nemesis`, not `{}`",
                        brief(&other)
                    ));
                }
            },
            time: unsigned("time", time)?.map(Duration::from_nanos),
            kind: match kind.as_keyword() {
                Some("invoke") => Kind::Invoke,
                Some("ok") => Kind::Ok,
                Some("fail") => Kind::Fail,
                Some("info") => Kind::Info,
                _ => {
                    return Err(format!(
                        "`:type` is `:invoke`, `:ok`, `:fail` or `:info`, not `{}`",
                        brief(&kind)
                    ));
                }
            },
            f: f.unwrap_or(Value::Nil),
            value: value.unwrap_or(Value::Nil),
            error,
            extra: self.extra,
        })
    }
}

/// The value as far as it fits into a message.
fn brief(value: &Value) -> String {
    const CHARACTERS: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn unsigned(key: &str, value: Option<Value>) -> Result<Option<u64>, String> {
    match value {
        None | Some(Value::Nil) => Ok(None),
        Some(value) => match value.as_int().map(u64::try_from) {
            Some(Ok(number)) => Ok(Some(number)),
            _ => Err(format!(
                "`:{key}` is an integer from 0 to 2^63 - 1, not `{}`",
                brief(&value)
            )),
        },
    }
}
