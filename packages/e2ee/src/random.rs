//! The operating system's randomness in the form that HPKE asks for.

use std::convert::Infallible;

use hpke::rand_core::{TryCryptoRng, TryRng};
use rand::RngCore;

/// The thread's generator, seeded by the operating system.
pub struct Random;

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(rand::rng().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(rand::rng().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        rand::rng().fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Random {}
