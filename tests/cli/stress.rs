//! `tachograph stress`

use serde_json::Value as Json;
use tachograph::stress::zoo;

use crate::folder::Folder;

/// The objects that people use.
const USED: [&str; 11] = [
    "seg-queue",
    "array-queue",
    "mutex-deque",
    "channel",
    "bounded-channel",
    "mpsc",
    "mpsc-sync",
    "dashmap",
    "rwlock-map",
    "atomic-cell",
    "wide-atomic-cell",
];

/// Runs with `--json`, and returns what was said and the exit code.
fn json(folder: &Folder, arguments: &str) -> (Json, i32) {
    let run = folder.run(&format!("{arguments} --json"));
    let mut said = run.json();
    assert_eq!(said.len(), 1, "{}{}", run.out(), run.err());
    (said.remove(0), run.code())
}

fn correct() -> impl Iterator<Item = &'static str> {
    let zoo = zoo::ALL.iter().filter(|subject| !subject.is_broken);
    USED.into_iter().chain(zoo.map(|subject| subject.name))
}

#[test]
fn every_correct_object_passes() {
    let folder = Folder::new("correct");
    for object in correct() {
        let run = folder.run(&format!(
            "stress {object} --rounds 100 --seed 1 --out found"
        ));
        let said = run.out();
        assert_eq!(run.code(), 0, "{said}");
        assert!(said.starts_with(&format!("{object}: ")), "{said}");
        assert!(said.contains("100 rounds linearizable"), "{said}");
        assert!(said.contains("seed 1\ntime: "), "{said}");
    }
    assert!(folder.names_in("found").is_empty(), "nothing was found");
}

/// What `tachograph check` is to be told of the object.
fn model(object: &str) -> &'static str {
    match object {
        "broken-counter" => "counter",
        "broken-set" => "set",
        "broken-stack" => "stack",
        "broken-queue" => "queue",
        "broken-cache" => "register",
        "broken-lock" => "mutex",
        "broken-map" => "kv",
        "broken-buffer" => "queue --capacity 4",
        "broken-snapshot" => "snapshot",
        _ => panic!("which model has {object}?"),
    }
}

#[test]
fn every_broken_object_is_caught_and_what_it_did_is_kept() {
    let folder = Folder::new("broken");
    for subject in zoo::ALL.iter().filter(|subject| subject.is_broken) {
        let object = subject.name;
        let run = folder.run(&format!(
            "stress {object} --rounds 200000 --seed 7 --out found"
        ));
        let said = run.out();
        assert_eq!(run.code(), 1, "{object}: {said}");
        assert!(said.contains("← nothing explains this"), "{said}");
        assert!(said.contains(&format!("\n{object}: in round ")), "{said}");

        let written = |extension: &str| {
            let lines = said.lines();
            let files = lines.filter_map(|line| line.strip_prefix("written: "));
            let mut files = files.filter(|file| file.ends_with(extension));
            let file = files
                .next()
                .unwrap_or_else(|| panic!("no {extension}: {said}"));
            let name = format!("found/{object}-seed-7-round-");
            assert!(file.starts_with(&name), "{file}");
            file.to_owned()
        };
        let read = |file: String| folder.read(&file);
        assert!(read(written(".txt")).contains("← nothing explains this"));
        let page = read(written(".html"));
        assert!(
            page.starts_with("<!doctype html>")
                && page.contains(&format!("{object}, seed 7, round "))
        );
        assert!(page.contains("violation"), "{object}");

        let history = written(".jsonl");
        let model = model(object);
        let (check, code) = json(&folder, &format!("check {history} --model {model}"));
        assert_eq!(
            (&check["verdict"], code),
            (&"violation".into(), 1),
            "{check}"
        );
        assert_eq!(check["events"], 64, "all that the round had");
    }
    let broken = zoo::ALL.iter().filter(|subject| subject.is_broken);
    assert_eq!(folder.names_in("found").len(), 3 * broken.count());
}

