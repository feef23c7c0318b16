//! What the tests share. Real evidence lies beside the project, if at all.
#![allow(dead_code)]

use std::path::Path;

use secret_ai_evidence::{verify, Check, File, Options, Outcome, Report};

/// 2026-09-01T00:00:00Z: SecretVM's and near/mpc's collateral hold.
pub const SEPTEMBER_2026: u64 = 1_788_220_800;
/// 2026-01-01T00:00:00Z: NVIDIA's driver manifest holds.
pub const JANUARY_2026: u64 = 1_767_225_600;
/// 2025-07-01T00:00:00Z: dcap-qvl's first samples hold.
pub const JULY_2025: u64 = 1_751_328_000;

/// A published file, or nothing (and a message) where there are none.
pub fn fixture(name: &str) -> Option<Vec<u8>> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/fixtures/attestation"
    );
    let found = std::fs::read(Path::new(folder).join(name)).ok();
    if found.is_none() {
        println!("skipped: no fixture {name}");
    }
    found
}

/// Several published files, all or nothing.
pub fn fixtures(names: &[&str]) -> Option<Vec<Vec<u8>>> {
    names.iter().map(|name| fixture(name)).collect()
}

/// The report on these contents.
pub fn judge(contents: &[&[u8]], options: &Options<'_>) -> Report {
    let files: Vec<File<'_>> = contents
        .iter()
        .map(|bytes| File { name: "f", bytes })
        .collect();
    verify(&files, options).unwrap()
}

/// The check of this name, of the first subject that has it.
pub fn check<'a>(report: &'a Report, name: &str) -> &'a Check {
    let found = report.checks.iter().find(|check| check.name == name);
    found.unwrap_or_else(|| panic!("no check {name}:\n{report}"))
}

/// Asserts what came of a check.
pub fn assert_outcome(report: &Report, name: &str, outcome: Outcome) {
    assert_eq!(check(report, name).outcome, outcome, "{name}\n{report}");
}

/// Asserts that a check failed with this code.
pub fn assert_failed(report: &Report, name: &str, code: &str) {
    assert_outcome(report, name, Outcome::Fail);
    assert_eq!(check(report, name).code, Some(code), "{report}");
}

/// A fact of the first subject that has it.
pub fn fact(report: &Report, name: &str) -> serde_json::Value {
    let mut values = report.facts.iter().flat_map(|facts| &facts.values);
    let found = values.find(|(known, _)| *known == name);
    found
        .unwrap_or_else(|| panic!("no fact {name}:\n{report}"))
        .1
        .clone()
}
