//! Submessages, replies and what they roll back.

mod common;

use common::{b64, ok, program, puppets, response, run, slot, sub, ALICE, BOB, GAS};
use secret_devnet::{coins, Devnet, EntryPoint, Msg, Tx, TxResult};
use serde_json::{json, Value};

/// Puppet 0 sends messages; its reply answers with data "replied".
struct Caller {
    chain: Devnet,
    hash: String,
    at: Vec<String>,
}

impl Caller {
    fn new() -> Self {
        let (mut chain, hash, at) = puppets(3);
        let reply = program()
            .write(b"replied", b"yes")
            .answer(&response(json!({"data": b64(b"replied")})));
        run(&mut chain, &at[0], program().write(b"reply", &reply).done());
        Self { chain, hash, at }
    }

    /// Puppet 0 writes "own", then sends the messages.
    fn send(&mut self, messages: Vec<Value>) -> TxResult {
        let answer = response(json!({"messages": messages, "data": b64(b"own")}));
        let msg = program().write(b"own", b"yes").answer(&answer);
        run(&mut self.chain, &self.at[0].clone(), msg)
    }

    fn sub(&self, to: usize, msg: &[u8], reply_on: &str) -> Value {
        sub(&self.at[to], &self.hash, msg, reply_on, 7)
    }

    fn slot(&mut self, of: usize, key: &[u8]) -> String {
        slot(&mut self.chain, &self.at[of].clone(), key)
    }
}

fn good() -> Vec<u8> {
    let answer = response(json!({
        "data": b64(b"callee"),
        "attributes": [
            {"key": "z", "value": "hidden", "encrypted": true},
            {"key": "a", "value": "shown", "encrypted": false}
        ],
        "events": [{"type": "custom", "attributes": [
            {"key": "k", "value": "v", "encrypted": false}
        ]}]
    }));
    program().write(b"callee", b"yes").answer(&answer)
}

fn bad() -> Vec<u8> {
    program()
        .write(b"callee", b"yes")
        .answer(&json!({"Err": "no such luck"}))
}

#[test]
fn a_reply_follows_by_reply_on() {
    for (reply_on, msg, replies) in [
        ("always", good(), true),
        ("success", good(), true),
        ("error", good(), false),
        ("never", good(), false),
        ("always", bad(), true),
        ("error", bad(), true),
    ] {
        let mut caller = Caller::new();
        let result = caller.send(vec![caller.sub(1, &msg, reply_on)]);
        assert!(result.is_ok(), "{reply_on}: {:?}", result.outcome);
        let entries: Vec<_> = result.calls.iter().map(|c| c.entry).collect();
        let mut expected = vec![EntryPoint::Execute, EntryPoint::Execute];
        expected.extend(replies.then_some(EntryPoint::Reply));
        assert_eq!(entries, expected, "{reply_on}");
        let data: &[u8] = if replies { b"replied" } else { b"own" };
        assert_eq!(result.data(), data, "{reply_on}");
        let kept = if msg == good() { "yes" } else { "0" };
        assert_eq!(caller.slot(1, b"callee"), kept, "{reply_on}");
        assert_eq!(caller.slot(0, b"own"), "yes");
    }
}

#[test]
fn an_error_nobody_catches_reverts_everything() {
    for reply_on in ["never", "success"] {
        let mut caller = Caller::new();
        let messages = vec![
            caller.sub(2, &good(), "never"),
            caller.sub(1, &bad(), reply_on),
        ];
        let result = caller.send(messages);
        let failure = result.failure().expect("must fail");
        assert_eq!((failure.codespace.as_str(), failure.code), ("compute", 3));
        assert_eq!(
            failure.raw_log(|text| format!("<{}>", text.len())),
            "failed to execute message; message index: 0: dispatch: submessages: encrypted: <12>: \
             execute contract failed"
        );
        assert_eq!(caller.slot(0, b"own"), "0");
        assert_eq!(caller.slot(2, b"callee"), "0");
        assert_eq!(
            result.observer.calls.len(),
            3,
            "the observer saw all three calls"
        );
        assert!(result.gas_used > 60_000);
    }
}

#[test]
fn what_the_reply_says() {
    let mut caller = Caller::new();
    let result = caller.send(vec![caller.sub(1, &good(), "always")]);
    let reply: Value = serde_json::from_str(&result.debug[0]).unwrap();
    assert_eq!(reply["id"], 7);
    assert_eq!(reply["result"]["ok"]["data"], b64(b"callee"));
    let events = reply["result"]["ok"]["events"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["execute", "wasm", "wasm-custom"]);
    let wasm = events[1]["attributes"].as_array().unwrap();
    assert_eq!(wasm.len(), 3);
    assert!(wasm
        .iter()
        .any(|a| a["key"] == "a" && a["value"] == "shown"));
    assert!(
        !result.debug[0].contains("hidden"),
        "encrypted attributes stay ciphertext"
    );

    let mut caller = Caller::new();
    let result = caller.send(vec![caller.sub(1, &bad(), "always")]);
    let reply: Value = serde_json::from_str(&result.debug[0]).unwrap();
    assert_eq!(reply["result"]["error"], "no such luck");
}

