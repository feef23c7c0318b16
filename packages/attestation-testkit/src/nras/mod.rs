//! A software attestation service in the shape of NVIDIA's: tokens under a development root.
//!
//! The root's RSA key is one published in this repository (`development_root_key.der`), because making
//! one takes seconds; nobody may trust it for anything. The signing key follows from the seed.

mod broken;
mod pki;

use p384::ecdsa::signature::Signer;
use p384::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256, Sha384};

pub use broken::{broken, Broken};

const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// A GPU as the service sees it; all good by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftDevice {
    /// Serial number of its certificate.
    pub serial: [u8; 20],
    pub measurements: &'static str,
    pub secure_boot: bool,
    pub debug: &'static str,
    /// What all claims about report, RIMs and their certificates say.
    pub confirmed: bool,
    /// OCSP status of its certificates; version 3.0 only.
    pub ocsp: &'static str,
}

/// The attestation service with its root and signing key.
///
/// The public fields may be changed before tokens and certificates are made; signatures always fit what
/// is signed.
#[derive(Clone)]
pub struct SoftNras {
    pub algorithm: &'static str,
    pub key_id: String,
    pub issuer: &'static str,
    /// "2.0" or "3.0".
    pub version: &'static str,
    pub result: bool,
    /// When tokens are issued, Unix seconds.
    pub issued: u64,
    /// When they end, Unix seconds.
    pub expires: u64,
    pub devices: Vec<SoftDevice>,
    pub leaf: Leaf,
    key: SigningKey,
}

/// What the certificate of the signing key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub common_name: &'static str,
    pub not_before: u64,
    pub not_after: u64,
    pub is_ca: bool,
    /// First byte of the key usage.
    pub usage: u8,
}

/// A detached EAT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NrasToken {
    pub overall: String,
    pub devices: Vec<String>,
}

impl NrasToken {
    /// The device tokens, as verifiers want them.
    pub fn device_tokens(&self) -> Vec<&str> {
        self.devices.iter().map(String::as_str).collect()
    }
}

impl SoftNras {
    /// A service that finds two GPUs good. Tokens hold from `now` (Unix seconds) for an hour, the
    /// certificate for two days around it.
    pub fn new(seed: [u8; 32], now: u64) -> Self {
        let device = |number| SoftDevice {
            serial: serial(&seed, number),
            measurements: "success",
            secure_boot: true,
            debug: "disabled",
            confirmed: true,
            ocsp: "good",
        };
        SoftNras {
            algorithm: "ES384",
            key_id: "nv-eat-kid-development-0".into(),
            issuer: "https://nras.attestation.nvidia.com",
            version: "2.0",
            result: true,
            issued: now,
            expires: now + HOUR,
            devices: vec![device(0), device(1)],
            leaf: Leaf {
                common_name: "NVIDIA Attestation Service GPU GH100",
                not_before: now.saturating_sub(DAY),
                not_after: now + DAY,
                is_ca: false,
                usage: 0xa8,
            },
            key: signing_key(&seed),
        }
    }

    /// The development root: DER of a certificate. The same for every seed, as its key is.
    pub fn root_der(&self) -> Vec<u8> {
        pki::root()
    }

    /// DER of the signing key's certificate.
    pub fn leaf_der(&self) -> Vec<u8> {
        pki::leaf(&self.leaf, &self.key)
    }

    /// A token over all devices.
    pub fn token(&self, nonce: [u8; 32]) -> NrasToken {
        let devices: Vec<String> = (0..self.devices.len())
            .map(|number| self.sign(&self.device_claims(nonce, number)))
            .collect();
        NrasToken {
            overall: self.sign(&self.overall_claims(nonce, &devices)),
            devices,
        }
    }

