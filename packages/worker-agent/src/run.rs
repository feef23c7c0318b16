//! From a configuration to a worker that serves until it is told to stop.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secret_ai_chain_client::{ChainClient, ChainError, ClientConfig, ContractRef, Wallet};
use secret_ai_engine::upstream::{UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{Engine, EngineError};
use secret_ai_interface::billing::{ConfigAnswer, Timing};
use snafu::{ResultExt, Snafu};
use tokio_util::sync::CancellationToken;

use crate::agent::{Agent, Identity, Parts};
use crate::boot::{Attester, BootError};
use crate::chain::Chain;
use crate::clock::{Clock, SystemClock};
use crate::config::{ChainConfig, Config, ContractConfig, EngineConfig};
use crate::evidence::EvidenceError;
use crate::heartbeat::heartbeat_loop;
use crate::journal::{Journal, JournalError};
use crate::keys::BootKeys;
use crate::node_chain::{Contracts, NodeChain};
use crate::prices::PriceList;
use crate::renew::renew_loop;
use crate::routes::router;
use crate::server::Server;
use crate::settle::{last_round, settle_loop, Plan};

/// How long requests in progress may take after the agent was told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(60);
/// Longest key file that is read, bytes.
const MAX_KEY_FILE: u64 = 4_096;

/// Why the agent cannot run.
#[derive(Debug, Snafu)]
pub enum RunError {
    #[snafu(transparent)]
    Chain { source: ChainError },
    #[snafu(transparent)]
    Boot { source: BootError },
    #[snafu(transparent)]
    Journal { source: JournalError },
    #[snafu(transparent)]
    Engine { source: EngineError },
    #[snafu(transparent)]
    Evidence { source: EvidenceError },
    #[snafu(display("{}: {source}", path.display()))]
    File { path: PathBuf, source: io::Error },
    #[snafu(display("{}: must be a key of 1 to {MAX_KEY_FILE} bytes", path.display()))]
    KeyFile { path: PathBuf },
    #[snafu(display("http server: {source}"))]
    Server { source: io::Error },
    #[snafu(display("chain: {problem}"))]
    Mismatch { problem: String },
    #[snafu(display("this build has no {what} (feature {feature})"))]
    NotBuilt {
        what: &'static str,
        feature: &'static str,
    },
    #[snafu(display("the engine does not serve {model:?}, which the price list has"))]
    Model { model: String },
}

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
    let journal = Arc::new(Journal::open(&config.data_dir.join("journal.redb"))?);
    let engine = engine(&config.engine)?;
    check_models(&config, engine.as_ref()).await?;
    let chain = connect(&config).await?;
    let billing_config = chain.billing_config().await?;
    check_contracts(&config.chain, &billing_config)?;
    let plan = plan(&config, billing_config.timing)?;
    // Nobody is told of an address that cannot be listened at.
    let server = Server::bind(config.listen, config.server)
        .await
        .context(ServerSnafu)?;

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
        tls_spki_sha256: config.tls_spki_sha256.0,
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
        tls_spki_sha256: config.tls_spki_sha256.0,
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
    serve(Agent::new(parts), attester, server, plan, stop).await
}

