//! An SEV-SNP report.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::snp::{check_snp_policy, snp_image_id, verify_snp_report};
use secret_ai_fuzz::{NOW, SNP};

fuzz_target!(|data: &[u8]| {
    if let Ok(verified) = verify_snp_report(data, &SNP.endorsement, &SNP.collateral, NOW) {
        let _ = check_snp_policy(&verified, &SNP.soft.policy());
        snp_image_id(&verified);
    }
});
