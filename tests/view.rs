//! `tachograph view`, as somebody at a terminal or a script meets it.
#![cfg(feature = "cli")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

/// A directory of its own for each test, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tachograph-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let folder = Self(path);
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
        // Long enough that the time is looked at.
        let long = "{:process 0, :type :invoke, :f :write, :value 1}\n{:process 0, :type :ok, :f :write, :value 1}\n";
        folder.write("long.edn", &long.repeat(2000));
        folder
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn run(&self, arguments: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_tachograph"))
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .output()
            .unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn view_writes_the_page_whatever_the_verdict_and_ends_with_that_of_check() {
    let folder = Folder::new("view");
    for (arguments, code, verdict) in [
        ("good.edn --model register", 0, "linearizable"),
        ("stale.edn --model register", 1, "violation"),
        ("long.edn --model register --timeout 0", 2, "unknown"),
    ] {
        let run = folder.run(&format!("view {arguments} -o page.html"));
        assert_eq!(run.status.code(), Some(code), "{arguments}: {run:?}");
        assert!(run.stdout.is_empty() && run.stderr.is_empty(), "{run:?}");
        let page = folder.read("page.html");
        assert!(page.contains(&format!("\"verdict\":\"{verdict}\"")));
        assert!(page.contains(".edn · register</title>"));
    }
    // Where times are kept, they are shown.
    let page = folder.run("view good.edn --model register -o -").stdout;
    let page = String::from_utf8(page).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(page.contains("null,10,20]"));
}

#[test]
fn what_cannot_be_shown_is_bad_input_and_leaves_what_was_there() {
    let folder = Folder::new("view-bad");
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
        assert_eq!(run.status.code(), Some(3), "{arguments}: {run:?}");
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{run:?}");
        assert_eq!(folder.read("page.html"), "precious");
    }
    let said = folder.run("view good.edn --model register -o missing/page.html");
    assert!(
        String::from_utf8(said.stderr)
            .unwrap()
            .contains("missing/page.html")
    );
}
