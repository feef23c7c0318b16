//! Messages, queries, events and replies: the fork's types to upstream's (`…_up`) and back
//! (`…_down`). A conversion that cannot be made is an error, never a silent loss.

use cosmwasm_std::{
    Attribute, BankMsg, BankQuery, Binary, Coin, CosmosMsg, Empty, Event, QueryRequest, Reply,
    ReplyOn, Response, SubMsg, SubMsgResponse, SubMsgResult, WasmMsg, WasmQuery,
};
use cw_utils::{parse_execute_response_data, parse_instantiate_response_data};
use upstream_std as up;

/// Characters of a code hash in hex.
const CODE_HASH_LEN: usize = 64;

/// Puts the callee's code hash in front of a message, as the chain's message encryption does.
pub(crate) fn with_code_hash(code_hash: &str, msg: &[u8]) -> up::Binary {
    let mut out = format!("{code_hash:<CODE_HASH_LEN$}").into_bytes();
    out.extend_from_slice(msg);
    out.into()
}

/// Takes the code hash off a message again and compares it with the callee's own.
pub(crate) fn checked_code_hash<'a>(own: &str, msg: &'a [u8]) -> Result<&'a [u8], String> {
    match msg.split_at_checked(CODE_HASH_LEN) {
        Some((given, rest)) if given == own.as_bytes() => Ok(rest),
        _ => {
            let given = String::from_utf8_lossy(&msg[..msg.len().min(CODE_HASH_LEN)]);
            Err(format!(
                "code hash mismatch: the caller gave {}, the contract has {own}",
                given.trim()
            ))
        }
    }
}

pub(crate) fn coins_up(coins: Vec<Coin>) -> Vec<up::Coin> {
    coins
        .into_iter()
        .map(|c| up::Coin::new(c.amount.u128(), c.denom))
        .collect()
}

pub(crate) fn coins_down(coins: Vec<up::Coin>) -> Vec<Coin> {
    coins
        .into_iter()
        .map(|c| Coin::new(c.amount.u128(), c.denom))
        .collect()
}

/// A contract's response. Messages that only steer the chain's transaction (`FinalizeTx`) vanish:
/// here a transaction holds one message.
pub(crate) fn response_up(response: Response) -> Result<up::Response, String> {
    let messages = response
        .messages
        .into_iter()
        .filter(|sub| !matches!(sub.msg, CosmosMsg::FinalizeTx(_)))
        .map(submessage_up)
        .collect::<Result<Vec<_>, _>>()?;
    let mut out = up::Response::new()
        .add_submessages(messages)
        .add_attributes(response.attributes.into_iter().map(attribute_up))
        .add_events(response.events.into_iter().map(event_up));
    out.data = response.data.map(|data| data.0.into());
    Ok(out)
}

fn submessage_up(sub: SubMsg) -> Result<up::SubMsg, String> {
    Ok(up::SubMsg {
        id: sub.id,
        msg: message_up(sub.msg)?,
        gas_limit: sub.gas_limit,
        reply_on: match sub.reply_on {
            ReplyOn::Always => up::ReplyOn::Always,
            ReplyOn::Error => up::ReplyOn::Error,
            ReplyOn::Success => up::ReplyOn::Success,
            ReplyOn::Never => up::ReplyOn::Never,
        },
    })
}

fn message_up(msg: CosmosMsg) -> Result<up::CosmosMsg, String> {
    match msg {
        CosmosMsg::Bank(BankMsg::Send { to_address, amount }) => Ok(up::BankMsg::Send {
            to_address,
            amount: coins_up(amount),
        }
        .into()),
        CosmosMsg::Bank(BankMsg::Burn { amount }) => Ok(up::BankMsg::Burn {
            amount: coins_up(amount),
        }
        .into()),
        CosmosMsg::Wasm(wasm) => wasm_up(wasm).map(Into::into),
        other => Err(format!("message is not supported by this chain: {other:?}")),
    }
}

