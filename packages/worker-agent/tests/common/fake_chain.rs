//! A chain in memory that remembers what it was asked.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{
    ClockAnswer, EntryStatus, FinalizeAnswer, SessionAnswer, SessionAuth, SettleAnswer, SettleEntry,
};
use secret_ai_interface::registry::{
    Attestation, ChallengeAnswer, GpuReport, KidInfo, Listing, RegisterAnswer, StageAnswer,
};
use secret_ai_interface::{Digest, Hex, Kid, PublicKey, SessionId, WorkerId};
use secret_ai_worker_agent::chain::{Chain, Fate, HandedIn};
use tokio::sync::Semaphore;

pub struct FakeChain {
    pub sessions: Mutex<HashMap<SessionId, SessionAnswer>>,
    pub clock: Mutex<ClockAnswer>,
    /// Session queries so far.
    pub asked: AtomicUsize,
    /// Session queries wait for permission.
    pub gate: Mutex<Option<Arc<Semaphore>>>,
    /// The node does not answer.
    pub is_down: AtomicBool,
    /// Pages of `settle`, with their receipt keys.
    pub pages: Mutex<Vec<(Kid, Vec<SettleEntry>)>>,
    /// How many of the next pages fail.
    pub failing_pages: AtomicUsize,
    /// Status given to the entries of the next pages.
    pub status: Mutex<EntryStatus>,
    /// What becomes of pages that are looked at again.
    pub fate: Mutex<Fate>,
    /// A transaction about which the node answers nonsense.
    pub unreadable: Mutex<Option<String>>,
    /// How many of the next pages are taken although the answer gets lost.
    pub lost_answers: AtomicUsize,
    /// What the registry knows of receipt keys.
    pub kids: Mutex<HashMap<Kid, KidInfo>>,
    /// Epochs and limits of `finalize`.
    pub cranked: Mutex<Vec<(u64, u32)>>,
    /// Entries of ended epochs, which each `finalize` works off up to its limit.
    pub ended: Mutex<u32>,
    pub registered: Mutex<Vec<(Option<WorkerId>, Attestation)>>,
    pub renewed: Mutex<Vec<Attestation>>,
    /// End of the lease that a renewal grants.
    pub lease_until: AtomicU64,
    /// Places and reports of `stage_gpu`.
    pub staged: Mutex<Vec<(u8, GpuReport)>>,
    /// Hashes of certificates that the registry has verified.
    pub known: Mutex<HashSet<Digest>>,
    /// Golden sets by id.
    pub golden: Mutex<HashMap<Digest, Vec<u8>>>,
    /// Golden sets asked for.
    pub asked_golden: AtomicUsize,
    /// What the registry's policy says.
    pub heartbeat_s: AtomicU64,
    pub heartbeats: Mutex<Vec<(Kid, u64, [u8; 64])>>,
}

