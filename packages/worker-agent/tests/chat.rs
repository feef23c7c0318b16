//! Chat over HTTP: answers, receipts, streams, payment.

mod common;

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use common::{chat, chat_lines, line, prices, session, take_apart, Script, Setup, MODEL, ONE};
use futures_util::future::join_all;
use secret_ai_interface::billing::SessionStatus;
use secret_ai_interface::Unit;
use serde_json::{json, Value};
use tokio::sync::Semaphore;

const RECEIPT: &str = "x-secret-ai-receipt";

fn header(response: &reqwest::Response, name: &str) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_plain_answer_carries_its_receipt() {
    let worker = Setup::default().start().await;
    for round in 1..=2u64 {
        let body = chat("hi").to_string();
        let request = worker.post(&json!(null)).body(body.clone());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let (receipt, evidence) = (
            header(&response, RECEIPT),
            header(&response, "x-secret-ai-evidence"),
        );
        let bytes = response.bytes().await.unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(answer["object"], "chat.completion");
        assert_eq!(answer["choices"][0]["message"]["content"], "Hello world");
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
        assert_eq!(answer["usage"]["prompt_tokens"], 10);
        assert_eq!(answer["usage"]["completion_tokens"], 2);

        let receipt = worker.verify(&receipt, &evidence, body.as_bytes(), &bytes);
        assert_eq!(
            (receipt.seq, receipt.aborted, receipt.is_final),
            (round, false, false)
        );
        assert_eq!(receipt.counters, [10 * round, 2 * round]);
        assert_eq!(
            worker.stored(1).unwrap(),
            receipt,
            "what the client has is on disk"
        );
    }
    assert_eq!(worker.chain.asked(), 1, "the chain is asked once");
}

