//! That budgets are looked at wherever a check may be for long: by counting what was asked of the model until one was spent.

use std::time::Duration;

use tachograph::{
    HistoryBuilder, ProcessId,
    check::{self, Budget, Reason, Report, Spent, Verdict},
    model::register::Op::{self, Read, Write},
};

use super::counting::Counting;

const TIME: Duration = Duration::from_millis(20);

type History = tachograph::History<Op<u32>, Option<u32>>;

fn check(model: &Counting<u32>, history: &History, budget: Budget) -> Report<Option<u32>> {
    check::sequentially_consistent(model, history, &budget)
}

/// Operations and what they return, the same for each of some processes.
fn each_does(
    processes: u64,
    operations: &[(Op<u32>, Option<u32>)],
) -> HistoryBuilder<Op<u32>, Option<u32>> {
    let mut builder = HistoryBuilder::new();
    for process in (0..processes).map(ProcessId) {
        for (op, ret) in operations {
            builder.invoke(process, op.clone()).ok(process, *ret);
        }
    }
    builder
}

fn assert_spent(report: &Report<Option<u32>>, spent: Spent) {
    match &report.verdict {
        Verdict::Unknown(reason) => assert_eq!(*reason, Reason::Spent(spent)),
        other => panic!("{other}"),
    }
}

#[test]
fn the_clock_is_looked_at_while_reads_take_effect() {
    for (processes, reads) in [(1, 20_000), (100, 200), (20_000, 1)] {
        let mut history = each_does(processes, &vec![(Read, None); reads]);
        let model = Counting::slow(1000, 2 * TIME);
        let report = check(
            &model,
            &history.finish().unwrap(),
            Budget::unlimited().time(TIME),
        );
        assert_spent(&report, Spent::Time(TIME));
        assert!(model.asked() < 1100, "{processes}: {}", model.asked());
    }
}

#[test]
fn a_read_that_cannot_take_effect_yet_is_not_tried_for_each_that_can() {
    // All reads of nothing are before the write, and all of one behind it.
    let mut history = each_does(1000, &[(Read, None), (Read, None), (Read, Some(1))]);
    history.invoke(1000, Write(1)).ok(1000, None);
    let model = Counting::default();
    let report = check(&model, &history.finish().unwrap(), Budget::unlimited());
    assert!(report.verdict.is_linearizable(), "{report}");
    assert!(model.asked() < 10_000, "{}", model.asked());
}

#[test]
fn the_budget_is_looked_at_before_the_operations_of_each_process_are_known() {
    let history = each_does(10, &vec![(Read, None); 1000]).finish().unwrap();
    for (budget, spent) in [
        (Budget::unlimited().memory(1000), Spent::Memory(1000)),
        // Too little to go through the events.
        (
            Budget::unlimited().time(Duration::from_micros(1)),
            Spent::Time(Duration::from_micros(1)),
        ),
    ] {
        let model = Counting::default();
        let report = check(&model, &history, budget);
        assert_spent(&report, spent);
        assert_eq!((model.asked(), report.operations), (0, 0));
    }
}

// Any of the writes may be the first, and of each way on is kept how far all the processes are: a megabyte in all.
#[test]
fn the_ways_on_from_one_configuration_are_counted_one_by_one() {
    let history = each_does(500, &[(Write(1), None)]).finish().unwrap();
    let model = Counting::default();
    let report = check(&model, &history, Budget::unlimited().memory(200 << 10));
    assert_spent(&report, Spent::Memory(200 << 10));
    assert!(model.asked() < 200, "{}", model.asked());
}
