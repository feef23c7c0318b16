//! From a checked transaction to its `tx_response`: fee, decryption, execution, encryption.

use super::{
    answer::GrpcError,
    ante::{coins, raw_address, DecodedTx, ProtoMsg, Refusal},
    books::TxRecord,
    node::{module_address, Node},
    signature, tx_json,
};
use crate::{
    bank, gas, Attribute, ErrorText, Event, Failure, Msg, MsgOutcome, MsgResponse, Tx, TxResult,
};
use prost::Message;
use secret_ai_chain_client::{
    encryption::{open_message, IoKeys, MessageCipher, CODE_HASH_LEN},
    proto::{
        Any, MsgExecuteContractResponse, MsgInstantiateContractResponse,
        MsgMigrateContractResponse, MsgStoreCodeResponse, TxMsgData,
    },
};
use serde_json::{json, Value};

/// A message for the devnet, and what seals its answers (none for a message in plaintext).
pub(super) struct Opened {
    pub msg: Msg,
    pub cipher: Option<MessageCipher>,
}

/// What the caller gets to see: answers, events and log, sealed for it.
pub(super) struct Sealed {
    pub codespace: String,
    pub code: u32,
    pub raw_log: String,
    /// `TxMsgData`, upper-case hex.
    pub data: String,
    pub events: Vec<Value>,
    /// SDK gas.
    pub gas_used: u64,
}

/// Runs a transaction that [`ante::check`] has let in, and keeps it.
pub(super) fn deliver(node: &mut Node, tx: &DecodedTx, bytes: &[u8]) -> Result<(), GrpcError> {
    let refused = |r: Refusal| GrpcError::unknown(r.log);
    let key = signature::public_key(node, tx).map_err(refused)?;
    let fee_events = pay_fee(node, tx)?;
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

/// Takes the fee, which is gone whatever the messages do.
fn pay_fee(node: &mut Node, tx: &DecodedTx) -> Result<Vec<Value>, GrpcError> {
    let fee = coins(&tx.fee.amount).map_err(|r| GrpcError::unknown(r.log))?;
    let mut events = Vec::new();
    let collector = module_address("fee_collector");
    node.edit(|snapshot| {
        bank::send(
            &mut snapshot.world,
            &tx.sender,
            &collector,
            &fee,
            &mut events,
        )
    })
    .map_err(|_| GrpcError::unknown("fee cannot be paid"))?;
    let signature = tx
        .raw
        .signatures
        .first()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let amount = fee
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",");
    let acc_seq = format!("{}/{}", tx.sender, tx.signer_info.sequence);
    for (key, value) in [
        ("fee", amount),
        ("acc_seq", acc_seq),
        ("signature", tx_json::base64(signature)),
    ] {
        events.push(Event {
            ty: "tx".into(),
            attributes: vec![Attribute::plain(key, value)],
        });
    }
    events
        .iter()
        .map(|event| event_json(event, None, None))
        .collect()
}

pub(super) fn open_all(keys: &IoKeys, tx: &DecodedTx) -> Result<Vec<Opened>, (usize, Refusal)> {
    tx.messages
        .iter()
        .enumerate()
        .map(|(index, message)| open(keys, message).map_err(|refusal| (index, refusal)))
        .collect()
}

fn open(keys: &IoKeys, message: &ProtoMsg) -> Result<Opened, Refusal> {
    let clear = |msg| Ok(Opened { msg, cipher: None });
    match message {
        ProtoMsg::Send(m) => clear(Msg::Send {
            to: m.to_address.clone(),
            amount: coins(&m.amount)?,
        }),
        ProtoMsg::StoreCode(m) => clear(Msg::StoreCode {
            wasm: m.wasm_byte_code.clone(),
            source: m.source.clone(),
            builder: m.builder.clone(),
        }),
        ProtoMsg::UpdateAdmin(m) => clear(Msg::UpdateAdmin {
            contract: m.contract.clone(),
            new_admin: m.new_admin.clone(),
        }),
        ProtoMsg::ClearAdmin(m) => clear(Msg::ClearAdmin {
            contract: m.contract.clone(),
        }),
        ProtoMsg::Instantiate(m) => {
            let (msg, code_hash, cipher) = open_json(keys, &m.init_msg);
            let msg = Msg::Instantiate {
                code_id: m.code_id,
                code_hash,
                label: m.label.clone(),
                msg,
                funds: coins(&m.init_funds)?,
                admin: Some(m.admin.clone()).filter(|admin| !admin.is_empty()),
            };
            Ok(Opened { msg, cipher })
        }
        ProtoMsg::Execute(m) => {
            let (msg, code_hash, cipher) = open_json(keys, &m.msg);
            let msg = Msg::Execute {
                contract: raw_address(&m.contract)?,
                code_hash,
                msg,
                funds: coins(&m.sent_funds)?,
            };
            Ok(Opened { msg, cipher })
        }
        ProtoMsg::Migrate(m) => {
            // The enclave takes no migration in plaintext.
            let opened = open_message(keys, &m.msg).map_err(|_| Refusal {
                codespace: "compute",
                code: 5,
                log: "Execution error: Enclave: failed to decrypt data: migrate contract failed"
                    .into(),
            })?;
            let msg = Msg::Migrate {
                contract: m.contract.clone(),
                code_id: m.code_id,
                code_hash: Some(opened.code_hash),
                msg: opened.json,
            };
            Ok(Opened {
                msg,
                cipher: Some(opened.cipher),
            })
        }
    }
}

