//! NVIDIA's reference integrity manifests (RIM): the measurements that a GPU driver or a VBIOS must
//! show, as a SWID tag (ISO/IEC 19770-2, TCG RIM information model) under an enveloped XML signature.
//!
//! Read here and never on chain: canonical XML is no work for a contract. Governance approves the
//! [`GoldenSet`](secret_ai_attestation::gpu::GoldenSet) that [`golden`] makes of a driver's and a
//! VBIOS' manifest.
//!
//! The profile is exactly NVIDIA's: one signature, the last child of the root element, over the whole
//! document, canonical XML 1.1, SHA-384, ECDSA P-384. Everything else is refused, so no signature can
//! be wrapped around something that is not read.

pub(crate) mod canonical;
mod chain;
mod golden;
mod signature;

use roxmltree::{Document, Node, ParsingOptions};
use thiserror::Error;

pub use chain::{RimRoot, NVIDIA_RIM_FINGERPRINT};
pub use golden::{golden, Board, GoldenError};

/// Longest manifest, in bytes; NVIDIA's have about 21,000. The parser compares every attribute of an
/// element with all before it.
const SIZE_LIMIT: usize = 1 << 17;
/// Most declarations of namespaces; NVIDIA's manifests have five. The parser's time grows with their
/// square for every element.
const NAMESPACES_LIMIT: usize = 64;
/// Measurements of a GPU.
const INDICES: u8 = 64;
/// Namespace of the attributes with digests.
const SHA384: &str = "http://www.w3.org/2001/04/xmlenc#sha384";

/// Why a manifest is refused.
#[derive(Debug, Error)]
pub enum RimError {
    #[error("manifest has {have} bytes, at most {limit}")]
    Size { have: usize, limit: usize },
    #[error("manifest is not XML of the expected form: {0}")]
    Xml(String),
    #[error("manifest does not have NVIDIA's signature profile: {0}")]
    Profile(&'static str),
    #[error("certificates of the manifest: {0}")]
    ChainForm(String),
    #[error("certificate `{name}` of the manifest was not issued by `{issuer}`")]
    ChainIssuer { name: String, issuer: String },
    #[error("signature of the manifest's certificate `{0}` is wrong")]
    ChainSignature(String),
    #[error("certificate `{name}` of the manifest is valid from {from} to {until}, it is {now}")]
    ChainDates {
        name: String,
        from: u64,
        until: u64,
        now: u64,
    },
    #[error("digest of the manifest is not the signed one")]
    Digest,
    #[error("signature of the manifest is wrong")]
    Signature,
}

impl RimError {
    /// Stable snake_case name of the check that failed.
    pub fn code(&self) -> &'static str {
        match self {
            RimError::Size { .. } => "rim_size",
            RimError::Xml(_) => "rim_xml",
            RimError::Profile(_) => "rim_profile",
            RimError::ChainForm(_) => "rim_chain_form",
            RimError::ChainIssuer { .. } => "rim_chain_issuer",
            RimError::ChainSignature(_) => "rim_chain_signature",
            RimError::ChainDates { .. } => "rim_chain_dates",
            RimError::Digest => "rim_digest",
            RimError::Signature => "rim_signature",
        }
    }
}

/// Which part of a GPU's firmware a manifest speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RimKind {
    Driver,
    Vbios,
}

impl RimKind {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            RimKind::Driver => "driver",
            RimKind::Vbios => "VBIOS",
        }
    }
}

/// Values of a measurement, of which one must be shown.
pub type Values = Vec<[u8; 48]>;

/// A verified manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rim {
    pub kind: RimKind,
    /// Chip, such as `GH100`.
    pub product: String,
    /// Such as `550.144.03` (driver) or `96.00.5E.00.01` (VBIOS).
    pub version: String,
    /// Measurements that are compared: index and the values of which one must be shown, by index.
    pub active: Vec<(u8, Values)>,
    /// Common name of the authority that certified the signer.
    pub issuer: String,
    /// First and last second at which its certificates are valid, Unix time.
    pub valid: (u64, u64),
}

/// Whether a text looks like a manifest.
pub fn is_rim(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('<') && text.contains("SoftwareIdentity")
}

/// Verifies a manifest's signature and certificates at `now` (Unix seconds) and reads it.
///
/// # Errors
/// The first check that fails.
pub fn verify_rim(text: &str, root: &RimRoot, now: u64) -> Result<Rim, RimError> {
    let document = parse(text)?;
    let root_element = document.root_element();
    let signature = signature::Signature::find(root_element)?;
    let signer = chain::verify(&signature.certificates, root, now)?;
    signature.check(root_element, &signer)?;
    let mut rim = read(root_element)?;
    rim.issuer = signer.issuer;
    rim.valid = signer.valid;
    Ok(rim)
}

