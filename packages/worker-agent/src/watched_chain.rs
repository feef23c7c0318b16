//! The chain with a watch beside it: how long each call takes, and whether the chain still answers.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{
    ClockAnswer, FinalizeAnswer, SessionAnswer, SessionAuth, SettleEntry,
};
use secret_ai_interface::registry::{
    Attestation, ChallengeAnswer, GpuReport, KidInfo, Listing, RegisterAnswer, StageAnswer,
};
use secret_ai_interface::{Digest, Kid, PublicKey, SessionId, WorkerId};

use crate::chain::{Chain, Fate, HandedIn};
use crate::clock::Clock;
use crate::metrics::ChainMetrics;

/// How the chain has answered.
pub struct Watch {
    metrics: ChainMetrics,
    clock: Arc<dyn Clock>,
    /// When it could not be reached for the first time since it answered, unix seconds; 0 if it
    /// answered last time.
    silent_since: AtomicU64,
}

impl Watch {
    /// Nobody has asked yet.
    pub fn new(metrics: ChainMetrics, clock: Arc<dyn Clock>) -> Self {
        Watch {
            metrics,
            clock,
            silent_since: AtomicU64::new(0),
        }
    }

    /// Seconds for which the node could not be reached; 0 while it answers.
    pub fn silent_s(&self) -> u64 {
        match self.silent_since.load(Ordering::Relaxed) {
            0 => 0,
            since => self.clock.now().saturating_sub(since),
        }
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, ChainError>> + Send,
    ) -> Result<T, ChainError> {
        let asked = Instant::now();
        let result = call.await;
        let now = self.clock.now();
        self.metrics
            .called(operation, asked.elapsed(), result.is_ok(), now);
        // A contract that refuses has answered, too.
        if matches!(result, Err(ChainError::Unreachable { .. })) {
            let since = &self.silent_since;
            let _ = since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        } else {
            self.silent_since.store(0, Ordering::Relaxed);
        }
        result
    }
}

/// A chain with a watch beside it.
pub struct WatchedChain {
    chain: Arc<dyn Chain>,
    watch: Arc<Watch>,
}

impl WatchedChain {
    /// Has `watch` look at every call.
    pub fn new(chain: Arc<dyn Chain>, watch: Arc<Watch>) -> Self {
        WatchedChain { chain, watch }
    }
}

#[async_trait]
impl Chain for WatchedChain {
    fn operator(&self) -> &str {
        self.chain.operator()
    }

    async fn session(
        &self,
        session_id: SessionId,
        auth: &SessionAuth,
    ) -> Result<Option<SessionAnswer>, ChainError> {
        let call = self.chain.session(session_id, auth);
        self.watch.call("session", call).await
    }

    async fn clock(&self) -> Result<ClockAnswer, ChainError> {
        self.watch.call("clock", self.chain.clock()).await
    }

    async fn settle(&self, kid: Kid, entries: Vec<SettleEntry>) -> Result<HandedIn, ChainError> {
        let call = self.chain.settle(kid, entries);
        self.watch.call("settle", call).await
    }

    async fn fate(&self, txhash: &str, height: u64) -> Result<Fate, ChainError> {
        self.watch
            .call("fate", self.chain.fate(txhash, height))
            .await
    }

    async fn kids(&self, kids: Vec<Kid>) -> Result<Vec<Option<KidInfo>>, ChainError> {
        self.watch.call("kids", self.chain.kids(kids)).await
    }

    async fn finalize(
        &self,
        epoch: u64,
        limit: u32,
        pending: u64,
    ) -> Result<FinalizeAnswer, ChainError> {
        let call = self.chain.finalize(epoch, limit, pending);
        self.watch.call("finalize", call).await
    }

    async fn challenge(
        &self,
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
    ) -> Result<ChallengeAnswer, ChainError> {
        let call = self.chain.challenge(receipt_pk, tls_spki_sha256);
        self.watch.call("challenge", call).await
    }

    async fn register(
        &self,
        worker_id: Option<WorkerId>,
        attestation: Attestation,
        listing: Listing,
    ) -> Result<RegisterAnswer, ChainError> {
        let call = self.chain.register(worker_id, attestation, listing);
        self.watch.call("register", call).await
    }

    async fn renew(&self, attestation: Attestation) -> Result<RegisterAnswer, ChainError> {
        self.watch
            .call("renew", self.chain.renew(attestation))
            .await
    }

    async fn stage_gpu(
        &self,
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
        place: u8,
        gpu: GpuReport,
    ) -> Result<StageAnswer, ChainError> {
        let call = self
            .chain
            .stage_gpu(receipt_pk, tls_spki_sha256, place, gpu);
        self.watch.call("stage_gpu", call).await
    }

    async fn is_known(&self, certificate_sha256: Digest) -> Result<bool, ChainError> {
        let call = self.chain.is_known(certificate_sha256);
        self.watch.call("is_known", call).await
    }

    async fn golden_set(&self, golden: Digest) -> Result<Vec<u8>, ChainError> {
        self.watch
            .call("golden_set", self.chain.golden_set(golden))
            .await
    }

    async fn heartbeat_s(&self) -> Result<u64, ChainError> {
        self.watch
            .call("heartbeat_s", self.chain.heartbeat_s())
            .await
    }

    async fn heartbeat(&self, kid: Kid, at: u64, signature: [u8; 64]) -> Result<(), ChainError> {
        let call = self.chain.heartbeat(kid, at, signature);
        self.watch.call("heartbeat", call).await
    }

    async fn block_time(&self) -> Result<u64, ChainError> {
        self.watch.call("block_time", self.chain.block_time()).await
    }
}
