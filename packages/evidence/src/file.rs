//! Reading files that may be anything.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

use crate::read::FILE_LIMIT;

/// Reads a regular file of at most [`FILE_LIMIT`] bytes.
///
/// # Errors
/// What the system says; for a device, a pipe or a folder, which are not waited for; for a longer file.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let irregular = || Error::new(ErrorKind::InvalidInput, "is not a regular file");
    // Opening a pipe would wait for a writer, so this is asked first, and again of what was opened.
    if !std::fs::metadata(path)?.is_file() {
        return Err(irregular());
    }
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(irregular());
    }
    let limit = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_LIMIT {
        let problem = format!("has more than {FILE_LIMIT} bytes");
        return Err(Error::new(ErrorKind::InvalidInput, problem));
    }
    Ok(bytes)
}
