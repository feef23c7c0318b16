//! Opens the messages of a transaction: the contracts' are encrypted to the network's IO key.

use super::{
    ante::{raw_address, DecodedTx, ProtoMsg, Refusal},
    fee::coins,
};
use crate::Msg;
use secret_ai_chain_client::encryption::{open_message, IoKeys, MessageCipher, CODE_HASH_LEN};

/// A message for the devnet, and what seals its answers (none for a message in plaintext).
pub(super) struct Opened {
    pub msg: Msg,
    pub cipher: Option<MessageCipher>,
}

/// Opens all messages, or says which one cannot be opened.
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
