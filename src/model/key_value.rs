//! A map from keys to values.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Model, part_of};

/// A map from keys of type `K` to values of type `V`, at first empty. Each key is a [part](Model::part) of its own.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Get`] | [`Ret::Value`] of the value, or of `None` | as before |
/// | [`Op::Put`] | [`Ret::Done`] | the key has that value |
/// | [`Op::Append`] | [`Ret::Done`], or [`Ret::Refused`] where the value is not one to [append](Append) to | the value has that at its end; where there was none, it is that |
/// | [`Op::Delete`] | [`Ret::Done`] | the key has no value |
/// | [`Op::Cas`] | [`Ret::Swapped`] of whether the value was the expected one | if it was, it is the new one |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:get`, also `:read` | `[k nil] → [k v]`, `[k nil]` if there is no value |
/// | `:put`, also `:write` | `[k v] → [k v]` |
/// | `:append` | `[k v] → [k v]` where `v` is a string, a vector or a list, `[k v false]` if it was refused |
/// | `:delete` | `[k nil] → [k nil]` |
/// | `:cas` | `[k [old new]] → [k [old new]]` if the value was the old one, `[k [old new false]]` if not |
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyValue<K, V>(PhantomData<fn() -> (K, V)>);

/// An operation of a [`KeyValue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<K, V> {
    /// Returns the value of the key.
    Get(K),
    /// Sets the value of the key.
    Put(K, V),
    /// Appends to the value of the key.
    Append(K, V),
    /// Takes the key out.
    Delete(K),
    /// Sets the value of the key to the second, if it is the first.
    Cas(K, V, V),
}

impl<K, V> Op<K, V> {
    /// The key.
    pub fn key(&self) -> &K {
        match self {
            Op::Get(key) | Op::Put(key, _) | Op::Append(key, _) | Op::Delete(key) => key,
            Op::Cas(key, ..) => key,
        }
    }
}

/// What an operation of a [`KeyValue`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// The value that was read.
    Value(Option<V>),
    /// It was done.
    Done,
    /// Whether the value was the expected one.
    Swapped(bool),
    /// Nothing can be appended to that value.
    Refused,
}

/// Values that may be appended to: strings and vectors. Others, such as numbers, may be values of a [`KeyValue`] too; they
/// refuse.
///
/// ```
/// use tachograph::model::key_value::Append;
///
/// #[derive(Clone, PartialEq, Eq, Hash, Debug)]
/// struct Balance(u64);
///
/// impl Append for Balance {}
/// ```
pub trait Append {
    /// Whether `more` can be appended to this. Values that accept one another accept the same others, before and after that.
    fn accepts(&self, more: &Self) -> bool {
        let _ = more;
        false
    }

    /// Appends `more`, which is [accepted](Self::accepts).
    fn append(&mut self, more: &Self) {
        let _ = more;
    }

    /// Whether `longer` begins with this, or may. Saying no where it does makes verdicts wrong.
    fn begins(&self, longer: &Self) -> bool {
        let _ = longer;
        true
    }

    /// Cuts this to a beginning that still begins none of the others, as this does not; the shorter, the faster are checks.
    /// What can be appended to the one must be what can be appended to the other.
    fn shorten(&mut self, others: &[&Self]) {
        let _ = others;
    }
}

impl Append for String {
    fn accepts(&self, _more: &Self) -> bool {
        true
    }

    fn append(&mut self, more: &Self) {
        self.push_str(more);
    }

    fn begins(&self, longer: &Self) -> bool {
        longer.starts_with(self.as_str())
    }

    fn shorten(&mut self, others: &[&Self]) {
        let mut len = shortest(self.as_bytes(), others.iter().map(|other| other.as_bytes()));
        while !self.is_char_boundary(len) {
            len += 1;
        }
        self.truncate(len);
    }
}

impl<T: Clone + PartialEq> Append for Vec<T> {
    fn accepts(&self, _more: &Self) -> bool {
        true
    }

    fn append(&mut self, more: &Self) {
        self.extend_from_slice(more);
    }

    fn begins(&self, longer: &Self) -> bool {
        longer.starts_with(self)
    }

