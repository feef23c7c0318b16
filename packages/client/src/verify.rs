//! What the client checks of every answer: that the attested key signed the receipt, that the
//! receipt is about this very question and answer, and that it charges what was used and no more.

use secret_ai_interface::billing::{Line, SessionAnswer, SessionAuth};
use secret_ai_interface::registry::WorkerAnswer;
use secret_ai_interface::Unit;
use secret_ai_receipts::{
    amount, kid_of, verify as verify_signature, Body, Domain, Evidence, LineCount, Receipt, Signed,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{ClientError, Result};

/// What an answer consisted of, as the client saw it.
pub struct Exchange<'a> {
    pub domain: &'a Domain,
    pub session: &'a SessionAnswer,
    pub worker: &'a WorkerAnswer,
    pub model: &'a str,
    /// SHA-256 of the request's body as sent.
    pub request_sha256: [u8; 32],
    /// SHA-256 of the response as received, up to the receipt.
    pub response_sha256: [u8; 32],
    /// Usage as the answer told it; without, the units charged are not compared with it.
    pub usage: Option<Usage>,
    /// What came with the text of the question.
    pub parts: Parts,
    /// The newest receipt known before, of the same session and key.
    pub previous: Option<&'a Receipt>,
}

/// `usage` of a chat completion (OpenAI API reference).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    #[serde(default, deserialize_with = "or_nothing")]
    pub prompt_tokens_details: PromptDetails,
}

/// Parts of the prompt.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct PromptDetails {
    #[serde(default, deserialize_with = "or_nothing")]
    pub cached_tokens: u64,
}

/// Engines write null for what they do not tell.
fn or_nothing<'de, T, D>(value: D) -> std::result::Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// What came with the text of a chat, which `usage` does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub pictures: u64,
    pub sounds: u64,
}

impl Parts {
    /// Of the body of a request.
    pub fn of(request: &Value) -> Self {
        let messages = request.get("messages").and_then(Value::as_array);
        let contents = messages.into_iter().flatten();
        let lists = contents.filter_map(|message| message.get("content")?.as_array());
        let kinds = lists
            .flatten()
            .filter_map(|part| part.get("type")?.as_str());
        let mut parts = Parts::default();
        for kind in kinds {
            match kind {
                "image_url" => parts.pictures = parts.pictures.saturating_add(1),
                "input_audio" => parts.sounds = parts.sounds.saturating_add(1),
                _ => {}
            }
        }
        parts
    }
}

/// A receipt that has been verified.
#[derive(Debug)]
pub struct Verified {
    pub receipt: Signed<Receipt>,
    pub evidence: Evidence,
    /// Price of this answer, base units.
    pub cost: u128,
    /// Price of the session so far under this receipt key, base units.
    pub total: u128,
}

/// Verifies an encoded receipt and evidence against the exchange.
///
/// # Errors
/// [`ClientError::Verification`] names the first thing that is wrong.
pub fn verify(exchange: &Exchange, receipt: &[u8], evidence: &[u8]) -> Result<Verified> {
    let wrong = ClientError::verification;
    let receipt = signed_receipt(exchange.domain, exchange.session, exchange.worker, receipt)?;
    let evidence = Evidence::decode(evidence).map_err(|e| wrong(format!("evidence: {e}")))?;
    let body = &receipt.body;
    if exchange.domain.digest(&evidence) != body.evidence {
        return Err(wrong(
            "receipt: for other evidence than the worker sent".into(),
        ));
    }
    if evidence.request_sha256 != exchange.request_sha256 {
        return Err(wrong("evidence: for another request".into()));
    }
    if evidence.response_sha256 != exchange.response_sha256 {
        return Err(wrong("evidence: for another answer".into()));
    }
    if evidence.model != exchange.model {
        return Err(wrong("evidence: for another model".into()));
    }
    check_units(exchange, &evidence)?;
    let before = counted_before(exchange, body, &evidence)?;

    let lines = &exchange.session.lines;
    let total = price(lines, &body.counters)?;
    let cost = total - price(lines, &before)?;
    Ok(Verified {
        evidence,
        cost,
        total,
        receipt,
    })
}

/// Verifies an encoded receipt that comes without its answer: a worker whose slack is used up shows
/// what has to be countersigned before it goes on. `None` if it says nothing new.
///
/// # Errors
/// [`ClientError::Verification`] names the first thing that is wrong.
pub fn verify_missed(
    domain: &Domain,
    session: &SessionAnswer,
    worker: &WorkerAnswer,
    previous: Option<&Receipt>,
    receipt: &[u8],
) -> Result<Option<Signed<Receipt>>> {
    let receipt = signed_receipt(domain, session, worker, receipt)?;
    let body = &receipt.body;
    if body.seq <= previous.map_or(0, |p| p.seq) {
        return Ok(None);
    }
    let wrong = |problem: &str| Err(ClientError::verification(format!("receipt: {problem}")));
    if body.counters.len() != session.lines.len() {
        return wrong("another number of lines");
    }
    let known: &[u64] = match previous {
        Some(receipt) => &receipt.counters,
        None => &[],
    };
    let mut lines = body.counters.iter().zip(known);
    if lines.any(|(counter, known)| counter < known) {
        return wrong("counters are lower than known before");
    }
    check_missed(session, &body.counters, known)?;
    Ok(Some(receipt))
}

