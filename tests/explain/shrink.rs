//! Shrinking, against all that can be put back.

use std::{cell::Cell, ops::RangeInclusive};

use tachograph::{
    EventKind, History, HistoryBuilder, Operation,
    check::{self, Verdict},
    explain::{Effort, Shrunk, shrink},
    model::{
        CasRegister, Counter, KeyValue, Model, Mutex, Queue, Register, Set, Snapshot, Stack,
        cas_register, counter, key_value, mutex, queue, register, set, snapshot, stack,
    },
};

use crate::{
    oracle,
    random::{self, Random, Shape},
    standing::{EFFORT, HistoryOf, select},
};

/// A long history of 4 clients that the object may do.
fn long<M: Model<Op: Clone, Ret: Clone>>(
    model: &M,
    op: impl FnMut(&mut Random) -> M::Op,
) -> HistoryOf<M> {
    let shape = Shape::all_ok(4, 10_000);
    random::history(model, &shape, &mut Random::new(7), op)
}

/// The same, with what the operation completed by the event `at` or a later one returned changed by `change`.
fn changed<O: Clone, R: Clone>(
    history: &History<O, R>,
    at: u64,
    mut change: impl FnMut(&O, &R) -> Option<R>,
) -> History<O, R> {
    let mut done = false;
    let events = history.events().map(|event| {
        let mut event = event.cloned();
        if let (true, EventKind::Ok(ret)) = (event.index >= at && !done, &event.kind) {
            if let Some(new) = change(history.operation(event.index).unwrap().op, ret) {
                (event.kind, done) = (EventKind::Ok(new), true);
            }
        }
        event
    });
    History::from_events(events).unwrap()
}

/// Returns the number of candidates.
fn assert_ends_at<M>(model: &M, history: &HistoryOf<M>, operations: RangeInclusive<usize>) -> u64
where
    M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    let Ok(shrunk) = shrink(model, history, &Effort::default()) else {
        panic!("no violation");
    };
    println!(
        "{} operations to {} with {} candidates\n{}",
        history.operations().count(),
        shrunk.history.operations().count(),
        shrunk.candidates,
        shrunk.history
    );
    assert!(shrunk.is_smallest && shrunk.stands);
    let kept = shrunk.history.operations().count();
    assert!(operations.contains(&kept), "{}", shrunk.history);
    shrunk.candidates
}

#[test]
fn a_stale_read_among_thousands_ends_at_five_operations_or_fewer() {
    let model = Register::<u64>::new();
    for values in [50, 1 << 40] {
        let mut value = 0;
        let history = long(&model, |random| match random.below(2) {
            0 => register::Op::Read,
            _ => {
                value += 1;
                register::Op::Write(value % values)
            }
        });
        for at in [50, 9_000, 19_000] {
            let history = changed(&history, at, |op, ret| {
                let ret = (*op == register::Op::Read).then_some(*ret)??;
                Some(Some(if values == 50 {
                    (ret + 40) % 50
                } else {
                    ret.saturating_sub(10)
                }))
            });
            assert_ends_at(&model, &history, 1..=5);
        }
    }
}

#[test]
fn a_torn_scan_ends_at_a_few_operations() {
    use snapshot::{Op, Ret};
    let model = Snapshot::<u64>::new();
    let mut value = 0;
    let history = long(&model, |random| match random.below(2) {
        0 => Op::Scan,
        _ => {
            value += 1;
            Op::Update(random.below(3) as u8, value)
        }
    });
    for at in [100, 9_000, 19_000] {
        // One cell is as it was long before.
        let mut earlier = None;
        let history = changed(&history, at, |_, ret| match ret {
            Ret::Cells(cells) if cells.len() == 3 => {
                let old = *earlier.get_or_insert(cells[0]);
                (old != cells[0]).then(|| Ret::Cells(vec![old, cells[1], cells[2]]))
            }
            _ => None,
        });
        assert_ends_at(&model, &history, 3..=6);
    }
}

