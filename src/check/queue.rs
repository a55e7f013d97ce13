//! Linearizability of unbounded FIFO queues whose values are told apart.
//!
//! A search that decides, when an enqueue completes, where in the queue its value is, decides too early: with four threads
//! there are soon many pairs of values that may be in either order, and which one it was is seen only when they are
//! dequeued, long after. So here nothing is decided. An enqueue takes effect when it is invoked, and its value *floats*:
//! the state is the set of the values that are in the queue, each with the interval of its enqueue. What can be dequeued is
//! any value that no other must precede, because the other's enqueue had completed before this one was invoked.
//!
//! Why that is exact:
//!
//! - Dequeues that always take such a value take the values in an order that extends that of their enqueues in time. For
//!   intervals there are then moments within them in that same order: each as early as possible, at the latest of
//!   the invocations up to it. That is before each of the completions, or else one of the values would have had to
//!   precede another.
//! - A dequeue that finds the queue empty needs a moment when it is. The earliest is best, since later more enqueues have
//!   completed: the latest of all the invocations of what took effect before it, and its own. The queue can be empty
//!   then if no enqueue of a value that is still floating had completed.
//!
//! So the state also has that moment, and the moments are an order of all operations in the end.

use std::collections::{HashMap, VecDeque};
use std::{fmt::Debug, hash::Hash};

use super::{
    Blocked, Budget, Explained, Report, Verdict, Violation, Witness,
    linearizable::{by_moment, linearizable},
    verdict::{CANNOT, operation},
};
use crate::{
    event::EventKind,
    history::{History, HistoryBuilder, Outcome},
    model::{
        Queue, Specification,
        queue::{Op, Ret},
    },
};

/// Checks that the history of a FIFO queue is [linearizable], in time that grows with the length of the queue, and not
/// with the number of orders in which values may have been enqueued.
///
/// It is for unbounded queues of values that are enqueued only once, where each dequeue completed or failed, and nobody
/// peeked. The verdict on any other history is that of [`linearizable`].
///
/// # Panics
///
/// Never.
pub fn queue<V: Clone + Eq + Hash + Debug + Sync + Send>(
    model: &Queue<V>,
    history: &History<Op<V>, Ret<V>>,
    budget: &Budget,
) -> Report<VecDeque<V>> {
    match Floating::of(model, history) {
        None => linearizable(model, history, budget),
        Some((floating, derived)) => {
            let report = linearizable(&floating, &derived.history, budget);
            let verdict = match report.verdict {
                Verdict::Unknown(reason) => Verdict::Unknown(reason),
                Verdict::Linearizable(witness) => Verdict::Linearizable(Witness {
                    order: floating.order(&derived, &witness.order, u64::MAX),
                }),
                Verdict::Violation(violation) => {
                    Verdict::Violation(Box::new(floating.violation(&derived, history, &violation)))
                }
            };
            Report {
                verdict,
                operations: report.operations,
                configurations: report.configurations,
                elapsed: report.elapsed,
            }
        }
    }
}

/// A queue in which the order of the values is open.
struct Floating<'h, V> {
    puts: Vec<Put<'h, V>>,
}

/// An enqueue.
struct Put<'h, V> {
    value: &'h V,
    invocation: u64,
    /// Behind all events, where it has none.
    completion: u64,
}

/// What happens to the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// The enqueue of this number.
    Put(u32),
    /// A dequeue, invoked at this index.
    Take(u64),
}

/// The enqueue whose value was taken, if one was; nothing of an enqueue.
type Taken = Option<u32>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// The enqueues whose values are in the queue, in the order of their invocations.
    floating: Vec<u32>,
    /// The earliest moment at which all that took effect can have done so.
    moment: u64,
}

/// The history as one of a floating queue.
struct Derived {
    history: History<Step, Taken>,
    /// The index that each event has in the original history.
    original: Vec<u64>,
}

