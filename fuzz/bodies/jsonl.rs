//! What must hold of any bytes that are read as JSON Lines.

use std::io::BufReader;

use tachograph::format::{
    Options,
    edn::{self, Value},
    jsonl,
};

const OPTIONS: Options = Options::new().lenient(true).longest_event(4096);

/// The first byte says how many bytes a read returns at most, the others are the lines after the first.
pub fn run(bytes: &[u8]) {
    let Some((&few, events)) = bytes.split_first() else {
        return;
    };
    let file = [b"{\"format\":\"tachograph\",\"version\":1}\n", events].concat();
    let whole = jsonl::read::<edn::Op, Value>(&file[..], &OPTIONS);
    let piecemeal = BufReader::with_capacity(usize::from(few).max(1), &file[..]);
    let piecemeal = jsonl::read::<edn::Op, Value>(piecemeal, &OPTIONS);
    match (whole, piecemeal) {
        (Ok(whole), Ok(piecemeal)) => {
            assert_eq!(whole, piecemeal);
            let mut written = Vec::new();
            jsonl::write(&mut written, &whole).expect("what was read can be written");
            let again = jsonl::read::<edn::Op, Value>(&written[..], &Options::new().lenient(true))
                .expect("what was written can be read");
            assert_eq!(again.history, whole.history);
            assert_eq!(again.extra, whole.extra);
        }
        (Err(whole), Err(piecemeal)) => assert_eq!(whole.to_string(), piecemeal.to_string()),
        (whole, piecemeal) => panic!("{whole:?}, and piece by piece {piecemeal:?}"),
    }
    // The file without its first line, and any bytes as the first line.
    let _ = jsonl::read::<edn::Op, Value>(bytes, &OPTIONS);
}
