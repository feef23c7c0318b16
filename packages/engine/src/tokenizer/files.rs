//! Files beside a model.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A `tokenizer_file` that cannot be used. The message names the file, not the field that named it.
#[derive(Debug, Error)]
pub enum TokenizerError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is longer than what is read.
    #[error("{}: longer than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes that are read.
        limit: u64,
    },
    /// The file is not what its name or its first bytes say.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

pub(super) fn malformed(path: &Path, reason: String) -> TokenizerError {
    TokenizerError::Malformed {
        path: path.into(),
        reason,
    }
}

/// A file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, TokenizerError> {
    let file = |source| TokenizerError::File {
        path: path.into(),
        source,
    };
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(file)?;
    opened
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(file)?;
    if bytes.len() as u64 > limit {
        return Err(TokenizerError::TooLarge {
            path: path.into(),
            limit,
        });
    }
    Ok(bytes)
}

/// The same, if the file is there.
pub(super) fn read_if_any(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, TokenizerError> {
    match path.exists() {
        true => read(path, limit).map(Some),
        false => Ok(None),
    }
}