impl<V> Specification for Floating<'_, V> {
    type Op = Step;
    type Ret = Taken;
    type State = State;

    fn initial(&self) -> State {
        State {
            floating: Vec::new(),
            moment: 0,
        }
    }

    fn step(&self, state: &State, op: &Step, ret: Option<&Taken>, mut next: impl FnMut(State)) {
        match (*op, ret) {
            (Step::Put(put), _) => {
                let mut state = state.clone();
                let place = state.floating.partition_point(|other| *other < put);
                state.floating.insert(place, put);
                next(state);
            }
            (Step::Take(invocation), Some(Some(taken))) => {
                self.take(state, *taken, invocation)
                    .into_iter()
                    .for_each(next);
            }
            (Step::Take(invocation), Some(None)) => {
                let moment = state.moment.max(invocation);
                if self.first_completion(state) > moment {
                    let floating = state.floating.clone();
                    next(State { floating, moment });
                }
            }
            // Only while a dequeue that will fail is open: it may have taken any value that can be.
            (Step::Take(invocation), None) => {
                let any = state.floating.iter();
                any.filter_map(|taken| self.take(state, *taken, invocation))
                    .for_each(next);
            }
        }
    }
}

impl<'h, V: Clone + Eq + Hash + Debug> Floating<'h, V> {
    /// `None` where the history is not one that this is for.
    fn of(model: &Queue<V>, history: &'h History<Op<V>, Ret<V>>) -> Option<(Self, Derived)> {
        if model.capacity().is_some() {
            return None;
        }
        let mut puts = Vec::new();
        let mut numbers = HashMap::new();
        for operation in history.operations() {
            match (operation.op, operation.outcome) {
                (Op::Enqueue(value), outcome) => {
                    let completion = match outcome {
                        Outcome::Ok(Ret::Enqueued(true)) => operation.completion?,
                        Outcome::Ok(_) => return None,
                        Outcome::Fail | Outcome::Info | Outcome::Open => u64::MAX,
                    };
                    let number = u32::try_from(puts.len()).ok()?;
                    if numbers.insert(value, number).is_some() {
                        return None;
                    }
                    puts.push(Put {
                        value,
                        invocation: operation.invocation,
                        completion,
                    });
                }
                (Op::Dequeue, Outcome::Ok(Ret::Value(_)) | Outcome::Fail) => {}
                (Op::Dequeue | Op::Peek | Op::Len, _) => return None,
            }
        }
        let mut builder = HistoryBuilder::new();
        let mut original = Vec::with_capacity(history.len());
        let mut put = 0;
        for event in history {
            let operation = history.operation(event.index);
            let Some(operation) = operation else {
                match event.kind.is_mark() {
                    true => continue,
                    false => return None, // it begins in the middle
                }
            };
            let process = event.process;
            let is_put = matches!(operation.op, Op::Enqueue(_));
            match (event.kind, is_put) {
                (EventKind::Invoke(_), true) => {
                    builder.invoke(process, Step::Put(put));
                    put += 1;
                    if operation.outcome != Outcome::Fail {
                        original.push(event.index);
                        builder.ok(process, None);
                    }
                }
                (EventKind::Invoke(_), false) => {
                    builder.invoke(process, Step::Take(event.index));
                }
                (EventKind::Fail, _) => {
                    builder.fail(process);
                }
                (EventKind::Ok(Ret::Value(value)), false) => {
                    // What nobody enqueued, nobody has the number of.
                    let taken = value.as_ref().map(|value| numbers.get(value).copied());
                    builder.ok(process, taken.map(|taken| taken.unwrap_or(u32::MAX)));
                }
                _ => continue,
            }
            original.push(event.index);
        }
        let history = builder.finish().ok()?;
        Some((Self { puts }, Derived { history, original }))
    }

