//! Hours of recording in bounded memory: threads record on a queue while the history is drained.
//!
//! ```text
//! cargo run --release --example soak -- [MILLIONS OF EVENTS [THREADS]]
//! ```

use std::{
    env,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use crossbeam::queue::SegQueue;
use tachograph::{EventKind, History, Recorder};

/// The memory behind this program, in MB, where the system tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

fn main() -> ExitCode {
    let arguments: Result<Vec<u64>, _> = env::args().skip(1).map(|a| a.parse()).collect();
    let (millions, threads) = match arguments.as_deref() {
        Ok([]) => (20, 2),
        Ok([millions @ 1..=1_000_000]) => (*millions, 2),
        Ok([millions @ 1..=1_000_000, threads @ 1..=1000]) => (*millions, *threads),
        _ => {
            eprintln!("usage: soak [MILLIONS OF EVENTS [THREADS]]");
            return ExitCode::from(3);
        }
    };
    let operations = millions * 1_000_000 / 2 / threads;
    let queue = SegQueue::new();
    let recorder = Recorder::<Option<u64>, Option<u64>>::new();
    let running = AtomicU64::new(threads);
    let began = Instant::now();
    let (mut events, mut completions, mut drains, mut peak) = (0, 0, 0, 0);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (mut process, queue, running) = (recorder.process(), &queue, &running);
            scope.spawn(move || {
                for number in 0..operations {
                    if number % 1_000_000 == 0 {
                        process.mark("another million");
                    }
                    // A push of a value or a pop.
                    let op = (number % 2 == 0).then_some(number);
                    let call = process.invoke(op);
                    let ret = match op {
                        Some(value) => {
                            queue.push(value);
                            None
                        }
                        None => queue.pop(),
                    };
                    call.ok(ret);
                }
                running.fetch_sub(1, Ordering::Release);
            });
        }
        let mut history = History::new();
        loop {
            let done = running.load(Ordering::Acquire) == 0;
            recorder.drain_up_to(256 << 10, &mut history);
            assert_eq!(
                history.start(),
                events,
                "a drain goes on where the last one ended"
            );
            events = history.end();
            completions += history
                .events()
                .filter(|event| matches!(event.kind, EventKind::Ok(_)))
                .count();
            drains += 1;
            if drains % 16 == 0 {
                peak = peak.max(resident());
            }
            if done && history.is_empty() {
                break;
            }
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let marks = operations.div_ceil(1_000_000) * threads;
    assert_eq!(events, operations * threads * 2 + marks);
    assert_eq!(completions as u64, operations * threads);
    println!(
        "{events} events by {threads} threads in {seconds:.1} s ({:.1} M/s), {drains} drains, at most {peak} MB",
        events as f64 / seconds / 1e6
    );
    ExitCode::SUCCESS
}
