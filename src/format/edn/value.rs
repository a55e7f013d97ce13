//! The values. What could be written in several ways is behind a type whose constructor puts it into one, so that
//! comparing and hashing are derived. Lists and vectors are told apart only by those who print them.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use super::{Misfit, name::Name};

/// A value that EDN can write.
///
/// Values are equal as [EDN] has it: a list and a vector of the same elements are, whatever the order of maps and sets
/// they are; and numbers of a kind are if they are the same number, as `0.0` and `-0.0`, or `1.5M` and `1.50M`. But the
/// integer `1` is not the float `1.0`. The order of values is total and of no meaning, except that integers, floats,
/// characters and texts of a kind are in their usual order.
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
/// [EDN]: https://github.com/edn-format/edn#equality
/// [Transit]: https://github.com/cognitect/transit-format
#[derive(Clone)]
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

    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::Nil => Meaning::Nil,
            Self::Bool(value) => Meaning::Bool(*value),
            Self::Int(int) => Meaning::Int(*int),
            Self::BigInt(int) => Meaning::BigInt(int),
            Self::Float(float) => Meaning::Float(*float),
            Self::Decimal(decimal) => Meaning::Decimal(decimal),
            Self::Ratio(ratio) => Meaning::Ratio(ratio),
            Self::Char(char) => Meaning::Char(*char),
            Self::Str(text) => Meaning::Str(text),
            Self::Keyword(name) => Meaning::Keyword(name),
            Self::Symbol(name) => Meaning::Symbol(name),
            Self::List(items) | Self::Vector(items) => Meaning::Sequence(items),
            Self::Set(set) => Meaning::Set(set),
            Self::Map(map) => Meaning::Map(map),
            Self::Tagged(tagged) => Meaning::Tagged(tagged),
        }
    }

    /// Whether this is `nil`.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }
}

/// What two values have in common if they are equal.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Meaning<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    BigInt(&'a BigInt),
    Float(Float),
    Decimal(&'a Decimal),
    Ratio(&'a Ratio),
    Char(char),
    Str(&'a str),
    Keyword(&'a Name),
    Symbol(&'a Name),
    Sequence(&'a [Value]),
    Set(&'a Set),
    Map(&'a Map),
    Tagged(&'a (Name, Value)),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.meaning() == other.meaning()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.meaning().hash(state);
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.meaning().cmp(&other.meaning())
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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

/// A float of 64 bits, with one `NaN`, equal to itself, and a total order. `-0.0` is equal to `0.0`, and printed as it is.
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

    /// The one of its equals that has no minus before a zero.
    fn without_sign_of_zero(self) -> f64 {
        if self.0 == 0.0 { 0.0 } else { self.0 }
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.without_sign_of_zero().to_bits().hash(state);
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        let [a, b] = [self, other].map(|float| float.without_sign_of_zero());
        a.total_cmp(&b)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A decimal number, printed as it was written. One is read from text: `"1.50M".parse::<Value>()`.
#[derive(Clone)]
pub struct Decimal(pub(super) Box<str>);

impl Decimal {
    /// The number as it was written, without the `M`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is negative, its digits without zeros before and after them, and how many of these are before the point.
    fn number(&self) -> (bool, i128, String) {
        let unsigned = self.0.strip_prefix(['+', '-']).unwrap_or(&self.0);
        let is_negative = self.0.starts_with('-');
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        let significant = digits.trim_start_matches('0');
        let zeros = digits.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return (false, 0, String::new());
        }
        let point = exponent
            .parse()
            .ok()
            .and_then(|exponent: i128| exponent.checked_add(whole.len() as i128 - zeros as i128));
        match point {
            Some(point) => (is_negative, point, significant.to_owned()),
            // An exponent beyond all bounds is compared as it was written.
            None => (is_negative, i128::MAX, unsigned.to_owned()),
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.number() == other.number()
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number().hash(state);
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number().cmp(&other.number())
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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
