//! Who goes on: shuttle schedulers, and one around them that sees what they choose.

use std::{cell::RefCell, rc::Rc, vec};

use shuttle::scheduler::{DataSource, RandomDataSource, Scheduler, Task, TaskId};

use crate::stress::schedule::{Schedule, Step};

/// A scheduler that never ends by itself.
#[derive(Debug)]
pub(super) struct Chooser {
    choose: Choose,
    /// Where the random numbers come from that tasks ask shuttle for.
    numbers: RandomDataSource,
}

#[derive(Debug)]
enum Choose {
    Random(fastrand::Rng),
    Replay(vec::IntoIter<Step>),
    Bytes(vec::IntoIter<u8>),
}

impl Chooser {
    fn new(choose: Choose, numbers: u64) -> Self {
        Self {
            choose,
            numbers: RandomDataSource::initialize(numbers),
        }
    }

    /// Any task, one as likely as the other.
    pub(super) fn random(seed: u64) -> Self {
        Self::new(Choose::Random(fastrand::Rng::with_seed(seed)), seed)
    }

    /// As it was. It stops where that does not work.
    pub(super) fn replay(schedule: Schedule) -> Self {
        Self::new(Choose::Replay(schedule.steps.into_iter()), schedule.random)
    }

    /// The task whose number is the next byte, modulo how many there are; without bytes, the one that is on.
    pub(super) fn bytes(bytes: Vec<u8>) -> Self {
        Self::new(Choose::Bytes(bytes.into_iter()), 0)
    }
}

impl Scheduler for Chooser {
    fn new_execution(&mut self) -> Option<shuttle::scheduler::Schedule> {
        let seed = self.numbers.reinitialize();
        Some(shuttle::scheduler::Schedule::new(seed))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let runs = |task: TaskId| runnable.iter().any(|runnable| runnable.id() == task);
        let task = match &mut self.choose {
            Choose::Random(random) => runnable[random.usize(..runnable.len())].id(),
            Choose::Replay(steps) => match steps.next() {
                Some(Step::Task(task)) if runs(task.into()) => task.into(),
                _ => return None,
            },
            Choose::Bytes(bytes) => {
                let byte = match runnable.len() {
                    1 => Some(0),
                    _ => bytes.next(),
                };
                match (byte, current) {
                    (Some(byte), _) => runnable[usize::from(byte) % runnable.len()].id(),
                    (None, Some(current)) if runs(current) && !is_yielding => current,
                    // The next one behind it, so that all who wait for another get on.
                    (None, current) => {
                        let behind = |task: &&&Task| current.is_none_or(|now| task.id() > now);
                        let next = runnable.iter().find(behind).unwrap_or(&runnable[0]);
                        next.id()
                    }
                }
            }
        };
        Some(task)
    }

    fn next_u64(&mut self) -> u64 {
        if let Choose::Replay(steps) = &mut self.choose {
            if steps.next() != Some(Step::Random) {
                // The next task is none, then.
                *steps = Vec::new().into_iter();
            }
        }
        self.numbers.next_u64()
    }
}

/// How far the schedules of a round have got.
#[derive(Debug)]
pub(super) struct Progress {
    /// The last schedule, as far as it has got.
    pub(super) schedule: Schedule,
    pub(super) is_under_way: bool,
    /// Whether there was more than one task to choose from, in any schedule.
    has_choices: bool,
    /// Whether a task drew a number from shuttle: with another one, everything may be different.
    has_drawn: bool,
    /// Whether there is no other schedule.
    pub(super) is_exhausted: bool,
    /// Whether nobody was chosen, because the schedule that is replayed is one of other code.
    pub(super) is_misfit: bool,
}

impl Progress {
    /// Before the first schedule: this one, without steps.
    pub(super) fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            is_under_way: false,
            has_choices: false,
            has_drawn: false,
            is_exhausted: false,
            is_misfit: false,
        }
    }
}

/// Writes down what another scheduler chooses, and hands it over when the schedule is over.
pub(super) struct Observed<F> {
    pub(super) chooses: Box<dyn Scheduler>,
    pub(super) progress: Rc<RefCell<Progress>>,
    /// Says whether to go on.
    pub(super) over: F,
}

impl<F: FnMut(&Schedule) -> bool> Scheduler for Observed<F> {
    fn new_execution(&mut self) -> Option<shuttle::scheduler::Schedule> {
        let progress = &mut *self.progress.borrow_mut();
        if progress.is_misfit {
            return None;
        }
        if progress.is_under_way {
            progress.is_under_way = false;
            // Some schedulers fail where there is nothing to choose.
            progress.is_exhausted = !progress.has_choices && !progress.has_drawn;
            if !(self.over)(&progress.schedule) || !progress.has_choices {
                return None;
            }
        }
        let Some(schedule) = self.chooses.new_execution() else {
            progress.is_exhausted = !progress.has_drawn;
            return None;
        };
        progress.is_under_way = true;
        progress.schedule.random = schedule.seed;
        progress.schedule.steps.clear();
        Some(schedule)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let task = self.chooses.next_task(runnable, current, is_yielding);
        let mut progress = self.progress.borrow_mut();
        let Some(task) = task else {
            progress.is_misfit = true;
            return None;
        };
        progress.has_choices |= runnable.len() > 1;
        progress.schedule.steps.push(Step::Task(task.into()));
        Some(task)
    }

    fn next_u64(&mut self) -> u64 {
        let number = self.chooses.next_u64();
        let mut progress = self.progress.borrow_mut();
        progress.schedule.steps.push(Step::Random);
        progress.has_drawn = true;
        number
    }
}
