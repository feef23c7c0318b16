//! A worker on loopback with a fake chain, a scripted engine and a clock that stands still.
#![allow(dead_code)] // each test program uses a part of it

pub mod engine;
mod fake_chain;
pub mod upstream;
pub mod ways;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use cosmwasm_std::{Addr, Uint128};
use futures_util::StreamExt;
use secret_ai_engine::Engine;
use secret_ai_interface::billing::{Line, SessionAnswer, SessionAuth, SessionStatus, Timing};
use secret_ai_interface::registry::{ModelListing, Rate};
use secret_ai_interface::{Hex, Unit, WorkerId};
use secret_ai_receipts::{sha256, sign, Ack, Domain, Evidence, Receipt, Signed};
use secret_ai_worker_agent::agent::{Agent, Attested, Identity, Limits, Parts};
use secret_ai_worker_agent::clock::Clock;
use secret_ai_worker_agent::evidence::{Collateral, CpuReport, DeviceEvidence};
use secret_ai_worker_agent::journal::Journal;
use secret_ai_worker_agent::keys::BootKeys;
use secret_ai_worker_agent::prices::PriceList;
use secret_ai_worker_agent::routes::router;
use secret_ai_worker_agent::server::{Server, ServerConfig};
use secret_ai_worker_agent::settle::Plan;
use serde_json::{json, Value};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub use engine::{Script, ScriptedEngine};
pub use fake_chain::FakeChain;
use ways::{Way, OPENAI};

pub const MODEL: &str = "m";
pub const TOKEN: &str = "secret1token";
pub const BILLING: &str = "secret1billing";
pub const CHAIN_ID: &str = "test-1";
pub const WORKER: WorkerId = Hex([7; 16]);
pub const SECRET: [u8; 32] = [9; 32];
/// Base units per 1,000,000: one base unit per token.
pub const ONE: u64 = 1_000_000;
pub const NOW: u64 = 1_800_000_000;

