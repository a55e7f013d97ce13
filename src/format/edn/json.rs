//! The form in JSON, which [`Value`] describes.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor},
    ser::SerializeMap,
};

use super::{
    fault::What,
    number,
    parse::MAX_DEPTH,
    value::{Map, Set, Value},
};

const RATIO: &str = "~#ratio";
const LIST: &str = "~#list";
const SET: &str = "~#set";
const CMAP: &str = "~#cmap";
const TAG: &str = "~#tag";

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Int(int) => serializer.serialize_i64(*int),
            Self::Float(float) => match float.get() {
                f64::INFINITY => serializer.serialize_str("~zINF"),
                f64::NEG_INFINITY => serializer.serialize_str("~z-INF"),
                float if float.is_nan() => serializer.serialize_str("~zNaN"),
                float => serializer.serialize_f64(float),
            },
            Self::Str(text) if text.starts_with(['~', '^', '`']) => {
                serializer.collect_str(&format_args!("~{text}"))
            }
            Self::Str(text) => serializer.serialize_str(text),
            Self::Keyword(name) => serializer.collect_str(&format_args!("~:{name}")),
            Self::Symbol(name) => serializer.collect_str(&format_args!("~${name}")),
            Self::Char(c) => serializer.collect_str(&format_args!("~c{c}")),
            Self::BigInt(int) => serializer.collect_str(&format_args!("~n{}", int.as_str())),
            Self::Decimal(decimal) => {
                serializer.collect_str(&format_args!("~f{}", decimal.as_str()))
            }
            Self::Ratio(ratio) => {
                wrap(serializer, RATIO, &[ratio.numerator(), ratio.denominator()])
            }
            Self::Vector(items) => serializer.collect_seq(items),
            Self::List(items) => wrap(serializer, LIST, items),
            Self::Set(set) => wrap(serializer, SET, &**set),
            Self::Map(map) if map.iter().all(|(key, _)| is_text(key)) => {
                serializer.collect_map(map.iter().map(|(key, value)| (Key(key), value)))
            }
            Self::Map(map) => wrap(serializer, CMAP, &Flat(map)),
            Self::Tagged(tagged) => {
                let tag = Self::Symbol(tagged.0.clone());
                wrap(serializer, TAG, &(tag, &tagged.1))
            }
        }
    }
}

/// An object with one entry, whose key says what the value stands for.
fn wrap<S: Serializer>(
    serializer: S,
    key: &str,
    value: &(impl Serialize + ?Sized),
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// Whether the value can be the key of an object.
fn is_text(key: &Value) -> bool {
    use Value::{BigInt, Char, Decimal, Int, Keyword, Str, Symbol};
    matches!(
        key,
        Int(_) | BigInt(_) | Decimal(_) | Char(_) | Str(_) | Keyword(_) | Symbol(_)
    )
}

struct Key<'a>(&'a Value);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Int(int) => serializer.collect_str(&format_args!("~i{int}")),
            other => other.serialize(serializer),
        }
    }
}

/// Keys and values in turn.
struct Flat<'a>(&'a Map);

impl Serialize for Flat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().flat_map(|(key, value)| [key, value]))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader {
            depth: 0,
            limit: MAX_DEPTH,
        }
        .deserialize(deserializer)
    }
}

/// Reads a value that has `depth` collections and tags around it.
#[derive(Clone, Copy)]
struct Reader {
    depth: usize,
    limit: usize,
}

/// A value in an object that is not part of it: what is in the object may be nested as deep as a value may.
pub(in crate::format) struct Wrapped(pub(in crate::format) Value);

impl<'de> Deserialize<'de> for Wrapped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let reader = Reader {
            depth: 0,
            limit: MAX_DEPTH + 1,
        };
        reader.deserialize(deserializer).map(Self)
    }
}

