//! An NRAS token with the tokens of two devices.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::nras::verify_nras_token;
use secret_ai_fuzz::{NONCE, NOW, NRAS};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let overall = lines.next().unwrap_or_default();
    let devices: Vec<&str> = lines.collect();
    let _ = verify_nras_token(overall, &devices, &NRAS.key, &NONCE, NOW);
});
