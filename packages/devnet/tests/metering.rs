//! Gas to the unit.

mod common;

use common::{devnet, ALICE};
use secret_devnet::{gas, CallGas, Devnet, Msg, Tx, TxResult};

/// `allocate` is one sequence of 17 instructions and keeps regions 4 KiB apart from 4 KiB on.
const ALLOCATE: &str = r#"
    (func (export "allocate") (param i32) (result i32)
      (global.set $heap (i32.add (global.get $heap) (i32.const 4096)))
      (i32.store (global.get $heap) (i32.add (global.get $heap) (i32.const 16)))
      (i32.store offset=4 (global.get $heap) (local.get 0))
      (i32.store offset=8 (global.get $heap) (i32.const 0))
      (global.get $heap))"#;
const ALLOCATE_INSTRUCTIONS: u64 = 4 + 5 + 3 + 3 + 1;
const ANSWER: &str = r#"
    (data (i32.const 16) "\00\04\00\00\3e\00\00\00\3e\00\00\00")
    (data (i32.const 1024) "{\"Ok\":{\"messages\":[],\"attributes\":[],\"events\":[],\"data\":null}}")"#;

/// A contract with this body of `instantiate` (which must leave a region's address).
fn contract(imports: &str, body: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module {imports} (memory (export "memory") 1) (global $heap (mut i32) (i32.const 0))
           {ANSWER} {ALLOCATE}
           (func (export "interface_version_8")) (func (export "deallocate") (param i32))
           (func (export "instantiate") (param i32 i32 i32) (result i32) (local i32) {body}))"#
    ))
    .unwrap()
}

fn instantiate(chain: &mut Devnet, wasm: &[u8], gas_limit: u64) -> TxResult {
    let code_id = chain.store_code(ALICE, wasm).unwrap().code_id;
    let message = Msg::Instantiate {
        code_id,
        code_hash: None,
        label: format!("label {code_id}"),
        msg: b"{}".to_vec(),
        funds: vec![],
        admin: None,
    };
    chain.run_tx(Tx {
        bytes: Some(0),
        ..Tx::one(ALICE, message, gas_limit)
    })
}

/// Wasm gas of `instantiate` beyond the three allocations for env, info and message.
fn wasm_gas(imports: &str, body: &str) -> u64 {
    let result = instantiate(&mut devnet(), &contract(imports, body), 1_000_000);
    assert!(result.is_ok(), "{:?}", result.outcome);
    result.calls[0].wasm - 3 * ALLOCATE_INSTRUCTIONS * 2
}

#[test]
fn two_per_instruction_of_each_sequence_entered() {
    assert_eq!(wasm_gas("", "(i32.const 16)"), 2);
    assert_eq!(wasm_gas("", "(drop (i32.const 0)) (i32.const 16)"), 6);
    // The chain's metering never sees a nop.
    assert_eq!(wasm_gas("", "(nop) (nop) (i32.const 16)"), 2);
    // A block counts in its parent; its body counts when it is entered.
    assert_eq!(
        wasm_gas("", "(block (drop (i32.const 0))) (i32.const 16)"),
        2 * (2 + 2)
    );
    // All of a sequence is charged at its head, even what a branch skips.
    let skipped = "(block $b (br_if $b (i32.const 1)) (drop (i32.const 0))) (i32.const 16)";
    assert_eq!(wasm_gas("", skipped), 2 * (2 + 4));
    // Only the arm taken.
    let arms = |condition: u32| {
        format!(
            "(if (i32.const {condition}) (then (drop (i32.const 0))) (else (unreachable) (drop (i32.const 0)))) (i32.const 16)"
        )
    };
    assert_eq!(wasm_gas("", &arms(1)), 2 * (3 + 2));
    let other = arms(0).replace("(unreachable)", "(drop (i32.const 0))");
    assert_eq!(wasm_gas("", &other), 2 * (3 + 4));
    // A loop's body once a round: 10 rounds of 8 instructions.
    let rounds = "(loop $l
        (local.set 3 (i32.add (local.get 3) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get 3) (i32.const 10)))) (i32.const 16)";
    assert_eq!(wasm_gas("", rounds), 2 * (2 + 10 * 8));
}

