//! What a history amounts to, in numbers.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;

use super::{ByProcess, History, Operation, Outcome, Overlap};
use crate::event::{EventKind, ProcessId};

/// A history in numbers. [`History::statistics`] makes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// The number of events.
    pub events: u64,
    /// The events by kind.
    pub kinds: Kinds,
    /// The number of processes that invoked or completed something.
    pub processes: u64,
    /// Operations without a completion at the end.
    pub open: u64,
    /// The largest number of operations that were open at once.
    pub highest_concurrency: u64,
    /// How many operations were open between an event of an operation and the next one, on average. 0 where there are
    /// fewer than two.
    pub mean_concurrency: f64,
    /// How many operations overlapped another.
    pub overlap: Overlap,
    /// From the earliest to the latest time, where times were kept.
    pub duration: Option<Duration>,
    /// The completed operation that took longest: by time where times were kept, otherwise by events between its ends.
    pub longest: Option<Longest>,
    /// How long operations took.
    pub latency: Option<Latency>,
    /// The same by the name of the operation.
    pub by_operation: BTreeMap<String, OperationStatistics>,
}

/// How many events there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kinds {
    /// Invocations.
    pub invoke: u64,
    /// Operations completed with a result.
    pub ok: u64,
    /// Operations that did not apply.
    pub fail: u64,
    /// Operations of unknown outcome.
    pub info: u64,
    /// Marks.
    pub mark: u64,
}

/// The operation that took longest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Longest {
    /// Its name.
    pub name: String,
    /// Who called.
    pub process: ProcessId,
    /// The index of its invocation.
    pub invocation: u64,
    /// The index of its completion.
    pub completion: u64,
    /// How long it took, where both times were kept.
    pub latency: Option<Duration>,
}

/// The operations of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationStatistics {
    /// How many there are.
    pub invocations: u64,
    /// Those that completed with a result.
    pub ok: u64,
    /// Those that did not apply.
    pub fail: u64,
    /// Those of unknown outcome.
    pub info: u64,
    /// Those without a completion.
    pub open: u64,
    /// How long they took.
    pub latency: Option<Latency>,
}

/// How long operations took that completed with `ok` or `fail`, as far as their times were kept.
///
/// To three significant digits, from an [HDR histogram](https://hdrhistogram.github.io/HdrHistogram/).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Latency {
    /// How many operations were measured.
    pub count: u64,
    /// The shortest.
    pub min: Duration,
    /// The mean.
    pub mean: Duration,
    /// Half of them took no longer.
    pub p50: Duration,
    /// Nine in ten took no longer.
    pub p90: Duration,
    /// 99 in 100 took no longer.
    pub p99: Duration,
    /// 999 in 1000 took no longer.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

impl<O, R> History<O, R> {
    /// Counts and measures. `name` says by what name an operation is counted: few different ones, such as `write`.
    /// O(events).
    ///
    /// Of an operation that was invoked before this history [starts](Self::start), only the completion is counted,
    /// and only among the [kinds](Statistics::kinds).
    pub fn statistics<'h>(&'h self, mut name: impl FnMut(&'h O) -> Cow<'h, str>) -> Statistics {
        let mut statistics = Statistics {
            events: self.len() as u64,
            overlap: self.overlap(),
            ..self.walk()
        };
        let mut latencies = Latencies::default();
        let mut by_name: BTreeMap<Cow<'h, str>, (OperationStatistics, Latencies)> = BTreeMap::new();
        let mut longest = None;
        for operation in self.operations() {
            let name = name(operation.op);
            if length(&operation) > longest.as_ref().and_then(|(_, it)| length(it)) {
                longest = Some((name.clone(), operation));
            }
            let (its, its_latencies) = by_name.entry(name).or_default();
            its.invocations += 1;
            *match operation.outcome {
                Outcome::Ok(_) => &mut its.ok,
                Outcome::Fail => &mut its.fail,
                Outcome::Info => &mut its.info,
                Outcome::Open => &mut its.open,
            } += 1;
            if let (Outcome::Ok(_) | Outcome::Fail, Some(latency)) =
                (operation.outcome, operation.latency())
            {
                latencies.add(latency);
                its_latencies.add(latency);
            }
        }
        statistics.latency = latencies.summary();
        statistics.by_operation = by_name
            .into_iter()
            .map(|(name, (mut its, latencies))| {
                its.latency = latencies.summary();
                (name.into_owned(), its)
            })
            .collect();
        statistics.open = statistics.by_operation.values().map(|its| its.open).sum();
        statistics.longest = longest.and_then(|(name, operation)| {
            Some(Longest {
                name: name.into_owned(),
                process: operation.process,
                invocation: operation.invocation,
                completion: operation.completion?,
                latency: operation.latency(),
            })
        });
        statistics
    }

    /// What can be told by going from event to event.
    fn walk(&self) -> Statistics {
        let mut statistics = Statistics::default();
        let mut seen = ByProcess::<()>::new();
        let mut open = ByProcess::<()>::new();
        let mut span = None;
        let (mut steps, mut sum) = (0u64, 0u64);
        for event in self {
            let kinds = &mut statistics.kinds;
            if let Some(time) = event.time {
                let (from, to) = span.unwrap_or((time, time));
                span = Some((time.min(from), time.max(to)));
            }
            if event.kind.is_mark() {
                kinds.mark += 1;
                continue;
            }
            if steps > 0 {
                sum += open.len() as u64;
            }
            steps += 1;
            seen.insert(event.process, ());
            match event.kind {
                EventKind::Invoke(_) => kinds.invoke += 1,
                EventKind::Ok(_) => kinds.ok += 1,
                EventKind::Fail => kinds.fail += 1,
                EventKind::Info => kinds.info += 1,
                EventKind::Mark(_) => {}
            }
            match event.kind.is_invoke() {
                true => open.insert(event.process, ()),
                false => open.remove(event.process),
            };
            let highest = &mut statistics.highest_concurrency;
            *highest = (*highest).max(open.len() as u64);
        }
        statistics.processes = seen.len() as u64;
        statistics.duration = span.map(|(from, to)| to - from);
        if steps > 1 {
            statistics.mean_concurrency = sum as f64 / (steps - 1) as f64;
        }
        statistics
    }
}

/// By what operations are compared to find the longest: those with times before those without.
fn length<O, R>(operation: &Operation<'_, O, R>) -> Option<(Option<Duration>, u64)> {
    let completion = operation.completion?;
    Some((operation.latency(), completion - operation.invocation))
}

/// A histogram that takes no memory before there is something in it.
#[derive(Default)]
struct Latencies(Option<Histogram<u64>>);

impl Latencies {
    fn add(&mut self, latency: Duration) {
        let histogram = self
            .0
            .get_or_insert_with(|| Histogram::new(3).expect("three digits are in range"));
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        // Out of range is only what the histogram could not grow to, and it grows to any `u64`.
        histogram.saturating_record(nanos);
    }

    fn summary(&self) -> Option<Latency> {
        let histogram = self.0.as_ref()?;
        let at = |quantile| Duration::from_nanos(histogram.value_at_quantile(quantile));
        Some(Latency {
            count: histogram.len(),
            min: Duration::from_nanos(histogram.min()),
            mean: Duration::from_nanos(histogram.mean() as u64),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_nanos(histogram.max()),
        })
    }
}
