//! A request, sealed to a worker's key and opened by it.
//!
//! ```text
//! request = 01 ‖ kid 20 ‖ enc 32 ‖ HPKE ciphertext of (message ‖ padding), no associated data
//! info    = "secret-ai/e2ee/1" 00 ‖ text chain_id ‖ text billing ‖ worker_id 16 ‖ kid 20
//! text    = length in bytes, u16 big-endian ‖ bytes
//! ```
//!
//! `kid` names the worker's boot, so that a worker can tell a key that has gone from a forgery.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::answer::AnswerKey;
use crate::error::E2eeError;
use crate::message::{decode, encode, RequestHead, MAX_HEAD};
use crate::padding::{pad, unpad, BLOCK};
use crate::random::Random;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

const VERSION: u8 = 1;
const LABEL: &[u8] = b"secret-ai/e2ee/1\0";
/// What answers are sealed with is exported under this name.
const ANSWER: &[u8] = b"secret-ai/e2ee/1 answer";
/// Version, kid and enc.
const HEADER: usize = 1 + 20 + 32;
/// Most bytes that sealing adds to a body with its head.
pub const OVERHEAD: usize = HEADER + 4 + MAX_HEAD + BLOCK + 16;

/// Whom a request is for. All of it is bound: a request for one worker, boot, chain or billing
/// contract opens nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub chain_id: String,
    /// Address of the billing contract.
    pub billing: String,
    pub worker_id: [u8; 16],
    /// Id of the receipt key of the worker's boot.
    pub kid: [u8; 20],
}

impl Recipient {
    fn info(&self) -> Vec<u8> {
        let mut info = LABEL.to_vec();
        for text in [&self.chain_id, &self.billing] {
            // Both are far shorter; a longer one could only make the seal fail to open.
            let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
            info.extend_from_slice(&length.to_be_bytes());
            info.extend_from_slice(text.as_bytes());
        }
        info.extend_from_slice(&self.worker_id);
        info.extend_from_slice(&self.kid);
        info
    }
}

/// Seals a request to the key `e2ee_pk`; gives the bytes and what opens their answer.
///
/// # Errors
/// The key is none that can be sealed to.
pub fn seal(
    recipient: &Recipient,
    e2ee_pk: &[u8; 32],
    head: &RequestHead,
    body: &[u8],
) -> Result<(Vec<u8>, AnswerKey), E2eeError> {
    let key = PublicKey::from_bytes(e2ee_pk).map_err(|_| E2eeError::Key)?;
    let (enc, mut context) = hpke::setup_sender_with_rng::<
        ChaCha20Poly1305,
        HkdfSha256,
        X25519HkdfSha256,
    >(&OpModeS::Base, &key, &recipient.info(), &mut Random)
    .map_err(|_| E2eeError::Key)?;
    let mut message = Zeroizing::new(encode(head, body)?);
    pad(&mut message);
    let sealed = context
        .seal(&message, b"")
        .map_err(|_| E2eeError::TooLong)?;
    let enc: [u8; 32] = enc.to_bytes().into();
    let mut secret = Zeroizing::new([0; 32]);
    context
        .export(ANSWER, &mut secret[..])
        .map_err(|_| E2eeError::Key)?;
    let bytes = [&[VERSION][..], &recipient.kid, &enc, &sealed].concat();
    Ok((bytes, AnswerKey::new(secret, enc)))
}

/// The boot that a sealed request says it is for.
///
/// # Errors
/// It is no sealed request of this version.
pub fn kid_of(request: &[u8]) -> Result<[u8; 20], E2eeError> {
    let (_, rest) = request
        .split_first()
        .filter(|(version, _)| **version == VERSION)
        .ok_or(E2eeError::Form)?;
    rest.first_chunk().copied().ok_or(E2eeError::Form)
}

/// The side of the worker: opens what was sealed to its key.
pub struct Opener {
    secret: Zeroizing<[u8; 32]>,
    info: Vec<u8>,
    kid: [u8; 20],
}

/// A request that was opened.
pub struct Opened {
    pub head: RequestHead,
    pub body: Vec<u8>,
    /// The sender's key, different in every request that was honestly sealed: the same one again is
    /// a replay.
    pub enc: [u8; 32],
    /// Seals the answer.
    pub answer: AnswerKey,
}

impl Opener {
    /// Opens with the X25519 key `secret`.
    pub fn new(recipient: &Recipient, secret: Zeroizing<[u8; 32]>) -> Self {
        Opener {
            secret,
            info: recipient.info(),
            kid: recipient.kid,
        }
    }

    /// Opens a request.
    ///
    /// # Errors
    /// It is for another boot, was changed, or is no request.
    pub fn open(&self, request: &[u8]) -> Result<Opened, E2eeError> {
        if kid_of(request)? != self.kid {
            return Err(E2eeError::OtherBoot);
        }
        let (header, sealed) = request
            .split_first_chunk::<HEADER>()
            .ok_or(E2eeError::Form)?;
        let enc: [u8; 32] = *header.last_chunk().ok_or(E2eeError::Form)?;
        let encapped = EncappedKey::from_bytes(&enc).map_err(|_| E2eeError::Open)?;
        let key = PrivateKey::from_bytes(&self.secret[..]).map_err(|_| E2eeError::Key)?;
        let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &key,
            &encapped,
            &self.info,
        )
        .map_err(|_| E2eeError::Open)?;
        let mut message = context.open(sealed, b"").map_err(|_| E2eeError::Open)?;
        unpad(&mut message)?;
        let (head, start) = decode(&message)?;
        message.drain(..start);
        let mut secret = Zeroizing::new([0; 32]);
        context
            .export(ANSWER, &mut secret[..])
            .map_err(|_| E2eeError::Open)?;
        Ok(Opened {
            head,
            body: message,
            enc,
            answer: AnswerKey::new(secret, enc),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9180, appendix A.2.1: this suite in base mode, first message.
    #[test]
    fn the_suite_is_the_one_of_the_standard() {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let secret = bytes("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
        let enc = bytes("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
        let sealed = bytes(
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db\
             21993c62ce81883d2dd1b51a28",
        );
        let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &PrivateKey::from_bytes(&secret).unwrap(),
            &EncappedKey::from_bytes(&enc).unwrap(),
            &bytes("4f6465206f6e2061204772656369616e2055726e"),
        )
        .unwrap();
        let opened = context.open(&sealed, b"Count-0").unwrap();
        assert_eq!(opened, b"Beauty is truth, truth beauty");
    }
}
