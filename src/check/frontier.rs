//! The search for a linearization, event by event.
//!
//! The events are taken in the order of the history, and what is kept is the *frontier*: all configurations that
//! explain the events so far. A configuration says which of the operations open at this moment have taken effect
//! already, and what state the object is in. When an operation completes, it must have taken effect: where it has
//! not, it does so now, perhaps after others that are open too. Nothing takes effect before something that completes
//! needs it ("just in time", after Lowe, [*Testing for linearizability*](https://doi.org/10.1002/cpe.3928), 2017). When no
//! configuration is left, no linearization explains the events up to this one, and one explains those before.
//!
//! So the work and the memory depend on how much is open at once, not on how long the history is.
//!
//! Four things keep the frontier small without changing any verdict:
//!
//! - **Reads take effect as soon as they can.** What changes no state can never be in the way of another operation.
//! - **Unknown outcomes are used sparingly.** An operation that may or may not have taken effect, at any time, never has to.
//!   Of two configurations that differ only in which of these were used, the one that used less can do whatever the
//!   other can.
//! - **Equal unknown operations are one.** Which of two crashed writes of 3 took effect makes no difference.
//! - **What the next reads will return is known**, since the whole history is. A configuration is given up where the model says that
//!   it [cannot come to that](Specification::look_ahead). A violation is then found before the event that nothing explains; to name
//!   it, [the search is done again](super::linearizable), of histories that end there.
//!
//! Where that is not enough, an [`Approach`] that keeps less may still tell.

use std::{
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
    rc::Rc,
};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::{budget::Meter, trail::Trail};
use crate::model::Specification;

/// Which of the open operations have taken effect.
pub(super) type Bits<const WORDS: usize> = [u64; WORDS];

/// One explanation of the events so far.
#[derive(Clone)]
pub(super) struct Configuration<T, const WORDS: usize> {
    /// By slot, which of the operations in the window have taken effect.
    applied: Bits<WORDS>,
    /// The operations of unknown outcome that have taken effect, by class, ascending.
    used: Option<Rc<[Used]>>,
    pub(super) state: T,
    /// The last operation that took effect, and from there all before it.
    pub(super) last: u32,
}

/// How often an operation of unknown outcome has taken effect.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Used {
    class: u32,
    times: u32,
}

/// An operation that will complete, from its invocation to its completion.
struct Open<'h, O, R> {
    op: &'h O,
    ret: &'h R,
    invocation: u64,
    is_read: bool,
}

/// Operations of unknown outcome that are equal: any of them may take effect from its invocation on.
struct Class<'h, O> {
    op: &'h O,
    invocations: Vec<u64>,
}

/// The operations of unknown outcome.
struct Unknown<'h, O> {
    classes: Vec<Class<'h, O>>,
    /// So many there are, of all classes.
    invocations: usize,
    /// Whether each class is counted for itself, or all together.
    are_told_apart: bool,
}

/// The reads that complete next, and what may take effect before they do.
pub(super) struct Ahead<'h, O, R> {
    /// The operations that are still to be invoked, with what they will return if that is known.
    pub(super) operations: Vec<(&'h O, Option<&'h R>)>,
    /// In the order of their completions.
    pub(super) reads: Vec<ReadAhead<'h, O, R>>,
}

pub(super) struct ReadAhead<'h, O, R> {
    pub(super) op: &'h O,
    pub(super) ret: &'h R,
    pub(super) invocation: u64,
    /// So many of the operations are invoked before it completes.
    pub(super) behind: usize,
}

/// What is taken for an explanation, and what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approach {
    /// All explanations are kept, and nothing else.
    Exact,
    /// About so many are kept at each completion: those that have used the fewest unknown operations, and let the fewest
    /// take effect that need not yet have. They are the most likely to go on. What they explain is explained; where they are
    /// stuck, others may not be.
    Narrow(usize),
    /// Only how many unknown operations took effect in all is counted, and not which. What cannot be explained so cannot be
    /// explained at all; what can be may yet be a violation.
    Loose,
}

