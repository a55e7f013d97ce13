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
//! Six things keep the frontier small without changing any verdict:
//!
//! - **Reads take effect as soon as they can.** What changes no state can never be in the way of another operation. So it is with all that
//!   [changed nothing](Specification::changes_nothing), such as a compare-and-swap that failed. Of two configurations that differ only in these,
//!   the one where more have taken effect can do whatever the other can.
//! - **Unknown outcomes are used sparingly.** An operation that may or may not have taken effect, at any time, never has to.
//!   Of two configurations that differ only in which of these were used, the one that used less can do whatever the
//!   other can.
//! - **Equal unknown operations are one.** Which of two crashed writes of 3 took effect makes no difference.
//! - **Equal operations take effect in the order in which they complete.** Which of two open additions of 1 came first makes
//!   no difference either, and the one that completes later can wait.
//! - **What can wait waits.** Of two configurations of which one comes to what the other is by letting one more operation take effect, it can
//!   do whatever the other can.
//! - **What the next reads will return is known**, since the whole history is. A configuration is given up where the model says that
//!   it [cannot come to that](Specification::look_ahead). A violation is then found before the event that nothing explains; to name
//!   it, [the search is done again](super::search), of histories that end there.
//!
//! Where that is not enough, an [`Approach`] that keeps less may still tell, or the search that goes [depth
//! first](super::depth_first).

use super::{
    Reason, Spent,
    budget::Meter,
    configuration::{Configuration, Set},
    trail::Trail,
    window::{Ahead, Changers, Effect, Known, Window},
};
use crate::model::Specification;

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

pub(super) struct Frontier<'s, 'h, S: Specification> {
    approach: Approach,
    /// Whether there may be explanations that were not kept.
    pub(super) is_narrowed: bool,
    window: Window<'s, 'h, S>,
    pub(super) configurations: Vec<Configuration<S::State>>,
    pub(super) trail: Trail,
    /// The memory of what is kept beside it, to go back to.
    pub(super) beside: usize,
    /// None, where it is looked at each completion.
    thrift: Option<Thrift>,
    /// Reused from completion to completion.
    survivors: Set<S::State>,
    waiting: Set<S::State>,
}

/// When it is looked for survivors that [came too soon](Frontier::drop_what_came_too_soon). In many objects there are none: the longer none was
/// found, the longer is the pause, unless there are twice as many survivors then.
#[derive(Clone, Copy, Default)]
struct Thrift {
    /// So many completions are passed over.
    pause: u32,
    /// So many of them are left.
    left: u32,
    /// So many survivors there were then.
    survivors: usize,
}

impl Thrift {
    fn passes_over(&mut self, survivors: usize) -> bool {
        let passes_over = self.left > 0 && survivors < 2 * self.survivors;
        self.left -= u32::from(passes_over);
        passes_over
    }

    fn note(&mut self, before: usize, after: usize) {
        const LONGEST: u32 = 127;
        self.pause = match after < before {
            true => 0,
            false => LONGEST.min(2 * self.pause + 1),
        };
        self.left = self.pause;
        self.survivors = after;
    }
}

/// What stopped the search.
pub(super) enum Stop {
    /// No configuration survives the completion.
    Empty,
    /// Enough was done for now.
    Impatient,
    /// It will not be known.
    Unknown(Reason),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Unknown(reason)
    }
}

impl From<Spent> for Stop {
    fn from(spent: Spent) -> Self {
        Self::Unknown(Reason::Spent(spent))
    }
}

impl<'s, 'h, S: Specification> Frontier<'s, 'h, S> {
    pub(super) fn new(specification: &'s S, approach: Approach) -> Self {
        Self {
            approach,
            is_narrowed: false,
            window: Window::new(specification, approach != Approach::Loose),
            configurations: vec![Configuration::first(specification.initial())],
            trail: Trail::default(),
            beside: 0,
            thrift: Some(Thrift::default()),
            survivors: Set::default(),
            waiting: Set::default(),
        }
    }

    /// The same, but for how it came to that.
    pub(super) fn without_past(&self) -> Self {
        let configurations = self.configurations.iter().map(|its| Configuration {
            last: Trail::ROOT,
            ..its.clone()
        });
        Self {
            approach: self.approach,
            is_narrowed: self.is_narrowed,
            window: self.window.clone(),
            configurations: configurations.collect(),
            trail: Trail::default(),
            beside: 0,
            thrift: self.thrift,
            survivors: Set::default(),
            waiting: Set::default(),
        }
    }

