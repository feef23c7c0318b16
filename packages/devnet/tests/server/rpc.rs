//! CometBFT's RPC: its forms, and queries of the application.

use super::{
    contracts::{quiet, with_contract},
    harness::start,
};
use prost::Message;
use secret_ai_chain_client::{
    encryption::{random_nonce, seal_message},
    proto::{Any, Coin},
    Wallet,
};
use serde_json::{json, Value};

/// A message whose field 1 is a text.
#[derive(Clone, PartialEq, Message)]
pub struct Text {
    #[prost(string, tag = "1")]
    pub value: String,
}

/// A message whose field 1 is another message's bytes.
#[derive(Clone, PartialEq, Message)]
pub struct Bytes {
    #[prost(bytes = "vec", tag = "1")]
    pub value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContractQuery {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(bytes = "vec", tag = "2")]
    pub query: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Balances {
    #[prost(message, repeated, tag = "1")]
    pub coins: Vec<Coin>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Account {
    #[prost(message, optional, tag = "1")]
    pub account: Option<Any>,
}

pub fn text(value: &str) -> Vec<u8> {
    let value = value.to_owned();
    Text { value }.encode_to_vec()
}

#[tokio::test]
async fn single_calls_batches_and_uris() {
    let harness = start().await;
    for id in [json!("a"), json!(7), json!(null), json!(-1)] {
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "health"});
        let wanted = json!({"jsonrpc": "2.0", "id": id, "result": {}});
        assert_eq!(harness.rpc_post(&call.to_string()).await, (200, wanted));
    }
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "health"},
        {"jsonrpc": "2.0", "method": "health"},
        {"jsonrpc": "2.0", "id": 2, "method": "subscribe", "params": {}},
        {"jsonrpc": "2.0", "id": 3, "method": "block", "params": ["1"]},
        {"jsonrpc": "2.0", "id": 4, "method": "block", "params": ["1", 2]},
    ]);
    let (_, answers) = harness.rpc_post(&batch.to_string()).await;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[1]["error"]["code"], -32601);
    assert!(answers[1]["error"]["data"]
        .as_str()
        .unwrap()
        .contains("subscribe"));
    assert_eq!(answers[2]["result"]["block"]["header"]["height"], "1");
    assert_eq!(answers[3]["error"]["code"], -32602);
    let many = vec![json!({"jsonrpc": "2.0", "id": 1, "method": "health"}); 101];
    let (_, refused) = harness.rpc_post(&json!(many).to_string()).await;
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
    let (_, answers) = harness.rpc_post(&json!(many[1..]).to_string()).await;
    assert_eq!(answers.as_array().map(Vec::len), Some(100));
    let (_, number) = harness.rpc_post("5").await;
    assert_eq!(number["error"]["code"], -32600, "{number}");
    let (status, broken) = harness.rpc_post("{").await;
    assert_eq!((status, &broken["error"]["code"]), (500, &json!(-32700)));
    let (status, block) = harness.rpc_get("/block?height=%221%22").await;
    assert_eq!((status, &block["id"]), (200, &json!(-1)));
    assert_eq!(harness.rpc_get("/block?height=9").await.0, 500);
    assert_eq!(harness.rpc_get("/subscribe").await.0, 404);
    assert_eq!(harness.rpc_get("/websocket").await.0, 501);
}

#[tokio::test]
async fn queries_of_the_application_answer_as_the_lcd_does() {
    let (harness, contract) = with_contract().await;
    let address = harness.a.address();
    let all = "/cosmos.bank.v1beta1.Query/AllBalances";
    let answer = harness.abci(all, &text(address)).await;
    let balances = Balances::decode(&answer.unwrap()[..]).unwrap();
    assert_eq!(
        balances.coins,
        [Coin::uscrt(harness.balance(address).await)]
    );
    let account = harness
        .abci("/cosmos.auth.v1beta1.Query/Account", &text(address))
        .await;
    let account = Account::decode(&account.unwrap()[..])
        .unwrap()
        .account
        .unwrap();
    assert_eq!(account.type_url, "/cosmos.auth.v1beta1.BaseAccount");
    assert_eq!(Text::decode(&account.value[..]).unwrap().value, address);
    let path = "/secret.compute.v1beta1.Query/CodeHashByContractAddress";
    let hash = harness.abci(path, &text(&contract.address)).await.unwrap();
    assert_eq!(Text::decode(&hash[..]).unwrap().value, contract.code_hash);
    let path = "/secret.compute.v1beta1.Query/AddressByLabel";
    let made = harness.abci(path, &text("puppet")).await.unwrap();
    assert_eq!(Text::decode(&made[..]).unwrap().value, contract.address);
    let history = "/secret.compute.v1beta1.Query/ContractHistory";
    assert!(!harness
        .abci(history, &text(&contract.address))
        .await
        .unwrap()
        .is_empty());
    let (_, lcd) = harness
        .get(&format!(
            "/compute/v1beta1/contract_history/{}",
            contract.address
        ))
        .await;
    assert_eq!(
        lcd["entries"][0]["operation"],
        "CONTRACT_CODE_HISTORY_OPERATION_TYPE_INIT"
    );
}

