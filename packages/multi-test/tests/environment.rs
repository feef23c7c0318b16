//! What the chain tells a contract: randomness, hashes, time, addresses, coins.

#[allow(dead_code)] // each test file uses its part
mod pair;

use std::collections::BTreeSet;

use cosmwasm_std::{coins, Uint128};
use pair::{counter_fns, CounterMsg, CounterQuery, Empty, Seen, Suite};
use secret_ai_multi_test::{address_of, canonical, Genesis, Wallet};

#[test]
fn random_differs_in_every_call_and_repeats_with_the_seed() {
    let run = |seed| {
        let mut suite = Suite::with_genesis(Genesis {
            seed,
            ..Genesis::default()
        });
        (0..5)
            .map(|_| suite.observe().random.unwrap().0)
            .collect::<Vec<_>>()
    };
    let first = run(1);
    assert!(first.iter().all(|random| random.len() == 32));
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 5);
    assert_eq!(first, run(1));
    assert_ne!(first, run(2));
}

#[test]
fn queries_have_neither_randomness_nor_transaction() {
    let suite = Suite::new();
    let seen: Seen = suite
        .app
        .query(&suite.counter, &CounterQuery::Env {})
        .unwrap();
    assert_eq!((seen.random, seen.tx_hash), (None, None));
    assert_eq!(seen.code_hash, suite.counter.code_hash);
}

#[test]
fn transaction_hash_is_upper_case_hex_of_its_own() {
    let mut suite = Suite::new();
    let hashes = [suite.observe(), suite.observe()].map(|seen| seen.tx_hash.unwrap());
    assert_ne!(hashes[0], hashes[1]);
    for hash in hashes {
        assert_eq!(hash.len(), 64);
        assert!(
            hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')),
            "{hash}"
        );
    }
}

#[test]
fn contract_sees_sender_chain_and_own_code_hash() {
    let mut suite = Suite::new();
    let seen = suite.observe();
    assert_eq!(seen.sender, Some(suite.user.clone()));
    assert_eq!(seen.chain_id, "secretdev-1");
    assert_eq!(seen.code_hash, suite.counter_code.hash);
}

#[test]
fn time_moves_only_when_told() {
    let mut suite = Suite::new();
    let (first, second) = (suite.observe(), suite.observe());
    assert_eq!((first.height, first.time), (second.height, second.time));

    suite.app.advance(60);
    let later = suite.observe();
    assert_eq!(
        (later.height, later.time),
        (first.height + 10, first.time + 60)
    );
    suite.app.advance(1);
    assert_eq!(suite.app.block_height(), later.height + 1);
    assert_eq!(suite.app.block_time(), later.time + 1);
    suite.app.set_block(5_000, 1_800_000_000);
    let set = suite.observe();
    assert_eq!((set.height, set.time), (5_000, 1_800_000_000));
}

#[test]
fn users_and_contracts_have_addresses_of_the_chain() {
    let suite = Suite::new();
    let all = [&suite.user, &suite.counter.address, &suite.relay.address];
    for address in all {
        assert_eq!(address.as_str().len(), 45);
        let bytes = canonical(address.as_str()).unwrap();
        assert_eq!(address_of(&bytes), address.as_str());
    }
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(suite.user, Wallet::new("alice").address());
    assert_ne!(suite.user, suite.app.user("bob"));
}

#[test]
fn text_that_is_no_address_has_no_canonical_form() {
    let good = Wallet::new("alice").address().into_string();
    let cosmos = "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh";
    let typo = good.replace(&good[44..], if good.ends_with('q') { "p" } else { "q" });
    for bad in [
        good.to_uppercase(),
        typo,
        good[..44].to_string(),
        cosmos.into(),
        String::new(),
    ] {
        assert_eq!(canonical(&bad), None, "{bad}");
    }
}

#[test]
fn signature_verifies_under_the_public_key() {
    use cosmwasm_std::{testing::MockApi, Api};
    use sha2::{Digest, Sha256};
    let wallet = Wallet::new("alice");
    let verify = |text: &[u8]| {
        let hash = Sha256::digest(text);
        MockApi::default().secp256k1_verify(&hash, &wallet.sign(b"text"), &wallet.public_key())
    };
    assert!(verify(b"text").unwrap());
    assert!(!verify(b"other").unwrap());
}

#[test]
fn coins_move_with_messages_and_come_back_on_failure() {
    let alice = Wallet::new("alice").address();
    let bob = Wallet::new("bob").address();
    let balances = vec![(alice.clone(), coins(100, "uscrt"))];
    let mut suite = Suite::with_genesis(Genesis {
        balances,
        ..Genesis::default()
    });
    let pay = CounterMsg::Pay {
        to: bob.to_string(),
        coins: coins(30, "uscrt"),
    };

    let error = suite
        .app
        .execute_with_funds(&alice, &suite.counter, &pay, &coins(20, "uscrt"))
        .unwrap_err();
    assert!(error.contains("Cannot Sub"), "{error}");
    assert_eq!(suite.app.balance(&alice, "uscrt"), Uint128::new(100));

    suite
        .app
        .execute_with_funds(&alice, &suite.counter, &pay, &coins(50, "uscrt"))
        .unwrap();
    let left = [&alice, &bob, &suite.counter.address].map(|a| suite.app.balance(a, "uscrt").u128());
    assert_eq!(left, [50, 30, 20]);
}

#[test]
fn migration_changes_the_code_hash_and_needs_the_admin() {
    let mut suite = Suite::new();
    suite.add(1).unwrap();
    let next = suite.app.store(counter_fns("counter-2"));
    let stranger = suite.app.user("mallory");
    let error = suite
        .app
        .migrate(&stranger, &suite.counter, &next, &Empty {})
        .unwrap_err();
    assert!(error.contains("Only admin can migrate"), "{error}");

    let moved = suite
        .app
        .migrate(&suite.user, &suite.counter, &next, &Empty {})
        .unwrap();
    assert_eq!(moved.code_hash, next.hash);
    let seen: Seen = suite.app.query(&moved, &CounterQuery::Seen {}).unwrap();
    assert_eq!(seen.code_hash, next.hash);
    assert_eq!(
        suite
            .app
            .query::<u64>(&moved, &CounterQuery::Count {})
            .unwrap(),
        1
    );
    let old = suite
        .app
        .query::<u64>(&suite.counter, &CounterQuery::Count {})
        .unwrap_err();
    assert!(old.contains("code hash mismatch"), "{old}");
}
