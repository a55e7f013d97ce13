//! Characters that do something. Compiled into the library and into the command line: what either shows is harmless in
//! the same way.

/// Whether a terminal or a page may do something else with the character than show it: those of control, and those of
/// Unicode that end a line, turn the direction of writing, or have no width.
pub(crate) fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
