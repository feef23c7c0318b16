//! Any file: what it is, is told by its content.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_evidence::{pieces, Piece};

fuzz_target!(|data: &[u8]| {
    let found = pieces(data);
    let composes = found
        .iter()
        .filter(|piece| matches!(piece, Piece::Compose(_)));
    assert!(
        composes.count() == 0 || found.len() == 1,
        "evidence taken for a compose file"
    );
    for piece in &found {
        assert!(!piece.label().is_empty());
    }
});
