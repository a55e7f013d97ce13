//! What is open at a moment of the history, and what may take effect then.

use super::configuration::{Bits, Configuration, Used, has, one_more, set, times};
use crate::model::Specification;

/// The operations that are open at a moment.
pub(super) struct Window<'s, 'h, S: Specification> {
    specification: &'s S,
    /// Those that will complete, each in the slot that its bit stands for.
    slots: Vec<Option<Open<'h, S::Op, S::Ret>>>,
    /// Those of unknown outcome.
    classes: Vec<Class<'h, S::Op>>,
    /// So many there are, of all classes.
    unknown: usize,
    /// Whether each class is counted for itself, or all together.
    are_told_apart: bool,
}

/// An operation that will complete, from its invocation to its completion.
pub(super) struct Open<'h, O, R> {
    pub(super) op: &'h O,
    pub(super) ret: &'h R,
    pub(super) invocation: u64,
    is_read: bool,
}

// Derived, they would demand that what they refer to can be cloned.
impl<O, R> Clone for Open<'_, O, R> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

/// Operations of unknown outcome that are equal: any of them may take effect from its invocation on.
struct Class<'h, O> {
    op: &'h O,
    invocations: Vec<u64>,
}

impl<O> Clone for Class<'_, O> {
    fn clone(&self) -> Self {
        Self {
            op: self.op,
            invocations: self.invocations.clone(),
        }
    }
}

impl<S: Specification> Clone for Window<'_, '_, S> {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            classes: self.classes.clone(),
            ..*self
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
    /// So many of the operations are invoked before it completes.
    pub(super) behind: usize,
}

impl<'s, 'h, S: Specification> Window<'s, 'h, S> {
    pub(super) fn new(specification: &'s S, are_told_apart: bool) -> Self {
        Self {
            specification,
            slots: Vec::new(),
            classes: Vec::new(),
            unknown: 0,
            are_told_apart,
        }
    }

    /// The first invocation of what is open and will complete.
    pub(super) fn oldest(&self) -> Option<u64> {
        let open = self.slots.iter().flatten();
        open.map(|open| open.invocation).min()
    }

