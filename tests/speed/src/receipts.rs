//! The receipt path alone: what is left to do when an answer is there. Read its usage, hash it, count it,
//! sign the receipt and hand it to the journal, as the agent does it, on one thread.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{header, HeaderMap};
use secret_ai_receipts::{sha256, Domain};
use secret_ai_worker_agent::agent::Parts;
use secret_ai_worker_agent::auth::credential;
use secret_ai_worker_agent::count::Meter;
use secret_ai_worker_agent::receipts::{issue, Answer};
use secret_ai_worker_agent::session::{Held, Session};
use secret_ai_worker_agent::sessions::Sessions;

use crate::mock::MODEL;
use crate::rounds::at;
use crate::{agent, bearer, Failure};

/// Bytes of the answer that is hashed: a long one.
const ANSWER: usize = 8 << 10;
/// Sessions that are served in turn.
const SESSIONS: u64 = 1_000;

/// Times of the receipt path.
pub struct Receipts {
    /// Microseconds.
    pub p50: f64,
    pub p99: f64,
    /// Receipts per second until the last one is on disk.
    pub rate: f64,
}

/// Makes receipts for so long.
pub async fn measure(dir: &Path, time: Duration) -> Result<Receipts, Failure> {
    let data = dir.join("receipts");
    fs::create_dir_all(&data)?;
    // No engine is asked; the address is never used.
    let (parts, _) = agent::parts("http://127.0.0.1:1/v1", SESSIONS, &data)?;
    let sessions = open(&parts).await?;
    let domain = Domain {
        chain_id: parts.identity.chain_id.clone(),
        billing: parts.identity.billing.clone(),
    };
    let (request, answer) = (vec![b'q'; 1 << 10], vec![b'a'; ANSWER]);
    let mut times = Vec::new();
    let start = Instant::now();
    for session in sessions.iter().cycle() {
        let begin = Instant::now();
        one(&parts, &domain, session, &request, &answer)?;
        times.push(u64::try_from(begin.elapsed().as_nanos())?);
        if start.elapsed() > time {
            break;
        }
    }
    parts.journal.flush().await?;
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(Receipts {
        p50: at(&times, 0.5),
        p99: at(&times, 0.99),
        rate,
    })
}

async fn open(parts: &Parts) -> Result<Vec<Arc<Session>>, Failure> {
    let table = Sessions::new(
        bearer::WORKER,
        parts.keys.kid().into(),
        parts.chain.clone(),
        parts.journal.clone(),
        parts.clock.clone(),
        parts.limits.session_refresh_s,
        &parts.limits.rates,
    );
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        let mut headers = HeaderMap::new();
        let value = format!("Bearer {}", bearer::key(number)).parse()?;
        headers.insert(header::AUTHORIZATION, value);
        let credential = credential(&headers, &bearer::WORKER).map_err(|_| "a bad key")?;
        let session = table.open_session(&credential, None).await;
        sessions.push(session.map_err(|_| "a session does not open")?);
    }
    Ok(sessions)
}

/// One receipt.
fn one(
    parts: &Parts,
    domain: &Domain,
    session: &Arc<Session>,
    request: &[u8],
    answer: &[u8],
) -> Result<(), Failure> {
    let meter = Meter::new(&session.lines, MODEL).map_err(|_| "a line is missing")?;
    let units = agent::units(&meter)?;
    let reservation = session.state().ledger.reserve(units.clone())?;
    let held = Held::new(session.clone(), reservation);
    let (id, time) = (session.id, parts.clock.now());
    let facts = Answer {
        request_sha256: sha256(request),
        response_sha256: sha256(answer),
        model: MODEL.into(),
        time,
        aborted: false,
    };
    let stored = held.commit(units, |state, units| {
        let proof = issue(&parts.keys, domain, *id.as_bytes(), state, units, facts);
        let receipt = proof.receipt.clone();
        parts.journal.put_receipt(receipt, state.deadline, time)
    });
    stored.ok_or("nothing was reserved")??;
    Ok(())
}
