//! What decides on one part: the frontier, driven from event to event, in one approach after the other, or depth first.

use std::{
    cell::{OnceCell, RefCell},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use rustc_hash::FxHashMap;

use super::{
    Reason, Verdict, Violation, Witness,
    budget::{Account, Meter},
    depth_first::{self, DepthFirst, Turn},
    frontier::{Approach, Frontier, Stop},
    parts::Positions,
    verdict::violation,
    window::{Ahead, Known, ReadAhead},
};
use crate::{
    event::EventKind,
    history::{ByProcess, History, Outcome},
    model::Specification,
};

/// So many configurations are looked at in each part before any part gets more: a violation in an easy one is not missed
/// for a hard one that takes all the budget.
pub(super) const SHARE: u64 = 1 << 16;

/// A history and what it is held against.
pub(super) struct Check<'a, 'h, S: Specification> {
    specification: &'a S,
    pub(super) history: &'h History<S::Op, S::Ret>,
    account: &'a Account,
    /// The earliest violation that was found in any part: behind it, no other part needs to look.
    earliest: AtomicU64,
}

/// What was found of one part.
pub(super) struct Part<T> {
    /// `None` where it was left unfinished, because another part has an earlier violation.
    pub(super) verdict: Option<Verdict<T>>,
    pub(super) operations: u64,
    /// Whether nothing is open at its end and only one state is possible then.
    pub(super) ends_in_one_state: bool,
}

impl<T> Part<T> {
    /// Whether it was given up because it cost too much.
    pub(super) fn is_spent(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Unknown(Reason::Spent(_))))
    }
}

impl<'a, 'h, S: Specification> Check<'a, 'h, S> {
    pub(super) fn new(
        specification: &'a S,
        history: &'h History<S::Op, S::Ret>,
        account: &'a Account,
    ) -> Self {
        Self {
            specification,
            history,
            account,
            earliest: AtomicU64::new(u64::MAX),
        }
    }

    /// Checks the events at these places.
    pub(super) fn part(&self, positions: Positions<'_>, most: u64) -> Part<S::State> {
        let mut is_hard = false;
        let Search { end, operations } =
            self.decide(positions.clone(), u64::MAX, most, &mut is_hard);
        let ends_in_one_state = match &end {
            End::Explained(Explanations::Frontier(frontier)) => frontier.is_in_one_state(),
            _ => false,
        };
        let verdict = match end {
            End::Explained(explanations) => Some(Verdict::Linearizable(Witness {
                order: explanations.order(),
            })),
            End::Stuck(stuck) => self.first_unexplained(positions, stuck, is_hard),
            End::Unknown(reason) => Some(Verdict::Unknown(reason)),
            End::Lost => unreachable!("the last search loses nothing"),
            End::Unneeded => None,
        };
        Part {
            verdict,
            operations,
            ends_in_one_state,
        }
    }

