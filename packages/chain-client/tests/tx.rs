//! Transactions: encoding, decoding, and that the signature covers every part.

use k256::ecdsa::{signature::Verifier, Signature, VerifyingKey};
use prost::Message;
use secret_ai_chain_client::{
    proto::{Any, AuthInfo, Coin, MsgSend, PubKey, TxBody, TxRaw, TypeUrl, SIGN_MODE_DIRECT},
    tx::{fee, hash, sign, sign_bytes, SignContext},
    Wallet,
};

fn wallet() -> Wallet {
    Wallet::from_private_key(&[7; 32]).unwrap()
}

fn send() -> MsgSend {
    MsgSend {
        from_address: wallet().address().into(),
        to_address: wallet().address().into(),
        amount: vec![Coin::uscrt(5)],
    }
}

fn signed() -> TxRaw {
    let context = SignContext {
        chain_id: "secretdev-1".into(),
        account_number: 3,
        sequence: 9,
        gas_limit: 50_000,
        fee: vec![Coin::uscrt(5_000)],
        memo: "hello".into(),
    };
    TxRaw::decode(&sign(&wallet(), vec![Any::pack(&send())], &context)[..]).unwrap()
}

fn verifies(tx: &TxRaw, chain_id: &str, account_number: u64) -> bool {
    let doc = sign_bytes(
        &tx.body_bytes,
        &tx.auth_info_bytes,
        chain_id,
        account_number,
    );
    let signature = Signature::from_slice(&tx.signatures[0]).unwrap();
    let key = VerifyingKey::from_sec1_bytes(&wallet().public_key()).unwrap();
    key.verify(&doc, &signature).is_ok()
}

#[test]
fn parts_come_back_as_they_went_in() {
    let tx = signed();
    let body = TxBody::decode(&tx.body_bytes[..]).unwrap();
    assert_eq!(body.memo, "hello");
    assert_eq!(body.messages[0].type_url, MsgSend::TYPE_URL);
    assert_eq!(
        MsgSend::decode(&body.messages[0].value[..]).unwrap(),
        send()
    );
    let auth = AuthInfo::decode(&tx.auth_info_bytes[..]).unwrap();
    let signer = &auth.signer_infos[0];
    assert_eq!(signer.sequence, 9);
    assert_eq!(
        signer.mode_info.clone().unwrap().single.unwrap().mode,
        SIGN_MODE_DIRECT
    );
    let key = PubKey::decode(&signer.public_key.as_ref().unwrap().value[..]).unwrap();
    assert_eq!(key.key, wallet().public_key());
    let fee = auth.fee.unwrap();
    assert_eq!(
        (fee.gas_limit, fee.amount),
        (50_000, vec![Coin::uscrt(5_000)])
    );
}

#[test]
fn encoding_is_the_wire_format() {
    // cosmos.base.v1beta1.Coin { denom: "uscrt", amount: "5" } by hand: tag 1, tag 2, both text.
    let expected = [&[0x0a, 5][..], b"uscrt", &[0x12, 1], b"5"].concat();
    assert_eq!(Coin::uscrt(5).encode_to_vec(), expected);
    // Field 1 of Any, then field 2, then nothing.
    let any = Any {
        type_url: "/a".into(),
        value: vec![9],
    }
    .encode_to_vec();
    assert_eq!(any, [0x0a, 2, b'/', b'a', 0x12, 1, 9]);
}

#[test]
fn signature_covers_every_part() {
    let tx = signed();
    assert!(verifies(&tx, "secretdev-1", 3));
    assert!(!verifies(&tx, "secret-4", 3));
    assert!(!verifies(&tx, "secretdev-1", 4));
    for part in 0..2 {
        let mut bad = tx.clone();
        let bytes = if part == 0 {
            &mut bad.body_bytes
        } else {
            &mut bad.auth_info_bytes
        };
        *bytes.last_mut().unwrap() ^= 1;
        assert!(!verifies(&bad, "secretdev-1", 3), "part {part}");
    }
}

#[test]
fn hash_is_upper_case_sha256() {
    let expected = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
    assert_eq!(hash(b""), expected);
}

#[test]
fn fee_rounds_up_and_does_not_overflow() {
    assert_eq!(fee(50_000, 100), Coin::uscrt(5_000));
    assert_eq!(fee(1, 100), Coin::uscrt(1));
    assert_eq!(fee(0, 100), Coin::uscrt(0));
    let largest = u128::from(u64::MAX) * u128::from(u64::MAX);
    assert_eq!(fee(u64::MAX, u64::MAX), Coin::uscrt(largest.div_ceil(1000)));
}
