//! Small histories of each model, by hand: what overlaps may be either way round, what cannot be is found where it
//! happens, what is unknown may have taken effect, and what failed has not.
#![cfg(all(not(loom), feature = "check"))]

use std::cmp::Reverse;

use tachograph::{
    EventKind::{self, Fail, Info, Invoke, Ok},
    HistoryBuilder, ProcessId,
    check::{self, Budget, Verdict},
    model::{
        CasRegister, Counter, KeyValue, Log, Model, Mutex, PriorityQueue, Queue, Register,
        Semaphore, Set, Snapshot, Stack, cas_register, counter, key_value, log, mutex,
        priority_queue, queue, register, semaphore, set, snapshot, stack,
    },
};

type Events<M> = Vec<(u64, EventKind<<M as Model>::Op, <M as Model>::Ret>)>;

/// The first event that nothing explains, if there is one.
fn violation<M>(model: &M, events: Events<M>) -> Option<u64>
where
    M: Model<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let mut builder = HistoryBuilder::new();
    for (process, kind) in events {
        let process = ProcessId(process);
        match kind {
            Invoke(op) => builder.invoke(process, op),
            Ok(ret) => builder.ok(process, ret),
            Fail => builder.fail(process),
            Info => builder.info(process),
            EventKind::Mark(text) => builder.mark(process, text),
        };
    }
    let history = builder.finish().unwrap();
    match check::linearizable(model, &history, &Budget::unlimited()).verdict {
        Verdict::Linearizable(witness) => {
            witness.validate(model, &history).unwrap();
            None
        }
        Verdict::Violation(violation) => Some(violation.event),
        Verdict::Unknown(reason) => panic!("{reason}"),
    }
}

/// All these operations are open at once: each is invoked before any completes.
fn at_once<M: Model>(operations: impl IntoIterator<Item = (M::Op, M::Ret)>) -> Events<M> {
    let (mut events, mut completions) = (Vec::new(), Vec::new());
    for ((op, ret), process) in operations.into_iter().zip(1..) {
        events.push((process, Invoke(op)));
        completions.push((process, Ok(ret)));
    }
    events.extend(completions);
    events
}

/// One after the other.
fn in_turn<M: Model>(operations: impl IntoIterator<Item = (M::Op, M::Ret)>) -> Events<M> {
    let operations = operations.into_iter();
    operations
        .flat_map(|(op, ret)| [(0, Invoke(op)), (0, Ok(ret))])
        .collect()
}

/// Each model goes through this. `overlapping` can be explained, by some order of its own; `wrong`, one after the other,
/// by none, for its last operation; and `then`, one after the other, only if `before` took effect at some moment.
fn judged<M, const A: usize, const B: usize, const C: usize>(
    model: M,
    overlapping: [(M::Op, M::Ret); A],
    wrong: [(M::Op, M::Ret); B],
    before: M::Op,
    then: [(M::Op, M::Ret); C],
) where
    M: Model<Op: Sync + Clone, Ret: Sync + Clone, State: Send> + Sync,
{
    assert_eq!(violation(&model, at_once::<M>(overlapping.clone())), None);
    let one_after_the_other = violation(&model, in_turn::<M>(overlapping));
    assert!(one_after_the_other.is_some(), "they overlap to no purpose");

    let last = 2 * wrong.len() as u64 - 1;
    assert_eq!(violation(&model, in_turn::<M>(wrong)), Some(last));

    let with = |outcome: Option<_>| {
        let mut events = vec![(9, Invoke(before.clone()))];
        events.extend(outcome.map(|outcome| (9, outcome)));
        events.extend(in_turn::<M>(then.clone()));
        violation(&model, events)
    };
    assert_eq!(with(Some(Info)), None, "it took effect");
    assert_eq!(with(None), None, "it never completed, and took effect");
    let failed = with(Some(Fail)).expect("it did not take effect");
    assert_eq!(failed, 2 * then.len() as u64 + 1);
    let without = violation(&model, in_turn::<M>(then)).expect("it was not invoked");
    assert_eq!(without, failed - 2);
}

#[test]
fn a_register() {
    use register::Op::*;
    judged(
        Register::new(),
        [
            (Read, Some(2)),
            (Write(1), None),
            (Write(2), None),
            (Read, Some(1)),
            (Read, None),
        ],
        [(Write(1), None), (Write(2), None), (Read, Some(1))],
        Write(1),
        [(Read, None), (Write(2), None), (Read, Some(1))],
    );
}

#[test]
fn a_compare_and_set_register() {
    use cas_register::{Op::*, Ret::*};
    judged(
        CasRegister::new(),
        [
            (Cas(1, 2), Swapped(true)),
            (Cas(1, 3), Swapped(false)),
            (Write(1), Done),
        ],
        [
            (Cas(1, 2), Swapped(false)),
            (Write(1), Done),
            (Cas(1, 2), Swapped(false)),
        ],
        Cas(1, 2),
        [
            (Write(1), Done),
            (Read, Value(Some(1))),
            (Read, Value(Some(2))),
        ],
    );
}

