//! Collateral of which one part is replaced.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::{verify_collateral, RawCollateral, TrustRoot};
use secret_ai_fuzz::{NOW, TDX};

fuzz_target!(|data: &[u8]| {
    let Some((choice, part)) = data.split_first() else {
        return;
    };
    let mut raw: RawCollateral = TDX.raw.clone();
    let slot = match choice % 8 {
        0 => &mut raw.root_ca_crl,
        1 => &mut raw.pck_crl,
        2 => &mut raw.tcb_info,
        3 => &mut raw.qe_identity,
        4 => &mut raw.pck_crl_issuer_chain[0],
        5 => &mut raw.pck_crl_issuer_chain[1],
        6 => &mut raw.tcb_info_issuer_chain[0],
        _ => &mut raw.qe_identity_issuer_chain[0],
    };
    *slot = part.to_vec();
    let root = TrustRoot::from_der(&TDX.root).expect("a minted root");
    let _ = verify_collateral(&raw, &root, NOW);
    let _ = TrustRoot::from_der(part).map(|root| verify_collateral(&raw, &root, NOW));
});
