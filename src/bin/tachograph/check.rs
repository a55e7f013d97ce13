//! `tachograph check`

use std::{fmt::Debug, io, path::Path, time::Duration};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use tachograph::{
    Event, EventKind, History, HistoryBuilder, Text,
    check::{self, Budget, Report as Checked, Verdict as Found, Violation},
    format::edn::{self, Jepsen, Value},
    model::{
        CasRegister, Counter, KeyValue, Log, Mutex, PriorityQueue, Queue, Register, Semaphore, Set,
        Specification, Stack,
    },
};

use crate::{
    Verdict,
    input::{self, Failure, Files},
    json,
    patience::Patience,
    say::{self, Report},
};

/// Check whether histories are what an object may do
///
/// Prints a line for each file: its name, `linearizable`, `violation` or `unknown`, and the details, with tabs between.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    files: Files,
    /// What the object is; `:f` and `:value` as in the documentation of each model
    #[arg(long, short)]
    model: ModelName,
    /// The longest time for each file, in seconds; without it there is no bound
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// What is asked of the object
    #[arg(long, value_enum, default_value_t = Consistency::Linearizable)]
    consistency: Consistency,
    /// How many values the queue has room for; without it, any number
    #[arg(long, value_name = "VALUES")]
    capacity: Option<usize>,
    /// How many permits the semaphore has
    #[arg(long, default_value_t = 1)]
    permits: u32,
    /// An object for each file, each on a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ModelName {
    Register,
    CasRegister,
    Kv,
    Counter,
    Set,
    Queue,
    Stack,
    PriorityQueue,
    Mutex,
    Semaphore,
    Log,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Consistency {
    Linearizable,
    Sequential,
}

pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// What was found of a file, whatever the model.
struct Answer {
    verdict: Verdict,
    name: &'static str,
    /// On one line.
    detail: String,
    json: Json,
}

impl Check {
    pub fn run(self) -> io::Result<Verdict> {
        let mut report = Report::new();
        let mut worst = Verdict::Fine;
        for file in self.files.paths()? {
            let name = input::name(file);
            match self.check(file, &name) {
                Ok(answer) => {
                    worst = worst.max(answer.verdict);
                    match self.json {
                        true => report.json(&answer.json)?,
                        false => report.line(format_args!(
                            "{}\t{}\t{}",
                            say::harmless(&name),
                            answer.name,
                            say::harmless(&answer.detail)
                        ))?,
                    }
                }
                Err(failure) => {
                    worst = worst.max(Verdict::BadInput);
                    match self.json {
                        true => report.json(&json::failure(&name, &failure))?,
                        false => say::complain_of(&name, &failure),
                    }
                }
            }
        }
        Ok(worst)
    }

    fn check(&self, file: &Path, name: &str) -> Result<Answer, Failure> {
        let document = self.files.open(file)?.named()?;
        let history = document.history;
        match self.model {
            ModelName::Register => self.with(&Register::new(), name, history),
            ModelName::CasRegister => self.with(&CasRegister::new(), name, history),
            ModelName::Kv => self.with(&KeyValue::new(), name, history),
            ModelName::Counter => self.with(&Counter::new(), name, history),
            ModelName::Set => self.with(&Set::new(), name, history),
            ModelName::Queue => {
                let queue = self.capacity.map_or(Queue::new(), Queue::bounded);
                self.by(&queue, name, history, check::queue)
            }
            ModelName::Stack => self.with(&Stack::new(), name, history),
            ModelName::PriorityQueue => self.with(&PriorityQueue::new(), name, history),
            ModelName::Mutex => self.with(&Mutex::new(), name, history),
            ModelName::Semaphore => self.with(&Semaphore::new(self.permits), name, history),
            ModelName::Log => self.with(&Log::new(), name, history),
        }
    }

    fn with<S>(
        &self,
        model: &S,
        name: &str,
        history: History<edn::Op, Value>,
    ) -> Result<Answer, Failure>
    where
        S: Specification<Op: Jepsen<Ret = S::Ret> + Sync, Ret: Sync, State: Send> + Sync,
    {
        self.by(model, name, history, check::linearizable)
    }

