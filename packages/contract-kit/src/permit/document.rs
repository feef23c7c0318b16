//! What a wallet signs off chain: an amino document with one message (SNIP-24, "Signed document";
//! SNIP-24.1).

use cosmwasm_std::{to_vec, StdResult};
use secret_ai_interface::auth::{Permission, PermitParams};
use serde::Serialize;

/// The document; all keys in sorted order.
#[derive(Serialize)]
struct SignDoc<'a, T> {
    account_number: &'static str,
    chain_id: &'a str,
    fee: Fee,
    memo: &'static str,
    msgs: [Message<T>; 1],
    sequence: &'static str,
}

#[derive(Serialize)]
struct Fee {
    amount: [Coin; 1],
    gas: &'static str,
}

#[derive(Serialize)]
struct Coin {
    amount: &'static str,
    denom: &'static str,
}

#[derive(Serialize)]
struct Message<T> {
    r#type: &'static str,
    value: T,
}

/// A date that the permit does not have is not in the document either, so that permits of SNIP-24
/// stay good.
#[derive(Serialize)]
struct Content<'a> {
    allowed_tokens: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<&'a str>,
    permissions: &'a [Permission],
    permit_name: &'a str,
}

/// The bytes whose SHA-256 a wallet signs for a permit with these parameters.
pub fn sign_bytes(params: &PermitParams) -> StdResult<Vec<u8>> {
    let content = Content {
        allowed_tokens: &params.allowed_tokens,
        created: params.created.as_deref(),
        expires: params.expires.as_deref(),
        permissions: &params.permissions,
        permit_name: &params.permit_name,
    };
    document(&params.chain_id, "query_permit", content)
}

/// A document with a message of this type; the keys of `value` must be in sorted order.
pub(crate) fn document<T: Serialize>(
    chain_id: &str,
    r#type: &'static str,
    value: T,
) -> StdResult<Vec<u8>> {
    to_vec(&SignDoc {
        account_number: "0",
        chain_id,
        fee: Fee {
            amount: [Coin {
                amount: "0",
                denom: "uscrt",
            }],
            gas: "1",
        },
        memo: "",
        msgs: [Message { r#type, value }],
        sequence: "0",
    })
}
