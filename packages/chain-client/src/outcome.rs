//! What a transaction did, decrypted for its sender.

use crate::{
    encryption::MessageCipher,
    lcd::TxResponse,
    proto::{
        MsgExecuteContractResponse, MsgInstantiateContractResponse, MsgMigrateContractResponse,
        TxMsgData, TypeUrl,
    },
    ChainError, Result,
};
use prost::Message;
use serde::Deserialize;

/// An event: a type and attributes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// `wasm`, `message`, `transfer`, …
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub attributes: Vec<Attribute>,
}

/// One attribute of an event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Attribute {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

/// An included, successful transaction.
#[derive(Clone, Debug)]
pub struct TxOutcome {
    /// Upper-case hex.
    pub hash: String,
    /// Block that holds it.
    pub height: u64,
    /// SDK gas that it used, and that it was given.
    pub gas_used: u64,
    pub gas_wanted: u64,
    /// Per message: the contract's decrypted data (execute, instantiate, migrate), or the encoded
    /// answer of any other message.
    pub data: Vec<Vec<u8>>,
    /// Per message: the new contract's address (instantiate), else none.
    pub addresses: Vec<Option<String>>,
    /// All events, attributes decrypted where this sender can.
    pub events: Vec<Event>,
}

impl TxOutcome {
    /// The first attribute with this key in events of type `wasm`.
    pub fn wasm_attribute(&self, key: &str) -> Option<&str> {
        self.events
            .iter()
            .filter(|event| event.kind == "wasm")
            .flat_map(|event| &event.attributes)
            .find(|attribute| attribute.key == key)
            .map(|attribute| attribute.value.as_str())
    }

    /// Decrypts a successful response. `ciphers` has one entry per message, none where the message
    /// was not encrypted.
    pub(crate) fn decrypt(tx: TxResponse, ciphers: &[Option<MessageCipher>]) -> Result<Self> {
        let bytes = hex::decode(&tx.data)
            .map_err(|_| ChainError::bad_answer("transaction data is not hex"))?;
        let responses = TxMsgData::decode(&bytes[..])
            .map_err(|_| ChainError::bad_answer("transaction data is not TxMsgData"))?
            .msg_responses;
        let mut data = Vec::with_capacity(responses.len());
        let mut addresses = Vec::with_capacity(responses.len());
        for (index, any) in responses.into_iter().enumerate() {
            let (address, bytes) = response_parts(&any.type_url, any.value)?;
            data.push(match ciphers.get(index) {
                Some(Some(cipher)) if !bytes.is_empty() => cipher.open_data(&bytes)?,
                _ => bytes,
            });
            addresses.push(address);
        }
        let mut events = tx.events;
        for attribute in events.iter_mut().flat_map(|event| &mut event.attributes) {
            open_in_place(&mut attribute.key, ciphers);
            open_in_place(&mut attribute.value, ciphers);
        }
        Ok(Self {
            hash: tx.txhash,
            height: tx.height,
            gas_used: tx.gas_used,
            gas_wanted: tx.gas_wanted,
            data,
            addresses,
            events,
        })
    }
}

fn response_parts(type_url: &str, value: Vec<u8>) -> Result<(Option<String>, Vec<u8>)> {
    let malformed = |_| ChainError::bad_answer(format!("malformed {type_url}"));
    Ok(match type_url {
        MsgExecuteContractResponse::TYPE_URL => {
            let response = MsgExecuteContractResponse::decode(&value[..]).map_err(malformed)?;
            (None, response.data)
        }
        MsgInstantiateContractResponse::TYPE_URL => {
            let response = MsgInstantiateContractResponse::decode(&value[..]).map_err(malformed)?;
            (Some(response.address), response.data)
        }
        MsgMigrateContractResponse::TYPE_URL => {
            let response = MsgMigrateContractResponse::decode(&value[..]).map_err(malformed)?;
            (None, response.data)
        }
        _ => (None, value),
    })
}

/// Plain attributes are not base64 of anything sealed for this sender and stay as they are.
fn open_in_place(text: &mut String, ciphers: &[Option<MessageCipher>]) {
    if let Some(opened) = ciphers
        .iter()
        .flatten()
        .find_map(|c| c.open_text(text).ok())
    {
        *text = opened;
    }
}

/// The error of a failed transaction, its text decrypted.
pub(crate) fn failure(tx: TxResponse, ciphers: &[Option<MessageCipher>]) -> ChainError {
    if tx.codespace == "sdk" && tx.code == 11 {
        return ChainError::OutOfGas {
            used: tx.gas_used,
            wanted: tx.gas_wanted,
            txhash: tx.txhash,
        };
    }
    if let Some(message) = decrypted_error(&tx.raw_log, ciphers) {
        return ChainError::Contract {
            message,
            txhash: Some(tx.txhash),
        };
    }
    ChainError::Rejected {
        codespace: tx.codespace,
        code: tx.code,
        log: tx.raw_log,
    }
}

/// The text in `… encrypted: <base64>: …`, opened with the first cipher that fits, without the spaces
/// that contracts pad it with. The node also writes it the other way round
/// (`contract failed: encrypted: <base64>`).
pub(crate) fn decrypted_error(log: &str, ciphers: &[Option<MessageCipher>]) -> Option<String> {
    let (_, rest) = log.split_once("encrypted: ")?;
    let sealed = rest.split([':', ' ']).next()?;
    ciphers
        .iter()
        .flatten()
        .find_map(|cipher| cipher.open_text(sealed).ok())
        .map(|text| text.trim_end().to_owned())
}
