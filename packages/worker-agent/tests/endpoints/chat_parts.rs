//! Pictures and sound in chats are counted if the session pays for them, else refused.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use secret_ai_interface::Unit;
use serde_json::{json, Value};

use crate::common::upstream::{Answer, Upstream};
use crate::common::{chat_lines, prices, session, Setup, MODEL, ONE};
use crate::doors::{answered, counted, wav, worker, CHAT};

fn chat(parts: &Value) -> Vec<u8> {
    let messages = json!([{ "role": "user", "content": parts }]);
    CHAT.body(Some(MODEL), &json!({ "messages": messages }))
}

fn sound(ms: usize) -> Value {
    let data = STANDARD.encode(wav(ms));
    json!({ "type": "input_audio", "input_audio": { "data": data, "format": "wav" } })
}

fn picture() -> Value {
    json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA", "detail": "low" } })
}

#[tokio::test]
async fn they_are_counted_beside_the_tokens() {
    let (worker, upstream) = worker().await;
    let parts = json!([{ "type": "text", "text": "canary" }, picture(), sound(250), picture()]);
    answered(&worker, CHAT.send(&worker, chat(&parts))).await;
    assert_eq!(counted(&worker), [6, 2, 0, 250, 2]);
    assert_eq!(upstream.newest().json()["messages"][0]["content"], parts);
}

#[tokio::test]
async fn tokens_of_sound_are_not_counted_again() {
    let (worker, upstream) = worker().await;
    let mut answer: Value = serde_json::from_slice(&CHAT.answer().body).unwrap();
    let details = json!({ "audio_tokens": 50, "cached_tokens": 10 });
    answer["usage"] =
        json!({ "prompt_tokens": 100, "completion_tokens": 2, "prompt_tokens_details": details });
    upstream.says("chat/completions", Answer::json(&answer));
    answered(&worker, CHAT.send(&worker, chat(&json!([sound(250)])))).await;
    assert_eq!(counted(&worker), [40, 2, 0, 250, 0]);
    // Without sound, nothing is taken off.
    answered(&worker, CHAT.right(&worker)).await;
    let input = counted(&worker)[0] - 40;
    assert_eq!(input, 90);
}

#[tokio::test]
async fn nobody_knows_their_tokens_so_the_whole_context_is_reserved() {
    let (worker, upstream) = worker().await;
    let body = chat(&json!([picture()]));
    let refused = CHAT
        .send(&worker, body.clone())
        .header("x-max-charge", "1016");
    let error = worker.refuses(refused, 402, "max_charge_exceeded").await;
    // 1,000 tokens of context, at least 16 of answer (20 were wished for), one picture.
    assert_eq!(error["needed"], "1017", "{error}");
    assert_eq!(upstream.calls(), 0);
    answered(&worker, CHAT.send(&worker, body)).await;
}

#[tokio::test]
async fn a_session_without_lines_for_them_is_told() {
    let upstream = Upstream::start().await;
    let worker = Setup {
        sessions: vec![session(1, 10_000, 10_000, chat_lines())],
        prices: prices(&[(Unit::Input, ONE), (Unit::Output, ONE)]),
        engine: Some(upstream.engine()),
        ..Setup::default()
    };
    let worker = worker.start().await;
    for part in [picture(), sound(10)] {
        let request = CHAT.send(&worker, chat(&json!([part])));
        let error = worker.refuses(request, 400, "invalid_request").await;
        assert_eq!(error["param"], "messages.content");
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn nothing_is_fetched() {
    let (worker, upstream) = worker().await;
    let own = format!("{}/picture.png", upstream.url);
    for url in [
        own.as_str(),
        "https://example.com/a.png",
        "file:///etc/passwd",
        "ftp://a/b",
    ] {
        let part = json!({ "type": "image_url", "image_url": { "url": url } });
        let request = CHAT.send(&worker, chat(&json!([part])));
        let error = worker.refuses(request, 400, "invalid_request").await;
        assert_eq!(error["param"], "messages.content");
        assert!(!error.to_string().contains(url), "{error}");
    }
    assert_eq!(upstream.calls(), 0);
}
