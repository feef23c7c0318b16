//! What this machine can prove, for its operator to read before anything is registered or paid for. The
//! report data and the nonce are random: what comes out proves nothing to anybody.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::RngCore;
use secret_ai_attestation::{quote_certificate, without_padding};
use snafu::ResultExt;

use super::{
    CpuReport, DeviceEvidence, DeviceProvider, EvidenceError, EvidenceProvider, FileSnafu,
};
use crate::devices::CheckedGpu;
use crate::tee::TeeConfig;

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// For the operator, in order.
    pub lines: Vec<String>,
    /// Whether everything that the configuration promises is there.
    pub is_complete: bool,
}

/// Asks CPU and GPUs for evidence and checks it as far as that goes without the chain. Files of it go
/// into `out`, a folder, if given, for `secret-ai evidence verify`.
///
/// # Errors
/// [`EvidenceError`] only if `out` cannot be written.
pub fn probe(tee: &TeeConfig, out: Option<&Path>) -> Result<Findings, EvidenceError> {
    let mut found = Findings {
        is_complete: true,
        ..Findings::default()
    };
    match tee.open_cpu() {
        Ok(cpu) => found.cpu(cpu.as_ref(), out)?,
        Err(error) => found.lack(error),
    }
    found.lines.extend(tee.describe_gpus());
    match tee.open_gpus() {
        Ok(Some(gpus)) => found.gpus(gpus.as_ref(), usize::from(tee.gpus()), out)?,
        Ok(None) => found.say("gpus: tee.gpus is 0, none are attested"),
        Err(error) => found.lack(error),
    }
    Ok(found)
}

impl Findings {
    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    fn lack(&mut self, problem: impl std::fmt::Display) {
        self.say(format!("missing: {problem}"));
        self.is_complete = false;
    }

    fn cpu(&mut self, cpu: &dyn EvidenceProvider, out: Option<&Path>) -> Result<(), EvidenceError> {
        let mut report_data = [0; 64];
        rand::rng().fill_bytes(&mut report_data);
        match cpu.cpu(&report_data) {
            Ok(CpuReport::Tdx { quote }) => {
                let quote = without_padding(&quote).unwrap_or(&quote);
                self.say(format!("cpu: Intel TDX, a quote of {} bytes", quote.len()));
                if let Err(error) = quote_certificate(quote) {
                    self.lack(format_args!("cpu: {error} [{}]", error.code()));
                }
                save(out, "tdx_quote.bin", quote)?;
            }
            Ok(CpuReport::Snp {
                report,
                certificate,
            }) => {
                let sizes = (report.len(), certificate.len());
                self.say(format!(
                    "cpu: AMD SEV-SNP, a report of {} bytes with a certificate of {}",
                    sizes.0, sizes.1
                ));
                save(out, "snp_report.bin", &report)?;
                save(out, "snp_certificate.der", &certificate)?;
            }
            Err(error) => self.lack(error),
        }
        match cpu.collateral() {
            Ok(collateral) => {
                if collateral.published.is_none() {
                    self.say("cpu: no tee.collateral_file, clients fetch the vendor's collateral");
                }
                if !collateral.secretvm.is_empty() {
                    self.say("cpu: a SecretVM's own evidence is handed out at /cpu and beside it");
                }
            }
            Err(error) => self.lack(error),
        }
        Ok(())
    }

    fn gpus(
        &mut self,
        gpus: &dyn DeviceProvider,
        need: usize,
        out: Option<&Path>,
    ) -> Result<(), EvidenceError> {
        let mut nonce = [0; 32];
        rand::rng().fill_bytes(&mut nonce);
        let (now, root) = (unix_now(), gpus.development_root());
        let devices = match gpus.gpus(nonce) {
            Ok(devices) => devices,
            Err(error) => {
                self.lack(error);
                return Ok(());
            }
        };
        if devices.len() != need {
            let have = devices.len();
            self.lack(format_args!(
                "gpu: tee.gpus is {need}, confidential GPUs here: {have}"
            ));
        }
        for (index, device) in devices.into_iter().enumerate() {
            save_gpu(out, index, &device)?;
            match CheckedGpu::new(device, root.as_deref(), &nonce, now) {
                Ok(gpu) => {
                    let set = hex::encode(gpu.golden_id());
                    self.say(format!("GPU {index}: genuine, needs golden set {set}"));
                }
                Err(error) => self.lack(format_args!("GPU {index}: {error} [{}]", error.code())),
            }
        }
        Ok(())
    }
}

fn save_gpu(out: Option<&Path>, index: usize, gpu: &DeviceEvidence) -> Result<(), EvidenceError> {
    save(out, &format!("gpu_{index}_evidence.bin"), &gpu.evidence)?;
    for (place, der) in gpu.certificates.iter().enumerate() {
        save(out, &format!("gpu_{index}_certificate_{place}.der"), der)?;
    }
    Ok(())
}

fn save(out: Option<&Path>, name: &str, bytes: &[u8]) -> Result<(), EvidenceError> {
    let Some(folder) = out else { return Ok(()) };
    let field = "--out";
    fs::create_dir_all(folder).context(FileSnafu {
        field,
        path: folder,
    })?;
    let path = folder.join(name);
    fs::write(&path, bytes).context(FileSnafu { field, path })
}

fn unix_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}