    /// Whether no operation is open, nor one of unknown outcome.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.iter().all(Option::is_none) && !self.has_unknown()
    }

    pub(super) fn looks_ahead(&self) -> bool {
        self.specification.looks_ahead()
    }

    pub(super) fn has_unknown(&self) -> bool {
        !self.classes.is_empty()
    }

    /// Whether an operation of unknown outcome may take effect more often than it was invoked.
    pub(super) fn is_loose(&self) -> bool {
        !self.are_told_apart && self.has_unknown()
    }

    /// An operation is invoked that will complete with `ret`. Returns its slot, if there is one left of so many.
    pub(super) fn open(
        &mut self,
        op: &'h S::Op,
        ret: &'h S::Ret,
        invocation: u64,
        limit: usize,
    ) -> Option<usize> {
        let slot = self.slots.iter().position(Option::is_none);
        let slot = slot.unwrap_or(self.slots.len());
        if slot == limit {
            return None;
        }
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        self.open_in(slot, op, ret, invocation);
        Some(slot)
    }

    /// The same in this slot, which is free.
    pub(super) fn open_in(&mut self, slot: usize, op: &'h S::Op, ret: &'h S::Ret, invocation: u64) {
        self.slots[slot] = Some(Open {
            op,
            ret,
            invocation,
            is_read: self.specification.is_read(op),
        });
    }

    /// The operation in this slot completed.
    pub(super) fn close(&mut self, slot: usize) {
        self.slots[slot] = None;
    }

    /// An operation is invoked of which nobody will ever know whether it takes effect.
    pub(super) fn open_unknown(&mut self, op: &'h S::Op, invocation: u64) {
        if self.specification.is_read(op) {
            return; // whatever it would return, it changes nothing
        }
        self.unknown += 1;
        match self.classes.iter_mut().find(|class| class.op == op) {
            Some(class) => class.invocations.push(invocation),
            None => self.classes.push(Class {
                op,
                invocations: vec![invocation],
            }),
        }
    }

    /// Takes back what was opened last of those of unknown outcome, which was this operation. Its class stays, if only to keep
    /// its number.
    pub(super) fn close_unknown(&mut self, op: &'h S::Op) {
        if self.specification.is_read(op) {
            return; // as above
        }
        self.unknown -= 1;
        let class = self.classes.iter_mut().find(|class| class.op == op);
        class.expect("it was opened").invocations.pop();
    }

    /// So many slots there are, free ones with them.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Lets the operation in this slot take effect, if there is one that has not. Hands out what that leads to. Reads are not
    /// decided about: those that could have taken effect here have.
    #[inline]
    pub(super) fn apply<const WORDS: usize>(
        &self,
        slot: usize,
        from: &Configuration<S::State, WORDS>,
        mut next: impl FnMut(Configuration<S::State, WORDS>, u64),
    ) {
        let Some(open) = &self.slots[slot] else {
            return;
        };
        if open.is_read || has(&from.applied, slot) {
            return;
        }
        self.specification
            .step(&from.state, open.op, Some(open.ret), |state| {
                let mut to = from.with(state);
                set(&mut to.applied, slot);
                next(to, open.invocation);
            });
    }

    /// The classes of operations of unknown outcome.
    pub(super) fn classes(&self) -> std::ops::Range<usize> {
        0..self.classes.len()
    }

    /// Lets one of this class take effect, if one is left and that changes anything. Hands out what that leads to.
    #[inline]
    pub(super) fn apply_unknown<const WORDS: usize>(
        &self,
        class: usize,
        from: &Configuration<S::State, WORDS>,
        mut next: impl FnMut(Configuration<S::State, WORDS>, u64),
    ) {
        let Some(invocation) = self.next_of(class, from.used()) else {
            return;
        };
        self.specification
            .step(&from.state, self.classes[class].op, None, |state| {
                if state != from.state {
                    let mut to = from.with(state);
                    to.used = Some(one_more(from.used(), self.counted_as(class)));
                    next(to, invocation);
                }
            });
    }

    /// The invocation of this class to use next, if one is left beside those `used`.
    fn next_of(&self, class: usize, used: &[Used]) -> Option<u64> {
        let times = times(used, self.counted_as(class)) as usize;
        let invocations = &self.classes[class].invocations;
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
    pub(super) fn read<const WORDS: usize>(
        &self,
        slot: usize,
        configuration: &mut Configuration<S::State, WORDS>,
    ) -> bool {
        let open = self.slots[slot].as_ref();
        open.is_some_and(|open| self.read_if_allowed(slot, open, configuration))
    }

    #[inline]
    fn read_if_allowed<const WORDS: usize>(
        &self,
        slot: usize,
        open: &Open<'h, S::Op, S::Ret>,
        configuration: &mut Configuration<S::State, WORDS>,
    ) -> bool {
        if !open.is_read || has(&configuration.applied, slot) {
            return false;
        }
        let mut is_allowed = false;
        let allows = |_| is_allowed = true;
        self.specification
            .step(&configuration.state, open.op, Some(open.ret), allows);
        if is_allowed {
            set(&mut configuration.applied, slot);
        }
        is_allowed
    }

    /// Lets all reads take effect that can. Says whether there may be a way on, as far as is known.
    #[inline]
    pub(super) fn settle<const WORDS: usize>(
        &self,
        configuration: &mut Configuration<S::State, WORDS>,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
    ) -> bool {
        for (slot, open) in self.slots.iter().enumerate() {
            if let Some(open) = open {
                self.read_if_allowed(slot, open, configuration);
            }
        }
        ahead.is_none_or(|ahead| self.look_ahead(ahead, configuration))
    }

    /// The invocations of the reads that have taken effect `after`, and had not `before`.
    pub(super) fn reads_between<'a, const WORDS: usize>(
        &'a self,
        before: &'a Bits<WORDS>,
        after: &'a Bits<WORDS>,
    ) -> impl Iterator<Item = u64> + 'a {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(slot, open)| {
            let open = open.as_ref()?;
            (open.is_read && has(after, slot) && !has(before, slot)).then_some(open.invocation)
        })
    }

    /// Whether there may be a way from this configuration to the next read that has not taken effect. Its state may become
    /// another one, that leads to the same.
    fn look_ahead<const WORDS: usize>(
        &self,
        ahead: &Ahead<'h, S::Op, S::Ret>,
        configuration: &mut Configuration<S::State, WORDS>,
    ) -> bool {
        let applied = configuration.applied;
        let open = || {
            let slots = self.slots.iter().enumerate();
            slots.filter_map(|(slot, open)| Some((slot, open.as_ref()?)))
        };
        let has_read = |read: &ReadAhead<'h, S::Op, S::Ret>| {
            open().any(|(slot, open)| open.invocation == read.invocation && has(&applied, slot))
        };
        let Some(read) = ahead.reads.iter().find(|read| !has_read(read)) else {
            return true;
        };
        let used = configuration.used.clone();
        let used = used.as_deref().unwrap_or_default();
        let unused = (self.classes()).filter(|class| self.next_of(*class, used).is_some());
        let mut between = open()
            .filter(|(slot, _)| !has(&applied, *slot))
            .map(|(_, open)| (open.op, Some(open.ret)))
            .chain(unused.map(|class| (self.classes[class].op, None)))
            .chain(ahead.operations[..read.behind].iter().copied());
        self.specification
            .look_ahead(&mut configuration.state, (read.op, read.ret), &mut between)
    }
}
