//! What recording an event costs, beside a bare `fetch_add` and beside the rivals.

mod rivals;

use rivals::{ALL, median};

fn main() {
    let events: u64 = std::env::var("EVENTS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(2_000_000);
    let rounds: usize = std::env::var("ROUNDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(9);
    for threads in [1, 2, 4, 8] {
        let mut ns = vec![vec![]; ALL.len()];
        for _ in 0..rounds {
            for (rival, ns) in ALL.iter().zip(&mut ns) {
                ns.push((rival.run)(threads, events).as_nanos() as f64 / events as f64);
            }
        }
        println!("{threads} threads, {events} events, medians of {rounds} rounds");
        for (i, rival) in ALL.iter().enumerate() {
            let mut ratios: Vec<f64> = ns[i].iter().zip(&ns[0]).map(|(a, b)| a / b).collect();
            let mut own = ns[i].clone();
            println!(
                "{:<26} {:>7.1} ns  ÷ floor {:>6.2}",
                rival.name,
                median(&mut own),
                median(&mut ratios)
            );
        }
    }
}
