//! Ships the newest receipts and acks to a watchtower: a peer that can hand them in when this agent
//! and its disk are gone. Nobody waits for it: it reads what the journal has committed, sends one
//! batch at a time, and sends again what was not confirmed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cosmwasm_std::Binary;
use secret_ai_interface::Hex;
use secret_ai_tls::{by_authorities, pinned};
use serde::Deserialize;
use snafu::Snafu;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::journal::{Journal, JournalError, Record};
use crate::outbox::News;
use crate::retry::Retry;
use crate::secret_file;
use crate::watchtower::{Batch, Shipped, Taken, MAX_RECORDS, PATH};

/// How often the watchtower hears of an agent that has no news.
const ALIVE: Duration = Duration::from_secs(60);
/// How long news gather.
const GATHER: Duration = Duration::from_millis(200);
/// How long the watchtower may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Longest answer that is read, bytes.
const MAX_ANSWER: usize = 64 << 10;
/// How long an agent that stops tries to send the rest.
const LAST_TRY: Duration = Duration::from_secs(5);

/// A peer that can settle this worker's receipts. It sees which sessions use how much of what, and
/// when, but no wallet, no prompt and no key (docs/durability.md).
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchtowerConfig {
    /// Base URL of the watchtower: `https://…`, or `http://` on this machine's loopback.
    pub url: String,
    /// Holds the token that the watchtower wants.
    pub token_file: PathBuf,
    /// SHA-256 of the SubjectPublicKeyInfo of the watchtower's key, 64 hex digits (the watchtower logs
    /// it): this key alone is accepted, whatever its certificate says. Absent, an authority that
    /// Mozilla trusts must vouch for the certificate.
    pub spki_sha256: Option<Hex<32>>,
}

impl WatchtowerConfig {
    /// # Errors
    /// The field that is wrong, and what is.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let bad_url = |problem: String| ("watchtower.url", problem);
        let url = reqwest::Url::parse(&self.url).map_err(|error| bad_url(error.to_string()))?;
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" => Ok(()),
            "http" if !is_here => Err(bad_url(
                "must start with https://, or http:// for this machine's loopback".into(),
            )),
            "http" if self.spki_sha256.is_some() => {
                let problem = "http:// has no key, url must start with https://";
                Err(("watchtower.spki_sha256", problem.into()))
            }
            "http" => Ok(()),
            _ => Err(bad_url("must start with https:// or http://".into())),
        }
    }
}

/// Why a batch did not arrive; it goes again.
#[derive(Debug, Snafu)]
pub enum ShipError {
    #[snafu(transparent)]
    Journal { source: JournalError },
    #[snafu(display("the watchtower cannot be reached"))]
    Unreachable,
    #[snafu(display("the watchtower answers with HTTP {status}"))]
    Status { status: u16 },
    #[snafu(display(
        "the watchtower does not find the keys of {unknown} receipts in the registry"
    ))]
    Unknown { unknown: usize },
    #[snafu(display("the watchtower's answer has not the form that it must have"))]
    BadAnswer,
}

/// The way to a watchtower.
pub struct Replica {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Replica {
    /// The way that a configuration names.
    ///
    /// # Errors
    /// What is wrong, naming the field.
    pub fn open(config: &WatchtowerConfig) -> Result<Self, String> {
        let token = secret_file::read(&config.token_file);
        let token = token
            .map_err(|error| format!("token_file: {}: {error}", config.token_file.display()))?;
        Replica::new(&config.url, token, config.spki_sha256)
    }

    /// Prepares connections. `token`: what the watchtower wants; `spki_sha256`: its key, if that is
    /// known.
    ///
    /// # Errors
    /// The libraries', if TLS cannot be set up.
    pub fn new(url: &str, token: String, spki_sha256: Option<Hex<32>>) -> Result<Self, String> {
        let tls = spki_sha256.map_or_else(by_authorities, |key| pinned(key.0));
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.map_err(|error| error.to_string())?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER)
            .build()
            .map_err(|error| error.to_string())?;
        let url = format!("{}{PATH}", url.trim_end_matches('/'));
        Ok(Replica { http, url, token })
    }