    /// The overall token's payload, which lists these device tokens.
    pub fn overall_claims(&self, nonce: [u8; 32], devices: &[String]) -> String {
        let submods: Vec<String> = (0..)
            .zip(devices)
            .map(|(number, token): (u32, &String)| {
                let digest = hex(&Sha256::digest(token));
                format!(r#""GPU-{number}":["DIGEST",["SHA-256","{digest}"]]"#)
            })
            .collect();
        format!(
            concat!(
                r#"{{"sub":"NVIDIA-PLATFORM-ATTESTATION","x-nvidia-ver":"{}",{},"#,
                r#""x-nvidia-overall-att-result":{},"submods":{{{}}},"jti":"0"}}"#
            ),
            self.version,
            self.common_claims(nonce),
            self.result,
            submods.join(",")
        )
    }

    /// The payload of a device's token.
    ///
    /// # Panics
    /// If there is no such device.
    pub fn device_claims(&self, nonce: [u8; 32], number: usize) -> String {
        let device = &self.devices[number];
        let confirmed = [
            "arch-check",
            "attestation-report-parsed",
            "attestation-report-nonce-match",
            "attestation-report-signature-verified",
            "driver-rim-schema-validated",
            "driver-rim-signature-verified",
            "driver-rim-measurements-available",
            "vbios-rim-schema-validated",
            "vbios-rim-signature-verified",
            "vbios-rim-measurements-available",
            "vbios-index-no-conflict",
        ];
        let mut claims: Vec<String> = confirmed
            .iter()
            .map(|name| format!(r#""x-nvidia-gpu-{name}":{}"#, device.confirmed))
            .collect();
        claims.extend(self.chain_claims(device));
        format!(
            concat!(
                r#"{{{},"ueid":"{}","oemid":"5703","hwmodel":"GH100","measres":"{}","secboot":{},"#,
                r#""dbgstat":"{}","x-nvidia-gpu-driver-version":"570.172.08","#,
                r#""x-nvidia-gpu-vbios-version":"96.00.CF.00.02","x-nvidia-attestation-warning":null,{}}}"#
            ),
            self.common_claims(nonce),
            decimal(&device.serial),
            device.measurements,
            device.secure_boot,
            device.debug,
            claims.join(",")
        )
    }

    fn chain_claims(&self, device: &SoftDevice) -> Vec<String> {
        let flag = |name: &str| format!(r#""x-nvidia-gpu-{name}":{}"#, device.confirmed);
        if self.version == "2.0" {
            return [
                "attestation-report-cert-chain-validated",
                "driver-rim-cert-validated",
                "vbios-rim-cert-validated",
            ]
            .map(flag)
            .to_vec();
        }
        let mut claims = [
            "attestation-report-cert-chain-fwid-match",
            "driver-rim-version-match",
            "vbios-rim-version-match",
        ]
        .map(flag)
        .to_vec();
        claims.extend(["attestation-report", "driver-rim", "vbios-rim"].map(|what| {
            format!(
                concat!(
                    r#""x-nvidia-gpu-{}-cert-chain":{{"x-nvidia-cert-status":"valid","#,
                    r#""x-nvidia-cert-ocsp-status":"{}","x-nvidia-cert-revocation-reason":null}}"#
                ),
                what, device.ocsp
            )
        }));
        claims
    }

    fn common_claims(&self, nonce: [u8; 32]) -> String {
        format!(
            r#""iss":"{}","eat_nonce":"{}","nbf":{issued},"iat":{issued},"exp":{}"#,
            self.issuer,
            hex(&nonce),
            self.expires,
            issued = self.issued
        )
    }

    /// A compact token with this payload.
    pub fn sign(&self, claims: &str) -> String {
        let header = format!(r#"{{"kid":"{}","alg":"{}"}}"#, self.key_id, self.algorithm);
        let signed = format!(
            "{}.{}",
            base64url(header.as_bytes()),
            base64url(claims.as_bytes())
        );
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", base64url(&signature.to_bytes()))
    }
}

fn signing_key(seed: &[u8; 32]) -> SigningKey {
    let scalar = Sha384::new()
        .chain_update(b"secret-ai attestation testkit, NRAS")
        .chain_update(seed)
        .finalize();
    SigningKey::from_slice(&scalar).expect("a digest is a scalar but for a chance of 2^-190")
}

/// A positive serial number of 20 bytes.
fn serial(seed: &[u8; 32], number: u8) -> [u8; 20] {
    let digest = Sha256::new()
        .chain_update(seed)
        .chain_update([number])
        .finalize();
    let mut serial: [u8; 20] = digest[..20].try_into().expect("20 bytes");
    serial[0] = 0x40 | serial[0] & 0x3f;
    serial
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A big-endian number in decimal.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut().rev() {
            let sum = u32::from(*digit) * 256 + carry;
            (*digit, carry) = ((sum % 10) as u8, sum / 10);
        }
        while carry > 0 {
            digits.insert(0, (carry % 10) as u8);
            carry /= 10;
        }
    }
    digits
        .iter()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

/// Without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut padded = [0u8; 4];
        padded[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(padded);
        for place in 0..=group.len() {
            let sextet = (bits >> (18 - 6 * place)) & 0x3f;
            text.push(char::from(ALPHABET[sextet as usize]));
        }
    }
    text
}
