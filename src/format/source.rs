//! Where a history is read from: a plain file or a gzip file, in one format or the other.

use std::{
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

    /// The format that the first bytes look like, without consuming them: what begins with `{"` is JSON Lines.
    ///
    /// # Errors
    ///
    /// Those of `input`.
    pub fn guess(input: &mut impl BufRead) -> io::Result<Self> {
        let start = input.fill_buf()?;
        let mut bytes = start.iter().filter(|byte| !byte.is_ascii_whitespace());
        Ok(match (bytes.next(), bytes.next()) {
            (Some(b'{'), Some(b'"')) => Self::JsonLines,
            _ => Self::Edn,
        })
    }
}

/// A reader of what is in the input, which may be compressed with gzip.
///
/// # Errors
///
/// Those of `input`.
pub fn open(input: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    const CAPACITY: usize = 256 << 10;
    let mut input = BufReader::with_capacity(CAPACITY, input);
    Ok(match input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(BufReader::with_capacity(
            CAPACITY,
            MultiGzDecoder::new(input),
        )),
        false => Box::new(input),
    })
}
