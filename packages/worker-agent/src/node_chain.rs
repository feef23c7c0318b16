//! The real chain, through a node.

use async_trait::async_trait;
use cosmwasm_std::Binary;
use secret_ai_chain_client::{ChainClient, ChainError, ContractRef, ExecuteMsg, TxOutcome, Wallet};
use secret_ai_interface::billing::{
    ClockAnswer, ConfigAnswer, ExecuteMsg as BillingMsg, FinalizeAnswer, QueryMsg as BillingQuery,
    SessionAnswer, SessionAuth, SettleEntry, MAX_COHORT, PAGE_ENTRIES,
};
use secret_ai_interface::registry::{
    Attestation, CertificateAnswer, ChallengeAnswer, ConfigAnswer as RegistryConfig,
    ExecuteMsg as RegistryMsg, GoldenSetAnswer, GpuReport, KidInfo, KidsAnswer, Listing,
    QueryMsg as RegistryQuery, RegisterAnswer, StageAnswer, WorkerAnswer,
};
use secret_ai_interface::{Digest, Kid, PaddedSize, PublicKey, SessionId, WorkerId};
use serde::de::DeserializeOwned;
use serde::Serialize;

use crate::chain::{Chain, Fate, HandedIn, CONFIRMATIONS};
use crate::gas::Gas;

/// Addresses of the contracts.
#[derive(Clone, Debug)]
pub struct Contracts {
    pub registry: ContractRef,
    pub billing: ContractRef,
    pub rewards: ContractRef,
}

/// The real chain, through a node.
pub struct NodeChain {
    pub(crate) client: ChainClient,
    pub(crate) wallet: Wallet,
    pub(crate) contracts: Contracts,
    pub(crate) chain_id: String,
    pub(crate) gas: Gas,
}

impl NodeChain {
    /// The contracts behind a node, with the operator's wallet.
    pub fn new(
        client: ChainClient,
        wallet: Wallet,
        contracts: Contracts,
        chain_id: String,
        gas: Gas,
    ) -> Self {
        NodeChain {
            client,
            wallet,
            contracts,
            chain_id,
            gas,
        }
    }

    /// The contracts' addresses.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// A worker as the registry has it.
    pub async fn worker(&self, worker_id: WorkerId) -> Result<WorkerAnswer, ChainError> {
        let query = RegistryQuery::Worker { worker_id };
        self.client.query(&self.contracts.registry, &query).await
    }

    /// Billing's configuration.
    pub async fn billing_config(&self) -> Result<ConfigAnswer, ChainError> {
        self.client
            .query(&self.contracts.billing, &BillingQuery::Config {})
            .await
    }

    pub(crate) async fn execute<T: DeserializeOwned>(
        &self,
        contract: &ContractRef,
        msg: &(impl Serialize + PaddedSize),
        gas: u64,
    ) -> Result<T, ChainError> {
        answer_of(&self.send(contract, msg, gas).await?)
    }

    pub(crate) async fn send(
        &self,
        contract: &ContractRef,
        msg: &(impl Serialize + PaddedSize),
        mut gas: u64,
    ) -> Result<TxOutcome, ChainError> {
        loop {
            let call = ExecuteMsg::padded(contract, msg)?;
            match self.client.execute(&self.wallet, vec![call], gas).await {
                Err(ChainError::OutOfGas { used, wanted, .. }) if gas < self.gas.most => {
                    tracing::warn!(used, wanted, "transaction ran out of gas, doubling it");
                    gas = gas.saturating_mul(2).min(self.gas.most);
                }
                other => return other,
            }
        }
    }
}

/// What a transaction's only message answered.
fn answer_of<T: DeserializeOwned>(outcome: &TxOutcome) -> Result<T, ChainError> {
    let data = outcome.data.first();
    let answer = data.and_then(|data| serde_json::from_slice(data).ok());
    answer.ok_or_else(|| ChainError::BadAnswer {
        what: "the transaction's data does not fit its type".into(),
    })
}

#[async_trait]
impl Chain for NodeChain {
    fn operator(&self) -> &str {
        self.wallet.address()
    }

