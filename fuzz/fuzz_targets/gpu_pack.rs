//! Packed GPU evidence: whatever is unpacked is bounded, and packing loses nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::gpu::{pack, unpack, verify_gpu_report, EVIDENCE_LIMIT};
use secret_ai_fuzz::{GPU, NONCE};

fuzz_target!(|data: &[u8]| {
    if let Ok(evidence) = unpack(data, &GPU.golden) {
        assert!(evidence.len() <= EVIDENCE_LIMIT);
        let _ = verify_gpu_report(&evidence, &GPU.leaf, &NONCE);
    }
    if let Ok(packed) = pack(data, &GPU.golden) {
        assert_eq!(unpack(&packed, &GPU.golden).as_deref(), Ok(data));
    }
});
