//! A TDX quote as anybody may send it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::{compact, verify_tdx_quote, without_padding};
use secret_ai_fuzz::{NOW, TDX};

fuzz_target!(|data: &[u8]| {
    let verdict = verify_tdx_quote(data, &TDX.collateral, NOW);
    if let Ok(exact) = without_padding(data) {
        assert!(exact.len() <= data.len());
    }
    if let Ok(small) = compact(data) {
        assert!(small.len() <= data.len());
        assert_eq!(compact(&small).as_ref(), Ok(&small));
        if verdict.is_ok() {
            assert_eq!(verify_tdx_quote(&small, &TDX.collateral, NOW), verdict);
        }
    }
});