    /// The violation at the first event that nothing explains, where nothing explains the whole history, and the search was
    /// stuck at `stuck`: the events before that are explained.
    ///
    /// The search knew what operations return that complete later, and so it may have been stuck too early. What is looked for
    /// is the end of the shortest history that nothing explains. It is mostly here, and else not far.
    fn first_unexplained(
        &self,
        positions: Positions<'_>,
        mut stuck: Stuck<'_, 'h, S>,
        mut is_hard: bool,
    ) -> Option<Verdict<S::State>> {
        // So many events are explained, and so many are not.
        let mut explained = stuck.explains_up_to(self.history.start());
        let mut unexplained = self.history.end();
        let mut guess = stuck.blamed;
        // Mostly it is the one that the search could not come to: nothing else has to be found out, and not from the start.
        if let Some(before) = stuck.before.take() {
            let end = guess + 1;
            let patience = self.short().times(32);
            let again = self.search(positions.clone(), end, u64::MAX, patience, *before);
            match again.end {
                End::Stuck(_) => unexplained = end,
                End::Unneeded => return None,
                End::Explained(_) | End::Lost | End::Unknown(_) => {}
            }
        }
        let mut known = stuck.known();
        let mut step = 1;
        let is_known =
            |known: &Option<(u64, _)>, up_to| known.as_ref().is_some_and(|its| its.0 == up_to);
        while unexplained - explained > 1 || !is_known(&known, explained) {
            let end = match unexplained - explained {
                _ if (explained + 1..unexplained).contains(&guess) => guess,
                1 => explained,
                apart => explained + step.min(apart / 2),
            };
            match self
                .decide(positions.clone(), end, u64::MAX, &mut is_hard)
                .end
            {
                End::Explained(explanations) => {
                    known = Some((end, explanations));
                    explained = end;
                    step *= 2;
                }
                // Only where the model contradicts itself.
                End::Stuck(_) if end <= explained => break,
                End::Stuck(stuck) => {
                    unexplained = end;
                    guess = stuck.blamed;
                    explained = stuck.explains_up_to(explained);
                    known = stuck.known().filter(|new| new.0 == explained).or(known);
                }
                // Where that is not to be known, what is known has to do: it is a violation all the same.
                End::Unknown(_) => break,
                End::Lost => unreachable!("the last search loses nothing"),
                End::Unneeded => return None,
            }
        }
        let near = match &known {
            Some(_) => explained,
            None => guess,
        };
        let is_first = unexplained - explained <= 1 && is_known(&known, explained);
        let event = positions
            .from((near - self.history.start()) as usize)
            .map(|position| self.history.at(position))
            .find(|event| event.kind.is_ok() || event.kind.is_fail())
            .map_or(guess, |event| event.index);
        // Relaxed: a later one that is missed only costs time.
        self.earliest.fetch_min(event, Relaxed);
        // A model that looks ahead may have made the states simpler than they are.
        let are_whole = !self.specification.looks_ahead();
        let (number, explanations) = match known {
            Some((_, known)) => (known.number(), known.some()),
            None => (0, Box::new(std::iter::empty()) as _),
        };
        // Each takes time, and one is enough.
        let mut number_told = 0;
        let is_time_left = |_: &_| {
            number_told += 1;
            number_told == 1 || self.account.cannot_do(0, Duration::ZERO).is_none()
        };
        let explain = |(state, order): (S::State, _)| (are_whole.then_some(state), order);
        let mut violation = violation(
            self.specification,
            self.history,
            event,
            number,
            explanations.take_while(is_time_left).map(explain),
        );
        violation.is_first = is_first;
        Some(Verdict::Violation(Box::new(violation)))
    }

    /// Decides on the events before `end`, as if there were no more, having looked at no more than `most` configurations at a time.
    ///
    /// Most histories are easy: they have few explanations at any moment. Of one that is not, much may be shown for less than it
    /// takes to keep all of them: that there is one, by following one after the other; that there would be none if nobody counted;
    /// or that one of the best of each moment leads to the end. So that is tried first.
    fn decide(
        &self,
        positions: Positions<'_>,
        end: u64,
        most: u64,
        is_hard: &mut bool,
    ) -> Search<'_, 'h, S> {
        let (little, kept) = match self.account.is_impatient() {
            false => (Patience::LITTLE, [8, 128, 1024, 8192]),
            true => (Patience::NONE, [1, 2, 3, 4]),
        };
        let first = [
            Form::Wide(Approach::Exact, self.short()),
            Form::Deep(little),
            // Where unknown operations are not told apart, there are fewer, and what cannot be explained so is found out for good.
            Form::Wide(Approach::Loose, self.short().times(32)),
        ];
        let narrow = kept.map(|kept| Form::Wide(Approach::Narrow(kept), Patience::ENDLESS));
        let more = std::iter::successors(Some(self.short()), |last| Some(last.times(16)))
            .skip(1)
            .flat_map(|patience| [Form::Deep(patience), Form::Wide(Approach::Exact, patience)]);
        let first = first.into_iter().skip(usize::from(*is_hard));
        let mut forms = first.chain(narrow).chain(more);
        loop {
            let search = match forms.next().expect("there is always more") {
                Form::Deep(patience) => self.depth_first(positions.clone(), end, most, patience),
                Form::Wide(approach, patience) => {
                    let start = Checkpoint::start(Frontier::new(self.specification, approach));
                    self.search(positions.clone(), end, most, patience, start)
                }
            };
            if !matches!(search.end, End::Lost) {
                return search;
            }
            *is_hard = true;
        }
    }

