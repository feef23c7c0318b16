//! Notifications (SNIP-52): the standard's bytes, decoys that look alike, no id twice.

use std::cell::RefCell;
use std::collections::HashSet;

use cosmwasm_std::testing::{mock_dependencies, mock_env, MockStorage};
use cosmwasm_std::{Addr, Attribute, Binary, Env, Storage, TransactionInfo};
use secret_ai_contract_kit::notification::{
    attributes, channel_info, id, list_channels, open, seed_of, Channel, Event, Note, Transaction,
    DATA_SIZE, DEPOSIT_CREDITED, EARNINGS_CREDITED, KEY_PREFIX, LOW_BALANCE, SESSION_ENDED,
};
use secret_ai_contract_kit::random::Stream;
use secret_ai_interface::Hex;

const ALICE: &str = "secret1zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3rcrt0n";
const TOKEN: &str = "secret1yg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zv9xd8y";
const CHANNELS: [Channel; 4] = [
    DEPOSIT_CREDITED,
    SESSION_ENDED,
    LOW_BALANCE,
    EARNINGS_CREDITED,
];

/// SHA-256 of `tx`.
const TX: &str = "1B5B9CCB3E8D006A5230DE9BDA23FF91EDC794D4F56410560830B418528E446C";

fn env(tx: &str) -> Env {
    let mut env = mock_env();
    env.block.height = 1_131_420;
    env.transaction = Some(TransactionInfo {
        index: 0,
        hash: tx.to_lowercase(),
    });
    env
}

/// A contract whose secret is the bytes 0 to 31.
fn storage() -> MockStorage {
    let mut storage = MockStorage::new();
    let secret: Vec<u8> = (0..32).collect();
    storage.set(b"notification_secret", &secret);
    storage.set(b"notified_tx", &[0; 32]);
    storage
}

fn events() -> [Event; 4] {
    let (token, session_id) = (Addr::unchecked(TOKEN), Hex([0x33; 16]));
    [
        Event::DepositCredited {
            token: token.clone(),
            amount: 1_250_000,
        },
        Event::SessionEnded {
            session_id,
            paid: (1 << 127) + 5,
            rest: 7,
        },
        Event::LowBalance {
            session_id,
            left: 9,
        },
        Event::EarningsCredited {
            token,
            amount: u128::MAX,
        },
    ]
}

fn note(to: &str, events: Vec<Option<Event>>) -> Note {
    let to = Addr::unchecked(to);
    Note { to, events }
}

fn notify(storage: &mut dyn Storage, env: &Env, stream: u8, notes: &[Note]) -> Vec<Attribute> {
    attributes(storage, env, &mut Stream::new([stream; 32]), notes).unwrap()
}

/// What Alice finds among attributes, in the order of the channels.
fn found(storage: &dyn Storage, env: &Env, attributes: &[Attribute]) -> Vec<Event> {
    let seed = seed_of(storage, &Addr::unchecked(ALICE)).unwrap();
    let tx = Transaction::new(env.block.height, &env.transaction.as_ref().unwrap().hash).unwrap();
    let find = |channel: &Channel| {
        let id = Binary(id(&seed, channel.id, &tx).unwrap().to_vec());
        let key = format!("{KEY_PREFIX}{}", id.to_base64());
        let mut hits = attributes.iter().filter(|a| a.key == key);
        let hit = hits.next()?;
        assert!(hits.next().is_none(), "an id twice");
        let sealed = Binary::from_base64(&hit.value).unwrap();
        let data = open(&seed, channel.id, &tx, &sealed).unwrap();
        Some(Event::decode(channel.id, &data).unwrap())
    };
    CHANNELS.iter().filter_map(find).collect()
}

