//! The token of a watchtower, in a file.

use std::fs;
use std::io::Read;
use std::path::Path;

/// Longest token, bytes.
const MAX: u64 = 4_096;

/// Reads a token of 1 to 4,096 bytes; white space around it does not count.
///
/// # Errors
/// What is wrong, with the file's name.
pub fn read_token(path: &Path) -> Result<String, String> {
    let name = path.display();
    let mut text = String::new();
    let file = fs::File::open(path);
    let read = file.and_then(|file| file.take(MAX.saturating_add(1)).read_to_string(&mut text));
    read.map_err(|error| format!("token_file: {name}: {error}"))?;
    let token = text.trim();
    if token.is_empty() || text.len() as u64 > MAX {
        return Err(format!(
            "token_file: {name}: must be a token of 1 to {MAX} bytes"
        ));
    }
    Ok(token.to_owned())
}
