//! Endpoints as other clients use them: shapes, alphabets, errors, faucet, time.

use super::harness::{start, CHAIN, GENESIS, START};
use base64::{engine::general_purpose::STANDARD, Engine};
use secret_ai_chain_client::{tx::sign, Wallet};
use serde_json::json;

#[tokio::test]
async fn accounts_and_balances() {
    let harness = start().await;
    let address = harness.a.address();
    let (_, account) = harness
        .get(&format!("/cosmos/auth/v1beta1/accounts/{address}"))
        .await;
    let expected = json!({"account": {
        "@type": "/cosmos.auth.v1beta1.BaseAccount", "address": address, "pub_key": null,
        "account_number": "0", "sequence": "0",
    }});
    assert_eq!(account, expected);
    let (_, all) = harness
        .get(&format!("/cosmos/bank/v1beta1/balances/{address}"))
        .await;
    assert_eq!(
        all["balances"],
        json!([{"denom": "uscrt", "amount": START.to_string()}])
    );
    let path = format!("/cosmos/bank/v1beta1/spendable_balances/{address}");
    assert_eq!(harness.get(&path).await.1, all);
    let (_, supply) = harness.get("/cosmos/bank/v1beta1/supply").await;
    // Accounts a to d and the faucet.
    assert_eq!(
        supply["supply"],
        json!([{"denom": "uscrt", "amount": (5 * START).to_string()}])
    );
    let path = format!("/cosmos/bank/v1beta1/balances/{address}/by_denom?denom=other");
    let (_, other) = harness.get(&path).await;
    assert_eq!(other, json!({"balance": {"denom": "other", "amount": "0"}}));
    harness.try_send(&harness.context()).await;
    let (_, account) = harness
        .get(&format!("/cosmos/auth/v1beta1/accounts/{address}"))
        .await;
    assert_eq!(account["account"]["sequence"], "1");
    assert_eq!(
        account["account"]["pub_key"]["key"],
        json!(STANDARD.encode(harness.a.public_key()))
    );
}

#[tokio::test]
async fn both_spellings_and_modes_of_a_broadcast() {
    let harness = start().await;
    let mut context = harness.context();
    for (field, mode) in [
        ("tx_bytes", "SYNC"),
        ("txBytes", "SYNC"),
        ("txBytes", "ASYNC"),
    ] {
        let bytes = sign(&harness.a, harness.send_to_b(1), &context);
        let body = json!({field: STANDARD.encode(bytes), "mode": format!("BROADCAST_MODE_{mode}")});
        let (status, answer) = harness.post("/cosmos/tx/v1beta1/txs", &body).await;
        assert_eq!(
            (status, &answer["tx_response"]["code"]),
            (200, &json!(0)),
            "{answer}"
        );
        context.sequence += 1;
    }
    assert_eq!(harness.balance(harness.b.address()).await, START + 3);
}

#[tokio::test]
async fn transactions_and_their_blocks_are_found() {
    let harness = start().await;
    let bytes = sign(&harness.a, harness.send_to_b(1), &harness.context());
    harness.broadcast(&bytes).await;
    let hash = secret_ai_chain_client::tx::hash(&bytes);
    let (_, found) = harness.get(&format!("/cosmos/tx/v1beta1/txs/{hash}")).await;
    let response = &found["tx_response"];
    assert_eq!(response["height"], "2");
    assert_eq!(response["tx"], found["tx"]);
    let message = &found["tx"]["body"]["messages"][0];
    assert_eq!(message["@type"], "/cosmos.bank.v1beta1.MsgSend");
    assert_eq!(message["to_address"], harness.b.address());
    let fee = json!({"key": "fee", "value": "5000uscrt", "index": true});
    let events = response["events"].as_array().unwrap();
    assert!(events
        .iter()
        .any(|e| e["type"] == "tx" && e["attributes"][0] == fee));
    let (_, block) = harness
        .get("/cosmos/base/tendermint/v1beta1/blocks/2")
        .await;
    assert_eq!(
        block["block"]["data"]["txs"],
        json!([STANDARD.encode(&bytes)])
    );
    assert_eq!(block["block"]["header"]["chain_id"], CHAIN);
}

#[tokio::test]
async fn time_moves_when_told_and_with_blocks() {
    let harness = start().await;
    let latest = || async { harness.client.latest_block().await.unwrap() };
    assert_eq!(
        (latest().await.height, latest().await.time),
        (1, GENESIS - 6)
    );
    harness.try_send(&harness.context()).await;
    assert_eq!((latest().await.height, latest().await.time), (2, GENESIS));
    let (status, now) = harness
        .post("/devnet/advance", &json!({"seconds": 600}))
        .await;
    assert_eq!(
        (status, &now["time"]),
        (200, &json!((GENESIS + 606).to_string()))
    );
    assert_eq!(latest().await.height, 102);
    assert!(latest().await.time >= GENESIS + 590);
    for bad in [
        json!({}),
        json!({"seconds": -1}),
        json!({"seconds": 1, "x": 2}),
    ] {
        assert_eq!(harness.post("/devnet/advance", &bad).await.0, 400, "{bad}");
    }
    for path in ["/devnet/advance", "/cosmos/tx/v1beta1/simulate"] {
        let (status, error) = harness.post_text(path, "{").await;
        assert_eq!(
            (status, &error["code"]),
            (400, &json!(3)),
            "{path}: {error}"
        );
    }
    assert_eq!(latest().await.height, 102);
}

#[tokio::test]
async fn faucet_gives_once_per_request() {
    let harness = start().await;
    let stranger = Wallet::from_private_key(&[9; 32]).unwrap();
    let (_, status) = harness.faucet("/status").await;
    let amount: u128 = status["amount"].as_str().unwrap().parse().unwrap();
    let (code, given) = harness
        .faucet(&format!("/faucet?address={}", stranger.address()))
        .await;
    assert_eq!(code, 200, "{given}");
    assert_eq!(harness.balance(stranger.address()).await, amount);
    let hash = given["txhash"].as_str().unwrap();
    assert_eq!(harness.client.wait(hash).await.unwrap().code, 0);
    // The stranger is an account now and can send.
    harness
        .client
        .lcd()
        .account(stranger.address())
        .await
        .unwrap();
    for bad in ["/faucet", "/faucet?address=nobody"] {
        let (code, error) = harness.faucet(bad).await;
        assert_eq!(code, 400);
        assert!(error["error"].is_string());
    }
}

#[tokio::test]
async fn node_says_who_it_is() {
    let harness = start().await;
    let (_, info) = harness
        .get("/cosmos/base/tendermint/v1beta1/node_info")
        .await;
    assert_eq!(info["default_node_info"]["network"], CHAIN);
    let (_, config) = harness.get("/cosmos/base/node/v1beta1/config").await;
    assert_eq!(config, json!({"minimum_gas_price": "0.100uscrt"}));
    let (_, codes) = harness.get("/compute/v1beta1/codes").await;
    assert_eq!(codes, json!({"code_infos": []}));
    let (_, traces) = harness.get("/compute/v1beta1/block_traces/1").await;
    assert_eq!(traces, json!({"traces": []}));
}
