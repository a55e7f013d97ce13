//! Reading and writing a million events, in both formats, beside `serde_json` on the same bytes.
//!
//! Medians of `ROUNDS` rounds, in each of which everybody runs once; `EVENTS` of them. On Linux also the most memory
//! that reading takes, each reader in a process of its own.

use std::{env, hint::black_box, io::Write, process::Command, time::Instant};

use serde::{Deserialize, Serialize};
use tachograph::{
    Event, EventKind, History, HistoryBuilder, ProcessId,
    format::{
        Document, Options,
        edn::{self, Jepsen, Misfit, Value},
        jsonl,
    },
};

/// The operations of a compare-and-set register.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Op {
    Read,
    Write(i64),
    Cas(i64, i64),
}

impl Jepsen for Op {
    type Ret = Option<i64>;

    fn f(&self) -> &str {
        match self {
            Op::Read => "read",
            Op::Write(_) => "write",
            Op::Cas(..) => "cas",
        }
    }

    fn value(&self) -> Value {
        match *self {
            Op::Read => Value::Nil,
            Op::Write(value) => value.into(),
            Op::Cas(old, new) => vec![old.into(), new.into()].into(),
        }
    }

    fn ret_value(&self, ret: &Option<i64>) -> Value {
        match self {
            Op::Read => (*ret).into(),
            other => other.value(),
        }
    }

    fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
        let int = |value: &Value| value.as_int().ok_or("a register holds integers");
        match (f, value.as_slice()) {
            ("read", _) => Ok(Op::Read),
            ("write", _) => Ok(Op::Write(int(&value)?)),
            ("cas", Some([old, new])) => Ok(Op::Cas(int(old)?, int(new)?)),
            _ => Err("no operation of a register".into()),
        }
    }

    fn ret_from_value(&self, value: Value) -> Result<Option<i64>, Misfit> {
        Ok(value.as_int())
    }
}

/// A plain derived structure of the same lines, for what `serde_json` takes to read them.
#[allow(dead_code, reason = "what is read is not looked at")]
#[derive(Deserialize)]
struct Line<'a> {
    index: u64,
    process: u64,
    time: Option<u64>,
    r#type: &'a str,
    op: Option<Op>,
    ret: Option<i64>,
}

/// Five processes in turn, each operation concurrent with four others.
fn history(events: u64) -> History<Op, Option<i64>> {
    let mut builder = HistoryBuilder::new();
    for index in 0..events {
        let process = ProcessId(index % 5);
        let number = (index / 10) as i64;
        let op = match number % 3 {
            0 => Op::Write(number),
            1 => Op::Read,
            _ => Op::Cas(number, number + 1),
        };
        let kind = match builder.open(process) {
            None => EventKind::Invoke(op),
            Some(Op::Read) => EventKind::Ok(Some(number)),
            Some(Op::Write(_)) => EventKind::Ok(None),
            Some(Op::Cas(..)) => EventKind::Fail,
        };
        builder.push(Event {
            index,
            process,
            time: Some(std::time::Duration::from_nanos(index * 137)),
            kind,
            error: None,
        });
    }
    builder.finish().unwrap()
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().expect(name))
}

const STRICT: &Options = &Options::new();

fn read_edn<O: Jepsen>(file: &[u8]) -> usize {
    edn::read::<O>(file, STRICT).unwrap().history.len()
}

fn read_jsonl<O, R>(file: &[u8]) -> usize
where
    O: serde::de::DeserializeOwned,
    R: serde::de::DeserializeOwned,
{
    jsonl::read::<O, R>(file, STRICT).unwrap().history.len()
}

fn read_lines(file: &[u8], read: impl Fn(&[u8])) -> usize {
    let lines = file.split(|byte| *byte == b'\n');
    let events = lines.filter(|line| !line.is_empty());
    events.inspect(|line| read(line)).count()
}

