//! Connections to a server are used again as long as they are there, and only then.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use common::{call, collect};
use futures_util::StreamExt;
use secret_ai_engine::upstream::{UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{ChatRequest, Engine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers so many requests on each connection, then closes it without a word.
async fn serve(answers: usize) -> (UpstreamEngine, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(answer(socket, answers));
        }
    });
    let config = UpstreamConfig::new(format!("http://{address}/v1"));
    (UpstreamEngine::new(config).unwrap(), opened)
}

async fn answer(mut socket: TcpStream, answers: usize) -> Option<()> {
    for _ in 0..answers {
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            if socket.read_buf(&mut request).await.ok()? == 0 {
                return None;
            }
        }
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await.ok()?;
        for part in ["3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"] {
            socket.write_all(part.as_bytes()).await.ok()?;
            tokio::task::yield_now().await;
        }
    }
    Some(())
}

async fn ask(engine: &UpstreamEngine) {
    let request = ChatRequest::from_user("m", "hello");
    let reply = engine.call(call(request, None)).await.unwrap();
    let (bytes, error) = collect(reply.body).await;
    assert_eq!((&bytes[..], error), (&b"onetwo"[..], None));
}

#[tokio::test]
async fn one_connection_serves_requests_one_after_the_other() {
    let (engine, opened) = serve(usize::MAX).await;
    for _ in 0..5 {
        ask(&engine).await;
    }
    assert_eq!(opened.load(Ordering::SeqCst), 1);
    // Two at once need two, and both are kept.
    for _ in 0..3 {
        tokio::join!(ask(&engine), ask(&engine));
    }
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_not_used() {
    let (engine, opened) = serve(1).await;
    for round in 1..=3 {
        ask(&engine).await;
        assert_eq!(opened.load(Ordering::SeqCst), round);
        // The end of the connection has arrived.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_reply_that_was_not_read_to_its_end_ends_its_connection() {
    let (engine, opened) = serve(usize::MAX).await;
    let request = ChatRequest::from_user("m", "hello");
    let mut reply = engine.call(call(request, None)).await.unwrap();
    reply.body.next().await.unwrap().unwrap();
    drop(reply);
    ask(&engine).await;
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}