pub(super) struct Frontier<'s, 'h, S: Specification, const WORDS: usize> {
    specification: &'s S,
    approach: Approach,
    /// Whether there may be explanations that were not kept.
    pub(super) is_narrowed: bool,
    /// The operations that are open and will complete, each in the slot that its bit stands for.
    window: Vec<Option<Open<'h, S::Op, S::Ret>>>,
    unknown: Unknown<'h, S::Op>,
    pub(super) configurations: Vec<Configuration<S::State, WORDS>>,
    pub(super) trail: Trail,
    /// Reused from completion to completion.
    survivors: Set<S::State, WORDS>,
    waiting: Set<S::State, WORDS>,
}

/// What stopped the search.
pub(super) enum Stop {
    /// No configuration survives the completion.
    Empty,
    /// More operations are open at once than there are bits for.
    WindowFull,
    /// The budget is spent.
    Spent(super::Spent),
}

impl<'s, 'h, S: Specification, const WORDS: usize> Frontier<'s, 'h, S, WORDS> {
    /// The most operations that can be open at once.
    pub(super) const SLOTS: usize = 64 * WORDS;

    pub(super) fn new(specification: &'s S, approach: Approach) -> Self {
        Self {
            specification,
            approach,
            is_narrowed: false,
            window: Vec::new(),
            unknown: Unknown {
                classes: Vec::new(),
                invocations: 0,
                are_told_apart: approach != Approach::Loose,
            },
            configurations: vec![Configuration {
                applied: [0; WORDS],
                used: None,
                state: specification.initial(),
                last: Trail::ROOT,
            }],
            trail: Trail::default(),
            survivors: Set::default(),
            waiting: Set::default(),
        }
    }

    /// Whether an unknown operation may have taken effect more often than it was invoked.
    pub(super) fn is_loose(&self) -> bool {
        !self.unknown.are_told_apart && !self.unknown.classes.is_empty()
    }

    /// An operation is invoked that will complete with `ret`. Returns its slot.
    pub(super) fn invoke(
        &mut self,
        op: &'h S::Op,
        ret: &'h S::Ret,
        invocation: u64,
    ) -> Result<usize, Stop> {
        let open = Open {
            op,
            ret,
            invocation,
            is_read: self.specification.is_read(op),
        };
        let slot = match self.window.iter().position(Option::is_none) {
            Some(slot) => slot,
            None if self.window.len() < Self::SLOTS => {
                self.window.push(None);
                self.window.len() - 1
            }
            None => return Err(Stop::WindowFull),
        };
        if open.is_read {
            for configuration in &mut self.configurations {
                if allows(self.specification, &configuration.state, &open) {
                    set(&mut configuration.applied, slot);
                    configuration.last = self.trail.push(configuration.last, invocation);
                }
            }
        }
        self.window[slot] = Some(open);
        Ok(slot)
    }

    /// An operation is invoked of which nobody will ever know whether it takes effect.
    pub(super) fn invoke_unknown(&mut self, op: &'h S::Op, invocation: u64) {
        if self.specification.is_read(op) {
            return; // whatever it would return, it changes nothing
        }
        let Unknown {
            classes,
            invocations,
            ..
        } = &mut self.unknown;
        *invocations += 1;
        match classes.iter_mut().find(|class| class.op == op) {
            Some(class) => class.invocations.push(invocation),
            None => classes.push(Class {
                op,
                invocations: vec![invocation],
            }),
        }
    }

