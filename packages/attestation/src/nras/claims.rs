//! Claims of the overall token and of device tokens, versions 2.0 and 3.0. Unknown claims are passed
//! over; a claim that is missing or of another type is an error.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::Error;
use crate::intel_json::hex_byte;
use crate::nras::jwt::json;
use crate::nras::NrasError;

/// What every token says.
#[derive(Deserialize)]
pub(crate) struct Common {
    pub iss: String,
    pub eat_nonce: String,
    /// Unix seconds.
    pub nbf: u64,
    /// Unix seconds.
    pub iat: u64,
    /// Unix seconds.
    pub exp: u64,
}

/// How claims are named. Version 3.0 reports each certificate chain in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V2,
    V3,
}

/// The overall token.
pub(crate) struct Overall {
    pub common: Common,
    pub version: Version,
    pub result: bool,
    /// SHA-256 of the device tokens, sorted.
    pub devices: Vec<[u8; 32]>,
}

/// A device token, all of whose checks are positive.
pub(crate) struct Device {
    pub common: Common,
    pub ueid: [u8; 20],
    pub hardware: String,
    pub driver_version: String,
    pub vbios_version: String,
}

/// A device by name: `["DIGEST", ["SHA-256", hex]]`.
type Submodule = (String, (String, String));

#[derive(Deserialize)]
struct OverallJson {
    #[serde(rename = "x-nvidia-ver")]
    version: String,
    #[serde(rename = "x-nvidia-overall-att-result")]
    result: bool,
    submods: BTreeMap<String, Submodule>,
}

#[derive(Deserialize)]
struct DeviceJson {
    ueid: String,
    hwmodel: String,
    measres: String,
    secboot: bool,
    dbgstat: String,
    #[serde(rename = "x-nvidia-gpu-driver-version")]
    driver_version: String,
    #[serde(rename = "x-nvidia-gpu-vbios-version")]
    vbios_version: String,
    #[serde(rename = "x-nvidia-gpu-arch-check")]
    architecture: bool,
    #[serde(rename = "x-nvidia-gpu-attestation-report-parsed")]
    report_parsed: bool,
    #[serde(rename = "x-nvidia-gpu-attestation-report-nonce-match")]
    report_nonce: bool,
    #[serde(rename = "x-nvidia-gpu-attestation-report-signature-verified")]
    report_signature: bool,
    #[serde(rename = "x-nvidia-gpu-driver-rim-schema-validated")]
    driver_rim_schema: bool,
    #[serde(rename = "x-nvidia-gpu-driver-rim-signature-verified")]
    driver_rim_signature: bool,
    #[serde(rename = "x-nvidia-gpu-driver-rim-measurements-available")]
    driver_rim_measurements: bool,
    #[serde(rename = "x-nvidia-gpu-vbios-rim-schema-validated")]
    vbios_rim_schema: bool,
    #[serde(rename = "x-nvidia-gpu-vbios-rim-signature-verified")]
    vbios_rim_signature: bool,
    #[serde(rename = "x-nvidia-gpu-vbios-rim-measurements-available")]
    vbios_rim_measurements: bool,
    #[serde(rename = "x-nvidia-gpu-vbios-index-no-conflict")]
    vbios_index: bool,
}

/// Certificate chains in version 2.0.
#[derive(Deserialize)]
struct ChainsV2 {
    #[serde(rename = "x-nvidia-gpu-attestation-report-cert-chain-validated")]
    report: bool,
    #[serde(rename = "x-nvidia-gpu-driver-rim-cert-validated")]
    driver_rim: bool,
    #[serde(rename = "x-nvidia-gpu-vbios-rim-cert-validated")]
    vbios_rim: bool,
}

/// Certificate chains and what else version 3.0 adds.
#[derive(Deserialize)]
struct ChainsV3 {
    #[serde(rename = "x-nvidia-gpu-attestation-report-cert-chain")]
    report: ChainJson,
    #[serde(rename = "x-nvidia-gpu-attestation-report-cert-chain-fwid-match")]
    report_fwid: bool,
    #[serde(rename = "x-nvidia-gpu-driver-rim-cert-chain")]
    driver_rim: ChainJson,
    #[serde(rename = "x-nvidia-gpu-driver-rim-version-match")]
    driver_rim_version: bool,
    #[serde(rename = "x-nvidia-gpu-vbios-rim-cert-chain")]
    vbios_rim: ChainJson,
    #[serde(rename = "x-nvidia-gpu-vbios-rim-version-match")]
    vbios_rim_version: bool,
}

#[derive(Deserialize)]
struct ChainJson {
    #[serde(rename = "x-nvidia-cert-status")]
    status: String,
    #[serde(rename = "x-nvidia-cert-ocsp-status")]
    ocsp: String,
}

