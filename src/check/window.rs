//! What is open at a moment of the history, and what may take effect then.

use std::cell::{Cell, OnceCell};

use super::{
    Reason,
    configuration::Configuration,
    progress::{Progress, Used, times},
    trail,
};
use crate::model::Specification;

/// The operations that are open at a moment.
pub(super) struct Window<'s, 'h, S: Specification> {
    specification: &'s S,
    /// Those that will complete, each in the slot that its bit stands for.
    slots: Vec<Option<Open<'h, S::Op, S::Ret>>>,
    /// Those of unknown outcome.
    classes: Vec<Class<'h, S::Op>>,
    /// The classes by their ends: those that no longer matter come first.
    by_end: Vec<ByEnd>,
    /// So many there are, of all classes.
    unknown: usize,
    /// Whether each class is counted for itself, or all together.
    are_told_apart: bool,
    /// The completion that is looked at.
    now: u64,
    /// The last completion of a read for the sake of which a configuration was given up.
    blamed: Cell<u64>,
}

/// An operation that will complete.
pub(super) struct Known<'h, O, R> {
    pub(super) op: &'h O,
    pub(super) ret: &'h R,
    pub(super) invocation: u64,
    pub(super) completion: u64,
}

/// The same, from its invocation to its completion.
struct Open<'h, O, R> {
    known: Known<'h, O, R>,
    /// Whether it changes nothing.
    is_read: bool,
    /// The slot of an equal that completes before it does: first that one takes effect.
    behind: Option<usize>,
    /// Whether it returned what it does where it is overwritten, once that was asked.
    is_right: Cell<Option<bool>>,
}

// Derived, they would demand that what they refer to can be cloned.
impl<O, R> Clone for Known<'_, O, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O, R> Copy for Known<'_, O, R> {}

impl<O, R> Clone for Open<'_, O, R> {
    fn clone(&self) -> Self {
        Self {
            is_right: self.is_right.clone(),
            ..*self
        }
    }
}

/// Operations of unknown outcome that are equal: any of them may take effect from its invocation on.
struct Class<'h, O> {
    op: &'h O,
    invocations: Vec<u64>,
    /// After this event it makes no difference whether one took effect.
    until: u64,
}

/// A class, and the event up to which it matters.
pub(super) type ByEnd = (u64, u32);

impl<O> Clone for Class<'_, O> {
    fn clone(&self) -> Self {
        Self {
            op: self.op,
            invocations: self.invocations.clone(),
            until: self.until,
        }
    }
}

impl<S: Specification> Clone for Window<'_, '_, S> {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            classes: self.classes.clone(),
            by_end: self.by_end.clone(),
            blamed: self.blamed.clone(),
            ..*self
        }
    }
}

/// An operation that took effect.
pub(super) struct Effect<'h, O> {
    pub(super) op: &'h O,
    /// What the trail is told of it.
    pub(super) entry: u64,
}

/// The operations that change anything if they take effect next in a configuration, once that was asked.
pub(super) struct Changers<'h, O> {
    /// Whether those of unknown outcome are among what may.
    with_unknown: bool,
    ops: OnceCell<Vec<&'h O>>,
}

impl<O> Changers<'_, O> {
    pub(super) fn new(with_unknown: bool) -> Self {
        Self {
            with_unknown,
            ops: OnceCell::new(),
        }
    }
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
    pub(super) completion: u64,
    /// Where it is, if it is open.
    pub(super) slot: Option<usize>,
    /// So many of the operations are invoked before it completes.
    pub(super) behind: usize,
}

impl<O, R> Ahead<'_, O, R> {
    pub(super) fn nothing() -> Self {
        Self {
            operations: Vec::new(),
            reads: Vec::new(),
        }
    }
}

impl<'s, 'h, S: Specification> Window<'s, 'h, S> {
    /// So many operations may be open at once that will complete.
    const MOST_OPEN: usize = 4096;

    pub(super) fn new(specification: &'s S, are_told_apart: bool) -> Self {
        Self {
            specification,
            slots: Vec::new(),
            classes: Vec::new(),
            by_end: Vec::new(),
            unknown: 0,
            are_told_apart,
            now: 0,
            blamed: Cell::new(0),
        }
    }

