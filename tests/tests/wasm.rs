//! The artifacts pass both gates of the chain: imports, exports, opcodes, floats, memory, size.

use secret_ai_tests::artifacts::{wasm, CONTRACTS, LEAKY};
use secret_devnet::upload::check_wasm;

#[test]
fn artifacts_pass_the_gates_of_the_chain() {
    for contract in CONTRACTS.into_iter().chain(LEAKY) {
        let bytes = wasm(contract);
        let report = check_wasm(&bytes).unwrap_or_else(|e| panic!("{contract}: {e}"));
        assert!(
            !report.has_floats,
            "{contract}: floats, which instantiate refuses"
        );
        assert!(
            report.exports.iter().any(|e| e == "requires_random"),
            "{contract}: no random"
        );
        println!(
            "{contract}: {} bytes, {} pages",
            report.size, report.initial_pages
        );
    }
}

#[test]
fn artifacts_name_no_path_of_the_machine_that_built_them() {
    for contract in CONTRACTS {
        let bytes = wasm(contract);
        for needle in ["/root/", "/home/", ".cargo/registry", "rustup"] {
            let found = bytes.windows(needle.len()).any(|w| w == needle.as_bytes());
            assert!(!found, "{contract} contains {needle}");
        }
    }
}
