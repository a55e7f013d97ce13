//! Reading files, whatever they are, and saying how far it is when that takes long.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, IsTerminal, Read},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::value::RawValue;
use tachograph::format::{self, Document, Format, Options, ReadError, Source, edn, jsonl};

use crate::{patience::SECOND, say::harmless};

/// A history of whatever object, each operation with its name.
pub type Named = Document<edn::Op, edn::Value>;

/// A history of whatever object, as it is in JSON Lines: operations and results mean nothing, and stay as they are.
pub type Raw = Document<Box<RawValue>, Box<RawValue>>;

/// The files of the commands that take several.
#[derive(Args)]
pub struct Files {
    /// The files, or `-`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The format of the files; otherwise told by their names or first bytes
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    #[command(flatten)]
    reading: Reading,
}

impl Files {
    pub fn paths(&self) -> io::Result<&[PathBuf]> {
        if self.files.iter().filter(|path| is_standard(path)).count() > 1 {
            let what = "`-` is given twice, and there is one standard input";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        Ok(&self.files)
    }

    pub fn open(&self, path: &Path) -> Result<Input, Failure> {
        self.reading.open(path, self.format, "--format")
    }
}

/// How files are read.
#[derive(Args)]
pub struct Reading {
    /// Mend what can be mended without guessing, and say so: a process that goes on after its info gets a new id,
    /// indices with gaps are numbered anew
    #[arg(long)]
    pub lenient: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum FormatName {
    /// Jepsen's EDN
    Edn,
    /// JSON Lines
    Jsonl,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Edn => Self::Edn,
            FormatName::Jsonl => Self::JsonLines,
        }
    }
}

/// Why a file is no history.
pub enum Failure {
    Open(io::Error),
    Read {
        error: ReadError,
        /// What may help.
        hint: Option<String>,
    },
}

impl Failure {
    /// Whether the file could be read, and merely breaks the rules of a history.
    pub fn is_breach(&self) -> bool {
        matches!(self, Self::Read { error, .. } if error.is_breach())
    }
}

/// One line or more.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Read { error, hint: None } => error.fmt(f),
            Self::Read {
                error,
                hint: Some(hint),
            } => write!(f, "{error}\n{hint}"),
        }
    }
}

/// What a file is called in what we say.
pub fn name(path: &Path) -> String {
    match is_standard(path) {
        true => "standard input".into(),
        false => path.display().to_string(),
    }
}

pub fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

impl Reading {
    /// Opens a file, in the format that `option` says, if that was given.
    pub fn open(
        &self,
        path: &Path,
        format: Option<FormatName>,
        option: &'static str,
    ) -> Result<Input, Failure> {
        let source = open(path).map_err(Failure::Open)?;
        let known = format.map(Into::into).or_else(|| Format::of_path(path));
        Ok(Input {
            format: known.unwrap_or(source.format()),
            source,
            options: Options::new().lenient(self.lenient),
            option,
        })
    }
}

fn open(path: &Path) -> io::Result<Source<Progress<Box<dyn Read>>>> {
    if is_standard(path) {
        return format::open(Progress::new(Box::new(io::stdin()), path, None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let bytes = metadata.is_file().then_some(metadata.len());
    format::open(Progress::new(Box::new(file), path, bytes))
}

/// A file that is open and still to be read.
pub struct Input {
    source: Source<Progress<Box<dyn Read>>>,
    format: Format,
    options: Options,
    /// The option that says another format.
    option: &'static str,
}

impl Input {
    pub fn format(&self) -> Format {
        self.format
    }

    /// Reads the history.
    pub fn named(self) -> Result<Named, Failure> {
        let format = self.format;
        self.read(|source, options| match format {
            Format::Edn => edn::read(source, options),
            Format::JsonLines => jsonl::read(source, options),
        })
    }

    /// Reads the history from JSON Lines.
    pub fn raw(self) -> Result<Raw, Failure> {
        self.read(jsonl::read)
    }

    fn read<T>(
        mut self,
        read: impl FnOnce(Source<Progress<Box<dyn Read>>>, &Options) -> Result<T, ReadError>,
    ) -> Result<T, Failure> {
        let hint = self.hint();
        read(self.source, &self.options).map_err(|error| Failure::Read {
            // What breaks rules was read, so that the format was right.
            hint: hint.filter(|_| !error.is_breach()),
            error,
        })
    }

    /// What to try if it turns out that it cannot be read.
    fn hint(&mut self) -> Option<String> {
        let (looks_like, name) = match self.source.format() {
            Format::JsonLines => ("JSON Lines", "jsonl"),
            // To the library that is whatever does not look like JSON Lines.
            Format::Edn => {
                let first = self.source.fill_buf().ok()?.trim_ascii_start().first();
                first.filter(|first| b"{[(#;".contains(first))?;
                ("EDN", "edn")
            }
        };
        let option = self.option;
        (self.source.format() != self.format)
            .then(|| format!("it looks like {looks_like}: try {option} {name}"))
    }
}

/// Shows how much was read, once that has taken a second, if somebody is there to see it.
struct Progress<R> {
    input: R,
    path: PathBuf,
    /// How much there is to read, if that is known.
    bytes: Option<u64>,
    read: u64,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl<R> Progress<R> {
    fn new(input: R, path: &Path, bytes: Option<u64>) -> Self {
        Self {
            input,
            path: path.to_owned(),
            bytes,
            read: 0,
            began: Instant::now(),
            bar: None,
        }
    }

    fn show(&mut self) {
        if self.bar.is_none() && self.began.elapsed() > SECOND && io::stderr().is_terminal() {
            let (bar, template) = match self.bytes {
                Some(bytes) => (
                    ProgressBar::new(bytes),
                    "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
                ),
                None => (ProgressBar::no_length(), "{msg} {bytes} {bytes_per_sec}"),
            };
            let style = ProgressStyle::with_template(template).expect("a template as documented");
            bar.set_style(style);
            bar.set_message(harmless(name(&self.path)).to_string());
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.read);
        }
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.read += read as u64;
        self.show();
        Ok(read)
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
