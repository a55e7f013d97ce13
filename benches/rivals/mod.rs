//! The recorders that are compared, each as a function from threads and events to the time it took.
//!
//! Everybody records the same: an operation of two words before, a result of two words after. Rivals keep it
//! as one would by hand, an enum beside the number of the process: 32 bytes.

use std::{
    hint::black_box,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam::utils::Backoff;
use tachograph::{Process, Recorder};

/// Two 64-bit words: a discriminant and a value.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "recorded, never read")]
pub enum Op {
    Read,
    Write(u64),
}

/// Two 64-bit words.
#[allow(dead_code, reason = "recorded, never read")]
#[derive(Clone, Copy, Debug)]
pub enum Ret {
    Value(u64),
    Written,
}

/// What a rival keeps of an event.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "recorded, never read")]
pub struct Entry {
    process: u64,
    kind: Kind,
}

#[derive(Clone, Copy)]
#[allow(dead_code, reason = "recorded, never read")]
enum Kind {
    Invoke(Op),
    Ok(Ret),
}

/// A recorder to be timed.
pub struct Rival {
    pub name: &'static str,
    /// Records `events` events from so many threads; the time from the first start to the last end.
    pub run: fn(threads: usize, events: u64) -> Duration,
    /// The slow ones get this part of the events.
    pub part: u64,
}

const fn rival(name: &'static str, run: fn(usize, u64) -> Duration, part: u64) -> Rival {
    Rival { name, run, part }
}

pub const FLOOR: Rival = rival("fetch_add (the floor)", floor, 1);
pub const WARM: Rival = rival("tachograph, warm", tachograph_warm, 1);
pub const GROWING: Rival = rival("tachograph, growing", tachograph_growing, 1);

/// The floor first.
pub const ALL: [Rival; 10] = [
    FLOOR,
    WARM,
    GROWING,
    rival("tachograph, timestamps", tachograph_timed, 4),
    rival("boxcar", boxcar, 4),
    rival("append-only-vec", append_only_vec, 64),
    rival("orx-concurrent-bag", orx_concurrent_bag, 4),
    rival("crossbeam SegQueue", seg_queue, 4),
    rival("crossbeam channel", channel, 4),
    rival("Mutex<Vec>", mutex_vec, 4),
];

/// Runs `work` on so many threads at once, giving each its number and its share of the events.
///
/// They wait for each other by spinning: a thread that sleeps is woken on its waker's core, and then the two
/// take turns for a while instead of running at once.
pub fn run_threads<S: Send>(
    threads: usize,
    events: u64,
    mut state: impl FnMut() -> S,
    work: impl Fn(usize, u64, S) + Sync,
) -> Duration {
    let waiting = AtomicUsize::new(threads);
    let share = events / threads as u64;
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|number| {
                let (waiting, work, state) = (&waiting, &work, state());
                scope.spawn(move || {
                    waiting.fetch_sub(1, Ordering::AcqRel);
                    let backoff = Backoff::new();
                    while waiting.load(Ordering::Acquire) > 0 {
                        backoff.snooze();
                    }
                    let start = Instant::now();
                    work(number, share, state);
                    (start, Instant::now())
                })
            })
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .collect()
    });
    let start = times.iter().map(|(start, _)| *start).min().unwrap();
    let end = times.iter().map(|(_, end)| *end).max().unwrap();
    end - start
}

fn floor(count: usize, events: u64) -> Duration {
    let counter = Box::new(AtomicU64::new(0));
    run_threads(
        count,
        events,
        || (),
        |_, share, ()| {
            for _ in 0..share {
                black_box(counter.fetch_add(1, Ordering::AcqRel));
            }
        },
    )
}

/// Records `share` events, two to an operation.
pub fn record(mut process: Process<Op, Ret>, share: u64) {
    for value in 0..share / 4 {
        process.invoke(Op::Write(black_box(value))).ok(Ret::Written);
        process.invoke(Op::Read).ok(Ret::Value(black_box(value)));
    }
}

fn tachograph_on(recorder: &Recorder<Op, Ret>, count: usize, events: u64) -> Duration {
    run_threads(
        count,
        events,
        || recorder.process(),
        |_, share, process| record(process, share),
    )
}

fn tachograph_growing(count: usize, events: u64) -> Duration {
    tachograph_on(&Recorder::new(), count, events)
}

fn tachograph_warm(count: usize, events: u64) -> Duration {
    // Room for the events, and for one unfinished segment a process.
    let room = events + count as u64 * (128 << 10);
    tachograph_on(
        &Recorder::<Op, Ret>::builder().room(room).build(),
        count,
        events,
    )
}

fn tachograph_timed(count: usize, events: u64) -> Duration {
    tachograph_on(
        &Recorder::<Op, Ret>::builder().timestamps(true).build(),
        count,
        events,
    )
}

/// Records with whatever adds an entry.
fn with(count: usize, events: u64, add: impl Fn(Entry) + Sync) -> Duration {
    run_threads(
        count,
        events,
        || (),
        |number, share, ()| {
            let process = number as u64;
            let add = |kind| add(Entry { process, kind });
            for value in 0..share / 4 {
                add(Kind::Invoke(Op::Write(black_box(value))));
                add(Kind::Ok(Ret::Written));
                add(Kind::Invoke(Op::Read));
                add(Kind::Ok(Ret::Value(black_box(value))));
            }
        },
    )
}

fn boxcar(count: usize, events: u64) -> Duration {
    let vec = boxcar::Vec::new();
    with(count, events, |entry| {
        vec.push(entry);
    })
}

fn append_only_vec(count: usize, events: u64) -> Duration {
    let vec = append_only_vec::AppendOnlyVec::new();
    with(count, events, |entry| {
        vec.push(entry);
    })
}

fn orx_concurrent_bag(count: usize, events: u64) -> Duration {
    let bag = orx_concurrent_bag::ConcurrentBag::new();
    with(count, events, |entry| {
        bag.push(entry);
    })
}

fn seg_queue(count: usize, events: u64) -> Duration {
    let queue = crossbeam::queue::SegQueue::new();
    with(count, events, |entry| queue.push(entry))
}

fn channel(count: usize, events: u64) -> Duration {
    let (sender, _receiver) = crossbeam::channel::unbounded();
    with(count, events, |entry| sender.send(entry).unwrap())
}

fn mutex_vec(count: usize, events: u64) -> Duration {
    let vec = Mutex::new(Vec::new());
    with(count, events, |entry| vec.lock().unwrap().push(entry))
}

/// The middle one of some figures.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
