//! How soon a race of depth three is found: by a fuzzer that is told which access came after which, by bytes as its own that nobody
//! steers, by PCT, by schedules at random.
//!
//! It is the race of the lock of the fuzz target `schedule_broken`, where a thread has a hundred accesses to do before it takes the
//! lock. The fuzzer's bytes choose operations and schedule, from an empty corpus, as do those that nobody steers; for the others operations
//! are drawn at random, and each has a hundred schedules. Each way has three runs with different seeds, of at most `SECONDS` each (60).
//!
//! `cargo bench --features shuttle,stress --bench schedules`, with cargo-fuzz and a nightly toolchain

#[path = "../fuzz/bodies/lock.rs"]
mod lock;
#[path = "../fuzz/bodies/schedule.rs"]
#[allow(dead_code, reason = "shared, and not all of it used by all")]
mod schedule;

use std::{
    env, fs, iter,
    process::Command,
    time::{Duration, Instant},
};

use lock::{Lock, Op, Owned};
use schedule::WORK;
use tachograph::stress::{Plan, Schedules, Stress};

/// How many schedules it took, if it was found, and how many were tried.
struct Run {
    is_found: bool,
    schedules: u64,
}

fn main() {
    let seconds = env::var("SECONDS").map_or(60, |text| text.parse().expect("a number"));
    println!(
        "{:<18}{:>6}{:>14}{:>10}",
        "schedules by", "seed", "schedules", "seconds"
    );
    line("the fuzzer", |seed| fuzz(seed, seconds));
    line("bytes in runs", |seed| in_runs(seed, seconds));
    line("PCT of depth 3", |seed| {
        schedules(Schedules::pct(3), seed, seconds)
    });
    line("PCT of depth 2", |seed| {
        schedules(Schedules::pct(2), seed, seconds)
    });
    line("chance", |seed| {
        schedules(Schedules::random(), seed, seconds)
    });
}

fn line(name: &str, run: impl Fn(u64) -> Run) {
    for seed in 1..=3 {
        let began = Instant::now();
        let Run {
            is_found,
            schedules,
        } = run(seed);
        let (seconds, end) = (
            began.elapsed().as_secs_f64(),
            if is_found { "" } else { "  nothing found" },
        );
        println!("{name:<18}{seed:>6}{schedules:>14}{seconds:>10.1}{end}");
    }
}

fn schedules(schedules: Schedules, seed: u64, seconds: u64) -> Run {
    let plan = Plan::new().threads(2).operations(4).rounds(u64::MAX);
    let report = Stress::new(Owned, || Lock::new(false, WORK))
        .plan(plan.seed(seed).time(Duration::from_secs(seconds)))
        .schedules(schedules)
        .report(Lock::run, |draw| match draw.chance(1, 2) {
            true => Op::Try(draw.process()),
            false => Op::Release(draw.process()),
        });
    Run {
        is_found: report.finding.is_some(),
        schedules: report.counts.histories,
    }
}

/// Bytes as long as the fuzzer's, at random, but that each lets its thread go on for a while: where every point is a choice of its own,
/// it is `chance`.
fn in_runs(seed: u64, seconds: u64) -> Run {
    const BYTES: usize = 256;
    /// What says which operations.
    const FIRST: usize = 9;
    const LONGEST: usize = 128;

    let mut state = seed;
    let mut random = || {
        // An LCG, Knuth's: its upper bits are good enough.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut schedules, mut is_found) = (0, false);
    while !is_found && Instant::now() < end {
        let mut bytes: Vec<u8> = iter::repeat_with(|| random() as u8).take(FIRST).collect();
        while bytes.len() < BYTES {
            let (byte, times) = (random() as u8, 1 + random() % LONGEST);
            bytes.extend(iter::repeat_n(byte, times));
        }
        bytes.truncate(BYTES);
        let report = schedule::report(&bytes, false).expect("they are enough");
        is_found = report.finding.is_some();
        schedules += 1;
    }
    Run {
        is_found,
        schedules,
    }
}

/// With the options of the gate.
fn fuzz(seed: u64, seconds: u64) -> Run {
    let folder = env::temp_dir().join(format!("tachograph-steered-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).expect("a directory for the corpus");
    let output = Command::new("cargo")
        .args(["+nightly", "fuzz", "run", "schedule_broken"])
        .arg(&folder)
        .args(["--", "-max_len=256", "-len_control=0"])
        .args(["-print_final_stats=1", &format!("-seed={seed}")])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", folder.display()))
        .output()
        .expect("cargo runs");
    let _ = fs::remove_dir_all(&folder);
    let log = String::from_utf8_lossy(&output.stderr);
    let units = |line: &str| {
        line.strip_prefix("stat::number_of_executed_units: ")?
            .trim()
            .parse()
            .ok()
    };
    // What the target panics with; whatever else ends it is no finding.
    let mut lines = log.lines();
    let is_found = lines.any(|line| line.contains("found: ") && line.contains("in a schedule"));
    assert_eq!(is_found, !output.status.success(), "{log}");
    Run {
        is_found,
        schedules: log
            .lines()
            .find_map(units)
            .unwrap_or_else(|| panic!("no fuzzer ran: {log}")),
    }
}
