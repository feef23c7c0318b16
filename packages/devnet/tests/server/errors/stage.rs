//! Contracts to send bad messages to.

use crate::{
    common::puppet,
    harness::{start, Harness},
};
use secret_ai_chain_client::{
    address,
    encryption::{random_nonce, seal_message},
    proto::{Any, Coin, MsgExecuteContract, MsgInstantiateContract, MsgMigrateContract},
    tx::{hash, sign, SignContext},
    ContractRef, InstantiateMsg,
};
use serde_json::json;

/// Gas for any call.
pub const GAS: u64 = 200_000;

/// Two contracts of the code 1: the first has account a as its admin, the second has none.
pub struct Stage {
    pub harness: Harness,
    key: [u8; 32],
    pub owned: ContractRef,
    pub ownerless: ContractRef,
}

impl Stage {
    pub async fn set() -> Self {
        let harness = start().await;
        let wasm = puppet();
        let stored = harness.client.store_code(&harness.a, &wasm, 5_000_000);
        let code_id = stored.await.unwrap();
        let quiet = json!({"Ok": {"messages": [], "attributes": [], "events": [], "data": null}});
        let make = |label: &'static str, admin: &str| {
            let mut message = InstantiateMsg::new(code_id, label, &quiet).unwrap();
            message.admin = admin.into();
            harness.client.instantiate(&harness.a, message, GAS)
        };
        let owned = make("owned", harness.a.address()).await.unwrap();
        let ownerless = make("ownerless", "").await.unwrap();
        let key = harness.client.lcd().tx_key().await.unwrap();
        Self {
            harness,
            key,
            owned,
            ownerless,
        }
    }

    /// Sends what fails; returns codespace, code, text.
    pub async fn fail(&self, name: &str, message: Any, gas_limit: u64) -> (String, u32, String) {
        let harness = &self.harness;
        let account = harness
            .client
            .lcd()
            .account(harness.a.address())
            .await
            .unwrap();
        let context = SignContext {
            sequence: account.sequence,
            gas_limit,
            fee: vec![Coin::uscrt(600_000)],
            ..harness.context()
        };
        let bytes = sign(&harness.a, vec![message], &context);
        assert_eq!(
            harness.broadcast(&bytes).await,
            (0, String::new()),
            "{name}"
        );
        let tx = harness.client.wait(&hash(&bytes)).await.unwrap();
        (tx.codespace, tx.code, tx.raw_log)
    }

    /// A message sealed for the code with this hash.
    pub fn sealed(&self, code_hash: &str, plain: &[u8]) -> Vec<u8> {
        let keys = self.harness.a.io_keys();
        let sealed = seal_message(keys, &self.key, &random_nonce(), code_hash, plain);
        sealed.unwrap().wire
    }

    /// A message sealed as it should be.
    pub fn right(&self, plain: &[u8]) -> Vec<u8> {
        self.sealed(&self.owned.code_hash, plain)
    }

    pub fn execute(&self, contract: &str, msg: Vec<u8>) -> Any {
        Any::pack(&MsgExecuteContract {
            sender: self.harness.a.address_bytes().to_vec(),
            contract: address::decode(contract).unwrap().to_vec(),
            msg,
            ..Default::default()
        })
    }

    pub fn instantiate(&self, code_id: u64, label: &str, init_msg: Vec<u8>) -> Any {
        Any::pack(&MsgInstantiateContract {
            sender: self.harness.a.address_bytes().to_vec(),
            code_id,
            label: label.into(),
            init_msg,
            ..Default::default()
        })
    }

    pub fn migrate(&self, contract: &str, code_id: u64, msg: Vec<u8>) -> Any {
        Any::pack(&MsgMigrateContract {
            sender: self.harness.a.address().into(),
            contract: contract.into(),
            code_id,
            msg,
            ..Default::default()
        })
    }
}
