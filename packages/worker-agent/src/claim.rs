//! Evidence in the form in which a registration brings it.
//!
//! Whatever the registry knows already is not sent again: its own collateral never, certificates that
//! it has verified by their hash, measurements of a golden set by reference.

use std::collections::BTreeMap;

use cosmwasm_std::Binary;
use secret_ai_attestation::snp::{report_product, Product};
use secret_ai_attestation::{
    compact, compact_known, quote_certificate, without_padding, QuoteCertificate,
};
use secret_ai_interface::registry::{
    CertificateRef, CpuEvidence, DeviceCertificates, GpuEvidence, GpuReport, SnpProduct,
};
use secret_ai_interface::Hex;
use secret_ai_receipts::sha256;
use snafu::ResultExt;

use crate::boot::{Attester, BootError, ChainSnafu, GpuSnafu, ProductSnafu, QuoteSnafu};
use crate::devices::CheckedGpu;
use crate::evidence::CpuReport;

/// Most GPUs whose evidence goes into the registration itself. Each costs the registry up to three
/// P-384 verifications and 3 kB the first time; with more of them the transaction would leave little
/// of a block to others and might not find one, so they are verified before, one by one.
const MOST_INLINE: usize = 2;

/// The product that a report names.
fn product(report: &[u8]) -> Result<SnpProduct, BootError> {
    match report_product(report).context(QuoteSnafu)? {
        Some(Product::Milan) => Ok(SnpProduct::Milan),
        Some(Product::Genoa) => Ok(SnpProduct::Genoa),
        Some(Product::Turin) => Ok(SnpProduct::Turin),
        None => ProductSnafu.fail(),
    }
}

/// The report without the zeros that follow a quote in the TDX module's buffer; they are refused.
pub(crate) fn trimmed(report: CpuReport) -> Result<CpuReport, BootError> {
    match report {
        CpuReport::Tdx { quote } => {
            let quote = without_padding(&quote).context(QuoteSnafu)?.to_vec();
            Ok(CpuReport::Tdx { quote })
        }
        snp @ CpuReport::Snp { .. } => Ok(snp),
    }
}

impl Attester {
    /// The CPU's evidence without certificates that the registry holds, since they cost gas by the
    /// byte.
    pub(crate) async fn cpu_evidence(&self, report: &CpuReport) -> Result<CpuEvidence, BootError> {
        match report {
            CpuReport::Tdx { quote } => {
                let is_known = match quote_certificate(quote).context(QuoteSnafu)? {
                    QuoteCertificate::Der(der) => self.is_known(sha256(&der)).await?,
                    QuoteCertificate::Known(_) => true,
                };
                let quote = if is_known {
                    compact_known(quote)
                } else {
                    compact(quote)
                };
                let quote = Binary(quote.context(QuoteSnafu)?);
                Ok(CpuEvidence::Tdx { quote })
            }
            CpuReport::Snp {
                report,
                certificate,
            } => {
                let hash = sha256(certificate);
                let certificate = if self.is_known(hash).await? {
                    CertificateRef::Known(Hex(hash))
                } else {
                    CertificateRef::Der(Binary(certificate.clone()))
                };
                Ok(CpuEvidence::Snp {
                    product: product(report)?,
                    report: Binary(report.clone()),
                    certificate,
                })
            }
        }
    }

    /// The GPUs' evidence, packed; if there are many, it is handed in already and only referred to.
    pub(crate) async fn gpu_evidence(
        &self,
        gpus: &[CheckedGpu],
    ) -> Result<Vec<GpuEvidence>, BootError> {
        let mut reports = Vec::with_capacity(gpus.len());
        // Machines mostly have GPUs of one kind.
        let mut golden_sets = BTreeMap::new();
        for (index, gpu) in gpus.iter().enumerate() {
            let golden = gpu.golden_id();
            let set = match golden_sets.get(&golden) {
                Some(set) => set,
                None => {
                    let set = self.chain.golden_set(Hex(golden)).await;
                    let set = set.context(ChainSnafu { step: "golden set" })?;
                    &*golden_sets.entry(golden).or_insert(set)
                }
            };
            let evidence = gpu.pack(set).context(GpuSnafu { index })?;
            let leaf = gpu.leaf_sha256();
            let certificates = if self.is_known(leaf).await? {
                DeviceCertificates::Known(Hex(leaf))
            } else {
                let certificates = gpu.own_certificates().iter();
                DeviceCertificates::Der {
                    certificates: certificates.map(|der| Binary(der.clone())).collect(),
                    issuer: Hex(gpu.issuer_sha256()),
                }
            };
            reports.push(GpuReport {
                golden: Hex(golden),
                evidence: Binary(evidence),
                certificates,
            });
        }
        if reports.len() <= MOST_INLINE {
            let inline = reports.into_iter();
            return Ok(inline
                .map(|gpu| GpuEvidence::Report(Box::new(gpu)))
                .collect());
        }
        self.stage(reports).await
    }

    /// Has GPUs verified one by one, ahead of the registration.
    async fn stage(&self, reports: Vec<GpuReport>) -> Result<Vec<GpuEvidence>, BootError> {
        let (receipt_pk, spki) = (Hex(self.keys.receipt_pk()), Hex(self.tls_spki_sha256));
        let mut staged = Vec::with_capacity(reports.len());
        for (place, gpu) in (0u8..).zip(reports) {
            let answer = self.chain.stage_gpu(receipt_pk, spki, place, gpu).await;
            let answer = answer.context(ChainSnafu { step: "stage_gpu" })?;
            tracing::info!(place, device = %answer.device, "GPU verified");
            staged.push(GpuEvidence::Staged(place));
        }
        Ok(staged)
    }

    async fn is_known(&self, certificate_sha256: [u8; 32]) -> Result<bool, BootError> {
        let known = self.chain.is_known(Hex(certificate_sha256)).await;
        known.context(ChainSnafu {
            step: "certificate",
        })
    }
}
