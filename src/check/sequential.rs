//! Sequential consistency: one order for all, in which the operations of each process keep theirs.

use std::collections::HashMap;

use rustc_hash::FxHashSet;

use super::{
    Blocked, Budget, Consistency, Explained, Reason, Report, Verdict, Violation, Witness,
    budget::{Account, Meter},
    verdict::{Judged, no_beginning, operation, why_not},
};
use crate::{
    history::{History, Outcome},
    model::Specification,
};

/// Checks that the history is sequentially consistent: that there is an order of the operations in which each returns what
/// the specification says, and those of a process come in its own order ([Lamport
/// 1979](https://doi.org/10.1109/TC.1979.1675439)). When they happened does not matter.
///
/// [`Verdict::Linearizable`] has that order, and [`Report::consistency`] says what it is an order of. Outcomes count as in
/// [`linearizable`](super::linearizable), but parts of an object cannot be checked apart. A violation is no
/// matter of one event here; it names an operation that the longest order found cannot go on with.
///
/// Takes time and memory exponential in the number of processes, and beyond small histories often more than there is:
/// give it a budget. The problem is NP-complete ([Gibbons and Korach 1997](https://doi.org/10.1137/S0097539794279614)).
///
/// # Panics
///
/// Where the specification does.
pub fn sequentially_consistent<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    budget: &Budget,
) -> Report<S::State> {
    let account = Account::new(*budget);
    if let Some(reason) = no_beginning(history) {
        return Judged::unknown(reason).report(Consistency::Sequential, &account);
    }
    let search = Search::new(specification, history);
    let verdict = search.run(&mut account.meter(u64::MAX));
    let judged = Judged {
        verdict,
        operations: search.lanes.iter().map(|lane| lane.len() as u64).sum(),
        ends_in_one_state: false, // nobody asks
    };
    judged.report(Consistency::Sequential, &account)
}

/// An operation that may take effect.
struct Step<'h, O, R> {
    op: &'h O,
    /// What it returned, where that is known.
    ret: Option<&'h R>,
    invocation: u64,
    completion: Option<u64>,
}

/// The operations of a process in its order. One of unknown outcome is the last.
type Lane<'h, O, R> = Vec<Step<'h, O, R>>;

struct Search<'s, 'h, S: Specification> {
    specification: &'s S,
    lanes: Vec<Lane<'h, S::Op, S::Ret>>,
}

/// How far each process is, and the state then.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Configuration<T> {
    done: Box<[u32]>,
    state: T,
}

/// A configuration that another one leads to, by these operations.
struct Successor<T> {
    configuration: Configuration<T>,
    invocations: Vec<u64>,
}

/// Where the search came by: how long the order was there, and which ways on are left.
struct Frame<T> {
    order: usize,
    successors: Vec<Successor<T>>,
}

/// The longest order that led nowhere.
struct DeadEnd<T> {
    order: Vec<u64>,
    configuration: Configuration<T>,
}

impl<'s, 'h, S: Specification> Search<'s, 'h, S> {
    fn new(specification: &'s S, history: &'h History<S::Op, S::Ret>) -> Self {
        let mut places = HashMap::new();
        let mut lanes: Vec<Lane<'h, S::Op, S::Ret>> = Vec::new();
        for operation in history.operations() {
            let ret = match operation.outcome {
                Outcome::Ok(ret) => Some(ret),
                Outcome::Fail => continue,
                Outcome::Info | Outcome::Open => None,
            };
            if ret.is_none() && specification.is_read(operation.op) {
                continue; // whatever it would return, it changes nothing
            }
            let place = *places.entry(operation.process).or_insert_with(|| {
                lanes.push(Vec::new());
                lanes.len() - 1
            });
            lanes[place].push(Step {
                op: operation.op,
                ret,
                invocation: operation.invocation,
                completion: operation.completion,
            });
        }
        Self {
            specification,
            lanes,
        }
    }