    /// The operation in this slot completes.
    ///
    /// `ahead` is asked for what is known of what comes next. Where this fails, the frontier is as it was: the configurations
    /// that explain everything up to this completion.
    pub(super) fn complete(
        &mut self,
        slot: usize,
        ahead: impl FnOnce() -> Ahead<'h, S::Op, S::Ret>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Stop> {
        if self
            .configurations
            .iter()
            .all(|configuration| has(&configuration.applied, slot))
        {
            for configuration in &mut self.configurations {
                clear(&mut configuration.applied, slot);
            }
            self.window[slot] = None;
            self.compact();
            return self.look(meter);
        }
        let ahead = self.specification.looks_ahead().then(ahead);
        self.survivors.clear();
        self.waiting.clear();
        for configuration in &self.configurations {
            match has(&configuration.applied, slot) {
                true => self.survivors.push(without(configuration.clone(), slot)),
                false => self.waiting.push(configuration.clone()),
            };
            meter
                .check::<S::State>(2 * self.configurations.len(), self.bytes())
                .map_err(Stop::Spent)?;
        }
        let waiting = self.waiting.list.len();
        if matches!(self.approach, Approach::Narrow(_)) {
            // Perhaps it goes without any of the unknown ones.
            self.let_take_effect(slot, false, ahead.as_ref(), meter)?;
            self.is_narrowed |= !self.survivors.list.is_empty() && !self.unknown.classes.is_empty();
            if self.survivors.list.is_empty() {
                self.waiting.truncate(waiting);
            }
        }
        if self.survivors.list.is_empty() || !matches!(self.approach, Approach::Narrow(_)) {
            self.let_take_effect(slot, true, ahead.as_ref(), meter)?;
        }
        if self.survivors.list.is_empty() {
            return Err(Stop::Empty);
        }
        self.narrow();
        std::mem::swap(&mut self.configurations, &mut self.survivors.list);
        self.window[slot] = None;
        self.compact();
        Ok(())
    }

