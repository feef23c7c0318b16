//! One of each signed struct.

use secret_ai_receipts::{Ack, Body, Evidence, Heartbeat, Receipt, Request, Signed};

use crate::Seeds;

pub fn seeds() -> Vec<Seeds> {
    let counters = vec![1, 2, 3];
    let bodies = [
        encodings(Receipt {
            session_id: [1; 16],
            kid: [2; 20],
            seq: 3,
            is_final: true,
            aborted: false,
            counters: counters.clone(),
            evidence: [4; 32],
        }),
        encodings(Ack {
            session_id: [1; 16],
            kid: [2; 20],
            seq: 3,
            amount: 5,
        }),
        encodings(Request {
            session_id: [1; 16],
            kid: [2; 20],
            time: 1_790_000_000,
            nonce: [6; 16],
            body_sha256: [7; 32],
        }),
        encodings(Heartbeat {
            kid: [2; 20],
            epoch: 8,
        }),
        encodings(Evidence {
            request_sha256: [1; 32],
            response_sha256: [2; 32],
            model: "qwen3".into(),
            time: 1_790_000_000,
            units: counters,
        }),
    ];
    vec![("receipts", bodies.concat())]
}

fn encodings<B: Body>(body: B) -> Vec<Vec<u8>> {
    let plain = body.encode();
    let signature = [0x11; 64];
    vec![plain, Signed { body, signature }.encode()]
}