#[test]
fn memory_is_charged_by_the_page_and_capped() {
    let grow = |pages: u32| format!("(drop (memory.grow (i32.const {pages}))) (i32.const 16)");
    assert_eq!(wasm_gas("", &grow(1)), 2 * 4 + 8_192);
    assert_eq!(wasm_gas("", &grow(191)), 2 * 4 + 191 * 8_192);
    let traps_unless = |pages: u32, result: i32| {
        format!(
            "(if (i32.ne (memory.grow (i32.const {pages})) (i32.const {result}))
               (then (unreachable))) (i32.const 16)"
        )
    };
    wasm_gas("", &traps_unless(191, 1));
    wasm_gas("", &traps_unless(192, -1));
    let all = instantiate(&mut devnet(), &contract("", &grow(u32::MAX)), 10_000_000);
    assert_eq!(
        all.failure().unwrap().code,
        11,
        "a huge grow uses up all gas"
    );
}

#[test]
fn host_calls_cost_what_the_table_says() {
    let evaporate = r#"(import "env" "gas_evaporate" (func $e (param i32) (result i32)))"#;
    let burn = |n: u32| format!("(drop (call $e (i32.const {n}))) (i32.const 16)");
    assert_eq!(wasm_gas(evaporate, &burn(0)), 2 * 4 + 8_000);
    assert_eq!(wasm_gas(evaporate, &burn(8)), 2 * 4 + 8_000);
    assert_eq!(wasm_gas(evaporate, &burn(250)), 2 * 4 + 250_000);
    let check = r#"(import "env" "check_gas" (func $c (result i64)))"#;
    assert_eq!(
        wasm_gas(check, "(drop (call $c)) (i32.const 16)"),
        2 * 3 + 8_192
    );
}

#[test]
fn a_call_is_charged_in_whole_sdk_gas_plus_one() {
    let evaporate = r#"(import "env" "gas_evaporate" (func $e (param i32) (result i32)))"#;
    let wasm = contract(evaporate, "(drop (call $e (i32.const 500))) (i32.const 16)");
    let result = instantiate(&mut devnet(), &wasm, 1_000_000);
    let used = 500_000 + 2 * 4 + 3 * ALLOCATE_INSTRUCTIONS * 2;
    assert_eq!(
        result.calls,
        [CallGas {
            contract: result.calls[0].contract.clone(),
            entry: secret_devnet::EntryPoint::Instantiate,
            wasm: used,
            compute: used / 1_000 + 1,
            storage: 0,
            instance: 20_000,
        }]
    );
    assert_eq!(result.gas_used, 1_000 + 20_000 + 500 + 1);
}

#[test]
fn out_of_gas_at_the_unit() {
    let evaporate = r#"(import "env" "gas_evaporate" (func $e (param i32) (result i32)))"#;
    let wasm = contract(evaporate, "(drop (call $e (i32.const 500))) (i32.const 16)");
    let needed = 1_000 + 20_000 + 501;
    let mut chain = devnet();
    let enough = instantiate(&mut chain, &wasm, needed);
    assert!(enough.is_ok());
    let short = instantiate(&mut chain, &wasm, needed - 1);
    let failure = short.failure().unwrap();
    assert_eq!((failure.codespace.as_str(), failure.code), ("sdk", 11));
    assert!(short.gas_used >= needed - 1);
    assert!(
        failure.plain().ends_with("out of gas"),
        "{}",
        failure.plain()
    );
}

#[test]
fn endless_loops_end() {
    let bodies = [
        "(loop $l (br $l)) (unreachable)",
        "(loop $l (block $b (br_if $l (i32.const 1)))) (i32.const 16)",
    ];
    for body in bodies {
        let result = instantiate(&mut devnet(), &contract("", body), 100_000);
        assert_eq!(result.failure().unwrap().code, 11, "{body}");
    }
}

#[test]
fn endless_recursion_ends() {
    let endless = contract("", "(call $again)) (func $again (result i32) (call $again)");
    let result = instantiate(&mut devnet(), &endless, 10_000_000);
    assert!(
        !result.is_ok(),
        "recursion must end in a trap or out of gas"
    );
}

#[test]
fn storing_code_costs_by_the_uncompressed_byte() {
    let mut chain = devnet();
    let wasm = contract("", "(i32.const 16)");
    let message = Msg::StoreCode {
        wasm: wasm.clone(),
        source: String::new(),
        builder: String::new(),
    };
    let result = chain.run_tx(Tx {
        bytes: Some(100),
        ..Tx::one(ALICE, message, 1_000_000)
    });
    let compile = (wasm.len() as u64 * 8 + 5) / 10;
    assert_eq!(
        result.gas_used,
        100 * gas::TX_BYTE + gas::TX_SIGNATURE + compile
    );
}
