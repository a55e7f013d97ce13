//! `tachograph view`

use crate::folder::{Folder, Run};

/// A client reads values in the other order than the one that wrote them: in no order of all.
pub const BACKWARDS: &str = "\
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 0, :type :invoke, :f :write, :value 2}
{:process 0, :type :ok, :f :write, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 1}
";

/// With a history that is right, and one that is not.
fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write(
        "good.edn",
        "{:process 0, :type :invoke, :f :write, :value 1, :time 10}\n\
         {:process 0, :type :ok, :f :write, :value 1, :time 20}\n",
    );
    folder.write(
        "stale.edn",
        "{:process 0, :type :invoke, :f :write, :value 1}\n\
         {:process 0, :type :ok, :f :write, :value 1}\n\
         {:process 1, :type :invoke, :f :read, :value nil}\n\
         {:process 1, :type :ok, :f :read, :value nil}\n",
    );
    folder
}

#[test]
fn view_writes_the_page_whatever_the_verdict_and_ends_with_that_of_check() {
    let folder = folder("view");
    for (arguments, code, verdict) in [
        ("good.edn --model register", 0, "linearizable"),
        ("stale.edn --model register", 1, "violation"),
        ("good.edn --model register --timeout 0", 2, "unknown"),
    ] {
        let run = folder.run(&format!("view {arguments} -o page.html"));
        assert_eq!(run.code(), code, "{arguments}: {run:?}");
        assert!(run.out().is_empty() && run.err().is_empty(), "{run:?}");
        let page = folder.read("page.html");
        assert!(page.contains(&format!("\"verdict\":\"{verdict}\"")));
        assert!(page.contains(".edn · register</title>"));
    }
    // Where times are kept, they are shown.
    let run = folder.run("view good.edn --model register -o -");
    let page = run.out();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(page.contains("null,10,20]"));
}

#[test]
fn the_page_says_what_was_asked() {
    let folder = folder("view-sequential");
    let words = ["earizable", "earization", "nothing explains"];
    for (file, code, verdict) in [
        ("stale.edn", 0, "sequentially consistent"),
        ("backwards.edn", 1, "violation"),
    ] {
        folder.write("backwards.edn", BACKWARDS);
        let run = folder.run(&format!(
            "view {file} --model register --consistency sequential -o page.html"
        ));
        assert_eq!(run.code(), code, "{run:?}");
        let page = folder.read("page.html");
        assert!(page.contains(&format!("\"verdict\":\"{verdict}\"")));
        assert!(page.contains("\"consistency\":\"sequentially consistent\""));
        // Without the script, which has words for both.
        let (page, _) = page.split_once("\"use strict\"").unwrap();
        for word in words {
            assert!(!page.contains(word), "{word}");
        }
    }
}

#[test]
fn what_cannot_be_shown_is_bad_input_and_leaves_what_was_there() {
    let folder = folder("view-bad");
    folder.write("page.html", "precious");
    for arguments in [
        "missing.edn --model register -o page.html",
        "good.edn --model counter -o page.html",
        "good.edn --model register -o missing/page.html",
        "good.edn -o page.html",
        "good.edn --model register",
        "good.edn --model register --timeout soon -o page.html",
    ] {
        let run = folder.run(&format!("view {arguments}"));
        assert_eq!(run.code(), 3, "{arguments}: {run:?}");
        assert!(run.out().is_empty() && !run.err().is_empty(), "{run:?}");
        assert_eq!(folder.read("page.html"), "precious");
    }
    let said = folder.run("view good.edn --model register -o missing/page.html");
    assert!(said.err().contains("missing/page.html"));
}

#[test]
fn the_history_is_not_written_over() {
    let folder = folder("view-over");
    let history = folder.read("good.edn");
    #[cfg(unix)]
    std::os::unix::fs::symlink("good.edn", folder.0.join("link.edn")).unwrap();
    let refused = |run: &Run| {
        assert_eq!(run.code(), 3, "{run:?}");
        assert!(run.err().contains("this is the history itself"), "{run:?}");
        assert_eq!(folder.read("good.edn"), history);
    };
    refused(&folder.run_reading("view - --model register -o good.edn", "good.edn"));
    for command in [
        "view good.edn --model register -o good.edn",
        "view good.edn --model register -o ./good.edn",
        "explain good.edn --model register -o good.edn",
        #[cfg(unix)]
        "view link.edn --model register -o good.edn",
        #[cfg(unix)]
        "view good.edn --model register -o link.edn",
        #[cfg(target_os = "linux")]
        "view good.edn --model register -o /proc/self/cwd/good.edn",
    ] {
        println!("{command}");
        refused(&folder.run(command));
    }
    // What is no file has nothing to lose.
    #[cfg(unix)]
    assert_eq!(
        folder
            .run("view /dev/null --model register -o /dev/null --format edn")
            .code(),
        0
    );
}
