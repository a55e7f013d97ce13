//! Configurations: explanations of the events so far, as far as it matters for those to come.

use std::{
    cell::Cell,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::{progress::Progress, trail::Trail};

/// One explanation of the events so far.
#[derive(Clone)]
pub(super) struct Configuration<T> {
    pub(super) progress: Progress,
    pub(super) state: T,
    /// The last operation that took effect, and from there all before it.
    pub(super) last: u32,
}

impl<T> Configuration<T> {
    /// Nothing has taken effect.
    pub(super) fn first(state: T) -> Self {
        Self {
            progress: Progress::default(),
            state,
            last: Trail::ROOT,
        }
    }

    /// The memory it takes where there are so many slots, and perhaps operations of unknown outcome, but for what the state holds on the heap.
    pub(super) fn bytes(slots: usize, has_unknown: bool) -> usize {
        size_of::<Self>() + Progress::bytes_beside(slots, has_unknown)
    }

    /// The same in another state.
    #[inline]
    pub(super) fn with(&self, state: T) -> Self {
        Self {
            progress: self.progress.clone(),
            state,
            last: self.last,
        }
    }
}

impl<T: Eq> Configuration<T> {
    /// Whether the state is the same and, but for reads, as much is done.
    #[inline]
    fn is_alike(&self, other: &Self) -> bool {
        self.progress.has_as_much_done_as(&other.progress) && self.state == other.state
    }
}

/// Configurations of which none makes another one superfluous, as far as that is found: where there are many, those are compared that have
/// the same done.
pub(super) struct Set<T> {
    pub(super) list: Vec<Configuration<T>>,
    /// The places in the list, by operations done and state. Empty while the list is short.
    places: HashTable<Place>,
    /// How often a new one was compared with one in the table.
    compared: Cell<usize>,
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
            compared: Cell::new(0),
        }
    }
}

impl<T: Eq + Hash> Set<T> {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.places.clear();
    }

    /// The memory it takes where each configuration takes so much.
    pub(super) fn bytes(&self, each: usize) -> usize {
        // A place, and a byte of the table's own.
        let places = self.places.capacity() * (size_of::<Place>() + 1);
        self.list.capacity() * each + places
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
    pub(super) fn take_compared(&self) -> usize {
        self.compared.take()
    }

    /// Hands out the places of those that this one makes superfluous, as far as they are found.
    pub(super) fn superfluous_beside(
        &self,
        better: &Configuration<T>,
        mut found: impl FnMut(usize),
    ) {
        self.any_near(better, |place| {
            let other = &self.list[place];
            if better.is_alike(other) && better.progress.is_as_good_as(&other.progress) {
                found(place);
            }
            false
        });
    }

    /// Whether it is so of any place where one may be that is [alike](Configuration::is_alike).
    #[inline]
    fn any_near(&self, its: &Configuration<T>, is_so: impl FnMut(usize) -> bool) -> bool {
        match self.list.len() > SHORT {
            true => {
                let hash = hash(its);
                let places = self.places.iter_hash(hash);
                let places = places.filter(|place| place.hash == hash);
                let count = |_: &_| self.compared.set(self.compared.get() + 1);
                let mut places = places.inspect(count).map(|place| place.at as usize);
                places.any(is_so)
            }
            false => (0..self.list.len()).any(is_so),
        }
    }

    #[inline]
    fn alike(&self, new: &Configuration<T>) -> Alike {
        let mut worse = None;
        let found = self.any_near(new, |place| {
            let old = &self.list[place];
            if !old.is_alike(new) {
                return false;
            }
            let is_as_good = old.progress.is_as_good_as(&new.progress);
            if worse.is_none() && !is_as_good && new.progress.is_as_good_as(&old.progress) {
                worse = Some(place);
            }
            is_as_good
        });
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
