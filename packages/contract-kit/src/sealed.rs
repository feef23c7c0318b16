//! Sealed messages between two contracts.
//!
//! Whoever sends a transaction can decrypt every message nested in it. What a contract tells
//! another about third parties is therefore encrypted once more, under a key that only the two
//! contracts know: X25519 key pairs made of the chain's secret randomness at instantiation, public
//! keys exchanged once, payloads under ChaCha20-Poly1305 (RFC 7748, RFC 8439). A counter makes every
//! message open once and in order.
//!
//! A transaction that is reverted shows its messages all the same, and its counter is used again. So
//! the nonce is made of the payload too: two payloads never share one, and equal ones look equal.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::ChaCha20Poly1305;
use cosmwasm_std::{Env, StdError, StdResult, Storage};
use secret_ai_interface::Hex;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::random::random;
use crate::sha256;

const SECRET: &[u8] = b"sealing_secret";
const CHANNEL: &[u8] = b"sealing_channel";

/// Makes this contract's key pair; returns the public key. Call once, at instantiation.
pub fn make_keys(storage: &mut dyn Storage, env: &Env) -> StdResult<Hex<32>> {
    let secret = random(env, "sealing-key")?;
    storage.set(SECRET, &secret);
    public_key(storage)
}

/// This contract's public key.
pub fn public_key(storage: &dyn Storage) -> StdResult<Hex<32>> {
    Ok(Hex(PublicKey::from(&own_secret(storage)?).to_bytes()))
}

/// Agrees on the key shared with the peer whose public key this is. Fails for a public key that
/// contributes nothing (RFC 7748, section 6.1).
pub fn open_channel(storage: &mut dyn Storage, peer: &Hex<32>) -> StdResult<()> {
    let shared = own_secret(storage)?.diffie_hellman(&PublicKey::from(peer.0));
    if !shared.was_contributory() {
        return Err(StdError::generic_err("sealing_pk: not a usable x25519 key"));
    }
    let key = sha256(&[b"secret-ai/sealed/1", shared.as_bytes()]);
    let mut channel = key.to_vec();
    channel.extend_from_slice(&0u64.to_be_bytes());
    storage.set(CHANNEL, &channel);
    Ok(())
}

/// Seals the next payload: counter (8 bytes) ‖ nonce (12) ‖ ciphertext. The caller pads it to a fixed size.
/// One direction only: the sender seals, the peer opens.
pub fn seal(storage: &mut dyn Storage, payload: &[u8]) -> StdResult<Vec<u8>> {
    let (key, counter) = next(storage)?;
    let counter = counter.to_be_bytes();
    let nonce = nonce(&key, &counter, payload);
    let (msg, aad) = (payload, counter.as_slice());
    let sealed = ChaCha20Poly1305::new(&key.into())
        .encrypt(&nonce.into(), Payload { msg, aad })
        .map_err(|_| StdError::generic_err("sealed message: payload too long"))?;
    Ok([aad, &nonce, &sealed].concat())
}

/// Opens the next payload; every message opens once, in the order sealed.
pub fn open(storage: &mut dyn Storage, message: &[u8]) -> StdResult<Vec<u8>> {
    let refused = || StdError::generic_err("sealed message: refused");
    let (key, expected) = next(storage)?;
    let (counter, rest) = message.split_first_chunk::<8>().ok_or_else(refused)?;
    let (nonce, msg) = rest.split_first_chunk::<12>().ok_or_else(refused)?;
    if *counter != expected.to_be_bytes() {
        return Err(refused());
    }
    let aad = counter.as_slice();
    ChaCha20Poly1305::new(&key.into())
        .decrypt(&(*nonce).into(), Payload { msg, aad })
        .map_err(|_| refused())
}

/// Key and counter of the next message; advances the counter.
fn next(storage: &mut dyn Storage) -> StdResult<([u8; 32], u64)> {
    let missing = || StdError::generic_err("sealed message: no channel yet");
    let channel = storage.get(CHANNEL).ok_or_else(missing)?;
    let (key, counter) = channel.split_at_checked(32).ok_or_else(missing)?;
    let key: [u8; 32] = key.try_into().map_err(|_| missing())?;
    let counter = u64::from_be_bytes(counter.try_into().map_err(|_| missing())?);
    let following = counter.checked_add(1).ok_or_else(missing)?;
    let mut stored = key.to_vec();
    stored.extend_from_slice(&following.to_be_bytes());
    storage.set(CHANNEL, &stored);
    Ok((key, counter))
}

fn own_secret(storage: &dyn Storage) -> StdResult<StaticSecret> {
    let missing = || StdError::generic_err("sealing key: missing");
    let bytes = storage.get(SECRET).ok_or_else(missing)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| missing())?;
    Ok(StaticSecret::from(bytes))
}

fn nonce(key: &[u8; 32], counter: &[u8; 8], payload: &[u8]) -> [u8; 12] {
    let digest = sha256(&[b"secret-ai/sealed-nonce/1", key, counter, payload]);
    let mut nonce = [0; 12];
    nonce
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    nonce
}