    /// How long most histories take.
    fn short(&self) -> Patience {
        match self.account.is_impatient() {
            false => Patience::SHORT,
            true => Patience::NONE,
        }
    }

    /// The same, with one explanation after the other.
    fn depth_first(
        &self,
        positions: Positions<'_>,
        end: u64,
        most: u64,
        patience: Patience,
    ) -> Search<'_, 'h, S> {
        let mut meter = self.account.meter(most);
        let uses = LastUses::new(self, positions.clone(), end);
        let mut turns = Vec::new();
        let mut invoked = ByProcess::<usize>::new();
        let mut operations = 0;
        for (position, events) in positions.clone().zip(1..) {
            let event = self.history.at(position);
            if event.index >= end {
                break;
            }
            let invocation = event.index;
            match told(self.history, position, end) {
                None => continue,
                Some(Told::Invoke(known)) => {
                    operations += 1;
                    invoked.insert(event.process, turns.len());
                    turns.push(Turn::Invoke(known));
                }
                Some(Told::InvokeUnknown(op)) => {
                    operations += 1;
                    let until = uses.last(op);
                    turns.push(Turn::InvokeUnknown {
                        op,
                        invocation,
                        until,
                    });
                }
                Some(Told::Complete(_)) => match invoked.remove(event.process) {
                    Some(invoked) => turns.push(Turn::Complete {
                        invoked,
                        event: event.index,
                        events,
                    }),
                    None => continue, // there is none: looked for beforehand
                },
            }
            if let Err(spent) = meter.check_pass(turns.len(), size_of_val(&turns[..])) {
                let end = End::Unknown(Reason::Spent(spent));
                return Search { end, operations };
            }
        }
        let ahead = |events: usize| {
            let mut positions = positions.clone();
            let now = positions.nth(events - 1);
            let now = now.expect("so many events are gone through");
            self.ahead(self.history.at(now).index, positions, end)
        };
        let search = DepthFirst::new(self.specification, &turns);
        let end = match search.run(ahead, &self.earliest, patience, &mut meter) {
            Ok(depth_first::Found::Order(order, state)) => {
                End::Explained(Explanations::One(state, order))
            }
            Ok(depth_first::Found::Stuck { event, blamed }) => End::Stuck(Stuck {
                event,
                blamed,
                before: None,
                how: None,
            }),
            Ok(depth_first::Found::Lost) => End::Lost,
            Ok(depth_first::Found::Unneeded) => End::Unneeded,
            Err(Stop::Unknown(reason)) => End::Unknown(reason),
            Err(Stop::Empty | Stop::Impatient) => unreachable!("it goes back, or is lost"),
        };
        Search { end, operations }
    }