    async fn session(
        &self,
        session_id: SessionId,
        auth: &SessionAuth,
    ) -> Result<Option<SessionAnswer>, ChainError> {
        let query = BillingQuery::Session {
            session_id,
            auth: auth.clone(),
        };
        match self.client.query(&self.contracts.billing, &query).await {
            Ok(session) => Ok(Some(session)),
            Err(ChainError::Contract { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn clock(&self) -> Result<ClockAnswer, ChainError> {
        self.client
            .query(&self.contracts.billing, &BillingQuery::Clock {})
            .await
    }

    async fn settle(&self, kid: Kid, entries: Vec<SettleEntry>) -> Result<HandedIn, ChainError> {
        let msg = BillingMsg::Settle {
            kid,
            entries,
            padding: None,
        };
        let outcome = self
            .send(&self.contracts.billing, &msg, self.gas.settle)
            .await?;
        Ok(HandedIn {
            answer: answer_of(&outcome)?,
            txhash: outcome.hash,
            height: outcome.height,
        })
    }

    async fn fate(&self, txhash: &str, height: u64) -> Result<Fate, ChainError> {
        let newest = self.client.latest_block().await?.height;
        if newest < height.saturating_add(CONFIRMATIONS) {
            return Ok(Fate::Unsure);
        }
        match self.client.lcd().tx(txhash).await? {
            Some(tx) if tx.code == 0 => Ok(Fate::Confirmed),
            _ => Ok(Fate::Vanished),
        }
    }

    async fn kids(&self, kids: Vec<Kid>) -> Result<Vec<Option<KidInfo>>, ChainError> {
        let asked = kids.len();
        let query = RegistryQuery::Kids { kids };
        let answer: KidsAnswer = self.client.query(&self.contracts.registry, &query).await?;
        match answer.kids.len() {
            got if got == asked => Ok(answer.kids),
            got => Err(ChainError::BadAnswer {
                what: format!("{got} receipt keys for {asked}"),
            }),
        }
    }

    async fn finalize(
        &self,
        epoch: u64,
        limit: u32,
        pending: u64,
    ) -> Result<FinalizeAnswer, ChainError> {
        let pages = pending.div_ceil(PAGE_ENTRIES as u64).min(MAX_COHORT as u64);
        let gas = self
            .gas
            .finalize
            .saturating_add(self.gas.finalize_session.saturating_mul(limit.into()))
            .saturating_add(self.gas.finalize_page.saturating_mul(pages));
        let msg = BillingMsg::Finalize {
            epoch,
            limit,
            padding: None,
        };
        self.execute(&self.contracts.billing, &msg, gas).await
    }

    async fn challenge(
        &self,
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
    ) -> Result<ChallengeAnswer, ChainError> {
        let msg = RegistryMsg::Challenge {
            receipt_pk,
            tls_spki_sha256,
            padding: None,
        };
        self.execute(&self.contracts.registry, &msg, self.gas.challenge)
            .await
    }

    async fn register(
        &self,
        worker_id: Option<WorkerId>,
        attestation: Attestation,
        listing: Listing,
    ) -> Result<RegisterAnswer, ChainError> {
        let msg = RegistryMsg::Register {
            worker_id,
            attestation,
            listing,
            padding: None,
        };
        self.execute(&self.contracts.registry, &msg, self.gas.register)
            .await
    }

    async fn renew(&self, attestation: Attestation) -> Result<RegisterAnswer, ChainError> {
        let msg = RegistryMsg::Renew {
            attestation,
            padding: None,
        };
        self.execute(&self.contracts.registry, &msg, self.gas.register)
            .await
    }

    async fn stage_gpu(
        &self,
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
        place: u8,
        gpu: GpuReport,
    ) -> Result<StageAnswer, ChainError> {
        let msg = RegistryMsg::StageGpu {
            receipt_pk,
            tls_spki_sha256,
            place,
            gpu: Box::new(gpu),
            padding: None,
        };
        self.execute(&self.contracts.registry, &msg, self.gas.stage_gpu)
            .await
    }

    async fn is_known(&self, sha256: Digest) -> Result<bool, ChainError> {
        let query = RegistryQuery::Certificate { sha256 };
        let answer: CertificateAnswer = self.client.query(&self.contracts.registry, &query).await?;
        Ok(answer.known)
    }

    async fn golden_set(&self, golden: Digest) -> Result<Vec<u8>, ChainError> {
        let query = RegistryQuery::Golden { golden };
        let answer: GoldenSetAnswer = self.client.query(&self.contracts.registry, &query).await?;
        Ok(answer.set.0)
    }

    async fn heartbeat_s(&self) -> Result<u64, ChainError> {
        let query = RegistryQuery::Config {};
        let config: RegistryConfig = self.client.query(&self.contracts.registry, &query).await?;
        Ok(config.policy.heartbeat_s)
    }

    async fn heartbeat(&self, kid: Kid, at: u64, signature: [u8; 64]) -> Result<(), ChainError> {
        let msg = RegistryMsg::Heartbeat {
            kid,
            at,
            signature: Binary(signature.to_vec()),
            padding: None,
        };
        self.send(&self.contracts.registry, &msg, self.gas.heartbeat)
            .await
            .map(drop)
    }

    async fn block_time(&self) -> Result<u64, ChainError> {
        Ok(self.client.latest_block().await?.time)
    }
}
