//! Seals what a transaction has done to its caller: answers, events and log.

use super::answer::GrpcError;
use crate::{Attribute, ErrorText, Event, Failure, MsgOutcome, MsgResponse, TxResult};
use prost::Message;
use secret_ai_chain_client::{
    encryption::MessageCipher,
    proto::{
        Any, MsgExecuteContractResponse, MsgInstantiateContractResponse,
        MsgMigrateContractResponse, MsgStoreCodeResponse, TxMsgData,
    },
};
use serde_json::{json, Value};

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

/// Seals a result with the ciphers of its messages; `events` come first.
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

/// An event in JSON; those of a message bear its index.
pub(super) fn event_json(
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

fn sealing(error: secret_ai_chain_client::ChainError) -> GrpcError {
    GrpcError::unknown(error.to_string())
}
