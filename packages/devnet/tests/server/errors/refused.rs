//! Transactions that do not get into a block: the answer to the broadcast.

use super::{
    fits,
    signatures::{edited, unsigned},
};
use crate::harness::{start, Harness, START};
use prost::Message;
use secret_ai_chain_client::{
    proto::{Any, Coin, MsgInstantiateContract, MsgSend, TxRaw},
    tx::{self, SignContext},
    Wallet,
};

/// Name, transaction, codespace, code, text.
pub type Case = (&'static str, Vec<u8>, &'static str, u32, String);

#[tokio::test]
async fn what_a_node_does_not_let_in() {
    let harness = start().await;
    for (name, bytes, codespace, code, text) in malformed(&harness)
        .into_iter()
        .chain(over_limits(&harness))
        .chain(unpaid(&harness))
        .chain(unsigned(&harness))
    {
        let answer = harness.client.lcd().broadcast(&bytes).await.unwrap();
        let got = (answer.codespace.as_str(), answer.code);
        assert_eq!(got, (codespace, code), "{name}: {}", answer.raw_log);
        assert!(fits(&text, &answer.raw_log), "{name}: {}", answer.raw_log);
        assert_eq!(answer.txhash, tx::hash(&bytes), "{name}");
    }
    harness.assert_untouched().await;
}

#[tokio::test]
async fn the_same_transaction_again() {
    let harness = start().await;
    let bytes = tx::sign(&harness.a, harness.send_to_b(1), &harness.context());
    assert_eq!(harness.broadcast(&bytes).await, (0, String::new()));
    // Of CometBFT's error the LCD gives the code alone.
    let answer = harness.client.lcd().broadcast(&bytes).await.unwrap();
    let got = (answer.codespace.as_str(), answer.code, &answer.raw_log[..]);
    assert_eq!(got, ("sdk", 19, ""));
    // One that failed in its block has left the cache; its sequence is used up.
    let context = SignContext {
        sequence: 1,
        ..harness.context()
    };
    let bytes = tx::sign(&harness.a, harness.send_to_b(START), &context);
    assert_eq!(harness.broadcast(&bytes).await.0, 0);
    let text = "account sequence mismatch, expected 2, got 1: incorrect account sequence";
    assert_eq!(harness.broadcast(&bytes).await, (32, text.into()));
}

fn malformed(harness: &Harness) -> Vec<Case> {
    let with = |messages: Vec<Any>| tx::sign(&harness.a, messages, &harness.context());
    let empty = |type_url: &str| Any {
        type_url: type_url.into(),
        value: vec![],
    };
    let instantiate = |code_id, label: &str| {
        with(vec![Any::pack(&MsgInstantiateContract {
            sender: harness.a.address_bytes().to_vec(),
            code_id,
            label: label.into(),
            ..Default::default()
        })])
    };
    let good = with(harness.send_to_b(1));
    let signatures = |signatures: Vec<Vec<u8>>| {
        let raw = TxRaw::decode(&good[..]).unwrap();
        TxRaw { signatures, ..raw }.encode_to_vec()
    };
    let sdk = "sdk";
    vec![
        (
            "no protobuf",
            vec![0xff; 9],
            sdk,
            2,
            "*: tx parse error".into(),
        ),
        (
            "cut off",
            good[..good.len() - 1].to_vec(),
            sdk,
            2,
            "*: tx parse error".into(),
        ),
        (
            "unknown message",
            with(vec![empty("/nobody.v1.MsgNothing")]),
            sdk,
            2,
            "unable to resolve type URL /nobody.v1.MsgNothing: tx parse error".into(),
        ),
        (
            "message of a module that the devnet lacks",
            with(vec![empty("/cosmos.gov.v1beta1.MsgVote")]),
            sdk,
            37,
            "secret-devnet does not do /cosmos.gov.v1beta1.MsgVote: feature not supported".into(),
        ),
        (
            "no message",
            with(vec![]),
            sdk,
            18,
            "must contain at least one message: invalid request".into(),
        ),
        (
            "no code id",
            instantiate(0, "x"),
            sdk,
            18,
            "code_id is required: invalid request".into(),
        ),
        (
            "no label",
            instantiate(1, ""),
            "compute",
            11,
            "is required: empty".into(),
        ),
        (
            "long label",
            instantiate(1, &"x".repeat(513)),
            "compute",
            12,
            "cannot be longer than 128 characters: exceeds limit".into(),
        ),
        (
            "no signature",
            signatures(vec![]),
            sdk,
            15,
            "no signatures supplied".into(),
        ),
        (
            "two signatures",
            signatures(vec![vec![1; 64]; 2]),
            sdk,
            4,
            "wrong number of signers; expected 1, got 2: unauthorized".into(),
        ),
    ]
}

