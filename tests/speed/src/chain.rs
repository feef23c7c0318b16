//! A chain that knows as many sessions as one wants and remembers nothing: memory that grows is the
//! agent's.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use cosmwasm_std::{Addr, Uint128};
use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{
    ClockAnswer, FinalizeAnswer, Line, SessionAnswer, SessionAuth, SessionStatus, SettleEntry,
};
use secret_ai_interface::registry::{
    Attestation, ChallengeAnswer, GpuReport, KidInfo, Listing, RegisterAnswer, StageAnswer,
};
use secret_ai_interface::{Digest, Kid, PublicKey, SessionId, Unit, WorkerId};
use secret_ai_worker_agent::chain::{Chain, Fate, HandedIn};

use crate::bearer::{auth, number, WORKER};
use crate::mock::MODEL;

/// Token of all prices.
pub const TOKEN: &str = "secret1token";
/// Base units per 1,000,000 tokens.
pub const RATE: u64 = 1_000_000;
/// Cap and slack of every session, base units.
const CAP: u128 = 1 << 50;
/// How long every session is open, seconds.
const OPEN_S: u64 = 10_000_000;

/// Sessions 0 to `sessions`, open since `now`.
pub struct BenchChain {
    pub sessions: u64,
    /// Unix seconds.
    pub now: u64,
    /// Sessions asked for so far.
    pub asked: AtomicU64,
}

/// What no speed test asks for.
fn not_here<T>() -> Result<T, ChainError> {
    Err(ChainError::Contract {
        message: "not part of the speed test".into(),
        txhash: None,
    })
}

#[async_trait]
impl Chain for BenchChain {
    fn operator(&self) -> &str {
        "secret1operator"
    }

    async fn session(
        &self,
        session_id: SessionId,
        claimed: &SessionAuth,
    ) -> Result<Option<SessionAnswer>, ChainError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if number(&session_id) >= self.sessions || *claimed != auth() {
            return Ok(None);
        }
        let line = |unit| Line {
            model: MODEL.into(),
            unit,
            rate: RATE,
        };
        Ok(Some(SessionAnswer {
            session_id,
            worker_id: WORKER,
            token: Addr::unchecked(TOKEN),
            lines: vec![line(Unit::Input), line(Unit::Output)],
            cap: Uint128::new(CAP),
            slack: Uint128::new(CAP),
            expires: self.now + OPEN_S,
            auth: auth(),
            counters: vec![0, 0],
            keys: vec![],
            paid: Uint128::zero(),
            status: SessionStatus::Open,
            deadline: self.now + OPEN_S,
        }))
    }

    async fn clock(&self) -> Result<ClockAnswer, ChainError> {
        Ok(ClockAnswer {
            now: self.now,
            epoch: 5,
            finalized_before: 5,
            pending: 0,
            paused: false,
        })
    }

    async fn settle(&self, _: Kid, _: Vec<SettleEntry>) -> Result<HandedIn, ChainError> {
        not_here()
    }

    async fn fate(&self, _: &str, _: u64) -> Result<Fate, ChainError> {
        not_here()
    }

    async fn kids(&self, _: Vec<Kid>) -> Result<Vec<Option<KidInfo>>, ChainError> {
        not_here()
    }

    async fn finalize(&self, _: u64, _: u32, _: u64) -> Result<FinalizeAnswer, ChainError> {
        not_here()
    }

    async fn challenge(&self, _: PublicKey, _: Digest) -> Result<ChallengeAnswer, ChainError> {
        not_here()
    }

    async fn register(
        &self,
        _: Option<WorkerId>,
        _: Attestation,
        _: Listing,
    ) -> Result<RegisterAnswer, ChainError> {
        not_here()
    }

    async fn renew(&self, _: Attestation) -> Result<RegisterAnswer, ChainError> {
        not_here()
    }

    async fn stage_gpu(
        &self,
        _: PublicKey,
        _: Digest,
        _: u8,
        _: GpuReport,
    ) -> Result<StageAnswer, ChainError> {
        not_here()
    }

    async fn is_known(&self, _: Digest) -> Result<bool, ChainError> {
        not_here()
    }

    async fn golden_set(&self, _: Digest) -> Result<Vec<u8>, ChainError> {
        not_here()
    }

    async fn heartbeat_s(&self) -> Result<u64, ChainError> {
        Ok(0)
    }

    async fn heartbeat(&self, _: Kid, _: u64, _: [u8; 64]) -> Result<(), ChainError> {
        not_here()
    }

    async fn block_time(&self) -> Result<u64, ChainError> {
        Ok(self.now)
    }
}
