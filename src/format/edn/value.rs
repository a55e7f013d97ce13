//! The values. The invariant: **a value has one representation**, so that comparing and hashing are derived: what
//! could be written in several ways is behind a type whose constructor puts it into the one.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use super::{Misfit, name::Name};

/// A value that EDN can write.
///
/// Values are equal if they are written alike, apart from the order of maps and sets: the integer `1` is not the
/// float `1.0`, and the list `(1)` is not the vector `[1]`. The order of values is total and of no meaning, except
/// that integers, floats, characters and texts of a kind are in their usual order.
///
/// It is printed by [`Display`](fmt::Display), on one line, and read by [`FromStr`](std::str::FromStr).
///
/// # JSON
///
/// [`Serialize`](serde::Serialize) and [`Deserialize`](serde::Deserialize) use the conventions of [Transit], in its
/// verbose form, so that nothing is lost:
///
/// | EDN | JSON |
/// |---|---|
/// | `nil`, `true`, `1`, `1.0`, `"a"`, `[1 2]` | `null`, `true`, `1`, `1.0`, `"a"`, `[1,2]` |
/// | `"~a"`, and likewise before `^` and `` ` `` | `"~~a"` |
/// | `:a`, `a`, `\a` | `"~:a"`, `"~$a"`, `"~ca"` |
/// | `12345678901234567890N`, `1.50M`, `1/2` | `"~n12345678901234567890"`, `"~f1.50"`, `{"~#ratio":["1","2"]}` |
/// | `##NaN`, `##Inf`, `##-Inf` | `"~zNaN"`, `"~zINF"`, `"~z-INF"` |
/// | `{:a 1, "b" 2, 3 4}` | `{"~:a":1,"b":2,"~i3":4}` |
/// | `{[1] 2}`, for one key that is no text in JSON | `{"~#cmap":[[1],2]}` |
/// | `(1 2)`, `#{1 2}` | `{"~#list":[1,2]}`, `{"~#set":[1,2]}` |
/// | `#inst "2020"` | `{"~#tag":["~$inst","2020"]}` |
///
/// A string that begins with `~` and has none of these forms is read as it is.
///
/// An integer beyond 2^53 is a JSON number all the same. An integer beyond 64 bits that is *read* as a JSON number
/// is what the JSON reader makes of it: `serde_json` makes it a float.
///
/// [Transit]: https://github.com/cognitect/transit-format
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// `nil`.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits, whether written with an `N` or without.
    Int(i64),
    /// An integer that does not fit into 64 bits.
    BigInt(BigInt),
    /// `1.5`, `##Inf`.
    Float(Float),
    /// `1.50M`.
    Decimal(Decimal),
    /// `1/2`.
    Ratio(Ratio),
    /// `\a`. Beyond U+FFFF, Clojure has no such character.
    Char(char),
    /// `"a"`.
    Str(Box<str>),
    /// `:a`.
    Keyword(Name),
    /// `a`.
    Symbol(Name),
    /// `(1 2)`.
    List(Box<[Value]>),
    /// `[1 2]`.
    Vector(Box<[Value]>),
    /// `#{1 2}`.
    Set(Set),
    /// `{:a 1}`.
    Map(Map),
    /// `#tag value`.
    Tagged(Box<(Name, Value)>),
}

const _: () = assert!(cfg!(not(target_pointer_width = "64")) || size_of::<Value>() == 24);

impl Value {
    /// The keyword with this name.
    pub fn keyword(name: impl Into<Name>) -> Self {
        Self::Keyword(name.into())
    }

    /// The integer, if this is one of 64 bits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The name, without the colon, if this is a keyword.
    pub fn as_keyword(&self) -> Option<&str> {
        match self {
            Self::Keyword(name) => Some(name),
            _ => None,
        }
    }

    /// The elements, if this is a vector or a list.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Self::Vector(items) | Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// An integer of this type, if it is one and fits.
    fn to_integer<I: TryFrom<i64> + std::str::FromStr>(&self) -> Option<I> {
        match self {
            Self::Int(value) => I::try_from(*value).ok(),
            Self::BigInt(BigInt(digits)) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Whether this is `nil`.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }
}

/// Conversions, by what they make of `value`.
macro_rules! from {
    ($($type:ty: $value:ident => $made:expr),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $made
            }
        }
    )*};
}

from! {
    bool: value => Self::Bool(value),
    i8: value => Self::Int(value.into()),
    i16: value => Self::Int(value.into()),
    i32: value => Self::Int(value.into()),
    i64: value => Self::Int(value),
    isize: value => Self::Int(value as i64),
    u8: value => Self::Int(value.into()),
    u16: value => Self::Int(value.into()),
    u32: value => Self::Int(value.into()),
    u64: value => i128::from(value).into(),
    usize: value => (value as u64).into(),
    i128: value => match i64::try_from(value) {
        Ok(int) => Self::Int(int),
        Err(_) => Self::BigInt(BigInt(value.to_string().into())),
    },
    f64: value => Self::Float(Float::new(value)),
    char: value => Self::Char(value),
    &str: value => Self::Str(value.into()),
    String: value => Self::Str(value.into()),
    Vec<Value>: value => Self::Vector(value.into()),
    Map: value => Self::Map(value),
    Set: value => Self::Set(value),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    /// `nil` for `None`.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nil, Into::into)
    }
}

