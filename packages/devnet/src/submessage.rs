//! Messages that contracts send, and the replies they get.
//!
//! The chain's rules, some of which surprise: a message runs on a copy of the state that is kept
//! only if it succeeds. Its error reaches the caller's `reply` only if it is the called contract's
//! own; when that contract's messages failed in turn, or the chain refused (funds, unknown
//! contract, gas limit), the whole transaction fails. Bank messages do reply with
//! the chain's errors, redacted to codespace and code. A reply sees the events of the message
//! without those of type `message`, attributes sorted by key, encrypted ones as ciphertext.
//! `FinalizeTx` ends the list it stands in; any message after it fails the transaction.

use base64::prelude::{Engine as _, BASE64_STANDARD};
use cosmwasm_std::{
    BankMsg, Binary, CosmosMsg, Reply, ReplyOn, SubMsg, SubMsgResponse, SubMsgResult, WasmMsg,
};

use crate::bank;
use crate::compute::{Data, Input, Keeper, Origin};
use crate::error::ExecError;
use crate::gas::Meter;
use crate::observer::SIV_TAG;
use crate::seed::Seed;
use crate::tx::{ErrorText, Event};

/// The text of a message that comes after `FinalizeTx`.
pub(crate) const AFTER_FINALIZE: &str =
    "Cannot send messages or submessages after last tx marker was set";

/// Runs the messages of a response; returns the data of the last reply that gave any.
pub(crate) fn dispatch(
    keeper: &mut Keeper,
    contract: &str,
    messages: Vec<SubMsg>,
    parent: usize,
    depth: u32,
    events: &mut Vec<Event>,
) -> Result<Data, ExecError> {
    let mut data = None;
    for message in messages {
        if keeper.session.finalized {
            return Err(ExecError::sdk(1, AFTER_FINALIZE));
        }
        if matches!(message.msg, CosmosMsg::FinalizeTx(_)) {
            keeper.session.finalized = true;
            break;
        }
        let origin = Origin {
            sender: contract,
            parent: Some(parent),
            depth,
        };
        let is_wasm = matches!(message.msg, CosmosMsg::Wasm(_));
        let mut own = Vec::new();
        let result = match sandboxed(keeper, origin, &message, &mut own) {
            Ok(result_data) => {
                own.retain(|e| e.ty != "message");
                events.extend(own.iter().cloned());
                if matches!(message.reply_on, ReplyOn::Never | ReplyOn::Error) {
                    continue;
                }
                SubMsgResult::Ok(SubMsgResponse {
                    events: match is_wasm {
                        true => reply_events(&keeper.rt.clock.seed, own),
                        false => Vec::new(),
                    },
                    data: result_data.map(Binary),
                })
            }
            Err(error) => {
                if matches!(message.reply_on, ReplyOn::Never | ReplyOn::Success) {
                    return Err(error);
                }
                SubMsgResult::Err(reply_error(error, is_wasm)?)
            }
        };
        let reply = Reply {
            id: message.id,
            result,
        };
        if let Some(replied) = keeper.reply(contract, &reply, parent, depth, events)? {
            data = Some(replied);
        }
    }
    Ok(data)
}

/// Runs one message on a copy of the state, under its gas limit if it has a lower one.
fn sandboxed(
    keeper: &mut Keeper,
    origin: Origin,
    message: &SubMsg,
    events: &mut Vec<Event>,
) -> Result<Data, ExecError> {
    let before = keeper.session.world.clone();
    let limit = message
        .gas_limit
        .filter(|l| *l < keeper.session.meter.left());
    let result = match limit {
        None => run(keeper, origin, &message.msg, events),
        Some(limit) => {
            let outer = std::mem::replace(&mut keeper.session.meter, Meter::new(limit));
            let result = run(keeper, origin, &message.msg, events);
            let inner = std::mem::replace(&mut keeper.session.meter, outer);
            keeper.session.meter.charge(inner.used().min(limit))?;
            match result {
                Err(ExecError::OutOfGas) => {
                    Err(ExecError::sdk(11, "SubMsg hit gas limit: out of gas"))
                }
                other => other,
            }
        }
    };
    if result.is_err() {
        keeper.session.world = before;
    }
    result
}

