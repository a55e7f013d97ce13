//! Programs for recorders, made of a fuzzer's bytes, and a driver that runs them and knows what must have been recorded.
//!
//! Two bytes are a step: what is done, and by which of the processes that there are. Whatever the bytes, they are a program.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use arbitrary::{Arbitrary, Result, Unstructured};
use tachograph::{Call, EventKind, EventRef, Failure, Process, Recorder};

/// A recorder, and what is done with it.
#[derive(Debug)]
pub struct Program {
    pub limit: u64,
    pub room: u64,
    pub timestamps: bool,
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Something that one of the processes does.
    Process(u8, Act),
    Read(Read),
    /// Clears the recorder as it is, which it refuses while there are processes.
    TryClear,
    /// Ends all processes, then clears the recorder.
    Clear,
}

#[derive(Clone, Copy, Debug)]
pub enum Act {
    Start,
    /// Ends the process, and drops its open call before.
    End,
    /// Ends the process with its open call forgotten.
    EndForgotten,
    Invoke,
    Ok,
    /// With a result whose clones panic.
    OkUncloneable,
    /// With a result whose drop panics, if there is none such already: two would abort the program.
    OkUndroppable,
    Fail {
        why: bool,
    },
    Info {
        why: bool,
    },
    DropCall,
    ForgetCall,
    Op,
    PanickingOp,
    OpWithPanickingClone,
    TryOp(Outcome),
    Mark,
}

#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    Ok,
    Fail,
    Info,
    PanicInJudge,
}

#[derive(Clone, Copy, Debug)]
pub enum Read {
    Snapshot,
    Drain,
    DrainUpTo(u8),
    Tail,
}

impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let (what, who) = (u8::arbitrary(bytes)?, u8::arbitrary(bytes)?);
        // What is done often has the larger part of the numbers.
        let act = match what % 64 {
            0..=2 => Act::Start,
            3 => Act::End,
            4 => Act::EndForgotten,
            5..=18 => Act::Invoke,
            // Rarely: until it is drained, every other reader panics.
            32 if what == 32 => Act::OkUncloneable,
            31 if what == 31 => Act::OkUndroppable,
            19..=32 => Act::Ok,
            33..=34 => Act::Fail { why: what < 128 },
            35..=36 => Act::Info { why: what < 128 },
            37 => Act::DropCall,
            38 => Act::ForgetCall,
            39..=47 => Act::Op,
            48 => Act::PanickingOp,
            49 => Act::OpWithPanickingClone,
            50 => Act::TryOp(Outcome::Ok),
            51 => Act::TryOp(Outcome::Fail),
            52 => Act::TryOp(Outcome::Info),
            53 => Act::TryOp(Outcome::PanicInJudge),
            54 => Act::Mark,
            55..=56 => return Ok(Self::Read(Read::Snapshot)),
            57 => return Ok(Self::Read(Read::Drain)),
            58..=59 => return Ok(Self::Read(Read::DrainUpTo(who))),
            60..=61 => return Ok(Self::Read(Read::Tail)),
            62 => return Ok(Self::TryClear),
            _ => return Ok(Self::Clear),
        };
        Ok(Self::Process(who, act))
    }
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let limit = u8::arbitrary(bytes)?;
        let settings = u8::arbitrary(bytes)?;
        let mut steps = Vec::new();
        while bytes.len() >= 2 {
            steps.push(Step::arbitrary(bytes)?);
        }
        Ok(Self {
            // Half of all recorders have no limit.
            limit: limit.checked_sub(128).map_or(u64::MAX, u64::from),
            room: u64::from(settings >> 1),
            timestamps: settings & 1 == 1,
            steps,
        })
    }
}

impl Program {
    pub fn recorder(&self) -> Recorder<Payload, Payload> {
        Recorder::builder()
            .limit(self.limit)
            .room(self.room)
            .timestamps(self.timestamps)
            .build()
    }
}

/// An operation or a result. All of one driver share a token, which so counts those that were not dropped.
#[derive(Debug)]
pub struct Payload {
    thread: u32,
    number: u32,
    uncloneable: bool,
    undroppable: bool,
    token: Arc<()>,
}

/// A clone can be dropped.
impl Clone for Payload {
    fn clone(&self) -> Self {
        if self.uncloneable {
            resume_unwind(Box::new("clone"));
        }
        Self {
            token: Arc::clone(&self.token),
            undroppable: false,
            ..*self
        }
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        if self.undroppable {
            resume_unwind(Box::new("drop"));
        }
    }
}

/// What an event must say.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The process, by the number of those that the driver was given before it.
    pub process: u64,
    /// The numbers of operations, results and marks.
    pub kind: EventKind<u32, u32, String>,
    pub why: bool,
    /// Whether its clone panics.
    pub uncloneable: bool,
}

