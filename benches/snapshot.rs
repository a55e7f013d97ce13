//! What reading a recording costs: beside copying as many bytes, for the thread that records meanwhile, and
//! in a short round.
//!
//! The ratios are medians of rounds in each of which both sides run once, one after the other; then criterion
//! times the readers for comparison with its last run.

#[allow(dead_code, reason = "shared with the other benchmark")]
mod rivals;

use std::{
    hint::black_box,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion};
use rivals::{Op, Ret, median, record};
use tachograph::{History, Recorder};

const PROCESSES: usize = 4;
const EVENTS: u64 = 8 << 20;
/// What an event takes, in the recorder as in the history.
const EVENT_BYTES: u64 = 24;

/// A recording of 8 Mi events by four processes at once.
fn recorded() -> Recorder<Op, Ret> {
    let recorder = Recorder::new();
    rivals::run_threads(
        PROCESSES,
        EVENTS,
        || recorder.process(),
        |_, share, p| record(p, share),
    );
    assert_eq!(recorder.len(), EVENTS);
    recorder
}

fn time<T>(f: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let value = f();
    (start.elapsed().as_secs_f64(), value)
}

/// Medians of `a`, of `b`, and of `a / b`.
fn medians(rounds: usize, mut round: impl FnMut() -> (f64, f64)) -> [f64; 3] {
    let (mut a, mut b): (Vec<f64>, Vec<f64>) = (0..rounds).map(|_| round()).unzip();
    let mut ratios: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a / b).collect();
    [median(&mut a), median(&mut b), median(&mut ratios)]
}

/// `snapshot()` and `drain()` against copying as many bytes into a fresh `Vec`.
fn against_copying() {
    let recorder = recorded();
    let bytes: Vec<u64> = (0..EVENTS * EVENT_BYTES / 8).collect();
    let [walk, copy, ratio] = medians(11, || {
        let (walk, history) = time(|| recorder.snapshot());
        assert_eq!(history.len() as u64, EVENTS);
        drop(history);
        (walk, time(|| black_box(bytes.clone())).0)
    });
    println!(
        "snapshot of {EVENTS} events by {PROCESSES} processes: {:.1} ms; copying {EVENT_BYTES} bytes each: \
         {:.1} ms; ratio {ratio:.2}",
        walk * 1e3,
        copy * 1e3
    );
    let mut reused = History::new();
    let [walk, copy, ratio] = medians(11, || {
        let walk = time(|| recorder.snapshot_into(&mut reused)).0;
        (walk, time(|| black_box(bytes.clone())).0)
    });
    println!(
        "the same into a history used before: {:.1} ms; copying: {:.1} ms; ratio {ratio:.2}",
        walk * 1e3,
        copy * 1e3
    );
}

/// How much a loop of live snapshots slows a recording thread on the other core.
fn live_snapshots() {
    let events = 4_000_000;
    let record_while = |observe: bool| {
        let recorder = Recorder::<Op, Ret>::new();
        let (stop, snapshots) = (AtomicBool::new(false), AtomicU64::new(0));
        let mut time = Duration::ZERO;
        thread::scope(|scope| {
            let recorder = &recorder;
            if observe {
                scope.spawn(|| {
                    let mut history = History::new();
                    while !stop.load(Ordering::Relaxed) {
                        recorder.snapshot_into(&mut history);
                        snapshots.fetch_add(1, Ordering::Relaxed);
                    }
                });
            } else {
                // The other core is as busy, with something else.
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            thread::sleep(Duration::from_millis(5));
            let process = recorder.process();
            snapshots.store(0, Ordering::Relaxed); // those of nothing do not count
            let start = Instant::now();
            record(process, events);
            time = start.elapsed();
            stop.store(true, Ordering::Relaxed);
        });
        (time.as_secs_f64(), snapshots.into_inner())
    };
    let mut taken = 0;
    let [with, without, ratio] = medians(11, || {
        let (with, snapshots) = record_while(true);
        taken += snapshots;
        (with, record_while(false).0)
    });
    println!(
        "recording {events} events beside a loop of snapshots ({} a run): {:.1} ms; without: {:.1} ms; ratio \
         {ratio:.2}",
        taken / 11,
        with * 1e3,
        without * 1e3
    );
}

/// Four processes made, eight operations each, a snapshot, clear: what a stress test does all day.
fn short_round(recorder: &mut Recorder<Op, Ret>, history: &mut History<Op, Ret>) {
    let mut processes = [(); 4].map(|()| recorder.process());
    for value in 0..8 {
        for process in &mut processes {
            process.invoke(Op::Write(value)).ok(Ret::Written);
        }
    }
    drop(processes);
    recorder.snapshot_into(history);
    recorder.clear().expect("the processes are gone");
}

fn short_rounds() {
    let (mut recorder, mut history) = (Recorder::new(), History::new());
    let rounds = 10_000;
    let mut times: Vec<f64> = (0..11)
        .map(|_| {
            let run = || (0..rounds).for_each(|_| short_round(&mut recorder, &mut history));
            time(run).0 / f64::from(rounds)
        })
        .collect();
    println!(
        "a short round (4 processes, 32 operations): {:.2} µs",
        median(&mut times) * 1e6
    );
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    against_copying();
    live_snapshots();
    short_rounds();

    let (mut recorder, mut history) = (Recorder::new(), History::new());
    criterion.bench_function("short round", |bencher| {
        bencher.iter(|| short_round(&mut recorder, &mut history));
    });
    let recorder = recorded();
    let mut group = criterion.benchmark_group("8 Mi events");
    group.sample_size(10);
    group.bench_function("snapshot", |bencher| {
        bencher.iter_with_large_drop(|| recorder.snapshot())
    });
    group.bench_function("drain", |bencher| {
        bencher.iter_batched(
            recorded,
            |recorder| recorder.drain(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    criterion.final_summary();
}