    /// From each of the waiting configurations, lets what can take effect do so, in all orders, until the operation in this
    /// slot has.
    fn let_take_effect(
        &mut self,
        slot: usize,
        with_unknown: bool,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Stop> {
        // What is added to those waiting is looked at in turn.
        let mut next = 0;
        while next < self.waiting.list.len() {
            if self.has_enough(next) {
                self.is_narrowed = true;
                break;
            }
            let from = self.waiting.list[next].clone();
            next += 1;
            self.apply_each(&from, slot, with_unknown, ahead, meter);
            let sets = self.survivors.list.len() + self.waiting.list.len();
            meter
                .check::<S::State>(sets + self.configurations.len(), self.bytes())
                .map_err(Stop::Spent)?;
        }
        Ok(())
    }

    /// Whether there is something left to spend, after all configurations were gone through.
    pub(super) fn look(&self, meter: &mut Meter<'_>) -> Result<(), Stop> {
        let held = self.configurations.len();
        meter.went_through(held);
        meter
            .check::<S::State>(held, self.bytes())
            .map_err(Stop::Spent)
    }

    /// What the search holds, but for what states hold on the heap.
    fn bytes(&self) -> usize {
        let frontier = self.configurations.capacity() * size_of::<Configuration<S::State, WORDS>>();
        frontier + self.survivors.bytes() + self.waiting.bytes() + self.trail.bytes()
    }

    /// Whether there are survivors to go on with, after so many of those waiting were looked at.
    fn has_enough(&self, looked_at: usize) -> bool {
        match self.approach {
            Approach::Exact | Approach::Loose => false,
            Approach::Narrow(most) => match self.survivors.list.len() {
                0 => false,
                survivors => survivors >= 2 * most || looked_at >= 8 * most,
            },
        }
    }

    /// Keeps the best of the survivors.
    fn narrow(&mut self) {
        let Approach::Narrow(most) = self.approach else {
            return;
        };
        let survivors = &mut self.survivors.list;
        if survivors.len() > most {
            survivors.sort_by_cached_key(|its| {
                let applied: u32 = its.applied.iter().map(|word| word.count_ones()).sum();
                (its.times_used(), applied)
            });
            survivors.truncate(most);
            self.is_narrowed = true;
        }
    }

    /// Whether no operation is open and the object can only be in one state, if no explanation was left out.
    pub(super) fn is_in_one_state(&self) -> bool {
        !self.is_narrowed
            && self.unknown.classes.is_empty()
            && self.window.iter().all(Option::is_none)
            && self.configurations.len() == 1
    }

    fn compact(&mut self) {
        self.trail.compact_if_long(
            self.configurations
                .iter_mut()
                .map(|configuration| &mut configuration.last),
        );
    }

    /// Lets each operation that can take effect next do so. What then has the completing operation in it survives.
    fn apply_each(
        &mut self,
        from: &Configuration<S::State, WORDS>,
        completing: usize,
        with_unknown: bool,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
        meter: &mut Meter<'_>,
    ) {
        let specification = self.specification;
        let (window, unknown, trail) = (&self.window, &self.unknown, &mut self.trail);
        let (survivors, waiting) = (&mut self.survivors, &mut self.waiting);
        let mut arrive = |mut to: Configuration<S::State, WORDS>, invocation| {
            meter.count();
            let before = to.applied;
            settle(specification, window, &mut to);
            if ahead
                .is_some_and(|ahead| !look_ahead(specification, window, unknown, ahead, &mut to))
            {
                return;
            }
            let after = to.applied;
            let survives = has(&after, completing);
            clear(&mut to.applied, completing);
            let set = if survives {
                &mut *survivors
            } else {
                &mut *waiting
            };
            // The trail is long: it is not even told of what is superfluous.
            set.add(to, survives, |last| {
                let mut last = trail.push(last, invocation);
                for (slot, open) in window.iter().enumerate() {
                    let Some(open) = open else { continue };
                    if open.is_read && has(&after, slot) && !has(&before, slot) {
                        last = trail.push(last, open.invocation);
                    }
                }
                last
            });
        };
        for (slot, open) in window.iter().enumerate() {
            let Some(open) = open else { continue };
            // A read that could take effect here has.
            if open.is_read || has(&from.applied, slot) {
                continue;
            }
            specification.step(&from.state, open.op, Some(open.ret), |state| {
                let mut to = from.with(state);
                set(&mut to.applied, slot);
                arrive(to, open.invocation);
            });
        }
        if !with_unknown {
            return;
        }
        for (class, number) in unknown.classes.iter().zip(0..) {
            let Some(invocation) = unknown.next(class, number, from.used()) else {
                continue;
            };
            specification.step(&from.state, class.op, None, |state| {
                if state != from.state {
                    let mut to = from.with(state);
                    to.used = Some(one_more(from.used(), unknown.counted_as(number)));
                    arrive(to, invocation);
                }
            });
        }
    }
}

impl<O> Unknown<'_, O> {
    /// The invocation to use next, of the class with this number, if one is left beside those `used`.
    fn next(&self, class: &Class<'_, O>, number: u32, used: &[Used]) -> Option<u64> {
        let times = match used.binary_search_by_key(&self.counted_as(number), |used| used.class) {
            Ok(place) => used[place].times as usize,
            Err(_) => 0,
        };
        match self.are_told_apart {
            true => class.invocations.get(times).copied(),
            false => (times < self.invocations).then(|| class.invocations[0]),
        }
    }

    /// The class that an operation of this one is counted as.
    fn counted_as(&self, number: u32) -> u32 {
        if self.are_told_apart { number } else { 0 }
    }
}

impl<T, const WORDS: usize> Configuration<T, WORDS> {
    fn used(&self) -> &[Used] {
        self.used.as_deref().unwrap_or_default()
    }

    fn times_used(&self) -> u32 {
        self.used().iter().map(|used| used.times).sum()
    }

    fn with(&self, state: T) -> Self {
        Self {
            applied: self.applied,
            used: self.used.clone(),
            state,
            last: self.last,
        }
    }
}