#[test]
fn an_error_two_levels_down_is_not_caught() {
    let mut caller = Caller::new();
    let inner = caller.sub(2, &bad(), "never");
    let middle = program().answer(&response(json!({"messages": [inner]})));
    let result = caller.send(vec![caller.sub(1, &middle, "always")]);
    let failure = result
        .failure()
        .expect("the chain does not hand it to the reply");
    assert!(
        failure.plain().contains("an sdk error occurred"),
        "{}",
        failure.plain()
    );
}

#[test]
fn the_chains_refusals_fail_the_transaction_unless_of_the_bank() {
    let mut caller = Caller::new();
    let unknown = sub(BOB, &caller.hash, b"{}", "always", 1);
    assert!(caller.send(vec![unknown]).failure().is_some());
    let wrong_hash = sub(&caller.at[1], &"11".repeat(32), &good(), "never", 1);
    let result = caller.send(vec![wrong_hash]);
    let text = result.failure().unwrap().plain();
    assert!(text.contains("failed to validate transaction"), "{text}");

    let pay = json!({"bank": {"send": {"to_address": BOB, "amount": coins(5, "uscrt")}}});
    let pay = json!({"id": 1, "msg": pay, "gas_limit": null, "reply_on": "always"});
    let result = caller.send(vec![pay.clone()]);
    assert!(result.is_ok());
    assert!(
        result.debug[0].contains("redacted (codespace: sdk, code: 5)"),
        "{:?}",
        result.debug
    );

    caller
        .chain
        .send(ALICE, &caller.at[0], &coins(5, "uscrt"))
        .unwrap();
    let result = caller.send(vec![pay]);
    assert!(result.is_ok());
    assert_eq!(caller.chain.balance(BOB, "uscrt"), 5);
    assert!(result.events().any(|e| e.ty == "transfer"));
}

#[test]
fn a_gas_limit_binds_its_message_only() {
    let mut caller = Caller::new();
    let mut burn = caller.sub(1, &program().nullary('L').done(), "always");
    burn["gas_limit"] = json!(50_000);
    let result = caller.send(vec![burn.clone()]);
    let failure = result.failure().expect("the chain fails the transaction");
    assert!(failure.plain().contains("code: 11"), "{}", failure.plain());
    assert!(result.gas_used < 200_000, "{}", result.gas_used);

    let mut enough = caller.sub(1, &good(), "always");
    enough["gas_limit"] = json!(90_000);
    assert!(caller.send(vec![enough]).is_ok());
}

#[test]
fn contracts_instantiate_contracts() {
    let mut caller = Caller::new();
    let code_id = caller.chain.contract_info(&caller.at[0]).unwrap().code_id;
    let make = |label: &str, hash: &str| {
        let msg = json!({"wasm": {"instantiate": {
            "admin": null, "code_id": code_id, "code_hash": hash, "msg": b64(&good()),
            "send": [], "label": label
        }}});
        json!({"id": 3, "msg": msg, "gas_limit": null, "reply_on": "success"})
    };
    let result = caller.send(vec![make("child", &caller.hash)]);
    assert!(result.is_ok(), "{:?}", result.outcome);
    let child = caller.chain.contract_by_label("child").unwrap().to_owned();
    let info = caller.chain.contract_info(&child).unwrap();
    assert_eq!((&info.creator, info.admin.as_ref()), (&caller.at[0], None));
    assert!(
        result.debug[0].contains(&child),
        "the reply's events name the child"
    );
    let again = caller.send(vec![make("child", &caller.hash)]);
    assert!(again.failure().is_some(), "labels are unique");
}

#[test]
fn finalize_ends_the_list_and_the_transaction() {
    let mut caller = Caller::new();
    let finalize =
        json!({"id": 0, "msg": {"finalize_tx": {}}, "gas_limit": null, "reply_on": "never"});
    let messages = vec![finalize, caller.sub(1, &good(), "never")];
    let result = caller.send(messages.clone());
    assert!(result.is_ok());
    assert_eq!(
        caller.slot(1, b"callee"),
        "0",
        "what stands after it does not run"
    );

    let answer = response(json!({ "messages": messages }));
    let message = common::execute(&caller.at[0], program().answer(&answer));
    let tx = Tx {
        messages: vec![message.clone(), message],
        ..Tx::one(
            ALICE,
            Msg::Send {
                to: BOB.into(),
                amount: vec![],
            },
            GAS,
        )
    };
    let failure = caller.chain.run_tx(tx);
    let failure = failure.failure().unwrap();
    assert_eq!(failure.message_index, Some(1));
    assert!(failure.plain().contains("last tx marker"));
}

