//! Sound is counted in milliseconds that are measured here, in both directions.

use serde_json::{json, Value};

use crate::common::upstream::Answer;
use crate::common::MODEL;
use crate::doors::{
    answered, counted, form, wav, worker, worker_with, SPEECH, TRANSCRIPTIONS, TRANSLATIONS,
};

/// As much of an MP4 file as its first bytes tell.
fn mp4(bytes: usize) -> Vec<u8> {
    let mut file = b"\0\0\0\x18ftypM4A ".to_vec();
    file.resize(bytes, 0);
    file
}

fn fields<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("model", MODEL)], more].concat()
}

#[tokio::test]
async fn sound_that_was_made_is_measured() {
    let (worker, upstream) = worker().await;
    let body = answered(&worker, SPEECH.right(&worker)).await;
    assert_eq!(body, wav(700));
    assert_eq!(counted(&worker), [0, 0, 0, 700, 0]);
    assert_eq!(upstream.newest().json()["voice"], "alloy");
    // PCM has no header: 48 bytes are a millisecond.
    upstream.says("audio/speech", Answer::bytes("audio/pcm", vec![0; 4_800]));
    let pcm = SPEECH.body(Some(MODEL), &json!({ "response_format": "pcm" }));
    answered(&worker, SPEECH.send(&worker, pcm)).await;
    assert_eq!(counted(&worker), [0, 0, 0, 800, 0]);
}

#[tokio::test]
async fn more_sound_than_was_reserved_is_not_billed() {
    let (worker, upstream) = worker().await;
    // Six characters: 3 s, and 5 s of silence.
    upstream.says("audio/speech", Answer::bytes("audio/wav", wav(100_000)));
    answered(&worker, SPEECH.right(&worker)).await;
    assert_eq!(counted(&worker), [0, 0, 0, 8_000, 0]);
    let fast = SPEECH.body(Some(MODEL), &json!({ "speed": 4 }));
    answered(&worker, SPEECH.send(&worker, fast)).await;
    assert_eq!(counted(&worker), [0, 0, 0, 10_000, 0]);
}

#[tokio::test]
async fn what_is_no_sound_costs_nothing() {
    let (worker, upstream) = worker().await;
    for answer in [
        Answer::json(&json!({ "error": { "message": "canary" } })),
        Answer::bytes("text/html", "<html>"),
        Answer::bytes("audio/wav", ""),
        Answer::bytes("audio/wav", "not a file"),
        Answer::bytes("audio/wav", wav(0)),
    ] {
        upstream.says("audio/speech", answer);
        worker
            .refuses(SPEECH.right(&worker), 502, "engine_error")
            .await;
    }
    assert_eq!(counted(&worker), [0; 5]);
}