    /// Checks with this way to find out about linearizability.
    fn by<S>(
        &self,
        model: &S,
        name: &str,
        history: History<edn::Op, Value>,
        linearizable: impl Fn(&S, &History<S::Op, S::Ret>, &Budget) -> Checked<S::State>,
    ) -> Result<Answer, Failure>
    where
        S: Specification<Op: Jepsen<Ret = S::Ret>>,
    {
        let events = history.len();
        let history = typed::<S::Op>(history)
            .map_err(|what| Failure::Open(io::Error::new(io::ErrorKind::InvalidData, what)))?;
        let budget = match self.timeout {
            Some(time) => Budget::unlimited().time(time),
            None => Budget::unlimited(),
        };
        let _patience = Patience::while_doing(&format!("{name}: checking"));
        let checked = match self.consistency {
            Consistency::Linearizable => linearizable(model, &history, &budget),
            Consistency::Sequential => check::sequentially_consistent(model, &history, &budget),
        };
        Ok(self.answer(name, events, &checked))
    }

    fn answer<T: Debug>(&self, file: &str, events: usize, checked: &Checked<T>) -> Answer {
        let seconds = checked.elapsed.as_secs_f64();
        let mut violation_json = Json::Null;
        let (verdict, detail) = match &checked.verdict {
            Found::Linearizable(_) => (
                Verdict::Fine,
                format!(
                    "{} operations, {} configurations, {seconds:.3} s",
                    checked.operations, checked.configurations
                ),
            ),
            Found::Violation(violation) => {
                let Violation {
                    event,
                    invocation,
                    operation,
                    ..
                } = &**violation;
                violation_json = explained(violation);
                (
                    Verdict::No,
                    format!(
                        "event {event} completes {operation} (invoked at {invocation}), which nothing explains"
                    ),
                )
            }
            Found::Unknown(reason) => (Verdict::Undecided, reason.to_string()),
        };
        let name = checked.verdict.name();
        Answer {
            verdict,
            name,
            json: json!({
                "file": file,
                "model": self.model.to_possible_value().map(|it| it.get_name().to_owned()),
                "verdict": name,
                "detail": detail,
                "events": events,
                "operations": checked.operations,
                "configurations": checked.configurations,
                "seconds": seconds,
                "violation": violation_json,
            }),
            detail,
        }
    }
}

pub fn explained<T: Debug>(violation: &Violation<T>) -> Json {
    let explained = violation.explained.iter().map(|explained| {
        let blocked = explained.blocked.iter().map(|blocked| {
            json!({
                "invocation": blocked.invocation,
                "operation": blocked.operation,
                "why": blocked.why,
            })
        });
        json!({
            "state": format!("{:?}", explained.state),
            "blocked": blocked.collect::<Vec<_>>(),
        })
    });
    json!({
        "event": violation.event,
        "invocation": violation.invocation,
        "operation": violation.operation,
        "configurations": violation.configurations,
        "explained": explained.collect::<Vec<_>>(),
        "text": violation.to_string(),
    })
}

/// The history as one of operations that a model knows.
pub fn typed<O: Jepsen>(history: History<edn::Op, Value>) -> Result<History<O, O::Ret>, String> {
    let mut builder = HistoryBuilder::<O, O::Ret>::new();
    for event in history {
        let Event {
            index,
            process,
            kind,
            error,
            ..
        } = event;
        let misfit = |what: edn::Misfit| format!("event {index}: {what}");
        let kind = match kind {
            EventKind::Invoke(op) => {
                EventKind::Invoke(O::from_value(&op.f, op.value).map_err(misfit)?)
            }
            EventKind::Ok(value) => match builder.open(process) {
                Some(op) => EventKind::Ok(op.ret_from_value(value).map_err(misfit)?),
                None => return Err(format!("event {index} completes nothing")),
            },
            EventKind::Fail => EventKind::Fail,
            EventKind::Info => EventKind::Info,
            EventKind::Mark(text) => EventKind::Mark::<O, O::Ret, Text>(text),
        };
        builder.push(Event {
            index,
            process,
            time: None, // was looked at when the file was read, and means nothing here
            kind,
            error,
        });
    }
    builder.finish().map_err(|breaches| breaches.to_string())
}
