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
    configuration::{Configuration, Set, clear, has},
    frontier::Stop,
    search::Patience,
    window::{Ahead, Window},
};
use crate::model::Specification;

/// An event that matters.
pub(super) enum Turn<'h, O, R> {
    Invoke {
        op: &'h O,
        ret: &'h R,
        invocation: u64,
    },
    InvokeUnknown {
        op: &'h O,
        invocation: u64,
    },
    Complete {
        /// The turn of its invocation.
        invoked: usize,
        event: u64,
        /// So many events of this part were before it, and itself.
        events: usize,
    },
}

pub(super) struct DepthFirst<'s, 'h, S: Specification, const WORDS: usize> {
    specification: &'s S,
    turns: &'s [Turn<'h, S::Op, S::Ret>],
    /// The slot of each operation, by the turn of its invocation, as far as they were opened.
    slots: Vec<u32>,
    /// So many turns are over.
    now: usize,
    /// So many were gone through, on and back.
    walked: usize,
    window: Window<'s, 'h, S>,
    forks: VecDeque<Fork<S::State, WORDS>>,
    /// What took effect on the way here, by invocation.
    order: Vec<u64>,
    /// By turn, from `remembered` on, the configurations that were gone on from at a completion.
    visited: VecDeque<Set<S::State, WORDS>>,
    /// What was before this turn is forgotten.
    remembered: usize,
    /// So many configurations there are in all of them.
    held: usize,
    /// What is known of the reads behind the turn `asked_at`.
    ahead: Option<Ahead<'h, S::Op, S::Ret>>,
    asked_at: usize,
}

/// A completion of what has not taken effect, with the ways on that are left.
struct Fork<T, const WORDS: usize> {
    turn: usize,
    /// So many had taken effect.
    order: usize,
    from: Configuration<T, WORDS>,
    /// So many were tried that might take effect next: the one that completes, and then by slot, and by class.
    tried: usize,
    tried_classes: usize,
    /// What the last one leads to.
    next: Vec<(Configuration<T, WORDS>, u64)>,
}

/// What came of it.
pub(super) enum Found<T> {
    /// An order, and the state it leads to.
    Order(Vec<u64>, T),
    /// Nothing explains the history up to this event and those that complete what is open there.
    Stuck(u64),
    /// The patience is gone, or it would have to go back to what is forgotten.
    Lost,
    /// All is explained up to an event behind the one that another part is stuck at.
    Unneeded,
}

