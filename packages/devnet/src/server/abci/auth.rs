//! `cosmos.auth.v1beta1.Query`

use super::{
    proto::{
        auth::{
            BaseAccount, Params, QueryAccountInfoResponse, QueryAccountResponse,
            QueryParamsResponse,
        },
        Empty, Text,
    },
    unary, Served,
};
use crate::{
    gas,
    server::{answer::GrpcError, ante::MAX_MEMO, lookup, node::Node},
    ADDRESS_PREFIX,
};
use secret_ai_chain_client::proto::{Any, PubKey};

pub(super) fn serve(node: &Node, method: &str, request: &[u8]) -> Served {
    match method {
        "Account" => unary(request, |Text { value: address }| {
            let account = Any::pack(&base_account(node, address)?);
            Ok(QueryAccountResponse {
                account: Some(account),
            })
        }),
        "AccountInfo" => unary(request, |Text { value: address }| {
            let info = Some(base_account(node, address)?);
            Ok(QueryAccountInfoResponse { info })
        }),
        "Bech32Prefix" => unary(request, |Empty {}| {
            let value = ADDRESS_PREFIX.to_owned();
            Ok(Text { value })
        }),
        "Params" => unary(request, |Empty {}| {
            let params = Some(Params {
                max_memo_characters: MAX_MEMO as u64,
                tx_sig_limit: 1,
                tx_size_cost_per_byte: gas::TX_BYTE,
                sig_verify_cost_secp256k1: gas::TX_SIGNATURE,
            });
            Ok(QueryParamsResponse { params })
        }),
        _ => None,
    }
}

fn base_account(node: &Node, address: String) -> Result<BaseAccount, GrpcError> {
    let account = lookup::account(node, &address)?;
    let key = account.public_key.clone();
    Ok(BaseAccount {
        pub_key: key.map(|key| Any::pack(&PubKey { key })),
        account_number: account.number,
        sequence: account.sequence,
        address,
    })
}
