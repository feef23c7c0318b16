//! The compact form of signed JSON (RFC 7515 §7.1), read strictly: three parts of base64url without
//! padding, each with exactly one encoding, and a header of an algorithm and a key id.

use serde::Deserialize;

use crate::error::{Error, Item};
use crate::nras::NrasError;

/// Most bytes of a token; NVIDIA's overall tokens have 0.8 to 2 kB, those of devices 2 to 3 kB.
const LIMIT: usize = 8_192;

/// A token taken apart; nothing is verified.
pub(crate) struct Jwt<'a> {
    /// Header and payload as signed.
    pub signed: &'a [u8],
    pub payload: Vec<u8>,
    /// r ‖ s.
    pub signature: [u8; 96],
    pub key_id: String,
}

/// Unknown fields are refused: `crit` or `b64` would change what is signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    #[allow(dead_code)] // may stand there, says nothing
    typ: Option<String>,
}

impl<'a> Jwt<'a> {
    /// Takes a token of algorithm ES384 apart.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if text.len() > LIMIT {
            return Err(Error::TooLarge {
                item: Item::NrasToken,
                have: text.len(),
                limit: LIMIT,
            });
        }
        let form = |why| Error::from(NrasError::Form(why));
        let (signed, signature) = text.rsplit_once('.').ok_or(form("not three parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(form("not three parts"))?;
        let decode = |part: &str| base64url(part.as_bytes()).ok_or(form("base64url"));
        let header: Header = json(&decode(header)?)?;
        if header.alg != "ES384" {
            return Err(NrasError::Algorithm.into());
        }
        Ok(Jwt {
            signed: signed.as_bytes(),
            payload: decode(payload)?,
            signature: decode(signature)?
                .try_into()
                .map_err(|_| form("signature is not of 96 bytes"))?,
            key_id: header.kid,
        })
    }
}

/// Reads JSON; integers only.
pub(crate) fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json_wasm::from_slice(bytes).map_err(|_| NrasError::Form("JSON").into())
}

/// Decodes base64url (RFC 4648 §5) without padding; bits that belong to no byte must be zero.
pub(crate) fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for group in text.chunks(4) {
        let mut bits = 0u32;
        for place in 0..4 {
            let value = group.get(place).map_or(Some(0), |byte| sextet(*byte))?;
            bits = (bits << 6) | u32::from(value);
        }
        let [_, a, b, c] = bits.to_be_bytes();
        match group.len() {
            4 => bytes.extend_from_slice(&[a, b, c]),
            3 if c == 0 => bytes.extend_from_slice(&[a, b]),
            2 if b == 0 && c == 0 => bytes.push(a),
            _ => return None,
        }
    }
    Some(bytes)
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}
