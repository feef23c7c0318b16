//! Reports from Linux's `configfs-tsm` (Documentation/ABI/testing/configfs-tsm-report): a directory
//! whose `inblob` takes the report data and whose `outblob` then gives the report. The kernel counts
//! writes in `generation`, so that a reader notices another writer. `provider` says which TEE it is:
//!
//! * `tdx_guest`: `outblob` is a quote;
//! * `sev_guest`: `outblob` is a SEV-SNP report, `auxblob` the host's table of certificates. A host
//!   that gives none leaves it empty; then the certificate comes from a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use snafu::ResultExt;

use super::certificate_table::{self, Signer};
use super::{
    pem, CpuReport, EntrySnafu, EvidenceError, EvidenceProvider, FileSnafu, IoSnafu, NoTeeSnafu,
};

/// Where the kernel has it.
const ROOT: &str = "/sys/kernel/config/tsm/report";
const ENTRY: &str = "secret-ai-worker";
const ATTEMPTS: u32 = 3;
/// Bytes of a SEV-SNP report.
const SNP_REPORT: usize = 1_184;
/// Linux's error of a `configfs-tsm` without a guest driver behind it.
const ENXIO: i32 = 6;

enum Tee {
    Tdx,
    Snp,
}

/// The TEE that this Linux runs in.
pub struct ConfigfsTsm {
    entry: PathBuf,
    certificate_file: Option<PathBuf>,
}

/// What the kernel gives for one request.
struct Blobs {
    out: Vec<u8>,
    aux: Vec<u8>,
}

impl ConfigfsTsm {
    /// Reports under `root`, the kernel's directory if absent. `certificate_file` holds the VCEK or
    /// VLEK in DER or PEM, for hosts that do not hand it out. What can be known without a report is
    /// checked here: when a report is wanted, a transaction has been paid for.
    ///
    /// # Errors
    /// [`EvidenceError`] if this machine is no TEE of a known kind, or the file is no certificate.
    pub fn open(
        root: Option<&Path>,
        certificate_file: Option<PathBuf>,
    ) -> Result<Self, EvidenceError> {
        let root = root.unwrap_or(Path::new(ROOT));
        snafu::ensure!(root.is_dir(), NoTeeSnafu { path: root });
        if let Some(path) = &certificate_file {
            Self::read_certificate(path)?;
        }
        let tsm = ConfigfsTsm {
            entry: root.join(ENTRY),
            certificate_file,
        };
        match tsm.tee() {
            Err(EvidenceError::Entry { source, .. }) if source.raw_os_error() == Some(ENXIO) => {
                NoTeeSnafu { path: root }.fail()
            }
            other => other.map(|_| tsm),
        }
    }

    /// The one certificate of a `certificate_file`, in DER.
    ///
    /// # Errors
    /// [`EvidenceError`] if it cannot be read, or is no certificate.
    pub fn read_certificate(path: &Path) -> Result<Vec<u8>, EvidenceError> {
        let field = "tee.certificate_file";
        let bytes = fs::read(path).context(FileSnafu { field, path })?;
        let certificate = pem::certificate(&bytes).filter(|der| pem::is_whole(der));
        certificate.ok_or_else(|| EvidenceError::CertificateFile { path: path.into() })
    }

    /// Makes sure that there is an entry, and asks it which TEE this is.
    fn tee(&self) -> Result<Tee, EvidenceError> {
        match fs::create_dir(&self.entry) {
            // Left by an earlier boot of the agent.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other.context(EntrySnafu { path: &self.entry })?,
        }
        match self.read("provider")?.trim_ascii() {
            b"tdx_guest" => Ok(Tee::Tdx),
            b"sev_guest" => Ok(Tee::Snp),
            found => Err(EvidenceError::Provider {
                found: String::from_utf8_lossy(found).into_owned(),
            }),
        }
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, EvidenceError> {
        let path = self.entry.join(name);
        fs::read(&path).context(IoSnafu { path })
    }

    /// A file that only some providers have; empty if this one does not.
    fn read_if_any(&self, name: &str) -> Result<Vec<u8>, EvidenceError> {
        match self.read(name) {
            Err(EvidenceError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Vec::new())
            }
            other => other,
        }
    }

    /// One report; `None` if somebody else wrote meanwhile.
    fn blobs(&self, report_data: &[u8; 64]) -> Result<Option<Blobs>, EvidenceError> {
        let path = self.entry.join("inblob");
        fs::write(&path, report_data).context(IoSnafu { path })?;
        let generation = self.read("generation")?;
        let blobs = Blobs {
            out: self.read("outblob")?,
            aux: self.read_if_any("auxblob")?,
        };
        Ok((self.read("generation")? == generation).then_some(blobs))
    }

    /// A report that carries the report data.
    fn report(&self, report_data: &[u8; 64]) -> Result<Blobs, EvidenceError> {
        for _ in 0..ATTEMPTS {
            let Some(blobs) = self.blobs(report_data)? else {
                continue;
            };
            // Another writer may have come between `inblob` and the first look at `generation`.
            let mut windows = blobs.out.windows(report_data.len());
            return if windows.any(|window| window == report_data) {
                Ok(blobs)
            } else {
                Err(EvidenceError::ReportData)
            };
        }
        Err(EvidenceError::Raced { attempts: ATTEMPTS })
    }

    fn snp(&self, Blobs { out: report, aux }: Blobs) -> Result<CpuReport, EvidenceError> {
        let (have, need) = (report.len(), SNP_REPORT);
        if have != need {
            return Err(EvidenceError::SnpLength { have, need });
        }
        let signer = Signer::of(&report);
        let certificate = match certificate_table::find(&aux, signer)? {
            Some(bytes) => {
                let problem = "a certificate is neither DER nor PEM";
                pem::certificate(bytes).ok_or(EvidenceError::CertificateTable { problem })?
            }
            None => self.certificate_from_file(signer)?,
        };
        Ok(CpuReport::Snp {
            report,
            certificate,
        })
    }

    fn certificate_from_file(&self, signer: Signer) -> Result<Vec<u8>, EvidenceError> {
        let name = signer.name();
        let path = self.certificate_file.as_ref();
        Self::read_certificate(path.ok_or(EvidenceError::NoCertificate { name })?)
    }
}

impl EvidenceProvider for ConfigfsTsm {
    fn cpu(&self, report_data: &[u8; 64]) -> Result<CpuReport, EvidenceError> {
        match self.tee()? {
            Tee::Tdx => Ok(CpuReport::Tdx {
                quote: self.report(report_data)?.out,
            }),
            Tee::Snp => self.snp(self.report(report_data)?),
        }
    }
}
