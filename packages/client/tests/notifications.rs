//! The wallet's notifications are found among everybody's, in blocks that a node serves.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use cosmwasm_std::testing::{mock_env, MockStorage};
use cosmwasm_std::{Addr, Binary, Storage, TransactionInfo};
use secret_ai_chain_client::{tx, ChainClient, TxResponse};
use secret_ai_client::notifications::{in_block, Inbox, Notification};
use secret_ai_client::ClientError;
use secret_ai_contract_kit::notification::{attributes, seed_of, Event, Note, BILLING_CHANNELS};
use secret_ai_contract_kit::random::Stream;
use secret_ai_interface::notifications::{ChannelInfo, ChannelInfoAnswer, ChannelMode};
use secret_ai_interface::Hex;
use serde_json::{json, Value};

const ALICE: &str = "secret1zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3rcrt0n";
const BOB: &str = "secret1yg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zv9xd8y";
const HEIGHT: u64 = 7;
/// What a transaction looks like does not matter here.
const TX: &[u8] = b"a transaction";

fn storage() -> MockStorage {
    let mut storage = MockStorage::new();
    storage.set(b"notification_secret", &[5; 32]);
    storage
}

fn inbox(address: &str) -> Inbox {
    let seed = seed_of(&storage(), &Addr::unchecked(address)).unwrap();
    let seed = Binary(seed.to_vec());
    let channels = BILLING_CHANNELS.iter().map(|channel| ChannelInfo {
        channel: channel.id.into(),
        mode: ChannelMode::Txhash,
        seed: seed.clone(),
        cddl: channel.cddl.into(),
        answer_id: None,
    });
    Inbox::new(ChannelInfoAnswer::ChannelInfo {
        as_of_block: HEIGHT.into(),
        seed: seed.clone(),
        channels: channels.collect(),
    })
    .unwrap()
}

fn ended() -> Event {
    Event::SessionEnded {
        session_id: Hex([3; 16]),
        paid: 10,
        rest: 90,
    }
}

fn deposit(amount: u128) -> Event {
    let token = Addr::unchecked(BOB);
    Event::DepositCredited { token, amount }
}

/// `tx_response` of a transaction in which Alice is told two things and Bob one.
fn response() -> Value {
    let mut env = mock_env();
    env.block.height = HEIGHT;
    env.transaction = Some(TransactionInfo {
        index: 0,
        hash: tx::hash(TX),
    });
    let note = |to: &str, events: [Option<Event>; 2]| Note {
        to: Addr::unchecked(to),
        events: events.to_vec(),
    };
    let notes = [
        note(BOB, [Some(deposit(1)), None]),
        note(ALICE, [Some(ended()), Some(deposit(u128::MAX))]),
    ];
    let mut stream = Stream::new([9; 32]);
    let made = attributes(&mut storage(), &env, &mut stream, &notes).unwrap();
    let made = made.iter().map(|a| json!({"key": a.key, "value": a.value}));
    let mut all = vec![json!({"key": "contract_address", "value": BOB})];
    all.extend(made);
    json!({
        "height": HEIGHT.to_string(),
        "txhash": tx::hash(TX),
        "code": 0,
        "events": [
            {"type": "message", "attributes": [{"key": "action", "value": "x"}]},
            {"type": "wasm", "attributes": all},
        ],
    })
}

fn told(events: Vec<Event>) -> Vec<Notification> {
    let tell = |event| Notification {
        height: HEIGHT,
        txhash: tx::hash(TX),
        event,
    };
    events.into_iter().map(tell).collect()
}

async fn block(Path(height): Path<u64>) -> Json<Value> {
    let txs = match height {
        HEIGHT => vec![STANDARD.encode(TX)],
        _ => Vec::new(),
    };
    Json(json!({ "block": { "data": { "txs": txs } } }))
}

async fn by_hash(Path(hash): Path<String>) -> Json<Value> {
    assert_eq!(hash, tx::hash(TX));
    Json(json!({ "tx_response": response() }))
}

#[tokio::test]
async fn each_account_finds_its_own_in_a_block() {
    let router = Router::new()
        .route(
            "/cosmos/base/tendermint/v1beta1/blocks/{height}",
            get(block),
        )
        .route("/cosmos/tx/v1beta1/txs/{hash}", get(by_hash));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let chain = ChainClient::new(&url, "c").unwrap();

    let alice = in_block(&chain, &[inbox(ALICE)], HEIGHT).await.unwrap();
    assert_eq!(alice, told(vec![deposit(u128::MAX), ended()]));
    let bob = in_block(&chain, &[inbox(BOB)], HEIGHT).await.unwrap();
    assert_eq!(bob, told(vec![deposit(1)]));
    let nobody = in_block(&chain, &[inbox(BOB), inbox(ALICE)], HEIGHT + 1).await;
    assert_eq!(nobody.unwrap(), []);
}

#[test]
fn a_changed_notification_is_refused() {
    let parse = |json: Value| serde_json::from_value::<TxResponse>(json).unwrap();
    assert_eq!(inbox(ALICE).read(&parse(response())).unwrap().len(), 2);
    let mut elsewhere = response();
    elsewhere["height"] = json!("8");
    let mut changed = response();
    let attributes = changed["events"][1]["attributes"].as_array_mut().unwrap();
    for attribute in attributes {
        attribute["value"] = json!("AAAA");
    }
    for tx in [elsewhere, changed] {
        let error = inbox(ALICE).read(&parse(tx)).unwrap_err();
        assert!(matches!(error, ClientError::Verification { .. }), "{error}");
    }
}
