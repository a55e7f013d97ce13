//! The harness of stress tests: what it catches, what it lets pass, and that nothing the user gives makes it hang or lie.

mod common;

use std::{
    fs,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use crossbeam::queue::{ArrayQueue, SegQueue};
use tachograph::{
    EventKind,
    check::{self, Budget, Verdict},
    model::{
        Counter, Model, Queue, Register, Snapshot, counter,
        queue::{Op, Ret},
        register, snapshot,
    },
    stress::{self, Cause, Draw, Plan, Program, Stress, point, zoo},
};

use common::panic_of;

const HOUR: Duration = Duration::from_secs(3600);

/// Ended by its rounds alone.
fn rounds(rounds: u64) -> Plan {
    Plan::new().rounds(rounds).time(HOUR)
}

fn enqueue_or_dequeue(draw: &mut Draw) -> Op<u64> {
    match draw.chance(1, 2) {
        true => Op::Enqueue(draw.unique()),
        false => Op::Dequeue,
    }
}

fn seg_queue(queue: &SegQueue<u64>, op: &Op<u64>) -> Ret<u64> {
    match op {
        Op::Enqueue(value) => {
            queue.push(*value);
            Ret::Enqueued(true)
        }
        Op::Dequeue => Ret::Value(queue.pop()),
        Op::Peek | Op::Len => unreachable!("not drawn"),
    }
}

#[test]
fn every_broken_object_is_caught_from_nine_of_ten_seeds() {
    for subject in zoo::ALL.iter().filter(|subject| subject.is_broken) {
        let mut caught = 0;
        for seed in 0..10 {
            let outcome = subject.stress(&rounds(200_000).seed(seed));
            let violations = u64::from(outcome.is_finding);
            assert_eq!(outcome.counts.violations, violations, "{}", outcome.text);
            assert_eq!(outcome.text.contains("violation:"), outcome.is_finding);
            caught += violations;
        }
        assert!(caught >= 9, "{}: {caught} of 10 seeds", subject.name);
    }
}

#[test]
fn every_correct_object_passes() {
    for subject in zoo::ALL.iter().filter(|subject| !subject.is_broken) {
        let outcome = subject.stress(&rounds(300));
        assert!(!outcome.is_finding, "{}: {}", subject.name, outcome.text);
        assert_eq!(outcome.counts.linearizable, 300);
    }
}

#[test]
fn objects_have_names_of_their_own() {
    for subject in zoo::ALL {
        assert_eq!(zoo::find(subject.name).unwrap().about, subject.about);
    }
    assert!(zoo::find("no-such-object").is_none());
}

#[test]
fn crossbeams_queues_pass() {
    Stress::new(Queue::new(), SegQueue::new)
        .plan(rounds(300))
        .run(seg_queue, enqueue_or_dequeue);
    Stress::new(Queue::bounded(3), || ArrayQueue::new(3))
        .plan(rounds(300))
        .run(
            |queue, op| match op {
                Op::Enqueue(value) => Ret::Enqueued(queue.push(*value).is_ok()),
                Op::Dequeue => Ret::Value(queue.pop()),
                Op::Peek | Op::Len => unreachable!("not drawn"),
            },
            enqueue_or_dequeue,
        );
}

#[test]
fn a_test_runs_as_many_rounds_and_operations_as_it_was_told() {
    for (threads, operations, n) in [(1, 1, 1), (3, 5, 17), (4, 8, 33), (2, 700, 3), (2, 0, 4)] {
        let made = AtomicU64::new(0);
        let ran = AtomicU64::new(0);
        let make = || {
            made.fetch_add(1, Relaxed);
            SegQueue::new()
        };
        let report = Stress::new(Queue::new(), make)
            .plan(rounds(n).threads(threads).operations(operations))
            .report(
                |queue, op| {
                    ran.fetch_add(1, Relaxed);
                    seg_queue(queue, op)
                },
                enqueue_or_dequeue,
            );
        let all = n * (threads * operations) as u64;
        assert!(report.is_pass(), "{report}");
        assert_eq!(report.counts.rounds, n);
        assert_eq!(report.counts.linearizable, n);
        assert_eq!(report.counts.overlap.operations, all);
        assert_eq!((made.into_inner(), ran.into_inner()), (n, all));
    }
}

#[test]
fn the_time_ends_a_test() {
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(Plan::new().rounds(u64::MAX).time(Duration::from_millis(50)))
        .report(seg_queue, enqueue_or_dequeue);
    assert!(report.is_pass(), "{report}");
}

#[test]
fn a_seed_draws_the_same_operations_again() {
    let drawn = |seed| {
        let mut ops = Vec::new();
        Stress::new(Queue::new(), SegQueue::new)
            .plan(rounds(20).seed(seed))
            .report(seg_queue, |draw| {
                let op = enqueue_or_dequeue(draw);
                ops.push((draw.process(), op.clone()));
                op
            });
        ops
    };
    let ops = drawn(7);
    assert_eq!(ops, drawn(7));
    assert_ne!(ops, drawn(8));
    let rounds: Vec<_> = ops.chunks(32).collect();
    assert_eq!(rounds.len(), 20);
    assert!(rounds.windows(2).all(|pair| pair[0] != pair[1]));
    // Each round begins with a fresh account of what is unique, and none is given out twice in it.
    for round in rounds {
        let mut values = Vec::new();
        for (place, (process, op)) in round.iter().enumerate() {
            assert_eq!(*process, place / 8);
            values.extend(match op {
                Op::Enqueue(value) => Some(*value),
                _ => None,
            });
        }
        let expected: Vec<u64> = (1..=values.len() as u64).collect();
        assert_eq!(values, expected);
    }
}

/// A queue that says that it is empty.
fn always_empty(queue: &SegQueue<u64>, op: &Op<u64>) -> Ret<u64> {
    match op {
        Op::Dequeue => Ret::Value(None),
        op => seg_queue(queue, op),
    }
}

#[test]
fn a_finding_is_a_violation_of_its_own_history() {
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(rounds(1000))
        .report(always_empty, enqueue_or_dequeue);
    let finding = report.finding.as_ref().unwrap();
    let Cause::Violation(violation) = &finding.cause else {
        panic!("{report}");
    };
    assert_eq!(finding.history.len(), 64);
    let again = check::linearizable(&Queue::new(), &finding.history, &Budget::unlimited());
    let Verdict::Violation(again) = again.verdict else {
        panic!("{report}");
    };
    assert_eq!(again.event, violation.event);
    assert_eq!(report.counts.rounds, finding.round + 1);
    assert!(!report.is_pass());
    let text = report.to_string();
    for part in [
        "nothing explains this",
        "of 32 operations show it",
        "Dequeue",
        "seed",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_test_that_keeps_going_counts_every_violation() {
    let report = Stress::new(Queue::new(), SegQueue::<u64>::new)
        .plan(rounds(40).keep_going(true))
        .report(
            |_, _| Ret::Value(Some(0)), // enqueues never return a value
            enqueue_or_dequeue,
        );
    assert_eq!(report.counts.violations, 40);
    assert_eq!(report.finding.unwrap().round, 0);
}

#[test]
fn a_test_without_operations_says_so() {
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(rounds(10).operations(0))
        .report(always_empty, enqueue_or_dequeue);
    assert!(report.to_string().contains("nothing was checked"));
}

// Once, round a of seed b was round b of seed a.
#[test]
fn rounds_of_different_seeds_have_different_operations() {
    let drawn = |seed| {
        let all = Mutex::new(Vec::new());
        Stress::new(Counter::new(), || ())
            .plan(rounds(8).seed(seed).threads(1))
            .report(
                |(), _| counter::Ret::Done,
                |draw| {
                    let op = draw.u64() as i64;
                    all.lock().unwrap().push(op);
                    counter::Op::Add(op)
                },
            );
        all.into_inner().unwrap()
    };
    let mut seen = std::collections::HashSet::new();
    for seed in 0..8 {
        for op in drawn(seed) {
            assert!(seen.insert(op), "{op} was drawn twice");
        }
    }
}

#[test]
fn a_violation_panics_and_names_the_files_written() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("stress-{}", std::process::id()));
    let text = panic_of(|| {
        Stress::new(Queue::new(), SegQueue::new)
            .plan(rounds(1000).seed(3).output(&directory))
            .save("events", |history, file| {
                history
                    .events()
                    .try_for_each(|event| writeln!(file, "{event}"))
            })
            .run(always_empty, enqueue_or_dequeue);
    });
    let files: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("written: "))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let [account, events, page] = &files[..] else {
        panic!("{text}");
    };
    assert!(page.starts_with("<!doctype html>"));
    assert!(text.starts_with(account.trim_end()), "{text}");
    assert_eq!(events.lines().count(), 64);
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_history_is_written_beside_account_and_page_whatever_it_is_called() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("stress-names-{}", std::process::id()));
    for extension in ["txt", "TXT", "html", "schedule"] {
        let report = Stress::new(Queue::new(), SegQueue::new)
            .plan(rounds(1000).seed(3).output(&directory))
            .save(extension, |_, file| file.write_all(b"the history"))
            .report(always_empty, enqueue_or_dequeue);
        let files = report.files();
        assert_eq!(files.len(), 3);
        let read = |path| fs::read_to_string(path).unwrap();
        assert!(read(&files[0]).contains("nothing explains this"));
        assert_eq!(read(&files[1]), "the history");
        let name = format!("SegQueue-u64-seed-3-round-0.history.{extension}");
        assert!(files[1].ends_with(&name), "{files:?}");
    }
    fs::remove_dir_all(directory).unwrap();
}

