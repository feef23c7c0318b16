//! A boot: fresh keys, a challenge, evidence of CPU and GPUs that binds both, a registration.
//!
//! A worker keeps its id over all its boots; the id lies beside the journal, with the chain and the
//! registry that gave it. Half of a lease later the same keys are attested anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cosmwasm_std::Binary;
use secret_ai_attestation::{gpu_nonce, registration_digest, report_data, Device, Registration};
use secret_ai_chain_client::ChainError;
use secret_ai_interface::registry::{Attestation, Listing, Workload};
use secret_ai_interface::{Hex, WorkerId};
use serde::{Deserialize, Serialize};
use snafu::{ResultExt, Snafu};

use crate::agent::Attested;
use crate::chain::Chain;
use crate::claim::trimmed;
use crate::devices::CheckedGpu;
use crate::evidence::{Collateral, CpuReport, DeviceProvider, EvidenceError, EvidenceProvider};
use crate::keys::BootKeys;

/// Why a worker could not register.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum BootError {
    #[snafu(display("{}: {source}", path.display()))]
    WorkerFile {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display("{}: is not a worker file", path.display()))]
    BadWorkerFile { path: PathBuf },
    #[snafu(display("binding: {source}"))]
    Binding {
        source: secret_ai_attestation::Error,
    },
    #[snafu(display("quote: {source} [{}]", source.code()))]
    Quote {
        source: secret_ai_attestation::Error,
    },
    #[snafu(display("the SEV-SNP report does not name a known product (version 3 does)"))]
    Product,
    #[snafu(display("GPU {index}: {source} [{}]", source.code()))]
    Gpu {
        index: usize,
        source: secret_ai_attestation::Error,
    },
    #[snafu(display("tee.gpus is {need}, but the number of confidential GPUs here is {have}"))]
    GpuCount { have: usize, need: u8 },
    #[snafu(transparent)]
    Evidence { source: EvidenceError },
    #[snafu(display("{step}: {source}"))]
    Chain {
        step: &'static str,
        source: ChainError,
    },
    #[snafu(display("the task that makes evidence has ended"))]
    Task,
}

/// What does not change from one attestation to the next.
#[derive(Clone)]
pub struct Attester {
    pub chain: Arc<dyn Chain>,
    pub provider: Arc<dyn EvidenceProvider>,
    /// None for a worker without GPUs.
    pub devices: Option<Arc<dyn DeviceProvider>>,
    pub keys: Arc<BootKeys>,
    pub chain_id: String,
    /// Address of the registry.
    pub registry: String,
    pub tls_spki_sha256: [u8; 32],
    /// Its upper four bits are the number of GPUs.
    pub class: u8,
    pub workload: Option<Workload>,
}

/// A worker's id, as it lies in the data directory.
#[derive(Debug, Serialize, Deserialize)]
pub struct WorkerFile {
    pub chain_id: String,
    pub registry: String,
    pub operator: String,
    pub worker_id: WorkerId,
}

impl WorkerFile {
    fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("worker.json")
    }

    /// The worker that this directory belongs to; `None` if there is none yet.
    ///
    /// # Errors
    /// [`BootError`] if the file cannot be read.
    pub fn load(data_dir: &Path) -> Result<Option<Self>, BootError> {
        let path = Self::path(data_dir);
        match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(file) => Ok(Some(file)),
                Err(_) => BadWorkerFileSnafu { path }.fail(),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BootError::WorkerFile { path, source }),
        }
    }

    fn save(&self, data_dir: &Path) -> Result<(), BootError> {
        let (path, new) = (Self::path(data_dir), data_dir.join("worker.json.new"));
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        fs::write(&new, text).context(WorkerFileSnafu { path: &new })?;
        fs::rename(&new, &path).context(WorkerFileSnafu { path })
    }
}

impl Attester {
    /// Registers this boot's keys; the worker is the data directory's, or a new one.
    ///
    /// # Errors
    /// [`BootError`]; the data directory changes only if the registration succeeds.
    pub async fn register(
        &self,
        data_dir: &Path,
        listing: Listing,
    ) -> Result<(WorkerId, Attested), BootError> {
        let operator = self.chain.operator();
        let known = WorkerFile::load(data_dir)?.filter(|file| {
            file.chain_id == self.chain_id
                && file.registry == self.registry
                && file.operator == operator
        });
        let (attestation, proof) = self.attest().await?;
        let worker_id = known.map(|file| file.worker_id);
        let answer = self.chain.register(worker_id, attestation, listing).await;
        let answer = answer.context(ChainSnafu { step: "register" })?;
        let file = WorkerFile {
            chain_id: self.chain_id.clone(),
            registry: self.registry.clone(),
            operator: operator.into(),
            worker_id: answer.worker_id,
        };
        file.save(data_dir)?;
        Ok((answer.worker_id, proof.granted(answer.lease_until)))
    }

