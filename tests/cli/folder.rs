//! The program, run where nothing else is.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use serde_json::Value as Json;

/// A directory of its own for each test, gone at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(test: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Relaxed); // nothing but a number
        let name = format!("tachograph-{test}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub fn run(&self, arguments: &str) -> Run {
        self.run_with(arguments, "")
    }

    pub fn run_with(&self, arguments: &str, input: &str) -> Run {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        self.run_command(self.command(&arguments), input)
    }

    /// What the program does with this file for its standard input, as a shell opens it.
    pub fn run_reading(&self, arguments: &str, file: &str) -> Run {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let file = File::open(self.0.join(file)).unwrap();
        Run(self.command(&arguments).stdin(file).output().unwrap())
    }

    /// What the program does where colours and other commands reach the terminal.
    pub fn run_in_colour(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        command.env("CLICOLOR_FORCE", "1");
        self.run_command(command, "")
    }

    /// What the program does when nobody reads its output any more.
    pub fn run_unread(&self, arguments: &str, input: &str) -> Run {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let mut child = self.command(&arguments).spawn().unwrap();
        // Before there is any input, so before there is any output.
        drop(child.stdout.take());
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run(child.wait_with_output().unwrap())
    }

    pub fn run_command(&self, mut command: Command, input: &str) -> Run {
        let mut child = command.spawn().unwrap();
        // Whoever does not read it may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run(child.wait_with_output().unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tachograph"));
        command
            .args(arguments)
            .current_dir(&self.0)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The names of the files in it.
    pub fn names(&self) -> Vec<String> {
        self.names_in(".")
    }

    /// The names of the files in a directory in it.
    pub fn names_in(&self, directory: &str) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let entries = fs::read_dir(self.0.join(directory)).unwrap().map(name);
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug)]
pub struct Run(pub Output);

impl Run {
    pub fn out(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).unwrap()
    }

    pub fn err(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).unwrap()
    }

    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn json(&self) -> Vec<Json> {
        let parse = |line| serde_json::from_str(line).unwrap();
        self.out().lines().map(parse).collect()
    }
}