#[test]
fn what_is_found_is_said_to_machines_too() {
    let folder = Folder::new("json");
    let (found, code) = json(
        &folder,
        "stress broken-counter --rounds 200000 --seed 3 --threads 2 --ops 5 --out x",
    );
    assert_eq!((&found["verdict"], code), (&"violation".into(), 1));
    for (key, value) in [
        ("object", Json::from("broken-counter")),
        ("seed", 3.into()),
        ("threads", 2.into()),
        ("ops", 5.into()),
        ("violations", 1.into()),
    ] {
        assert_eq!(found[key], value, "{key}");
    }
    let account = found["account"].as_str().unwrap();
    assert!(
        account.contains(&format!("in round {}", found["found_in_round"])),
        "{account}"
    );
    let files = found["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    for file in files {
        assert!(folder.0.join(file.as_str().unwrap()).exists(), "{file}");
    }

    let (passed, code) = json(&folder, "stress seg-queue --rounds 20 --threads 3 --ops 4");
    assert_eq!((&passed["verdict"], code), (&"linearizable".into(), 0));
    let phases = ["preparing", "waiting", "collecting", "checking"];
    let phases = phases.map(|phase| passed["phases"][phase].as_f64().unwrap());
    assert!(phases.iter().all(|&seconds| seconds > 0.0), "{phases:?}");
    assert!(phases.iter().sum::<f64>() <= passed["seconds"].as_f64().unwrap());
    assert_eq!(
        (&passed["rounds"], &passed["operations"]),
        (&20.into(), &240.into())
    );
    assert_eq!(
        (&passed["account"], &passed["files"]),
        (&Json::Null, &Json::Array(vec![]))
    );
}

#[test]
fn whoever_names_no_object_is_told_which_there_are() {
    let folder = Folder::new("list");
    let every_object_is_in = |said: &str| {
        let broken = zoo::ALL.iter().map(|subject| subject.name);
        for object in correct().chain(broken) {
            let listed = |line: &str| line.trim_start().split(' ').any(|word| word == object);
            assert!(said.lines().any(listed), "{object} is not in {said}");
        }
    };
    for (arguments, says) in [
        ("stress", "say which object"),
        ("stress seg-que", "there is no object `seg-que`"),
        ("stress --json", "say which object"),
    ] {
        let run = folder.run(arguments);
        assert_eq!(run.code(), 3, "{arguments}");
        assert!(run.out().is_empty());
        let said = run.err();
        assert!(said.contains(says), "{said}");
        every_object_is_in(said);
        assert!(!said.contains("\\n"), "{said}");
    }
    let help = folder.run("stress --help");
    assert_eq!(help.code(), 0);
    every_object_is_in(help.out());
}

#[test]
fn a_name_that_is_nearly_right_is_told_which_it_may_be() {
    let folder = Folder::new("near");
    for (object, says) in [
        ("broken-queu", "`broken-queu`: perhaps `broken-queue`\n"),
        ("seg-que", "`seg-que`: perhaps `seg-queue`\n"),
        ("dahsmap", "`dahsmap`: perhaps `dashmap`\n"),
        ("mpsx", "`mpsx`: perhaps `mpsc`\n"),
        ("mpsc-", "`mpsc-`: perhaps `mpsc` or `mpsc-sync`\n"),
        ("nothing-like-it", "`nothing-like-it`\n"),
    ] {
        let run = folder.run(&format!("stress {object}"));
        assert_eq!(run.code(), 3);
        assert!(run.err().contains(says), "{}", run.err());
    }
}

#[test]
fn what_nothing_explains_is_in_colour_on_terminals_alone() {
    let folder = Folder::new("colours");
    let arguments = ["stress", "broken-counter", "--seed", "3", "--ops", "8"];
    let plain = folder.run(&arguments.join(" "));
    assert!(!plain.out().contains('\u{1b}'), "{:?}", plain.out());
    let in_colour = folder.run_in_colour(&arguments);
    assert!(
        in_colour.out().contains("\u{1b}[1m\u{1b}[31m✗"),
        "{:?}",
        in_colour.out()
    );
    let mut command = folder.command(&arguments);
    command.env("NO_COLOR", "1");
    let run = folder.run_command(command, "");
    assert!(run.out().contains('✗') && !run.out().contains('\u{1b}'));
}