/// A clock that tests move: uptime, and what somebody has set the machine's time to beside it.
#[derive(Default)]
pub struct ManualClock(AtomicU64, AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        (NOW + self.uptime()).saturating_add_signed(self.1.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl ManualClock {
    /// Lets time pass.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets the machine's clock forward or back; no time passes.
    pub fn jump(&self, seconds: i64) {
        self.1.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A worker that serves on loopback.
pub struct Worker {
    pub url: String,
    pub agent: Arc<Agent>,
    pub chain: Arc<FakeChain>,
    pub engine: Arc<ScriptedEngine>,
    pub clock: Arc<ManualClock>,
    pub journal: Arc<Journal>,
    pub receipt_pk: [u8; 33],
    pub kid: [u8; 20],
    pub dir: Arc<TempDir>,
    pub http: reqwest::Client,
    /// Stops the server.
    pub close: CancellationToken,
    /// Stops it at once.
    pub server: tokio::task::AbortHandle,
}

pub fn domain() -> Domain {
    Domain {
        chain_id: CHAIN_ID.into(),
        billing: BILLING.into(),
    }
}

pub fn line(model: &str, unit: Unit, rate: u64) -> Line {
    Line {
        model: model.into(),
        unit,
        rate,
    }
}

pub fn chat_lines() -> Vec<Line> {
    vec![
        line(MODEL, Unit::Input, ONE),
        line(MODEL, Unit::Output, ONE),
    ]
}

/// An open session of the test worker with bearer [`SECRET`].
pub fn session(id: u8, cap: u128, slack: u128, lines: Vec<Line>) -> SessionAnswer {
    SessionAnswer {
        session_id: Hex([id; 16]),
        worker_id: WORKER,
        token: Addr::unchecked(TOKEN),
        counters: vec![0; lines.len()],
        keys: vec![],
        lines,
        cap: Uint128::new(cap),
        slack: Uint128::new(slack),
        expires: NOW + 1_000,
        auth: SessionAuth::H(Hex(sha256(&SECRET))),
        paid: Uint128::zero(),
        status: SessionStatus::Open,
        deadline: NOW + 2_000,
    }
}

/// Bearer key of session `id`.
pub fn bearer(id: u8) -> String {
    format!(
        "sk-{}",
        URL_SAFE_NO_PAD.encode([&[id; 16][..], &WORKER.0, &SECRET].concat())
    )
}

pub fn prices(rates: &[(Unit, u64)]) -> PriceList {
    let rates = rates
        .iter()
        .map(|(unit, rate)| Rate {
            unit: *unit,
            rate: *rate,
        })
        .collect();
    let token = Addr::unchecked(TOKEN);
    PriceList::new(vec![ModelListing {
        model: MODEL.into(),
        token,
        rates,
    }])
}

/// One page in every round of 60 s, in an epoch of 60 s; what is handed in within 240 s is urgent.
pub fn plan() -> Plan {
    Plan {
        interval: Duration::from_secs(60),
        pages: 1,
        cover_traffic: true,
        finalize: true,
        timing: Timing {
            epoch_s: 60,
            grace_s: 2_000,
            challenge_s: 1_000,
        },
    }
}

/// How a test worker differs from the usual one.
pub struct Setup {
    pub sessions: Vec<SessionAnswer>,
    pub script: Script,
    pub prices: PriceList,
    pub limits: Limits,
    pub server: ServerConfig,
    pub dir: Arc<TempDir>,
    /// The journal, if it is not the one in `dir`.
    pub journal: Option<Journal>,
    /// Answers instead of the script.
    pub engine: Option<Arc<dyn Engine>>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            sessions: vec![session(1, 10_000, 10_000, chat_lines())],
            script: Script::words(&["Hello", " world"]),
            prices: prices(&[(Unit::Input, ONE), (Unit::Output, ONE)]),
            limits: Limits::default(),
            server: ServerConfig::default(),
            dir: Arc::new(TempDir::new().unwrap()),
            journal: None,
            engine: None,
        }
    }
}

impl Setup {
    pub async fn start(self) -> Worker {
        // reqwest comes without cryptography of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::default());
        let chain = Arc::new(FakeChain::new(self.sessions, NOW));
        let engine = Arc::new(ScriptedEngine::new(self.script));
        let path = self.dir.path().join("journal.redb");
        let journal = self.journal.map(Arc::new);
        let journal = journal.unwrap_or_else(|| Arc::new(Journal::open(&path).unwrap()));
        let keys = Arc::new(BootKeys::generate());
        let (receipt_pk, kid) = (keys.receipt_pk(), keys.kid());
        let identity = Identity {
            chain_id: CHAIN_ID.into(),
            registry: "secret1registry".into(),
            billing: BILLING.into(),
            operator: "secret1operator".into(),
            worker_id: WORKER,
            tls_spki_sha256: [0; 32],
            class: 0,
        };
        let lease_until = NOW + 100_000;
        let agent = Agent::new(Parts {
            identity,
            keys,
            attested: Attested {
                challenge: [3; 32],
                cpu: CpuReport::Tdx {
                    quote: vec![1, 2, 3],
                },
                gpus: vec![DeviceEvidence {
                    certificates: vec![vec![4], vec![5]],
                    evidence: vec![6, 7],
                }],
                workload: None,
                collateral: Collateral::default(),
                lease_until,
            },
            chain: chain.clone(),
            engine: self.engine.unwrap_or_else(|| engine.clone()),
            journal: journal.clone(),
            prices: self.prices,
            clock: clock.clone(),
            limits: self.limits,
        });
        let config = ServerConfig {
            threads: 1,
            ..self.server
        };
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), config);
        let server = server.await.unwrap();
        let url = format!("http://{}", server.local_addr().unwrap());
        let close = CancellationToken::new();
        let server = tokio::spawn(server.serve(router(agent.clone()), None, close.clone()));
        let server = server.abort_handle();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let dir = self.dir;
        Worker {
            url,
            agent,
            chain,
            engine,
            clock,
            journal,
            receipt_pk,
            kid,
            dir,
            http,
            close,
            server,
        }
    }
}

impl Worker {
    /// A chat request of session 1, as one would send it.
    pub fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        self.send(&OPENAI, body)
    }

    /// A request of session 1 on the way's path.
    pub fn send(&self, way: &Way, body: &Value) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}{}", self.url, way.path))
            .bearer_auth(bearer(1))
            .json(body)
    }

    /// Status and error object (null for 200) of a request.
    pub async fn outcome(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let error = error_of(response).await;
        (status, error)
    }

    /// Asserts status and error code of a request.
    pub async fn refuses(
        &self,
        request: reqwest::RequestBuilder,
        status: u16,
        code: &str,
    ) -> Value {
        let (got, error) = self.outcome(request).await;
        assert_eq!(
            (got, error["code"].as_str()),
            (status, Some(code)),
            "{error}"
        );
        assert!(
            error["message"].is_string() && error["type"].is_string(),
            "{error}"
        );
        error
    }

    /// Decodes and verifies a receipt and its evidence against the exact bytes exchanged.
    pub fn verify(
        &self,
        receipt: &str,
        evidence: &str,
        request: &[u8],
        response: &[u8],
    ) -> Receipt {
        use secret_ai_receipts::Body;
        let receipt = decode_receipt(receipt);
        secret_ai_receipts::verify(&self.receipt_pk, &domain(), &receipt).unwrap();
        let evidence = Evidence::decode(&URL_SAFE_NO_PAD.decode(evidence).unwrap()).unwrap();
        assert_eq!(evidence.request_sha256, sha256(request));
        assert_eq!(evidence.response_sha256, sha256(response));
        assert_eq!(evidence.model, MODEL);
        assert_eq!(receipt.body.evidence, domain().digest(&evidence));
        assert_eq!(receipt.body.kid, self.kid);
        receipt.body
    }

    /// Waits until all requests in progress are counted.
    pub async fn settled_down(&self) {
        self.agent.finish_requests().await;
    }

    /// Waits until the engine has begun so many requests, and all are counted.
    pub async fn settled_down_after(&self, requests: usize) {
        while self.engine.started() < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.settled_down().await;
    }

    /// Newest stored receipt of session `id`, once everything that was handed over is on disk.
    pub fn stored(&self, id: u8) -> Option<Receipt> {
        let flush = || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(self.journal.flush()).unwrap();
        };
        std::thread::scope(|scope| scope.spawn(flush).join().unwrap());
        let records = self.journal.session(&[id; 16]).unwrap();
        records
            .into_iter()
            .map(|r| r.receipt.body)
            .find(|r| r.kid == self.kid)
    }
}

