//! All endpoints in one list: what holds for one must hold for all.

use secret_ai_interface::billing::Line;
use secret_ai_interface::Unit;
use serde_json::{json, Value};

use crate::common::upstream::{Answer, Upstream};
use crate::common::{bearer, line, prices, session, Setup, Worker, MODEL, ONE};

/// Units of every class, one base unit each.
pub const UNITS: [Unit; 5] = [
    Unit::Input,
    Unit::Output,
    Unit::Embedding,
    Unit::AudioMs,
    Unit::Image,
];

/// One endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Door {
    /// Below `/v1/`.
    pub path: &'static str,
    pub is_form: bool,
}

const fn door(path: &'static str, is_form: bool) -> Door {
    Door { path, is_form }
}

pub const CHAT: Door = door("chat/completions", false);
pub const COMPLETIONS: Door = door("completions", false);
pub const EMBEDDINGS: Door = door("embeddings", false);
pub const SPEECH: Door = door("audio/speech", false);
pub const TRANSCRIPTIONS: Door = door("audio/transcriptions", true);
pub const TRANSLATIONS: Door = door("audio/translations", true);
pub const IMAGES: Door = door("images/generations", false);
pub const DOORS: [Door; 7] = [
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    SPEECH,
    TRANSCRIPTIONS,
    TRANSLATIONS,
    IMAGES,
];

/// The boundary of all forms here.
pub const BOUNDARY: &str = "b0undary";

/// Sound of so many milliseconds, a byte each.
pub fn wav(ms: usize) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend(1_000u32.to_le_bytes());
    file.extend(1_000u32.to_le_bytes());
    file.extend([1, 0, 8, 0]);
    file.extend(b"data");
    file.extend((ms as u32).to_le_bytes());
    file.extend(vec![128; ms]);
    file
}

/// A form with a file and other fields.
pub fn form(file: &[u8], fields: &[(&str, &str)]) -> Vec<u8> {
    let mut form = Vec::new();
    let mut part = |head: &str, data: &[u8]| {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(data);
        form.extend_from_slice(b"\r\n");
    };
    for (name, value) in fields {
        part(&format!("name=\"{name}\""), value.as_bytes());
    }
    part(
        "name=\"file\"; filename=\"speech.wav\"\r\nContent-Type: audio/wav",
        file,
    );
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    form
}

impl Door {
    /// A right request without the model.
    fn fields(&self) -> Value {
        match *self {
            CHAT => {
                json!({ "messages": [{ "role": "user", "content": "canary" }], "max_tokens": 20 })
            }
            COMPLETIONS => json!({ "prompt": "canary", "max_tokens": 20 }),
            EMBEDDINGS => json!({ "input": "canary" }),
            SPEECH => json!({ "input": "canary", "voice": "alloy", "response_format": "wav" }),
            IMAGES => json!({ "prompt": "canary" }),
            _ => json!({}),
        }
    }

    /// A right request with this model and more fields; for forms, fields are texts.
    pub fn body(&self, model: Option<&str>, more: &Value) -> Vec<u8> {
        let mut fields = self.fields();
        if let Some(model) = model {
            fields["model"] = model.into();
        }
        for (name, value) in more.as_object().unwrap() {
            fields[name] = value.clone();
        }
        if !self.is_form {
            return fields.to_string().into_bytes();
        }
        let texts: Vec<(String, String)> = fields
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), text)
            })
            .collect();
        let texts: Vec<_> = texts
            .iter()
            .map(|(n, t)| (n.as_str(), t.as_str()))
            .collect();
        form(&wav(1_500), &texts)
    }

    pub fn content_type(&self) -> String {
        if self.is_form {
            format!("multipart/form-data; boundary={BOUNDARY}")
        } else {
            "application/json".to_owned()
        }
    }

    /// A request of session 1 with this body.
    pub fn send(&self, worker: &Worker, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.bare(worker)
            .header("content-type", self.content_type())
            .body(body)
    }

    /// A request of session 1 without a body.
    pub fn bare(&self, worker: &Worker) -> reqwest::RequestBuilder {
        let url = format!("{}/v1/{}", worker.url, self.path);
        worker.http.post(url).bearer_auth(bearer(1))
    }

    /// A right request of session 1.
    pub fn right(&self, worker: &Worker) -> reqwest::RequestBuilder {
        self.send(worker, self.body(Some(MODEL), &json!({})))
    }

    /// A right answer of a server.
    pub fn answer(&self) -> Answer {
        match *self {
            CHAT => Answer::json(&json!({
                "id": "1", "object": "chat.completion", "model": MODEL,
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": "yes" },
                              "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8 },
            })),
            COMPLETIONS => Answer::json(&json!({
                "id": "1", "object": "text_completion", "model": MODEL,
                "choices": [{ "index": 0, "text": " yes", "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8 },
            })),
            EMBEDDINGS => Answer::json(&json!({
                "object": "list",
                "data": [{ "object": "embedding", "index": 0, "embedding": [0.5, -0.5] }],
                "usage": { "prompt_tokens": 4, "total_tokens": 4 },
            })),
            SPEECH => Answer::bytes("audio/wav", wav(700)),
            IMAGES => Answer::json(&json!({ "created": 1, "data": [{ "b64_json": "AAAA" }] })),
            _ => Answer::json(&json!({ "text": "yes" })),
        }
    }

    /// Units of the right request with the right answer, in the order of [`UNITS`].
    pub fn units(&self) -> [u64; 5] {
        match *self {
            CHAT | COMPLETIONS => [6, 2, 0, 0, 0],
            EMBEDDINGS => [0, 0, 4, 0, 0],
            SPEECH => [0, 0, 0, 700, 0],
            IMAGES => [0, 0, 0, 0, 1],
            _ => [0, 0, 0, 1_500, 0],
        }
    }
}

/// Lines for every class of the model.
pub fn lines() -> Vec<Line> {
    UNITS.map(|unit| line(MODEL, unit, ONE)).to_vec()
}

/// A worker that sells everything, in front of a server that answers right, with a session of so many base
/// units.
pub async fn worker_with(cap: u128) -> (Worker, Upstream) {
    let upstream = Upstream::start().await;
    for door in DOORS {
        upstream.says(door.path, door.answer());
    }
    let worker = Setup {
        sessions: vec![session(1, cap, cap, lines())],
        prices: prices(&UNITS.map(|unit| (unit, ONE))),
        engine: Some(upstream.engine()),
        ..Setup::default()
    };
    (worker.start().await, upstream)
}

pub async fn worker() -> (Worker, Upstream) {
    worker_with(1_000_000).await
}

/// What session 1 has used so far, in the order of [`UNITS`].
pub fn counted(worker: &Worker) -> Vec<u64> {
    let stored = worker.stored(1);
    stored.map_or_else(|| vec![0; UNITS.len()], |receipt| receipt.counters)
}

/// Sends a request, checks its receipt against the exact bytes, returns the answer.
pub async fn answered(worker: &Worker, request: reqwest::RequestBuilder) -> Vec<u8> {
    let request = request.build().unwrap();
    let sent = request.body().unwrap().as_bytes().unwrap().to_vec();
    let response = worker.http.execute(request).await.unwrap();
    let status = response.status();
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let (receipt, evidence) = (
        header("x-secret-ai-receipt"),
        header("x-secret-ai-evidence"),
    );
    let body = response.bytes().await.unwrap().to_vec();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    worker.verify(&receipt.unwrap(), &evidence.unwrap(), &sent, &body);
    body
}
