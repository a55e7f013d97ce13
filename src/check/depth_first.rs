//! The search for a linearization, one after the other.
//!
//! Where the [frontier](super::frontier) keeps all explanations of the events so far, one is followed here as far as it goes;
//! where it goes no further, the last decision is taken back (Wing and Gong, [*Testing and verifying concurrent
//! objects*](https://doi.org/10.1006/jpdc.1993.1015), 1993). No configuration is gone on from twice at the same event (Lowe,
//! [*Testing for linearizability*](https://doi.org/10.1002/cpe.3928), 2017).
//!
//! As there, nothing takes effect before something that completes needs it, and reads do as soon as they can. So a
//! configuration is the same as there, and what is open with it is so at one completion: to go on, or back, the operations
//! between two completions are opened and closed again.
//!
//! It finds an order, if there is one, without keeping all others, of which there may be too many. That there is none takes as
//! long as with the frontier, or longer.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{
    budget::Meter,
    configuration::{Configuration, Set},
    frontier::Stop,
    search::Patience,
    trail,
    window::{Ahead, ByEnd, Changers, Effect, Known, Window},
};
use crate::model::Specification;

/// An event that matters.
pub(super) enum Turn<'h, O, R> {
    Invoke(Known<'h, O, R>),
    InvokeUnknown {
        op: &'h O,
        invocation: u64,
        /// It matters up to this event.
        until: u64,
    },
    Complete {
        /// The turn of its invocation.
        invoked: usize,
        event: u64,
        /// So many events of this part were before it, and itself.
        events: usize,
    },
}

pub(super) struct DepthFirst<'s, 'h, S: Specification> {
    specification: &'s S,
    turns: &'s [Turn<'h, S::Op, S::Ret>],
    /// The slot of each operation, or the class, by the turn of its invocation, as far as they were opened.
    slots: Vec<u32>,
    /// So many turns are over.
    now: usize,
    /// So many were gone through, on and back, since the meter was told.
    walked: usize,
    window: Window<'s, 'h, S>,
    forks: VecDeque<Fork<'h, S::Op, S::State>>,
    /// What took effect on the way here, in the entries of a [trail].
    entries: Vec<u64>,
    /// By turn, from `remembered` on, the configurations that were gone on from at a completion.
    visited: VecDeque<Set<S::State>>,
    /// What was before this turn is forgotten.
    remembered: usize,
    /// So many configurations there are in all of them.
    held: usize,
    /// What is known of the reads behind the turn `asked_at`.
    ahead: Option<Ahead<'h, S::Op, S::Ret>>,
    asked_at: usize,
}

/// A completion of what has not taken effect, with the ways on that are left.
struct Fork<'h, O, T> {
    turn: usize,
    /// So many entries there were.
    entries: usize,
    from: Configuration<T>,
    /// Whether to go on without what completes, which was overwritten, is left to be tried.
    may_be_left: bool,
    changers: Changers<'h, O>,
    /// So many were tried that might take effect next: the one that completes, and then by slot.
    tried: usize,
    /// And behind them the classes, up to this one.
    tried_class: Option<ByEnd>,
    /// What the last one leads to.
    next: Vec<(Configuration<T>, Effect<'h, O>)>,
}

/// What came of it.
pub(super) enum Found<T> {
    /// An order, and the state it leads to.
    Order(Vec<u64>, T),
    /// Nothing explains the history up to this event and those that complete what is open there.
    Stuck {
        event: u64,
        /// The completion, there or later, that is likely to be the one that nothing explains.
        blamed: u64,
    },
    /// The patience is gone, or it would have to go back to what is forgotten.
    Lost,
    /// All is explained up to an event behind the one that another part is stuck at.
    Unneeded,
}

