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
    /// Of the operations that completed with `ok` or `fail`, the one that took longest: by time where times were kept,
    /// otherwise by events between its ends.
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
/// The quantiles of many are rounded to three significant digits: they are from an [HDR
/// histogram](https://hdrhistogram.github.io/HdrHistogram/). All else is exact.
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
    ///
    /// ```
    /// use tachograph::Recorder;
    ///
    /// let recorder = Recorder::new();
    /// recorder.process().op(("write", 4), || ());
    /// let statistics = recorder.snapshot().statistics(|op| op.0);
    /// assert_eq!(statistics.by_operation["write"].ok, 1);
    /// ```
    pub fn statistics<'h, N: Into<Cow<'h, str>>>(
        &'h self,
        mut name: impl FnMut(&'h O) -> N,
    ) -> Statistics {
        let mut statistics = Statistics {
            events: self.len() as u64,
            overlap: self.overlap(),
            ..self.walk()
        };
        let mut names: BTreeMap<Cow<'h, str>, usize> = BTreeMap::new();
        let mut by_name: Vec<OperationStatistics> = Vec::new();
        // Which operation took how long: sorted by name afterwards, so that one histogram at a time is enough.
        let mut latencies: Vec<(usize, u64)> = Vec::new();
        let mut longest = None;
        for operation in self.operations() {
            let name = name(operation.op).into();
            let place = match names.get(&name) {
                Some(place) => *place,
                None => {
                    by_name.push(OperationStatistics::default());
                    names.insert(name.clone(), by_name.len() - 1);
                    by_name.len() - 1
                }
            };
            let its = &mut by_name[place];
            its.invocations += 1;
            *match operation.outcome {
                Outcome::Ok(_) => &mut its.ok,
                Outcome::Fail => &mut its.fail,
                Outcome::Info => &mut its.info,
                Outcome::Open => &mut its.open,
            } += 1;
            if matches!(operation.outcome, Outcome::Ok(_) | Outcome::Fail) {
                if length(&operation) > longest.as_ref().and_then(|(_, it)| length(it)) {
                    longest = Some((name, operation));
                }
                if let Some(latency) = operation.latency() {
                    latencies.push((place, Self::nanos(latency)));
                }
            }
        }
        let mut measure = Measure::default();
        statistics.latency = measure.latency(latencies.iter().map(|(_, nanos)| *nanos));
        latencies.sort_unstable();
        for its in latencies.chunk_by(|one, other| one.0 == other.0) {
            by_name[its[0].0].latency = match its.len() < FEW {
                true => Some(exact(its)),
                false => measure.latency(its.iter().map(|(_, nanos)| *nanos)),
            };
        }
        let named = |(name, place): (Cow<'_, str>, usize)| {
            (name.into_owned(), std::mem::take(&mut by_name[place]))
        };
        statistics.by_operation = names.into_iter().map(named).collect();
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

/// For fewer than these, going through a histogram would take longer than there is to measure.
const FEW: usize = 4096;

/// The latencies of an operation, of which there is at least one, in ascending order.
fn exact(sorted: &[(usize, u64)]) -> Latency {
    let sum: u128 = sorted.iter().map(|(_, nanos)| u128::from(*nanos)).sum();
    let at = |place: usize| Duration::from_nanos(sorted[place].1);
    let quantile = |quantile: f64| {
        let rank = (quantile * sorted.len() as f64).ceil() as usize;
        at(rank.clamp(1, sorted.len()) - 1)
    };
    Latency {
        count: sorted.len() as u64,
        min: at(0),
        mean: Duration::from_nanos((sum / sorted.len() as u128) as u64),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p999: quantile(0.999),
        max: at(sorted.len() - 1),
    }
}

/// One histogram, used again and again.
#[derive(Default)]
struct Measure(Option<Histogram<u64>>);

impl Measure {
    /// `None` of none.
    fn latency(&mut self, nanos: impl Iterator<Item = u64>) -> Option<Latency> {
        let histogram = self
            .0
            .get_or_insert_with(|| Histogram::new(3).expect("three digits are in range"));
        histogram.reset();
        let (mut min, mut max, mut sum) = (u64::MAX, 0, 0u128);
        for nanos in nanos {
            (min, max) = (min.min(nanos), max.max(nanos));
            sum += u128::from(nanos);
            // Resizes itself for as long as there is memory, up to any `u64`.
            if histogram.record(nanos).is_err() {
                histogram.saturating_record(nanos);
            }
        }
        let count = histogram.len();
        let mean = sum.checked_div(u128::from(count))?;
        // The histogram rounds up to the end of a bucket, which may be beyond the longest.
        let at = |quantile| Duration::from_nanos(histogram.value_at_quantile(quantile).min(max));
        Some(Latency {
            count,
            min: Duration::from_nanos(min),
            mean: Duration::from_nanos(mean as u64),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_nanos(max),
        })
    }
}
