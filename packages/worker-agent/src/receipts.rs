//! Receipts: each answer's is signed over the session's new cumulative counters, in the order in
//! which answers were counted.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_receipts::{sign, Body, Domain, Evidence, Receipt, Signed};
use serde_json::{json, Value};

use crate::keys::BootKeys;
use crate::session::State;

/// What a receipt says about one answer.
pub struct Answer {
    pub request_sha256: [u8; 32],
    pub response_sha256: [u8; 32],
    pub model: String,
    /// Unix seconds.
    pub time: u64,
    pub aborted: bool,
}

/// A receipt with the evidence whose digest it carries.
#[derive(Clone, Debug)]
pub struct Proof {
    pub receipt: Signed<Receipt>,
    pub evidence: Evidence,
}

impl Proof {
    /// The signed receipt as it travels in headers and events.
    pub fn receipt_text(&self) -> String {
        encode(&self.receipt.encode())
    }

    /// The evidence as it travels in headers and events.
    pub fn evidence_text(&self) -> String {
        encode(&self.evidence.encode())
    }

    /// Both, as they travel at the end of a stream.
    pub fn to_json(&self) -> Value {
        json!({ "receipt": self.receipt_text(), "evidence": self.evidence_text() })
    }
}

/// base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signs the receipt of the answer that was counted last in `state`.
pub fn issue(
    keys: &BootKeys,
    domain: &Domain,
    session_id: [u8; 16],
    state: &mut State,
    units: &[u64],
    answer: Answer,
) -> Proof {
    let evidence = Evidence {
        request_sha256: answer.request_sha256,
        response_sha256: answer.response_sha256,
        model: answer.model,
        time: answer.time,
        units: units.to_vec(),
    };
    let own = state.ledger.own();
    let receipt = Receipt {
        session_id,
        kid: keys.kid(),
        seq: own.seq,
        is_final: false,
        aborted: answer.aborted,
        counters: own.counters.clone(),
        evidence: domain.digest(&evidence),
    };
    let receipt = sign(keys.receipt(), domain, receipt);
    state.newest = Some(receipt.clone());
    Proof { receipt, evidence }
}
