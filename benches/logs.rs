//! What checking takes for histories as the logs of real systems have them: a key-value store, and compare-and-set
//! registers of which many operations are never heard of again.
//!
//! Each verdict is compared with what is known of the history from how it was made. A line a shape, and one for each
//! history that is not decided rightly in time. With `DIR=…` all histories are also written there in EDN, beside a table of
//! what they are.
//!
//! ```sh
//! SEEDS=20 SECONDS=5 ONLY=etcd cargo bench --features check,format --bench logs
//! ```

use std::{
    env,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    time::Duration,
};

use tachograph::{
    Event, EventKind, EventRef, History,
    check::{self, Budget, Reason, Report, Verdict},
    format::{
        Document,
        edn::{self, Jepsen, Value},
    },
    model::{CasRegister, KeyValue, Specification, cas_register, key_value},
};

#[path = "../tests/check/logs.rs"]
mod logs;
#[path = "../tests/check/random.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod random;

use logs::{Fault, Log, Shape};
use random::Random;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().expect(name))
}

/// What is known of a history.
#[derive(Clone, Copy, Debug)]
enum Known {
    Good,
    /// A violation, of which this is the first event that nothing explains.
    Bad(u64),
    /// Perhaps a violation.
    Either,
}

/// What a log is of.
#[derive(Clone, Copy)]
enum Object {
    /// `keys`, and of a hundred operations so many gets and puts.
    Texts { keys: u64, gets: u64, puts: u64 },
    /// One register after the other.
    Numbers { per_key: u64 },
    /// One register.
    Register,
}

const KV: Shape = Shape {
    clients: 10,
    operations: 2000,
    rest: 10,
    slow: 20,
    lost: 0,
    splits: false,
};

const CAS: Shape = Shape {
    clients: 5,
    operations: 80,
    rest: 60,
    slow: 0,
    lost: 10,
    splits: false,
};

const fn porcupine(keys: u64) -> Object {
    Object::Texts {
        keys,
        gets: 45,
        puts: 5,
    }
}

/// Each with a name: as in the wild first, then with more of what makes it hard.
fn shapes() -> Vec<(&'static str, Object, Shape)> {
    let kv = |clients| Shape { clients, ..KV };
    let cas = |clients, operations, lost| Shape {
        clients,
        operations,
        lost,
        ..CAS
    };
    let keyed = Object::Numbers { per_key: 300 };
    vec![
        ("kv c1", porcupine(1), kv(1)),
        ("kv c10", porcupine(10), kv(10)),
        (
            "kv c10 splits",
            porcupine(10),
            Shape {
                splits: true,
                ..kv(10)
            },
        ),
        ("kv c10 lost", porcupine(10), Shape { lost: 50, ..kv(10) }),
        (
            "kv c10 lost splits",
            porcupine(10),
            Shape {
                lost: 50,
                splits: true,
                ..kv(10)
            },
        ),
        ("kv c10 3 keys", porcupine(3), kv(10)),
        ("kv c10 1 key", porcupine(1), kv(10)),
        (
            "kv c10 1 key quick",
            porcupine(1),
            Shape {
                slow: 0,
                rest: 60,
                ..kv(10)
            },
        ),
        (
            "kv c10 puts",
            Object::Texts {
                keys: 3,
                gets: 50,
                puts: 50,
            },
            kv(10),
        ),
        (
            "kv c10 puts lost",
            Object::Texts {
                keys: 3,
                gets: 50,
                puts: 50,
            },
            Shape { lost: 50, ..kv(10) },
        ),
        (
            "kv c10 few gets",
            Object::Texts {
                keys: 10,
                gets: 10,
                puts: 5,
            },
            kv(10),
        ),
        ("kv c50", porcupine(50), kv(50)),
        (
            "kv c50 splits",
            porcupine(50),
            Shape {
                splits: true,
                ..kv(50)
            },
        ),
        ("kv c50 lost", porcupine(50), Shape { lost: 50, ..kv(50) }),
        (
            "kv c50 lost splits",
            porcupine(50),
            Shape {
                lost: 50,
                splits: true,
                ..kv(50)
            },
        ),
        ("kv c50 10 keys", porcupine(10), kv(50)),
        (
            "kv c50 10 keys lost",
            porcupine(10),
            Shape { lost: 50, ..kv(50) },
        ),
        ("kv c50 3 keys", porcupine(3), kv(50)),
        ("kv c50 1 key", porcupine(1), kv(50)),
        (
            "kv c50 puts 10 keys",
            Object::Texts {
                keys: 10,
                gets: 50,
                puts: 50,
            },
            kv(50),
        ),
        (
            "kv c50 puts 1 key",
            Object::Texts {
                keys: 1,
                gets: 50,
                puts: 50,
            },
            kv(50),
        ),
        ("etcd 80", Object::Register, cas(5, 80, 10)),
        ("etcd 500", Object::Register, cas(5, 500, 10)),
        ("etcd 3000", Object::Register, cas(5, 3000, 10)),
        ("etcd 3000 half lost", Object::Register, cas(5, 3000, 2)),
        (
            "mongodb 500",
            Object::Register,
            Shape {
                splits: true,
                ..cas(10, 500, 20)
            },
        ),
        (
            "mongodb 3000 few lost",
            Object::Register,
            cas(10, 3000, 100),
        ),
        (
            "mongodb 3000",
            Object::Register,
            Shape {
                splits: true,
                ..cas(10, 3000, 20)
            },
        ),
        (
            "mongodb 3000 busy",
            Object::Register,
            Shape {
                splits: true,
                rest: 10,
                slow: 20,
                ..cas(10, 3000, 20)
            },
        ),
        (
            "mongodb 3000 c20 busy",
            Object::Register,
            Shape {
                splits: true,
                rest: 10,
                slow: 20,
                ..cas(20, 3000, 20)
            },
        ),
        ("rethinkdb keyed 3000", keyed, cas(10, 3000, 20)),
        (
            "rethinkdb keyed 3000 splits",
            keyed,
            Shape {
                splits: true,
                ..cas(10, 3000, 20)
            },
        ),
        (
            "rethinkdb keyed 3000 busy",
            keyed,
            Shape {
                splits: true,
                rest: 10,
                slow: 20,
                ..cas(10, 3000, 20)
            },
        ),
    ]
}