    /// Goes through the events before `end`, as if there were no more, until nothing explains one, or `most` configurations were
    /// looked at, or the patience is gone. `from` a checkpoint, it tells only whether it is stuck.
    fn search<'s>(
        &'s self,
        mut positions: Positions<'_>,
        end: u64,
        most: u64,
        patience: Patience,
        from: Checkpoint<'s, 'h, S>,
    ) -> Search<'s, 'h, S> {
        let events = positions.len();
        let Checkpoint {
            mut frontier,
            mut slots,
            done: done_before,
            ..
        } = from;
        let uses = LastUses::new(self, positions.clone(), end);
        if done_before > 0 {
            positions.nth(done_before - 1);
        }
        let (mut older, mut newer) = (None, None::<Checkpoint<'s, 'h, S>>);
        let mut meter = self.account.meter(most);
        let mut operations = 0;
        while let Some(position) = positions.next() {
            let event = self.history.at(position);
            if event.index >= end {
                break;
            }
            let done = events - positions.len() - 1;
            let enough = patience.after(done);
            if meter.done() > enough {
                let end = End::Lost;
                return Search { end, operations };
            }
            match done % Checkpoint::<S>::EVERY {
                0 if done > 0 => {
                    older = newer.take();
                    newer = Checkpoint::new(&frontier, &slots, done);
                    let kept = older.iter().chain(&newer);
                    frontier.beside = kept.map(|its| its.frontier.bytes()).sum();
                }
                Self::AHEAD => {
                    if let Some(newer) = &mut newer {
                        newer.is_known_from = Some(event.index);
                    }
                }
                _ => {}
            }
            let result = match told(self.history, position, end) {
                None => continue,
                Some(Told::Invoke(known)) => {
                    operations += 1;
                    let slot = frontier.invoke(known);
                    slot.and_then(|slot| {
                        slots.insert(event.process, slot);
                        frontier.look(&mut meter)
                    })
                }
                Some(Told::InvokeUnknown(op)) => {
                    operations += 1;
                    frontier.invoke_unknown(op, event.index, uses.last(op));
                    frontier.look(&mut meter)
                }
                Some(Told::Complete(_)) => match slots.remove(event.process) {
                    Some(slot) => {
                        let ahead = || self.ahead(event.index, positions.clone(), end);
                        frontier.complete(slot, event.index, ahead, enough, &mut meter)
                    }
                    None => continue, // there is none: looked for beforehand
                },
            };
            let end = match result {
                // What it explains without counting may be a violation before.
                Ok(()) if self.earliest.load(Relaxed) < event.index => match frontier.is_loose() {
                    true => End::Lost,
                    false => End::Unneeded,
                },
                Ok(()) => continue,
                Err(Stop::Unknown(reason)) => End::Unknown(reason),
                Err(Stop::Impatient) => End::Lost,
                Err(Stop::Empty) if frontier.is_narrowed => End::Lost,
                Err(Stop::Empty) => {
                    let oldest = frontier.oldest();
                    let serves = |its: &Checkpoint<'s, 'h, S>| {
                        its.is_known_from.is_some_and(|from| Some(from) <= oldest)
                    };
                    let is_loose = frontier.is_loose();
                    let before = newer.filter(serves).or(older.filter(serves));
                    End::Stuck(Stuck {
                        event: event.index,
                        blamed: frontier.blamed().max(event.index),
                        before: before.filter(|_| !is_loose).map(Box::new),
                        how: Some(Box::new(frontier)),
                    })
                }
            };
            return Search { end, operations };
        }
        let end = match frontier.is_loose() {
            true => End::Lost,
            false => End::Explained(Explanations::Frontier(Box::new(frontier))),
        };
        Search { end, operations }
    }

    /// So many events are looked ahead: where there are few reads, looking further takes longer than it saves.
    const AHEAD: usize = if cfg!(test) { 2 } else { 256 };

    /// What is known of the next reads, `positions` being those of the events behind the one that is looked at `now`: of all that
    /// may have taken effect already, and of one that has not.
    fn ahead(&self, now: u64, positions: Positions<'_>, end: u64) -> Ahead<'h, S::Op, S::Ret> {
        let mut ahead = Ahead {
            operations: Vec::new(),
            reads: Vec::new(),
        };
        for position in positions.take(Self::AHEAD) {
            let event = self.history.at(position);
            if event.index >= end {
                break;
            }
            match told(self.history, position, end) {
                None => {}
                Some(Told::Invoke(its)) => ahead.operations.push((its.op, Some(its.ret))),
                Some(Told::InvokeUnknown(op)) => ahead.operations.push((op, None)),
                Some(Told::Complete(ret)) => {
                    let its = self.history.operation(event.index);
                    let Some(its) = its.filter(|its| self.specification.is_read(its.op)) else {
                        continue;
                    };
                    ahead.reads.push(ReadAhead {
                        op: its.op,
                        ret,
                        invocation: its.invocation,
                        completion: event.index,
                        slot: None,
                        behind: ahead.operations.len(),
                    });
                    if its.invocation > now {
                        break;
                    }
                }
            }
        }
        ahead
    }
}

/// Up to where operations of unknown outcome matter.
struct LastUses<'s, 'p, 'h, S: Specification> {
    check: &'s Check<'s, 'h, S>,
    positions: Positions<'p>,
    end: u64,
    /// By value, the last event that completes an operation about it; nothing, where some operation is about all values. Most
    /// histories have no operation of unknown outcome: it is not made for these.
    by_value: OnceCell<Option<FxHashMap<u64, u64>>>,
    /// Knows how much that takes, as long as it is there.
    meter: RefCell<Meter<'s>>,
}

