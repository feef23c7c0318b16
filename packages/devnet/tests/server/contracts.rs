//! Contracts through the client: stored, made, called and asked, with everything encrypted.

use super::{
    common::{b64, puppet},
    harness::{start, Harness},
};
use prost::Message;
use secret_ai_chain_client::{
    encryption::open_message,
    proto::{Any, MsgExecuteContract},
    tx::{hash, sign, SignContext},
    ChainError, Coin, ContractRef, ExecuteMsg, InstantiateMsg, TxOutcome,
};
use serde_json::{json, Value};

/// Gas for any call of the puppet.
const GAS: u64 = 200_000;

/// An answer of the puppet, which gives back what it is told.
fn told(attributes: Value, data: Value) -> Value {
    json!({"Ok": {"messages": [], "attributes": attributes, "events": [], "data": data}})
}

pub fn quiet() -> Value {
    told(json!([]), Value::Null)
}

pub async fn with_contract() -> (Harness, ContractRef) {
    let harness = start().await;
    let id = harness
        .client
        .store_code(&harness.a, &puppet(), 5_000_000)
        .await
        .unwrap();
    let message = InstantiateMsg::new(id, "puppet", &quiet()).unwrap();
    let contract = harness
        .client
        .instantiate(&harness.a, message, GAS)
        .await
        .unwrap();
    (harness, contract)
}

impl Harness {
    pub async fn call(&self, contract: &ContractRef, msg: &Value) -> Result<TxOutcome, ChainError> {
        let message = ExecuteMsg::new(contract, msg).unwrap();
        self.client.execute(&self.a, vec![message], GAS).await
    }
}

