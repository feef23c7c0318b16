//! Three RSA-4096 keys of the development hierarchy, and signatures with them.
//!
//! They are public: whoever reads this can sign with them, and a registry that trusts them says so for
//! ever. They were made once, because making RSA keys takes seconds and gives no more here. Each file
//! has the two primes, 256 bytes each, big-endian.

use core::convert::Infallible;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use rsa::pss::SigningKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, RsaPrivateKey};
use sha2::{Digest, Sha256, Sha384};

/// One of the development keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Ark,
    Ask,
    Asvk,
}

impl Key {
    fn primes(self) -> &'static [u8; 512] {
        match self {
            Key::Ark => include_bytes!("development_ark.primes"),
            Key::Ask => include_bytes!("development_ask.primes"),
            Key::Asvk => include_bytes!("development_asvk.primes"),
        }
    }

    fn private(self) -> &'static RsaPrivateKey {
        static KEYS: [OnceLock<RsaPrivateKey>; 3] = [const { OnceLock::new() }; 3];
        KEYS[self as usize].get_or_init(|| {
            let (p, q) = self.primes().split_at(256);
            let prime =
                |bytes| BoxedUint::from_be_slice(bytes, 2_048).expect("a prime has 256 bytes");
            RsaPrivateKey::from_p_q(prime(p), prime(q), BoxedUint::from(65_537u64))
                .expect("the primes are good")
        })
    }

    /// The modulus, 512 bytes.
    pub fn modulus(self) -> Vec<u8> {
        self.private().n().as_ref().to_be_bytes().into()
    }

    /// PSS with SHA-384, MGF1 with SHA-384 and this many bytes of salt, which follow from the message.
    /// What was signed once is remembered: a signature takes longer than everything else here.
    pub fn sign(self, message: &[u8], salt_length: usize) -> Vec<u8> {
        type Known = Mutex<HashMap<(Key, usize, [u8; 32]), Vec<u8>>>;
        static KNOWN: OnceLock<Known> = OnceLock::new();
        let known = KNOWN.get_or_init(Known::default);
        let digest: [u8; 32] = Sha256::digest(message).into();
        let id = (self, salt_length, digest);
        if let Some(signature) = known.lock().expect("no holder panics").get(&id) {
            return signature.clone();
        }
        let signer = SigningKey::<Sha384>::new_with_salt_len(self.private().clone(), salt_length);
        let signature = signer
            .sign_with_rng(&mut Stream { digest, counter: 0 }, message)
            .to_vec();
        let mut known = known.lock().expect("no holder panics");
        known.insert(id, signature.clone());
        signature
    }
}

/// SHA-256 in counter mode: not random, as is wanted here.
struct Stream {
    digest: [u8; 32],
    counter: u64,
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::new()
                .chain_update(self.digest)
                .chain_update(self.counter.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.counter += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
