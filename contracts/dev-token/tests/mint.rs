//! `mint` and `set_minters`.

#[allow(dead_code)] // each test file uses its part
mod common;

use common::{instantiate_msg, mint, Suite};
use secret_ai_interface::token::{ExecuteMsg, InstantiateMsg};

fn set_minters(minters: Vec<String>) -> ExecuteMsg {
    ExecuteMsg::SetMinters {
        minters,
        padding: None,
    }
}

#[test]
fn minter_makes_tokens() {
    let mut suite = Suite::new();
    let (admin, bob) = (suite.admin.clone(), suite.bob.clone());
    suite.answer(&admin, &mint(&bob, 500));
    assert_eq!((suite.balance(&bob), suite.supply()), (500, 1_500));
}

#[test]
fn attack_mint_by_somebody_else() {
    let mut suite = Suite::new();
    let alice = suite.alice.clone();
    assert_eq!(
        suite.refused(&alice, &mint(&alice, 1)),
        "sender: not a minter"
    );
}

#[test]
fn attack_mint_beyond_128_bits() {
    let mut suite = Suite::new();
    let (admin, bob) = (suite.admin.clone(), suite.bob.clone());
    let error = suite.refused(&admin, &mint(&bob, u128::MAX - 999));
    assert!(error.contains("128 bits"), "{error}");
    suite.answer(&admin, &mint(&bob, u128::MAX - 1_000));
    assert_eq!(suite.supply(), u128::MAX);
    suite.refused(&admin, &mint(&bob, 1));
}

#[test]
fn admin_names_the_minters() {
    let mut suite = Suite::new();
    let (admin, alice, bob) = (suite.admin.clone(), suite.alice.clone(), suite.bob.clone());
    let error = suite.refused(&alice, &set_minters(vec![alice.to_string()]));
    assert_eq!(error, "sender: not the admin");
    let error = suite.refused(&admin, &set_minters(vec![bob.to_string(); 17]));
    assert_eq!(error, "minters: 17, must be at most 16");

    suite.answer(&admin, &set_minters(vec![bob.to_string()]));
    suite.answer(&bob, &mint(&bob, 1));
    assert_eq!(
        suite.refused(&admin, &mint(&admin, 1)),
        "sender: not a minter"
    );
}

#[test]
fn token_without_minting_has_none() {
    let mut suite = Suite::new();
    let (code, admin) = (suite.code.clone(), suite.admin.clone());
    let msg = InstantiateMsg {
        config: None,
        ..instantiate_msg(&[])
    };
    suite.token = suite
        .app
        .instantiate(&code, &admin, &msg, "fixed", None)
        .unwrap();
    assert_eq!(
        suite.refused(&admin, &mint(&admin, 1)),
        "mint: not enabled for this token"
    );
    let error = suite.refused(&admin, &set_minters(vec![admin.to_string()]));
    assert_eq!(error, "mint: not enabled for this token");
}
