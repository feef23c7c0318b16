//! The host's signatures. Where the chain's library (libsecp256k1) and the one used here differ,
//! the chain's behaviour is kept: a signature with a high S does not verify, and a recovered
//! key comes back compressed.

use secret_cosmwasm_crypto as crypto;
use wasmi::errors::LinkerError;
use wasmi::{Caller, Linker};

use crate::engine::Runtime;
use crate::gas;
use crate::host::{charge, get, out, put, Fault, Host};

type C<'a> = Caller<'a, Host>;

const NANOS: u64 = 1_000_000_000;

const INVALID_HASH: u32 = 3;
const INVALID_SIGNATURE: u32 = 4;
const INVALID_PUBKEY: u32 = 5;
const BATCH: u32 = 7;
const GENERIC: u32 = 10;
const INVALID_PRIVATE_KEY: u32 = 1000;

/// Half of secp256k1's group order, big endian: the largest S that verifies.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Registers the cryptographic functions of module `env`.
pub fn link(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(
            "env",
            "secp256k1_verify",
            |mut c: C, hash: u32, signature: u32, key: u32| {
                out(secp256k1_verify(&mut c, hash, signature, key))
            },
        )?
        .func_wrap(
            "env",
            "secp256k1_recover_pubkey",
            |mut c: C, hash: u32, signature: u32, parameter: u32| {
                out(secp256k1_recover(&mut c, hash, signature, parameter))
            },
        )?
        .func_wrap("env", "secp256k1_sign", |mut c: C, msg: u32, key: u32| {
            out(secp256k1_sign(&mut c, msg, key))
        })?
        .func_wrap(
            "env",
            "ed25519_verify",
            |mut c: C, msg: u32, signature: u32, key: u32| {
                out(ed25519_verify(&mut c, msg, signature, key))
            },
        )?
        .func_wrap(
            "env",
            "ed25519_batch_verify",
            |mut c: C, msgs: u32, signatures: u32, keys: u32| {
                out(ed25519_batch(&mut c, msgs, signatures, keys))
            },
        )?
        .func_wrap("env", "ed25519_sign", |mut c: C, msg: u32, key: u32| {
            out(ed25519_sign(&mut c, msg, key))
        })?
        .func_wrap(
            "env",
            "dcap_quote_verify",
            |mut c: C, quote: u32, collateral: u32| out(dcap(&mut c, quote, collateral)),
        )?;
    Ok(())
}

fn secp256k1_verify(c: &mut C, hash: u32, signature: u32, key: u32) -> Result<u32, Fault> {
    charge(c, gas::SECP256K1_VERIFY)?;
    let (hash, signature, key) = (get(c, hash)?, get(c, signature)?, get(c, key)?);
    if hash.len() != 32 {
        return Ok(INVALID_HASH);
    }
    if signature.len() != 64 {
        return Ok(INVALID_SIGNATURE);
    }
    let well_formed = match key.first() {
        Some(2 | 3) => key.len() == 33,
        Some(4 | 6 | 7) => key.len() == 65,
        _ => false,
    };
    if !well_formed {
        return Ok(INVALID_PUBKEY);
    }
    if signature
        .get(32..)
        .is_some_and(|s| s > HALF_ORDER.as_slice())
    {
        return Ok(1);
    }
    Ok(match crypto::secp256k1_verify(&hash, &signature, &key) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(_) => GENERIC,
    })
}

fn secp256k1_recover(c: &mut C, hash: u32, signature: u32, parameter: u32) -> Result<u64, Fault> {
    charge(c, gas::SECP256K1_VERIFY)?;
    let (hash, signature) = (get(c, hash)?, get(c, signature)?);
    if hash.len() != 32 {
        return Ok(error(INVALID_HASH));
    }
    if signature.len() != 64 {
        return Ok(error(INVALID_SIGNATURE));
    }
    let recovered = u8::try_from(parameter)
        .ok()
        .and_then(|p| crypto::secp256k1_recover_pubkey(&hash, &signature, p).ok())
        .and_then(|key| compress(&key));
    match recovered {
        Some(key) => put(c, &key).map(u64::from),
        None => Ok(error(GENERIC)),
    }
}

