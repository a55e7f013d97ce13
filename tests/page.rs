//! The page as a file: how large it is, what is in it, and what can never be in it. What it does is tried in a browser.
#![cfg(all(feature = "check", feature = "format"))]

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde_json::Value as Json;
use tachograph::{
    EventKind, History, HistoryBuilder, ProcessId,
    check::{self, Budget, Report},
    explain::Page,
    model::{Model, Queue, Register, key_value, queue, register::Op},
};

type Registers = History<Op<u64>, Option<u64>>;

fn register() -> Register<u64> {
    Register::new()
}

fn checked(history: &Registers) -> Report<Option<u64>> {
    check::linearizable(&register(), history, &Budget::unlimited())
}

fn page(history: &Registers) -> String {
    let model = register();
    let report = checked(history);
    Page::new(&model, history).report(&report).to_string()
}

/// What the script is given to show.
fn data(page: &str) -> Json {
    let (_, data) = page
        .split_once(r#"<script id="data" type="application/json">"#)
        .unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

/// So many writes, each read at once; the read with this number returns something else.
fn writes_and_reads(operations: u64, wrong: Option<u64>) -> Registers {
    let mut builder = HistoryBuilder::new();
    for number in 0..operations / 2 {
        builder
            .invoke(0, Op::Write(number))
            .invoke(1, Op::Read)
            .ok(0, None)
            .ok(1, Some(number + u64::from(wrong == Some(number))));
    }
    builder.finish().unwrap()
}

fn relative(data: &Json, index: u64) -> i64 {
    let base: i64 = data["base"].as_str().unwrap().parse().unwrap();
    index as i64 - base
}

#[test]
fn all_of_a_small_history_is_there() {
    let history = HistoryBuilder::new()
        .invoke(0, Op::Write(4))
        .ok(0, None)
        .invoke(1, Op::Read)
        .mark(2, "half way")
        .ok(1, None)
        .invoke(2, Op::Write(5))
        .info(2)
        .invoke(3, Op::Write(6))
        .fail(3)
        .invoke(4, Op::Read)
        .finish()
        .unwrap();
    let data = data(&page(&history));
    let text = |at: &Json| data["texts"][at.as_u64().unwrap() as usize].clone();
    let operations = data["operations"].as_array().unwrap();
    let row = |n: usize| {
        let it = &operations[n];
        (
            it[0].clone(),
            it[1].clone(),
            it[2].clone(),
            it[3].clone(),
            text(&it[4]),
        )
    };
    let expected = |process: u64, from: u64, to: Option<u64>, outcome: u64, op: &str| {
        (
            process.into(),
            from.into(),
            to.into(),
            outcome.into(),
            op.into(),
        )
    };
    assert_eq!(operations.len(), 5);
    assert_eq!(row(0), expected(0, 0, Some(1), 0, "Write(4)"));
    assert_eq!(row(1), expected(1, 2, Some(4), 0, "Read"));
    assert_eq!(row(2), expected(2, 5, Some(6), 2, "Write(5)"));
    assert_eq!(row(3), expected(3, 7, Some(8), 1, "Write(6)"));
    assert_eq!(row(4), expected(4, 9, None, 3, "Read"));
    assert_eq!(text(&operations[1][5]), "None");
    assert_eq!(text(&data["marks"][0][2]), "half way");
    assert_eq!(data["violation"]["event"], 4);
    assert_eq!(data["violation"]["invocation"], 2);
    assert_eq!(data["violation"]["explained"][0]["state"], "Some(4)");
    assert_eq!(
        data["violation"]["explained"][0]["blocked"][0][2],
        "would return Some(4)"
    );
    assert_eq!(data["order"], 1);
    assert_eq!(
        data["processes"],
        serde_json::json!(["0", "1", "2", "3", "4"])
    );
}

#[test]
fn each_step_has_the_state_that_the_model_is_in_after_it() {
    let model = Queue::<u64>::new();
    let history = HistoryBuilder::new()
        .invoke(0, queue::Op::Enqueue(1))
        .invoke(1, queue::Op::Enqueue(2))
        .ok(0, queue::Ret::Enqueued(true))
        .ok(1, queue::Ret::Enqueued(true))
        .invoke(0, queue::Op::Dequeue)
        .ok(0, queue::Ret::Value(Some(2)))
        .finish()
        .unwrap();
    let report = check::linearizable(&model, &history, &Budget::unlimited());
    let data = data(&Page::new(&model, &history).report(&report).to_string());
    let text = |at: &Json| {
        data["texts"][at.as_u64().unwrap() as usize]
            .as_str()
            .unwrap()
    };
    let steps = data["steps"].as_array().unwrap();
    let steps: Vec<_> = steps
        .iter()
        .map(|step| {
            (
                step[0].as_u64().unwrap(),
                step[1].as_u64().unwrap(),
                text(&step[2]),
            )
        })
        .collect();
    assert_eq!(steps, [(1, 1, "[2]"), (2, 0, "[2, 1]"), (3, 4, "[1]")]);
    assert_eq!(data["initial"], "[]");
}

#[test]
fn where_there_are_parts_the_state_is_that_of_the_part() {
    let model = tachograph::model::KeyValue::<&str, u64>::new();
    let mut builder = HistoryBuilder::new();
    for (key, value) in [("a", 1), ("b", 2), ("a", 3)] {
        builder
            .invoke(0, key_value::Op::Put(key, value))
            .ok(0, key_value::Ret::Done);
    }
    let history = builder.finish().unwrap();
    let report = check::linearizable(&model, &history, &Budget::unlimited());
    let data = data(&Page::new(&model, &history).report(&report).to_string());
    assert_eq!(data["parts"], true);
    let last = data["steps"][2][2].as_u64().unwrap() as usize;
    let state = data["texts"][last].as_str().unwrap();
    assert!(state.contains('3') && !state.contains('b'), "{state}");
}

#[test]
fn a_long_history_is_shown_about_the_violation() {
    let history = writes_and_reads(80_000, Some(30_000));
    let page = page(&history);
    assert!(page.len() < Page::<Register<u64>>::BYTES);
    let data = data(&page);
    let violation = 30_000 * 4 + 3;
    assert_eq!(data["violation"]["event"], relative(&data, violation));
    assert_eq!(data["events"], 160_000);
    let shown = data["shown"].as_i64().unwrap();
    assert_eq!(shown, Page::<Register<u64>>::EVENTS as i64);
    let before = relative(&data, violation);
    assert!(before > shown / 2 && before < shown, "{before} of {shown}");
    let from = |operation: &Json| operation[1].as_i64().unwrap();
    let operations = data["operations"].as_array().unwrap();
    assert!(operations.iter().all(|it| (-2..shown).contains(&from(it))));
    assert!(
        operations
            .iter()
            .any(|it| from(it) == relative(&data, violation - 2))
    );
    // The steps keep their numbers.
    let steps = data["steps"].as_array().unwrap();
    let last = steps.last().unwrap();
    assert_eq!(last[0], data["order"]);
    assert!(steps.len() > 5000 && steps[0][0].as_u64().unwrap() > 40_000);
    // Near the end there is nothing behind, and the window still is as long as it may be.
    let late = self::data(&self::page(&writes_and_reads(80_000, Some(39_999))));
    assert_eq!(late["shown"], data["shown"]);
    assert_eq!(late["violation"]["event"].as_i64().unwrap(), shown - 1);
}

#[test]
fn a_long_good_history_is_shown_from_the_beginning() {
    let history = writes_and_reads(100_000, None);
    let data = data(&page(&history));
    assert_eq!(data["base"], "0");
    assert_eq!(data["shown"], Page::<Register<u64>>::EVENTS);
    assert_eq!(data["order"], 100_000);
    assert_eq!(data["checked"]["verdict"], "linearizable");
}

#[test]
fn what_is_open_when_the_window_begins_is_shown_and_is_bounded() {
    let mut builder = HistoryBuilder::new();
    for process in 10..20_010 {
        builder.invoke(process, Op::Write(process)).info(process);
    }
    for number in 0..40_000 {
        builder.invoke(0, Op::Write(number)).ok(0, None);
    }
    let history = builder.finish().unwrap();
    let model = register();
    let mut report = checked(&HistoryBuilder::new().finish().unwrap());
    report.verdict = check::Verdict::Violation(Box::new(check::Violation {
        consistency: check::Consistency::Linearizable,
        is_first: true,
        event: history.end() - 1,
        invocation: history.end() - 2,
        operation: "Write".to_owned(),
        prefix: check::Witness::default(),
        explained: vec![check::Explained {
            state: None,
            blocked: vec![check::Blocked {
                invocation: 4,
                operation: "Write(12)".to_owned(),
                why: "no".to_owned(),
            }],
        }],
        configurations: 1,
    }));
    let data = data(&Page::new(&model, &history).report(&report).to_string());
    let operations = data["operations"].as_array().unwrap();
    let base = relative(&data, 0);
    let before = operations
        .iter()
        .filter(|it| it[1].as_i64().unwrap() < 0)
        .count();
    assert!((1000..5000).contains(&before), "{before}");
    // What the verdict speaks of is there, however early it was.
    assert!(
        operations
            .iter()
            .any(|it| it[1].as_i64().unwrap() == base + 4)
    );
}

/// Shows as whatever text it holds.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Says(String);

impl fmt::Debug for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object whose operations, results and states are such texts.
struct Echo;

impl Model for Echo {
    type Op = Says;
    type Ret = Says;
    type State = Says;

    fn initial(&self) -> Says {
        Says(String::new())
    }

    fn apply(&self, state: &mut Says, op: &Says) -> Says {
        std::mem::replace(state, op.clone())
    }
}

#[test]
fn no_text_ends_the_script_or_turns_or_commands_anything() {
    let bad = "</script><script>alert(1)</script><!-- <script> ]]> &amp; {{data}} {{script}} \u{202e}\u{2066}\u{200b}\u{feff}\x1b[2J\x07\r\n\0\u{2028}";
    let history = HistoryBuilder::new()
        .invoke(0, Says(bad.to_owned()))
        .ok(0, Says(bad.to_owned()))
        .invoke(1, Says(bad.to_owned()))
        .mark(7, bad)
        .fail_with(1, bad)
        .finish()
        .unwrap();
    let report = check::linearizable(&Echo, &history, &Budget::unlimited());
    assert!(report.verdict.is_violation());
    let bare = Page::new(&Echo, &history).title("").to_string();
    let page = Page::new(&Echo, &history)
        .report(&report)
        .title(bad)
        .to_string();
    let empty = Page::new(&Echo, &History::new()).to_string();
    for what in ["<script", "</script", "<!--", "</title", "<noscript"] {
        assert_eq!(
            page.matches(what).count(),
            empty.matches(what).count(),
            "{what}"
        );
    }
    for page in [&page, &bare] {
        let harmful = |c: char| {
            c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}".contains(c)
        };
        assert_eq!(page.chars().find(|&c| harmful(c)), None);
    }
    // And it is all told.
    let data = data(&page);
    let text = data["texts"][0].as_str().unwrap();
    assert!(text.starts_with(
        "</script><script>alert(1)</script><!-- <script> ]]> &amp; {{data}} {{script}}"
    ));
    assert!(text.contains(r"\u{202e}\u{2066}\u{200b}\u{feff}\u{1b}[2J\u{7}\r\n\u{0}\u{2028}"));
}

#[test]
fn long_texts_are_cut_and_the_page_stays_small() {
    let model = Register::<String>::new();
    let long = |number: u64| format!("{number}{}", "\u{1f980}".repeat(100_000));
    // Every text is another one, and takes four bytes a character.
    let short = |number: u64| format!("{number}{}", "\u{1f980}".repeat(200));
    let mut builder = HistoryBuilder::new();
    builder.invoke(0, Op::Write(long(0))).ok(0, None);
    for number in 0..12_000 {
        builder.invoke(0, Op::Write(short(number))).ok(0, None);
    }
    let history = builder.finish().unwrap();
    let report = check::linearizable(&model, &history, &Budget::unlimited());
    let page = Page::new(&model, &history)
        .report(&report)
        .title(long(0))
        .to_string();
    assert!(
        page.len() < Page::<Register<String>>::BYTES,
        "{}",
        page.len()
    );
    let data = data(&page);
    let shown = data["shown"].as_u64().unwrap();
    assert!((1000..24_000).contains(&shown), "{shown}");
    assert!(data["title"].as_str().unwrap().ends_with('…'));
    let texts = data["texts"].as_array().unwrap();
    assert!(
        texts
            .iter()
            .all(|text| text.as_str().unwrap().chars().count() <= 201)
    );
}

/// A number that counts how often it is added to, and how often it is cloned.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Counted(u64);

static ADDED: AtomicU64 = AtomicU64::new(0);
static CLONED: AtomicU64 = AtomicU64::new(0);

impl Clone for Counted {
    fn clone(&self) -> Self {
        CLONED.fetch_add(1, Relaxed);
        Self(self.0)
    }
}

struct Counting;

impl Model for Counting {
    type Op = Says;
    type Ret = ();
    type State = Counted;

    fn initial(&self) -> Counted {
        Counted(0)
    }

    fn apply(&self, state: &mut Counted, _: &Says) {
        ADDED.fetch_add(1, Relaxed);
        state.0 += 1;
    }
}

#[test]
fn the_order_is_gone_through_once_however_many_windows_are_tried() {
    let mut builder = HistoryBuilder::new();
    let operations = 15_000;
    for number in 0..operations {
        let text = format!("{number}{}", "\u{1f980}".repeat(200));
        builder.invoke(0, Says(text)).ok(0, ());
    }
    let history = builder.finish().unwrap();
    let report = check::linearizable(&Counting, &history, &Budget::unlimited());
    ADDED.store(0, Relaxed);
    CLONED.store(0, Relaxed);
    let page = Page::new(&Counting, &history).report(&report).to_string();
    let data = data(&page);
    let shown = data["operations"].as_array().unwrap().len() as u64;
    assert!(shown < 10_000, "all fit at once: {shown}");
    assert!(ADDED.load(Relaxed) <= operations);
    // It may be a queue of thousands.
    assert_eq!(CLONED.load(Relaxed), 0);
    // And each of those shown has its state.
    let steps = data["steps"].as_array().unwrap();
    assert_eq!(steps.len() as u64, shown);
    let last = data["texts"][steps.last().unwrap()[2].as_u64().unwrap() as usize].as_str();
    assert_eq!(last, Some(&*format!("Counted({shown})")));
}

#[test]
fn a_history_that_begins_late_and_has_times_keeps_its_indices() {
    let mut builder = HistoryBuilder::<Op<u64>, Option<u64>>::new();
    let start = 1 << 60;
    let event = |index, kind| tachograph::Event {
        index,
        process: ProcessId(3),
        time: Some(Duration::from_nanos(100 + index - start)),
        kind,
        error: None,
    };
    builder.push(event(start, EventKind::Invoke(Op::Read)));
    builder.push(event(start + 1, EventKind::Ok(None)));
    let history = builder.finish().unwrap();
    let model = register();
    let data = data(&Page::new(&model, &history).to_string());
    assert_eq!(data["base"], (1u64 << 60).to_string());
    assert_eq!(data["operations"][0][1], 0);
    assert_eq!(data["operations"][0][7], 100);
    assert_eq!(data["operations"][0][8], 101);
    assert_eq!(data["checked"], Json::Null);
}

#[test]
fn an_empty_history_is_a_page_too() {
    let history = HistoryBuilder::new().finish().unwrap();
    let page = page(&history);
    assert_eq!(data(&page)["events"], 0);
    let mut written = Vec::new();
    let model = register();
    let report = checked(&history);
    Page::new(&model, &history)
        .report(&report)
        .title("empty")
        .write_to(&mut written)
        .unwrap();
    assert!(
        String::from_utf8(written)
            .unwrap()
            .contains("<title>empty</title>")
    );
}
