//! An inference server that costs next to nothing: a plain answer of about 1 KB, or a stream of 64
//! pieces and the usage, each piece in a chunk and a write of its own as vLLM sends them.
//!
//! The prompt says how the pieces come: `pace_us=5000` puts five milliseconds between them, `pace_us=0`
//! nothing. It travels through every gateway unharmed, whatever that does to the rest of a request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::http::{broken, content_length, Inbox};

/// Name of the one model.
pub const MODEL: &str = "mock";
/// Pieces of a streamed answer.
pub const PIECES: usize = 64;
/// Tokens of every prompt, as the mock's usage says.
pub const PROMPT_TOKENS: u64 = 20;
/// What the prompt says about the pace, before the microseconds.
pub const PACE: &str = "pace_us=";

/// Answers, made once.
struct Answers {
    plain: Vec<u8>,
    /// Head of a stream.
    opening: Vec<u8>,
    /// Chunks of a stream, the last one with the end of the body.
    pieces: Vec<Vec<u8>>,
    models: Vec<u8>,
    /// To whatever else is asked: health and facts that routers want.
    other: Vec<u8>,
}

/// Serves until it is killed.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let answers = Arc::new(Answers::new());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answers = answers.clone();
        // A client that goes away ends its connection, nothing else.
        tokio::spawn(async move { connection(stream, &answers).await });
    }
}

async fn connection(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    let mut inbox = Inbox::default();
    while let Some(head) = inbox.head(&mut stream).await? {
        let length = content_length(&head).unwrap_or(0);
        while inbox.rest().len() < length {
            if !inbox.more(&mut stream).await? {
                return Err(broken("half a body"));
            }
        }
        let body = inbox.take(length);
        if head.starts_with("GET /v1/models") {
            stream.write_all(&answers.models).await?;
        } else if !head.starts_with("POST") {
            stream.write_all(&answers.other).await?;
        } else if wants_stream(body) {
            let pace = pace(body);
            send_pieces(&mut stream, answers, pace).await?;
        } else {
            stream.write_all(&answers.plain).await?;
        }
    }
    Ok(())
}

async fn send_pieces(stream: &mut TcpStream, answers: &Answers, pace: Duration) -> io::Result<()> {
    stream.write_all(&answers.opening).await?;
    for (at, piece) in answers.pieces.iter().enumerate() {
        if at > 0 && !pace.is_zero() {
            sleep(pace).await;
        }
        stream.write_all(piece).await?;
    }
    Ok(())
}

fn wants_stream(body: &[u8]) -> bool {
    let forms: [&[u8]; 2] = [b"\"stream\":true", b"\"stream\": true"];
    forms.iter().any(|form| memmem::find(body, form).is_some())
}

/// The `usage` object of every answer.
pub fn usage() -> String {
    format!(
        r#"{{"prompt_tokens":{PROMPT_TOKENS},"completion_tokens":{PIECES},"total_tokens":{}}}"#,
        PROMPT_TOKENS + PIECES as u64
    )
}

/// Time between two pieces.
fn pace(body: &[u8]) -> Duration {
    let start = memmem::find(body, PACE.as_bytes()).map_or(body.len(), |at| at + PACE.len());
    let digits = body.iter().skip(start).take_while(|b| b.is_ascii_digit());
    let micros = digits.fold(0u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    Duration::from_micros(micros)
}

impl Answers {
    fn new() -> Self {
        let usage = usage();
        let words =
            "All that is gold does not glitter, not all those who wander are lost. ".repeat(12);
        let plain = format!(
            r#"{{"id":"chatcmpl-mock","object":"chat.completion","created":1800000000,"model":"{MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"logprobs":null,"finish_reason":"stop"}}],"usage":{usage}}}"#,
            words.trim_end()
        );
        let models = format!(
            r#"{{"object":"list","data":[{{"id":"{MODEL}","object":"model","created":1800000000,"owned_by":"mock","max_model_len":131072}}]}}"#
        );
        let other = format!(r#"{{"status":"ok","model_path":"{MODEL}","version":"1"}}"#);
        let opening = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                       transfer-encoding: chunked\r\n\r\n";
        Answers {
            plain: whole(&plain),
            opening: opening.into(),
            pieces: pieces(&usage),
            models: whole(&models),
            other: whole(&other),
        }
    }
}

/// The events of a stream, each as a chunk.
fn pieces(usage: &str) -> Vec<Vec<u8>> {
    let event = |choices: &str, usage: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1800000000,\"model\":\"{MODEL}\",\"choices\":[{choices}],\"usage\":{usage}}}\n\n"
        )
    };
    let choice = |delta: &str, finish: &str| {
        event(
            &format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#),
            "null",
        )
    };
    let first = choice(r#"{"role":"assistant","content":"All"}"#, "null");
    let words = (2..PIECES).map(|_| choice(r#"{"content":" gold"}"#, "null"));
    let last = choice(r#"{"content":"."}"#, "\"stop\"");
    let mut chunks: Vec<Vec<u8>> = std::iter::once(first)
        .chain(words)
        .chain([last, event("", usage)])
        .map(|text| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes())
        .collect();
    let done = "data: [DONE]\n\n";
    chunks.push(format!("{:x}\r\n{done}\r\n0\r\n\r\n", done.len()).into_bytes());
    chunks
}

/// A whole answer in json.
fn whole(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
