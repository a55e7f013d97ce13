//! How operations are said in Jepsen's words: an `:f` and a `:value`.

use std::{borrow::Cow, error::Error, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct};

use super::{MAX_DEPTH, Name, Value, What, Wrapped};
use crate::history::History;

/// An operation that has an `:f` and a `:value` in [Jepsen's EDN](super).
///
/// Jepsen's custom is to name the operation under `:f`, to give the arguments under `:value` of the invocation, and under
/// `:value` of the completion *the same with what was unknown filled in*: `:read nil` completes as `:read 4`, and
/// `:write 4` as `:write 4`.
///
/// ```
/// use tachograph::format::edn::{Jepsen, Misfit, Value};
///
/// #[derive(Debug)]
/// enum Op { Read, Write(i64) }
///
/// impl Jepsen for Op {
///     type Ret = Option<i64>; // what a read found; nothing of a write
///
///     fn f(&self) -> &str {
///         match self { Op::Read => "read", Op::Write(_) => "write" }
///     }
///
///     fn value(&self) -> Value {
///         match self { Op::Read => Value::Nil, Op::Write(value) => (*value).into() }
///     }
///
///     fn ret_value(&self, ret: &Option<i64>) -> Value {
///         match self { Op::Read => (*ret).into(), Op::Write(value) => (*value).into() }
///     }
///
///     fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
///         match f {
///             "read" => Ok(Op::Read),
///             "write" => value.as_int().map(Op::Write).ok_or("a write takes an integer".into()),
///             _ => Err(format!("a register has no :{f}").into()),
///         }
///     }
///
///     fn ret_from_value(&self, value: Value) -> Result<Option<i64>, Misfit> {
///         match self {
///             Op::Read => Ok(value.as_int()),
///             Op::Write(_) => Ok(None),
///         }
///     }
/// }
/// ```
pub trait Jepsen: Sized {
    /// The result of the operation.
    type Ret;

    /// The keyword under `:f`, without the colon.
    fn f(&self) -> &str;

    /// The `:value` of the invocation.
    fn value(&self) -> Value;

    /// The `:value` of an `:ok` with this result.
    fn ret_value(&self, ret: &Self::Ret) -> Value;

    /// The operation that an invocation with this `:f` and this `:value` invokes.
    ///
    /// # Errors
    ///
    /// Where there is none.
    fn from_value(f: &str, value: Value) -> Result<Self, Misfit>;

    /// The result that an `:ok` of this operation with this `:value` returns.
    ///
    /// # Errors
    ///
    /// Where there is none.
    fn ret_from_value(&self, value: Value) -> Result<Self::Ret, Misfit>;
}

/// Why a `:f` and a `:value` are no operation, or a `:value` no result. Made from a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Misfit(Cow<'static, str>);

impl From<&'static str> for Misfit {
    fn from(what: &'static str) -> Self {
        Self(what.into())
    }
}

impl From<String> for Misfit {
    fn from(what: String) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Misfit {}

/// Any operation: its `:f` and its `:value` as they are in the file. Its result is the `:value` of the completion.
///
/// For whoever does not know what object a history is about, as the command line does not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Op {
    /// The keyword under `:f`.
    pub f: Name,
    /// The arguments.
    pub value: Value,
}

impl Jepsen for Op {
    type Ret = Value;

    fn f(&self) -> &str {
        &self.f
    }

    fn value(&self) -> Value {
        self.value.clone()
    }

    fn ret_value(&self, ret: &Value) -> Value {
        ret.clone()
    }

    fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
        Ok(Self { f: f.into(), value })
    }

    fn ret_from_value(&self, value: Value) -> Result<Value, Misfit> {
        Ok(value)
    }
}

/// The same history, with each operation and result as it is said in Jepsen's words: as whoever does not know what object it
/// is about reads it.
pub fn named<O: Jepsen>(history: &History<O, O::Ret>) -> History<Op, Value> {
    let op = |op: &O| Op {
        f: op.f().into(),
        value: op.value(),
    };
    // Where the history begins in the middle, what it completes is not known.
    let ret = |op: Option<&O>, ret: &O::Ret| op.map_or(Value::Nil, |op| op.ret_value(ret));
    history.translated(op, ret)
}

/// `:f value`.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{} {}", self.f, self.value)
    }
}

/// As it is displayed.
impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// In JSON, an object with `f` and `value`.
impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Op", 2)?;
        object.serialize_field("f", &Value::from(&*self.f))?;
        object.serialize_field("value", &self.value)?;
        object.end()
    }
}

/// From an object with `f` and `value`; or from what `serde` makes of a variant of an enum, so that `Write(4)` is read as
/// `:write 4`; anything else becomes the value of an `:op`.
impl<'de> Deserialize<'de> for Op {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let variant = |name: &str, value| Self {
            f: kebab(name).into(),
            value,
        };
        let Wrapped(value) = Wrapped::deserialize(deserializer)?;
        Ok(match &value {
            Value::Str(name) => variant(name, Value::Nil),
            Value::Map(map) => match &**map {
                [(Value::Str(f), Value::Str(name)), (Value::Str(v), value)]
                    if **f == *"f" && **v == *"value" =>
                {
                    Self {
                        f: (&**name).into(),
                        value: value.clone(),
                    }
                }
                [(Value::Str(name), value)] => variant(name, value.clone()),
                _ => variant("op", within_depth(value)?),
            },
            _ => variant("op", within_depth(value)?),
        })
    }
}

/// A value that was taken for something in a wrapping, and is none.
fn within_depth<E: serde::de::Error>(value: Value) -> Result<Value, E> {
    fn depth(value: &Value) -> usize {
        let deepest = |values: &[Value]| values.iter().map(depth).max();
        let within = match value {
            Value::Vector(values) | Value::List(values) => deepest(values),
            Value::Set(values) => deepest(values),
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| depth(key).max(depth(value)))
                .max(),
            Value::Tagged(tagged) => Some(depth(&tagged.1)),
            _ => return 0,
        };
        1 + within.unwrap_or(0)
    }
    match depth(&value) > MAX_DEPTH {
        true => Err(E::custom(What::TooDeep)),
        false => Ok(value),
    }
}

/// `CompareAndSet` in Jepsen's manner: `compare-and-set`. `CAS` is `cas`. What is no name of a variant stays as it is.
fn kebab(name: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(is_letter) {
        return name.to_owned();
    }
    let mut kebab = String::with_capacity(name.len() + 4);
    let mut last = '-';
    for letter in name.chars() {
        if letter.is_uppercase() && !last.is_uppercase() && last != '-' {
            kebab.push('-');
        }
        last = letter;
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}