/// JSON, code hash, cipher if the message was encrypted.
type OpenedJson = (Vec<u8>, Option<String>, Option<MessageCipher>);

/// Opens a message. What does not open is taken for plaintext (code hash and JSON), as the enclave
/// does, and answered in plaintext; the code hash of a broken ciphertext is wrong.
fn open_json(keys: &IoKeys, wire: &[u8]) -> OpenedJson {
    if let Ok(opened) = open_message(keys, wire) {
        return (opened.json, Some(opened.code_hash), Some(opened.cipher));
    }
    let (hash, json) = wire.split_at_checked(CODE_HASH_LEN).unwrap_or_default();
    let hash = String::from_utf8_lossy(hash).into_owned();
    (json.to_vec(), Some(hash), None)
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

pub(super) fn seal(
    result: &TxResult,
    ciphers: &[Option<MessageCipher>],
    mut events: Vec<Value>,
) -> Result<Sealed, GrpcError> {
    let cipher = |index: usize| ciphers.get(index).and_then(Option::as_ref);
    let outcomes = match &result.outcome {
        Ok(outcomes) => outcomes,
        Err(failure) => {
            let cipher = failure.message_index.and_then(cipher);
            return Ok(Sealed {
                codespace: failure.codespace.clone(),
                code: failure.code,
                raw_log: raw_log(failure, cipher)?,
                data: String::new(),
                events,
                gas_used: result.gas_used,
            });
        }
    };
    let mut msg_responses = Vec::new();
    for (
        index,
        MsgOutcome {
            response,
            events: own,
        },
    ) in outcomes.iter().enumerate()
    {
        msg_responses.push(response_any(response, cipher(index))?);
        for event in own {
            events.push(event_json(event, Some(index), cipher(index))?);
        }
    }
    Ok(Sealed {
        codespace: String::new(),
        code: 0,
        raw_log: String::new(),
        data: hex::encode_upper(TxMsgData { msg_responses }.encode_to_vec()),
        events,
        gas_used: result.gas_used,
    })
}

/// A contract's text goes to a caller in plaintext without the word `encrypted`.
fn raw_log(failure: &Failure, cipher: Option<&MessageCipher>) -> Result<String, GrpcError> {
    let mut failure = failure.clone();
    if let Some(text) = &failure.error.contract {
        failure.error = match cipher {
            Some(cipher) => ErrorText {
                contract: Some(cipher.seal_text(text).map_err(sealing)?),
                ..failure.error
            },
            None => ErrorText {
                before: format!("{}{text}", failure.error.before),
                contract: None,
                after: failure.error.after,
            },
        };
    }
    Ok(failure.raw_log(str::to_owned))
}

fn response_any(response: &MsgResponse, cipher: Option<&MessageCipher>) -> Result<Any, GrpcError> {
    let sealed = |data: &Option<Vec<u8>>| match (data, cipher) {
        (None, _) => Ok(Vec::new()),
        (Some(data), Some(cipher)) => cipher.seal_data(data).map_err(sealing),
        (Some(data), None) => Ok(data.clone()),
    };
    let empty = |type_url: &str| Any {
        type_url: type_url.into(),
        value: Vec::new(),
    };
    Ok(match response {
        MsgResponse::Send => empty("/cosmos.bank.v1beta1.MsgSendResponse"),
        MsgResponse::StoreCode { code_id, .. } => {
            Any::pack(&MsgStoreCodeResponse { code_id: *code_id })
        }
        MsgResponse::Instantiate { address, data } => Any::pack(&MsgInstantiateContractResponse {
            address: address.clone(),
            data: sealed(data)?,
        }),
        MsgResponse::Execute { data } => Any::pack(&MsgExecuteContractResponse {
            data: sealed(data)?,
        }),
        MsgResponse::Migrate { data } => Any::pack(&MsgMigrateContractResponse {
            data: sealed(data)?,
        }),
        MsgResponse::UpdateAdmin => empty("/secret.compute.v1beta1.MsgUpdateAdminResponse"),
        MsgResponse::ClearAdmin => empty("/secret.compute.v1beta1.MsgClearAdminResponse"),
    })
}

fn event_json(
    event: &Event,
    msg_index: Option<usize>,
    cipher: Option<&MessageCipher>,
) -> Result<Value, GrpcError> {
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": value, "index": true });
    let mut attributes = Vec::with_capacity(event.attributes.len() + 1);
    for Attribute {
        key,
        value,
        encrypted,
    } in &event.attributes
    {
        attributes.push(match cipher.filter(|_| *encrypted) {
            Some(cipher) => attribute(
                &cipher.seal_text(key).map_err(sealing)?,
                &cipher.seal_text(value).map_err(sealing)?,
            ),
            None => attribute(key, value),
        });
    }
    if let Some(index) = msg_index {
        attributes.push(attribute("msg_index", &index.to_string()));
    }
    Ok(json!({ "type": event.ty, "attributes": attributes }))
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

fn sealing(error: secret_ai_chain_client::ChainError) -> GrpcError {
    GrpcError::unknown(error.to_string())
}