type KvLog = History<key_value::Op<Value, Value>, key_value::Ret<Value>>;
type CasLog = History<cas_register::Op<Value>, cas_register::Ret<Value>>;

/// With the values that EDN has.
fn to_edn<V: Into<Value> + Clone>(log: &Log<V>) -> KvLog {
    use key_value::{Op::*, Ret};
    let key = |key: &u64| Value::from(key.to_string());
    let value = |value: &V| value.clone().into();
    let events = log.events().map(|event| {
        let event = event.cloned();
        Event {
            index: event.index,
            process: event.process,
            time: None,
            error: None,
            kind: match &event.kind {
                EventKind::Invoke(Get(k)) => EventKind::Invoke(Get(key(k))),
                EventKind::Invoke(Put(k, v)) => EventKind::Invoke(Put(key(k), value(v))),
                EventKind::Invoke(Append(k, v)) => EventKind::Invoke(Append(key(k), value(v))),
                EventKind::Invoke(Delete(k)) => EventKind::Invoke(Delete(key(k))),
                EventKind::Invoke(Cas(k, old, new)) => {
                    EventKind::Invoke(Cas(key(k), value(old), value(new)))
                }
                EventKind::Ok(ret) => EventKind::Ok(match ret {
                    Ret::Value(v) => Ret::Value(v.as_ref().map(value)),
                    Ret::Done => Ret::Done,
                    Ret::Swapped(swapped) => Ret::Swapped(*swapped),
                    Ret::Refused => Ret::Refused,
                }),
                EventKind::Fail => EventKind::Fail,
                EventKind::Info => EventKind::Info,
                EventKind::Mark(text) => EventKind::Mark(text.clone()),
            },
        }
    });
    History::from_events(events).unwrap()
}

