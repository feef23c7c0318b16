//! The real programs over TLS with an attested key: `chat` sealed and not, and any program through the
//! gateway, also after the worker has started again with other keys.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use secret_ai_tests::http;
use secret_ai_tests::process::{program, Process};
use secret_ai_tests::stage::{Failure, Stage, MODEL};
use serde_json::{json, Value};

/// A program that speaks OpenAI's API.
struct App {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl App {
    fn post(&self, stream: bool) -> reqwest::RequestBuilder {
        let url = format!("{}/v1/chat/completions", self.url);
        let messages = json!([{ "role": "user", "content": "What is a receipt?" }]);
        let body =
            json!({ "model": MODEL, "messages": messages, "max_tokens": 8, "stream": stream });
        self.http.post(url).json(&body)
    }

    async fn asks(&self, stream: bool) -> Result<String, Failure> {
        let answer = self.post(stream).bearer_auth(&self.key).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        match status.is_success() {
            true => Ok(text),
            false => Err(text.into()),
        }
    }
}

fn gateway(stage: &Stage) -> Result<(Process, App), Failure> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = Command::new(program("secret-ai"));
    command
        .arg("--config")
        .arg(stage.path("secret-ai.toml"))
        .args(["gateway", "--listen", &address.to_string()]);
    let log = stage.path("gateway.log");
    let (process, line) = Process::start_until(command, log, "API key")?;
    let key = line
        .split_whitespace()
        .last()
        .unwrap_or_default()
        .to_owned();
    let app = App {
        http: http::client()?,
        url: format!("http://{address}"),
        key,
    };
    Ok((process, app))
}

#[tokio::test]
async fn every_way_to_a_worker_is_safe() -> Result<(), Failure> {
    let mut stage = Stage::set().await?;
    let file = stage.path("worker.toml");
    let config = fs::read_to_string(&file)?;
    let config = config.replace("public_url = \"http://", "public_url = \"https://");
    fs::write(&file, config)?;
    stage.start_agent().await?;
    stage.user_runs(&["deposit", "1000000"])?;
    stage.user_runs(&["open", "--model", MODEL, "--cap", "900000"])?;
    for way in [&["chat", "Hello?"][..], &["chat", "--no-e2ee", "Hello?"]] {
        let told = stage.user_runs(&[way, &["--max-tokens", "8"]].concat())?;
        assert!(
            told.contains("verified: signature, question, answer, units"),
            "{told}"
        );
    }

    let (_process, app) = gateway(&stage)?;
    for _ in 0..2 {
        let answer: Value = serde_json::from_str(&app.asks(false).await?)?;
        assert!(
            answer["usage"]["completion_tokens"].as_u64() > Some(0),
            "{answer}"
        );
        let stream = app.asks(true).await?;
        assert!(stream.ends_with("data: [DONE]\n\n"), "{stream}");
        // Other keys, of which the gateway learns from the registry.
        stage.crash_agent().await?;
    }
    let answer = app.post(false).bearer_auth("local-guessed").send().await?;
    assert_eq!(answer.status(), 401);
    let from_a_page = app
        .post(false)
        .bearer_auth(&app.key)
        .header("host", "page.example");
    assert_eq!(from_a_page.send().await?.status(), 403);
    Ok(())
}
