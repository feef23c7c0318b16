//! What a streamed answer has come to so far. It is billed when it ends, and when its client goes away.

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use crate::receipts::Proof;
use crate::serve::Work;
use crate::tally::Tally;
use crate::words::Figures;

/// What there is to bill.
pub struct Produced {
    pub work: Work,
    pub tally: Tally,
    /// Over all bytes that went out.
    pub hasher: Sha256,
}

impl Produced {
    /// What it took until now.
    pub fn figures(&mut self) -> Figures {
        self.work.figures(&mut self.tally)
    }

    /// The receipt; without one an error is in the log, and the client sees that it is missing.
    pub fn bill(self, figures: &Figures, aborted: bool) -> Option<Proof> {
        let response_sha256 = self.hasher.finalize().into();
        self.work.bill(figures, response_sha256, aborted).ok()
    }
}

/// An answer in progress. Dropped before it was billed or given up, it is billed as aborted if its client
/// has got some of it.
pub struct Running {
    produced: Option<Produced>,
    /// It is delivered whole or not at all.
    whole: bool,
}

impl Running {
    /// Nothing has come yet.
    pub fn new(produced: Produced, whole: bool) -> Self {
        Running {
            produced: Some(produced),
            whole,
        }
    }

    /// It, unless it was billed or given up.
    pub fn produced(&mut self) -> Option<&mut Produced> {
        self.produced.as_mut()
    }

    /// To bill it, or to give it up.
    pub fn take(&mut self) -> Option<Produced> {
        self.produced.take()
    }

    /// Whether it is delivered whole or not at all.
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(produced) = self.produced.take().filter(|_| !self.whole) else {
            return;
        };
        let aborted = Aborted(Some(produced));
        // Other answers on this thread do not wait until it is counted.
        match Handle::try_current() {
            Ok(handle) if aborted.is_long() => drop(handle.spawn_blocking(move || drop(aborted))),
            _ => drop(aborted),
        }
    }
}

/// Billed when it is dropped, so that also a runtime that ends and runs nothing any more bills it.
struct Aborted(Option<Produced>);

impl Aborted {
    fn is_long(&self) -> bool {
        let produced = self.0.as_ref();
        produced.is_some_and(|produced| produced.tally.is_long())
    }
}

impl Drop for Aborted {
    fn drop(&mut self) {
        if let Some(mut produced) = self.0.take() {
            let figures = produced.figures();
            produced.bill(&figures, true);
        }
    }
}
