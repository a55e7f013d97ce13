//! What must hold of any bytes that are read as JSON Lines.

use std::io::{BufReader, Read};

use tachograph::format::{
    Options, Problem,
    edn::{self, Value},
    jsonl,
};

use crate::memory::assert_bounded;

const FIRST_LINE: &[u8] = b"{\"format\":\"tachograph\",\"version\":1}\n";

/// The first byte says how many bytes a read returns at most; the second whether reading is lenient, and how long a line may be; the
/// others are the lines after the first.
pub fn run(bytes: &[u8]) {
    let [few, how, events @ ..] = bytes else {
        return;
    };
    let file = [FIRST_LINE, events].concat();
    let longest = FIRST_LINE.len() + usize::from(how / 2) * 4;
    let whole = Options::new().lenient(how % 2 == 1);
    let piecemeal = whole.clone().longest_event(longest);
    assert_bounded(
        |events| {
            let file = in_pieces(*few, FIRST_LINE.chain(events));
            jsonl::Reader::<_, edn::Op, Value>::new(file, &piecemeal).for_each(drop);
        },
        events,
        longest,
    );
    match (
        jsonl::read::<edn::Op, Value>(&file[..], &whole),
        jsonl::read::<edn::Op, Value>(in_pieces(*few, &file[..]), &piecemeal),
    ) {
        (Ok(whole), Ok(piecemeal)) => {
            assert_eq!(whole, piecemeal);
            let mut written = Vec::new();
            jsonl::write(&mut written, &whole).expect("what was read can be written");
            let again = jsonl::read::<edn::Op, Value>(&written[..], &Options::new().lenient(true))
                .expect("what was written can be read");
            assert_eq!(again.history, whole.history);
            assert_eq!(again.extra, whole.extra);
        }
        (_, Err(error)) if matches!(error.problem, Problem::TooLong { .. }) => {
            let mut lines = file.split(|&byte| byte == b'\n');
            let line = lines.nth(error.line as usize - 1).expect("it was read");
            assert!(line.len() > longest, "{error}");
        }
        (Err(whole), Err(piecemeal)) => assert_eq!(whole.to_string(), piecemeal.to_string()),
        (whole, piecemeal) => panic!("{whole:?}, and piece by piece {piecemeal:?}"),
    }
    // The file without its first line, and any bytes as the first line.
    let _ = jsonl::read::<edn::Op, Value>(bytes, &piecemeal);
}

/// So many bytes at a time, or one.
fn in_pieces<R: Read>(few: u8, file: R) -> BufReader<R> {
    BufReader::with_capacity(usize::from(few).max(1), file)
}
