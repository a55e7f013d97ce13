//! The command line, as somebody at a terminal or a script meets it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value as Json, json};

/// A directory of its own for each test, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tachograph-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn run(&self, arguments: &str) -> Run {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &str, input: &str) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tachograph"))
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever does not read it may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run(child.wait_with_output().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Run(Output);

impl Run {
    fn out(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).unwrap()
    }

    fn err(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).unwrap()
    }

    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn json(&self) -> Vec<Json> {
        let parse = |line| serde_json::from_str(line).unwrap();
        self.out().lines().map(parse).collect()
    }
}

const GOOD: &str = "\
{:index 0, :time 100, :process 0, :type :invoke, :f :write, :value 4}
{:index 1, :time 150, :process 1, :type :invoke, :f :read, :value nil}
{:index 2, :time 400, :process 0, :type :ok, :f :write, :value 4}
{:index 3, :time 500, :process :nemesis, :type :info, :f :kill, :value nil}
{:index 4, :time 550, :process 1, :type :info, :f :read, :value nil, :error \"timed out\"}
{:index 5, :time 600, :process 2, :type :invoke, :f :cas, :value [4 5]}
{:index 6, :time 900, :process 2, :type :fail, :f :cas, :value [4 5]}
";
const BROKEN: &str = "\
{:process 0, :type :ok, :f :write, :value 4}
{:process 1, :type :invoke, :f :read}
{:process 1, :type :info, :f :read}
{:process 1, :type :invoke, :f :read}
";
const GARBAGE: &str = "{:process 0, :type :invoke, :f :write, :value [4}";

#[test]
fn stats_counts() {
    let folder = Folder::new("stats");
    folder.write("good.edn", GOOD);
    let run = folder.run("stats good.edn");
    let expected = "\
good.edn
  events       7: 3 invoke, 1 ok, 1 fail, 1 info, 1 mark
  processes    3
  operations   3, of which 0 open at the end
  concurrency  2 at most, 1.00 on average
  overlap      2 of 3 operations (66.7 %)
  duration     800.0ns
  longest      read of process 1, events 1 to 4, 400.0ns
  operation  invoke  ok  fail  info  open      p50      p90      p99    p99.9      max
  cas             1   0     1     0     0  300.0ns  300.0ns  300.0ns  300.0ns  300.0ns
  read            1   0     0     1     0        -        -        -        -        -
  write           1   1     0     0     0  300.0ns  300.0ns  300.0ns  300.0ns  300.0ns
  all             3   1     1     1     0  300.0ns  300.0ns  300.0ns  300.0ns  300.0ns
";
    assert_eq!((run.out(), run.code()), (expected, 0), "{}", run.err());
    let json = &folder.run("stats --json good.edn").json()[0];
    assert_eq!(
        json["kinds"],
        json!({"invoke": 3, "ok": 1, "fail": 1, "info": 1, "mark": 1})
    );
    assert_eq!(json["longest"]["latency"], 400);
    assert_eq!(json["operations"]["cas"]["fail"], 1);
    assert_eq!(json["duration"], 800);
}

#[test]
fn validate_says_which_event_of_which_line_breaks_which_rule() {
    let folder = Folder::new("validate");
    folder.write("good.edn", GOOD);
    folder.write("broken.edn", BROKEN);
    folder.write("garbage.edn", GARBAGE);
    let run = folder.run("validate good.edn broken.edn");
    let expected = "\
good.edn: valid, 7 events
broken.edn: line 1, event 0: process 0 completes, with no operation open [completion-of-invocation]
broken.edn: line 4, event 3: process 1 goes on after its info (event 2) [silent-after-info]
";
    assert_eq!((run.out(), run.code()), (expected, 1));

    let json = folder.run("validate --json broken.edn good.edn").json();
    assert_eq!(json[0]["valid"], false);
    assert_eq!(json[0]["breach_count"], 2);
    assert_eq!(json[0]["breaches"][1]["rule"], "silent-after-info");
    assert_eq!(json[0]["breaches"][1]["line"], 4);
    assert_eq!(json[1]["valid"], true);

    let run = folder.run("validate broken.edn garbage.edn good.edn missing.edn");
    assert_eq!(run.code(), 3);
    assert!(run.out().contains("good.edn: valid"));
    let errors: Vec<_> = run.err().lines().collect();
    assert_eq!(
        errors[0],
        "garbage.edn: line 1, column 49: `}` does not close the `[` at line 1, column 47"
    );
    assert!(errors[1].starts_with("missing.edn: "));
    let json = &folder.run("validate --json garbage.edn").json()[0];
    assert_eq!((&json["line"], &json["column"]), (&json!(1), &json!(49)));
}

#[test]
fn lenient_reading_mends_and_says_so() {
    let folder = Folder::new("lenient");
    let mendable = BROKEN.split_once('\n').unwrap().1;
    folder.write("mendable.edn", mendable);
    assert_eq!(folder.run("validate mendable.edn").code(), 1);
    assert_eq!(folder.run("stats mendable.edn").code(), 3);
    let run = folder.run("validate --lenient mendable.edn");
    let expected = "\
mendable.edn: mended: line 3, event 2: process 1 goes on after its info (event 1), and is process 2 from here on \
[silent-after-info]
mendable.edn: valid, 3 events
";
    assert_eq!((run.out(), run.code()), (expected, 0));
    let run = folder.run("convert --lenient --to edn mendable.edn -");
    assert!(run.out().contains(":index 2, :process 2"), "{}", run.out());
    assert!(run.err().contains("mended: line 3"), "{}", run.err());
}

#[test]
fn convert_goes_there_and_back() {
    let folder = Folder::new("convert");
    folder.write("a.edn", GOOD);
    for arguments in [
        "convert a.edn b.jsonl",
        "convert b.jsonl c.edn.gz",
        "convert c.edn.gz d.edn",
        "convert --from edn --to jsonl a.edn e",
        "convert --to edn e f",
    ] {
        let run = folder.run(arguments);
        assert_eq!(
            (run.code(), run.out(), run.err()),
            (0, "", ""),
            "{arguments}"
        );
    }
    assert!(
        folder
            .read("b.jsonl")
            .starts_with("{\"format\":\"tachograph\",\"version\":1}\n")
    );
    assert_eq!(
        fs::read(folder.0.join("c.edn.gz")).unwrap()[..2],
        [0x1f, 0x8b]
    );
    let back = folder.read("d.edn");
    assert_eq!(back.lines().count(), 7);
    assert!(back.contains(":process :nemesis, :type :info, :f :kill, :value nil}"));
    assert_eq!(folder.read("f"), back);
    let piped = folder.run_with("convert --to edn - -", &folder.read("b.jsonl"));
    assert_eq!(piped.out(), back);
    // Onto itself.
    assert_eq!(folder.run("convert d.edn d.edn").code(), 0);
    assert_eq!(folder.read("d.edn"), back);

    let run = folder.run("convert a.edn nowhere");
    assert_eq!(run.code(), 3);
    assert!(run.err().contains("say with --to"), "{}", run.err());
    let run = folder.run("convert a.edn no/such/folder.edn");
    assert_eq!(run.code(), 3);
    assert!(run.err().contains("no/such/folder.edn: "), "{}", run.err());
    let json = &folder.run("convert --json a.edn g.jsonl").json()[0];
    assert_eq!(json["events"], 7);
}

#[test]
fn print_shows_a_table_of_what_was_selected() {
    let folder = Folder::new("print");
    folder.write("good.edn", GOOD);
    let run = folder.run("print good.edn");
    let expected = "\
index         time  process  kind    operation
    0  0.000000100        0  invoke  :write 4
    1  0.000000150        1  invoke  :read nil
    2  0.000000400        0  ok      :write 4
    3  0.000000500        -  mark    :kill
    4  0.000000550        1  info    :read nil  timed out
    5  0.000000600        2  invoke  :cas [4 5]
    6  0.000000900        2  fail    :cas [4 5]
";
    assert_eq!((run.out(), run.code()), (expected, 0), "{}", run.err());
    let lines = |arguments: &str| {
        let run = folder.run(arguments);
        assert_eq!(run.code(), 0, "{}", run.err());
        let of_line = |line: &str| line.split_whitespace().next().unwrap().to_owned();
        run.out().lines().skip(1).map(of_line).collect::<Vec<_>>()
    };
    assert_eq!(
        lines("print good.edn --process 0 --process 2"),
        ["0", "2", "5", "6"]
    );
    assert_eq!(lines("print good.edn --from 2 --to 5"), ["2", "3", "4"]);
    assert_eq!(lines("print good.edn --from 5 --to 2"), [""; 0]);
    assert_eq!(lines("print good.edn --from 99"), [""; 0]);
    let json = folder.run("print --json good.edn --process 1").json();
    assert_eq!(json[0]["format"], "tachograph");
    assert_eq!(json[1]["op"], json!({"f": "read", "value": null}));
    assert_eq!(json[2]["error"], "timed out");
}

#[test]
fn what_a_file_says_cannot_command_the_terminal() {
    let folder = Folder::new("terminal");
    folder.write(
        "file.edn",
        "{:process 0, :type :invoke, :f :f, :value \"\u{1b}[2J\\u001b\"}\n\
         {:process 0, :type :info, :f :f, :error \"\u{1b}[2J\\nnext\"}\n",
    );
    let run = folder.run("print file.edn");
    assert!(!run.out().contains('\u{1b}'), "{:?}", run.out());
    assert_eq!(run.out().lines().count(), 3);
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new("colours");
    folder.write("good.edn", GOOD);
    let run = |force: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tachograph"));
        command.args(["print", "good.edn"]).current_dir(&folder.0);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        if force {
            command.env("CLICOLOR_FORCE", "1");
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(!run(false).contains('\u{1b}'));
    assert!(run(true).contains("\u{1b}[32mok"));
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = Folder::new("stdin");
    let run = folder.run_with("validate -", GOOD);
    assert_eq!(
        (run.out(), run.code()),
        ("standard input: valid, 7 events\n", 0)
    );
    let run = folder.run_with("validate - --format jsonl", GOOD);
    assert_eq!(run.code(), 3);
    assert!(
        run.err()
            .starts_with("standard input: line 1, column 1: the first line should be")
    );
    assert_eq!(
        folder.run_with("validate -", "").out(),
        "standard input: valid, 0 events\n"
    );
}

#[test]
fn wrong_arguments_are_bad_input() {
    let folder = Folder::new("arguments");
    for arguments in [
        "",
        "stats",
        "nonsense",
        "print a b",
        "print --from x a",
        "stats --format xml a",
    ] {
        let run = folder.run(arguments);
        assert_eq!(run.code(), 3, "{arguments}");
        assert!(!run.err().is_empty());
    }
    for arguments in ["--help", "--version", "help stats"] {
        assert_eq!(folder.run(arguments).code(), 0, "{arguments}");
    }
    assert!(folder.run("--help").out().contains("Exit codes:"));
    assert_eq!(folder.run("stats .").code(), 3);
}

#[test]
fn whoever_stops_reading_is_no_error() {
    let folder = Folder::new("pipe");
    let mut long = String::new();
    for _ in 0..50_000 {
        long += "{:process 0, :type :invoke, :f :f}\n{:process 0, :type :ok, :f :f}\n";
    }
    folder.write("long.edn", long);
    let mut child = Command::new(env!("CARGO_BIN_EXE_tachograph"))
        .args([Path::new("print"), &folder.0.join("long.edn")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}