// Once, no file said which object it was, and the second one's took the place of the first one's.
#[test]
fn tests_of_one_seed_and_directory_keep_their_files_apart() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("stress-apart-{}", std::process::id()));
    let plan = rounds(1000).seed(3).output(&directory);
    let test = || Stress::new(Queue::new(), SegQueue::new);
    // Named before the plan or after it, or by the type of the object.
    for (test, name) in [
        (test().name("one").plan(plan.clone()), "one"),
        (
            test().plan(plan.clone()).name("../the other\n"),
            "../the other ",
        ),
        (test().plan(plan), "SegQueue<u64>"),
    ] {
        let report = test.report(always_empty, enqueue_or_dequeue);
        let account = fs::read_to_string(&report.files()[0]).unwrap();
        let says = format!("{name}: in round 0, ");
        assert!(account.starts_with(&says), "{account}");
        assert!(report.to_string().starts_with(&says), "{report}");
        let page = fs::read_to_string(&report.files()[1]).unwrap();
        let escaped = name.replace('<', "&lt;").replace('>', "&gt;");
        let title = format!("{escaped}, seed 3, round 0");
        assert!(page.contains(&title), "no {title}: {}", &page[..500]);
    }
    let mut names: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with("txt"))
        .collect();
    names.sort_unstable();
    let of = |name| format!("{name}-seed-3-round-0.txt");
    assert_eq!(names, ["SegQueue-u64", "one", "the-other"].map(of));
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn all_that_cannot_be_written_is_said() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("stress-errors-{}", std::process::id()));
    // Directories are where the files should be.
    let taken = |extension| directory.join(format!("a-queue-seed-3-round-0.{extension}"));
    for extension in ["txt", "events"] {
        fs::create_dir_all(taken(extension)).unwrap();
    }
    let report = Stress::new(Queue::new(), SegQueue::new)
        .name("a queue")
        .plan(rounds(1000).seed(3).output(&directory))
        .save("events", |_, _| Ok(()))
        .report(always_empty, enqueue_or_dequeue);
    fs::remove_dir_all(&directory).unwrap();
    let text = report.to_string();
    assert_eq!(report.unwritten().len(), 2, "{text}");
    for extension in ["txt", "events"] {
        let says = format!("not written: {}: ", taken(extension).display());
        assert!(text.contains(&says), "{text}");
    }
}

