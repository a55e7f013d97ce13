//! The checkers, each as a function from a history to whether it is linearizable, and how long it took to find out:
//! checking alone, without what it takes to put the history into the checker's own form.
//!
//! | | | how |
//! |---|---|---|
//! | porcupine-rs | [Porcupine](https://github.com/anishathalye/porcupine) in Rust | depth first, with a memo of bit sets over the history |
//! | todc-utils | `WGLChecker` | the same, with a `Vec<bool>` for each memory |
//! | stateright | `LinearizabilityTester`, for the histories of a model checker | all interleavings, without a memo |
//! | lincheck | `LinearizabilityChecker`, for executions under loom | all orders, without a memo |

use std::{
    collections::VecDeque,
    fmt::Debug,
    hash::Hash,
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use tachograph::{
    EventKind, History,
    check::{self, Budget},
    model::{Model, Queue, Register, queue},
};

use crate::histories::{Queues, Registers};

pub struct Rival {
    pub name: &'static str,
    pub register: fn(Registers) -> (bool, Duration),
    pub queue: fn(Queues) -> (bool, Duration),
}

pub const RIVALS: &[Rival] = &[
    Rival {
        name: "tachograph",
        register: |history| {
            timed(|| {
                check::linearizable(&Register::new(), &history, UNLIMITED)
                    .verdict
                    .is_linearizable()
            })
        },
        queue: |history| {
            timed(|| {
                check::linearizable(&Queue::new(), &history, UNLIMITED)
                    .verdict
                    .is_linearizable()
            })
        },
    },
    Rival {
        name: "porcupine-rs",
        register: porcupine::<Register<u64>>,
        queue: porcupine::<Queue<u64>>,
    },
    Rival {
        name: "todc-utils",
        register: todc::<Register<u64>>,
        queue: todc::<Queue<u64>>,
    },
    Rival {
        name: "stateright",
        register: stateright::<Register<u64>>,
        queue: stateright::<Queue<u64>>,
    },
    Rival {
        name: "lincheck",
        register: lincheck::<Register<u64>>,
        queue: lincheck::<Queue<u64>>,
    },
];

const UNLIMITED: &Budget = &Budget::unlimited();

fn timed(check: impl FnOnce() -> bool) -> (bool, Duration) {
    let began = Instant::now();
    let good = check();
    (good, began.elapsed())
}

/// What the rivals are told about an object: the same as tachograph is.
trait Object: Clone + Send + Sync + 'static {
    type Op: Clone + Debug + Send + Sync;
    type Ret: Clone + Debug + PartialEq + Send + Sync;
    type State: Clone + Debug + Default + Eq + Hash + Send + Sync;

    fn apply(state: &mut Self::State, op: &Self::Op) -> Self::Ret;
}

impl Object for Register<u64> {
    type Op = <Self as Model>::Op;
    type Ret = Option<u64>;
    type State = Option<u64>;

    fn apply(state: &mut Self::State, op: &Self::Op) -> Self::Ret {
        Model::apply(&Self::new(), state, op)
    }
}

impl Object for Queue<u64> {
    type Op = queue::Op<u64>;
    type Ret = queue::Ret<u64>;
    type State = VecDeque<u64>;

    fn apply(state: &mut Self::State, op: &Self::Op) -> Self::Ret {
        Model::apply(&Self::new(), state, op)
    }
}

type HistoryOf<T> = History<<T as Object>::Op, <T as Object>::Ret>;

/// An operation of a history in which all complete.
struct Done<T: Object> {
    op: T::Op,
    ret: T::Ret,
    process: u64,
    invocation: u64,
    completion: u64,
}

fn operations<T: Object>(history: &HistoryOf<T>) -> Vec<Done<T>> {
    let done = |it: tachograph::Operation<'_, T::Op, T::Ret>| match it.outcome {
        tachograph::Outcome::Ok(ret) => Done {
            op: it.op.clone(),
            ret: ret.clone(),
            process: it.process.0,
            invocation: it.invocation,
            completion: it.completion.expect("it completed"),
        },
        _ => unreachable!("all complete"),
    };
    history.operations().map(done).collect()
}

/// Whether the operation returns that, and the state behind it.
fn step<T: Object>(state: &T::State, (op, ret): &(T::Op, T::Ret)) -> (bool, T::State) {
    let mut state = state.clone();
    let returned = T::apply(&mut state, op);
    (returned == *ret, state)
}

#[derive(Clone)]
struct Porcupine<T>(PhantomData<fn() -> T>);

impl<T: Object> porcupine_rs::Model for Porcupine<T> {
    type State = T::State;
    type Op = (T::Op, T::Ret);
    type Metadata = ();

    fn init() -> T::State {
        T::State::default()
    }

