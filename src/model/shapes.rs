//! The shapes of `:value`s that the models have in common.

use crate::format::edn::{Misfit, Value};

/// What an object's operations take and return in EDN, to be told to a person.
pub(super) struct Shapes {
    /// `a register`.
    pub(super) object: &'static str,
    /// The `:f` of each operation, the `:value` of its invocation, and that of its `:ok`.
    pub(super) operations: &'static [(&'static str, &'static str, &'static str)],
}

impl Shapes {
    /// There is no such operation, or it does not take this.
    pub(super) fn takes(&self, f: &str) -> Misfit {
        match self.operations.iter().find(|(name, ..)| *name == f) {
            Some((_, takes, _)) => format!("`:{f}` takes {takes}").into(),
            None => {
                let names: Vec<_> = self.operations.iter().map(|(name, ..)| *name).collect();
                let names = names.join("`, `:");
                format!("{} has no `:{f}`, only `:{names}`", self.object).into()
            }
        }
    }

    /// The operation does not return this.
    pub(super) fn returns(&self, f: &str) -> Misfit {
        let operation = self.operations.iter().find(|(name, ..)| *name == f);
        let returns = operation.map_or("something else", |(.., returns)| returns);
        format!("`:{f}` returns {returns}").into()
    }
}

/// A value that is put somewhere. `nil` is none.
pub(super) fn taken<V: TryFrom<Value>>(value: Value) -> Option<V> {
    found(value).flatten()
}

/// A value that may be there; `nil` says that none is.
pub(super) fn found<V: TryFrom<Value>>(value: Value) -> Option<Option<V>> {
    match value {
        Value::Nil => Some(None),
        value => V::try_from(value).ok().map(Some),
    }
}

/// The items of a vector or a list of so many.
pub(super) fn items<const N: usize>(value: Value) -> Option<[Value; N]> {
    match value {
        Value::Vector(items) | Value::List(items) => items.into_vec().try_into().ok(),
        _ => None,
    }
}

/// The items of a vector or a list, none of them `nil`.
pub(super) fn values<const N: usize>(value: Value) -> Option<[Value; N]> {
    items(value).filter(|items| !items.iter().any(Value::is_nil))
}

/// Whether the `:value` of an `:ok` says no more than its invocation's.
pub(super) fn repeats(value: &Value, argument: &Value) -> bool {
    value.is_nil() || value == argument
}

/// `[a b]`.
pub(super) fn pair(a: impl Into<Value>, b: impl Into<Value>) -> Value {
    vec![a.into(), b.into()].into()
}

/// `[a b …]`.
pub(super) fn vector<V: Clone + Into<Value>>(items: &[V]) -> Value {
    let items = items.iter().cloned().map(Into::into);
    items.collect::<Vec<Value>>().into()
}

/// What is said of an argument.
pub(super) enum Answer {
    /// The argument, or `nil`.
    Repeated,
    /// `[argument answer]`, or the answer alone.
    Said(bool),
}

/// What the `:value` of an `:ok` says of the argument.
pub(super) fn answer(value: &Value, argument: &Value) -> Option<Answer> {
    match value {
        _ if repeats(value, argument) => Some(Answer::Repeated),
        Value::Bool(answer) => Some(Answer::Said(*answer)),
        _ => match value.as_slice()? {
            [of, Value::Bool(answer)] if of == argument => Some(Answer::Said(*answer)),
            _ => None,
        },
    }
}

/// `[old new]` if it swapped, `[old new false]` if not.
pub(super) fn swap(old: &Value, new: &Value, swapped: bool) -> Value {
    let mut items = vec![old.clone(), new.clone()];
    if !swapped {
        items.push(false.into());
    }
    items.into()
}

/// The other way.
pub(super) fn swapped(value: &Value, old: &Value, new: &Value) -> Option<bool> {
    match value.as_slice() {
        None => value.is_nil().then_some(true),
        Some([a, b]) => (a == old && b == new).then_some(true),
        Some([a, b, Value::Bool(swapped)]) => (a == old && b == new).then_some(*swapped),
        Some(_) => None,
    }
}

/// A length, or an index.
pub(super) fn size(value: &Value) -> Option<usize> {
    usize::try_from(value.as_int()?).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use std::fmt::Debug;

    use crate::format::edn::{Jepsen, Value};

    /// Values that could be taken for something else.
    pub(in crate::model) fn values() -> Vec<Value> {
        [
            "0",
            "-1",
            "true",
            "false",
            "\"\"",
            "\"a\"",
            ":a",
            "[]",
            "[0 false]",
            "[0 1]",
            "[true]",
            "[nil nil]",
            "[false false]",
            "(0)",
            "#{1}",
            "{:a 1}",
            "1.5",
            "99999999999999999999",
        ]
        .map(|text| text.parse().unwrap())
        .into()
    }

    /// That an operation and its results are what they were when written and read back.
    pub(in crate::model) fn assert_read_back<O>(op: O, rets: impl IntoIterator<Item = O::Ret>)
    where
        O: Jepsen<Ret: PartialEq + Debug> + PartialEq + Debug,
    {
        let printed = |value: Value| value.to_string().parse::<Value>().unwrap();
        let back = O::from_value(op.f(), printed(op.value()));
        assert_eq!(back.as_ref(), Ok(&op));
        for ret in rets {
            let value = op.ret_value(&ret);
            let back = op.ret_from_value(printed(value.clone()));
            assert_eq!(back.as_ref(), Ok(&ret), "{op:?} → {value}");
        }
    }

    /// That what is refused, is refused with these words: `:f value` for an invocation, `:f value → ret` for a completion.
    pub(in crate::model) fn assert_misfits<O>(misfits: &[(&str, &str)])
    where
        O: Jepsen<Ret: Debug> + Debug,
    {
        for (text, said) in misfits {
            let (f, rest) = text.split_once(' ').unwrap();
            let (value, ret) = match rest.split_once(" → ") {
                Some((value, ret)) => (value, Some(ret)),
                None => (rest, None),
            };
            let op = O::from_value(&f[1..], value.parse().unwrap());
            let misfit = match ret {
                None => op.unwrap_err(),
                Some(ret) => op
                    .unwrap()
                    .ret_from_value(ret.parse().unwrap())
                    .unwrap_err(),
            };
            assert_eq!(misfit.to_string(), *said, "{text}");
        }
    }

    /// That an `:ok` of this operation with this value, which we would write otherwise, returns this.
    pub(in crate::model) fn assert_also_read<O>(f: &str, value: &str, ok: &str, ret: O::Ret)
    where
        O: Jepsen<Ret: PartialEq + Debug>,
    {
        let op = O::from_value(f, value.parse().unwrap()).unwrap();
        let back = op.ret_from_value(ok.parse().unwrap());
        assert_eq!(back, Ok(ret), ":{f} {value} → {ok}");
    }
}
