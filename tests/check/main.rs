//! The checker against slow, obvious readings of the same histories.
#![cfg(all(not(loom), feature = "check"))]

mod agreement;
mod budgets;
mod counting;
mod families;
mod growth;
mod logs;
mod nondeterministic;
mod oracle;
mod random;

use std::{any::type_name, collections::HashMap, mem::discriminant, time::Duration};

use agreement::{assert_right, assert_so, mutate, small};
use families::{
    BoundedQueues, CasRegisters, Counters, Family, Logs, Maps, MixedMaps, Mutexes, Pair, Pairs,
    PeekedStacks, Plain, PriorityQueues, Queues, Registers, Semaphores, Sets, Snapshots, Stacks,
};
use nondeterministic::{Bag, Estimate, Nondeterministic};
use random::{Random, Shape, history};
use tachograph::{
    Event, EventKind, History, HistoryBuilder, Outcome, ProcessId, Recorder,
    check::{self, Budget, Flaw, Reason, Spent, Verdict, Witness},
    model::{
        CasRegister, Collection, Counter, KeyValue, Model, Mutex, Queue, Register, Specification,
        Stack, cas_register, counter, key_value, mutex, queue, register, set, stack,
    },
};

const UNLIMITED: &Budget = &Budget::unlimited();

/// So many histories of each family are held against the oracle.
const HISTORIES: u64 = 200_000;

fn agrees_with_the_oracle<F: Family>() {
    let mut linearizable = 0;
    for seed in 0..HISTORIES {
        let mut random = Random::new(seed);
        let shape = small(&mut random);
        let mut history = history(&F::model(), &shape, &mut random, F::op);
        if !random.one_in(4) {
            history = mutate::<F>(history, &mut random);
        }
        linearizable += u64::from(assert_right::<F>(&history, &seed));
    }
    // Both verdicts come often, or not much was tried.
    assert!(
        linearizable > HISTORIES / 10 && linearizable < HISTORIES * 9 / 10,
        "{linearizable}"
    );
}

#[test]
fn verdicts_on_registers_are_the_oracles() {
    agrees_with_the_oracle::<Registers>();
}

#[test]
fn verdicts_on_cas_registers_are_the_oracles() {
    agrees_with_the_oracle::<CasRegisters>();
}

#[test]
fn verdicts_on_queues_are_the_oracles() {
    agrees_with_the_oracle::<Queues>();
}

#[test]
fn verdicts_on_counters_are_the_oracles() {
    agrees_with_the_oracle::<Counters>();
}

#[test]
fn verdicts_on_maps_are_the_oracles() {
    agrees_with_the_oracle::<Maps>();
}

#[test]
fn verdicts_on_maps_of_one_key_are_the_oracles() {
    agrees_with_the_oracle::<MixedMaps>();
}

#[test]
fn verdicts_on_sets_are_the_oracles() {
    agrees_with_the_oracle::<Sets>();
}

#[test]
fn verdicts_on_stacks_are_the_oracles() {
    agrees_with_the_oracle::<Stacks>();
}

#[test]
fn verdicts_on_stacks_with_peeks_are_the_oracles() {
    agrees_with_the_oracle::<PeekedStacks>();
}

#[test]
fn verdicts_on_bounded_queues_are_the_oracles() {
    agrees_with_the_oracle::<BoundedQueues>();
}

#[test]
fn verdicts_on_priority_queues_are_the_oracles() {
    agrees_with_the_oracle::<PriorityQueues>();
}

#[test]
fn verdicts_on_mutexes_are_the_oracles() {
    agrees_with_the_oracle::<Mutexes>();
}

#[test]
fn verdicts_on_semaphores_are_the_oracles() {
    agrees_with_the_oracle::<Semaphores>();
}

#[test]
fn verdicts_on_logs_are_the_oracles() {
    agrees_with_the_oracle::<Logs>();
}

#[test]
fn verdicts_on_snapshots_are_the_oracles() {
    agrees_with_the_oracle::<Snapshots>();
}

#[test]
fn verdicts_on_an_object_with_parts_are_the_oracles() {
    agrees_with_the_oracle::<Pairs>();
}

fn agrees_with_the_oracle_where_it_may_do_several<S: Nondeterministic>() {
    let (specification, mut linearizable) = (S::default(), 0);
    for seed in 0..HISTORIES / 4 {
        let history = nondeterministic::history::<S>(&mut Random::new(seed));
        let expected = oracle::is_linearizable(&specification, &history);
        let report = check::linearizable(&specification, &history, UNLIMITED);
        let context = || format!("seed {seed}:\n{history}");
        assert_so(
            &specification,
            &history,
            expected,
            &report.verdict,
            &context,
        );
        linearizable += u64::from(expected);
    }
    assert!(
        linearizable > HISTORIES / 40 && linearizable < HISTORIES * 9 / 40,
        "{linearizable}"
    );
}

#[test]
fn verdicts_on_objects_that_may_do_one_of_several_things_are_the_oracles() {
    agrees_with_the_oracle_where_it_may_do_several::<Bag>();
    agrees_with_the_oracle_where_it_may_do_several::<Estimate>();
}

/// Beside many operations that are open for long and tell nothing: those that may take effect are in more than one word.
fn agrees_with_the_oracle_beside_many<F: Family>(
    op: <F::Model as Model>::Op,
    ret: Option<<F::Model as Model>::Ret>,
) {
    const FIRST: u64 = 1 << 20;

    let (model, mut linearizable) = (F::model(), 0);
    for seed in 0..HISTORIES / 200 {
        let mut random = Random::new(seed);
        let mut few = history(&model, &small(&mut random), &mut random, F::op);
        if !random.one_in(4) {
            few = mutate::<F>(few, &mut random);
        }
        let many = FIRST..FIRST + 60 + random.below(20);
        // Most often before the others, which then come behind the first word.
        let before = match random.below(4) {
            0 => random.below(few.end() + 1),
            _ => 0,
        };
        let complete = random.one_in(2);
        let mut events: Vec<_> = few.events().map(|event| event.cloned()).collect();
        let of = |process, kind| Event {
            index: 0,
            process: ProcessId(process),
            kind,
            time: None,
            error: None,
        };
        let invocations = many
            .clone()
            .map(|its| of(its, EventKind::Invoke(op.clone())));
        events.splice(before as usize..before as usize, invocations);
        if let (true, Some(ret)) = (complete, &ret) {
            events.extend(many.map(|its| of(its, EventKind::Ok(ret.clone()))));
        }
        let events = events.into_iter().zip(0..);
        let history = History::from_events(events.map(|(its, index)| Event { index, ..its }));
        let history = history.unwrap();
        // They all may come last, or never.
        let expected = oracle::is_linearizable(&model, &few);
        let verdict = F::check(&history, UNLIMITED).verdict;
        match &verdict {
            Verdict::Linearizable(witness) => witness.validate(&model, &history).unwrap(),
            Verdict::Violation(_) => {}
            Verdict::Unknown(reason) => panic!("{reason}: seed {seed}:\n{history}"),
        }
        assert_eq!(
            verdict.is_linearizable(),
            expected,
            "seed {seed}:\n{history}"
        );
        linearizable += u64::from(expected);
    }
    assert!(
        linearizable > HISTORIES / 2000 && linearizable < HISTORIES * 9 / 2000,
        "{linearizable}"
    );
}

