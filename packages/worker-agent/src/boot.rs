//! A boot: fresh keys, a challenge, a quote that binds both, a registration.
//!
//! A worker keeps its id over all its boots; the id lies beside the journal, with the chain and the
//! registry that gave it. Half of a lease later the same keys are attested anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cosmwasm_std::Binary;
use secret_ai_attestation::{compact, registration_digest, report_data, Registration};
use secret_ai_chain_client::ChainError;
use secret_ai_interface::registry::{Attestation, Listing};
use secret_ai_interface::{Hex, WorkerId};
use serde::{Deserialize, Serialize};
use snafu::{ResultExt, Snafu};

use crate::agent::Attested;
use crate::chain::Chain;
use crate::evidence::{EvidenceError, EvidenceProvider};
use crate::keys::BootKeys;

/// Why a worker could not register.
#[derive(Debug, Snafu)]
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
    #[snafu(display("quote: {source}"))]
    Quote {
        source: secret_ai_attestation::Error,
    },
    #[snafu(transparent)]
    Evidence { source: EvidenceError },
    #[snafu(display("{step}: {source}"))]
    Chain {
        step: &'static str,
        source: ChainError,
    },
    #[snafu(display("the task that makes quotes has ended"))]
    Task,
}

/// What does not change from one attestation to the next.
#[derive(Clone)]
pub struct Attester {
    pub chain: Arc<dyn Chain>,
    pub provider: Arc<dyn EvidenceProvider>,
    pub keys: Arc<BootKeys>,
    pub chain_id: String,
    /// Address of the registry.
    pub registry: String,
    pub tls_spki_sha256: [u8; 32],
    pub class: u8,
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
        let (attestation, challenge) = self.attest().await?;
        let quote = attestation.tdx_quote.to_vec();
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
        Ok((
            answer.worker_id,
            Attested {
                challenge,
                quote,
                lease_until: answer.lease_until,
            },
        ))
    }

    /// Extends the lease with fresh evidence for the same keys.
    ///
    /// # Errors
    /// [`BootError`]; the lease stays as it was.
    pub async fn renew(&self) -> Result<Attested, BootError> {
        let (attestation, challenge) = self.attest().await?;
        let quote = attestation.tdx_quote.to_vec();
        let answer = self
            .chain
            .renew(attestation)
            .await
            .context(ChainSnafu { step: "renew" })?;
        Ok(Attested {
            challenge,
            quote,
            lease_until: answer.lease_until,
        })
    }

    async fn attest(&self) -> Result<(Attestation, [u8; 32]), BootError> {
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
        let data = report_data(&registration, &[]).context(BindingSnafu)?;
        let provider = self.provider.clone();
        let quote = tokio::task::spawn_blocking(move || provider.quote(&data)).await;
        let quote = quote.map_err(|_| BootError::Task)??;
        // Padding is refused, and the certificates that the collateral holds cost gas by the byte.
        let quote = compact(&quote).context(QuoteSnafu)?;

        let digest =
            registration_digest(&challenge, self.chain.operator()).context(BindingSnafu)?;
        let (signature, _) = self.keys.receipt().sign_prehash_recoverable(&digest);
        let attestation = Attestation {
            receipt_pk: Hex(receipt_pk),
            tls_spki_sha256: Hex(spki),
            e2ee_pk: Hex(e2ee_pk),
            class: self.class,
            tdx_quote: Binary(quote),
            signature: Binary(signature.normalize_s().to_bytes().to_vec()),
        };
        Ok((attestation, challenge))
    }
}
