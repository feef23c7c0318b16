//! Who may do and see what: deposits, pause, payouts, queries.

mod common;

use common::{contract, Suite, DEPOSIT, KEY};
use cosmwasm_std::{Coin, Uint128};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature,
};
use secret_ai_interface::billing::{
    AccountAnswer, ExecuteMsg, PermitQuery, QueryMsg, ReceiveMsg, SessionAuth, SessionsAnswer,
};
use secret_ai_interface::{token, Hex};
use secret_ai_multi_test::Wallet;

#[test]
fn a_deposit_may_be_for_somebody_else() {
    let mut suite = Suite::new();
    suite.set_key("bob");
    let withdraw = ExecuteMsg::Withdraw {
        token: suite.token.address.clone(),
        amount: Some(Uint128::new(500)),
        padding: None,
    };
    suite.send("alice", &withdraw).unwrap();
    let msg = ReceiveMsg::Deposit {
        beneficiary: Some(suite.user("bob")),
        padding: None,
    };
    suite.send_tokens("alice", 500, &msg).unwrap();
    assert_eq!(suite.free("bob"), 500);
}

#[test]
fn only_a_token_can_announce_a_deposit() {
    let mut suite = Suite::new();
    let receive = ExecuteMsg::Receive {
        sender: suite.user("mallory"),
        from: suite.user("mallory"),
        amount: Uint128::new(1_000_000),
        memo: None,
        msg: None,
    };
    let refused = suite.send("mallory", &receive).unwrap_err();
    assert!(refused.contains("token: not accepted here"), "{refused}");
}

/// Attack: with an allowance over alice's tokens, mallory opens sessions out of what alice has in
/// billing.
#[test]
fn an_allowance_does_not_open_sessions_for_the_owner() {
    let mut suite = Suite::new();
    suite.set_key("alice");
    let alice = suite.user("alice");
    let withdraw = ExecuteMsg::Withdraw {
        token: suite.token.address.clone(),
        amount: Some(Uint128::new(100)),
        padding: None,
    };
    suite.send("alice", &withdraw).unwrap();
    let allow = token::ExecuteMsg::IncreaseAllowance {
        spender: suite.user("mallory").to_string(),
        amount: Uint128::new(100),
        expiration: None,
        padding: None,
    };
    suite.app.execute(&alice, &suite.token, &allow).unwrap();
    let open = ReceiveMsg::OpenSessions {
        sessions: vec![suite.terms(50_000, 50_000)],
        padding: None,
    };
    let send = token::ExecuteMsg::SendFrom {
        owner: alice.to_string(),
        recipient: suite.billing.address.to_string(),
        recipient_code_hash: None,
        amount: Uint128::new(100),
        msg: Some(cosmwasm_std::to_binary(&open).unwrap()),
        memo: None,
        padding: None,
    };
    let mallory = suite.user("mallory");
    let refused = suite
        .app
        .execute(&mallory, &suite.token, &send)
        .unwrap_err();
    assert!(
        refused.contains("sender: must be the owner of the tokens"),
        "{refused}"
    );
    assert_eq!(suite.free("alice"), DEPOSIT - 100);
}

#[test]
fn native_coins_are_refused() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let coins = [Coin::new(1, "uscrt")];
    let refused =
        suite
            .app
            .execute_with_funds(&alice, &suite.billing, &ExecuteMsg::Pause {}, &coins);
    let refused = refused.unwrap_err();
    assert!(refused.contains("funds: uscrt was sent"), "{refused}");
    assert_eq!(suite.app.balance(&alice, "uscrt"), Uint128::new(1_000));
}

#[test]
fn a_pause_stops_opening_and_settling_but_no_way_out() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    suite.send("admin", &ExecuteMsg::Pause {}).unwrap();
    assert!(suite.clock().paused);
    let refused = suite.open(suite.terms(10, 10)).unwrap_err();
    assert!(refused.contains("paused"), "{refused}");
    assert!(suite.settle(vec![]).is_err());
    let close = ExecuteMsg::CloseSession {
        session_id: id,
        padding: None,
    };
    suite.send("alice", &close).unwrap();
    suite.reclaim(id).unwrap();
    let token = suite.token.address.clone();
    suite
        .send(
            "alice",
            &ExecuteMsg::Withdraw {
                token,
                amount: None,
                padding: None,
            },
        )
        .unwrap();

    let before = suite.clock().now;
    suite.app.advance(3_600);
    assert_eq!(suite.clock().now, before, "the clock stands still");
    suite.send("admin", &ExecuteMsg::Unpause {}).unwrap();
    let again = suite.send("admin", &ExecuteMsg::Pause {}).unwrap_err();
    assert!(again.contains("7 days after the last one"), "{again}");
}

