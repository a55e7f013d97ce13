//! Names of keywords, symbols and tags: which of them EDN can write, and how a reader allocates each only once.

use std::{
    borrow::Borrow,
    collections::HashSet,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    ops::Deref,
    sync::Arc,
};

/// The name of a keyword, a symbol or a tag, with its namespace if it has one: `write`, `db/id`.
///
/// A clone shares the text.
///
/// Any text can be a name, but not every name can be written in EDN: a space would end it. Clojure prints such
/// names as they are and cannot read them back. Here `Value::keyword("two words")` is printed with a tag:
///
/// | | otherwise written | read in Clojure by |
/// |---|---|---|
/// | keyword | `#tachograph/keyword "two words"` | `keyword` |
/// | symbol | `#tachograph/symbol "two words"` | `symbol` |
/// | tagged value | `#tachograph/tagged ["two words" 1]` | `(fn [[tag form]] (tagged-literal (symbol tag) form))` |
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// The tags that stand for names which EDN cannot write.
pub(super) const KEYWORD_TAG: &str = "tachograph/keyword";
pub(super) const SYMBOL_TAG: &str = "tachograph/symbol";
pub(super) const TAGGED_TAG: &str = "tachograph/tagged";

/// White space, commas among it.
pub(super) const SPACE: u8 = 1;
/// Ends whatever it follows and begins something else, or closes what is around.
pub(super) const DELIMITER: u8 = 2;
/// `#`, which ends a number, but not a name.
pub(super) const HASH: u8 = 4;
/// May not stand everywhere in a name, or nowhere.
pub(super) const ODD: u8 = 8;

/// What each byte is, of the above.
pub(super) const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'\t'..=b'\r' | 0x1c..=b' ' | b',' => SPACE,
            b'"' | b';' | b'^' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'\\' => DELIMITER,
            b'#' => HASH,
            b':' | b'/' | b'@' | b'`' | b'~' | 0..0x20 | 0x7f.. => ODD,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// Whether `:name` is a keyword.
pub(super) fn is_keyword(name: &str) -> bool {
    let seen = name
        .bytes()
        .fold(0, |seen, byte| seen | CLASS[usize::from(byte)]);
    if seen & (SPACE | DELIMITER) != 0 {
        return false;
    }
    !name.is_empty() && (seen & ODD == 0 || is_odd_keyword(name))
}

/// [`is_keyword`] for names that have more in them than letters, digits and signs.
fn is_odd_keyword(name: &str) -> bool {
    let never = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '@' | '`' | '~');
    if name.contains(never) || name.starts_with(':') || name.contains("::") {
        return false;
    }
    if name == "/" {
        return true;
    }
    // The namespace reaches to the last slash, unless that is the name itself, as in `ns//`.
    let (namespace, local) = match name.strip_suffix("//") {
        Some(namespace) => (Some(namespace), "/"),
        None => match name.rsplit_once('/') {
            Some((namespace, local)) => (Some(namespace), local),
            None => (None, name),
        },
    };
    !local.is_empty()
        && !local.ends_with(':')
        && namespace.is_none_or(|namespace| {
            !namespace.is_empty()
                && !namespace.starts_with('/')
                && !namespace.ends_with(':')
                && !local.starts_with(|c: char| c.is_ascii_digit())
        })
}

/// Whether the name, as it is, is a symbol.
pub(super) fn is_symbol(name: &str) -> bool {
    let unsigned = name.strip_prefix(['+', '-']).unwrap_or(name);
    !unsigned.starts_with(char::is_numeric)
        && !name.starts_with('#')
        && !matches!(name, "nil" | "true" | "false")
        && is_keyword(name)
}

/// Whether `#name` is a tag. Clojure looks its first character up in a table of 256.
pub(super) fn is_tag(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() && first < '\u{100}') && is_symbol(name)
}

/// The names that a reader has met, so that `:write` a million times is allocated once.
#[derive(Default)]
pub(crate) struct Names(HashSet<Name, BuildHasherDefault<Mixer>>);

impl Names {
    /// Bounds on what is remembered, so that an input cannot fill the memory with names. Others are allocated anew.
    const MAX_COUNT: usize = 4096;
    const MAX_LEN: usize = 64;

    /// The name with this text.
    pub(crate) fn get(&mut self, text: &str) -> Name {
        if let Some(name) = self.0.get(text) {
            return name.clone();
        }
        let name = Name::from(text);
        if text.len() <= Self::MAX_LEN && self.0.len() < Self::MAX_COUNT {
            self.0.insert(name.clone());
        }
        name
    }
}

/// Hashes short texts, a word at a time. Easily made to collide, which the bound on names makes bearable.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let mixed = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
            self.0 = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    /// The end of a `str`: one text alone is hashed, so that it says nothing.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_allocated_once_within_bounds() {
        let mut names = Names::default();
        let mut shared = |text: &str| Arc::ptr_eq(&names.get(text).0, &names.get(text).0);
        assert!(shared("write"));
        assert!(shared(&"x".repeat(Names::MAX_LEN)));
        assert!(!shared(&"x".repeat(Names::MAX_LEN + 1)));
        let remembered = (0..2 * Names::MAX_COUNT).filter(|n| shared(&n.to_string()));
        assert_eq!(remembered.count(), Names::MAX_COUNT - 2);
    }
}
