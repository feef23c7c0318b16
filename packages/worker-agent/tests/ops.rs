//! What an operator sees and sets: metrics, readiness, draining, limits; and whether dashboard and alerts
//! ask for metrics that exist.

mod common;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::{bearer, chat, chat_lines, session, Script, Setup, Worker, MODEL};
use secret_ai_engine::Endpoint;
use secret_ai_interface::Unit;
use secret_ai_worker_agent::agent::Agent;
use secret_ai_worker_agent::metrics::{Answered, Metrics};
use secret_ai_worker_agent::routes::{inside, router};
use secret_ai_worker_agent::settle::round;
use serde_json::{json, Value};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

async fn start(setup: Setup) -> Worker {
    // reqwest comes without cryptography of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    setup.start().await
}

/// The agent's inner listener, and one of the API that knows its clients' addresses.
async fn listeners(agent: &Arc<Agent>) -> (String, String) {
    let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let urls = (url(&inner), url(&api));
    let service = router(agent.clone()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(api, service).await });
    let service = inside(agent.clone());
    tokio::spawn(async move { axum::serve(inner, service).await });
    urls
}

async fn metrics(worker: &Worker) -> String {
    let (inner, _) = listeners(&worker.agent).await;
    let response = worker
        .http
        .get(format!("{inner}/metrics"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let media = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(media.starts_with("application/openmetrics-text"), "{media}");
    response.text().await.unwrap()
}

/// The value of the line that begins so.
fn value(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|l| l.strip_prefix(line));
    let found = found.unwrap_or_else(|| panic!("no {line} in\n{text}"));
    found.trim().parse().unwrap()
}

fn limited(max_tokens: u64) -> Value {
    let mut body = chat("hi");
    body["max_tokens"] = max_tokens.into();
    body
}

/// A script that waits for permission before each word.
fn gated(words: &[&str]) -> (Script, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let script = Script {
        gate: Some(gate.clone()),
        ..Script::words(words)
    };
    (script, gate)
}

async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn answers_are_counted_by_the_names_that_the_field_uses() {
    let worker = start(Setup::default()).await;
    for stream in [false, true] {
        let mut body = limited(20);
        body["stream"] = stream.into();
        let response = worker.post(&body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap();
    }
    worker.settled_down().await;
    let text = metrics(&worker).await;
    let chat = "{gen_ai_operation_name=\"chat\",gen_ai_request_model=\"m\"}";
    let count = |name: &str| value(&text, &format!("{name}_count{chat}"));
    assert_eq!(count("gen_ai_server_request_duration_seconds"), 2.0);
    assert_eq!(
        count("gen_ai_server_time_to_first_token_seconds"),
        1.0,
        "streams only"
    );
    assert_eq!(count("gen_ai_server_time_per_output_token_seconds"), 1.0);
    let units = |unit: &str| {
        let labels = format!("{{gen_ai_request_model=\"m\",unit=\"{unit}\"}}");
        value(&text, &format!("secret_ai_billed_units_total{labels}"))
    };
    assert_eq!((units("input"), units("output")), (20.0, 4.0));
    assert_eq!(value(&text, "secret_ai_receipts_signed_total "), 2.0);
    assert_eq!(value(&text, "secret_ai_sessions "), 1.0);
    assert_eq!(value(&text, "secret_ai_ready "), 1.0);
    assert_eq!(value(&text, "secret_ai_requests_running "), 0.0);
    assert_eq!(
        value(&text, "secret_ai_lease_remaining_seconds "),
        100_000.0
    );
    let posts = "http_server_request_duration_seconds_count{http_request_method=\"POST\",\
                 http_route=\"/v1/chat/completions\",http_response_status_code=\"200\"}";
    assert_eq!(value(&text, posts), 2.0);
    let asked = "secret_ai_chain_request_duration_seconds_count{operation=\"session\"}";
    assert_eq!(value(&text, asked), 1.0);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn no_label_comes_from_a_client_and_no_session_is_named() {
    let worker = start(Setup::default()).await;
    let canary = "canary7";
    let mut body = limited(20);
    body["model"] = canary.into();
    worker
        .refuses(worker.post(&body), 404, "model_not_found")
        .await;
    let url = format!("{}/{canary}", worker.url);
    worker
        .refuses(worker.http.get(&url), 404, "not_found")
        .await;
    let method = reqwest::Method::from_bytes(b"CANARY7").unwrap();
    worker.http.request(method, &url).send().await.unwrap();
    let answered = worker.post(&limited(20)).header("x-canary7", canary);
    assert_eq!(answered.send().await.unwrap().status(), 200);
    worker.settled_down().await;
    let text = metrics(&worker).await;
    assert!(!text.to_lowercase().contains(canary), "{text}");
    assert!(!text.contains("\"0101"), "a session's id\n{text}");
    assert_eq!(
        value(
            &text,
            "secret_ai_refused_requests_total{code=\"model_not_found\"}"
        ),
        1.0
    );
    assert!(
        text.contains("http_request_method=\"_OTHER\",http_route=\"none\""),
        "{text}"
    );
}

#[tokio::test]
async fn metrics_are_never_beside_the_api() {
    let worker = start(Setup::default()).await;
    let url = format!("{}/metrics", worker.url);
    worker.refuses(worker.http.get(url), 404, "not_found").await;
}

#[tokio::test]
async fn rounds_tell_what_waits_and_what_went() {
    let worker = start(Setup::default()).await;
    assert_eq!(
        worker.post(&limited(20)).send().await.unwrap().status(),
        200
    );
    worker.settled_down().await;
    let settled = round(&worker.agent, &common::plan()).await.unwrap();
    worker
        .agent
        .metrics
        .money
        .round(Some(&settled), 1_800_000_000);
    worker.agent.metrics.money.round(None, 1_800_000_001);
    let text = metrics(&worker).await;
    assert_eq!(value(&text, "secret_ai_settle_pages_total "), 1.0);
    assert_eq!(
        value(&text, "secret_ai_settle_entries_total{status=\"pending\"}"),
        1.0
    );
    assert_eq!(
        value(&text, "secret_ai_settle_rounds_total{status=\"ok\"}"),
        1.0
    );
    assert_eq!(
        value(&text, "secret_ai_settle_rounds_total{status=\"failed\"}"),
        1.0
    );
    assert_eq!(
        value(&text, "secret_ai_settle_last_round_timestamp_seconds "),
        1.8e9
    );
    assert!(value(&text, "secret_ai_journal_commit_duration_seconds_count ") >= 1.0);
    assert!(value(&text, "secret_ai_journal_commit_receipts_sum ") >= 1.0);
}

async fn ready(worker: &Worker) -> (u16, Value) {
    let response = worker
        .http
        .get(format!("{}/ready", worker.url))
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn readiness_names_what_keeps_requests_away() {
    let worker = start(Setup::default()).await;
    assert_eq!(
        ready(&worker).await,
        (200, json!({ "status": "ready", "reasons": [] }))
    );
    worker.clock.advance(100_001);
    let (status, body) = ready(&worker).await;
    assert_eq!((status, &body["status"]), (503, &json!("unavailable")));
    assert_eq!(body["reasons"], json!(["lease: has ended"]));
    worker.agent.drain();
    let (status, body) = ready(&worker).await;
    assert_eq!((status, &body["status"]), (503, &json!("draining")));
    assert_eq!(body["reasons"][0], "draining: the agent was told to stop");
}

#[tokio::test]
async fn a_model_that_is_sold_and_not_served_is_a_reason() {
    let prices = vec![secret_ai_interface::registry::ModelListing {
        model: "elsewhere".into(),
        token: cosmwasm_std::Addr::unchecked(common::TOKEN),
        rates: vec![],
    }];
    let setup = Setup {
        prices: secret_ai_worker_agent::prices::PriceList::new(prices),
        ..Setup::default()
    };
    let worker = start(setup).await;
    let (status, body) = ready(&worker).await;
    assert_eq!(status, 503);
    assert_eq!(
        body["reasons"],
        json!(["engine: does not serve \"elsewhere\""])
    );
}

#[tokio::test]
async fn an_agent_that_drains_ends_what_it_has_begun_and_takes_nothing_new() {
    let (script, gate) = gated(&["a", "b"]);
    let worker = start(Setup {
        script,
        ..Setup::default()
    })
    .await;
    let first = tokio::spawn(worker.post(&limited(20)).send());
    until(|| worker.engine.started() == 1).await;
    worker.agent.drain();
    let refused = worker.post(&limited(20)).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "10");
    let error: Value = refused.json().await.unwrap();
    assert_eq!(error["error"]["code"], "draining");
    let health = worker.http.get(format!("{}/health", worker.url)).send();
    assert_eq!(health.await.unwrap().status(), 200, "it lives");
    gate.add_permits(2);
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    worker.agent.finish_requests().await;
    assert_eq!(worker.engine.started(), 1);
}

#[tokio::test]
async fn a_session_that_goes_too_fast_is_told_when_to_come_back() {
    let mut setup = Setup::default();
    setup.limits.rates.requests_per_minute = 2;
    setup.limits.rates.tokens_per_minute = 6_000;
    setup
        .sessions
        .push(session(2, 10_000, 10_000, chat_lines()));
    let worker = start(setup).await;
    let first = worker.post(&limited(20)).send().await.unwrap();
    assert_eq!(first.status(), 200);
    let text = |response: &reqwest::Response, name: &str| {
        response.headers()[name].to_str().unwrap().to_owned()
    };
    assert_eq!(text(&first, "x-ratelimit-limit-requests"), "2");
    assert_eq!(text(&first, "x-ratelimit-remaining-requests"), "1");
    assert_eq!(text(&first, "x-ratelimit-reset-requests"), "30s");
    assert_eq!(text(&first, "x-ratelimit-limit-tokens"), "6000");
    assert_eq!(
        worker.post(&limited(20)).send().await.unwrap().status(),
        200
    );
    let third = worker.post(&limited(20)).send().await.unwrap();
    assert_eq!(third.status(), 429);
    assert_eq!(text(&third, "retry-after"), "30");
    assert_eq!(text(&third, "x-ratelimit-remaining-requests"), "0");
    let error: Value = third.json().await.unwrap();
    assert_eq!(error["error"]["type"], "rate_limit_error");
    // Others are not held up by it, and its time comes.
    let request = worker
        .http
        .post(format!("{}/v1/chat/completions", worker.url));
    let other = request.bearer_auth(bearer(2)).json(&limited(20));
    assert_eq!(other.send().await.unwrap().status(), 200);
    worker.clock.advance(30);
    assert_eq!(
        worker.post(&limited(20)).send().await.unwrap().status(),
        200
    );
    assert_eq!(worker.engine.started(), 4);
}

#[tokio::test]
async fn tokens_used_are_taken_from_the_minutes_share() {
    let mut setup = Setup::default();
    setup.limits.rates.tokens_per_minute = 12;
    let worker = start(setup).await;
    // 10 tokens of prompt and 2 of answer: all of it.
    assert_eq!(
        worker.post(&limited(20)).send().await.unwrap().status(),
        200
    );
    worker.settled_down().await;
    let refused = worker.post(&limited(20)).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["x-ratelimit-remaining-tokens"], "0");
    assert_eq!(refused.headers()["retry-after"], "5");
}

#[tokio::test]
async fn requests_of_one_session_at_once_are_limited() {
    let (script, gate) = gated(&["a"]);
    let mut setup = Setup {
        script,
        ..Setup::default()
    };
    setup.limits.rates.concurrent = 1;
    let worker = start(setup).await;
    let first = tokio::spawn(worker.post(&limited(20)).send());
    until(|| worker.engine.started() == 1).await;
    worker
        .refuses(worker.post(&limited(20)), 429, "too_many_requests")
        .await;
    gate.add_permits(2);
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    worker.settled_down().await;
    assert_eq!(
        worker.post(&limited(20)).send().await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn requests_wait_for_a_place_and_no_more_than_the_queue_holds() {
    let (script, gate) = gated(&["a"]);
    let mut setup = Setup {
        script,
        ..Setup::default()
    };
    setup.limits.max_requests = 1;
    setup.limits.rates.queue = 1;
    setup.limits.rates.queue_ms = 60_000;
    let worker = start(setup).await;
    let first = tokio::spawn(worker.post(&limited(20)).send());
    until(|| worker.engine.started() == 1).await;
    let second = tokio::spawn(worker.post(&limited(20)).send());
    loop {
        let text = metrics(&worker).await;
        if value(&text, "secret_ai_requests_waiting ") == 1.0 {
            assert_eq!(value(&text, "secret_ai_requests_running "), 1.0);
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    worker.refuses(worker.post(&limited(20)), 503, "busy").await;
    gate.add_permits(2);
    for request in [first, second] {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn an_address_without_good_keys_reaches_known_sessions_only() {
    let mut setup = Setup::default();
    setup.limits.rates.unauthenticated_per_minute = 2;
    setup
        .sessions
        .push(session(2, 10_000, 10_000, chat_lines()));
    let worker = start(setup).await;
    let (_, url) = listeners(&worker.agent).await;
    let post = |key: String| {
        let request = worker.http.post(format!("{url}/v1/chat/completions"));
        request.bearer_auth(key).json(&limited(20))
    };
    assert_eq!(post(bearer(1)).send().await.unwrap().status(), 200);
    for _ in 0..2 {
        worker
            .refuses(post("sk-nobody".into()), 401, "bad_key")
            .await;
    }
    let refused = post("sk-nobody".into()).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "30");
    // A session that would have to be asked of the chain waits, one in memory does not.
    assert_eq!(post(bearer(2)).send().await.unwrap().status(), 429);
    assert_eq!(post(bearer(1)).send().await.unwrap().status(), 200);
    worker.clock.advance(30);
    assert_eq!(post(bearer(2)).send().await.unwrap().status(), 200);
}

/// Every metric once, so that each has a line.
fn all_metrics() -> BTreeSet<String> {
    let prices = common::prices(&[(Unit::Input, 1), (Unit::Output, 1)]);
    let metrics = Metrics::new(&prices, Default::default());
    let second = Duration::from_secs(1);
    metrics.models.answered(&Answered {
        endpoint: Endpoint::ChatCompletions,
        model: MODEL,
        units: &[(Unit::Input, 1)],
        input_tokens: 1,
        output_tokens: 2,
        total: second,
        first: Some(second),
        aborted: true,
        estimated: true,
        clamped: true,
    });
    let (method, status) = (&axum::http::Method::GET, axum::http::StatusCode::OK);
    metrics.http.end(method, "/health", status, second);
    metrics.http.refused("busy");
    metrics.money.round(Some(&Default::default()), 1);
    metrics
        .money
        .unsettled(1, &[("token".to_owned(), 1)].into());
    metrics.chain.called("clock", second, false, 1);
    metrics.state.engine("vllm-0", true, 1);
    let text = metrics.text().unwrap();
    let names = text.lines().filter(|line| !line.starts_with('#'));
    let names = names.map(|line| line.split(['{', ' ']).next().unwrap().to_owned());
    names.collect()
}

/// Names of metrics in a query.
fn named(query: &str) -> Vec<&str> {
    let prefixes = ["secret_ai_", "gen_ai_server_", "http_server_", "process_"];
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
        .collect()
}

#[test]
fn dashboard_and_alerts_ask_for_metrics_that_exist() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let read = |name: &str| std::fs::read_to_string(deploy.join(name)).unwrap();
    let dashboard: Value = serde_json::from_str(&read("grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut queries = Vec::new();
    for panel in panels {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{}", panel["title"]);
        queries.extend(
            targets
                .iter()
                .map(|t| t["expr"].as_str().unwrap().to_owned()),
        );
    }
    let alerts = read("alerts.yml");
    let of_alerts = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "));
    queries.extend(of_alerts.map(str::to_owned));
    assert!(queries.len() > 40, "{}", queries.len());
    let known = all_metrics();
    let mut used = BTreeSet::new();
    for query in &queries {
        let names = named(query);
        assert!(!names.is_empty() || query.starts_with("up{"), "{query}");
        for name in names {
            assert!(
                known.contains(name),
                "{name} of {query} is not among {known:#?}"
            );
            used.insert(name.to_owned());
        }
    }
    let guide = std::fs::read_to_string(deploy.join("../docs/operations.md")).unwrap();
    for alert in alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        assert!(
            guide.contains(&format!("`{alert}`")),
            "docs/operations.md does not explain {alert}"
        );
    }
    for name in named(&guide.replace("process_*", "")) {
        let has_samples = known.iter().any(|known| known.starts_with(name));
        assert!(has_samples, "docs/operations.md: {name} does not exist");
    }
}
