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

/// Builds that break one rule of docs/privacy.md each, so that the tests can show that they see it.
pub const LEAKY: [&str; 6] = [
    "billing-leak-p1",
    "billing-leak-p2",
    "billing-leak-p3",
    "billing-leak-p4",
    "rewards-leak-p5",
    "billing-leak-p6",
];

/// The workspace's root folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Optimised wasm of an artifact. Panics if it was not built.
pub fn wasm(contract: &str) -> Vec<u8> {
    let path = root().join("artifacts").join(format!("{contract}.wasm"));
    std::fs::read(&path).unwrap_or_else(|_| {
        panic!("no artifacts/{contract}.wasm: run `make test`, or scripts/build-wasm.sh")
    })
}