#[test]
fn what_cannot_be_written_is_said_and_the_finding_too() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("stress-file-{}", std::process::id()));
    fs::write(&file, "in the way").unwrap();
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(rounds(1000).output(&file))
        .report(always_empty, enqueue_or_dequeue);
    fs::remove_file(&file).unwrap();
    let text = report.to_string();
    assert_eq!(text.matches("not written: ").count(), 1, "{text}");
    assert!(text.contains("violation"), "{text}");
}

/// What a register is told; of a write nothing can be told.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Untold(register::Op<u64>);

impl std::fmt::Debug for Untold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            register::Op::Read => f.write_str("Read"),
            _ => panic!("no words for it"),
        }
    }
}

/// A register that forgets, and has no words.
struct Wordless(Register<u64>);

impl Model for Wordless {
    type Op = Untold;
    type Ret = Option<u64>;
    type State = Option<u64>;

    fn initial(&self) -> Option<u64> {
        self.0.initial()
    }

    fn apply(&self, state: &mut Option<u64>, op: &Untold) -> Option<u64> {
        self.0.apply(state, &op.0)
    }
}

#[test]
fn a_finding_is_not_lost_where_telling_or_saving_it_panics() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("stress-untold-{}", std::process::id()));
    let test = || {
        // One thread, so that the checker does not have to say which others there are.
        let plan = rounds(100).seed(3).threads(1).output(&directory);
        Stress::new(Wordless(Register::new()), || ())
            .plan(plan)
            .name("wordless")
            .save("events", |_, _| panic!("no paper"))
    };
    let draw = |draw: &mut Draw| {
        Untold(match draw.chance(1, 2) {
            true => register::Op::Write(draw.unique()),
            false => register::Op::Read,
        })
    };
    let report = test().report(|(), _| None, draw);
    let finding = report.finding.as_ref().unwrap();
    let Cause::Violation(violation) = &finding.cause else {
        panic!("{report}");
    };
    let (round, event) = (finding.round, violation.event);
    assert_eq!(
        finding.account,
        format!(
            "wordless: in round {round} of seed 3, a violation at event {event}; \
             more cannot be told, because telling it panicked: no words for it"
        )
    );
    let account = directory.join(format!("wordless-seed-3-round-{round}.txt"));
    let written = fs::read_to_string(&account).unwrap();
    let text = panic_of(|| test().run(|(), _| None, draw));
    fs::remove_dir_all(&directory).unwrap();
    assert!(written.contains("no words for it"), "{written}");
    assert!(text.starts_with(&finding.account), "{text}");
    assert!(
        text.contains(".events: writing it panicked: no paper"),
        "{text}"
    );
}

#[test]
fn an_operation_that_panics_is_an_info_and_ends_the_test() {
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(rounds(1000))
        .report(
            |queue, op| match op {
                Op::Enqueue(5) => panic!("no \u{1b}[31mfives"),
                op => seg_queue(queue, op),
            },
            enqueue_or_dequeue,
        );
    let finding = report.finding.as_ref().unwrap();
    let Cause::Panic { thread, message } = &finding.cause else {
        panic!("{report}");
    };
    assert!(*thread < 4);
    assert_eq!(message, "no \u{1b}[31mfives");
    let infos = finding
        .history
        .events()
        .filter(|event| event.kind.is_info());
    assert_eq!(infos.count(), 1);
    assert_eq!(report.counts.panicked, 1);
    assert!(!report.is_pass());
    let text = report.to_string();
    assert!(
        text.contains("\\u{1b}[31mfives") && !text.contains('\u{1b}'),
        "{text}"
    );
}