#[test]
fn a_stale_read_in_a_map_ends_at_a_few_operations() {
    let model = KeyValue::<u64, u64>::new();
    let mut value = 0;
    let history = long(&model, |random| match random.below(2) {
        0 => key_value::Op::Get(random.below(5)),
        _ => {
            value += 1;
            key_value::Op::Put(random.below(5), value)
        }
    });
    let history = changed(&history, 15_000, |op, ret| match (op, ret) {
        (key_value::Op::Get(_), key_value::Ret::Value(Some(_))) => {
            let first = history.operations().find(|it| match it.op {
                key_value::Op::Put(key, _) => key == op.key(),
                _ => false,
            });
            match first?.op {
                key_value::Op::Put(_, value) => Some(key_value::Ret::Value(Some(*value))),
                _ => None,
            }
        }
        _ => None,
    });
    assert_ends_at(&model, &history, 2..=3);
}

#[test]
fn what_came_out_twice_is_shown_to_have_been_put_in() {
    use stack::{Op, Ret};
    let mut builder = HistoryBuilder::new();
    builder.invoke(0, Op::Push(8)).ok(0, Ret::Done);
    builder.invoke(1, Op::Pop).ok(1, Ret::Value(Some(8)));
    builder.invoke(2, Op::Pop).ok(2, Ret::Value(None));
    builder.invoke(0, Op::Push(9)).ok(0, Ret::Done);
    builder.invoke(3, Op::Pop).ok(3, Ret::Value(Some(8)));
    let history = builder.finish().unwrap();
    let shrunk = shrink(&Stack::new(), &history, &EFFORT).unwrap();
    assert!(shrunk.stands && shrunk.is_smallest);
    assert_eq!(shrunk.indices, [0, 1, 2, 3, 8, 9], "{}", shrunk.history);
}

/// Two registers that are read together.
struct Pair;

impl Model for Pair {
    type Op = Option<(usize, u64)>;
    type Ret = [u64; 2];
    type State = [u64; 2];

    fn initial(&self) -> [u64; 2] {
        [0, 0]
    }

    /// Writes one of them, or reads both.
    fn apply(&self, state: &mut [u64; 2], op: &Self::Op) -> [u64; 2] {
        if let Some((which, value)) = *op {
            state[which] = value;
            return [0, 0];
        }
        *state
    }

    fn is_read(&self, op: &Self::Op) -> bool {
        op.is_none()
    }
}

#[test]
fn where_the_halves_of_what_was_torn_come_from_is_shown() {
    let mut builder = HistoryBuilder::new();
    for value in 1..=10 {
        for which in 0..2 {
            builder
                .invoke(which, Some((which as usize, value)))
                .ok(which, [0, 0]);
        }
    }
    builder.invoke(2, None).ok(2, [3, 7]);
    let history = builder.finish().unwrap();
    let shrunk = shrink(&Pair, &history, &EFFORT).unwrap();
    let kept: Vec<_> = shrunk.history.operations().map(|it| *it.op).collect();
    for half in [Some((0, 3)), Some((1, 7))] {
        assert!(kept.contains(&half), "{kept:?}");
    }
    assert!(
        shrunk.stands && shrunk.is_smallest && kept.len() == 4,
        "{kept:?}"
    );
}

/// A queue that is short most of the time, as queues are.
fn long_queue() -> HistoryOf<Queue<u64>> {
    let mut value = 0;
    long(&Queue::new(), |random| match random.below(5) {
        0 | 1 => {
            value += 1;
            queue::Op::Enqueue(value)
        }
        _ => queue::Op::Dequeue,
    })
}

#[test]
fn a_value_dequeued_twice_ends_at_three_operations() {
    let history = long_queue();
    let is_some = |ret: &queue::Ret<u64>| matches!(ret, queue::Ret::Value(Some(_)));
    let mut earlier = None;
    let history = changed(&history, 9_000, |op, ret| {
        let is_dequeue = *op == queue::Op::Dequeue && is_some(ret);
        match earlier.is_some() {
            true if is_dequeue => earlier.take(),
            true => None,
            false => {
                earlier = is_dequeue.then(|| ret.clone());
                None
            }
        }
    });
    assert_ends_at(&Queue::new(), &history, 2..=3);
}

