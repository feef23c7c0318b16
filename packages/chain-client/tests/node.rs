//! The client against a node that misbehaves.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use base64::{engine::general_purpose::STANDARD, Engine};
use cosmwasm_std::{Addr, Uint128};
use prost::Message;
use secret_ai_chain_client::{
    encryption::{open_message, IoKeys},
    padded_json,
    proto::{AuthInfo, MsgExecuteContract, TxBody, TxRaw},
    tx, ChainClient, ChainError, ClientConfig, Coin, ContractRef, ExecuteMsg, LcdClient, Wallet,
};
use secret_ai_interface::billing::{self, ReceiveMsg};
use serde_json::{json, Value};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What the fake node was asked and what it knows.
#[derive(Default)]
struct Seen {
    busy_answers_left: u32,
    requests: u32,
    /// The sequence that the node accepts; it tells one less at the first question.
    sequence: u64,
    account_questions: u64,
    accepted: Vec<String>,
    /// Calls of contracts in them, as they came.
    calls: Vec<Vec<u8>>,
    includes: bool,
}

type Node = Arc<Mutex<Seen>>;

async fn fake(seen: Seen) -> (String, Node) {
    let node = Arc::new(Mutex::new(seen));
    let router = Router::new()
        .route("/cosmos/auth/v1beta1/accounts/{address}", get(account))
        .route(
            "/cosmos/bank/v1beta1/balances/{address}/by_denom",
            get(balance),
        )
        .route("/cosmos/tx/v1beta1/txs", post(broadcast))
        .route("/cosmos/tx/v1beta1/txs/{hash}", get(found))
        .with_state(node.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, node)
}

async fn balance(State(node): State<Node>) -> Response {
    let mut seen = node.lock().unwrap();
    seen.requests += 1;
    if seen.busy_answers_left > 0 {
        seen.busy_answers_left -= 1;
        return (StatusCode::SERVICE_UNAVAILABLE, "upstream is away").into_response();
    }
    Json(
        json!({"balance": {"denom": "uscrt", "amount": "340282366920938463463374607431768211455"}}),
    )
    .into_response()
}

async fn account(State(node): State<Node>) -> Json<Value> {
    let mut seen = node.lock().unwrap();
    seen.account_questions += 1;
    let sequence = if seen.account_questions == 1 {
        seen.sequence - 1
    } else {
        seen.sequence
    };
    Json(json!({"account": {"account_number": "7", "sequence": sequence.to_string()}}))
}

async fn broadcast(State(node): State<Node>, Json(body): Json<Value>) -> Json<Value> {
    let mut seen = node.lock().unwrap();
    let bytes = STANDARD.decode(body["tx_bytes"].as_str().unwrap()).unwrap();
    let raw = TxRaw::decode(&bytes[..]).unwrap();
    let auth = AuthInfo::decode(&raw.auth_info_bytes[..]).unwrap();
    let got = auth.signer_infos[0].sequence;
    let hash = tx::hash(&bytes);
    if got != seen.sequence {
        let log = format!(
            "account sequence mismatch, expected {}, got {got}",
            seen.sequence
        );
        return Json(json!({"tx_response": {
            "txhash": hash, "height": "0", "codespace": "sdk", "code": 32, "raw_log": log,
        }}));
    }
    seen.accepted.push(hash.clone());
    let messages = TxBody::decode(&raw.body_bytes[..]).unwrap().messages;
    let calls = messages
        .iter()
        .filter(|any| any.type_url.ends_with("MsgExecuteContract"))
        .map(|any| MsgExecuteContract::decode(&any.value[..]).unwrap().msg);
    seen.calls.extend(calls);
    Json(json!({"tx_response": {"txhash": hash, "height": "0", "code": 0}}))
}

async fn found(State(node): State<Node>, hash: axum::extract::Path<String>) -> Response {
    let seen = node.lock().unwrap();
    if seen.includes && seen.accepted.contains(&hash.0) {
        let response = json!({"txhash": hash.0, "height": 12, "code": 0, "gas_used": "900"});
        return Json(json!({ "tx_response": response })).into_response();
    }
    let error = json!({"code": 5, "message": "tx not found", "details": []});
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}

fn wallet() -> Wallet {
    Wallet::from_private_key(&[5; 32]).unwrap()
}

async fn send(client: &ChainClient) -> Result<u64, ChainError> {
    let to = wallet().address().to_owned();
    let sent = client
        .send_coins(&wallet(), &to, vec![Coin::uscrt(1)], 1_000)
        .await;
    sent.map(|outcome| outcome.gas_used)
}

#[tokio::test]
async fn a_busy_node_is_asked_again() {
    let (url, node) = fake(Seen {
        busy_answers_left: 2,
        ..Seen::default()
    })
    .await;
    let lcd = LcdClient::new(&url, None).unwrap();
    assert_eq!(
        lcd.balance(wallet().address(), "uscrt").await.unwrap(),
        u128::MAX
    );
    assert_eq!(node.lock().unwrap().requests, 3);
}

