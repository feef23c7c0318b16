//! Until when receipts of a key settle, as the registry says: it may end a lease early.

use std::collections::{BTreeMap, BTreeSet};

use secret_ai_interface::registry::{KidInfo, KidStatus};
use secret_ai_interface::{Hex, Kid};

use crate::chain::Chain;
use crate::journal::Record;

/// Keys in one question (worker-registry, `kids`).
const MAX_ASKED: usize = 32;

/// What the registry said of some receipt keys.
#[derive(Clone, Debug, Default)]
pub struct Leases(BTreeMap<[u8; 20], KidInfo>);

impl Leases {
    /// Asks for `own` and the keys of these records. What cannot be learned is left out: then
    /// nothing is in a hurry because of it.
    pub async fn ask(chain: &dyn Chain, own: Kid, records: &[Record]) -> Self {
        let kids = records.iter().map(|record| record.receipt.body.kid);
        let kids: BTreeSet<[u8; 20]> = kids.chain([own.0]).collect();
        let kids: Vec<Kid> = kids.into_iter().map(Hex).collect();
        let mut known = BTreeMap::new();
        for some in kids.chunks(MAX_ASKED) {
            match chain.kids(some.to_vec()).await {
                Ok(answers) => {
                    let answers = some.iter().zip(answers);
                    known.extend(answers.filter_map(|(kid, info)| Some((kid.0, info?))));
                }
                Err(error) => tracing::warn!(%error, "the registry cannot be asked about keys"),
            }
        }
        Leases(known)
    }

    /// End of a key's lease, unix seconds of block time, if the key is not active any more.
    pub fn fallen(&self, kid: &Kid) -> Option<u64> {
        let info = self.0.get(&kid.0)?;
        (info.status != KidStatus::Active).then_some(info.lease_until)
    }

    /// Until when receipts of each key settle, unix seconds. `grace_s`: billing's. A pause of billing
    /// gives its time back to the worker, so contract time leaves no less than this.
    pub fn settle_until(&self, grace_s: u64) -> BTreeMap<[u8; 20], u64> {
        let keys = self.0.iter();
        keys.map(|(kid, info)| (*kid, info.lease_until.saturating_add(grace_s)))
            .collect()
    }
}