/// Expected values come from Python's hmac and hashlib and the ChaCha20Poly1305 of its package
/// cryptography, following the standard's pseudocode: seed = HKDF-SHA256(bytes 0..31, info = 20
/// bytes 0x11).
#[test]
fn ids_and_payloads_are_those_of_the_standard() {
    let golden = [
        (
            "geGPkUa6lPUmsAD0oKfzo3lRYxaosXIj2ZmW2715nA8=",
            "CpWEEJxE8vaYcIpv3497VqZ+pgFu8iDRq9ZQ7FS0p6DcW4h+PzL3+Ufz2WuNr/3gIsuZ136HkNEvR93Y\
             GRqvh33Nro8bODK5caZqDfT+o6k=",
        ),
        (
            "LqLX52y6Za8AZUMXkNrs6N6BfVuqaBKpIzWHsZ/8UyA=",
            "StfTQN4bxhAxAEG81dd/B4QM6jzIsElow2rcvHAG62GLt/jpM5xmgA2DBfYXo141wwRJXb+QkR2N4Tsb\
             0ynPYov8KBNqwobel557TH8hkCc=",
        ),
        (
            "5Xq4zHV3wVoq63pwslRFoXk4IoJzCx38Q8fdtdiLlro=",
            "Y+YlrYZPM5JIWPWSCFftw2WC8oAqJXT3eUQIumSrbiC80pJv4yIIyZP+FwV+8NlvGczzG0qsU8wk3PxL\
             1LhtUOu1Lq5pRaD67E6cCK3Jcuc=",
        ),
        (
            "flcfrxySkY8KIzQhbnZyhcOTArxBGnCUbGRzGtRbsoA=",
            "vYN174SuCRNx6GmTRLqj7FV4JgEqy8Lxr2ZfMw766OBKzZXAUXhe8Ak/Meblg1iqD1bEMDv9em+1+Vsl\
             d6vMlMjcb5Nv7w8EK2WC2RFDWDc=",
        ),
    ];
    let mut storage = storage();
    let seed = seed_of(&storage, &Addr::unchecked(ALICE)).unwrap();
    assert_eq!(
        Hex(seed).to_string(),
        "4c53100331d0b7d6991885decccd3e6f7606f205f31154f46eea3cb9e117164b"
    );
    let notes = [note(ALICE, events().map(Some).to_vec())];
    let made = notify(&mut storage, &env(TX), 1, &notes);
    for (attribute, (id, data)) in made.iter().zip(golden) {
        assert_eq!(attribute.key, format!("snip52:{id}"));
        assert_eq!(attribute.value, data);
        assert!(!attribute.encrypted);
    }
    assert_eq!(made.len(), golden.len());
    assert_eq!(found(&storage, &env(TX), &made), events());
}

#[test]
fn events_have_one_length_per_channel_and_come_back() {
    let (token, session_id) = (Addr::unchecked(ALICE), Hex([0xff; 16]));
    let others = [
        Event::DepositCredited {
            token: token.clone(),
            amount: 0,
        },
        Event::SessionEnded {
            session_id,
            paid: 0,
            rest: u128::MAX,
        },
        Event::LowBalance {
            session_id,
            left: 1 << 100,
        },
        Event::EarningsCredited { token, amount: 1 },
    ];
    for (one, other) in events().into_iter().zip(others) {
        let channel = one.channel().id;
        assert!(one.channel().cddl.starts_with(&format!("{channel}=[")));
        let (a, b) = (one.encode().unwrap(), other.encode().unwrap());
        assert!(a.len() == b.len() && a.len() <= DATA_SIZE, "{channel}");
        assert_eq!(Event::decode(channel, &a).unwrap(), one);
        assert_eq!(Event::decode(channel, &b).unwrap(), other);
        assert!(Event::decode(channel, &a[..a.len() - 1]).is_err());
        assert!(Event::decode(channel, &[0; DATA_SIZE]).is_err());
        assert!(Event::decode("other", &a).is_err());
    }
    let nowhere = Event::DepositCredited {
        token: Addr::unchecked("token"),
        amount: 1,
    };
    assert!(nowhere.encode().is_err());
}

#[test]
fn decoys_look_like_events_and_never_repeat() {
    let mut storage = storage();
    let (env_1, env_2) = (env(TX), env(&TX.replace("1B5B", "0000")));
    let notes = [
        note(ALICE, vec![Some(events()[0].clone()), None]),
        note(TOKEN, vec![None, None]),
    ];
    let first = notify(&mut storage, &env_1, 1, &notes);
    let second = notify(&mut storage, &env_2, 2, &notes);
    assert_eq!((first.len(), second.len()), (4, 4));
    let all: Vec<_> = first.iter().chain(&second).collect();
    for attribute in &all {
        assert_eq!(attribute.key.len(), KEY_PREFIX.len() + 44);
        assert_eq!(attribute.value.len(), (DATA_SIZE + 16).div_ceil(3) * 4);
        assert!(!attribute.encrypted);
    }
    let keys: HashSet<_> = all.iter().map(|a| &a.key).collect();
    let values: HashSet<_> = all.iter().map(|a| &a.value).collect();
    assert_eq!((keys.len(), values.len()), (8, 8));
    assert_eq!(found(&storage, &env_1, &first), [events()[0].clone()]);
    assert_eq!(found(&storage, &env_2, &second), [events()[0].clone()]);
}