#[test]
fn verdicts_on_registers_beside_many_that_are_open_are_the_oracles() {
    agrees_with_the_oracle_beside_many::<Registers>(register::Op::Write(200), Some(None));
    agrees_with_the_oracle_beside_many::<Registers>(register::Op::Read, None);
}

#[test]
fn verdicts_on_sets_beside_many_that_are_open_are_the_oracles() {
    agrees_with_the_oracle_beside_many::<Sets>(set::Op::Add(200), Some(set::Ret::Done));
}

#[test]
fn verdicts_on_maps_beside_many_that_are_open_are_the_oracles() {
    let put = key_value::Op::Put(0, vec![200]);
    agrees_with_the_oracle_beside_many::<Maps>(put, Some(key_value::Ret::Done));
}

/// Two values and mostly crashes: equal operations of unknown outcome, of which now one and now two are needed.
struct Crashes;

impl Family for Crashes {
    type Model = CasRegister<u8>;

    const NAME: &'static str = "cas-register of two values";

    fn model() -> CasRegister<u8> {
        CasRegister::new()
    }

    fn op(random: &mut Random) -> cas_register::Op<u8> {
        let (old, new) = (random.below(2) as u8, random.below(2) as u8);
        match random.below(4) {
            0 | 1 => cas_register::Op::Read,
            2 => cas_register::Op::Write(new),
            _ => cas_register::Op::Cas(old, new),
        }
    }

    fn ret(random: &mut Random) -> cas_register::Ret<u8> {
        cas_register::Ret::Value(Some(random.below(2) as u8))
    }
}

#[test]
fn verdicts_where_most_updates_crash_are_the_oracles() {
    for seed in 0..HISTORIES / 4 {
        let mut random = Random::new(seed);
        let shape = Shape {
            processes: 2 + random.below(3),
            operations: 5 + random.below(4),
            info: 2,
            fail: 0,
            open_ends: true,
        };
        let mut history = history(&Crashes::model(), &shape, &mut random, Crashes::op);
        if random.one_in(2) {
            history = mutate::<Crashes>(history, &mut random);
        }
        assert_right::<Crashes>(&history, &seed);
    }
}

/// As many crashed writes of the same value as are read after another value was: one fewer does not do.
#[test]
fn equal_crashed_writes_are_used_once_each() {
    use register::Op::{Read, Write};
    for (crashed, read) in [(1, 1), (2, 2), (3, 3), (1, 2), (2, 3), (3, 4)] {
        let mut builder = HistoryBuilder::new();
        for process in 0..crashed {
            builder.invoke(10 + process, Write(7)).info(10 + process);
        }
        for _ in 0..read {
            builder.invoke(0, Write(1)).ok(0, None);
            builder.invoke(0, Read).ok(0, Some(7));
        }
        let history = builder.finish().unwrap();
        let verdict = check::linearizable(&Register::new(), &history, UNLIMITED).verdict;
        assert_eq!(verdict.is_linearizable(), read <= crashed, "{history}");
    }
}

fn sequential_agrees_with_the_oracle<F: Family>() {
    let mut consistent = 0;
    for seed in 0..HISTORIES / 4 {
        let mut random = Random::new(seed);
        let shape = small(&mut random);
        let mut history = history(&F::model(), &shape, &mut random, F::op);
        if !random.one_in(8) {
            history = mutate::<F>(history, &mut random);
        }
        let model = F::model();
        let expected = oracle::is_sequentially_consistent(&model, &history);
        let context = || format!("{}, seed {seed}:\n{history}", F::NAME);
        match check::sequentially_consistent(&model, &history, UNLIMITED).verdict {
            Verdict::Linearizable(witness) => {
                assert!(expected, "a violation was missed: {}", context());
                if let Err(flaw) = witness.validate_sequential(&model, &history) {
                    panic!("{flaw} in {witness:?}: {}", context());
                }
                consistent += 1;
            }
            Verdict::Violation(violation) => {
                assert!(!expected, "a false alarm: {violation}\n{}", context());
                assert!(!violation.explained[0].blocked.is_empty());
                // It is an order, if not of all.
                match violation.prefix.validate_sequential(&model, &history) {
                    Err(Flaw::Missing(_)) => {}
                    other => panic!("{other:?}: {}", context()),
                }
            }
            Verdict::Unknown(reason) => panic!("{reason}: {}", context()),
        }
    }
    assert!(
        consistent > HISTORIES / 40 && consistent < HISTORIES * 39 / 160,
        "{}: {consistent}",
        F::NAME
    );
}

#[test]
fn verdicts_on_sequential_consistency_are_the_oracles() {
    sequential_agrees_with_the_oracle::<Registers>();
    sequential_agrees_with_the_oracle::<CasRegisters>();
    sequential_agrees_with_the_oracle::<Pairs>();
}

#[test]
fn verdicts_on_sequential_queues_and_stacks_are_the_oracles() {
    sequential_agrees_with_the_oracle::<Queues>();
    sequential_agrees_with_the_oracle::<BoundedQueues>();
    sequential_agrees_with_the_oracle::<PriorityQueues>();
    sequential_agrees_with_the_oracle::<Stacks>();
    sequential_agrees_with_the_oracle::<PeekedStacks>();
}

#[test]
fn verdicts_on_sequential_maps_and_sets_are_the_oracles() {
    sequential_agrees_with_the_oracle::<Maps>();
    sequential_agrees_with_the_oracle::<Sets>();
    sequential_agrees_with_the_oracle::<Logs>();
    sequential_agrees_with_the_oracle::<Snapshots>();
}

#[test]
fn verdicts_on_sequential_locks_and_counters_are_the_oracles() {
    sequential_agrees_with_the_oracle::<Mutexes>();
    sequential_agrees_with_the_oracle::<Semaphores>();
    sequential_agrees_with_the_oracle::<Counters>();
}

#[test]
fn what_is_out_of_time_but_in_order_is_sequentially_consistent() {
    use register::Op::{Read, Write};
    let history = HistoryBuilder::new()
        .invoke(0, Write(1))
        .ok(0, None)
        .invoke(1, Read)
        .ok(1, None)
        .finish()
        .unwrap();
    let model = Register::new();
    assert!(
        check::linearizable(&model, &history, UNLIMITED)
            .verdict
            .is_violation()
    );
    assert!(
        check::sequentially_consistent(&model, &history, UNLIMITED)
            .verdict
            .is_linearizable()
    );
}

/// Histories of a thousand operations each. `op` has the number of the operation.
fn by_construction<M>(
    model: &M,
    histories: u64,
    budget: &Budget,
    op: impl Fn(&mut Random, u64) -> M::Op,
) where
    M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    let mut undecided = 0;
    for seed in 0..histories {
        let mut random = Random::new(seed);
        let shape = Shape {
            processes: 2 + random.below(5),
            operations: 1000,
            info: if random.one_in(2) { 100 } else { 0 },
            fail: 20,
            open_ends: random.one_in(2),
        };
        let mut number = 0;
        let history = history(model, &shape, &mut random, |random| {
            number += 1;
            op(random, number)
        });
        match check::linearizable(model, &history, budget).verdict {
            Verdict::Linearizable(witness) => witness.validate(model, &history).unwrap(),
            Verdict::Unknown(_) => undecided += 1,
            other => panic!("{}, seed {seed}: {other}", type_name::<M>()),
        }
    }
    // Where there is a bound, some are decided.
    let most = match budget == UNLIMITED {
        true => 0,
        false => histories * 9 / 10,
    };
    assert!(undecided <= most, "{undecided} of {histories}");
}

