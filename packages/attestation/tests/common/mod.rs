//! Real evidence: what the `dcap-qvl` package ships as samples, always there, and the shared fixtures
//! where the workspace has them.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use secret_ai_attestation::tools::raw_collateral_from_json;
use secret_ai_attestation::{without_padding, RawCollateral, TcbStatus};

/// A real quote with its collateral and what is known of them.
pub struct Sample {
    pub name: &'static str,
    pub quote: Vec<u8>,
    pub collateral_json: String,
    /// First and last Unix second at which all of the collateral holds.
    pub window: (u64, u64),
    /// Status, or the code of the refusal.
    pub expected: Result<TcbStatus, &'static str>,
}

impl Sample {
    pub fn raw(&self) -> RawCollateral {
        raw_collateral_from_json(&self.collateral_json).unwrap()
    }

    /// A second in the middle of the window.
    pub fn now(&self) -> u64 {
        (self.window.0 + self.window.1) / 2
    }

    /// The quote without the zeros that follow version 4 quotes.
    pub fn exact(&self) -> &[u8] {
        without_padding(&self.quote).unwrap()
    }
}

struct Row {
    name: &'static str,
    quote: &'static str,
    collateral: &'static str,
    window: (u64, u64),
    expected: Result<TcbStatus, &'static str>,
}

/// 2025-06-19T10:32:27Z to 2025-07-19T10:00:35Z.
const QVL_V4: (u64, u64) = (1_750_329_147, 1_752_919_235);
/// 2026-10-08T00:28:26Z to 2026-11-06T23:45:11Z.
const QVL_V5: (u64, u64) = (1_791_419_306, 1_794_008_711);
/// 2026-08-13T10:45:38Z to 2026-09-11T23:57:11Z.
const NEAR: (u64, u64) = (1_786_617_938, 1_789_171_031);

const UP_TO_DATE: Result<TcbStatus, &str> = Ok(TcbStatus::UpToDate);

/// Samples inside the dcap-qvl package.
const PACKAGED: [Row; 2] = [
    Row {
        name: "dcap-qvl v4",
        quote: "tdx_quote",
        collateral: "tdx_quote_collateral.json",
        window: QVL_V4,
        expected: UP_TO_DATE,
    },
    Row {
        name: "dcap-qvl v5 TD 1.5ex",
        quote: "tdx_quote_td15ex",
        collateral: "tdx_quote_td15ex_collateral.json",
        window: QVL_V5,
        expected: UP_TO_DATE,
    },
];

/// Samples of the shared fixtures.
const SHARED: [Row; 4] = [
    Row {
        name: "near mpc v4 (dstack)",
        quote: "tdx/near-mpc/quote.bin",
        collateral: "tdx/near-mpc/collateral.json",
        window: NEAR,
        expected: UP_TO_DATE,
    },
    Row {
        name: "Secret AI worker v4",
        quote: "secretvm/cpu_quote.txt",
        collateral: "tdx/near-mpc/collateral_nopck.json",
        window: NEAR,
        expected: UP_TO_DATE,
    },
    Row {
        name: "SecretVM with compose v4",
        quote: "secretvm/tdx_cpu_docker_check_quote.txt",
        collateral: "tdx/near-mpc/collateral_nopck.json",
        window: NEAR,
        expected: UP_TO_DATE,
    },
    Row {
        name: "SecretVM rest server v4",
        quote: "secretvm/rest-server-tdx_attestation.txt",
        collateral: "tdx/near-mpc/collateral_nopck.json",
        window: NEAR,
        expected: Ok(TcbStatus::OutOfDate),
    },
];

/// Every real quote with collateral: two from the package, four more where the fixtures are present.
pub fn samples() -> Vec<Sample> {
    let packaged = packaged_dir();
    let mut samples: Vec<Sample> = PACKAGED.iter().map(|row| load(row, &packaged)).collect();
    match shared_dir() {
        Some(shared) => samples.extend(SHARED.iter().map(|row| load(row, &shared))),
        None => println!(
            "skipped: {} samples of the shared fixtures are absent",
            SHARED.len()
        ),
    }
    samples
}

/// The two quotes that are always there, version 4 first.
pub fn packaged_samples() -> Vec<Sample> {
    let packaged = packaged_dir();
    PACKAGED.iter().map(|row| load(row, &packaged)).collect()
}

fn load(row: &Row, base: &Path) -> Sample {
    Sample {
        name: row.name,
        quote: read_quote(&base.join(row.quote)),
        collateral_json: std::fs::read_to_string(base.join(row.collateral)).unwrap(),
        window: row.window,
        expected: row.expected,
    }
}

/// Reads a quote, raw or in hex.
pub fn read_quote(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let text = std::str::from_utf8(&bytes).ok();
    text.and_then(|text| hex::decode(text.trim()).ok())
        .unwrap_or(bytes)
}

/// The shared fixtures beside the workspace, if present.
pub fn shared_dir() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/attestation");
    path.is_dir().then_some(path)
}

/// `sample` of the dcap-qvl package, which cargo unpacked to build the tests.
pub fn packaged_dir() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            Path::new(&std::env::var_os("HOME").expect("HOME is set")).join(".cargo")
        });
    let registries = std::fs::read_dir(home.join("registry/src")).unwrap();
    registries
        .map(|registry| registry.unwrap().path().join("dcap-qvl-0.7.1/sample"))
        .find(|path| path.is_dir())
        .expect("cargo keeps the source of dcap-qvl 0.7.1 in its home")
}