/// An id twice would tell that two events concern one account; its nonce twice would open them.
#[test]
fn an_account_is_told_one_event_per_channel_and_transaction() {
    let mut storage = storage();
    let env_1 = env(TX);
    let session = |byte: u8| {
        Some(Event::LowBalance {
            session_id: Hex([byte; 16]),
            left: 1,
        })
    };
    let notes = [
        note(ALICE, vec![None, session(1)]),
        note(ALICE, vec![Some(events()[1].clone()), session(2)]),
    ];
    let made = notify(&mut storage, &env_1, 1, &notes);
    assert_eq!(made.len(), 4);
    let expected = vec![events()[1].clone(), session(1).unwrap()];
    assert_eq!(found(&storage, &env_1, &made), expected);

    let again = notify(&mut storage, &env_1, 2, &notes);
    assert_eq!(again.len(), 4);
    assert!(found(&storage, &env_1, &again).is_empty());

    let env_2 = env(&TX.replace("1B5B", "0000"));
    let next = notify(&mut storage, &env_2, 3, &notes);
    assert_eq!(found(&storage, &env_2, &next), expected);
}

#[test]
fn without_a_transaction_there_are_decoys_only() {
    let (mut storage, mut env) = (storage(), env(TX));
    env.transaction = None;
    let notes = [note(ALICE, vec![Some(events()[0].clone())])];
    let made = notify(&mut storage, &env, 1, &notes);
    assert_eq!(made.len(), 1);
    env.transaction = Some(TransactionInfo {
        index: 0,
        hash: "0".repeat(64),
    });
    assert!(found(&storage, &env, &made).is_empty());
}

/// Storage that notes the slots touched, in order, and the lengths of values.
struct Traced {
    inner: MockStorage,
    trace: RefCell<Vec<(char, Vec<u8>, Option<usize>)>>,
}

impl Storage for Traced {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let value = self.inner.get(key);
        let entry = ('r', key.to_vec(), value.as_ref().map(Vec::len));
        self.trace.borrow_mut().push(entry);
        value
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        let entry = ('w', key.to_vec(), Some(value.len()));
        self.trace.borrow_mut().push(entry);
        self.inner.set(key, value);
    }

    fn remove(&mut self, key: &[u8]) {
        self.inner.remove(key);
    }
}

#[test]
fn the_slots_touched_do_not_depend_on_what_happened() {
    let trace = |first: Option<Event>, second: Option<Event>| {
        let mut storage = Traced {
            inner: storage(),
            trace: RefCell::default(),
        };
        let notes = [note(ALICE, vec![first]), note(TOKEN, vec![second])];
        notify(&mut storage, &env(TX), 1, &notes);
        storage.trace.into_inner()
    };
    let silent = trace(None, None);
    let [one, other, ..] = events();
    assert_eq!(silent, trace(Some(one.clone()), None));
    assert_eq!(silent, trace(Some(one), Some(other)));
    assert_eq!(silent.len(), 5);
}

#[test]
fn channels_are_listed_and_described_as_in_the_standard() {
    let mut deps = mock_dependencies();
    deps.storage = storage();
    let (env, alice) = (env(TX), Addr::unchecked(ALICE));
    let listed = serde_json::to_string(&list_channels(&CHANNELS[..2])).unwrap();
    assert_eq!(
        listed,
        r#"{"list_channels":{"channels":["deposit_credited","session_ended"]}}"#
    );
    let ask = |wanted: &[&str], txhash: Option<&str>| {
        let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        channel_info(deps.as_ref(), &env, &CHANNELS, &alice, &wanted, txhash)
    };
    let answer = ask(&["session_ended"], Some(TX)).unwrap();
    let seed = "TFMQAzHQt9aZGIXezM0+b3YG8gXzEVT0buo8ueEXFks=";
    let expected = format!(
        "{}{}{}{}",
        r#"{"channel_info":{"as_of_block":"1131420","seed":""#,
        format_args!(
            r#"{seed}","channels":[{{"channel":"session_ended","mode":"txhash","seed":"{seed}","#
        ),
        r#""cddl":"session_ended=[session_id:bstr .size 16,paid:biguint,rest:biguint]","#,
        r#""answer_id":"LqLX52y6Za8AZUMXkNrs6N6BfVuqaBKpIzWHsZ/8UyA="}]}}"#
    );
    assert_eq!(serde_json::to_string(&answer).unwrap(), expected);
    let without = serde_json::to_string(&ask(&["low_balance"], None).unwrap()).unwrap();
    assert!(!without.contains("answer_id"), "{without}");

    for (wanted, txhash, field) in [
        (vec!["transfers"], None, "channels: one is unknown"),
        (vec!["low_balance"; 5], None, "channels: 5"),
        (vec!["low_balance"], Some("12"), "txhash"),
    ] {
        let error = ask(&wanted, txhash).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}