// One operation about more than one value ties all values together.
#[test]
fn lengths_that_are_asked_for_do_not_keep_what_they_do_not_tell() {
    let mut value = 0;
    let history = long(&Queue::new(), |random| match random.below(6) {
        0 | 1 => {
            value += 1;
            queue::Op::Enqueue(value)
        }
        2 => queue::Op::Len,
        _ => queue::Op::Dequeue,
    });
    let mut first = None;
    let history = changed(&history, 9_000, |op, ret| match (op, ret) {
        (queue::Op::Dequeue, queue::Ret::Value(Some(value))) => {
            let first = first.get_or_insert(*value);
            (first != value).then_some(queue::Ret::Value(Some(*first)))
        }
        _ => None,
    });
    // As many as without lengths, or nearly: it was a matter of time once, with thousands of candidates.
    assert!(assert_ends_at(&Queue::new(), &history, 2..=3) < 100);
}

#[test]
fn reads_of_a_whole_set_do_not_keep_its_other_elements() {
    let model = Set::<u64>::new();
    let history = long(&model, |random| match random.below(10) {
        0..=3 => set::Op::Add(random.below(20)),
        4..=6 => set::Op::Remove(random.below(20)),
        7 | 8 => set::Op::Contains(random.below(20)),
        _ => set::Op::Read,
    });
    let history = changed(&history, 9_000, |op, ret| match (op, ret) {
        (set::Op::Contains(_), set::Ret::Is(is)) => Some(set::Ret::Is(!is)),
        _ => None,
    });
    assert!(assert_ends_at(&model, &history, 2..=10) < 100);
}

#[test]
fn a_value_that_is_lost_ends_at_a_few_operations() {
    let history = long_queue();
    let history = changed(&history, 15_000, |_, ret| match ret {
        queue::Ret::Value(Some(_)) => Some(queue::Ret::Value(None)),
        _ => None,
    });
    assert_ends_at(&Queue::new(), &history, 2..=10);
}

#[test]
fn what_is_written_by_nobody_is_a_violation_alone() {
    let model = Register::<u64>::new();
    let mut builder = HistoryBuilder::new();
    for value in 0..100 {
        builder
            .invoke(value % 3, register::Op::Write(value))
            .ok(value % 3, None);
    }
    builder.invoke(0, register::Op::Read).ok(0, Some(1000));
    assert_ends_at(&model, &builder.finish().unwrap(), 1..=1);
}

#[test]
fn what_is_left_out_is_not_what_is_missing() {
    let model = CasRegister::<u64>::new();
    use cas_register::{Op, Ret};
    let mut builder = HistoryBuilder::new();
    builder.invoke(0, Op::Write(1)).ok(0, Ret::Done);
    builder.invoke(0, Op::Cas(1, 2)).ok(0, Ret::Swapped(true));
    builder.invoke(0, Op::Write(3)).ok(0, Ret::Done);
    builder.invoke(0, Op::Read).ok(0, Ret::Value(Some(2)));
    let history = builder.finish().unwrap();
    // A naive shrinker ends at the read alone, or at the swap.
    let shrunk = shrink(&model, &history, &EFFORT).unwrap();
    assert_eq!(shrunk.history, history);
    // So the states are those of the whole.
    let text = shrunk.timeline(&model, &history).to_string();
    assert!(
        text.contains("\nThen the state is Some(3)\n") && !text.contains("alone"),
        "{text}"
    );
}

#[test]
fn what_is_no_violation_is_not_shrunk() {
    let model = Register::<u64>::new();
    let report = shrink(&model, &History::new(), &EFFORT).unwrap_err();
    assert!(report.verdict.is_linearizable());
}

