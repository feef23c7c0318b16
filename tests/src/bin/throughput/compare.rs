//! Asks two servers the same questions in turn. Rounds alternate, so that a noisy machine is noisy for both;
//! tokens are those of the server's own `usage`.

use std::time::{Duration, Instant};

use clap::Args;
use reqwest::Client;
use serde_json::{json, Value};
use tokio::task::JoinSet;

use crate::Failure;

/// A server that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is asked, and of whom.
#[derive(Args, Clone)]
pub struct Options {
    /// The engine alone, address up to and including `/v1`.
    #[arg(long)]
    bare: String,
    /// The agent before it, address up to and including `/v1`.
    #[arg(long)]
    agent: String,
    /// Bearer key of a session with the agent.
    #[arg(long)]
    key: String,
    #[arg(long)]
    model: String,
    /// Requests at once, one line of the table for each.
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    concurrency: Vec<usize>,
    /// Requests of each client in each round.
    #[arg(long, default_value_t = 2)]
    requests: usize,
    /// Rounds, after one that does not count.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Tokens of each answer at most.
    #[arg(long, default_value_t = 256)]
    max_tokens: u64,
    /// Words of each question.
    #[arg(long, default_value_t = 64)]
    words: usize,
    /// The least share of the engine's tokens per second that must come through the agent, percent; a
    /// failure if it is less.
    #[arg(long)]
    least: Option<f64>,
}

/// Tokens and seconds of some rounds.
#[derive(Clone, Copy, Default)]
struct Sum {
    tokens: u64,
    seconds: f64,
    /// Of the first bytes, seconds, and how many.
    first: (f64, u32),
}

impl Sum {
    fn per_second(&self) -> f64 {
        self.tokens as f64 / self.seconds.max(f64::EPSILON)
    }

    fn first_ms(&self) -> f64 {
        1_000.0 * self.first.0 / f64::from(self.first.1.max(1))
    }
}

/// Prints the table.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let client = Client::builder().timeout(PATIENCE).build()?;
    println!("| clients | engine tokens/s | agent tokens/s | share | first byte, engine / agent |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    let mut least = f64::INFINITY;
    for clients in options.concurrency.iter().copied() {
        let (mut bare, mut agent) = (Sum::default(), Sum::default());
        for number in 0..=options.rounds {
            let first = round(&client, options, &options.bare, clients).await?;
            let second = round(&client, options, &options.agent, clients).await?;
            // The first round warms caches and connections.
            if number > 0 {
                add(&mut bare, first);
                add(&mut agent, second);
            }
        }
        let share = 100.0 * agent.per_second() / bare.per_second().max(f64::EPSILON);
        least = least.min(share);
        println!(
            "| {clients} | {:.1} | {:.1} | {share:.1} % | {:.1} / {:.1} ms |",
            bare.per_second(),
            agent.per_second(),
            bare.first_ms(),
            agent.first_ms(),
        );
    }
    match options.least {
        Some(wanted) if least < wanted => {
            Err(format!("{least:.1} % of the engine's tokens per second, wanted {wanted} %").into())
        }
        _ => Ok(()),
    }
}

fn add(sum: &mut Sum, more: Sum) {
    sum.tokens += more.tokens;
    sum.seconds += more.seconds;
    sum.first.0 += more.first.0;
    sum.first.1 += more.first.1;
}

/// All clients at once, each its requests one after the other.
async fn round(
    client: &Client,
    options: &Options,
    base: &str,
    clients: usize,
) -> Result<Sum, Failure> {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        let (client, options, base) = (client.clone(), options.clone(), base.to_owned());
        tasks.spawn(async move {
            let mut sum = Sum::default();
            for turn in 0..options.requests {
                let question = question(options.words, number * options.requests + turn);
                let (tokens, first) = ask(&client, &options, &base, &question).await?;
                sum.tokens += tokens;
                sum.first = (sum.first.0 + first, sum.first.1 + 1);
            }
            Ok::<Sum, Failure>(sum)
        });
    }
    let mut sum = Sum::default();
    while let Some(one) = tasks.join_next().await {
        add(&mut sum, one??);
    }
    sum.seconds = began.elapsed().as_secs_f64();
    Ok(sum)
}

/// A question of its own for each request, the same for both servers, so that both find as much in
/// their caches.
fn question(words: usize, number: usize) -> String {
    const WORDS: [&str; 8] = [
        "what", "is", "a", "receipt", "session", "worker", "slack", "token",
    ];
    let word = |place: usize| WORDS[(number * 31 + place * 7 + place / 5) % WORDS.len()];
    let text: Vec<&str> = (0..words).map(word).collect();
    format!("{number}: {}?", text.join(" "))
}

/// Tokens of the answer, and seconds until its first bytes.
async fn ask(
    client: &Client,
    options: &Options,
    base: &str,
    question: &str,
) -> Result<(u64, f64), Failure> {
    let body = json!({
        "model": options.model,
        "messages": [{ "role": "user", "content": question }],
        "max_tokens": options.max_tokens,
        "temperature": 0.0,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    let began = Instant::now();
    let request = client
        .post(format!("{base}/chat/completions"))
        .bearer_auth(&options.key)
        .header("content-type", "application/json")
        .body(body.to_string());
    let mut answer = request.send().await?;
    let status = answer.status();
    if !status.is_success() {
        let text = answer.text().await?;
        return Err(format!("{base} answers {status}: {text}").into());
    }
    let (mut text, mut first) = (Vec::new(), None);
    while let Some(bytes) = answer.chunk().await? {
        first.get_or_insert_with(|| began.elapsed().as_secs_f64());
        text.extend_from_slice(&bytes);
    }
    let text = String::from_utf8_lossy(&text);
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let tokens = events
        .filter_map(|event| serde_json::from_str::<Value>(event).ok())
        .filter_map(|event| event["usage"]["completion_tokens"].as_u64())
        .next_back();
    let tokens = tokens.ok_or_else(|| format!("{base}: an answer without usage"))?;
    Ok((tokens, first.unwrap_or_default()))
}
