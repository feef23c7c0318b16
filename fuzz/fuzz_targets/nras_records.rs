//! Certificates of the attestation service and the stored form of its keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::nras::{verify_nras_key, NrasKey, NrasRoot};
use secret_ai_fuzz::{NOW, NRAS};

fuzz_target!(|data: &[u8]| {
    let root = NrasRoot::from_der(&NRAS.root).expect("a minted root");
    let _ = verify_nras_key(data, &root, NOW);
    let _ = NrasRoot::from_der(data);
    if let Ok(key) = NrasKey::decode(data) {
        assert_eq!(key.encode(), data);
    }
});
