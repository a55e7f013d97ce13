//! What a stress test found, and what it did for that.

use std::{
    fmt, fs,
    io::{self, Write as _},
    iter,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Files, Save, Schedule, account, judge::message, name};
use crate::{
    check::Violation,
    history::{History, Overlap},
};

/// A schedule is shown if it has no more characters than this.
const LONGEST_SCHEDULE: usize = 4000;

/// What a stress test of an object with operations `O`, results `R` and a model with states `T` found.
#[derive(Debug)]
pub struct Report<O, R, T> {
    /// What was done.
    pub counts: Counts,
    /// The first thing that was found, if anything was.
    pub finding: Option<Finding<O, R, T>>,
    files: Files,
}

/// What a stress test did.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// What operations and delays were drawn from.
    pub seed: u64,
    /// The rounds that were run and looked at.
    pub rounds: u64,
    /// The histories that were recorded in them: one each, or, with [schedules](super::Schedules), one for each schedule.
    pub histories: u64,
    /// The rounds of which every schedule was tried.
    pub exhausted: u64,
    /// The rounds of which every schedule was to be tried, and was not: the time was up, or there were more than
    /// [`each`](super::Schedules::each).
    pub cut_short: u64,
    /// The operations that were invoked in all histories, and how many of them overlapped another.
    pub overlap: Overlap,
    /// The histories that are what the model allows.
    pub linearizable: u64,
    /// The histories whose check cost more than the budget: neither a pass nor a failure.
    pub undecided: u64,
    /// The histories that are not what the model allows. At most one, unless the test was told to [keep
    /// going](super::Plan::keep_going).
    pub violations: u64,
    /// Of a test that [soaks](super#soaking), how often the state of the object was not known after a round, so that
    /// another one had to take its place.
    pub replaced: u64,
    /// The histories in which an operation panicked, or the object when it was dropped.
    pub panicked: u64,
    /// How long the test took.
    pub elapsed: Duration,
    /// What the thread that prepares and checks spent its time with.
    pub phases: Phases,
}

/// What the thread that prepares and checks spent its time with. The other threads run the rounds meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phases {
    /// Making objects and drawing operations.
    pub preparing: Duration,
    /// Waiting for the threads.
    pub waiting: Duration,
    /// Taking histories out of recorders, and dropping the objects.
    pub collecting: Duration,
    /// Checking them.
    pub checking: Duration,
}

/// A round in which something went wrong.
#[derive(Debug)]
pub struct Finding<O, R, T> {
    /// Which, from 0.
    pub round: u64,
    /// Who went on when, if schedules were tried: with [`Schedules::replay`](super::Schedules::replay) it goes wrong again. `None` where
    /// threads ran the round.
    pub schedule: Option<Schedule>,
    /// In which state the object was before, where that was not the model's first: a test that [soaks](super#soaking) does not
    /// begin anew with each round.
    pub since: Option<T>,
    /// What happened in it.
    pub history: History<O, R>,
    /// What went wrong.
    pub cause: Cause<T>,
    /// The same for a person: of a violation the few operations that [show it](crate::explain::shrink), as a
    /// [timeline](crate::explain::Timeline). Of bounded length, and without what would command a terminal.
    pub account: String,
}

/// What went wrong in a round.
#[derive(Debug)]
pub enum Cause<T> {
    /// The model does not allow what happened.
    Violation(Box<Violation<T>>),
    /// The model allows what happened, but an operation panicked.
    Panic {
        /// Of which thread, from 0.
        thread: usize,
        /// What it said.
        message: String,
    },
    /// The model allows what happened, but the object panicked when it was dropped, after the round, or of a test that
    /// [soaks](super#soaking) once it was no longer needed.
    Drop {
        /// What it said.
        message: String,
    },
    /// The operations never end, or making the object does not: each waits for another, or the schedule became longer than any
    /// should. Threads would wait for ever; only [schedules](super::Schedules) find this.
    Stuck {
        /// What shuttle says of it.
        message: String,
    },
}

