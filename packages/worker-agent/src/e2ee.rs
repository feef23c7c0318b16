//! End-to-end encryption: what opens sealed requests, each of them once.

mod replays;

use std::sync::{Mutex, PoisonError};

use secret_ai_e2ee::{E2eeError, Opened, Opener, Recipient};

use crate::agent::Identity;
use crate::error::ApiError;
use crate::keys::BootKeys;
use replays::Replays;

/// The worker's end of end-to-end encryption.
pub struct E2ee {
    opener: Opener,
    replays: Mutex<Replays>,
}

impl E2ee {
    /// For the keys of this boot.
    pub fn new(identity: &Identity, keys: &BootKeys) -> Self {
        let recipient = Recipient {
            chain_id: identity.chain_id.clone(),
            billing: identity.billing.clone(),
            worker_id: identity.worker_id.0,
            kid: keys.kid(),
        };
        E2ee {
            opener: keys.opener(&recipient),
            replays: Mutex::default(),
        }
    }

    /// Opens a request; nothing may be done for it before [`E2ee::take`].
    ///
    /// # Errors
    /// 422 if it is for another boot, 400 if it cannot be opened.
    pub fn open(&self, sealed: &[u8]) -> Result<Opened, ApiError> {
        self.opener.open(sealed).map_err(|error| match error {
            E2eeError::OtherBoot => ApiError::wrong_key(error.to_string()),
            _ => ApiError::bad_request("e2ee", error.to_string()),
        })
    }

    /// Takes in an opened request, by its sender's key and its time, that was sealed lately and never
    /// seen before.
    ///
    /// # Errors
    /// 401 if it is old or a replay, 503 if there are too many to remember.
    pub fn take(&self, enc: &[u8; 32], time: u64, now: u64) -> Result<(), ApiError> {
        let mut replays = self.replays.lock().unwrap_or_else(PoisonError::into_inner);
        replays.take(enc, time, now)
    }
}
