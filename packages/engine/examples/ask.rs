//! Asks the built-in demo model, or a GGUF file given as `MODEL`, each argument as one question, and
//! prints answers and speed: `cargo run -p secret-ai-engine --example ask -- "What is a receipt?"`.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use futures_util::StreamExt;
use secret_ai_engine::embedded::{EmbeddedConfig, EmbeddedEngine, DEMO_MODEL_ID};
use secret_ai_engine::{Call, ChatRequest, Endpoint, Engine, EngineError};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let engine = match std::env::var_os("MODEL") {
        Some(path) => EmbeddedEngine::open(Path::new(&path), EmbeddedConfig::new(DEMO_MODEL_ID))?,
        None => EmbeddedEngine::demo()?,
    };
    println!("loaded in {} ms", started.elapsed().as_millis());
    for question in std::env::args().skip(1) {
        answer(&engine, &question).await?;
    }
    Ok(())
}

async fn answer(engine: &EmbeddedEngine, question: &str) -> Result<(), EngineError> {
    let request = ChatRequest {
        stream: Some(true),
        ..ChatRequest::from_user(DEMO_MODEL_ID, question)
    };
    let call = Call {
        endpoint: Endpoint::ChatCompletions,
        model: DEMO_MODEL_ID.into(),
        content_type: "application/json".into(),
        body: request.into_body(None)?,
        stream: true,
        trace: None,
    };
    let started = Instant::now();
    let mut body = engine.call(call).await?.body;
    // This engine sends whole events.
    while let Some(events) = body.next().await {
        let events = String::from_utf8_lossy(&events?).into_owned();
        for data in events
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
        {
            let chunk: Value = serde_json::from_str(data).unwrap_or_default();
            let text = chunk["choices"][0]["delta"]["content"].as_str();
            print!("{}", text.unwrap_or_default());
            if let Some(tokens) = chunk["usage"]["completion_tokens"].as_f64() {
                let speed = tokens / started.elapsed().as_secs_f64();
                println!("\n  [{tokens} tokens, {speed:.0} tokens/s]");
            }
        }
        // A terminal that is gone is no reason to stop counting.
        std::io::stdout().flush().unwrap_or(());
    }
    Ok(())
}
