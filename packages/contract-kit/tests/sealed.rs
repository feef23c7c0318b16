//! Sealed messages: only the peer opens them, once each and in order.

use cosmwasm_std::testing::{mock_env, MockStorage};
use cosmwasm_std::{Binary, Env, Storage};
use secret_ai_contract_kit::sealed::{make_keys, open, open_channel, seal};
use secret_ai_interface::Hex;

fn env(random: u8) -> Env {
    let mut env = mock_env();
    env.block.random = Some(Binary(vec![random; 32]));
    env
}

/// Two contracts that have exchanged public keys.
fn pair() -> (MockStorage, MockStorage) {
    let (mut a, mut b) = (MockStorage::new(), MockStorage::new());
    let key_a = make_keys(&mut a, &env(1)).unwrap();
    let key_b = make_keys(&mut b, &env(2)).unwrap();
    open_channel(&mut a, &key_b).unwrap();
    open_channel(&mut b, &key_a).unwrap();
    (a, b)
}

#[test]
fn the_peer_opens_what_was_sealed() {
    let (mut a, mut b) = pair();
    for payload in [b"first".as_slice(), b"", &[7; 992]] {
        let message = seal(&mut a, payload).unwrap();
        assert_eq!(message.len(), 8 + 12 + payload.len() + 16);
        assert_eq!(open(&mut b, &message).unwrap(), payload);
    }
}

/// A transaction that is reverted shows its message, and the next one has its counter again.
#[test]
fn different_payloads_share_no_nonce_even_under_one_counter() {
    let (a, _) = pair();
    let sealed = |payload: &[u8]| {
        let mut storage = MockStorage::new();
        for key in [b"sealing_secret".as_slice(), b"sealing_channel"] {
            storage.set(key, &a.get(key).unwrap());
        }
        seal(&mut storage, payload).unwrap()
    };
    let (one, other) = (sealed(b"one"), sealed(b"two"));
    assert_eq!(one[..8], other[..8], "the counter");
    assert_ne!(one[8..20], other[8..20], "the nonce");
    assert_eq!(one, sealed(b"one"));
}

#[test]
fn equal_payloads_look_different() {
    let (mut a, _) = pair();
    assert_ne!(
        seal(&mut a, b"same").unwrap()[8..],
        seal(&mut a, b"same").unwrap()[8..]
    );
}

#[test]
fn replayed_skipped_and_changed_messages_are_refused() {
    let (mut a, b) = pair();
    let first = seal(&mut a, b"first").unwrap();
    let second = seal(&mut a, b"second").unwrap();
    let fresh = || {
        let mut copy = MockStorage::new();
        for key in [b"sealing_secret".as_slice(), b"sealing_channel"] {
            use cosmwasm_std::Storage;
            copy.set(key, &b.get(key).unwrap());
        }
        copy
    };
    let mut replay = fresh();
    open(&mut replay, &first).unwrap();
    assert!(open(&mut replay, &first).is_err(), "replayed");
    assert!(open(&mut fresh(), &second).is_err(), "skipped");
    for at in 0..first.len() {
        let mut changed = first.clone();
        changed[at] ^= 1;
        assert!(open(&mut fresh(), &changed).is_err(), "byte {at}");
    }
    assert!(open(&mut fresh(), &first[..7]).is_err(), "cut");
}

#[test]
fn a_key_that_contributes_nothing_is_refused() {
    let mut a = MockStorage::new();
    make_keys(&mut a, &env(1)).unwrap();
    assert!(open_channel(&mut a, &Hex([0; 32])).is_err());
    assert!(seal(&mut a, b"x").is_err(), "no channel yet");
}