#[tokio::test]
async fn bad_speech_requests_are_named() {
    let (worker, upstream) = worker().await;
    for (more, param) in [
        (json!({ "input": "" }), "input"),
        (json!({ "input": "x".repeat(4_097) }), "input"),
        (json!({ "voice": "http://127.0.0.1/voice.wav" }), "voice"),
        (json!({ "voice": "../../etc/passwd" }), "voice"),
        (json!({ "voice": { "id": "x" } }), "body"),
        (json!({ "response_format": "ogg" }), "body"),
        (json!({ "speed": 0.1 }), "speed"),
        (json!({ "speed": 1e9 }), "speed"),
        (json!({ "stream_format": "sse" }), "stream_format"),
        (json!({ "stream": true }), "stream"),
        (json!({ "ref_audio": "http://127.0.0.1/" }), "ref_audio"),
    ] {
        let request = SPEECH.send(&worker, SPEECH.body(Some(MODEL), &more));
        let error = worker.refuses(request, 400, "invalid_request").await;
        assert_eq!(error["param"], param, "{more}");
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn sound_that_was_sent_is_measured_and_sent_on() {
    for door in [TRANSCRIPTIONS, TRANSLATIONS] {
        let (worker, upstream) = worker().await;
        let more = json!({ "language": "en", "temperature": "0" });
        let body = answered(&worker, door.send(&worker, door.body(Some(MODEL), &more))).await;
        assert_eq!(body, door.answer().body);
        assert_eq!(counted(&worker), [0, 0, 0, 1_500, 0]);
        let seen = upstream.newest();
        assert_eq!(seen.path, format!("/v1/{}", door.path));
        let text = seen.text();
        for part in [
            "name=\"model\"\r\n\r\nm\r\n",
            "name=\"language\"\r\n\r\nen\r\n",
            "name=\"response_format\"\r\n\r\njson\r\n",
            "name=\"file\"; filename=\"sound.wav\"",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(memchr::memmem::find(&seen.body, &wav(1_500)).is_some());
    }
}

#[tokio::test]
async fn headers_and_engines_are_not_believed_where_the_file_can_be_measured() {
    let (worker, upstream) = worker().await;
    let mut lie = wav(60_000);
    // The header says 1 ms and the engine, too.
    lie[40..44].copy_from_slice(&0u32.to_le_bytes());
    let answer = json!({ "text": "yes", "duration": 0.001 });
    upstream.says("audio/transcriptions", Answer::json(&answer));
    answered(
        &worker,
        TRANSCRIPTIONS.send(&worker, form(&lie, &fields(&[]))),
    )
    .await;
    assert_eq!(counted(&worker), [0, 0, 0, 60_000, 0]);
}

#[tokio::test]
async fn other_containers_are_measured_by_the_engine_within_a_bound() {
    let (worker, upstream) = worker().await;
    let ask = |format: &'static str| {
        let form = form(&mp4(2_000), &fields(&[("response_format", format)]));
        TRANSCRIPTIONS.send(&worker, form)
    };
    let says = |duration: Value| {
        let answer = json!({ "text": "yes", "duration": duration, "segments": [] });
        upstream.says("audio/transcriptions", Answer::json(&answer));
    };
    says(json!(1.25));
    assert_eq!(answered(&worker, ask("json")).await, br#"{"text":"yes"}"#);
    assert_eq!(counted(&worker), [0, 0, 0, 1_250, 0]);
    assert!(upstream
        .newest()
        .text()
        .contains("\r\n\r\nverbose_json\r\n"));
    assert_eq!(answered(&worker, ask("text")).await, b"yes\n");
    // Two milliseconds for a byte at most.
    says(json!(1_000_000));
    answered(&worker, ask("verbose_json")).await;
    assert_eq!(counted(&worker), [0, 0, 0, 2_500 + 4_000, 0]);
    // An engine that does not tell is paid nothing, and its answer is not handed out.
    for untold in [json!(null), json!(-1), json!("x"), json!(0)] {
        says(untold);
        worker.refuses(ask("json"), 502, "engine_error").await;
    }
    let error = worker.refuses(ask("srt"), 400, "invalid_request").await;
    assert_eq!(error["param"], "response_format");
    assert_eq!(counted(&worker), [0, 0, 0, 6_500, 0]);
}

#[tokio::test]
async fn texts_and_subtitles_go_through() {
    let (worker, upstream) = worker().await;
    upstream.says(
        "audio/transcriptions",
        Answer::bytes("text/plain", "1\n00:00 yes\n"),
    );
    for format in ["text", "srt", "vtt"] {
        let form = form(&wav(10), &fields(&[("response_format", format)]));
        let body = answered(&worker, TRANSCRIPTIONS.send(&worker, form)).await;
        assert_eq!(body, b"1\n00:00 yes\n");
    }
    assert_eq!(counted(&worker), [0, 0, 0, 30, 0]);
}

#[tokio::test]
async fn the_whole_file_has_to_be_payable() {
    let (worker, upstream) = worker_with(1_499).await;
    let error = worker
        .refuses(TRANSCRIPTIONS.right(&worker), 402, "cap_exceeded")
        .await;
    assert_eq!(error["needed"], "1500");
    let big = TRANSCRIPTIONS.send(&worker, form(&mp4(750), &fields(&[])));
    worker.refuses(big, 402, "cap_exceeded").await;
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn bad_forms_are_named() {
    let (worker, upstream) = worker().await;
    let file = wav(10);
    let cases: [(Vec<u8>, u16, &str); 10] = [
        (form(&file, &[]), 400, "model"),
        (form(&file, &[("model", "")]), 400, "model"),
        (form(&file, &[("model", "nowhere")]), 404, "model"),
        (
            form(&file, &[("model", MODEL), ("model", MODEL)]),
            400,
            "body",
        ),
        (form(b"no sound", &fields(&[])), 400, "file"),
        (form(b"", &fields(&[])), 400, "file"),
        (
            form(&file, &fields(&[("response_format", "xml")])),
            400,
            "response_format",
        ),
        (form(&file, &fields(&[("stream", "true")])), 400, "stream"),
        (
            form(&file, &fields(&[("chunking_strategy", "auto")])),
            400,
            "chunking_strategy",
        ),
        (b"no form".to_vec(), 400, "body"),
    ];
    for (body, status, param) in cases {
        let request = TRANSCRIPTIONS.send(&worker, body.clone());
        let (got, error) = worker.outcome(request).await;
        let text = String::from_utf8_lossy(&body);
        assert_eq!(
            (got, error["param"].as_str()),
            (status, Some(param)),
            "{text} {error}"
        );
    }
    assert_eq!(upstream.calls(), 0);
}
