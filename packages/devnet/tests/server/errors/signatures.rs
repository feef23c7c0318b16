//! Transactions signed wrongly, or for something else.

use super::refused::Case;
use crate::harness::{Harness, CHAIN};
use prost::Message;
use secret_ai_chain_client::{
    proto::{AuthInfo, TxBody, TxRaw},
    tx::{self, SignContext},
};

pub fn unsigned(harness: &Harness) -> Vec<Case> {
    let with = |context: SignContext| tx::sign(&harness.a, harness.send_to_b(1), &context);
    let mut forged = TxRaw::decode(&with(harness.context())[..]).unwrap();
    forged.signatures[0][5] ^= 1;
    let stolen = tx::sign(&harness.b, harness.send_to_b(1), &harness.context());
    let mut amino = TxRaw::decode(&edited(harness, |_, auth| set_mode(auth, 127))[..]).unwrap();
    // Amino's signed text holds the sequence; here it is that of another transaction.
    amino.signatures = vec![harness.a.sign(b"{}").to_vec()];
    let direct = "signature verification failed; please verify account number (0) and chain-id \
                  (secretdev-1): (unable to verify single signer signature * for signBytes *): \
                  unauthorized";
    vec![
        (
            "key of another account",
            stolen,
            "sdk",
            8,
            format!(
                "pubKey does not match signer address {} with signer index: 0: invalid pubkey",
                harness.a.address()
            ),
        ),
        (
            "wrong sequence",
            with(SignContext {
                sequence: 4,
                ..harness.context()
            }),
            "sdk",
            32,
            "account sequence mismatch, expected 0, got 4: incorrect account sequence".into(),
        ),
        (
            "wrong chain id",
            with(SignContext {
                chain_id: "secret-4".into(),
                ..harness.context()
            }),
            "sdk",
            4,
            direct.into(),
        ),
        (
            "wrong account number",
            with(SignContext {
                account_number: 1,
                ..harness.context()
            }),
            "sdk",
            4,
            direct.into(),
        ),
        (
            "forged signature",
            forged.encode_to_vec(),
            "sdk",
            4,
            direct.into(),
        ),
        (
            "amino signature of something else",
            amino.encode_to_vec(),
            "sdk",
            4,
            "signature verification failed; please verify account number (0), sequence (0) and \
             chain-id (secretdev-1): unable to verify single signer signature * for signBytes *: \
             unauthorized"
                .into(),
        ),
    ]
}

/// A correct transaction with its body or authorisation changed, signed anew.
pub fn edited(harness: &Harness, edit: impl Fn(&mut TxBody, &mut AuthInfo)) -> Vec<u8> {
    let good = tx::sign(&harness.a, harness.send_to_b(1), &harness.context());
    let raw = TxRaw::decode(&good[..]).unwrap();
    let mut body = TxBody::decode(&raw.body_bytes[..]).unwrap();
    let mut auth = AuthInfo::decode(&raw.auth_info_bytes[..]).unwrap();
    edit(&mut body, &mut auth);
    let (body_bytes, auth_info_bytes) = (body.encode_to_vec(), auth.encode_to_vec());
    let signed = tx::sign_bytes(&body_bytes, &auth_info_bytes, CHAIN, 0);
    TxRaw {
        body_bytes,
        auth_info_bytes,
        signatures: vec![harness.a.sign(&signed).to_vec()],
    }
    .encode_to_vec()
}

fn set_mode(auth: &mut AuthInfo, mode: i32) {
    let single = auth.signer_infos[0].mode_info.as_mut();
    single.unwrap().single.as_mut().unwrap().mode = mode;
}
