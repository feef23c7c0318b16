//! Private push notifications (SNIP-52, revision 2, txhash mode).
//!
//! A notification is a public attribute of a transaction that says nothing to anybody but one
//! account: its key is `snip52:` and an id, its value an encrypted event. Id and key come from the
//! account's *seed*, which the account asks the contract for once ([`channel_info`]); it then looks
//! for its id in every transaction of the contract.
//!
//! Two rules keep observers blind:
//! * a message always makes the same number of attributes, all of one size ([`attributes`]): where
//!   nothing happened stands a decoy under a random seed, which nobody can tell from an event;
//! * ids and nonces are functions of account, channel and transaction, so an account is told one
//!   event per channel and transaction. A second one, and everything in a second message of the same
//!   transaction, becomes a decoy: an id seen twice would tie events together, and the nonce used
//!   twice would open them.
//!
//! Notifications are a convenience, so the loss is bearable: queries tell everything.

mod attributes;
mod cbor;
mod cipher;
mod event;
mod query;
mod seed;

pub use attributes::{attributes, Note};
pub use cipher::{id, open, Seed, Transaction, DATA_SIZE, KEY_PREFIX};
pub use event::{
    Channel, Event, BILLING_CHANNELS, DEPOSIT_CREDITED, EARNINGS_CREDITED, LOW_BALANCE,
    REWARDS_CHANNELS, SESSION_ENDED,
};
pub use query::{channel_info, channel_info_by_key, list_channels};
pub use seed::{make_secret, seed_of, seed_sign_bytes, update_seed};
