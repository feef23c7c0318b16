//! The newest receipt of each session and key, kept so that anybody could hand it in, and so that
//! the next one can be compared with it.

use std::fs;
use std::path::{Path, PathBuf};

use secret_ai_interface::{Kid, SessionId};
use secret_ai_receipts::{Receipt, Signed};
use snafu::ResultExt;

use crate::error::{FileSnafu, Result};

/// A directory of receipts.
pub struct Receipts(PathBuf);

impl Receipts {
    /// Receipts below the client's data directory.
    pub fn new(data_dir: &Path) -> Self {
        Receipts(data_dir.join("receipts"))
    }

    /// The newest known receipt; none if there is no readable one.
    pub fn newest(&self, session: &SessionId, kid: &Kid) -> Option<Signed<Receipt>> {
        Signed::decode(&fs::read(self.path(session, kid)).ok()?).ok()
    }

    /// Keeps a receipt in place of an older one; answers to two questions at once may end in any order.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, receipt: &Signed<Receipt>) -> Result<()> {
        let (session, kid): (SessionId, Kid) =
            (receipt.body.session_id.into(), receipt.body.kid.into());
        let known = self.newest(&session, &kid);
        if known.is_some_and(|known| known.body.seq >= receipt.body.seq) {
            return Ok(());
        }
        let path = self.path(&session, &kid);
        let shown = path.display().to_string();
        fs::create_dir_all(&self.0).context(FileSnafu { path: &shown })?;
        let new = path.with_extension("new");
        fs::write(&new, receipt.encode()).context(FileSnafu { path: &shown })?;
        fs::rename(&new, &path).context(FileSnafu { path: &shown })
    }

    fn path(&self, session: &SessionId, kid: &Kid) -> PathBuf {
        self.0.join(format!("{session}-{kid}.receipt"))
    }
}