fn never_a_false_alarm<F: Family>(histories: u64) {
    by_construction(&F::model(), histories, UNLIMITED, |random, _| F::op(random));
}

fn never_a_false_alarm_of<M>(of: &Of<M>, histories: u64)
where
    M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    by_construction(
        &of.model,
        histories,
        UNLIMITED,
        |random, number| match random.one_in(2) {
            true => (of.put)(number),
            false => of.take.clone(),
        },
    );
}

// Ten thousand histories in all.
#[test]
fn registers_by_construction_are_never_a_violation() {
    never_a_false_alarm::<Registers>(4000);
}

#[test]
fn cas_registers_by_construction_are_never_a_violation() {
    never_a_false_alarm::<CasRegisters>(3000);
}

#[test]
fn parts_by_construction_are_never_a_violation() {
    never_a_false_alarm::<Pairs>(3000);
}

// Ten thousand in all, of all other objects, which take longer.
#[test]
fn queues_by_construction_are_never_a_violation() {
    never_a_false_alarm_of(&QUEUE, 1000);
    never_a_false_alarm::<BoundedQueues>(1000);
    never_a_false_alarm::<PriorityQueues>(1000);
}

#[test]
fn stacks_by_construction_are_never_a_violation() {
    never_a_false_alarm_of(&STACK, 1000);
    // Values that do not tell where they came from: not each of them is decided in any time.
    let budget = Budget::unlimited().configurations(50_000);
    let op = |random: &mut Random, _| PeekedStacks::op(random);
    by_construction(&PeekedStacks::model(), 100, &budget, op);
}

#[test]
fn maps_sets_and_logs_by_construction_are_never_a_violation() {
    never_a_false_alarm::<Maps>(1000);
    never_a_false_alarm::<Sets>(1000);
    never_a_false_alarm::<Logs>(1000);
    never_a_false_alarm::<Snapshots>(1000);
}

#[test]
fn locks_and_counters_by_construction_are_never_a_violation() {
    never_a_false_alarm::<Mutexes>(1000);
    never_a_false_alarm::<Semaphores>(1000);
    never_a_false_alarm::<Counters>(1000);
}

#[test]
fn logs_of_a_store_are_judged_rightly_to_the_event() {
    for seed in 0..100 {
        let shape = logs::Shape {
            clients: 10,
            operations: 500,
            rest: 10,
            slow: 20,
            lost: [0, 100][seed as usize % 2],
            splits: false,
        };
        let op = logs::texts(10, 45, 5);
        let good = logs::log(&shape, &mut Random::new(seed), None, op);
        let model = KeyValue::new();
        match check::linearizable(&model, &good, UNLIMITED).verdict {
            Verdict::Linearizable(witness) => witness.validate(&model, &good).unwrap(),
            other => panic!("seed {seed}: {other}"),
        }
        for fault in [logs::Fault::Strange("y".to_owned()), logs::Fault::Stale] {
            let Some((bad, event)) = logs::with(&good, 60, &fault) else {
                panic!("seed {seed}")
            };
            match check::linearizable(&model, &bad, UNLIMITED).verdict {
                Verdict::Violation(violation) => assert_eq!(violation.event, event, "seed {seed}"),
                other => panic!("seed {seed}: {other}"),
            }
        }
    }
}

#[test]
fn logs_of_registers_with_crashes_are_judged_rightly_to_the_event() {
    for seed in 0..100 {
        let shape = logs::Shape {
            clients: 5,
            operations: 200,
            rest: 60,
            slow: 0,
            lost: 10,
            splits: false,
        };
        let good = logs::log(&shape, &mut Random::new(seed), None, logs::numbers(50));
        let model = KeyValue::new();
        match check::linearizable(&model, &good, UNLIMITED).verdict {
            Verdict::Linearizable(witness) => witness.validate(&model, &good).unwrap(),
            other => panic!("seed {seed}: {other}"),
        }
        let (bad, event) = logs::with(&good, 60, &logs::Fault::Strange(9)).unwrap();
        match check::linearizable(&model, &bad, UNLIMITED).verdict {
            Verdict::Violation(violation) => assert_eq!(violation.event, event, "seed {seed}"),
            other => panic!("seed {seed}: {other}"),
        }
    }
}

/// Objects at which sixteen are always busy. All explanations of each moment would be hundreds to thousands: they differ in which of equal
/// operations have taken effect, in what had no effect, and in what might as well come later.
#[test]
fn objects_at_which_many_are_busy_have_few_configurations() {
    fn is_easy<M>(model: M, most: u64, mut op: impl FnMut(&mut Random) -> M::Op)
    where
        M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
    {
        const OPERATIONS: u64 = 4_000;

        let shape = Shape::all_ok(16, OPERATIONS);
        let good = history(&model, &shape, &mut Random::new(1), &mut op);
        let report = check::linearizable(&model, &good, UNLIMITED);
        let each = report.configurations / OPERATIONS;
        assert!(each <= most, "{each} an operation");
        match report.verdict {
            Verdict::Linearizable(witness) => witness.validate(&model, &good).unwrap(),
            other => panic!("{other}"),
        }
    }
    is_easy(Counter::new(), 1, |random| match random.one_in(3) {
        true => counter::Op::Get,
        false => counter::Op::Add(1),
    });
    is_easy(Counter::new(), 40, |random| match random.one_in(3) {
        true => counter::Op::Get,
        false => counter::Op::Add(1 + random.below(2) as i64),
    });
    is_easy(Mutex::new(), 1, |random| match random.one_in(2) {
        true => mutex::Op::TryAcquire,
        false => mutex::Op::Release,
    });
    is_easy(CasRegister::new(), 1, |random| {
        cas_register::Op::Cas(random.below(3), random.below(3))
    });
}

/// What a model says that changes nothing does not.
#[test]
fn what_changes_nothing_changes_nothing() {
    fn is_so<F: Family>() {
        let (model, mut random) = (F::model(), Random::new(1));
        let [mut some, mut others] = [0; 2];
        for _ in 0..1_000 {
            let mut state = Model::initial(&model);
            for _ in 0..20 {
                let (op, before) = (F::op(&mut random), state.clone());
                let ret = model.apply(&mut state, &op);
                let changes_nothing = Model::changes_nothing(&model, &op, &ret);
                assert!(
                    !changes_nothing || state == before,
                    "{}: {op:?} → {ret:?} in {before:?}",
                    F::NAME
                );
                assert!(changes_nothing || !Model::is_read(&model, &op), "{op:?}");
                match changes_nothing {
                    true => some += 1,
                    false => others += 1,
                }
            }
        }
        assert!(some > 1_000 && others > 1_000, "{some} {others}");
    }
    is_so::<Registers>();
    is_so::<CasRegisters>();
    is_so::<Queues>();
    is_so::<BoundedQueues>();
    is_so::<Stacks>();
    is_so::<PeekedStacks>();
    is_so::<PriorityQueues>();
    is_so::<Counters>();
    is_so::<Maps>();
    is_so::<MixedMaps>();
    is_so::<Sets>();
    is_so::<Mutexes>();
    is_so::<Semaphores>();
    is_so::<Logs>();
    is_so::<Snapshots>();
}

