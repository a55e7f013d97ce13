//! Stress tests: many short rounds of a few threads on an object of their own, each recorded and checked.
//!
//! A user says what the object should do (a [model](crate::model)), how one is made, how an operation is run on it, and how
//! operations are drawn:
//!
//! ```
//! use crossbeam::queue::SegQueue;
//! use tachograph::{model::{Queue, queue::{Op, Ret}}, stress::Stress};
//!
//! // #[test]
//! fn seg_queue_is_a_queue() {
//!     Stress::new(Queue::new(), SegQueue::new).run(
//!         |queue, op| match op {
//!             Op::Enqueue(value) => { queue.push(*value); Ret::Enqueued(true) }
//!             Op::Dequeue => Ret::Value(queue.pop()),
//!             _ => unreachable!("not drawn"),
//!         },
//!         |draw| if draw.chance(1, 2) { Op::Enqueue(draw.unique()) } else { Op::Dequeue },
//!     );
//! }
//! # seg_queue_is_a_queue();
//! ```
//!
//! # A round
//!
//! Each round has a new object. Its operations are drawn beforehand, all from one seeded generator, so that drawing does not
//! come between them. The threads live as long as the test; a [barrier](Plan::threads) releases them together, and
//! each runs its operations one after the other through a [`Process`](crate::Process). While they are at the
//! next rounds, the thread that called checks those that have ended. The recorders are cleared and used again.
//!
//! Few threads with few operations find more than long runs do: a violation is seen where operations overlap, a
//! short history is checked in microseconds, and it fits on a screen.
//!
//! # Delays
//!
//! On few cores plain loops rarely meet inside an operation. So threads wait a little, or yield, before some of
//! their operations, as the seed says; and an object may offer more places by calling [`point`] between two of its
//! steps. About half of the rounds have no delays at all, for the bugs that need speed.
//!
//! # Soaking
//!
//! Some bugs need a long life: a counter that overflows, a place used again too often. [`Plan::soak`] keeps one object for
//! all rounds, which then are pieces of one history as long as you like, checked as it goes and in bounded memory:
//!
//! ```
//! use crossbeam::queue::SegQueue;
//! use tachograph::{model::{Queue, queue::{Op, Ret}}, stress::{Plan, Stress}};
//!
//! Stress::new(Queue::new(), SegQueue::new)
//!     .plan(Plan::new().soak(true).threads(2).operations(1000).rounds(5))
//!     .settle(|last| match last {
//!         Some((_, Ret::Value(None))) => None, // it is empty
//!         _ => Some(Op::Dequeue),
//!     })
//!     .run(
//!         |queue, op| match op {
//!             Op::Enqueue(value) => { queue.push(*value); Ret::Enqueued(true) }
//!             Op::Dequeue => Ret::Value(queue.pop()),
//!             _ => unreachable!("not drawn"),
//!         },
//!         |draw| if draw.chance(1, 2) { Op::Enqueue(draw.unique()) } else { Op::Dequeue },
//!     );
//! ```
//!
//! After each piece the threads meet, so that nothing is open, and one of them runs what [settles](Stress::settle) the object:
//! a queue is emptied, a register read. All that is recorded too. The next piece is judged from the state that the model is in
//! then. Where more than one is possible, because nothing settles the object, or not enough, or the check cost more than the budget, nothing
//! can be said of what comes: another object takes its place, and the report says how often. So no correct object is
//! ever accused, and no violation is missed because it needs operations of several pieces, as long as the object was not replaced.
//!
//! # What the seed repeats
//!
//! Operations and delays. Not what the machine's scheduler does: the same seed makes the same bug likely, not certain.
//! Each round has a seed of its own, so that what is drawn in it does not depend on the rounds before, if it is made of the [`Draw`]
//! alone. A [schedule](#schedules-that-are-chosen) that is replayed needs that: it runs its round and no other. Under threads a
//! seed always begins with its first round. The seed is told with what was found, so where the code under test may end the
//! process, as a bad pointer does, [say one](Plan::seed): nobody is left to tell it.
//!
//! # Schedules that are chosen
//!
//! With the feature `shuttle`, `Stress::schedules` runs the same test under schedules that are chosen: at random, by PCT or all of
//! them. Then a seed repeats everything, and what was found is run again from the one line that the report shows:
//!
//! ```
//! # #[cfg(feature = "shuttle")] {
//! use shuttle::sync::atomic::{AtomicI64, Ordering::SeqCst}; // in a crate: under a `cfg`, and else from `std`
//! use tachograph::{model::{Counter, counter::{Op, Ret}}, stress::{Draw, Plan, Schedules, Stress}};
//!
//! fn run(counter: &AtomicI64, op: &Op) -> Ret {
//!     match op {
//!         Op::Get => Ret::Count(counter.load(SeqCst)),
//!         Op::FetchAdd(n) => {
//!             let old = counter.load(SeqCst);
//!             counter.store(old + n, SeqCst); // of two at once, one is lost
//!             Ret::Count(old)
//!         }
//!         Op::Add(_) => unreachable!("not drawn"),
//!     }
//! }
//! let draw = |draw: &mut Draw| draw.weighted([(1, Op::Get), (1, Op::FetchAdd(1))]);
//!
//! let test = || Stress::new(Counter::new(), || AtomicI64::new(0)).plan(Plan::new().threads(2).operations(2));
//! let found = test().schedules(Schedules::pct(2)).report(run, draw).finding.unwrap();
//! let schedule = found.schedule.unwrap().to_string().parse().unwrap();
//! let again = test().schedules(Schedules::replay(schedule)).report(run, draw).finding.unwrap();
//! assert_eq!(again.history, found.history);
//! # }
//! ```
//!
//! # When something panics
//!
//! - **In an operation:** it is recorded as `info`, that thread's other operations of the round are left out, the round is checked,
//!   and the test ends: with the violation if there is one, else with the panic. An operation that may panic has to catch it
//!   itself.
//! - **In what drops the object, or an operation once it has run:** the test ends as well. (Of an operation the panic goes on, under
//!   schedules that are chosen.)
//! - **In a task that the object spawned,** under such schedules: as in an operation, of a thread whose number comes after those of the
//!   plan. Threads of `std` panic for themselves.
//! - **In what drops a result, or the copy of an operation that was recorded:** the panic goes on, and ends the process where a second
//!   one follows it. Such types are not for this.
//! - **In what makes the object, draws operations or is the model:** the panic goes on, once the threads have
//!   finished the rounds they are at.
//! - **In what tells a finding or saves it**, which are `Debug`, `Clone`, `Eq` and `Hash` of operations, results and states, and
//!   [`Stress::save`]: the account says which round it was, of which seed, and what panicked.
//!
//! What [settles](Stress::settle) the object is recorded as a process of its own, whose number comes after those of the
//! threads; a panic in it counts as one of the first thread, which runs it.
//!
//! An operation that never returns is waited for without end: the harness has no way to stop it. Under schedules
//! that are chosen it is a finding, if it comes to points of shuttle's.
//!
//! # Programs from a fuzzer
//!
//! What the threads do may also be given, as a [`Program`]. With the feature `arbitrary` one is made of a fuzzer's bytes,
//! so a target of `cargo fuzz` for a structure of one's own is this, of `crossbeam`'s queue. In `fuzz/Cargo.toml`, as `cargo fuzz
//! init` makes it, there is `libfuzzer-sys`; it also takes `tachograph` with `features = ["arbitrary", "stress"]`, and what has the
//! structure, here `crossbeam`:
//!
//! ```
//! # #[cfg(feature = "arbitrary")] mod target {
//! #![no_main]
//! # mod libfuzzer_sys { // without libFuzzer: on a few bytes
//! #     macro_rules! fuzz_target { (|$program:ident: $type:ty| $body:block) => { pub fn run() {
//! #         let bytes: Vec<u8> = (0..200).collect();
//! #         let $program = arbitrary::Unstructured::new(&bytes).arbitrary::<$type>().unwrap();
//! #         $body
//! #     } } }
//! #     pub(crate) use fuzz_target;
//! # }
//! use crossbeam::queue::SegQueue;
//! use libfuzzer_sys::fuzz_target;
//! use tachograph::{model::{Queue, queue::{Op, Ret}}, stress::{Plan, Program, Stress}};
//!
//! fuzz_target!(|program: Program<Op<u8>>| {
//!     Stress::new(Queue::new(), SegQueue::new).plan(Plan::new().rounds(20)).run_program(
//!         &program.only(|op| matches!(op, Op::Enqueue(_) | Op::Dequeue)), // what this queue can do
//!         |queue, op| match op {
//!             Op::Enqueue(value) => { queue.push(*value); Ret::Enqueued(true) }
//!             _ => Ret::Value(queue.pop()),
//!         },
//!     );
//! });
//! # }
//! # #[cfg(feature = "arbitrary")]
//! # target::run();
//! ```
//!
//! The fuzzer is told by its coverage what a program reaches in the structure; the threads are real, so a program is run some
//! rounds, and what it finds may not be found at the first try again. Give operations that wait for others only
//! where the object cannot be left waiting.
//!
//! With the feature `shuttle` as well (`features = ["arbitrary", "shuttle", "stress"]`, and `shuttle` itself), and an object over
//! `shuttle::sync`, the bytes behind the program choose the schedule, so that the fuzzer learns both, and what is found is found again:
//!
//! ```
//! # #[cfg(all(feature = "arbitrary", feature = "shuttle"))] mod target {
//! #![no_main]
//! # mod libfuzzer_sys { // as above
//! #     macro_rules! fuzz_target { (|$input:ident: $type:ty| $body:block) => { pub fn run() {
//! #         let bytes: Vec<u8> = (0..200).collect();
//! #         let bytes = arbitrary::Unstructured::new(&bytes);
//! #         let $input = <$type as arbitrary::Arbitrary>::arbitrary_take_rest(bytes).unwrap();
//! #         assert!(!$input.1.is_empty());
//! #         $body
//! #     } } }
//! #     pub(crate) use fuzz_target;
//! # }
//! use std::collections::VecDeque;
//! use libfuzzer_sys::fuzz_target;
//! use shuttle::sync::Mutex;
//! use tachograph::{model::{Queue, queue::{Op, Ret}}, stress::{Plan, Program, Schedules, Stress}};
//!
//! fuzz_target!(|input: (Program<Op<u8>>, &[u8])| {
//!     let (program, schedule) = input;
//!     Stress::new(Queue::new(), || Mutex::new(VecDeque::new()))
//!         .plan(Plan::new().rounds(1))
//!         .schedules(Schedules::bytes(schedule))
//!         .run_program(&program.only(|op| matches!(op, Op::Enqueue(_) | Op::Dequeue)), |queue, op| match op {
//!             Op::Enqueue(value) => { queue.lock().unwrap().push_back(*value); Ret::Enqueued(true) }
//!             _ => Ret::Value(queue.lock().unwrap().pop_front()),
//!         });
//! });
//! # }
//! # #[cfg(all(feature = "arbitrary", feature = "shuttle"))]
//! # target::run();
//! ```
//!
//! Another order of the same accesses leads through the same code, most of the time, and coverage alone says little. A fuzzer gets
//! further where it is told of orders too: `fuzz/bodies/lock.rs` in the repository counts for it which access came after which, in a
//! table in the section `__libfuzzer_extra_counters`. Give it `-len_control=0`, for a schedule has to be long enough at once.
//!
//! # Operations from `proptest`
//!
//! A strategy is drawn from by its own runner, seeded from ours. It goes on from round to round: a schedule that was
//! found in a later one cannot be replayed by it, which is noticed.
//!
//! ```
//! use proptest::{prelude::*, strategy::ValueTree, test_runner::{Config, RngAlgorithm, TestRng, TestRunner}};
//! use tachograph::{model::{Register, register::Op}, stress::{Plan, Stress}};
//! # use std::sync::Mutex;
//!
//! let strategy = prop_oneof![Just(Op::Read), (0..9_u64).prop_map(Op::Write)];
//! let mut runner = None;
//! Stress::new(Register::new(), || Mutex::new(None))
//!     .plan(Plan::new().rounds(10))
//!     .run(
//!         |register, op| match op {
//!             Op::Read => *register.lock().unwrap(),
//!             Op::Write(value) => { *register.lock().unwrap() = Some(*value); None }
//!         },
//!         |draw| {
//!             let runner = runner.get_or_insert_with(|| {
//!                 let seed = [draw.u64(), draw.u64(), draw.u64(), draw.u64()].map(u64::to_le_bytes).concat();
//!                 TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
//!             });
//!             strategy.new_tree(runner).expect("nothing is filtered").current()
//!         },
//!     );
//! ```

