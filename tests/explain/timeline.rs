//! The timeline: what it says, and that it never says too much.

use tachograph::{
    HistoryBuilder,
    check::{self, Budget},
    explain::{Role, Timeline},
    model::{Queue, Register, queue, register::Op},
};

const UNLIMITED: &Budget = &Budget::unlimited();

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).collect()
}

#[test]
fn concurrent_operations_stand_side_by_side_and_the_culprit_is_marked() {
    let mut builder = HistoryBuilder::new();
    builder.invoke(0, Op::Write(7)).ok(0, None);
    builder
        .invoke(0, Op::Write(8))
        .invoke(1, Op::Read)
        .ok(1, Some(8))
        .invoke(2, Op::Read);
    builder.ok(0, None).ok(2, Some(7));
    let history = builder.finish().unwrap();
    let model = Register::new();
    let report = check::linearizable(&model, &history, UNLIMITED);
    let text = Timeline::new(&history).explain(&model, &report).to_string();
    let expected = "\
violation: there is no order in which this may have happened

  event  p0 p1 p2
      0  ■         Write(7) → None
      2  ┌         Write(8)
      3  │  ■      Read → Some(8)
      5  │     ┌   Read
      6  └     │   Write(8) → None
✗     7        └   Read → Some(7)  ← nothing explains this

Up to there all is well, if they took effect in this order:
      0  p0  Write(7) → None  Some(7)
      2  p0  Write(8) → None  Some(8)
      3  p1  Read → Some(8)   Some(8)

Then the state is Some(8)
✗     5  p2  Read → Some(7): would return Some(8)";
    assert_eq!(lines(&text), expected.lines().collect::<Vec<_>>(), "{text}");
}

#[test]
fn what_was_asked_is_what_is_told() {
    let mut builder = HistoryBuilder::new();
    builder.invoke(0, Op::Write(1)).ok(0, None);
    builder.invoke(1, Op::Read).ok(1, None);
    let stale = builder.finish().unwrap();
    builder.invoke(0, Op::Write(1)).ok(0, None);
    builder.invoke(0, Op::Write(2)).ok(0, None);
    builder.invoke(1, Op::Read).ok(1, Some(2));
    builder.invoke(1, Op::Read).ok(1, Some(1));
    let backwards = builder.finish().unwrap();
    let told = |history| {
        let model = Register::new();
        let report = check::sequentially_consistent(&model, history, UNLIMITED);
        let text = Timeline::new(history).explain(&model, &report).to_string();
        format!("{report}\n{text}")
    };
    let text = told(&stale);
    assert!(
        text.starts_with("sequentially consistent\nsequentially consistent\n"),
        "{text}"
    );
    assert!(!text.contains("linearizable"), "{text}");
    let text = told(&backwards);
    let expected = "\
violation: event 7 completes Read → Some(1) (invoked at 6), with which the longest order found does not go on: \
there is none of all operations in which each process keeps its own
  the state may be Some(2)
           6  Read → Some(1): would return Some(2)
violation: there is no order of all in which each process keeps its own

  event  p0 p1
      0  ■      Write(1) → None
      2  ■      Write(2) → None
      4     ■   Read → Some(2)
✗   6–7     ■   Read → Some(1)  ← the longest order ends before this

The longest order found, whenever they happened:
      0  p0  Write(1) → None  Some(1)
      2  p0  Write(2) → None  Some(2)
      4  p1  Read → Some(2)   Some(2)

Then the state is Some(2)
✗     6  p1  Read → Some(1): would return Some(2)";
    assert_eq!(lines(&text), expected.lines().collect::<Vec<_>>(), "{text}");
}

#[test]
fn failed_and_unknown_operations_and_marks_are_told_apart() {
    let mut builder = HistoryBuilder::<&str, u64>::new();
    builder
        .invoke(3, "a")
        .mark(3, "cut")
        .invoke(11, "b")
        .fail_with(3, "full")
        .info(11);
    builder.invoke(4, "c");
    let history = builder.finish().unwrap();
    let text = Timeline::new(&history).to_string();
    let expected = r#"  event  p3  p4  p11
      0  ┌            "a"
      1  ·            p3 cut
      2  │       ┌    "b"
      3  ×       │    "a" failed (full)
      4          ?    "b" → ?
      5      ┌        "c""#;
    assert_eq!(lines(&text), expected.lines().collect::<Vec<_>>(), "{text}");
}

