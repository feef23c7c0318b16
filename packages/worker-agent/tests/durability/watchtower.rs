//! A watchtower keeps what an agent ships and hands it in once the agent is gone.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{bearer, chat, chat_lines, domain, plan, public_key_of, receipt_of};
use crate::common::{session, FakeChain, ManualClock, Setup, Worker, NOW, WORKER};
use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use secret_ai_interface::billing::EntryStatus;
use secret_ai_interface::registry::{KidInfo, KidStatus};
use secret_ai_interface::{Hex, Kid};
use secret_ai_receipts::{Receipt, Signed};
use secret_ai_worker_agent::journal::Journal;
use secret_ai_worker_agent::replicate::{replicate_loop, Replica, ShipError};
use secret_ai_worker_agent::server::Server;
use secret_ai_worker_agent::settle::round;
use secret_ai_worker_agent::watchtower::{router, Batch, Parts, Shipped, Tower, TowerTls, PATH};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "let-me-in";
const SILENT_S: u64 = 600;

/// A watchtower on loopback with a chain of its own.
struct Watch {
    tower: Arc<Tower>,
    chain: Arc<FakeChain>,
    clock: Arc<ManualClock>,
    url: String,
    _dir: TempDir,
}

fn info(receipt_pk: [u8; 33]) -> KidInfo {
    KidInfo {
        receipt_pk: Hex(receipt_pk),
        worker_id: WORKER,
        operator: cosmwasm_std::Addr::unchecked("secret1operator"),
        lease_until: NOW + 100_000,
        status: KidStatus::Active,
    }
}

/// A watchtower at this address whose registry knows these keys.
async fn watch_at(listener: TcpListener, keys: &[([u8; 20], [u8; 33])]) -> Watch {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = TempDir::new().unwrap();
    let chain = Arc::new(FakeChain::new(vec![], NOW));
    for (kid, receipt_pk) in keys {
        let kid: Kid = Hex(*kid);
        chain.kids.lock().unwrap().insert(kid, info(*receipt_pk));
    }
    let clock = Arc::new(ManualClock::default());
    let tower = Tower::new(Parts {
        chain: chain.clone(),
        journal: Journal::open(&dir.path().join("journal.redb")).unwrap(),
        clock: clock.clone(),
        domain: domain(),
        token: TOKEN.into(),
        silent_s: SILENT_S,
        interval: Duration::from_secs(60),
        timing: plan().timing,
    });
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router(tower.clone())).into_future());
    Watch {
        tower,
        chain,
        clock,
        url,
        _dir: dir,
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn watch(worker: &Worker) -> Watch {
    watch_at(listener().await, &[(worker.kid, worker.receipt_pk)]).await
}

fn ship(worker: &Worker, url: &str) -> (CancellationToken, JoinHandle<()>) {
    ship_by(worker, Replica::new(url, TOKEN.into(), None).unwrap())
}

fn ship_by(worker: &Worker, replica: Replica) -> (CancellationToken, JoinHandle<()>) {
    let stop = CancellationToken::new();
    let shipping = replicate_loop(worker.agent.clone(), replica, stop.clone());
    (stop, tokio::spawn(shipping))
}

/// The watchtower behind TLS with a certificate that it has signed itself; where, and its key's hash.
async fn with_tls(watch: &Watch) -> (String, [u8; 32]) {
    let (cert_file, key_file) = (
        watch._dir.path().join("cert"),
        watch._dir.path().join("key"),
    );
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["tower.example".to_owned()]).unwrap();
    let pem = |what: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
    };
    let certificate = params.self_signed(&key).unwrap();
    std::fs::write(&cert_file, pem("CERTIFICATE", certificate.der())).unwrap();
    std::fs::write(&key_file, pem("PRIVATE KEY", key.serialized_der())).unwrap();
    let tls = TowerTls {
        cert_file,
        key_file,
    };
    let transport = tls.open().unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(address, Default::default()).await.unwrap();
    let url = format!("https://{}", server.local_addr().unwrap());
    let acceptor = transport.server.map(TlsAcceptor::from);
    let close = CancellationToken::new();
    tokio::spawn(server.serve(router(watch.tower.clone()), acceptor, close));
    (url, transport.spki_sha256)
}

