//! What the LCD answers to requests that it cannot serve: HTTP status, gRPC code, text. The node's
//! defaults send compute and bank queries over gRPC, and block queries over ABCI, which puts words
//! around.

use super::{fits, stage::Stage};
use crate::harness::start;
use base64::{engine::general_purpose::STANDARD, Engine};
use secret_ai_chain_client::{
    encryption::{random_nonce, seal_message},
    Wallet,
};
use serde_json::json;

#[tokio::test]
async fn bad_requests() {
    let harness = start().await;
    let stranger = Wallet::from_private_key(&[9; 32]).unwrap();
    let nobody = stranger.address();
    let hash = "AB".repeat(32);
    let key = harness.client.lcd().tx_key().await.unwrap();
    let sealed = seal_message(
        harness.a.io_keys(),
        &key,
        &random_nonce(),
        &"22".repeat(32),
        b"{}",
    );
    let sealed = STANDARD.encode(sealed.unwrap().wire).replace('+', "%2B");
    let compute = "/compute/v1beta1";
    let blocks = "/cosmos/base/tendermint/v1beta1/blocks";
    let not_found = "codespace compute code 9: not found";
    let bech32 = "decoding bech32 failed: invalid separator index -1";
    for (path, status, code, text) in [
        ("/no/such/endpoint".into(), 501, 12, "Not Implemented"),
        (
            "/cosmos/tx/v1beta1/simulate".into(),
            501,
            12,
            "Method Not Allowed",
        ),
        (
            format!("/cosmos/auth/v1beta1/accounts/{nobody}"),
            404,
            5,
            "account * not found",
        ),
        (
            "/cosmos/auth/v1beta1/accounts/nonsense".into(),
            500,
            2,
            bech32,
        ),
        (
            format!(
                "/cosmos/auth/v1beta1/accounts/{}x",
                &nobody[..nobody.len() - 1]
            ),
            500,
            2,
            "decoding bech32 failed: invalid checksum (expected * got *x)",
        ),
        (
            "/cosmos/auth/v1beta1/accounts/cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh".into(),
            500,
            2,
            "invalid Bech32 prefix; expected secret, got cosmos",
        ),
        (
            "/cosmos/bank/v1beta1/balances/nonsense".into(),
            400,
            3,
            "invalid address: decoding bech32 failed: invalid separator index -1",
        ),
        (
            format!("/cosmos/bank/v1beta1/balances/{nobody}/by_denom"),
            400,
            3,
            "invalid denom: ",
        ),
        (format!("{compute}/info/nonsense"), 500, 2, bech32),
        (format!("{compute}/info/{nobody}"), 500, 2, not_found),
        (format!("{compute}/label/{nobody}"), 500, 2, not_found),
        (
            format!("{compute}/contract_address/nothing"),
            500,
            2,
            "codespace sdk code 9: unknown address: nothing",
        ),
        (
            format!("{compute}/code_hash/by_contract_address/{nobody}"),
            500,
            2,
            not_found,
        ),
        (
            format!("{compute}/code_hash/by_code_id/7"),
            500,
            2,
            "failed to get code info for code id 7",
        ),
        (
            format!("{compute}/code_hash/by_code_id/x"),
            400,
            3,
            "type mismatch, parameter: code_id, error: strconv.ParseUint: parsing \"x\": invalid \
             syntax",
        ),
        (format!("{compute}/code/7"), 500, 2, not_found),
        (
            format!("{compute}/code/0"),
            500,
            2,
            "codespace compute code 13: invalid: code id",
        ),
        (format!("{compute}/contracts/7"), 500, 2, not_found),
        (
            format!("{compute}/query/{nobody}?query=a!!!"),
            400,
            3,
            "illegal base64 data at input byte 1",
        ),
        (
            format!("{compute}/query/{nobody}?query={sealed}"),
            500,
            2,
            "codespace compute code 9: not found: contract",
        ),
        (
            format!("/cosmos/tx/v1beta1/txs/{hash}"),
            404,
            5,
            "tx not found: *",
        ),
        (
            format!("{blocks}/99"),
            400,
            3,
            "rpc error: code = InvalidArgument desc = requested block height is bigger then the \
             chain length: invalid request",
        ),
        (
            format!("{blocks}/0"),
            400,
            3,
            "height must be greater than 0, but got 0: invalid request",
        ),
    ] {
        let (got, error) = harness.get(&path).await;
        let words = error["message"].as_str().unwrap_or_default();
        assert_eq!(
            (got, &error["code"]),
            (status, &json!(code)),
            "{path}: {error}"
        );
        assert!(fits(text, words), "{path}: {words}");
        assert_eq!(error["details"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn bad_broadcasts() {
    let harness = start().await;
    for (body, status, code, text) in [
        (json!({}), 400, 3, "invalid empty tx"),
        (
            json!({"tx_bytes": "!", "mode": "BROADCAST_MODE_SYNC"}),
            400,
            3,
            "illegal base64 data at input byte 0",
        ),
        (
            json!({"tx_bytes": "AA==", "mode": "loud"}),
            400,
            3,
            "unknown value \"loud\" for enum cosmos.tx.v1beta1.BroadcastMode",
        ),
        (
            json!({"tx_bytes": "AA=="}),
            500,
            2,
            "unsupported return type unspecified; supported types: sync, async",
        ),
    ] {
        let (got, error) = harness.post("/cosmos/tx/v1beta1/txs", &body).await;
        assert_eq!(
            (got, &error["code"]),
            (status, &json!(code)),
            "{body}: {error}"
        );
        assert_eq!(error["message"], text, "{body}");
    }
    harness.assert_untouched().await;
}

#[tokio::test]
async fn bad_queries_of_a_contract_that_is_there() {
    let stage = Stage::set().await;
    let (harness, contract) = (&stage.harness, &stage.owned);
    let failed = "codespace compute code 4: query contract failed: ";
    let decrypt = "Execution error: Enclave: failed to decrypt data";
    for (wire, text) in [
        (vec![7; 200], decrypt),
        (vec![7; 10], decrypt),
        (
            stage.sealed(&"22".repeat(32), b"{}"),
            "Execution error: Enclave: failed to validate transaction",
        ),
        (stage.right(br#"{"Err": "no"}"#), "encrypted: *"),
        (stage.right(b"?"), "Execution error: Enclave: *"),
    ] {
        let query = STANDARD.encode(wire).replace('+', "%2B");
        let path = format!("/compute/v1beta1/query/{}?query={query}", contract.address);
        let (status, error) = harness.get(&path).await;
        let words = error["message"].as_str().unwrap_or_default();
        assert_eq!((status, &error["code"]), (500, &json!(2)), "{error}");
        let words = words.strip_prefix(failed).unwrap_or_default();
        assert!(fits(text, words), "{error}");
        assert!(!words.contains("contract failed"), "{error}");
    }
}