#[test]
fn without_time_it_is_still_a_violation() {
    let model = Register::<u64>::new();
    let mut builder = HistoryBuilder::new();
    for value in 0..100 {
        builder
            .invoke(value % 3, register::Op::Write(value))
            .ok(value % 3, None);
    }
    builder.invoke(0, register::Op::Read).ok(0, Some(7));
    let effort = Effort {
        time: Some(std::time::Duration::ZERO),
        ..EFFORT
    };
    let shrunk = shrink(&model, &builder.finish().unwrap(), &effort).unwrap();
    assert!(shrunk.report.verdict.is_violation());
    assert!(!shrunk.is_smallest);
}

/// Additions that overlap those of others and are counted in between, and the last count too small: nothing shows it but all of them.
fn lost_addition(operations: i64) -> History<counter::Op, counter::Ret> {
    let mut builder = HistoryBuilder::new();
    for added in 1..=operations / 2 {
        builder.invoke(0, counter::Op::Add(1));
        builder.invoke(1, counter::Op::Add(1));
        builder.ok(1, counter::Ret::Done);
        builder.ok(0, counter::Ret::Done);
        let lost = i64::from(added == operations / 2);
        builder
            .invoke(2, counter::Op::Get)
            .ok(2, counter::Ret::Count(2 * added - lost));
    }
    builder.finish().unwrap()
}

#[test]
fn where_it_takes_all_few_are_shown_that_do_not_stand() {
    let model = Counter::new();
    let few = shrink(&model, &lost_addition(20), &EFFORT).unwrap();
    assert!(few.stands && few.is_smallest, "{}", few.history);
    let many = lost_addition(100);
    let shrunk = shrink(&model, &many, &EFFORT).unwrap();
    assert!(!shrunk.stands);
    assert!(shrunk.history.operations().count() <= 10);
    assert_ends_like_the_whole(&shrunk);
    let summary = shrunk.summary();
    assert!(
        summary.contains("would return Count(100)"),
        "what it is with all of them: {summary}"
    );
}

/// Two counters, which may begin with some count.
struct Counters {
    begin: i64,
    are_parts: bool,
}

type Count = (bool, counter::Op);

impl Model for Counters {
    type Op = Count;
    type Ret = counter::Ret;
    type State = [i64; 2];

    fn initial(&self) -> [i64; 2] {
        [self.begin; 2]
    }

    fn apply(&self, state: &mut [i64; 2], (which, op): &Count) -> counter::Ret {
        Counter::new().apply(&mut state[usize::from(*which)], op)
    }

    fn is_read(&self, (_, op): &Count) -> bool {
        *op == counter::Op::Get
    }

    fn part(&self, (which, _): &Count) -> Option<u64> {
        self.are_parts.then_some(u64::from(*which))
    }
}

/// The history of one counter as that of the second of two, beside which the first is added to, and fails to be.
fn beside_another(history: &History<counter::Op, counter::Ret>) -> History<Count, counter::Ret> {
    const OTHER: u64 = 9;
    let mut builder = HistoryBuilder::new();
    for event in history.events() {
        let process = event.process;
        match event.kind {
            EventKind::Invoke(op) => builder.invoke(process, (true, op.clone())),
            EventKind::Ok(ret) => builder.ok(process, ret.clone()),
            _ => builder.info(process),
        };
        let other = builder.invoke(OTHER, (false, counter::Op::Add(1)));
        match event.index % 3 {
            0 => other.fail(OTHER),
            _ => other.ok(OTHER, counter::Ret::Done),
        };
    }
    builder.finish().unwrap()
}

/// In time.
const LATER: Effort = Effort {
    from_start: false,
    configurations: Some(20_000),
    ..EFFORT
};

/// Additions and counts of some clients by chance, of which one from this event on is too small, by more than are open at once.
fn miscounted(at: u64) -> History<counter::Op, counter::Ret> {
    let history = long(&Counter::new(), |random| match random.below(4) {
        0 => counter::Op::Get,
        _ => counter::Op::Add(1),
    });
    let mut history = changed(&history, at, |_, ret| match ret {
        counter::Ret::Count(count) => Some(counter::Ret::Count(count - 4)),
        _ => None,
    });
    history.truncate(at + 100);
    history
}