/// One register of twenty clients, the network of which is split half of the time: nobody can try what each set of the lost
/// updates would explain.
#[test]
fn hard_logs_are_judged_with_few_configurations() {
    let mut hard = 0;
    for seed in 0..10 {
        let shape = logs::Shape {
            clients: 20,
            operations: 1000,
            rest: 60,
            slow: 0,
            lost: 20,
            splits: true,
        };
        let good = logs::log(
            &shape,
            &mut Random::new(seed),
            None,
            logs::numbers(u64::MAX),
        );
        let model = KeyValue::new();
        let budget = Budget::unlimited().configurations(4_000_000);
        let report = check::linearizable(&model, &good, &budget);
        match report.verdict {
            Verdict::Linearizable(witness) => witness.validate(&model, &good).unwrap(),
            other => panic!("seed {seed}: {other}"),
        }
        let (bad, event) = logs::with(&good, 80, &logs::Fault::Strange(9)).unwrap();
        let report = check::linearizable(&model, &bad, &budget);
        hard += u64::from(report.configurations > 65_536 + 32 * bad.len() as u64);
        match report.verdict {
            Verdict::Violation(violation) => assert_eq!(violation.event, event, "seed {seed}"),
            other => panic!("seed {seed}: {other}"),
        }
    }
    assert!(hard >= 5, "{hard} are hard");
}

/// Too many explanations to keep them all, of which one is soon found by following them.
#[test]
fn one_explanation_is_found_among_many() {
    let model = Register::new();
    let mut value = 0;
    let good = history(
        &model,
        &Shape::all_ok(8, 20_000),
        &mut Random::new(1),
        |random| {
            value = (value + 1) % 5;
            match random.one_in(2) {
                true => register::Op::Write(value),
                false => register::Op::Read,
            }
        },
    );
    let report = check::linearizable(&model, &good, UNLIMITED);
    // All explanations are some 26 configurations an operation.
    assert!(report.configurations < 300_000, "{}", report.configurations);
    match report.verdict {
        Verdict::Linearizable(witness) => witness.validate(&model, &good).unwrap(),
        other => panic!("{other}"),
    }
    let mut events: Vec<_> = good.into_events().collect();
    let from = events.len() * 9 / 10;
    let read = |event: &Event<_, _>| matches!(event.kind, EventKind::Ok(Some(_)));
    let wrong = (from..events.len()).find(|it| read(&events[*it])).unwrap();
    events[wrong].kind = EventKind::Ok(Some(9));
    let bad = History::from_events(events).unwrap();
    match check::linearizable(&model, &bad, UNLIMITED).verdict {
        Verdict::Violation(violation) => {
            assert_eq!((violation.event, violation.is_first), (wrong as u64, true));
            let mut prefix = bad;
            prefix.truncate(violation.event);
            violation.prefix.validate(&model, &prefix).unwrap();
        }
        other => panic!("{other}"),
    }

    // A value that is pushed twice, so that it does not tell where it came from.
    let model = Stack::new();
    let mut next = 0;
    let twice = history(
        &model,
        &Shape::all_ok(4, 200),
        &mut Random::new(1),
        |random| {
            next += 1;
            match random.one_in(2) {
                true => stack::Op::Push(if next > 100 && next < 104 { 50 } else { next }),
                false => stack::Op::Pop,
            }
        },
    );
    let budget = Budget::unlimited().configurations(1_000_000);
    match check::linearizable(&model, &twice, &budget).verdict {
        Verdict::Linearizable(witness) => witness.validate(&model, &twice).unwrap(),
        other => panic!("{other}"),
    }
}

/// A model of what values are put into and taken out of.
struct Of<M: Model> {
    model: M,
    put: fn(u64) -> M::Op,
    take: M::Op,
    found: fn(Option<u64>) -> M::Ret,
}

const QUEUE: Of<Queue<u64>> = Of {
    model: Queue::new(),
    put: queue::Op::Enqueue,
    take: queue::Op::Dequeue,
    found: queue::Ret::Value,
};

const STACK: Of<Stack<u64>> = Of {
    model: Stack::new(),
    put: stack::Op::Push,
    take: stack::Op::Pop,
    found: stack::Ret::Value,
};

impl<M: Model> Of<M> {
    fn is_find(&self, ret: &M::Ret) -> bool {
        let nothing = (self.found)(None);
        discriminant(ret) == discriminant(&nothing) && *ret != nothing
    }
}

/// The same history, in which some values whose put failed are those of later puts: it was tried again.
fn with_puts_tried_again<M>(
    of: &Of<M>,
    history: History<M::Op, M::Ret>,
    random: &mut Random,
) -> History<M::Op, M::Ret>
where
    M: Model<Op: Clone, Ret: Clone>,
{
    let most = history.len() as u64;
    let value = |op: &M::Op| (0..most).find(|value| (of.put)(*value) == *op);
    let mut failed = Vec::new();
    let mut renamed = HashMap::new();
    for operation in history.operations() {
        let Some(value) = value(operation.op) else {
            continue;
        };
        let earlier = failed
            .iter()
            .position(|(_, completion)| *completion < Some(operation.invocation));
        let name = match earlier {
            Some(earlier) if random.one_in(2) => failed.swap_remove(earlier).0,
            _ => value,
        };
        renamed.insert(value, name);
        if matches!(operation.outcome, Outcome::Fail) {
            failed.push((name, operation.completion));
        }
    }
    let events = history.into_events().map(|mut event| {
        for (value, name) in &renamed {
            let name = *name;
            match &event.kind {
                EventKind::Invoke(op) if *op == (of.put)(*value) => {
                    event.kind = EventKind::Invoke((of.put)(name));
                    break;
                }
                EventKind::Ok(ret) if *ret == (of.found)(Some(*value)) => {
                    event.kind = EventKind::Ok((of.found)(Some(name)));
                    break;
                }
                _ => {}
            }
        }
        event
    });
    History::from_events(events).unwrap()
}

/// A model that says what its history is one of, and nothing else.
struct Unasked<'m, M>(&'m M);

impl<M: Model> Model for Unasked<'_, M> {
    type Op = M::Op;
    type Ret = M::Ret;
    type State = M::State;

    fn initial(&self) -> M::State {
        self.0.initial()
    }

    fn apply(&self, _: &mut M::State, _: &M::Op) -> M::Ret {
        unreachable!("it is not asked")
    }

    fn collection<'h>(&'h self, history: &'h History<M::Op, M::Ret>) -> Option<Collection<'h>> {
        Model::collection(self.0, history)
    }
}

