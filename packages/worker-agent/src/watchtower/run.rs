//! From a configuration to a watchtower that watches until it is told to stop.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use secret_ai_receipts::Domain;
use snafu::ResultExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{router, Parts, Tower, TowerConfig};
use crate::clock::SystemClock;
use crate::journal::Journal;
use crate::run::{check_contracts, connect_as, FileSnafu, RunError, ServerSnafu};
use crate::secret_file;

/// Runs a watchtower until `stop`.
///
/// # Errors
/// [`RunError`] if it cannot start, or its server fails.
pub async fn run(config: TowerConfig, stop: CancellationToken) -> Result<(), RunError> {
    let path = &config.data_dir;
    fs::create_dir_all(path).context(FileSnafu { path })?;
    let journal = Journal::open_with(&path.join("journal.redb"), &config.journal)?;
    let file = &config.token_file;
    let token = secret_file::read(file).context(FileSnafu { path: file })?;
    let chain = connect_as(&config.chain, &config.wallet_file).await?;
    let billing = chain.billing_config().await?;
    check_contracts(&config.chain, &billing)?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.context(ServerSnafu)?;
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
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "watching");
    }
    let served = axum::serve(listener, router(tower))
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .await;
    stop.cancel();
    // It ends by `stop`; a panic of its is in the log.
    let _ = watching.await;
    served.context(ServerSnafu)
}