/// When receipts are handed in, if billing's timing allows it.
fn plan(config: &Config, timing: Timing) -> Result<Plan, RunError> {
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
    server: Server,
    plan: Plan,
    stop: CancellationToken,
) -> Result<(), RunError> {
    agent
        .sessions
        .set_contract_time(agent.chain.clock().await?.now);
    let settling = tokio::spawn(settle_loop(agent.clone(), plan, stop.clone()));
    let renewing = tokio::spawn(renew_loop(agent.clone(), attester, stop.clone()));
    let beating = tokio::spawn(heartbeat_loop(agent.clone(), stop.clone()));
    if let Ok(address) = server.local_addr() {
        tracing::info!(%address, "serving");
    }
    let server = server.serve(router(agent.clone()), None, stop.clone());
    let last_requests = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    let served = tokio::select! {
        served = server => served.context(ServerSnafu),
        () = last_requests => Ok(()),
    };
    stop.cancel();
    if tokio::time::timeout(LAST_REQUESTS, agent.finish_requests())
        .await
        .is_err()
    {
        tracing::warn!("requests in progress were given up");
    }
    // All end by `stop`; a panic of theirs is in the log.
    let _ = tokio::join!(settling, renewing, beating);
    settle_last(&agent, &plan).await;
    served
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

/// The chain of a configuration, with the operator's wallet.
///
/// # Errors
/// [`RunError`] if the wallet cannot be read or the node cannot be asked.
pub async fn connect(config: &Config) -> Result<NodeChain, RunError> {
    let ChainConfig {
        lcd_url,
        chain_id,
        registry,
        billing,
        rewards,
        gas_price_milli,
        gas,
    } = config.chain.clone();
    let wallet = Wallet::from_file(&config.wallet_file)?;
    let client_config = ClientConfig {
        gas_price_milli,
        ..ClientConfig::new(&chain_id)
    };
    let client = ChainClient::with_config(&lcd_url, client_config)?;
    let contracts = Contracts {
        registry: contract(&client, registry).await?,
        billing: contract(&client, billing).await?,
        rewards: contract(&client, rewards).await?,
    };
    Ok(NodeChain::new(client, wallet, contracts, chain_id, gas))
}

async fn contract(client: &ChainClient, config: ContractConfig) -> Result<ContractRef, ChainError> {
    match config.code_hash {
        Some(code_hash) => Ok(ContractRef {
            address: config.address,
            code_hash,
        }),
        None => client.contract(&config.address).await,
    }
}

/// The contracts must belong together: receipts are signed for billing, which trusts its registry.
fn check_contracts(config: &ChainConfig, billing: &ConfigAnswer) -> Result<(), RunError> {
    let mismatch = |problem: String| Err(RunError::Mismatch { problem });
    let registry = billing.registry.address.as_str();
    if registry != config.registry.address {
        let have = &config.registry.address;
        return mismatch(format!(
            "billing trusts registry {registry}, configured is {have}"
        ));
    }
    match &billing.rewards {
        Some(rewards) if rewards.address.as_str() != config.rewards.address => {
            let (want, have) = (&rewards.address, &config.rewards.address);
            mismatch(format!(
                "billing pays through rewards {want}, configured is {have}"
            ))
        }
        _ => Ok(()),
    }
}

/// What is offered must be there; an engine that is not up yet is asked when requests come.
async fn check_models(config: &Config, engine: &dyn Engine) -> Result<(), RunError> {
    let models = match engine.models().await {
        Ok(models) => models,
        Err(error) => {
            tracing::warn!(%error, "the engine does not answer yet");
            return Ok(());
        }
    };
    for listing in &config.prices {
        let model = &listing.model;
        if !models.iter().any(|info| info.id == *model) {
            return ModelSnafu { model }.fail();
        }
    }
    Ok(())
}

fn engine(config: &EngineConfig) -> Result<Arc<dyn Engine>, RunError> {
    match config {
        EngineConfig::Embedded { model_file, model } => embedded(model_file.as_deref(), model),
        EngineConfig::Upstream {
            url,
            api_key_file,
            context_length,
        } => {
            let mut upstream = UpstreamConfig::new(url);
            upstream.api_key = api_key_file.as_deref().map(read_key).transpose()?;
            upstream.context_length = context_length.unwrap_or(upstream.context_length);
            Ok(Arc::new(UpstreamEngine::new(upstream)?))
        }
    }
}

#[cfg(feature = "embedded")]
fn embedded(file: Option<&Path>, model: &Option<String>) -> Result<Arc<dyn Engine>, RunError> {
    use secret_ai_engine::embedded::{EmbeddedConfig, EmbeddedEngine};
    let Some(file) = file else {
        return Ok(Arc::new(EmbeddedEngine::demo()?));
    };
    let stem = || {
        file.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let id = model.clone().unwrap_or_else(stem);
    Ok(Arc::new(EmbeddedEngine::open(
        file,
        EmbeddedConfig::new(id),
    )?))
}

#[cfg(not(feature = "embedded"))]
fn embedded(_: Option<&Path>, _: &Option<String>) -> Result<Arc<dyn Engine>, RunError> {
    NotBuiltSnafu {
        what: "embedded engine",
        feature: "embedded",
    }
    .fail()
}

/// What is wrong with the files that a configuration names, each by its field.
pub fn file_problems(config: &Config) -> Vec<String> {
    let wallet = Wallet::from_file(&config.wallet_file).err();
    let tee = config.tee.check_files().err();
    let engine = match &config.engine {
        EngineConfig::Embedded {
            model_file: Some(file),
            ..
        } => {
            let opened = fs::File::open(file).context(FileSnafu { path: file });
            opened.err().map(|e| format!("engine.model_file: {e}"))
        }
        EngineConfig::Upstream {
            api_key_file: Some(file),
            ..
        } => {
            let key = read_key(file);
            key.err().map(|e| format!("engine.api_key_file: {e}"))
        }
        _ => None,
    };
    let wallet = wallet.map(|error| format!("wallet_file: {error}"));
    let tee = tee.map(|error| error.to_string());
    [wallet, tee, engine].into_iter().flatten().collect()
}

fn read_key(path: &Path) -> Result<String, RunError> {
    let file = fs::File::open(path).context(FileSnafu { path })?;
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(file, MAX_KEY_FILE + 1), &mut text)
        .context(FileSnafu { path })?;
    let key = text.trim();
    if key.is_empty() || text.len() as u64 > MAX_KEY_FILE {
        return KeyFileSnafu { path }.fail();
    }
    Ok(key.to_owned())
}
