//! The server itself: what clients can hold open, and how it stops.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::engine::said;
use common::ways::OPENAI;
use common::{bearer, read_until, Script, Setup, Worker};
use secret_ai_worker_agent::server::ServerConfig;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

async fn connect(worker: &Worker) -> TcpStream {
    let address = worker.url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

async fn start(server: ServerConfig, script: Script) -> Worker {
    let setup = Setup {
        server,
        script,
        ..Setup::default()
    };
    setup.start().await
}

#[tokio::test]
async fn a_client_that_sends_no_head_is_left() {
    let server = ServerConfig {
        head_timeout_s: 1,
        ..ServerConfig::default()
    };
    let worker = start(server, Script::words(&["a"])).await;
    for bytes in [
        &b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-a"[..],
        b"",
    ] {
        let mut socket = connect(&worker).await;
        socket.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        // Ends, whatever is said before.
        socket.read_to_end(&mut rest).await.unwrap();
    }
}

#[tokio::test]
async fn connections_above_the_limit_wait() {
    let server = ServerConfig {
        max_connections: 1,
        ..ServerConfig::default()
    };
    let worker = start(server, Script::words(&["a"])).await;
    let first = connect(&worker).await;
    let mut second = connect(&worker).await;
    let get = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    second.write_all(get).await.unwrap();
    let mut head = [0; 12];
    let early = tokio::time::timeout(Duration::from_millis(200), second.read_exact(&mut head));
    assert!(early.await.is_err(), "there is no place yet");
    drop(first);
    second.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_client_that_takes_nothing_pays_for_what_was_produced() {
    let server = ServerConfig {
        stall_timeout_s: 1,
        ..ServerConfig::default()
    };
    // More than the buffers of both ends hold.
    let long = said(&json!({ "content": "x".repeat(1 << 16) }), None);
    let pieces = (0..800).map(|_| long.clone().into_bytes()).collect();
    let worker = start(server, Script::raw(pieces)).await;
    let mut socket = connect(&worker).await;
    let body = OPENAI.stream("hi").to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        bearer(1),
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    worker.settled_down_after(1).await;
    let receipt = worker.stored(1).unwrap();
    assert!(receipt.aborted);
    assert!((1..800).contains(&receipt.counters[1]), "{receipt:?}");
}

#[tokio::test]
async fn a_server_that_stops_ends_what_it_has_begun() {
    let gate = Arc::new(Semaphore::new(1));
    let script = Script {
        gate: Some(gate.clone()),
        ..Script::words(&["one", "two"])
    };
    let worker = start(ServerConfig::default(), script).await;
    let response = worker.post(&OPENAI.stream("hi")).send().await.unwrap();
    let mut stream = response.bytes_stream();
    read_until(&mut stream, "one").await;
    worker.close.cancel();
    // Nobody is welcome any more.
    while worker
        .http
        .get(format!("{}/health", worker.url))
        .send()
        .await
        .is_ok()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    gate.add_permits(1);
    read_until(&mut stream, "event: receipt").await;
}
