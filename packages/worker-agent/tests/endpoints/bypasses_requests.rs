//! Known ways round a gateway's meter, on every endpoint: each is refused before the engine hears of it, and
//! costs nothing.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_interface::Unit;
use serde_json::json;

use crate::common::upstream::Upstream;
use crate::common::{line, prices, session, Setup, MODEL, ONE, WORKER};
use crate::doors::{answered, counted, lines, worker, worker_with, DOORS, UNITS};

#[tokio::test]
async fn the_right_request_is_served_and_counted() {
    for door in DOORS {
        let (worker, upstream) = worker().await;
        answered(&worker, door.right(&worker)).await;
        assert_eq!(counted(&worker), door.units(), "{door:?}");
        assert_eq!(upstream.calls(), 1);
    }
}

#[tokio::test]
async fn a_wrong_content_type() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        let other = match door.is_form {
            true => "application/json",
            false => "multipart/form-data; boundary=b0undary",
        };
        let wrong = [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/octet-stream",
        ];
        for content_type in wrong.into_iter().chain([other, ""]) {
            let request = door.bare(&worker).header("content-type", content_type);
            let request = request.body(door.body(Some(MODEL), &json!({})));
            worker.refuses(request, 415, "unsupported_media_type").await;
        }
        let none = door.bare(&worker).body(door.body(Some(MODEL), &json!({})));
        worker.refuses(none, 415, "unsupported_media_type").await;
    }
    assert_eq!((upstream.calls(), counted(&worker)), (0, vec![0; 5]));
}

#[tokio::test]
async fn a_compressed_body() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
            let request = door.right(&worker).header("content-encoding", coding);
            let error = worker.refuses(request, 415, "unsupported_media_type").await;
            assert_eq!(error["param"], "content-encoding");
        }
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn no_model_or_another() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        let ask = |model| door.send(&worker, door.body(model, &json!({})));
        let (status, error) = worker.outcome(ask(None)).await;
        assert_eq!(
            (status, error["code"].as_str()),
            (400, Some("invalid_request")),
            "{door:?}"
        );
        let error = worker.refuses(ask(Some("")), 400, "invalid_request").await;
        assert_eq!(error["param"], "model");
        worker
            .refuses(ask(Some("nowhere")), 404, "model_not_found")
            .await;
        // Served by the engine, but on no price list and in no session.
        worker
            .refuses(ask(Some("unpriced")), 402, "missing_line")
            .await;
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn a_model_that_is_not_sold_for_this() {
    for door in DOORS {
        let upstream = Upstream::start().await;
        // Everything but what this endpoint counts.
        let units = door.units();
        let others: Vec<Unit> = UNITS
            .into_iter()
            .zip(units)
            .filter_map(|(unit, used)| (used == 0).then_some(unit))
            .collect();
        let rates: Vec<_> = others.iter().map(|unit| (*unit, ONE)).collect();
        let worker = Setup {
            sessions: vec![session(1, 10_000, 10_000, lines())],
            prices: prices(&rates),
            engine: Some(upstream.engine()),
            ..Setup::default()
        };
        let worker = worker.start().await;
        worker.refuses(door.right(&worker), 404, "not_sold").await;
        assert_eq!(upstream.calls(), 0);
    }
}

#[tokio::test]
async fn a_session_without_the_line() {
    for door in DOORS {
        let upstream = Upstream::start().await;
        let others = lines().into_iter().zip(door.units());
        let others = others.filter_map(|(line, used)| (used == 0).then_some(line));
        let worker = Setup {
            sessions: vec![session(1, 10_000, 10_000, others.collect())],
            prices: prices(&UNITS.map(|unit| (unit, ONE))),
            engine: Some(upstream.engine()),
            ..Setup::default()
        };
        let worker = worker.start().await;
        worker
            .refuses(door.right(&worker), 402, "missing_line")
            .await;
        assert_eq!(upstream.calls(), 0);
    }
}

