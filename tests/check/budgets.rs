//! That budgets are looked at wherever a check may be for long: by counting what was asked of the model until one was spent.

use std::{cell::Cell, thread, time::Duration};

use tachograph::{
    History, HistoryBuilder, ProcessId,
    check::{self, Budget, Reason, Report, Spent, Verdict},
    model::{
        Register, Specification,
        register::Op::{self, Read, Write},
    },
};

/// A register that counts its steps.
struct Counting {
    steps: Cell<u64>,
    /// The step that takes longer than all the time there is.
    slow: u64,
}

const TIME: Duration = Duration::from_millis(20);

impl Counting {
    fn new(slow: u64) -> Self {
        Self {
            steps: Cell::new(0),
            slow,
        }
    }

    fn check(
        &self,
        history: &History<Op<u32>, Option<u32>>,
        budget: Budget,
    ) -> Report<Option<u32>> {
        check::sequentially_consistent(self, history, &budget)
    }
}

impl Specification for Counting {
    type Op = Op<u32>;
    type Ret = Option<u32>;
    type State = Option<u32>;

    fn initial(&self) -> Self::State {
        None
    }

    fn step(
        &self,
        state: &Self::State,
        op: &Self::Op,
        ret: Option<&Self::Ret>,
        next: impl FnMut(Self::State),
    ) {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() == self.slow {
            thread::sleep(2 * TIME);
        }
        Specification::step(&Register::new(), state, op, ret, next);
    }

    fn is_read(&self, op: &Self::Op) -> bool {
        matches!(op, Read)
    }
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
        let model = Counting::new(1000);
        let report = model.check(&history.finish().unwrap(), Budget::unlimited().time(TIME));
        assert_spent(&report, Spent::Time(TIME));
        assert!(
            model.steps.get() < 1100,
            "{processes}: {}",
            model.steps.get()
        );
    }
}

#[test]
fn a_read_that_cannot_take_effect_yet_is_not_tried_for_each_that_can() {
    // All reads of nothing are before the write, and all of one behind it.
    let mut history = each_does(1000, &[(Read, None), (Read, None), (Read, Some(1))]);
    history.invoke(1000, Write(1)).ok(1000, None);
    let model = Counting::new(0);
    let report = model.check(&history.finish().unwrap(), Budget::unlimited());
    assert!(report.verdict.is_linearizable(), "{report}");
    assert!(model.steps.get() < 10_000, "{}", model.steps.get());
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
        let model = Counting::new(0);
        let report = model.check(&history, budget);
        assert_spent(&report, spent);
        assert_eq!((model.steps.get(), report.operations), (0, 0));
    }
}

// Any of the writes may be the first, and of each way on is kept how far all the processes are: a megabyte in all.
#[test]
fn the_ways_on_from_one_configuration_are_counted_one_by_one() {
    let history = each_does(500, &[(Write(1), None)]).finish().unwrap();
    let model = Counting::new(0);
    let report = model.check(&history, Budget::unlimited().memory(200 << 10));
    assert_spent(&report, Spent::Memory(200 << 10));
    assert!(model.steps.get() < 200, "{}", model.steps.get());
}
