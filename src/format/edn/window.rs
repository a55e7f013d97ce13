//! A part of a file that slides over it, and knows at what line and column it begins.

use std::io::BufRead;

use super::fault::{Fault, position};
use crate::{
    format::{
        Problem, ReadError,
        error::COMPRESSED,
        source::{BYTE_ORDER_MARK, GZIP},
    },
    history::Breaches,
};

/// So many bytes are read at once, if an event may be as long.
const CHUNK: usize = 256 << 10;

/// The bytes that are being parsed. What does not end within them is parsed again with more of them.
pub(super) struct Window<B> {
    input: B,
    /// How many bytes it may hold.
    longest: usize,
    buffer: Vec<u8>,
    /// Where in the buffer it begins.
    start: usize,
    /// Whether something was read already.
    begun: bool,
    /// Whether the buffer ends where the file ends.
    at_end: bool,
    /// The place where it begins.
    line: u64,
    column: u64,
}

impl<B> Window<B> {
    pub(super) fn new(input: B, longest: usize) -> Self {
        Self {
            input,
            longest,
            buffer: Vec::new(),
            start: 0,
            begun: false,
            at_end: false,
            line: 1,
            column: 1,
        }
    }

    /// The line on which it begins.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The column at which it begins.
    pub(super) fn column(&self) -> u64 {
        self.column
    }

    /// The bytes, and whether the file ends behind them.
    pub(super) fn bytes(&self) -> (&[u8], bool) {
        (&self.buffer[self.start..], self.at_end)
    }

    /// Lets it begin so many bytes later.
    pub(super) fn advance(&mut self, bytes: usize) {
        (self.line, self.column) = self.place(bytes);
        self.start += bytes;
    }

    /// The line and column so many bytes on.
    fn place(&self, bytes: usize) -> (u64, u64) {
        match position(&self.buffer[self.start..], bytes) {
            (1, column) => (self.line, self.column + column as u64 - 1),
            (line, column) => (self.line + line as u64 - 1, column as u64),
        }
    }

    /// Whether what is so many bytes long may be.
    pub(super) fn check_length(&self, bytes: usize) -> Result<(), ReadError> {
        let limit = self.longest;
        match bytes > limit {
            true => Err(self.error_at(0, Problem::TooLong { limit })),
            false => Ok(()),
        }
    }

    pub(super) fn error(&self, fault: &Fault) -> ReadError {
        let mut what = fault.what.to_string();
        if let Some(opened) = fault.opened {
            let (line, column) = self.place(opened);
            what.push_str(&format!(" at line {line}, column {column}"));
        }
        self.error_at(fault.offset, Problem::syntax(what))
    }

    pub(super) fn error_here(&self, what: impl Into<String>) -> ReadError {
        self.error_at(0, Problem::syntax(what))
    }

    fn error_at(&self, offset: usize, problem: Problem) -> ReadError {
        let (line, column) = self.place(offset);
        ReadError {
            line,
            column,
            problem,
            breaches: Breaches::default(),
        }
    }
}

impl<B: BufRead> Window<B> {
    /// Adds at least as many bytes as there are, so that parsing again and again takes O(bytes) in all; and no more than twice
    /// the longest event, however many the input has at hand.
    pub(super) fn fill(&mut self) -> Result<(), ReadError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.check_length(self.buffer.len())?;
        let chunk = CHUNK.min(self.longest).max(BYTE_ORDER_MARK.len());
        let wanted = (2 * self.buffer.len()).max(chunk);
        while self.buffer.len() < wanted && !self.at_end {
            let end = self.buffer.len();
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.error_at(end, Problem::Io(error))),
            };
            let taken = chunk.len().min(wanted - end);
            self.buffer.extend_from_slice(&chunk[..taken]);
            self.input.consume(taken);
            self.at_end = taken == 0;
        }
        if !self.begun {
            self.begun = true;
            if self.buffer.starts_with(&GZIP) {
                return Err(self.error_here(COMPRESSED));
            }
            if self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.start = BYTE_ORDER_MARK.len();
            }
        }
        Ok(())
    }
}
