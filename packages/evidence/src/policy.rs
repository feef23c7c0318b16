//! The policy file: what genuine evidence must show, in the words of the registry's own policy.
//!
//! ```json
//! {
//!   "tdx": {
//!     "allow_sw_hardening_needed": false,
//!     "allow_configuration_needed": false,
//!     "out_of_date_grace_s": 0,
//!     "denied_advisories": ["INTEL-SA-01192"],
//!     "min_tcb_evaluation_number": 19,
//!     "max_tcb_evaluation_number": null,
//!     "max_collateral_age_s": 1209600
//!   },
//!   "snp": {
//!     "allow_smt": true,
//!     "allow_vlek": false,
//!     "allow_version_2": false,
//!     "max_crl_age_s": 31536000,
//!     "min_tcb": [{"product": "milan", "fmc": 0, "boot_loader": 3, "tee": 0, "snp": 8, "microcode": 115}]
//!   },
//!   "known_platforms_only": false,
//!   "images": [{"image": "<64 hex digits>", "workloads": ["<64 hex digits>"]}],
//!   "platforms": ["<64 hex digits>"],
//!   "golden": ["h100.golden", "<hex of a golden set>"],
//!   "binding": {
//!     "chain_id": "secret-4",
//!     "registry": "secret1…",
//!     "operator": "secret1…",
//!     "receipt_pk": "<66 hex digits>",
//!     "tls_spki_sha256": "<64 hex digits>",
//!     "e2ee_pk": "<64 hex digits>",
//!     "challenge": "<64 hex digits>",
//!     "class": 16
//!   }
//! }
//! ```
//!
//! Every part, and every field of `tdx` and `snp`, may be absent; then its default holds, or for `images`,
//! `platforms` and `binding` the check is not made. `tdx`, `snp`, `max_workers_per_platform`, `known_platforms_only` and `heartbeat_s`
//! are as in the registry's `config` query, so its policy may be pasted; the first and last numbers are
//! about the registry's state and judge nothing here. `workloads` absent approves whatever runs in the
//! image. A file in `golden` is looked for beside the policy file, or in a folder there.

use std::path::{Component, Path};

use secret_ai_attestation::gpu::GoldenSet;
use secret_ai_attestation::snp::{self, Product, Tcb};
use secret_ai_attestation::{Advisory, Registration, TcbStatus};
use secret_ai_interface::registry::{SnpPolicy, SnpProduct, TdxPolicy};
use secret_ai_interface::{Digest, Hex, PublicKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::EvidenceError;
use crate::file::read_file;
use crate::read::{pieces, Piece};

/// What genuine evidence must show.
#[derive(Clone, Debug)]
pub struct Policy {
    pub tdx: TdxPolicy,
    pub snp: SnpPolicy,
    /// Accept only platforms in `platforms`, which a list of them means as well.
    pub known_platforms_only: bool,
    /// Images that may run; none if the list is not checked.
    pub images: Option<Vec<Image>>,
    /// Platforms that somebody trusted knows, SHA-256 of PPID or chip id; none if the list is not checked.
    pub platforms: Option<Vec<Digest>>,
    pub golden: Vec<GoldenSet>,
    /// The registration that the evidence must be bound to; none if the binding is not checked.
    pub binding: Option<Binding>,
}

/// An image, and what may run in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    pub image: Digest,
    /// Digests of workloads; whatever runs in the image if absent.
    pub workloads: Option<Vec<Digest>>,
}

/// Where and for whom a worker registers, with its keys: the inputs of docs/attestation.md.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    pub chain_id: String,
    pub registry: String,
    pub operator: String,
    pub receipt_pk: PublicKey,
    pub tls_spki_sha256: Digest,
    pub e2ee_pk: Hex<32>,
    pub challenge: Digest,
    pub class: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    #[serde(default)]
    tdx: Map<String, Value>,
    #[serde(default)]
    snp: Map<String, Value>,
    #[serde(default, rename = "max_workers_per_platform")]
    _max_workers_per_platform: u32,
    #[serde(default)]
    known_platforms_only: bool,
    #[serde(default, rename = "heartbeat_s")]
    _heartbeat_s: u64,
    images: Option<Vec<Image>>,
    platforms: Option<Vec<Digest>>,
    #[serde(default)]
    golden: Vec<String>,
    binding: Option<Binding>,
}

/// Collateral of Intel holds for 30 days.
const THIRTY_DAYS: u64 = 2_592_000;
/// AMD's revocation lists hold for a year.
const ONE_YEAR: u64 = 31_536_000;

impl Default for Policy {
    /// What holds without a policy: `UpToDate` platforms only; simultaneous multithreading, which every
    /// real platform has; no keys of cloud providers, no reports that do not name their product; any
    /// patch level that AMD certified.
    fn default() -> Self {
        let any = |product| secret_ai_interface::registry::SnpMinTcb {
            product,
            fmc: 0,
            boot_loader: 0,
            tee: 0,
            snp: 0,
            microcode: 0,
        };
        Policy {
            tdx: TdxPolicy {
                allow_sw_hardening_needed: false,
                allow_configuration_needed: false,
                out_of_date_grace_s: 0,
                denied_advisories: Vec::new(),
                min_tcb_evaluation_number: 0,
                max_tcb_evaluation_number: None,
                max_collateral_age_s: THIRTY_DAYS,
            },
            snp: SnpPolicy {
                allow_smt: true,
                allow_vlek: false,
                allow_version_2: false,
                max_crl_age_s: ONE_YEAR,
                min_tcb: vec![
                    any(SnpProduct::Milan),
                    any(SnpProduct::Genoa),
                    any(SnpProduct::Turin),
                ],
            },
            known_platforms_only: false,
            images: None,
            platforms: None,
            golden: Vec::new(),
            binding: None,
        }
    }
}