#[tokio::test]
async fn a_node_that_stays_busy_is_given_up() {
    let (url, node) = fake(Seen {
        busy_answers_left: 99,
        ..Seen::default()
    })
    .await;
    let lcd = LcdClient::new(&url, None).unwrap();
    let error = lcd.balance(wallet().address(), "uscrt").await.unwrap_err();
    assert!(
        matches!(error, ChainError::Node { status: 503, .. }),
        "{error}"
    );
    assert_eq!(node.lock().unwrap().requests, 4);
}

#[tokio::test]
async fn an_absent_node_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = LcdClient::new(&url, None)
        .unwrap()
        .tx_key()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ChainError::Unreachable { url: u, .. } if *u == url),
        "{error}"
    );
}

#[tokio::test]
async fn addresses_that_are_no_http_are_refused() {
    for bad in ["", "localhost:1317", "ftp://x", "http://"] {
        assert!(
            matches!(LcdClient::new(bad, None), Err(ChainError::Invalid { .. })),
            "{bad}"
        );
    }
    assert!(LcdClient::new("https://lcd.example", None).is_ok());
}

#[tokio::test]
async fn a_stale_sequence_is_signed_anew_once() {
    let (url, node) = fake(Seen {
        sequence: 3,
        includes: true,
        ..Seen::default()
    })
    .await;
    let client = ChainClient::new(&url, "secretdev-1").unwrap();
    assert_eq!(send(&client).await.unwrap(), 900);
    let seen = node.lock().unwrap();
    assert_eq!((seen.account_questions, seen.accepted.len()), (2, 1));
}

#[tokio::test]
async fn a_transaction_that_never_comes_is_reported() {
    let (url, _) = fake(Seen {
        sequence: 1,
        ..Seen::default()
    })
    .await;
    let config = ClientConfig {
        inclusion_timeout: Duration::from_millis(300),
        ..ClientConfig::new("secretdev-1")
    };
    let client = ChainClient::with_config(&url, config).unwrap();
    let error = send(&client).await.unwrap_err();
    assert!(matches!(error, ChainError::NotIncluded { .. }), "{error}");
}

fn withdraw(amount: Option<u128>) -> billing::ExecuteMsg {
    billing::ExecuteMsg::Withdraw {
        token: Addr::unchecked("secret1token"),
        amount: amount.map(Uint128::new),
        padding: None,
    }
}

#[tokio::test]
async fn messages_of_one_class_have_one_length_on_the_wire() {
    let (url, node) = fake(Seen {
        sequence: 1,
        includes: true,
        ..Seen::default()
    })
    .await;
    let keys = IoKeys::from_seed([1; 32]);
    let config = ClientConfig {
        tx_key: Some(keys.public()),
        ..ClientConfig::new("secretdev-1")
    };
    let client = ChainClient::with_config(&url, config).unwrap();
    let contract = ContractRef {
        address: wallet().address().into(),
        code_hash: "0".repeat(64),
    };
    let close = billing::ExecuteMsg::CloseSession {
        session_id: [3; 16].into(),
        padding: None,
    };
    let messages = [withdraw(None), withdraw(Some(u128::MAX)), close];
    let calls = messages
        .each_ref()
        .map(|msg| ExecuteMsg::padded(&contract, msg).unwrap());
    // The fake node includes it, but cannot answer as contracts do.
    let _ = client.execute(&wallet(), calls.to_vec(), 1_000).await;
    let wires = node.lock().unwrap().calls.clone();
    assert_eq!(wires.len(), messages.len());
    for (wire, msg) in wires.iter().zip(&messages) {
        assert_eq!(wire.len(), wires[0].len());
        let json = open_message(&keys, wire).unwrap().json;
        assert_eq!(json.len(), 512);
        assert_eq!(
            serde_json::from_slice::<billing::ExecuteMsg>(&json).unwrap(),
            *msg
        );
    }
}

#[test]
fn a_message_that_exceeds_its_class_is_not_sent() {
    let contract = ContractRef {
        address: wallet().address().into(),
        code_hash: "0".repeat(64),
    };
    let long = billing::ExecuteMsg::SetViewingKey {
        key: "k".repeat(512),
        padding: None,
    };
    let error = ExecuteMsg::padded(&contract, &long)
        .err()
        .unwrap()
        .to_string();
    assert_eq!(error, "message has 557 bytes, its class takes 512");
}

#[test]
fn what_travels_inside_another_message_is_filled_too() {
    let deposit = |beneficiary: Option<&str>| ReceiveMsg::Deposit {
        beneficiary: beneficiary.map(Addr::unchecked),
        padding: None,
    };
    let plain = padded_json(&deposit(None)).unwrap();
    let other = padded_json(&deposit(Some(wallet().address()))).unwrap();
    assert_eq!((plain.len(), other.len()), (192, 192));
    assert!(serde_json::from_slice::<ReceiveMsg>(&other).is_ok());
}
