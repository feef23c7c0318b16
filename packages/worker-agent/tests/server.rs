//! The server itself: what clients can hold open, and how it stops.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::engine::said;
use common::ways::{OPENAI, WAYS};
use common::{bearer, chat_lines, read_until, session, Script, Setup, Worker};
use futures_util::StreamExt;
use secret_ai_worker_agent::agent::Limits;
use secret_ai_worker_agent::limits::LimitsConfig;
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

/// A request by hand.
fn raw(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n{body}")
}

/// Head of the next answer, in small letters; its body is read, too.
async fn next_answer(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("an answer"));
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let (_, length) = head.split_once("content-length: ").expect("a length");
    let length = length.split_once("\r\n").unwrap().0.parse().unwrap();
    socket.read_exact(&mut vec![0; length]).await.unwrap();
    head
}

/// Requests that are refused before anybody needs their body: path, headers, status.
const REFUSED: [(&str, &str, &str); 5] = [
    (
        "/v1/chat/completions",
        "content-type: application/json\r\nauthorization: Bearer sk-x\r\n",
        "401",
    ),
    (
        "/v1/embeddings",
        "content-type: application/json\r\n",
        "401",
    ),
    (
        "/v1/audio/transcriptions",
        "content-type: multipart/form-data; boundary=x\r\n",
        "401",
    ),
    (
        "/v1/chat/completions",
        "content-type: text/plain\r\n",
        "415",
    ),
    ("/v1/nowhere", "", "404"),
];

#[tokio::test]
async fn a_short_body_that_nobody_reads_leaves_the_connection_good() {
    let worker = start(ServerConfig::default(), Script::words(&["a"])).await;
    let mut socket = connect(&worker).await;
    for (path, headers, status) in REFUSED {
        let body = "x".repeat(60_000);
        let headers = format!("{headers}content-length: {}\r\n", body.len());
        let request = raw(path, &headers, &body);
        socket.write_all(request.as_bytes()).await.unwrap();
        let head = next_answer(&mut socket).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(!head.contains("connection: close"), "{head}");
    }
}

#[tokio::test]
async fn no_long_body_is_waited_for_and_the_end_of_the_connection_is_told() {
    let worker = start(ServerConfig::default(), Script::words(&["a"])).await;
    for (path, headers, status) in REFUSED {
        let mut socket = connect(&worker).await;
        // It never comes.
        let headers = format!("{headers}content-length: 100000\r\n");
        let request = raw(path, &headers, "");
        socket.write_all(request.as_bytes()).await.unwrap();
        let head = next_answer(&mut socket).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        assert_eq!(socket.read(&mut [0; 1]).await.unwrap(), 0, "closed");
    }
}

#[tokio::test]
async fn who_waits_for_a_word_before_it_sends_is_not_asked_to() {
    let worker = start(ServerConfig::default(), Script::words(&["a"])).await;
    for (path, headers, status) in REFUSED {
        let mut socket = connect(&worker).await;
        let headers = format!("{headers}content-length: 100\r\nexpect: 100-continue\r\n");
        let request = raw(path, &headers, "");
        socket.write_all(request.as_bytes()).await.unwrap();
        let head = next_answer(&mut socket).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(head.contains("connection: close"), "{head}");
    }
}

#[tokio::test]
async fn many_new_sessions_at_once_wait_for_a_slow_chain() {
    let sessions = 1..=40_u8;
    let limits = Limits {
        rates: LimitsConfig {
            queue_ms: 60_000,
            ..LimitsConfig::default()
        },
        ..Limits::default()
    };
    let setup = Setup {
        sessions: sessions
            .clone()
            .map(|id| session(id, 10_000, 10_000, chat_lines()))
            .collect(),
        limits,
        ..Setup::default()
    };
    let worker = setup.start().await;
    let gate = Arc::new(Semaphore::new(0));
    *worker.chain.gate.lock().unwrap() = Some(gate.clone());
    let requests = sessions.map(|id| {
        let url = format!("{}{}", worker.url, OPENAI.path);
        let request = worker.http.post(url).bearer_auth(bearer(id));
        tokio::spawn(request.json(&OPENAI.plain("hi")).send())
    });
    let requests: Vec<_> = requests.collect();
    while worker.chain.asked() < 8 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(worker.chain.asked(), 8, "one address has so many turns");
    gate.add_permits(40);
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_server_that_is_cut_short_bills_streams_and_nothing_that_was_not_delivered() {
    for way in WAYS {
        for (body, billed) in [(way.plain("hi"), None), (way.stream("hi"), Some(1))] {
            let gate = Arc::new(Semaphore::new(1));
            let script = Script {
                gate: Some(gate),
                ..Script::words(&["one", "two"])
            };
            let worker = start(ServerConfig::default(), script).await;
            let request = worker.send(&way, &body).send();
            if billed.is_some() {
                let mut stream = request.await.unwrap().bytes_stream();
                read_until(&mut stream, "one").await;
                worker.server.abort();
                while stream.next().await.is_some_and(|bytes| bytes.is_ok()) {}
            } else {
                let request = tokio::spawn(request);
                while worker.engine.started() == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                worker.server.abort();
                assert!(request.await.unwrap().is_err(), "no answer");
            }
            worker.settled_down().await;
            let receipt = worker.stored(1);
            let output = receipt.as_ref().map(|receipt| receipt.counters[1]);
            assert_eq!(output, billed, "{} {body}", way.path);
            assert!(receipt.is_none_or(|receipt| receipt.aborted));
        }
    }
}