impl<'s, 'h, S: Specification> DepthFirst<'s, 'h, S> {
    pub(super) fn new(specification: &'s S, turns: &'s [Turn<'h, S::Op, S::Ret>]) -> Self {
        Self {
            specification,
            turns,
            slots: vec![0; turns.len()],
            now: 0,
            walked: 0,
            window: Window::new(specification, true),
            forks: VecDeque::new(),
            entries: Vec::new(),
            visited: VecDeque::new(),
            remembered: 0,
            held: 0,
            ahead: None,
            asked_at: 0,
        }
    }

    /// Looks for an order of all. `ahead` is asked for what is known of the reads behind so many events; `earliest` is the
    /// event that another part is stuck at.
    pub(super) fn run(
        mut self,
        ahead: impl Fn(usize) -> Ahead<'h, S::Op, S::Ret>,
        earliest: &AtomicU64,
        patience: Patience,
        meter: &mut Meter<'_>,
    ) -> Result<Found<S::State>, Stop> {
        let mut furthest = (0, 0);
        let mut next = Some(Configuration::first(self.specification.initial()));
        loop {
            if let Some(mut configuration) = next.take() {
                let Some(event) = self.go_on(&mut configuration)? else {
                    return Ok(Found::Order(
                        trail::order(self.entries),
                        configuration.state,
                    ));
                };
                furthest = furthest.max((self.now, event));
                // Relaxed: a later one that is missed only costs time.
                if earliest.load(Relaxed) < event {
                    return Ok(Found::Unneeded);
                }
                self.fork(configuration);
            }
            let Some(fork) = self.forks.back() else {
                return Ok(match self.remembered {
                    0 => Found::Stuck {
                        event: furthest.1,
                        blamed: self.window.blamed().max(furthest.1),
                    },
                    _ => Found::Lost,
                });
            };
            let (turn, entries) = (fork.turn, fork.entries);
            self.go_back_to(turn);
            self.entries.truncate(entries);
            next = self.try_next(&ahead, meter);
            if next.is_none() {
                self.forks.pop_back();
            }
            meter.went_through(std::mem::take(&mut self.walked));
            if meter.done() > patience.after(furthest.0) {
                return Ok(Found::Lost);
            }
            let held = self.held + self.forks.len();
            meter.check::<S::State>(held, held * self.bytes_each() + self.bytes())?;
        }
    }

    /// Of a configuration that was visited: twice, since vectors and tables double.
    fn bytes_each(&self) -> usize {
        2 * (self.window.bytes_each() + size_of::<u32>())
    }

    /// What is not held for each configuration.
    fn bytes(&self) -> usize {
        size_of_val(self.turns)
            + size_of_val(&self.slots[..])
            + self.visited.capacity() * size_of::<Set<S::State>>()
            + self.entries.capacity() * size_of::<u64>()
    }

    /// Goes on as far as everything that completes has taken effect. Says which event does not, if there is one.
    fn go_on(&mut self, configuration: &mut Configuration<S::State>) -> Result<Option<u64>, Stop> {
        while let Some(turn) = self.turns.get(self.now) {
            match *turn {
                Turn::Invoke(known) => {
                    let slot = self.window.open(known)?;
                    self.slots[self.now] = slot as u32;
                    if self.window.read(slot, configuration) {
                        self.entries.push(known.invocation);
                    }
                }
                Turn::InvokeUnknown {
                    op,
                    invocation,
                    until,
                } => {
                    let class = self.window.open_unknown(op, invocation, until);
                    self.slots[self.now] = class.map_or(u32::MAX, |class| class as u32);
                }
                Turn::Complete { invoked, event, .. } => {
                    let slot = self.slots[invoked] as usize;
                    if !configuration.progress.is_applied(slot) {
                        return Ok(Some(event));
                    }
                    configuration.progress.leave(slot);
                    self.window.close(slot);
                }
            }
            self.now += 1;
            self.walked += 1;
        }
        Ok(None)
    }

    fn go_back_to(&mut self, turn: usize) {
        while self.now > turn {
            self.now -= 1;
            self.walked += 1;
            match self.turns[self.now] {
                Turn::Invoke(_) => self.window.close(self.slots[self.now] as usize),
                Turn::InvokeUnknown { op, .. } => {
                    let class = self.slots[self.now];
                    let class = (class != u32::MAX).then_some(class as usize);
                    self.window.close_unknown(op, class);
                }
                Turn::Complete { invoked, .. } => {
                    let Turn::Invoke(known) = self.turns[invoked] else {
                        unreachable!("what completes was invoked");
                    };
                    self.window.open_in(self.slots[invoked] as usize, known);
                }
            }
        }
    }

    /// Goes on from here, where something completes that has not taken effect, unless that was done.
    fn fork(&mut self, configuration: Configuration<S::State>) {
        if !self.visit(&configuration) {
            return;
        }
        let (completing, ..) = self.completion();
        // Where something took effect since the last fork here, that need not have been.
        let is_first = self.forks.back().is_none_or(|fork| fork.turn < self.now);
        self.forks.push_back(Fork {
            turn: self.now,
            entries: self.entries.len(),
            may_be_left: is_first && configuration.progress.is_overwritten(completing),
            from: configuration,
            changers: Changers::new(true),
            tried: 0,
            tried_class: None,
            next: Vec::new(),
        });
    }

    /// The slot of what completes now, at which event, and how many of this part are over then.
    fn completion(&self) -> (usize, u64, usize) {
        match self.turns[self.now] {
            Turn::Complete {
                invoked,
                event,
                events,
            } => (self.slots[invoked] as usize, event, events),
            _ => unreachable!("what was invoked is gone on from at once"),
        }
    }

    /// Whether no configuration was gone on from here that can do all that this one can.
    fn visit(&mut self, configuration: &Configuration<S::State>) -> bool {
        /// So many turns are remembered at least: to go back further would hardly ever end. Tests are shorter.
        const REMEMBERED: usize = if cfg!(test) { 8 } else { 1 << 14 };

        if self.now >= self.remembered + 2 * REMEMBERED {
            let forgotten = self.now - REMEMBERED;
            // There may be no completion behind it yet that anything was gone on from.
            let sets = (forgotten - self.remembered).min(self.visited.len());
            for set in self.visited.drain(..sets) {
                self.held -= set.list.len();
            }
            while self.forks.front().is_some_and(|fork| fork.turn < forgotten) {
                self.forks.pop_front();
            }
            self.remembered = forgotten;
        }
        let turn = self.now - self.remembered;
        if self.visited.len() <= turn {
            self.visited.resize_with(turn + 1, Set::default);
        }
        let set = &mut self.visited[turn];
        let before = set.list.len();
        let mut is_new = false;
        set.add(configuration.clone(), true, |last| {
            is_new = true;
            last
        });
        self.held += set.list.len() - before;
        is_new
    }

    /// The next way on from the last fork.
    fn try_next(
        &mut self,
        ahead: impl Fn(usize) -> Ahead<'h, S::Op, S::Ret>,
        meter: &mut Meter<'_>,
    ) -> Option<Configuration<S::State>> {
        let (completing, event, events) = self.completion();
        self.window.go_to(event);
        if self.specification.looks_ahead() && (self.ahead.is_none() || self.asked_at != self.now) {
            self.ahead = Some(self.window.locate(ahead(events)));
            self.asked_at = self.now;
        }
        let ahead = self.ahead.as_ref();
        let fork = self.forks.back_mut()?;
        if std::mem::take(&mut fork.may_be_left) {
            meter.count();
            let mut to = fork.from.clone();
            to.progress.apply(completing);
            return Some(to);
        }
        loop {
            while let Some((mut to, effect)) = fork.next.pop() {
                meter.count();
                if !self.window.settle(&mut to, ahead)
                    || !to.progress.is_applied(completing)
                        && (self.window).is_idle(&fork.from, &to, effect.op, &fork.changers, ahead)
                {
                    continue;
                }
                self.window.overwrite(&fork.from, &mut to, effect.op);
                let entries =
                    (self.window).entries(&fork.from.progress, &to.progress, effect.entry);
                self.entries.extend(entries);
                return Some(to);
            }
            let next = |to, effect| fork.next.push((to, effect));
            if fork.tried <= self.window.slots() {
                let slot = fork.tried.checked_sub(1).unwrap_or(completing);
                if fork.tried == 0 || slot != completing {
                    self.window.apply(slot, &fork.from, next);
                }
                fork.tried += 1;
            } else if let Some(class) = self.window.class_after(fork.tried_class) {
                self.window
                    .apply_unknown(class.1 as usize, &fork.from, next);
                fork.tried_class = Some(class);
            } else {
                return None;
            }
        }
    }
}
