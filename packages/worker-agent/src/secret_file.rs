//! Files that hold one secret: a key or a token.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Longest file that is read, bytes.
const LONGEST: u64 = 4_096;

/// The secret in a file, without white space around it.
///
/// # Errors
/// The system's, or that there is none of 1 to 4,096 bytes.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LONGEST + 1)
        .read_to_string(&mut text)?;
    let secret = text.trim();
    if secret.is_empty() || text.len() as u64 > LONGEST {
        let message = format!("must be a key of 1 to {LONGEST} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(secret.to_owned())
}
