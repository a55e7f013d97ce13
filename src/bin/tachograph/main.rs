//! The command line of tachograph: what can be done with objects that are at hand, and with histories in files.

mod check;
#[path = "../../command.rs"]
mod command;
mod convert;
mod explain;
mod input;
mod json;
mod object;
mod output;
mod patience;
mod print;
mod say;
mod stats;
mod stress;
mod validate;
mod view;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  fine
  1  the answer is no (`stress`, `check`, `explain`, `view`: a violation; `stress`: a panic, too;
     `validate`: the history breaks a rule)
  2  not decided (`check`, `explain`, `view`: the time was up, or more operations are open at once
     than can be told apart; `stress`: no round was decided)
  3  bad input: a file that cannot be read or written or is no history, or wrong arguments
Of several files the worst counts: 3 before 1, 1 before 2.";

/// Histories of concurrent operations: record, check, explain, view, count, validate, convert and print them.
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
    Stress(stress::Stress),
    Check(check::Check),
    View(view::View),
    Explain(explain::Explain),
    Stats(stats::Stats),
    Validate(validate::Validate),
    Convert(convert::Convert),
    Print(print::Print),
}

/// How a command ended, the worst last: of several files, the worst counts. A violation is one whatever else is not decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Fine,
    Undecided,
    No,
    BadInput,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        Self::from(match verdict {
            Verdict::Fine => 0,
            Verdict::No => 1,
            Verdict::Undecided => 2,
            Verdict::BadInput => 3,
        })
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                say::usage(error.render());
                return Verdict::BadInput.into();
            }
            // Help, or the version. Where it cannot be written, nothing can be said.
            let _ = error.print();
            return Verdict::Fine.into();
        }
    };
    let result = match arguments.command {
        Command::Stress(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::View(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Stats(command) => command.run(),
        Command::Validate(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Print(command) => command.run(),
    };
    let verdict = result.unwrap_or_else(|error| {
        say::complain(error);
        Verdict::BadInput
    });
    verdict.into()
}
