//! The sizes to which messages are filled, as JSON for clients in other languages. All numbers come
//! from [`PaddedSize`] itself, asked about a message of each class.
//!
//! A class is a size in bytes; a list of sizes, by the number of sessions from 1 on; or
//! `{"base", "block"}`: `base` and the full blocks that hold what is inside (the base64 in a token's
//! `send`, or else the whole message). `other` is the class of all kinds that are not named.

use cosmwasm_std::{Addr, Binary, Uint128};
use secret_ai_interface::billing::{self, OpenSession, SessionAuth, MAX_SESSIONS_PER_MESSAGE};
use secret_ai_interface::{registry, rewards, token, Hex, PaddedSize};
use serde_json::{json, Value};

/// `padded-sizes.json`.
pub fn padded_sizes() -> Value {
    json!({
        "billing": {
            "open_sessions": by_sessions(|sessions| billing::ExecuteMsg::OpenSessions {
                token: Addr::unchecked(""),
                sessions,
                padding: None,
            }),
            "settle": size(&billing::ExecuteMsg::Settle {
                kid: Hex([0; 20]),
                entries: Vec::new(),
                padding: None,
            }),
            "receive": { "base": 0, "block": size(&receive()) },
            "other": size(&billing::ExecuteMsg::Pause {}),
        },
        "billing_receive": {
            "deposit": size(&billing::ReceiveMsg::Deposit { beneficiary: None, padding: None }),
            "open_sessions": by_sessions(|sessions| billing::ReceiveMsg::OpenSessions {
                sessions,
                padding: None,
            }),
        },
        "rewards": {
            "credit": {
                "base": 0,
                "block": size(&rewards::ExecuteMsg::Credit { sealed: Binary::default() }),
            },
            "other": size(&rewards::ExecuteMsg::Claim {
                token: Addr::unchecked(""),
                amount: None,
                padding: None,
            }),
        },
        "token": {
            "send": send_class(),
            "send_from": send_class(),
            "set_minters": size(&token::ExecuteMsg::SetMinters {
                minters: Vec::new(),
                padding: None,
            }),
            "other": size(&token::ExecuteMsg::SetViewingKey {
                key: String::new(),
                padding: None,
            }),
        },
        "registry": {
            "other": {
                "base": 0,
                "block": size(&registry::ExecuteMsg::SetAdmin {
                    admin: String::new(),
                    padding: None,
                }),
            },
        },
    })
}

fn size(msg: &impl PaddedSize) -> usize {
    msg.padded_size()
}

fn by_sessions<M: PaddedSize>(msg: impl Fn(Vec<OpenSession>) -> M) -> Vec<usize> {
    (1..=MAX_SESSIONS_PER_MESSAGE)
        .map(|count| msg(vec![session(); count]).padded_size())
        .collect()
}

fn session() -> OpenSession {
    OpenSession {
        worker_id: Hex([0; 16]),
        lines: Vec::new(),
        cap: Uint128::zero(),
        slack: Uint128::zero(),
        expires: 0,
        auth: SessionAuth::H(Hex([0; 32])),
    }
}

/// Shorter than one block.
fn receive() -> billing::ExecuteMsg {
    billing::ExecuteMsg::Receive {
        sender: Addr::unchecked(""),
        from: Addr::unchecked(""),
        amount: Uint128::zero(),
        memo: None,
        msg: None,
    }
}

fn send_class() -> Value {
    let send = |msg| token::ExecuteMsg::Send {
        recipient: String::new(),
        recipient_code_hash: None,
        amount: Uint128::zero(),
        msg,
        memo: None,
        padding: None,
    };
    let base = size(&send(None));
    json!({ "base": base, "block": size(&send(Some(Binary(vec![0])))) - base })
}