impl Said {
    /// What the event says, if it is by the driver's process of this number.
    pub fn by(process: u64, event: &EventRef<'_, Payload, Payload>) -> Self {
        let payload = |payload: &Payload| (payload.number, payload.uncloneable);
        let (kind, uncloneable) = match event.kind {
            EventKind::Invoke(op) => (EventKind::Invoke(payload(op).0), payload(op).1),
            EventKind::Ok(ret) => (EventKind::Ok(payload(ret).0), payload(ret).1),
            EventKind::Fail => (EventKind::Fail, false),
            EventKind::Info => (EventKind::Info, false),
            EventKind::Mark(text) => (EventKind::Mark(text.to_owned()), false),
        };
        assert!(event.error.is_none_or(|error| error == "why"));
        Self {
            process,
            kind,
            why: event.error.is_some(),
            uncloneable,
        }
    }
}

/// Which driver's process it is, as far as the event tells. It tells with the first one of each process.
pub fn thread_of(event: &EventRef<'_, Payload, Payload>) -> Option<u32> {
    match event.kind {
        EventKind::Invoke(op) => Some(op.thread),
        EventKind::Mark(text) => text.split(' ').next()?.parse().ok(),
        _ => None,
    }
}

/// A process and perhaps its open call, which borrows it.
struct Client {
    /// Before the process: an open call is dropped first.
    call: Option<Call<'static, Payload, Payload>>,
    process: *mut Process<Payload, Payload>,
    number: u64,
    forgotten: bool,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.call = None;
        // SAFETY: from `Box::into_raw`, and nothing borrows it any more.
        drop(unsafe { Box::from_raw(self.process) });
    }
}

/// Runs what processes do, and writes down what that must have recorded.
pub struct Driver {
    thread: u32,
    clients: Vec<Client>,
    /// Every event since the recorder was cleared, also beyond its limit.
    pub log: Vec<Said>,
    /// How many processes there were, one after an `info` being another one.
    pub processes: u64,
    /// Counts the payloads that there are, beside itself.
    pub token: Arc<()>,
    /// Which event has the payload whose drop panics.
    pub undroppable: Undroppable,
}

/// Where the payload is whose drop panics. There is one at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Undroppable {
    /// There is to be none.
    Never,
    /// There may be one.
    Not,
    /// It is that of the event with this index.
    At(usize),
}

impl Undroppable {
    /// Whether there is one.
    pub fn is_there(self) -> bool {
        matches!(self, Self::At(_))
    }
}

impl Driver {
    pub fn new(thread: u32) -> Self {
        Self {
            thread,
            clients: Vec::new(),
            log: Vec::new(),
            processes: 0,
            token: Arc::new(()),
            undroppable: Undroppable::Never,
        }
    }

    /// How many processes are alive.
    pub fn alive(&self) -> usize {
        self.clients.len()
    }

    /// The recorder was cleared.
    pub fn begin_anew(&mut self) {
        assert_eq!(self.alive(), 0);
        self.log.clear();
        self.processes = 0;
    }

    /// Ends all processes, with calls open or not.
    pub fn end_all(&mut self) {
        while let Some(client) = self.clients.pop() {
            self.end(client, false);
        }
    }

    fn fresh_process(&mut self) -> u64 {
        self.processes += 1;
        self.processes - 1
    }

    fn payload(&self, number: u32) -> Payload {
        Payload {
            thread: self.thread,
            number,
            uncloneable: false,
            undroppable: false,
            token: Arc::clone(&self.token),
        }
    }

    fn log(&mut self, process: u64, kind: EventKind<u32, u32, String>, why: bool) {
        self.log.push(Said {
            process,
            kind,
            why,
            uncloneable: false,
        });
    }

    fn end(&mut self, mut client: Client, forget: bool) {
        if client.call.is_some() || client.forgotten {
            self.log(client.number, EventKind::Info, false);
            self.fresh_process();
        }
        match client.call.take() {
            Some(call) if forget => mem::forget(call),
            call => drop(call),
        }
    }

    /// Does so, if there is a process and it can. Results are drawn from `tickets`, the object under test.
    pub fn act(
        &mut self,
        recorder: &Recorder<Payload, Payload>,
        tickets: &AtomicU32,
        who: u8,
        act: Act,
    ) {
        if let Act::Start = act {
            let process = Box::into_raw(Box::new(recorder.process()));
            let number = self.fresh_process();
            return self.clients.push(Client {
                call: None,
                process,
                number,
                forgotten: false,
            });
        }
        if self.clients.is_empty() {
            return;
        }
        let mut client = self
            .clients
            .swap_remove(usize::from(who) % self.clients.len());
        if let Act::End | Act::EndForgotten = act {
            return self.end(client, matches!(act, Act::EndForgotten));
        }
        match client.call.take() {
            Some(call) => self.complete(&mut client, call, tickets, act),
            None => self.begin(&mut client, tickets, act),
        }
        self.clients.push(client);
    }