async fn serve(worker: &Worker, session: u8) {
    let url = format!("{}/v1/chat/completions", worker.url);
    let request = worker.http.post(url).bearer_auth(bearer(session));
    let request = request.json(&chat("hi"));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

/// Sessions and newest numbers that wait at the watchtower.
fn kept(watch: &Watch) -> Vec<(u8, u64)> {
    let records = watch.tower.journal().unsettled().unwrap();
    let row = |record: &secret_ai_worker_agent::journal::Record| {
        let body = &record.receipt.body;
        (body.session_id[0], body.seq)
    };
    records.iter().map(row).collect()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(120), waiting).await;
    waited.unwrap_or_else(|_| panic!("never: {what}"));
}

fn two_sessions() -> Setup {
    let session = |id| session(id, 10_000, 10_000, chat_lines());
    Setup {
        sessions: vec![session(1), session(2)],
        ..Setup::default()
    }
}

#[tokio::test]
async fn an_agent_that_is_gone_with_its_disk_is_paid_all_the_same() {
    let worker = two_sessions().start().await;
    let watch = watch(&worker).await;
    let (stop, shipping) = ship(&worker, &watch.url);
    for session in [1, 2, 1] {
        serve(&worker, session).await;
    }
    until("all is shipped", || kept(&watch) == [(1, 2), (2, 1)]).await;
    stop.cancel();
    shipping.await.unwrap();
    let folder = worker.dir.path().to_owned();
    drop(worker);
    let _ = std::fs::remove_dir_all(&folder);
    assert!(!folder.exists());

    watch.clock.advance(SILENT_S - 1);
    assert_eq!(watch.tower.round().await.unwrap().pages, 0, "not yet");
    watch.clock.advance(1);
    let settled = watch.tower.round().await.unwrap();
    assert_eq!((settled.pages, settled.pending), (1, 2));
    let (_, entries) = watch.chain.pages.lock().unwrap()[0].clone();
    let seqs = entries.iter().map(|entry| {
        let receipt = Signed::<Receipt>::decode(&entry.receipt).unwrap();
        receipt.body.seq
    });
    assert_eq!(seqs.collect::<Vec<_>>(), [2, 1]);
    assert_eq!(watch.tower.round().await.unwrap().pages, 0);
    assert!(kept(&watch).is_empty(), "confirmed");
}

#[tokio::test]
async fn receipts_go_to_the_watchtower_with_the_known_key_alone() {
    let worker = two_sessions().start().await;
    let watch = watch(&worker).await;
    let (url, key) = with_tls(&watch).await;
    serve(&worker, 1).await;
    for other in [None, Some(Hex([7; 32]))] {
        let replica = Replica::new(&url, TOKEN.into(), other).unwrap();
        let shipped = replica.ship(&worker.agent).await;
        assert!(matches!(shipped, Err(ShipError::Unreachable)), "{other:?}");
    }
    assert!(kept(&watch).is_empty());
    let replica = Replica::new(&url, TOKEN.into(), Some(Hex(key))).unwrap();
    let _shipping = ship_by(&worker, replica);
    until("it is shipped", || kept(&watch) == [(1, 1)]).await;
}

#[tokio::test]
async fn a_worker_that_lives_settles_itself_and_says_so() {
    let worker = two_sessions().start().await;
    let watch = watch(&worker).await;
    let _shipping = ship(&worker, &watch.url);
    serve(&worker, 1).await;
    until("it is shipped", || kept(&watch) == [(1, 1)]).await;
    for _ in 0..2 {
        round(&worker.agent, &plan()).await.unwrap();
    }
    until("it is told that it is settled", || kept(&watch).is_empty()).await;
    watch.clock.advance(SILENT_S);
    assert_eq!(watch.tower.round().await.unwrap().pages, 0);
}

