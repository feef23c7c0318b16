//! Blocks through CometBFT's RPC, and the same at the LCD.

use super::harness::{start, CHAIN};
use base64::{engine::general_purpose::STANDARD, Engine};
use serde_json::{json, Value};

#[tokio::test]
async fn blocks_are_the_same_from_every_side() {
    let harness = start().await;
    for _ in 0..3 {
        harness
            .faucet(&format!("/faucet?address={}", harness.a.address()))
            .await;
    }
    let status = harness.rpc("status", json!({})).await.unwrap();
    assert_eq!(status["node_info"]["network"], CHAIN);
    assert_eq!(status["sync_info"]["latest_block_height"], "4");
    let latest = harness.rpc("block", json!({})).await.unwrap();
    assert_eq!(latest["block"]["header"]["height"], "4");
    assert_eq!(
        status["sync_info"]["latest_block_hash"],
        latest["block_id"]["hash"]
    );
    let before = harness.rpc("block", json!({"height": "3"})).await.unwrap();
    assert_eq!(
        latest["block"]["header"]["last_block_id"],
        before["block_id"]
    );
    assert_eq!(
        latest["block"]["last_commit"]["block_id"],
        before["block_id"]
    );
    let header = harness.rpc("header", json!({"height": 3})).await.unwrap();
    assert_eq!(header["header"], before["block"]["header"]);
    let commit = harness.rpc("commit", json!({"height": "3"})).await.unwrap();
    assert_eq!(commit["signed_header"]["header"], header["header"]);
    assert_eq!(
        commit["signed_header"]["commit"]["block_id"],
        before["block_id"]
    );
    let hash = before["block_id"]["hash"].as_str().unwrap();
    let (_, by_hash) = harness
        .rpc_get(&format!("/block_by_hash?hash=0x{hash}"))
        .await;
    assert_eq!(by_hash["result"], before);
    // Of another chain, of a height that is to come, and no hash at all.
    let other = format!("{:0>64}", &hash[48..]);
    let later = format!("{}{}", &hash[..48], "FF".repeat(8));
    for no_hash in [&other[..], &later[..], "AB"] {
        let path = format!("/block_by_hash?hash=0x{no_hash}");
        let (_, no_block) = harness.rpc_get(&path).await;
        assert_eq!(no_block["result"]["block"], Value::Null, "{no_hash}");
    }
    let range = json!({"minHeight": "2", "maxHeight": "3"});
    let range = harness.rpc("blockchain", range).await.unwrap();
    assert_eq!(range["block_metas"].as_array().unwrap().len(), 2);
    assert_eq!(range["block_metas"][0]["block_id"], before["block_id"]);
    let path = "/cosmos/base/tendermint/v1beta1/blocks/3";
    let (_, lcd) = harness.get(path).await;
    assert_eq!(lcd["block"]["header"]["time"], header["header"]["time"]);
    let hex_of = |base64: &Value| {
        let bytes = STANDARD.decode(base64.as_str().unwrap()).unwrap();
        Value::from(hex::encode_upper(bytes))
    };
    assert_eq!(hex_of(&lcd["block_id"]["hash"]), before["block_id"]["hash"]);
    for field in ["app_hash", "data_hash", "proposer_address"] {
        let lcd = hex_of(&lcd["block"]["header"][field]);
        assert_eq!(lcd, header["header"][field], "{field}");
    }
    assert_eq!(
        hex_of(&lcd["block"]["header"]["last_block_id"]["hash"]),
        header["header"]["last_block_id"]["hash"]
    );
    let validators = harness.rpc("validators", json!({})).await.unwrap();
    let validator = &validators["validators"][0];
    let proposer = &header["header"]["proposer_address"];
    assert_eq!(&validator["address"], proposer);
    for height in ["latest", "3"] {
        let path = format!("/cosmos/base/tendermint/v1beta1/validatorsets/{height}");
        let (_, set) = harness.get(&path).await;
        let key = &set["validators"][0]["pub_key"]["key"];
        assert_eq!(key, &validator["pub_key"]["value"], "{height}");
    }
    for (height, words) in [
        ("0", "greater than 0"),
        ("5", "current blockchain height 4"),
    ] {
        let error = harness
            .rpc("block", json!({"height": height}))
            .await
            .unwrap_err();
        assert_eq!(error["code"], -32603);
        assert!(error["data"].as_str().unwrap().contains(words), "{error}");
    }
}
