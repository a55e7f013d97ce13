//! Sequential consistency: one order for all, in which the operations of each process keep theirs.

use std::collections::HashMap;

use rustc_hash::FxHashSet;

use super::{
    Blocked, Budget, Consistency, Explained, Reason, Report, Spent, Verdict, Violation, Witness,
    budget::{Account, Meter},
    verdict::{Judged, operation, undecidable, why_not},
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
    let account = Account::new(*budget, history.len());
    let judged = judge(specification, history, &account);
    judged.report(Consistency::Sequential, &account)
}

fn judge<S: Specification>(
    specification: &S,
    history: &History<S::Op, S::Ret>,
    account: &Account,
) -> Judged<S::State> {
    if let Some(reason) = undecidable(history, account) {
        return Judged::unknown(reason);
    }
    let mut meter = account.meter(u64::MAX);
    let search = match Search::new(specification, history, &mut meter) {
        Ok(search) => search,
        Err(spent) => return Judged::unknown(Reason::Spent(spent)),
    };
    let found = search.run(&mut meter);
    Judged {
        verdict: found.unwrap_or_else(|spent| Verdict::Unknown(Reason::Spent(spent))),
        operations: search.operations,
        ends_in_one_state: false, // nobody asks
    }
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
    /// How many are in the lanes.
    operations: u64,
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

/// What is held, to be counted against the budget.
#[derive(Clone, Copy)]
struct Held {
    configurations: usize,
    bytes: usize,
}

impl Held {
    fn add<T>(&mut self, successor: &Successor<T>) {
        self.configurations += 1;
        self.bytes += successor.bytes();
    }

    fn remove<T>(&mut self, successor: &Successor<T>) {
        self.configurations -= 1;
        self.bytes -= successor.bytes();
    }

    fn check<T>(self, meter: &mut Meter<'_>) -> Result<(), Spent> {
        meter.check::<Configuration<T>>(self.configurations, self.bytes)
    }
}

impl<T> Configuration<T> {
    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&self.done[..])
    }
}

impl<T> Successor<T> {
    fn bytes(&self) -> usize {
        self.configuration.bytes() + size_of_val(&self.invocations[..])
    }
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
    fn new(
        specification: &'s S,
        history: &'h History<S::Op, S::Ret>,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Spent> {
        let mut places = HashMap::new();
        let mut lanes: Vec<Lane<'h, S::Op, S::Ret>> = Vec::new();
        let mut operations = 0;
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
            operations += 1;
            meter.check_pass(operations, Self::bytes_of(operations, lanes.len()))?;
        }
        Ok(Self {
            specification,
            lanes,
            operations: operations as u64,
        })
    }

    fn bytes_of(operations: usize, lanes: usize) -> usize {
        operations * size_of::<Step<'h, S::Op, S::Ret>>()
            + lanes * size_of::<Lane<'h, S::Op, S::Ret>>()
    }

    /// Depth first, remembering where it has been; the way back is a list, not the stack.
    fn run(&self, meter: &mut Meter<'_>) -> Result<Verdict<S::State>, Spent> {
        let mut start = Successor {
            configuration: Configuration {
                done: vec![0; self.lanes.len()].into(),
                state: self.specification.initial(),
            },
            invocations: Vec::new(),
        };
        // What was visited, and what is on the way and was not looked at.
        let mut held = Held {
            configurations: 0,
            bytes: Self::bytes_of(self.operations as usize, self.lanes.len()),
        };
        self.settle(&mut start, held, meter)?;
        held.add(&start);
        let mut order: Vec<u64> = Vec::new();
        let mut visited = FxHashSet::default();
        let mut longest: Option<DeadEnd<S::State>> = None;
        // So much of its order is that of the longest dead end: only what is new has to be copied for a longer one.
        let mut common = 0;
        let mut way = vec![Frame {
            order: 0,
            successors: vec![start],
        }];
        while let Some(frame) = way.last_mut() {
            order.truncate(frame.order);
            common = common.min(order.len());
            let Some(successor) = frame.successors.pop() else {
                way.pop();
                continue;
            };
            held.remove(&successor);
            let Successor {
                configuration,
                invocations,
            } = successor;
            meter.count();
            held.check::<S::State>(meter)?;
            if !visited.insert(configuration.clone()) {
                continue;
            }
            held.configurations += 1;
            held.bytes += configuration.bytes();
            order.extend(invocations);
            if self.is_complete(&configuration) {
                return Ok(Verdict::Linearizable(Witness { order }));
            }
            let successors = self.successors(&configuration, &mut held, meter)?;
            let length = longest.as_ref().map_or(0, |longest| longest.order.len());
            if successors.is_empty() && (longest.is_none() || order.len() > length) {
                let mut longer = longest.map_or_else(Vec::new, |longest| longest.order);
                longer.truncate(common);
                longer.extend(&order[common..]);
                common = order.len();
                longest = Some(DeadEnd {
                    order: longer,
                    configuration,
                });
            }
            way.push(Frame {
                order: order.len(),
                successors,
            });
        }
        let longest = longest.expect("the way ends somewhere");
        Ok(Verdict::Violation(Box::new(self.violation(longest))))
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

    /// What it leads to, which is held from then on.
    fn successors(
        &self,
        configuration: &Configuration<S::State>,
        held: &mut Held,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<Successor<S::State>>, Spent> {
        // To see that it is not complete, and which operations are next.
        meter.went_through(2 * self.lanes.len());
        let mut successors = Vec::new();
        for (lane, step) in self.next(configuration) {
            held.check::<S::State>(meter)?;
            let before = successors.len();
            self.specification
                .step(&configuration.state, step.op, step.ret, |state| {
                    let mut done = configuration.done.clone();
                    done[lane] += 1;
                    successors.push(Successor {
                        configuration: Configuration { done, state },
                        invocations: vec![step.invocation],
                    });
                });
            for successor in &mut successors[before..] {
                self.settle(successor, *held, meter)?;
                held.add(successor);
            }
        }
        // The last is tried first: what was invoked first, which is likely to be right.
        successors.sort_by_key(|successor| std::cmp::Reverse(successor.invocations[0]));
        Ok(successors)
    }

    /// Lets all reads take effect that can: they change nothing, and are in nobody's way. So each process is looked at once: what
    /// those of others return does not hang on it.
    fn settle(
        &self,
        successor: &mut Successor<S::State>,
        held: Held,
        meter: &mut Meter<'_>,
    ) -> Result<(), Spent> {
        let Successor {
            configuration: Configuration { done, state },
            invocations,
        } = successor;
        meter.went_through(self.lanes.len());
        for (lane, done) in self.lanes.iter().zip(done) {
            for step in &lane[*done as usize..] {
                let changes_nothing = |ret| self.specification.changes_nothing(step.op, ret);
                if !step.ret.is_some_and(changes_nothing) {
                    break;
                }
                let mut allowed = false;
                self.specification
                    .step(state, step.op, step.ret, |_| allowed = true);
                let bytes = held.bytes + size_of_val(&invocations[..]);
                Held { bytes, ..held }.check::<S::State>(meter)?;
                if !allowed {
                    break;
                }
                invocations.push(step.invocation);
                *done += 1;
            }
        }
        Ok(())
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