/// Whether there may be a way from this configuration to the next read that has not taken effect. Its state may become
/// another one, that leads to the same.
fn look_ahead<'h, S: Specification, const WORDS: usize>(
    specification: &S,
    window: &[Option<Open<'h, S::Op, S::Ret>>],
    unknown: &Unknown<'h, S::Op>,
    ahead: &Ahead<'h, S::Op, S::Ret>,
    configuration: &mut Configuration<S::State, WORDS>,
) -> bool {
    let applied = configuration.applied;
    let open = || {
        window
            .iter()
            .enumerate()
            .filter_map(|(slot, open)| Some((slot, open.as_ref()?)))
    };
    let has_read = |read: &ReadAhead<'h, S::Op, S::Ret>| {
        open().any(|(slot, open)| open.invocation == read.invocation && has(&applied, slot))
    };
    let Some(read) = ahead.reads.iter().find(|read| !has_read(read)) else {
        return true;
    };
    let open = open().filter(|(slot, _)| !has(&applied, *slot));
    let used = configuration.used.clone();
    let used = used.as_deref().unwrap_or_default();
    let unknown = (unknown.classes.iter().zip(0..))
        .filter(|(class, number)| unknown.next(class, *number, used).is_some());
    let mut between = open
        .map(|(_, open)| (open.op, Some(open.ret)))
        .chain(unknown.map(|(class, _)| (class.op, None)))
        .chain(ahead.operations[..read.behind].iter().copied());
    specification.look_ahead(&mut configuration.state, (read.op, read.ret), &mut between)
}

/// Lets all reads take effect that can.
fn settle<S: Specification, const WORDS: usize>(
    specification: &S,
    window: &[Option<Open<'_, S::Op, S::Ret>>],
    configuration: &mut Configuration<S::State, WORDS>,
) {
    for (slot, open) in window.iter().enumerate() {
        let Some(open) = open else { continue };
        if open.is_read
            && !has(&configuration.applied, slot)
            && allows(specification, &configuration.state, open)
        {
            set(&mut configuration.applied, slot);
        }
    }
}

fn allows<S: Specification>(
    specification: &S,
    state: &S::State,
    open: &Open<'_, S::Op, S::Ret>,
) -> bool {
    let mut allowed = false;
    specification.step(state, open.op, Some(open.ret), |_| allowed = true);
    allowed
}

fn has<const WORDS: usize>(bits: &Bits<WORDS>, slot: usize) -> bool {
    bits[slot / 64] >> (slot % 64) & 1 == 1
}

fn set<const WORDS: usize>(bits: &mut Bits<WORDS>, slot: usize) {
    bits[slot / 64] |= 1 << (slot % 64);
}

fn clear<const WORDS: usize>(bits: &mut Bits<WORDS>, slot: usize) {
    bits[slot / 64] &= !(1 << (slot % 64));
}

fn without<T, const WORDS: usize>(
    mut configuration: Configuration<T, WORDS>,
    slot: usize,
) -> Configuration<T, WORDS> {
    clear(&mut configuration.applied, slot);
    configuration
}

fn one_more(used: &[Used], class: u32) -> Rc<[Used]> {
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
struct Set<T, const WORDS: usize> {
    list: Vec<Configuration<T, WORDS>>,
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
    fn clear(&mut self) {
        self.list.clear();
        self.places.clear();
    }

    fn bytes(&self) -> usize {
        // A place, and a byte of the table's own.
        let places = self.places.capacity() * (size_of::<u32>() + 1);
        self.list.capacity() * size_of::<Configuration<T, WORDS>>() + places
    }

    /// Keeps the first.
    fn truncate(&mut self, kept: usize) {
        let list = self.list.drain(..kept).collect::<Vec<_>>();
        self.clear();
        list.into_iter().for_each(|its| self.push(its));
    }

    /// Adds a configuration unless one is there that makes it superfluous. One that it makes so gives it its place, or stays
    /// where it is: where the list is gone through while it grows, what is new has to be behind.
    fn add(
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

    fn push(&mut self, new: Configuration<T, WORDS>) {
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