#[tokio::test]
async fn a_session_at_rates_below_the_list() {
    for door in DOORS {
        let upstream = Upstream::start().await;
        let cheap = UNITS.map(|unit| line(MODEL, unit, 0)).to_vec();
        let worker = Setup {
            sessions: vec![session(1, 10_000, 10_000, cheap)],
            prices: prices(&UNITS.map(|unit| (unit, ONE))),
            engine: Some(upstream.engine()),
            ..Setup::default()
        };
        let worker = worker.start().await;
        worker
            .refuses(door.right(&worker), 402, "rate_too_low")
            .await;
        assert_eq!(upstream.calls(), 0);
    }
}

#[tokio::test]
async fn no_key_or_a_wrong_one() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        let bare = |key: Option<String>| {
            let url = format!("{}/v1/{}", worker.url, door.path);
            let request = worker
                .http
                .post(url)
                .header("content-type", door.content_type());
            let request = request.body(door.body(Some(MODEL), &json!({})));
            match key {
                Some(key) => request.header("authorization", key),
                None => request,
            }
        };
        worker.refuses(bare(None), 401, "missing_key").await;
        worker
            .refuses(bare(Some("Basic x".into())), 401, "missing_key")
            .await;
        worker
            .refuses(bare(Some("Bearer sk-x".into())), 401, "bad_key")
            .await;
        let bytes = [&[1; 16][..], &WORKER.0, &[8; 32]].concat();
        let guessed = format!("Bearer sk-{}", URL_SAFE_NO_PAD.encode(bytes));
        worker
            .refuses(bare(Some(guessed)), 401, "unknown_session")
            .await;
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn a_session_that_cannot_pay_the_worst_case() {
    for door in DOORS {
        let (worker, upstream) = worker_with(0).await;
        worker
            .refuses(door.right(&worker), 402, "cap_exceeded")
            .await;
        assert_eq!((upstream.calls(), counted(&worker)), (0, vec![0; 5]));
    }
}

#[tokio::test]
async fn many_requests_at_once_never_spend_more_than_the_cap() {
    for door in DOORS {
        let (free, _) = worker().await;
        let none = door.right(&free).header("x-max-charge", "0");
        let (_, error) = free.outcome(none).await;
        let worst: u128 = error["needed"].as_str().unwrap().parse().unwrap();
        // Not many fit, if all take what they could.
        let (worker, upstream) = worker_with(worst * 3).await;
        let requests = (0..20).map(|_| door.right(&worker).send());
        let answers = futures_util::future::join_all(requests).await;
        let served = answers
            .iter()
            .filter(|a| a.as_ref().unwrap().status() == 200)
            .count();
        assert_eq!(upstream.calls(), served);
        let spent: u64 = counted(&worker).iter().sum();
        assert!(
            served >= 2 && u128::from(spent) <= worst * 3,
            "{door:?} {served} {spent}"
        );
    }
}

#[tokio::test]
async fn a_body_above_the_limit() {
    for door in DOORS {
        let upstream = Upstream::start().await;
        let mut setup = Setup {
            sessions: vec![session(1, 100_000, 100_000, lines())],
            prices: prices(&UNITS.map(|unit| (unit, ONE))),
            engine: Some(upstream.engine()),
            ..Setup::default()
        };
        (setup.limits.max_body, setup.limits.max_upload) = (20_000, 20_000);
        let worker = setup.start().await;
        let mut body = door.body(Some(MODEL), &json!({}));
        body.resize(20_001, b' ');
        worker
            .refuses(door.send(&worker, body), 413, "body_too_large")
            .await;
        // Without a length, too.
        let chunks = (0..30).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000]));
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        worker
            .refuses(door.send(&worker, body), 413, "body_too_large")
            .await;
        assert_eq!(upstream.calls(), 0);
    }
}

#[tokio::test]
async fn a_body_that_is_cut_off() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        let body = door.body(Some(MODEL), &json!({}));
        for length in [0, 1, body.len() / 2, body.len() - 3] {
            let cut = body[..length].to_vec();
            worker
                .refuses(door.send(&worker, cut), 400, "invalid_request")
                .await;
        }
    }
    assert_eq!(upstream.calls(), 0);
}
