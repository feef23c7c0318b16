//! NVIDIA's manifests: whole ones, and what lies behind the signature. What is signed of a text says
//! what the text says, and is its own canonical form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::gpu::GoldenSet;
use secret_ai_evidence::fuzzing::{canonical_form, manifest};
use secret_ai_evidence::rim::{golden, verify_rim, Board, RimRoot};
use secret_ai_fuzz::{GPU, NOW};

fuzz_target!(|text: &str| {
    let _ = verify_rim(text, &RimRoot::nvidia(), NOW);
    let _ = verify_rim(text, &RimRoot::from_der(GPU.root.clone()), NOW);
    let read = manifest(text);
    if let Some(form) = canonical_form(text) {
        assert_eq!(manifest(&form), read);
        assert_eq!(canonical_form(&form).as_ref(), Some(&form));
    }
    let Some(rim) = read else { return };
    let board = Board::from_file_name("NV_GPU_VBIOS_1010_0200_882_96005E0001.xml");
    if let Ok(set) = golden(
        &[rim],
        Some("96.00.5E.00.01"),
        &board.expect("a board's name"),
    ) {
        if let Ok(stored) = set.encode() {
            assert_eq!(GoldenSet::decode(&stored).as_ref(), Ok(&set));
        }
    }
});
