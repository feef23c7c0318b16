//! Opens the journal's file.

use redb::{Builder, Database, DatabaseError, StorageBackend};

use crate::journal_tables::make_tables;

/// Memory for pages of the file, bytes. What does not fit is read again.
const CACHE: usize = 64 << 20;
/// Where redb's header ends and what was ever stored begins (its file format, "file layout").
const HEADER: u64 = 4_096;
/// Bytes at the start of a file that only a database has (likewise).
const MAGIC: usize = 9;

/// Opens or makes the database, with every page of it checked.
///
/// # Errors
/// The storage's, or redb's for what is no database or a damaged one.
pub fn open_database<S: StorageBackend>(
    storage: impl Fn() -> Result<S, DatabaseError>,
) -> Result<Database, redb::Error> {
    let open = || {
        Builder::new()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create_with_backend(storage()?)
    };
    let db = match open() {
        Err(DatabaseError::Storage(_)) if is_unborn(&storage()?)? => {
            storage()?.set_len(0).map_err(redb::Error::Io)?;
            open()?
        }
        other => other?,
    };
    make_tables(&db)?;
    Ok(db)
}

/// Whether a crash ended the very first opening: the file has its length, but nothing but the header
/// was ever written, and that not to its end.
fn is_unborn(storage: &impl StorageBackend) -> Result<bool, redb::Error> {
    let read = |offset, buffer: &mut [u8]| storage.read(offset, buffer).map_err(redb::Error::Io);
    let length = storage.len().map_err(redb::Error::Io)?;
    let mut magic = [0; MAGIC];
    if length < HEADER {
        return Ok(false);
    }
    read(0, &mut magic)?;
    if magic != [0; MAGIC] {
        return Ok(false);
    }
    let (mut offset, mut page) = (HEADER, [0; HEADER as usize]);
    while offset < length {
        let rest = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (piece, _) = page.split_at_mut(rest.min(HEADER as usize));
        read(offset, piece)?;
        if piece.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        offset = offset.saturating_add(HEADER);
    }
    Ok(true)
}
