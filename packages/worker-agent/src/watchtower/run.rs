//! From a configuration to a watchtower that watches until it is told to stop.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use secret_ai_receipts::Domain;
use snafu::ResultExt;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{router, Parts, Tower, TowerConfig, TowerTls};
use crate::clock::SystemClock;
use crate::journal::Journal;
use crate::run::{check_contracts, connect_as, FileSnafu, RunError, ServerSnafu};
use crate::secret_file;
use crate::server::{Server, ServerConfig};

/// A batch costs little; agents are few, and each has one connection.
const SERVER: ServerConfig = ServerConfig {
    threads: 1,
    max_connections: 1_000,
    head_timeout_s: 75,
    stall_timeout_s: 60,
};

/// Runs a watchtower until `stop`.
///
/// # Errors
/// [`RunError`] if it cannot start, or its server fails.
pub async fn run(config: TowerConfig, stop: CancellationToken) -> Result<(), RunError> {
    let path = &config.data_dir;
    fs::create_dir_all(path).context(FileSnafu { path })?;
    let journal = Journal::open_with(&path.join("journal.redb"), &config.journal)?;
    let token = secret_file::read(&config.token_file);
    let token = token.map_err(|error| RunError::Watchtower {
        problem: format!("token_file: {}: {error}", config.token_file.display()),
    })?;
    let transport = config.tls.as_ref().map(TowerTls::open).transpose()?;
    let chain = connect_as(&config.chain, &config.wallet_file).await?;
    let billing = chain.billing_config().await?;
    check_contracts(&config.chain, &billing)?;
    let server = Server::bind(config.listen, SERVER).await;
    let server = server.context(ServerSnafu)?;
    let tower = Tower::new(Parts {
        chain: Arc::new(chain),
        journal,
        clock: Arc::new(SystemClock),
        domain: Domain {
            chain_id: config.chain.chain_id.clone(),
            billing: config.chain.billing.address.clone(),
        },
        token,
        silent_s: config.silent_s,
        interval: Duration::from_secs(config.interval_s),
        timing: billing.timing,
    });
    let watching = tokio::spawn(tower.clone().watch(stop.clone()));
    if let Ok(address) = server.local_addr() {
        tracing::info!(%address, "watching");
    }
    let tls = transport.and_then(|transport| {
        let spki_sha256 = hex::encode(transport.spki_sha256);
        tracing::info!(spki_sha256, "agents may know this key");
        transport.server.map(TlsAcceptor::from)
    });
    let served = server.serve(router(tower), tls, stop.clone()).await;
    stop.cancel();
    // It ends by `stop`; a panic of its is in the log.
    let _ = watching.await;
    served.context(ServerSnafu)
}
