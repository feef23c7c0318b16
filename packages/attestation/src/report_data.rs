//! What a report data is when it is no registration's. For tools that explain evidence: a registry only
//! compares ([`crate::check_report_data`]).
//!
//! SecretVM puts three meanings into the same 64 bytes, without a tag, a challenge or a wallet:
//!
//! | quote | first half | second half |
//! |---|---|---|
//! | boot, served as `/cpu` | SHA-256 of the TLS key's SubjectPublicKeyInfo, formerly of the certificate | nonce of the GPU evidence, zeros without GPU |
//! | KMS | X25519 key | 16 bytes of VM id, 16 zeros |
//! | signing key | the raw key | zeros |
//!
//! They are made once at boot and served for ever, so none can answer a challenge. A registration's
//! first half is a hash with a domain tag, hence equal to none of these but by breaking SHA-256.

use core::fmt;

/// With what a report data is compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Candidates<'a> {
    /// Report data of registrations, as [`crate::report_data`] makes it.
    pub registrations: &'a [[u8; 64]],
    /// SHA-256 of the SubjectPublicKeyInfo of TLS keys, or of whole TLS certificates.
    pub tls_sha256: &'a [[u8; 32]],
    /// Nonces of the GPU evidence that came along.
    pub gpu_nonces: &'a [[u8; 32]],
}

/// What a report data was recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportDataForm {
    /// A registration's: B ‖ G.
    Registration,
    /// SecretVM's boot quote: TLS key, and the nonce of the GPU evidence if `gpu`.
    SecretVmBoot { gpu: bool },
    /// The second half is the nonce of the GPU evidence, the first half unknown: SecretVM's boot quote
    /// of another TLS key, or a registration with other inputs.
    GpuNonce,
    /// By its zeros, a key and a VM's id: SecretVM's quote for its key management.
    SecretVmKms,
    /// The second half is zero: a key or key hash alone, with no challenge, such as SecretVM's boot
    /// quote without GPU or its quote for a signing key.
    KeyOnly,
    /// Nothing that is known.
    Unknown,
}

/// Recognises a report data; what is compared with a candidate comes before what is guessed by zeros.
pub fn recognise_report_data(found: &[u8; 64], known: &Candidates<'_>) -> ReportDataForm {
    let (first, second) = found.split_at(32);
    let is_one_of = |half: &[u8], list: &[[u8; 32]]| list.iter().any(|known| known == half);
    let gpu = is_one_of(second, known.gpu_nonces);
    let zeros = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let (vm_id, rest) = second.split_at(16);
    if known.registrations.contains(found) {
        ReportDataForm::Registration
    } else if is_one_of(first, known.tls_sha256) && (gpu || zeros(second)) {
        ReportDataForm::SecretVmBoot { gpu }
    } else if gpu {
        ReportDataForm::GpuNonce
    } else if zeros(first) {
        ReportDataForm::Unknown
    } else if zeros(second) {
        ReportDataForm::KeyOnly
    } else if zeros(rest) && !zeros(vm_id) {
        ReportDataForm::SecretVmKms
    } else {
        ReportDataForm::Unknown
    }
}

impl ReportDataForm {
    /// Whether it is certain that no registration has it.
    pub fn is_static(self) -> bool {
        matches!(
            self,
            ReportDataForm::SecretVmBoot { .. }
                | ReportDataForm::SecretVmKms
                | ReportDataForm::KeyOnly
        )
    }
}

impl fmt::Display for ReportDataForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReportDataForm::Registration => "binds this registration",
            ReportDataForm::SecretVmBoot { gpu: true } => {
                "SecretVM's static boot quote (TLS key hash and GPU nonce), no challenge: cannot be \
                 registered"
            }
            ReportDataForm::SecretVmBoot { gpu: false } => {
                "SecretVM's static boot quote (TLS key hash), no challenge: cannot be registered"
            }
            ReportDataForm::GpuNonce => {
                "the second half is the nonce of the GPU evidence; the first half is a key hash or a \
                 registration's digest that cannot be recomputed from what was given"
            }
            ReportDataForm::SecretVmKms => {
                "looks like SecretVM's quote for key management (key and VM id), no challenge: cannot \
                 be registered"
            }
            ReportDataForm::KeyOnly => {
                "a key or key hash alone, no challenge: cannot be registered"
            }
            ReportDataForm::Unknown => "not recognised",
        })
    }
}