    fn shorten(&mut self, others: &[&Self]) {
        self.truncate(shortest(self, others.iter().map(|other| &other[..])));
    }
}

/// The length of the shortest beginning of `items` that begins none of the others.
fn shortest<'a, T: PartialEq + 'a>(items: &[T], others: impl Iterator<Item = &'a [T]>) -> usize {
    let in_common = |other: &[T]| {
        items
            .iter()
            .zip(other)
            .take_while(|(one, other)| one == other)
            .count()
    };
    let longest = others.map(in_common).max().unwrap_or(0);
    items.len().min(longest + 1)
}

macro_rules! refuse {
    ($($type:ty)*) => {$(impl Append for $type {})*};
}

refuse!(() bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize &'static str);

impl<K, V> KeyValue<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<K, V> Model for KeyValue<K, V>
where
    K: Clone + Ord + Hash + Debug,
    V: Clone + Eq + Hash + Debug + Append,
{
    type Op = Op<K, V>;
    type Ret = Ret<V>;
    /// Sorted by key. A map would be slower to clone and to hash, where each key is a part of its own.
    type State = Vec<(K, V)>;

    fn initial(&self) -> Vec<(K, V)> {
        Vec::new()
    }

    fn apply(&self, entries: &mut Vec<(K, V)>, op: &Op<K, V>) -> Ret<V> {
        let place = entries.binary_search_by(|(key, _)| key.cmp(op.key()));
        match (op, place) {
            (Op::Get(_), place) => Ret::Value(place.ok().map(|at| entries[at].1.clone())),
            (Op::Put(_, value), Ok(at)) => {
                entries[at].1 = value.clone();
                Ret::Done
            }
            (Op::Append(_, more), Ok(at)) if !entries[at].1.accepts(more) => Ret::Refused,
            (Op::Append(_, more), Ok(at)) => {
                entries[at].1.append(more);
                Ret::Done
            }
            (Op::Put(key, value) | Op::Append(key, value), Err(at)) => {
                entries.insert(at, (key.clone(), value.clone()));
                Ret::Done
            }
            (Op::Delete(_), place) => {
                if let Ok(at) = place {
                    entries.remove(at);
                }
                Ret::Done
            }
            (Op::Cas(_, expected, new), Ok(at)) if entries[at].1 == *expected => {
                entries[at].1 = new.clone();
                Ret::Swapped(true)
            }
            (Op::Cas(..), _) => Ret::Swapped(false),
        }
    }

    fn is_read(&self, op: &Op<K, V>) -> bool {
        matches!(op, Op::Get(_))
    }

    fn changes_nothing(&self, op: &Op<K, V>, ret: &Ret<V>) -> bool {
        self.is_read(op) || matches!(ret, Ret::Swapped(false) | Ret::Refused)
    }

    fn overwrites(&self, entries: &Vec<(K, V)>, op: &Op<K, V>, earlier: &Op<K, V>) -> bool {
        let key = op.key();
        let new = match op {
            Op::Put(_, new) => Some(new),
            Op::Delete(_) => None,
            _ => return false,
        };
        if earlier.key() != key {
            return false;
        }
        let place = entries.binary_search_by(|(other, _)| other.cmp(key));
        let now = place.ok().map(|at| &entries[at].1);
        // Whether an append is refused must not depend on which of the others take effect before it.
        let Some(value) = now.or(new) else {
            return false;
        };
        let is_alike =
            |other: &V| value.accepts(other) || !value.accepts(value) && !other.accepts(other);
        new.is_none_or(is_alike)
            && match earlier {
                Op::Put(_, other) => is_alike(other),
                Op::Append(_, more) => value.accepts(more),
                Op::Delete(_) => true,
                Op::Get(_) | Op::Cas(..) => false,
            }
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn look_ahead(
        &self,
        entries: &mut Vec<(K, V)>,
        (read, ret): (&Op<K, V>, &Ret<V>),
        between: &mut dyn Iterator<Item = (&Op<K, V>, Option<&Ret<V>>)>,
    ) -> bool {
        let (Op::Get(key), Ret::Value(Some(next))) = (read, ret) else {
            return true;
        };
        let Ok(at) = entries.binary_search_by(|(other, _)| other.cmp(key)) else {
            return true;
        };
        let now = &mut entries[at].1;
        if now.begins(next) {
            return true;
        }
        // So it has to be overwritten; until then, these are the values that it must not be taken for.
        let mut compared = vec![next];
        let mut is_overwritten = false;
        for (op, ret) in between {
            match (op, ret) {
                (Op::Get(other), Some(Ret::Value(Some(value)))) if other == key => {
                    compared.push(value);
                }
                (Op::Put(other, new), _) if other == key => is_overwritten |= new.begins(next),
                (Op::Cas(other, old, new), _) if other == key => {
                    compared.push(old);
                    is_overwritten |= new.begins(next);
                }
                (Op::Delete(other), _) => is_overwritten |= other == key,
                _ => {}
            }
        }
        if is_overwritten && !compared.iter().any(|value| now.begins(value)) {
            now.shorten(&compared);
        }
        is_overwritten
    }

    fn about(&self, op: &Op<K, V>, ret: Option<&Ret<V>>) -> About {
        match (op, ret) {
            (Op::Put(_, value), _) => About::value(value),
            (Op::Get(_), Some(Ret::Value(value))) => About::found(value.as_ref()),
            (Op::Get(_) | Op::Delete(_), _) => About::Nothing,
            (Op::Append(..) | Op::Cas(..), _) => About::All,
        }
    }

    fn about_holds_from(&self, _state: &Self::State) -> bool {
        true
    }

    fn part(&self, op: &Op<K, V>) -> Option<u64> {
        Some(part_of(op.key()))
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Append, Op, Ret, shortest};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Shapes, found, items, pair, repeats, swap, swapped, taken, values},
    };

    const SHAPES: Shapes = Shapes {
        object: "a map",
        operations: &[
            ("get", "[k nil]", "[k v], or [k nil]"),
            ("read", "[k nil]", "[k v], or [k nil]"),
            ("put", "[k v], where v is not nil", "[k v]"),
            ("write", "[k v], where v is not nil", "[k v]"),
            (
                "append",
                "[k v], where v is a string, a vector or a list",
                "[k v], or [k v false]",
            ),
            ("delete", "[k nil]", "[k nil]"),
            (
                "cas",
                "[k [old new]], where neither old nor new is nil",
                "[k [old new]], or [k [old new false]]",
            ),
        ],
    };

    /// Two strings, or two vectors or lists.
    impl Append for Value {
        fn accepts(&self, more: &Self) -> bool {
            matches!((self, more), (Value::Str(_), Value::Str(_)))
                || self.as_slice().is_some() && more.as_slice().is_some()
        }

        fn append(&mut self, more: &Self) {
            if let (Value::Str(text), Value::Str(more)) = (&*self, more) {
                *self = format!("{text}{more}").into();
            } else if let (Some(items), Some(more)) = (self.as_slice(), more.as_slice()) {
                *self = [items, more].concat().into();
            }
        }

        fn begins(&self, longer: &Self) -> bool {
            match (self.as_slice(), longer.as_slice()) {
                (Some(items), Some(longer)) => longer.starts_with(items),
                _ => match (self, longer) {
                    (Value::Str(text), Value::Str(longer)) => longer.starts_with(&**text),
                    _ => self == longer,
                },
            }
        }

        fn shorten(&mut self, others: &[&Self]) {
            match self {
                Value::Str(text) => {
                    let others = others.iter().filter_map(|other| match other {
                        Value::Str(other) => Some(other.as_bytes()),
                        _ => None,
                    });
                    let mut len = shortest(text.as_bytes(), others);
                    while !text.is_char_boundary(len) {
                        len += 1;
                    }
                    *self = text[..len].into();
                }
                Value::Vector(items) | Value::List(items) => {
                    let others = others.iter().filter_map(|other| other.as_slice());
                    *self = items[..shortest(items, others)].to_vec().into();
                }
                _ => {}
            }
        }
    }

    impl<K, V> Jepsen for Op<K, V>
    where
        K: Clone + Into<Value> + TryFrom<Value>,
        V: Clone + Into<Value> + TryFrom<Value>,
    {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Get(_) => "get",
                Op::Put(..) => "put",
                Op::Append(..) => "append",
                Op::Delete(_) => "delete",
                Op::Cas(..) => "cas",
            }
        }

        fn value(&self) -> Value {
            let argument = match self {
                Op::Get(_) | Op::Delete(_) => Value::Nil,
                Op::Put(_, value) | Op::Append(_, value) => value.clone().into(),
                Op::Cas(_, old, new) => pair(old.clone(), new.clone()),
            };
            pair(self.key().clone(), argument)
        }

        fn ret_value(&self, ret: &Ret<V>) -> Value {
            match (self, ret) {
                (Op::Get(key), Ret::Value(value)) => pair(key.clone(), value.clone()),
                (Op::Append(key, more), Ret::Refused) => {
                    vec![key.clone().into(), more.clone().into(), false.into()].into()
                }
                (Op::Cas(key, old, new), Ret::Swapped(swapped)) => {
                    let [old, new] = [old, new].map(|value| value.clone().into());
                    pair(key.clone(), swap(&old, &new, *swapped))
                }
                _ => self.value(),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            let misfit = || SHAPES.takes(f);
            let [key, argument] = items(value).ok_or_else(misfit)?;
            let key = K::try_from(key).map_err(|_| misfit())?;
            match (f, argument) {
                ("get" | "read", Value::Nil) => Some(Op::Get(key)),
                ("put" | "write", value) => taken(value).map(|value| Op::Put(key, value)),
                ("append", more @ (Value::Str(_) | Value::Vector(_) | Value::List(_))) => {
                    taken(more).map(|more| Op::Append(key, more))
                }
                ("delete", Value::Nil) => Some(Op::Delete(key)),
                ("cas", swap) => {
                    let [old, new] = values(swap).ok_or_else(misfit)?;
                    taken(old)
                        .zip(taken(new))
                        .map(|(old, new)| Op::Cas(key, old, new))
                }
                _ => None,
            }
            .ok_or_else(misfit)
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            let is_key = |k: &Value| *k == self.key().clone().into();
            match self {
                Op::Append(_, more) => match value.as_slice() {
                    Some([k, v, Value::Bool(false)]) if is_key(k) && *v == more.clone().into() => {
                        Some(Ret::Refused)
                    }
                    _ => repeats(&value, &self.value()).then_some(Ret::Done),
                },
                Op::Put(..) | Op::Delete(_) => repeats(&value, &self.value()).then_some(Ret::Done),
                Op::Get(_) => match items(value) {
                    Some([k, value]) if is_key(&k) => found(value).map(Ret::Value),
                    _ => None,
                },
                Op::Cas(_, old, new) => match items(value) {
                    Some([k, swap]) if is_key(&k) => {
                        swapped(&swap, &old.clone().into(), &new.clone().into()).map(Ret::Swapped)
                    }
                    _ => None,
                },
            }
            .ok_or_else(|| SHAPES.returns(self.f()))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::model::shapes::tests::{
            assert_also_read, assert_misfits, assert_read_back, values,
        };

        type MapOp = Op<Value, Value>;

        #[test]
        fn what_is_written_reads_back() {
            for key in values().into_iter().chain([Value::Nil]) {
                assert_read_back(MapOp::Get(key.clone()), [Ret::Value(None)]);
                assert_read_back(MapOp::Delete(key.clone()), [Ret::Done]);
                for value in values() {
                    let found = Ret::Value(Some(value.clone()));
                    assert_read_back(Op::Get(key.clone()), [found]);
                    assert_read_back(Op::Put(key.clone(), value.clone()), [Ret::Done]);
                    if matches!(value, Value::Str(_) | Value::Vector(_) | Value::List(_)) {
                        let append = Op::Append(key.clone(), value.clone());
                        assert_read_back(append, [Ret::Done, Ret::Refused]);
                    }
                    let cas = Op::Cas(key.clone(), value, key.clone());
                    if !key.is_nil() {
                        assert_read_back(cas, [true, false].map(Ret::Swapped));
                    }
                }
            }
        }

        #[test]
        fn synonyms_are_read() {
            let four = Ret::Value(Some(4.into()));
            assert_also_read::<MapOp>("read", "[1 nil]", "[1 4]", four);
            assert_also_read::<MapOp>("write", "[1 4]", "(1 4)", Ret::Done);
            assert_also_read::<MapOp>("put", "[1 4]", "nil", Ret::Done);
            let swapped = Ret::Swapped(true);
            assert_also_read::<MapOp>("cas", "[1 (4 5)]", "[1 (4 5)]", swapped);
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            let append = "`:append` takes [k v], where v is a string, a vector or a list";
            let cas = "`:cas` takes [k [old new]], where neither old nor new is nil";
            assert_misfits::<Op<Value, Value>>(&[
                (":get 1", "`:get` takes [k nil]"),
                (":read [1 2]", "`:read` takes [k nil]"),
                (":get [1 nil] → 4", "`:get` returns [k v], or [k nil]"),
                (":get [1 nil] → [2 4]", "`:get` returns [k v], or [k nil]"),
                (":put [1 nil]", "`:put` takes [k v], where v is not nil"),
                (":put [1 2] → [1 3]", "`:put` returns [k v]"),
                (":append [1 2]", append),
                (":append nil", append),
                (
                    ":append [1 \"a\"] → 4",
                    "`:append` returns [k v], or [k v false]",
                ),
                (":delete 1", "`:delete` takes [k nil]"),
                (":cas [1 2]", cas),
                (":cas [1 [nil 2]]", cas),
                (
                    ":cas [1 [2 3]] → [1 [2 4]]",
                    "`:cas` returns [k [old new]], or [k [old new false]]",
                ),
                (
                    ":add [1 2]",
                    "a map has no `:add`, only `:get`, `:read`, `:put`, `:write`, `:append`, `:delete`, `:cas`",
                ),
            ]);
        }

        #[test]
        fn strings_and_vectors_append() {
            let appended = |to: &str, more: &str| {
                let (mut value, more): (Value, Value) =
                    (to.parse().unwrap(), more.parse().unwrap());
                value.accepts(&more).then(|| {
                    value.append(&more);
                    value.to_string()
                })
            };
            assert_eq!(appended("\"a\"", "\"b\"").unwrap(), "\"ab\"");
            assert_eq!(appended("[1]", "[2 3]").unwrap(), "[1 2 3]");
            assert_eq!(appended("[1]", "\"b\""), None);
            assert_eq!(appended("1", "2"), None);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_a_map_does(ops in vec((0..5, 0..3u8, "[ab]", "[ab]"), 0..40)) {
            let model = KeyValue::new();
            let (mut state, mut map) = (model.initial(), BTreeMap::<u8, String>::new());
            for (kind, key, value, new) in ops {
                let (op, ret) = match kind {
                    0 => (Op::Get(key), Ret::Value(map.get(&key).cloned())),
                    1 => {
                        map.insert(key, value.clone());
                        (Op::Put(key, value), Ret::Done)
                    }
                    2 => {
                        map.entry(key).or_default().push_str(&value);
                        (Op::Append(key, value), Ret::Done)
                    }
                    3 => {
                        map.remove(&key);
                        (Op::Delete(key), Ret::Done)
                    }
                    _ => {
                        let swapped = map.get(&key) == Some(&value);
                        if swapped {
                            map.insert(key, new.clone());
                        }
                        (Op::Cas(key, value, new), Ret::Swapped(swapped))
                    }
                };
                prop_assert_eq!(model.apply(&mut state, &op), ret);
                prop_assert!(state.iter().map(|(key, value)| (key, value)).eq(&map));
            }
        }
    }

    #[test]
    fn nothing_is_appended_to_a_number() {
        let (model, mut state) = (KeyValue::new(), vec![(1, 4)]);
        let ret = model.apply(&mut state, &Op::Append(1, 5));
        assert_eq!((ret, state), (Ret::Refused, vec![(1, 4)]));
    }
}
