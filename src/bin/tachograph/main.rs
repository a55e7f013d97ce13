//! The command line of tachograph: what can be done with histories in files.

mod convert;
mod input;
mod print;
mod stats;
mod validate;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  fine
  1  the answer is no: a history breaks the rules
  2  not decided
  3  bad input: a file that cannot be read or written, or wrong arguments";

/// Histories of concurrent operations: count, validate, convert and print them.
///
/// A FILE is Jepsen's EDN or tachograph's JSON Lines, perhaps compressed with gzip; `-` is the standard input.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Stats(stats::Stats),
    Validate(validate::Validate),
    Convert(convert::Convert),
    Print(print::Print),
}

/// How a command ended, the worst last: of several files, the worst counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Fine = 0,
    No = 1,
    BadInput = 3,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let verdict = match error.use_stderr() {
                true => Verdict::BadInput,
                false => Verdict::Fine,
            };
            // Where even this cannot be written, nothing can be said.
            let _ = error.print();
            return ExitCode::from(verdict as u8);
        }
    };
    let result = match arguments.command {
        Command::Stats(command) => command.run(),
        Command::Validate(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Print(command) => command.run(),
    };
    match result {
        Ok(verdict) => ExitCode::from(verdict as u8),
        // Whoever reads what we write has seen enough: `tachograph print FILE | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tachograph: {error}");
            ExitCode::from(Verdict::BadInput as u8)
        }
    }
}
