//! A set.

use std::{fmt::Debug, hash::Hash, marker::PhantomData};

use super::{About, Model, part_of};

/// A set of elements of type `V`, at first empty. Each element is a [part](Model::part) of its own, as long as nobody
/// reads the whole set.
///
/// | operation | returns | then |
/// |---|---|---|
/// | [`Op::Add`] | [`Ret::Is`] of whether it is new, or [`Ret::Done`] | the element is in |
/// | [`Op::Remove`] | [`Ret::Is`] of whether it was in, or [`Ret::Done`] | the element is not in |
/// | [`Op::Contains`] | [`Ret::Is`] of whether it is in | as before |
/// | [`Op::Read`] | [`Ret::Elements`] | as before |
///
/// In EDN:
///
/// | `:f` | `:value` |
/// |---|---|
/// | `:add`, `:remove` | `v → v`, or `[v true]`, `[v false]` where it is known whether it was new, or was in |
/// | `:contains` | `v → [v true]`, `[v false]` |
/// | `:read` | `nil → [v …]`, also a list or a set |
///
/// Instead of `[v true]`, `true` is read too, unless that is `v` itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Set<V>(PhantomData<fn() -> V>);

/// An operation of a [`Set`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op<V> {
    /// Puts an element in.
    Add(V),
    /// Takes an element out.
    Remove(V),
    /// Returns whether an element is in.
    Contains(V),
    /// Returns all elements.
    Read,
}

/// What an operation of a [`Set`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret<V> {
    /// It was added or removed, and nothing is said of what was the case before.
    Done,
    /// Of an element added, whether it is new; of one removed, whether it was in; else whether it is in.
    Is(bool),
    /// All elements, in ascending order. An element that is there twice is kept twice, and so is a violation.
    Elements(Vec<V>),
}

impl<V: Ord> Ret<V> {
    /// All elements, from any order.
    pub fn elements(elements: impl IntoIterator<Item = V>) -> Self {
        let mut elements: Vec<_> = elements.into_iter().collect();
        elements.sort_unstable();
        Self::Elements(elements)
    }
}

impl<V> Set<V> {
    /// An empty set.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Ord + Hash + Debug> Model for Set<V> {
    type Op = Op<V>;
    type Ret = Ret<V>;
    /// Sorted. A tree would be slower to clone and to hash.
    type State = Vec<V>;

    fn initial(&self) -> Vec<V> {
        Vec::new()
    }

    fn apply(&self, elements: &mut Vec<V>, op: &Op<V>) -> Ret<V> {
        match op {
            Op::Add(element) => {
                let place = elements.binary_search(element);
                if let Err(at) = place {
                    elements.insert(at, element.clone());
                }
                Ret::Is(place.is_err())
            }
            Op::Remove(element) => {
                let place = elements.binary_search(element);
                if let Ok(at) = place {
                    elements.remove(at);
                }
                Ret::Is(place.is_ok())
            }
            Op::Contains(element) => Ret::Is(elements.binary_search(element).is_ok()),
            Op::Read => Ret::Elements(elements.clone()),
        }
    }

    fn agrees(&self, returned: &Ret<V>, recorded: &Ret<V>) -> bool {
        match (returned, recorded) {
            (Ret::Is(_), Ret::Done) => true,
            _ => returned == recorded,
        }
    }

    fn is_read(&self, op: &Op<V>) -> bool {
        matches!(op, Op::Contains(_) | Op::Read)
    }

    fn changes_nothing(&self, op: &Op<V>, ret: &Ret<V>) -> bool {
        self.is_read(op) || *ret == Ret::Is(false)
    }

    fn part(&self, op: &Op<V>) -> Option<u64> {
        match op {
            Op::Add(element) | Op::Remove(element) | Op::Contains(element) => {
                Some(part_of(element))
            }
            Op::Read => None,
        }
    }

    fn about(&self, op: &Op<V>, _ret: Option<&Ret<V>>) -> About {
        match op {
            Op::Add(element) | Op::Remove(element) | Op::Contains(element) => About::value(element),
            Op::Read => About::All,
        }
    }

    fn about_holds_from(&self, _state: &Self::State) -> bool {
        true
    }
}

#[cfg(feature = "format")]
mod jepsen {
    use super::{Op, Ret};
    use crate::{
        format::edn::{Jepsen, Misfit, Value},
        model::shapes::{Answer, Shapes, answer, pair, vector},
    };

    const SHAPES: Shapes = Shapes {
        object: "a set",
        operations: &[
            ("add", "an element", "v, or [v true] or [v false]"),
            ("remove", "an element", "v, or [v true] or [v false]"),
            ("contains", "an element", "[v true] or [v false]"),
            ("read", "nil", "a vector, a list or a set"),
        ],
    };

    impl<V: Ord + Clone + Into<Value> + TryFrom<Value>> Jepsen for Op<V> {
        type Ret = Ret<V>;

