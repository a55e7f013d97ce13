//! What recording an event costs, beside a bare `fetch_add` and beside the rivals.
//!
//! The table gives medians over rounds in each of which everybody runs once, and the ratios are taken within a
//! round, so that they hold when the machine's speed drifts. Then criterion times the recorder for comparison
//! with its last run. `ROUNDS` and `EVENTS` in the environment change the table's size.

#[allow(dead_code, reason = "shared with the other benchmark")]
mod rivals;

use std::env;

use criterion::{BenchmarkId, Criterion, Throughput};
use rivals::{ALL, FLOOR, GROWING, WARM, median};

fn setting(name: &str, default: u64) -> u64 {
    env::var(name)
        .ok()
        .map_or(default, |text| text.parse().expect("a number"))
}

fn table(threads: usize, rounds: u64, events: u64) {
    let mut ns = vec![Vec::new(); ALL.len()];
    for _ in 0..rounds {
        for (rival, ns) in ALL.iter().zip(&mut ns) {
            let events = events / rival.part;
            ns.push((rival.run)(threads, events).as_nanos() as f64 / events as f64);
        }
    }
    println!("\n{threads} threads: ns an event over all threads, ÷ floor, ÷ tachograph growing");
    for (rival, own) in ALL.iter().zip(&ns) {
        let ratio = |to: &[f64]| {
            median(
                &mut own
                    .iter()
                    .zip(to)
                    .map(|(own, other)| own / other)
                    .collect::<Vec<_>>(),
            )
        };
        let (to_floor, to_growing) = (ratio(&ns[0]), ratio(&ns[2]));
        println!(
            "{:<24} {:>8.1} {to_floor:>8.2} {to_growing:>8.2}",
            rival.name,
            median(&mut own.clone())
        );
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for threads in [1, 2, 4, 8] {
        table(threads, setting("ROUNDS", 11), setting("EVENTS", 4_000_000));
    }
    println!();

    let mut group = criterion.benchmark_group("record");
    group.sample_size(10).throughput(Throughput::Elements(1));
    for rival in [FLOOR, WARM, GROWING] {
        for threads in [1, 2, 4] {
            group.bench_function(BenchmarkId::new(rival.name, threads), |bencher| {
                bencher.iter_custom(|events| {
                    // Short runs would time the start of the threads.
                    let times = 1_000_000_u64.div_ceil(events);
                    (rival.run)(threads, events * times) / times as u32
                });
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
