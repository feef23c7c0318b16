//! Reports, certificates and stored forms.

use secret_ai_attestation_testkit::snp::{broken, SnpMeasurements};
use secret_ai_fuzz::{NOW, REPORT_DATA, SEED, SNP};

use crate::Seeds;

pub fn seeds() -> Vec<Seeds> {
    let mut reports = vec![SNP.soft.report(REPORT_DATA, &SnpMeasurements::default())];
    let variants = broken(SEED, NOW, REPORT_DATA);
    reports.extend(variants.into_iter().map(|broken| broken.report));
    let raw = SNP.soft.collateral();
    let vcek = SNP.soft.vcek_der();
    let parts = [&raw.ask, &raw.crl, &vcek, &SNP.root];
    let parts = (0u8..).zip(parts);
    vec![
        ("snp_report", reports),
        (
            "snp_certificates",
            parts
                .map(|(choice, part)| [&[choice][..], part].concat())
                .collect(),
        ),
        (
            "snp_records",
            vec![
                SNP.collateral.encode().expect("minted collateral"),
                SNP.endorsement.encode().expect("a minted endorsement"),
            ],
        ),
    ]
}
