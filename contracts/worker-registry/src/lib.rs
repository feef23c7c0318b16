//! Worker registry: which workers exist, what they proved about themselves, and how long that
//! holds (docs/attestation.md).
//!
//! An operator asks for a challenge, lets the TEE make evidence that contains it, and registers the
//! TEE's receipt key with it. The contract verifies everything itself, against collateral that
//! anybody brings and that it verified before. The result is a lease: a key with its operator,
//! image and platform, until a time.
//!
//! * `contract.rs` routes; one file per message beside it, with the queries that belong to it;
//! * `evidence.rs` is the list of what a quote must show, in the order in which it is checked;
//! * `standing.rs` says how keys, images and platforms fall, and `kids.rs` what a key is worth now:
//!   the worst of itself, its image and its platform, looked up at every use and never in a loop;
//! * `state.rs` names every slot once.
//!
//! Everything here is public: workers, prices and evidence concern no user.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod challenge;
mod collateral;
pub mod contract;
mod error;
mod evidence;
mod images;
mod kids;
mod listing;
mod origin;
mod platforms;
mod policy;
mod prices;
mod register;
mod renew;
mod retire;
mod revoke;
mod standing;
mod state;
mod workers;

pub use error::ContractError;
