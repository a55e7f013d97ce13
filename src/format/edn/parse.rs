//! The reader: pulls values, or only the next keyword, out of bytes that may not all be there yet.
//!
//! The invariant: **what it returns does not depend on bytes that it has not seen**. Where the bytes end and others
//! may follow, it returns [`What::Incomplete`], and whoever reads begins again with more.

use std::{
    borrow::Cow,
    str::{self, FromStr},
};

use super::{
    fault::{Fault, ParseError, Parsed, What},
    name::{
        CLASS, DELIMITER, HASH, KEYWORD_TAG, Names, ODD, SPACE, SYMBOL_TAG, TAGGED_TAG, is_keyword,
        is_symbol, is_tag,
    },
    number, text,
    value::{Map, Set, Value},
};

/// How many collections and tags a value may have around one within it.
///
/// It bounds the reader's recursion. JSON needs two levels for some kinds of collections, and `serde_json` reads 127.
pub const MAX_DEPTH: usize = 60;

/// Reads values from bytes.
pub(crate) struct Parser<'a> {
    input: &'a [u8],
    offset: usize,
    /// Whether nothing follows the input.
    at_end: bool,
    depth: usize,
    names: &'a mut Names,
}

impl<'a> Parser<'a> {
    /// A parser of `input`, which is all there is if `at_end`.
    pub(crate) fn new(input: &'a [u8], at_end: bool, names: &'a mut Names) -> Self {
        Self {
            input,
            offset: 0,
            at_end,
            depth: 0,
            names,
        }
    }

    /// How many bytes have been read.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Moves over one byte, which has been looked at.
    pub(crate) fn bump(&mut self) {
        self.offset += 1;
    }

    /// Moves over white space and then over `byte`, or else is a fault.
    pub(crate) fn expect(&mut self, byte: u8) -> Parsed<()> {
        match self.space()? {
            Some(found) if found == byte => {
                self.bump();
                Ok(())
            }
            _ => self.unexpected(),
        }
    }

    /// Skips white space, commas, comments and discarded values. Returns the byte that comes next, which is not
    /// skipped, or `None` at the end.
    #[inline]
    pub(crate) fn space(&mut self) -> Parsed<Option<u8>> {
        loop {
            match self.peek() {
                Some(byte) if class(byte) & SPACE != 0 => self.bump(),
                Some(b';') => self.comment(),
                Some(b'#') => match self.input.get(self.offset + 1) {
                    Some(b'_') => self.discard()?,
                    None if !self.at_end => return self.fault(What::Incomplete),
                    _ => return Ok(Some(b'#')),
                },
                None if !self.at_end => return self.fault(What::Incomplete),
                next => return Ok(next),
            }
        }
    }

    /// Reads one value. Comes after [`space`](Self::space).
    pub(crate) fn value(&mut self) -> Parsed<Value> {
        match self.peek() {
            Some(b'"') => Ok(Value::Str(self.string()?.into())),
            Some(b':') => {
                let name = self.keyword()?;
                Ok(Value::Keyword(self.names.get(name)))
            }
            Some(b'0'..=b'9') => self.number(),
            Some(b'+' | b'-') => match self.input.get(self.offset + 1) {
                Some(b'0'..=b'9') => self.number(),
                _ => self.symbol(),
            },
            Some(b'[') => Ok(Value::Vector(self.sequence()?.into())),
            Some(b'(') => Ok(Value::List(self.sequence()?.into())),
            Some(b'{') => self.map(None),
            Some(b'#') => self.dispatch(),
            Some(b'\\') => self.character(),
            Some(b'^') => self.fault(What::Metadata),
            Some(b')' | b']' | b'}') | None => self.unexpected(),
            Some(_) => self.symbol(),
        }
    }

    /// Reads one value and drops it. Comes after [`space`](Self::space).
    pub(crate) fn skip(&mut self) -> Parsed<()> {
        self.value().map(drop)
    }