#[tokio::test]
async fn a_watchtower_that_is_away_slows_nothing_and_learns_all_later() {
    let worker = two_sessions().start().await;
    let free = listener().await;
    let address = free.local_addr().unwrap();
    drop(free);
    let _shipping = ship(&worker, &format!("http://{address}"));
    for session in [1, 2, 2] {
        serve(&worker, session).await;
    }
    let again = TcpListener::bind(address).await.unwrap();
    let watch = watch_at(again, &[(worker.kid, worker.receipt_pk)]).await;
    until("all is shipped", || kept(&watch) == [(1, 1), (2, 2)]).await;
}

#[tokio::test]
async fn what_an_earlier_boot_left_is_shipped_too() {
    let worker = two_sessions().start().await;
    let (key, kid) = public_key_of([1; 32]);
    let receipt = receipt_of(kid, 5, 3);
    worker.journal.put_receipt(receipt, NOW + 9, NOW).unwrap();
    worker.journal.flush().await.unwrap();
    let keys = [(worker.kid, worker.receipt_pk), (kid, key)];
    let watch = watch_at(listener().await, &keys).await;
    let _shipping = ship(&worker, &watch.url);
    until("it is shipped", || kept(&watch) == [(5, 3)]).await;
}

/// Posts records; returns the status and the answer.
async fn post(watch: &Watch, token: &str, batch: &Batch) -> (u16, serde_json::Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{}{PATH}", watch.url)).bearer_auth(token);
    let answer = request.json(batch).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn batch(receipts: &[Signed<Receipt>]) -> Batch {
    let shipped = |receipt: &Signed<Receipt>| Shipped {
        receipt: receipt.encode().into(),
        ack: None,
        deadline: NOW + 100_000,
        since: NOW,
    };
    Batch {
        chain_id: crate::common::CHAIN_ID.into(),
        billing: crate::common::BILLING.into(),
        worker_id: WORKER,
        records: receipts.iter().map(shipped).collect(),
    }
}

#[tokio::test]
async fn only_good_receipts_of_this_chain_from_those_with_the_token_are_kept() {
    let (key, kid) = public_key_of([1; 32]);
    let watch = watch_at(listener().await, &[(kid, key)]).await;
    let good = receipt_of(kid, 1, 1);
    let mut forged = receipt_of(kid, 2, 1);
    forged.body.counters[0] += 1;
    let unknown = receipt_of([9; 20], 3, 1);

    let (status, answer) = post(&watch, "guess", &batch(std::slice::from_ref(&good))).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (401, &"bad_token".into())
    );
    let elsewhere = Batch {
        billing: "secret1other".into(),
        ..batch(std::slice::from_ref(&good))
    };
    assert_eq!(post(&watch, TOKEN, &elsewhere).await.0, 400);
    let too_many = batch(&vec![good.clone(); 257]);
    assert_eq!(post(&watch, TOKEN, &too_many).await.0, 400);
    assert!(kept(&watch).is_empty());

    let (status, answer) = post(&watch, TOKEN, &batch(&[good, forged, unknown])).await;
    let counts = ["stored", "refused", "unknown"].map(|name| answer[name].as_u64().unwrap());
    assert_eq!((status, counts), (200, [1, 1, 1]));
    assert_eq!(kept(&watch), [(1, 1)]);
}

#[tokio::test]
async fn as_many_pages_go_as_billing_takes_of_others() {
    let (key, kid) = public_key_of([1; 32]);
    let watch = watch_at(listener().await, &[(kid, key)]).await;
    let receipts: Vec<_> = (0..40).map(|session| receipt_of(kid, session, 1)).collect();
    let mut late = batch(&receipts);
    for shipped in &mut late.records {
        shipped.deadline = NOW + 1;
    }
    assert_eq!(post(&watch, TOKEN, &late).await.0, 200);
    watch.clock.advance(SILENT_S);
    assert_eq!(watch.tower.round().await.unwrap().pages, 4);
    assert_eq!(watch.chain.page_sizes(), [4; 4]);
    // The epoch has no page left: they go again.
    *watch.chain.status.lock().unwrap() = EntryStatus::TooManyPages;
    assert_eq!(watch.tower.round().await.unwrap().again, 16);
    *watch.chain.status.lock().unwrap() = EntryStatus::Pending;
    for _ in 0..3 {
        watch.tower.round().await.unwrap();
    }
    assert!(kept(&watch).is_empty());
}
