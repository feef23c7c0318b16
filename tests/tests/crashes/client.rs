//! A client that keeps every receipt it gets, and what the chain says of its session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_chain_client::{owner_permit, Validity};
use secret_ai_interface::billing::{
    ExecuteMsg, PermitQuery, QueryMsg, SessionAnswer, SessionsAnswer, SettleEntry,
};
use secret_ai_interface::Hex;
use secret_ai_receipts::{amount, LineCount, Receipt, Signed};
use secret_ai_tests::stage::{reference, Failure, Stage, INPUT_RATE, MODEL, OUTPUT_RATE};
use serde_json::{json, Value};

/// Longest answer, tokens.
const MAX_TOKENS: u64 = 4;

/// What a client knows.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// Newest receipt of each key.
    held: BTreeMap<[u8; 20], Signed<Receipt>>,
    /// Requests that were sent and not answered.
    unanswered: u64,
    /// Tokens of the prompt.
    prompt: u64,
}

impl Client {
    /// Pays in, opens a session.
    ///
    /// # Errors
    /// The tool's.
    pub fn open(stage: &Stage) -> Result<Self, Failure> {
        stage.user_runs(&["deposit", "1000000"])?;
        stage.user_runs(&["open", "--model", MODEL, "--cap", "900000"])?;
        let key = stage.user_runs(&["key"])?;
        let key = key.lines().find(|line| line.starts_with("sk-"));
        Ok(Client {
            http: reqwest::Client::builder().no_proxy().build()?,
            url: format!("{}/v1/chat/completions", stage.agent_url()?),
            key: key.ok_or("no key")?.to_owned(),
            known: Arc::default(),
        })
    }

    /// One request; true if it was answered with a receipt.
    pub async fn ask(&self) -> bool {
        let body = json!({
            "model": MODEL,
            "max_tokens": MAX_TOKENS,
            "messages": [{ "role": "user", "content": "What is a receipt?" }],
        });
        let request = self.http.post(&self.url).bearer_auth(&self.key).json(&body);
        let Ok(answer) = request.send().await else {
            self.known().unanswered += 1;
            return false;
        };
        let receipt = answer.headers().get("x-secret-ai-receipt").cloned();
        let status = answer.status();
        let Some(receipt) = receipt else {
            assert!(!status.is_success(), "an answer without a receipt");
            return false;
        };
        let receipt = URL_SAFE_NO_PAD.decode(receipt.as_bytes()).unwrap();
        let receipt = Signed::<Receipt>::decode(&receipt).unwrap();
        let prompt = match answer.json::<Value>().await {
            Ok(body) => body["usage"]["prompt_tokens"].as_u64().unwrap(),
            Err(_) => 0,
        };
        let mut known = self.known();
        known.prompt = known.prompt.max(prompt);
        let held = known
            .held
            .entry(receipt.body.kid)
            .or_insert(receipt.clone());
        if held.body.seq < receipt.body.seq {
            *held = receipt;
        }
        true
    }

    /// Asks until nobody answers.
    pub async fn ask_on(self) {
        while self.ask().await {}
    }

    /// Answers that receipts are held of.
    pub fn answers(&self) -> u64 {
        self.known().held.values().map(|r| r.body.seq).sum()
    }

    /// Receipt keys that receipts are held of.
    pub fn keys(&self) -> usize {
        self.known().held.len()
    }

    /// What the receipts at hand are worth, and what they and all unanswered requests are worth at
    /// most, base units.
    pub fn worth(&self) -> (u128, u128) {
        let known = self.known();
        let held = known
            .held
            .values()
            .map(|receipt| price(&receipt.body.counters));
        let held: u128 = held.sum();
        let one = price(&[known.prompt, MAX_TOKENS]) + 1;
        (held, held + u128::from(known.unanswered) * one)
    }

    /// Hands in all receipts with a wallet that has nothing to do with worker or user.
    ///
    /// # Errors
    /// The chain's.
    pub async fn hand_in(&self, stage: &Stage) -> Result<(), Failure> {
        let held: Vec<_> = self.known().held.values().cloned().collect();
        for receipt in held {
            let settle = ExecuteMsg::Settle {
                kid: Hex(receipt.body.kid),
                entries: vec![SettleEntry {
                    receipt: receipt.encode().into(),
                    ack: None,
                }],
                padding: None,
            };
            stage.call(&stage.anyone, &stage.billing, &settle).await?;
        }
        Ok(())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }
}

fn price(counters: &[u64]) -> u128 {
    let lines = counters.iter().zip([INPUT_RATE, OUTPUT_RATE]);
    let lines = lines.map(|(count, rate)| LineCount {
        count: *count,
        rate,
    });
    amount(lines).unwrap()
}

/// The user's only session.
///
/// # Errors
/// The chain's.
pub async fn session(stage: &Stage) -> Result<SessionAnswer, Failure> {
    let permit = owner_permit(
        &stage.user,
        &stage.nodes.chain_id,
        stage.billing.address.as_str(),
        "crashes",
        Validity::default(),
    )?;
    let query = PermitQuery::Sessions {
        start: None,
        limit: None,
    };
    let msg = QueryMsg::WithPermit { permit, query };
    let billing = reference(&stage.billing);
    let answer: SessionsAnswer = stage.chain.query(&billing, &msg).await?;
    let own = answer.sessions.into_iter().next();
    Ok(own.ok_or("no session")?.session)
}
