//! What must hold of any program on real threads: the same events, each once, in an order that accuses nobody.
//!
//! The processes of a program are dealt out to three threads, and this one does the reading meanwhile.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Barrier, atomic::AtomicU32},
    thread,
};

use arbitrary::{Arbitrary, Unstructured};
use tachograph::{EventKind, EventRef, History, ProcessId, Recorder};

use crate::program::{Driver, Payload, Program, Read, Said, Step, thread_of};

const THREADS: u8 = 3;

type Seen<'h> = EventRef<'h, Payload, Payload>;

pub fn run(bytes: &[u8]) {
    let Ok(program) = Program::arbitrary(&mut Unstructured::new(bytes)) else {
        return;
    };
    let mut recorder = program.recorder();
    for steps in program
        .steps
        .split(|step| matches!(step, Step::Clear | Step::TryClear))
    {
        let tickets = AtomicU32::new(0);
        let tokens = until_clear(&recorder, steps, &tickets, &program);
        recorder
            .clear()
            .expect("every thread has ended its processes");
        for token in tokens {
            assert_eq!(Arc::strong_count(&token), 1, "payloads are alive");
        }
    }
}

/// Returns what counts the payloads that are alive: all were dropped that the recorder does not hold.
fn until_clear(
    recorder: &Recorder<Payload, Payload>,
    steps: &[Step],
    tickets: &AtomicU32,
    &Program {
        limit, timestamps, ..
    }: &Program,
) -> Vec<Arc<()>> {
    let start = &Barrier::new(usize::from(THREADS) + 1);
    let mut readings = Readings::default();
    let driven: Vec<(Vec<Said>, u64, Arc<()>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut driver = Driver::new(thread.into());
                    start.wait();
                    for step in steps {
                        match *step {
                            Step::Process(who, act) if who % THREADS == thread => {
                                driver.act(recorder, tickets, who / THREADS, act);
                            }
                            _ => {}
                        }
                    }
                    driver.end_all();
                    (driver.log, driver.processes, driver.token)
                })
            })
            .collect();
        start.wait();
        readings.read(recorder, steps);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    readings.drains.push(recorder.drain());
    let whole = readings.whole();
    let recorded: usize = driven.iter().map(|(log, ..)| log.len()).sum();
    assert_eq!(whole.len() as u64, limit.min(recorded as u64));
    let last = readings.drains.last().and_then(History::cut);
    let lost = last.map_or(0, |cut| cut.lost);
    assert_eq!(whole.len() as u64 + lost, recorded as u64);
    readings.assert_parts_of(&whole);
    assert_each_threads_order(&whole, &driven);
    assert_containment(&whole);
    assert_timed(&whole, timestamps);
    driven.into_iter().map(|(.., token)| token).collect()
}

/// That each thread's events are there in its order, from its first one on, and each process is one thread's.
fn assert_each_threads_order(whole: &[Seen<'_>], driven: &[(Vec<Said>, u64, Arc<()>)]) {
    let mut next = [0; THREADS as usize];
    let mut owners = HashMap::<ProcessId, (usize, u64)>::new();
    let mut known = HashMap::<(usize, u64), ProcessId>::new();
    for event in whole {
        let thread = match owners.get(&event.process) {
            Some(&(thread, _)) => thread,
            None => {
                thread_of(event).expect("a process begins with an invocation or a mark") as usize
            }
        };
        let said = &driven[thread].0[next[thread]];
        next[thread] += 1;
        let owner = (thread, said.process);
        assert_eq!(*owners.entry(event.process).or_insert(owner), owner);
        assert_eq!(*known.entry(owner).or_insert(event.process), event.process);
        assert_eq!(Said::by(said.process, event), *said);
    }
    let processes: u64 = driven.iter().map(|(_, processes, _)| processes).sum();
    assert!(owners.keys().all(|process| process.0 < processes));
}

/// That an operation that was invoked after another one had returned drew the later ticket.
fn assert_containment(whole: &[Seen<'_>]) {
    let mut latest = None;
    let mut invoked = HashMap::new();
    for event in whole {
        match event.kind {
            EventKind::Invoke(_) => drop(invoked.insert(event.process, latest)),
            EventKind::Ok(_) => {
                let EventKind::Ok(ticket) = Said::by(0, event).kind else {
                    unreachable!("as before")
                };
                assert!(
                    Some(ticket) > invoked[&event.process],
                    "{ticket} is too early"
                );
                latest = latest.max(Some(ticket));
            }
            EventKind::Fail | EventKind::Info | EventKind::Mark(_) => {}
        }
    }
}

/// That each event has a time if it was asked for, and none is before that of an earlier event of its process.
fn assert_timed(whole: &[Seen<'_>], timestamps: bool) {
    let mut latest = HashMap::new();
    for event in whole {
        assert_eq!(event.time.is_some(), timestamps);
        assert!(event.time >= latest.insert(event.process, event.time).flatten());
    }
}

/// What was read while threads recorded.
#[derive(Default)]
struct Readings {
    drains: Vec<History<Payload, Payload>>,
    snapshots: Vec<History<Payload, Payload>>,
    tails: Vec<History<Payload, Payload>>,
}

impl Readings {
    fn read(&mut self, recorder: &Recorder<Payload, Payload>, steps: &[Step]) {
        let mut tail = recorder.tail();
        let mut drained = 0;
        for step in steps {
            let Step::Read(read) = *step else {
                thread::yield_now();
                continue;
            };
            match read {
                // A clone that panics is one that was asked for, and leaves everything as it was.
                Read::Snapshot => {
                    let snapshot = || recorder.snapshot();
                    if let Ok(snapshot) = catch_unwind(AssertUnwindSafe(snapshot)) {
                        assert_eq!(snapshot.start(), drained);
                        self.snapshots.push(snapshot);
                    }
                }
                Read::Tail => {
                    let read = || tail.read();
                    self.tails.extend(catch_unwind(AssertUnwindSafe(read)));
                }
                Read::Drain => self.drains.push(recorder.drain()),
                Read::DrainUpTo(most) => {
                    let mut history = History::new();
                    recorder.drain_up_to(most.into(), &mut history);
                    assert!(history.len() <= usize::from(most));
                    self.drains.push(history);
                }
            }
            drained = self.drains.last().map_or(0, History::end);
        }
    }

    /// The drains, one after the other, which leave nothing out.
    fn whole(&self) -> Vec<Seen<'_>> {
        let mut whole = Vec::new();
        for drain in &self.drains {
            assert_eq!(drain.start(), whole.len() as u64);
            whole.extend(drain.events());
        }
        assert!(
            whole
                .iter()
                .zip(0..)
                .all(|(event, index)| event.index == index)
        );
        whole
    }

    /// That whatever else was read is a part of this without a gap.
    fn assert_parts_of(&self, whole: &[Seen<'_>]) {
        for part in self.snapshots.iter().chain(&self.tails) {
            let (start, end) = (part.start() as usize, part.end() as usize);
            assert_eq!(part.len(), end - start);
            for (event, same) in part.events().zip(&whole[start..end]) {
                let told = |event: &Seen<'_>| {
                    let said = Said::by(event.process.0, event);
                    (event.index, event.time, said)
                };
                assert_eq!(told(&event), told(same));
            }
        }
        let mut read = 0;
        for part in &self.tails {
            assert!(part.start() >= read, "{} was read twice", part.start());
            read = part.end();
        }
    }
}