    /// What can be done with an open call.
    fn complete(
        &mut self,
        client: &mut Client,
        call: Call<'static, Payload, Payload>,
        tickets: &AtomicU32,
        act: Act,
    ) {
        let (kind, why) = match act {
            Act::Ok | Act::OkUncloneable | Act::OkUndroppable => {
                let mut ret = self.payload(tickets.fetch_add(1, Relaxed));
                ret.uncloneable = matches!(act, Act::OkUncloneable);
                let is_undroppable =
                    matches!(act, Act::OkUndroppable) && self.undroppable == Undroppable::Not;
                ret.undroppable = is_undroppable;
                let at = self.log.len();
                self.log.push(Said {
                    process: client.number,
                    kind: EventKind::Ok(ret.number),
                    why: false,
                    uncloneable: ret.uncloneable,
                });
                match catch_unwind(AssertUnwindSafe(|| call.ok(ret))) {
                    Ok(()) if is_undroppable => self.undroppable = Undroppable::At(at),
                    // Beyond the limit it is dropped at once.
                    completed => assert!(completed.is_ok() || is_undroppable),
                }
                return;
            }
            Act::Fail { why } => {
                match why {
                    true => call.fail_with("why"),
                    false => call.fail(),
                }
                (EventKind::Fail, why)
            }
            Act::Info { why } => {
                match why {
                    true => call.info_with("why".to_owned()),
                    false => call.info(),
                }
                (EventKind::Info, why)
            }
            Act::DropCall => {
                drop(call);
                (EventKind::Info, false)
            }
            Act::ForgetCall => {
                mem::forget(call);
                client.forgotten = true;
                return;
            }
            _ => {
                client.call = Some(call);
                return;
            }
        };
        let is_info = kind.is_info();
        self.log(client.number, kind, why);
        if is_info {
            client.number = self.fresh_process();
        }
    }

    /// What can be done without an open call.
    fn begin(&mut self, client: &mut Client, tickets: &AtomicU32, act: Act) {
        if !matches!(
            act,
            Act::Invoke
                | Act::Op
                | Act::PanickingOp
                | Act::OpWithPanickingClone
                | Act::TryOp(_)
                | Act::Mark
        ) {
            return;
        }
        if mem::take(&mut client.forgotten) {
            // It is found out when the process goes on.
            self.log(client.number, EventKind::Info, false);
            client.number = self.fresh_process();
        }
        // SAFETY: from `Box::into_raw`. The call that may borrow it is dropped before it, and it is not used meanwhile.
        let process: &'static mut Process<Payload, Payload> = unsafe { &mut *client.process };
        let number = self.log.len() as u32;
        if let Act::Mark = act {
            let text = format!("{} {number}", self.thread);
            process.mark(text.clone());
            return self.log(client.number, EventKind::Mark(text), false);
        }
        let op = self.payload(number);
        let ticket = || tickets.fetch_add(1, Relaxed);
        self.log(client.number, EventKind::Invoke(number), false);
        let (kind, why) = match act {
            Act::Invoke => {
                client.call = Some(process.invoke(op));
                return;
            }
            Act::Op => {
                let returned = process.op(op, || self.payload(ticket()));
                (EventKind::Ok(returned.number), false)
            }
            Act::PanickingOp => {
                let panicking = || process.op(op, || resume_unwind(Box::new("op")));
                assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
                (EventKind::Info, false)
            }
            Act::OpWithPanickingClone => {
                let uncloneable = || {
                    let mut payload = self.payload(ticket());
                    payload.uncloneable = true;
                    payload
                };
                // Beyond the limit nothing is cloned, so nothing panics, and the operation is no `info`.
                match catch_unwind(AssertUnwindSafe(|| process.op(op, uncloneable))) {
                    Ok(returned) => (EventKind::Ok(returned.number), false),
                    Err(_) => (EventKind::Info, false),
                }
            }
            Act::TryOp(outcome) => {
                let result = || match outcome {
                    Outcome::Ok => Ok(self.payload(ticket())),
                    _ => Err(outcome),
                };
                let judge = |outcome: &Outcome| match outcome {
                    Outcome::Fail => Failure::fail().with("why"),
                    Outcome::Info => Failure::info(),
                    _ => resume_unwind(Box::new("judge")),
                };
                let tried = || process.try_op(op, result, judge);
                match (catch_unwind(AssertUnwindSafe(tried)), outcome) {
                    (Ok(Ok(returned)), Outcome::Ok) => (EventKind::Ok(returned.number), false),
                    (Ok(Err(_)), Outcome::Fail) => (EventKind::Fail, true),
                    (Ok(Err(_)), Outcome::Info) | (Err(_), Outcome::PanicInJudge) => {
                        (EventKind::Info, false)
                    }
                    (result, _) => panic!("{result:?} of {outcome:?}"),
                }
            }
            _ => unreachable!("done before"),
        };
        let is_info = kind.is_info();
        self.log(client.number, kind, why);
        if is_info {
            client.number = self.fresh_process();
        }
    }
}
