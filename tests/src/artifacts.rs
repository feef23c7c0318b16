//! The contracts' wasm, as `make build` leaves it.

use std::path::PathBuf;

/// The four contracts, in the order in which they are deployed, and the registry that uses the host's
/// verifier.
pub const CONTRACTS: [&str; 5] = [
    "dev-token",
    "worker-registry",
    "billing",
    "rewards",
    "worker-registry-host-dcap",
];

/// The workspace's root folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Optimised wasm of a contract. Panics if it was not built.
pub fn wasm(contract: &str) -> Vec<u8> {
    let path = root().join("artifacts").join(format!("{contract}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|_| panic!("no artifacts/{contract}.wasm: run `make build` first"))
}
