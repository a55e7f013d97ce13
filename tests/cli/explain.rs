//! `tachograph explain`

use serde_json::Value as Json;

use crate::{folder::Folder, view::BACKWARDS};

/// A register that is written 200 times, and read as it was long before.
fn stale() -> String {
    let mut history = String::new();
    for value in 0..200 {
        for kind in ["invoke", "ok"] {
            history += &format!("{{:process 0, :type :{kind}, :f :write, :value {value}}}\n");
        }
    }
    history += "{:process 1, :type :invoke, :f :read, :value nil}\n";
    history + "{:process 1, :type :ok, :f :read, :value 7}\n"
}

#[test]
fn a_violation_is_shown_by_a_few_operations() {
    let folder = Folder::new("violation");
    folder.write("a.edn", stale());
    let run = folder.run("explain a.edn --model register");
    assert_eq!(run.code(), 1);
    let shown = run.out();
    assert!(
        shown.starts_with("a.edn: 3 of 201 operations show it\n"),
        "{shown}"
    );
    assert!(shown.contains("← nothing explains this"), "{shown}");
    assert!(
        shown.contains("     14  ■"),
        "the numbers are those of the whole history: {shown}"
    );
    assert!(shown.lines().count() < 25, "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let in_colour = folder
        .run_in_colour(&["explain", "a.edn", "--model", "register"])
        .out()
        .to_owned();
    assert!(in_colour.contains("\u{1b}[1m\u{1b}[31m✗"), "{in_colour:?}");
}

#[test]
fn what_is_left_is_written_and_is_a_violation_too() {
    let folder = Folder::new("output");
    folder.write("a.edn", stale());
    for out in ["b.edn", "b.jsonl", "b.edn.gz"] {
        let run = folder.run(&format!("explain a.edn --model register -o {out} --json"));
        assert_eq!(run.code(), 1, "{}", run.err());
        let json = &run.json()[0];
        assert_eq!(json["verdict"], "violation");
        assert_eq!(json["shrunk"]["operations"], 3);
        assert_eq!(json["shrunk"]["indices"].as_array().unwrap().len(), 6);
        let check = folder.run(&format!("check --json --model register {out}"));
        assert_eq!(check.code(), 1, "{}", check.err());
        let json = &check.json()[0];
        assert_eq!(
            (&json["operations"], &json["events"]),
            (&3.into(), &6.into())
        );
    }
    let run = folder.run("explain a.edn --model register -o b.txt");
    assert_eq!(run.code(), 3);
    assert!(run.err().contains("b.txt: call it .edn or .jsonl"));
}

#[test]
fn what_takes_all_is_shown_from_a_later_state_on_but_written_from_the_start() {
    let folder = Folder::new("since");
    let mut counted = String::new();
    for count in 1..=20 {
        counted += "{:type :invoke :process 0 :f :add :value 1}\n{:type :ok :process 0 :f :add :value 1}\n";
        let read = if count == 20 { 19 } else { count };
        counted += &format!(
            "{{:type :invoke :process 1 :f :read :value nil}}\n{{:type :ok :process 1 :f :read :value {read}}}\n"
        );
    }
    folder.write("a.edn", counted);
    let run = folder.run("explain a.edn --model counter --json");
    assert_eq!(run.code(), 1, "{}", run.err());
    let shrunk = run.json()[0]["shrunk"].clone();
    assert_eq!(shrunk["operations"], 2, "{shrunk}");
    assert_eq!(shrunk["since"]["state"], "19", "{shrunk}");
    assert_eq!(shrunk["since"]["is_of_all"], true, "{shrunk}");
    let run = folder.run("explain a.edn --model counter -o b.edn --json");
    let shrunk = run.json()[0]["shrunk"].clone();
    assert_eq!(
        (&shrunk["operations"], &shrunk["since"]),
        (&21.into(), &serde_json::Value::Null)
    );
    assert_eq!(folder.run("check b.edn --model counter").code(), 1);
}

#[test]
fn what_breaks_sequential_consistency_is_shown_and_not_reduced() {
    let folder = Folder::new("sequential");
    folder.write("stale.edn", stale());
    folder.write("backwards.edn", BACKWARDS);
    let explain = |arguments: &str| {
        let run = format!("explain --model register --consistency sequential {arguments}");
        folder.run(&run)
    };
    let run = explain("stale.edn");
    assert_eq!(run.code(), 0);
    assert_eq!(
        run.out(),
        "stale.edn: sequentially consistent: 201 operations\n"
    );

    let run = explain("backwards.edn");
    assert_eq!(run.code(), 1);
    let shown = run.out();
    for part in [
        "backwards.edn: 4 operations, which are not reduced\n",
        "there is no order of all in which each process keeps its own",
        "✗   6–7     ■   Read → Some(1)  ← the longest order ends before this",
        "The longest order found, whenever they happened:",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("nothing explains"), "{shown}");
    let json = &explain("backwards.edn --json").json()[0];
    assert_eq!(json["consistency"], "sequentially consistent");
    assert_eq!(
        (&json["verdict"], &json["shrunk"]),
        (&"violation".into(), &Json::Null)
    );
    assert!(
        json["violation"]["text"]
            .as_str()
            .unwrap()
            .contains("does not go on")
    );

    let run = explain("backwards.edn -o less.edn");
    assert_eq!(run.code(), 3);
    assert!(run.err().contains("not reduced"), "{}", run.err());
    assert_eq!(folder.names(), ["backwards.edn", "stale.edn"]);
}

#[test]
fn the_exit_code_is_that_of_check() {
    let folder = Folder::new("codes");
    folder.write(
        "fine.edn",
        "{:process 0, :type :invoke, :f :read, :value nil}\n",
    );
    folder.write("stale.edn", stale());
    folder.write("bad.edn", "{:process 0, :type :ok, :f :read, :value nil}\n");
    folder.write(
        "other.edn",
        "{:process 0, :type :invoke, :f :push, :value 1}\n",
    );
    for (arguments, code, says) in [
        (
            "fine.edn --model register",
            0,
            "fine.edn: linearizable: 1 operations\n",
        ),
        (
            "stale.edn --model register --timeout 0",
            2,
            "stale.edn: unknown: the time of 0ns is up\n",
        ),
        ("bad.edn --model register", 3, ""),
        ("other.edn --model register", 3, ""),
        ("none.edn --model register", 3, ""),
        ("fine.edn", 3, ""),
    ] {
        let run = folder.run(&format!("explain {arguments}"));
        assert_eq!(run.code(), code, "{arguments}: {}", run.err());
        assert_eq!(run.out(), says, "{arguments}");
        assert_eq!(run.err().is_empty(), code != 3, "{arguments}");
    }
}

#[test]
fn what_a_file_says_commands_no_terminal() {
    let folder = Folder::new("terminal");
    let value = "\"\u{1b}[31m\u{202e}\u{9b}2J\"";
    let events = [
        format!("{{:process 0, :type :invoke, :f :write, :value {value}}}\n"),
        "{:process 1, :type :invoke, :f :read, :value nil}\n".into(),
        format!("{{:process 0, :type :ok, :f :write, :value {value}}}\n"),
        "{:process 1, :type :ok, :f :read, :value 2}\n".into(),
    ];
    folder.write("a.edn", events.concat());
    for arguments in [
        "explain a.edn --model register",
        "explain a.edn --model register --json",
    ] {
        let run = folder.run(arguments);
        let shown = run.out();
        let commands = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!shown.contains(commands), "{shown:?}");
    }
}
