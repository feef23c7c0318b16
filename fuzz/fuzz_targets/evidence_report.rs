//! Three files judged together under the development roots: there is a report, or an error that says why
//! not, and nothing is accepted without evidence that was checked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::gpu::NvidiaRoot;
use secret_ai_attestation::snp::SnpRoot;
use secret_ai_attestation::TrustRoot;
use secret_ai_evidence::rim::RimRoot;
use secret_ai_evidence::{verify, File, Options, Outcome, Roots, Verdict};
use secret_ai_fuzz::{parts, GPU, NOW, SNP, TDX};

fuzz_target!(|data: &[u8]| {
    let options = Options {
        roots: Roots {
            intel: TrustRoot::from_der(&TDX.root).expect("a minted root"),
            amd: Some(SnpRoot::from_der(&SNP.root).expect("a minted root")),
            nvidia: NvidiaRoot::from_der(&GPU.root).expect("a minted root"),
            rim: RimRoot::nvidia(),
        },
        rootfs: Some([7; 32]),
        ..Options::at(NOW)
    };
    let files: [&[u8]; 3] = parts(data);
    let files: Vec<File<'_>> = files
        .into_iter()
        .filter(|bytes| !bytes.is_empty())
        .map(|bytes| File { name: "f", bytes })
        .collect();
    match verify(&files, &options) {
        Ok(report) => {
            let passed = report
                .checks
                .iter()
                .any(|check| check.outcome == Outcome::Pass);
            assert!(passed || report.verdict != Verdict::Accepted);
            assert!(!report.to_string().is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