// It ended at one operation, of which it could not say why.
#[test]
fn what_takes_all_is_shown_from_a_later_state_on() {
    let mut put_back = 0;
    for (history, are_parts) in [
        (lost_addition(300), true),
        (lost_addition(300), false),
        (miscounted(400), true),
    ] {
        let history = beside_another(&history);
        let model = Counters {
            begin: 0,
            are_parts,
        };
        let shrunk = shrink(&model, &history, &LATER).unwrap();
        assert_ends_like_the_whole(&shrunk);
        let small = &shrunk.history;
        assert!(shrunk.stands && shrunk.is_smallest, "{small}");
        assert!((2..=10).contains(&small.operations().count()), "{small}");
        let since = shrunk.since.as_ref().unwrap();
        let begin = since.state[1];
        // So many had been added by then.
        let additions = |until: fn(&Operation<'_, Count, counter::Ret>) -> Option<u64>| {
            let additions = history
                .operations()
                .filter(|it| *it.op == (true, counter::Op::Add(1)));
            additions
                .filter(|it| until(it).is_some_and(|end| end < since.event))
                .count() as i64
        };
        let possible = additions(|it| it.completion)..=additions(|it| Some(it.invocation));
        assert!(possible.contains(&begin), "{begin} before {}", since.event);
        assert_eq!(since.is_of_all, !are_parts);
        let from = Counters {
            begin,
            are_parts: true,
        };
        assert!(!oracle::is_linearizable(&from, small), "{small}");
        // Whatever is put back of what was invoked later.
        let end = history.operation(*shrunk.indices.last().unwrap()).unwrap();
        let end = end.completion.unwrap();
        let behind = history.operations().filter(|it| it.op.0);
        let behind: Vec<u64> = behind
            .map(|it| it.invocation)
            .filter(|it| (since.event..end).contains(it) && !shrunk.indices.contains(it))
            .collect();
        let mut random = Random::new(3);
        for _ in 0..20 {
            let back = behind.iter().filter(|_| random.one_in(2));
            let back: Vec<u64> = back.copied().take(8).collect();
            put_back += back.len();
            let kept = shrunk.indices.iter().chain(&back).copied();
            let with = select(&history, &kept.collect::<Vec<_>>(), end + 1);
            assert!(!oracle::is_linearizable(&from, &with), "{with}");
        }
        let timeline = shrunk.timeline(&model, &history);
        for width in [40, 80] {
            let text = shrunk.timeline(&model, &history).width(width).to_string();
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{text}"
            );
        }
        let text = timeline.to_string();
        let before = format!(
            "What must have happened before event {} leads to this state:\n  {:?}\n",
            since.event, since.state
        );
        assert!(text.contains(&before), "{text}");
        assert!(
            shrunk.summary().contains("from the state before event"),
            "{}",
            shrunk.summary()
        );
        // The states told are those that follow, and what has led to the first is not said to be left out.
        let additions = small.operations().count() as i64 - 1;
        assert!(
            text.contains(&format!(": would return Count({})", begin + additions)),
            "{text}"
        );
        if let Some((_, left_out)) = text.split_once("left out:\n") {
            let ends = left_out
                .lines()
                .map_while(|line| line.trim().split_once('–'));
            for (_, rest) in ends {
                let end: u64 = rest.split_whitespace().next().unwrap().parse().unwrap();
                assert!(end >= since.event, "{text}");
            }
        }
    }
    assert!(put_back > 0, "nothing was put back");
}

/// An object that forgets what one of its operations did.
struct Forgetful<M> {
    model: M,
    /// So many are done before.
    operation: u64,
    done: Cell<u64>,
}

impl<M: Model> Model for Forgetful<M> {
    type Op = M::Op;
    type Ret = M::Ret;
    type State = M::State;

    fn initial(&self) -> M::State {
        self.model.initial()
    }

    fn apply(&self, state: &mut M::State, op: &M::Op) -> M::Ret {
        let before = state.clone();
        let ret = self.model.apply(state, op);
        if self.done.replace(self.done.get() + 1) == self.operation {
            *state = before;
        }
        ret
    }
}

