//! `tachograph check`

use serde_json::json;

use crate::folder::Folder;

const STALE: &str = "\
{:index 0, :process 0, :type :invoke, :f :write, :value 4}
{:index 1, :process 0, :type :ok, :f :write, :value 4}
{:index 2, :process 1, :type :invoke, :f :read, :value nil}
{:index 3, :process 1, :type :ok, :f :read, :value nil}
";

#[test]
fn check_says_a_line_a_file_and_ends_with_the_worst() {
    let folder = Folder::new("check");
    folder.write("stale.edn", STALE);
    let good = STALE.replace(":ok, :f :read, :value nil", ":ok, :f :read, :value 4");
    folder.write("good.edn", good);
    let run = folder.run("check --model register good.edn stale.edn");
    let lines: Vec<Vec<&str>> = run
        .out()
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines[0][..2], ["good.edn", "linearizable"]);
    assert!(lines[0][2].starts_with("2 operations, "), "{}", run.out());
    assert_eq!(
        lines[1],
        [
            "stale.edn",
            "violation",
            "event 3 completes Read → None (invoked at 2), which nothing explains"
        ]
    );
    assert_eq!(run.code(), 1);
    assert_eq!(folder.run("check --model cas-register good.edn").code(), 0);
    // To take effect later than it did is no matter of order alone.
    let run = folder.run("check --model register --consistency sequential stale.edn");
    assert_eq!(
        (run.out().split('\t').nth(1), run.code()),
        (Some("sequentially consistent"), 0)
    );

    let json = folder
        .run("check --model register --json stale.edn good.edn")
        .json();
    let stale = &json[0];
    assert_eq!(
        (&stale["model"], &stale["verdict"]),
        (&json!("register"), &json!("violation"))
    );
    assert_eq!(
        (&stale["events"], &stale["operations"]),
        (&json!(4), &json!(2))
    );
    assert_eq!(stale["violation"]["event"], 3);
    assert_eq!(
        stale["violation"]["explained"][0]["blocked"][0]["why"],
        "would return Some(4)"
    );
    assert!(json[1]["seconds"].is_f64() && json[1]["violation"].is_null());

    let run = folder.run("check --model counter good.edn");
    assert_eq!(run.code(), 3);
    assert!(run.err().contains("good.edn: event 0: "), "{}", run.err());
    assert_eq!(folder.run("check good.edn").code(), 3);
    assert_eq!(
        folder
            .run("check --model register --timeout soon good.edn")
            .code(),
        3
    );
}

#[test]
fn what_is_equal_in_edn_is_one_value_and_one_key() {
    let folder = Folder::new("check-equal");
    let history = |key: &str, read: &str| {
        format!(
            "{{:process 0, :type :invoke, :f :write, :value [[1 2] [[3] 0.0]]}}
             {{:process 0, :type :ok, :f :write, :value [[1 2] [[3] 0.0]]}}
             {{:process 1, :type :invoke, :f :read, :value [{key} nil]}}
             {{:process 1, :type :ok, :f :read, :value [{key} {read}]}}"
        )
    };
    folder.write("same.edn", history("(1 2)", "((3) -0.0)"));
    folder.write("stale.edn", history("(1 2)", "nil"));
    folder.write("other.edn", history("(2 1)", "nil"));
    let run = folder.run("check --model kv same.edn stale.edn other.edn");
    let verdicts: Vec<_> = run
        .out()
        .lines()
        .map(|line| line.split('\t').nth(1))
        .collect();
    let [good, bad] = [Some("linearizable"), Some("violation")];
    assert_eq!(verdicts, [good, bad, good]);
}

#[test]
fn check_reads_the_enums_of_json_lines() {
    let folder = Folder::new("check-json");
    let lines = r#"{"format":"tachograph","version":1}
{"process":0,"type":"invoke","op":{"Enqueue":1}}
{"process":1,"type":"invoke","op":"Dequeue"}
{"process":0,"type":"ok","ret":1}
{"process":1,"type":"ok","ret":1}
{"process":1,"type":"invoke","op":"Dequeue"}
{"process":1,"type":"ok","ret":1}
"#;
    folder.write("queue.jsonl", lines);
    let run = folder.run("check --model queue queue.jsonl");
    assert_eq!(run.code(), 1, "{} {}", run.out(), run.err());
    assert!(
        run.out().contains("event 5 completes Dequeue"),
        "{}",
        run.out()
    );
    // A queue with room for one, and a stack, say the same here.
    assert_eq!(
        folder
            .run("check --model queue --capacity 1 queue.jsonl")
            .code(),
        1
    );
}

