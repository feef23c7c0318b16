//! The agent with everything on: sessions checked, tokens counted, receipts signed and journaled to disk,
//! its log written. Only the chain is not there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use axum::routing::get;
use cosmwasm_std::Addr;
use secret_ai_engine::pool::{MemberConfig, Policy, Pool};
use secret_ai_engine::upstream::{UpstreamConfig, UpstreamEngine};
use secret_ai_interface::registry::{ModelListing, Rate};
use secret_ai_interface::Unit;
use secret_ai_worker_agent::agent::{Agent, Attested, Identity, Limits, Parts};
use secret_ai_worker_agent::clock::{Clock, SystemClock};
use secret_ai_worker_agent::count::Meter;
use secret_ai_worker_agent::evidence::{Collateral, CpuReport};
use secret_ai_worker_agent::journal::Journal;
use secret_ai_worker_agent::keys::BootKeys;
use secret_ai_worker_agent::limits::LimitsConfig;
use secret_ai_worker_agent::prices::PriceList;
use secret_ai_worker_agent::routes::router;
use secret_ai_worker_agent::server::{Server, ServerConfig};
use secret_ai_worker_agent::telemetry::{self, LogFormat, TelemetryConfig};
use secret_ai_worker_agent::usage::{Report, Usage};
use tokio_util::sync::CancellationToken;

use crate::bearer::WORKER;
use crate::chain::{BenchChain, RATE, TOKEN};
use crate::mock::{self, MODEL};
use crate::Failure;

/// Requests that the agent serves at once: more than any load here.
const MAX_REQUESTS: usize = 1_024;
/// Where the number of sessions asked of the chain can be read.
pub const ASKED: &str = "/speed/asked";

/// The parts of an agent that serves `sessions` sessions, with its journal in `dir`.
pub fn parts(
    upstream: &str,
    sessions: u64,
    dir: &Path,
) -> Result<(Parts, Arc<BenchChain>), Failure> {
    let now = SystemClock.now();
    let chain = Arc::new(BenchChain {
        sessions,
        now,
        asked: AtomicU64::new(0),
    });
    let rate = |unit| Rate { unit, rate: RATE };
    let engine = UpstreamEngine::new(UpstreamConfig::new(upstream))?;
    let member = MemberConfig {
        name: MODEL.into(),
        max_requests: MAX_REQUESTS,
        models: BTreeMap::new(),
    };
    // Each is checked, none is reached.
    let rates = LimitsConfig {
        requests_per_minute: u32::MAX,
        tokens_per_minute: u64::MAX,
        concurrent: u32::MAX,
        ..LimitsConfig::default()
    };
    let parts = Parts {
        identity: Identity {
            chain_id: "speed-1".into(),
            registry: "secret1registry".into(),
            billing: "secret1billing".into(),
            operator: "secret1operator".into(),
            worker_id: WORKER,
            tls_spki_sha256: [0; 32],
            class: 0,
        },
        keys: Arc::new(BootKeys::generate()),
        attested: Attested {
            challenge: [0; 32],
            cpu: CpuReport::Tdx { quote: vec![] },
            gpus: vec![],
            workload: None,
            collateral: Collateral::default(),
            lease_until: u64::MAX,
        },
        chain: chain.clone(),
        engine: Arc::new(Pool::new(
            vec![(member, Arc::new(engine))],
            Policy::default(),
        )),
        journal: Arc::new(Journal::open(&dir.join("journal.redb"))?),
        prices: PriceList::new(vec![ModelListing {
            model: MODEL.into(),
            token: Addr::unchecked(TOKEN),
            rates: vec![rate(Unit::Input), rate(Unit::Output)],
        }]),
        clock: Arc::new(SystemClock),
        limits: Limits {
            max_requests: MAX_REQUESTS,
            rates,
            ..Limits::default()
        },
    };
    Ok((parts, chain))
}

/// Units of an answer of the mock, read from what it says.
pub fn units(meter: &Meter) -> Result<Vec<u64>, Failure> {
    let report = Report::read(serde_json::from_str(&mock::usage())?).ok_or("no usage")?;
    Ok(meter.units(Usage {
        prompt_tokens: report.prompt.ok_or("no prompt tokens")?,
        cached_tokens: report.cached,
        completion_tokens: report.completion.ok_or("no completion tokens")?,
        audio_tokens: 0,
    }))
}

/// Serves until it is killed.
pub async fn serve(
    listen: SocketAddr,
    upstream: &str,
    sessions: u64,
    dir: &Path,
) -> Result<(), Failure> {
    let _log = telemetry::start(LogFormat::Text, &TelemetryConfig::default())?;
    let (parts, chain) = parts(upstream, sessions, dir)?;
    let asked = get(move || async move { chain.asked.load(Ordering::Relaxed).to_string() });
    let routes = router(Agent::new(parts)).route(ASKED, asked);
    let server = Server::bind(listen, ServerConfig::default()).await?;
    println!("{}", server.local_addr()?);
    Ok(server.serve(routes, None, CancellationToken::new()).await?)
}
