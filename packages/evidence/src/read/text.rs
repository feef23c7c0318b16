//! Text forms.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::{alphabet, Engine};

use super::{certificate, detect as detect_bytes, json, Piece};
use crate::rim::is_rim;

/// A row of the list of images that SecretVM publishes for TDX. The list carries no signature, so a
/// row names an image and helps to recompute RTMR3, and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRow {
    /// Such as `4xlarge_256GB_gpu`.
    pub template: String,
    /// `prod` or `dev`.
    pub vm_type: String,
    /// Such as `v0.0.25`.
    pub version: String,
    pub mr_td: [u8; 48],
    /// RTMR0 to RTMR2.
    pub rtmr: [[u8; 48]; 3],
    /// Measurement of the root file system.
    pub rootfs: [u8; 32],
}

const IMAGE_LIST_HEAD: &str =
    "template_name,vm_type,artifacts_ver,mrtd,rtmr0,rtmr1,rtmr2,rootfs_data";
/// Shortest text of hex digits or base64 that is taken as damaged evidence, not as a compose file.
const ENCODED_LENGTH: usize = 256;

const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PADDING);

pub(super) fn detect(text: &str, depth: usize) -> Vec<Piece> {
    if text.is_empty() {
        return Vec::new();
    }
    if is_rim(text) {
        return vec![Piece::Rim(text.to_string())];
    }
    if text.starts_with(['{', '[', '"']) {
        return match serde_json::from_str(text) {
            Ok(value) => json::document(&value, depth),
            Err(_) => Vec::new(),
        };
    }
    if text.starts_with(IMAGE_LIST_HEAD) {
        return vec![Piece::ImageList(image_rows(text))];
    }
    if text.contains("-----BEGIN ") {
        return certificate::pem(text);
    }
    if is_token(text) {
        return vec![Piece::Unused("JSON web token")];
    }
    let compact: String = text.split_ascii_whitespace().collect();
    let digits = compact.strip_prefix("0x").unwrap_or(&compact);
    let decoded = hex::decode(digits).ok().into_iter();
    let decoded = decoded
        .chain(STANDARD.decode(&compact).ok())
        .chain(URL_SAFE.decode(&compact).ok());
    decoded
        .map(|bytes| detect_bytes(&bytes, depth))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// Any text that does not look like damaged evidence may be a compose file.
pub(super) fn compose(bytes: &[u8]) -> Option<Piece> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=.\r\n".contains(&byte);
    let damaged = text.len() >= ENCODED_LENGTH && text.bytes().all(encoded);
    let structured = text.starts_with(['{', '[', '<', '"']) || text.contains("-----BEGIN ");
    let plain = !text.is_empty() && !text.chars().any(|char| char == '\0');
    (plain && !damaged && !structured).then(|| Piece::Compose(bytes.to_vec()))
}

/// Three parts of base64url, the first of which is a JSON object.
fn is_token(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && text.starts_with("eyJ") && parts.iter().all(|p| p.bytes().all(part))
}

fn image_rows(text: &str) -> Vec<ImageRow> {
    text.lines().skip(1).filter_map(image_row).collect()
}

fn image_row(line: &str) -> Option<ImageRow> {
    let fields: Vec<&str> = line.trim().split(',').collect();
    let [template, vm_type, version, mr_td, rtmr0, rtmr1, rtmr2, rootfs, ..] = *fields else {
        return None;
    };
    Some(ImageRow {
        template: template.to_string(),
        vm_type: vm_type.to_string(),
        version: version.to_string(),
        mr_td: exact(mr_td)?,
        rtmr: [exact(rtmr0)?, exact(rtmr1)?, exact(rtmr2)?],
        rootfs: exact(rootfs)?,
    })
}

/// Exactly `N` bytes in hex.
pub(super) fn exact<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes)
        .ok()
        .map(|()| bytes)
}
