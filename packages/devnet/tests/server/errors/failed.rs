//! Transactions that fail in their block: what is found under their hash.

use super::{
    fits,
    stage::{Stage, GAS},
};
use crate::common::{program, puppet};
use prost::Message;
use secret_ai_chain_client::{
    proto::{Any, Coin, MsgMigrateContract, MsgSend, MsgStoreCode, MsgUpdateAdmin, TypeUrl},
    tx::{hash, sign, SignContext},
};
use serde_json::json;

/// Name, message, codespace, code, text behind the message's index.
type Case = (&'static str, Any, &'static str, u32, &'static str);

/// A message that nobody sealed.
const BROKEN: [u8; 200] = [7; 200];

impl Stage {
    fn executions(&self) -> Vec<Case> {
        let nobody = self.harness.b.address();
        let call = |msg| self.execute(&self.owned.address, msg);
        let quiet = self.right(&program().done());
        let invalid = "Execution error: Enclave: failed to validate transaction: execute contract \
                       failed";
        let refusal = json!({"Err": "no"}).to_string();
        let other_code = self.sealed(&"22".repeat(32), &program().done());
        vec![
            (
                "unknown contract",
                self.execute(nobody, quiet),
                "compute",
                9,
                "contract: not found",
            ),
            ("wrong code hash", call(other_code), "compute", 3, invalid),
            (
                "broken ciphertext",
                call(BROKEN.into()),
                "compute",
                3,
                invalid,
            ),
            ("short ciphertext", call(vec![7; 10]), "compute", 3, invalid),
            ("empty ciphertext", call(vec![]), "compute", 3, invalid),
            (
                "the contract's own error",
                call(self.right(refusal.as_bytes())),
                "compute",
                3,
                "encrypted: *: execute contract failed",
            ),
            (
                "a trap",
                call(self.right(b"?")),
                "compute",
                3,
                "Execution error: Enclave: *: execute contract failed",
            ),
        ]
    }

    fn instantiations(&self) -> Vec<Case> {
        let quiet = || self.right(&program().done());
        vec![
            (
                "unknown code id",
                self.instantiate(9, "new", quiet()),
                "compute",
                9,
                "code: not found",
            ),
            (
                "label taken",
                self.instantiate(1, "owned", quiet()),
                "compute",
                6,
                "owned: contract account already exists",
            ),
            (
                "broken first message",
                self.instantiate(1, "new", BROKEN.into()),
                "compute",
                2,
                "Execution error: Enclave: failed to validate transaction: instantiate contract failed",
            ),
        ]
    }

    fn administration(&self) -> Vec<Case> {
        let nobody = self.harness.b.address();
        let (owned, ownerless) = (&self.owned.address[..], &self.ownerless.address[..]);
        let quiet = || self.right(&program().done());
        let stranger = MsgUpdateAdmin {
            sender: self.harness.a.address().into(),
            new_admin: nobody.into(),
            contract: ownerless.into(),
            ..Default::default()
        };
        vec![
            (
                "migration of no contract",
                self.migrate(nobody, 1, quiet()),
                "sdk",
                18,
                "unknown contract: contract: not found: invalid request",
            ),
            (
                "migration to no code",
                self.migrate(owned, 9, quiet()),
                "sdk",
                18,
                "unknown code: failed to get code info for code id 9: invalid request",
            ),
            (
                "migration that nobody may do",
                self.migrate(ownerless, 1, quiet()),
                "compute",
                5,
                "contract is not upgradable: migrate contract failed",
            ),
            (
                "broken migration",
                self.migrate(owned, 1, BROKEN.into()),
                "compute",
                5,
                "Execution error: Enclave: failed to decrypt data: migrate contract failed",
            ),
            (
                "new admin by a stranger",
                Any::pack(&stranger),
                "sdk",
                4,
                "caller is not the admin: unauthorized",
            ),
        ]
    }
}

#[tokio::test]
async fn what_fails_in_a_block() {
    let stage = Stage::set().await;
    let cases = [
        stage.executions(),
        stage.instantiations(),
        stage.administration(),
    ];
    for (name, message, codespace, code, text) in cases.into_iter().flatten() {
        let (got_space, got_code, log) = stage.fail(name, message, GAS).await;
        assert_eq!(
            (&got_space[..], got_code),
            (codespace, code),
            "{name}: {log}"
        );
        let text = format!("failed to execute message; message index: 0: {text}");
        assert!(fits(&text, &log), "{name}: {log}");
    }
    let send = MsgSend {
        from_address: stage.harness.a.address().into(),
        to_address: stage.harness.b.address().into(),
        amount: vec![Coin::uscrt(u128::MAX)],
    };
    let (codespace, code, log) = stage.fail("too much", Any::pack(&send), GAS).await;
    assert_eq!((&codespace[..], code), ("sdk", 5), "{log}");
    let text = "*: spendable balance *uscrt is smaller than *uscrt: insufficient funds";
    assert!(fits(text, &log), "{log}");
}

#[tokio::test]
async fn migration_by_another_than_the_admin() {
    let stage = Stage::set().await;
    let harness = &stage.harness;
    let message = MsgMigrateContract {
        sender: harness.b.address().into(),
        contract: stage.owned.address.clone(),
        code_id: 1,
        msg: stage.right(&program().done()),
        ..Default::default()
    };
    let context = SignContext {
        account_number: 1,
        gas_limit: GAS,
        fee: vec![Coin::uscrt(600_000)],
        ..harness.context()
    };
    let bytes = sign(&harness.b, vec![Any::pack(&message)], &context);
    assert_eq!(harness.broadcast(&bytes).await, (0, String::new()));
    let tx = harness.client.wait(&hash(&bytes)).await.unwrap();
    let text = "failed to execute message; message index: 0: requires migrate from admin: migrate \
                contract failed";
    let got = (tx.codespace.as_str(), tx.code, tx.raw_log.as_str());
    assert_eq!(got, ("compute", 5, text));
}

#[tokio::test]
async fn running_out_of_gas_names_the_place() {
    let stage = Stage::set().await;
    let many = (0..40u8).fold(program(), |p, n| p.write(&[n], b"value"));
    let writes = stage.execute(&stage.owned.address, stage.right(&many.done()));
    let quiet = stage.execute(&stage.owned.address, stage.right(&program().done()));
    let upload = Any {
        type_url: MsgStoreCode::TYPE_URL.into(),
        value: MsgStoreCode {
            sender: stage.harness.a.address_bytes().to_vec(),
            wasm_byte_code: puppet(),
            ..Default::default()
        }
        .encode_to_vec(),
    };
    // One more than what its bytes and its signature cost.
    let context = SignContext {
        sequence: 5,
        fee: vec![Coin::uscrt(600_000)],
        ..stage.harness.context()
    };
    let bytes = sign(&stage.harness.a, vec![upload.clone()], &context);
    let covered = 10 * bytes.len() as u64 + 1_001;
    assert!(
        (10_000..100_000).contains(&covered),
        "as long as the gas limit signed"
    );
    for (place, message, gas) in [
        ("Loading Compute module: execute", quiet, 20_000),
        ("wasm contract", writes, 100_000),
        ("Compiling WASM Bytecode", upload, covered),
    ] {
        let (codespace, code, log) = stage.fail(place, message, gas).await;
        assert_eq!((&codespace[..], code), ("sdk", 11), "{place}: {log}");
        let text =
            format!("out of gas in location: {place}; gasWanted: {gas}, gasUsed: *: out of gas");
        assert!(fits(&text, &log), "{place}: {log}");
    }
}
