//! The models that are tested, and what their operations are.

use super::random::Random;
use tachograph::{
    History,
    check::{self, Budget, Report},
    model::{
        CasRegister, Counter, KeyValue, Log, Model, Mutex, PriorityQueue, Queue, Register,
        Semaphore, Set, Snapshot, Stack, cas_register, counter, key_value, log, mutex,
        priority_queue, queue, register, semaphore, set, snapshot, stack,
    },
};

/// A model, and chance operations and results of it: few different values, so that much can be confused.
pub trait Family {
    type Model: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync;

    const NAME: &'static str;

    fn model() -> Self::Model;
    fn op(random: &mut Random) -> <Self::Model as Model>::Op;
    /// Any result, whether it can be or not.
    fn ret(random: &mut Random) -> <Self::Model as Model>::Ret;

    /// What is tested.
    fn check(history: &HistoryOf<Self>, budget: &Budget) -> Report<StateOf<Self>> {
        check::linearizable(&Self::model(), history, budget)
    }
}

pub type HistoryOf<F> =
    History<<<F as Family>::Model as Model>::Op, <<F as Family>::Model as Model>::Ret>;
pub type StateOf<F> = <<F as Family>::Model as Model>::State;

/// Queues whose values are mostly different.
pub struct Queues;

impl Family for Queues {
    type Model = Queue<u8>;

    const NAME: &'static str = "queue";

    fn model() -> Queue<u8> {
        Queue::new()
    }

    fn op(random: &mut Random) -> queue::Op<u8> {
        match random.below(2) {
            0 => queue::Op::Dequeue,
            _ => queue::Op::Enqueue(random.below(20) as u8),
        }
    }

    fn ret(random: &mut Random) -> queue::Ret<u8> {
        match random.below(8) {
            0 => queue::Ret::Enqueued(true),
            1 | 2 => queue::Ret::Value(None),
            _ => queue::Ret::Value(Some(random.below(20) as u8)),
        }
    }
}

pub struct Registers;

impl Family for Registers {
    type Model = Register<u8>;

    const NAME: &'static str = "register";

    fn model() -> Register<u8> {
        Register::new()
    }

    fn op(random: &mut Random) -> register::Op<u8> {
        match random.below(2) {
            0 => register::Op::Read,
            _ => register::Op::Write(random.below(3) as u8),
        }
    }

    fn ret(random: &mut Random) -> Option<u8> {
        (!random.one_in(4)).then(|| random.below(3) as u8)
    }
}

pub struct CasRegisters;

impl Family for CasRegisters {
    type Model = CasRegister<u8>;

    const NAME: &'static str = "cas-register";

    fn model() -> CasRegister<u8> {
        CasRegister::new()
    }

    fn op(random: &mut Random) -> cas_register::Op<u8> {
        let mut value = || random.below(3) as u8;
        let (old, new) = (value(), value());
        match random.below(3) {
            0 => cas_register::Op::Read,
            1 => cas_register::Op::Write(new),
            _ => cas_register::Op::Cas(old, new),
        }
    }

    fn ret(random: &mut Random) -> cas_register::Ret<u8> {
        match random.below(3) {
            0 => cas_register::Ret::Value((!random.one_in(4)).then(|| random.below(3) as u8)),
            1 => cas_register::Ret::Done,
            _ => cas_register::Ret::Swapped(random.one_in(2)),
        }
    }
}

/// The same model, of which the checker does not know that it is a collection.
pub struct Plain<M>(pub M);

impl<M: Model> Model for Plain<M> {
    type Op = M::Op;
    type Ret = M::Ret;
    type State = M::State;

    fn initial(&self) -> M::State {
        self.0.initial()
    }

    fn apply(&self, state: &mut M::State, op: &M::Op) -> M::Ret {
        self.0.apply(state, op)
    }

    fn is_read(&self, op: &M::Op) -> bool {
        self.0.is_read(op)
    }

    fn changes_nothing(&self, op: &M::Op, ret: &M::Ret) -> bool {
        self.0.changes_nothing(op, ret)
    }
}

/// Two counters and the sum of both: operations with a part and without, of which the checker knows parts only where
/// all have one.
pub struct Pairs;

/// A model of a user's own: two numbers.
pub struct Pair;

