//! What recording costs on this machine: real objects under real threads, without and with a recorder.
//!
//! ```text
//! cargo run --release --example overhead -- [THREADS [EVENTS]]
//! ```

use std::{
    collections::VecDeque,
    env,
    process::ExitCode,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam::queue::SegQueue;
use tachograph::{History, Process, Recorder};

#[derive(Clone, Copy, Debug)]
enum Op {
    Add,
    Push(u64),
    Pop,
}

#[derive(Clone, Copy, Debug)]
#[allow(
    dead_code,
    reason = "results are printed, which does not count as reading them"
)]
enum Ret {
    Before(u64),
    Pushed,
    Popped(Option<u64>),
}

/// An object under test: what it does with the operation that a thread comes to.
trait Object: Sync {
    fn apply(&self, op: Op) -> Ret;

    /// The operations of a thread, by their number.
    fn choose(&self, number: u64) -> Op {
        if number % 2 == 0 {
            Op::Push(number)
        } else {
            Op::Pop
        }
    }
}

impl Object for AtomicU64 {
    fn apply(&self, _: Op) -> Ret {
        Ret::Before(self.fetch_add(1, Ordering::AcqRel))
    }

    fn choose(&self, _: u64) -> Op {
        Op::Add
    }
}

impl Object for SegQueue<u64> {
    fn apply(&self, op: Op) -> Ret {
        match op {
            Op::Push(value) => {
                self.push(value);
                Ret::Pushed
            }
            _ => Ret::Popped(self.pop()),
        }
    }
}

impl Object for Mutex<VecDeque<u64>> {
    fn apply(&self, op: Op) -> Ret {
        let mut queue = self.lock().expect("no thread panics with the lock");
        match op {
            Op::Push(value) => {
                queue.push_back(value);
                Ret::Pushed
            }
            _ => Ret::Popped(queue.pop_front()),
        }
    }
}

/// Runs the threads and returns the time from the first start to the last end.
fn run<S: Send>(threads: u64, mut start: impl FnMut() -> S, work: impl Fn(S) + Sync) -> Duration {
    let barrier = Barrier::new(threads as usize);
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let (state, work, barrier) = (start(), &work, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let began = Instant::now();
                    work(state);
                    (began, Instant::now())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no worker panics"))
            .collect()
    });
    let first = times
        .iter()
        .map(|(began, _)| *began)
        .min()
        .expect("at least one thread");
    let last = times
        .iter()
        .map(|(_, ended)| *ended)
        .max()
        .expect("at least one thread");
    last - first
}

fn measure(name: &str, object: &dyn Object, threads: u64, events: u64) -> History<Op, Ret> {
    let operations = events / 2 / threads;
    let unrecorded = run(
        threads,
        || (),
        |()| {
            for number in 0..operations {
                std::hint::black_box(object.apply(object.choose(number)));
            }
        },
    );
    let recorder = Recorder::builder().build();
    let recorded = run(
        threads,
        || recorder.process(),
        |mut process: Process<Op, Ret>| {
            for number in 0..operations {
                let op = object.choose(number);
                let call = process.invoke(op);
                call.ok(object.apply(op));
            }
        },
    );
    let walk = Instant::now();
    let history = recorder.into_history();
    let walk = walk.elapsed();
    let per_event = |time: Duration| time.as_nanos() as f64 / history.len() as f64;
    println!(
        "{name:<18} {:>10.1} {:>13.1} {:>13.1} {:>13.1} {:>11.1} %",
        1e3 / per_event(recorded),
        per_event(unrecorded),
        per_event(recorded),
        per_event(walk),
        100.0 * history.overlap().share(),
    );
    history
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (threads, events) = match (arguments.next(), arguments.next(), arguments.next()) {
        (None, None, None) => (4, 4_000_000),
        (Some(Ok(threads @ 1..=1000)), None, None) => (threads, 4_000_000),
        (Some(Ok(threads @ 1..=1000)), Some(Ok(events)), None) if events >= 2 * threads => {
            (threads, events)
        }
        _ => {
            eprintln!(
                "usage: overhead [THREADS [EVENTS]]: 1 to 1000 threads, 2 or more events each"
            );
            return ExitCode::from(3);
        }
    };
    println!("{threads} threads, {events} events, two to an operation; ns are per event");
    println!(
        "{:<18} {:>10} {:>13} {:>13} {:>13} {:>13}",
        "object", "M events/s", "unrecorded ns", "recorded ns", "walk ns", "overlapping"
    );
    let mut last = History::new();
    let objects: [(&str, Box<dyn Object>); 3] = [
        ("AtomicU64", Box::new(AtomicU64::new(0))),
        ("SegQueue", Box::new(SegQueue::new())),
        ("Mutex<VecDeque>", Box::new(Mutex::new(VecDeque::new()))),
    ];
    for (name, object) in &objects {
        last = measure(name, &**object, threads, events);
    }
    println!("the last history, from the middle:");
    let middle = last.len() as u64 / 2;
    for event in (middle..middle + 6).filter_map(|index| last.get(index)) {
        println!("{event}");
    }
    ExitCode::SUCCESS
}
