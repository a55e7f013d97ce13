//! What object a history is of and what is asked of it, as the arguments say it.

use std::{fs, io, time::Duration};

use clap::{Args, ValueEnum};
use tachograph::{
    Event, EventKind, History, HistoryBuilder, Text,
    check::{Budget, Consistency},
    format::edn::{self, Jepsen, Value},
    model::{
        CasRegister, Counter, KeyValue, Log, Mutex, PriorityQueue, Queue, Register, Semaphore, Set,
        Snapshot, Specification, Stack,
    },
};

use crate::input::Failure;

/// The object, for the commands that hold a history against it.
#[derive(Args)]
pub struct Object {
    /// What the object is; `:f` and `:value` as in the documentation of each model
    #[arg(long, short)]
    pub model: ModelName,
    /// How many values the queue has room for; without it, any number
    #[arg(long, value_name = "VALUES")]
    pub capacity: Option<usize>,
    /// How many permits the semaphore has
    #[arg(long, default_value_t = 1)]
    pub permits: u32,
    /// What is asked of it
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Asked::Linearizable)]
    consistency: Asked,
}

#[derive(Clone, Copy, ValueEnum)]
enum Asked {
    /// One order for all, in which what was over before something else began comes before it
    Linearizable,
    /// One order for all, in which the operations of each process keep theirs
    Sequential,
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
    Snapshot,
}

/// What is done with a history once it is known what its operations mean.
pub trait Task {
    type Answer;

    fn with<S>(self, model: &S, history: &History<S::Op, S::Ret>) -> Self::Answer
    where
        S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync;
}

impl Object {
    /// What `--model` says.
    pub fn name(&self) -> String {
        let name = self.model.to_possible_value();
        name.map_or_else(String::new, |name| name.get_name().to_owned())
    }

    /// What `--consistency` says.
    pub fn consistency(&self) -> Consistency {
        match self.consistency {
            Asked::Linearizable => Consistency::Linearizable,
            Asked::Sequential => Consistency::Sequential,
        }
    }

    /// Does this with the history, as one of operations on the object.
    pub fn task<T: Task>(
        &self,
        history: History<edn::Op, Value>,
        task: T,
    ) -> Result<T::Answer, Failure> {
        match self.model {
            ModelName::Register => with(&Register::<Value>::new(), history, task),
            ModelName::CasRegister => with(&CasRegister::<Value>::new(), history, task),
            ModelName::Kv => with(&KeyValue::<Value, Value>::new(), history, task),
            ModelName::Counter => with(&Counter::new(), history, task),
            ModelName::Set => with(&Set::<Value>::new(), history, task),
            ModelName::Queue => {
                let queue = self.capacity.map_or(Queue::<Value>::new(), Queue::bounded);
                with(&queue, history, task)
            }
            ModelName::Stack => with(&Stack::<Value>::new(), history, task),
            ModelName::PriorityQueue => with(&PriorityQueue::<Value>::new(), history, task),
            ModelName::Mutex => with(&Mutex::new(), history, task),
            ModelName::Semaphore => with(&Semaphore::new(self.permits), history, task),
            ModelName::Log => with(&Log::<Value>::new(), history, task),
            ModelName::Snapshot => with(&Snapshot::<Value>::new(), history, task),
        }
    }
}

fn with<S, T: Task>(
    model: &S,
    history: History<edn::Op, Value>,
    task: T,
) -> Result<T::Answer, Failure>
where
    S: Specification<Op: Jepsen<Ret = S::Ret> + Clone + Sync, Ret: Clone + Sync, State: Send>
        + Sync,
{
    Ok(task.with(model, &typed::<S::Op>(history)?))
}

/// The history as one of operations that a model knows.
fn typed<O: Jepsen>(history: History<edn::Op, Value>) -> Result<History<O, O::Ret>, Failure> {
    translated(history)
        .map_err(|what| Failure::Open(io::Error::new(io::ErrorKind::InvalidData, what)))
}

fn translated<O: Jepsen>(history: History<edn::Op, Value>) -> Result<History<O, O::Ret>, String> {
    let mut builder = HistoryBuilder::<O, O::Ret>::new();
    for event in history {
        let Event {
            index,
            process,
            time,
            kind,
            error,
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
            time,
            kind,
            error,
        });
    }
    builder.finish().map_err(|breaches| breaches.to_string())
}

/// What a check may cost, for the commands that make one.
#[derive(Args)]
pub struct Limits {
    /// The longest time for a check, in seconds; without it there is no bound
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// About the most memory for a check beside the history, in MB, without what states hold on the heap; if it is not said, half of what is
    /// available, where that is known (on Linux)
    #[arg(long, value_name = "MB")]
    memory: Option<usize>,
}

impl Limits {
    pub fn budget(&self) -> Budget {
        let budget = Budget::unlimited();
        let budget = self.timeout.map_or(budget, |time| budget.time(time));
        let said = self.memory.map(|memory| memory.saturating_mul(1_000_000));
        let memory = said.or_else(|| Some(available()? / 2));
        memory.map_or(budget, |bytes| budget.memory(bytes))
    }
}

/// The bytes that could be had without others having to give up theirs.
fn available() -> Option<usize> {
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    let mut lines = memory.lines();
    let available = lines.find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = available.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