impl ChainJson {
    fn good(&self) -> bool {
        self.status == "valid" && self.ocsp == "good"
    }
}

impl Overall {
    /// Reads the payload of an overall token.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let claims: OverallJson = json(payload)?;
        let version = match claims.version.as_str() {
            "2.0" => Version::V2,
            "3.0" => Version::V3,
            _ => return Err(NrasError::Version.into()),
        };
        let mut devices = claims
            .submods
            .values()
            .map(digest)
            .collect::<Option<Vec<_>>>()
            .ok_or(NrasError::Form("submods"))?;
        devices.sort_unstable();
        Ok(Overall {
            common: json(payload)?,
            version,
            result: claims.result,
            devices,
        })
    }
}

fn digest((kind, (algorithm, digest)): &Submodule) -> Option<[u8; 32]> {
    (kind == "DIGEST" && algorithm == "SHA-256")
        .then(|| hex(digest))
        .flatten()
}

impl Device {
    /// Reads the payload of a device token and fails unless the service confirms all that it judges.
    pub fn parse(payload: &[u8], version: Version) -> Result<Self, Error> {
        let claims: DeviceJson = json(payload)?;
        let checks = [
            (claims.architecture, "architecture"),
            (claims.report_parsed, "report"),
            (claims.report_nonce, "nonce"),
            (claims.report_signature, "report signature"),
            (claims.driver_rim_schema, "driver RIM's schema"),
            (claims.driver_rim_signature, "driver RIM's signature"),
            (claims.driver_rim_measurements, "driver RIM's measurements"),
            (claims.vbios_rim_schema, "VBIOS RIM's schema"),
            (claims.vbios_rim_signature, "VBIOS RIM's signature"),
            (claims.vbios_rim_measurements, "VBIOS RIM's measurements"),
            (claims.vbios_index, "VBIOS indices"),
            (claims.measres == "success", "measurements"),
            (claims.secboot, "secure boot"),
            (claims.dbgstat == "disabled", "debug state"),
        ];
        confirm(&checks)?;
        confirm(&chains(payload, version)?)?;
        Ok(Device {
            common: json(payload)?,
            ueid: decimal(&claims.ueid).ok_or(NrasError::Form("ueid"))?,
            hardware: claims.hwmodel,
            driver_version: claims.driver_version,
            vbios_version: claims.vbios_version,
        })
    }
}

/// What is said of certificates: of the device, of the driver's RIM, of the VBIOS's RIM.
fn chains(payload: &[u8], version: Version) -> Result<Vec<(bool, &'static str)>, Error> {
    let (report, driver_rim, vbios_rim) = (
        "certificates",
        "driver RIM's certificates",
        "VBIOS RIM's certificates",
    );
    Ok(match version {
        Version::V2 => {
            let chains: ChainsV2 = json(payload)?;
            vec![
                (chains.report, report),
                (chains.driver_rim, driver_rim),
                (chains.vbios_rim, vbios_rim),
            ]
        }
        Version::V3 => {
            let chains: ChainsV3 = json(payload)?;
            vec![
                (chains.report.good(), report),
                (chains.report_fwid, "FWID"),
                (chains.driver_rim.good(), driver_rim),
                (chains.driver_rim_version, "driver RIM's version"),
                (chains.vbios_rim.good(), vbios_rim),
                (chains.vbios_rim_version, "VBIOS RIM's version"),
            ]
        }
    })
}

fn confirm(checks: &[(bool, &'static str)]) -> Result<(), Error> {
    match checks.iter().find(|(good, _)| !good) {
        Some((_, what)) => Err(NrasError::DeviceClaim(what).into()),
        None => Ok(()),
    }
}

/// 64 hex digits of either case.
pub(crate) fn hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(hex_byte).collect();
    bytes?.try_into().ok()
}

/// A decimal number below 2^160, big-endian.
pub(crate) fn decimal(text: &str) -> Option<[u8; 20]> {
    let mut number = [0u8; 20];
    if text.is_empty() {
        return None;
    }
    for digit in text.bytes() {
        let mut carry = u16::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
        for byte in number.iter_mut().rev() {
            let sum = u16::from(*byte).checked_mul(10)?.checked_add(carry)?;
            let [high, low] = sum.to_be_bytes();
            (*byte, carry) = (low, u16::from(high));
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

/// Whether each is read in any version.
#[cfg(feature = "fuzzing")]
pub(crate) fn parse_both(overall: &[u8], device: &[u8]) -> (bool, bool) {
    let versions = [Version::V2, Version::V3];
    let reads = |version: &Version| Device::parse(device, *version).is_ok();
    (Overall::parse(overall).is_ok(), versions.iter().any(reads))
}
