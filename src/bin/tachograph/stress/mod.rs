//! `tachograph stress`

mod cells;
mod channels;
mod maps;
mod queues;

use std::{fmt::Write as _, io, path::PathBuf, time::Duration};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{
    explain::Role,
    stress::{
        Plan,
        zoo::{self, Outcome, Subject},
    },
};

use crate::{
    Verdict, input,
    object::seconds,
    output,
    patience::Patience,
    say::{self, Report},
};

/// Run an object under real threads, and check what it did
///
/// Threads run thousands of short rounds, each on a new object, recorded and checked, until something is found or the rounds or
/// the time are up. Of a finding the few operations that show it are printed. With --soak it is one long run of one object
/// instead, checked in pieces as it goes.
#[derive(Args)]
#[command(after_help = objects())]
pub struct Stress {
    /// The object, by its name
    #[arg(value_name = "OBJECT")]
    object: Option<String>,
    /// How many threads run operations
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,
    /// How many operations each thread runs in a round; 8, or 5,000 with --soak
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    ops: Option<u64>,
    /// The most rounds; 20,000, unless --seconds is given
    #[arg(long, value_name = "N")]
    rounds: Option<u64>,
    /// The longest time, in seconds; 10, unless --rounds is given
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<Duration>,
    /// What operations and delays are drawn from; another in every run, if not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Keep one object for all rounds, which are pieces of one history; between them it is emptied or read
    #[arg(long)]
    soak: bool,
    /// Let the threads run at full speed, without small delays here and there
    #[arg(long)]
    no_delays: bool,
    /// Write what is found into this directory, which is made if need be: an account, the history, and a page for a browser
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// An object instead of text
    #[arg(long)]
    json: bool,
}

impl Stress {
    pub fn run(self) -> io::Result<Verdict> {
        let Some(subject) = self.object.as_deref().and_then(find) else {
            // Where a script meant to name one, doing nothing must not look like a pass.
            let what = match &self.object {
                Some(name) => format!("there is no object `{name}`{}", perhaps(name)),
                None => "say which object".to_owned(),
            };
            say::complain(what);
            say::usage(format_args!("\n{}\n", objects()));
            return Ok(Verdict::BadInput);
        };
        if self.soak && !subject.soaks {
            let name = subject.name;
            say::complain(format_args!(
                "`{name}` is not made to soak, or shows nothing then: leave --soak away"
            ));
            return Ok(Verdict::BadInput);
        }
        if u64::from(self.threads).saturating_mul(self.ops()) > Plan::OPERATIONS as u64 {
            let (threads, ops, most) = (self.threads, self.ops(), Plan::OPERATIONS);
            say::complain(format_args!(
                "{threads} threads with {ops} operations each are too many: a round has at most {most} operations"
            ));
            return Ok(Verdict::BadInput);
        }
        if let Some(directory) = &self.out {
            // Not only when there is something to write, which may be in an hour.
            output::prepare(directory).map_err(|error| say::at(&input::name(directory), error))?;
        }
        let outcome = {
            let _patience = Patience::while_doing(&format!("{}: running", subject.name));
            subject.stress(&self.plan())
        };
        let mut verdict = match (outcome.is_finding, outcome.is_pass) {
            (true, _) => Verdict::No,
            (false, true) => Verdict::Fine,
            (false, false) => Verdict::Undecided,
        };
        let mut report = Report::new();
        match self.json {
            true => report.json(&self.json(subject, &outcome))?,
            false => {
                report.line(format_args!("{}: {}", subject.name, subject.about))?;
                // The library made it harmless.
                outcome
                    .text
                    .lines()
                    .try_for_each(|line| report.line(say::coloured(&painted(line))))?;
            }
        }
        for error in &outcome.unwritten {
            say::complain(error);
            verdict = Verdict::BadInput;
        }
        Ok(verdict)
    }

    fn ops(&self) -> u64 {
        self.ops.unwrap_or(if self.soak { 5000 } else { 8 })
    }

