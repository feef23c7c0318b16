//! Logs never show what users say, what they are answered, or what opens their sessions.

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::ways::WAYS;
use common::{bearer, Script, Setup};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

const PROMPT: &str = "canary-in-the-prompt";
const ANSWER: &str = "canary-in-the-answer";

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The only test of this program: it owns the process's log.
#[tokio::test]
async fn nothing_secret_is_logged() {
    let captured = Captured::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(captured.clone())
        .init();
    let setup = Setup {
        script: Script::words(&[ANSWER, ANSWER]),
        ..Setup::default()
    };
    let worker = setup.start().await;
    for script in [
        Script::words(&[ANSWER]),
        Script {
            fail_after: Some(1),
            ..Script::words(&[ANSWER, ANSWER])
        },
        Script {
            claims: Some(9_999_999),
            ..Script::words(&[ANSWER])
        },
        Script {
            fail_after: Some(0),
            ..Script::words(&[ANSWER])
        },
    ] {
        worker.engine.set(script);
        for way in WAYS {
            for body in [way.plain(PROMPT), way.stream(PROMPT)] {
                let response = worker.send(&way, &body).send().await.unwrap();
                response.text().await.unwrap();
            }
        }
    }
    for way in WAYS {
        let mut body = way.plain(PROMPT);
        body["model"] = json!([PROMPT]);
        let response = worker.send(&way, &body).send().await.unwrap();
        assert_eq!(response.status(), 400);
    }
    worker.settled_down().await;

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    // The agent's own lines: at this level the test's HTTP client and server libraries log what
    // goes over their wires.
    let own: Vec<_> = log
        .lines()
        .filter(|l| l.contains("secret_ai_worker_agent"))
        .collect();
    assert!(
        own.iter().any(|line| line.contains("answered")),
        "the log works"
    );
    let key = bearer(1);
    for line in own {
        assert!(!line.contains(PROMPT) && !line.contains(ANSWER), "{line}");
        assert!(
            !line.contains(&key) && !line.contains(&key[3..40]),
            "{line}"
        );
        assert!(
            !line.contains(&"01".repeat(3)),
            "more than 4 digits of a session id: {line}"
        );
    }
}
