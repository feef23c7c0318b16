//! Collateral as one JSON file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::tools::raw_collateral_from_json;
use secret_ai_attestation::{verify_collateral, TrustRoot};
use secret_ai_fuzz::{NOW, TDX};

fuzz_target!(|text: &str| {
    if let Ok(raw) = raw_collateral_from_json(text) {
        let root = TrustRoot::from_der(&TDX.root).expect("a minted root");
        let _ = verify_collateral(&raw, &root, NOW);
    }
});
