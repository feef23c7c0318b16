//! HTTP itself: other spellings of a path, other methods, bodies that come in pieces, and several requests on
//! one connection.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{bearer, Worker, MODEL};
use crate::doors::{counted, worker, Door, DOORS};

/// Sends bytes as they are, and reads until the worker closes the connection.
async fn talk(worker: &Worker, bytes: &[u8]) -> String {
    let address = worker.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(door: Door, with_key: bool, more: &str) -> String {
    let key = match with_key {
        true => format!("Authorization: Bearer {}\r\n", bearer(1)),
        false => String::new(),
    };
    let (path, content_type) = (door.path, door.content_type());
    format!(
        "POST /v1/{path} HTTP/1.1\r\nHost: x\r\n{key}Content-Type: {content_type}\r\n{more}\r\n"
    )
}

fn statuses(answer: &str) -> Vec<&str> {
    let lines = answer.split("HTTP/1.1 ").skip(1);
    lines
        .filter_map(|line| line.get(..3))
        .filter(|status| *status != "100")
        .collect()
}

#[tokio::test]
async fn other_spellings_of_a_path_lead_nowhere() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        let path = door.path;
        let escaped = path.replacen('i', "%69", 1);
        for other in [
            format!("//v1/{path}"),
            format!("/v1//{path}"),
            format!("/v1/{path}/"),
            format!("/v1/./{path}"),
            format!("/v1/%2e/{path}"),
            format!("/v1/x/../{path}"),
            format!("/v1/{escaped}"),
            format!("/V1/{path}"),
            format!("/v1/{}", path.to_uppercase()),
            format!("/{path}"),
            format!("/v1/{path};x"),
            format!("/v1/{path}%00"),
        ] {
            let body = door.body(Some(MODEL), &json!({}));
            let more = format!("Content-Length: {}\r\nConnection: close\r\n", body.len());
            let head = head(door, true, &more).replacen(&format!("/v1/{path}"), &other, 1);
            let answer = talk(&worker, &[head.as_bytes(), &body].concat()).await;
            assert_eq!(statuses(&answer), ["404"], "{other}");
        }
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn other_routes_of_engines_do_not_exist() {
    let (worker, upstream) = worker().await;
    for path in [
        "/v1/responses",
        "/v1/messages",
        "/v1/rerank",
        "/v1/score",
        "/v1/classify",
        "/v1/moderations",
        "/v1/images/edits",
        "/v1/images/variations",
        "/v1/audio/voices",
        "/v1/files",
        "/v1/batches",
        "/v1/realtime",
        "/generate",
        "/generate_stream",
        "/completion",
        "/infill",
        "/embedding",
        "/tokenize",
        "/detokenize",
        "/pooling",
        "/v1/load_lora_adapter",
        "/slots",
        "/props",
        "/metrics",
        "/shutdown",
    ] {
        let request = worker
            .http
            .post(format!("{}{path}", worker.url))
            .bearer_auth(bearer(1));
        worker
            .refuses(request.json(&json!({ "model": MODEL })), 404, "not_found")
            .await;
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn other_methods_do_no_work() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "post"] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let url = format!("{}/v1/{}", worker.url, door.path);
            let request = worker.http.request(method, url).bearer_auth(bearer(1));
            let request = request.header("content-type", door.content_type());
            let request = request.header("x-http-method-override", "POST");
            let request = request.body(door.body(Some(MODEL), &json!({})));
            worker.refuses(request, 405, "method_not_allowed").await;
        }
        let url = format!("{}/v1/{}", worker.url, door.path);
        let head = worker
            .http
            .head(url)
            .bearer_auth(bearer(1))
            .send()
            .await
            .unwrap();
        assert_eq!(head.status(), 405);
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn bodies_may_come_in_pieces_or_when_they_are_asked_for() {
    for door in DOORS {
        let (worker, upstream) = worker().await;
        let body = door.body(Some(MODEL), &json!({}));
        let (first, second) = body.split_at(body.len() / 2);
        let mut chunked = head(
            door,
            true,
            "Transfer-Encoding: chunked\r\nConnection: close\r\n",
        )
        .into_bytes();
        for piece in [first, second, &[]] {
            chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            chunked.extend_from_slice(piece);
            chunked.extend_from_slice(b"\r\n");
        }
        assert_eq!(
            statuses(&talk(&worker, &chunked).await),
            ["200"],
            "{door:?}"
        );
        let more = format!(
            "Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n",
            body.len()
        );
        let expecting = [head(door, true, &more).as_bytes(), &body].concat();
        assert_eq!(
            statuses(&talk(&worker, &expecting).await),
            ["200"],
            "{door:?}"
        );
        assert_eq!(counted(&worker), door.units().map(|unit| unit * 2));
        assert_eq!(upstream.calls(), 2);
    }
}

#[tokio::test]
async fn two_lengths_are_none() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        let body = door.body(Some(MODEL), &json!({}));
        let length = body.len();
        for more in [
            format!("Content-Length: {length}\r\nContent-Length: 5\r\nConnection: close\r\n"),
            "Content-Length: -1\r\nConnection: close\r\n".to_owned(),
            format!("Content-Length: {length}x\r\nConnection: close\r\n"),
        ] {
            let answer = talk(
                &worker,
                &[head(door, true, &more).as_bytes(), &body].concat(),
            )
            .await;
            assert_eq!(statuses(&answer), ["400"], "{more}");
        }
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn every_request_on_a_connection_needs_its_own_key() {
    for door in DOORS {
        let (worker, upstream) = worker().await;
        let body = door.body(Some(MODEL), &json!({}));
        let length = format!("Content-Length: {}\r\n", body.len());
        let last = format!("{length}Connection: close\r\n");
        let with_key = [head(door, true, &length).as_bytes(), &body].concat();
        let without = [head(door, false, &last).as_bytes(), &body].concat();
        let answer = talk(&worker, &[with_key, without].concat()).await;
        assert_eq!(statuses(&answer), ["200", "401"], "{door:?}");
        assert_eq!(
            (upstream.calls(), counted(&worker)),
            (1, door.units().to_vec())
        );
    }
}