/// The other way.
macro_rules! try_from {
    ($($type:ty: $value:pat => $made:expr),* $(,)?) => {$(
        /// Where the value is one.
        impl TryFrom<Value> for $type {
            type Error = Misfit;

            fn try_from(value: Value) -> Result<Self, Misfit> {
                match value {
                    $value => $made,
                    _ => None,
                }
                .ok_or(Misfit::from(concat!("not a value of type ", stringify!($type))))
            }
        }
    )*};
}

try_from! {
    bool: Value::Bool(value) => Some(value),
    i32: Value::Int(value) => value.try_into().ok(),
    i64: Value::Int(value) => Some(value),
    u32: Value::Int(value) => value.try_into().ok(),
    u64: value @ (Value::Int(_) | Value::BigInt(_)) => value.to_integer(),
    usize: value @ (Value::Int(_) | Value::BigInt(_)) => value.to_integer(),
    String: Value::Str(value) => Some(value.into()),
}

/// An integer that does not fit into 64 bits. One is made from an `i128`, or read from text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BigInt(
    /// Decimal digits, the first not zero, perhaps after a minus.
    Box<str>,
);

impl BigInt {
    /// `digits` are decimal and too many for an `i64`; the first is not zero.
    pub(super) fn from_digits(negative: bool, digits: &str) -> Self {
        let sign = if negative { "-" } else { "" };
        Self([sign, digits].concat().into())
    }

    /// The integer in decimal, without an `N`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for BigInt {
    fn cmp(&self, other: &Self) -> Ordering {
        let [a, b] = [self, other].map(|int| (int.0.len(), &int.0));
        match (self.0.starts_with('-'), other.0.starts_with('-')) {
            (false, false) => a.cmp(&b),
            (true, true) => b.cmp(&a),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for BigInt {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A float of 64 bits, with one `NaN`, equal to itself, and a total order. `-0.0` is not `0.0`.
#[derive(Clone, Copy)]
pub struct Float(f64);

impl Float {
    /// The float with this value.
    pub fn new(float: f64) -> Self {
        Self(if float.is_nan() { f64::NAN } else { float })
    }

    /// The value.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Float {}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A decimal number, exactly as it was written. One is read from text: `"1.50M".parse::<Value>()`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal(pub(super) Box<str>);

impl Decimal {
    /// The number as it was written, without the `M`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A fraction, in lowest terms if both terms fit into 127 bits, and otherwise as it was written.
///
/// One is read from text: `"1/2".parse::<Value>()`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ratio(
    /// The two with a slash between them.
    pub(super) Box<str>,
);

impl Ratio {
    /// The numerator in decimal, with a minus if the ratio is negative.
    pub fn numerator(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |terms| terms.0)
    }

    /// The denominator in decimal.
    pub fn denominator(&self) -> &str {
        self.0.split_once('/').map_or("1", |terms| terms.1)
    }
}

/// The elements of a set, sorted.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Set(Box<[Value]>);

impl Set {
    /// The set of these elements, of which no two may be equal. Takes O(n log n).
    pub fn new(mut items: Vec<Value>) -> Result<Self, DuplicateKey> {
        items.sort_unstable();
        match items.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(DuplicateKey(Box::new(pair[0].clone()))),
            None => Ok(Self(items.into())),
        }
    }

    /// Whether this is an element. Takes O(log n).
    pub fn contains(&self, item: &Value) -> bool {
        self.0.binary_search(item).is_ok()
    }
}

impl Deref for Set {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

/// The entries of a map, sorted by key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Map(Box<[(Value, Value)]>);

impl Map {
    /// The map of these keys and values; no two keys may be equal. Takes O(n log n).
    pub fn new(mut entries: Vec<(Value, Value)>) -> Result<Self, DuplicateKey> {
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(DuplicateKey(Box::new(pair[0].0.clone()))),
            None => Ok(Self(entries.into())),
        }
    }

    /// The value of a key. Takes O(log n).
    pub fn get(&self, key: &Value) -> Option<&Value> {
        let found = self.0.binary_search_by(|entry| entry.0.cmp(key));
        found.ok().map(|index| &self.0[index].1)
    }
}

impl Deref for Map {
    type Target = [(Value, Value)];

    fn deref(&self) -> &[(Value, Value)] {
        &self.0
    }
}

/// The key of a map, or the element of a set, that came twice.
#[derive(Clone, PartialEq, Eq)]
pub struct DuplicateKey(pub Box<Value>);

impl fmt::Display for DuplicateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` comes twice", self.0)
    }
}

impl fmt::Debug for DuplicateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for DuplicateKey {}
