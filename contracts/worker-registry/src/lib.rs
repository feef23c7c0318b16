//! Worker registry: which workers exist, what they proved about themselves, and how long that
//! holds (docs/attestation.md).
//!
//! An operator asks for a challenge, lets the TEE make evidence that contains it, and registers the
//! TEE's receipt key with it. The contract verifies everything itself, against collateral that
//! anybody brings and that it verified before. The result is a lease: a key with its operator,
//! image and platform, until a time.
//!
//! * `contract.rs` routes; one file per message beside it, with the queries that belong to it;
//! * `evidence/` is the list of what evidence must show, in the order in which it is checked;
//! * `collateral/` keeps what vendors publish, `certificates.rs` what of it was verified one by one;
//! * `standing.rs` says how keys, images and platforms fall, and `kids.rs` what a key is worth now:
//!   the worst of itself and what it stands on, looked up at every use and never in a loop;
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

mod certificates;
mod challenge;
mod collateral;
pub mod contract;
mod devices;
mod error;
mod evidence;
mod goldens;
mod heartbeat;
#[cfg(feature = "host-dcap")]
mod host_dcap;
#[cfg(feature = "host-dcap")]
mod host_path;
mod images;
mod kids;
mod listing;
mod platforms;
mod policy;
mod policy_row;
mod prices;
mod register;
mod renew;
mod retire;
mod revoke;
mod roots;
mod signature;
mod stage;
mod standing;
mod state;
mod workers;

pub use error::ContractError;