    /// Tells all news in batches; an empty one if there are none, as a sign of life.
    ///
    /// # Errors
    /// [`ShipError`]; what was not told stays news.
    pub async fn ship(&self, agent: &Agent) -> Result<(), ShipError> {
        let (journal, outbox) = (&agent.journal, agent.journal.outbox());
        match outbox.take(MAX_RECORDS) {
            News::Everything => {
                let sent = self.everything(agent).await;
                if sent.is_err() {
                    outbox.note_everything();
                }
                sent
            }
            News::Of(keys) => {
                let sent = match journal.records(&keys) {
                    Ok(records) => self.batch(agent, &records).await,
                    Err(source) => Err(source.into()),
                };
                if sent.is_err() {
                    outbox.note(keys.into_iter());
                }
                sent
            }
        }
    }

    async fn everything(&self, agent: &Agent) -> Result<(), ShipError> {
        let mut unknown_keys = Ok(());
        for records in agent.journal.unsettled()?.chunks(MAX_RECORDS) {
            match self.batch(agent, records).await {
                // The others may be fine.
                error @ Err(ShipError::Unknown { .. }) => unknown_keys = error,
                other => other?,
            }
        }
        unknown_keys
    }

    async fn batch(&self, agent: &Agent, records: &[Record]) -> Result<(), ShipError> {
        let batch = Batch {
            chain_id: agent.domain.chain_id.clone(),
            billing: agent.domain.billing.clone(),
            worker_id: agent.identity.worker_id,
            records: records.iter().map(shipped).collect(),
        };
        let request = self.http.post(&self.url).bearer_auth(&self.token);
        let answer = request.json(&batch).send().await;
        let mut answer = answer.map_err(|_| ShipError::Unreachable)?;
        let status = answer.status().as_u16();
        if !answer.status().is_success() {
            return Err(ShipError::Status { status });
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| ShipError::Unreachable)? {
            snafu::ensure!(
                body.len().saturating_add(piece.len()) <= MAX_ANSWER,
                BadAnswerSnafu
            );
            body.extend_from_slice(&piece);
        }
        let taken: Taken = serde_json::from_slice(&body).map_err(|_| ShipError::BadAnswer)?;
        if taken.refused > 0 {
            let refused = taken.refused;
            tracing::error!(refused, "the watchtower refuses receipts");
        }
        match taken.unknown {
            0 => Ok(()),
            unknown => UnknownSnafu { unknown }.fail(),
        }
    }
}

fn shipped(record: &Record) -> Shipped {
    Shipped {
        receipt: Binary(record.receipt.encode()),
        ack: record.ack.as_ref().map(|ack| Binary(ack.encode())),
        deadline: record.deadline,
        since: record.since,
    }
}

/// Ships what the journal commits, until `stop`, and then what is left.
pub async fn replicate_loop(agent: Arc<Agent>, replica: Replica, stop: CancellationToken) {
    let journal: &Journal = &agent.journal;
    journal.outbox().start();
    let mut retry = Retry::new();
    loop {
        let news = timeout(ALIVE, journal.outbox().news());
        if stop.run_until_cancelled(news).await.is_none() {
            break;
        }
        let pause = match replica.ship(&agent).await {
            Ok(()) => {
                retry = Retry::new();
                GATHER
            }
            Err(error) => {
                tracing::warn!(%error, "receipts are shipped again later");
                retry.pause()
            }
        };
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            break;
        }
    }
    let last = timeout(LAST_TRY, replica.ship(&agent)).await;
    if !matches!(last, Ok(Ok(()))) {
        tracing::warn!("the watchtower has not heard the last news");
    }
}