mod account;
mod barrier;
mod delay;
mod draw;
mod judge;
mod name;
mod object;
mod plan;
mod program;
mod report;
mod rounds;
mod schedule;
#[cfg(feature = "shuttle")]
mod schedules;
mod soak;
#[cfg(feature = "zoo")]
pub mod zoo;

#[cfg(feature = "format")]
use std::borrow::Borrow;
use std::{fmt, io, iter, path::PathBuf};

#[cfg(feature = "shuttle")]
pub use self::schedules::{Scheduled, Schedules};
pub use self::{
    delay::point,
    draw::Draw,
    plan::Plan,
    program::Program,
    report::{Cause, Counts, Finding, Phases, Report},
    schedule::{InvalidSchedule, Schedule},
};
#[cfg(feature = "format")]
use crate::{
    check,
    explain::Page,
    format::{
        edn::{self, Jepsen},
        jsonl,
    },
};
use crate::{history::History, model::Specification};

/// Writes a history to a file.
type Write<'a, O, R> = Box<dyn FnOnce(&History<O, R>, &mut dyn io::Write) -> io::Result<()> + 'a>;

/// How a finding is kept, beside the text.
struct Save<'a, O, R> {
    extension: String,
    write: Write<'a, O, R>,
}

/// What settles an object: the next operation after this one, which returned this; the first after none.
type Settle<O, R> = dyn Fn(Option<(&O, &R)>) -> Option<O> + Sync;