#[test]
fn one_round_is_no_rounds() {
    let folder = Folder::new("one");
    let run = folder.run("stress seg-queue --rounds 1 --threads 1 --ops 1");
    let said = run.out();
    assert!(
        said.contains("\n1 round, 1 operation, ") && said.contains("\n1 round linearizable, "),
        "{said}"
    );
    let (_, counts) = said.split_once('\n').unwrap();
    let mut lines = counts.lines().take(3);
    assert!(lines.all(|line| line.len() <= 80), "{said}");
}

#[test]
fn the_exit_code_tells_what_is_no_pass() {
    let folder = Folder::new("codes");
    for arguments in [
        "seg-queue --threads 0",
        "seg-queue --threads many",
        "seg-queue --ops 0",
        "seg-queue --seed x",
        "seg-queue --seconds -1",
        "seg-queue --no-such-option",
        "seg-queue stack",
    ] {
        let run = folder.run(&format!("stress {arguments}"));
        assert_eq!(run.code(), 3, "{arguments}");
        assert!(run.out().is_empty() && !run.err().is_empty());
    }
    let (nothing, code) = json(&folder, "stress seg-queue --rounds 0");
    assert_eq!((&nothing["verdict"], code), (&"unknown".into(), 2));
}

#[test]
fn where_nothing_can_be_written_nothing_is_run() {
    let folder = Folder::new("taken");
    // A file is where the directory should be.
    folder.write("taken", "");
    for out in ["taken", "taken/found"] {
        let run = folder.run(&format!("stress seg-queue --rounds 1 --out {out}"));
        assert_eq!(run.code(), 3);
        assert!(run.out().is_empty(), "{}", run.out());
        let says = format!("tachograph: {out}: ");
        assert!(run.err().starts_with(&says), "{}", run.err());
    }
    assert_eq!(folder.names(), ["taken"]);
}

#[test]
fn what_no_memory_holds_is_bad_input() {
    let folder = Folder::new("giant");
    for arguments in [
        "--ops 1000000000000000000",
        "--ops 4294967295",
        "--ops 99999999999999999999",
        "--threads 1000000000000000000",
        "--threads 256 --ops 100000",
        "--soak --threads 2 --ops 1000000000",
    ] {
        let run = folder.run(&format!("stress seg-queue {arguments}"));
        assert_eq!(run.code(), 3, "{arguments}");
        assert!(run.out().is_empty() && !run.err().is_empty());
    }
    let rounds = "--rounds 1000000000000000000 --seconds 0.2";
    let run = folder.run(&format!("stress seg-queue {rounds}"));
    assert_eq!(run.code(), 0, "{}", run.err());
}

#[test]
fn a_soak_is_one_long_run() {
    let folder = Folder::new("soak");
    let may_not = "queue";
    let names = || correct().filter(|name| *name != may_not);
    for object in names() {
        let (found, code) = json(
            &folder,
            &format!("stress {object} --soak --threads 2 --ops 200 --rounds 5 --seed 1"),
        );
        assert_eq!(
            (&found["verdict"], code),
            (&"linearizable".into(), 0),
            "{found}"
        );
        assert_eq!(found["linearizable"], 5, "every piece is decided: {found}");
        assert_eq!(found["replaced"], 0, "{found}");
        // The operations that settle it are recorded too.
        assert!(found["operations"].as_u64().unwrap() > 2000, "{found}");
    }
    let soaks = |subject: &&zoo::Subject| subject.is_broken && subject.soaks;
    let soaks = zoo::ALL.iter().filter(soaks);
    for subject in soaks {
        let object = subject.name;
        let (found, code) = json(
            &folder,
            &format!("stress {object} --soak --ops 100 --rounds 5000 --seed 1 --out found"),
        );
        assert_eq!(
            (&found["verdict"], code),
            (&"violation".into(), 1),
            "{found}"
        );
        assert_eq!(found["files"].as_array().unwrap().len(), 3);
    }
    for object in ["queue", "broken-map"] {
        let refused = folder.run(&format!("stress {object} --soak"));
        assert_eq!(refused.code(), 3);
        assert!(refused.err().contains("leave --soak away"));
    }
}