fn main() {
    let path = |name: &str| env::temp_dir().join(format!("tachograph-bench.{name}"));
    if let Ok(reader) = env::var("READER") {
        let file = std::io::BufReader::new(std::fs::File::open(path(&reader)).unwrap());
        match &*reader {
            "edn" => drop(black_box(edn::read::<edn::Op>(file, STRICT).unwrap())),
            _ => drop(black_box(
                jsonl::read::<Op, Option<i64>>(file, STRICT).unwrap(),
            )),
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
            println!("{reader}: at most {} in memory", line.trim());
        }
        return;
    }
    let (events, rounds) = (number("EVENTS", 1_000_000), number("ROUNDS", 7));
    let document = Document::from(history(events));
    let (mut in_edn, mut in_jsonl) = (Vec::new(), Vec::new());
    edn::write(&mut in_edn, &document).unwrap();
    jsonl::write(&mut in_jsonl, &document).unwrap();
    let body = in_jsonl
        .splitn(2, |byte| *byte == b'\n')
        .nth(1)
        .unwrap_or_default();

    type Contender<'a> = (&'a str, usize, Box<dyn Fn() -> usize + 'a>);
    let contenders: [Contender<'_>; 9] = [
        (
            "EDN, read, any operation",
            in_edn.len(),
            Box::new(|| read_edn::<edn::Op>(&in_edn)),
        ),
        (
            "EDN, read, an enum",
            in_edn.len(),
            Box::new(|| read_edn::<Op>(&in_edn)),
        ),
        (
            "EDN, write, an enum",
            in_edn.len(),
            Box::new(|| {
                let mut file = Vec::with_capacity(in_edn.len());
                edn::write(&mut file, &document).unwrap();
                assert_eq!(file.len(), in_edn.len());
                document.history.len()
            }),
        ),
        (
            "JSON Lines, read, an enum",
            in_jsonl.len(),
            Box::new(|| read_jsonl::<Op, Option<i64>>(&in_jsonl)),
        ),
        (
            "JSON Lines, read, any operation",
            in_jsonl.len(),
            Box::new(|| read_jsonl::<edn::Op, Value>(&in_jsonl)),
        ),
        (
            "JSON Lines, write, an enum",
            in_jsonl.len(),
            Box::new(|| {
                let mut file = Vec::with_capacity(in_jsonl.len());
                jsonl::write(&mut file, &document).unwrap();
                assert_eq!(file.len(), in_jsonl.len());
                document.history.len()
            }),
        ),
        (
            "serde_json, into a structure",
            body.len(),
            Box::new(|| {
                read_lines(body, |line| {
                    black_box(serde_json::from_slice::<Line<'_>>(line).unwrap());
                })
            }),
        ),
        (
            "serde_json, into values",
            body.len(),
            Box::new(|| {
                read_lines(body, |line| {
                    black_box(serde_json::from_slice::<serde_json::Value>(line).unwrap());
                })
            }),
        ),
        (
            "copying the bytes of EDN",
            in_edn.len(),
            Box::new(|| {
                black_box(in_edn.clone());
                document.history.len()
            }),
        ),
    ];
    let mut seconds = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for ((_, _, run), seconds) in contenders.iter().zip(&mut seconds) {
            let start = Instant::now();
            let read = run();
            seconds.push(start.elapsed().as_secs_f64());
            assert_eq!(read as u64, events);
        }
    }
    println!("{:<34}{:>8}{:>14}{:>10}", "", "MB/s", "events/s", "seconds");
    for ((name, bytes, _), mut seconds) in contenders.iter().zip(seconds) {
        seconds.sort_by(f64::total_cmp);
        let median = seconds[seconds.len() / 2];
        let megabytes = *bytes as f64 / 1e6;
        println!(
            "{name:<34}{:>8.0}{:>14.0}{median:>10.3}",
            megabytes / median,
            events as f64 / median
        );
    }
    for (name, file) in [("edn", &in_edn), ("jsonl", &in_jsonl)] {
        let path = path(name);
        std::fs::File::create(&path)
            .unwrap()
            .write_all(file)
            .unwrap();
        let this = env::current_exe().unwrap();
        let status = Command::new(this).env("READER", name).status().unwrap();
        assert!(status.success());
        std::fs::remove_file(path).unwrap();
    }
}
