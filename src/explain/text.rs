//! Text that fits, and that commands no terminal.

use std::fmt::{self, Debug, Write};

use unicode_width::UnicodeWidthChar;

use crate::command::is_command;

/// As much of the value as so many columns take, with `…` for the rest.
pub(super) fn brief(value: impl Debug, columns: usize) -> String {
    fit(format_args!("{value:?}"), columns)
}

/// As much of the text as so many columns take, on one line.
pub(super) fn fit(text: fmt::Arguments<'_>, columns: usize) -> String {
    let mut fitting = Fitting {
        text: String::new(),
        left: columns,
        cut: 0,
        most: 16 + 8 * columns,
    };
    // Fails where it is full, which is well: a large value is not written out only to be cut.
    let _ = fitting.write_fmt(text);
    fitting.text
}

struct Fitting {
    text: String,
    left: usize,
    /// How long the text may be with `…` behind it.
    cut: usize,
    /// In bytes: a letter may have any number of marks upon it, which take no room on the screen.
    most: usize,
}

impl Write for Fitting {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match is_command(c) {
            true => c.escape_default().try_for_each(|c| self.push(c)),
            false => self.push(c),
        })
    }
}

impl Fitting {
    fn push(&mut self, c: char) -> fmt::Result {
        let width = c.width().unwrap_or(0);
        if width > self.left || self.text.len() > self.most {
            self.text.truncate(self.cut);
            self.text.push('…');
            return Err(fmt::Error);
        }
        self.left -= width;
        self.text.push(c);
        if self.left >= 1 {
            self.cut = self.text.len();
        }
        Ok(())
    }
}

/// How many columns the text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_no_more_columns_than_there_are() {
        for text in [
            "",
            "abc",
            "abcdefgh",
            "日本語日本語",
            "a\u{1b}[31mb",
            "e\u{301}\u{301}e",
        ] {
            for room in 1..20 {
                let fitted = fit(format_args!("{text}"), room);
                assert!(columns(&fitted) <= room, "{fitted:?} in {room}");
                assert!(!fitted.contains('\u{1b}'));
            }
        }
        assert_eq!(fit(format_args!("abcdef"), 6), "abcdef");
        assert_eq!(fit(format_args!("abcdefg"), 6), "abcde…");
        assert_eq!(fit(format_args!("日本語"), 5), "日本…");
        assert_eq!(fit(format_args!("a\nb"), 6), "a\\nb");
    }

    #[test]
    fn marks_without_width_are_not_without_bound() {
        let text = format!("e{}", "\u{301}".repeat(100_000));
        assert!(fit(format_args!("{text}"), 10).len() < 1000);
    }
}
