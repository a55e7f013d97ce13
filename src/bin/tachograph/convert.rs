//! `tachograph convert`

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::{Value as Json, json};
use tachograph::{
    Breaches,
    format::{Document, Format, edn, jsonl},
};

use crate::{
    Verdict,
    input::{self, Failure, FormatName, Reading},
    json, output,
    patience::Patience,
    say::{self, Report},
};

/// Write a history in another format
///
/// The formats are told by the names: `.edn` is Jepsen's EDN, `.jsonl` JSON Lines, and `.gz` behind either compresses.
///
/// From JSON Lines to JSON Lines, operations and results stay as they are. Typed JSON Lines become EDN by the shape that
/// serde gives to enums: `{"Write":4}` becomes `:f :write :value 4`. That is not all of Jepsen's customs, by which the
/// `:value` of a completion repeats the arguments: for these, a program writes EDN itself
/// (`tachograph::format::edn::write`), with its own `impl Jepsen`.
///
/// A regular file that is there already is replaced once the new one is written in full.
#[derive(Args)]
pub struct Convert {
    /// The file to read, or `-`
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write, or `-`
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The format to read; otherwise told by the file's name or first bytes
    #[arg(long, value_name = "FORMAT")]
    from: Option<FormatName>,
    /// The format to write; otherwise told by the file's name
    #[arg(long, value_name = "FORMAT")]
    to: Option<FormatName>,
    /// Say in JSON what was done, on the standard error if the history goes to the standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// What was written.
struct Written {
    events: usize,
    mended: Breaches,
}

impl Convert {
    pub fn run(self) -> io::Result<Verdict> {
        let known = self.to.map(Into::into);
        let Some(to) = known.or_else(|| Format::of_path(&self.output)) else {
            let what = io::Error::other("say with --to in which format to write");
            return Err(say::at(&self.output_name(), what));
        };
        let name = input::name(&self.input);
        match self.convert(to) {
            Ok(written) => {
                let Written { events, mended } =
                    written.map_err(|error| say::at(&self.output_name(), error))?;
                if self.json {
                    self.say(&json!({
                        "input": name,
                        "output": self.output.display().to_string(),
                        "events": events,
                        "mended": json::breaches(&mended),
                        "mended_count": mended.count(),
                    }))?;
                }
                Ok(Verdict::Fine)
            }
            Err(failure) => {
                match self.json {
                    true => self.say(&json::failure(&name, &failure))?,
                    false => say::complain_of(&name, failure),
                }
                Ok(Verdict::BadInput)
            }
        }
    }

    /// Apart, what is wrong with the input and what with the output.
    fn convert(&self, to: Format) -> Result<io::Result<Written>, Failure> {
        let input = self.reading.open(&self.input, self.from, "--from")?;
        Ok(match (input.format(), to) {
            // What they mean is known to the program that wrote them, and need not be to us.
            (Format::JsonLines, Format::JsonLines) => {
                self.write(input.raw()?, |to, document| jsonl::write(to, document))
            }
            (Format::Edn, Format::JsonLines) => {
                self.write(input.named()?, |to, document| jsonl::write(to, document))
            }
            (_, Format::Edn) => self.write(input.named()?, |to, document| edn::write(to, document)),
        })
    }

    fn write<O, R>(
        &self,
        document: Document<O, R>,
        write: impl FnOnce(BufWriter<&mut dyn Write>, &Document<O, R>) -> io::Result<()>,
    ) -> io::Result<Written> {
        if !self.json {
            let name = input::name(&self.input);
            say::complain_of(&format!("{name}: mended"), &document.mended);
        }
        let _patience = Patience::while_doing(&format!("{}: writing", self.output_name()));
        output::write(&self.output, |output| {
            write(BufWriter::with_capacity(256 << 10, output), &document)
        })?;
        Ok(Written {
            events: document.history.len(),
            mended: document.mended,
        })
    }

    /// Says something where it is not in the way of the history.
    fn say(&self, json: &Json) -> io::Result<()> {
        if input::is_standard(&self.output) {
            // As with complaints: where this cannot be written, nothing can be said.
            let _ = writeln!(io::stderr(), "{}", say::harmless_json(json));
            return Ok(());
        }
        Report::new().json(json)
    }

    fn output_name(&self) -> String {
        match input::is_standard(&self.output) {
            true => "standard output".into(),
            false => input::name(&self.output),
        }
    }
}
