//! From a configuration to a worker that serves until it is told to stop.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use secret_ai_interface::billing::Timing;
use snafu::ResultExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::agent::{Agent, Identity, Parts};
use crate::boot::Attester;
use crate::chain::Chain;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::connect::{check_contracts, connect};
use crate::engines;
use crate::heartbeat::heartbeat_loop;
use crate::journal::Journal;
use crate::keys::BootKeys;
use crate::prices::PriceList;
use crate::renew::renew_loop;
use crate::replicate::{replicate_loop, Replica};
use crate::routes::{self, router};
use crate::run_error::{FileSnafu, RunError, ServerSnafu};
use crate::server::Server;
use crate::settle::{last_round, learn_time, settle_loop, Plan};

/// How long the last bytes of answers may take on their way.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// Runs a worker until `stop`.
///
/// # Errors
/// [`RunError`] if it cannot start, or its server fails.
pub async fn run(config: Config, stop: CancellationToken) -> Result<(), RunError> {
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    // Before anything is paid for.
    let sources = config.tee.open()?;
    fs::create_dir_all(&config.data_dir).context(FileSnafu {
        path: &config.data_dir,
    })?;
    let replica = config.watchtower.as_ref().map(Replica::open).transpose();
    let replica = replica.map_err(|problem| RunError::Watchtower { problem })?;
    let journal = Arc::new(Journal::open_with(
        &config.data_dir.join("journal.redb"),
        &config.journal,
    )?);
    let engine = engines::open(&config)?;
    engines::check_models(&config, engine.as_ref()).await?;
    engine.watch(&stop);
    let chain = connect(&config).await?;
    let billing_config = chain.billing_config().await?;
    check_contracts(&config.chain, &billing_config)?;
    let plan = plan(&config, billing_config.timing)?;
    // Nobody is told of an address that cannot be listened at.
    let transport = config.tls().open(&config.public_url)?;
    let listeners = Listeners::bind(&config, transport.server).await?;

    let keys = Arc::new(BootKeys::generate());
    let registry = chain.contracts().registry.address.clone();
    let billing = chain.contracts().billing.address.clone();
    let chain: Arc<dyn Chain> = Arc::new(chain);
    let attester = Attester {
        chain: chain.clone(),
        provider: sources.cpu,
        devices: sources.gpus,
        keys: keys.clone(),
        chain_id: config.chain.chain_id.clone(),
        registry: registry.clone(),
        tls_spki_sha256: transport.spki_sha256,
        class: config.class(),
        workload: config.tee.workload(),
    };
    let (worker_id, attested) = attester
        .register(&config.data_dir, config.listing())
        .await?;
    tracing::info!(%worker_id, kid = hex::encode(keys.kid()), "worker registered");

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let identity = Identity {
        chain_id: config.chain.chain_id.clone(),
        registry,
        billing,
        operator: chain.operator().to_owned(),
        worker_id,
        tls_spki_sha256: transport.spki_sha256,
        class: config.class(),
    };
    let prices = PriceList::new(config.prices.clone());
    let limits = config.limits();
    let parts = Parts {
        identity,
        keys,
        attested,
        chain,
        engine,
        journal,
        prices,
        clock,
        limits,
    };
    let drain = Duration::from_secs(config.drain_s);
    let agent = Agent::new(parts);
    let done = CancellationToken::new();
    let replicating = replica.map(|replica| {
        let shipping = replicate_loop(agent.clone(), replica, done.clone());
        tokio::spawn(shipping)
    });
    let served = serve(agent, attester, listeners, plan, drain, stop).await;
    done.cancel();
    if let Some(replicating) = replicating {
        // It ends by `done`; a panic of its is in the log.
        let _ = replicating.await;
    }
    served
}

/// When receipts are handed in, if billing's timing allows it.
///
/// # Errors
/// [`RunError::Mismatch`] if it does not.
pub(crate) fn plan(config: &Config, timing: Timing) -> Result<Plan, RunError> {
    let plan = Plan {
        interval: Duration::from_secs(config.settle_interval_s),
        pages: config.settle.pages,
        cover_traffic: config.settle.cover_traffic,
        finalize: config.finalize,
        timing,
    };
    plan.check()
        .map_err(|problem| RunError::Mismatch { problem })?;
    for warning in plan.warnings() {
        tracing::warn!("{warning}");
    }
    Ok(plan)
}