/// Entries that are appended at once: the log may have any of them, in any order.
fn appends(entries: u32) -> String {
    at_once("append", 0..entries)
}

/// Operations that are all open at once, of a process each.
fn at_once(f: &str, values: impl Iterator<Item = u32> + Clone) -> String {
    let events = |kind| {
        let event = move |(process, value)| {
            format!("{{:process {process} :type :{kind} :f :{f} :value {value}}}\n")
        };
        (0..).zip(values.clone()).map(event)
    };
    events("invoke").chain(events("ok")).collect()
}

#[test]
fn check_that_runs_out_of_time_is_undecided() {
    let folder = Folder::new("check-time");
    folder.write("log.edn", appends(24));
    // To see that no order of them explains this, all have to be tried.
    let wrong = "{:process 24 :type :invoke :f :read}
        {:process 24 :type :ok :f :read :value [24]}";
    folder.write("wrong.edn", appends(24) + wrong);
    for (consistency, file) in [("linearizable", "log.edn"), ("sequential", "wrong.edn")] {
        let asked = format!("--model log --consistency {consistency} --timeout 0.001");
        let run = folder.run(&format!("check {asked} {file}"));
        assert_eq!(
            run.out(),
            format!("{file}\tunknown\tthe time of 1ms is up\n")
        );
        assert_eq!(run.code(), 2);
        let run = folder.run(&format!("explain {asked} {file}"));
        assert_eq!(run.code(), 2, "{}", run.out());
        let run = folder.run(&format!("view {asked} {file} -o page.html"));
        assert_eq!(run.code(), 2, "{}", run.err());
    }
}

#[test]
fn check_that_would_take_too_much_memory_is_undecided() {
    let folder = Folder::new("check-memory");
    // Puts of few values, in any order, and nothing that tells which.
    let puts = at_once("enqueue", (0..18).map(|n| n % 3));
    folder.write("puts.edn", puts);
    let run = folder.run("check --model queue --memory 0 puts.edn");
    let said = "puts.edn\tunknown\tit would take more than 0 bytes\n";
    assert_eq!((run.out(), run.code()), (said, 2));
    for command in ["check", "explain"] {
        let run = folder.run(&format!("{command} --model queue --memory 2 puts.edn"));
        let out = run.out();
        assert!(out.contains("it would take more than 2 MB"), "{out}");
        assert_eq!(run.code(), 2);
    }
}

#[test]
fn a_violation_counts_for_more_than_what_is_not_decided_and_bad_input_for_most() {
    let folder = Folder::new("check-worst");
    folder.write(
        "wrong.edn",
        "{:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value [1]}",
    );
    // More entries at once than can be told apart.
    folder.write("unknown.edn", appends(5000));
    folder.write("good.edn", appends(1));
    folder.write("bad.edn", "{:process");
    for (files, code) in [
        ("good.edn", 0),
        ("good.edn wrong.edn", 1),
        ("good.edn unknown.edn", 2),
        ("wrong.edn unknown.edn", 1),
        ("unknown.edn wrong.edn", 1),
        ("wrong.edn bad.edn unknown.edn", 3),
        ("bad.edn good.edn", 3),
        ("nowhere.edn wrong.edn", 3),
    ] {
        let run = folder.run(&format!("check --model log {files}"));
        assert_eq!(run.code(), code, "{files}: {} {}", run.out(), run.err());
    }
    for help in ["check --help", "check -h", "--help"] {
        let help = folder.run(help);
        assert!(help.out().contains("Exit codes:"), "{}", help.out());
        assert!(help.out().contains("open at once"), "{}", help.out());
    }
}