    /// Reads a keyword, which comes next, and returns its name without the colon.
    pub(crate) fn keyword(&mut self) -> Parsed<&'a str> {
        if self.peek() != Some(b':') {
            return self.unexpected();
        }
        let start = self.offset;
        self.bump();
        let (token, seen) = self.token(SPACE | DELIMITER)?;
        self.name(start, token, seen, is_keyword, What::Keyword)
    }

    fn symbol(&mut self) -> Parsed<Value> {
        let start = self.offset;
        let (token, seen) = self.token(SPACE | DELIMITER)?;
        Ok(match token {
            b"nil" => Value::Nil,
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            _ => {
                let name = self.name(start, token, seen, is_symbol, What::Symbol)?;
                Value::Symbol(self.names.get(name))
            }
        })
    }

    /// The text of a token in which those classes of bytes were `seen`, if it is such a name.
    fn name(
        &self,
        start: usize,
        token: &'a [u8],
        seen: u8,
        is_such: fn(&str) -> bool,
        what: What,
    ) -> Parsed<&'a str> {
        match str::from_utf8(token) {
            // Without odd characters anything is a name: digits do not come here.
            Ok(name) if seen & ODD == 0 && !name.is_empty() || is_such(name) => Ok(name),
            Ok(_) => self.fault_at(start, what),
            Err(error) => {
                self.fault_at(self.offset - token.len() + error.valid_up_to(), What::Utf8)
            }
        }
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.offset;
        let (token, _) = self.token(SPACE | DELIMITER | HASH)?;
        number::read(token).or_else(|what| self.fault_at(start, what))
    }

    /// Moves to the first byte that is one of `ends`. Returns what was passed, and which classes of bytes were in it.
    #[inline]
    fn token(&mut self, ends: u8) -> Parsed<(&'a [u8], u8)> {
        let rest = &self.input[self.offset..];
        let (mut len, mut seen) = (0, 0);
        while let Some(&byte) = rest.get(len) {
            let class = class(byte);
            if class & ends != 0 {
                break;
            }
            seen |= class;
            len += 1;
        }
        self.offset += len;
        if len == rest.len() && !self.at_end {
            return self.fault(What::Incomplete);
        }
        Ok((&rest[..len], seen))
    }

    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        let opened = self.offset;
        self.bump();
        let mut escapes = false;
        loop {
            let rest = &self.input[self.offset..];
            match rest.iter().position(|&byte| matches!(byte, b'"' | b'\\')) {
                Some(len) if rest[len] == b'"' => {
                    self.offset += len;
                    break;
                }
                Some(len) => {
                    // What is escaped may be behind the end.
                    self.offset = self.input.len().min(self.offset + len + 2);
                    escapes = true;
                }
                None => return self.unclosed(opened),
            }
        }
        let start = opened + 1;
        let raw = str::from_utf8(&self.input[start..self.offset])
            .or_else(|error| self.fault_at(start + error.valid_up_to(), What::Utf8))?;
        self.bump();
        if !escapes {
            return Ok(raw.into());
        }
        match text::unescape(raw) {
            Ok(text) => Ok(text.into()),
            Err((offset, what)) => self.fault_at(start + offset, what),
        }
    }

    fn character(&mut self) -> Parsed<Value> {
        let start = self.offset;
        // The first byte belongs to the character, even if it is a bracket or a space.
        self.offset = self.input.len().min(start + 2);
        self.token(SPACE | DELIMITER)?;
        let token = &self.input[start + 1..self.offset];
        match str::from_utf8(token).map(text::character) {
            Ok(Ok(character)) => Ok(Value::Char(character)),
            Ok(Err(what)) => self.fault_at(start, what),
            Err(error) => self.fault_at(start + 1 + error.valid_up_to(), What::Utf8),
        }
    }

    /// Reads values up to the bracket that closes the one that comes next.
    fn sequence(&mut self) -> Parsed<Vec<Value>> {
        self.nested(|parser, opened| {
            parser.bump();
            let mut items = Vec::new();
            while let Some(item) = parser.element(opened)? {
                items.push(item);
            }
            Ok(items)
        })
    }

    /// Reads a map, whose brace comes next, and puts its keys into the namespace.
    fn map(&mut self, namespace: Option<&str>) -> Parsed<Value> {
        let start = self.offset;
        let entries = self.nested(|parser, opened| {
            parser.bump();
            let mut entries = Vec::new();
            while let Some(mut key) = parser.element(opened)? {
                if let Some(namespace) = namespace {
                    qualify(&mut key, namespace);
                }
                match parser.element(opened)? {
                    Some(value) => entries.push((key, value)),
                    None => return parser.fault_at(opened, What::OddMap),
                }
            }
            Ok(entries)
        })?;
        match Map::new(entries) {
            Ok(map) => Ok(Value::Map(map)),
            Err(error) => self.fault_at(start, What::Duplicate(error)),
        }
    }

    /// Reads the next value between brackets, or else the bracket that closes the one at `opened`.
    fn element(&mut self, opened: usize) -> Parsed<Option<Value>> {
        match self.space()? {
            Some(close @ (b')' | b']' | b'}')) => {
                let open = self.input[opened];
                if !matches!((open, close), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
                    return Err(Fault {
                        offset: self.offset,
                        what: What::Mismatch(open.into(), close.into()),
                        opened: Some(opened),
                    });
                }
                self.bump();
                Ok(None)
            }
            Some(_) => self.value().map(Some),
            None => self.unclosed(opened),
        }
    }

    /// What begins with `#`.
    fn dispatch(&mut self) -> Parsed<Value> {
        let start = self.offset;
        self.bump();
        match self.peek() {
            Some(b'{') => match Set::new(self.sequence()?) {
                Ok(set) => Ok(Value::Set(set)),
                Err(error) => self.fault_at(start, What::Duplicate(error)),
            },
            Some(b'#') => {
                self.bump();
                match self.token(SPACE | DELIMITER)?.0 {
                    b"Inf" => Ok(f64::INFINITY.into()),
                    b"-Inf" => Ok(f64::NEG_INFINITY.into()),
                    b"NaN" => Ok(f64::NAN.into()),
                    _ => self.fault_at(start, What::Symbolic),
                }
            }
            Some(b':') => {
                self.bump();
                let (token, _) = self.token(SPACE | DELIMITER)?;
                let is_namespace = |name: &str| is_symbol(name) && !name.contains('/');
                let namespace = self.name(start, token, ODD, is_namespace, What::Namespace)?;
                match self.space()? {
                    Some(b'{') => self.map(Some(namespace)),
                    _ => self.fault_at(start, What::Namespace),
                }
            }
            Some(b'^') => self.fault_at(start, What::Metadata),
            Some(b'a'..=b'z' | b'A'..=b'Z' | 0x80..) => self.tagged(start),
            _ => self.unexpected(),
        }
    }

    /// Reads a tag, of which the `#` was read, and the value it is for.
    fn tagged(&mut self, start: usize) -> Parsed<Value> {
        let (token, _) = self.token(SPACE | DELIMITER)?;
        let tag = self.name(start, token, ODD, is_tag, What::Tag)?;
        match tag {
            KEYWORD_TAG => Ok(Value::keyword(self.quoted()?.into_owned())),
            SYMBOL_TAG => Ok(Value::Symbol(self.quoted()?.into_owned().into())),
            TAGGED_TAG => {
                self.expect(b'[')?;
                let tag = self.quoted()?.into_owned();
                let value = self.operand(start, What::TagWithoutValue, Self::value)?;
                self.expect(b']')?;
                Ok(Value::Tagged(Box::new((tag.into(), value))))
            }
            _ => {
                let tag = self.names.get(tag);
                let value = self.operand(start, What::TagWithoutValue, Self::value)?;
                Ok(Value::Tagged(Box::new((tag, value))))
            }
        }
    }

    /// A name that had to be written as a string.
    fn quoted(&mut self) -> Parsed<Cow<'a, str>> {
        match self.space()? {
            Some(b'"') => self.string(),
            _ => self.unexpected(),
        }
    }

    #[cold]
    fn discard(&mut self) -> Parsed<()> {
        let start = self.offset;
        self.offset += 2;
        self.operand(start, What::DiscardWithoutValue, Self::skip)
    }

    /// Reads, one level deeper, the value without which what began at `start` is a fault.
    fn operand<T>(
        &mut self,
        start: usize,
        missing: What,
        read: fn(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        self.nested(|parser, _| match parser.space()? {
            Some(b')' | b']' | b'}') | None => parser.fault_at(start, missing),
            Some(_) => read(parser),
        })
    }

    /// Reads one level deeper, and passes on where that begins.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self, usize) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return self.fault_at(self.offset, What::TooDeep);
        }
        self.depth += 1;
        let read = read(self, self.offset);
        self.depth -= 1;
        read
    }

    #[cold]
    fn comment(&mut self) {
        let rest = &self.input[self.offset..];
        let len = rest.iter().position(|&byte| matches!(byte, b'\n' | b'\r'));
        self.offset += len.unwrap_or(rest.len());
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.offset).copied()
    }

    /// The fault that the byte which comes next is there, or that none is.
    #[cold]
    fn unexpected<T>(&self) -> Parsed<T> {
        let rest = &self.input[self.offset..];
        let (valid, invalid) = match rest.utf8_chunks().next() {
            Some(chunk) => (chunk.valid(), chunk.invalid()),
            None => ("", rest),
        };
        self.fault(match valid.chars().next() {
            Some(c) => What::Unexpected(c),
            // What is not UTF-8 up to the end may be the beginning of a character.
            None if !self.at_end && invalid.len() == rest.len() => What::Incomplete,
            None if rest.is_empty() => What::End,
            None => What::Utf8,
        })
    }

    /// The fault that the input ends within what began at `opened`.
    #[cold]
    fn unclosed<T>(&self, opened: usize) -> Parsed<T> {
        if !self.at_end {
            return self.fault(What::Incomplete);
        }
        Err(Fault {
            offset: self.input.len(),
            what: What::Unclosed(self.input[opened].into()),
            opened: Some(opened),
        })
    }

    #[cold]
    fn fault<T>(&self, what: What) -> Parsed<T> {
        self.fault_at(self.offset, what)
    }

    #[cold]
    fn fault_at<T>(&self, offset: usize, what: What) -> Parsed<T> {
        Err(Fault {
            offset,
            what,
            opened: None,
        })
    }
}