/// A stress test of the objects that `make` makes, which should do what `specification` says. See the [module](self).
pub struct Stress<S: Specification, F> {
    specification: S,
    make: F,
    plan: Plan,
    save: Option<Save<'static, S::Op, S::Ret>>,
    settle: Option<Box<Settle<S::Op, S::Ret>>>,
}

impl<S: Specification, F> fmt::Debug for Stress<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stress")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

/// What a stress test of `S` reports.
type ReportOf<S> =
    Report<<S as Specification>::Op, <S as Specification>::Ret, <S as Specification>::State>;

impl<S, F, T> Stress<S, F>
where
    S: Specification<Op: Clone + Send + Sync, Ret: Clone + Send + Sync, State: Send + Sync> + Sync,
    F: FnMut() -> T,
    T: Send + Sync,
{
    /// A test with the usual [`Plan`].
    pub fn new(specification: S, make: F) -> Self {
        Self {
            specification,
            make,
            plan: Plan::new(),
            save: None,
            settle: None,
        }
    }

    /// How long, how many, how.
    #[must_use]
    pub fn plan(self, plan: Plan) -> Self {
        let name = plan.name.or(self.plan.name);
        let plan = Plan { name, ..plan };
        Self { plan, ..self }
    }

    /// What the test goes by: the account of a finding begins with it, its page has it in the title, and its files in their names. If
    /// nothing is said, it is the type of the object. Tests with the same seed and [directory](Plan::output) need
    /// names of their own, or what one has written is replaced by another.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.plan.name = Some(name.into());
        self
    }

    /// What brings the object into a state that is known, when a test that [soaks](self#soaking) has come to the end of a round;
    /// no other test asks for it.
    ///
    /// `settle` says what is done next, one operation after the other by one thread, until it says nothing. It is given the
    /// operation before and what that returned; at first, none.
    #[must_use]
    pub fn settle(
        self,
        settle: impl Fn(Option<(&S::Op, &S::Ret)>) -> Option<S::Op> + Sync + 'static,
    ) -> Self {
        Self {
            settle: Some(Box::new(settle)),
            ..self
        }
    }

    /// Writes the history of a finding to a file with this extension, beside the text in the directory of
    /// [`Plan::output`]; without that, it does nothing. With the feature `format`, `save` may be
    /// `|history, file| jsonl::write(file, &history.clone().into())`, and for the models of this crate there is
    /// `save_named`. Where the account, the schedule or the page has this extension already (`txt`, `schedule`, `html`), it becomes
    /// `history.txt` and so on.
    ///
    /// Of a test that [soaks](self#soaking) it is the history of one piece. If the account says that the object was in some
    /// state before, that is where it begins, and the file does not tell.
    #[must_use]
    pub fn save(
        self,
        extension: impl Into<String>,
        save: impl FnOnce(&History<S::Op, S::Ret>, &mut dyn io::Write) -> io::Result<()> + 'static,
    ) -> Self {
        let mut extension = extension.into();
        // Some file systems do not tell capitals apart.
        let ours = ["txt", "schedule", "html"];
        if ours.iter().any(|its| extension.eq_ignore_ascii_case(its)) {
            extension.insert_str(0, "history.");
        }
        Self {
            save: Some(Save {
                extension,
                write: Box::new(save),
            }),
            ..self
        }
    }

    /// Runs the test, and says what was found on the standard output of the test.
    ///
    /// `run` does the operation on the object, for real, and returns what it returned. `draw` draws one operation.
    ///
    /// # Panics
    ///
    /// Where an object did what its model does not allow, or an operation panicked, with an account of it, the seed
    /// and the files written; where not a single round was decided, for that is no pass; where what the user gave panics; and where
    /// a round would have more than [`Plan::THREADS`] or [`Plan::OPERATIONS`].
    #[track_caller]
    pub fn run(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Sync,
        draw: impl FnMut(&mut Draw) -> S::Op,
    ) {
        let report = self.report(run, draw);
        report.assert_pass();
        println!("{report}");
    }

    /// As [`run`](Self::run), and returns what was found instead of panicking.
    ///
    /// # Panics
    ///
    /// Where `make`, `draw` or the specification does; not where `run` or what saves a history does. And where a round would
    /// have more than [`Plan::THREADS`] or [`Plan::OPERATIONS`].
    pub fn report(
        self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Sync,
        mut draw: impl FnMut(&mut Draw) -> S::Op,
    ) -> ReportOf<S> {
        let operations = self.plan.operations;
        self.rounds(run, |drawn, ops| {
            ops.extend(iter::repeat_with(|| draw(drawn)).take(operations));
        })
    }

    /// Runs this program in every round, with as many threads as it has, and panics as [`run`](Self::run) does. Says
    /// nothing where all is well: a fuzzer calls it a thousand times a second.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn run_program(self, program: &Program<S::Op>, run: impl Fn(&T, &S::Op) -> S::Ret + Sync) {
        let report = self.report_program(program, run);
        report.assert_pass();
    }

    /// As [`run_program`](Self::run_program), and returns what was found instead of panicking.
    ///
    /// # Panics
    ///
    /// As [`report`](Self::report).
    pub fn report_program(
        self,
        program: &Program<S::Op>,
        run: impl Fn(&T, &S::Op) -> S::Ret + Sync,
    ) -> ReportOf<S> {
        let plan = program.plan(self.plan.clone());
        self.plan(plan).rounds(run, |drawn, ops| {
            ops.extend(program.of(drawn.process()));
        })
    }

    /// The test, and its files.
    fn rounds(
        mut self,
        run: impl Fn(&T, &S::Op) -> S::Ret + Sync,
        draw_ops: impl FnMut(&mut Draw, &mut Vec<S::Op>),
    ) -> ReportOf<S> {
        self.plan.assert_possible();
        let mut report = rounds::run(
            &self.plan,
            &self.specification,
            self.settle.as_deref(),
            self.make,
            run,
            draw_ops,
        );
        let name = self.plan.name.clone().unwrap_or_else(name::of_type::<T>);
        report.name(&name);
        if let Some(directory) = &self.plan.output {
            let saves = self.save.take().into_iter();
            #[cfg(feature = "format")]
            let saves = {
                let finding = report.finding.as_ref();
                let since = finding.and_then(|finding| finding.since.as_ref());
                let from = soak::From::since(&self.specification, since);
                saves.chain([page(from, &self.plan, title(&name, &report))])
            };
            report.write(directory, &name, saves.collect());
        }
        report
    }
}

