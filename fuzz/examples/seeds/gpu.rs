//! Reports, certificates, golden sets and stored forms.

use secret_ai_attestation::gpu::pack;
use secret_ai_attestation_testkit::gpu::broken;
use secret_ai_fuzz::{join, GPU, NONCE, NOW, SEED};

use crate::Seeds;

pub fn seeds() -> Vec<Seeds> {
    let evidence = GPU.soft.evidence(NONCE);
    let golden = GPU.soft.golden();
    let packed = pack(&evidence, &golden).expect("minted evidence packs");
    let mut reports = vec![evidence.clone()];
    reports.extend(
        broken(SEED, NOW, NONCE)
            .into_iter()
            .map(|broken| broken.evidence),
    );
    let certificates = GPU.soft.certificates();
    let authorities = GPU.soft.ca_chain();
    let mut chains = vec![join(&[&certificates[0], &certificates[1]])];
    chains.extend(authorities.iter().map(|der| join(&[der, &GPU.root])));
    vec![
        ("gpu_report", reports),
        ("gpu_certificates", chains),
        (
            "gpu_records",
            vec![
                GPU.ca.encode(),
                GPU.leaf.encode(),
                golden.encode().expect("a minted set"),
            ],
        ),
        ("gpu_pack", vec![packed, evidence]),
    ]
}
