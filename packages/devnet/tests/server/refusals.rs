//! Transactions that the chain must not let in, beside those of the table in `errors`.

use super::harness::{start, START};
use k256::ecdsa::Signature;
use prost::Message;
use secret_ai_chain_client::{
    proto::{Any, Coin, MsgSend, TxRaw},
    tx::sign,
    ChainClient, ChainError,
};

#[tokio::test]
async fn a_correct_transaction_is_let_in() {
    let harness = start().await;
    assert_eq!(
        harness.try_send(&harness.context()).await,
        (0, String::new())
    );
    assert_eq!(harness.balance(harness.b.address()).await, START + 1);
    assert_eq!(
        harness.balance(harness.a.address()).await,
        START - 1 - 5_000
    );
}

#[tokio::test]
async fn changed_bytes() {
    let harness = start().await;
    let good = sign(&harness.a, harness.send_to_b(1), &harness.context());
    let raw = TxRaw::decode(&good[..]).unwrap();
    let other = sign(&harness.a, harness.send_to_b(2), &harness.context());
    let other = TxRaw::decode(&other[..]).unwrap();
    let body = TxRaw {
        body_bytes: other.body_bytes,
        ..raw.clone()
    };
    let signature = Signature::from_slice(&raw.signatures[0]).unwrap();
    let (r, s) = signature.split_scalars();
    let twin = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    let high_s = TxRaw {
        signatures: vec![twin.to_bytes().to_vec()],
        ..raw.clone()
    };
    let short = TxRaw {
        signatures: vec![vec![1; 63]],
        ..raw
    };
    for bad in [body, high_s, short] {
        let (code, log) = harness.broadcast(&bad.encode_to_vec()).await;
        assert_eq!(code, 4, "{log}");
    }
    let (code, _) = harness.broadcast(&good[..good.len() - 1]).await;
    assert_eq!(code, 2);
    harness.assert_untouched().await;
}

#[tokio::test]
async fn failed_execution_costs_the_fee_and_a_sequence() {
    let harness = start().await;
    let too_much = harness.client.send_coins(
        &harness.a,
        harness.b.address(),
        vec![Coin::uscrt(START)],
        50_000,
    );
    match too_much.await.unwrap_err() {
        ChainError::Rejected {
            codespace,
            code,
            log,
        } => {
            assert_eq!((codespace.as_str(), code), ("sdk", 5));
            assert!(log.contains("message index: 0"), "{log}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(harness.balance(harness.b.address()).await, START);
    assert_eq!(harness.balance(harness.a.address()).await, START - 5_000);
    let account = harness
        .client
        .lcd()
        .account(harness.a.address())
        .await
        .unwrap();
    assert_eq!(account.sequence, 1);
}

/// Bech32 may be in upper case, too; it is the same address.
#[tokio::test]
async fn coins_sent_to_an_address_in_upper_case_arrive() {
    let harness = start().await;
    let to = harness.b.address().to_uppercase();
    assert_eq!(harness.balance(&to).await, START);
    let message = Any::pack(&MsgSend {
        from_address: harness.a.address().into(),
        to_address: to.clone(),
        amount: vec![Coin::uscrt(7)],
    });
    let bytes = sign(&harness.a, vec![message], &harness.context());
    assert_eq!(harness.broadcast(&bytes).await, (0, String::new()));
    assert_eq!(harness.balance(harness.b.address()).await, START + 7);
    assert_eq!(harness.balance(&to).await, START + 7);
}

#[tokio::test]
async fn a_client_for_another_chain_is_refused() {
    let harness = start().await;
    let client = ChainClient::new(&harness.server.lcd_url(), "secret-4").unwrap();
    let amount = vec![Coin::uscrt(1)];
    let sent = client
        .send_coins(&harness.a, harness.b.address(), amount, 50_000)
        .await;
    assert!(
        matches!(sent, Err(ChainError::Rejected { code: 4, .. })),
        "{sent:?}"
    );
    harness.assert_untouched().await;
}

/// Sign bytes written by hand, as a Ledger shows them.
#[tokio::test]
async fn amino_signatures_are_taken_and_checked() {
    let harness = start().await;
    let direct = sign(&harness.a, harness.send_to_b(1), &harness.context());
    let mut raw = TxRaw::decode(&direct[..]).unwrap();
    // The mode is the only single byte 1 inside two nested length-2 fields.
    let mode = [0x12, 4, 0x0a, 2, 0x08, 1];
    let at = raw
        .auth_info_bytes
        .windows(6)
        .position(|w| w == mode)
        .unwrap();
    raw.auth_info_bytes[at + 5] = 127;
    let doc = |amount: u32| {
        format!(
            r#"{{"account_number":"0","chain_id":"secretdev-1","fee":{{"amount":[{{"amount":"5000","denom":"uscrt"}}],"gas":"50000"}},"memo":"","msgs":[{{"type":"cosmos-sdk/MsgSend","value":{{"amount":[{{"amount":"{amount}","denom":"uscrt"}}],"from_address":"{}","to_address":"{}"}}}}],"sequence":"0"}}"#,
            harness.a.address(),
            harness.b.address()
        )
    };
    raw.signatures = vec![harness.a.sign(doc(2).as_bytes()).to_vec()];
    assert_eq!(harness.broadcast(&raw.encode_to_vec()).await.0, 4);
    harness.assert_untouched().await;
    raw.signatures = vec![harness.a.sign(doc(1).as_bytes()).to_vec()];
    assert_eq!(
        harness.broadcast(&raw.encode_to_vec()).await,
        (0, String::new())
    );
    assert_eq!(harness.balance(harness.b.address()).await, START + 1);
}
