//! Building, signing and naming transactions (`SIGN_MODE_DIRECT`).

use crate::{
    proto::{
        Any, AuthInfo, Coin, Fee, ModeInfo, PubKey, SignDoc, SignerInfo, SingleMode, TxBody, TxRaw,
        SIGN_MODE_DIRECT,
    },
    wallet::Wallet,
};
use prost::Message;
use sha2::{Digest, Sha256};

/// What a signature covers beside the messages.
#[derive(Clone, Debug)]
pub struct SignContext {
    pub chain_id: String,
    pub account_number: u64,
    /// Number of transactions that the account has sent before.
    pub sequence: u64,
    /// SDK gas that the transaction may use.
    pub gas_limit: u64,
    /// What it pays, used or not.
    pub fee: Vec<Coin>,
    /// Public text.
    pub memo: String,
}

/// Signs the messages as one transaction of `wallet`; returns the encoded [`TxRaw`].
pub fn sign(wallet: &Wallet, messages: Vec<Any>, context: &SignContext) -> Vec<u8> {
    let body_bytes = TxBody {
        messages,
        memo: context.memo.clone(),
        ..TxBody::default()
    }
    .encode_to_vec();
    let auth_info_bytes = AuthInfo {
        signer_infos: vec![SignerInfo {
            public_key: Some(Any::pack(&PubKey {
                key: wallet.public_key(),
            })),
            mode_info: Some(ModeInfo {
                single: Some(SingleMode {
                    mode: SIGN_MODE_DIRECT,
                }),
            }),
            sequence: context.sequence,
        }],
        fee: Some(Fee {
            amount: context.fee.clone(),
            gas_limit: context.gas_limit,
            ..Fee::default()
        }),
    }
    .encode_to_vec();
    let signature = wallet.sign(&sign_bytes(
        &body_bytes,
        &auth_info_bytes,
        &context.chain_id,
        context.account_number,
    ));
    TxRaw {
        body_bytes,
        auth_info_bytes,
        signatures: vec![signature.to_vec()],
    }
    .encode_to_vec()
}

/// The bytes whose SHA-256 a `SIGN_MODE_DIRECT` signature covers.
pub fn sign_bytes(
    body_bytes: &[u8],
    auth_info_bytes: &[u8],
    chain_id: &str,
    account_number: u64,
) -> Vec<u8> {
    SignDoc {
        body_bytes: body_bytes.to_vec(),
        auth_info_bytes: auth_info_bytes.to_vec(),
        chain_id: chain_id.into(),
        account_number,
    }
    .encode_to_vec()
}

/// A transaction's name: upper-case hex SHA-256 of its bytes.
pub fn hash(tx_bytes: &[u8]) -> String {
    hex::encode_upper(Sha256::digest(tx_bytes))
}

/// Fee in uscrt of `gas_limit` at `price_milli` thousandths of a uscrt per gas, rounded up.
pub fn fee(gas_limit: u64, price_milli: u64) -> Coin {
    Coin::uscrt((u128::from(gas_limit) * u128::from(price_milli)).div_ceil(1000))
}
