//! Fields by which a request could mean one thing here and another to the engine, or make it do work that
//! nothing counts.

use serde_json::{json, Value};

use crate::common::MODEL;
use crate::doors::{answered, counted, worker, Door, CHAT, COMPLETIONS, DOORS, SPEECH};

/// A right request whose text has one more member in it.
fn with_raw(door: Door, member: &str) -> String {
    let body = String::from_utf8(door.body(Some(MODEL), &json!({}))).unwrap();
    body.replacen('{', &format!("{{{member},"), 1)
}

#[tokio::test]
async fn a_field_that_stands_twice() {
    let (worker, upstream) = worker().await;
    for door in DOORS.into_iter().filter(|door| !door.is_form) {
        for member in [r#""model":"other""#, r#""model":null"#] {
            let request = door.send(&worker, with_raw(door, member));
            worker.refuses(request, 400, "invalid_request").await;
        }
    }
    for door in [CHAT, COMPLETIONS] {
        let request = door.send(&worker, with_raw(door, r#""max_tokens":1000000"#));
        worker.refuses(request, 400, "invalid_request").await;
    }
    assert_eq!(upstream.calls(), 0);
    // Of all others the engine sees the one that was read here, once.
    let body = with_raw(CHAT, r#""user":"first","user":"second""#);
    answered(&worker, CHAT.send(&worker, body)).await;
    assert_eq!(upstream.newest().text().matches("\"user\":").count(), 1);
}

#[tokio::test]
async fn a_limit_that_is_no_number_of_tokens() {
    let (worker, upstream) = worker().await;
    for door in [CHAT, COMPLETIONS] {
        for limit in [
            json!(-1),
            json!(0),
            json!(1.5),
            json!(1e30),
            json!("5"),
            json!([5]),
            json!(true),
            json!({}),
        ] {
            let body = door.body(Some(MODEL), &json!({ "max_tokens": limit }));
            worker
                .refuses(door.send(&worker, body), 400, "invalid_request")
                .await;
        }
    }
    let huge = json!({ "max_tokens": u64::MAX, "max_completion_tokens": u64::MAX });
    assert_eq!(upstream.calls(), 0);
    // The model's context is 1,000 tokens.
    answered(&worker, CHAT.send(&worker, CHAT.body(Some(MODEL), &huge))).await;
    assert_eq!(upstream.newest().json()["max_tokens"], 1_000);
}

#[tokio::test]
async fn many_answers_for_one() {
    let (worker, upstream) = worker().await;
    for door in [CHAT, COMPLETIONS] {
        for n in [
            json!(0),
            json!(9),
            json!(-1),
            json!(1u64 << 40),
            json!(1.5),
            json!("2"),
        ] {
            let body = door.body(Some(MODEL), &json!({ "n": n }));
            worker
                .refuses(door.send(&worker, body), 400, "invalid_request")
                .await;
        }
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn a_stream_that_is_no_yes_or_no() {
    let (worker, upstream) = worker().await;
    for door in [CHAT, COMPLETIONS] {
        for stream in [json!("true"), json!(1), json!([true])] {
            let body = door.body(Some(MODEL), &json!({ "stream": stream }));
            worker
                .refuses(door.send(&worker, body), 400, "invalid_request")
                .await;
        }
    }
    for door in DOORS
        .into_iter()
        .filter(|door| ![CHAT, COMPLETIONS].contains(door))
    {
        let body = door.body(Some(MODEL), &json!({ "stream": true }));
        let error = worker
            .refuses(door.send(&worker, body), 400, "invalid_request")
            .await;
        assert_eq!(error["param"], "stream");
    }
    assert_eq!(upstream.calls(), 0);
}

/// What engines take and this worker does not (docs/counting.md says why).
fn refused() -> Vec<(&'static str, Value)> {
    vec![
        // Work that no token count shows.
        ("best_of", json!(5)),
        ("use_beam_search", json!(true)),
        ("num_beams", json!(5)),
        ("prompt_logprobs", json!(20)),
        ("return_hidden_states", json!(true)),
        ("n_probs", json!(100)),
        ("audio", json!({ "voice": "alloy" })),
        ("web_search_options", json!({})),
        // Prompts that are not text, or not seen here.
        ("prompt_embeds", json!("AAAA")),
        ("input_embeds", json!([[0.5]])),
        ("image_data", json!("http://127.0.0.1/")),
        ("video_data", json!("http://127.0.0.1/")),
        // Other limits than those that were read.
        ("n_predict", json!(1_000_000)),
        ("max_new_tokens", json!(1_000_000)),
        ("min_new_tokens", json!(1_000_000)),
        ("options", json!({ "num_predict": 1_000_000 })),
        ("parameters", json!({ "max_new_tokens": 1_000_000 })),
        ("response_fields", json!(["content"])),
        // Code.
        (
            "chat_template",
            json!("{% for x in range(9**9) %}x{% endfor %}"),
        ),
        ("logits_processors", json!(["os.system"])),
        ("custom_logit_processor", json!("gASV")),
        ("vllm_xargs", json!({ "x": 1 })),
        ("mm_processor_kwargs", json!({ "max_pixels": 1 })),
        ("media_io_kwargs", json!({})),
        // What belongs to other clients, to the operator, or to another model.
        ("priority", json!(-100)),
        ("request_id", json!("x")),
        ("rid", json!("x")),
        ("kv_transfer_params", json!({ "remote_host": "127.0.0.1" })),
        ("bootstrap_host", json!("127.0.0.1")),
        ("data_parallel_rank", json!(0)),
        ("id_slot", json!(0)),
        ("keep_alive", json!(-1)),
        ("lora", json!([{ "id": 0 }])),
        ("lora_path", json!("/")),
        ("models", json!(["other"])),
        ("session_params", json!({ "id": "x" })),
        ("store", json!(true)),
        ("service_tier", json!("priority")),
        ("unheard_of", json!(1)),
    ]
}

#[tokio::test]
async fn a_field_that_makes_engines_work_more() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        for (name, value) in refused() {
            let body = door.body(Some(MODEL), &json!({ name: value }));
            let error = worker
                .refuses(door.send(&worker, body), 400, "invalid_request")
                .await;
            assert_eq!(error["param"], name, "{door:?}");
        }
    }
    assert_eq!((upstream.calls(), counted(&worker)), (0, vec![0; 5]));
}

#[tokio::test]
async fn a_field_that_costs_only_what_is_counted_goes_through() {
    let (worker, upstream) = worker().await;
    let more = json!({
        "min_tokens": 5, "ignore_eos": true, "stop_token_ids": [2], "bad_words": ["x"], "top_k": 5,
        "guided_json": { "type": "object" }, "logit_bias": { "5": -1 }, "seed": 1, "user": "x",
    });
    for door in [CHAT, COMPLETIONS] {
        answered(&worker, door.send(&worker, door.body(Some(MODEL), &more))).await;
        let seen = upstream.newest().json();
        for (name, value) in more.as_object().unwrap() {
            assert_eq!(&seen[name], value, "{name}");
        }
    }
    let chat = json!({ "documents": [{ "text": "x" }], "chat_template_kwargs": { "enable_thinking": false } });
    answered(&worker, CHAT.send(&worker, CHAT.body(Some(MODEL), &chat))).await;
}

#[tokio::test]
async fn names_in_refusals_are_short_and_values_are_not_told() {
    let (worker, _) = worker().await;
    let name = "x".repeat(5_000);
    let body = SPEECH.body(Some(MODEL), &json!({ name: "canary" }));
    let error = worker
        .refuses(SPEECH.send(&worker, body), 400, "invalid_request")
        .await;
    let text = error.to_string();
    assert!(text.len() < 500 && !text.contains("canary"), "{text}");
}

#[tokio::test]
async fn usage_of_every_chunk_is_not_asked_for() {
    let (worker, upstream) = worker().await;
    for door in [CHAT, COMPLETIONS] {
        let options = json!({ "include_usage": false, "continuous_usage_stats": true });
        let more = json!({ "stream": true, "stream_options": options });
        // The mock's plain answer is no stream; what matters is what it was asked.
        let _ = worker
            .outcome(door.send(&worker, door.body(Some(MODEL), &more)))
            .await;
        assert_eq!(
            upstream.newest().json()["stream_options"],
            json!({ "include_usage": true })
        );
    }
}
