//! One transaction from its fee on bytes to its result.

use crate::address;
use crate::bank;
use crate::compute::{event, Input, Keeper, Origin};
use crate::error::ExecError;
use crate::gas;
use crate::observer::{self, base64_length, ErrorView, EventView, MessageView, TxView};
use crate::state::World;
use crate::submessage::AFTER_FINALIZE;
use crate::tx::{ErrorText, Event, Failure, Msg, MsgOutcome, MsgResponse, Tx, TxResult};

/// Bytes of a transaction besides its messages: key, signature, fee, lengths.
const TX_ENVELOPE: u64 = 250;
/// Bytes of a message besides its type, text and funds: addresses, tags, lengths.
const MESSAGE_ENVELOPE: u64 = 60;
/// Bytes of a coin in a message.
const COIN: u64 = 30;

/// Runs a transaction. Returns its result, the new world if it succeeded, and the block's count
/// of contract calls.
pub(crate) fn transaction(mut keeper: Keeper, tx: &Tx) -> (TxResult, Option<World>, u64) {
    let outcome = messages(&mut keeper, tx);
    let Keeper { rt, session } = keeper;
    let gas_used = session.meter.used();
    let place = session.meter.last();
    let outcome = outcome.map_err(|(index, error)| failure(index, error, tx, gas_used, place));
    let view = TxView {
        sender: tx.sender.clone(),
        messages: tx.messages.iter().map(message_view).collect(),
        calls: session.trace.views,
        gas_wanted: tx.gas_limit,
        gas_used,
        success: outcome.is_ok(),
        error: outcome.as_ref().err().map(error_view),
        events: outcome
            .iter()
            .flatten()
            .flat_map(|m| m.events.iter())
            .map(EventView::from)
            .collect(),
    };
    let world = outcome.is_ok().then_some(session.world);
    let context = rt.tx.as_ref();
    let result = TxResult {
        height: rt.clock.height,
        time_ns: rt.clock.time_ns,
        index: context.map_or(0, |c| c.index),
        hash: context.map(|c| c.hash.clone()).unwrap_or_default(),
        outcome,
        gas_wanted: tx.gas_limit,
        gas_used,
        calls: session.trace.gas,
        texts: session.trace.texts,
        observer: view,
        debug: session.trace.debug,
    };
    (result, world, session.calls)
}

type Stopped = (Option<usize>, ExecError);

fn messages(keeper: &mut Keeper, tx: &Tx) -> Result<Vec<MsgOutcome>, Stopped> {
    let bytes = tx.bytes.unwrap_or_else(|| estimate(tx));
    let fee = bytes
        .saturating_mul(gas::TX_BYTE)
        .saturating_add(gas::TX_SIGNATURE);
    keeper
        .session
        .meter
        .charge_for(fee, "txSize")
        .map_err(|e| (None, e.into()))?;
    address::decode(&tx.sender).map_err(|e| {
        (
            None,
            ExecError::sdk(7, format!("sender: {e}: invalid address")),
        )
    })?;
    if tx.messages.is_empty() {
        let text = "must contain at least one message: invalid request";
        return Err((None, ExecError::sdk(18, text)));
    }
    let mut outcomes = Vec::new();
    for (index, msg) in tx.messages.iter().enumerate() {
        let mut events = Vec::new();
        let response =
            message(keeper, &tx.sender, msg, &mut events).map_err(|e| (Some(index), e))?;
        outcomes.push(MsgOutcome { response, events });
    }
    Ok(outcomes)
}

fn message(
    keeper: &mut Keeper,
    sender: &str,
    msg: &Msg,
    events: &mut Vec<Event>,
) -> Result<MsgResponse, ExecError> {
    if keeper.session.finalized {
        return Err(ExecError::sdk(1, AFTER_FINALIZE));
    }
    let origin = Origin {
        sender,
        parent: None,
        depth: 0,
    };
    announce(sender, msg, events);
    match msg {
        Msg::Send { to, amount } => {
            bank::send(&mut keeper.session.world, sender, to, amount, events)?;
            Ok(MsgResponse::Send)
        }
        Msg::StoreCode {
            wasm,
            source,
            builder,
        } => {
            let (code_id, code_hash) = keeper.store_code(sender, wasm, source, builder)?;
            events.push(event("message", &[("code_id", &code_id.to_string())]));
            Ok(MsgResponse::StoreCode { code_id, code_hash })
        }
        Msg::Instantiate {
            code_id,
            code_hash,
            label,
            msg,
            funds,
            admin,
        } => {
            let input = input(code_hash, msg, funds);
            let (address, data) =
                keeper.instantiate(origin, *code_id, label, admin.as_deref(), input, events)?;
            events.push(event(
                "message",
                &[
                    ("module", "compute"),
                    ("sender", sender),
                    ("contract_address", &address),
                ],
            ));
            Ok(MsgResponse::Instantiate { address, data })
        }
        Msg::Execute {
            contract,
            code_hash,
            msg,
            funds,
        } => {
            let data = keeper.execute(origin, contract, input(code_hash, msg, funds), events)?;
            Ok(MsgResponse::Execute { data })
        }
        Msg::Migrate {
            contract,
            code_id,
            code_hash,
            msg,
        } => {
            let input = input(code_hash, msg, &[]);
            let data = keeper.migrate(origin, contract, *code_id, input, events)?;
            Ok(MsgResponse::Migrate { data })
        }
        Msg::UpdateAdmin {
            contract,
            new_admin,
        } => {
            keeper.set_admin(sender, contract, Some(new_admin), events)?;
            Ok(MsgResponse::UpdateAdmin)
        }
        Msg::ClearAdmin { contract } => {
            keeper.set_admin(sender, contract, None, events)?;
            Ok(MsgResponse::ClearAdmin)
        }
    }
}