/// A receipt of this session, signed by the worker's attested key.
fn signed_receipt(
    domain: &Domain,
    session: &SessionAnswer,
    worker: &WorkerAnswer,
    receipt: &[u8],
) -> Result<Signed<Receipt>> {
    let wrong = |problem: String| ClientError::verification(format!("receipt: {problem}"));
    let receipt: Signed<Receipt> =
        Signed::decode(receipt).map_err(|error| wrong(error.to_string()))?;
    let body = &receipt.body;
    if kid_of(&worker.receipt_pk.0) != worker.kid.0 || body.kid != worker.kid.0 {
        return Err(wrong(
            "not by the key that the registry attested".to_string(),
        ));
    }
    verify_signature(&worker.receipt_pk.0, domain, &receipt)
        .map_err(|error| wrong(error.to_string()))?;
    if body.session_id != session.session_id.0 {
        return Err(wrong("for another session".to_string()));
    }
    Ok(receipt)
}

/// What was not countersigned is never more than the slack, so neither is what an honest worker can
/// have counted since the newest receipt that is known.
fn check_missed(session: &SessionAnswer, counters: &[u64], known: &[u64]) -> Result<()> {
    let cost = price(&session.lines, counters)?.saturating_sub(price(&session.lines, known)?);
    let slack = session.slack.u128();
    if cost > slack {
        let problem = format!(
            "receipt: {cost} base units for answers that never came, more than the slack of {slack}"
        );
        return Err(ClientError::verification(problem));
    }
    Ok(())
}

/// Units must be those of the usage that the answer told.
fn check_units(exchange: &Exchange, evidence: &Evidence) -> Result<()> {
    let lines = &exchange.session.lines;
    if evidence.units.len() != lines.len() {
        return Err(ClientError::verification(
            "evidence: another number of lines",
        ));
    }
    let Some(usage) = exchange.usage else {
        return Ok(());
    };
    let Usage {
        prompt_tokens,
        completion_tokens,
        prompt_tokens_details,
    } = usage;
    let has_cached_line = lines
        .iter()
        .any(|l| l.model == exchange.model && l.unit == Unit::CachedInput);
    let cached = if has_cached_line {
        prompt_tokens_details.cached_tokens
    } else {
        0
    };
    for (line, units) in lines.iter().zip(&evidence.units) {
        let told = match line.unit {
            _ if line.model != exchange.model => 0,
            Unit::Input => prompt_tokens.saturating_sub(cached),
            Unit::CachedInput => cached,
            Unit::Output => completion_tokens,
            Unit::Request => 1,
            Unit::Image => exchange.parts.pictures,
            // How long a sound is, is not measured here.
            Unit::AudioMs if exchange.parts.sounds > 0 => u64::MAX,
            // Of embeddings `usage` tells the texts' tokens as those of a prompt.
            Unit::Embedding if completion_tokens == 0 => prompt_tokens,
            Unit::AudioMs | Unit::Embedding => 0,
        };
        if *units > told {
            let problem = format!("evidence: {units} units charged, {told} told in usage");
            return Err(ClientError::verification(problem));
        }
    }
    Ok(())
}

/// The counters before this answer: they must contain all that was known, and nothing that this client
/// cannot account for.
fn counted_before(exchange: &Exchange, body: &Receipt, evidence: &Evidence) -> Result<Vec<u64>> {
    let wrong = |problem: &str| Err(ClientError::verification(format!("receipt: {problem}")));
    if body.counters.len() != evidence.units.len() {
        return wrong("another number of lines");
    }
    let known = |i: usize| {
        exchange
            .previous
            .and_then(|p| p.counters.get(i))
            .copied()
            .unwrap_or(0)
    };
    let lines = body.counters.iter().zip(&evidence.units).enumerate();
    let before: Option<Vec<u64>> = lines
        .map(|(i, (counter, units))| {
            let before = counter.checked_sub(*units)?;
            (before >= known(i)).then_some(before)
        })
        .collect();
    let Some(before) = before else {
        return wrong("counters are lower than known before");
    };
    let last = exchange.previous.map_or(0, |p| p.seq);
    if body.seq <= last {
        return wrong("seq does not rise");
    }
    let is_more = |(i, counter): (usize, &u64)| *counter != known(i);
    if body.seq - last == 1 && before.iter().enumerate().any(is_more) {
        return wrong("counts more than this answer, and there was no other");
    }
    // Answers between the two broke off, or went to another program with the same wallet.
    if let (SessionAuth::K(_), Some(previous)) = (&exchange.session.auth, exchange.previous) {
        check_missed(exchange.session, &before, &previous.counters)?;
    }
    Ok(before)
}

/// Price of counters at a session's rates, base units.
///
/// # Errors
/// A counter or rate is out of range.
pub fn price(lines: &[Line], counters: &[u64]) -> Result<u128> {
    let priced = lines.iter().zip(counters);
    amount(priced.map(|(line, count)| LineCount {
        count: *count,
        rate: line.rate,
    }))
    .map_err(|e| ClientError::verification(format!("receipt: {e}")))
}
