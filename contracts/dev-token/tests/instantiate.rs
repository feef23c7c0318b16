//! Creating a token, and what everybody may know of it.

#[allow(dead_code)] // each test file uses its part
mod common;

use common::{instantiate_msg, Suite};
use secret_ai_interface::token::{InitConfig, InstantiateMsg, QueryAnswer, QueryMsg};

fn try_instantiate(change: impl FnOnce(&mut InstantiateMsg)) -> Result<(), String> {
    let mut suite = Suite::new();
    let mut msg = instantiate_msg(&[(&suite.alice, 5)]);
    change(&mut msg);
    let (code, admin) = (suite.code.clone(), suite.admin.clone());
    suite
        .app
        .instantiate(&code, &admin, &msg, "another", None)
        .map(|_| ())
}

#[test]
fn token_tells_what_it_was_made_with() {
    let suite = Suite::new();
    let info = suite.query(&QueryMsg::TokenInfo {}).unwrap();
    let expected = QueryAnswer::TokenInfo {
        name: "Development token".to_string(),
        symbol: "DEV".to_string(),
        decimals: 6,
        total_supply: Some(1_000u128.into()),
    };
    assert_eq!(info, expected);
    let config = suite.query(&QueryMsg::TokenConfig {}).unwrap();
    let expected = QueryAnswer::TokenConfig {
        public_total_supply: true,
        deposit_enabled: false,
        redeem_enabled: false,
        mint_enabled: true,
        burn_enabled: false,
        supported_denoms: vec![],
    };
    assert_eq!(config, expected);
    let minters = suite.query(&QueryMsg::Minters {}).unwrap();
    assert_eq!(
        minters,
        QueryAnswer::Minters {
            minters: vec![suite.admin.clone()]
        }
    );
}

#[test]
fn supply_is_hidden_unless_public() {
    let mut suite = Suite::new();
    let msg = InstantiateMsg {
        config: None,
        ..instantiate_msg(&[(&suite.alice, 5)])
    };
    let (code, admin) = (suite.code.clone(), suite.admin.clone());
    suite.token = suite
        .app
        .instantiate(&code, &admin, &msg, "hidden", None)
        .unwrap();
    match suite.query(&QueryMsg::TokenInfo {}).unwrap() {
        QueryAnswer::TokenInfo { total_supply, .. } => assert_eq!(total_supply, None),
        other => panic!("{other:?}"),
    }
}

#[test]
fn limits_of_names_hold_on_both_sides() {
    try_instantiate(|msg| msg.name = "abc".to_string()).unwrap();
    try_instantiate(|msg| msg.name = "a".repeat(30)).unwrap();
    try_instantiate(|msg| msg.symbol = "A".repeat(20)).unwrap();
    try_instantiate(|msg| msg.decimals = 18).unwrap();

    let error = try_instantiate(|msg| msg.name = "ab".to_string()).unwrap_err();
    assert_eq!(error, "name: 2, must be 3 to 30 bytes");
    let error = try_instantiate(|msg| msg.name = "a".repeat(31)).unwrap_err();
    assert_eq!(error, "name: 31, must be 3 to 30 bytes");
    let error = try_instantiate(|msg| msg.symbol = "A".repeat(21)).unwrap_err();
    assert_eq!(error, "symbol: 21, must be 3 to 20 characters");
    let error = try_instantiate(|msg| msg.symbol = "D-V".to_string()).unwrap_err();
    assert_eq!(error, "symbol: must be ASCII letters and digits");
    let error = try_instantiate(|msg| msg.decimals = 19).unwrap_err();
    assert_eq!(error, "decimals: 19, must be 0 to 18");
}

#[test]
fn features_that_are_missing_cannot_be_switched_on() {
    let error = try_instantiate(|msg| {
        msg.config = Some(InitConfig {
            enable_deposit: Some(true),
            ..InitConfig::default()
        });
    });
    assert_eq!(
        error.unwrap_err(),
        "enable_deposit: this token has no such feature"
    );
    let off = InitConfig {
        enable_redeem: Some(false),
        ..InitConfig::default()
    };
    try_instantiate(|msg| msg.config = Some(off)).unwrap();
}

#[test]
fn addresses_are_checked() {
    let error = try_instantiate(|msg| msg.admin = Some("secret1short".to_string())).unwrap_err();
    assert!(error.contains("admin: not an address"), "{error}");
}

#[test]
fn answers_come_in_blocks_of_256_bytes() {
    let suite = Suite::new();
    for msg in [
        QueryMsg::TokenInfo {},
        QueryMsg::TokenConfig {},
        QueryMsg::Minters {},
    ] {
        let answer = suite.app.query_bytes(&suite.token, &msg).unwrap();
        assert_eq!(answer.len() % 256, 0);
    }
}
