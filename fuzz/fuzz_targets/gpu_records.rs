//! The stored forms of NVIDIA's authorities, devices and golden sets: canonical, and harmless whatever
//! they hold.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::gpu::{
    check_golden, verify_gpu_certificates, verify_gpu_report, GoldenSet, GpuLeaf, NvidiaCa,
};
use secret_ai_fuzz::{GPU, NONCE, NOW};

static EVIDENCE: LazyLock<Vec<u8>> = LazyLock::new(|| GPU.soft.evidence(NONCE));

fuzz_target!(|data: &[u8]| {
    if let Ok(ca) = NvidiaCa::decode(data) {
        assert_eq!(ca.encode(), data);
        let certificates: Vec<&[u8]> = GPU.certificates.iter().map(Vec::as_slice).collect();
        let _ = verify_gpu_certificates(&certificates, &ca, NOW);
    }
    if let Ok(leaf) = GpuLeaf::decode(data) {
        assert_eq!(leaf.encode(), data);
        let _ = verify_gpu_report(&EVIDENCE, &leaf, &NONCE);
    }
    if let Ok(set) = GoldenSet::decode(data) {
        assert_eq!(set.encode().as_deref(), Ok(data));
        set.id();
        let verified = verify_gpu_report(&EVIDENCE, &GPU.leaf, &NONCE).expect("minted evidence");
        let _ = check_golden(&verified, &set);
    }
});