fn over_limits(harness: &Harness) -> Vec<Case> {
    let with = |context: SignContext| tx::sign(&harness.a, harness.send_to_b(1), &context);
    let gas = |gas_limit| {
        with(SignContext {
            gas_limit,
            fee: vec![Coin::uscrt(600_001)],
            ..harness.context()
        })
    };
    let memo = SignContext {
        memo: "x".repeat(257),
        ..harness.context()
    };
    let size_gas = |bytes: &[u8]| 10 * bytes.len();
    let (little, more) = (gas(1_000), gas(3_500));
    assert!((2_500..=3_500).contains(&size_gas(&more)), "{}", more.len());
    let too_large = "out of gas in location: txSize; gasWanted: 1000, gasUsed:";
    let unverified = "out of gas in location: ante verify: secp256k1; gasWanted: 3500, gasUsed:";
    let (size, whole) = (size_gas(&little), size_gas(&more) + 1_000);
    vec![
        (
            "gas above the block's",
            gas(6_000_001),
            "sdk",
            41,
            "tx gas limit 6000001 exceeds block max gas 6000000: invalid gas limit".into(),
        ),
        (
            "timeout height passed",
            edited(harness, |body, _| body.timeout_height = 1),
            "sdk",
            30,
            "block height: 2, timeout height: 1: tx timeout height".into(),
        ),
        (
            "long memo",
            with(memo),
            "sdk",
            12,
            "maximum number of characters is 256 but received 257 characters: memo too large"
                .into(),
        ),
        (
            "gas below the size's",
            little,
            "sdk",
            11,
            format!("{too_large} {size}: out of gas"),
        ),
        (
            "gas below the signature's",
            more,
            "sdk",
            11,
            format!("{unverified} {whole}: out of gas"),
        ),
    ]
}

fn unpaid(harness: &Harness) -> Vec<Case> {
    let with = |fee: Vec<Coin>| {
        let context = SignContext {
            fee,
            ..harness.context()
        };
        tx::sign(&harness.a, harness.send_to_b(1), &context)
    };
    let stranger = Wallet::from_private_key(&[9; 32]).unwrap();
    let send = MsgSend {
        from_address: stranger.address().into(),
        to_address: harness.b.address().into(),
        amount: vec![Coin::uscrt(1)],
    };
    let unknown = tx::sign(&stranger, vec![Any::pack(&send)], &harness.context());
    let more = START + 1;
    vec![
        (
            "short fee",
            with(vec![Coin::uscrt(4_999)]),
            "sdk",
            13,
            "insufficient fees; got: 4999uscrt required: 5000uscrt: insufficient fee".into(),
        ),
        (
            "no fee",
            with(vec![]),
            "sdk",
            13,
            "insufficient fees; got:  required: 5000uscrt: insufficient fee".into(),
        ),
        (
            "fee with nothing in it",
            with(vec![
                Coin {
                    amount: "0".into(),
                    denom: "other".into(),
                },
                Coin::uscrt(5_000),
            ]),
            "sdk",
            13,
            "invalid fee amount: 0other,5000uscrt: insufficient fee".into(),
        ),
        (
            "fee in two parts",
            with(vec![Coin::uscrt(5_000); 2]),
            "sdk",
            13,
            "invalid fee amount: 5000uscrt,5000uscrt: insufficient fee".into(),
        ),
        (
            "account that does not exist",
            unknown,
            "sdk",
            9,
            format!(
                "fee payer address: {} does not exist: unknown address",
                stranger.address()
            ),
        ),
        (
            "fee above the balance",
            with(vec![Coin::uscrt(more)]),
            "sdk",
            5,
            format!(
                "spendable balance {START}uscrt is smaller than {more}uscrt: insufficient funds: \
                 insufficient funds"
            ),
        ),
    ]
}