// There were few moments with one explanation: it ended at one operation, or at dozens.
#[test]
fn what_is_forgotten_where_sixteen_are_busy_ends_at_ten_operations_or_fewer() {
    fn end<M>(model: impl Fn() -> M, op: impl Fn(&mut Random) -> M::Op) -> Vec<usize>
    where
        M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
    {
        let violations = (1..=6).filter_map(|seed| {
            let forgetful = Forgetful {
                model: model(),
                operation: 3_600,
                done: Cell::new(0),
            };
            let shape = Shape::all_ok(16, 4_000);
            let mut random = Random::new(seed);
            let history = random::history(&forgetful, &shape, &mut random, &op);
            let shrunk = shrink(&model(), &history, &LATER).ok()?;
            assert!(shrunk.stands, "seed {seed}: {}", shrunk.history);
            Some(shrunk.history.operations().count())
        });
        violations.collect()
    }
    let counters = end(Counter::new, |random| match random.one_in(2) {
        true => counter::Op::Get,
        false => counter::Op::Add(1),
    });
    let locks = end(Mutex::new, |random| match random.one_in(2) {
        true => mutex::Op::TryAcquire,
        false => mutex::Op::Release,
    });
    let is_few = |operations: &usize| *operations <= 10;
    let all = [counters, locks].concat();
    assert!(all.iter().all(is_few) && all.len() > 4, "{all:?}");
}

#[test]
fn a_read_that_was_open_long_before_a_later_state_is_said_to_be() {
    let model = Counter::new();
    let history = lost_addition(300);
    // The last read, from early on.
    let read = history.operations().last().unwrap();
    let (early, late) = (150, read.invocation);
    let events = history.events().map(|event| event.cloned());
    let mut events: Vec<_> = events.collect();
    let mut read = events.remove(late as usize);
    read.process = 3.into();
    events.last_mut().unwrap().process = 3.into();
    events.insert(early, read);
    for (index, event) in (0..).zip(&mut events) {
        event.index = index;
        // Less than there was when it began.
        if let (3, EventKind::Ok(ret)) = (event.process.0, &mut event.kind) {
            *ret = counter::Ret::Count(7);
        }
    }
    let history = History::from_events(events).unwrap();
    let shrunk = shrink(&model, &history, &LATER).unwrap();
    let text = shrunk.timeline(&model, &history).to_string();
    let since = shrunk.since.as_ref().map(|since| since.event);
    let said = text
        .contains("✗, open since event 150, is not explained by taking effect earlier, either.");
    assert_eq!(since.is_some_and(|since| since > 150), said, "{text}");
    assert!(said, "{text}");
}

// Whatever of them is left out, it is not decided from the start: all were tried, one after the other, for half of the time.
#[test]
fn a_later_state_is_tried_soon_where_nothing_is_decided_from_the_start() {
    let (model, history) = (Counter::new(), miscounted(2_000));
    let shrunk = shrink(&model, &history, &LATER).unwrap();
    assert!(shrunk.stands && shrunk.since.is_some());
    assert!(shrunk.candidates < 100, "{}", shrunk.candidates);
}

#[test]
fn a_history_that_has_to_show_it_from_the_start_does() {
    let model = Counter::new();
    let shrunk = shrink(&model, &lost_addition(60), &EFFORT).unwrap();
    assert_eq!(shrunk.since, None);
    assert!(
        check::linearizable(&model, &shrunk.history, &EFFORT.check)
            .verdict
            .is_violation()
    );
}