#[test]
fn a_map() {
    use key_value::{Op::*, Ret::*};
    let text = String::from;
    judged(
        KeyValue::new(),
        [
            (Get(1), Value(Some(text("ab")))),
            (Append(1, text("b")), Done),
            (Put(1, text("a")), Done),
            (Get(2), Value(None)),
            (Cas(2, text("c"), text("d")), Swapped(true)),
            (Delete(2), Done),
            (Put(2, text("c")), Done),
        ],
        [
            (Put(1, text("a")), Done),
            (Put(2, text("b")), Done),
            (Delete(1), Done),
            (Get(2), Value(Some(text("b")))),
            (Get(1), Value(Some(text("a")))),
        ],
        Append(1, text("b")),
        [(Put(1, text("a")), Done), (Get(1), Value(Some(text("ab"))))],
    );
}

#[test]
fn a_counter() {
    use counter::{Op::*, Ret::*};
    judged(
        Counter::new(),
        [(Get, Count(7)), (FetchAdd(2), Count(5)), (Add(5), Done)],
        [(Add(5), Done), (FetchAdd(2), Count(5)), (Get, Count(5))],
        Add(3),
        [(Get, Count(0)), (Add(-1), Done), (Get, Count(2))],
    );
}

#[test]
fn a_set() {
    use set::{Op::*, Ret::*};
    judged(
        Set::new(),
        [
            (Contains(1), Is(true)),
            (Remove(1), Is(true)),
            (Add(1), Is(true)),
            (Add(1), Done),
        ],
        [
            (Add(1), Done),
            (Add(2), Is(true)),
            (Remove(1), Done),
            (Contains(1), Is(true)),
        ],
        Add(1),
        [(Contains(1), Is(false)), (Remove(1), Is(true))],
    );
}

#[test]
fn a_set_that_is_read_as_a_whole() {
    use set::{Op::*, Ret::*};
    judged(
        Set::new(),
        [
            (Read, Elements(vec![1, 2])),
            (Add(2), Done),
            (Add(1), Done),
            (Read, Elements(vec![1])),
        ],
        [(Add(1), Done), (Add(2), Done), (Read, Elements(vec![2]))],
        Remove(1),
        [
            (Add(2), Done),
            (Add(1), Done),
            (Read, set::Ret::elements([2])),
        ],
    );
    let twice = [(Add(1), Done), (Read, set::Ret::elements([1, 1]))];
    assert_eq!(violation(&Set::new(), in_turn::<Set<_>>(twice)), Some(3));
}

#[test]
fn a_queue() {
    use queue::{
        Op::*,
        Ret::{Enqueued, Value},
    };
    judged(
        Queue::new(),
        [
            (Dequeue, Value(Some(2))),
            (Enqueue(1), Enqueued(true)),
            (Enqueue(2), Enqueued(true)),
            (Peek, Value(Some(1))),
            (Len, queue::Ret::Len(2)),
        ],
        [
            (Enqueue(1), Enqueued(true)),
            (Enqueue(2), Enqueued(true)),
            (Dequeue, Value(Some(2))),
        ],
        Dequeue,
        [
            (Enqueue(1), Enqueued(true)),
            (Enqueue(2), Enqueued(true)),
            (Peek, Value(Some(1))),
            (Dequeue, Value(Some(2))),
        ],
    );
}

#[test]
fn a_bounded_queue() {
    use queue::{
        Op::*,
        Ret::{Enqueued, Value},
    };
    judged(
        Queue::bounded(1),
        [
            (Enqueue(1), Enqueued(false)),
            (Enqueue(2), Enqueued(true)),
            (Dequeue, Value(Some(2))),
            (Dequeue, Value(None)),
        ],
        [(Enqueue(1), Enqueued(true)), (Enqueue(2), Enqueued(true))],
        Dequeue,
        [(Enqueue(1), Enqueued(true)), (Enqueue(2), Enqueued(true))],
    );
}

#[test]
fn a_stack() {
    use stack::{Op::*, Ret::*};
    judged(
        Stack::new(),
        [
            (Pop, Value(Some(1))),
            (Push(1), Done),
            (Push(2), Done),
            (Peek, Value(Some(2))),
        ],
        [(Push(1), Done), (Push(2), Done), (Pop, Value(Some(1)))],
        Push(2),
        [
            (Push(1), Done),
            (Peek, Value(Some(1))),
            (Pop, Value(Some(2))),
        ],
    );
}

#[test]
fn a_priority_queue() {
    use priority_queue::{Op::*, Ret::*};
    judged(
        PriorityQueue::new(),
        [
            (Pop, Value(Some(2))),
            (Insert(3), Done),
            (Insert(2), Done),
            (Peek, Value(Some(3))),
        ],
        [
            (Insert(2), Done),
            (Insert(10), Done),
            (Pop, Value(Some(10))),
        ],
        Insert(1),
        [
            (Insert(2), Done),
            (Peek, Value(Some(2))),
            (Pop, Value(Some(1))),
        ],
    );
}

