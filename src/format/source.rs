//! Where a history is read from: a plain file or a gzip file, in one format or the other.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

/// The formats that histories are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// [Jepsen's EDN](super::edn).
    Edn,
    /// [JSON Lines](super::jsonl).
    JsonLines,
}

impl Format {
    /// The format that a file's name promises: `.edn`; `.jsonl`, `.ndjson` or `.json`; each perhaps with `.gz` behind.
    pub fn of_path(path: impl AsRef<Path>) -> Option<Self> {
        let path = path.as_ref();
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match &*extension {
            "edn" => Some(Self::Edn),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            "gz" => Self::of_path(path.file_stem()?),
            _ => None,
        }
    }
}

/// What is in an input, decompressed if it is compressed with gzip. [`open`] makes it.
pub struct Source<R: Read> {
    content: Content<R>,
    format: Format,
}

enum Content<R: Read> {
    Plain(Buffered<R>),
    Gzip(Box<Buffered<MultiGzDecoder<Buffered<R>>>>),
}

type Buffered<R> = BufReader<Peeked<R>>;

/// Opens an input, which may be compressed with gzip, and looks at how it begins. A byte order mark is skipped.
///
/// # Errors
///
/// Those of `input`.
pub fn open<R: Read>(input: R) -> io::Result<Source<R>> {
    const CAPACITY: usize = 256 << 10;
    let mut input = Peeked::new(input);
    input.look(|start| start.len() >= GZIP.len())?;
    if input.start.starts_with(&GZIP) {
        let compressed = BufReader::with_capacity(CAPACITY, input);
        let mut text = Peeked::new(MultiGzDecoder::new(compressed));
        Ok(Source {
            format: text.format()?,
            content: Content::Gzip(Box::new(BufReader::with_capacity(CAPACITY, text))),
        })
    } else {
        Ok(Source {
            format: input.format()?,
            content: Content::Plain(BufReader::with_capacity(CAPACITY, input)),
        })
    }
}

impl<R: Read> Source<R> {
    /// The format that the first bytes look like: what begins with `{"` is JSON Lines, anything else EDN.
    pub fn format(&self) -> Format {
        self.format
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Plain(input) => input.read(buffer),
            Content::Gzip(input) => input.read(buffer),
        }
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.content {
            Content::Plain(input) => input.fill_buf(),
            Content::Gzip(input) => input.fill_buf(),
        }
    }

    fn consume(&mut self, bytes: usize) {
        match &mut self.content {
            Content::Plain(input) => input.consume(bytes),
            Content::Gzip(input) => input.consume(bytes),
        }
    }
}

impl<R: Read> fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// What every gzip file begins with.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];
/// U+FEFF in UTF-8, which some programs put before a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// An input of which the first bytes can be looked at before they are read, however few at a time they come.
struct Peeked<R> {
    start: Vec<u8>,
    /// How much of the start was read.
    read: usize,
    input: R,
}

impl<R: Read> Peeked<R> {
    fn new(input: R) -> Self {
        Self {
            start: Vec::new(),
            read: 0,
            input,
        }
    }

    /// Looks at more until it is enough, or at an end.
    fn look(&mut self, enough: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        const PATIENCE: usize = 64 << 10;
        let mut chunk = [0; 512];
        while !enough(&self.start) && self.start.len() < PATIENCE {
            match self.input.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => self.start.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn format(&mut self) -> io::Result<Format> {
        self.look(|start| start.len() >= BYTE_ORDER_MARK.len())?;
        if self.start.starts_with(BYTE_ORDER_MARK) {
            self.read = BYTE_ORDER_MARK.len();
        }
        let from = self.read;
        let telling = |start: &[u8]| {
            let bytes = start[from..]
                .iter()
                .filter(|byte| !byte.is_ascii_whitespace());
            bytes.take(2).copied().collect::<Vec<u8>>()
        };
        self.look(|start| telling(start).len() == 2)?;
        Ok(match telling(&self.start)[..] {
            [b'{', b'"'] => Format::JsonLines,
            _ => Format::Edn,
        })
    }
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut start = &self.start[self.read..];
        if start.is_empty() {
            return self.input.read(buffer);
        }
        let read = start.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}
