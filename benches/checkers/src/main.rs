//! The checker beside others: the same histories for all, each in a process of its own that is ended after a while.
//!
//! ```sh
//! SECONDS=10 cargo run --release --manifest-path benches/checkers/Cargo.toml
//! ```
//!
//! A line a history; of each checker the seconds it took, or why it has no verdict, and the most memory that its process
//! had, with the history in it. Verdicts are compared. A checker that is out of time is not asked for longer histories of
//! that kind.

mod histories;
mod rivals;

use std::{
    collections::HashSet,
    env,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use histories::Kind;
use rivals::RIVALS;

/// What a checker made of a history.
enum Answer {
    Decided {
        good: bool,
        seconds: f64,
        megabytes: u64,
    },
    OutOfTime,
    Crashed,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [rival, kind, clients, operations, bad] = &arguments[..] {
        return alone(rival, kind, clients, operations, bad == "bad");
    }
    let limit = env::var("SECONDS").map_or(10, |it| it.parse().expect("SECONDS"));
    let limit = Duration::from_secs(limit);
    print!("{:<36}", "");
    for rival in RIVALS {
        print!("{:>20}", rival.name);
    }
    println!(
        "\n{:<36}{}",
        "",
        "        seconds   MB".repeat(RIVALS.len())
    );
    let mut gave_up = HashSet::new();
    let mut disagree = 0;
    for (kind, clients, operations) in histories::all() {
        for bad in [false, true] {
            print!("{:<36}", histories::title(kind, clients, operations, bad));
            let mut verdicts = HashSet::new();
            for rival in RIVALS {
                if gave_up.contains(&(rival.name, kind, clients, bad)) {
                    print!("{:>20}", "-");
                    continue;
                }
                let answer = ask(rival.name, kind, clients, operations, bad, limit);
                match answer {
                    Answer::Decided {
                        good,
                        seconds,
                        megabytes,
                    } => {
                        verdicts.insert(good);
                        print!("{seconds:>15.4}{megabytes:>5}");
                    }
                    Answer::OutOfTime => print!("{:>20}", format!("not within {limit:?}")),
                    Answer::Crashed => print!("{:>20}", "crashed"),
                }
                if !matches!(answer, Answer::Decided { .. }) {
                    gave_up.insert((rival.name, kind, clients, bad));
                }
            }
            println!("{}", if verdicts.len() > 1 { "  DISAGREE" } else { "" });
            disagree += usize::from(verdicts.len() > 1);
        }
    }
    assert_eq!(disagree, 0, "verdicts differ");
}

/// One checker on one history, in this process.
fn alone(rival: &str, kind: &str, clients: &str, operations: &str, bad: bool) {
    let rival = RIVALS
        .iter()
        .find(|it| it.name == rival)
        .expect("a checker");
    let (clients, operations) = (clients.parse().unwrap(), operations.parse().unwrap());
    let (good, took) = match kind {
        "Register" => (rival.register)(histories::register(clients, operations, bad)),
        _ => (rival.queue)(histories::queue(clients, operations, bad)),
    };
    println!("{good} {} {}", took.as_secs_f64(), peak());
}

fn ask(
    rival: &str,
    kind: Kind,
    clients: u64,
    operations: u64,
    bad: bool,
    limit: Duration,
) -> Answer {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            rival,
            &format!("{kind:?}"),
            &clients.to_string(),
            &operations.to_string(),
        ])
        .arg(if bad { "bad" } else { "good" })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            child
                .stdout
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            let words: Vec<&str> = said.split_whitespace().collect();
            return match words[..] {
                [good, seconds, kilobytes] if status.success() => Answer::Decided {
                    good: good.parse().unwrap(),
                    seconds: seconds.parse().unwrap(),
                    megabytes: kilobytes.parse::<u64>().unwrap() / 1024,
                },
                _ => Answer::Crashed,
            };
        }
        // Making the history takes time, too.
        if began.elapsed() > limit + Duration::from_secs(1) {
            child.kill().unwrap();
            child.wait().unwrap();
            return Answer::OutOfTime;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The most memory this process had, in kB; 0 where that is not known.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
