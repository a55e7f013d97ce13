//! Configurations: explanations of the events so far, as far as it matters for those to come.

use std::{
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
    rc::Rc,
};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::trail::Trail;

/// Which of the open operations have taken effect.
pub(super) type Bits<const WORDS: usize> = [u64; WORDS];

/// One explanation of the events so far.
#[derive(Clone)]
pub(super) struct Configuration<T, const WORDS: usize> {
    /// By slot, which of the operations in the window have taken effect.
    pub(super) applied: Bits<WORDS>,
    /// The operations of unknown outcome that have taken effect, by class, ascending.
    pub(super) used: Option<Rc<[Used]>>,
    pub(super) state: T,
    /// The last operation that took effect, and from there all before it.
    pub(super) last: u32,
}

/// How often an operation of unknown outcome has taken effect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    class: u32,
    times: u32,
}

impl<T, const WORDS: usize> Configuration<T, WORDS> {
    /// Nothing has taken effect.
    pub(super) fn first(state: T) -> Self {
        Self {
            applied: [0; WORDS],
            used: None,
            state,
            last: Trail::ROOT,
        }
    }

    pub(super) fn used(&self) -> &[Used] {
        self.used.as_deref().unwrap_or_default()
    }

    pub(super) fn times_used(&self) -> u32 {
        self.used().iter().map(|used| used.times).sum()
    }

    pub(super) fn with(&self, state: T) -> Self {
        Self {
            applied: self.applied,
            used: self.used.clone(),
            state,
            last: self.last,
        }
    }
}

pub(super) fn has<const WORDS: usize>(bits: &Bits<WORDS>, slot: usize) -> bool {
    bits[slot / 64] >> (slot % 64) & 1 == 1
}

pub(super) fn set<const WORDS: usize>(bits: &mut Bits<WORDS>, slot: usize) {
    bits[slot / 64] |= 1 << (slot % 64);
}

pub(super) fn clear<const WORDS: usize>(bits: &mut Bits<WORDS>, slot: usize) {
    bits[slot / 64] &= !(1 << (slot % 64));
}

pub(super) fn without<T, const WORDS: usize>(
    mut configuration: Configuration<T, WORDS>,
    slot: usize,
) -> Configuration<T, WORDS> {
    clear(&mut configuration.applied, slot);
    configuration
}

/// How often one of this class was used.
pub(super) fn times(used: &[Used], class: u32) -> u32 {
    let place = used.binary_search_by_key(&class, |used| used.class);
    place.map_or(0, |place| used[place].times)
}

pub(super) fn one_more(used: &[Used], class: u32) -> Rc<[Used]> {
    let at = used.partition_point(|other| other.class < class);
    let (before, behind) = used.split_at(at);
    let (times, behind) = match behind {
        [first, rest @ ..] if first.class == class => (first.times + 1, rest),
        _ => (1, behind),
    };
    before
        .iter()
        .chain([&Used { class, times }])
        .chain(behind)
        .copied()
        .collect()
}

/// Whether each class was used by `few` no more often than by `many`. Both ascend.
fn is_within(few: &[Used], many: &[Used]) -> bool {
    let mut many = many.iter();
    few.len() <= many.len()
        && few.iter().all(|one| {
            let other = many.find(|other| other.class >= one.class);
            other.is_some_and(|other| other.class == one.class && other.times >= one.times)
        })
}

/// Configurations of which none makes another one superfluous.
pub(super) struct Set<T, const WORDS: usize> {
    pub(super) list: Vec<Configuration<T, WORDS>>,
    /// The places in the list, by operations applied and state. Empty while the list is short.
    places: HashTable<u32>,
}

/// Up to here it is faster to look at all of them.
const SHORT: usize = 8;

impl<T, const WORDS: usize> Default for Set<T, WORDS> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            places: HashTable::new(),
        }
    }
}

impl<T: Eq + Hash, const WORDS: usize> Set<T, WORDS> {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.places.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        // A place, and a byte of the table's own.
        let places = self.places.capacity() * (size_of::<u32>() + 1);
        self.list.capacity() * size_of::<Configuration<T, WORDS>>() + places
    }

    /// Keeps the first.
    pub(super) fn truncate(&mut self, kept: usize) {
        let list = self.list.drain(..kept).collect::<Vec<_>>();
        self.clear();
        list.into_iter().for_each(|its| self.push(its));
    }

    /// Adds a configuration unless one is there that makes it superfluous. One that it makes so gives it its place, or stays
    /// where it is: where the list is gone through while it grows, what is new has to be behind.
    #[inline]
    pub(super) fn add(
        &mut self,
        mut new: Configuration<T, WORDS>,
        replace: bool,
        extend: impl FnOnce(u32) -> u32,
    ) {
        match self.alike(&new) {
            Alike::Better => {}
            Alike::Worse(place) if replace => {
                new.last = extend(new.last);
                self.list[place] = new;
            }
            Alike::Worse(_) | Alike::None => {
                new.last = extend(new.last);
                self.push(new);
            }
        }
    }

    #[inline]
    fn alike(&self, new: &Configuration<T, WORDS>) -> Alike {
        let mut worse = None;
        let mut better = |place: usize| {
            let old = &self.list[place];
            if old.applied != new.applied || old.state != new.state {
                return false;
            }
            if worse.is_none() && is_within(new.used(), old.used()) && new.used != old.used {
                worse = Some(place);
            }
            is_within(old.used(), new.used())
        };
        let found = match self.list.len() > SHORT {
            true => {
                let places = self.places.iter_hash(hash(new));
                places.map(|&place| place as usize).any(&mut better)
            }
            false => (0..self.list.len()).any(&mut better),
        };
        match (found, worse) {
            (true, _) => Alike::Better,
            (false, Some(place)) => Alike::Worse(place),
            (false, None) => Alike::None,
        }
    }

    pub(super) fn push(&mut self, new: Configuration<T, WORDS>) {
        self.list.push(new);
        let list = &self.list;
        let from = match list.len() {
            len if len <= SHORT => return,
            len if len == SHORT + 1 => 0,
            len => len - 1,
        };
        for place in from..list.len() {
            let hash_of = |&place: &u32| hash(&list[place as usize]);
            self.places
                .insert_unique(hash(&list[place]), place as u32, hash_of);
        }
    }
}

/// Whether there is a configuration with the same operations applied and the same state.
enum Alike {
    None,
    /// One that has used no more unknown operations.
    Better,
    /// One that has used more.
    Worse(usize),
}

fn hash<T: Hash, const WORDS: usize>(configuration: &Configuration<T, WORDS>) -> u64 {
    let mut hasher = BuildHasherDefault::<FxHasher>::default().build_hasher();
    configuration.applied.hash(&mut hasher);
    configuration.state.hash(&mut hasher);
    hasher.finish()
}