    /// The order of all operations that an order of dequeues makes. What is enqueued by the event `until` and never
    /// dequeued comes last.
    fn order(&self, derived: &Derived, order: &[u64], until: u64) -> Vec<u64> {
        let mut moments = Vec::new();
        let mut taken = vec![false; self.puts.len()];
        let mut put_moment = 0;
        let mut moment = 0;
        for index in order {
            let Some(operation) = derived.history.operation(*index) else {
                continue;
            };
            let invocation = derived.original[*index as usize];
            match (operation.op, operation.outcome) {
                (Step::Take(_), Outcome::Ok(Some(number))) => {
                    let Some(put) = self.puts.get(*number as usize) else {
                        continue; // open, and will return what nobody enqueued
                    };
                    taken[*number as usize] = true;
                    put_moment = put.invocation.max(put_moment);
                    moments.push((put_moment, put.invocation));
                    moment = moment.max(put_moment).max(invocation);
                    moments.push((moment, invocation));
                }
                (Step::Take(_), Outcome::Ok(None)) => {
                    moment = moment.max(invocation);
                    put_moment = put_moment.max(moment);
                    moments.push((moment, invocation));
                }
                _ => {}
            }
        }
        let left = self.puts.iter().zip(&taken).filter(|(_, taken)| !**taken);
        for (put, _) in left.filter(|(put, _)| put.completion != u64::MAX && put.invocation < until)
        {
            put_moment = put_moment.max(put.invocation);
            moments.push((put_moment, put.invocation));
        }
        by_moment(moments)
    }

    /// A linearization of the events before this one. Empty where a dequeue that is still open then took another value than
    /// it will return, which the order alone does not tell.
    fn prefix(
        &self,
        derived: &Derived,
        history: &History<Op<V>, Ret<V>>,
        order: &[u64],
        event: u64,
    ) -> Witness {
        let order = self.order(derived, order, event);
        let mut before = history.clone();
        before.truncate(event);
        let witness = Witness { order };
        match witness.validate(&Queue::new(), &before) {
            Ok(()) => witness,
            Err(_) => Witness::default(),
        }
    }

    fn violation(
        &self,
        derived: &Derived,
        history: &History<Op<V>, Ret<V>>,
        violation: &Violation<State>,
    ) -> Violation<VecDeque<V>> {
        let original = |index: u64| derived.original[index as usize];
        let event = original(violation.event);
        let said = |invocation| {
            let Some(its) = history.operation(invocation) else {
                return String::new();
            };
            match its.outcome {
                Outcome::Ok(ret) => operation(its.op, Some(ret)),
                _ => operation(its.op, None::<&()>),
            }
        };
        let explained = violation.explained.iter().map(|explained| Explained {
            state: explained
                .state
                .floating
                .iter()
                .map(|number| self.puts[*number as usize].value.clone())
                .collect(),
            blocked: explained
                .blocked
                .iter()
                .map(|blocked| Blocked {
                    invocation: original(blocked.invocation),
                    operation: said(original(blocked.invocation)),
                    why: match blocked.why.as_str() {
                        CANNOT => "another value is before it, or it is not there".to_owned(),
                        why => why.to_owned(),
                    },
                })
                .collect(),
        });
        Violation {
            event,
            invocation: original(violation.invocation),
            operation: said(original(violation.invocation)),
            prefix: self.prefix(derived, history, &violation.prefix.order, event),
            explained: explained.collect(),
            configurations: violation.configurations,
        }
    }
}

impl<V> Floating<'_, V> {
    /// The state after this value was dequeued, if it can be.
    fn take(&self, state: &State, taken: u32, invocation: u64) -> Option<State> {
        let place = state.floating.binary_search(&taken).ok()?;
        let put = &self.puts[taken as usize];
        if self.first_completion(state) < put.invocation {
            return None; // another value precedes it
        }
        let mut floating = state.floating.clone();
        floating.remove(place);
        let moment = state.moment.max(invocation).max(put.invocation);
        Some(State { floating, moment })
    }

    /// The earliest completion among the enqueues of the values in the queue.
    fn first_completion(&self, state: &State) -> u64 {
        let completions = state
            .floating
            .iter()
            .map(|put| self.puts[*put as usize].completion);
        completions.min().unwrap_or(u64::MAX)
    }
}
