//! Configurations: explanations of the events so far, as far as it matters for those to come.

use std::{
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
    rc::Rc,
};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::{progress::Progress, trail::Trail};

/// One explanation of the events so far.
#[derive(Clone)]
pub(super) struct Configuration<T> {
    pub(super) progress: Progress,
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

impl<T> Configuration<T> {
    /// Nothing has taken effect.
    pub(super) fn first(state: T) -> Self {
        Self {
            progress: Progress::default(),
            used: None,
            state,
            last: Trail::ROOT,
        }
    }

    /// The memory it takes where there are so many slots, but for what the state holds on the heap.
    pub(super) fn bytes(slots: usize) -> usize {
        size_of::<Self>() + Progress::bytes_beside(slots)
    }

    /// Forgets how often those were used that no longer matter.
    pub(super) fn forget(&mut self, matters: impl Fn(u32) -> bool) {
        if self.used().iter().any(|used| !matters(used.class)) {
            let kept = self.used().iter().filter(|used| matters(used.class));
            let kept: Rc<[Used]> = kept.copied().collect();
            self.used = (!kept.is_empty()).then_some(kept);
        }
    }

    /// Whether it can do whatever the other can, which has the same state, and operations done.
    fn is_as_good(&self, other: &Self) -> bool {
        self.progress.is_overwritten_where(&other.progress) && is_within(self.used(), other.used())
    }

    #[inline]
    pub(super) fn used(&self) -> &[Used] {
        self.used.as_deref().unwrap_or_default()
    }

    pub(super) fn times_used(&self) -> u32 {
        self.used().iter().map(|used| used.times).sum()
    }

    /// The same in another state.
    #[inline]
    pub(super) fn with(&self, state: T) -> Self {
        Self {
            progress: self.progress.clone(),
            used: self.used.clone(),
            state,
            last: self.last,
        }
    }
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
pub(super) struct Set<T> {
    pub(super) list: Vec<Configuration<T>>,
    /// The places in the list, by operations done and state. Empty while the list is short.
    places: HashTable<Place>,
    /// How often a new one was compared with one in the table.
    compared: usize,
}

/// Where in the list a configuration is.
struct Place {
    hash: u64,
    at: u32,
}

/// Up to here it is faster to look at all of them.
const SHORT: usize = 8;

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            places: HashTable::new(),
            compared: 0,
        }
    }
}

impl<T: Eq + Hash> Set<T> {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.places.clear();
    }

    /// The memory it takes where there are so many slots, but for what states hold on the heap.
    pub(super) fn bytes(&self, slots: usize) -> usize {
        // A place, and a byte of the table's own.
        let places = self.places.capacity() * (size_of::<Place>() + 1);
        self.list.capacity() * Configuration::<T>::bytes(slots) + places
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
        mut new: Configuration<T>,
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

    /// How often a new one was compared with one in the table since this was asked last.
    pub(super) fn take_compared(&mut self) -> usize {
        std::mem::take(&mut self.compared)
    }

    #[inline]
    fn alike(&mut self, new: &Configuration<T>) -> Alike {
        let mut worse = None;
        let mut better = |place: usize| {
            let old = &self.list[place];
            if !old.progress.has_as_much_done_as(&new.progress) || old.state != new.state {
                return false;
            }
            let is_as_good = old.is_as_good(new);
            if worse.is_none() && !is_as_good && new.is_as_good(old) {
                worse = Some(place);
            }
            is_as_good
        };
        let found = match self.list.len() > SHORT {
            true => {
                let hash = hash(new);
                let places = self.places.iter_hash(hash);
                let places = places.filter(|place| place.hash == hash);
                let places = places.inspect(|_| self.compared += 1);
                places.map(|place| place.at as usize).any(&mut better)
            }
            false => (0..self.list.len()).any(&mut better),
        };
        match (found, worse) {
            (true, _) => Alike::Better,
            (false, Some(place)) => Alike::Worse(place),
            (false, None) => Alike::None,
        }
    }

    pub(super) fn push(&mut self, new: Configuration<T>) {
        self.list.push(new);
        let list = &self.list;
        let from = match list.len() {
            len if len <= SHORT => return,
            len if len == SHORT + 1 => 0,
            len => len - 1,
        };
        for (its, at) in list[from..].iter().zip(from as u32..) {
            let hash = hash(its);
            self.places
                .insert_unique(hash, Place { hash, at }, |place| place.hash);
        }
    }
}

/// Whether there is a configuration with the same operations done and the same state.
enum Alike {
    None,
    /// One that can do whatever this one can.
    Better,
    /// One that can do less.
    Worse(usize),
}

fn hash<T: Hash>(configuration: &Configuration<T>) -> u64 {
    let mut hasher = BuildHasherDefault::<FxHasher>::default().build_hasher();
    configuration.progress.hash_done(&mut hasher);
    configuration.state.hash(&mut hasher);
    hasher.finish()
}
