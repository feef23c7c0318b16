//! The agent's parts, put together: what routes and background tasks share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use secret_ai_engine::Engine;
use secret_ai_interface::registry::Workload;
use secret_ai_interface::WorkerId;
use secret_ai_receipts::Domain;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::chain::Chain;
use crate::clock::{ChainTime, Clock};
use crate::e2ee::E2ee;
use crate::evidence::{Collateral, CpuReport, DeviceEvidence};
use crate::handing::{Desk, Unconfirmed};
use crate::journal::Journal;
use crate::keys::BootKeys;
use crate::limits::LimitsConfig;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::prices::PriceList;
use crate::sessions::Sessions;
use crate::strangers::Strangers;
use crate::watched_chain::{Watch, WatchedChain};

/// Who this worker is, for this boot.
#[derive(Clone, Debug)]
pub struct Identity {
    pub chain_id: String,
    /// Address of the registry.
    pub registry: String,
    /// Address of the billing contract.
    pub billing: String,
    /// Address of the operator.
    pub operator: String,
    pub worker_id: WorkerId,
    /// SHA-256 of the SubjectPublicKeyInfo of the key that ends TLS; zeros if nothing in the TEE ends
    /// TLS.
    pub tls_spki_sha256: [u8; 32],
    pub class: u8,
}

/// The newest proof that this worker runs in a TEE, whole: nothing is left out that the registry
/// knows already.
#[derive(Clone, Debug)]
pub struct Attested {
    pub challenge: [u8; 32],
    pub cpu: CpuReport,
    pub gpus: Vec<DeviceEvidence>,
    pub workload: Option<Workload>,
    pub collateral: Collateral,
    /// Unix seconds of block time.
    pub lease_until: u64,
}

/// Limits of the HTTP API.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest body of a request, bytes.
    pub max_body: usize,
    /// Longest body of a request that uploads a file, bytes.
    pub max_upload: usize,
    /// Requests served at once.
    pub max_requests: usize,
    /// How old the chain's word about a session may be, seconds.
    pub session_refresh_s: u64,
    /// What one session, one address and the queue may take.
    pub rates: LimitsConfig,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_body: 1 << 20,
            max_upload: 25 << 20,
            max_requests: 64,
            session_refresh_s: 30,
            rates: LimitsConfig::default(),
        }
    }
}

/// What an agent is made of.
pub struct Parts {
    pub identity: Identity,
    pub keys: Arc<BootKeys>,
    pub attested: Attested,
    pub chain: Arc<dyn Chain>,
    pub engine: Arc<dyn Engine>,
    pub journal: Arc<Journal>,
    pub prices: PriceList,
    pub clock: Arc<dyn Clock>,
    pub limits: Limits,
}

/// A worker that serves.
pub struct Agent {
    pub identity: Identity,
    pub(crate) keys: Arc<BootKeys>,
    pub(crate) e2ee: E2ee,
    pub(crate) domain: Domain,
    pub(crate) chain: Arc<dyn Chain>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) models: Models,
    pub(crate) journal: Arc<Journal>,
    pub(crate) prices: PriceList,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) sessions: Sessions,
    pub(crate) admission: Admission,
    pub(crate) strangers: Strangers,
    pub metrics: Metrics,
    /// How the chain has answered.
    pub(crate) chain_watch: Arc<Watch>,
    draining: AtomicBool,
    /// Requests in progress; they go on when their client goes away.
    pub(crate) tasks: TaskTracker,
    pub(crate) block_time: ChainTime,
    /// Pages of this boot that the chain has not confirmed yet.
    unconfirmed: Unconfirmed,
    attested: RwLock<Attested>,
    /// When the registry ended the lease early, Unix seconds of block time; never while it has not.
    cut: AtomicU64,
}

impl Agent {
    /// Puts an agent together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            identity,
            keys,
            attested,
            chain,
            engine,
            journal,
            prices,
            clock,
            limits,
        } = parts;
        let domain = Domain {
            chain_id: identity.chain_id.clone(),
            billing: identity.billing.clone(),
        };
        let metrics = Metrics::new(&prices, journal.metrics());
        let chain_watch = Arc::new(Watch::new(metrics.chain.clone(), clock.clone()));
        let chain: Arc<dyn Chain> = Arc::new(WatchedChain::new(chain, chain_watch.clone()));
        let sessions = Sessions::new(
            identity.worker_id,
            keys.kid().into(),
            chain.clone(),
            journal.clone(),
            clock.clone(),
            limits.session_refresh_s,
            &limits.rates,
        );
        Arc::new(Agent {
            e2ee: E2ee::new(&identity, &keys),
            identity,
            domain,
            sessions,
            models: Models::new(engine.clone(), clock.clone()),
            admission: Admission::new(&limits, clock.clone()),
            strangers: Strangers::new(limits.rates.unauthenticated_per_minute),
            metrics,
            chain_watch,
            draining: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            block_time: ChainTime::new(clock.clone()),
            unconfirmed: Unconfirmed::default(),
            attested: RwLock::new(attested),
            cut: AtomicU64::new(u64::MAX),
            keys,
            chain,
            engine,
            journal,
            prices,
            clock,
            limits,
        })
    }

    /// The newest proof.
    pub fn attested(&self) -> Attested {
        self.attested
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the proof after a renewal.
    pub fn set_attested(&self, attested: Attested) {
        *self
            .attested
            .write()
            .unwrap_or_else(PoisonError::into_inner) = attested;
    }

    /// Whether the agent may promise anything: its journal works and its lease runs.
    pub fn is_healthy(&self) -> bool {
        self.journal.is_healthy() && self.now() <= self.lease_until()
    }

    /// Unix seconds of block time, carried on without the machine's clock, which may jump.
    pub fn now(&self) -> u64 {
        self.block_time.now()
    }

    /// End of the lease, Unix seconds of block time.
    pub fn lease_until(&self) -> u64 {
        let attested = self.attested.read();
        let attested = attested.unwrap_or_else(PoisonError::into_inner);
        attested.lease_until.min(self.cut.load(Ordering::Relaxed))
    }

    /// Takes note that the registry has ended the lease early, Unix seconds of block time. Only a new
    /// boot gets another one.
    pub(crate) fn cut_lease(&self, until: u64) {
        if self.cut.swap(until, Ordering::Relaxed) == u64::MAX {
            tracing::error!(
                until,
                "the registry has ended this key's lease, nothing is served any more"
            );
        }
    }

    /// True once the registry has ended the lease early.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed) != u64::MAX
    }

    /// Where receipts come from and where they go.
    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk {
            chain: self.chain.as_ref(),
            journal: &self.journal,
            unconfirmed: &self.unconfirmed,
        }
    }

    /// Takes no new requests from now on; those in progress go on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the agent was told to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Waits until all requests in progress are counted and their receipts stored.
    pub async fn finish_requests(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(error) = self.journal.flush().await {
            tracing::error!(%error, "the last receipts are not stored");
        }
    }
}