impl<'s, 'p, 'h, S: Specification> LastUses<'s, 'p, 'h, S> {
    fn new(check: &'s Check<'s, 'h, S>, positions: Positions<'p>, end: u64) -> Self {
        Self {
            check,
            positions,
            end,
            by_value: OnceCell::new(),
            meter: RefCell::new(check.account.meter(u64::MAX)),
        }
    }

    /// The event up to which it matters whether this operation took effect.
    fn last(&self, op: &S::Op) -> u64 {
        let about = self.check.specification.about(op, None);
        let values = about.which().unwrap_or_default();
        if values.is_empty() {
            return u64::MAX;
        }
        match self.by_value.get_or_init(|| self.by_value()) {
            Some(by_value) => {
                let last = values.iter().filter_map(|value| by_value.get(value));
                last.copied().max().unwrap_or(0)
            }
            None => u64::MAX,
        }
    }

    fn by_value(&self) -> Option<FxHashMap<u64, u64>> {
        let Check {
            specification,
            history,
            ..
        } = self.check;
        let mut meter = self.meter.borrow_mut();
        let mut by_value = FxHashMap::default();
        for (position, done) in self.positions.clone().zip(0..) {
            let event = history.at(position).index;
            if event >= self.end {
                break;
            }
            // Whoever asked will see that there is no more to spend.
            let bytes = by_value.capacity() * size_of::<(u64, u64)>();
            meter.check_pass(done, bytes).ok()?;
            let (about, event) = match told(history, position, self.end) {
                None => continue,
                Some(Told::Invoke(_)) => continue, // it completes
                Some(Told::InvokeUnknown(op)) => (specification.about(op, None), None),
                Some(Told::Complete(ret)) => match history.operation(event) {
                    Some(its) => (specification.about(its.op, Some(ret)), Some(event)),
                    None => continue, // there is none: looked for beforehand
                },
            };
            let values = about.which()?;
            if let Some(event) = event {
                by_value.extend(values.iter().map(|&value| (value, event)));
            }
        }
        Some(by_value)
    }
}

/// What the event at this position says, as far as the events before `end` tell what comes of it. `None` if that is nothing.
#[inline]
pub(super) fn told<O, R>(
    history: &History<O, R>,
    position: usize,
    end: u64,
) -> Option<Told<'_, O, R>> {
    let event = history.at(position);
    match event.kind {
        EventKind::Mark(_) | EventKind::Info | EventKind::Fail => None,
        EventKind::Ok(ret) => Some(Told::Complete(ret)),
        EventKind::Invoke(op) => match history.end_at(position) {
            (_, completion) if completion >= end => Some(Told::InvokeUnknown(op)),
            (Outcome::Info | Outcome::Open, _) => Some(Told::InvokeUnknown(op)),
            (Outcome::Ok(ret), completion) => Some(Told::Invoke(Known {
                op,
                ret,
                invocation: event.index,
                completion,
            })),
            (Outcome::Fail, _) => None,
        },
    }
}

