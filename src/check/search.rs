//! What decides on one part: the frontier, driven from event to event, in one approach after the other.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{
    Reason, Spent, Verdict, Violation, Witness,
    budget::Account,
    configuration::Configuration,
    frontier::{Approach, Frontier, Stop},
    parts::Positions,
    verdict::violation,
    window::{Ahead, ReadAhead},
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
    fn of(verdict: Verdict<T>) -> Self {
        Self {
            verdict: Some(verdict),
            operations: 0,
            ends_in_one_state: false,
        }
    }

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

    /// Checks the events at these places, with as many bits as it takes.
    pub(super) fn part(&self, positions: Positions<'_>, most: u64) -> Part<S::State> {
        self.part_with::<1>(positions.clone(), most)
            .or_else(|| self.part_with::<4>(positions.clone(), most))
            .or_else(|| self.part_with::<64>(positions, most))
            .unwrap_or_else(|| {
                let limit = Frontier::<S, 64>::SLOTS;
                Part::of(Verdict::Unknown(Reason::TooManyOpen { limit }))
            })
    }

    /// `None` where that many bits are too few.
    fn part_with<const WORDS: usize>(
        &self,
        positions: Positions<'_>,
        most: u64,
    ) -> Option<Part<S::State>> {
        let mut is_hard = false;
        let Search { end, operations } =
            self.decide::<WORDS>(positions.clone(), u64::MAX, most, &mut is_hard)?;
        let ends_in_one_state = match &end {
            End::Explained(frontier) => frontier.is_in_one_state(),
            _ => false,
        };
        let verdict = match end {
            End::Explained(frontier) => Some(Verdict::Linearizable(Witness {
                order: frontier.trail.up_to(frontier.configurations[0].last),
            })),
            End::Stuck(event, frontier) => {
                self.first_unexplained(positions, event, frontier, is_hard)?
            }
            End::Unknown(reason) => Some(Verdict::Unknown(reason)),
            End::Lost => unreachable!("the last search loses nothing"),
            End::Unneeded => None,
        };
        Some(Part {
            verdict,
            operations,
            ends_in_one_state,
        })
    }

    /// The violation at the first event that nothing explains, where nothing explains the whole history, and the search was
    /// stuck at `stuck`: the events before that are explained.
    ///
    /// The search knew what operations return that complete later, and so it may have been stuck too early. What is looked for
    /// is the end of the shortest history that nothing explains. It is mostly here, and else not far.
    fn first_unexplained<const WORDS: usize>(
        &self,
        positions: Positions<'_>,
        stuck: u64,
        frontier: Frontier<'_, 'h, S, WORDS>,
        mut is_hard: bool,
    ) -> Option<Option<Verdict<S::State>>> {
        // So many events are explained, and so many are not.
        let mut explained = match frontier.is_loose() {
            true => self.history.start(),
            false => stuck,
        };
        let mut unexplained = self.history.end();
        let mut guess = stuck;
        let mut known = (stuck, frontier);
        let mut step = 1;
        while unexplained - explained > 1 || known.0 != explained {
            let end = match unexplained - explained {
                _ if (explained + 1..unexplained).contains(&guess) => guess,
                1 => explained,
                apart => explained + step.min(apart / 2),
            };
            match self
                .decide::<WORDS>(positions.clone(), end, u64::MAX, &mut is_hard)?
                .end
            {
                End::Explained(frontier) => {
                    known = (end, frontier);
                    explained = end;
                    step *= 2;
                }
                // Only where the model contradicts itself.
                End::Stuck(..) if end <= explained => break,
                End::Stuck(event, frontier) => {
                    unexplained = end;
                    guess = event;
                    if !frontier.is_loose() {
                        known = (event, frontier);
                        explained = explained.max(event);
                    }
                }
                // Where there is no budget for that, what is known has to do: it is a violation all the same.
                End::Unknown(_) => break,
                End::Lost => unreachable!("the last search loses nothing"),
                End::Unneeded => return Some(None),
            }
        }
        let (known_at, frontier) = known;
        let near = match frontier.is_loose() {
            true => guess,
            false => explained,
        };
        let is_first = known_at == near && unexplained - explained <= 1;
        let event = positions
            .map(|position| self.history.at(position))
            .find(|event| event.index >= near && (event.kind.is_ok() || event.kind.is_fail()))
            .map_or(stuck, |event| event.index);
        // Relaxed: a later one that is missed only costs time.
        self.earliest.fetch_min(event, Relaxed);
        // Those that did not count explain nothing.
        let configurations = match frontier.is_loose() {
            true => &[],
            false => &frontier.configurations[..],
        };
        let explain = |configuration: &Configuration<S::State, WORDS>| {
            // A model that looks ahead may have made it simpler than it is.
            let is_whole = !self.specification.looks_ahead();
            let state = is_whole.then(|| configuration.state.clone());
            (state, frontier.trail.up_to(configuration.last))
        };
        let mut violation = violation(
            self.specification,
            self.history,
            event,
            configurations.len(),
            configurations
                .iter()
                .take(Violation::<()>::EXPLAINED)
                .map(explain)
                .collect(),
        );
        violation.is_first = is_first;
        Some(Some(Verdict::Violation(Box::new(violation))))
    }

    /// Decides on the events before `end`, as if there were no more, having looked at no more than `most` configurations at a time.
    ///
    /// Most histories are easy. Of one that is not, much may be shown for less than it takes to keep all explanations: that there
    /// would be none if nobody counted, or that one of the best of each moment leads to the end. So that is tried first.
    fn decide<const WORDS: usize>(
        &self,
        positions: Positions<'_>,
        end: u64,
        most: u64,
        is_hard: &mut bool,
    ) -> Option<Search<'_, 'h, S, WORDS>> {
        /// What has not more than so many configurations an event is easy.
        const EASY: u64 = 32;
        /// Where unknown operations are not told apart, there are fewer, and what cannot be explained so is found out for good.
        const LOOSE: u64 = 8;
        let limit = most.min(SHARE + EASY * positions.len() as u64);
        let search = |approach, most| self.search(positions.clone(), end, most, approach);
        if !*is_hard {
            let easy = search(Approach::Exact, limit)?;
            match easy.end {
                End::Unknown(Reason::Spent(Spent::Configurations(spent)))
                    if spent == limit && limit < most => {}
                _ => return Some(easy),
            }
            *is_hard = true;
        }
        let loose = search(Approach::Loose, most.min(LOOSE * limit))?;
        if matches!(loose.end, End::Stuck(..) | End::Explained(_)) {
            return Some(loose);
        }
        for kept in [8, 128, 1024, 8192] {
            let narrow = search(Approach::Narrow(kept), most)?;
            if !matches!(narrow.end, End::Lost) {
                return Some(narrow);
            }
        }
        search(Approach::Exact, most)
    }

    /// Goes through the events before `end`, as if there were no more, until nothing explains one, or `most` configurations were
    /// looked at.
    fn search<const WORDS: usize>(
        &self,
        mut positions: Positions<'_>,
        end: u64,
        most: u64,
        approach: Approach,
    ) -> Option<Search<'_, 'h, S, WORDS>> {
        let mut frontier = Frontier::<S, WORDS>::new(self.specification, approach);
        let mut meter = self.account.meter(most);
        let mut slots = ByProcess::<usize>::new();
        let mut operations = 0;
        while let Some(position) = positions.next() {
            let event = self.history.at(position);
            if event.index >= end {
                break;
            }
            let result = match event.kind {
                EventKind::Mark(_) | EventKind::Info | EventKind::Fail => continue,
                EventKind::Invoke(op) => match self.end_before(end, position) {
                    Outcome::Fail => continue,
                    Outcome::Ok(ret) => {
                        operations += 1;
                        let slot = frontier.invoke(op, ret, event.index);
                        slot.and_then(|slot| {
                            slots.insert(event.process, slot);
                            frontier.look(&mut meter)
                        })
                    }
                    Outcome::Info | Outcome::Open => {
                        operations += 1;
                        frontier.invoke_unknown(op, event.index);
                        frontier.look(&mut meter)
                    }
                },
                EventKind::Ok(_) => match slots.remove(event.process) {
                    Some(slot) => {
                        let ahead = || self.ahead(positions.clone(), end);
                        frontier.complete(slot, ahead, &mut meter)
                    }
                    None => continue, // there is none: looked for beforehand
                },
            };
            let end = match result {
                Ok(()) if self.earliest.load(Relaxed) < event.index => End::Unneeded,
                Ok(()) => continue,
                Err(Stop::WindowFull) => return None,
                Err(Stop::Spent(spent)) => End::Unknown(Reason::Spent(spent)),
                Err(Stop::Empty) if frontier.is_narrowed => End::Lost,
                Err(Stop::Empty) => End::Stuck(event.index, frontier),
            };
            return Some(Search { end, operations });
        }
        let end = match frontier.is_loose() {
            true => End::Lost,
            false => End::Explained(frontier),
        };
        Some(Search { end, operations })
    }

    /// What came of the operation invoked at this position, as far as the events before `end` tell.
    fn end_before(&self, end: u64, position: usize) -> Outcome<&'h S::Ret> {
        match self.history.end_at(position) {
            (outcome, completion) if completion < end => outcome,
            _ => Outcome::Open,
        }
    }

    /// What is known of the next reads, `positions` being those of the events to come.
    fn ahead(&self, positions: Positions<'_>, end: u64) -> Ahead<'h, S::Op, S::Ret> {
        /// So many reads: more than one, since the next may have taken effect already.
        const READS: usize = 4;
        /// So far: where there are few reads, looking further takes longer than it saves.
        const EVENTS: usize = 256;

        let mut ahead = Ahead {
            operations: Vec::new(),
            reads: Vec::new(),
        };
        for position in positions.take(EVENTS) {
            let event = self.history.at(position);
            if event.index >= end || ahead.reads.len() == READS {
                break;
            }
            match event.kind {
                EventKind::Invoke(op) => match self.end_before(end, position) {
                    Outcome::Ok(ret) => ahead.operations.push((op, Some(ret))),
                    Outcome::Info | Outcome::Open => ahead.operations.push((op, None)),
                    Outcome::Fail => {}
                },
                EventKind::Ok(ret) => {
                    let its = self.history.operation(event.index);
                    let Some(its) = its.filter(|its| self.specification.is_read(its.op)) else {
                        continue;
                    };
                    ahead.reads.push(ReadAhead {
                        op: its.op,
                        ret,
                        invocation: its.invocation,
                        behind: ahead.operations.len(),
                    });
                }
                _ => {}
            }
        }
        ahead
    }
}

