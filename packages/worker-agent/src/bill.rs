//! The end of every request that did work: its units go into the session's books, its receipt is signed
//! and handed to the journal.

use crate::agent::Agent;
use crate::error::ApiError;
use crate::receipts::{issue, Answer, Proof};
use crate::session::Held;

/// Counts `units`, one per line of the session, in the place of what was held for the request.
///
/// # Errors
/// 500 if it was counted before.
pub fn bill(agent: &Agent, held: Held, units: Vec<u64>, answer: Answer) -> Result<Proof, ApiError> {
    let session_id = *held.session().id.as_bytes();
    let now = agent.sessions.contract_time();
    // Handed over before the session can be dropped from memory.
    let issued = held.commit(units, |state, units| {
        let proof = issue(&agent.keys, &agent.domain, session_id, state, units, answer);
        let receipt = proof.receipt.clone();
        if let Err(error) = agent.journal.put_receipt(receipt, state.deadline, now) {
            tracing::error!(%error, "a receipt is not stored, only its client holds it");
        }
        proof
    });
    let proof = issued.ok_or_else(ApiError::internal)?;
    agent.metrics.money.signed.inc();
    Ok(proof)
}
