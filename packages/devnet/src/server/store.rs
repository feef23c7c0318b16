//! The state file: one [`Books`], kept in an embedded database that survives kill -9.
//!
//! A commit writes only the rows that differ from the commit before. It is durable before the answer
//! that depends on it leaves, and whole or absent after a crash.

use super::{
    books::{Books, Origin},
    store_read::{self, Kind},
    store_tables::{self, FORMAT},
};
use redb::{Database, DatabaseError, ReadableDatabase, StorageError};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes of pages that the database may hold in memory; the state itself is in memory anyway.
const CACHE: usize = 16 << 20;

/// Why a state file cannot be used.
#[derive(Debug, Error)]
pub enum StateError {
    #[error("state file {path}: {source}")]
    Open { path: PathBuf, source: redb::Error },
    #[error("state file {0} is in use by another process")]
    InUse(PathBuf),
    #[error("{0} is not a state file of secret-devnet")]
    NotAState(PathBuf),
    #[error("state file {path} has format {found}; this secret-devnet reads format {ours}")]
    Format {
        path: PathBuf,
        found: u64,
        ours: u64,
    },
    #[error("state file {path} is damaged: {what}")]
    Damaged { path: PathBuf, what: String },
    #[error("state file {path} holds chain {held}, not {wanted}")]
    OtherChain {
        path: PathBuf,
        held: String,
        wanted: String,
    },
    #[error("the state file cannot be written; restart secret-devnet when it can be: {0}")]
    Write(redb::Error),
}

/// What a state file held when it was opened.
pub(super) struct Held {
    pub origin: Origin,
    pub books: Books,
    /// Wall clock of the last commit, milliseconds since 1970.
    pub saved_at_ms: u64,
}

/// An open state file; no other process can open it meanwhile.
pub(super) struct Store(Database);

impl Store {
    /// Opens the file, which is made if it is missing, and reads what it holds: nothing if it is new.
    pub fn open(path: &Path, chain_id: &str) -> Result<(Self, Option<Held>), StateError> {
        let mut db = Database::builder()
            .set_cache_size(CACHE)
            .create(path)
            .map_err(|error| refused(path, error))?;
        // The whole file is read here anyway, and a damaged one must not be half believed.
        db.check_integrity().map_err(|error| refused(path, error))?;
        let held = read(path, &db)?;
        match held {
            Some(held) if held.origin.chain_id != chain_id => Err(StateError::OtherChain {
                path: path.into(),
                held: held.origin.chain_id,
                wanted: chain_id.into(),
            }),
            held => Ok((Self(db), held)),
        }
    }

    /// Writes a chain's beginning into a new file.
    pub fn begin(&self, origin: &Origin, books: &Books) -> Result<(), StateError> {
        let write = self.transaction()?;
        store_tables::put_origin(&write, origin).map_err(StateError::Write)?;
        store_tables::put_books(&write, None, books).map_err(StateError::Write)?;
        commit(write)
    }

    /// Makes the file hold `new`, given that it holds `old`.
    pub fn save(&self, old: &Books, new: &Books) -> Result<(), StateError> {
        if old == new {
            return Ok(());
        }
        let write = self.transaction()?;
        store_tables::put_books(&write, Some(old), new).map_err(StateError::Write)?;
        commit(write)
    }

    fn transaction(&self) -> Result<redb::WriteTransaction, StateError> {
        let write = self.0.begin_write();
        let mut write = write.map_err(|error| StateError::Write(error.into()))?;
        // A file that was not closed is usable at once.
        write.set_quick_repair(true);
        Ok(write)
    }
}

fn commit(write: redb::WriteTransaction) -> Result<(), StateError> {
    write
        .commit()
        .map_err(|error| StateError::Write(error.into()))
}

fn read(path: &Path, db: &Database) -> Result<Option<Held>, StateError> {
    let failed = |error| unusable(path, error);
    let read = db.begin_read().map_err(|error| failed(error.into()))?;
    match store_read::kind(&read).map_err(failed)? {
        Kind::New => Ok(None),
        Kind::Foreign => Err(StateError::NotAState(path.into())),
        Kind::State(FORMAT) => store_read::read(&read).map(Some).map_err(failed),
        Kind::State(found) => Err(StateError::Format {
            path: path.into(),
            found,
            ours: FORMAT,
        }),
    }
}

fn refused(path: &Path, error: DatabaseError) -> StateError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => StateError::InUse(path),
        // What redb says of a file that does not begin like one of its own.
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == std::io::ErrorKind::InvalidData =>
        {
            StateError::NotAState(path)
        }
        DatabaseError::UpgradeRequired(_) => StateError::NotAState(path),
        error => unusable(&path, error.into()),
    }
}

fn unusable(path: &Path, error: redb::Error) -> StateError {
    let path = path.to_owned();
    match error {
        redb::Error::Corrupted(what) => StateError::Damaged { path, what },
        source => StateError::Open { path, source },
    }
}
