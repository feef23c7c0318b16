//! From events to attributes (SNIP-52, "Decoy Notifications").

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, Attribute, Binary, Env, StdResult, Storage};

use super::cipher::{id, seal, Transaction, KEY_PREFIX};
use super::event::Event;
use super::seed::Seeds;
use crate::random::Stream;

/// Slot of 32 bytes: hash of the newest transaction that notified.
pub(super) const NOTIFIED: &[u8] = b"notified_tx";
/// The decoys' channel. As long as a real one for all that hashing costs.
const DECOY: &str = "decoy";

/// What one account is told in one message.
pub struct Note {
    /// An account that the message touches whatever happens: its seed is read even if there is
    /// nothing to tell.
    pub to: Addr,
    /// As many for all parameters of a message; `None` becomes a decoy. At most one per channel.
    pub events: Vec<Option<Event>>,
}

/// One plaintext attribute per place in `notes`, in their order. Call it once per message, on
/// success, whatever happened; add the result with `Response::add_attributes`.
///
/// Touches, in order: the secret, the slot of the newest transaction (read and write), and the seed
/// of every note's account.
pub fn attributes(
    storage: &mut dyn Storage,
    env: &Env,
    stream: &mut Stream,
    notes: &[Note],
) -> StdResult<Vec<Attribute>> {
    let seeds = Seeds::load(storage)?;
    let (tx, may_tell) = begin(storage, env)?;
    let mut told = BTreeSet::new();
    let mut attributes = Vec::new();
    for Note { to, events } in notes {
        // An account without a usable address or seed is told nothing; money must not wait for it.
        let seed = seeds.of(storage, to).ok();
        for event in events {
            let decoy = stream.next_bytes();
            let event = event
                .as_ref()
                .filter(|e| may_tell && told.insert((to.as_str(), e.channel().id)));
            let (seed, channel, data) = match (event, &seed) {
                (Some(event), Some(seed)) => (seed, event.channel().id, event.encode()?),
                _ => (&decoy, DECOY, Vec::new()),
            };
            let id = Binary(id(seed, channel, &tx)?.to_vec()).to_base64();
            let data = Binary(seal(seed, channel, &tx, data)?).to_base64();
            attributes.push(Attribute::new_plaintext(format!("{KEY_PREFIX}{id}"), data));
        }
    }
    Ok(attributes)
}

/// The transaction, and whether it is the first time that it notifies. Without a transaction (the
/// chain's own timers) nobody could find an id: there are decoys only.
fn begin(storage: &mut dyn Storage, env: &Env) -> StdResult<(Transaction, bool)> {
    let height = env.block.height;
    let tx = match &env.transaction {
        Some(tx) => Transaction::new(height, &tx.hash)?,
        None => Transaction::of(height, [0; 32]),
    };
    let before = storage.get(NOTIFIED);
    storage.set(NOTIFIED, tx.hash());
    let is_new = before.as_deref() != Some(tx.hash().as_slice());
    Ok((tx, is_new && env.transaction.is_some()))
}
