//! What a test goes by: in the account of a finding, in the title of its page, in the names of its files.

use std::{any::type_name, fmt::Write};

use super::account;

/// So many characters of a name are in that of a file: some file systems take 255 bytes, and a character may have four.
const IN_FILES: usize = 40;

/// The name of a type, without where it is: `Mutex<VecDeque<u64>>`.
pub(super) fn of_type<T>() -> String {
    let mut name = String::new();
    for piece in
        type_name::<T>().split_inclusive(|c: char| !(c.is_alphanumeric() || "_:".contains(c)))
    {
        name.push_str(piece.rsplit("::").next().unwrap_or(piece));
    }
    name
}

/// The text on one line of bounded length, and without what would command a terminal.
pub(super) fn for_a_person(name: &str) -> String {
    account::brief(format_args!("{}", name.replace('\n', " ")))
}

/// What a file may be called everywhere, with `-` behind it if there is anything of the name. Where not all of the name is in it, a hash of
/// all is: what differs further on must not replace one another.
pub(super) fn in_files(name: &str) -> String {
    let mut safe = String::new();
    for c in name.chars().take(IN_FILES) {
        match c.is_alphanumeric() || c == '_' {
            true => safe.push(c),
            false if safe.is_empty() || safe.ends_with('-') => {}
            false => safe.push('-'),
        }
    }
    if !safe.is_empty() && !safe.ends_with('-') {
        safe.push('-');
    }
    if name.chars().nth(IN_FILES).is_some() {
        let _ = write!(safe, "{:08x}-", hash(name));
    }
    safe
}

/// FNV-1a: it is the same in every version of Rust, so a test's files keep their names.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, sync::Mutex};

    use super::*;

    #[test]
    fn types_have_short_names() {
        assert_eq!(of_type::<Mutex<VecDeque<u64>>>(), "Mutex<VecDeque<u64>>");
        assert_eq!(of_type::<(Vec<u8>, [u64; 4])>(), "(Vec<u8>, [u64; 4])");
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        for (name, file) in [
            ("broken-queue", "broken-queue-"),
            ("Mutex<VecDeque<u64>>", "Mutex-VecDeque-u64-"),
            ("../../etc/passwd", "etc-passwd-"),
            ("c:\\nul", "c-nul-"),
            (".hidden\u{1b}[31m", "hidden-31m-"),
            ("()", ""),
            ("", ""),
        ] {
            assert_eq!(in_files(name), file);
        }
        assert!(in_files(&"語".repeat(1000)).len() < 150);
    }

    // The second of two tests replaced the files of the first.
    #[test]
    fn names_that_differ_where_they_are_cut_are_told_apart() {
        let long = "a".repeat(IN_FILES);
        assert_eq!(in_files(&long), format!("{long}-"));
        let [one, other] = ["1", "2"].map(|end| in_files(&format!("{long}{end}")));
        assert_ne!(one, other);
        assert!(one.starts_with(&format!("{long}-")), "{one}");
        assert_eq!(one, in_files(&format!("{long}1")));
    }
}
