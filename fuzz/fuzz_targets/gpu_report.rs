//! A GPU's report with the request that it answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::gpu::{check_golden, golden_id, verify_gpu_report};
use secret_ai_fuzz::{GPU, NONCE};

fuzz_target!(|data: &[u8]| {
    if let Ok(verified) = verify_gpu_report(data, &GPU.leaf, &NONCE) {
        golden_id(&verified);
        let _ = check_golden(&verified, &GPU.golden);
    }
});