/// The compressed form of an uncompressed public key.
fn compress(key: &[u8]) -> Option<Vec<u8>> {
    let odd = key.last()? & 1;
    let mut out = vec![2 + odd];
    out.extend_from_slice(key.get(1..33)?);
    Some(out)
}

fn secp256k1_sign(c: &mut C, msg: u32, key: u32) -> Result<u64, Fault> {
    charge(c, gas::SECP256K1_SIGN)?;
    let (msg, key) = (get(c, msg)?, get(c, key)?);
    match crypto::secp256k1_sign(&msg, &key) {
        Ok(signature) => put(c, &signature).map(u64::from),
        Err(_) => Ok(error(INVALID_PRIVATE_KEY)),
    }
}

fn ed25519_verify(c: &mut C, msg: u32, signature: u32, key: u32) -> Result<u32, Fault> {
    charge(c, gas::ED25519_VERIFY)?;
    let (msg, signature, key) = (get(c, msg)?, get(c, signature)?, get(c, key)?);
    Ok(match crypto::ed25519_verify(&msg, &signature, &key) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(e) => e.code(),
    })
}

fn ed25519_batch(c: &mut C, msgs: u32, signatures: u32, keys: u32) -> Result<u32, Fault> {
    charge(c, 0)?;
    let msgs = sections(&get(c, msgs)?)?;
    let signatures = sections(&get(c, signatures)?)?;
    let keys = sections(&get(c, keys)?)?;
    let same = msgs.len() == signatures.len() && signatures.len() == keys.len();
    let one_msg = msgs.len() == 1 && signatures.len() == keys.len();
    let one_key = keys.len() == 1 && msgs.len() == signatures.len();
    if !(same || one_msg || one_key) {
        return Ok(BATCH);
    }
    let each = gas::ED25519_BATCH_EACH.saturating_mul(signatures.len() as u64);
    charge(c, gas::ED25519_BATCH.saturating_add(each))?;
    let msgs: Vec<&[u8]> = msgs.iter().map(Vec::as_slice).collect();
    let signatures: Vec<&[u8]> = signatures.iter().map(Vec::as_slice).collect();
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    Ok(
        match crypto::ed25519_batch_verify(&msgs, &signatures, &keys) {
            Ok(true) => 0,
            Ok(false) => 1,
            Err(e) => e.code(),
        },
    )
}

fn ed25519_sign(c: &mut C, msg: u32, key: u32) -> Result<u64, Fault> {
    charge(c, gas::ED25519_SIGN)?;
    let (msg, key) = (get(c, msg)?, get(c, key)?);
    match crypto::ed25519_sign(&msg, &key) {
        Ok(signature) => put(c, &signature).map(u64::from),
        Err(_) => Ok(error(INVALID_PRIVATE_KEY)),
    }
}

/// Error in the upper half, result in the lower; nothing is allocated.
fn dcap(c: &mut C, quote: u32, collateral: u32) -> Result<u64, Fault> {
    charge(c, gas::DCAP)?;
    let (quote, collateral) = (get(c, quote)?, get(c, collateral)?);
    let Runtime { engine, clock, .. } = &*c.data().rt;
    let time_s = clock.time_ns / NANOS;
    Ok(engine.dcap.verify(&quote, &collateral, time_s).answer())
}

/// An error code where a pointer is expected: the upper half.
fn error(code: u32) -> u64 {
    u64::from(code) << 32
}

/// Splits a list of byte strings, each followed by its length (32 bits, big endian).
fn sections(data: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut rest = data;
    let mut list = Vec::new();
    while let Some((head, length)) = rest.split_last_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let start = head.len().checked_sub(length).ok_or(Fault::Memory)?;
        let (before, item) = head.split_at_checked(start).ok_or(Fault::Memory)?;
        list.push(item.to_vec());
        rest = before;
    }
    list.reverse();
    Ok(list)
}