// Of the few the state was told, too, which was another one: 0, where the summary said 100.
#[test]
fn no_state_is_told_that_is_none_of_the_whole_history() {
    let model = Counter::new();
    let history = lost_addition(100);
    let shrunk = shrink(&model, &history, &EFFORT).unwrap();
    assert!(!shrunk.stands);
    let text = shrunk.timeline(&model, &history).to_string();
    let after = |words| text.split(words).skip(1);
    assert!(
        after("Then the state is ").all(|state| state.starts_with("100\n")),
        "{text}"
    );
    assert!(
        after("would return ").all(|it| it.starts_with("Count(100)")),
        "{text}"
    );
    assert_eq!(after("would return ").count(), 1, "{text}");
    // The few are shown, and what came before the last, which is marked in both.
    assert_eq!(text.matches('✗').count(), 3, "{text}");
    for operation in shrunk.history.operations() {
        let number = shrunk.indices[operation.invocation as usize].to_string();
        let is_its = |line: &str| line.trim_start_matches(['✗', ' ']).starts_with(&number);
        assert!(text.lines().any(is_its), "{number}: {text}");
    }
    let (_, last) = text
        .split_once("Of all operations, the last before it:")
        .unwrap();
    assert!(last.contains("285 "), "{text}");
    assert!(text.lines().count() < 60, "{text}");

    // Of what stands the states are told, as those of these alone.
    let history = lost_addition(20);
    let shrunk = shrink(&model, &history, &EFFORT).unwrap();
    let text = shrunk.timeline(&model, &history).to_string();
    assert!(
        shrunk.stands && !text.contains("Of all operations"),
        "{text}"
    );
}

// It said that the state was [12], where that of the whole history was [11, 12].
#[test]
fn the_state_after_a_few_is_said_to_be_of_these_alone() {
    use queue::{Op, Ret};
    let mut builder = HistoryBuilder::new();
    for value in [11, 12] {
        builder.invoke(0, Op::Enqueue(value));
        builder.ok(0, Ret::Enqueued(true));
    }
    builder.invoke(1, Op::Dequeue).ok(1, Ret::Value(None));
    let history = builder.finish().unwrap();
    let model = Queue::new();
    let shrunk = shrink(&model, &history, &EFFORT).unwrap();
    assert!(shrunk.stands && shrunk.history.operations().count() == 2);
    let text = shrunk.timeline(&model, &history).to_string();
    let expected = "\
Up to there, these alone may have taken effect in this order:
      2  p0  Enqueue(12) → Enqueued(true)  [12]

After these alone the state is [12]
✗     4  p1  Dequeue → Value(None): would return Value(Some(12))";
    let (_, told) = text.split_once("\n\n").unwrap();
    let (_, told) = told.split_once("\n\n").unwrap();
    assert_eq!(told.trim_end(), expected, "{text}");
}

/// A write that the read does not see, while others are under way.
fn raced(others: u64, while_reading: bool) -> History<register::Op<u64>, Option<u64>> {
    let mut builder = HistoryBuilder::new();
    let race = |builder: &mut HistoryBuilder<_, _>, is_now: bool| {
        for process in (10..10 + others).filter(|_| is_now) {
            builder.invoke(process, register::Op::Write(process));
        }
    };
    builder.invoke(0, register::Op::Write(1)).ok(0, None);
    builder.invoke(0, register::Op::Write(2));
    race(&mut builder, !while_reading);
    builder.ok(0, None);
    for process in (10..10 + others).filter(|_| !while_reading) {
        builder.ok(process, None);
    }
    builder.invoke(0, register::Op::Write(3)).ok(0, None);
    builder.invoke(1, register::Op::Read);
    race(&mut builder, while_reading);
    builder.ok(1, Some(2));
    builder.finish().unwrap()
}

