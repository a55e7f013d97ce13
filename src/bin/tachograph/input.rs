//! Reading files, whatever they are, and saying how far it is when that takes long.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use tachograph::format::{self, Document, Format, Options, ReadError, Source, edn, jsonl};

/// A history of whatever object.
pub type AnyDocument = Document<edn::Op, edn::Value>;

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
    Read(ReadError),
}

impl Failure {
    /// One line or more, of which each begins with the file's name.
    pub fn lines(&self, path: &Path) -> String {
        let text = match self {
            Self::Open(error) => error.to_string(),
            Self::Read(error) => error.to_string(),
        };
        let name = name(path);
        let lines: Vec<_> = text.lines().map(|line| format!("{name}: {line}")).collect();
        lines.join("\n")
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
    pub fn read(&self, path: &Path, format: Option<FormatName>) -> Result<AnyDocument, Failure> {
        let input = open(path).map_err(Failure::Open)?;
        let known = format.map(Into::into).or_else(|| Format::of_path(path));
        let format = known.unwrap_or(input.format());
        let options = Options::new().lenient(self.lenient);
        match format {
            Format::Edn => edn::read(input, &options),
            Format::JsonLines => jsonl::read(input, &options),
        }
        .map_err(Failure::Read)
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
        const PATIENCE: Duration = Duration::from_secs(1);
        if self.bar.is_none() && self.began.elapsed() > PATIENCE && io::stderr().is_terminal() {
            let (bar, template) = match self.bytes {
                Some(bytes) => (
                    ProgressBar::new(bytes),
                    "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
                ),
                None => (ProgressBar::no_length(), "{msg} {bytes} {bytes_per_sec}"),
            };
            let style = ProgressStyle::with_template(template).expect("a template as documented");
            bar.set_style(style);
            bar.set_message(name(&self.path));
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
