//! Receipts, acks, requests, heartbeats and evidence: one encoding each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_receipts::{Ack, Body, Evidence, Heartbeat, Receipt, Request, Signed};

fn canonical<B: Body>(data: &[u8]) {
    if let Ok(body) = B::decode(data) {
        assert_eq!(body.encode(), data, "{}", B::KIND);
    }
    if let Ok(signed) = Signed::<B>::decode(data) {
        assert_eq!(signed.encode(), data, "signed {}", B::KIND);
    }
}

fuzz_target!(|data: &[u8]| {
    canonical::<Receipt>(data);
    canonical::<Ack>(data);
    canonical::<Request>(data);
    canonical::<Heartbeat>(data);
    canonical::<Evidence>(data);
});
