//! Quotes as Intel's quoting enclave would sign them.

use sha2::{Digest, Sha256};

use crate::{pki, SoftTee};

/// What a TD measured; all zero attributes but SEPT_VE_DISABLE by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurements {
    pub mr_td: [u8; 48],
    pub rtmr: [[u8; 48]; 4],
    pub xfam: [u8; 8],
    pub td_attributes: [u8; 8],
    pub tee_tcb_svn: [u8; 16],
    pub mr_signer_seam: [u8; 48],
    pub seam_attributes: [u8; 8],
    /// TD 1.5 only.
    pub current_tee_tcb_svn: [u8; 16],
    /// TD 1.5 only.
    pub mr_service_td: [u8; 48],
}

/// TDX module 1.5 at the newest level.
const TEE_TCB_SVN: [u8; 16] = [5, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl Default for Measurements {
    fn default() -> Self {
        Measurements {
            mr_td: [0xa0; 48],
            rtmr: [[0xb0; 48], [0xb1; 48], [0xb2; 48], [0xb3; 48]],
            xfam: [0xe7, 0x02, 0x06, 0, 0, 0, 0, 0],
            td_attributes: [0, 0, 0, 0x10, 0, 0, 0, 0],
            tee_tcb_svn: TEE_TCB_SVN,
            mr_signer_seam: [0; 48],
            seam_attributes: [0; 8],
            current_tee_tcb_svn: TEE_TCB_SVN,
            mr_service_td: [0; 48],
        }
    }
}

/// Header and layout of a quote; version 4 with the PCK chain in PEM by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteForm {
    pub version: u16,
    /// Body type of version 5: 2 TD 1.0, 3 TD 1.5, 4 TD 1.5ex.
    pub body_type: u16,
    pub attestation_key_type: u16,
    pub tee_type: u32,
    pub vendor: [u8; 16],
}

impl Default for QuoteForm {
    fn default() -> Self {
        QuoteForm {
            version: 4,
            body_type: 2,
            attestation_key_type: 2,
            tee_type: 0x81,
            vendor: [
                0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f,
                0x06, 0x07,
            ],
        }
    }
}

impl QuoteForm {
    /// Version 5 with a body of this type.
    pub fn v5(body_type: u16) -> Self {
        QuoteForm {
            version: 5,
            body_type,
            ..QuoteForm::default()
        }
    }
}

/// What the quoting enclave's report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QeReport {
    pub miscselect: u32,
    pub attributes: [u8; 16],
    pub mr_signer: [u8; 32],
    pub isv_prod_id: u16,
    pub isv_svn: u16,
    /// Replaces SHA-256(attestation key ‖ auth data) ‖ zeros if present.
    pub report_data: Option<[u8; 64]>,
}

impl Default for QeReport {
    fn default() -> Self {
        QeReport {
            miscselect: 0,
            attributes: [0x15, 0, 0, 0, 0, 0, 0, 0, 0xe7, 0, 0, 0, 0, 0, 0, 0],
            mr_signer: [0; 32],
            isv_prod_id: 2,
            isv_svn: 4,
            report_data: None,
        }
    }
}

/// Header, body, signatures and certificates.
pub(crate) fn mint(
    tee: &SoftTee,
    form: &QuoteForm,
    report_data: &[u8; 64],
    measurements: &Measurements,
) -> Vec<u8> {
    let body = body(form, report_data, measurements);
    let mut signed = [
        &form.version.to_le_bytes()[..],
        &form.attestation_key_type.to_le_bytes(),
        &form.tee_type.to_le_bytes(),
        &[0; 4],
        &form.vendor,
        &[0; 20],
    ]
    .concat();
    if form.version == 5 {
        signed.extend_from_slice(&form.body_type.to_le_bytes());
        signed.extend_from_slice(&length(&body));
    }
    signed.extend_from_slice(&body);

    let attestation_key = pki::public(&tee.attestation_key);
    let auth_data: [u8; 32] = core::array::from_fn(|index| index as u8);
    let report = report(&tee.qe_report, &attestation_key, &auth_data);
    let chain = tee.pck_chain().map(|der| pem(&der)).concat();
    let chain = [chain.as_bytes(), &[0]].concat();
    let certification = [
        &report[..],
        &pki::sign(&tee.pck_key, &report),
        &(auth_data.len() as u16).to_le_bytes(),
        &auth_data,
        &5u16.to_le_bytes(),
        &length(&chain),
        &chain,
    ]
    .concat();
    let data = [
        &pki::sign(&tee.attestation_key, &signed)[..],
        &attestation_key,
        &6u16.to_le_bytes(),
        &length(&certification),
        &certification,
    ]
    .concat();
    [&signed[..], &length(&data), &data].concat()
}

fn body(form: &QuoteForm, report_data: &[u8; 64], td: &Measurements) -> Vec<u8> {
    let mut body = [
        &td.tee_tcb_svn[..],
        &[0x5e; 48],
        &td.mr_signer_seam,
        &td.seam_attributes,
        &td.td_attributes,
        &td.xfam,
        &td.mr_td,
        &[0; 144],
        &td.rtmr.concat(),
        report_data,
    ]
    .concat();
    if form.version == 5 && form.body_type >= 3 {
        body.extend_from_slice(&td.current_tee_tcb_svn);
        body.extend_from_slice(&td.mr_service_td);
    }
    if form.version == 5 && form.body_type == 4 {
        body.extend_from_slice(&[0; 237]);
    }
    body
}

fn report(qe: &QeReport, attestation_key: &[u8; 64], auth_data: &[u8]) -> Vec<u8> {
    let bound = Sha256::new()
        .chain_update(attestation_key)
        .chain_update(auth_data)
        .finalize();
    let mut report_data = [0; 64];
    report_data[..32].copy_from_slice(&bound);
    [
        &[0; 16][..],
        &qe.miscselect.to_le_bytes(),
        &[0; 28],
        &qe.attributes,
        &[0x3e; 32],
        &[0; 32],
        &qe.mr_signer,
        &[0; 96],
        &qe.isv_prod_id.to_le_bytes(),
        &qe.isv_svn.to_le_bytes(),
        &[0; 60],
        &qe.report_data.unwrap_or(report_data),
    ]
    .concat()
}

fn length(bytes: &[u8]) -> [u8; 4] {
    (bytes.len() as u32).to_le_bytes()
}

/// A certificate in PEM, with lines of 64 characters.
pub fn pem(der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text: Vec<u8> = Vec::new();
    for group in der.chunks(3) {
        let mut bytes = [0u8; 4];
        bytes[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bytes);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 0x3f;
            text.push(if place <= group.len() {
                ALPHABET[sextet as usize]
            } else {
                b'='
            });
        }
    }
    let lines: String = text
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}
