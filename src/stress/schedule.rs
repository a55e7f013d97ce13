//! One schedule, as text.

use std::{fmt, str::FromStr};

use super::Plan;

/// The first word of every schedule's text; the number is the version.
const FORMAT: &str = "tachograph-schedule-2";
/// No text makes more of them, lest a few characters take all memory. Shuttle gives up at a million; but a test may begin that count anew,
/// and numbers that are drawn are not in it.
const STEPS: usize = 1 << 24;
/// So much of a word that should not be there is told.
const CHARACTERS: usize = 40;

/// Who went on when in one run of a [stress test with schedules](super::Schedules), and which operations were drawn: all that
/// it takes to [run it again](super::Schedules::replay).
///
/// Its text is one line: what the operations were drawn of, a fingerprint of them, then the task that goes on at each point of the schedule
/// (0 prepares, the others are the threads), so many times. It is what [`Plan::output`](super::Plan::output) writes to
/// a file that ends in `.schedule`.
///
/// ```
/// use tachograph::stress::Schedule;
///
/// let text = "tachograph-schedule-2 seed 7 round 0 threads 2 operations 3 drawn 8 random 9 steps 0*5 1*2 2 0";
/// let schedule: Schedule = text.parse()?;
/// assert_eq!(schedule.to_string(), text);
/// assert!("0*5 1*2 2 0".parse::<Schedule>().is_err());
/// # Ok::<(), tachograph::stress::InvalidSchedule>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub(super) seed: u64,
    pub(super) round: u64,
    pub(super) threads: usize,
    pub(super) operations: usize,
    /// The fingerprint of the operations that were drawn.
    pub(super) drawn: u64,
    /// The seed of what shuttle's own generator of random numbers gave.
    pub(super) random: u64,
    pub(super) steps: Vec<Step>,
}

/// What happens at one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This task goes on.
    Task(usize),
    /// The task that is on gets a random number.
    Random,
}

/// A text that is no [`Schedule`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSchedule {
    /// What should be there.
    expected: &'static str,
    /// The word that is there instead, or its beginning; `None` at the end.
    found: Option<String>,
}

impl fmt::Display for InvalidSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found } = self;
        match found {
            Some(found) => write!(
                f,
                "not a schedule: {found:?}, where there should be {expected}"
            ),
            None => write!(
                f,
                "not a schedule: it ends where there should be {expected}"
            ),
        }
    }
}

impl std::error::Error for InvalidSchedule {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            round,
            threads,
            operations,
            drawn,
            random,
            steps,
        } = self;
        write!(
            f,
            "{FORMAT} seed {seed} round {round} threads {threads} operations {operations} \
             drawn {drawn} random {random} steps"
        )?;
        for run in steps.chunk_by(Step::eq) {
            match run[0] {
                Step::Task(task) => write!(f, " {task}")?,
                Step::Random => f.write_str(" random")?,
            }
            if run.len() > 1 {
                write!(f, "*{}", run.len())?;
            }
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        let mut words = text.split_whitespace();
        name(&mut words, FORMAT)?;
        let mut named = |its| {
            name(&mut words, its)?;
            number(words.next())
        };
        let mut schedule = Self {
            seed: named("seed")?,
            round: named("round")?,
            threads: named("threads")? as usize,
            operations: named("operations")? as usize,
            drawn: named("drawn")?,
            random: named("random")?,
            steps: Vec::new(),
        };
        // No file makes more than a plan may.
        let all = schedule.threads.saturating_mul(schedule.operations);
        for (what, is_possible) in [
            (schedule.threads, schedule.threads <= Plan::THREADS),
            (schedule.operations, all <= Plan::OPERATIONS),
        ] {
            if !is_possible {
                return Err(invalid("a smaller number", Some(&what.to_string())));
            }
        }
        name(&mut words, "steps")?;
        for word in words {
            let (what, times) = word.split_once('*').unwrap_or((word, "1"));
            let step = match what {
                "random" => Step::Random,
                task => Step::Task(number(Some(task))? as usize),
            };
            let times = number(Some(times))? as usize;
            if times > STEPS - schedule.steps.len() {
                return Err(invalid("fewer steps", Some(word)));
            }
            schedule.steps.extend(std::iter::repeat_n(step, times));
        }
        Ok(schedule)
    }
}

fn name<'a>(
    words: &mut impl Iterator<Item = &'a str>,
    name: &'static str,
) -> Result<(), InvalidSchedule> {
    match words.next() {
        Some(word) if word == name => Ok(()),
        found => Err(invalid(name, found)),
    }
}

fn number(word: Option<&str>) -> Result<u64, InvalidSchedule> {
    let number = word.and_then(|word| word.parse().ok());
    number.ok_or_else(|| invalid("a number", word))
}

fn invalid(expected: &'static str, found: Option<&str>) -> InvalidSchedule {
    let found = found.map(|word| match word.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    });
    InvalidSchedule { expected, found }
}