fn input<'a>(
    hash: &'a Option<String>,
    msg: &'a [u8],
    funds: &'a [cosmwasm_std::Coin],
) -> Input<'a> {
    Input {
        code_hash: hash.as_deref(),
        msg,
        funds,
    }
}

/// The `message` events that open a message.
fn announce(sender: &str, msg: &Msg, events: &mut Vec<Event>) {
    let module = match msg {
        Msg::Send { .. } => "bank",
        _ => "compute",
    };
    events.push(event(
        "message",
        &[
            ("action", msg.type_url()),
            ("sender", sender),
            ("module", module),
        ],
    ));
    match msg {
        Msg::StoreCode { .. } => events.push(event(
            "message",
            &[("module", module), ("sender", sender), ("signer", sender)],
        )),
        Msg::Execute { contract, .. } => events.push(event(
            "message",
            &[
                ("module", module),
                ("sender", sender),
                ("contract_address", contract),
            ],
        )),
        Msg::Migrate { .. } | Msg::UpdateAdmin { .. } | Msg::ClearAdmin { .. } => {
            events.push(event("message", &[("module", module), ("sender", sender)]))
        }
        Msg::Send { .. } | Msg::Instantiate { .. } => {}
    }
}

fn failure(
    message_index: Option<usize>,
    error: ExecError,
    tx: &Tx,
    gas_used: u64,
    place: &str,
) -> Failure {
    match error {
        ExecError::OutOfGas => Failure {
            codespace: "sdk".to_owned(),
            code: 11,
            message_index: None,
            error: ErrorText::chain(format!(
                "out of gas in location: {place}; gasWanted: {}, gasUsed: {gas_used}: out of gas",
                tx.gas_limit
            )),
        },
        ExecError::Failed {
            codespace,
            code,
            text,
        } => Failure {
            codespace: codespace.to_owned(),
            code,
            message_index,
            error: text,
        },
    }
}

fn message_view(msg: &Msg) -> MessageView {
    let (target, length, funds) = match msg {
        Msg::Send { to, amount } => (Some(to), 0, amount.as_slice()),
        Msg::StoreCode { wasm, .. } => (None, wasm.len(), [].as_slice()),
        Msg::Instantiate { msg, funds, .. } => {
            (None, observer::message_length(msg.len()), funds.as_slice())
        }
        Msg::Execute {
            contract,
            msg,
            funds,
            ..
        } => (
            Some(contract),
            observer::message_length(msg.len()),
            funds.as_slice(),
        ),
        Msg::Migrate { contract, msg, .. } => (
            Some(contract),
            observer::message_length(msg.len()),
            [].as_slice(),
        ),
        Msg::UpdateAdmin { contract, .. } | Msg::ClearAdmin { contract } => {
            (Some(contract), 0, [].as_slice())
        }
    };
    MessageView {
        type_url: msg.type_url().to_owned(),
        target: target.cloned(),
        length,
        funds: funds.to_vec(),
    }
}

fn error_view(failure: &Failure) -> ErrorView {
    let hidden = |text: &str| "?".repeat(base64_length(text.len() + observer::SIV_TAG));
    ErrorView {
        codespace: failure.codespace.clone(),
        code: failure.code,
        length: failure.raw_log(hidden).len(),
    }
}

/// Bytes that a wallet would make of the transaction.
fn estimate(tx: &Tx) -> u64 {
    let each = |msg: &Msg| {
        let view = message_view(msg);
        let label = match msg {
            Msg::Instantiate { label, .. } => label.len(),
            _ => 0,
        };
        let text = view.type_url.len() + view.length + label;
        MESSAGE_ENVELOPE + text as u64 + COIN * view.funds.len() as u64
    };
    TX_ENVELOPE + tx.messages.iter().map(each).sum::<u64>()
}