/// Histories that are too long for the oracle, held against the search that is for all models, which the oracle agrees with.
fn collections_agree_with_the_general_search<M>(of: Of<M>)
where
    M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Clone + Sync,
{
    let mut linearizable = 0;
    let histories = 3_000;
    let plain = Plain(of.model.clone());
    for seed in 0..histories {
        let mut random = Random::new(seed);
        let shape = Shape {
            processes: 2 + random.below(4),
            operations: 8 + random.below(6),
            ..small(&mut random)
        };
        let mut next = 0;
        let mut history = history(&plain.0, &shape, &mut random, |random| {
            next += 1;
            match random.one_in(2) {
                true => (of.put)(next),
                false => of.take.clone(),
            }
        });
        history = with_puts_tried_again(&of, history, &mut random);
        let finds: Vec<u64> = history
            .events()
            .filter(|event| matches!(event.kind, EventKind::Ok(ret) if of.is_find(ret)))
            .map(|event| event.index)
            .collect();
        if !finds.is_empty() && !random.one_in(3) {
            // A take found something else, or nothing.
            let changed = finds[random.below(finds.len() as u64) as usize];
            let to = (of.found)(random.below(next + 3).checked_sub(2));
            let events = history
                .into_events()
                .map(|event| match event.index == changed {
                    true => Event {
                        kind: EventKind::Ok(to.clone()),
                        ..event
                    },
                    false => event,
                });
            history = History::from_events(events).unwrap();
        }
        let context = || format!("seed {seed}:\n{history}");
        let found = check::linearizable(&plain.0, &history, UNLIMITED).verdict;
        let expected = check::linearizable(&plain, &history, UNLIMITED).verdict;
        match (found, expected) {
            (Verdict::Linearizable(witness), Verdict::Linearizable(_)) => {
                linearizable += 1;
                witness
                    .validate(&plain.0, &history)
                    .unwrap_or_else(|flaw| panic!("{flaw}: {}", context()));
                // It was judged as a collection: what is not asked what it does cannot be judged otherwise.
                let unasked = check::linearizable(&Unasked(&plain.0), &history, UNLIMITED);
                assert!(unasked.verdict.is_linearizable(), "{}", context());
            }
            (Verdict::Violation(found), Verdict::Violation(expected)) => {
                assert_eq!(
                    (found.event, found.invocation),
                    (expected.event, expected.invocation),
                    "{}",
                    context()
                );
                assert_eq!(found.operation, expected.operation);
                let mut prefix = history.clone();
                prefix.truncate(found.event);
                found
                    .prefix
                    .validate(&plain.0, &prefix)
                    .unwrap_or_else(|flaw| panic!("{flaw}: {}", context()));
            }
            (found, expected) => panic!("{found} and not {expected}: {}", context()),
        }
    }
    assert!(
        linearizable > histories / 4 && linearizable < histories * 3 / 4,
        "{linearizable}"
    );
}

#[test]
fn queues_and_stacks_are_judged_as_by_the_general_search() {
    collections_agree_with_the_general_search(QUEUE);
    collections_agree_with_the_general_search(STACK);
}

/// Values that are all different, put in and taken out as often as it comes.
fn long_collections_are_right<M>(of: Of<M>)
where
    M: Model<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Clone + Sync,
{
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let shape = Shape {
            processes: 2 + seed % 7,
            operations: 2000,
            info: 30 * (seed % 2),
            fail: 20,
            open_ends: false,
        };
        let mut next = 0;
        let good = history(&of.model, &shape, &mut random, |random| {
            next += 1;
            match random.one_in(2) {
                true => (of.put)(next),
                false => of.take.clone(),
            }
        });
        let good = with_puts_tried_again(&of, good, &mut random);
        match check::linearizable(&of.model, &good, UNLIMITED).verdict {
            Verdict::Linearizable(witness) => witness.validate(&of.model, &good).unwrap(),
            other => panic!("seed {seed}: {other}"),
        }
        // What two takes far from one another found, the other way around.
        let mut events: Vec<_> = good.into_events().collect();
        let finds: Vec<usize> = (events.len() / 2..events.len())
            .filter(|index| matches!(&events[*index].kind, EventKind::Ok(ret) if of.is_find(ret)))
            .collect();
        let [one, .., other] = finds[..] else {
            panic!("seed {seed}")
        };
        let kinds = (events[one].kind.clone(), events[other].kind.clone());
        (events[other].kind, events[one].kind) = kinds;
        let bad = History::from_events(events).unwrap();
        match check::linearizable(&of.model, &bad, UNLIMITED).verdict {
            Verdict::Violation(violation) => {
                assert!(violation.event >= one as u64);
                let mut prefix = bad;
                prefix.truncate(violation.event);
                violation.prefix.validate(&of.model, &prefix).unwrap();
            }
            other => panic!("seed {seed}: {other}"),
        }
    }
}

#[test]
fn long_queues_and_stacks_are_checked_in_no_time_and_right() {
    long_collections_are_right(QUEUE);
    long_collections_are_right(STACK);
}

fn processes<const N: usize>() -> [ProcessId; N] {
    std::array::from_fn(|id| ProcessId(id as u64))
}

#[test]
fn a_crashed_write_may_take_effect_now_later_or_never() {
    use register::Op::{Read, Write};
    let [writer, reader] = processes();
    let reads = |values: &[Option<u8>]| {
        let mut builder = HistoryBuilder::new();
        builder.invoke(reader, Write(1)).ok(reader, None);
        builder.invoke(writer, Write(2)).info(writer);
        for value in values {
            builder.invoke(reader, Read).ok(reader, *value);
        }
        check::linearizable(&Register::new(), &builder.finish().unwrap(), UNLIMITED).verdict
    };
    let (one, two) = (Some(1), Some(2));
    for good in [
        &[two, two][..],
        &[one, one],
        &[one, one, one, two, two],
        &[],
    ] {
        assert!(reads(good).is_linearizable(), "{good:?}");
    }
    for bad in [&[two, one][..], &[one, two, one], &[Some(3)], &[None]] {
        assert!(reads(bad).is_violation(), "{bad:?}");
    }
}

#[test]
fn a_read_of_unknown_outcome_never_matters() {
    use register::Op::{Read, Write};
    let [writer, reader, crashed] = processes();
    let mut builder = HistoryBuilder::new();
    builder.invoke(crashed, Read).info(crashed);
    builder.invoke(writer, Write(1)).ok(writer, None);
    builder.invoke(reader, Read).ok(reader, Some(1));
    let history = builder.finish().unwrap();
    let report = check::linearizable(&Register::<u8>::new(), &history, UNLIMITED);
    assert!(report.verdict.is_linearizable());
}

#[test]
fn a_violation_says_where_and_why() {
    use register::Op::{Read, Write};
    let [a, b, c] = processes();
    let mut builder = HistoryBuilder::new();
    builder
        .invoke(a, Write(1))
        .invoke(b, Write(2))
        .ok(a, None)
        .ok(b, None);
    builder
        .invoke(c, Write(7))
        .invoke(a, Read)
        .ok(a, Some(3))
        .ok(c, None);
    let history = builder.finish().unwrap();
    let report = check::linearizable(&Register::new(), &history, UNLIMITED);
    let Verdict::Violation(violation) = report.verdict else {
        panic!("{}", report.verdict)
    };
    assert_eq!((violation.event, violation.invocation), (6, 5));
    assert_eq!(
        violation.to_string(),
        "violation: event 6 completes Read → Some(3) (invoked at 5), which nothing explains; up to the event before all \
         is well
  the state may be Some(1)
           5  Read → Some(3): would return Some(1)
           4  Write(7) → None: could be next, but does not help
  the state may be Some(2)
           5  Read → Some(3): would return Some(2)
           4  Write(7) → None: could be next, but does not help"
    );
    let mut prefix = history.clone();
    prefix.truncate(6);
    violation
        .prefix
        .validate(&Register::new(), &prefix)
        .unwrap();
}