#[derive(Clone, Debug, PartialEq)]
pub enum PairOp {
    Add(bool, u8),
    Get(bool),
}

impl Model for Pair {
    type Op = PairOp;
    type Ret = u8;
    type State = [u8; 2];

    fn initial(&self) -> [u8; 2] {
        [0, 0]
    }

    fn apply(&self, state: &mut [u8; 2], op: &PairOp) -> u8 {
        match *op {
            PairOp::Add(side, by) => {
                let number = &mut state[usize::from(side)];
                *number = (*number + by) % 4;
                *number
            }
            PairOp::Get(side) => state[usize::from(side)],
        }
    }

    fn is_read(&self, op: &PairOp) -> bool {
        matches!(op, PairOp::Get(_))
    }

    fn part(&self, op: &PairOp) -> Option<u64> {
        match *op {
            PairOp::Add(side, _) | PairOp::Get(side) => Some(side.into()),
        }
    }
}

impl Family for Pairs {
    type Model = Pair;

    const NAME: &'static str = "pair of counters";

    fn model() -> Pair {
        Pair
    }

    fn op(random: &mut Random) -> PairOp {
        let side = random.one_in(2);
        match random.below(3) {
            0 => PairOp::Get(side),
            _ => PairOp::Add(side, random.below(3) as u8),
        }
    }

    fn ret(random: &mut Random) -> u8 {
        random.below(4) as u8
    }
}

/// A family of a model by its operations and results, each equally likely.
macro_rules! family {
    ($family:ident, $name:literal, $model:ty, $new:expr, $random:ident, [$($op:expr),*], [$($ret:expr),*]) => {
        pub struct $family;

        impl Family for $family {
            type Model = $model;

            const NAME: &'static str = $name;

            fn model() -> $model {
                $new
            }

            fn op($random: &mut Random) -> <$model as Model>::Op {
                let mut operations = vec![$($op),*];
                let any = $random.below(operations.len() as u64) as usize;
                operations.swap_remove(any)
            }

            fn ret($random: &mut Random) -> <$model as Model>::Ret {
                let mut results = vec![$($ret),*];
                let any = $random.below(results.len() as u64) as usize;
                results.swap_remove(any)
            }
        }
    };
}

fn small(random: &mut Random) -> u8 {
    random.below(3) as u8
}

fn perhaps(random: &mut Random) -> Option<u8> {
    (!random.one_in(3)).then(|| small(random))
}

fn some_of_them(random: &mut Random) -> Vec<u8> {
    (0..random.below(3)).map(|_| small(random)).collect()
}

family!(
    Counters,
    "counter",
    Counter,
    Counter::new(),
    random,
    [
        counter::Op::Add(small(random).into()),
        counter::Op::Get,
        counter::Op::FetchAdd(small(random).into())
    ],
    [
        counter::Ret::Done,
        counter::Ret::Count(random.below(5) as i64)
    ]
);

family!(
    Maps, "kv", KeyValue<u8, Vec<u8>>, KeyValue::new(), random,
    [
        key_value::Op::Get(small(random)),
        key_value::Op::Put(small(random), some_of_them(random)),
        key_value::Op::Append(small(random), some_of_them(random)),
        key_value::Op::Delete(small(random)),
        key_value::Op::Cas(small(random), some_of_them(random), some_of_them(random))
    ],
    [
        key_value::Ret::Done,
        key_value::Ret::Swapped(random.one_in(2)),
        key_value::Ret::Value(random.one_in(2).then(|| some_of_them(random)))
    ]
);

/// To a text more can be appended, to a number not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mixed {
    Text(Vec<u8>),
    Number,
}

impl key_value::Append for Mixed {
    fn accepts(&self, more: &Self) -> bool {
        matches!((self, more), (Self::Text(_), Self::Text(_)))
    }

    fn append(&mut self, more: &Self) {
        if let (Self::Text(text), Self::Text(more)) = (self, more) {
            text.extend_from_slice(more);
        }
    }
}

fn mixed(random: &mut Random) -> Mixed {
    match random.below(4) {
        0 => Mixed::Number,
        _ => Mixed::Text(vec![small(random)]),
    }
}

