//! The printer: EDN on one line, with separators as Clojure's `pr` puts them.

use std::fmt::{self, Debug, Display, Formatter, Write};

use super::{
    name::{KEYWORD_TAG, Name, SYMBOL_TAG, TAGGED_TAG, is_keyword, is_symbol, is_tag},
    text::NAMED,
    value::{BigInt, Decimal, Float, Map, Ratio, Set, Value},
};

/// Prints a value so that it reads back as the same.
pub(crate) fn write_value(out: &mut impl Write, value: &Value) -> fmt::Result {
    match value {
        Value::Nil => out.write_str("nil"),
        Value::Bool(true) => out.write_str("true"),
        Value::Bool(false) => out.write_str("false"),
        Value::Int(int) => write!(out, "{int}"),
        Value::BigInt(int) => write_parts(out, &[int.as_str(), "N"]),
        Value::Float(float) => write_float(out, float.get()),
        Value::Decimal(decimal) => write_parts(out, &[decimal.as_str(), "M"]),
        Value::Ratio(ratio) => write_parts(out, &[ratio.numerator(), "/", ratio.denominator()]),
        Value::Char(c) => write_char(out, *c),
        Value::Str(text) => write_str(out, text),
        Value::Keyword(name) if is_keyword(name) => write_parts(out, &[":", name]),
        Value::Keyword(name) => write_quoted(out, KEYWORD_TAG, name),
        Value::Symbol(name) if is_symbol(name) => out.write_str(name),
        Value::Symbol(name) => write_quoted(out, SYMBOL_TAG, name),
        Value::List(items) => write_items(out, "(", items, ")"),
        Value::Vector(items) => write_items(out, "[", items, "]"),
        Value::Set(items) => write_items(out, "#{", items, "}"),
        Value::Map(map) => write_map(out, map),
        Value::Tagged(tagged) => write_tagged(out, &tagged.0, &tagged.1),
    }
}

fn write_parts(out: &mut impl Write, parts: &[&str]) -> fmt::Result {
    parts.iter().try_for_each(|part| out.write_str(part))
}

/// As Java prints it: always with a point, and with an exponent outside of 0.001 to ten million.
fn write_float(out: &mut impl Write, float: f64) -> fmt::Result {
    if !float.is_finite() {
        return out.write_str(match float {
            f64::INFINITY => "##Inf",
            f64::NEG_INFINITY => "##-Inf",
            _ => "##NaN",
        });
    }
    if float == 0.0 || (1e-3..1e7).contains(&float.abs()) {
        return write!(out, "{float:?}");
    }
    let text = format!("{float:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => {
            write_parts(out, &[mantissa, ".0E", exponent])
        }
        _ => out.write_str(&text),
    }
}

fn write_char(out: &mut impl Write, c: char) -> fmt::Result {
    out.write_char('\\')?;
    match NAMED.iter().find(|(named, _)| *named == c) {
        Some((_, name)) => out.write_str(name),
        None if c.is_whitespace() || c.is_control() => write!(out, "u{:04x}", u32::from(c)),
        None => out.write_char(c),
    }
}

fn write_str(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_control() || matches!(c, '"' | '\\')) {
        out.write_str(&rest[..at])?;
        match rest.as_bytes()[at] {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\t' => out.write_str("\\t")?,
            b'\r' => out.write_str("\\r")?,
            b'\x08' => out.write_str("\\b")?,
            b'\x0c' => out.write_str("\\f")?,
            control => write!(out, "\\u{control:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// A name that cannot stand as it is, after the tag that says what it is the name of.
fn write_quoted(out: &mut impl Write, tag: &str, name: &Name) -> fmt::Result {
    write_parts(out, &["#", tag, " "])?;
    write_str(out, name)
}

fn write_items(out: &mut impl Write, open: &str, items: &[Value], close: &str) -> fmt::Result {
    out.write_str(open)?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.write_char(' ')?;
        }
        write_value(out, item)?;
    }
    out.write_str(close)
}

fn write_map(out: &mut impl Write, map: &Map) -> fmt::Result {
    out.write_char('{')?;
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        write_value(out, key)?;
        out.write_char(' ')?;
        write_value(out, value)?;
    }
    out.write_char('}')
}

fn write_tagged(out: &mut impl Write, tag: &Name, value: &Value) -> fmt::Result {
    let reserved = matches!(&**tag, KEYWORD_TAG | SYMBOL_TAG | TAGGED_TAG);
    if is_tag(tag) && !reserved {
        write_parts(out, &["#", tag, " "])?;
        return write_value(out, value);
    }
    write_parts(out, &["#", TAGGED_TAG, " ["])?;
    write_str(out, tag)?;
    out.write_char(' ')?;
    write_value(out, value)?;
    out.write_char(']')
}

/// `Display` as EDN, and `Debug` like it.
macro_rules! display {
    ($($type:ty: ($self:ident, $out:ident) => $written:expr),* $(,)?) => {$(
        impl Display for $type {
            fn fmt(&self, $out: &mut Formatter<'_>) -> fmt::Result {
                let $self = self;
                $written
            }
        }

        impl Debug for $type {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                Display::fmt(self, f)
            }
        }
    )*};
}

display! {
    Value: (value, out) => write_value(out, value),
    BigInt: (int, out) => write_parts(out, &[int.as_str(), "N"]),
    Float: (float, out) => write_float(out, float.get()),
    Decimal: (decimal, out) => write_parts(out, &[decimal.as_str(), "M"]),
    Ratio: (ratio, out) => write_parts(out, &[ratio.numerator(), "/", ratio.denominator()]),
    Set: (set, out) => write_items(out, "#{", set, "}"),
    Map: (map, out) => write_map(out, map),
}