/// The one key's history.
fn to_register(log: KvLog) -> CasLog {
    use cas_register::{Op, Ret};
    let events = log.into_events().map(|event| Event {
        index: event.index,
        process: event.process,
        time: None,
        error: None,
        kind: match event.kind {
            EventKind::Invoke(key_value::Op::Get(_)) => EventKind::Invoke(Op::Read),
            EventKind::Invoke(key_value::Op::Put(_, v)) => EventKind::Invoke(Op::Write(v)),
            EventKind::Invoke(key_value::Op::Cas(_, old, new)) => {
                EventKind::Invoke(Op::Cas(old, new))
            }
            EventKind::Invoke(_) => unreachable!("a register has no such operation"),
            EventKind::Ok(key_value::Ret::Value(v)) => EventKind::Ok(Ret::Value(v)),
            EventKind::Ok(key_value::Ret::Swapped(it)) => EventKind::Ok(Ret::Swapped(it)),
            EventKind::Ok(_) => EventKind::Ok(Ret::Done),
            EventKind::Fail => EventKind::Fail,
            EventKind::Info => EventKind::Info,
            EventKind::Mark(text) => EventKind::Mark(text),
        },
    });
    History::from_events(events).unwrap()
}

/// What is checked of one shape.
struct Trial<'a> {
    name: &'a str,
    operations: u64,
    budget: Budget,
    directory: Option<&'a Path>,
    seconds: Vec<f64>,
    /// Updates that are never heard of again, in the last history.
    info: usize,
    configurations: f64,
    good: u64,
    bad: u64,
    unknown: u64,
    wrong: u64,
    troubles: Vec<String>,
}

impl Trial<'_> {
    fn judge<S>(
        &mut self,
        model: &S,
        which: &str,
        seed: u64,
        history: History<S::Op, S::Ret>,
        known: Known,
    ) where
        S: Specification<Op: Jepsen<Ret = S::Ret> + Clone + Sync, Ret: Clone + Sync, State: Send>
            + Sync,
    {
        let report = check::linearizable(model, &history, &self.budget);
        let each = report.configurations as f64 / report.operations.max(1) as f64;
        let seconds = report.elapsed.as_secs_f64();
        self.seconds.push(seconds);
        let is_info = |event: &EventRef<'_, S::Op, S::Ret>| matches!(event.kind, EventKind::Info);
        self.info = history.events().filter(is_info).count();
        self.configurations = self.configurations.max(each);
        let right = match (&report.verdict, known) {
            (Verdict::Linearizable(witness), Known::Good | Known::Either) => {
                self.good += 1;
                witness.validate(model, &history).is_ok()
            }
            (Verdict::Violation(violation), Known::Bad(event)) => {
                self.bad += 1;
                violation.event == event || !violation.is_first
            }
            (Verdict::Violation(violation), Known::Either) => {
                self.bad += 1;
                // The first event that nothing explains: what is before is linearizable.
                let mut prefix = history.clone();
                prefix.truncate(violation.event);
                !violation.is_first
                    || !check::linearizable(model, &prefix, &self.budget)
                        .verdict
                        .is_violation()
            }
            (Verdict::Unknown(_), _) => {
                self.unknown += 1;
                true
            }
            _ => false,
        };
        self.wrong += u64::from(!right);
        if !right || seconds > 0.1 || matches!(report.verdict, Verdict::Unknown(_)) {
            self.troubles
                .push(trouble(self.name, which, seed, &report, known, each, right));
        }
        if let Some(directory) = self.directory {
            let file = format!("{}-{seed}-{which}.edn", self.name.replace(' ', "-"));
            let document = Document::from(history);
            let output = BufWriter::new(File::create(directory.join(&file)).unwrap());
            edn::write(output, &document).unwrap();
            let table = File::options()
                .append(true)
                .create(true)
                .open(directory.join("known.tsv"));
            let model = match self
                .name
                .split(' ')
                .any(|word| word == "kv" || word == "keyed")
            {
                true => "kv",
                false => "cas-register",
            };
            let known = match known {
                Known::Good => "linearizable\t".to_owned(),
                Known::Bad(event) => format!("violation\t{event}"),
                Known::Either => "either\t".to_owned(),
            };
            writeln!(table.unwrap(), "{file}\t{model}\t{known}").unwrap();
        }
    }

    fn print(&mut self) {
        self.seconds.sort_by(f64::total_cmp);
        let median = self.seconds[self.seconds.len() / 2];
        let slowest = self.seconds.last().unwrap();
        println!(
            "{:<28}{:>6}{:>6}{:>6}{:>6}{:>6}{:>6}{median:>11.4}{slowest:>11.4}{:>14.1}",
            self.name,
            self.operations,
            self.info,
            self.good,
            self.bad,
            self.unknown,
            self.wrong,
            self.configurations
        );
        for trouble in &self.troubles {
            println!("    {trouble}");
        }
    }
}