    /// Looks for what may be dropped at each completion, whether it is worth it or not.
    pub(super) fn look_everywhere(&mut self) {
        self.thrift = None;
    }

    /// The first invocation of what is open and will complete.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.window.oldest()
    }

    /// Whether an unknown operation may have taken effect more often than it was invoked.
    pub(super) fn is_loose(&self) -> bool {
        self.window.is_loose()
    }

    /// This operation is invoked. Returns its slot.
    pub(super) fn invoke(&mut self, known: Known<'h, S::Op, S::Ret>) -> Result<usize, Stop> {
        let slot = self.window.open(known)?;
        if self.window.is_read(slot) {
            for configuration in &mut self.configurations {
                if self.window.read(slot, configuration) {
                    configuration.last = self.trail.push(configuration.last, known.invocation);
                }
            }
        }
        Ok(slot)
    }

    /// An operation is invoked of which nobody will ever know whether it takes effect.
    /// Nor does it matter after `until`.
    pub(super) fn invoke_unknown(&mut self, op: &'h S::Op, invocation: u64, until: u64) {
        self.window.open_unknown(op, invocation, until);
    }

    /// The operation in this slot completes, at this event.
    ///
    /// `ahead` is asked for what is known of what comes next; with so much done it is `enough`. Where this fails, the frontier is as it was: the configurations
    /// that explain everything up to this completion.
    pub(super) fn complete(
        &mut self,
        slot: usize,
        event: u64,
        ahead: impl FnOnce() -> Ahead<'h, S::Op, S::Ret>,
        enough: u64,
        meter: &mut Meter<'_>,
    ) -> Result<(), Stop> {
        if self.window.go_to(event) {
            for configuration in &mut self.configurations {
                configuration
                    .progress
                    .forget(|class| self.window.matters(class));
            }
        }
        if self
            .configurations
            .iter()
            .all(|configuration| configuration.progress.is_applied(slot))
        {
            for configuration in &mut self.configurations {
                configuration.progress.leave(slot);
            }
            self.window.close(slot);
            self.compact();
            return self.look(meter);
        }
        let ahead = (self.window.looks_ahead()).then(|| self.window.locate(ahead()));
        self.survivors.clear();
        self.waiting.clear();
        for configuration in &self.configurations {
            let is_applied = configuration.progress.is_applied(slot);
            if is_applied || configuration.progress.is_overwritten(slot) {
                let mut survivor = configuration.clone();
                survivor.progress.leave(slot);
                self.survivors.add(survivor, true, |last| last);
            }
            if !is_applied {
                self.waiting.push(configuration.clone());
            }
            meter.check::<S::State>(2 * self.configurations.len(), self.bytes())?;
        }
        let waiting = self.waiting.list.len();
        if matches!(self.approach, Approach::Narrow(_)) {
            // Perhaps it goes without any of the unknown ones.
            self.let_take_effect(slot, false, ahead.as_ref(), enough, meter)?;
            self.is_narrowed |= !self.survivors.list.is_empty() && self.window.has_unknown();
            if self.survivors.list.is_empty() {
                self.waiting.truncate(waiting);
            }
        }
        if self.survivors.list.is_empty() || !matches!(self.approach, Approach::Narrow(_)) {
            self.let_take_effect(slot, true, ahead.as_ref(), enough, meter)?;
        }
        if self.survivors.list.is_empty() {
            return Err(Stop::Empty);
        }
        self.window.close(slot);
        self.drop_what_came_too_soon(enough, meter);
        self.narrow();
        std::mem::swap(&mut self.configurations, &mut self.survivors.list);
        self.compact();
        Ok(())
    }

    /// Of two survivors of which one comes to what the other is if one more operation takes effect, keeps the one where it has not: there it may
    /// do so now, and also later. With `enough` done, or nothing left to spend, it is left at what was found.
    fn drop_what_came_too_soon(&mut self, enough: u64, meter: &mut Meter<'_>) {
        let before = self.survivors.list.len();
        // What is looked ahead to makes states simpler: they would have to be made so here, too.
        if before < 2 || self.window.looks_ahead() {
            return;
        }
        let thrift = self.thrift.as_mut();
        if thrift.is_some_and(|thrift| thrift.passes_over(before)) {
            return;
        }
        let mut is_too_soon = vec![false; before];
        let (held, bytes) = (before + self.configurations.len(), self.bytes());
        for from in &self.survivors.list {
            if meter.done() > enough || meter.check::<S::State>(held, bytes).is_err() {
                break;
            }
            let arrive = |mut to: Configuration<S::State>, effect: Effect<'h, S::Op>| {
                meter.count();
                self.window.settle(&mut to, None);
                self.window.overwrite(from, &mut to, effect.op);
                let found = |place: usize| is_too_soon[place] = true;
                self.survivors.superfluous_beside(&to, found);
            };
            self.window.apply_each(from, true, arrive);
            meter.went_through(self.survivors.take_compared());
        }
        let mut is_too_soon = is_too_soon.into_iter();
        self.survivors
            .list
            .retain(|_| is_too_soon.next() == Some(false));
        if let Some(thrift) = &mut self.thrift {
            thrift.note(before, self.survivors.list.len());
        }
    }

    /// From each of the waiting configurations, lets what can take effect do so, in all orders, until the operation in this
    /// slot has.
    fn let_take_effect(
        &mut self,
        slot: usize,
        with_unknown: bool,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
        enough: u64,
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
            meter.went_through(self.survivors.take_compared() + self.waiting.take_compared());
            if meter.done() > enough {
                return Err(Stop::Impatient);
            }
            let sets = self.survivors.list.len() + self.waiting.list.len();
            meter.check::<S::State>(sets + self.configurations.len(), self.bytes())?;
        }
        Ok(())
    }

    /// Whether there is something left to spend, after all configurations were gone through.
    pub(super) fn look(&self, meter: &mut Meter<'_>) -> Result<(), Stop> {
        let held = self.configurations.len();
        meter.went_through(held);
        Ok(meter.check::<S::State>(held, self.bytes())?)
    }

    /// What the search holds, but for what states hold on the heap.
    pub(super) fn bytes(&self) -> usize {
        let each = self.window.bytes_each();
        let frontier = self.configurations.capacity() * each;
        let sets = self.survivors.bytes(each) + self.waiting.bytes(each);
        frontier + sets + self.trail.bytes() + self.beside
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
            survivors.sort_by_cached_key(|its| (its.progress.times_used(), its.progress.applied()));
            survivors.truncate(most);
            self.is_narrowed = true;
        }
    }

    /// See [`Window::blamed`].
    pub(super) fn blamed(&self) -> u64 {
        self.window.blamed()
    }

    /// Whether no operation is open and the object can only be in one state, if no explanation was left out.
    pub(super) fn is_in_one_state(&self) -> bool {
        self.window.is_empty() && self.only().is_some()
    }

    /// The state and the open operations that have taken effect, by their invocations, if nothing else explains what happened so far.
    /// `None` also where something of unknown outcome had to take effect.
    pub(super) fn only(&self) -> Option<(&S::State, Vec<u64>)> {
        let [only] = &self.configurations[..] else {
            return None;
        };
        let is_certain = only.progress.used().is_empty() && !only.progress.has_overwritten();
        let applied = (0..self.window.slots()).filter(|&slot| only.progress.is_applied(slot));
        let invocations = applied.filter_map(|slot| self.window.invocation(slot));
        (is_certain && !self.is_narrowed).then(|| (&only.state, invocations.collect()))
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
        from: &Configuration<S::State>,
        completing: usize,
        with_unknown: bool,
        ahead: Option<&Ahead<'h, S::Op, S::Ret>>,
        meter: &mut Meter<'_>,
    ) {
        let (window, trail) = (&self.window, &mut self.trail);
        let (survivors, waiting) = (&mut self.survivors, &mut self.waiting);
        let changers = Changers::new(with_unknown);
        let arrive = |mut to: Configuration<S::State>, effect: Effect<'h, S::Op>| {
            meter.count();
            if !window.settle(&mut to, ahead) {
                return;
            }
            let survives = to.progress.is_applied(completing);
            if !survives && window.is_idle(from, &to, effect.op, &changers, ahead) {
                return;
            }
            window.overwrite(from, &mut to, effect.op);
            let progress = to.progress.clone();
            if survives {
                to.progress.leave(completing);
            }
            let set = if survives {
                &mut *survivors
            } else {
                &mut *waiting
            };
            // The trail is long: it is not even told of what is superfluous.
            set.add(to, survives, |last| {
                let entries = window.entries(&from.progress, &progress, effect.entry);
                entries.fold(last, |last, entry| trail.push(last, entry))
            });
        };
        window.apply_each(from, with_unknown, arrive);
    }
}
