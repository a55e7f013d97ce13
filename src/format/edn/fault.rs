//! What can be wrong with a text, and where.

use std::{error::Error, fmt};

use super::{parse::MAX_DEPTH, value::DuplicateKey};

/// What is wrong with the input of a parser, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted in bytes from the start of the input.
    pub(crate) offset: usize,
    pub(crate) what: What,
    /// Where what is not closed, or wrongly, was opened.
    pub(crate) opened: Option<usize>,
}

/// What a parser returns.
pub(crate) type Parsed<T> = Result<T, Fault>;

impl Fault {
    /// Says where in `input`, which is what the parser had, the fault is.
    pub(crate) fn locate(self, input: &[u8]) -> ParseError {
        let (line, column) = position(input, self.offset);
        ParseError {
            line,
            column,
            what: self.what,
            opened: self.opened.map(|opened| position(input, opened)),
        }
    }
}

/// The line, and the column in characters, at an offset in bytes. Both count from 1.
pub(crate) fn position(input: &[u8], offset: usize) -> (usize, usize) {
    let before = &input[..offset.min(input.len())];
    let line_start = before.iter().rposition(|&byte| byte == b'\n');
    let line = &before[line_start.map_or(0, |newline| newline + 1)..];
    let newlines = before.iter().filter(|&&byte| byte == b'\n').count();
    // Of a character in UTF-8 only the first byte is none of 0b10xx_xxxx.
    let characters = line.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    (1 + newlines, 1 + characters)
}

/// Why, and where, a text is not EDN.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: What,
    /// The line and column of the bracket or quote that is not closed, or wrongly, if that is what is wrong.
    pub opened: Option<(usize, usize)>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.what
        )?;
        match self.opened {
            Some((line, column)) => write!(f, " at line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

impl Error for ParseError {}

/// What is wrong with a text that should be EDN.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The bytes at hand end, and what follows them decides. No error of a whole text.
    Incomplete,
    /// The text ends where a value should come.
    End,
    /// The text ends before the bracket or string is closed that this opened.
    Unclosed(char),
    /// The second does not close the first.
    Mismatch(char, char),
    /// A character that nothing begins with.
    Unexpected(char),
    /// Something after the one value.
    Trailing,
    /// Bytes that are not UTF-8.
    Utf8,
    /// A backslash in a string and this.
    Escape(char),
    /// `\u` without four hexadecimal digits.
    UnicodeEscape,
    /// A `\u` escape that is half of a surrogate pair, without the other half.
    Surrogate,
    /// Octal digits, after a backslash, that are more than `377`, or less than three of them before another character.
    Octal,
    /// A backslash and something that is no character or name of one.
    Character,
    /// A number that is none.
    Number,
    /// A float beyond 64 bits, or an integer beyond 127 bits that is not in decimal.
    NumberRange,
    /// A ratio with the denominator 0.
    DividedByZero,
    /// A keyword that is none.
    Keyword,
    /// A symbol that is none.
    Symbol,
    /// A tag that is no symbol.
    Tag,
    /// A tag and no value.
    TagWithoutValue,
    /// `#_` and no value.
    DiscardWithoutValue,
    /// The same key twice in a map, or the same element in a set.
    Duplicate(DuplicateKey),
    /// A map whose last key has no value.
    OddMap,
    /// `#:` without the name of a namespace and then a map.
    Namespace,
    /// `##` without `Inf`, `-Inf` or `NaN`.
    Symbolic,
    /// `^`, with which Clojure begins metadata.
    Metadata,
    /// More than [`MAX_DEPTH`] collections, tags and discards within one another.
    TooDeep,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete => "more is needed",
            Self::End => "the text ends where a value should be",
            Self::Unclosed(open) => {
                return write!(f, "the text ends, and nothing closes the `{open}`");
            }
            Self::Mismatch(open, close) => {
                return write!(f, "`{close}` does not close the `{open}`");
            }
            Self::Unexpected(c) => return write!(f, "unexpected {c:?}"),
            Self::Trailing => "more than one value",
            Self::Utf8 => "not UTF-8",
            Self::Escape(c) => return write!(f, "no escape begins with a backslash and {c:?}"),
            Self::UnicodeEscape => "`\\u` needs four hexadecimal digits",
            Self::Surrogate => "half of a surrogate pair",
            Self::Octal => "an octal escape has up to three digits and is at most 377",
            Self::Character => "no such character",
            Self::Number => "malformed number",
            Self::NumberRange => "number out of range",
            Self::DividedByZero => "ratio with denominator zero",
            Self::Keyword => "malformed keyword",
            Self::Symbol => "malformed symbol",
            Self::Tag => "malformed tag",
            Self::TagWithoutValue => "tag without a value",
            Self::DiscardWithoutValue => "`#_` without a value to discard",
            Self::Duplicate(key) => return write!(f, "{key}"),
            Self::OddMap => "map with a key that has no value",
            Self::Namespace => "`#:` needs the name of a namespace and a map",
            Self::Symbolic => "`##` needs Inf, -Inf or NaN",
            Self::Metadata => "metadata is not supported",
            Self::TooDeep => return write!(f, "nested more than {MAX_DEPTH} deep"),
        })
    }
}