#[test]
fn only_rewards_is_paid_out_and_never_more_than_was_credited() {
    let mut suite = Suite::new();
    let payout = ExecuteMsg::Payout {
        token: suite.token.address.clone(),
        recipient: suite.user("mallory"),
        amount: Uint128::new(1),
        padding: None,
    };
    for who in ["mallory", "admin", "alice"] {
        let refused = suite.send(who, &payout).unwrap_err();
        assert!(
            refused.contains("sender: must be the rewards contract"),
            "{refused}"
        );
    }
    let rewards = suite.rewards.address.clone();
    let refused = suite
        .app
        .execute(&rewards, &suite.billing, &payout)
        .unwrap_err();
    assert!(
        refused.contains("credits: 1 base units needed, 0 available"),
        "{refused}"
    );
}

#[test]
fn a_wrong_key_and_no_account_answer_alike() {
    let mut suite = Suite::new();
    suite.set_key("alice");
    let ask = |who: &str, key: &str| {
        let msg = QueryMsg::Account {
            address: suite.user(who),
            key: key.into(),
        };
        suite.app.query::<AccountAnswer>(&suite.billing, &msg)
    };
    assert!(ask("alice", KEY).is_ok());
    assert_eq!(
        ask("alice", "wrong key!").unwrap_err(),
        ask("nobody", KEY).unwrap_err()
    );
}

#[test]
fn a_session_is_shown_to_whoever_has_id_and_authenticator_alone() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    assert!(suite.session(&id).is_ok());
    let ask = |session_id, auth| {
        let msg = QueryMsg::Session { session_id, auth };
        suite
            .app
            .query::<secret_ai_interface::billing::SessionAnswer>(&suite.billing, &msg)
    };
    let wrong = ask(id, SessionAuth::H(Hex([0; 32]))).unwrap_err();
    let unknown = ask(Hex([0; 16]), SessionAuth::H(Hex([0; 32]))).unwrap_err();
    assert_eq!(wrong, unknown);
}

#[test]
fn a_permit_shows_its_signers_sessions() {
    let mut suite = Suite::new();
    suite.open(suite.terms(1_000, 1_000)).unwrap();
    let permit = |who: &str| {
        let wallet = Wallet::new(who);
        let params = PermitParams {
            allowed_tokens: vec![suite.billing.address.to_string()],
            created: None,
            expires: None,
            permit_name: "p".into(),
            chain_id: "secretdev-1".into(),
            permissions: vec![Permission::Owner],
        };
        let document = secret_ai_contract_kit::permit::sign_bytes(&params).unwrap();
        let pub_key = PermitPublicKey {
            key_type: secret_ai_contract_kit::permit::KEY_TYPE.into(),
            value: wallet.public_key().into(),
        };
        let signature = wallet.sign(&document).into();
        Permit {
            params,
            signature: PermitSignature { pub_key, signature },
        }
    };
    let ask = |permit| {
        let query = PermitQuery::Sessions {
            start: None,
            limit: None,
        };
        let msg = QueryMsg::WithPermit { permit, query };
        suite.app.query::<SessionsAnswer>(&suite.billing, &msg)
    };
    assert_eq!(ask(permit("alice")).unwrap().sessions.len(), 1);
    assert_eq!(ask(permit("bob")).unwrap().total, 0);
    let stolen = Permit {
        signature: permit("bob").signature,
        ..permit("alice")
    };
    assert_eq!(
        ask(stolen).unwrap().total,
        0,
        "it shows bob's sessions, not alice's"
    );
}

#[test]
fn rewards_is_linked_once_and_only_if_it_serves_this_contract() {
    let mut suite = Suite::new();
    let again = ExecuteMsg::LinkRewards {
        rewards: contract(&suite.rewards),
    };
    let refused = suite.send("admin", &again).unwrap_err();
    assert!(refused.contains("linked already"), "{refused}");
    let refused = suite.send("alice", &again).unwrap_err();
    assert!(refused.contains("sender: must be the admin"), "{refused}");
}

/// Every row of a slot has the same length, whatever it holds.
#[test]
fn rows_have_one_size_per_slot() {
    let mut suite = Suite::new();
    for (cap, slack) in [(1, 1), (90_000, 5)] {
        let id = suite.open(suite.terms(cap, slack)).unwrap();
        let receipt = suite.receipt(&id, u64::from(cap == 1) * 1_000 + 1, 7, false);
        suite
            .settle(vec![secret_ai_interface::billing::SettleEntry {
                receipt,
                ack: None,
            }])
            .unwrap();
    }
    suite.deposit("alice", 10).unwrap_err();
    let mut sizes = std::collections::BTreeMap::<String, std::collections::BTreeSet<usize>>::new();
    for (key, value) in suite.app.storage(&suite.billing) {
        let slot = key.split(|b| *b == b'/').next().unwrap_or_default();
        let slot = String::from_utf8_lossy(slot).to_string();
        sizes.entry(slot).or_default().insert(value.len());
    }
    for slot in [
        "account", "own", "terms", "progress", "page", "queue", "globals",
    ] {
        assert_eq!(sizes[slot].len(), 1, "{slot}: {:?}", sizes[slot]);
    }
}