/// An object of which nothing can be said beforehand: each operation but [`NEVER`] may return anything, and means something else.
struct Anything;

impl Specification for Anything {
    type Op = u32;
    type Ret = ();
    type State = Vec<u32>;

    fn initial(&self) -> Vec<u32> {
        Vec::new()
    }

    fn step(&self, state: &Vec<u32>, op: &u32, _: Option<&()>, mut next: impl FnMut(Vec<u32>)) {
        if *op == NEVER {
            return;
        }
        let mut longer = state.clone();
        longer.push(*op);
        next(longer);
    }
}

/// An operation that cannot take effect, whatever came before.
const NEVER: u32 = u32::MAX;

/// Any number of operations at once: the first that completes may come after any others, in any order.
fn all_at_once(operations: u32) -> HistoryBuilder<u32, ()> {
    let mut builder = HistoryBuilder::new();
    for number in 0..operations {
        builder.invoke(ProcessId(number.into()), number);
    }
    for number in 0..operations {
        builder.ok(ProcessId(number.into()), ());
    }
    builder
}

/// Many writes in any order, and a read that none explains.
fn contrary() -> History<register::Op<u64>, Option<u64>> {
    let mut builder = HistoryBuilder::new();
    for process in 0..10 {
        for number in 0..3 {
            builder
                .invoke(process, register::Op::Write(10 * process + number))
                .ok(process, None);
        }
    }
    builder.invoke(10, register::Op::Read).ok(10, Some(99));
    builder.finish().unwrap()
}