fn run(
    keeper: &mut Keeper,
    origin: Origin,
    message: &CosmosMsg,
    events: &mut Vec<Event>,
) -> Result<Data, ExecError> {
    match message {
        CosmosMsg::Wasm(message) => run_wasm(keeper, origin, message, events),
        CosmosMsg::Bank(BankMsg::Send { to_address, amount }) => {
            let world = &mut keeper.session.world;
            if !amount.is_empty() {
                bank::send(world, origin.sender, to_address, amount, events)?;
            }
            Ok(None)
        }
        CosmosMsg::Bank(_) => Err(invalid("Unknown variant of Bank")),
        CosmosMsg::Custom(_) => Err(invalid("Custom variant not supported")),
        _ => Err(invalid("the devnet has no such module")),
    }
}

fn invalid(text: &str) -> ExecError {
    ExecError::compute(10, format!("{text}: invalid CosmosMsg from the contract"))
}

fn run_wasm(
    keeper: &mut Keeper,
    origin: Origin,
    message: &WasmMsg,
    events: &mut Vec<Event>,
) -> Result<Data, ExecError> {
    fn input<'a>(hash: &'a str, msg: &'a [u8], funds: &'a [cosmwasm_std::Coin]) -> Input<'a> {
        Input {
            code_hash: Some(hash),
            msg,
            funds,
        }
    }
    match message {
        WasmMsg::Execute {
            contract_addr,
            code_hash,
            msg,
            funds,
        } => keeper.execute(origin, contract_addr, input(code_hash, msg, funds), events),
        WasmMsg::Instantiate {
            admin,
            code_id,
            code_hash,
            msg,
            funds,
            label,
        } => {
            let input = input(code_hash, msg, funds);
            keeper
                .instantiate(origin, *code_id, label, admin.as_deref(), input, events)
                .map(|(_, data)| data)
        }
        WasmMsg::Migrate {
            contract_addr,
            code_hash,
            code_id,
            msg,
        } => {
            let input = input(code_hash, msg, &[]);
            keeper.migrate(origin, contract_addr, *code_id, input, events)
        }
        WasmMsg::UpdateAdmin {
            contract_addr,
            admin,
        } => keeper
            .set_admin(origin.sender, contract_addr, Some(admin), events)
            .map(|()| None),
        WasmMsg::ClearAdmin { contract_addr } => keeper
            .set_admin(origin.sender, contract_addr, None, events)
            .map(|()| None),
        _ => Err(invalid("unknown variant of Wasm")),
    }
}

/// The error text for `reply`, or the error that fails the transaction.
fn reply_error(error: ExecError, is_wasm: bool) -> Result<String, ExecError> {
    let ExecError::Failed {
        codespace,
        code,
        text,
    } = error
    else {
        return Err(error);
    };
    match text {
        ErrorText {
            before,
            contract: Some(own),
            ..
        } if is_wasm && before.is_empty() => Ok(own),
        _ => {
            let redacted = format!(
                "the error was redacted (codespace: {codespace}, code: {code}). \
                 For more info use latest localsecret and reproduce the issue"
            );
            match is_wasm {
                false => Ok(redacted),
                true => Err(ExecError::sdk(
                    1,
                    format!("an sdk error occurred while sending a sub-message: {redacted}"),
                )),
            }
        }
    }
}

/// Events as the caller's `reply` sees them.
fn reply_events(seed: &Seed, events: Vec<Event>) -> Vec<cosmwasm_std::Event> {
    let hidden = |text: &str| {
        let length = text.len().saturating_add(SIV_TAG);
        BASE64_STANDARD.encode(seed.opaque(text.as_bytes(), length))
    };
    let visible = |event: Event| {
        let mut pairs: Vec<(String, String)> = event
            .attributes
            .into_iter()
            .map(|a| match a.encrypted {
                true => (hidden(&a.key), hidden(&a.value)),
                false => (a.key, a.value),
            })
            .collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        cosmwasm_std::Event::new(event.ty).add_attributes(pairs)
    };
    events.into_iter().map(visible).collect()
}
