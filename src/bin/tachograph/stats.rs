//! `tachograph stats`

mod text;

use std::{borrow::Cow, io, path::Path, time::Duration};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{Breaches, Cut, Latency, OperationStatistics, Statistics};

use crate::{
    Verdict,
    input::{self, Failure, Files},
    json,
    patience::Patience,
    say::{self, Report},
};

/// Count events, operations, processes and overlaps, and measure latencies
#[derive(Args)]
pub struct Stats {
    #[command(flatten)]
    files: Files,
    /// An object for each file, each on a line; times in nanoseconds
    #[arg(long)]
    json: bool,
}

/// What is said of a file.
struct Counted {
    statistics: Statistics,
    cut: Option<Cut>,
    mended: Breaches,
}

impl Stats {
    pub fn run(self) -> io::Result<Verdict> {
        let mut report = Report::new();
        let mut worst = Verdict::Fine;
        for file in self.files.paths()? {
            let name = input::name(file);
            let result = self.count(file);
            if result.is_err() {
                worst = Verdict::BadInput;
            }
            match (self.json, &result) {
                (true, Ok(counted)) => report.json(&json(&name, counted))?,
                (true, Err(failure)) => report.json(&json::failure(&name, failure))?,
                (false, Ok(counted)) => {
                    report.line(text::text(&name, &counted.statistics, counted.cut))?;
                    say::complain_of(&format!("{name}: mended"), &counted.mended);
                }
                (false, Err(failure)) => say::complain_of(&name, failure),
            }
        }
        Ok(worst)
    }

    fn count(&self, file: &Path) -> Result<Counted, Failure> {
        let document = self.files.open(file)?.named()?;
        let history = &document.history;
        let _patience = Patience::while_doing(&format!("{}: counting", input::name(file)));
        Ok(Counted {
            statistics: history.statistics(|op| Cow::Borrowed(&*op.f)),
            cut: history.cut(),
            mended: document.mended,
        })
    }
}

fn json(name: &str, counted: &Counted) -> Json {
    let Counted {
        statistics,
        cut,
        mended,
    } = counted;
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
            "process": json::process(longest.process),
            "invocation": longest.invocation,
            "completion": longest.completion,
            "latency": longest.latency.map(nanos),
        })),
        "latency": statistics.latency.map(latency_json),
        "operations": statistics.by_operation.iter().map(|(name, its)| {
            (name.clone(), operation_json(its))
        }).collect::<serde_json::Map<_, _>>(),
        "cut": cut.map(json::cut),
        "mended": json::breaches(mended),
        "mended_count": mended.count(),
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