    fn plan(&self) -> Plan {
        let plan = Plan::new()
            .threads(self.threads as usize)
            .operations(self.ops() as usize)
            .delays(!self.no_delays)
            .soak(self.soak);
        let plan = match self.rounds {
            Some(rounds) => plan.rounds(rounds),
            None => plan,
        };
        let plan = match self.seconds {
            Some(time) => plan.time(time),
            None => plan,
        };
        let plan = match self.seed {
            Some(seed) => plan.seed(seed),
            None => plan,
        };
        match &self.out {
            Some(directory) => plan.output(directory),
            None => plan,
        }
    }

    fn json(&self, subject: &Subject, outcome: &Outcome) -> Json {
        let counts = &outcome.counts;
        let verdict = match (outcome.is_finding, outcome.is_pass) {
            (true, _) if counts.violations > 0 => "violation",
            (true, _) => "panic",
            (false, true) => "linearizable",
            (false, false) => "unknown",
        };
        let phases = counts.phases;
        let files = outcome.files.iter().map(|path| path.display().to_string());
        json!({
            "object": subject.name,
            "about": subject.about,
            "verdict": verdict,
            "seed": counts.seed,
            "threads": self.threads,
            "ops": self.ops(),
            "soak": self.soak,
            "rounds": counts.rounds,
            "operations": counts.overlap.operations,
            "overlapping": counts.overlap.overlapping,
            "linearizable": counts.linearizable,
            "undecided": counts.undecided,
            "violations": counts.violations,
            "replaced": counts.replaced,
            "panicked": counts.panicked,
            "seconds": counts.elapsed.as_secs_f64(),
            "phases": {
                "preparing": phases.preparing.as_secs_f64(),
                "waiting": phases.waiting.as_secs_f64(),
                "collecting": phases.collecting.as_secs_f64(),
                "checking": phases.checking.as_secs_f64(),
            },
            "found_in_round": outcome.round,
            "account": outcome.account,
            "files": files.collect::<Vec<_>>(),
            "unwritten": outcome.unwritten,
        })
    }
}

/// A line of what was found. It comes as plain text, so what nothing explains is told by the mark before it.
fn painted(line: &str) -> String {
    match line.starts_with('✗') || line.starts_with("violation: ") {
        true => say::paint(Role::Culprit, line),
        false => line.to_owned(),
    }
}

/// The objects that people use, by family. The [zoo] is the other family.
fn used() -> impl Iterator<Item = &'static Subject> {
    [queues::ALL, channels::ALL, maps::ALL, cells::ALL]
        .into_iter()
        .flatten()
}

fn find(name: &str) -> Option<&'static Subject> {
    used().chain(zoo::ALL).find(|subject| subject.name == name)
}

/// The objects that may have been meant, if there are any.
fn perhaps(name: &str) -> String {
    /// So many letters may be wrong.
    const WRONG: usize = 2;

    let all = used().chain(zoo::ALL).map(|subject| subject.name);
    let is_near = |object: &&str| {
        let begins = name.len() > WRONG && object.starts_with(name);
        begins || strsim::damerau_levenshtein(name, object) <= WRONG
    };
    let near: Vec<_> = all.filter(is_near).map(|it| format!("`{it}`")).collect();
    match near.is_empty() {
        true => String::new(),
        false => format!(": perhaps {}", near.join(" or ")),
    }
}

/// All objects, for a person.
fn objects() -> String {
    let mut text = String::new();
    let mut list = |heading: &str, subjects: &mut dyn Iterator<Item = &Subject>| {
        let _ = writeln!(text, "{heading}:");
        for Subject { name, about, .. } in subjects {
            let _ = writeln!(text, "  {name:<18}{about}");
        }
        text.push('\n');
    };
    list("Objects that people use", &mut used());
    let broken = |is_broken| {
        zoo::ALL
            .iter()
            .filter(move |subject| subject.is_broken == is_broken)
    };
    list("Broken objects", &mut broken(true));
    list("What these should have been", &mut broken(false));
    text.truncate(text.trim_end().len());
    text
}
