//! NVIDIA's certificates: root, authorities, boot code, device.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::gpu::{
    issuer_name_sha256, verify_gpu_certificates, verify_nvidia_ca, NvidiaIssuer, NvidiaRoot,
};
use secret_ai_fuzz::{parts, GPU, NOW};

fuzz_target!(|data: &[u8]| {
    let [first, second] = parts(data);
    let _ = issuer_name_sha256(first);
    let root = NvidiaRoot::from_der(&GPU.root).expect("a minted root");
    let _ = NvidiaRoot::from_der(first);
    let _ = verify_nvidia_ca(first, NvidiaIssuer::Root(&root), NOW);
    let _ = verify_nvidia_ca(first, NvidiaIssuer::Ca(&GPU.ca), NOW);
    let _ = verify_gpu_certificates(&[first], &GPU.ca, NOW);
    let _ = verify_gpu_certificates(&[first, second], &GPU.ca, NOW);
});
