//! AMD's certificates and revocation list: root, ASK, CRL, VCEK.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::snp::{verify_endorsement, verify_snp_collateral, SnpRoot};
use secret_ai_fuzz::{NOW, SNP};

fuzz_target!(|data: &[u8]| {
    let Some((choice, part)) = data.split_first() else {
        return;
    };
    let mut raw = SNP.raw.clone();
    match choice % 4 {
        0 => raw.ask = part.to_vec(),
        1 => raw.crl = part.to_vec(),
        2 => {
            let _ = verify_endorsement(part, &SNP.collateral, NOW);
            return;
        }
        _ => {
            let _ = SnpRoot::from_der(part);
            return;
        }
    }
    let root = SnpRoot::from_der(&SNP.root).expect("a minted root");
    let _ = verify_snp_collateral(&raw, &root, NOW);
});
