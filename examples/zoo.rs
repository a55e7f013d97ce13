//! How soon a stress test catches each broken object, and that it lets each correct one pass. Where it does not, which is where
//! less than nine of ten seeds catch one or a correct one is accused, it ends with an error.
//!
//! `cargo run --release --features zoo --example zoo -- [SEEDS] [SECONDS] [delays|no-delays]`: each broken object
//! from so many seeds (10) with at most 10 s each, each correct one for so many seconds (2).

use std::{env, process::ExitCode, time::Duration};

use tachograph::stress::{Plan, zoo};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut number = |default| {
        let argument = arguments.next();
        argument.map_or(default, |text| text.parse().expect("a number"))
    };
    let (seeds, seconds) = (number(10), number(2));
    let delays = arguments.next().is_none_or(|text| text != "no-delays");
    let plan = Plan::new().rounds(u64::MAX).delays(delays);
    let mut failed: Vec<&str> = Vec::new();

    println!("broken object     caught   median, slowest round    median, slowest time   overlap");
    for subject in zoo::ALL.iter().filter(|subject| subject.is_broken) {
        let (mut rounds, mut times, mut caught, mut overlap) = (Vec::new(), Vec::new(), 0, 0.0);
        for seed in 0..seeds {
            let outcome = subject.stress(&plan.clone().seed(seed).time(Duration::from_secs(10)));
            caught += u64::from(outcome.is_finding);
            rounds.push(outcome.counts.rounds);
            times.push(outcome.counts.elapsed);
            overlap += outcome.counts.overlap.share() / seeds as f64;
        }
        if caught * 10 < seeds * 9 {
            failed.push(subject.name);
        }
        rounds.sort_unstable();
        times.sort_unstable();
        println!(
            "{:<16} {caught:>3} of {seeds:<3} {:>11}, {:>8} {:>15.1?}, {:>9.1?} {:>7.0} %",
            subject.name,
            rounds[rounds.len() / 2],
            rounds[rounds.len() - 1],
            times[times.len() / 2],
            times[times.len() - 1],
            overlap * 100.0,
        );
    }

    println!(
        "\ncorrect object    alarms      rounds  rounds a second   preparing, waiting, collecting, checking"
    );
    for subject in zoo::ALL.iter().filter(|subject| !subject.is_broken) {
        let outcome = subject.stress(&plan.clone().time(Duration::from_secs(seconds)));
        let counts = outcome.counts;
        let phases = counts.phases;
        let share = |time: Duration| 100.0 * time.as_secs_f64() / counts.elapsed.as_secs_f64();
        println!(
            "{:<16} {:>7} {:>11} {:>16.0}   {:.0} %, {:.0} %, {:.0} %, {:.0} %",
            subject.name,
            counts.violations,
            counts.rounds,
            counts.rounds as f64 / counts.elapsed.as_secs_f64(),
            share(phases.preparing),
            share(phases.waiting),
            share(phases.collecting),
            share(phases.checking),
        );
        if outcome.is_finding {
            println!("{}", outcome.text);
            failed.push(subject.name);
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("missed, or accused: {}", failed.join(", "));
    ExitCode::FAILURE
}
