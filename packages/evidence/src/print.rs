//! Text from files and file names, made fit for a terminal.

use std::fmt::Write;

/// Replaces control characters, and those that reorder or break lines, by their Rust escapes: a file's
/// name or a certificate's subject must not be able to rewrite what stands on the screen.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let reorders = matches!(
            char,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        if char.is_control() || reorders {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}
