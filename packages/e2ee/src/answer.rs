//! An answer, sealed in frames with a key that only the two ends of its request can derive.
//!
//! ```text
//! secret = HPKE export of the request's context, "secret-ai/e2ee/1 answer", 32 bytes
//! prk    = HKDF-SHA256-Extract(salt = enc 32 ‖ random 32, secret)
//! key    = Expand(prk, "key", 32)        nonce = Expand(prk, "nonce", 12)
//! answer = random 32 ‖ frame 0 ‖ frame 1 ‖ …
//! frame  = length of what follows, u32 big-endian ‖ ciphertext of (last ‖ data ‖ padding)
//! ```
//!
//! Frame i is sealed by ChaCha20-Poly1305 with `nonce` XOR i (as in RFC 9180, section 5.2), without
//! associated data. `last` is 1 in the last frame and 0 before it, so an answer that was cut off is not
//! taken for a whole one. The data of frame 0 is the head, that of the others the body.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::E2eeError;
use crate::padding::{pad, unpad, BLOCK};

/// Most bytes of data in one frame.
pub const MAX_DATA: usize = 64 << 10;
/// Longest ciphertext of a frame: `last`, data, padding and tag.
const MAX_SEALED: usize = MAX_DATA + BLOCK + 1 + 16;
const RANDOM: usize = 32;

/// What an answer is sealed with.
pub struct AnswerKey {
    secret: Zeroizing<[u8; 32]>,
    enc: [u8; 32],
}

impl AnswerKey {
    pub(crate) fn new(secret: Zeroizing<[u8; 32]>, enc: [u8; 32]) -> Self {
        AnswerKey { secret, enc }
    }

    /// The worker's side: begins an answer. The bytes go first.
    pub fn sealer(self) -> (FrameSealer, Vec<u8>) {
        let random: [u8; RANDOM] = rand::random();
        let cipher = FrameSealer(Cipher::new(&self, &random));
        (cipher, random.to_vec())
    }

    /// The client's side: opens an answer.
    pub fn opener(self) -> FrameOpener {
        FrameOpener {
            state: State::Start(self),
            buffer: Vec::new(),
        }
    }
}

/// The cipher of one answer in one direction, with the number of the next frame.
struct Cipher {
    cipher: ChaCha20Poly1305,
    nonce: [u8; 12],
    frame: u64,
}

impl Cipher {
    fn new(key: &AnswerKey, random: &[u8; RANDOM]) -> Self {
        let salt = [key.enc, *random].concat();
        let prk = Hkdf::<Sha256>::new(Some(&salt), &key.secret[..]);
        let (mut key, mut nonce) = (Zeroizing::new([0; 32]), [0; 12]);
        // Both are far below the most that can be expanded.
        let _ = prk.expand(b"key", &mut key[..]);
        let _ = prk.expand(b"nonce", &mut nonce);
        Cipher {
            cipher: ChaCha20Poly1305::new((&*key).into()),
            nonce,
            frame: 0,
        }
    }

    fn next_nonce(&mut self) -> [u8; 12] {
        let mut nonce = self.nonce;
        let number = self.frame.to_be_bytes();
        for (byte, of_number) in nonce.iter_mut().skip(4).zip(number) {
            *byte ^= of_number;
        }
        self.frame = self.frame.wrapping_add(1);
        nonce
    }
}

/// Seals frames.
pub struct FrameSealer(Cipher);

impl FrameSealer {
    /// Seals data, in several frames if it is longer than [`MAX_DATA`]. `last` ends the answer.
    ///
    /// # Errors
    /// Never in practice: frames are far below the cipher's limit.
    pub fn seal(&mut self, data: &[u8], last: bool) -> Result<Vec<u8>, E2eeError> {
        let mut sealed = Vec::new();
        let (end, pieces) = match data.len() {
            0 => (&[][..], [].chunks(MAX_DATA)),
            length => {
                let start_of_last = length.saturating_sub(1) / MAX_DATA;
                let (pieces, end) = data.split_at(start_of_last.saturating_mul(MAX_DATA));
                (end, pieces.chunks(MAX_DATA))
            }
        };
        for piece in pieces {
            self.frame(piece, false, &mut sealed)?;
        }
        self.frame(end, last, &mut sealed)?;
        Ok(sealed)
    }

    fn frame(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), E2eeError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(data.len().saturating_add(BLOCK)));
        plain.push(u8::from(last));
        plain.extend_from_slice(data);
        pad(&mut plain);
        let nonce = self.0.next_nonce();
        let sealed = self.0.cipher.encrypt(&nonce.into(), plain.as_slice());
        let sealed = sealed.map_err(|_| E2eeError::TooLong)?;
        let length = u32::try_from(sealed.len()).map_err(|_| E2eeError::TooLong)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&sealed);
        Ok(())
    }
}

/// One frame of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub data: Vec<u8>,
    /// Nothing follows.
    pub last: bool,
}

enum State {
    Start(AnswerKey),
    Frames(Box<Cipher>),
    End,
}

/// Opens frames from bytes that come in any pieces.
pub struct FrameOpener {
    state: State,
    buffer: Vec<u8>,
}

impl FrameOpener {
    /// Adds bytes; returns the frames that they complete. An answer is whole only after a frame that
    /// is the last.
    ///
    /// # Errors
    /// The answer was changed, or goes on after its end; nothing of it can be read any more.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, E2eeError> {
        self.buffer.extend_from_slice(bytes);
        let mut frames = Vec::new();
        loop {
            match &mut self.state {
                State::Start(key) => {
                    let Some((random, rest)) = self.buffer.split_first_chunk() else {
                        return Ok(frames);
                    };
                    let cipher = Cipher::new(key, random);
                    self.buffer = rest.to_vec();
                    self.state = State::Frames(Box::new(cipher));
                }
                State::Frames(cipher) => {
                    let Some((frame, used)) = next_frame(cipher, &self.buffer)? else {
                        return Ok(frames);
                    };
                    self.buffer.drain(..used);
                    if frame.last {
                        self.state = State::End;
                    }
                    frames.push(frame);
                }
                State::End if self.buffer.is_empty() => return Ok(frames),
                State::End => return Err(E2eeError::Content),
            }
        }
    }

    /// True after the last frame.
    pub fn is_whole(&self) -> bool {
        matches!(self.state, State::End)
    }
}

/// The frame at the beginning of the bytes, and how many of them it takes; `None` if more must come.
fn next_frame(cipher: &mut Cipher, bytes: &[u8]) -> Result<Option<(Frame, usize)>, E2eeError> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_SEALED {
        return Err(E2eeError::TooLong);
    }
    let Some(sealed) = rest.get(..length) else {
        return Ok(None);
    };
    let nonce = cipher.next_nonce();
    let opened = cipher.cipher.decrypt(&nonce.into(), sealed);
    let mut data = opened.map_err(|_| E2eeError::Open)?;
    unpad(&mut data)?;
    let last = match data.first() {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(E2eeError::Content),
    };
    data.remove(0);
    Ok(Some((Frame { data, last }, length.saturating_add(4))))
}