#[cfg(feature = "format")]
impl<S, F> Stress<S, F>
where
    S: Specification<Op: Jepsen<Ret = S::Ret>>,
{
    /// Writes the history of a finding to a file of JSON Lines, as [`save`](Self::save) would, with each operation
    /// [in Jepsen's words](edn::named): as `tachograph check` and the other commands read it. They begin in the model's first
    /// state, which is not that of every piece of a [soak](self#soaking).
    #[must_use]
    pub fn save_named(self) -> Self {
        let save = |history: &History<S::Op, S::Ret>, file: &mut dyn io::Write| {
            jsonl::write(file, &edn::named(history).into())
        };
        Self {
            save: Some(Save {
                extension: "jsonl".into(),
                write: Box::new(save),
            }),
            ..self
        }
    }
}

/// The finding as a page for a browser, of an object that is what `specification` says at first.
#[cfg(feature = "format")]
fn page<'a, S>(
    specification: impl Borrow<S> + 'a,
    plan: &'a Plan,
    title: String,
) -> Save<'a, S::Op, S::Ret>
where
    S: Specification<Op: Sync, Ret: Sync, State: Send> + Sync,
{
    let write = move |history: &History<S::Op, S::Ret>, file: &mut dyn io::Write| {
        let specification = specification.borrow();
        let found = check::linearizable(specification, history, &plan.budget_for(history));
        let page = Page::new(specification, history).report(&found);
        page.title(title).write_to(file)
    };
    Save {
        extension: "html".into(),
        write: Box::new(write),
    }
}

/// What the page of a finding is called.
#[cfg(feature = "format")]
fn title<O, R, T>(name: &str, report: &Report<O, R, T>) -> String {
    let round = report.finding.as_ref().map_or(0, |finding| finding.round);
    let (name, seed) = (name::for_a_person(name), report.counts.seed);
    format!("{name}, seed {seed}, round {round}")
}

/// The files of a finding.
#[derive(Clone, Debug, Default)]
struct Files {
    written: Vec<PathBuf>,
    /// What was not written, and why.
    errors: Vec<String>,
}