pub(crate) fn wasm_up(msg: WasmMsg) -> Result<up::WasmMsg, String> {
    Ok(match msg {
        WasmMsg::Execute {
            contract_addr,
            code_hash,
            msg,
            funds,
        } => up::WasmMsg::Execute {
            contract_addr,
            msg: with_code_hash(&code_hash, &msg),
            funds: coins_up(funds),
        },
        WasmMsg::Instantiate {
            admin,
            code_id,
            code_hash,
            msg,
            funds,
            label,
        } => up::WasmMsg::Instantiate {
            admin,
            code_id,
            msg: with_code_hash(&code_hash, &msg),
            funds: coins_up(funds),
            label,
        },
        WasmMsg::Migrate {
            contract_addr,
            code_hash,
            code_id,
            msg,
        } => up::WasmMsg::Migrate {
            contract_addr,
            new_code_id: code_id,
            msg: with_code_hash(&code_hash, &msg),
        },
        WasmMsg::UpdateAdmin {
            contract_addr,
            admin,
        } => up::WasmMsg::UpdateAdmin {
            contract_addr,
            admin,
        },
        WasmMsg::ClearAdmin { contract_addr } => up::WasmMsg::ClearAdmin { contract_addr },
        other => return Err(format!("message is not supported by this chain: {other:?}")),
    })
}

pub(crate) fn query_up(
    request: QueryRequest<Empty>,
) -> Result<up::QueryRequest<up::Empty>, String> {
    match request {
        QueryRequest::Bank(BankQuery::Balance { address, denom }) => {
            Ok(up::BankQuery::Balance { address, denom }.into())
        }
        QueryRequest::Bank(BankQuery::AllBalances { address }) => {
            Ok(up::BankQuery::AllBalances { address }.into())
        }
        QueryRequest::Wasm(WasmQuery::Smart {
            contract_addr,
            code_hash,
            msg,
        }) => Ok(up::WasmQuery::Smart {
            contract_addr,
            msg: with_code_hash(&code_hash, &msg),
        }
        .into()),
        QueryRequest::Wasm(WasmQuery::ContractInfo { contract_addr }) => {
            Ok(up::WasmQuery::ContractInfo { contract_addr }.into())
        }
        other => Err(format!("query is not supported by this chain: {other:?}")),
    }
}

fn attribute_up(attribute: Attribute) -> up::Attribute {
    up::Attribute {
        key: attribute.key,
        value: attribute.value,
    }
}

fn event_up(event: Event) -> up::Event {
    up::Event::new(event.ty).add_attributes(event.attributes.into_iter().map(attribute_up))
}

pub(crate) fn events_down(events: Vec<up::Event>) -> Vec<Event> {
    let attribute = |a: up::Attribute| Attribute {
        key: a.key,
        value: a.value,
        encrypted: true,
    };
    events
        .into_iter()
        .map(|e| Event::new(e.ty).add_attributes(e.attributes.into_iter().map(attribute)))
        .collect()
}

/// The data that a callee set. Upstream wraps it in protobuf and puts an event of the message's kind
/// first; Secret hands it out bare.
pub(crate) fn data_down(
    events: &[up::Event],
    data: Option<up::Binary>,
) -> Result<Option<Binary>, String> {
    let Some(data) = data else { return Ok(None) };
    let bare = match events.first().map(|event| event.ty.as_str()) {
        Some("instantiate") => {
            parse_instantiate_response_data(&data)
                .map_err(|e| e.to_string())?
                .data
        }
        Some("execute" | "migrate") => {
            parse_execute_response_data(&data)
                .map_err(|e| e.to_string())?
                .data
        }
        _ => Some(data),
    };
    Ok(bare.map(|data| Binary(data.into())))
}

pub(crate) fn reply_down(reply: up::Reply) -> Result<Reply, String> {
    let result = match reply.result {
        up::SubMsgResult::Ok(ok) => SubMsgResult::Ok(SubMsgResponse {
            data: data_down(&ok.events, ok.data)?,
            events: events_down(ok.events),
        }),
        up::SubMsgResult::Err(error) => SubMsgResult::Err(error),
    };
    Ok(Reply {
        id: reply.id,
        result,
    })
}