    /// The first invocation of what is open and will complete.
    pub(super) fn oldest(&self) -> Option<u64> {
        let open = self.slots.iter().flatten();
        open.map(|open| open.known.invocation).min()
    }

    /// Whether no operation is open, nor one of unknown outcome.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.iter().all(Option::is_none) && self.unknown == 0
    }

    /// The invocation of the operation in this slot, if there is one.
    pub(super) fn invocation(&self, slot: usize) -> Option<u64> {
        self.slots[slot].as_ref().map(|open| open.known.invocation)
    }

    pub(super) fn looks_ahead(&self) -> bool {
        self.specification.looks_ahead()
    }

    /// The memory that a configuration may take now, but for what its state holds on the heap.
    pub(super) fn bytes_each(&self) -> usize {
        Configuration::<S::State>::bytes(self.slots(), self.has_unknown())
    }

    pub(super) fn has_unknown(&self) -> bool {
        !self.classes.is_empty()
    }

    /// Whether an operation of unknown outcome may take effect more often than it was invoked.
    pub(super) fn is_loose(&self) -> bool {
        !self.are_told_apart && self.has_unknown()
    }

    /// This operation is invoked. Returns its slot.
    pub(super) fn open(&mut self, known: Known<'h, S::Op, S::Ret>) -> Result<usize, Reason> {
        let slot = self.slots.iter().position(Option::is_none);
        let slot = slot.unwrap_or(self.slots.len());
        if slot == Self::MOST_OPEN {
            let limit = Self::MOST_OPEN;
            return Err(Reason::TooManyOpen { limit });
        }
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        self.open_in(slot, known);
        Ok(slot)
    }

    /// The same in this slot, which is free.
    pub(super) fn open_in(&mut self, slot: usize, known: Known<'h, S::Op, S::Ret>) {
        let is_read = (self.specification).changes_nothing(known.op, known.ret);
        let behind = match is_read {
            true => None, // it takes effect as soon as it can
            false => self.queue_up(slot, &known),
        };
        self.slots[slot] = Some(Open {
            known,
            is_read,
            behind,
            is_right: Cell::new(None),
        });
    }

    /// Of equal operations the one that completes first takes effect first: which of them does at a moment makes no difference, and
    /// the others have more time. Returns the slot of the one that this one is behind, and puts it before the next one.
    #[inline]
    fn queue_up(&mut self, slot: usize, known: &Known<'h, S::Op, S::Ret>) -> Option<usize> {
        /// Among so many it is looked for: there may be thousands.
        const NEAR: usize = 64;
        let (mut before, mut next) = (None, None);
        for (other, open) in self.open_ones().take(NEAR) {
            let its = &open.known;
            if open.is_read || its.op != known.op || its.ret != known.ret {
                continue;
            }
            let at = (its.completion, other);
            match its.completion < known.completion {
                true => before = before.max(Some(at)),
                false => next = Some(next.map_or(at, |next: (u64, usize)| next.min(at))),
            }
        }
        if let Some(next) = next.and_then(|(_, next)| self.slots[next].as_mut()) {
            next.behind = Some(slot);
        }
        before.map(|(_, before)| before)
    }

    /// The operation in this slot completed, or is not yet invoked.
    pub(super) fn close(&mut self, slot: usize) {
        let before = self.slots[slot].take().and_then(|closed| closed.behind);
        // Mostly there is one; of what is not near one another more may be behind the same.
        let others = self.slots.iter_mut().flatten();
        for next in others.filter(|open| open.behind == Some(slot)) {
            next.behind = before;
        }
    }

    /// An operation is invoked of which nobody will ever know whether it takes effect.
    /// Nor does it matter after `until`. Returns its class, if it ever matters.
    pub(super) fn open_unknown(
        &mut self,
        op: &'h S::Op,
        invocation: u64,
        until: u64,
    ) -> Option<usize> {
        /// Among so many classes it is looked for: two of equal operations only cost time, and so does looking.
        const RECENT: usize = 64;
        if self.specification.is_read(op) {
            return None; // whatever it would return, it changes nothing
        }
        self.unknown += 1;
        if until < invocation {
            return None;
        }
        let recent = self.classes.len().saturating_sub(RECENT);
        let class = (self.classes[recent..].iter()).position(|class| class.op == op);
        let class = class.map_or(self.classes.len(), |class| recent + class);
        match self.classes.get_mut(class) {
            Some(class) => class.invocations.push(invocation),
            None => {
                self.classes.push(Class {
                    op,
                    invocations: vec![invocation],
                    until,
                });
                let its = (until, class as u32);
                let place = self.by_end.partition_point(|other| *other < its);
                self.by_end.insert(place, its);
            }
        }
        Some(class)
    }

    /// Takes back what was opened last of those of unknown outcome, which is of this class. That stays, if only to keep its number.
    pub(super) fn close_unknown(&mut self, op: &'h S::Op, class: Option<usize>) {
        if self.specification.is_read(op) {
            return; // as above
        }
        self.unknown -= 1;
        if let Some(class) = class {
            self.classes[class].invocations.pop();
        }
    }

    /// Goes to this completion. Says whether a class no longer matters that did before.
    pub(super) fn go_to(&mut self, event: u64) -> bool {
        let since = std::mem::replace(&mut self.now, event);
        self.are_told_apart && since < event && self.over(since) < self.over(event)
    }

    /// Whether an operation of this class still matters.
    pub(super) fn matters(&self, class: u32) -> bool {
        !self.are_told_apart || self.classes[class as usize].until >= self.now
    }

    /// What is open and will complete, by slot.
    fn open_ones(&self) -> impl Iterator<Item = (usize, &Open<'h, S::Op, S::Ret>)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(slot, open)| Some((slot, open.as_ref()?)))
    }

    /// So many slots there are, free ones with them.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Lets each operation that can take effect next do so, those of unknown outcome only if that is asked. Hands out what that leads to.
    #[inline]
    pub(super) fn apply_each(
        &self,
        from: &Configuration<S::State>,
        with_unknown: bool,
        mut next: impl FnMut(Configuration<S::State>, Effect<'h, S::Op>),
    ) {
        for slot in 0..self.slots() {
            self.apply(slot, from, &mut next);
        }
        if with_unknown {
            for class in self.classes() {
                self.apply_unknown(class, from, &mut next);
            }
        }
    }

    /// Lets the operation in this slot take effect, if there is one that has not. Hands out what that leads to. Reads are not decided about: those that could have taken effect here have.
    #[inline]
    pub(super) fn apply(
        &self,
        slot: usize,
        from: &Configuration<S::State>,
        mut next: impl FnMut(Configuration<S::State>, Effect<'h, S::Op>),
    ) {
        let Some(open) = &self.slots[slot] else {
            return;
        };
        let is_done = |slot| from.progress.is_done(slot);
        if open.is_read
            || from.progress.is_applied(slot)
            || open.behind.is_some_and(|before| !is_done(before))
        {
            return;
        }
        let Known { op, ret, .. } = open.known;
        let entry = match from.progress.is_overwritten(slot) {
            true => trail::after_all(open.known.invocation),
            false => open.known.invocation,
        };
        self.specification
            .step(&from.state, op, Some(ret), |state| {
                let mut to = from.with(state);
                to.progress.apply(slot);
                next(to, Effect { op, entry });
            });
    }

    /// What is open, and was overwritten when this operation led from one configuration to the next, need no longer take effect.
    #[inline]
    pub(super) fn overwrite(
        &self,
        from: &Configuration<S::State>,
        to: &mut Configuration<S::State>,
        op: &S::Op,
    ) {
        for (slot, open) in self.open_ones() {
            if !open.is_read
                && !to.progress.is_applied(slot)
                && !to.progress.is_overwritten(slot)
                && self
                    .specification
                    .overwrites(&from.state, op, open.known.op)
                && self.is_right(&from.state, open)
            {
                to.progress.overwrite(slot);
            }
        }
    }

    /// Whether this operation returned what it does in this state, and in every other one where it is overwritten.
    fn is_right(&self, state: &S::State, open: &Open<'h, S::Op, S::Ret>) -> bool {
        let is_right = open.is_right.get();
        let is_right = is_right.unwrap_or_else(|| self.allows(state, open));
        open.is_right.set(Some(is_right));
        is_right
    }

    /// Whether the operation could take effect in this state.
    #[inline]
    fn allows(&self, state: &S::State, open: &Open<'h, S::Op, S::Ret>) -> bool {
        let mut is_allowed = false;
        let allow = |_| is_allowed = true;
        let Known { op, ret, .. } = open.known;
        self.specification.step(state, op, Some(ret), allow);
        is_allowed
    }

    /// How many classes no longer matter at this event.
    fn over(&self, event: u64) -> usize {
        self.by_end.partition_point(|(until, _)| *until < event)
    }

    /// The classes of operations of unknown outcome that still matter.
    pub(super) fn classes(&self) -> impl Iterator<Item = usize> {
        let classes = self.by_end[self.over(self.now)..].iter();
        classes.map(|(_, class)| *class as usize)
    }

    /// The one of them that comes behind this one, which may no longer be there.
    pub(super) fn class_after(&self, last: Option<ByEnd>) -> Option<ByEnd> {
        let is_before = |its: &ByEnd| its.0 < self.now || Some(*its) <= last;
        self.by_end
            .get(self.by_end.partition_point(is_before))
            .copied()
    }

    /// Lets one of this class take effect, if one is left and that changes anything. Hands out what that leads to.
    #[inline]
    pub(super) fn apply_unknown(
        &self,
        class: usize,
        from: &Configuration<S::State>,
        mut next: impl FnMut(Configuration<S::State>, Effect<'h, S::Op>),
    ) {
        let op = self.classes[class].op;
        let Some(entry) = self.next_of(class, from.progress.used()) else {
            return;
        };
        self.specification.step(&from.state, op, None, |state| {
            if state != from.state {
                let mut to = from.with(state);
                to.progress.use_one(self.counted_as(class));
                next(to, Effect { op, entry });
            }
        });
    }

    /// The invocation of this class to use next, if one is left beside those `used`, and matters.
    fn next_of(&self, class: usize, used: &[Used]) -> Option<u64> {
        let Class {
            invocations, until, ..
        } = &self.classes[class];
        if *until < self.now {
            return None;
        }
        let times = times(used, self.counted_as(class)) as usize;
        match self.are_told_apart {
            true => invocations.get(times).copied(),
            false => (times < self.unknown).then(|| invocations[0]),
        }
    }

    /// The class that an operation of this one is counted as.
    fn counted_as(&self, class: usize) -> u32 {
        if self.are_told_apart { class as u32 } else { 0 }
    }

    pub(super) fn is_read(&self, slot: usize) -> bool {
        self.slots[slot].as_ref().is_some_and(|open| open.is_read)
    }

    /// Lets the operation in this slot take effect if it is a read and returned what is there. Says whether it did.
    pub(super) fn read(&self, slot: usize, configuration: &mut Configuration<S::State>) -> bool {
        let open = self.slots[slot].as_ref();
        open.is_some_and(|open| self.read_if_allowed(slot, open, configuration))
    }

    #[inline]
    fn read_if_allowed(
        &self,
        slot: usize,
        open: &Open<'h, S::Op, S::Ret>,
        configuration: &mut Configuration<S::State>,
    ) -> bool {
        if !open.is_read || configuration.progress.is_applied(slot) {
            return false;
        }
        let is_allowed = self.allows(&configuration.state, open);
        if is_allowed {
            configuration.progress.read(slot);
        }
        is_allowed
    }

    /// Lets all reads take effect that can. Says whether there may be a way on, as far as is known.
    #[inline]
    pub(super) fn settle(
        &self,
        configuration: &mut Configuration<S::State>,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
    ) -> bool {
        for (slot, open) in self.slots.iter().enumerate() {
            if let Some(open) = open {
                self.read_if_allowed(slot, open, configuration);
            }
        }
        ahead.is_none_or(|ahead| self.look_ahead(ahead, configuration))
    }

    /// The entries of the trail from one configuration to the next, the operation with this entry having taken effect:
    /// what it overwrote, itself, and the reads that followed it.
    pub(super) fn entries(
        &self,
        from: &Progress,
        to: &Progress,
        entry: u64,
    ) -> impl Iterator<Item = u64> {
        let overwritten = self
            .open_ones()
            .filter(move |(slot, _)| to.is_overwritten(*slot) && !from.is_overwritten(*slot))
            .map(|(_, open)| trail::perhaps(open.known.invocation));
        let reads = self
            .open_ones()
            .filter(move |(slot, open)| {
                open.is_read && to.is_applied(*slot) && !from.is_applied(*slot)
            })
            .map(|(_, open)| open.known.invocation);
        overwritten.chain([entry]).chain(reads)
    }

    /// Whether nothing is won if another operation follows on this one, which led from one configuration to the next: no
    /// read saw it, and whatever may follow overwrites it, or neither of them changes anything.
    #[inline]
    pub(super) fn is_idle(
        &self,
        from: &Configuration<S::State>,
        to: &Configuration<S::State>,
        op: &S::Op,
        changers: &Changers<'h, S::Op>,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
    ) -> bool {
        if self.has_new_reads(from, to) {
            return false;
        }
        let overwrites = |next: &S::Op| self.specification.overwrites(&from.state, next, op);
        let all_overwrite = self.open_ones().all(|(slot, open)| {
            open.is_read || to.progress.is_applied(slot) || overwrites(open.known.op)
        });
        if all_overwrite
            && (!changers.with_unknown
                || self
                    .classes()
                    .all(|class| overwrites(self.classes[class].op)))
        {
            return true;
        }
        let search = || self.changers(from, changers.with_unknown, ahead);
        to.state == from.state
            && changers
                .ops
                .get_or_init(search)
                .iter()
                .all(|next| overwrites(next))
    }

    #[inline]
    fn has_new_reads(&self, from: &Configuration<S::State>, to: &Configuration<S::State>) -> bool {
        self.open_ones().any(|(slot, open)| {
            open.is_read && to.progress.is_applied(slot) != from.progress.is_applied(slot)
        })
    }

    /// Which operations change anything if they take effect next.
    fn changers(
        &self,
        from: &Configuration<S::State>,
        with_unknown: bool,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
    ) -> Vec<&'h S::Op> {
        let mut ops = Vec::new();
        let note = |mut to: Configuration<S::State>, effect: Effect<'h, S::Op>| {
            if self.settle(&mut to, ahead)
                && (to.state != from.state || self.has_new_reads(from, &to))
            {
                ops.push(effect.op);
            }
        };
        self.apply_each(from, with_unknown, note);
        ops
    }

    /// Whether there may be a way from this configuration to the next read that has not taken effect. Its state may become
    /// another one, that leads to the same.
    fn look_ahead(
        &self,
        ahead: &Ahead<'h, S::Op, S::Ret>,
        configuration: &mut Configuration<S::State>,
    ) -> bool {
        let Configuration {
            progress, state, ..
        } = configuration;
        let has_read = |read: &ReadAhead<'h, S::Op, S::Ret>| {
            read.slot.is_some_and(|slot| progress.is_applied(slot))
        };
        let Some(read) = ahead.reads.iter().find(|read| !has_read(read)) else {
            return true;
        };
        let unused = self.classes();
        let unused = unused.filter(|class| self.next_of(*class, progress.used()).is_some());
        let mut between = self
            .open_ones()
            .filter(|(slot, _)| !progress.is_applied(*slot))
            .map(|(_, open)| (open.known.op, Some(open.known.ret)))
            .chain(unused.map(|class| (self.classes[class].op, None)))
            .chain(ahead.operations[..read.behind].iter().copied());
        let may_come = (self.specification).look_ahead(state, (read.op, read.ret), &mut between);
        if !may_come {
            self.blamed.set(self.blamed.get().max(read.completion));
        }
        may_come
    }

    /// The last completion of a read for the sake of which a configuration was given up; 0 if none was.
    pub(super) fn blamed(&self) -> u64 {
        self.blamed.get()
    }

    /// Notes which of the reads are open.
    pub(super) fn locate(&self, mut ahead: Ahead<'h, S::Op, S::Ret>) -> Ahead<'h, S::Op, S::Ret> {
        for read in &mut ahead.reads {
            let mut open = self.open_ones();
            read.slot = open
                .find(|(_, open)| open.known.invocation == read.invocation)
                .map(|(slot, _)| slot);
        }
        ahead
    }
}