#[test]
fn json_has_as_much_of_a_large_state_as_the_text_has() {
    let folder = Folder::new("check-large");
    folder.write(
        "large.edn",
        STALE.replace('4', &format!("{:?}", "x".repeat(10_000))),
    );
    for command in ["check", "explain"] {
        let json = folder.run(&format!("{command} --json --model register large.edn"));
        let violation = &json.json()[0]["violation"];
        let state = violation["explained"][0]["state"].as_str().unwrap();
        assert!(
            state.starts_with("Some(") && state.ends_with("xxx…"),
            "{state}"
        );
        assert_eq!(state.chars().count(), 121);
        let text = violation["text"].as_str().unwrap();
        assert!(
            text.contains(&format!("the state may be {state}\n")),
            "{text}"
        );
    }
}

#[test]
fn json_says_of_a_file_that_is_no_history_what_it_says_of_others() {
    let folder = Folder::new("check-json-bad");
    folder.write("bad.edn", "{:process");
    folder.write("queue.edn", "{:process 0 :type :invoke :f :dequeue}");
    let arguments = "--json --model register --consistency sequential";
    for (command, file) in [
        ("check", "bad.edn"),
        ("check", "queue.edn"),
        ("check", "nowhere.edn"),
        ("explain", "bad.edn"),
    ] {
        let run = folder.run(&format!("{command} {arguments} {file}"));
        let json = &run.json()[0];
        assert_eq!(run.code(), 3);
        assert_eq!(
            (&json["file"], &json["model"], &json["consistency"]),
            (
                &json!(file),
                &json!("register"),
                &json!("sequentially consistent")
            )
        );
        assert_eq!(json["verdict"], "error");
        assert!(json["error"].is_string(), "{json}");
    }
}

#[test]
fn what_a_file_says_cannot_command_the_terminal_in_json_either() {
    let folder = Folder::new("terminal-json");
    folder.write(
        "file.edn",
        "{:process 0, :type :invoke, :f #tachograph/keyword \"\u{9b}2J\u{202e}\"}",
    );
    for command in [
        "stats --json file.edn",
        "check --json --model register file.edn",
    ] {
        let run = folder.run(command);
        assert!(
            !run.out().contains(['\u{9b}', '\u{202e}']),
            "{:?}",
            run.out()
        );
        assert!(
            !run.err().contains(['\u{9b}', '\u{202e}']),
            "{:?}",
            run.err()
        );
    }
    let json = &folder.run("stats --json file.edn").json()[0];
    assert_eq!(json["operations"]["\u{9b}2J\u{202e}"]["invoke"], 1);
    // A complaint may quote the file.
    folder.write("bad.edn", "{:process 0, :type \"\u{202e}\"}");
    for command in [
        "print --json bad.edn",
        "convert --json bad.edn out.jsonl",
        "convert --json --to jsonl bad.edn -",
    ] {
        let run = folder.run(command);
        assert_eq!(run.code(), 3);
        assert!(!run.out().contains('\u{202e}'), "{:?}", run.out());
        assert!(!run.err().contains('\u{202e}'), "{:?}", run.err());
    }
}

#[test]
fn where_nothing_was_checked_that_is_said() {
    let folder = Folder::new("nothing");
    folder.write("none.edn", "");
    let run = folder.run("check --model register none.edn");
    assert_eq!(run.code(), 0, "{run:?}");
    assert!(
        run.err()
            .contains("none.edn: there are no operations in it")
    );

    let failed = "{:index 0, :type :invoke, :process 0, :f :write, :value 1}\n\
                  {:index 1, :type :fail, :process 0, :f :write, :value 1}\n";
    folder.write("failed.edn", failed);
    let run = folder.run("check --model register failed.edn");
    assert_eq!(run.code(), 0, "{run:?}");
    assert!(run.err().contains("failed.edn: no operation in it is"));

    // Of this nothing is said, whether it was decided or not.
    folder.write("good.edn", failed.replace(":fail", ":ok"));
    for (options, code) in [("", 0), ("--timeout 0", 2)] {
        let run = folder.run(&format!("check --model register good.edn {options}"));
        assert_eq!((run.code(), run.err()), (code, ""), "{run:?}");
    }
}
