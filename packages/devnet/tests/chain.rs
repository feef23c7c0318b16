//! Transactions, blocks, clock, bank, admin and migration.

mod common;

use common::{devnet, execute, ok, program, puppet, puppets, run, slot, ALICE, BOB, GAS};
use secret_devnet::{coin, coins, Devnet, DevnetError, EntryPoint, Genesis, Msg, Tx, TxResult};
use serde_json::Value;

fn tx(messages: Vec<Msg>) -> Tx {
    Tx {
        sender: ALICE.to_owned(),
        messages,
        gas_limit: GAS,
        hash: None,
        bytes: None,
    }
}

fn env_of(result: &TxResult) -> Value {
    serde_json::from_str(&result.debug[0]).unwrap()
}

#[test]
fn all_messages_or_none() {
    let (mut chain, _, at) = puppets(1);
    let write = |key: &[u8]| execute(&at[0], program().write(key, b"yes").done());
    let pay = |amount: u128| Msg::Send {
        to: BOB.to_owned(),
        amount: coins(amount, "uscrt"),
    };
    let failed = chain.run_tx(tx(vec![write(b"a"), pay(10), pay(2_000_000), write(b"b")]));
    let failure = failed.failure().unwrap();
    assert_eq!(failure.message_index, Some(2));
    assert_eq!((failure.codespace.as_str(), failure.code), ("sdk", 5));
    assert!(failed.gas_used > 20_000, "gas is used all the same");
    assert_eq!(failed.observer.calls.len(), 1);
    assert_eq!(chain.balance(BOB, "uscrt"), 0);
    assert_eq!(slot(&mut chain, &at[0], b"a"), "0");

    let fine = chain.run_tx(tx(vec![write(b"a"), pay(10), write(b"b")]));
    assert_eq!(fine.outcome.as_ref().unwrap().len(), 3);
    assert_eq!(chain.balance(BOB, "uscrt"), 10);
    assert_eq!(slot(&mut chain, &at[0], b"a"), "yes");
    assert!(chain.run_tx(tx(vec![])).failure().is_some());
}

#[test]
fn a_failed_transaction_changes_nothing_but_the_clock() {
    let (mut chain, _, at) = puppets(1);
    let before = chain.snapshot();
    let height = chain.block_height();
    let result = run(
        &mut chain,
        &at[0],
        program().write(b"a", b"x").nullary('X').done(),
    );
    assert!(result
        .failure()
        .unwrap()
        .plain()
        .contains("the contract panicked"));
    assert_eq!(chain.block_height(), height + 1);
    let after = chain.snapshot();
    chain.restore(before.clone());
    assert_ne!(before, after, "the clock moved");
    chain.advance(6);
    assert_eq!(chain.snapshot(), after, "nothing else did");
}

#[test]
fn env_and_info() {
    let (mut chain, hash, at) = puppets(1);
    chain.set_time(2_000_000_000).unwrap();
    let height = chain.block_height();
    let shown = program().nullary('N').nullary('I').done();
    let message = Msg::Execute {
        contract: at[0].clone(),
        code_hash: Some(hash.clone()),
        msg: shown,
        funds: coins(3, "uscrt"),
    };
    let result = chain.run_tx(Tx {
        hash: Some("ab".repeat(32)),
        ..tx(vec![message])
    });
    let env = env_of(&result);
    assert_eq!(env["block"]["height"], height);
    assert_eq!(env["block"]["time"], "2000000000000000000");
    assert_eq!(env["block"]["chain_id"], "secretdev-1");
    assert_eq!(env["transaction"]["hash"], "AB".repeat(32));
    assert_eq!(env["transaction"]["index"], 0);
    assert_eq!(env["contract"]["address"], at[0]);
    assert_eq!(env["contract"]["code_hash"], hash);
    let random = env["block"]["random"].as_str().unwrap();
    assert_eq!(random.len(), 44, "base64 of 32 bytes");
    let info: Value = serde_json::from_str(&result.debug[1]).unwrap();
    assert_eq!(info["sender"], ALICE);
    assert_eq!(info["funds"][0]["amount"], "3");
    assert_eq!(chain.balance(&at[0], "uscrt"), 3);
    assert_eq!(chain.balance(ALICE, "uscrt"), 999_997);
}

