//! Storage: what reads and writes cost, what the observer sees of them, what queries may not do.

mod common;

use common::{b64, program, puppets, response, run, slot, ALICE, GAS};
use secret_devnet::observer::{OpKind, StorageOp};
use secret_devnet::{gas, QueryError, Tx, TxResult};
use serde_json::json;

fn ops(result: &TxResult) -> Vec<StorageOp> {
    result.observer.calls[0].storage.clone()
}

#[test]
fn each_operation_costs_what_the_store_charges() {
    let (mut chain, _, at) = puppets(1);
    let key = b"some key";
    let cost = |result: &TxResult| result.calls[0].storage;

    let missing = run(&mut chain, &at[0], program().read(key).done());
    assert_eq!(cost(&missing), 2_000 + 3 * (8 + 65) + 3 * 53);
    let write = run(&mut chain, &at[0], program().write(key, &[1; 100]).done());
    assert_eq!(cost(&write), 1_000 + 2_000 + 30 * (8 + 65 + 100 + 56));
    let read = run(&mut chain, &at[0], program().read(key).done());
    assert_eq!(cost(&read), 1_000 + 3 * (8 + 65 + 100 + 56));
    let remove = run(&mut chain, &at[0], program().remove(key).done());
    assert_eq!(cost(&remove), 2_000);
    assert_eq!(slot(&mut chain, &at[0], key), "0");
    let total = read.calls[0].total();
    let tx = read.gas_used - total;
    assert!(tx > gas::TX_SIGNATURE && tx < 15_000, "{tx}");
}

#[test]
fn held_bytes_are_refunded_but_must_fit_the_limit() {
    let (mut chain, hash, at) = puppets(1);
    let write = program().write(b"k", &[1; 10_000]).done();
    let message = common::execute(&at[0], write);
    let free = chain.run_tx(Tx::one(ALICE, message.clone(), GAS));
    assert!(free.is_ok());
    // 10,000 bytes hold 50,000 SDK gas that the call does not cost in the end.
    assert!(free.calls[0].compute < 1_000, "{:?}", free.calls);
    assert!(free.calls[0].storage > 300_000);
    let before = free.gas_used - free.calls[0].compute - free.calls[0].storage;
    let short = chain.run_tx(Tx::one(ALICE, message, before + 45_000));
    assert_eq!(short.failure().unwrap().code, 11);
    assert!(short.calls[0].storage == 0, "it ends before the flush");

    // The chain does not refund them when a contract is instantiated.
    let code_id = chain.contract_info(&at[0]).unwrap().code_id;
    let made = chain.run_tx(Tx::one(
        ALICE,
        secret_devnet::Msg::Instantiate {
            code_id,
            code_hash: Some(hash),
            label: "held".to_owned(),
            msg: program().write(b"k", &[1; 10_000]).done(),
            funds: vec![],
            admin: None,
        },
        GAS,
    ));
    assert!(made.is_ok());
    assert!(made.calls[0].compute > 50_000, "{:?}", made.calls);
}

#[test]
fn writes_wait_for_the_end_and_are_read_from_the_cache() {
    let (mut chain, _, at) = puppets(1);
    let steps = program()
        .write(b"a", b"first")
        .read(b"a")
        .write(b"a", b"second")
        .read(b"a");
    let result = run(&mut chain, &at[0], steps.done());
    assert_eq!(result.debug, ["first", "second"]);
    let seen = ops(&result);
    assert_eq!(seen.len(), 1, "one write at the end: {seen:?}");
    assert_eq!((seen[0].kind, seen[0].length), (OpKind::Write, Some(6)));

    let gone = program().write(b"a", b"third").remove(b"a").read(b"a");
    let result = run(&mut chain, &at[0], gone.done());
    assert_eq!(result.debug, ["0"]);
    let kinds: Vec<_> = ops(&result).iter().map(|o| o.kind).collect();
    assert_eq!(kinds, [OpKind::Delete, OpKind::Read]);
}

