//! `challenge`: the random bytes that evidence must contain, so that it is fresh and of nobody
//! else.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use secret_ai_contract_kit::random::random;
use secret_ai_contract_kit::{padding, row, sha256};
use secret_ai_interface::registry::ChallengeAnswer;
use secret_ai_interface::{Digest, Hex, PublicKey};

use crate::error::ContractError;
use crate::state::{self, challenge_slot, Challenge, Counters, COUNTERS};

pub fn challenge(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    receipt_pk: PublicKey,
    tls_spki_sha256: Digest,
) -> Result<Response, ContractError> {
    check_key_form(&receipt_pk)?;
    let counters = state::counters(deps.storage)?;
    let number = counters.challenges.wrapping_add(1);
    row::save(
        deps.storage,
        COUNTERS,
        &Counters {
            challenges: number,
            ..counters
        },
    );

    let value = Hex(sha256(&[
        &random(&env, "challenge")?,
        info.sender.as_bytes(),
        &receipt_pk.0,
        &tls_spki_sha256.0,
        &number.to_be_bytes(),
    ]));
    let life = state::config(deps.storage)?.challenge_s;
    let expires_at = env.block.time.seconds().saturating_add(life);
    let slot = challenge_slot(&info.sender, &receipt_pk);
    row::save(
        deps.storage,
        &slot,
        &Challenge {
            value,
            tls_spki_sha256,
            expires_at,
        },
    );
    Ok(padding::respond(&ChallengeAnswer {
        challenge: value,
        expires_at,
    })?)
}

/// The challenge that is open for this operator and key, if it may still be used and was given for
/// this TLS key.
pub fn open(
    storage: &dyn Storage,
    now: u64,
    operator: &Addr,
    receipt_pk: &PublicKey,
    tls_spki_sha256: &Digest,
) -> Result<Challenge, ContractError> {
    let found = row::may_load::<Challenge>(storage, &challenge_slot(operator, receipt_pk))?;
    let challenge = found.ok_or(ContractError::ChallengeUnknown)?;
    if now > challenge.expires_at {
        return Err(ContractError::ChallengeExpired {
            expired: challenge.expires_at,
            now,
        });
    }
    if challenge.tls_spki_sha256 != *tls_spki_sha256 {
        return Err(ContractError::ChallengeTls);
    }
    Ok(challenge)
}

/// Closes the challenge: it was used.
pub fn consume(storage: &mut dyn Storage, operator: &Addr, receipt_pk: &PublicKey) {
    storage.remove(&challenge_slot(operator, receipt_pk));
}

/// Whether it is a point is for the host to say, when it verifies a signature with it.
fn check_key_form(receipt_pk: &PublicKey) -> Result<(), ContractError> {
    match receipt_pk.0 {
        [2 | 3, ..] => Ok(()),
        _ => Err(ContractError::Format {
            field: "receipt_pk",
            reason: "must begin with 02 or 03, as compressed secp256k1 keys do",
        }),
    }
}
