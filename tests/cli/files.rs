//! What reads, writes and counts: `stats`, `validate`, `convert` and `print`, and what is so of every command.

use std::{
    fs::{self, File},
    io::Read,
    process::Command,
};

use flate2::read::GzDecoder;
use serde_json::{Value as Json, json};

use crate::folder::{Folder, Run};

const GOOD: &str = "\
{:index 0, :time 100, :process 0, :type :invoke, :f :write, :value 4}
{:index 1, :time 300, :process 1, :type :invoke, :f :read, :value nil}
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
  duration     800ns
  longest      write of process 0, events 0 to 2, 300ns
  operation  invoke  ok  fail  info  open    p50    p90    p99  p99.9    max
  cas             1   0     1     0     0  300ns  300ns  300ns  300ns  300ns
  read            1   0     0     1     0      -      -      -      -      -
  write           1   1     0     0     0  300ns  300ns  300ns  300ns  300ns
  all             3   1     1     1     0  300ns  300ns  300ns  300ns  300ns
";
    assert_eq!((run.out(), run.code()), (expected, 0), "{}", run.err());
    let json = &folder.run("stats --json good.edn").json()[0];
    assert_eq!(
        json["kinds"],
        json!({"invoke": 3, "ok": 1, "fail": 1, "info": 1, "mark": 1})
    );
    assert_eq!(json["longest"]["latency"], 300);
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
good.edn: valid, 7 events, 3 operations, 1 mark
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
        "tachograph: garbage.edn: line 1, column 49: `}` does not close the `[` at line 1, column 47"
    );
    assert!(errors[1].starts_with("tachograph: missing.edn: "));
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
mendable.edn: valid, 3 events, 2 operations, 0 marks
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
    let expected = "tachograph: no/such/folder.edn: ";
    assert!(run.err().starts_with(expected), "{}", run.err());
    let json = &folder.run("convert --json a.edn g.jsonl").json()[0];
    assert_eq!(json["events"], 7);
}