/// The error of an answer in one shape, null if there is none. Ollama's is a text with the rest beside it.
pub async fn error_of(response: reqwest::Response) -> Value {
    let mut body: Value = response.json().await.unwrap();
    let error = body["error"].take();
    if !error.is_string() {
        return error;
    }
    body["message"] = error;
    body
}

/// Reads a stream until `text` has come.
pub async fn read_until(
    stream: &mut (impl futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin),
    text: &str,
) {
    let mut read = String::new();
    while !read.contains(text) {
        let bytes = stream.next().await.expect("more").unwrap();
        read += &String::from_utf8_lossy(&bytes);
    }
}

/// A request with one message.
pub fn chat(text: &str) -> Value {
    json!({ "model": MODEL, "messages": [{ "role": "user", "content": text }] })
}

/// Takes a streamed answer apart: the chunks, the hashed bytes, receipt and evidence.
pub fn take_apart(stream: &str) -> (Vec<Value>, String, Option<(String, String)>) {
    let (answer, rest) = stream.split_once("data: [DONE]\n\n").expect("[DONE]");
    let chunks = answer.split("\n\n").filter(|part| !part.is_empty());
    let chunks =
        chunks.map(|part| serde_json::from_str(part.strip_prefix("data: ").unwrap()).unwrap());
    let proof = rest.strip_prefix("event: receipt\ndata: ").map(|data| {
        let data: Value = serde_json::from_str(data.trim_end()).unwrap();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        (text("receipt"), text("evidence"))
    });
    (chunks.collect(), format!("{answer}data: [DONE]\n\n"), proof)
}

/// A receipt as it travels.
pub fn decode_receipt(text: &str) -> Signed<Receipt> {
    Signed::decode(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// What a crash at this moment leaves behind: the journal as it is on disk, never closed.
pub fn copy_journal(dir: &TempDir) -> Arc<TempDir> {
    let copy = TempDir::new().unwrap();
    let name = "journal.redb";
    std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    Arc::new(copy)
}

/// Receipt `seq` of session `session` under an earlier boot's key, whose id is `kid` throughout.
pub fn receipt(session: u8, kid: u8, seq: u64) -> Signed<Receipt> {
    receipt_of([kid; 20], session, seq)
}

/// Receipt `seq` of session `session` under the key with this id.
pub fn receipt_of(kid: [u8; 20], session: u8, seq: u64) -> Signed<Receipt> {
    let body = Receipt {
        session_id: [session; 16],
        kid,
        seq,
        is_final: false,
        aborted: false,
        counters: vec![seq],
        evidence: [0; 32],
    };
    sign(&any_key(), &domain(), body)
}

/// An ack of receipt 1 of session `session` under an earlier boot's key.
pub fn ack(session: u8, kid: u8, amount: u128) -> Signed<Ack> {
    let body = Ack {
        session_id: [session; 16],
        kid: [kid; 20],
        seq: 1,
        amount,
    };
    sign(&any_key(), &domain(), body)
}

/// Public key and id of the key with these secret bytes; [`receipt_of`] signs with `[1; 32]`.
pub fn public_key_of(secret: [u8; 32]) -> ([u8; 33], [u8; 20]) {
    let key = k256::ecdsa::SigningKey::from_slice(&secret).unwrap();
    (
        secret_ai_receipts::public_key(&key),
        secret_ai_receipts::kid(&key),
    )
}

fn any_key() -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap()
}
