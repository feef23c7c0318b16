//! Asks the built-in demo model, or a GGUF file given as `MODEL`, each argument as one question, and
//! prints answers and speed: `cargo run -p secret-ai-engine --example ask -- "What is a receipt?"`.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use futures_util::StreamExt;
use secret_ai_engine::embedded::{EmbeddedConfig, EmbeddedEngine, DEMO_MODEL_ID};
use secret_ai_engine::{CancellationToken, ChatEvent, ChatRequest, Engine, EngineError};

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
    let request = ChatRequest::from_user(DEMO_MODEL_ID, question);
    let started = Instant::now();
    let mut events = engine.chat(request, CancellationToken::new()).await?;
    while let Some(event) = events.next().await {
        match event? {
            ChatEvent::Delta(delta) => print!("{}", delta.text.unwrap_or_default()),
            ChatEvent::Usage(usage) => {
                let speed = usage.completion_tokens as f64 / started.elapsed().as_secs_f64();
                println!(
                    "\n  [{} + {} tokens, {speed:.0} tokens/s]",
                    usage.prompt_tokens, usage.completion_tokens
                );
            }
            ChatEvent::UsageMissing { .. } | ChatEvent::Done => {}
        }
        // A terminal that is gone is no reason to stop counting.
        std::io::stdout().flush().unwrap_or(());
    }
    Ok(())
}
