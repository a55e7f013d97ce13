//! What must hold of any bytes that are read as EDN.

use std::io::BufReader;

use tachograph::format::{
    Options, Problem,
    edn::{self, Value},
    jsonl,
};

use crate::memory::assert_bounded;

/// The first byte says how many bytes a read returns at most; the second whether reading is lenient, and how long an event may be, which
/// is also how much is read at once; the others are the file.
pub fn run(bytes: &[u8]) {
    let [few, how, file @ ..] = bytes else {
        return;
    };
    a_value(file);
    let longest = usize::from(how / 2) * 4;
    let whole = Options::new().lenient(how % 2 == 1);
    let piecemeal = whole.clone().longest_event(longest);
    assert_bounded(
        |file| edn::Reader::new(in_pieces(*few, file), &piecemeal).for_each(drop),
        file,
        longest,
    );
    match (
        edn::read::<edn::Op>(file, &whole),
        edn::read::<edn::Op>(in_pieces(*few, file), &piecemeal),
    ) {
        (Ok(whole), Ok(piecemeal)) => {
            assert_eq!(whole, piecemeal);
            it_comes_back(whole);
        }
        (_, Err(error)) if matches!(error.problem, Problem::TooLong { .. }) => {
            assert!(
                length_at(file, error.line, error.column) > longest,
                "{error}"
            );
        }
        (Err(whole), Err(piecemeal)) => assert_eq!(whole.to_string(), piecemeal.to_string()),
        (whole, piecemeal) => panic!("{whole:?}, and piece by piece {piecemeal:?}"),
    }
}

/// So many bytes at a time, or one.
fn in_pieces(few: u8, file: &[u8]) -> BufReader<&[u8]> {
    BufReader::with_capacity(usize::from(few).max(1), file)
}

/// How many bytes it is from there to the next event or the end: what begins there has no more.
fn length_at(file: &[u8], line: u64, column: u64) -> usize {
    let next = edn::Reader::new(file, &Options::new())
        .filter_map(Result::ok)
        .map(|entry| (entry.line, entry.column))
        .find(|&next| next > (line, column));
    let end = next.map_or(file.len(), |next| offset(file, next));
    end - offset(file, (line, column))
}

/// Where the character at this line and column begins.
fn offset(file: &[u8], place: (u64, u64)) -> usize {
    let mut at = (1, 0);
    let is_there = |byte: &u8| {
        // Not within a character.
        at.1 += u64::from(byte & 0xc0 != 0x80);
        let is_there = at >= place;
        if *byte == b'\n' {
            at = (at.0 + 1, 0);
        }
        is_there
    };
    file.iter().position(is_there).unwrap_or(file.len())
}

/// What was read and written is read as the same.
fn it_comes_back(document: tachograph::format::Document<edn::Op, Value>) {
    let (mut in_edn, mut in_json) = (Vec::new(), Vec::new());
    edn::write(&mut in_edn, &document).expect("what was read can be written");
    jsonl::write(&mut in_json, &document).expect("what was read can be written");
    let options = Options::new().lenient(true);
    let from_edn =
        edn::read::<edn::Op>(&in_edn[..], &options).expect("what was written can be read");
    let from_json = jsonl::read(&in_json[..], &options).expect("what was written can be read");
    for again in [from_edn, from_json] {
        assert_eq!(again.history, document.history);
        assert_eq!(again.extra, document.extra);
        // Equal values may look different.
        let mut in_edn_again = Vec::new();
        edn::write(&mut in_edn_again, &again).expect("what was read can be written");
        assert_eq!(in_edn_again, in_edn);
    }
}

fn a_value(file: &[u8]) {
    let Some(value) = std::str::from_utf8(file)
        .ok()
        .and_then(|text| text.parse::<Value>().ok())
    else {
        return;
    };
    let printed = value.to_string();
    assert!(!printed.contains('\n'));
    assert_eq!(printed.parse::<Value>().as_ref(), Ok(&value));
    let json = serde_json::to_string(&value).expect("a value can be written as JSON");
    let again: Value = serde_json::from_str(&json).expect("what was written can be read");
    assert_eq!(again, value);
    assert_eq!(again.to_string(), printed);
}