/// What came of a search.
struct Search<'s, 'h, S: Specification, const WORDS: usize> {
    end: End<Frontier<'s, 'h, S, WORDS>>,
    operations: u64,
}

enum End<F> {
    /// All events were explained.
    Explained(F),
    /// Nothing explains the history up to this event and those that complete what is open there.
    Stuck(u64, F),
    /// The approach does not tell.
    Lost,
    Unknown(Reason),
    /// Another part has an earlier violation.
    Unneeded,
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
        let account = Account::new(Budget::unlimited());
        let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut below = |bound: u32| random.next_u32() % bound;
        let [mut good, mut explained, mut bad, mut stuck] = [0; 4];
        for _ in 0..10_000 {
            let history = history(&model, &mut below, op, ret);
            let check = Check::new(&model, &history, &account);
            let all = || Positions::All(0..history.len());
            let search = |approach| {
                check.earliest.store(u64::MAX, Relaxed);
                let search = check.search::<1>(all(), u64::MAX, u64::MAX, approach);
                search.unwrap().end
            };
            let first_unexplained = |event, frontier, is_hard| match check.first_unexplained::<1>(
                all(),
                event,
                frontier,
                is_hard,
            ) {
                Some(Some(Verdict::Violation(violation))) => violation,
                _ => panic!("it was decided:\n{history}"),
            };
            let exact = match search(Approach::Exact) {
                End::Explained(_) => None,
                End::Stuck(event, frontier) => Some(first_unexplained(event, frontier, false)),
                _ => panic!("there is no budget"),
            };
            match &exact {
                None => good += 1,
                Some(_) => bad += 1,
            }
            match (search(Approach::Loose), &exact) {
                (End::Stuck(event, frontier), Some(exact)) => {
                    stuck += 1;
                    let loose = first_unexplained(event, frontier, true);
                    assert_eq!(loose.event, exact.event, "{history}");
                    let mut prefix = history.clone();
                    prefix.truncate(loose.event);
                    loose.prefix.validate(&model, &prefix).unwrap();
                }
                (End::Lost, _) | (End::Explained(_), None) => {}
                _ => panic!("a false alarm of those who do not count:\n{history}"),
            }
            for kept in [1, 2, 4] {
                match (search(Approach::Narrow(kept)), &exact) {
                    (End::Explained(frontier), None) => {
                        explained += 1;
                        let order = frontier.trail.up_to(frontier.configurations[0].last);
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
