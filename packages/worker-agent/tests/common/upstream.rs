//! A server with OpenAI's API on loopback that answers what a test tells it to, and remembers what it was
//! asked.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::Router;
use secret_ai_engine::upstream::{UpstreamConfig, UpstreamEngine};
use secret_ai_engine::Engine;
use serde_json::{json, Value};

/// What the server says at one path.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(body: &Value) -> Self {
        Answer {
            status: 200,
            headers: vec![("content-type", "application/json")],
            body: body.to_string().into_bytes(),
        }
    }

    pub fn bytes(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Answer {
            status: 200,
            headers: vec![("content-type", content_type)],
            body: body.into(),
        }
    }
}

/// A request that the server got.
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[derive(Default)]
struct Script {
    answers: Mutex<HashMap<String, Answer>>,
    seen: Mutex<Vec<Seen>>,
}

#[derive(Clone)]
pub struct Upstream {
    /// Address up to and including `/v1`.
    pub url: String,
    script: Arc<Script>,
}

impl Upstream {
    /// A server of models `m` and `unpriced`.
    pub async fn start() -> Self {
        let script = Arc::new(Script::default());
        let router = Router::new().fallback(answer).with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        Upstream { url, script }
    }

    /// It, as a worker's engine.
    pub fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(UpstreamEngine::new(UpstreamConfig::new(&self.url)).unwrap())
    }

    /// From now on this is said at `/v1/{path}`.
    pub fn says(&self, path: &str, answer: Answer) {
        let path = format!("/v1/{path}");
        self.script.answers.lock().unwrap().insert(path, answer);
    }

    /// Requests that made it work.
    pub fn calls(&self) -> usize {
        self.script.seen.lock().unwrap().len()
    }

    /// The newest of them.
    pub fn newest(&self) -> Seen {
        self.script.seen.lock().unwrap().pop().expect("no request")
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if path == "/v1/models" {
        let model = |id: &str| json!({ "id": id, "max_model_len": 1_000 });
        return axum::Json(json!({ "data": [model("m"), model("unpriced")] })).into_response();
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let answer = script.answers.lock().unwrap().get(&path).cloned();
    let headers = head.headers;
    script.seen.lock().unwrap().push(Seen {
        path,
        headers,
        body,
    });
    let Some(answer) = answer else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::new(answer.body.into());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    for (name, value) in answer.headers {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}