#[test]
fn a_long_history_is_shown_about_the_violation() {
    let mut builder = HistoryBuilder::new();
    builder.invoke(9, Op::Write(1_000_000));
    for value in 0..50_000 {
        builder
            .invoke(value % 4, Op::Write(value))
            .ok(value % 4, None);
    }
    builder.invoke(1, Op::Read).ok(1, Some(7));
    for value in 0..50_000 {
        builder
            .invoke(value % 4, Op::Write(value))
            .ok(value % 4, None);
    }
    let history = builder.finish().unwrap();
    let model = Register::new();
    let report = check::linearizable(&model, &history, UNLIMITED);
    let text = Timeline::new(&history)
        .rows(16)
        .explain(&model, &report)
        .to_string();
    assert!(text.contains("99989 events before are left out"), "{text}");
    assert!(
        text.contains("open since event 0: p9 Write(1000000)"),
        "{text}"
    );
    assert!(text.contains("✗ 100001–100002  "), "{text}");
    assert!(text.contains("99998 events after are left out"), "{text}");
    assert!(
        text.contains("49976 operations before are left out"),
        "{text}"
    );
    assert!(text.lines().count() < 60, "{text}");
}

#[test]
fn whatever_is_in_a_history_fits_and_commands_nothing() {
    let values = [
        "\u{1b}[31m\r\n".repeat(50),
        "日本語".repeat(200),
        "e\u{301}".repeat(900),
        "\u{202e}x".into(),
    ];
    let mut builder = HistoryBuilder::new();
    for process in 0..200u64 {
        let value = values[process as usize % values.len()].clone();
        builder.invoke(process * 1_000_003, queue::Op::Enqueue(value));
    }
    builder.mark(5, "\u{1b}]0;title\u{7}".repeat(99));
    builder
        .invoke(5, queue::Op::Dequeue)
        .ok(5, queue::Ret::Value(Some("\u{9b}2J".into())));
    builder
        .invoke(6, queue::Op::Len)
        .fail_with(6, "\u{1b}c".repeat(99));
    let history = builder.finish().unwrap();
    let model = Queue::new();
    let report = check::linearizable(&model, &history, &Budget::unlimited().configurations(1000));
    for width in [0, 40, 80, 200] {
        for rows in [0, 1, 7, 1000] {
            let timeline = Timeline::new(&history).width(width).rows(rows);
            let text = timeline.explain(&model, &report).to_string();
            for line in text.lines() {
                assert!(columns(line) <= width.max(40), "{width}: {line:?}");
                assert!(
                    !line.chars().any(|c| c.is_control() || c == '\u{202e}'),
                    "{line:?}"
                );
            }
            assert!(text.lines().count() < rows.min(history.len()) + 80);
        }
    }
}

/// For what is in the test: marks take no room, and what is beyond `⺀` takes two columns.
fn columns(line: &str) -> usize {
    let width = |c: char| match c {
        '\u{300}'..='\u{36f}' => 0,
        '\u{2e80}'.. => 2,
        _ => 1,
    };
    line.chars().map(width).sum()
}

#[test]
fn colours_change_nothing_but_colours() {
    let history = HistoryBuilder::new()
        .invoke(0, Op::Write(1))
        .ok(0, None)
        .invoke(0, Op::Read)
        .ok(0, Some(2))
        .finish()
        .unwrap();
    let model = Register::new();
    let report = check::linearizable(&model, &history, UNLIMITED);
    let plain = Timeline::new(&history).explain(&model, &report).to_string();
    let painted = Timeline::new(&history)
        .explain(&model, &report)
        .paint(|role, text| match role {
            Role::Culprit => format!("<red>{text}</red>"),
            _ => format!("<b>{text}</b>"),
        });
    let painted = painted.to_string();
    assert!(painted.contains("<red>✗</red>"), "{painted}");
    let mut bare = painted;
    for tag in ["<red>", "</red>", "<b>", "</b>"] {
        bare = bare.replace(tag, "");
    }
    assert_eq!(bare, plain);
}

#[test]
fn an_empty_history_and_one_that_begins_in_the_middle_are_shown() {
    use tachograph::{Event, EventKind, History, ProcessId};
    let empty = History::<Op<u64>, Option<u64>>::new();
    assert_eq!(Timeline::new(&empty).to_string(), "  no events\n");
    let mut builder = HistoryBuilder::<Op<u64>, Option<u64>>::new();
    builder.push(Event {
        index: 40,
        process: ProcessId(2),
        time: None,
        kind: EventKind::Invoke(Op::Read),
        error: None,
    });
    builder.ok(2, None);
    let later = builder.finish().unwrap();
    let model = Register::new();
    let report = check::linearizable(&model, &later, UNLIMITED);
    let text = Timeline::new(&later).explain(&model, &report).to_string();
    assert!(text.contains("     40  ■   Read → None"), "{text}");
}
