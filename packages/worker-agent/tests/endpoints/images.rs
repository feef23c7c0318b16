//! Pictures are counted as they come, by their size.

use serde_json::{json, Value};

use crate::common::upstream::Answer;
use crate::common::MODEL;
use crate::doors::{answered, counted, worker, worker_with, IMAGES};

fn pictures(count: usize) -> Answer {
    Answer::json(&json!({ "created": 1, "data": vec![json!({ "b64_json": "AAAA" }); count] }))
}

#[tokio::test]
async fn pictures_that_came_are_counted() {
    let (worker, upstream) = worker().await;
    let ask = |n: u32| IMAGES.send(&worker, IMAGES.body(Some(MODEL), &json!({ "n": n })));
    upstream.says("images/generations", pictures(3));
    answered(&worker, ask(3)).await;
    assert_eq!(counted(&worker), [0, 0, 0, 0, 3]);
    // Fewer than were asked for, or more.
    answered(&worker, ask(4)).await;
    assert_eq!(counted(&worker), [0, 0, 0, 0, 6]);
    answered(&worker, ask(1)).await;
    assert_eq!(counted(&worker), [0, 0, 0, 0, 7]);
}

#[tokio::test]
async fn large_pictures_are_several_units() {
    let (worker, upstream) = worker().await;
    for (size, sent, units) in [
        (json!(null), "1024x1024", 1),
        (json!("auto"), "1024x1024", 1),
        (json!("256x256"), "256x256", 1),
        (json!("1792x1024"), "1792x1024", 2),
        (json!("4096x4096"), "4096x4096", 16),
    ] {
        let before = counted(&worker)[4];
        let body = IMAGES.body(Some(MODEL), &json!({ "size": size }));
        answered(&worker, IMAGES.send(&worker, body)).await;
        assert_eq!(counted(&worker)[4] - before, units, "{size}");
        let seen = upstream.newest().json();
        assert_eq!(
            (&seen["size"], &seen["response_format"]),
            (&json!(sent), &json!("b64_json"))
        );
    }
}

#[tokio::test]
async fn an_answer_without_pictures_costs_nothing() {
    let (worker, upstream) = worker().await;
    for data in [
        json!([]),
        json!([{ "url": "http://127.0.0.1/picture.png" }]),
        json!([{ "b64_json": "" }]),
        json!([{ "b64_json": null }]),
        json!("AAAA"),
        Value::Null,
    ] {
        let answer = Answer::json(&json!({ "created": 1, "data": data }));
        upstream.says("images/generations", answer);
        worker
            .refuses(IMAGES.right(&worker), 502, "engine_error")
            .await;
    }
    assert_eq!(counted(&worker), [0; 5]);
}

#[tokio::test]
async fn the_worst_case_has_to_be_payable() {
    let (worker, upstream) = worker_with(7).await;
    let ask = |n: u32| {
        let body = IMAGES.body(Some(MODEL), &json!({ "n": n, "size": "2048x1024" }));
        IMAGES.send(&worker, body)
    };
    let error = worker.refuses(ask(4), 402, "cap_exceeded").await;
    assert_eq!(error["needed"], "8");
    assert_eq!(upstream.calls(), 0);
    answered(&worker, ask(3)).await;
}

#[tokio::test]
async fn bad_fields_are_named() {
    let (worker, upstream) = worker().await;
    for (more, param) in [
        (json!({ "n": 0 }), "n"),
        (json!({ "n": 11 }), "n"),
        (json!({ "n": -1 }), "body"),
        (json!({ "n": 1.5 }), "body"),
        (json!({ "prompt": "" }), "prompt"),
        (json!({ "size": "big" }), "size"),
        (json!({ "size": "0x1024" }), "size"),
        (json!({ "size": "4097x1" }), "size"),
        (json!({ "size": "-1x1" }), "size"),
        (json!({ "quality": "hd" }), "quality"),
        (json!({ "response_format": "url" }), "response_format"),
        (json!({ "stream": true }), "stream"),
        (json!({ "num_inference_steps": 500 }), "num_inference_steps"),
        (json!({ "image": "http://127.0.0.1/" }), "image"),
    ] {
        let request = IMAGES.send(&worker, IMAGES.body(Some(MODEL), &more));
        let error = worker.refuses(request, 400, "invalid_request").await;
        assert_eq!(error["param"], param, "{more}");
    }
    assert_eq!(upstream.calls(), 0);
}