#[test]
fn random_differs_by_call_and_repeats_with_the_seed() {
    let randoms = || -> Vec<String> {
        let (mut chain, _, at) = puppets(2);
        let show = |i: usize| execute(&at[i], program().nullary('N').done());
        let one = chain.run_tx(tx(vec![show(0), show(0), show(1)]));
        let two = chain.run_tx(tx(vec![show(0)]));
        one.debug
            .iter()
            .chain(&two.debug)
            .map(|d| serde_json::from_str::<Value>(d).unwrap()["block"]["random"].to_string())
            .collect()
    };
    let first = randoms();
    let mut distinct = first.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((first.len(), distinct.len()), (4, 4));
    assert_eq!(first, randoms());

    // A query sees none, whatever it asks.
    let (mut chain, hash, at) = puppets(1);
    let ask = serde_json::json!({"wasm": {"smart": {
        "contract_addr": at[0], "callback_code_hash": hash,
        "msg": common::b64(&program().nullary('N').answer(&serde_json::json!({"Ok": "e30="})))
    }}});
    let result = run(&mut chain, &at[0], program().query(&ask).done());
    assert_eq!(env_of(&result)["block"]["random"], Value::Null);
    assert_eq!(env_of(&result)["transaction"]["index"], 0);
}

#[test]
fn one_block_may_hold_several_transactions() {
    let (mut chain, _, at) = puppets(1);
    let (height, time) = (chain.block_height(), chain.block_time_s());
    let show = || tx(vec![execute(&at[0], program().nullary('N').done())]);
    let results = chain.run_block([show(), show(), show()]);
    let places: Vec<_> = results.iter().map(|r| (r.height, r.index)).collect();
    assert_eq!(places, [(height, 0), (height, 1), (height, 2)]);
    assert_ne!(results[0].hash, results[1].hash);
    assert_ne!(
        env_of(&results[0])["block"],
        env_of(&results[1])["block"],
        "random differs"
    );
    assert_eq!(
        (chain.block_height(), chain.block_time_s()),
        (height + 1, time + 6)
    );
}

#[test]
fn the_clock() {
    let mut chain = Devnet::new(Genesis {
        time_s: 1_000,
        height: 50,
        block_seconds: 0,
        ..Genesis::default()
    })
    .unwrap();
    chain.advance(60);
    assert_eq!((chain.block_height(), chain.block_time_s()), (60, 1_060));
    chain.advance(1);
    assert_eq!((chain.block_height(), chain.block_time_s()), (61, 1_061));
    chain.set_time(1_061).unwrap();
    assert_eq!(chain.block_height(), 61);
    assert!(matches!(
        chain.set_time(1_060),
        Err(DevnetError::TimeGoesBack { .. })
    ));
    chain.run_tx(tx(vec![]));
    assert_eq!((chain.block_height(), chain.block_time_s()), (62, 1_061));
}

#[test]
fn simulate_changes_nothing() {
    let (chain, _, at) = puppets(1);
    let before = chain.snapshot();
    let wanted = tx(vec![execute(&at[0], program().write(b"a", b"b").done())]);
    let simulated = chain.simulate(wanted.clone());
    assert_eq!(chain.snapshot(), before);
    let mut chain = chain;
    assert_eq!(chain.run_tx(wanted), simulated);
}

#[test]
fn wrong_code_hashes_and_unknown_things() {
    let (mut chain, hash, at) = puppets(1);
    let with_hash = |code_hash: &str| Msg::Execute {
        contract: at[0].clone(),
        code_hash: Some(code_hash.to_owned()),
        msg: program().done(),
        funds: vec![],
    };
    assert!(chain
        .run_tx(tx(vec![with_hash(&hash.to_uppercase())]))
        .is_ok());
    let failed = chain.run_tx(tx(vec![with_hash(&"00".repeat(32))]));
    assert_eq!(
        failed.failure().unwrap().plain(),
        "failed to execute message; message index: 0: Execution error: Enclave: failed to validate \
         transaction: execute contract failed"
    );
    let nobody = chain.run_tx(tx(vec![execute(BOB, program().done())]));
    assert_eq!(nobody.failure().unwrap().code, 9);
    assert!(matches!(
        chain.instantiate(ALICE, 99, "x", &ok(), &[], None),
        Err(DevnetError::Failed(f)) if f.code == 9
    ));
    let id = chain.contract_info(&at[0]).unwrap().code_id;
    assert!(matches!(
        chain.instantiate(ALICE, id, "puppet 0", &ok(), &[], None),
        Err(DevnetError::Failed(f)) if f.code == 6
    ));
    assert!(chain.execute("nobody", &at[0], &ok(), &[]).is_err());
}