impl<'s, 'h, S: Specification, const WORDS: usize> DepthFirst<'s, 'h, S, WORDS> {
    pub(super) fn new(specification: &'s S, turns: &'s [Turn<'h, S::Op, S::Ret>]) -> Self {
        Self {
            specification,
            turns,
            slots: vec![0; turns.len()],
            now: 0,
            walked: 0,
            window: Window::new(specification, true),
            forks: VecDeque::new(),
            order: Vec::new(),
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
        /// To go through so many turns takes about as long as to make a configuration.
        const ALIKE: usize = 8;

        let mut furthest = (0, 0);
        let mut walked = 0;
        let mut next = Some(Configuration::first(self.specification.initial()));
        loop {
            if let Some(mut configuration) = next.take() {
                let Some(event) = self.go_on(&mut configuration)? else {
                    return Ok(Found::Order(self.order, configuration.state));
                };
                furthest = furthest.max((self.now, event));
                // Relaxed: a later one that is missed only costs time.
                if earliest.load(Relaxed) < event {
                    return Ok(Found::Unneeded);
                }
                if self.visit(&configuration) {
                    self.forks.push_back(Fork {
                        turn: self.now,
                        order: self.order.len(),
                        from: configuration,
                        tried: 0,
                        tried_classes: 0,
                        next: Vec::new(),
                    });
                }
            }
            let Some(fork) = self.forks.back() else {
                return Ok(match self.remembered {
                    0 => Found::Stuck(furthest.1),
                    _ => Found::Lost,
                });
            };
            let (turn, order) = (fork.turn, fork.order);
            self.go_back_to(turn);
            self.order.truncate(order);
            next = self.try_next(&ahead, meter);
            if next.is_none() {
                self.forks.pop_back();
            }
            let looked_at = meter.counted() + (self.walked / ALIKE) as u64;
            if patience.is_gone(looked_at, furthest.0) {
                return Ok(Found::Lost);
            }
            meter.went_through(self.walked - walked);
            walked = self.walked;
            let held = self.held + self.forks.len();
            meter
                .check::<S::State>(held, held * Self::BYTES + self.bytes())
                .map_err(Stop::Spent)?;
        }
    }

    /// Of a configuration that was visited: twice, since vectors and tables double.
    const BYTES: usize = 2 * (size_of::<Configuration<S::State, WORDS>>() + size_of::<u32>());

    /// What is not held for each configuration.
    fn bytes(&self) -> usize {
        size_of_val(self.turns)
            + size_of_val(&self.slots[..])
            + self.visited.capacity() * size_of::<Set<S::State, WORDS>>()
            + self.order.capacity() * size_of::<u64>()
    }

    /// Goes on as far as everything that completes has taken effect. Says which event does not, if there is one.
    fn go_on(
        &mut self,
        configuration: &mut Configuration<S::State, WORDS>,
    ) -> Result<Option<u64>, Stop> {
        while let Some(turn) = self.turns.get(self.now) {
            match *turn {
                Turn::Invoke {
                    op,
                    ret,
                    invocation,
                } => {
                    let slot = self.window.open(op, ret, invocation, 64 * WORDS);
                    let slot = slot.ok_or(Stop::WindowFull)?;
                    self.slots[self.now] = slot as u32;
                    if self.window.read(slot, configuration) {
                        self.order.push(invocation);
                    }
                }
                Turn::InvokeUnknown { op, invocation } => self.window.open_unknown(op, invocation),
                Turn::Complete { invoked, event, .. } => {
                    let slot = self.slots[invoked] as usize;
                    if !has(&configuration.applied, slot) {
                        return Ok(Some(event));
                    }
                    clear(&mut configuration.applied, slot);
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
                Turn::Invoke { .. } => self.window.close(self.slots[self.now] as usize),
                Turn::InvokeUnknown { op, .. } => self.window.close_unknown(op),
                Turn::Complete { invoked, .. } => {
                    let Turn::Invoke {
                        op,
                        ret,
                        invocation,
                    } = self.turns[invoked]
                    else {
                        unreachable!("what completes was invoked");
                    };
                    let slot = self.slots[invoked] as usize;
                    self.window.open_in(slot, op, ret, invocation);
                }
            }
        }
    }

    /// Whether no configuration was gone on from here that can do all that this one can.
    fn visit(&mut self, configuration: &Configuration<S::State, WORDS>) -> bool {
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
    ) -> Option<Configuration<S::State, WORDS>> {
        let Turn::Complete {
            invoked, events, ..
        } = self.turns[self.now]
        else {
            unreachable!("what was invoked is gone on from at once");
        };
        if self.specification.looks_ahead() && (self.ahead.is_none() || self.asked_at != self.now) {
            self.ahead = Some(ahead(events));
            self.asked_at = self.now;
        }
        let ahead = self.ahead.as_ref();
        let fork = self.forks.back_mut()?;
        let completing = self.slots[invoked] as usize;
        loop {
            while let Some((mut to, invocation)) = fork.next.pop() {
                meter.count();
                let before = to.applied;
                if self.window.settle(&mut to, ahead) {
                    self.order.push(invocation);
                    let reads = self.window.reads_between(&before, &to.applied);
                    self.order.extend(reads);
                    return Some(to);
                }
            }
            let next = |to, invocation| fork.next.push((to, invocation));
            if fork.tried <= self.window.slots() {
                let slot = fork.tried.checked_sub(1).unwrap_or(completing);
                if fork.tried == 0 || slot != completing {
                    self.window.apply(slot, &fork.from, next);
                }
                fork.tried += 1;
            } else if fork.tried_classes < self.window.classes().len() {
                self.window
                    .apply_unknown(fork.tried_classes, &fork.from, next);
                fork.tried_classes += 1;
            } else {
                return None;
            }
        }
    }
}
