//! Escapes in strings, and the names of characters.

use super::fault::What;

/// Replaces the escapes in what is between the quotes of a string. An error comes with the offset of its backslash.
pub(super) fn unescape(raw: &str) -> Result<String, (usize, What)> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let offset = raw.len() - rest.len() + at;
        let (c, after) = escape(&rest[at + 1..]).map_err(|what| (offset, what))?;
        text.push(c);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The character that an escape stands for, and what comes after. `rest` comes after the backslash.
fn escape(rest: &str) -> Result<(char, &str), What> {
    let mut after = rest.chars();
    let c = match after.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('b') => '\x08',
        Some('f') => '\x0c',
        Some(c @ ('\\' | '"')) => c,
        Some('u') => return unicode(after.as_str()),
        Some('0'..='9') => return octal(rest),
        Some(c) => return Err(What::Escape(c)),
        None => return Err(What::End),
    };
    Ok((c, after.as_str()))
}

/// Joins a surrogate pair, as Java's strings do.
fn unicode(rest: &str) -> Result<(char, &str), What> {
    let (unit, after) = hexadecimal(rest)?;
    if let Some(c) = char::from_u32(unit.into()) {
        return Ok((c, after));
    }
    let low = after.strip_prefix("\\u").ok_or(What::Surrogate)?;
    let (low, after) = hexadecimal(low)?;
    match char::decode_utf16([unit, low]).next() {
        Some(Ok(c)) => Ok((c, after)),
        _ => Err(What::Surrogate),
    }
}

fn hexadecimal(rest: &str) -> Result<(u16, &str), What> {
    rest.split_at_checked(4)
        .and_then(|(digits, after)| Some((number(digits, 16)?, after)))
        .ok_or(What::UnicodeEscape)
}

/// As in Clojure, only three digits may be followed by anything; less, only by white space or a delimiter.
fn octal(rest: &str) -> Result<(char, &str), What> {
    let ends = |c: char| c.is_ascii_whitespace() || ",\"\\;#^()[]{}".contains(c);
    let len = rest.find(ends).unwrap_or(rest.len()).min(3);
    let (digits, after) = rest.split_at_checked(len).ok_or(What::Octal)?;
    Ok((byte(digits)?, after))
}

/// The character with this code, in octal, below 256.
fn byte(digits: &str) -> Result<char, What> {
    number(digits, 8)
        .and_then(|code| u8::try_from(code).ok())
        .map(char::from)
        .ok_or(What::Octal)
}

/// Digits alone: `from_str_radix` would take a sign too.
fn number(digits: &str, radix: u32) -> Option<u16> {
    let plain = digits.chars().all(|c| c.is_digit(radix));
    u16::from_str_radix(digits, radix).ok().filter(|_| plain)
}

/// Those characters that have a name.
pub(super) const NAMED: [(char, &str); 6] = [
    ('\n', "newline"),
    (' ', "space"),
    ('\t', "tab"),
    ('\r', "return"),
    ('\x0c', "formfeed"),
    ('\x08', "backspace"),
];

/// The character that is written as a backslash and this token.
pub(super) fn character(token: &str) -> Result<char, What> {
    let mut rest = token.chars();
    let first = rest.next().ok_or(What::Character)?;
    if rest.as_str().is_empty() {
        return Ok(first);
    }
    if let Some((c, _)) = NAMED.iter().find(|(_, name)| *name == token) {
        return Ok(*c);
    }
    match (first, rest.as_str()) {
        ('u', digits) => match hexadecimal(digits)? {
            (unit, "") => char::from_u32(unit.into()).ok_or(What::Surrogate),
            _ => Err(What::UnicodeEscape),
        },
        ('o', digits) if digits.len() <= 3 => byte(digits),
        ('o', _) => Err(What::Octal),
        _ => Err(What::Character),
    }
}