#[test]
fn what_was_open_meanwhile_and_left_out_is_named() {
    let model = Register::<u64>::new();
    let told = |history: &History<_, _>| {
        let shrunk = shrink(&model, history, &EFFORT).unwrap();
        assert!(shrunk.stands, "{}", shrunk.history);
        let text = shrunk.timeline(&model, history).to_string();
        let (_, told) = text.split_once("\nOpen meanwhile, and left out:\n")?;
        let told = told.split_once("\n\n").unwrap().0;
        Some(told.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    assert_eq!(told(&raced(0, true)), None);
    let while_reading = told(&raced(7, true)).unwrap();
    assert_eq!(
        while_reading,
        [
            "     9–  p12  Write(12) → ?",
            "    10–  p13  Write(13) → ?",
            "    11–  p14  Write(14) → ?",
            "    12–  p15  Write(15) → ?",
            "    13–  p16  Write(16) → ?",
            "  … and 2 more",
        ]
    );
    // Nothing is open when it is read: what was open beside another of the few.
    let before = told(&raced(2, false)).unwrap();
    assert_eq!(
        before,
        [
            "    3–6  p10  Write(10) → None",
            "    4–7  p11  Write(11) → None"
        ]
    );
}

/// Whatever the time, the operation that fails is that of the whole history, and it alone.
fn assert_ends_like_the_whole<O, R, T>(shrunk: &Shrunk<O, R, T>) {
    let [Verdict::Violation(whole), Verdict::Violation(found)] =
        [&shrunk.whole.verdict, &shrunk.report.verdict]
    else {
        panic!("no violation");
    };
    assert_eq!(shrunk.indices.last(), Some(&whole.event));
    assert_eq!(found.event, shrunk.history.end() - 1);
}

#[test]
fn when_the_time_is_up_no_other_operation_is_accused() {
    let model = Counter::new();
    let history = lost_addition(2000);
    for micros in [0, 1, 100, 1000, 10_000, 100_000, 1_000_000] {
        let effort = Effort {
            time: Some(std::time::Duration::from_micros(micros)),
            ..EFFORT
        };
        let shrunk = shrink(&model, &history, &effort).unwrap();
        assert_ends_like_the_whole(&shrunk);
        // Also where one operation is all that is left, and so none can be spared.
        let summary = shrunk.summary();
        assert!(
            micros > 100_000 || summary.contains("there was no time"),
            "{micros} µs: {summary}"
        );
    }
}

/// A counter that takes its time.
struct Slow(Counter);

impl Model for Slow {
    type Op = counter::Op;
    type Ret = counter::Ret;
    type State = <Counter as Model>::State;

    fn initial(&self) -> Self::State {
        self.0.initial()
    }

    fn apply(&self, state: &mut Self::State, op: &counter::Op) -> counter::Ret {
        for turn in 0..200 {
            std::hint::black_box(turn);
        }
        self.0.apply(state, op)
    }

    fn is_read(&self, op: &counter::Op) -> bool {
        self.0.is_read(op)
    }
}

// What stands was looked for in half of the time, whatever the other half was needed for.
#[test]
fn all_of_the_time_is_used_where_it_is_needed() {
    let (model, history) = (Slow(Counter::new()), lost_addition(24));
    let timed = |time| {
        let began = std::time::Instant::now();
        let effort = Effort { time, ..EFFORT };
        let shrunk = shrink(&model, &history, &effort).unwrap();
        (shrunk.stands, began.elapsed())
    };
    let needed = (0..3).map(|_| timed(None).1).min().unwrap();
    // Something else may run meanwhile, but not always.
    let stands = || timed(Some(needed.mul_f64(0.9))).0;
    assert!((0..20).any(|_| stands()));
}

#[test]
fn where_nothing_may_be_looked_at_nothing_is_said_to_stand() {
    let model = Register::<u64>::new();
    let mut builder = HistoryBuilder::new();
    for value in 0..10 {
        for process in 0..4 {
            builder.invoke(process, register::Op::Write(4 * value + process));
        }
        for process in 0..4 {
            builder.ok(process, None);
        }
    }
    builder.invoke(0, register::Op::Read).ok(0, Some(7));
    let history = builder.finish().unwrap();
    let none = Effort {
        configurations: Some(1),
        ..EFFORT
    };
    let shrunk = shrink(&model, &history, &none).unwrap();
    assert_ends_like_the_whole(&shrunk);
    assert!(!shrunk.stands, "{}", shrunk.history);
    let shrunk = shrink(&model, &history, &EFFORT).unwrap();
    assert!(shrunk.is_smallest && shrunk.stands);
    assert_eq!(shrunk.history.operations().count(), 3);
}