#[test]
fn slots_keep_their_names_per_contract_and_writes_come_in_drawn_order() {
    let (mut chain, _, at) = puppets(2);
    let keys: Vec<[u8; 1]> = (0..8).map(|i| [i]).collect();
    let all = keys.iter().fold(program(), |p, k| p.write(k, b"v")).done();
    let slots =
        |result: &TxResult| -> Vec<String> { ops(result).into_iter().map(|o| o.slot).collect() };
    let first = slots(&run(&mut chain, &at[0], all.clone()));
    let second = slots(&run(&mut chain, &at[0], all.clone()));
    let other = slots(&run(&mut chain, &at[1], all));
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    assert_eq!(sorted(&first), sorted(&second), "same slots, same names");
    assert_ne!(first, second, "the order is drawn anew");
    assert!(
        other.iter().all(|s| !first.contains(s)),
        "names are a contract's own"
    );
}

#[test]
fn queries_read_but_do_not_write() {
    let (mut chain, hash, at) = puppets(1);
    let answer = json!({"Ok": b64(b"\"stored\"")}).to_string();
    run(
        &mut chain,
        &at[0],
        program().write(b"a", answer.as_bytes()).done(),
    );
    let read = program().op('V', [b"a", &[], &[]]).done();
    let upper = hash.to_uppercase();
    assert_eq!(
        chain.query(&at[0], Some(&upper), &read).unwrap(),
        b"\"stored\""
    );

    let write = program().write(b"a", b"x").done();
    assert!(matches!(
        chain.query(&at[0], None, &write),
        Err(QueryError::Chain(text)) if text.contains("write to storage")
    ));
    let refusal = program().answer(&json!({"Err": "not for you"}));
    assert_eq!(
        chain.query(&at[0], None, &refusal),
        Err(QueryError::Contract("not for you".to_owned()))
    );
    assert!(matches!(
        chain.query(&at[0], Some(&"00".repeat(32)), &read),
        Err(QueryError::CodeHash { .. })
    ));
    assert!(matches!(
        chain.query("secret1nobody", None, &read),
        Err(QueryError::UnknownContract(_))
    ));
    assert!(matches!(
        chain.query(
            &at[0],
            None,
            &program()
                .op('E', [&u32::MAX.to_le_bytes(), &[], &[]])
                .done()
        ),
        Err(QueryError::OutOfGas {
            limit: gas::QUERY_LIMIT
        })
    ));
}

#[test]
fn the_view_counts_lengths_as_encrypted() {
    let (mut chain, _, at) = puppets(1);
    let answer = response(json!({
        "data": b64(&[9; 30]),
        "attributes": [
            {"key": "secret", "value": "0123456789", "encrypted": true},
            {"key": "public", "value": "yes", "encrypted": false}
        ],
    }));
    let msg = program().answer(&answer);
    let result = run(&mut chain, &at[0], msg.clone());
    let view = &result.observer;
    assert_eq!(view.sender, ALICE);
    assert_eq!(view.messages[0].length, msg.len() + 32 + 32 + 16 + 64);
    assert_eq!(view.messages[0].target.as_ref(), Some(&at[0]));
    assert_eq!(view.calls[0].response_length, Some(16 + 40));
    let shown = serde_json::to_value(view.events.iter().find(|e| e.ty == "wasm").unwrap()).unwrap();
    assert_eq!(
        shown["attributes"],
        json!([
            {"key": "contract_address", "value": at[0]},
            {"key_length": 32, "value_length": 36},
            {"key": "public", "value": "yes"},
        ])
    );
    let text = serde_json::to_string(view).unwrap();
    assert!(!text.contains("0123456789"), "nothing encrypted shows");
    let back: secret_devnet::TxView = serde_json::from_str(&text).unwrap();
    assert_eq!(&back, view);
}