impl Policy {
    /// Reads a policy file. Golden sets that it names by file are read from `folder`.
    ///
    /// # Errors
    /// [`EvidenceError::Policy`] naming the field, or the file that cannot be read.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, EvidenceError> {
        let file: PolicyFile =
            serde_json::from_str(text).map_err(|e| EvidenceError::Policy(e.to_string()))?;
        let defaults = Policy::default();
        Ok(Policy {
            tdx: with_defaults("tdx", file.tdx, &defaults.tdx)?,
            snp: with_defaults("snp", file.snp, &defaults.snp)?,
            known_platforms_only: file.known_platforms_only,
            images: file.images,
            platforms: file.platforms,
            golden: file
                .golden
                .iter()
                .map(|text| golden(text, folder))
                .collect::<Result<_, _>>()?,
            binding: file.binding,
        })
    }

    /// Whether platforms are held against the list; without one, none is known.
    pub(crate) fn judges_platforms(&self) -> bool {
        self.known_platforms_only || self.platforms.is_some()
    }

    /// The part about Intel TDX, for its verifier.
    pub(crate) fn tdx(&self) -> secret_ai_attestation::TdxPolicy {
        let policy = &self.tdx;
        let (hardening, configuration) = (
            policy.allow_sw_hardening_needed,
            policy.allow_configuration_needed,
        );
        let statuses = [
            (hardening, TcbStatus::SwHardeningNeeded),
            (configuration, TcbStatus::ConfigurationNeeded),
            (
                hardening && configuration,
                TcbStatus::ConfigurationAndSwHardeningNeeded,
            ),
        ];
        secret_ai_attestation::TdxPolicy {
            allowed: statuses
                .into_iter()
                .filter(|(on, _)| *on)
                .map(|(_, status)| status)
                .collect(),
            out_of_date_grace: policy.out_of_date_grace_s,
            denied_advisories: policy
                .denied_advisories
                .iter()
                .map(|id| Advisory::from_id(id))
                .collect(),
            min_tcb_evaluation_number: policy.min_tcb_evaluation_number,
        }
    }

    /// The part about AMD SEV-SNP, for its verifier.
    pub(crate) fn snp(&self) -> snp::SnpPolicy {
        let policy = &self.snp;
        let minimum = |least: &secret_ai_interface::registry::SnpMinTcb| {
            let product = match least.product {
                SnpProduct::Milan => Product::Milan,
                SnpProduct::Genoa => Product::Genoa,
                SnpProduct::Turin => Product::Turin,
            };
            let tcb = Tcb {
                fmc: least.fmc,
                boot_loader: least.boot_loader,
                tee: least.tee,
                snp: least.snp,
                microcode: least.microcode,
            };
            (product, tcb)
        };
        snp::SnpPolicy {
            allow_smt: policy.allow_smt,
            allow_vlek: policy.allow_vlek,
            allow_version_2: policy.allow_version_2,
            min_tcb: policy.min_tcb.iter().map(minimum).collect(),
        }
    }
}

impl Binding {
    /// As the verifier takes it.
    pub(crate) fn registration(&self) -> Registration<'_> {
        Registration {
            chain_id: &self.chain_id,
            registry: &self.registry,
            operator: &self.operator,
            receipt_pk: self.receipt_pk.as_bytes(),
            tls_spki_sha256: self.tls_spki_sha256.as_bytes(),
            e2ee_pk: self.e2ee_pk.as_bytes(),
            challenge: self.challenge.as_bytes(),
            class: self.class,
        }
    }
}

/// A part of the policy whose absent fields are as by default.
fn with_defaults<T: Serialize + DeserializeOwned>(
    part: &str,
    given: Map<String, Value>,
    default: &T,
) -> Result<T, EvidenceError> {
    let problem = |error: serde_json::Error| EvidenceError::Policy(format!("{part}: {error}"));
    let mut all = serde_json::to_value(default).map_err(problem)?;
    if let Value::Object(fields) = &mut all {
        fields.extend(given);
    }
    serde_json::from_value(all).map_err(problem)
}

/// A golden set in hex, or the file that holds it.
fn golden(text: &str, folder: &Path) -> Result<GoldenSet, EvidenceError> {
    let set = |bytes: &[u8]| {
        pieces(bytes).into_iter().find_map(|piece| match piece {
            Piece::Golden(set) => Some(*set),
            _ => None,
        })
    };
    if let Some(set) = set(text.as_bytes()) {
        return Ok(set);
    }
    let within = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if text.is_empty() || !Path::new(text).components().all(within) {
        let problem =
            format!("golden `{text}` is neither hex nor a file below the policy's folder");
        return Err(EvidenceError::Policy(problem));
    }
    let file = folder.join(text);
    let bytes = read_file(&file).map_err(|source| EvidenceError::PolicyFile {
        file: file.display().to_string(),
        source,
    })?;
    set(&bytes)
        .ok_or_else(|| EvidenceError::Policy(format!("{} holds no golden set", file.display())))
}
