//! The chain's own quote verification, `env.dcap_quote_verify` (cargo feature `host-dcap`).
//!
//! For 100 SDK gas the chain lets Intel's library verify a quote under collateral that the caller brings
//! ([`secret_ai_attestation::dcap`]). It answers one number: no measurement, no attribute, no date. So
//! it stands in for signatures only; whoever asks must also judge the quote with
//! `secret_ai_attestation::check_tdx_quote` under the contract's own collateral, and policy after that.
//!
//! `cosmwasm_std` does not declare this import. Outside of wasm there is no chain to ask, and nothing is
//! believed: the answer is [`HostVerdict::Unavailable`].

use secret_ai_attestation::dcap::HostVerdict;

/// What the chain says of a quote (as generated, with its PCK chain in PEM) under packed collateral at
/// the block's time.
pub fn verify(quote: &[u8], collateral: &[u8]) -> HostVerdict {
    host::verify(quote, collateral)
}

#[cfg(target_arch = "wasm32")]
mod host {
    use super::HostVerdict;

    /// How a contract shows bytes to its host: CosmWasm's Region. Pointers of wasm32 have 32 bits.
    #[repr(C)]
    struct Region {
        offset: *const u8,
        capacity: usize,
        length: usize,
    }

    impl Region {
        fn of(bytes: &[u8]) -> Self {
            Region {
                offset: bytes.as_ptr(),
                capacity: bytes.len(),
                length: bytes.len(),
            }
        }
    }

    #[link(wasm_import_module = "env")]
    extern "C" {
        fn dcap_quote_verify(quote: *const Region, collateral: *const Region) -> u64;
    }

    pub fn verify(quote: &[u8], collateral: &[u8]) -> HostVerdict {
        let (quote, collateral) = (Region::of(quote), Region::of(collateral));
        // SAFETY: the signature is the chain's. Both regions and the bytes that they point to live
        // until the call returns; the host reads them, writes nothing and keeps no pointer.
        let answer = unsafe { dcap_quote_verify(&quote, &collateral) };
        HostVerdict::from_answer(answer)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    use super::HostVerdict;

    pub fn verify(_quote: &[u8], _collateral: &[u8]) -> HostVerdict {
        HostVerdict::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_believed_without_a_chain() {
        let verdict = verify(b"quote", b"collateral");
        assert_eq!(verdict, HostVerdict::Unavailable);
        assert!(verdict.to_string().contains("only inside of a contract"));
    }
}