#[test]
fn a_violation_counts_for_more_than_a_panic() {
    let report = Stress::new(Queue::new(), SegQueue::<u64>::new)
        .plan(rounds(10).threads(2).operations(2))
        .report(
            |_, op| match op {
                Op::Enqueue(1) => panic!("the first"),
                _ => Ret::Value(Some(99)),
            },
            |draw| match draw.process() {
                0 => Op::Enqueue(draw.unique()),
                _ => Op::Dequeue,
            },
        );
    let finding = report.finding.unwrap();
    assert!(matches!(finding.cause, Cause::Violation(_)));
    assert_eq!(report.counts.panicked, 1);
    // What would have come after the panic was left out.
    let events = finding.history.events();
    let invoked = events.filter(|event| matches!(event.kind, EventKind::Invoke(_)));
    assert_eq!(invoked.count(), 3);
}

#[test]
fn a_panic_in_make_or_draw_goes_on_and_nothing_hangs() {
    for after in [0, 1, 20, 50] {
        let mut made = 0;
        let make = || {
            assert!(made < after, "none left");
            made += 1;
            SegQueue::new()
        };
        let test = Stress::new(Queue::new(), make).plan(rounds(1000));
        assert_eq!(
            panic_of(|| test.run(seg_queue, enqueue_or_dequeue)),
            "none left"
        );

        let mut drawn = 0;
        let draw = |draw: &mut Draw| {
            assert!(drawn < 32 * after, "no luck");
            drawn += 1;
            enqueue_or_dequeue(draw)
        };
        let test = Stress::new(Queue::new(), SegQueue::new).plan(rounds(1000));
        assert_eq!(panic_of(|| test.run(seg_queue, draw)), "no luck");
    }
}

/// A model that cannot count to 10.
struct Weak;

impl Model for Weak {
    type Op = u64;
    type Ret = ();
    type State = u64;

    fn initial(&self) -> u64 {
        0
    }

    fn apply(&self, state: &mut u64, op: &u64) {
        *state += op;
        assert!(*state < 10, "too much");
    }
}

#[test]
fn a_panic_in_the_model_goes_on_and_nothing_hangs() {
    let test = Stress::new(Weak, || ()).plan(rounds(1000));
    assert_eq!(panic_of(|| test.run(|(), _| (), |_| 1)), "too much");
}

#[test]
fn a_panic_in_cloning_an_operation_does_not_hang() {
    #[derive(Debug, PartialEq)]
    struct Unclonable;

    impl Clone for Unclonable {
        fn clone(&self) -> Self {
            panic!("there is only one")
        }
    }

    struct Any;

    impl Model for Any {
        type Op = Unclonable;
        type Ret = ();
        type State = ();

        fn initial(&self) {}

        fn apply(&self, (): &mut (), _: &Unclonable) {}
    }

    let test = Stress::new(Any, || ()).plan(rounds(1000));
    let text = panic_of(|| test.run(|(), _| (), |_| Unclonable));
    assert!(text.contains("panicked: there is only one"), "{text}");
}

/// Never to be dropped.
struct Sticky;

impl Drop for Sticky {
    fn drop(&mut self) {
        panic!("stuck");
    }
}

fn read(_: &Sticky, _: &register::Op<u64>) -> Option<u64> {
    None
}

#[test]
fn an_object_that_panics_when_it_is_dropped_fails_the_test() {
    let report = |plan: Plan| {
        Stress::new(Register::new(), || Sticky)
            .plan(plan)
            .report(read, |_| register::Op::Read)
    };
    // At once, or where it lives long at the end.
    for (plan, last) in [(rounds(100), 0), (soak(3, 10), 2)] {
        let found = report(plan);
        let finding = found.finding.as_ref().expect("it is a finding");
        assert!(
            matches!(&finding.cause, Cause::Drop { message } if message == "stuck"),
            "{found}"
        );
        assert_eq!((finding.round, found.counts.panicked), (last, 1), "{found}");
        assert!(!found.is_pass());
        let text = found.to_string();
        let says =
            format!("Sticky: in round {last}, the object panicked when it was dropped: stuck");
        assert!(text.starts_with(&says), "{text}");
    }
    assert_eq!(report(rounds(40).keep_going(true)).counts.panicked, 40);
}

/// The number of rounds under a plan, of one thread that takes so long for its only operation.
fn rounds_of(plan: Plan, takes: Duration) -> u64 {
    let report = Stress::new(Register::<u64>::new(), || ())
        .plan(plan.threads(1).operations(1))
        .report(
            |(), _| {
                thread::sleep(takes);
                None
            },
            |_| register::Op::Read,
        );
    report.counts.rounds
}

#[test]
fn what_is_said_of_rounds_and_time_is_all_there_is() {
    let most = |plan| rounds_of(plan, Duration::ZERO);
    assert_eq!(most(Plan::new().rounds(20_001)), 20_001);
    // Of as many as there is time for. It may be a slow machine.
    let longer = (1..).map(|time| most(Plan::new().time(Duration::from_secs(time))));
    assert!(longer.take(60).any(|rounds| rounds > 20_000));
}