#[tokio::test]
async fn data_and_attributes_come_back_decrypted() {
    let (harness, contract) = with_contract().await;
    let attributes = json!([
        {"key": "secret", "value": "word", "encrypted": true},
        {"key": "open", "value": "door", "encrypted": false},
    ]);
    let outcome = harness
        .call(&contract, &told(attributes, json!(b64(b"hello"))))
        .await
        .unwrap();
    assert_eq!(outcome.data, [b"hello"]);
    assert_eq!(outcome.wasm_attribute("secret"), Some("word"));
    assert_eq!(outcome.wasm_attribute("open"), Some("door"));
    assert!(outcome.gas_used > 20_000 && outcome.gas_used <= GAS);
    // What everybody sees of the same transaction.
    let (_, seen) = harness
        .get(&format!("/cosmos/tx/v1beta1/txs/{}", outcome.hash))
        .await;
    let seen = seen.to_string();
    assert!(seen.contains("door") && seen.contains(&contract.address));
    for secret in ["word", "hello", &b64(b"hello"), &hex::encode("hello")] {
        assert!(!seen.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn each_message_of_a_transaction_has_its_own_answer() {
    let (harness, contract) = with_contract().await;
    let call =
        |text: &[u8]| ExecuteMsg::new(&contract, &told(json!([]), json!(b64(text)))).unwrap();
    let calls = vec![call(b"one"), call(b"two")];
    let outcome = harness
        .client
        .execute(&harness.a, calls, 2 * GAS)
        .await
        .unwrap();
    assert_eq!(outcome.data, [b"one", b"two"]);
}

#[tokio::test]
async fn a_contracts_error_is_for_its_caller_only() {
    let (harness, contract) = with_contract().await;
    match harness
        .call(&contract, &json!({"Err": "not for you"}))
        .await
    {
        Err(ChainError::Contract {
            message,
            txhash: Some(hash),
        }) => {
            assert!(message.contains("not for you"), "{message}");
            let tx = harness.client.lcd().tx(&hash).await.unwrap().unwrap();
            assert_eq!((tx.codespace.as_str(), tx.code), ("compute", 3));
            let head = "failed to execute message; message index: 0: encrypted: ";
            assert!(tx.raw_log.starts_with(head), "{}", tx.raw_log);
            assert!(
                tx.raw_log.ends_with(": execute contract failed"),
                "{}",
                tx.raw_log
            );
            assert!(!tx.raw_log.contains("not for you"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn queries_answer_and_refuse() {
    let (harness, contract) = with_contract().await;
    let ask = json!({"Ok": b64(br#"{"models":["m"]}"#)});
    let answer: Value = harness.client.query(&contract, &ask).await.unwrap();
    assert_eq!(answer, json!({"models": ["m"]}));
    let refusal = harness
        .client
        .query::<Value>(&contract, &json!({"Err": "no"}))
        .await;
    match refusal {
        Err(ChainError::Contract {
            message,
            txhash: None,
        }) => {
            assert!(message.contains("no"), "{message}")
        }
        other => panic!("{other:?}"),
    }
    let misfit = harness
        .client
        .query::<u32>(&contract, &ask)
        .await
        .unwrap_err();
    assert!(matches!(misfit, ChainError::BadAnswer { .. }));
    assert!(!misfit.to_string().contains("models"), "{misfit}");
}

#[tokio::test]
async fn unknown_contracts_and_wrong_code_hashes() {
    let (harness, contract) = with_contract().await;
    let nobody = ContractRef {
        address: harness.b.address().into(),
        ..contract.clone()
    };
    let other_code = ContractRef {
        code_hash: "22".repeat(32),
        ..contract.clone()
    };
    let lookup = harness.client.contract(harness.b.address()).await;
    assert!(
        matches!(lookup, Err(ChainError::NotFound { .. })),
        "{lookup:?}"
    );
    let query = harness.client.query::<Value>(&nobody, &quiet()).await;
    assert!(
        matches!(query, Err(ChainError::NotFound { .. })),
        "{query:?}"
    );
    assert!(harness.call(&nobody, &quiet()).await.is_err());
    assert!(harness.call(&other_code, &quiet()).await.is_err());
    assert!(harness
        .client
        .query::<Value>(&other_code, &quiet())
        .await
        .is_err());
    assert_eq!(
        harness.client.contract(&contract.address).await.unwrap(),
        contract
    );
}

#[tokio::test]
async fn too_little_gas_is_told_with_both_numbers() {
    let (harness, contract) = with_contract().await;
    let message = ExecuteMsg::new(&contract, &quiet()).unwrap();
    match harness
        .client
        .execute(&harness.a, vec![message], 20_000)
        .await
    {
        Err(ChainError::OutOfGas { used, wanted, .. }) => {
            assert_eq!(wanted, 20_000);
            assert!(used > wanted, "{used}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_failed_message_reverts_the_one_before() {
    let (harness, contract) = with_contract().await;
    let pay = ExecuteMsg::new(&contract, &quiet())
        .unwrap()
        .with_funds(vec![Coin::uscrt(7)]);
    let fail = ExecuteMsg::new(&contract, &json!({"Err": "no"})).unwrap();
    let both = vec![pay.clone(), fail];
    assert!(harness
        .client
        .execute(&harness.a, both, 2 * GAS)
        .await
        .is_err());
    assert_eq!(harness.balance(&contract.address).await, 0);
    harness
        .client
        .execute(&harness.a, vec![pay], GAS)
        .await
        .unwrap();
    assert_eq!(harness.balance(&contract.address).await, 7);
}

#[tokio::test]
async fn messages_are_padded_and_the_observer_sees_lengths_only() {
    let (harness, contract) = with_contract().await;
    let mut lengths = Vec::new();
    for text in ["a", "a much longer text than the other one"] {
        let outcome = harness
            .call(&contract, &told(json!([]), json!(b64(text.as_bytes()))))
            .await;
        let path = format!("/devnet/observer/{}", outcome.unwrap().hash);
        let (status, view) = harness.get(&path).await;
        assert_eq!(
            (status, &view["sender"]),
            (200, &json!(harness.a.address()))
        );
        lengths.push(view["messages"][0]["length"].as_u64().unwrap());
    }
    // Nonce, key, tag, code hash and one block of 256.
    assert_eq!(lengths, [64 + 16 + 64 + 256; 2]);
}

#[tokio::test]
async fn a_message_for_another_network_fails_inside() {
    let (harness, contract) = with_contract().await;
    let account = harness
        .client
        .lcd()
        .account(harness.a.address())
        .await
        .unwrap();
    let message = MsgExecuteContract {
        sender: harness.a.address_bytes().to_vec(),
        contract: secret_ai_chain_client::address::decode(&contract.address)
            .unwrap()
            .to_vec(),
        msg: vec![7; 200],
        ..MsgExecuteContract::default()
    };
    let context = SignContext {
        sequence: account.sequence,
        ..harness.context()
    };
    let bytes = sign(&harness.a, vec![Any::pack(&message)], &context);
    assert_eq!(harness.broadcast(&bytes).await.0, 0);
    let tx = harness.client.wait(&hash(&bytes)).await.unwrap();
    assert_eq!((tx.codespace.as_str(), tx.code), ("compute", 3));
    let words = "failed to validate transaction";
    assert!(tx.raw_log.contains(words), "{}", tx.raw_log);
    // Nothing of it is JSON for a stranger either.
    assert!(open_message(harness.a.io_keys(), &message.encode_to_vec()).is_err());
}

#[tokio::test]
async fn tasks_that_share_a_wallet_do_not_collide() {
    let (harness, contract) = with_contract().await;
    let (one, two) = (quiet(), quiet());
    let (one, two) = tokio::join!(harness.call(&contract, &one), harness.call(&contract, &two));
    assert_ne!(one.unwrap().height, two.unwrap().height);
}