impl FakeChain {
    pub fn new(sessions: Vec<SessionAnswer>, now: u64) -> Self {
        let clock = ClockAnswer {
            now,
            epoch: 5,
            finalized_before: 4,
            pending: 0,
            paused: false,
        };
        FakeChain {
            sessions: Mutex::new(sessions.into_iter().map(|s| (s.session_id, s)).collect()),
            clock: Mutex::new(clock),
            asked: AtomicUsize::new(0),
            gate: Mutex::default(),
            is_down: AtomicBool::new(false),
            pages: Mutex::default(),
            failing_pages: AtomicUsize::new(0),
            status: Mutex::new(EntryStatus::Pending),
            fate: Mutex::new(Fate::Confirmed),
            unreadable: Mutex::default(),
            lost_answers: AtomicUsize::new(0),
            kids: Mutex::default(),
            cranked: Mutex::default(),
            ended: Mutex::default(),
            registered: Mutex::default(),
            renewed: Mutex::default(),
            lease_until: AtomicU64::new(200),
            staged: Mutex::default(),
            known: Mutex::default(),
            golden: Mutex::default(),
            asked_golden: AtomicUsize::new(0),
            heartbeat_s: AtomicU64::new(0),
            heartbeats: Mutex::default(),
        }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn change(&self, id: u8, change: impl FnOnce(&mut SessionAnswer)) {
        change(
            self.sessions
                .lock()
                .unwrap()
                .get_mut(&Hex([id; 16]))
                .unwrap(),
        );
    }

    /// Lets `ended` entries of ended epochs wait for `finalize`, and `open` ones of this epoch.
    pub fn wait(&self, ended: u32, open: u64) {
        *self.ended.lock().unwrap() = ended;
        let mut clock = self.clock.lock().unwrap();
        clock.pending = u64::from(ended) + open;
        clock.finalized_before = clock.epoch - u64::from(ended > 0);
    }

    /// Entries of each page so far.
    pub fn page_sizes(&self) -> Vec<usize> {
        let pages = self.pages.lock().unwrap();
        pages.iter().map(|(_, entries)| entries.len()).collect()
    }

    fn reach(&self) -> Result<(), ChainError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(ChainError::Unreachable {
                url: "fake".into(),
                reason: "down".into(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Chain for FakeChain {
    fn operator(&self) -> &str {
        "secret1operator"
    }

    async fn session(
        &self,
        session_id: SessionId,
        auth: &SessionAuth,
    ) -> Result<Option<SessionAnswer>, ChainError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        self.reach()?;
        let sessions = self.sessions.lock().unwrap();
        Ok(sessions
            .get(&session_id)
            .filter(|s| s.auth == *auth)
            .cloned())
    }

    async fn clock(&self) -> Result<ClockAnswer, ChainError> {
        self.reach()?;
        Ok(self.clock.lock().unwrap().clone())
    }

    async fn settle(&self, kid: Kid, entries: Vec<SettleEntry>) -> Result<HandedIn, ChainError> {
        self.reach()?;
        let one_less = |left: usize| left.checked_sub(1);
        let failing = &self.failing_pages;
        if failing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok()
        {
            return Err(ChainError::Contract {
                message: "refused".into(),
                txhash: None,
            });
        }
        let status = *self.status.lock().unwrap();
        let judge = |entry: &SettleEntry| match status {
            EntryStatus::BadAck if entry.ack.is_none() => EntryStatus::Pending,
            status => status,
        };
        let statuses = entries.iter().map(judge).collect();
        let mut pages = self.pages.lock().unwrap();
        pages.push((kid, entries));
        let (txhash, lost) = (format!("TX{}", pages.len()), &self.lost_answers);
        if lost
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok()
        {
            let waited_s = 60;
            return Err(ChainError::NotIncluded { txhash, waited_s });
        }
        Ok(HandedIn {
            answer: SettleAnswer { epoch: 5, statuses },
            txhash,
            height: 1,
        })
    }

    async fn fate(&self, txhash: &str, _: u64) -> Result<Fate, ChainError> {
        self.reach()?;
        if self.unreadable.lock().unwrap().as_deref() == Some(txhash) {
            let what = "no transaction".into();
            return Err(ChainError::BadAnswer { what });
        }
        Ok(*self.fate.lock().unwrap())
    }

    async fn kids(&self, kids: Vec<Kid>) -> Result<Vec<Option<KidInfo>>, ChainError> {
        self.reach()?;
        let known = self.kids.lock().unwrap();
        Ok(kids.iter().map(|kid| known.get(kid).cloned()).collect())
    }

    async fn finalize(
        &self,
        epoch: u64,
        limit: u32,
        _pending: u64,
    ) -> Result<FinalizeAnswer, ChainError> {
        self.reach()?;
        self.cranked.lock().unwrap().push((epoch, limit));
        let mut ended = self.ended.lock().unwrap();
        let finalized = limit.min(*ended);
        *ended -= finalized;
        let mut clock = self.clock.lock().unwrap();
        clock.pending -= u64::from(finalized);
        if *ended == 0 {
            clock.finalized_before = epoch + 1;
        }
        Ok(FinalizeAnswer {
            finalized,
            remaining: clock.pending,
        })
    }

    async fn challenge(&self, _: PublicKey, _: Digest) -> Result<ChallengeAnswer, ChainError> {
        self.reach()?;
        Ok(ChallengeAnswer {
            challenge: Hex([5; 32]),
            expires_at: 0,
        })
    }

    async fn register(
        &self,
        worker_id: Option<WorkerId>,
        attestation: Attestation,
        _: Listing,
    ) -> Result<RegisterAnswer, ChainError> {
        self.reach()?;
        self.registered
            .lock()
            .unwrap()
            .push((worker_id, attestation));
        let worker_id = worker_id.unwrap_or(Hex([8; 16]));
        Ok(RegisterAnswer {
            worker_id,
            kid: Hex([0; 20]),
            lease_until: 100,
        })
    }

    async fn renew(&self, attestation: Attestation) -> Result<RegisterAnswer, ChainError> {
        self.reach()?;
        self.renewed.lock().unwrap().push(attestation);
        Ok(RegisterAnswer {
            worker_id: Hex([8; 16]),
            kid: Hex([0; 20]),
            lease_until: self.lease_until.load(Ordering::SeqCst),
        })
    }

    async fn stage_gpu(
        &self,
        _: PublicKey,
        _: Digest,
        place: u8,
        gpu: GpuReport,
    ) -> Result<StageAnswer, ChainError> {
        self.reach()?;
        self.staged.lock().unwrap().push((place, gpu));
        Ok(StageAnswer {
            device: Hex([place; 32]),
            expires_at: 0,
        })
    }

    async fn is_known(&self, certificate_sha256: Digest) -> Result<bool, ChainError> {
        self.reach()?;
        Ok(self.known.lock().unwrap().contains(&certificate_sha256))
    }

    async fn golden_set(&self, golden: Digest) -> Result<Vec<u8>, ChainError> {
        self.reach()?;
        self.asked_golden.fetch_add(1, Ordering::SeqCst);
        let set = self.golden.lock().unwrap().get(&golden).cloned();
        set.ok_or_else(|| ChainError::Contract {
            message: "no such golden set".into(),
            txhash: None,
        })
    }

    async fn heartbeat_s(&self) -> Result<u64, ChainError> {
        self.reach()?;
        Ok(self.heartbeat_s.load(Ordering::SeqCst))
    }

    async fn heartbeat(&self, kid: Kid, at: u64, signature: [u8; 64]) -> Result<(), ChainError> {
        self.reach()?;
        self.heartbeats.lock().unwrap().push((kid, at, signature));
        Ok(())
    }

    async fn block_time(&self) -> Result<u64, ChainError> {
        self.reach()?;
        Ok(self.clock.lock().unwrap().now)
    }
}