#[test]
fn a_piece_is_not_judged_whatever_it_completes_of_before() {
    use register::Op::{Read, Write};
    // A write that is open where a recorder is drained, and takes effect behind that.
    for end in 0..3 {
        let recorder = Recorder::<register::Op<u8>, Option<u8>>::new();
        let (mut writer, mut reader) = (recorder.process(), recorder.process());
        let write = writer.invoke(Write(5));
        recorder.drain();
        reader.invoke(Read).ok(Some(5));
        match end {
            0 => write.ok(None),
            1 => write.fail(),
            _ => write.info(),
        };
        let piece = recorder.drain();
        for report in [
            check::linearizable(&Register::new(), &piece, UNLIMITED),
            check::sequentially_consistent(&Register::new(), &piece, UNLIMITED),
        ] {
            match report.verdict {
                Verdict::Unknown(reason) => assert_eq!(reason, Reason::NoBeginning(3)),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn a_bound_that_is_never_reached_is_none() {
    let shape = Shape {
        processes: 4,
        operations: 10_000,
        info: 0,
        fail: 0,
        open_ends: true,
    };
    let mut value = 0;
    let history = history(&Queue::new(), &shape, &mut Random::new(3), |random| {
        value += 1;
        match random.one_in(2) {
            true => queue::Op::Enqueue(value),
            false => queue::Op::Dequeue,
        }
    });
    let bounded = |capacity| {
        let model = Queue::bounded(capacity);
        let budget = Budget::unlimited().configurations(20_000);
        check::linearizable(&model, &history, &budget).verdict
    };
    match bounded(1000) {
        Verdict::Linearizable(witness) => {
            witness.validate(&Queue::bounded(1000), &history).unwrap();
        }
        other => panic!("{other}"),
    }
    // One that must have been reached is one.
    assert!(!bounded(2).is_linearizable());
}

// The values of a user's, which cannot be shown.
#[test]
fn a_violation_is_one_whatever_it_is_that_cannot_be_shown() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Loud(u8);

    impl std::fmt::Debug for Loud {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("{}", self.0)
        }
    }

    use register::Op::{Read, Write};
    let mut builder = HistoryBuilder::new();
    builder.invoke(0, Write(Loud(1))).ok(0, None);
    builder.invoke(0, Read).ok(0, Some(Loud(2)));
    let history = builder.finish().unwrap();
    let report = check::linearizable(&Register::new(), &history, UNLIMITED);
    match &report.verdict {
        Verdict::Violation(violation) => assert_eq!(violation.event, 3),
        _ => panic!("it is a violation"),
    }
    assert!(report.to_string().contains("(its Debug panicked)"));
}

#[test]
fn a_stack_that_pops_from_the_bottom_is_found_out_in_no_time() {
    use stack::{Op, Ret};
    let mut builder = HistoryBuilder::new();
    let push = |builder: &mut HistoryBuilder<_, _>, value| {
        builder.invoke(0, Op::Push(value)).ok(0, Ret::Done);
    };
    (0..20_000).for_each(|value| push(&mut builder, value));
    builder.invoke(0, Op::Pop).ok(0, Ret::Value(Some(0)));
    (20_000..40_000).for_each(|value| push(&mut builder, value));
    let history = builder.finish().unwrap();
    match check::linearizable(&Stack::new(), &history, UNLIMITED).verdict {
        Verdict::Violation(violation) => assert_eq!(violation.event, 40_001),
        other => panic!("{other}"),
    }
}

#[test]
fn what_no_open_dequeue_helps_is_not_tried_with_each() {
    use queue::{Op, Ret};
    let rounds = 40;
    let mut builder = HistoryBuilder::new();
    for process in 10..10 + 2 * rounds {
        builder.invoke(process, Op::Dequeue).info(process);
    }
    let enqueue = |builder: &mut HistoryBuilder<_, _>, value| {
        builder
            .invoke(0, Op::Enqueue(value))
            .ok(0, Ret::Enqueued(true));
    };
    for round in 0..rounds {
        enqueue(&mut builder, 2 * round);
        builder.invoke(1, Op::Dequeue);
        enqueue(&mut builder, 2 * round + 1);
        builder.ok(1, Ret::Value(None));
    }
    enqueue(&mut builder, 1000);
    enqueue(&mut builder, 1001);
    builder.invoke(0, Op::Dequeue).ok(0, Ret::Value(Some(1001)));
    builder.invoke(0, Op::Dequeue).ok(0, Ret::Value(Some(1000)));
    let history = builder.finish().unwrap();
    // 81 values have to be out before 1001 is, and there are 80 open dequeues.
    let budget = Budget::unlimited().configurations(100_000);
    let report = check::linearizable(&Queue::new(), &history, &budget);
    match report.verdict {
        Verdict::Violation(violation) => assert_eq!(violation.event, history.end() - 3),
        other => panic!("{other}"),
    }
}

/// Maps of hard parts: appends in any order, of which no read will tell.
fn hard_parts(
    parts: u64,
    appends: u64,
) -> HistoryBuilder<key_value::Op<u64, String>, key_value::Ret<String>> {
    use key_value::{Op, Ret};
    let mut builder = HistoryBuilder::new();
    for part in 0..parts {
        for process in 0..appends {
            builder.invoke(process, Op::Append(part, process.to_string()));
        }
        for process in 0..appends {
            builder.ok(process, Ret::Done);
        }
    }
    builder
}

#[test]
fn a_violation_in_an_easy_part_is_found_beside_many_hard_ones() {
    use key_value::{Op, Ret};
    let mut builder = hard_parts(40, 20);
    builder
        .invoke(20, Op::Get(1000))
        .ok(20, Ret::Value(Some("never".to_owned())));
    let history = builder.finish().unwrap();
    // Less than two of the hard ones may take before the others are looked at.
    let budget = Budget::unlimited().configurations(100_000);
    let report = check::linearizable(&KeyValue::new(), &history, &budget);
    assert!(report.verdict.is_violation(), "{}", report.verdict);
}

#[test]
fn parts_do_not_go_on_when_the_budget_is_spent() {
    let history = hard_parts(1000, 5).finish().unwrap();
    let budget = Budget::unlimited().configurations(500);
    let report = check::linearizable(&KeyValue::new(), &history, &budget);
    assert!(matches!(report.verdict, Verdict::Unknown(_)));
    // What was begun before it was found out, on each of some threads.
    assert!(report.configurations < 5_000, "{}", report.configurations);
}

#[test]
fn the_budget_is_looked_at_while_parts_are_told_apart() {
    let history = hard_parts(4000, 3).finish().unwrap();
    let budget = Budget::unlimited().memory(10_000);
    let report = check::linearizable(&KeyValue::new(), &history, &budget);
    let Verdict::Unknown(reason) = report.verdict else {
        panic!("{}", report.verdict)
    };
    assert_eq!(reason, Reason::Spent(Spent::Memory(10_000)));
    assert_eq!(report.operations, 0, "no part was begun");
}

#[test]
fn a_violation_in_an_easy_part_is_found_beside_a_hard_one() {
    use key_value::{Op, Ret};
    let mut builder = hard_parts(1, 20);
    for value in 0..100 {
        builder
            .invoke(20, Op::Put(1, value.to_string()))
            .ok(20, Ret::Done);
    }
    builder
        .invoke(20, Op::Get(1))
        .ok(20, Ret::Value(Some("never".to_owned())));
    let history = builder.finish().unwrap();
    let budget = Budget::unlimited().configurations(1 << 20);
    let report = check::linearizable(&KeyValue::new(), &history, &budget);
    let Verdict::Violation(violation) = report.verdict else {
        panic!("{}", report.verdict)
    };
    assert_eq!(violation.event, 241);
}

// Which of those of unknown outcome took effect, and how often, is not looked at in a hard part at first: so nothing is said of
// it, only because it comes by an event that is a violation elsewhere.
#[test]
fn a_hard_part_may_have_the_first_violation() {
    use key_value::{Op, Ret};
    let mut builder = HistoryBuilder::new();
    let text = |text: String| Ret::Value(Some(text));
    let mut lost = 2;
    let mut lose = |builder: &mut HistoryBuilder<_, _>, op| {
        builder.invoke(lost, op);
        lost += 1;
    };
    let put = |builder: &mut HistoryBuilder<_, _>, value: &str| {
        let put = Op::Put(0, value.to_owned());
        builder.invoke(0, put).ok(0, Ret::Done);
    };
    put(&mut builder, "s0");
    // Many ways from one to the next, and each may be gone once.
    let steps = 11;
    for step in 0..steps {
        let (from, to) = (format!("s{step}"), format!("s{}", step + 1));
        for way in ["a", "b"] {
            let between = format!("{from}{way}");
            lose(&mut builder, Op::Cas(0, from.clone(), between.clone()));
            lose(&mut builder, Op::Cas(0, between, to.clone()));
        }
    }
    lose(&mut builder, Op::Put(0, "lost".to_owned()));
    builder
        .invoke(0, Op::Get(0))
        .ok(0, text(format!("s{steps}")));
    put(&mut builder, "over");
    // It takes effect, and is read; then it is over, and cannot do so again.
    builder.invoke(0, Op::Get(0)).ok(0, text("lost".to_owned()));
    put(&mut builder, "over again");
    builder.invoke(0, Op::Get(0)).ok(0, text("lost".to_owned()));
    builder
        .invoke(1, Op::Get(1))
        .ok(1, text("never written".to_owned()));
    put(&mut builder, "more");
    let history = builder.finish().unwrap();
    let lost = text("lost".to_owned());
    let reads = history
        .events()
        .filter(|event| event.kind == EventKind::Ok(&lost));
    let first = reads.last().unwrap().index;
    let budget = Budget::unlimited().configurations(1 << 19);
    match check::linearizable(&KeyValue::new(), &history, &budget).verdict {
        Verdict::Violation(violation) => {
            assert!(
                violation.event == first || !violation.is_first,
                "{violation}"
            );
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_spent_budget_is_unknown() {
    // An order of them may be found soon; that none of all goes on is not.
    let mut history = all_at_once(30);
    history.invoke(ProcessId(30), NEVER).ok(ProcessId(30), ());
    let history = history.finish().unwrap();
    let spent = |budget: Budget| match check::linearizable(&Anything, &history, &budget).verdict {
        Verdict::Unknown(Reason::Spent(spent)) => spent,
        other => panic!("{other}"),
    };
    let time = Duration::from_millis(50);
    assert_eq!(spent(Budget::unlimited().time(time)), Spent::Time(time));
    let few = Budget::unlimited().configurations(1000);
    assert_eq!(spent(few), Spent::Configurations(1000));
    assert_eq!(
        spent(Budget::unlimited().memory(1 << 20)),
        Spent::Memory(1 << 20)
    );
    let budget = Budget::unlimited().configurations(100);
    let reason =
        match check::sequentially_consistent(&Register::new(), &contrary(), &budget).verdict {
            Verdict::Unknown(reason) => reason,
            other => panic!("{other}"),
        };
    assert_eq!(reason, Reason::Spent(Spent::Configurations(100)));
    let report = check::linearizable(&Anything, &history, &few);
    assert!(
        (1000..=1050).contains(&report.configurations),
        "{}",
        report.configurations
    );
}

// All of the 28,672 configurations are looked at before it is known which of them came too soon.
#[test]
fn what_came_too_soon_is_looked_for_within_the_budget() {
    use counter::{Op::Add, Ret::Done};

    let mut builder = HistoryBuilder::new();
    (0..12).for_each(|place| _ = builder.invoke(place, Add(1 << place)));
    builder.invoke(12, Add(1 << 12)).ok(12, Done);
    (0..12).for_each(|place| _ = builder.ok(place, Done));
    let history = builder.finish().unwrap();
    let budget = Budget::unlimited().configurations(29_000);
    let report = check::linearizable(&Counter::new(), &history, &budget);
    assert!(
        (28_672..29_100).contains(&report.configurations),
        "{}",
        report.configurations
    );
}

// Each of the first five hundred steps leads to five hundred configurations, of half a megabyte together.
#[test]
fn what_is_yet_to_be_looked_at_counts_as_memory() {
    let mut builder = HistoryBuilder::new();
    for process in 0..500 {
        builder
            .invoke(process, register::Op::Write(process))
            .ok(process, None);
    }
    builder.invoke(500, register::Op::Read).ok(500, Some(1000));
    let budget = Budget::unlimited().memory(200 << 10);
    let history = builder.finish().unwrap();
    let report = check::sequentially_consistent(&Register::new(), &history, &budget);
    let Verdict::Unknown(Reason::Spent(Spent::Memory(_))) = report.verdict else {
        panic!("{}", report.verdict);
    };
    assert!(report.configurations < 10, "{}", report.configurations);
}

#[test]
fn many_more_operations_at_once_than_a_word_has_bits() {
    // One after the other in effect, all open at once: each read fixes where it is.
    use register::Op::{Read, Write};
    for open in [63, 64, 65, 300] {
        let mut builder = HistoryBuilder::new();
        for number in 0..open {
            builder.invoke(ProcessId(number), Read);
        }
        builder
            .invoke(ProcessId(open), Write(1))
            .ok(ProcessId(open), None);
        for number in 0..open {
            builder.ok(ProcessId(number), (number % 2 == 0).then_some(1));
        }
        let history = builder.finish().unwrap();
        let report = check::linearizable(&Register::new(), &history, UNLIMITED);
        let Verdict::Linearizable(witness) = report.verdict else {
            panic!("{open}: {}", report.verdict)
        };
        witness.validate(&Register::new(), &history).unwrap();
    }
    let history = all_at_once(5000).finish().unwrap();
    let report = check::linearizable(&Anything, &history, UNLIMITED);
    let Verdict::Unknown(reason) = report.verdict else {
        panic!("{}", report.verdict)
    };
    assert_eq!(reason, Reason::TooManyOpen { limit: 4096 });
}

/// So many writes of different values, all open, while another process reads these values, one after the other.
fn reads_of_open_writes(open: u64, values: &[u64]) -> History<register::Op<u64>, Option<u64>> {
    let mut builder = HistoryBuilder::new();
    for value in 0..open {
        builder.invoke(value, register::Op::Write(value));
    }
    for value in values {
        builder
            .invoke(open, register::Op::Read)
            .ok(open, Some(*value));
    }
    for value in 0..open {
        builder.ok(value, None);
    }
    builder.finish().unwrap()
}

#[test]
fn each_of_many_open_operations_takes_effect_once() {
    for open in [3, 64, 65, 130, 300] {
        // Any order of all that is not theirs.
        let mut values: Vec<_> = (0..open).map(|place| (place * 7 + 5) % open).collect();
        let history = reads_of_open_writes(open, &values);
        let report = check::linearizable(&Register::new(), &history, UNLIMITED);
        let Verdict::Linearizable(witness) = report.verdict else {
            panic!("{open}: {}", report.verdict)
        };
        witness.validate(&Register::new(), &history).unwrap();
        // One that was read, and overwritten since, is read again: the one in the first slot, the last, and some between.
        for again in [0, open / 2, open - 1] {
            let at = values.iter().position(|value| *value == again).unwrap();
            let behind = at + 2;
            if behind > values.len() {
                continue; // nothing overwrites it
            }
            values.insert(behind, again);
            let history = reads_of_open_writes(open, &values);
            let report = check::linearizable(&Register::new(), &history, UNLIMITED);
            let Verdict::Violation(violation) = report.verdict else {
                panic!("{open}: {}", report.verdict)
            };
            let read = open + 2 * behind as u64 + 1;
            assert_eq!(
                (violation.event, violation.is_first),
                (read, true),
                "{open}"
            );
            values.remove(behind);
        }
    }
}

#[test]
fn nothing_is_linearizable() {
    let report = check::linearizable(&Register::<u8>::new(), &History::new(), UNLIMITED);
    assert!(report.verdict.is_linearizable());
    assert_eq!((report.operations, report.configurations), (0, 0));
}

#[test]
fn an_order_with_a_flaw_is_no_witness() {
    use cas_register::{Op::*, Ret::*};
    let [a, b, c] = processes();
    let mut builder = HistoryBuilder::new();
    builder.invoke(a, Write(1)).ok(a, Done); // 0
    builder
        .invoke(b, Cas(1, 2))
        .invoke(a, Read)
        .ok(b, Swapped(true))
        .ok(a, Value(Some(2))); // 2, 3
    builder.invoke(c, Write(9)).fail(c); // 6
    builder.invoke(c, Write(8)).info(c); // 8
    let history = builder.finish().unwrap();
    let flaw = |order: &[u64]| {
        let witness = Witness {
            order: order.to_vec(),
        };
        witness.validate(&CasRegister::new(), &history).err()
    };
    assert_eq!(flaw(&[0, 2, 3]), None);
    assert_eq!(flaw(&[0, 2, 3, 8]), None);
    assert_eq!(flaw(&[0, 2]), Some(Flaw::Missing(3)));
    assert_eq!(flaw(&[0, 3, 2]), Some(Flaw::Impossible(3)));
    assert_eq!(flaw(&[2, 0, 3]), Some(Flaw::Impossible(2)));
    assert_eq!(flaw(&[8, 0, 2, 3]), Some(Flaw::OutOfTime(0)));
    assert_eq!(flaw(&[0, 2, 3, 6]), Some(Flaw::NotAnOperation(6)));
    assert_eq!(flaw(&[0, 0]), Some(Flaw::NotAnOperation(0)));
    assert_eq!(flaw(&[1]), Some(Flaw::NotAnOperation(1)));
    assert_eq!(flaw(&[99]), Some(Flaw::NotAnOperation(99)));
}

#[test]
fn an_order_against_that_of_a_process_is_no_witness() {
    use register::Op::{Read, Write};
    let [a, b] = processes();
    let mut builder = HistoryBuilder::new();
    builder.invoke(a, Write(1)).ok(a, None); // 0
    builder.invoke(a, Write(2)).ok(a, None); // 2
    builder.invoke(b, Read).ok(b, Some(1)); // 4
    let history = builder.finish().unwrap();
    let flaw = |order: &[u64]| {
        let witness = Witness {
            order: order.to_vec(),
        };
        witness.validate_sequential(&Register::new(), &history)
    };
    assert_eq!(flaw(&[0, 4, 2]), Ok(()));
    assert_eq!(flaw(&[2, 0, 4]), Err(Flaw::OutOfTime(0)));
    assert_eq!(flaw(&[0, 4]), Err(Flaw::Missing(2)));
}

#[test]
fn parts_are_checked_apart_and_told_as_one() {
    let model = Pair;
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let shape = Shape::all_ok(6, 5000);
        let good = history(&model, &shape, &mut random, Pairs::op);
        let report = check::linearizable(&model, &good, UNLIMITED);
        let Verdict::Linearizable(witness) = report.verdict else {
            panic!("seed {seed}: {}", report.verdict)
        };
        witness.validate(&model, &good).unwrap();
        assert_eq!(report.operations, 5000);
        // The last read of either side, changed, is found in whichever part it is.
        let mut events: Vec<_> = good.into_events().collect();
        let mut changed = None;
        for index in (0..events.len()).rev() {
            if let EventKind::Ok(ret) = &mut events[index].kind {
                *ret = 9;
                changed = Some(index as u64);
                if random.one_in(2) {
                    break;
                }
            }
        }
        let bad = History::from_events(events).unwrap();
        match check::linearizable(&model, &bad, UNLIMITED).verdict {
            Verdict::Violation(violation) => assert_eq!(Some(violation.event), changed),
            other => panic!("seed {seed}: {other}"),
        }
    }
}