    /// Depth first, remembering where it has been; the way back is a list, not the stack.
    fn run(&self, meter: &mut Meter<'_>) -> Verdict<S::State> {
        let mut start = Successor {
            configuration: Configuration {
                done: vec![0; self.lanes.len()].into(),
                state: self.specification.initial(),
            },
            invocations: Vec::new(),
        };
        self.settle(&mut start);
        let mut order = Vec::new();
        let mut visited = FxHashSet::default();
        let mut longest: Option<DeadEnd<S::State>> = None;
        // Those that are on the way and were not looked at.
        let mut waiting = 1;
        let mut way = vec![Frame {
            order: 0,
            successors: vec![start],
        }];
        while let Some(frame) = way.last_mut() {
            order.truncate(frame.order);
            let Some(Successor {
                configuration,
                invocations,
            }) = frame.successors.pop()
            else {
                way.pop();
                continue;
            };
            waiting -= 1;
            meter.count();
            let held = visited.len() + waiting;
            if let Err(spent) = meter.check::<S::State>(held, held * self.bytes_of_one()) {
                return Verdict::Unknown(Reason::Spent(spent));
            }
            if !visited.insert(configuration.clone()) {
                continue;
            }
            order.extend(invocations);
            if self.is_complete(&configuration) {
                return Verdict::Linearizable(Witness { order });
            }
            let successors = self.successors(&configuration);
            waiting += successors.len();
            // Each says of each process how far it is.
            meter.went_through(successors.len() * self.lanes.len());
            let length = longest.as_ref().map_or(0, |longest| longest.order.len());
            if successors.is_empty() && (longest.is_none() || order.len() > length) {
                longest = Some(DeadEnd {
                    order: order.clone(),
                    configuration,
                });
            }
            way.push(Frame {
                order: order.len(),
                successors,
            });
        }
        let longest = longest.expect("the way ends somewhere");
        Verdict::Violation(Box::new(self.violation(longest)))
    }

    fn bytes_of_one(&self) -> usize {
        size_of::<Configuration<S::State>>() + self.lanes.len() * size_of::<u32>()
    }

    fn next<'a>(
        &'a self,
        configuration: &'a Configuration<S::State>,
    ) -> impl Iterator<Item = (usize, &'a Step<'h, S::Op, S::Ret>)> {
        let lanes = self.lanes.iter().zip(&configuration.done).enumerate();
        lanes.filter_map(|(number, (lane, done))| Some((number, lane.get(*done as usize)?)))
    }

    /// Whether all has taken effect that must have.
    fn is_complete(&self, configuration: &Configuration<S::State>) -> bool {
        self.next(configuration).all(|(_, step)| step.ret.is_none())
    }

    fn successors(&self, configuration: &Configuration<S::State>) -> Vec<Successor<S::State>> {
        let mut successors = Vec::new();
        for (lane, step) in self.next(configuration) {
            self.specification
                .step(&configuration.state, step.op, step.ret, |state| {
                    let mut done = configuration.done.clone();
                    done[lane] += 1;
                    let mut successor = Successor {
                        configuration: Configuration { done, state },
                        invocations: vec![step.invocation],
                    };
                    self.settle(&mut successor);
                    successors.push(successor);
                });
        }
        // The last is tried first: what was invoked first, which is likely to be right.
        successors.sort_by_key(|successor| std::cmp::Reverse(successor.invocations[0]));
        successors
    }

    /// Lets all reads take effect that can: they change nothing, and are in nobody's way.
    fn settle(&self, successor: &mut Successor<S::State>) {
        loop {
            let configuration = &successor.configuration;
            let read = self.next(configuration).find(|(_, step)| {
                let mut allowed = false;
                if step.ret.is_some() && self.specification.is_read(step.op) {
                    self.specification
                        .step(&configuration.state, step.op, step.ret, |_| allowed = true);
                }
                allowed
            });
            let Some((lane, step)) = read else { return };
            successor.invocations.push(step.invocation);
            successor.configuration.done[lane] += 1;
        }
    }

    fn violation(&self, longest: DeadEnd<S::State>) -> Violation<S::State> {
        let DeadEnd {
            order,
            configuration,
        } = longest;
        let steps: Vec<_> = self.next(&configuration).map(|(_, step)| step).collect();
        let must = steps.iter().filter(|step| step.ret.is_some());
        let first = must
            .min_by_key(|step| step.completion)
            .expect("a dead end has something left that must take effect");
        let blocked = |step: &&Step<'h, S::Op, S::Ret>| Blocked {
            invocation: step.invocation,
            operation: operation(step.op, step.ret),
            why: why_not(self.specification, &configuration.state, step.op, step.ret),
        };
        Violation {
            consistency: Consistency::Sequential,
            event: first.completion.unwrap_or(first.invocation),
            is_first: false,
            invocation: first.invocation,
            operation: operation(first.op, first.ret),
            prefix: Witness { order },
            explained: vec![Explained {
                state: configuration.state.clone(),
                blocked: steps
                    .iter()
                    .take(Violation::<()>::BLOCKED)
                    .map(blocked)
                    .collect(),
            }],
            configurations: 1,
        }
    }
}
