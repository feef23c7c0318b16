//! The client's way to a test worker.
#![allow(dead_code)] // each test program uses a part of it

use std::time::{SystemTime, UNIX_EPOCH};

use cosmwasm_std::Addr;
use reqwest::Method;
use secret_ai_client::transport::{Asked, Policy, Transport};
use secret_ai_client::ClientError;
use secret_ai_interface::registry::{KidStatus, Listing, WorkerAnswer};
use secret_ai_interface::Hex;
use secret_ai_worker_agent::clock::Clock as _;
use serde_json::Value;

use crate::common::{bearer, domain, Worker, WORKER};

pub const SEALED: Policy = Policy {
    e2ee: true,
    allow_http: false,
};
pub const TLS_ALONE: Policy = Policy {
    e2ee: false,
    allow_http: false,
};

/// The worker as the registry has it: at `url`, with this TLS key.
pub async fn row(worker: &Worker, url: &str, tls_spki_sha256: [u8; 32]) -> WorkerAnswer {
    let told = worker.http.get(format!("{}/attestation", worker.url));
    let told: Value = told.send().await.unwrap().json().await.unwrap();
    let hex = |name: &str| hex::decode(told[name].as_str().unwrap()).unwrap();
    WorkerAnswer {
        worker_id: WORKER,
        operator: Addr::unchecked("secret1operator"),
        kid: Hex(worker.kid),
        receipt_pk: Hex(worker.receipt_pk),
        tls_spki_sha256: Hex(tls_spki_sha256),
        e2ee_pk: Hex(hex("e2ee_pk").try_into().unwrap()),
        class: 0,
        image: Hex([0; 32]),
        platform: Hex([0; 32]),
        workload: Hex([0; 32]),
        tee: "tdx".into(),
        gpus: 0,
        golden: None,
        seen_at: 0,
        tcb_status: "UpToDate".into(),
        status: KidStatus::Active,
        lease_until: 0,
        active: true,
        listing: Listing {
            url: url.into(),
            models: vec![],
        },
    }
}

/// The way to the worker over plain HTTP, sealed. Its clock is set to this machine's, which the client
/// reads.
pub async fn way(worker: &Worker) -> Transport {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let behind = now.as_secs() as i64 - worker.clock.now() as i64;
    worker.clock.jump(behind);
    let row = row(worker, &worker.url, [0; 32]).await;
    Transport::new(&row, &domain(), SEALED).unwrap()
}

/// A request of session 1.
pub fn asked<'a>(path: &'a str, body: &Value) -> Asked<'a> {
    Asked {
        method: Method::POST,
        path,
        headers: vec![
            ("authorization".into(), format!("Bearer {}", bearer(1))),
            ("content-type".into(), "application/json".into()),
        ],
        body: body.to_string().into_bytes(),
    }
}

/// What an error says for certain.
pub fn kind<T>(result: Result<T, ClientError>) -> &'static str {
    match result.err().expect("must be refused") {
        ClientError::OtherBoot => "other boot",
        ClientError::Unreachable { .. } => "unreachable",
        ClientError::BrokeOff { .. } => "broke off",
        ClientError::Verification { .. } => "verification",
        ClientError::Worker { .. } => "worker",
        ClientError::Input { .. } => "input",
        _ => "other",
    }
}