        fn f(&self) -> &str {
            match self {
                Op::Add(_) => "add",
                Op::Remove(_) => "remove",
                Op::Contains(_) => "contains",
                Op::Read => "read",
            }
        }

        fn value(&self) -> Value {
            match self {
                Op::Add(element) | Op::Remove(element) | Op::Contains(element) => {
                    element.clone().into()
                }
                Op::Read => Value::Nil,
            }
        }

        fn ret_value(&self, ret: &Ret<V>) -> Value {
            match ret {
                Ret::Done => self.value(),
                Ret::Is(answer) => pair(self.value(), *answer),
                Ret::Elements(elements) => vector(elements),
            }
        }

        fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
            match (f, value) {
                ("add", element) => V::try_from(element).ok().map(Op::Add),
                ("remove", element) => V::try_from(element).ok().map(Op::Remove),
                ("contains", element) => V::try_from(element).ok().map(Op::Contains),
                ("read", Value::Nil) => Some(Op::Read),
                _ => None,
            }
            .ok_or_else(|| SHAPES.takes(f))
        }

        fn ret_from_value(&self, value: Value) -> Result<Ret<V>, Misfit> {
            let elements = |elements: &[Value]| {
                let elements = elements.iter().cloned().map(V::try_from);
                Some(Ret::elements(elements.collect::<Result<Vec<V>, _>>().ok()?))
            };
            match (self, &value) {
                (Op::Read, Value::Vector(read) | Value::List(read)) => elements(read),
                (Op::Read, Value::Set(read)) => elements(read),
                (Op::Read, _) => None,
                (Op::Add(_) | Op::Remove(_) | Op::Contains(_), _) => {
                    match (answer(&value, &self.value()), self) {
                        (Some(Answer::Said(answer)), _) => Some(Ret::Is(answer)),
                        (Some(Answer::Repeated), Op::Add(_) | Op::Remove(_)) => Some(Ret::Done),
                        _ => None,
                    }
                }
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

        #[test]
        fn what_is_written_reads_back() {
            for element in values().into_iter().chain([Value::Nil]) {
                let said = || [true, false].map(Ret::Is);
                let any = || said().into_iter().chain([Ret::Done]);
                assert_read_back(Op::Add(element.clone()), any());
                assert_read_back(Op::Remove(element.clone()), any());
                assert_read_back(Op::Contains(element.clone()), said());
                let elements = [vec![], vec![element.clone()], vec![element; 2], values()];
                assert_read_back(Op::Read, elements.map(Ret::elements));
            }
        }

        #[test]
        fn other_forms_are_read() {
            type SetOp = Op<Value>;
            assert_also_read::<SetOp>("add", "1", "nil", Ret::Done);
            assert_also_read::<SetOp>("add", "1", "true", Ret::Is(true));
            assert_also_read::<SetOp>("contains", "1", "false", Ret::Is(false));
            let all = || Ret::elements([1, 2].map(Value::from));
            assert_also_read::<SetOp>("read", "nil", "#{1 2}", all());
            assert_also_read::<SetOp>("read", "nil", "(2 1)", all());
        }

        #[test]
        fn a_misfit_says_what_the_operation_takes() {
            assert_misfits::<Op<Value>>(&[
                (":add 1 → 2", "`:add` returns v, or [v true] or [v false]"),
                (
                    ":remove 1 → [2 true]",
                    "`:remove` returns v, or [v true] or [v false]",
                ),
                (
                    ":contains 1 → 1",
                    "`:contains` returns [v true] or [v false]",
                ),
                (":read 1", "`:read` takes nil"),
                (
                    ":read nil → nil",
                    "`:read` returns a vector, a list or a set",
                ),
                (
                    ":push 1",
                    "a set has no `:push`, only `:add`, `:remove`, `:contains`, `:read`",
                ),
            ]);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_a_set_does(ops in vec((0..4, 0..4), 0..40)) {
            let model = Set::new();
            let (mut state, mut set) = (model.initial(), BTreeSet::new());
            for (kind, element) in ops {
                let (op, ret) = match kind {
                    0 => (Op::Add(element), Ret::Is(set.insert(element))),
                    1 => (Op::Remove(element), Ret::Is(set.remove(&element))),
                    2 => (Op::Contains(element), Ret::Is(set.contains(&element))),
                    _ => (Op::Read, Ret::elements(set.iter().copied())),
                };
                prop_assert_eq!(model.apply(&mut state, &op), ret);
            }
        }
    }

    #[test]
    fn what_is_left_unsaid_agrees_with_either() {
        let set = Set::<u8>::new();
        assert!(set.agrees(&Ret::Is(true), &Ret::Done));
        assert!(set.agrees(&Ret::Is(false), &Ret::Done));
        assert!(!set.agrees(&Ret::Is(false), &Ret::Is(true)));
        assert!(!set.agrees(&Ret::Elements(vec![]), &Ret::Done));
    }
}