#[tokio::test]
async fn a_stream_ends_with_its_receipt() {
    let worker = Setup::default().start().await;
    let mut body = chat("hi");
    body["stream"] = true.into();
    let response = worker.post(&body).send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    let text = response.text().await.unwrap();
    let (chunks, hashed, proof) = take_apart(&text);
    let content: String = chunks
        .iter()
        .filter_map(|c| c["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(content, "Hello world");
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["usage"]["total_tokens"], 12);

    let (receipt, evidence) = proof.unwrap();
    let sent = body.to_string();
    let receipt = worker.verify(&receipt, &evidence, sent.as_bytes(), hashed.as_bytes());
    assert_eq!((receipt.seq, receipt.aborted), (1, false));
    assert_eq!(receipt.counters, [10, 2]);
}

#[tokio::test]
async fn usage_comes_in_a_chunk_of_its_own_if_asked_for() {
    let worker = Setup::default().start().await;
    let mut body = chat("hi");
    body["stream"] = true.into();
    body["stream_options"] = json!({ "include_usage": true });
    let text = worker
        .post(&body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let (chunks, _, _) = take_apart(&text);
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 2);
    assert!(chunks[chunks.len() - 2].get("usage").is_none());
}

#[tokio::test]
async fn cached_tokens_and_requests_count_on_their_lines() {
    let rates = [
        (Unit::Input, ONE),
        (Unit::CachedInput, ONE / 2),
        (Unit::Output, ONE),
    ];
    let mut lines = vec![line("another", Unit::Input, 1)];
    lines.extend(rates.map(|(unit, rate)| line(MODEL, unit, rate)));
    lines.push(line(MODEL, Unit::Request, 5));
    let setup = Setup {
        sessions: vec![session(1, 10_000, 10_000, lines)],
        prices: prices(&rates),
        script: Script {
            cached_tokens: 4,
            ..Script::words(&["a"])
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    worker
        .post(&chat("hi"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(worker.stored(1).unwrap().counters, [0, 6, 4, 1, 1]);
}

#[tokio::test]
async fn what_does_not_fit_the_cap_is_refused_before_any_work() {
    let setup = Setup {
        sessions: vec![session(1, 100, 100, chat_lines())],
        ..Setup::default()
    };
    let worker = setup.start().await;
    let mut body = chat("hi");
    body["max_tokens"] = 91.into();
    let error = worker
        .refuses(worker.post(&body), 402, "cap_exceeded")
        .await;
    assert_eq!(
        (&error["needed"], &error["available"]),
        (&json!("101"), &json!("100"))
    );
    assert_eq!(worker.engine.started(), 0);

    body["max_tokens"] = 90.into();
    assert_eq!(worker.post(&body).send().await.unwrap().status(), 200);
    // 12 are spent; without max_tokens the answer may use the rest.
    assert_eq!(worker.post(&chat("hi")).send().await.unwrap().status(), 200);
    assert_eq!(
        worker.engine.max_tokens.load(Ordering::SeqCst),
        100 - 12 - 10
    );
    assert_eq!(worker.stored(1).unwrap().counters, [20, 4]);
}

#[tokio::test]
async fn max_charge_bounds_one_request() {
    let worker = Setup::default().start().await;
    let post = |limit: &str| {
        worker
            .post(&chat("hi"))
            .header("x-max-charge", limit.to_owned())
    };
    let error = worker.refuses(post("25"), 402, "max_charge_exceeded").await;
    assert_eq!(
        (&error["needed"], &error["available"]),
        (&json!("26"), &json!("25"))
    );
    worker.refuses(post("many"), 400, "invalid_request").await;
    assert_eq!(worker.engine.started(), 0);
    assert_eq!(post("40").send().await.unwrap().status(), 200);
    assert_eq!(worker.engine.max_tokens.load(Ordering::SeqCst), 30);
}

#[tokio::test]
async fn a_session_without_the_lines_or_rates_is_refused() {
    let sessions = vec![
        session(1, 10_000, 10_000, vec![line(MODEL, Unit::Input, ONE)]),
        session(2, 10_000, 10_000, vec![line("another", Unit::Input, ONE)]),
        session(
            3,
            10_000,
            10_000,
            vec![
                line(MODEL, Unit::Input, ONE - 1),
                line(MODEL, Unit::Output, ONE),
            ],
        ),
    ];
    let worker = Setup {
        sessions,
        ..Setup::default()
    }
    .start()
    .await;
    let request = |id: u8| {
        worker
            .http
            .post(format!("{}/v1/chat/completions", worker.url))
            .bearer_auth(common::bearer(id))
            .json(&chat("hi"))
    };
    let error = worker.refuses(request(1), 402, "missing_line").await;
    assert!(
        error["message"].as_str().unwrap().contains("output"),
        "{error}"
    );
    worker.refuses(request(2), 402, "missing_line").await;
    worker.refuses(request(3), 402, "rate_too_low").await;
    assert_eq!(worker.engine.started(), 0);
}

#[tokio::test]
async fn a_session_in_another_token_is_refused() {
    let mut other = session(1, 10_000, 10_000, chat_lines());
    other.token = cosmwasm_std::Addr::unchecked("secret1worthless");
    let worker = Setup {
        sessions: vec![other],
        ..Setup::default()
    }
    .start()
    .await;
    worker
        .refuses(worker.post(&chat("hi")), 402, "token_not_accepted")
        .await;
}

#[tokio::test]
async fn closed_and_expired_sessions_are_refused() {
    let worker = Setup::default().start().await;
    assert_eq!(worker.post(&chat("hi")).send().await.unwrap().status(), 200);
    worker
        .chain
        .change(1, |s| s.status = SessionStatus::Closing);
    // Seen at the next refresh.
    worker.clock.advance(30);
    worker
        .refuses(worker.post(&chat("hi")), 402, "session_closed")
        .await;

    let worker = Setup::default().start().await;
    worker.clock.advance(1_001);
    worker
        .refuses(worker.post(&chat("hi")), 402, "session_expired")
        .await;
    assert_eq!(worker.engine.started(), 0);
}

#[tokio::test]
async fn a_chain_that_is_down_stops_new_sessions_at_once_and_known_ones_later() {
    let worker = Setup::default().start().await;
    worker.chain.is_down.store(true, Ordering::SeqCst);
    worker.refuses(worker.post(&chat("hi")), 503, "busy").await;
    worker.chain.is_down.store(false, Ordering::SeqCst);
    assert_eq!(worker.post(&chat("hi")).send().await.unwrap().status(), 200);
    worker.chain.is_down.store(true, Ordering::SeqCst);
    worker.clock.advance(60);
    assert_eq!(worker.post(&chat("hi")).send().await.unwrap().status(), 200);
    worker.clock.advance(300);
    worker.refuses(worker.post(&chat("hi")), 503, "busy").await;
}

#[tokio::test]
async fn parallel_requests_never_exceed_the_cap() {
    // Each may cost 10 + 20; there is room for 4 at a time, and for 8 one after the other.
    let gate = Arc::new(Semaphore::new(0));
    let setup = Setup {
        sessions: vec![session(1, 120, 120, chat_lines())],
        script: Script {
            gate: Some(gate.clone()),
            ..Script::words(&["a", "b"])
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    let mut body = chat("hi");
    body["max_tokens"] = 20.into();
    let send = || async { worker.post(&body).send().await.unwrap().status().as_u16() };
    let opening = async {
        // All twelve have been decided on before the first word is allowed.
        while worker.engine.started() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        gate.add_permits(1_000);
    };
    let (statuses, ()) = tokio::join!(join_all((0..12).map(|_| send())), opening);
    assert_eq!(
        statuses.iter().filter(|s| **s == 200).count(),
        4,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|s| matches!(s, 200 | 402)),
        "{statuses:?}"
    );
    let receipt = worker.stored(1).unwrap();
    assert_eq!((receipt.seq, receipt.counters), (4, vec![40, 8]));
    // 72 are left.
    assert_eq!(send().await, 200);
}

#[tokio::test]
async fn parallel_receipts_are_numbered_without_gaps() {
    let worker = Setup::default().start().await;
    let mut body = chat("hi");
    body["max_tokens"] = 20.into();
    let send = || async {
        let response = worker.post(&body).send().await.unwrap();
        let receipt = common::decode_receipt(&header(&response, RECEIPT));
        (receipt.body.seq, receipt.body.counters)
    };
    let mut receipts = join_all((0..5).map(|_| send())).await;
    receipts.sort();
    let expected: Vec<_> = (1..=5u64)
        .map(|seq| (seq, vec![10 * seq, 2 * seq]))
        .collect();
    assert_eq!(receipts, expected);
    assert_eq!(worker.stored(1).unwrap().seq, 5);
}

#[tokio::test]
async fn a_client_that_goes_away_pays_for_what_was_produced() {
    let gate = Arc::new(Semaphore::new(2));
    let words = ["one", "two", "three", "four", "five"];
    let setup = Setup {
        script: Script {
            gate: Some(gate),
            ..Script::words(&words)
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    let mut body = chat("hi");
    body["stream"] = true.into();
    let mut stream = worker.post(&body).send().await.unwrap().bytes_stream();
    common::read_until(&mut stream, "two").await;
    drop(stream);
    worker.settled_down().await;
    let receipt = worker.stored(1).unwrap();
    assert!(receipt.aborted);
    assert_eq!(receipt.counters, [10, 2]);
    // The engine is stopped.
    while worker.engine.cancelled.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_before_a_plain_answer_pays_for_it() {
    let gate = Arc::new(Semaphore::new(0));
    let setup = Setup {
        script: Script {
            gate: Some(gate.clone()),
            ..Script::words(&["a", "b"])
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    let request = worker.post(&chat("hi")).timeout(Duration::from_millis(300));
    assert!(request.send().await.unwrap_err().is_timeout());
    gate.add_permits(10);
    worker.settled_down().await;
    let receipt = worker.stored(1).unwrap();
    assert_eq!((receipt.aborted, receipt.counters), (false, vec![10, 2]));
}

#[tokio::test]
async fn without_usage_a_broken_stream_is_estimated() {
    let gate = Arc::new(Semaphore::new(2));
    let setup = Setup {
        script: Script {
            gate: Some(gate),
            silent: true,
            prompt_tokens: 500,
            ..Script::words(&["one", "two", "three"])
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    let mut body = chat("four tokens here");
    body["stream"] = true.into();
    let mut stream = worker.post(&body).send().await.unwrap().bytes_stream();
    common::read_until(&mut stream, "two").await;
    drop(stream);
    worker.settled_down().await;
    // 16 bytes are 4 tokens, a message adds 8; far below the bound of 500 that was reserved.
    assert_eq!(worker.stored(1).unwrap().counters, [12, 2]);
}

#[tokio::test]
async fn an_engine_that_fails_before_the_first_token_costs_nothing() {
    let setup = Setup {
        script: Script {
            fail_after: Some(0),
            ..Script::words(&["a"])
        },
        sessions: vec![session(1, 30, 30, chat_lines())],
        ..Setup::default()
    };
    let worker = setup.start().await;
    let mut body = chat("hi");
    for stream in [false, true] {
        body["stream"] = stream.into();
        worker
            .refuses(worker.post(&body), 502, "engine_error")
            .await;
    }
    assert!(worker.stored(1).is_none());
    // The reservation came back.
    worker.engine.set(Script::words(&["a"]));
    assert_eq!(worker.post(&chat("hi")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_billed_for_what_came() {
    let setup = Setup {
        script: Script {
            fail_after: Some(2),
            ..Script::words(&["a", "b", "c"])
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    let mut body = chat("hi");
    body["stream"] = true.into();
    let text = worker
        .post(&body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let (chunks, hashed, proof) = take_apart(&text);
    assert!(chunks
        .iter()
        .any(|chunk| chunk["error"]["code"] == "engine_error"));
    assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], 2);
    let (receipt, evidence) = proof.unwrap();
    let sent = body.to_string();
    let receipt = worker.verify(&receipt, &evidence, sent.as_bytes(), hashed.as_bytes());
    assert!(receipt.aborted);
    assert_eq!(receipt.counters, [10, 2]);

    // A plain answer that breaks off is not delivered, so it is not billed.
    body["stream"] = false.into();
    worker
        .refuses(worker.post(&body), 502, "engine_error")
        .await;
    assert_eq!(worker.stored(1).unwrap().seq, 1);
}

#[tokio::test]
async fn an_engine_that_exaggerates_is_held_to_the_reservation() {
    let setup = Setup {
        script: Script {
            claims: Some(1_000_000),
            ..Script::words(&["a"])
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    let mut body = chat("hi");
    body["max_tokens"] = 7.into();
    let answer: Value = worker
        .post(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["usage"]["completion_tokens"], 7);
    assert_eq!(worker.stored(1).unwrap().counters, [10, 7]);
}

#[tokio::test]
async fn busy_workers_say_so() {
    let gate = Arc::new(Semaphore::new(0));
    let mut setup = Setup {
        script: Script {
            gate: Some(gate.clone()),
            ..Script::words(&["a"])
        },
        ..Setup::default()
    };
    setup.limits.max_requests = 1;
    let worker = setup.start().await;
    let mut body = chat("hi");
    body["max_tokens"] = 20.into();
    let first = tokio::spawn(worker.post(&body).send());
    while worker.engine.started() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let response = worker.post(&body).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    gate.add_permits(1);
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn earlier_boots_count_against_the_cap() {
    let setup = Setup {
        sessions: vec![session(1, 60, 60, chat_lines())],
        ..Setup::default()
    };
    let dir = setup.dir.clone();
    let worker = setup.start().await;
    assert_eq!(worker.post(&chat("hi")).send().await.unwrap().status(), 200);
    let first = worker.stored(1).unwrap();
    worker.journal.flush().await.unwrap();
    let copied = common::copy_journal(&dir);
    // The second boot has other keys and the first one's journal; 12 of 60 are spent, unsettled.
    let again = Setup {
        sessions: vec![session(1, 60, 60, chat_lines())],
        dir: copied,
        ..Setup::default()
    };
    let second = again.start().await;
    assert_ne!(second.kid, worker.kid);
    let mut body = chat("hi");
    body["max_tokens"] = 39.into();
    let error = second
        .refuses(second.post(&body), 402, "cap_exceeded")
        .await;
    assert_eq!(
        (&error["needed"], &error["available"]),
        (&json!("49"), &json!("48"))
    );
    body["max_tokens"] = 38.into();
    assert_eq!(second.post(&body).send().await.unwrap().status(), 200);
    let newest = second.stored(1).unwrap();
    assert_eq!((newest.seq, newest.counters), (1, first.counters));
}

#[tokio::test]
async fn payments_that_the_journal_does_not_know_count_as_spent() {
    let mut paid = session(1, 60, 60, chat_lines());
    paid.paid = cosmwasm_std::Uint128::new(33);
    let worker = Setup {
        sessions: vec![paid],
        ..Setup::default()
    }
    .start()
    .await;
    let mut body = chat("hi");
    body["max_tokens"] = 18.into();
    let error = worker
        .refuses(worker.post(&body), 402, "cap_exceeded")
        .await;
    assert_eq!(error["available"], "27");
}

#[tokio::test]
async fn models_attestation_and_health_are_public() {
    let worker = Setup::default().start().await;
    let get = |path: &str| worker.http.get(format!("{}{path}", worker.url)).send();
    let models: Value = get("/v1/models").await.unwrap().json().await.unwrap();
    assert_eq!(
        (&models["object"], &models["data"][0]["id"]),
        (&json!("list"), &json!(MODEL))
    );
    let shown: Value = get("/attestation").await.unwrap().json().await.unwrap();
    assert_eq!(shown["kid"], hex::encode(worker.kid));
    assert_eq!(shown["receipt_pk"], hex::encode(worker.receipt_pk));
    assert_eq!(shown["cpu"], json!({ "tdx": { "quote": "AQID" } }));
    let gpu = json!({ "certificates": ["BA==", "BQ=="], "evidence": "Bgc=" });
    assert_eq!(shown["gpus"], json!([gpu]));
    assert_eq!(shown["challenge"], "03".repeat(32));
    assert_eq!(get("/health").await.unwrap().status(), 200);
    worker.clock.advance(100_001);
    assert_eq!(
        get("/health").await.unwrap().status(),
        503,
        "the lease is over"
    );
}
