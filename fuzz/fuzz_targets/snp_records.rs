//! The stored forms of AMD's collateral and endorsements: canonical, and harmless whatever they hold.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::snp::{
    verify_endorsement, verify_snp_report, Endorsement, SnpCollateral,
};
use secret_ai_attestation_testkit::snp::SnpMeasurements;
use secret_ai_fuzz::{NOW, REPORT_DATA, SNP};

static REPORT: LazyLock<Vec<u8>> =
    LazyLock::new(|| SNP.soft.report(REPORT_DATA, &SnpMeasurements::default()));

fuzz_target!(|data: &[u8]| {
    if let Ok(collateral) = SnpCollateral::decode(data) {
        assert_eq!(collateral.encode().as_deref(), Ok(data));
        let _ = verify_endorsement(&SNP.vcek, &collateral, NOW);
        let _ = verify_snp_report(&REPORT, &SNP.endorsement, &collateral, NOW);
    }
    if let Ok(endorsement) = Endorsement::decode(data) {
        assert_eq!(endorsement.encode().as_deref(), Ok(data));
        let _ = verify_snp_report(&REPORT, &endorsement, &SNP.collateral, NOW);
    }
});
