//! Why there is no evidence, said so that an operator can mend it.

use std::path::PathBuf;

use snafu::Snafu;

/// Why there is no evidence.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum EvidenceError {
    #[snafu(display("tee: {}: {source}", path.display()))]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display(
        "tee: {}: {source} (an entry there needs root, and in a container a writable mount of \
         /sys/kernel/config)",
        path.display()
    ))]
    Entry {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display(
        "tee: the report provider is {found:?}, must be \"tdx_guest\" or \"sev_guest\""
    ))]
    Provider { found: String },
    #[snafu(display("tee: the report changed while it was read, {attempts} times"))]
    Raced { attempts: u32 },
    #[snafu(display("tee: the report does not carry the report data that it was asked for"))]
    ReportData,
    #[snafu(display("tee: the SEV-SNP report has {have} bytes, must have {need}"))]
    SnpLength { have: usize, need: usize },
    #[snafu(display("tee: the host's table of certificates: {problem}"))]
    CertificateTable { problem: &'static str },
    #[snafu(display(
        "tee: the host hands out no {name} certificate, and tee.certificate_file is not set"
    ))]
    NoCertificate { name: &'static str },
    #[snafu(display("{field}: {}: {source}", path.display()))]
    File {
        field: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display(
        "this machine shows no TDX or SEV-SNP guest (no {}; it needs Linux 6.7 or newer with \
         CONFIG_TSM_REPORTS and CONFIG_TDX_GUEST_DRIVER or CONFIG_SEV_GUEST, configfs mounted at \
         /sys/kernel/config, and in a container a writable mount of it)",
        path.display()
    ))]
    NoTee { path: PathBuf },
    #[snafu(display(
        "tee.device: {}: {source} (is this a TDX guest, is its driver loaded, may this user or \
         container read and write the device?)",
        path.display()
    ))]
    GuestDevice {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display("tee: the TDX guest device gives no report: {source}"))]
    GuestReport { source: std::io::Error },
    #[snafu(display(
        "tee: the host's quoting service at vsock port {port}: {problem} (does the host run Intel's \
         QGS, has the machine a vsock device, may this container open vsock? Docker's default \
         seccomp profile forbids it)"
    ))]
    Quoting { port: u32, problem: String },
    #[snafu(display(
        "tee: a SecretVM has one of two ways, and this machine neither: {tsm}; {guest}"
    ))]
    NoSecretVm {
        tsm: Box<EvidenceError>,
        guest: Box<EvidenceError>,
    },
    #[snafu(display("{field}: {}: must be text of at most {limit} bytes", path.display()))]
    NoText {
        field: &'static str,
        path: PathBuf,
        limit: u64,
    },
    #[snafu(display(
        "gpu: confidential computing is off on GPU {index}: the host sets it (docs/gpu.md) and starts \
         the machine anew"
    ))]
    NotConfidential { index: u32 },
    #[snafu(display(
        "tee.certificate_file: {}: is not one certificate in DER or PEM",
        path.display()
    ))]
    CertificateFile { path: PathBuf },
    #[snafu(display(
        "tee.collateral_file: {}: must be JSON of at most 1 MiB",
        path.display()
    ))]
    CollateralFile { path: PathBuf },
    #[snafu(display("gpu: {what}: {reason}"))]
    Nvml { what: String, reason: String },
    #[snafu(display("gpu: the certificates of GPU {index} are not PEM"))]
    GpuCertificates { index: u32 },
    #[snafu(display(
        "tee.seed_file: {}: must hold 64 hex digits and Unix seconds",
        path.display()
    ))]
    Seed { path: PathBuf },
    #[snafu(display("tee: this build has no {what} (feature {feature})"))]
    NotBuilt {
        what: &'static str,
        feature: &'static str,
    },
}
