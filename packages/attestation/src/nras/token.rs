//! A detached EAT: the overall token's signature and verdict, and the device tokens that it lists.

use crate::certificate::check_window;
use crate::crypto::{p384_verifies, sha256};
use crate::error::{Error, Item};
use crate::nras::claims::{hex, Common, Device, Overall};
use crate::nras::jwt::Jwt;
use crate::nras::key::NrasKey;
use crate::nras::NrasError;

/// The only issuer that is accepted; the service's staging environment has another.
pub const NRAS_ISSUER: &str = "https://nras.attestation.nvidia.com";
/// Most devices of one token.
pub const MAX_DEVICES: usize = 16;

/// What a token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedNras {
    /// SHA-256 of the certificate of the key that signed it.
    pub key_sha256: [u8; 32],
    /// The name that the service gives this key; no certificate vouches for it.
    pub key_id: String,
    /// When the service judged, Unix seconds.
    pub issued: u64,
    /// First second at which the token holds no more, Unix time; the key's certificate may end before.
    pub expires: u64,
    /// In the order in which their tokens were sent.
    pub devices: Vec<NrasDevice>,
}

/// A GPU that the service found genuine, with the measurements that its driver and VBIOS must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NrasDevice {
    /// Serial number of the device's certificate: what the token calls UEID, in decimal there.
    pub ueid: [u8; 20],
    /// Such as "GH100".
    pub hardware: String,
    pub driver_version: String,
    /// Such as "96.00.9F.00.01".
    pub vbios_version: String,
}

/// Verifies the overall token `jwt` with the tokens of exactly the devices that it lists, in any order.
/// `now` in Unix seconds. One P-384 verification, one SHA-256 per device.
///
/// # Errors
/// The first check that fails; codes of [`NrasError`], or of common errors about the NRAS token or, if
/// the key's certificate does not hold at `now`, the NRAS certificate.
pub fn verify_nras_token(
    jwt: &str,
    device_tokens: &[&str],
    key: &NrasKey,
    nonce: &[u8; 32],
    now: u64,
) -> Result<VerifiedNras, Error> {
    check_window(Item::NrasCertificate, key.not_before, key.not_after, now)?;
    let token = Jwt::parse(jwt)?;
    if !p384_verifies(&key.key, token.signed, &token.signature) {
        return Err(Error::Signature(Item::NrasToken));
    }
    let overall = Overall::parse(&token.payload)?;
    check_common(&overall.common, nonce, now)?;
    if !overall.result {
        return Err(NrasError::Result.into());
    }
    check_listed(&overall.devices, device_tokens)?;
    let devices = device_tokens
        .iter()
        .map(|text| {
            let device = Device::parse(&Jwt::parse(text)?.payload, overall.version)?;
            check_common(&device.common, nonce, now)?;
            Ok(NrasDevice {
                ueid: device.ueid,
                hardware: device.hardware,
                driver_version: device.driver_version,
                vbios_version: device.vbios_version,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(VerifiedNras {
        key_sha256: key.sha256,
        key_id: token.key_id,
        issued: overall.common.iat,
        expires: overall.common.exp,
        devices,
    })
}

/// Issuer, dates and nonce; the token's end does not belong to its life (RFC 7519 §4.1.4).
fn check_common(claims: &Common, nonce: &[u8; 32], now: u64) -> Result<(), Error> {
    if claims.iss != NRAS_ISSUER {
        return Err(NrasError::TokenIssuer.into());
    }
    let last = claims.exp.saturating_sub(1);
    check_window(Item::NrasToken, claims.nbf.max(claims.iat), last, now)?;
    if hex(&claims.eat_nonce) != Some(*nonce) {
        return Err(NrasError::Nonce.into());
    }
    Ok(())
}

/// Fails unless the digests of `tokens` are `listed` (sorted), each once.
fn check_listed(listed: &[[u8; 32]], tokens: &[&str]) -> Result<(), Error> {
    if listed.len() != tokens.len() || tokens.is_empty() || tokens.len() > MAX_DEVICES {
        return Err(NrasError::DeviceCount {
            listed: listed.len(),
            sent: tokens.len(),
        }
        .into());
    }
    let mut sent: Vec<[u8; 32]> = tokens
        .iter()
        .map(|token| sha256(&[token.as_bytes()]))
        .collect();
    sent.sort_unstable();
    let twice = sent.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
    if sent == listed && !twice {
        Ok(())
    } else {
        Err(NrasError::DeviceDigest.into())
    }
}
