//! Search and simulation, at the RPC and at the LCD.

use super::{
    contracts::{quiet, with_contract},
    harness::start,
};
use base64::{engine::general_purpose::STANDARD, Engine};
use secret_ai_chain_client::tx::sign;
use serde_json::{json, Value};

/// Percent-encoded, as far as these queries need it.
fn encoded(query: &str) -> String {
    [" ", "'", "=", "<", ">"]
        .iter()
        .fold(query.to_owned(), |text, sign| {
            text.replace(sign, &format!("%{:02X}", sign.as_bytes()[0]))
        })
}

fn hashes(found: &Value, list: &str, field: &str) -> Vec<String> {
    let items = found[list].as_array().unwrap_or_else(|| panic!("{found}"));
    items
        .iter()
        .map(|tx| tx[field].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn transactions_are_found_by_their_events() {
    let (harness, contract) = with_contract().await;
    let called = harness.call(&contract, &quiet()).await.unwrap().hash;
    let (a, puppet) = (harness.a.address(), &contract.address);
    for (query, total) in [
        (format!("message.sender='{a}'"), 3),
        (format!("message.sender='{a}' AND tx.height>=4"), 1),
        (format!("message.sender = '{}'", harness.b.address()), 0),
        (
            "message.action='/secret.compute.v1beta1.MsgExecuteContract'".into(),
            1,
        ),
        (format!("execute.contract_address='{puppet}'"), 1),
        (
            "message.contract_address EXISTS AND tx.height=4".to_string(),
            1,
        ),
        ("tx.height > 1 AND tx.height < 4".into(), 2),
    ] {
        let found = harness
            .rpc("tx_search", json!({ "query": query }))
            .await
            .unwrap();
        assert_eq!(found["total_count"], total.to_string(), "{query}: {found}");
        let events = encoded(&query);
        let (_, lcd) = harness
            .get(&format!("/cosmos/tx/v1beta1/txs?query={events}"))
            .await;
        assert_eq!(lcd["total"], total.to_string(), "{query}");
        assert_eq!(
            hashes(&found, "txs", "hash"),
            hashes(&lcd, "tx_responses", "txhash")
        );
        if total == 1 {
            assert_eq!(hashes(&found, "txs", "hash"), [called.as_str()]);
        }
    }
}

#[tokio::test]
async fn pages_and_order() {
    let harness = start().await;
    for _ in 0..3 {
        harness
            .faucet(&format!("/faucet?address={}", harness.a.address()))
            .await;
    }
    let page = |number: u32, order: &str| json!({"query": "tx.height>0", "per_page": "2", "page": number.to_string(), "order_by": order});
    let mut heights = Vec::new();
    for (number, order) in [(1, "asc"), (2, "asc"), (1, "desc")] {
        let found = harness.rpc("tx_search", page(number, order)).await.unwrap();
        assert_eq!(found["total_count"], "3");
        heights.push(hashes(&found, "txs", "height"));
    }
    assert_eq!(heights, [vec!["2", "3"], vec!["4"], vec!["4", "3"]]);
    for (params, words) in [
        (page(3, ""), "within [1, 2] range"),
        (page(0, ""), "within [1, 2] range"),
        (page(1, "random"), "order_by"),
        (json!({"query": "height=1"}), "must be conditions"),
        (json!({}), "must be conditions"),
        (
            json!({"query": format!("wasm.key='{}'", "x".repeat(502))}),
            "query length exceeded",
        ),
    ] {
        let error = harness.rpc("tx_search", params).await.unwrap_err();
        assert!(error["data"].as_str().unwrap().contains(words), "{error}");
    }
    let (low, high) = (encoded("tx.height>0"), encoded("tx.height<4"));
    let path = format!("/cosmos/tx/v1beta1/txs?events={low}&events={high}&limit=1&page=2");
    let (_, lcd) = harness.get(&path).await;
    assert_eq!(hashes(&lcd, "tx_responses", "height"), ["3"]);
    assert_eq!(lcd["total"], "2");
    assert_eq!(harness.get("/cosmos/tx/v1beta1/txs").await.0, 500);
    let far = format!("pagination.offset={}&pagination.limit=1", u64::MAX);
    let (status, error) = harness
        .get(&format!("/cosmos/tx/v1beta1/txs?query={low}&{far}"))
        .await;
    assert_eq!((status, &error["code"]), (400, &json!(3)), "{error}");
    let usual = json!({"query": "tx.height>0", "per_page": "0"});
    let found = harness.rpc("tx_search", usual).await.unwrap();
    assert_eq!(hashes(&found, "txs", "height"), ["2", "3", "4"]);
}

#[tokio::test]
async fn transfers_can_be_simulated_and_contracts_not() {
    let harness = start().await;
    let simulate = |bytes: Vec<u8>| {
        let body = json!({ "tx_bytes": STANDARD.encode(bytes) });
        let harness = &harness;
        async move { harness.post("/cosmos/tx/v1beta1/simulate", &body).await }
    };
    let bytes = sign(&harness.a, harness.send_to_b(1), &harness.context());
    let (status, simulated) = simulate(bytes.clone()).await;
    assert_eq!(status, 200, "{simulated}");
    let gas: u64 = simulated["gas_info"]["gas_used"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    harness.assert_untouched().await;
    harness.broadcast(&bytes).await;
    let (_, tx) = harness.rpc_get("/tx_search?query=%22tx.height=2%22").await;
    assert_eq!(
        tx["result"]["txs"][0]["tx_result"]["gas_used"],
        gas.to_string()
    );
    let too_much = sign(&harness.a, harness.send_to_b(u128::MAX), &harness.context());
    let (status, error) = simulate(too_much).await;
    assert_eq!(status, 500);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("insufficient funds"),
        "{error}"
    );
    assert_eq!(simulate(Vec::new()).await.0, 400);
}
