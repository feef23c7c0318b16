//! Transactions through CometBFT's RPC.

use super::harness::{start, Harness};
use base64::{engine::general_purpose::STANDARD, Engine};
use secret_ai_chain_client::{
    tx::{hash, sign},
    Coin,
};
use serde_json::{json, Value};

impl Harness {
    async fn rpc_broadcast(&self, how: &str, bytes: &[u8]) -> Result<Value, Value> {
        let tx = STANDARD.encode(bytes);
        self.rpc(&format!("broadcast_tx_{how}"), json!({ "tx": tx }))
            .await
    }
}

#[tokio::test]
async fn a_transaction_is_the_same_from_every_side() {
    let harness = start().await;
    let bytes = sign(&harness.a, harness.send_to_b(1), &harness.context());
    let hash = hash(&bytes);
    let sent = harness.rpc_broadcast("sync", &bytes).await.unwrap();
    let wanted = json!({"code": 0, "codespace": "", "data": "", "log": "", "hash": hash});
    assert_eq!(sent, wanted);
    let (_, tx) = harness.rpc_get(&format!("/tx?hash=0x{hash}")).await;
    let tx = &tx["result"];
    assert_eq!((&tx["hash"], &tx["height"]), (&json!(hash), &json!("2")));
    assert_eq!(tx["tx"], STANDARD.encode(&bytes));
    let raw_hash = STANDARD.encode(hex::decode(&hash).unwrap());
    assert_eq!(
        &harness.rpc("tx", json!({"hash": raw_hash})).await.unwrap(),
        tx
    );
    let query = json!({"query": format!("tx.hash='{hash}'")});
    let found = harness.rpc("tx_search", query).await.unwrap();
    assert_eq!(found, json!({"total_count": "1", "txs": [tx]}));
    let results = harness
        .rpc("block_results", json!({"height": "2"}))
        .await
        .unwrap();
    assert_eq!(results["txs_results"], json!([tx["tx_result"]]));
    let block = harness.rpc("block", json!({"height": "2"})).await.unwrap();
    assert_eq!(block["block"]["data"]["txs"], json!([tx["tx"]]));
    let (_, lcd) = harness.get(&format!("/cosmos/tx/v1beta1/txs/{hash}")).await;
    assert_eq!(lcd["tx_response"]["events"], tx["tx_result"]["events"]);
    assert_eq!(lcd["tx_response"]["gas_used"], tx["tx_result"]["gas_used"]);
    let data = hex::decode(lcd["tx_response"]["data"].as_str().unwrap()).unwrap();
    assert_eq!(tx["tx_result"]["data"], STANDARD.encode(data));
}

#[tokio::test]
async fn commit_waits_and_async_does_not_tell() {
    let harness = start().await;
    let mut context = harness.context();
    let bytes = sign(&harness.a, harness.send_to_b(1), &context);
    let done = harness.rpc_broadcast("commit", &bytes).await.unwrap();
    assert_eq!(
        (&done["check_tx"]["code"], &done["tx_result"]["code"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        (&done["height"], &done["hash"]),
        (&json!("2"), &json!(hash(&bytes)))
    );
    // The sequence is spent.
    let bytes = sign(&harness.a, harness.send_to_b(2), &context);
    let refused = harness.rpc_broadcast("commit", &bytes).await.unwrap();
    assert_eq!(
        (&refused["check_tx"]["code"], &refused["height"]),
        (&json!(32), &json!("0"))
    );
    let silent = harness.rpc_broadcast("async", &bytes).await.unwrap();
    assert_eq!(silent["code"], 0);
    context.sequence = 1;
    let bytes = sign(&harness.a, harness.send_to_b(3), &context);
    assert_eq!(
        harness.rpc_broadcast("async", &bytes).await.unwrap()["code"],
        0
    );
    let latest = harness.rpc("status", json!({})).await.unwrap();
    assert_eq!(latest["sync_info"]["latest_block_height"], "3");
}

#[tokio::test]
async fn refusals_have_the_codes_of_the_lcd() {
    let harness = start().await;
    let mut context = harness.context();
    context.fee = vec![Coin::uscrt(1)];
    let cheap = sign(&harness.a, harness.send_to_b(1), &context);
    let refused = harness.rpc_broadcast("sync", &cheap).await.unwrap();
    assert_eq!(
        (&refused["code"], &refused["codespace"]),
        (&json!(13), &json!("sdk"))
    );
    assert!(refused["log"]
        .as_str()
        .unwrap()
        .contains("insufficient fee"));
    assert_eq!(
        harness.rpc_broadcast("sync", &[1, 2, 3]).await.unwrap()["code"],
        2
    );
    let missing = harness
        .rpc("tx", json!({"hash": STANDARD.encode([7; 32])}))
        .await;
    let missing = missing.unwrap_err();
    let words = format!("tx ({}) not found", "07".repeat(32));
    assert_eq!(
        (&missing["code"], &missing["data"]),
        (&json!(-32603), &json!(words))
    );
    harness.assert_untouched().await;
    let bytes = sign(&harness.a, harness.send_to_b(1), &harness.context());
    harness.rpc_broadcast("sync", &bytes).await.unwrap();
    let again = harness.rpc_broadcast("sync", &bytes).await.unwrap_err();
    assert_eq!(again["data"], "tx already exists in cache");
}
