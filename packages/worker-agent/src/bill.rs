//! The end of every request that did work: its units go into the session's books, its receipt is signed
//! and handed to the journal.

use crate::agent::Agent;
use crate::error::ApiError;
use crate::receipts::{issue, Answer, Proof};
use crate::session::Held;

/// Counts `units`, one per line of the session, in the place of what was held for the request.
///
/// # Errors
/// 500 if the receipt cannot be stored.
pub fn bill(agent: &Agent, held: Held, units: Vec<u64>, answer: Answer) -> Result<Proof, ApiError> {
    let session_id = *held.session().id.as_bytes();
    let issued = held.commit(units, |state, units| {
        let proof = issue(&agent.keys, &agent.domain, session_id, state, units, answer);
        (proof, state.deadline)
    });
    let (proof, deadline) = issued.ok_or_else(ApiError::internal)?;
    let (receipt, now) = (proof.receipt.clone(), agent.sessions.contract_time());
    let handed = agent.journal.put_receipt(receipt, deadline, now);
    handed.map_err(|error| {
        tracing::error!(%error, "cannot store a receipt");
        ApiError::internal()
    })?;
    Ok(proof)
}
