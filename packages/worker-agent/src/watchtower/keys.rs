//! Whose receipt keys are, as the registry says; asked once for each.

use std::collections::HashMap;

use secret_ai_chain_client::ChainError;
use secret_ai_interface::registry::KidInfo;
use secret_ai_interface::{Hex, Kid};

use super::{Tower, MAX_REMEMBERED};
use crate::journal::Record;
use crate::session::lock;

/// Keys in one question (worker-registry, `kids`).
const MAX_ASKED: usize = 32;

/// Keys that the registry knows.
pub type Keys = HashMap<Kid, KidInfo>;

impl Tower {
    /// The keys that signed these records; those that the registry does not know are left out.
    ///
    /// # Errors
    /// The node's.
    pub(super) async fn keys_of(&self, records: &[Record]) -> Result<Keys, ChainError> {
        let kids = records.iter().map(|record| Hex(record.receipt.body.kid));
        let (mut found, mut unknown) = (Keys::new(), Vec::new());
        for kid in kids {
            match lock(&self.keys).get(&kid).cloned() {
                Some(info) => drop(found.insert(kid, info)),
                None if unknown.contains(&kid) => {}
                None => unknown.push(kid),
            }
        }
        for some in unknown.chunks(MAX_ASKED) {
            let answers = self.chain.kids(some.to_vec()).await?;
            let mut known = lock(&self.keys);
            if known.len() >= MAX_REMEMBERED {
                known.clear();
            }
            let answers = some.iter().zip(answers);
            for (kid, info) in answers.filter_map(|(kid, info)| Some((*kid, info?))) {
                known.insert(kid, info.clone());
                found.insert(kid, info);
            }
        }
        Ok(found)
    }
}
