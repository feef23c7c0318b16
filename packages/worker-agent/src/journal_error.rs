//! What can be wrong with the journal, in words that tell an operator what to do.

use std::path::{Path, PathBuf};

use snafu::Snafu;

/// The journal cannot be read or written.
#[derive(Debug, Snafu)]
pub enum JournalError {
    #[snafu(display(
        "journal {}: another agent has it open; each agent needs a data_dir of its own",
        path.display()
    ))]
    InUse { path: PathBuf },
    #[snafu(display(
        "journal {}: the file is damaged ({what}); nothing of it was changed, see docs/durability.md",
        path.display()
    ))]
    Damaged { path: PathBuf, what: String },
    #[snafu(display("journal {}: {source}", path.display()))]
    File { path: PathBuf, source: redb::Error },
    #[snafu(transparent)]
    Database { source: redb::Error },
    #[snafu(display("journal: a record is damaged"))]
    Record,
    #[snafu(display(
        "journal: {receipts} receipts wait for the disk, the oldest for {waits_ms} ms"
    ))]
    Behind { receipts: usize, waits_ms: u64 },
    #[snafu(display("journal: nothing is written any more after an earlier failure"))]
    Closed,
}

impl JournalError {
    /// Why the journal at `path` could not be opened.
    pub(crate) fn at(path: &Path, source: redb::Error) -> Self {
        let path = path.to_owned();
        let what = match &source {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                return JournalError::InUse { path };
            }
            redb::Error::Corrupted(what) => what.clone(),
            redb::Error::Io(error) if is_bad_content(error) => error.to_string(),
            redb::Error::RepairAborted | redb::Error::UpgradeRequired(_) => source.to_string(),
            _ => return JournalError::File { path, source },
        };
        JournalError::Damaged { path, what }
    }
}

/// The file is no journal, or shorter than it says.
fn is_bad_content(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    matches!(error.kind(), InvalidData | UnexpectedEof)
}
