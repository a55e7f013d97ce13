//! What must hold of any program on one thread: the recorder is a `Vec`.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicU32},
};

use arbitrary::{Arbitrary, Unstructured};
use tachograph::{History, ProcessesAlive, Recorder, Tail};

use crate::program::{Act, Driver, Payload, Program, Read, Said, Step, Undroppable};

pub fn run(bytes: &[u8]) {
    let Ok(program) = Program::arbitrary(&mut Unstructured::new(bytes)) else {
        return;
    };
    let mut recorder = program.recorder();
    let (mut driver, tickets) = (Driver::new(0), AtomicU32::new(0));
    driver.undroppable = Undroppable::Not;
    let mut drained = 0;
    let clears = |step: &Step| matches!(step, Step::Clear | Step::TryClear);
    for steps in program.steps.split_inclusive(clears) {
        let mut readers = Readers::new(&recorder, &program, drained);
        for step in steps {
            match *step {
                Step::Process(who, act) => {
                    let before = (driver.log.len(), driver.undroppable);
                    driver.act(&recorder, &tickets, who, act);
                    readers.assert_recorded(&driver, before, act);
                }
                Step::Read(read) => readers.read(&mut driver, read),
                Step::Clear => driver.end_all(),
                Step::TryClear => {}
            }
        }
        drained = readers.drained;
        drop(readers); // and the payloads that it read
        if steps.last().is_some_and(clears) {
            let expected = match driver.alive() {
                0 => Ok(()),
                processes => Err(ProcessesAlive { processes }),
            };
            let drops = driver.undroppable.is_there() && expected.is_ok();
            // It is cleared all the same if a drop panics.
            match catch_unwind(AssertUnwindSafe(|| recorder.clear())) {
                Ok(cleared) => assert_eq!((cleared, drops), (expected, false)),
                Err(_) => assert!(drops),
            }
            if expected.is_ok() {
                driver.undroppable = Undroppable::Not;
                driver.begin_anew();
                drained = 0;
                assert!(recorder.is_empty() && recorder.snapshot().is_empty());
                assert_eq!(Arc::strong_count(&driver.token), 1, "payloads are alive");
            }
        }
    }
    driver.end_all();
    // Now and then nobody reads what is left.
    if program.room % 4 != 0 {
        let mut readers = Readers::new(&recorder, &program, drained);
        for read in [Read::Snapshot, Read::Tail, Read::Drain] {
            readers.read(&mut driver, read);
        }
    }
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(recorder))).is_err();
    assert_eq!(panicked, driver.undroppable.is_there());
    assert_eq!(Arc::strong_count(&driver.token), 1, "payloads are alive");
}

/// What was read, and so what the next read must return.
struct Readers<'r> {
    recorder: &'r Recorder<Payload, Payload>,
    tail: Tail<'r, Payload, Payload>,
    limit: u64,
    timestamps: bool,
    /// So many events were drained since the last clear,
    drained: usize,
    /// and so many read by the tail.
    tailed: usize,
    /// What the last one read, for the memory.
    history: History<Payload, Payload>,
}

impl<'r> Readers<'r> {
    fn new(recorder: &'r Recorder<Payload, Payload>, program: &Program, drained: usize) -> Self {
        Self {
            recorder,
            tail: recorder.tail(),
            limit: program.limit,
            timestamps: program.timestamps,
            drained,
            tailed: drained,
            history: History::new(),
        }
    }

    /// How many of so many events are kept.
    fn kept(&self, events: usize) -> usize {
        events.min(usize::try_from(self.limit).unwrap_or(usize::MAX))
    }

    fn assert_recorded(&self, driver: &Driver, before: (usize, Undroppable), act: Act) {
        let log = &driver.log;
        let kept = self.kept(log.len());
        assert_eq!(self.recorder.len(), kept as u64);
        let recorded = &log[before.0..];
        if let (Act::OpWithPanickingClone, [.., last]) = (act, recorded) {
            // What is not kept is not cloned, so nothing panics.
            assert_eq!(last.kind.is_info(), kept == log.len());
        }
        if let (Act::OkUndroppable, Undroppable::Not, [said]) = (act, before.1, recorded) {
            // What is not kept is dropped there and then.
            let is_held = driver.undroppable.is_there();
            assert_eq!(is_held, said.kind.is_ok() && kept == log.len());
        }
    }

    fn read(&mut self, driver: &mut Driver, read: Read) {
        let log = &driver.log;
        let kept = self.kept(log.len());
        let (start, end) = match read {
            Read::Tail => (self.tailed.max(self.drained), kept),
            Read::DrainUpTo(most) => (self.drained, kept.min(self.drained + usize::from(most))),
            Read::Snapshot | Read::Drain => (self.drained, kept),
        };
        let history = &mut self.history;
        let read_it = || match read {
            Read::Snapshot => self.recorder.snapshot_into(history),
            Read::Drain => self.recorder.drain_into(history),
            Read::DrainUpTo(most) => self.recorder.drain_up_to(most.into(), history),
            Read::Tail => self.tail.read_into(history),
        };
        let panicked = catch_unwind(AssertUnwindSafe(read_it)).is_err();
        let clones = matches!(read, Read::Snapshot | Read::Tail);
        let uncloneable = log[start..end].iter().any(|said| said.uncloneable);
        assert_eq!(panicked, clones && uncloneable);
        if panicked {
            assert!(self.history.is_empty());
            return;
        }
        match read {
            Read::Snapshot => {}
            Read::Drain | Read::DrainUpTo(_) => self.drained = end,
            Read::Tail => self.tailed = end,
        }
        self.assert_is(log, start, end);
        if let Undroppable::At(at) = driver.undroppable {
            if !clones && (start..end).contains(&at) {
                let history = mem::take(&mut self.history);
                assert!(catch_unwind(AssertUnwindSafe(|| drop(history))).is_err());
                driver.undroppable = Undroppable::Not;
            }
        }
    }

    fn assert_is(&self, log: &[Said], start: usize, end: usize) {
        let history = &self.history;
        let mut earlier = None;
        assert_eq!((history.start(), history.end()), (start as u64, end as u64));
        for (event, index) in history.events().zip(start..) {
            assert_eq!(event.index, index as u64);
            assert_eq!(event.time.is_some(), self.timestamps);
            assert!(event.time >= earlier, "time went back");
            earlier = event.time;
            // On one thread, ids are given out in the order in which they are asked for.
            assert_eq!(Said::by(event.process.0, &event), log[index]);
        }
        let lost = (log.len() - self.kept(log.len())) as u64;
        let cut = history.cut().map(|cut| (cut.index, cut.lost));
        assert_eq!(cut, (lost > 0).then_some((self.limit, lost)));
    }
}