impl Counts {
    /// Where a smaller share of operations overlap another one, the test says that it has checked little.
    pub const LITTLE_OVERLAP: f64 = 0.2;

    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            rounds: 0,
            histories: 0,
            exhausted: 0,
            cut_short: 0,
            overlap: Overlap::default(),
            linearizable: 0,
            undecided: 0,
            violations: 0,
            replaced: 0,
            panicked: 0,
            elapsed: Duration::ZERO,
            phases: Phases::default(),
        }
    }

    pub(super) fn add_overlap(&mut self, overlap: Overlap) {
        self.overlap.operations += overlap.operations;
        self.overlap.overlapping += overlap.overlapping;
    }

    /// Whether so few operations overlapped another that little was checked.
    pub fn overlaps_little(&self) -> bool {
        self.overlap.operations > 0 && self.overlap.share() < Self::LITTLE_OVERLAP
    }

    /// What makes a pass worth less, each on lines for 80 columns.
    fn warn(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.linearizable > 0 && self.overlap.operations == 0 {
            f.write_str("\nwarning: there were no operations, so nothing was checked")?;
        }
        if self.overlaps_little() {
            f.write_str(
                "\nwarning: operations rarely overlapped, so little was checked:\n  \
                 use more threads or operations, or call `stress::point` inside operations",
            )?;
        }
        if self.cut_short > 0 {
            write!(
                f,
                "\nwarning: of {} not all schedules were tried:\n  \
                 there are more than there was time for, or than were asked for",
                counted(self.cut_short, "round")
            )?;
        }
        if self.replaced > 0 {
            write!(
                f,
                "\nwarning: {} times nobody knew the state of the object, which was replaced:\n  \
                 `Stress::settle` it so that only one is possible",
                self.replaced
            )?;
        }
        if self.undecided > 0 {
            f.write_str(
                "\nwarning: rounds were undecided:\n  \
                 use fewer threads or operations, or a larger budget",
            )?;
        }
        Ok(())
    }
}

/// What was done, and where the time went, if that was looked at.
struct Lines<'a>(&'a Counts);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line(self.0).fmt(f)?;
        match self.0.phases.all().is_zero() {
            true => Ok(()),
            false => write!(f, "\ntime: {}", self.0.phases),
        }
    }
}

/// What was done, on two lines, for terminals of 80 columns.
struct Line<'a>(&'a Counts);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            seed,
            rounds,
            histories,
            exhausted,
            overlap,
            linearizable,
            undecided,
            elapsed,
            ..
        } = self.0;
        write!(f, "{}, ", counted(*rounds, "round"))?;
        let of_what = match histories == rounds {
            true => "round",
            false => {
                f.write_str(&counted(*histories, "schedule"))?;
                if *exhausted > 0 {
                    write!(f, " (all there are of {})", counted(*exhausted, "round"))?;
                }
                f.write_str(", ")?;
                "schedule"
            }
        };
        write!(
            f,
            "{}, {:.0} % of them overlapping, in {elapsed:.1?}\n\
             {} linearizable, {undecided} undecided; seed {seed}",
            counted(overlap.operations, "operation"),
            overlap.share() * 100.0,
            counted(*linearizable, of_what),
        )
    }
}

/// So many of them, in words.
fn counted(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

impl Phases {
    fn all(&self) -> Duration {
        self.preparing + self.waiting + self.collecting + self.checking
    }
}

/// The share of each, on a line.
impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.all().max(Duration::from_nanos(1)).as_secs_f64();
        let share = |time: Duration| 100.0 * time.as_secs_f64() / all;
        write!(
            f,
            "{:.0} % preparing, {:.0} % waiting for threads, {:.0} % collecting, {:.0} % checking",
            share(self.preparing),
            share(self.waiting),
            share(self.collecting),
            share(self.checking)
        )
    }
}

/// Some lines.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Lines(self).fmt(f)?;
        self.warn(f)
    }
}

impl<O, R, T> Report<O, R, T> {
    pub(super) fn new(counts: Counts, finding: Option<Finding<O, R, T>>) -> Self {
        Self {
            counts,
            finding,
            files: Files::default(),
        }
    }

