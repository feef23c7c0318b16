//! From a checked transaction to its `tx_response`: fee, decryption ([`super::open`]), execution,
//! encryption ([`super::seal`]).

use super::{
    answer::GrpcError,
    ante::{DecodedTx, Refusal},
    books::TxRecord,
    fee,
    node::Node,
    open::open_all,
    seal::{seal, Sealed},
    signature, tx_json,
};
use crate::{gas, Msg, MsgResponse, Tx, TxResult};
use serde_json::{json, Value};

/// Runs a transaction that [`super::ante::check`] has let in, and keeps it.
pub(super) fn deliver(node: &mut Node, tx: &DecodedTx, bytes: &[u8]) -> Result<(), GrpcError> {
    let refused = |r: Refusal| GrpcError::unknown(r.log);
    let key = signature::public_key(node, tx).map_err(refused)?;
    let fee_events = fee::pay(node, tx)?;
    let account = node.accounts.ensure(&tx.sender);
    account.sequence = account.sequence.saturating_add(1);
    account.public_key = Some(key);
    run(node, tx, bytes, fee_events)
}

/// Runs the messages of a transaction that is paid for, and keeps it.
pub(super) fn run(
    node: &mut Node,
    tx: &DecodedTx,
    bytes: &[u8],
    fee_events: Vec<Value>,
) -> Result<(), GrpcError> {
    let (height, time_ns) = (node.devnet.block_height(), node.devnet.block_time_ns());
    let mut new_accounts = Vec::new();
    let (sealed, result) = match open_all(&node.io_keys, tx) {
        Ok(opened) => {
            let (messages, ciphers): (Vec<Msg>, Vec<_>) =
                opened.into_iter().map(|o| (o.msg, o.cipher)).unzip();
            let result = node.devnet.run_tx(Tx {
                sender: tx.sender.clone(),
                messages,
                gas_limit: tx.fee.gas_limit,
                hash: Some(tx.hash.clone()),
                bytes: Some(tx.size),
            });
            new_accounts = receivers(&result);
            (seal(&result, &ciphers, fee_events)?, Some(result))
        }
        Err((index, refusal)) => {
            node.end_block();
            (unopened(tx, index, refusal, fee_events), None)
        }
    };
    let response = json!({
        "height": height.to_string(),
        "txhash": tx.hash,
        "codespace": sealed.codespace,
        "code": sealed.code,
        "data": sealed.data,
        "raw_log": sealed.raw_log,
        "logs": [],
        "info": "",
        "gas_wanted": tx.fee.gas_limit.to_string(),
        "gas_used": sealed.gas_used.to_string(),
        "timestamp": tx_json::seconds(time_ns),
        "events": sealed.events,
    });
    let record = TxRecord {
        hash: tx.hash.clone(),
        height,
        bytes: bytes.to_vec(),
        tx: tx_json::tx(tx),
        response,
        result,
    };
    node.keep(record, &new_accounts);
    Ok(())
}

/// The outcome of a transaction of which a message could not be opened.
fn unopened(tx: &DecodedTx, index: usize, refusal: Refusal, events: Vec<Value>) -> Sealed {
    let log = refusal.log;
    Sealed {
        codespace: refusal.codespace.into(),
        code: refusal.code,
        raw_log: format!("failed to execute message; message index: {index}: {log}"),
        data: String::new(),
        events,
        gas_used: tx
            .size
            .saturating_mul(gas::TX_BYTE)
            .saturating_add(gas::TX_SIGNATURE)
            .saturating_add(gas::INSTANCE),
    }
}

/// Addresses that received coins or were made; they are accounts from now on.
fn receivers(result: &TxResult) -> Vec<String> {
    let received = result
        .events()
        .filter(|event| event.ty == "coin_received")
        .filter_map(|event| event.attribute("receiver"));
    let made = result
        .outcome
        .iter()
        .flatten()
        .filter_map(|o| match &o.response {
            MsgResponse::Instantiate { address, .. } => Some(address.as_str()),
            _ => None,
        });
    received.chain(made).map(str::to_owned).collect()
}
