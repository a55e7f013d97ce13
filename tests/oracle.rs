//! Many processes on one thread, driven by random programs, against a plain `Vec`: exact equality.
#![cfg(not(loom))]

use std::{
    borrow::Cow,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use proptest::{prelude::*, strategy::ValueTree};
use tachograph::{Call, Event, EventKind, Failure, History, Process, ProcessId, Recorder};

type Op = String;
type Ret = Clonable;

/// A result whose `Clone` panics on demand.
#[derive(Debug, PartialEq, Eq)]
struct Clonable {
    value: Vec<u32>,
    panics: bool,
}

impl Clone for Clonable {
    fn clone(&self) -> Self {
        if self.panics {
            resume_unwind(Box::new("clone"));
        }
        Self {
            value: self.value.clone(),
            panics: false,
        }
    }
}

fn ret(value: u32) -> Ret {
    Clonable {
        value: vec![value; 3],
        panics: false,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Start,
    /// Ends the process, and drops its open call before.
    End(usize),
    /// Ends the process with its open call forgotten.
    EndForgotten(usize),
    Invoke(usize, u32),
    Ok(usize, u32),
    Fail(usize, bool),
    Info(usize, bool),
    DropCall(usize),
    ForgetCall(usize),
    Op(usize, u32),
    PanickingOp(usize),
    OpWithPanickingClone(usize),
    TryOp(usize, Outcome),
    Mark(usize),
    Snapshot,
    Drain,
    DrainUpTo(usize),
    Tail,
    Clear,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Ok,
    Fail,
    Info,
    PanicInJudge,
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let who = 0..6_usize;
    let outcome = prop_oneof![
        Just(Outcome::Ok),
        Just(Outcome::Fail),
        Just(Outcome::Info),
        Just(Outcome::PanicInJudge)
    ];
    prop_oneof![
        3 => Just(Start),
        1 => who.clone().prop_map(End),
        1 => who.clone().prop_map(EndForgotten),
        12 => (who.clone(), any::<u32>()).prop_map(|(p, v)| Invoke(p, v)),
        12 => (who.clone(), any::<u32>()).prop_map(|(p, v)| Ok(p, v)),
        2 => (who.clone(), any::<bool>()).prop_map(|(p, e)| Fail(p, e)),
        2 => (who.clone(), any::<bool>()).prop_map(|(p, e)| Info(p, e)),
        1 => who.clone().prop_map(DropCall),
        1 => who.clone().prop_map(ForgetCall),
        8 => (who.clone(), any::<u32>()).prop_map(|(p, v)| Op(p, v)),
        1 => who.clone().prop_map(PanickingOp),
        1 => who.clone().prop_map(OpWithPanickingClone),
        2 => (who.clone(), outcome).prop_map(|(p, o)| TryOp(p, o)),
        1 => who.clone().prop_map(Mark),
        1 => Just(Snapshot),
        1 => Just(Drain),
        1 => (0..40_usize).prop_map(DrainUpTo),
        1 => Just(Tail),
        1 => Just(Clear),
    ]
}

/// The oracle.
#[derive(Default)]
struct Model {
    /// Every event recorded since the last clear, also beyond the limit.
    events: Vec<Event<Op, Ret>>,
    drained: usize,
    tailed: usize,
    next_process: u64,
}

impl Model {
    fn fresh_process(&mut self) -> ProcessId {
        self.next_process += 1;
        ProcessId(self.next_process - 1)
    }

    fn record(
        &mut self,
        process: ProcessId,
        kind: EventKind<Op, Ret>,
        error: Option<&'static str>,
    ) {
        let index = self.events.len() as u64;
        let error = error.map(Cow::Borrowed);
        self.events.push(Event {
            index,
            process,
            time: None,
            kind,
            error,
        });
    }

    /// How many of the events are within the limit.
    fn kept(&self, limit: u64) -> usize {
        self.events
            .len()
            .min(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// What a history that begins at `start` must be.
    fn check(&self, history: &History<Op, Ret>, start: usize, limit: u64) {
        let end = self.kept(limit);
        let start = start.min(end);
        let events: Vec<_> = history.events().map(|event| event.cloned()).collect();
        assert_eq!(events, self.events[start..end]);
        assert_eq!((history.start(), history.end()), (start as u64, end as u64));
        let lost = (self.events.len() - end) as u64;
        let cut = history.cut().map(|cut| (cut.index, cut.lost));
        assert_eq!(cut, (lost > 0).then_some((limit, lost)));
    }
}

/// A process and perhaps its open call, which borrows it.
struct Client {
    call: Option<Call<'static, Op, Ret>>,
    process: *mut Process<Op, Ret>,
    id: ProcessId,
    forgotten: bool,
}

impl Client {
    fn start(recorder: &Recorder<Op, Ret>, model: &mut Model) -> Self {
        let process = recorder.process();
        let id = model.fresh_process();
        assert_eq!(process.id(), id);
        Self {
            call: None,
            process: Box::into_raw(Box::new(process)),
            id,
            forgotten: false,
        }
    }

    /// The process, when no call is open. A forgotten one becomes `info` on next use.
    fn process(&mut self, model: &mut Model) -> Option<&mut Process<Op, Ret>> {
        if self.call.is_some() {
            return None;
        }
        if mem::take(&mut self.forgotten) {
            self.info(model, None);
        }
        // SAFETY: from `Box::into_raw`, and not borrowed by a call.
        Some(unsafe { &mut *self.process })
    }

    fn info(&mut self, model: &mut Model, error: Option<&'static str>) {
        model.record(self.id, EventKind::Info, error);
        self.id = model.fresh_process();
    }

    /// Drops the process. An open call is an `info`, whether it is dropped or forgotten.
    fn end(mut self, model: &mut Model, forget: bool) {
        if self.call.is_some() || self.forgotten {
            self.info(model, None);
        }
        match self.call.take() {
            Some(call) if forget => mem::forget(call),
            call => drop(call),
        }
        // SAFETY: from `Box::into_raw`, and nothing borrows it any more.
        drop(unsafe { Box::from_raw(self.process) });
    }
}

fn run(steps: &[Step], limit: u64) {
    let mut recorder = Recorder::<Op, Ret>::builder().limit(limit).build();
    for program in steps.split(|step| matches!(step, Step::Clear)) {
        run_until_clear(program, &recorder, limit);
        recorder.clear().unwrap();
        assert!(recorder.is_empty());
        assert!(recorder.snapshot().is_empty());
    }
}

fn run_until_clear(steps: &[Step], recorder: &Recorder<Op, Ret>, limit: u64) {
    let mut model = Model::default();
    let model = &mut model;
    let mut clients: Vec<Client> = Vec::new();
    let mut tail = recorder.tail();
    let error = |with: bool| with.then_some("why");
    for step in steps {
        let client = match step {
            Step::Start => {
                clients.push(Client::start(recorder, model));
                continue;
            }
            Step::End(p) | Step::EndForgotten(p) => {
                if clients.is_empty() {
                    continue;
                }
                let client = clients.swap_remove(p % clients.len());
                client.end(model, matches!(step, Step::EndForgotten(_)));
                continue;
            }
            Step::Snapshot => {
                model.check(&recorder.snapshot(), model.drained, limit);
                continue;
            }
            Step::DrainUpTo(most) => {
                let mut history = History::new();
                recorder.drain_up_to(*most as u64, &mut history);
                let end = model.kept(limit).min(model.drained + most);
                let events = history.events().map(|event| event.cloned());
                assert!(events.eq(model.events[model.drained.min(end)..end].iter().cloned()));
                model.drained = model.drained.max(end);
                continue;
            }
            Step::Drain => {
                model.check(&recorder.drain(), model.drained, limit);
                model.drained = model.events.len();
                continue;
            }
            Step::Tail => {
                model.check(&tail.read(), model.tailed.max(model.drained), limit);
                model.tailed = model.events.len();
                continue;
            }
            Step::Clear => unreachable!("split off"),
            Step::Invoke(p, _)
            | Step::Ok(p, _)
            | Step::Fail(p, _)
            | Step::Info(p, _)
            | Step::DropCall(p)
            | Step::ForgetCall(p)
            | Step::Op(p, _)
            | Step::PanickingOp(p)
            | Step::OpWithPanickingClone(p)
            | Step::TryOp(p, _)
            | Step::Mark(p) => {
                if clients.is_empty() {
                    continue;
                }
                let index = p % clients.len();
                &mut clients[index]
            }
        };
        match *step {
            Step::Invoke(_, value) => {
                let op = format!("op {value}");
                if let Some(process) = client.process(model) {
                    let process: *mut Process<Op, Ret> = process;
                    // SAFETY: the call is dropped before the process, which is not used before.
                    client.call = Some(unsafe { &mut *process }.invoke(op.clone()));
                    model.record(client.id, EventKind::Invoke(op), None);
                }
            }
            Step::Ok(_, value) => {
                if let Some(call) = client.call.take() {
                    call.ok(ret(value));
                    model.record(client.id, EventKind::Ok(ret(value)), None);
                }
            }
            Step::Fail(_, with_error) => {
                if let Some(call) = client.call.take() {
                    if with_error {
                        call.fail_with("why")
                    } else {
                        call.fail()
                    }
                    model.record(client.id, EventKind::Fail, error(with_error));
                }
            }
            Step::Info(_, with_error) => {
                if let Some(call) = client.call.take() {
                    if with_error {
                        call.info_with("why".to_owned())
                    } else {
                        call.info()
                    }
                    client.info(model, error(with_error));
                }
            }
            Step::DropCall(_) => {
                if client.call.take().is_some() {
                    client.info(model, None);
                }
            }
            Step::ForgetCall(_) => {
                if let Some(call) = client.call.take() {
                    mem::forget(call);
                    client.forgotten = true;
                }
            }
            Step::Op(_, value) => {
                if let Some(process) = client.process(model) {
                    assert_eq!(process.op("op".to_owned(), || ret(value)), ret(value));
                    model.record(client.id, EventKind::Invoke("op".to_owned()), None);
                    model.record(client.id, EventKind::Ok(ret(value)), None);
                }
            }
            Step::PanickingOp(_) => {
                if let Some(process) = client.process(model) {
                    let op = || process.op("panics".to_owned(), || resume_unwind(Box::new("op")));
                    assert!(catch_unwind(AssertUnwindSafe(op)).is_err());
                    model.record(client.id, EventKind::Invoke("panics".to_owned()), None);
                    client.info(model, None);
                }
            }
            Step::OpWithPanickingClone(_) => {
                // Beyond the limit nothing is cloned, so nothing panics, and the operation is no `info`.
                let kept =
                    (model.events.len() + usize::from(client.forgotten) + 1) < limit as usize;
                if let Some(process) = client.process(model) {
                    let returned = Clonable {
                        panics: true,
                        ..ret(0)
                    };
                    let op = || process.op("clone".to_owned(), || returned);
                    assert_eq!(catch_unwind(AssertUnwindSafe(op)).is_err(), kept);
                    model.record(client.id, EventKind::Invoke("clone".to_owned()), None);
                    if kept {
                        client.info(model, None);
                    } else {
                        model.record(client.id, EventKind::Ok(ret(0)), None);
                    }
                }
            }
            Step::TryOp(_, outcome) => {
                if let Some(process) = client.process(model) {
                    let op = || {
                        process.try_op(
                            "try".to_owned(),
                            || {
                                if let Outcome::Ok = outcome {
                                    Ok(ret(1))
                                } else {
                                    Err(outcome)
                                }
                            },
                            |error| match error {
                                Outcome::Fail => Failure::fail().with("why"),
                                Outcome::Info => Failure::info(),
                                _ => resume_unwind(Box::new("judge")),
                            },
                        )
                    };
                    let result = catch_unwind(AssertUnwindSafe(op));
                    assert_eq!(result.is_err(), matches!(outcome, Outcome::PanicInJudge));
                    model.record(client.id, EventKind::Invoke("try".to_owned()), None);
                    match outcome {
                        Outcome::Ok => model.record(client.id, EventKind::Ok(ret(1)), None),
                        Outcome::Fail => model.record(client.id, EventKind::Fail, Some("why")),
                        Outcome::Info | Outcome::PanicInJudge => client.info(model, None),
                    }
                }
            }
            Step::Mark(_) => {
                if let Some(process) = client.process(model) {
                    process.mark("phase two");
                    model.record(client.id, EventKind::Mark("phase two".into()), None);
                }
            }
            _ => unreachable!("done above"),
        }
        assert_eq!(recorder.len(), (model.events.len() as u64).min(limit));
    }
    for client in clients {
        client.end(model, false);
    }
    model.check(&tail.read(), model.tailed.max(model.drained), limit);
    model.check(&recorder.snapshot(), model.drained, limit);
    let last = recorder.drain();
    model.check(&last, model.drained, limit);
    let moved: Vec<_> = last.into_events().collect();
    let end = model
        .events
        .len()
        .min(usize::try_from(limit).unwrap_or(usize::MAX));
    assert_eq!(moved, model.events[model.drained.min(end)..end]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recorder_is_a_vec(steps in prop::collection::vec(step(), 0..300)) {
        run(&steps, u64::MAX);
    }

    #[test]
    fn a_limited_recorder_is_a_truncated_vec(
        steps in prop::collection::vec(step(), 0..150),
        limit in 0..120_u64,
    ) {
        run(&steps, limit);
    }
}

#[test]
fn long_programs_cross_many_segments() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let program = prop::collection::vec(step(), 20_000..30_000).prop_map(|mut steps| {
        steps.retain(|step| !matches!(step, Step::Clear));
        steps
    });
    for _ in 0..5 {
        run(&program.new_tree(&mut runner).unwrap().current(), u64::MAX);
    }
}