/// What an event says that matters.
pub(super) enum Told<'h, O, R> {
    /// An operation is invoked that will complete.
    Invoke(Known<'h, O, R>),
    /// One is of which nobody will know whether it takes effect.
    InvokeUnknown(&'h O),
    Complete(&'h R),
}

/// What came of a search.
struct Search<'s, 'h, S: Specification> {
    end: End<'s, 'h, S>,
    operations: u64,
}

/// A form of the search, and how long it may take.
enum Form {
    /// With all explanations of each moment at once, or those that the approach keeps.
    Wide(Approach, Patience),
    /// With one after the other.
    Deep(Patience),
}

/// How many configurations are looked at before something else is tried.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// At once.
    configurations: u64,
    /// And for each event that the search came by.
    per_event: u64,
}

impl Patience {
    /// What has not more than so many configurations an event is easy.
    const SHORT: Self = Self {
        configurations: SHARE,
        per_event: 8,
    };
    /// What leads straight to the end, or nearly so.
    const LITTLE: Self = Self {
        configurations: 1 << 12,
        per_event: 4,
    };
    /// What is decided at once.
    const NONE: Self = Self {
        configurations: 2,
        per_event: 0,
    };
    const ENDLESS: Self = Self {
        configurations: u64::MAX,
        per_event: 0,
    };

    fn times(self, times: u64) -> Self {
        Self {
            configurations: self.configurations.saturating_mul(times),
            per_event: self.per_event.saturating_mul(times),
        }
    }

    /// What may be done in all, in configurations, when so many events were come by.
    #[inline]
    pub(super) fn after(&self, events: usize) -> u64 {
        let earned = self.per_event.saturating_mul(events as u64);
        self.configurations.saturating_add(earned)
    }
}

enum End<'s, 'h, S: Specification> {
    /// All events were explained.
    Explained(Explanations<'s, 'h, S>),
    Stuck(Stuck<'s, 'h, S>),
    /// The approach does not tell.
    Lost,
    Unknown(Reason),
    /// Another part has an earlier violation.
    Unneeded,
}

/// Nothing explains the history up to this event and those that complete what is open there.
struct Stuck<'s, 'h, S: Specification> {
    event: u64,
    /// The completion, there or later, that is likely to be the one that nothing explains.
    blamed: u64,
    /// What there was before any operation was invoked that is open there, where that was kept.
    before: Option<Box<Checkpoint<'s, 'h, S>>>,
    /// What explains it before, where that was kept.
    how: Option<Box<Frontier<'s, 'h, S>>>,
}

impl<'s, 'h, S: Specification> Stuck<'s, 'h, S> {
    /// Up to where the history is explained, if it is so up to `known`.
    fn explains_up_to(&self, known: u64) -> u64 {
        // Those that did not count explain nothing.
        match self.how.as_ref().is_some_and(|its| its.is_loose()) {
            true => known,
            false => known.max(self.event),
        }
    }

    /// What explains it up to there.
    fn known(self) -> Option<(u64, Explanations<'s, 'h, S>)> {
        let frontier = self.how.filter(|frontier| !frontier.is_loose())?;
        Some((self.event, Explanations::Frontier(frontier)))
    }
}

/// A search as it was before some event, to be done again from there.
///
/// A history that ends earlier differs from the whole in what is known of the operations open at its end. So up to the
/// first of these, and as far before it as is looked ahead, both searches are the same.
struct Checkpoint<'s, 'h, S: Specification> {
    frontier: Frontier<'s, 'h, S>,
    slots: ByProcess<usize>,
    /// So many events had been gone through.
    done: usize,
    /// It serves where what is open was invoked at this event or later.
    is_known_from: Option<u64>,
}

impl<'s, 'h, S: Specification> Checkpoint<'s, 'h, S> {
    /// After so many events there is one.
    const EVERY: usize = if cfg!(test) { 4 } else { 1 << 12 };

    /// Before all events.
    fn start(frontier: Frontier<'s, 'h, S>) -> Self {
        Self {
            frontier,
            slots: ByProcess::new(),
            done: 0,
            is_known_from: None,
        }
    }

    /// `None` where there is too much to be kept.
    fn new(frontier: &Frontier<'s, 'h, S>, slots: &ByProcess<usize>, done: usize) -> Option<Self> {
        const MOST: usize = 1 << 10;
        (frontier.configurations.len() <= MOST).then(|| Self {
            frontier: frontier.without_past(),
            slots: slots.clone(),
            done,
            is_known_from: None,
        })
    }
}

/// What explains a history.
enum Explanations<'s, 'h, S: Specification> {
    Frontier(Box<Frontier<'s, 'h, S>>),
    One(S::State, Vec<u64>),
}

impl<S: Specification> Explanations<'_, '_, S> {
    fn number(&self) -> usize {
        match self {
            Self::Frontier(frontier) => frontier.configurations.len(),
            Self::One(..) => 1,
        }
    }

    /// One order.
    fn order(self) -> Vec<u64> {
        match self {
            Self::Frontier(frontier) => frontier.trail.up_to(frontier.configurations[0].last),
            Self::One(_, order) => order,
        }
    }

    /// Some of the states, and an order for each, which is made when it is asked for.
    fn some<'x>(self) -> Box<dyn Iterator<Item = (S::State, Vec<u64>)> + 'x>
    where
        Self: 'x,
    {
        let mut frontier = match self {
            Self::Frontier(frontier) => frontier,
            Self::One(state, order) => return Box::new(std::iter::once((state, order))),
        };
        let some = std::mem::take(&mut frontier.configurations).into_iter();
        Box::new(
            some.take(Violation::<()>::EXPLAINED)
                .map(move |its| (its.state, frontier.trail.up_to(its.last))),
        )
    }
}

/// The approaches that most histories are too easy for, against the exact one.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::Budget,
        history::HistoryBuilder,
        model::{CasRegister, Counter, KeyValue, Model, cas_register, counter, key_value},
    };
    use std::fmt;

    /// A number below this one.
    type Below<'a> = &'a mut dyn FnMut(u32) -> u32;

    /// A history by chance, right or wrong, in which most updates are of unknown outcome.
    fn history<M: Model<Op: Clone>>(
        model: &M,
        below: Below<'_>,
        op: fn(Below<'_>) -> M::Op,
        ret: fn(&M::Op, Below<'_>) -> M::Ret,
    ) -> History<M::Op, M::Ret> {
        let mut builder = HistoryBuilder::new();
        let mut state = model.initial();
        let mut open = Vec::new();
        let (mut invoked, operations) = (0, 3 + below(10));
        while invoked < operations || !open.is_empty() {
            if open.is_empty() || invoked < operations && open.len() < 3 && below(2) == 0 {
                let op = op(below);
                builder.invoke(u64::from(invoked), op.clone());
                open.push((u64::from(invoked), op));
                invoked += 1;
                continue;
            }
            let (process, op) = open.swap_remove(below(open.len() as u32) as usize);
            let is_lost = !model.is_read(&op) && below(3) > 0;
            if is_lost {
                builder.info(process);
            }
            if !is_lost || below(2) == 0 {
                let right = model.apply(&mut state, &op);
                if !is_lost {
                    let is_right = below(8) > 0;
                    builder.ok(process, if is_right { right } else { ret(&op, below) });
                }
            }
        }
        builder.finish().unwrap()
    }

    fn what_is_decided_is_so<M>(
        model: M,
        op: fn(Below<'_>) -> M::Op,
        ret: fn(&M::Op, Below<'_>) -> M::Ret,
    ) where
        M: Model<Op: Clone + fmt::Debug, Ret: Clone + fmt::Debug>,
    {
        use proptest::{
            prelude::RngCore,
            test_runner::{RngAlgorithm, TestRng},
        };
        let account = Account::new(Budget::unlimited(), 0);
        let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut below = |bound: u32| random.next_u32() % bound;
        let [mut good, mut explained, mut bad, mut stuck] = [0; 4];
        let [mut found, mut exhausted, mut from_checkpoint] = [0; 3];
        for _ in 0..10_000 {
            let history = history(&model, &mut below, op, ret);
            let check = Check::new(&model, &history, &account);
            let all = || Positions::All(0..history.len());
            let search = |approach| {
                check.earliest.store(u64::MAX, Relaxed);
                let start = Checkpoint::start(Frontier::new(&model, approach));
                let search = check.search(all(), u64::MAX, u64::MAX, Patience::ENDLESS, start);
                search.end
            };
            let first_unexplained =
                |stuck, is_hard| match check.first_unexplained(all(), stuck, is_hard) {
                    Some(Verdict::Violation(violation)) => violation,
                    _ => panic!("it was decided:\n{history}"),
                };
            let exact = match search(Approach::Exact) {
                End::Explained(_) => None,
                End::Stuck(stuck) => {
                    from_checkpoint += usize::from(stuck.before.is_some());
                    Some(first_unexplained(stuck, false))
                }
                _ => panic!("there is no budget"),
            };
            match &exact {
                None => good += 1,
                Some(_) => bad += 1,
            }
            match (search(Approach::Loose), &exact) {
                (End::Stuck(its), Some(exact)) => {
                    stuck += 1;
                    let loose = first_unexplained(its, true);
                    assert_eq!(loose.event, exact.event, "{history}");
                    let mut prefix = history.clone();
                    prefix.truncate(loose.event);
                    loose.prefix.validate(&model, &prefix).unwrap();
                }
                (End::Lost, _) | (End::Explained(_), None) => {}
                _ => panic!("a false alarm of those who do not count:\n{history}"),
            }
            check.earliest.store(u64::MAX, Relaxed);
            let deep = check.depth_first(all(), u64::MAX, u64::MAX, Patience::ENDLESS);
            match (deep.end, &exact) {
                (End::Explained(explanations), None) => {
                    found += 1;
                    let order = explanations.order();
                    Witness { order }.validate(&model, &history).unwrap();
                }
                // What it would have to go back to was forgotten.
                (End::Lost, _) => {}
                (End::Stuck(stuck), Some(exact)) => {
                    exhausted += 1;
                    let deep = first_unexplained(stuck, true);
                    assert_eq!(deep.event, exact.event, "{history}");
                    assert!(deep.is_first && !deep.explained.is_empty());
                    let mut prefix = history.clone();
                    prefix.truncate(deep.event);
                    deep.prefix.validate(&model, &prefix).unwrap();
                }
                _ => panic!("depth first tells something else:\n{history}"),
            }
            for kept in [1, 2, 4] {
                match (search(Approach::Narrow(kept)), &exact) {
                    (End::Explained(explanations), None) => {
                        explained += 1;
                        let order = explanations.order();
                        Witness { order }.validate(&model, &history).unwrap();
                    }
                    (End::Lost, _) | (End::Stuck(..), Some(_)) => {}
                    _ => panic!("{kept} of many tell something else:\n{history}"),
                }
            }
        }
        // They would not be worth their time if they did not decide most.
        assert!(
            good > 1_000 && explained > 2 * good,
            "{explained} of {good}"
        );
        assert!(bad > 1_000 && 2 * stuck > bad, "{stuck} of {bad}");
        assert!(5 * from_checkpoint > bad, "{from_checkpoint} of {bad}");
        assert!(10 * found > 9 * good, "{found} of {good}");
        assert!(2 * exhausted > bad, "{exhausted} of {bad}");
        assert!(found + exhausted < 10_000, "nothing was forgotten");
    }

    #[test]
    fn what_an_approach_decides_of_registers_is_so() {
        use cas_register::{Op, Ret};
        what_is_decided_is_so(
            CasRegister::new(),
            |below| match below(3) {
                0 => Op::Read,
                1 => Op::Write(below(3)),
                _ => Op::Cas(below(3), below(3)),
            },
            |op, below| match op {
                Op::Read => Ret::Value((below(5) > 0).then(|| below(3))),
                Op::Write(_) => Ret::Done,
                Op::Cas(..) => Ret::Swapped(below(2) == 0),
            },
        );
    }

    // States without end, and a model that looks ahead.
    #[test]
    fn what_an_approach_decides_of_what_grows_is_so() {
        use counter::{Op, Ret};
        what_is_decided_is_so(
            Counter::new(),
            |below| match below(2) {
                0 => Op::Get,
                _ => Op::Add(1 + i64::from(below(2))),
            },
            |op, below| match op {
                Op::Get => Ret::Count(i64::from(below(6))),
                _ => Ret::Done,
            },
        );
    }

    #[test]
    fn what_an_approach_decides_of_what_looks_ahead_is_so() {
        use key_value::{Op, Ret};
        what_is_decided_is_so(
            KeyValue::<u8, String>::new(),
            |below| match below(5) {
                0..2 => Op::Get(0),
                2 => Op::Put(0, ["a", "b"][below(2) as usize].to_owned()),
                _ => Op::Append(0, ["a", "b", "c"][below(3) as usize].to_owned()),
            },
            |op, below| match op {
                Op::Get(_) => {
                    Ret::Value(Some(["a", "ab", "b", "cb"][below(4) as usize].to_owned()))
                }
                _ => Ret::Done,
            },
        );
    }
}
