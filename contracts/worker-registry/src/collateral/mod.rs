//! `submit_collateral`: anybody brings what a vendor publishes; the contract verifies it once and
//! keeps what evidence is compared with. What is stored is never replaced by something older, nor by
//! something under the other root.

mod nvidia;
mod snp;
mod tdx;

use cosmwasm_std::{DepsMut, Env, Response};
use secret_ai_contract_kit::padding;
use secret_ai_interface::registry::{Collateral, CollateralAnswer, RootKind};

use crate::error::ContractError;

pub use snp::{info as snp_info, load as snp_load, product};
pub use tdx::{info as tdx_info, load as tdx_load};

/// Most bytes of a certificate.
pub const MAX_CERTIFICATE: usize = 4_096;

pub fn submit(
    deps: DepsMut,
    env: Env,
    root: RootKind,
    sent: Collateral,
) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let answer: CollateralAnswer = match sent {
        Collateral::Tdx(sent) => tdx::submit(deps.storage, now, root, *sent)?,
        Collateral::Snp(sent) => snp::submit(deps.storage, now, root, *sent)?,
        Collateral::Nvidia {
            issuer,
            certificates,
        } => nvidia::submit(deps.storage, now, root, issuer, &certificates)?,
    };
    Ok(padding::respond(&answer)?)
}

/// Fails for a certificate, or another field, that is empty or larger than any genuine one.
pub fn check_size(field: &'static str, bytes: &[u8], max: usize) -> Result<(), ContractError> {
    let have = bytes.len();
    if (1..=max).contains(&have) {
        Ok(())
    } else {
        Err(ContractError::Length {
            field,
            have,
            min: 1,
            max,
        })
    }
}