    /// Extends the lease with fresh evidence for the same keys.
    ///
    /// # Errors
    /// [`BootError`]; the lease stays as it was.
    pub async fn renew(&self) -> Result<Attested, BootError> {
        let (attestation, proof) = self.attest().await?;
        let answer = self
            .chain
            .renew(attestation)
            .await
            .context(ChainSnafu { step: "renew" })?;
        Ok(proof.granted(answer.lease_until))
    }

    async fn attest(&self) -> Result<(Attestation, Proof), BootError> {
        let (receipt_pk, e2ee_pk) = (self.keys.receipt_pk(), self.keys.e2ee_pk());
        let spki = self.tls_spki_sha256;
        let answer = self.chain.challenge(Hex(receipt_pk), Hex(spki)).await;
        let challenge = answer
            .context(ChainSnafu { step: "challenge" })?
            .challenge
            .0;
        let registration = Registration {
            chain_id: &self.chain_id,
            registry: &self.registry,
            operator: self.chain.operator(),
            receipt_pk: &receipt_pk,
            tls_spki_sha256: &spki,
            e2ee_pk: &e2ee_pk,
            challenge: &challenge,
            class: self.class,
        };
        let nonce = gpu_nonce(&registration).context(BindingSnafu)?;
        let gpus = self.check_gpus(nonce).await?;
        let devices: Vec<Device> = gpus.iter().map(CheckedGpu::device).collect();
        let data = report_data(&registration, &devices).context(BindingSnafu)?;
        let provider = self.provider.clone();
        let ask = move || Ok((provider.cpu(&data)?, provider.collateral()?));
        let told: Result<_, EvidenceError> = tokio::task::spawn_blocking(ask)
            .await
            .map_err(|_| BootError::Task)?;
        let (report, collateral) = told?;
        let report = trimmed(report)?;

        let digest =
            registration_digest(&challenge, self.chain.operator()).context(BindingSnafu)?;
        let attestation = Attestation {
            receipt_pk: Hex(receipt_pk),
            tls_spki_sha256: Hex(spki),
            e2ee_pk: Hex(e2ee_pk),
            class: self.class,
            cpu: self.cpu_evidence(&report).await?,
            workload: self.workload.clone(),
            gpus: self.gpu_evidence(&gpus).await?,
            signature: Binary(self.keys.sign(&digest).to_vec()),
        };
        let proof = Proof {
            challenge,
            cpu: report,
            gpus,
            workload: self.workload.clone(),
            collateral,
        };
        Ok((attestation, proof))
    }

    /// Asks all GPUs and verifies what they say.
    async fn check_gpus(&self, nonce: [u8; 32]) -> Result<Vec<CheckedGpu>, BootError> {
        let need = self.class >> 4;
        let Some(devices) = self.devices.clone() else {
            return match need {
                0 => Ok(Vec::new()),
                _ => GpuCountSnafu { have: 0usize, need }.fail(),
            };
        };
        let now = self.chain.block_time().await;
        let now = now.context(ChainSnafu { step: "block time" })?;
        let check = move || -> Result<Vec<CheckedGpu>, BootError> {
            let gpus = devices.gpus(nonce)?;
            let (have, root) = (gpus.len(), devices.development_root());
            snafu::ensure!(have == usize::from(need), GpuCountSnafu { have, need });
            let gpus = gpus.into_iter().enumerate();
            gpus.map(|(index, gpu)| {
                CheckedGpu::new(gpu, root.as_deref(), &nonce, now).context(GpuSnafu { index })
            })
            .collect()
        };
        let checked = tokio::task::spawn_blocking(check).await;
        checked.map_err(|_| BootError::Task)?
    }
}

/// What an attestation was made of.
struct Proof {
    challenge: [u8; 32],
    cpu: CpuReport,
    gpus: Vec<CheckedGpu>,
    workload: Option<Workload>,
    collateral: Collateral,
}

impl Proof {
    /// The proof of a lease.
    fn granted(self, lease_until: u64) -> Attested {
        Attested {
            challenge: self.challenge,
            cpu: self.cpu,
            gpus: self
                .gpus
                .into_iter()
                .map(CheckedGpu::into_evidence)
                .collect(),
            workload: self.workload,
            collateral: self.collateral,
            lease_until,
        }
    }
}
