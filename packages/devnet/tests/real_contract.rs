//! A contract of this repository on the devnet. Skipped, with a message, where `make build` has
//! not been run.

mod common;

use std::path::PathBuf;

use common::{devnet, ALICE, BOB};
use secret_devnet::upload::check_wasm;
use serde_json::{json, Value};

#[test]
fn the_token_moves_money() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../artifacts/dev-token.wasm.gz");
    let Ok(wasm) = std::fs::read(&path) else {
        println!("skipped: no artifacts/dev-token.wasm.gz (run `make build`)");
        return;
    };
    check_wasm(&wasm).unwrap();
    let mut chain = devnet();
    let code = chain.store_code(ALICE, &wasm).unwrap();
    let setup = json!({
        "name": "Token", "symbol": "TOK", "decimals": 6, "prng_seed": "AAAA",
        "initial_balances": [{"address": ALICE, "amount": "1000"}],
    });
    let made = chain.instantiate(ALICE, code.code_id, "token", &setup, &[], None);
    let (token, _) = made.unwrap();

    let transfer =
        |amount: u64| json!({"transfer": {"recipient": BOB, "amount": amount.to_string()}});
    let moved = chain.execute(ALICE, &token, &transfer(40), &[]).unwrap();
    println!("transfer: {:?}", moved.calls);
    let too_much = chain.execute(ALICE, &token, &transfer(1_000), &[]);
    assert!(too_much.is_err(), "960 are left");

    let key = json!({"set_viewing_key": {"key": "bob's viewing key, long enough"}});
    chain.execute(BOB, &token, &key, &[]).unwrap();
    let balance = json!({"balance": {"address": BOB, "key": "bob's viewing key, long enough"}});
    let answer: Value = chain.query_json(&token, &balance).unwrap();
    assert_eq!(answer["balance"]["amount"], "40");
}
