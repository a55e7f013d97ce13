//! `tachograph convert`

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use tachograph::format::{Format, edn, jsonl};

use crate::{
    Verdict,
    input::{self, AnyDocument, FormatName, Reading},
    validate::failure_json,
};

/// Write a history in another format
///
/// The formats are told by the names: `.edn` is Jepsen's EDN, `.jsonl` JSON Lines, and `.gz` behind either compresses.
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

impl Convert {
    pub fn run(self) -> io::Result<Verdict> {
        let known = self.to.map(Into::into);
        let Some(to) = known.or_else(|| Format::of_path(&self.output)) else {
            eprintln!(
                "tachograph: {}: say with --to in which format to write",
                self.output.display()
            );
            return Ok(Verdict::BadInput);
        };
        let name = input::name(&self.input);
        let document = match self.reading.read(&self.input, self.from) {
            Ok(document) => document,
            Err(failure) => {
                self.say(
                    &failure_json(&name, &failure).to_string(),
                    &failure.lines(&self.input),
                )?;
                return Ok(Verdict::BadInput);
            }
        };
        for breach in document.mended.to_string().lines() {
            eprintln!("{name}: mended: {breach}");
        }
        if let Err(error) = self.write(to, &document) {
            if input::is_standard(&self.output) {
                return Err(error);
            }
            let what = format!("{}: {error}", self.output.display());
            return Err(io::Error::new(error.kind(), what));
        }
        if self.json {
            let events = document.history.len();
            let done = json!({ "input": name, "output": self.output.display().to_string(), "events": events });
            self.say(&done.to_string(), "")?;
        }
        Ok(Verdict::Fine)
    }

    /// Says something where it is not in the way of the history.
    fn say(&self, json: &str, text: &str) -> io::Result<()> {
        match (self.json, input::is_standard(&self.output)) {
            (true, false) => writeln!(io::stdout(), "{json}"),
            (true, true) => writeln!(io::stderr(), "{json}"),
            (false, _) => writeln!(io::stderr(), "{text}"),
        }
    }

    fn write(&self, format: Format, document: &AnyDocument) -> io::Result<()> {
        if input::is_standard(&self.output) {
            return write(io::stdout().lock(), format, document);
        }
        let file = File::create(&self.output)?;
        if self.output.extension() != Some(Path::new("gz").as_os_str()) {
            return write(file, format, document);
        }
        let mut encoder = GzEncoder::new(file, Compression::default());
        write(&mut encoder, format, document)?;
        encoder.finish().map(drop)
    }
}

fn write(output: impl Write, format: Format, document: &AnyDocument) -> io::Result<()> {
    let output = BufWriter::with_capacity(256 << 10, output);
    match format {
        Format::Edn => edn::write(output, document),
        Format::JsonLines => jsonl::write(output, document),
    }
}
