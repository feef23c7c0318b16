//! The request.

use std::path::Path;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use secret_ai_attestation::gpu::NvidiaRoot;
use secret_ai_attestation::snp::SnpRoot;
use secret_ai_attestation::TrustRoot;
use secret_ai_evidence::{Policy, Roots};
use serde::Deserialize;
use serde_json::Value;

/// What to verify, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The time of which the verdict holds, Unix seconds.
    pub time: u64,
    pub files: Vec<NamedText>,
    policy: Option<Value>,
    #[serde(default)]
    pub roots: RootTexts,
    /// Do without AMD's revocation list where none is given.
    #[serde(default)]
    pub without_crl: bool,
    rootfs: Option<String>,
}

/// A file: binary ones in hex or base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedText {
    pub name: String,
    pub text: String,
}

/// Roots in place of the vendors', base64 of DER.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootTexts {
    intel: Option<String>,
    amd: Option<String>,
    nvidia: Option<String>,
}

impl Request {
    /// Reads a request; the error names what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("request: {error}"))
    }

    /// The policy, if there is one. Golden sets that it names by file are not found: there are no files.
    pub fn policy(&self) -> Result<Option<Policy>, String> {
        let policy = self.policy.as_ref().filter(|policy| !policy.is_null());
        let parse = |policy: &Value| Policy::parse(&policy.to_string(), Path::new(""));
        policy
            .map(parse)
            .transpose()
            .map_err(|error| error.to_string())
    }

    /// The root file system's measurement, if it is given.
    pub fn rootfs(&self) -> Result<Option<[u8; 32]>, String> {
        let decode = |text: &String| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes)
                .map(|()| bytes)
                .map_err(|_| "rootfs: expected 64 hex digits".to_string())
        };
        self.rootfs.as_ref().map(decode).transpose()
    }
}

/// Roots in DER.
pub struct RootBytes {
    intel: Option<Vec<u8>>,
    amd: Option<Vec<u8>>,
    nvidia: Option<Vec<u8>>,
}

impl RootBytes {
    pub fn decode(texts: &RootTexts) -> Result<Self, String> {
        let decode = |name: &str, text: &Option<String>| {
            let bytes = text.as_ref().map(|text| STANDARD.decode(text)).transpose();
            bytes.map_err(|_| format!("roots.{name}: is not base64"))
        };
        Ok(RootBytes {
            intel: decode("intel", &texts.intel)?,
            amd: decode("amd", &texts.amd)?,
            nvidia: decode("nvidia", &texts.nvidia)?,
        })
    }

    /// Whom to believe: the vendors, where nobody else is named.
    pub fn roots(&self) -> Result<Roots<'_>, String> {
        let refused =
            |name: &str, error: secret_ai_attestation::Error| format!("roots.{name}: {error}");
        let mut roots = Roots::default();
        if let Some(der) = &self.intel {
            roots.intel = TrustRoot::from_der(der).map_err(|e| refused("intel", e))?;
        }
        if let Some(der) = &self.amd {
            roots.amd = Some(SnpRoot::from_der(der).map_err(|e| refused("amd", e))?);
        }
        if let Some(der) = &self.nvidia {
            roots.nvidia = NvidiaRoot::from_der(der).map_err(|e| refused("nvidia", e))?;
        }
        Ok(roots)
    }
}
