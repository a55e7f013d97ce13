//! Statistics for people: a few lines, and a table of the operations by their names.

use std::time::Duration;

use tachograph::{Cut, Latency, Longest, Statistics};

use crate::say::harmless;

/// So many operations are listed: names may be keys of which there are thousands.
const LISTED: usize = 50;

pub fn text(name: &str, statistics: &Statistics, cut: Option<Cut>) -> String {
    let Statistics { kinds, overlap, .. } = statistics;
    let mut lines = vec![
        harmless(name).to_string(),
        format!(
            "  events       {}: {} invoke, {} ok, {} fail, {} info, {} mark",
            statistics.events, kinds.invoke, kinds.ok, kinds.fail, kinds.info, kinds.mark
        ),
        format!("  processes    {}", statistics.processes),
        format!(
            "  operations   {}, of which {} open at the end",
            kinds.invoke, statistics.open
        ),
        format!(
            "  concurrency  {} at most, {:.2} on average",
            statistics.highest_concurrency, statistics.mean_concurrency
        ),
        format!(
            "  overlap      {} of {} operations ({:.1} %)",
            overlap.overlapping,
            overlap.operations,
            100.0 * overlap.share()
        ),
    ];
    if let Some(time) = statistics.duration {
        lines.push(format!("  duration     {}", duration(time)));
    }
    if let Some(longest) = &statistics.longest {
        let latency = longest
            .latency
            .map_or_else(String::new, |latency| format!(", {}", duration(latency)));
        let Longest {
            name,
            process,
            invocation,
            completion,
            ..
        } = longest;
        let name = harmless(name);
        lines.push(format!(
            "  longest      {name} of process {process}, events {invocation} to {completion}{latency}"
        ));
    }
    if let Some(cut) = cut {
        let cut = cut.to_string();
        let what = cut.strip_prefix("cut ").unwrap_or(&cut);
        lines.push(format!("  cut          {what}"));
    }
    if !statistics.by_operation.is_empty() {
        lines.extend(table(statistics));
    }
    lines.join("\n")
}

fn table(statistics: &Statistics) -> Vec<String> {
    let timed = statistics.latency.is_some();
    let mut heading = vec!["operation", "invoke", "ok", "fail", "info", "open"];
    if timed {
        heading.extend(["p50", "p90", "p99", "p99.9", "max"]);
    }
    let mut table = vec![heading.into_iter().map(String::from).collect()];
    let row = |name: String, counts: [u64; 5], latency| {
        let mut row = vec![name];
        row.extend(counts.iter().map(u64::to_string));
        row.extend(latencies(timed, latency));
        row
    };
    for (name, its) in statistics.by_operation.iter().take(LISTED) {
        let counts = [its.invocations, its.ok, its.fail, its.info, its.open];
        table.push(row(harmless(name).to_string(), counts, its.latency));
    }
    let kinds = statistics.kinds;
    let counts = [
        kinds.invoke,
        kinds.ok,
        kinds.fail,
        kinds.info,
        statistics.open,
    ];
    table.push(row("all".into(), counts, statistics.latency));
    let mut lines = aligned(&table);
    let unlisted = statistics.by_operation.len().saturating_sub(LISTED);
    if unlisted > 0 {
        // Before the line of all.
        lines.insert(lines.len() - 1, format!("  … and {unlisted} more"));
    }
    lines
}

fn latencies(timed: bool, latency: Option<Latency>) -> Vec<String> {
    let shown = |latency: Latency| {
        let Latency {
            p50,
            p90,
            p99,
            p999,
            max,
            ..
        } = latency;
        [p50, p90, p99, p999, max].map(duration).to_vec()
    };
    match latency {
        Some(latency) => shown(latency),
        None if timed => vec!["-".into(); 5],
        None => Vec::new(),
    }
}

/// The time to three significant digits, and to the second where it has more: `581ns`, `1.9µs`, `12.3ms`, `86400s`.
fn duration(time: Duration) -> String {
    const SECOND: u128 = 1_000_000_000;
    let nanos = time.as_nanos();
    let digits = nanos.checked_ilog10().map_or(1, |log| log + 1);
    let unit = 10_u128.pow(digits.saturating_sub(3)).min(SECOND);
    let rounded = (nanos + unit / 2) / unit * unit;
    let seconds = u64::try_from(rounded / SECOND).unwrap_or(u64::MAX);
    format!("{:?}", Duration::new(seconds, (rounded % SECOND) as u32))
}

/// The first column to the left, all others to the right.
fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let columns = table[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            table
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let mut line = format!("  {:<width$}", row[0], width = widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            line.push_str(&format!("  {cell:>width$}"));
        }
        line
    };
    table.iter().map(line).collect()
}