impl Reader {
    /// The reader of what is within.
    fn within<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        match depth > self.limit {
            true => Err(E::custom(What::TooDeep)),
            false => Ok(Self { depth, ..self }),
        }
    }

    /// Reads what is wrapped, after its key.
    fn unwrap<'de, A: MapAccess<'de>>(self, key: &str, map: &mut A) -> Result<Value, A::Error> {
        match key {
            RATIO => {
                let (numerator, denominator) = map.next_value::<(String, String)>()?;
                read_number(format!("{numerator}/{denominator}"))
            }
            LIST => Ok(Value::List(map.next_value_seed(Items(self))?.into())),
            SET => {
                let set = Set::new(map.next_value_seed(Items(self))?);
                set.map(Value::Set).map_err(A::Error::custom)
            }
            CMAP => {
                let mut items = map.next_value_seed(Items(self))?.into_iter();
                let mut entries = Vec::with_capacity(items.len() / 2);
                while let Some(key) = items.next() {
                    let value = items.next();
                    let odd = || A::Error::custom(What::OddMap);
                    entries.push((key, value.ok_or_else(odd)?));
                }
                Map::new(entries).map(Value::Map).map_err(A::Error::custom)
            }
            TAG => match <[Value; 2]>::try_from(map.next_value_seed(Items(self))?) {
                Ok([Value::Symbol(tag), value]) => Ok(Value::Tagged(Box::new((tag, value)))),
                _ => Err(A::Error::custom("a tag needs a symbol and a value")),
            },
            _ => Err(unknown(key)),
        }
    }
}

/// Reads an array, whose items have one more collection around them than it has.
struct Items(Reader);

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Value>, A::Error> {
        let within = self.0.within()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(within)? {
            items.push(item);
        }
        Ok(items)
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of EDN in JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(bool.into())
    }

    fn visit_i64<E>(self, int: i64) -> Result<Value, E> {
        Ok(int.into())
    }

    fn visit_u64<E>(self, int: u64) -> Result<Value, E> {
        Ok(int.into())
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(float.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(read_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        Items(self).visit_seq(seq).map(Value::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut next = map.next_key::<String>()?;
        if let Some(key) = next.as_deref().filter(|key| key.starts_with("~#")) {
            let value = self.unwrap(key, &mut map)?;
            return match map.next_key::<String>()? {
                None => Ok(value),
                Some(_) => Err(A::Error::custom(format_args!("{key:?} is not alone"))),
            };
        }
        let within = self.within()?;
        let mut entries = Vec::new();
        while let Some(key) = next {
            entries.push((read_text(&key), map.next_value_seed(within)?));
            next = map.next_key()?;
        }
        Map::new(entries).map(Value::Map).map_err(A::Error::custom)
    }
}

/// What a JSON string stands for: itself, unless it has a form of Transit.
///
/// That `"~/home"` has none is no error: the JSON may come from whoever knows nothing of these forms.
fn read_text(text: &str) -> Value {
    let Some(escaped) = text.strip_prefix('~') else {
        return text.into();
    };
    let mut chars = escaped.chars();
    let kind = chars.next();
    let rest = chars.as_str();
    let number = |suffix| number::read(format!("{rest}{suffix}").as_bytes()).ok();
    let value = match kind {
        Some('~' | '^' | '`') => Some(escaped.into()),
        Some(':') => Some(Value::keyword(rest)),
        Some('$') => Some(Value::Symbol(rest.into())),
        Some('c') => match (chars.next(), chars.next()) {
            (Some(c), None) => Some(c.into()),
            _ => None,
        },
        Some('i') => rest.parse().ok().map(Value::Int),
        Some('n') => number('N'),
        Some('f') => number('M'),
        Some('z') => match rest {
            "NaN" => Some(f64::NAN.into()),
            "INF" => Some(f64::INFINITY.into()),
            "-INF" => Some(f64::NEG_INFINITY.into()),
            _ => None,
        },
        _ => None,
    };
    value.unwrap_or_else(|| text.into())
}

fn read_number<E: Error>(text: String) -> Result<Value, E> {
    number::read(text.as_bytes()).map_err(|what| E::custom(format_args!("{what}: {text:?}")))
}

fn unknown<E: Error>(text: &str) -> E {
    E::invalid_value(Unexpected::Str(text), &"a form of Transit")
}