    fn step(state: &T::State, op: &Self::Op) -> (bool, T::State) {
        step::<T>(state, op)
    }
}

fn porcupine<T: Object>(history: HistoryOf<T>) -> (bool, Duration) {
    let operations = operations::<T>(&history)
        .into_iter()
        .map(|it| porcupine_rs::Operation::<Porcupine<T>> {
            client_id: None,
            call_time: it.invocation as i64,
            return_time: it.completion as i64,
            op: (it.op, it.ret),
            metadata: None,
        });
    let operations: Vec<_> = operations.collect();
    timed(|| porcupine_rs::check_operations(&operations))
}

struct Todc<T>(PhantomData<fn() -> T>);

impl<T: Object> todc_utils::specifications::Specification for Todc<T> {
    type State = T::State;
    type Operation = (T::Op, T::Ret);

    fn init() -> T::State {
        T::State::default()
    }

    fn apply(op: &Self::Operation, state: &T::State) -> (bool, T::State) {
        step::<T>(state, op)
    }
}

fn todc<T: Object>(history: HistoryOf<T>) -> (bool, Duration) {
    use todc_utils::linearizability::{WGLChecker, history};
    let actions = history.events().map(|event| {
        let operation = history
            .operation(event.index)
            .expect("all are of operations");
        let tachograph::Outcome::Ok(ret) = operation.outcome else {
            unreachable!("all complete")
        };
        let both = (operation.op.clone(), ret.clone());
        let action = match event.kind {
            EventKind::Invoke(_) => history::Action::Call(both),
            _ => history::Action::Response(both),
        };
        (event.process.0 as usize, action)
    });
    let history = history::History::from_actions(actions.collect());
    timed(|| WGLChecker::<Todc<T>>::is_linearizable(history))
}

/// An object as stateright and lincheck want it.
#[derive(Clone)]
struct Sequential<T: Object>(T::State);

impl<T: Object> Default for Sequential<T> {
    fn default() -> Self {
        Self(T::State::default())
    }
}

impl<T: Object> stateright::semantics::SequentialSpec for Sequential<T> {
    type Op = T::Op;
    type Ret = T::Ret;

    fn invoke(&mut self, op: &T::Op) -> T::Ret {
        T::apply(&mut self.0, op)
    }
}

fn stateright<T: Object>(history: HistoryOf<T>) -> (bool, Duration) {
    use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
    let mut tester = LinearizabilityTester::new(Sequential::<T>::default());
    for event in history.events() {
        let process = event.process.0;
        let told = match event.kind {
            EventKind::Invoke(op) => tester.on_invoke(process, op.clone()).map(|_| ()),
            EventKind::Ok(ret) => tester.on_return(process, ret.clone()).map(|_| ()),
            _ => unreachable!("all complete"),
        };
        told.expect("a history");
    }
    // It recurses, an operation a call.
    with_a_deep_stack(move || timed(|| tester.is_consistent()))
}

impl<T: Object> lincheck::SequentialSpec for Sequential<T> {
    type Op = T::Op;
    type Ret = T::Ret;

    fn exec(&mut self, op: T::Op) -> T::Ret {
        T::apply(&mut self.0, &op)
    }
}

/// Its executions can only be recorded, so each client is a thread that waits for its turn.
fn lincheck<T: Object>(history: HistoryOf<T>) -> (bool, Duration) {
    use lincheck::{checker::LinearizabilityChecker, recorder};
    let recorder = recorder::record_init_part().record_parallel_part();
    let turn = AtomicUsize::new(0);
    let wait = |index: u64| {
        while turn.load(SeqCst) != index as usize {
            thread::yield_now();
        }
    };
    let mut clients: std::collections::BTreeMap<u64, Vec<Done<T>>> = Default::default();
    for operation in operations::<T>(&history) {
        clients
            .entry(operation.process)
            .or_default()
            .push(operation);
    }
    thread::scope(|scope| {
        for operations in clients.into_values() {
            let (recorder, turn, wait) = (&recorder, &turn, &wait);
            scope.spawn(move || {
                let mut client = recorder.record_thread();
                for it in operations {
                    wait(it.invocation);
                    recorder::Recorder::record(&mut client, it.op, || {
                        turn.fetch_add(1, SeqCst);
                        wait(it.completion);
                        it.ret
                    });
                    turn.fetch_add(1, SeqCst);
                }
            });
        }
    });
    let execution = recorder.finish();
    with_a_deep_stack(move || timed(|| LinearizabilityChecker::<Sequential<T>>::check(&execution)))
}

fn with_a_deep_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(1 << 30);
        let thread = thread.spawn_scoped(scope, run).expect("a thread");
        thread.join().expect("it ends")
    })
}
