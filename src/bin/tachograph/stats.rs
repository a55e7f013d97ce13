//! `tachograph stats`

use std::{
    borrow::Cow,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{Latency, Longest, OperationStatistics, Statistics};

use crate::{
    Verdict,
    input::{self, FormatName, Reading},
    validate::failure_json,
};

/// Count events, operations, processes and overlaps, and measure latencies
#[derive(Args)]
pub struct Stats {
    /// The files, or `-`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The format of the files; otherwise told by their names or first bytes
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// An object for each file, each on a line; times in nanoseconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Stats {
    pub fn run(self) -> io::Result<Verdict> {
        let mut output = anstream::stdout().lock();
        let mut worst = Verdict::Fine;
        for file in &self.files {
            let name = input::name(file);
            match self.reading.read(file, self.format) {
                Ok(document) => {
                    let statistics = document.history.statistics(|op| Cow::Borrowed(&*op.f));
                    match self.json {
                        true => writeln!(output, "{}", json(&name, &statistics))?,
                        false => writeln!(output, "{}", text(&name, &statistics))?,
                    }
                    for breach in document.mended.to_string().lines() {
                        eprintln!("{name}: mended: {breach}");
                    }
                }
                Err(failure) => {
                    worst = Verdict::BadInput;
                    match self.json {
                        true => writeln!(output, "{}", failure_json(&name, &failure))?,
                        false => eprintln!("{}", failure.lines(file)),
                    }
                }
            }
        }
        output.flush()?;
        Ok(worst)
    }
}

fn text(name: &str, statistics: &Statistics) -> String {
    let Statistics { kinds, overlap, .. } = statistics;
    let mut lines = vec![
        name.to_owned(),
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
    if let Some(duration) = statistics.duration {
        lines.push(format!("  duration     {duration:.1?}"));
    }
    if let Some(longest) = &statistics.longest {
        let latency = longest
            .latency
            .map_or_else(String::new, |latency| format!(", {latency:.1?}"));
        let Longest {
            name,
            process,
            invocation,
            completion,
            ..
        } = longest;
        lines.push(format!(
            "  longest      {name} of process {process}, events {invocation} to {completion}{latency}"
        ));
    }
    if statistics.by_operation.is_empty() {
        return lines.join("\n");
    }
    let mut table = vec![
        ["operation", "invoke", "ok", "fail", "info", "open"]
            .map(String::from)
            .to_vec(),
    ];
    let timed = statistics.latency.is_some();
    if timed {
        table[0].extend(["p50", "p90", "p99", "p99.9", "max"].map(String::from));
    }
    for (operation, its) in &statistics.by_operation {
        let counts = [its.invocations, its.ok, its.fail, its.info, its.open];
        let mut row = vec![operation.clone()];
        row.extend(counts.iter().map(u64::to_string));
        row.extend(latencies(timed, its.latency));
        table.push(row);
    }
    let mut row = vec!["all".to_owned()];
    row.extend(
        [
            kinds.invoke,
            kinds.ok,
            kinds.fail,
            kinds.info,
            statistics.open,
        ]
        .iter()
        .map(u64::to_string),
    );
    row.extend(latencies(timed, statistics.latency));
    table.push(row);
    lines.extend(aligned(&table));
    lines.join("\n")
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
        [p50, p90, p99, p999, max]
            .map(|time| format!("{time:.1?}"))
            .to_vec()
    };
    match latency {
        Some(latency) => shown(latency),
        None if timed => vec!["-".into(); 5],
        None => Vec::new(),
    }
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

fn json(name: &str, statistics: &Statistics) -> Json {
    let kinds = statistics.kinds;
    json!({
        "file": name,
        "events": statistics.events,
        "kinds": {
            "invoke": kinds.invoke,
            "ok": kinds.ok,
            "fail": kinds.fail,
            "info": kinds.info,
            "mark": kinds.mark,
        },
        "processes": statistics.processes,
        "open": statistics.open,
        "highest_concurrency": statistics.highest_concurrency,
        "mean_concurrency": statistics.mean_concurrency,
        "overlapping": statistics.overlap.overlapping,
        "overlap": statistics.overlap.share(),
        "duration": statistics.duration.map(nanos),
        "longest": statistics.longest.as_ref().map(|longest| json!({
            "operation": longest.name,
            "process": longest.process.0,
            "invocation": longest.invocation,
            "completion": longest.completion,
            "latency": longest.latency.map(nanos),
        })),
        "latency": statistics.latency.map(latency_json),
        "operations": statistics.by_operation.iter().map(|(name, its)| {
            (name.clone(), operation_json(its))
        }).collect::<serde_json::Map<_, _>>(),
    })
}

fn operation_json(its: &OperationStatistics) -> Json {
    json!({
        "invoke": its.invocations,
        "ok": its.ok,
        "fail": its.fail,
        "info": its.info,
        "open": its.open,
        "latency": its.latency.map(latency_json),
    })
}

fn latency_json(latency: Latency) -> Json {
    json!({
        "count": latency.count,
        "min": nanos(latency.min),
        "mean": nanos(latency.mean),
        "p50": nanos(latency.p50),
        "p90": nanos(latency.p90),
        "p99": nanos(latency.p99),
        "p99.9": nanos(latency.p999),
        "max": nanos(latency.max),
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