#[test]
fn a_priority_queue_with_the_largest_first() {
    use priority_queue::{Op::*, Ret::*};
    let events = [2, 10].map(|value| (Insert(Reverse(value)), Done));
    let pop = (Pop, Value(Some(Reverse(10))));
    let events = in_turn::<PriorityQueue<_>>(events.into_iter().chain([pop]));
    assert_eq!(violation(&PriorityQueue::new(), events), None);
}

#[test]
fn a_mutex() {
    use mutex::Op::*;
    judged(
        Mutex::new(),
        [
            (Acquire, true),
            (TryAcquire, false),
            (Acquire, true),
            (Release, true),
        ],
        [(Acquire, true), (TryAcquire, false), (Acquire, true)],
        Release,
        [(Acquire, true), (TryAcquire, false), (Acquire, true)],
    );
    let free = in_turn::<Mutex>([(Acquire, true), (Release, true), (Release, true)]);
    assert_eq!(violation(&Mutex::new(), free), Some(5));
}

#[test]
fn a_semaphore() {
    use semaphore::Op::*;
    judged(
        Semaphore::new(2),
        [
            (Acquire(2), true),
            (TryAcquire(1), false),
            (Acquire(1), true),
            (Release(2), true),
        ],
        [(Acquire(1), true), (Acquire(1), true), (Acquire(1), true)],
        Release(1),
        [
            (Acquire(2), true),
            (TryAcquire(1), false),
            (TryAcquire(1), true),
        ],
    );
    let more_than_it_has = in_turn::<Semaphore>([(Release(1), true)]);
    assert_eq!(violation(&Semaphore::new(2), more_than_it_has), Some(1));
}

#[test]
fn a_log() {
    use log::{
        Op::*,
        Ret::{Done, Index, Value, Values},
    };
    judged(
        Log::new(),
        [
            (Append('a'), Index(1)),
            (Append('b'), Index(0)),
            (Append('c'), Done),
            (Get(2), Value(Some('c'))),
            (Read, Values(vec!['b'])),
        ],
        [
            (Append('a'), Done),
            (Append('b'), Index(1)),
            (Get(0), Value(Some('b'))),
        ],
        Append('a'),
        [
            (Get(0), Value(None)),
            (Append('b'), Index(0)),
            (Read, Values(vec!['b', 'a'])),
        ],
    );
}

#[test]
fn a_snapshot() {
    use snapshot::{
        Op::*,
        Ret::{Cells, Done},
    };
    judged(
        Snapshot::new(),
        [
            (Scan, Cells(vec![None, Some('b')])),
            (Update(0, 'a'), Done),
            (Update(1, 'b'), Done),
            (Scan, Cells(vec![Some('a'), Some('b'), None])),
        ],
        [
            (Update(0, 'a'), Done),
            (Update(0, 'c'), Done),
            (Scan, Cells(vec![Some('a')])),
        ],
        Update(0, 'a'),
        [
            (Scan, Cells(vec![])),
            (Update(1, 'b'), Done),
            (Scan, Cells(vec![Some('a'), Some('b')])),
        ],
    );
    // Each cell had this value at some time, and never both.
    let torn = in_turn::<Snapshot<_>>([
        (Update(0, 'a'), Done),
        (Update(0, 'c'), Done),
        (Update(1, 'b'), Done),
        (Scan, Cells(vec![Some('a'), Some('b')])),
    ]);
    assert_eq!(violation(&Snapshot::new(), torn), Some(7));
}

#[cfg(feature = "format")]
#[test]
fn a_map_in_edn_may_be_in_the_words_of_a_register() {
    use tachograph::format::{
        Options,
        edn::{self, Value},
    };
    let text = br#"
        {:process 0, :type :invoke, :f :write, :value ["x" 1]}
        {:process 1, :type :invoke, :f :read, :value ["x" nil]}
        {:process 0, :type :ok, :f :write, :value ["x" 1]}
        {:process 1, :type :ok, :f :read, :value ["x" nil]}
        {:process 0, :type :invoke, :f :cas, :value ["x" [1 2]]}
        {:process 0, :type :info, :f :cas, :value ["x" [1 2]]}
        {:process 1, :type :invoke, :f :read, :value ["x" nil]}
        {:process 1, :type :ok, :f :read, :value ["x" 2]}
        {:process 1, :type :invoke, :f :read, :value ["x" nil]}
        {:process 1, :type :ok, :f :read, :value ["x" 1]}"#;
    let history = edn::read::<key_value::Op<Value, Value>>(&text[..], &Options::default())
        .unwrap()
        .history;
    let report = check::linearizable(&KeyValue::new(), &history, &Budget::unlimited());
    let Verdict::Violation(violation) = report.verdict else {
        panic!("{:?}", report.verdict);
    };
    assert_eq!(violation.event, 9);
}