    /// Says in the account which test it is of.
    pub(super) fn name(&mut self, name: &str) {
        if let Some(finding) = &mut self.finding {
            finding.account = format!("{}: {}", name::for_a_person(name), finding.account);
        }
    }

    /// The files that were written: into the directory of [`Plan::output`](super::Plan::output), if something was found.
    pub fn files(&self) -> &[PathBuf] {
        &self.files.written
    }

    /// The files that could not be written, each with why.
    pub fn unwritten(&self) -> &[String] {
        &self.files.errors
    }

    /// Panics with all that is to be said, unless it is a pass.
    #[track_caller]
    pub(super) fn assert_pass(&self)
    where
        Self: fmt::Display,
    {
        assert!(self.is_pass(), "{self}");
    }

    /// Whether nothing was found, and at least one round was decided: what was not decided is no pass.
    /// Rounds without operations pass, as a program may that was made of a fuzzer's bytes; the report warns of it.
    pub fn is_pass(&self) -> bool {
        self.finding.is_none() && self.counts.linearizable > 0
    }
}

impl<O: fmt::Debug, R: fmt::Debug, T: fmt::Debug> Report<O, R, T> {
    /// Writes the account of the finding, if there is one, and its history. Where that does not work, or panics, the report says so.
    pub(super) fn write(&mut self, directory: &Path, name: &str, saves: Vec<Save<'_, O, R>>) {
        let Some(finding) = &self.finding else {
            return;
        };
        if let Err(error) = fs::create_dir_all(directory) {
            let error = format!("{}: {error}", directory.display());
            self.files.errors.push(error);
            return;
        }
        let (name, seed, round) = (name::in_files(name), self.counts.seed, finding.round);
        let name = format!("{name}seed-{seed}-round-{round}");
        let text = format!("{}\n{}\n", finding.account, Lines(&self.counts));
        let account = Save {
            extension: "txt".to_owned(),
            write: Box::new(|_, file| file.write_all(text.as_bytes())),
        };
        let schedule = finding.schedule.as_ref().map(ToString::to_string);
        let schedule = schedule.map(|line| Save {
            extension: "schedule".to_owned(),
            write: Box::new(move |_, file| writeln!(file, "{line}")),
        });
        for Save { extension, write } in iter::once(account).chain(schedule).chain(saves) {
            let path = directory.join(format!("{name}.{extension}"));
            let written = fs::File::create(&path).and_then(|file| {
                let mut file = io::BufWriter::new(file);
                // What the user gave to save it, or its `Debug` on the page, must not cost the finding.
                let write = AssertUnwindSafe(|| write(&finding.history, &mut file));
                catch_unwind(write).unwrap_or_else(|panic| {
                    let panic = message(panic);
                    Err(io::Error::other(format!("writing it panicked: {panic}")))
                })?;
                file.flush()
            });
            match written {
                Ok(()) => self.files.written.push(path),
                Err(error) => (self.files.errors).push(format!("{}: {error}", path.display())),
            }
        }
    }
}

/// For a person; of bounded length, and without what would command a terminal.
impl<O: fmt::Debug, R: fmt::Debug, T: fmt::Debug> fmt::Display for Report<O, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.finding {
            Some(finding) => {
                writeln!(f, "{}", finding.account)?;
                if let Some(schedule) = &finding.schedule {
                    match schedule.to_string() {
                        text if text.len() <= LONGEST_SCHEDULE => {
                            writeln!(f, "the schedule, for `Schedules::replay`:\n{text}")?;
                        }
                        _ => f.write_str(
                            "the schedule is too long to be shown: `Plan::output` writes it to a file\n",
                        )?,
                    }
                }
            }
            None if self.is_pass() => {}
            None => f.write_str("no round was decided, which is no pass\n")?,
        }
        Lines(&self.counts).fmt(f)?;
        if self.finding.is_none() {
            self.counts.warn(f)?;
        }
        for path in &self.files.written {
            let path = account::harmless(&path.display().to_string());
            write!(f, "\nwritten: {path}")?;
        }
        for error in &self.files.errors {
            write!(f, "\nnot written: {}", account::harmless(error))?;
        }
        Ok(())
    }
}
