//! What the agent asks of the chain, behind a trait so that tests need none.

use async_trait::async_trait;
use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{
    ClockAnswer, FinalizeAnswer, SessionAnswer, SessionAuth, SettleAnswer, SettleEntry,
};
use secret_ai_interface::registry::{
    Attestation, ChallengeAnswer, GpuReport, KidInfo, Listing, RegisterAnswer, StageAnswer,
};
use secret_ai_interface::{Digest, Kid, PublicKey, SessionId, WorkerId};

/// A page that a transaction has handed in.
#[derive(Clone, Debug)]
pub struct HandedIn {
    pub answer: SettleAnswer,
    /// The transaction, upper-case hex.
    pub txhash: String,
    /// Its block.
    pub height: u64,
}

/// What a later look says of a transaction that was in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Too few blocks have followed, or the node is behind that block.
    Unsure,
    /// It is still there, under [`CONFIRMATIONS`] blocks.
    Confirmed,
    /// The node does not know it any more.
    Vanished,
}

/// Blocks that must follow a transaction's before it is relied on.
pub const CONFIRMATIONS: u64 = 2;

/// The contracts, as seen by one operator.
#[async_trait]
pub trait Chain: Send + Sync {
    /// Address of the operator's wallet.
    fn operator(&self) -> &str;

    /// A session; `None` if billing knows no session with this id and authenticator.
    async fn session(
        &self,
        session_id: SessionId,
        auth: &SessionAuth,
    ) -> Result<Option<SessionAnswer>, ChainError>;

    /// Billing's time and epochs.
    async fn clock(&self) -> Result<ClockAnswer, ChainError>;

    /// Hands in a page of receipts of one key, 0 to 4. After an error it may have happened all the
    /// same; twice does no harm.
    async fn settle(&self, kid: Kid, entries: Vec<SettleEntry>) -> Result<HandedIn, ChainError>;

    /// What has become of a transaction that was in the block of this height.
    async fn fate(&self, txhash: &str, height: u64) -> Result<Fate, ChainError>;

    /// What the registry knows of receipt keys, in the order asked; `None` for an unknown one.
    async fn kids(&self, kids: Vec<Kid>) -> Result<Vec<Option<KidInfo>>, ChainError>;

    /// Works off at most `limit` entries of the oldest cohort of epochs up to `epoch`. `pending`
    /// entries wait, which decides how much gas it may need.
    async fn finalize(
        &self,
        epoch: u64,
        limit: u32,
        pending: u64,
    ) -> Result<FinalizeAnswer, ChainError>;

    /// Opens a registration.
    async fn challenge(
        &self,
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
    ) -> Result<ChallengeAnswer, ChainError>;

    /// Registers this boot's keys for a new worker, or for one that has booted anew.
    async fn register(
        &self,
        worker_id: Option<WorkerId>,
        attestation: Attestation,
        listing: Listing,
    ) -> Result<RegisterAnswer, ChainError>;

    /// Extends the lease of this boot's keys.
    async fn renew(&self, attestation: Attestation) -> Result<RegisterAnswer, ChainError>;

    /// Has one GPU verified for the open challenge of these keys.
    async fn stage_gpu(
        &self,
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
        place: u8,
        gpu: GpuReport,
    ) -> Result<StageAnswer, ChainError>;

    /// Whether the registry has verified a certificate before.
    async fn is_known(&self, certificate_sha256: Digest) -> Result<bool, ChainError>;

    /// Stored form of a golden set.
    async fn golden_set(&self, golden: Digest) -> Result<Vec<u8>, ChainError>;

    /// Seconds for which a sign of life keeps a worker listed; 0 if none is wanted.
    async fn heartbeat_s(&self) -> Result<u64, ChainError>;

    /// Gives a sign of life.
    async fn heartbeat(&self, kid: Kid, at: u64, signature: [u8; 64]) -> Result<(), ChainError>;

    /// Time of the newest block, Unix seconds.
    async fn block_time(&self) -> Result<u64, ChainError>;
}