#[test]
fn print_shows_a_table_of_what_was_selected() {
    let folder = Folder::new("print");
    folder.write("good.edn", GOOD);
    let run = folder.run("print good.edn");
    let expected = "\
index     time (s)  process  kind    operation
    0  0.000000100        0  invoke  :write 4
    1  0.000000300        1  invoke  :read nil
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
fn what_a_file_says_cannot_command_the_terminal_or_forge_a_line() {
    const COMMAND: &str = "\\u001b[2Jx\\nforged\\u009b1m\\u202e";
    const HARMLESS: &str = "\\u{1b}[2Jx\\nforged\\u{9b}1m\\u{202e}";
    let folder = Folder::new("terminal");
    let keyword = format!("#tachograph/keyword \"{COMMAND}\"");
    folder.write(
        "file.edn",
        format!(
            "{{:process 0, :type :invoke, :f {keyword}, :value {keyword}}}\n\
             {{:process 0, :type :ok, :f {keyword}, :value #tachograph/symbol \"{COMMAND}\"}}\n\
             {{:process 0, :type :invoke, :f {keyword}, :value \\u001b}}\n\
             {{:process 0, :type :info, :f {keyword}, :error \"{COMMAND}\"}}\n\
             {{:process 1, :type :invoke, :f :f, :value \"\u{9b}2J\u{202e}\"}}\n\
             {{:process :nemesis, :type :info, :f :mark, :value \"{COMMAND}\"}}\n"
        ),
    );
    // Colours are the only commands that are left.
    let check = |run: Run, lines: usize| {
        let mut out = run.out().to_owned() + run.err();
        for colour in ["0", "1", "32", "33", "35", "36"] {
            out = out.replace(&format!("\u{1b}[{colour}m"), "");
        }
        let commands = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!out.contains(commands), "{out:?}");
        assert_eq!(out.lines().count(), lines, "{out}");
        assert!(!out.lines().any(|line| line.starts_with("forged")), "{out}");
        out
    };
    let out = check(folder.run_in_colour(&["print", "file.edn"]), 7);
    assert_eq!(out.matches(HARMLESS).count(), 6, "{out}");
    let out = check(folder.run_in_colour(&["stats", "file.edn"]), 11);
    assert_eq!(out.matches(HARMLESS).count(), 2, "{out}");
    // The table is as wide as what is shown.
    let width = |line: &&str| line.chars().count();
    let widths: Vec<_> = out.lines().skip(7).map(|line| width(&line)).collect();
    assert_eq!(widths, [widths[0]; 4], "{out}");

    let name = "a\u{1b}[2J\nforged.edn";
    for arguments in [
        &["stats", name][..],
        &["validate", name],
        &["print", name],
        &["convert", name, "out.edn"],
        &[
            "convert", "file.edn", name, "--to", "edn", "--from", "jsonl",
        ],
        &["convert", "file.edn", "a\u{1b}[2J/b\nc.edn"],
    ] {
        let run = folder.run_in_colour(arguments);
        assert_eq!(run.code(), 3);
        let lines = run.err().lines().count();
        let out = check(run, lines);
        assert!(
            out.lines().all(|line| line.starts_with("tachograph: ")),
            "{out}"
        );
    }
    let run = folder.run_in_colour(&["print", "file.edn", name]);
    assert_eq!(run.code(), 3);
    assert!(!run.err().contains('\u{1b}'), "{}", run.err());
    folder.write(name, BROKEN);
    let run = folder.run_in_colour(&["validate", name]);
    let out = check(run, 2);
    assert!(out.starts_with("a\\u{1b}[2J\\nforged.edn: line 1"), "{out}");
    folder.write(name, "");
    check(folder.run_in_colour(&["validate", name]), 1);
    check(folder.run_in_colour(&["stats", name]), 6);
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new("colours");
    folder.write("good.edn", GOOD);
    assert!(!folder.run("print good.edn").out().contains('\u{1b}'));
    let run = folder.run_in_colour(&["print", "good.edn"]);
    assert!(run.out().contains("\u{1b}[32mok"));
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = Folder::new("stdin");
    let run = folder.run_with("validate -", GOOD);
    assert_eq!(
        (run.out(), run.code()),
        ("standard input: valid, 7 events, 3 operations, 1 mark\n", 0)
    );
    let run = folder.run_with("validate - --format jsonl", GOOD);
    assert_eq!(run.code(), 3);
    assert!(
        run.err()
            .starts_with("tachograph: standard input: line 1, column 1: the first line should be")
    );
    assert_eq!(
        folder.run_with("validate -", "").out(),
        "standard input: valid, 0 events, 0 operations, 0 marks\n"
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
fn a_no_stays_a_no_when_nobody_reads_it() {
    let folder = Folder::new("pipe");
    folder.write("good.edn", GOOD);
    folder.write("broken.edn", BROKEN);
    folder.write("garbage.edn", GARBAGE);
    for (arguments, input, code) in [
        ("validate -", GOOD, 0),
        ("validate -", BROKEN, 1),
        ("validate --json -", BROKEN, 1),
        ("validate - broken.edn", GOOD, 1),
        ("validate - broken.edn garbage.edn", GOOD, 3),
        ("stats -", GOOD, 0),
        ("stats - garbage.edn", GOOD, 3),
        ("stats --json - garbage.edn", GOOD, 3),
        ("print --json -", GARBAGE, 3),
        // Only of what is printed one may have seen enough.
        ("print -", GOOD, 0),
        ("print --json -", GOOD, 0),
        ("convert - - --to edn", GOOD, 3),
        ("convert - - --to jsonl", GOOD, 3),
    ] {
        let run = folder.run_unread(arguments, input);
        assert_eq!(run.code(), code, "{arguments}: {}", run.err());
        let says_so = run.err().contains("tachograph: standard output: ");
        assert_eq!(
            says_so,
            arguments.starts_with("convert"),
            "{arguments}: {}",
            run.err()
        );
    }
    // What is longer than any buffer, too.
    let long =
        "{:process 0, :type :invoke, :f :f}\n{:process 0, :type :ok, :f :f}\n".repeat(50_000);
    let run = folder.run_unread("print -", &long);
    assert_eq!((run.code(), run.err()), (0, ""));
    let run = folder.run_unread("convert - - --to jsonl", &long);
    assert_eq!(run.code(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn full_outputs_are_bad_output_and_no_panic() {
    let folder = Folder::new("full");
    folder.write("good.edn", GOOD);
    folder.write("broken.edn", BROKEN);
    folder.write("mendable.edn", BROKEN.split_once('\n').unwrap().1);
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let run = |arguments: &str, to_stdout: bool| {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let mut command = folder.command(&arguments);
        match to_stdout {
            true => command.stdout(full()),
            false => command.stderr(full()),
        };
        folder.run_command(command, "")
    };
    for (arguments, code) in [
        ("validate missing.edn", 3),
        ("validate broken.edn missing.edn", 3),
        ("validate broken.edn", 1),
        ("stats --lenient mendable.edn", 0),
        ("stats missing.edn", 3),
        ("print --lenient mendable.edn", 0),
        ("print good.edn --from 99", 0),
        ("print missing.edn", 3),
        ("convert --lenient mendable.edn - --to edn", 0),
        ("convert --json good.edn - --to edn", 0),
        ("convert --json missing.edn - --to edn", 3),
        ("convert good.edn nowhere", 3),
        ("convert good.edn /dev/full --to edn", 3),
        ("nonsense", 3),
    ] {
        assert_eq!(run(arguments, false).code(), code, "{arguments}");
    }
    for arguments in [
        "validate good.edn",
        "validate broken.edn",
        "validate --json good.edn",
        "stats good.edn",
        "print good.edn",
        "print --json good.edn",
        "convert good.edn - --to edn",
        "convert --json good.edn out.edn",
    ] {
        let run = run(arguments, true);
        let expected = "tachograph: standard output: No space left on device";
        assert!(
            run.err().starts_with(expected),
            "{arguments}: {}",
            run.err()
        );
        assert_eq!(run.code(), 3, "{arguments}");
    }
}

/// What serde writes of somebody's own types, in ways that ours would not write it.
const TYPED: &str = r#"{"format":"tachograph","version":1}
{"index":0,"process":0,"time":5,"type":"invoke","op":{"Write":4}}
{"index":1,"process":1,"type":"invoke","op":"ReadAll"}
{"index":2,"process":0,"time":9,"type":"ok","ret":null}
{"index":3,"process":1,"type":"ok","ret":[1e2, 100000000000000000000000,"~:x",{"~#set":5},{"b":1,"a":"\u0041"}]}
{"index":4,"process":2,"type":"invoke","op":{"f":"Cas","value":[1.0,2]}}
{"index":5,"time":10,"type":"mark","text":"healed"}
{"cut":{"index":6,"lost":17,"reason":"limit"}}
"#;

#[test]
fn operations_and_results_stay_as_they_are_between_json_lines() {
    let folder = Folder::new("raw");
    folder.write("a.jsonl", TYPED);
    let run = folder.run("convert a.jsonl b.jsonl");
    assert_eq!((run.code(), run.err()), (0, ""));
    assert_eq!(folder.read("b.jsonl"), TYPED);
    assert_eq!(folder.run("convert a.jsonl c.jsonl.gz").code(), 0);
    assert_eq!(folder.run("print --json c.jsonl.gz").out(), TYPED);
    assert_eq!(
        folder.run("validate a.jsonl").out(),
        "a.jsonl: valid, 6 events, 3 operations, 1 mark, \
         cut at index 6: the limit on events was reached; 17 events came after\n"
    );
    // Towards EDN they are read, and what cannot be is said.
    let run = folder.run("convert a.jsonl d.edn");
    assert_eq!(run.code(), 3);
    assert!(
        run.err().starts_with("tachograph: a.jsonl: line 5, "),
        "{}",
        run.err()
    );
    folder.write("e.jsonl", TYPED.replace(r#"{"~#set":5},"#, ""));
    assert_eq!(folder.run("convert e.jsonl e.edn").code(), 0);
    let edn = folder.read("e.edn");
    assert!(edn.contains(":f :write, :value 4}"), "{edn}");
    assert!(edn.contains(":f :read-all, :value nil}"), "{edn}");
}

#[test]
fn an_upper_case_name_compresses_too() {
    let folder = Folder::new("upper");
    folder.write("a.edn", GOOD);
    assert_eq!(folder.run("convert a.edn B.JSONL.GZ").code(), 0);
    let mut text = String::new();
    let file = File::open(folder.0.join("B.JSONL.GZ")).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().count(), 8);
    assert_eq!(folder.run("validate B.JSONL.GZ").code(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_conversion_that_fails_leaves_what_was_there() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new("replace");
    let long = "{:process 0, :type :invoke, :f :f}\n{:process 0, :type :ok, :f :f}\n".repeat(2000);
    folder.write("long.edn", &long);
    folder.write("other.jsonl", "precious");
    let before = folder.names();
    // A limit on the size of files is as good as a full disk.
    let limited = |arguments: &str| {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"trap '' XFSZ; ulimit -f 16; exec "$0" "$@""#])
            .arg(env!("CARGO_BIN_EXE_tachograph"))
            .args(arguments.split_whitespace())
            .current_dir(&folder.0);
        Run(command.output().unwrap())
    };
    for arguments in [
        "convert long.edn long.edn",
        "convert long.edn other.jsonl",
        "convert long.edn new.edn",
    ] {
        let run = limited(arguments);
        assert_eq!(run.code(), 3, "{arguments}");
        assert!(run.err().contains("File too large"), "{}", run.err());
        assert_eq!(folder.read("long.edn"), long, "{arguments}");
        assert_eq!(folder.read("other.jsonl"), "precious", "{arguments}");
        assert_eq!(folder.names(), before, "{arguments}");
    }

    // One that does not fail keeps who may read it, and a link a link.
    let path = folder.0.join("other.jsonl");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("other.jsonl", folder.0.join("link.jsonl")).unwrap();
    assert_eq!(folder.run("convert long.edn link.jsonl").code(), 0);
    assert!(folder.0.join("link.jsonl").is_symlink());
    assert_eq!(folder.read("other.jsonl").lines().count(), 4001);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(folder.names(), ["link.jsonl", "long.edn", "other.jsonl"]);

    // What is no regular file is written as it is.
    let made = Command::new("mkfifo").arg(folder.0.join("fifo")).status();
    assert!(made.unwrap().success());
    let fifo = folder.0.join("fifo");
    let reader = std::thread::spawn(move || fs::read_to_string(fifo).unwrap());
    assert_eq!(folder.run("convert long.edn fifo --to edn").code(), 0);
    assert_eq!(reader.join().unwrap().lines().count(), 4000);
    let run = folder.run("convert long.edn /dev/stdout --to edn");
    assert_eq!(run.out().lines().count(), 4000);
    let file = File::create(folder.0.join("redirected.edn")).unwrap();
    let mut command = folder.command(&["convert", "long.edn", "/dev/stdout", "--to", "edn"]);
    command.stdout(file.try_clone().unwrap());
    assert_eq!(folder.run_command(command, "").code(), 0);
    assert!(
        file.metadata().unwrap().len() > 0,
        "another file is in its place"
    );
}

#[test]
fn there_is_one_standard_input() {
    let folder = Folder::new("twice");
    for arguments in ["validate - -", "stats - -", "validate --json - -"] {
        let run = folder.run_with(arguments, GOOD);
        let expected = "tachograph: `-` is given twice, and there is one standard input\n";
        assert_eq!((run.code(), run.out(), run.err()), (3, "", expected));
    }
}

#[test]
fn machines_are_told_of_mending_and_of_cuts() {
    let folder = Folder::new("machines");
    folder.write("mendable.edn", BROKEN.split_once('\n').unwrap().1);
    for arguments in [
        "stats --json --lenient mendable.edn",
        "convert --json --lenient mendable.edn out.edn",
        "validate --json --lenient mendable.edn",
    ] {
        let run = folder.run(arguments);
        let json = &run.json()[0];
        assert_eq!(json["mended_count"], 1, "{arguments}");
        assert_eq!(
            json["mended"][0]["rule"], "silent-after-info",
            "{arguments}"
        );
        assert_eq!(json["mended"][0]["renamed"], 2, "{arguments}");
        assert_eq!(run.err(), "", "{arguments}");
    }
    let run = folder.run("print --json --lenient mendable.edn");
    assert_eq!(run.json().len(), 4);
    assert!(
        run.err()
            .starts_with("tachograph: mendable.edn: mended: line 3, "),
        "{}",
        run.err()
    );

    folder.write(
        "nemesis.edn",
        "{:index 0, :process :nemesis, :type :info, :f :kill}\n\
         {:index 0, :process :nemesis, :type :info, :f :kill}\n",
    );
    let json = &folder.run("validate --json nemesis.edn").json()[0];
    assert_eq!(json["breaches"][0]["process"], Json::Null, "{json}");
    assert!(
        json["breaches"][0]
            .as_object()
            .unwrap()
            .contains_key("process")
    );

    folder.write("cut.jsonl", TYPED.replace(r#"{"~#set":5},"#, ""));
    folder.write("good.edn", GOOD);
    for command in ["stats", "validate"] {
        let json = folder
            .run(&format!("{command} --json cut.jsonl good.edn"))
            .json();
        let cut = json!({"index": 6, "lost": 17, "reason": "limit"});
        assert_eq!(json[0]["cut"], cut, "{command}");
        assert!(
            json[1].as_object().unwrap().contains_key("cut"),
            "{command}"
        );
        assert_eq!(json[1]["cut"], Json::Null, "{command}");
        let run = folder.run(&format!("{command} cut.jsonl"));
        let expected = "at index 6: the limit on events was reached; 17 events came after\n";
        assert!(run.out().contains(expected), "{}", run.out());
    }
    assert_eq!(
        folder.run("print cut.jsonl --from 5").out().lines().last(),
        Some("cut at index 6: the limit on events was reached; 17 events came after")
    );
    // A selection that ends before the cut was not cut there.
    let last = |arguments: &str| folder.run(arguments).json().pop().unwrap();
    let cut = json!({"cut": {"index": 6, "lost": 17, "reason": "limit"}});
    assert_eq!(last("print --json cut.jsonl"), cut);
    assert_eq!(last("print --json cut.jsonl --from 2"), cut);
    assert_eq!(last("print --json cut.jsonl --to 5")["index"], 4);
    // Half an operation is printed, though it makes no history.
    let part = folder.run("print --json cut.jsonl --from 3 --to 4").json();
    assert_eq!((part.len(), &part[1]["index"]), (2, &json!(3)));
    let part = folder.run("print --json cut.jsonl --from 5");
    assert_eq!(folder.run_with("validate -", part.out()).code(), 0);
}

#[test]
fn print_says_why_it_does_not() {
    let folder = Folder::new("refused");
    folder.write("broken.edn", BROKEN);
    let run = folder.run("print broken.edn");
    let expected = "\
tachograph: broken.edn: line 1, event 0: process 0 completes, with no operation open [completion-of-invocation]
tachograph: broken.edn: line 4, event 3: process 1 goes on after its info (event 2) [silent-after-info]
";
    assert_eq!((run.code(), run.out(), run.err()), (3, "", expected));
    let json = &folder.run("print --json broken.edn").json()[0];
    assert_eq!(json["breaches"][1]["line"], 4);
}

#[test]
fn print_selects_the_marks_of_nobody_and_says_when_nothing_is_selected() {
    let folder = Folder::new("selection");
    folder.write("good.edn", GOOD);
    for arguments in [
        "print good.edn --process nemesis",
        "print good.edn --process -",
    ] {
        let run = folder.run(arguments);
        assert_eq!((run.code(), run.err()), (0, ""), "{arguments}");
        let lines: Vec<_> = run.out().lines().skip(1).collect();
        assert_eq!(lines, ["    3  0.000000500        -  mark    :kill"]);
    }
    let run = folder.run("print good.edn --process someone");
    assert_eq!(run.code(), 3);
    for arguments in [
        "print good.edn --process 7",
        "print good.edn --from 99",
        "print --json good.edn --from 99",
    ] {
        let run = folder.run(arguments);
        let expected = "tachograph: good.edn: no events selected\n";
        assert_eq!((run.code(), run.err()), (0, expected), "{arguments}");
    }
}

#[test]
fn times_have_three_digits_and_long_tables_an_end() {
    let folder = Folder::new("digits");
    let mut times = String::new();
    let shown = [
        (0_u64, "0ns"),
        (7, "7ns"),
        (581, "581ns"),
        (1_900, "1.9µs"),
        (1_234, "1.23µs"),
        (12_345_678, "12.3ms"),
        (999_600, "1ms"),
        (59_960_000_000, "60s"),
        (86_400_600_000_000, "86401s"),
    ];
    for (process, (nanos, _)) in shown.iter().enumerate() {
        for (kind, time) in [("invoke", 0), ("ok", *nanos)] {
            times +=
                &format!("{{:process {process}, :type :{kind}, :f :f{nanos}, :time {time}}}\n");
        }
    }
    folder.write("times.edn", times);
    let run = folder.run("stats times.edn");
    assert!(
        run.out().contains("  duration     86401s\n"),
        "{}",
        run.out()
    );
    assert!(
        run.out().contains("events 16 to 17, 86401s\n"),
        "{}",
        run.out()
    );
    // The percentiles are the histogram's, which has three digits of its own; short times are exact there.
    for (nanos, shown) in &shown[..5] {
        let of_this = |line: &&str| line.starts_with(&format!("  f{nanos} "));
        let line = run.out().lines().find(of_this).unwrap();
        assert!(line.ends_with(&format!(" {shown}")), "{line}");
    }

    let operation = |n: usize| {
        format!(
            "{{:process {n}, :type :invoke, :f :f{n}}}\n{{:process {n}, :type :ok, :f :f{n}}}\n"
        )
    };
    let table = |operations: usize| {
        folder.write(
            "long.edn",
            (0..operations).map(operation).collect::<String>(),
        );
        let run = folder.run("stats long.edn");
        let lines = run.out().lines().skip(7).map(str::to_owned);
        (lines.collect::<Vec<_>>(), run)
    };
    let (lines, _) = table(50);
    assert_eq!(lines.len(), 1 + 50 + 1);
    assert!(!lines.iter().any(|line| line.contains('…')));
    let (lines, run) = table(1007);
    assert_eq!(lines.len(), 1 + 50 + 1 + 1, "{}", run.out());
    assert_eq!(lines[51], "  … and 957 more");
    assert!(
        lines[52].starts_with("  all          1007  1007"),
        "{}",
        lines[52]
    );
    let widths = lines
        .iter()
        .filter(|line| !line.contains('…'))
        .map(String::len);
    assert!(
        widths.clone().all(|width| width == lines[0].len()),
        "{}",
        run.out()
    );
    let json = &folder.run("stats --json long.edn").json()[0];
    assert_eq!(json["operations"].as_object().unwrap().len(), 1007);
}

#[test]
fn help_says_what_the_codes_mean_and_what_becomes_of_types() {
    let folder = Folder::new("help");
    // Wherever the lines are wrapped.
    let help = |arguments: &str| {
        let run = folder.run(arguments);
        run.out().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = help("--help");
    assert!(
        text.contains(
            "the answer is no (`stress`, `check`, `explain`, `view`: a violation; `stress`: a panic, too; `validate`: the history breaks a rule)"
        ),
        "{text}"
    );
    let bad_input =
        "bad input: a file that cannot be read or written or is no history, or wrong arguments";
    assert!(text.contains(bad_input), "{text}");
    let text = help("convert --help");
    assert!(
        text.contains(r#"`{"Write":4}` becomes `:f :write :value 4`"#),
        "{text}"
    );
    assert!(text.contains("with its own `impl Jepsen`"), "{text}");
}

#[test]
fn a_file_in_the_other_format_is_recognised() {
    let folder = Folder::new("other");
    folder.write("good.edn", GOOD);
    assert_eq!(folder.run("convert good.edn good.jsonl").code(), 0);
    folder.write("really.jsonl", GOOD);
    folder.write("really.edn", folder.read("good.jsonl"));
    folder.write("empty.jsonl", "");
    folder.write("garbage.jsonl", "garbage");
    let edn = "tachograph: really.jsonl: it looks like EDN: try --format edn";
    let jsonl = "tachograph: really.edn: it looks like JSON Lines: try --format jsonl";
    for (arguments, expected) in [
        ("validate really.jsonl", edn),
        ("stats really.jsonl", edn),
        ("print really.jsonl", edn),
        ("validate really.edn", jsonl),
        ("stats --format edn really.edn", jsonl),
    ] {
        let run = folder.run(arguments);
        assert_eq!(run.code(), 3, "{arguments}");
        assert_eq!(run.err().lines().last(), Some(expected), "{arguments}");
    }
    let run = folder.run("convert really.jsonl out.edn");
    let expected = "tachograph: really.jsonl: it looks like EDN: try --from edn";
    assert_eq!(run.err().lines().last(), Some(expected));
    assert_eq!(
        folder.run("convert --from edn really.jsonl out.edn").code(),
        0
    );
    let json = &folder.run("validate --json really.edn").json()[0];
    assert_eq!(json["hint"], "it looks like JSON Lines: try --format jsonl");
    // What looks like neither.
    for file in ["empty.jsonl", "garbage.jsonl"] {
        let run = folder.run(&format!("validate {file}"));
        assert_eq!(
            (run.code(), run.err().lines().count()),
            (3, 1),
            "{}",
            run.err()
        );
    }
}