#[test]
fn floats_are_refused_at_instantiate() {
    let mut chain = devnet();
    let wasm = wat::parse_str(
        r#"(module (memory 1) (func (export "interface_version_8"))
           (func (export "allocate") (param i32) (result i32) (i32.const 0))
           (func (export "deallocate") (param i32))
           (func (export "instantiate") (param i32 i32 i32) (result i32)
             (i32.reinterpret_f32 (f32.const 1))))"#,
    )
    .unwrap();
    let code = chain.store_code(ALICE, &wasm).unwrap();
    let failed = chain.instantiate(ALICE, code.code_id, "floats", &ok(), &[], None);
    assert!(failed.unwrap_err().to_string().contains("floating point"));
    assert!(chain.store_code(ALICE, b"nothing").is_err());
}

#[test]
fn admin_and_migration() {
    let (mut chain, _, at) = puppets(1);
    run(&mut chain, &at[0], program().write(b"kept", b"yes").done());
    let mut other = puppet();
    other.extend_from_slice(&[0, 5, 4, b'n', b'o', b't', b'e']); // a custom section
    let new = chain.store_code(ALICE, &other).unwrap();
    let migrate = |sender: &str| {
        let message = Msg::Migrate {
            contract: at[0].clone(),
            code_id: new.code_id,
            code_hash: Some(new.code_hash.clone()),
            msg: program().read(b"kept").done(),
        };
        Tx::one(sender, message, GAS)
    };
    let refused = chain.run_tx(migrate(BOB));
    assert_eq!(refused.failure().unwrap().code, 5);

    let set = |sender: &str, new_admin: &str| {
        let message = Msg::UpdateAdmin {
            contract: at[0].clone(),
            new_admin: new_admin.to_owned(),
        };
        Tx::one(sender, message, GAS)
    };
    assert_eq!(chain.run_tx(set(BOB, BOB)).failure().unwrap().code, 4);
    assert!(chain.run_tx(set(ALICE, BOB)).is_ok());
    let done = chain.run_tx(migrate(BOB));
    assert!(done.is_ok(), "{:?}", done.outcome);
    assert_eq!(done.debug, ["yes"]);
    assert_eq!(done.calls[0].entry, EntryPoint::Migrate);
    assert_eq!(chain.code_hash_of(&at[0]).unwrap(), new.code_hash);
    assert_eq!(chain.contract_info(&at[0]).unwrap().history.len(), 2);

    let clear = Msg::ClearAdmin {
        contract: at[0].clone(),
    };
    assert!(chain.run_tx(Tx::one(BOB, clear, GAS)).is_ok());
    assert!(
        !chain.run_tx(migrate(BOB)).is_ok(),
        "nobody may migrate any more"
    );
}

#[test]
fn the_bank() {
    let mut chain = devnet();
    chain.mint(BOB, &coin(5, "uother")).unwrap();
    chain.send(ALICE, BOB, &[coin(7, "uscrt")]).unwrap();
    assert_eq!(chain.balances(BOB), [coin(5, "uother"), coin(7, "uscrt")]);
    assert!(chain.send(ALICE, BOB, &[coin(0, "uscrt")]).is_err());
    assert!(chain.send(ALICE, "bob", &[coin(1, "uscrt")]).is_err());
    assert!(chain.mint(BOB, &coin(u128::MAX, "uother")).is_err());
    let bad = Genesis {
        balances: vec![("bob".to_owned(), vec![])],
        ..Genesis::default()
    };
    assert!(matches!(
        Devnet::new(bad),
        Err(DevnetError::GenesisAddress { .. })
    ));
}

#[test]
fn two_worlds_compare_by_renamed_slots() {
    let view = |seed: u8, key: &[u8]| {
        let mut chain = Devnet::new(Genesis {
            seed: [seed; 32],
            ..Genesis::default()
        })
        .unwrap();
        let code = chain.store_code(ALICE, &puppet()).unwrap();
        let made = chain.instantiate(ALICE, code.code_id, "p", &ok(), &[], None);
        let at = made.unwrap().0;
        let result = run(
            &mut chain,
            &at,
            program().read(key).write(key, b"v").read(b"z").done(),
        );
        result.observer
    };
    let (a, b) = (view(1, b"x"), view(2, b"y"));
    assert_ne!(a, b);
    assert_eq!(
        a.renamed(&mut Default::default()),
        b.renamed(&mut Default::default())
    );
    let same = view(1, b"z");
    assert_ne!(
        a.renamed(&mut Default::default()),
        same.renamed(&mut Default::default())
    );
}
