//! What the contract reads from a quote before it knows its collateral, PCK certificates, stored PCKs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::{
    certificate_origin, check_tdx_quote, compact_known, quote_certificate, verify_pck,
    verify_tdx_quote_with, Pck,
};
use secret_ai_fuzz::{parts, NOW, TDX};

fuzz_target!(|data: &[u8]| {
    let [quote, certificate, stored] = parts(data);
    let _ = quote_certificate(quote);
    let _ = check_tdx_quote(quote, &TDX.collateral, NOW);
    if let Ok(known) = compact_known(quote) {
        assert_eq!(compact_known(&known).as_ref(), Ok(&known));
    }
    let _ = certificate_origin(certificate);
    let verified = verify_pck(certificate, &TDX.collateral, NOW);
    if let Ok(pck) = &verified {
        let _ = verify_tdx_quote_with(quote, pck, &TDX.collateral, NOW);
    }
    if let Ok(pck) = Pck::decode(stored) {
        assert_eq!(pck.encode(), stored);
        let _ = verify_tdx_quote_with(quote, &pck, &TDX.collateral, NOW);
    }
});