/// Puts a name without a namespace into this one, and takes one with the namespace `_` out of it.
fn qualify(key: &mut Value, namespace: &str) {
    if let Value::Keyword(name) | Value::Symbol(name) = key {
        match name.split_once('/') {
            Some(("_", local)) => *name = local.into(),
            Some(("", _)) | None => *name = format!("{namespace}/{name}").into(),
            Some(_) => {}
        }
    }
}

fn class(byte: u8) -> u8 {
    CLASS[usize::from(byte)]
}

impl FromStr for Value {
    type Err = ParseError;

    /// Reads exactly one value. Takes time and memory in proportion to the text, but for sorting maps and sets.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut names = Names::default();
        let mut parser = Parser::new(text.as_bytes(), true, &mut names);
        single(&mut parser).map_err(|fault| fault.locate(text.as_bytes()))
    }
}

/// Reads the one value that is the whole input.
fn single(parser: &mut Parser<'_>) -> Parsed<Value> {
    parser.space()?;
    let value = parser.value()?;
    match parser.space()? {
        Some(_) => parser.fault(What::Trailing),
        None => Ok(value),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// The first value and where it ends.
    fn read(input: &[u8], at_end: bool) -> Parsed<(Value, usize)> {
        let mut names = Names::default();
        let mut parser = Parser::new(input, at_end, &mut names);
        parser.space()?;
        Ok((parser.value()?, parser.offset()))
    }

    /// Reading any beginning says that more is needed, or what reading all says.
    fn check_splits(input: &[u8]) {
        let whole = read(input, true);
        for len in 0..=input.len() {
            match read(&input[..len], false) {
                Err(fault) if fault.what == What::Incomplete => {}
                part => assert_eq!(part, whole, "{:?}", input[..len].escape_ascii().to_string()),
            }
        }
    }

    /// Pieces of which some make a value.
    fn fragments() -> impl Strategy<Value = Vec<&'static [u8]>> {
        let solid = r##"( ) [ ] { } #{ # #_ #: #:a{ ## ##Inf ^ ; , " \ "a" "\u00e9" "\ud83d \ude00" \newline \u0041
            \o12 : :a :a/b a / nil true - + 1 0 12 0x1F 36rZ 1/2 .5 1. e3 N M #tag #tachograph/keyword
            #tachograph/symbol" #tachograph/tagged[""1 @ ~ ' é 😀"##;
        let mut pieces: Vec<_> = solid.split_whitespace().map(str::as_bytes).collect();
        let others: [&[u8]; 8] = [
            b" ",
            b"\n",
            b"\0",
            b"\xc3",
            b"\xa9",
            b"\xf0\x9f",
            b"\xff",
            b"\xe2\x80\xa8",
        ];
        pieces.extend(others);
        vec(select(pieces), 0..12)
    }

    proptest! {
        #[test]
        fn bytes_not_seen_change_nothing(fragments in fragments()) {
            check_splits(&fragments.concat());
        }

        #[test]
        fn any_bytes_are_read_or_refused(input: Vec<u8>) {
            check_splits(&input);
        }
    }

    #[test]
    fn white_space_ends_only_where_the_input_does() {
        for input in ["", " ,", ";a", "#", "#_", "#_a", " #_ #_ [] b", "#_ ;"] {
            let mut names = Names::default();
            let fault = Parser::new(input.as_bytes(), false, &mut names).space();
            assert_eq!(fault.unwrap_err().what, What::Incomplete, "{input}");
        }
        check_splits("#tachograph/keyword é".as_bytes());
    }

    #[test]
    fn an_event_ends_where_its_brace_is() {
        let input = br#"{:index 12, :f "a\"\u00e9", :value #{\a 1.5M} #_ x} {"#;
        check_splits(input);
        assert_eq!(read(input, false).unwrap().1, input.len() - 2);
    }

    #[test]
    fn a_keyword_is_borrowed_from_the_input() {
        let mut names = Names::default();
        let mut parser = Parser::new(b" :a/b 1", false, &mut names);
        assert_eq!(parser.space(), Ok(Some(b':')));
        let name = parser.keyword().unwrap();
        assert_eq!((name, parser.offset()), ("a/b", 5));
        assert_eq!(parser.space(), Ok(Some(b'1')));
        assert_eq!(parser.keyword().unwrap_err().what, What::Unexpected('1'));
        assert_eq!(parser.skip().unwrap_err().what, What::Incomplete);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_found() {
        for (input, offset) in [
            (&b"[\"ab\xffc\"]"[..], 4),
            (b"[ab\xff]", 3),
            (b":a\xc3", 2),
            (b"\\\xff", 1),
            (b"#t\xff 1", 2),
            (b"#tachograph/keyword \xff", 20),
        ] {
            let fault = read(input, true).unwrap_err();
            assert_eq!(
                (fault.offset, fault.what),
                (offset, What::Utf8),
                "{input:?}"
            );
        }
        assert_eq!(read(b"1\xff", true).unwrap_err().what, What::Number);
    }
}