#[tokio::test]
async fn contracts_are_asked_encrypted() {
    let (harness, contract) = with_contract().await;
    let key = harness
        .abci("/secret.registration.v1beta1.Query/TxKey", &[])
        .await
        .unwrap();
    let key: [u8; 32] = Bytes::decode(&key[..]).unwrap().value.try_into().unwrap();
    let ask = |json: Value| {
        let json = json.to_string();
        let (user, hash) = (harness.a.io_keys(), &contract.code_hash);
        seal_message(user, &key, &random_nonce(), hash, json.as_bytes()).unwrap()
    };
    let path = "/secret.compute.v1beta1.Query/QuerySecretContract";
    let query = |query: &[u8]| {
        let query = query.to_vec();
        let address = contract.address.clone();
        ContractQuery { address, query }.encode_to_vec()
    };
    let sealed = ask(json!({"Ok": "eyJhIjoxfQ=="}));
    let answer = harness.abci(path, &query(&sealed.wire)).await.unwrap();
    let data = Bytes::decode(&answer[..]).unwrap().value;
    assert_eq!(sealed.cipher.open_data(&data).unwrap(), b"{\"a\":1}");
    let sealed = ask(json!({"Err": "not for you"}));
    let error = harness.abci(path, &query(&sealed.wire)).await.unwrap_err();
    // secretcli finds the ciphertext between these words.
    let text = error.1.strip_prefix("encrypted: ").unwrap();
    let (text, end) = text.split_once(':').unwrap();
    assert_eq!(end, " query contract failed: unknown request");
    assert!(sealed
        .cipher
        .open_text(text)
        .unwrap()
        .contains("not for you"));
    let broken = harness.abci(path, &query(&[7; 200])).await.unwrap_err();
    assert!(broken.1.contains("failed to decrypt data"), "{broken:?}");
    assert!(harness.call(&contract, &quiet()).await.is_ok());
}

#[tokio::test]
async fn errors_of_queries_have_the_sdks_codes() {
    let harness = start().await;
    let stranger = Wallet::from_private_key(&[9; 32]).unwrap();
    let account = "/cosmos.auth.v1beta1.Query/Account";
    let bank = "/cosmos.bank.v1beta1.Query/AllBalances";
    let info = "/secret.compute.v1beta1.Query/ContractInfo";
    let contract = harness.abci(info, &text(stranger.address())).await;
    let text_of_it = "not found: unknown request".to_owned();
    assert_eq!(contract.unwrap_err(), (6, text_of_it));
    for (path, request, code, words) in [
        (
            account,
            text(stranger.address()),
            22,
            "rpc error: code = NotFound",
        ),
        (
            bank,
            text("nobody"),
            18,
            "rpc error: code = InvalidArgument",
        ),
        (account, vec![255], 18, "rpc error: code = InvalidArgument"),
        ("/cosmos.gov.v1.Query/Params", vec![], 6, "does not serve"),
        ("/store/bank/key", vec![], 6, "does not serve"),
        ("none", vec![], 6, "does not serve"),
    ] {
        let (got, log) = harness.abci(path, &request).await.unwrap_err();
        assert_eq!(got, code, "{path}: {log}");
        assert!(log.contains(words), "{path}: {log}");
    }
    let (_, uri) = harness.rpc_get("/abci_query?path=%22/none%22").await;
    assert_eq!(uri["result"]["response"]["code"], 6);
    let error = harness
        .rpc("abci_query", json!({"path": "/a", "data": "x"}))
        .await;
    assert_eq!(error.unwrap_err()["code"], -32602);
}