/// Parses a text that is short and simple enough for it.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, RimError> {
    let (have, limit) = (text.len(), SIZE_LIMIT);
    if have > limit {
        return Err(RimError::Size { have, limit });
    }
    let namespaces = text.matches("xmlns").count();
    if namespaces > NAMESPACES_LIMIT {
        let problem = format!("{namespaces} namespaces, at most {NAMESPACES_LIMIT}");
        return Err(RimError::Xml(problem));
    }
    let options = ParsingOptions {
        nodes_limit: 10_000,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| RimError::Xml(error.to_string()))
}

/// Reads the measurements of a manifest whose signature holds.
pub(crate) fn read(root: Node<'_, '_>) -> Result<Rim, RimError> {
    let namespace = root.tag_name().namespace().unwrap_or_default().to_string();
    if root.tag_name().name() != "SoftwareIdentity" {
        return Err(RimError::Xml("root is not SoftwareIdentity".to_string()));
    }
    let meta = only_child(root, (&namespace, "Meta"))?;
    let text = |name: &str| {
        let value = meta.attribute(name).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| RimError::Xml(format!("Meta has no {name}")));
        value.map(str::to_string)
    };
    let (version, product) = (text("colloquialVersion")?, text("product")?);
    let payload = only_child(root, (&namespace, "Payload"))?;
    let mut active = Vec::new();
    let mut seen = [false; INDICES as usize];
    for resource in payload.children().filter(Node::is_element) {
        let (index, values) = measurement(resource)?;
        match seen.get_mut(usize::from(index)) {
            Some(slot) if !*slot => *slot = true,
            _ => return Err(RimError::Xml(format!("measurement {index} is not unique"))),
        }
        if let Some(values) = values {
            active.push((index, values));
        }
    }
    active.sort_unstable_by_key(|(index, _)| *index);
    Ok(Rim {
        kind: kind(&version).ok_or_else(|| RimError::Xml(format!("version `{version}`")))?,
        product,
        version,
        active,
        issuer: String::new(),
        valid: (0, 0),
    })
}

/// A VBIOS version is five hexadecimal bytes, a driver version three decimal numbers.
fn kind(version: &str) -> Option<RimKind> {
    let parts: Vec<&str> = version.split('.').collect();
    let all = |test: fn(&u8) -> bool, length: std::ops::RangeInclusive<usize>| {
        parts
            .iter()
            .all(|part| length.contains(&part.len()) && part.bytes().all(|b| test(&b)))
    };
    match parts.len() {
        5 if all(u8::is_ascii_hexdigit, 2..=2) => Some(RimKind::Vbios),
        2 | 3 if all(u8::is_ascii_digit, 1..=5) => Some(RimKind::Driver),
        _ => None,
    }
}

fn only_child<'a, 'b>(parent: Node<'a, 'b>, name: (&str, &str)) -> Result<Node<'a, 'b>, RimError> {
    let mut found = parent.children().filter(|child| child.has_tag_name(name));
    match (found.next(), found.next()) {
        (Some(child), None) => Ok(child),
        _ => Err(RimError::Xml(format!("not exactly one {}", name.1))),
    }
}

/// Index of a measurement, and its values if it is active.
fn measurement(resource: Node<'_, '_>) -> Result<(u8, Option<Values>), RimError> {
    let error = |what: &str| RimError::Xml(format!("Resource without a sound {what}"));
    let number = |name: &str| {
        resource
            .attribute(name)
            .and_then(|text| text.parse::<u8>().ok())
    };
    if resource.attribute("type") != Some("Measurement") {
        return Err(error("type"));
    }
    let index = number("index")
        .filter(|index| *index < INDICES)
        .ok_or_else(|| error("index"))?;
    let count = number("alternatives").filter(|count| *count > 0);
    let count = count.ok_or_else(|| error("number of alternatives"))?;
    match resource.attribute("active") {
        Some("False") => return Ok((index, None)),
        Some("True") => {}
        _ => return Err(error("activity")),
    }
    if resource.attribute("size") != Some("48") {
        return Err(error("size"));
    }
    let hash = |place: u8| {
        let text = resource.attribute((SHA384, format!("Hash{place}").as_str()))?;
        let mut value = [0; 48];
        hex::decode_to_slice(text, &mut value).ok().map(|()| value)
    };
    let values: Option<Vec<_>> = (0..count).map(hash).collect();
    Ok((index, Some(values.ok_or_else(|| error("digest"))?)))
}
