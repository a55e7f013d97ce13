//! What must hold of any program on one thread: the recorder is a `Vec`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicU32},
};

use arbitrary::{Arbitrary, Unstructured};
use tachograph::{History, ProcessesAlive, Recorder, Tail};

use crate::program::{Act, Driver, Payload, Program, Read, Said, Step};

pub fn run(bytes: &[u8]) {
    let Ok(program) = Program::arbitrary(&mut Unstructured::new(bytes)) else {
        return;
    };
    let mut recorder = program.recorder();
    let (mut driver, tickets) = (Driver::new(0), AtomicU32::new(0));
    let mut drained = 0;
    let clears = |step: &Step| matches!(step, Step::Clear | Step::TryClear);
    for steps in program.steps.split_inclusive(clears) {
        let mut readers = Readers::new(&recorder, program.limit, drained);
        for step in steps {
            match *step {
                Step::Process(who, act) => {
                    let before = driver.log.len();
                    driver.act(&recorder, &tickets, who, act);
                    readers.assert_recorded(&driver.log, before, act);
                }
                Step::Read(read) => readers.read(&driver.log, read),
                Step::Clear => driver.end_all(),
                Step::TryClear => {}
            }
        }
        drained = readers.drained;
        if steps.last().is_some_and(clears) {
            let expected = match driver.alive() {
                0 => Ok(()),
                processes => Err(ProcessesAlive { processes }),
            };
            assert_eq!(recorder.clear(), expected);
            if expected.is_ok() {
                driver.begin_anew();
                drained = 0;
                assert!(recorder.is_empty() && recorder.snapshot().is_empty());
                assert_eq!(Arc::strong_count(&driver.token), 1, "payloads are alive");
            }
        }
    }
    driver.end_all();
    let mut readers = Readers::new(&recorder, program.limit, drained);
    for read in [Read::Snapshot, Read::Tail, Read::Drain] {
        readers.read(&driver.log, read);
    }
    assert_eq!(Arc::strong_count(&driver.token), 1, "payloads are alive");
}

/// What was read, and so what the next read must return.
struct Readers<'r> {
    recorder: &'r Recorder<Payload, Payload>,
    tail: Tail<'r, Payload, Payload>,
    limit: u64,
    /// So many events were drained since the last clear,
    drained: usize,
    /// and so many read by the tail.
    tailed: usize,
}

impl<'r> Readers<'r> {
    fn new(recorder: &'r Recorder<Payload, Payload>, limit: u64, drained: usize) -> Self {
        Self {
            recorder,
            tail: recorder.tail(),
            limit,
            drained,
            tailed: drained,
        }
    }

    /// How many of so many events are kept.
    fn kept(&self, events: usize) -> usize {
        events.min(usize::try_from(self.limit).unwrap_or(usize::MAX))
    }

    fn assert_recorded(&self, log: &[Said], before: usize, act: Act) {
        let kept = self.kept(log.len());
        assert_eq!(self.recorder.len(), kept as u64);
        if let (Act::OpWithPanickingClone, [.., last]) = (act, &log[before..]) {
            // What is not kept is not cloned, so nothing panics.
            assert_eq!(last.kind.is_info(), kept == log.len());
        }
    }

    fn read(&mut self, log: &[Said], read: Read) {
        let mut history = History::new();
        let kept = self.kept(log.len());
        let (start, end) = match read {
            Read::Tail => (self.tailed.max(self.drained), kept),
            Read::DrainUpTo(most) => (self.drained, kept.min(self.drained + usize::from(most))),
            Read::Snapshot | Read::Drain => (self.drained, kept),
        };
        let read_it = || match read {
            Read::Snapshot => self.recorder.snapshot_into(&mut history),
            Read::Drain => self.recorder.drain_into(&mut history),
            Read::DrainUpTo(most) => self.recorder.drain_up_to(most.into(), &mut history),
            Read::Tail => self.tail.read_into(&mut history),
        };
        let panicked = catch_unwind(AssertUnwindSafe(read_it)).is_err();
        let clones = matches!(read, Read::Snapshot | Read::Tail);
        let uncloneable = log[start..end].iter().any(|said| said.uncloneable);
        assert_eq!(panicked, clones && uncloneable);
        if panicked {
            assert!(history.is_empty());
            return;
        }
        match read {
            Read::Snapshot => {}
            Read::Drain | Read::DrainUpTo(_) => self.drained = end,
            Read::Tail => self.tailed = end,
        }
        self.assert_is(&history, log, start, end);
    }

    fn assert_is(
        &self,
        history: &History<Payload, Payload>,
        log: &[Said],
        start: usize,
        end: usize,
    ) {
        assert_eq!((history.start(), history.end()), (start as u64, end as u64));
        for (event, index) in history.events().zip(start..) {
            assert_eq!(event.index, index as u64);
            // On one thread, ids are given out in the order in which they are asked for.
            assert_eq!(Said::by(event.process.0, &event), log[index]);
        }
        let lost = (log.len() - self.kept(log.len())) as u64;
        let cut = history.cut().map(|cut| (cut.index, cut.lost));
        assert_eq!(cut, (lost > 0).then_some((self.limit, lost)));
    }
}
