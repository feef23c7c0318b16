//! Collateral as the chain's host call takes it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::dcap::{decode_qve_collateral, encode_qve_collateral, host_verdict};
use secret_ai_attestation::TrustRoot;
use secret_ai_attestation_testkit::Measurements;
use secret_ai_fuzz::{NOW, REPORT_DATA, TDX};

static QUOTE: LazyLock<Vec<u8>> =
    LazyLock::new(|| TDX.tee.quote(REPORT_DATA, &Measurements::default()));

fuzz_target!(|data: &[u8]| {
    let root = TrustRoot::from_der(&TDX.root).expect("a minted root");
    host_verdict(&QUOTE, data, &[root], NOW);
    if let Ok(raw) = decode_qve_collateral(data) {
        let again = decode_qve_collateral(&encode_qve_collateral(&raw));
        assert_eq!(again, Ok(raw));
    }
});
