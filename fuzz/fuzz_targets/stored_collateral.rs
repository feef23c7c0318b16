//! The stored form of collateral: canonical, and harmless whatever it holds.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::{verify_tdx_quote, Collateral};
use secret_ai_attestation_testkit::Measurements;
use secret_ai_fuzz::{NOW, REPORT_DATA, TDX};

static QUOTE: LazyLock<Vec<u8>> =
    LazyLock::new(|| TDX.tee.quote(REPORT_DATA, &Measurements::default()));

fuzz_target!(|data: &[u8]| {
    if let Ok(collateral) = Collateral::decode(data) {
        assert_eq!(collateral.encode().as_deref(), Ok(data));
        let _ = verify_tdx_quote(&QUOTE, &collateral, NOW);
    }
});