// They came sixteen at a time, two times over, however long they took.
#[test]
fn few_long_rounds_are_begun_at_once() {
    let plan = Plan::new().time(Duration::ZERO);
    assert_eq!(rounds_of(plan, Duration::ZERO), 0);
    let plan = Plan::new().time(Duration::from_millis(50));
    assert!(rounds_of(plan, Duration::from_millis(100)) <= 2);
}

// Two panics at once would end the process.
#[test]
fn objects_that_panic_are_dropped_while_something_else_panics() {
    let test = |plan| Stress::new(Register::new(), || Sticky).plan(plan);
    let drawn = Fuse::new(1000);
    let draw = |_: &mut Draw| {
        drawn.call();
        register::Op::Read
    };
    let text = panic_of(|| test(rounds(100).keep_going(true)).run(read, draw));
    assert!(text.contains("it blew"), "{text}");
    for plan in [rounds(100), soak(100, 2)] {
        let test = Stress::new(Weak, || Sticky).plan(plan);
        let text = panic_of(|| test.run(|_, _| (), |_| 1));
        assert_eq!(text, "too much");
    }
    // Of an operation it is the first that counts.
    let text = panic_of(|| test(rounds(100)).run(|_, _| panic!("first"), |_| register::Op::Read));
    assert!(text.contains("panicked: first"), "{text}");
}

/// An operation that must not be dropped while something panics: two at once end the process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!thread::panicking(), "it broke as well");
    }
}

/// What is made of fragile operations does nothing.
struct Careful;

impl Model for Careful {
    type Op = Fragile;
    type Ret = ();
    type State = ();

    fn initial(&self) {}

    fn apply(&self, (): &mut (), _: &Fragile) {}
}

#[test]
fn no_operation_is_dropped_while_another_panics() {
    for plan in [rounds(10), soak(10, 8)] {
        // In the second round, or piece, at an operation that others come after; and in what settles.
        for blows in [20, 2] {
            let fuse = Fuse::new(blows);
            let report = Stress::new(Careful, || ())
                .plan(plan.clone().threads(1))
                .settle(|last| last.is_none().then_some(Fragile))
                .report(|(), _| fuse.call(), |_| Fragile);
            assert_eq!(report.counts.panicked, 1, "{report}");
        }
    }
    // Settling alone: the first piece has no operations of its own.
    let report = Stress::new(Careful, || ())
        .plan(soak(10, 0).threads(1))
        .settle(|last| last.is_none().then_some(Fragile))
        .report(|(), _| panic!("it blew"), |_| Fragile);
    assert_eq!(report.counts.panicked, 1, "{report}");
}

#[test]
fn operations_that_panic_when_they_are_dropped_fail_the_test() {
    /// Panics on the threads, once it has run.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Brittle(thread::ThreadId);

    impl Drop for Brittle {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.0, "it broke");
        }
    }

    struct Any;

    impl Model for Any {
        type Op = Brittle;
        type Ret = ();
        type State = ();

        fn initial(&self) {}

        fn apply(&self, (): &mut (), _: &Brittle) {}
    }

    let here = thread::current().id();
    let report = Stress::new(Any, || ())
        .plan(rounds(10))
        .report(|(), _| (), |_| Brittle(here));
    let finding = report.finding.as_ref().expect("all of them panic");
    assert!(
        matches!(&finding.cause, Cause::Panic { message, .. } if message.contains("it broke")),
        "{report}"
    );
}

#[test]
fn a_round_that_no_memory_holds_is_refused() {
    let most = Plan::OPERATIONS;
    for (threads, operations) in [
        (4, 1 << 60),
        (usize::MAX, 1),
        (Plan::THREADS + 1, 1),
        (2, most),
    ] {
        let plan = rounds(1).threads(threads).operations(operations);
        let test = Stress::new(Queue::new(), SegQueue::new).plan(plan);
        let text = panic_of(|| test.run(seg_queue, enqueue_or_dequeue));
        assert!(text.contains("are too many for a round"), "{text}");
    }
    // Any number of rounds is well, for each uses the memory of those before.
    let plan = Plan::new().rounds(u64::MAX).time(Duration::ZERO);
    let report = Stress::new(Queue::new(), SegQueue::new).plan(plan);
    assert_eq!(
        report.report(seg_queue, enqueue_or_dequeue).counts.rounds,
        0
    );
}

#[test]
fn what_was_not_decided_is_no_pass() {
    let test = Stress::new(Queue::new(), SegQueue::new).plan(
        rounds(5)
            .operations(100)
            .budget(Budget::unlimited().configurations(0)),
    );
    let text = panic_of(|| test.run(seg_queue, enqueue_or_dequeue));
    assert!(
        text.starts_with("no round was decided, which is no pass"),
        "{text}"
    );
    assert!(text.contains("5 undecided"), "{text}");
}

// More operations than a short round's check may look at configurations.
#[test]
fn a_long_round_has_the_budget_that_it_takes() {
    let report = Stress::new(Register::new(), || Mutex::new(None))
        .plan(rounds(1).threads(1).operations(1_100_000))
        .report(
            |register, op| {
                let register::Op::Write(value) = *op else {
                    unreachable!("not drawn");
                };
                *register.lock().unwrap() = Some(value);
                None
            },
            |draw| register::Op::Write(draw.below(9)),
        );
    let counts = &report.counts;
    assert_eq!((counts.linearizable, counts.undecided), (1, 0), "{report}");
}