fn trouble<T>(
    name: &str,
    which: &str,
    seed: u64,
    report: &Report<T>,
    known: Known,
    each: f64,
    right: bool,
) -> String {
    let found = match &report.verdict {
        Verdict::Violation(violation) => format!(
            "violation at {} {} with {} configurations",
            if violation.is_first {
                "event"
            } else {
                "or near event"
            },
            violation.event,
            violation.configurations
        ),
        Verdict::Unknown(reason @ (Reason::Spent(_) | Reason::TooManyOpen { .. })) => {
            format!("unknown: {reason}")
        }
        _ => report.name().to_owned(),
    };
    format!(
        "{}{name}, {which}, seed {seed}: {found}, made as {known:?}; {:.3} s, {each:.1} configurations an operation",
        if right { "" } else { "WRONG: " },
        report.elapsed.as_secs_f64()
    )
}

/// The same history as it is and spoilt in several ways.
fn variants<V>(
    shape: &Shape,
    seed: u64,
    strange: V,
    op: impl Fn() -> Box<dyn FnMut(&mut Random, u64, u64) -> key_value::Op<u64, V>>,
    unique: bool,
) -> Vec<(&'static str, Known, KvLog)>
where
    V: Clone + Eq + std::hash::Hash + std::fmt::Debug + key_value::Append + Into<Value>,
{
    let good = logs::log(shape, &mut Random::new(seed), None, op());
    let mut all = vec![("good", Known::Good, to_edn(&good))];
    for (name, percent) in [("strange 30", 30), ("strange 90", 90)] {
        if let Some((log, event)) = logs::with(&good, percent, &Fault::Strange(strange.clone())) {
            all.push((name, Known::Bad(event), to_edn(&log)));
        }
    }
    for (name, percent) in [("stale 50", 50), ("stale 95", 95)] {
        if let Some((log, event)) = logs::with(&good, percent, &Fault::Stale) {
            let known = if unique {
                Known::Bad(event)
            } else {
                Known::Either
            };
            all.push((name, known, to_edn(&log)));
        }
    }
    let forgotten = shape.operations / 4;
    let log = logs::log(shape, &mut Random::new(seed), Some(forgotten), op());
    all.push(("forgotten", Known::Either, to_edn(&log)));
    all
}

fn main() {
    let budget = Budget::unlimited().time(Duration::from_secs(number("SECONDS", 5)));
    let only = env::var("ONLY").unwrap_or_default();
    let directory = env::var_os("DIR");
    let directory = directory.as_deref().map(Path::new);
    if let Some(directory) = directory {
        fs::create_dir_all(directory).unwrap();
    }
    println!(
        "{:<28}{:>6}{:>6}{:>6}{:>6}{:>6}{:>6}{:>11}{:>11}{:>14}",
        "", "ops", "info", "good", "bad", "open", "wrong", "median s", "slowest s", "conf. an op."
    );
    for (name, object, shape) in shapes() {
        if !name.contains(&only) {
            continue;
        }
        let mut trial = Trial {
            name,
            operations: shape.operations,
            budget,
            directory,
            seconds: Vec::new(),
            info: 0,
            configurations: 0.0,
            good: 0,
            bad: 0,
            unknown: 0,
            wrong: 0,
            troubles: Vec::new(),
        };
        for seed in 0..number("SEEDS", 5) {
            let all = match object {
                Object::Texts { keys, gets, puts } => {
                    let op = || Box::new(logs::texts(keys, gets, puts)) as Box<_>;
                    variants(&shape, seed, "y".to_owned(), op, true)
                }
                Object::Numbers { per_key } => {
                    let op = || Box::new(logs::numbers(per_key)) as Box<_>;
                    variants(&shape, seed, 9_u8, op, false)
                }
                Object::Register => {
                    let op = || Box::new(logs::numbers(u64::MAX)) as Box<_>;
                    variants(&shape, seed, 9_u8, op, false)
                }
            };
            for (which, known, log) in all {
                match object {
                    Object::Register => {
                        trial.judge(&CasRegister::new(), which, seed, to_register(log), known);
                    }
                    _ => trial.judge(&KeyValue::new(), which, seed, log, known),
                }
            }
        }
        trial.print();
    }
}
