//! What a wallet signs: an amino document with the permit as its only message (SNIP-24, "Signed
//! document"; SNIP-24.1).

use cosmwasm_std::{to_vec, StdResult};
use secret_ai_interface::auth::{Permission, PermitParams};
use serde::Serialize;

/// The document; all keys in sorted order.
#[derive(Serialize)]
struct SignDoc<'a> {
    account_number: &'static str,
    chain_id: &'a str,
    fee: Fee,
    memo: &'static str,
    msgs: [Message<'a>; 1],
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
struct Message<'a> {
    r#type: &'static str,
    value: Content<'a>,
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

impl<'a> SignDoc<'a> {
    fn of(params: &'a PermitParams) -> Self {
        SignDoc {
            account_number: "0",
            chain_id: &params.chain_id,
            fee: Fee {
                amount: [Coin {
                    amount: "0",
                    denom: "uscrt",
                }],
                gas: "1",
            },
            memo: "",
            msgs: [Message {
                r#type: "query_permit",
                value: Content {
                    allowed_tokens: &params.allowed_tokens,
                    created: params.created.as_deref(),
                    expires: params.expires.as_deref(),
                    permissions: &params.permissions,
                    permit_name: &params.permit_name,
                },
            }],
            sequence: "0",
        }
    }
}

/// The bytes whose SHA-256 a wallet signs for a permit with these parameters.
pub fn sign_bytes(params: &PermitParams) -> StdResult<Vec<u8>> {
    to_vec(&SignDoc::of(params))
}