async fn serve(
    agent: Arc<Agent>,
    attester: Attester,
    listeners: Listeners,
    plan: Plan,
    drain: Duration,
    stop: CancellationToken,
) -> Result<(), RunError> {
    learn_time(&agent).await?;
    let settling = tokio::spawn(settle_loop(agent.clone(), plan, stop.clone()));
    let renewing = tokio::spawn(renew_loop(agent.clone(), attester, stop.clone()));
    let beating = tokio::spawn(heartbeat_loop(agent.clone(), stop.clone()));
    let inside = tokio::spawn(inside(agent.clone(), listeners.inside));
    if let Ok(address) = listeners.api.local_addr() {
        tracing::info!(%address, "serving");
    }
    let served = api(&agent, listeners.api, listeners.tls, &stop, drain).await;
    stop.cancel();
    // All end by `stop`; a panic of theirs is in the log.
    let _ = tokio::join!(settling, renewing, beating);
    settle_last(&agent, &plan).await;
    inside.abort();
    served
}

/// Serves the API until `stop`, then what is in progress for up to `drain`. New requests are refused
/// meanwhile and the listener stays open, so that whoever sends requests here reads on `/ready` why.
async fn api(
    agent: &Arc<Agent>,
    server: Server,
    tls: Option<TlsAcceptor>,
    stop: &CancellationToken,
    drain: Duration,
) -> Result<(), RunError> {
    let close = CancellationToken::new();
    let server = server.serve(router(agent.clone()), tls, close.clone());
    tokio::pin!(server);
    let drained = async {
        stop.cancelled().await;
        agent.drain();
        if timeout(drain, agent.finish_requests()).await.is_err() {
            let requests = agent.tasks.len();
            tracing::warn!(
                requests,
                "requests in progress are given up: streams are billed for what was delivered, \
                 answers in one piece are not delivered and cost nothing"
            );
        }
    };
    let served = tokio::select! {
        served = &mut server => served,
        () = drained => {
            close.cancel();
            timeout(LAST_BYTES, server).await.unwrap_or(Ok(()))
        }
    };
    // A request that had come just before `stop` may have begun its work since.
    let _ = timeout(LAST_BYTES, agent.finish_requests()).await;
    served.context(ServerSnafu)
}

/// Serves metrics, if they are wanted, until it is dropped: also while the agent stops.
async fn inside(agent: Arc<Agent>, listener: Option<TcpListener>) {
    let Some(listener) = listener else { return };
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "serving metrics");
    }
    if let Err(error) = axum::serve(listener, routes::inside(agent)).await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

/// Where the agent listens.
struct Listeners {
    api: Server,
    /// What ends TLS; `None` for plain HTTP.
    tls: Option<TlsAcceptor>,
    /// For metrics.
    inside: Option<TcpListener>,
}

impl Listeners {
    async fn bind(
        config: &Config,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Result<Self, RunError> {
        Ok(Listeners {
            api: Server::bind(config.listen, config.server)
                .await
                .context(ServerSnafu)?,
            tls: tls.map(TlsAcceptor::from),
            inside: match config.metrics.listen {
                Some(address) => Some(TcpListener::bind(address).await.context(ServerSnafu)?),
                None => None,
            },
        })
    }
}

/// Hands in what waits. What fails or does not fit stays in the journal.
async fn settle_last(agent: &Agent, plan: &Plan) {
    match last_round(agent, plan).await {
        Ok(settled) => tracing::info!(?settled, "last round of settling"),
        Err(error) => tracing::warn!(%error, "the last round of settling failed"),
    }
    let waiting = agent.journal.unsettled().map_or(0, |records| records.len());
    if waiting > 0 {
        tracing::warn!(
            waiting,
            "receipts wait in the journal: start again to hand them in"
        );
    }
}