family!(
    MixedMaps, "kv of one key", KeyValue<(), Mixed>, KeyValue::new(), random,
    [
        key_value::Op::Get(()),
        key_value::Op::Get(()),
        key_value::Op::Put((), mixed(random)),
        key_value::Op::Put((), mixed(random)),
        key_value::Op::Append((), mixed(random)),
        match random.below(4) {
            0 => key_value::Op::Cas((), mixed(random), mixed(random)),
            _ => key_value::Op::Delete(()),
        }
    ],
    [
        key_value::Ret::Done,
        key_value::Ret::Refused,
        key_value::Ret::Swapped(random.one_in(2)),
        key_value::Ret::Value(random.one_in(2).then(|| mixed(random)))
    ]
);

family!(
    Sets,
    "set",
    Set<u8>,
    Set::new(),
    random,
    [
        set::Op::Add(small(random)),
        set::Op::Remove(small(random)),
        set::Op::Contains(small(random)),
        if random.one_in(4) {
            set::Op::Read
        } else {
            set::Op::Add(small(random))
        }
    ],
    [
        set::Ret::Done,
        set::Ret::Is(random.one_in(2)),
        set::Ret::Elements(some_of_them(random))
    ]
);

family!(
    Stacks,
    "stack",
    Stack<u8>,
    Stack::new(),
    random,
    [stack::Op::Push(random.below(20) as u8), stack::Op::Pop],
    [
        stack::Ret::Done,
        stack::Ret::Value(None),
        stack::Ret::Value(Some(random.below(20) as u8)),
        stack::Ret::Value(Some(random.below(20) as u8))
    ]
);

family!(
    PeekedStacks,
    "stack with peeks",
    Stack<u8>,
    Stack::new(),
    random,
    [
        stack::Op::Push(small(random)),
        stack::Op::Pop,
        stack::Op::Peek
    ],
    [stack::Ret::Done, stack::Ret::Value(perhaps(random))]
);

family!(
    BoundedQueues,
    "bounded queue",
    Queue<u8>,
    Queue::bounded(2),
    random,
    [
        queue::Op::Enqueue(small(random)),
        queue::Op::Dequeue,
        queue::Op::Peek,
        queue::Op::Len
    ],
    [
        queue::Ret::Enqueued(random.one_in(2)),
        queue::Ret::Value(perhaps(random)),
        queue::Ret::Len(random.below(4) as usize)
    ]
);

family!(
    PriorityQueues,
    "priority queue",
    PriorityQueue<u8>,
    PriorityQueue::new(),
    random,
    [
        priority_queue::Op::Insert(small(random)),
        priority_queue::Op::Pop,
        priority_queue::Op::Peek
    ],
    [
        priority_queue::Ret::Done,
        priority_queue::Ret::Value(perhaps(random))
    ]
);

family!(
    Mutexes,
    "mutex",
    Mutex,
    Mutex::new(),
    random,
    [
        mutex::Op::Acquire,
        mutex::Op::TryAcquire,
        mutex::Op::Release
    ],
    [random.one_in(2)]
);

family!(
    Semaphores,
    "semaphore",
    Semaphore,
    Semaphore::new(2),
    random,
    [
        semaphore::Op::Acquire(random.below(3) as u32),
        semaphore::Op::TryAcquire(random.below(3) as u32),
        semaphore::Op::Release(random.below(3) as u32)
    ],
    [random.one_in(2)]
);

family!(
    Logs,
    "log",
    Log<u8>,
    Log::new(),
    random,
    [
        log::Op::Append(small(random)),
        log::Op::Get(random.below(3) as usize),
        log::Op::Read,
        log::Op::Len
    ],
    [
        log::Ret::Done,
        log::Ret::Index(random.below(3) as usize),
        log::Ret::Value(perhaps(random)),
        log::Ret::Values(some_of_them(random)),
        log::Ret::Len(random.below(4) as usize)
    ]
);

family!(
    Snapshots,
    "snapshot",
    Snapshot<u8>,
    Snapshot::new(),
    random,
    [
        snapshot::Op::Update(random.below(2) as u8, small(random)),
        snapshot::Op::Update(random.below(2) as u8, small(random)),
        snapshot::Op::Scan
    ],
    [
        snapshot::Ret::Done,
        snapshot::Ret::Cells((0..2).map(|_| perhaps(random)).collect())
    ]
);
