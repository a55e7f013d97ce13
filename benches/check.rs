//! What checking costs: histories of a million operations, a violation near the end, queues and stacks, and as many
//! small histories as there is time for.
//!
//! Medians of `ROUNDS` rounds. On Linux also the most memory that checking ten million operations takes, beyond the
//! history, in a process of its own.

use std::{
    env,
    fmt::Debug,
    hint::black_box,
    process::Command,
    time::{Duration, Instant},
};

use tachograph::{
    Event, EventKind, History,
    check::{self, Budget, Report},
    model::{Queue, Register, Stack, register},
};

mod histories;

use histories::{Registers, queues, registers, registers_with_unknown, stacks};

/// As long as a verdict may take here.
const BUDGET: &Budget = &Budget::unlimited().time(Duration::from_secs(60));

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().expect(name))
}

/// A history in which the first read to complete after 90 % of it returns something else.
fn with_a_wrong_read(history: &Registers) -> (Registers, u64) {
    let from = history.len() as u64 * 9 / 10;
    let read = |operation: &tachograph::Operation<'_, register::Op<u64>, Option<u64>>| {
        *operation.op == register::Op::Read
    };
    let wrong = (from..history.end())
        .find(|index| {
            history.invocation(*index).is_some()
                && history.operation(*index).is_some_and(|it| read(&it))
        })
        .unwrap();
    let events = history.events().map(|event| {
        let event = event.cloned();
        match event.index == wrong {
            true => Event {
                kind: EventKind::Ok(Some(99)),
                ..event
            },
            false => event,
        }
    });
    (History::from_events(events).unwrap(), wrong)
}

/// The median seconds of a check, and its last report.
fn time<T>(rounds: u64, mut check: impl FnMut() -> Report<T>) -> (f64, Report<T>) {
    let mut reports: Vec<_> = (0..rounds).map(|_| check()).collect();
    reports.sort_by_key(|report| report.elapsed);
    let report = reports.swap_remove(reports.len() / 2);
    (report.elapsed.as_secs_f64(), report)
}

fn line<T: Debug>(what: &str, seconds: f64, report: &Report<T>) {
    let per_operation = report.configurations as f64 / report.operations as f64;
    println!(
        "{what:<52}{seconds:>9.3} s  {:<13}{per_operation:>8.2}",
        report.name()
    );
}

fn main() {
    let rounds = number("ROUNDS", 5);
    let million = number("OPERATIONS", 1_000_000);
    let model = Register::new();
    if env::var("MEMORY").is_ok() {
        let history = registers(4, 10 * million);
        history.operations().next(); // the pairs are the history's
        let before = peak();
        let report = check::linearizable(&model, &history, BUDGET);
        line(
            &format!("register, 4 clients, {} operations", 10 * million),
            report.elapsed.as_secs_f64(),
            &report,
        );
        println!(
            "  at most {} MB beyond the history",
            (peak() - before) / 1024
        );
        return;
    }
    println!(
        "{:<52}{:>11}  {:<13}{:>8}",
        "", "", "", "configurations an operation"
    );
    let mut four = 0.0;
    for clients in [2, 4, 8] {
        let history = registers(clients, million);
        let (seconds, report) = time(rounds, || check::linearizable(&model, &history, BUDGET));
        line(
            &format!("register, {clients} clients, {million} operations"),
            seconds,
            &report,
        );
        if clients == 4 {
            four = seconds;
        }
        if clients > 2 {
            let good = seconds;
            let (wrong, event) = with_a_wrong_read(&history);
            let (seconds, report) = time(rounds, || check::linearizable(&model, &wrong, BUDGET));
            line("  with a wrong read at 90 %", seconds, &report);
            if let check::Verdict::Violation(violation) = &report.verdict {
                assert_eq!(violation.event, event);
            }
            println!(
                "  that is {:.2} × the time of the right one",
                seconds / good
            );
        }
    }
    let history = registers(4, million / 10);
    let (seconds, report) = time(rounds, || check::linearizable(&model, &history, BUDGET));
    line(
        &format!("register, 4 clients, {} operations", million / 10),
        seconds,
        &report,
    );
    println!("  ten times as many take {:.1} × as long", four / seconds);
    let times = [million, million / 10].map(|operations| {
        let history = registers_with_unknown(4, operations, 20);
        let (seconds, report) = time(rounds, || check::linearizable(&model, &history, BUDGET));
        line(
            &format!("register, 4 clients, 1 in 20 unknown, {operations}"),
            seconds,
            &report,
        );
        seconds
    });
    println!(
        "  ten times as many take {:.1} × as long",
        times[0] / times[1]
    );
    for operations in [million / 100, million / 10, million] {
        let history = queues(4, operations, 1);
        let (seconds, report) = time(rounds, || {
            check::linearizable(&Queue::new(), &history, BUDGET)
        });
        line(
            &format!("queue, 4 clients, {operations} operations"),
            seconds,
            &report,
        );
        let history = stacks(4, operations, 1);
        let (seconds, report) = time(rounds, || {
            check::linearizable(&Stack::new(), &history, BUDGET)
        });
        line(
            &format!("stack, 4 clients, {operations} operations"),
            seconds,
            &report,
        );
    }
    let small: Vec<_> = (0..1000).map(|seed| queues(4, 32, seed)).collect();
    let start = Instant::now();
    let mut checks = 0;
    while start.elapsed() < Duration::from_secs(2) {
        for history in &small {
            // As if it had just been recorded.
            let history = black_box(history.clone());
            assert!(
                check::linearizable(&Queue::new(), &history, BUDGET)
                    .verdict
                    .is_linearizable()
            );
            checks += 1;
        }
    }
    println!(
        "queue, 4 processes × 8 operations: {:.0} checks a second, cloning the history included",
        f64::from(checks) / start.elapsed().as_secs_f64()
    );
    if cfg!(target_os = "linux") {
        let this = env::current_exe().unwrap();
        assert!(
            Command::new(this)
                .env("MEMORY", "1")
                .status()
                .unwrap()
                .success()
        );
    }
}

/// The most memory this process had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