#[test]
fn depth_is_limited() {
    let (mut chain, hash, at) = puppets(1);
    // Its reply calls itself again, without end.
    let again = sub(&at[0], &hash, &program().done(), "success", 1);
    let reply = program().answer(&response(json!({"messages": [again.clone()]})));
    run(&mut chain, &at[0], program().write(b"reply", &reply).done());
    let start = program().answer(&response(json!({"messages": [again]})));
    let tx = Tx::one(ALICE, common::execute(&at[0], start), 50_000_000);
    let result = chain.run_tx(tx);
    let text = result.failure().unwrap().plain();
    assert!(text.contains("max call depth exceeded"), "{text}");
    assert!(result.calls.len() > 100);
}

#[test]
fn queries_between_contracts() {
    let (mut chain, hash, at) = puppets(2);
    let ask = |hash: &str, msg: &[u8]| {
        json!({"wasm": {"smart": {
            "contract_addr": at[1], "callback_code_hash": hash, "msg": b64(msg)
        }}})
    };
    let answer = program().answer(&json!({"Ok": b64(b"\"here\"")}));
    let refusal = program().answer(&json!({"Err": "not here"}));
    let asked = program()
        .query(&ask(&hash, &answer))
        .query(&ask(&hash, &refusal))
        .query(&ask(&"22".repeat(32), &answer))
        .query(&json!({"wasm": {"smart": {
            "contract_addr": BOB, "callback_code_hash": hash, "msg": "e30="
        }}}))
        .query(&json!({"bank": {"balance": {"address": ALICE, "denom": "uscrt"}}}))
        .query(&json!({"wasm": {"contract_info": {"contract_addr": at[1]}}}))
        .query(&json!({"staking": {"bonded_denom": {}}}));
    let result = run(&mut chain, &at[0], asked.done());
    assert!(result.is_ok(), "{:?}", result.outcome);
    let said: Vec<Value> = result
        .debug
        .iter()
        .map(|d| serde_json::from_str(d).unwrap())
        .collect();
    assert_eq!(said[0], json!({"Ok": {"Ok": b64(b"\"here\"")}}));
    assert_eq!(said[1], json!({"Ok": {"Err": "not here"}}));
    assert!(said[2]["Ok"]["Err"]
        .as_str()
        .unwrap()
        .contains("failed to validate"));
    assert_eq!(said[3], json!({"Err": {"no_such_contract": {"addr": BOB}}}));
    let balance = b64(br#"{"amount":{"denom":"uscrt","amount":"1000000"}}"#);
    assert_eq!(said[4], json!({"Ok": {"Ok": balance}}));
    assert!(said[5]["Ok"]["Ok"].is_string());
    assert_eq!(
        said[6],
        json!({"Err": {"unsupported_request": {"kind": "staking"}}})
    );
    let entries: Vec<_> = result.calls.iter().map(|c| c.entry).collect();
    let query = EntryPoint::Query;
    assert_eq!(entries, [EntryPoint::Execute, query, query]);
    assert_eq!(result.observer.calls[1].parent, Some(0));
    let paid: u64 = result.calls.iter().map(|c| c.total()).sum();
    assert!(result.gas_used > paid, "queries are paid for by the caller");
    assert!(result.observer.calls[0].callback_gas > 40_000);
}

#[test]
fn queries_nest_ten_deep() {
    let (mut chain, hash, at) = puppets(1);
    let mut msg = program().answer(&json!({"Ok": b64(b"{}")}));
    for _ in 0..12 {
        let ask = json!({"wasm": {"smart": {
            "contract_addr": at[0], "callback_code_hash": hash, "msg": b64(&msg)
        }}});
        msg = program().query(&ask).answer(&json!({"Ok": b64(b"{}")}));
    }
    let ask = json!({"wasm": {"smart": {
        "contract_addr": at[0], "callback_code_hash": hash, "msg": b64(&msg)
    }}});
    let result = run(&mut chain, &at[0], program().query(&ask).answer(&ok()));
    assert!(result.is_ok(), "{:?}", result.outcome);
    assert!(
        result.debug[0].contains("exceeded_recursion_limit"),
        "{:?}",
        result.debug[0]
    );
    let queries = result.calls.iter().filter(|c| c.entry == EntryPoint::Query);
    assert_eq!(queries.count(), 9);
}