#[test]
fn a_test_whose_operations_do_not_overlap_says_so() {
    let report = Stress::new(Counter::new(), || Mutex::new(0))
        .plan(rounds(5).threads(1))
        .report(
            |count, _| {
                let mut count = count.lock().unwrap();
                *count += 1;
                counter::Ret::Count(*count - 1)
            },
            |_| counter::Op::FetchAdd(1),
        );
    assert!(report.is_pass() && report.counts.overlaps_little());
    assert!(
        report
            .to_string()
            .contains("warning: operations rarely overlapped")
    );
}

#[test]
fn an_account_is_bounded() {
    let report = Stress::new(Register::new(), || ())
        .plan(rounds(1).threads(2).operations(2000))
        .report(
            |(), op| match op {
                register::Op::Write(_) => None,
                register::Op::Read => Some("x".repeat(10_000)),
            },
            |draw| match draw.unique() < 3000 {
                true => register::Op::Write("\u{202e}\n".repeat(10_000)),
                false => register::Op::Read,
            },
        );
    let text = report.to_string();
    assert!(report.finding.is_some());
    assert!(text.len() < 100_000, "{}", text.len());
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn a_point_outside_of_a_test_does_nothing() {
    point();
}

#[test]
fn a_program_is_run_as_it_is_in_every_round() {
    let program = Program {
        threads: vec![vec![Op::Enqueue(1), Op::Dequeue], vec![], vec![Op::Peek]],
    };
    let ran = Mutex::new(Vec::new());
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(rounds(7).threads(9).operations(9))
        .report_program(&program.only(|op| *op != Op::Peek), |queue, op| {
            let mut ran = ran.lock().unwrap();
            ran.push((thread::current().id(), op.clone()));
            seg_queue(queue, op)
        });
    assert!(report.is_pass(), "{report}");
    let ran = ran.into_inner().unwrap();
    assert_eq!(ran.len(), 7 * 2);
    for round in ran.chunks(2) {
        assert_eq!(round[0].0, round[1].0);
        assert_eq!([&round[0].1, &round[1].1], [&Op::Enqueue(1), &Op::Dequeue]);
    }
}

#[test]
fn a_program_that_shows_a_bug_panics_with_it() {
    let program = Program {
        threads: vec![vec![Op::Enqueue(1), Op::Dequeue]],
    };
    let test = Stress::new(Queue::new(), SegQueue::new).plan(rounds(1));
    let text = panic_of(|| test.run_program(&program, always_empty));
    assert!(text.contains("nothing explains this"), "{text}");
}

#[cfg(feature = "arbitrary")]
#[test]
fn programs_of_any_bytes_are_short_and_are_run() {
    use arbitrary::{Arbitrary, Unstructured};
    let mut longest = 0;
    for seed in 0..200 {
        let bytes = vec![seed; usize::from(seed)];
        let program = Program::<Op<u64>>::arbitrary(&mut Unstructured::new(&bytes)).unwrap();
        assert!((2..=4).contains(&program.threads.len()));
        assert!(
            program
                .threads
                .iter()
                .all(|operations| operations.len() <= 8)
        );
        longest = program
            .threads
            .iter()
            .map(Vec::len)
            .max()
            .max(Some(longest))
            .unwrap();
        let program = program.only(|op| matches!(op, Op::Enqueue(_) | Op::Dequeue));
        Stress::new(Queue::new(), SegQueue::new)
            .plan(rounds(1))
            .run_program(&program, seg_queue);
    }
    assert_eq!(longest, 8);
}

/// Pieces of one long history.
fn soak(pieces: u64, operations: usize) -> Plan {
    rounds(pieces).threads(2).operations(operations).soak(true)
}

/// Empties a queue.
fn emptied(last: Option<(&Op<u64>, &Ret<u64>)>) -> Option<Op<u64>> {
    match last {
        Some((_, Ret::Value(None))) => None,
        _ => Some(Op::Dequeue),
    }
}

#[test]
fn a_soak_keeps_one_object_and_judges_every_piece() {
    let made = AtomicU64::new(0);
    let make = || {
        made.fetch_add(1, Relaxed);
        SegQueue::new()
    };
    let report = Stress::new(Queue::new(), make)
        .plan(soak(40, 600))
        .settle(emptied)
        .report(seg_queue, enqueue_or_dequeue);
    assert!(report.is_pass(), "{report}");
    assert_eq!(
        (report.counts.linearizable, report.counts.replaced),
        (40, 0)
    );
    assert_eq!(made.into_inner(), 1);
    assert!(
        report.counts.overlap.operations > 40 * 1200,
        "what settles it is recorded too"
    );
}

/// Counts, and forgets an addition whose number is this one.
struct Forgetful {
    count: Mutex<i64>,
    additions: AtomicU64,
    forgets: u64,
}

fn count(
    forgets: u64,
    settles: bool,
    plan: Plan,
) -> stress::Report<counter::Op, counter::Ret, i64> {
    let make = move || Forgetful {
        count: Mutex::new(0),
        additions: AtomicU64::new(0),
        forgets,
    };
    Stress::new(Counter::new(), make)
        .plan(plan)
        .settle(move |last| (settles && last.is_none()).then_some(counter::Op::Get))
        .report(
            |counter, op| match op {
                counter::Op::Get => counter::Ret::Count(*counter.count.lock().unwrap()),
                counter::Op::Add(n) => {
                    let number = counter.additions.fetch_add(1, Relaxed);
                    *counter.count.lock().unwrap() += n * i64::from(number != counter.forgets);
                    counter::Ret::Done
                }
                counter::Op::FetchAdd(_) => unreachable!("not drawn"),
            },
            |draw| draw.weighted([(1, counter::Op::Get), (1, counter::Op::Add(1))]),
        )
}

#[test]
fn a_soak_finds_what_only_a_long_life_shows() {
    // A new object for each round never comes that far.
    let report = count(5000, true, rounds(300).threads(2).operations(50));
    assert!(report.is_pass(), "{report}");

    let report = count(5000, true, soak(300, 50).seed(1));
    let finding = report.finding.as_ref().expect("an addition was forgotten");
    assert!((80..120).contains(&finding.round), "{report}");
    // It is judged from the count that was there before, and says so.
    let since = finding.since.expect("the counter was not at 0");
    assert!(since > 4000, "{since}");
    assert!(
        report
            .to_string()
            .contains(&format!("Before this round the state was {since}")),
        "{report}"
    );
    // It was shown that a count was too small, and not of which additions: without the first state there were too many.
    let shown = &finding.account;
    assert!(
        shown.contains("operations show it, from the state before event"),
        "{shown}"
    );
    assert!(
        shown.contains("What must have happened before event"),
        "{shown}"
    );
    let report = count(u64::MAX, true, soak(300, 50));
    assert!(report.is_pass(), "{report}");
    assert_eq!(
        (report.counts.linearizable, report.counts.replaced),
        (300, 0)
    );
}

/// A queue that gives out one value a second time, long after the first.
#[derive(Default)]
struct Repeating {
    queue: SegQueue<u64>,
    enqueued: AtomicU64,
    kept: AtomicU64,
}

#[test]
fn what_settles_is_a_process_of_its_own() {
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(soak(10, 20).threads(3).seed(1))
        .settle(emptied)
        .report(always_empty, |draw| {
            Op::Enqueue(100 * draw.process() as u64)
        });
    let history = report
        .finding
        .as_ref()
        .expect("it says that it is empty")
        .history
        .events();
    let mut settled = 0;
    for event in history {
        match event.kind {
            // What a thread did is under its number.
            EventKind::Invoke(Op::Enqueue(value)) => assert_eq!(event.process.0, value / 100),
            EventKind::Invoke(_) => {
                assert_eq!(event.process.0, 3);
                settled += 1;
            }
            _ => {}
        }
    }
    assert!(settled > 0, "{report}");
}

#[test]
fn a_soak_finds_a_violation_across_pieces() {
    let report = Stress::new(Queue::new(), Repeating::default)
        .plan(soak(50, 100).seed(1))
        .settle(emptied)
        .report(
            |repeating, op| {
                if let Op::Enqueue(value) = op {
                    match repeating.enqueued.fetch_add(1, Relaxed) {
                        700 => repeating.kept.store(*value, Relaxed),
                        1500 => repeating.queue.push(repeating.kept.load(Relaxed)),
                        _ => {}
                    }
                }
                seg_queue(&repeating.queue, op)
            },
            enqueue_or_dequeue,
        );
    let finding = report.finding.as_ref().expect("a value came twice");
    assert!((11..20).contains(&finding.round), "{report}");
    assert!(finding.since.is_none(), "it was empty before: {report}");
}

#[test]
fn what_a_soak_finds_in_a_later_piece_is_shrunk_to_a_few() {
    use snapshot::{Op, Ret};

    /// Both cells, and all values that the first has had.
    #[derive(Default)]
    struct Cells(Mutex<([u64; 2], Vec<u64>)>);

    let report = Stress::new(Snapshot::new(), Cells::default)
        .plan(soak(10, 2000).seed(1))
        .settle(|last| last.is_none().then_some(Op::Scan))
        .report(
            |cells, op| {
                let (now, firsts) = &mut *cells.0.lock().unwrap();
                match *op {
                    Op::Update(cell, value) => {
                        now[usize::from(cell)] = value;
                        firsts.extend((cell == 0).then_some(value));
                        Ret::Done
                    }
                    // In the third piece, or so, the first cell is as it was long before.
                    Op::Scan => {
                        let first = match firsts.len() {
                            2500.. => firsts[firsts.len() - 300],
                            _ => now[0],
                        };
                        Ret::Cells([first, now[1]].map(|it| (it > 0).then_some(it)).to_vec())
                    }
                }
            },
            |draw| match draw.chance(1, 2) {
                true => Op::Scan,
                false => Op::Update(draw.below(2) as u8, draw.unique()),
            },
        );
    let finding = report.finding.as_ref().expect("a scan was torn");
    assert!(finding.since.is_some(), "it began in some state: {report}");
    assert!(
        finding.account.contains("operations show it"),
        "it stands: {report}"
    );
    let shown = finding
        .account
        .split_once(" of ")
        .expect("so many of so many")
        .0;
    let kept = shown.rsplit(' ').next().and_then(|kept| kept.parse().ok());
    assert!(
        kept.is_some_and(|kept: u32| (2..=6).contains(&kept)),
        "{report}"
    );
}

#[test]
fn a_soak_accuses_nobody_of_what_it_does_not_know() {
    // Two writes that meet, and nothing reads the register then: which of them came last is not known.
    let meeting = Barrier::new(2);
    let report = Stress::new(Register::new(), || Mutex::new(None))
        .plan(soak(50, 1))
        .report(
            |register, op| {
                meeting.wait();
                let register::Op::Write(value) = op else {
                    unreachable!("not drawn");
                };
                *register.lock().unwrap() = Some(*value);
                meeting.wait();
                None
            },
            |draw| register::Op::Write(draw.unique()),
        );
    assert!(report.is_pass(), "{report}");
    let counts = report.counts;
    assert_eq!(counts.replaced, counts.linearizable, "{report}");
    assert_eq!(counts.linearizable + counts.undecided, 50);
    assert!(report.to_string().contains("Stress::settle"), "{report}");
}

#[test]
fn what_settles_without_end_is_ended() {
    let report = Stress::new(Queue::new(), SegQueue::new)
        .plan(soak(3, 10))
        .settle(|_| Some(Op::Dequeue))
        .report(seg_queue, enqueue_or_dequeue);
    assert!(report.is_pass(), "{report}");
    assert_eq!(report.counts.replaced, 0, "it is empty all the same");
}

/// Panics the time that it is called with this number, from 0.
struct Fuse {
    calls: AtomicU64,
    burns: u64,
}

impl Fuse {
    fn new(burns: u64) -> Self {
        Self {
            calls: AtomicU64::new(0),
            burns,
        }
    }

    fn call(&self) {
        let call = self.calls.fetch_add(1, Relaxed);
        assert_ne!(call, self.burns, "it blew");
    }
}

/// A soak of a queue that only settling takes from, in which these panic.
fn soak_with_fuses(
    enqueue: Fuse,
    dequeue: Fuse,
    settle: Fuse,
) -> stress::Report<Op<u64>, Ret<u64>, std::collections::VecDeque<u64>> {
    Stress::new(Queue::new(), SegQueue::new)
        .plan(soak(100, 50).keep_going(true))
        .settle(move |last| {
            settle.call();
            emptied(last)
        })
        .report(
            |queue, op| {
                match op {
                    Op::Enqueue(_) => enqueue.call(),
                    _ => dequeue.call(),
                }
                seg_queue(queue, op)
            },
            |draw| Op::Enqueue(draw.unique()),
        )
}

#[test]
fn a_panic_in_a_soak_is_reported_and_another_object_takes_its_place() {
    for which in 0..3 {
        // Some pieces in: each has a hundred of each, and one more that finds it empty.
        let fuse = |its| Fuse::new(if its == which { 1234 } else { u64::MAX });
        let report = soak_with_fuses(fuse(0), fuse(1), fuse(2));
        let counts = report.counts;
        assert_eq!((counts.panicked, counts.violations), (1, 0), "{report}");
        let finding = report.finding.as_ref().expect("it panicked");
        assert!((11..14).contains(&finding.round), "{report}");
        assert!(
            matches!(&finding.cause, Cause::Panic { message, .. } if message.contains("it blew")),
            "{report}"
        );
        // Nobody knows what became of it, so what was under way with it is not judged; all that comes then is.
        assert_eq!(counts.replaced, 1, "{report}");
        assert_eq!(counts.rounds, 100);
        assert_eq!(counts.linearizable + counts.undecided, 100, "{report}");
        assert!(counts.linearizable > 60, "{report}");
    }
}

#[test]
fn a_panic_in_what_makes_or_draws_or_is_the_model_ends_a_soak() {
    // The first object is given up when an operation panics.
    let (operations, made) = (Fuse::new(500), Fuse::new(1));
    let make = || {
        made.call();
        SegQueue::new()
    };
    let test = Stress::new(Queue::new(), make)
        .plan(soak(100, 50).keep_going(true))
        .settle(emptied);
    let run = |queue: &SegQueue<u64>, op: &Op<u64>| {
        operations.call();
        seg_queue(queue, op)
    };
    let text = panic_of(|| drop(test.report(run, enqueue_or_dequeue)));
    assert!(text.contains("it blew"), "{text}");

    let drawn = Fuse::new(2345);
    let test = Stress::new(Queue::new(), SegQueue::new)
        .plan(soak(100, 50))
        .settle(emptied);
    let draw = |draw: &mut Draw| {
        drawn.call();
        enqueue_or_dequeue(draw)
    };
    let text = panic_of(|| test.run(seg_queue, draw));
    assert!(text.contains("it blew"), "{text}");

    let test = Stress::new(Weak, || ()).plan(soak(100, 2));
    assert_eq!(panic_of(|| test.run(|(), _| (), |_| 1)), "too much");
}
