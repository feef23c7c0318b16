//! What the chain checks before it executes a transaction, in the Cosmos SDK's order: form, gas
//! limit, timeout, memo, size, fee, balance for the fee, key, sequence, signature. Codes and texts are
//! those of SecretNetwork v1.25 and its Cosmos SDK 0.50.

use super::{fee, message_form, node::Node, signature};
use prost::Message;
use secret_ai_chain_client::{
    address,
    proto::{
        AuthInfo, Fee, MsgClearAdmin, MsgExecuteContract, MsgInstantiateContract,
        MsgMigrateContract, MsgSend, MsgStoreCode, MsgUpdateAdmin, SignerInfo, TxBody, TxRaw,
        TypeUrl,
    },
    tx,
};

/// Most SDK gas of a block on the main network, and so of a transaction.
pub(super) const MAX_BLOCK_GAS: u64 = 6_000_000;
/// Most bytes of a memo.
pub(super) const MAX_MEMO: usize = 256;

/// Begin the names of messages that a node knows.
const REAL_MODULES: [&str; 3] = ["/cosmos.", "/ibc.", "/secret."];

/// Why a transaction is not let in: an error of the SDK with its code.
#[derive(Debug)]
pub(super) struct Refusal {
    pub codespace: &'static str,
    pub code: u32,
    pub log: String,
}

impl Refusal {
    pub fn sdk(code: u32, log: impl Into<String>) -> Self {
        Self {
            codespace: "sdk",
            code,
            log: log.into(),
        }
    }
}

/// `ErrInvalidRequest`
pub(super) fn invalid_request(what: &str) -> Refusal {
    Refusal::sdk(18, format!("{what}: invalid request"))
}

/// A message, decoded.
#[derive(Debug)]
pub(super) enum ProtoMsg {
    Send(MsgSend),
    StoreCode(MsgStoreCode),
    Instantiate(MsgInstantiateContract),
    Execute(MsgExecuteContract),
    Migrate(MsgMigrateContract),
    UpdateAdmin(MsgUpdateAdmin),
    ClearAdmin(MsgClearAdmin),
}

/// A transaction, decoded; its signature is not checked yet.
#[derive(Debug)]
pub(super) struct DecodedTx {
    pub hash: String,
    pub size: u64,
    pub raw: TxRaw,
    pub body: TxBody,
    pub fee: Fee,
    pub signer_info: SignerInfo,
    pub messages: Vec<ProtoMsg>,
    /// Bech32 address of the only signer.
    pub sender: String,
}

/// Decodes a transaction and checks its form.
pub(super) fn decode(bytes: &[u8]) -> Result<DecodedTx, Refusal> {
    let parse = |e: prost::DecodeError| Refusal::sdk(2, format!("{e}: tx parse error"));
    let raw = TxRaw::decode(bytes).map_err(parse)?;
    let body = TxBody::decode(&raw.body_bytes[..]).map_err(parse)?;
    let auth = AuthInfo::decode(&raw.auth_info_bytes[..]).map_err(parse)?;
    let messages = body
        .messages
        .iter()
        .map(|any| decode_message(&any.type_url, &any.value))
        .collect::<Result<Vec<_>, _>>()?;
    if messages.is_empty() {
        return Err(invalid_request("must contain at least one message"));
    }
    messages.iter().try_for_each(message_form::check)?;
    let mut senders = messages.iter().map(sender).collect::<Result<Vec<_>, _>>()?;
    senders.dedup();
    let [sender] = &senders[..] else {
        return Err(Refusal::sdk(
            37,
            "secret-devnet takes one signer per transaction: feature not supported",
        ));
    };
    if raw.signatures.is_empty() {
        return Err(Refusal::sdk(15, "no signatures supplied"));
    }
    let ([signer_info], [_]) = (&auth.signer_infos[..], &raw.signatures[..]) else {
        let got = match raw.signatures.len() {
            1 => auth.signer_infos.len(),
            signatures => signatures,
        };
        let log = format!("wrong number of signers; expected 1, got {got}: unauthorized");
        return Err(Refusal::sdk(4, log));
    };
    let fee = auth.fee.clone().unwrap_or_default();
    if !fee.payer.is_empty() || !fee.granter.is_empty() {
        return Err(Refusal::sdk(
            37,
            "secret-devnet knows no fee payer or granter: feature not supported",
        ));
    }
    Ok(DecodedTx {
        hash: tx::hash(bytes),
        size: bytes.len() as u64,
        sender: sender.clone(),
        signer_info: signer_info.clone(),
        raw,
        body,
        fee,
        messages,
    })
}

fn decode_message(type_url: &str, value: &[u8]) -> Result<ProtoMsg, Refusal> {
    let parse = |e: prost::DecodeError| Refusal::sdk(2, format!("{type_url}: {e}: tx parse error"));
    Ok(match type_url {
        MsgSend::TYPE_URL => ProtoMsg::Send(MsgSend::decode(value).map_err(parse)?),
        MsgStoreCode::TYPE_URL => ProtoMsg::StoreCode(MsgStoreCode::decode(value).map_err(parse)?),
        MsgInstantiateContract::TYPE_URL => {
            ProtoMsg::Instantiate(MsgInstantiateContract::decode(value).map_err(parse)?)
        }
        MsgExecuteContract::TYPE_URL => {
            ProtoMsg::Execute(MsgExecuteContract::decode(value).map_err(parse)?)
        }
        MsgMigrateContract::TYPE_URL => {
            ProtoMsg::Migrate(MsgMigrateContract::decode(value).map_err(parse)?)
        }
        MsgUpdateAdmin::TYPE_URL => {
            ProtoMsg::UpdateAdmin(MsgUpdateAdmin::decode(value).map_err(parse)?)
        }
        MsgClearAdmin::TYPE_URL => {
            ProtoMsg::ClearAdmin(MsgClearAdmin::decode(value).map_err(parse)?)
        }
        other if REAL_MODULES.iter().any(|module| other.starts_with(module)) => {
            let log = format!("secret-devnet does not do {type_url}: feature not supported");
            return Err(Refusal::sdk(37, log));
        }
        _ => {
            let log = format!("unable to resolve type URL {type_url}: tx parse error");
            return Err(Refusal::sdk(2, log));
        }
    })
}

fn sender(message: &ProtoMsg) -> Result<String, Refusal> {
    let text = |address: &str| {
        address::decode(address)
            .map(|_| address.to_owned())
            .map_err(|e| Refusal::sdk(7, format!("{e}: invalid address")))
    };
    match message {
        ProtoMsg::Send(m) => text(&m.from_address),
        ProtoMsg::Migrate(m) => text(&m.sender),
        ProtoMsg::UpdateAdmin(m) => text(&m.sender),
        ProtoMsg::ClearAdmin(m) => text(&m.sender),
        ProtoMsg::StoreCode(m) => raw_address(&m.sender),
        ProtoMsg::Instantiate(m) => raw_address(&m.sender),
        ProtoMsg::Execute(m) => raw_address(&m.sender),
    }
}

/// Bech32 of an address given as raw bytes.
pub(super) fn raw_address(bytes: &[u8]) -> Result<String, Refusal> {
    let bytes: &[u8; 20] = bytes.try_into().map_err(|_| {
        let log = format!(
            "address has {} bytes, must have 20: invalid address",
            bytes.len()
        );
        Refusal::sdk(7, log)
    })?;
    Ok(address::encode(bytes))
}

/// Checks everything that the chain checks before execution; changes nothing.
pub(super) fn check(node: &Node, tx: &DecodedTx) -> Result<(), Refusal> {
    let gas_limit = tx.fee.gas_limit;
    if gas_limit > MAX_BLOCK_GAS {
        let log = format!(
            "tx gas limit {gas_limit} exceeds block max gas {MAX_BLOCK_GAS}: invalid gas limit"
        );
        return Err(Refusal::sdk(41, log));
    }
    let timeout = tx.body.timeout_height;
    let height = node.devnet.block_height();
    if timeout != 0 && height > timeout {
        let log = format!("block height: {height}, timeout height: {timeout}: tx timeout height");
        return Err(Refusal::sdk(30, log));
    }
    if tx.body.memo.len() > MAX_MEMO {
        let got = tx.body.memo.len();
        let log = format!(
            "maximum number of characters is {MAX_MEMO} but received {got} characters: memo too large"
        );
        return Err(Refusal::sdk(12, log));
    }
    let size_gas = tx.size.saturating_mul(crate::gas::TX_BYTE);
    check_gas(tx, "txSize", size_gas)?;
    fee::check_price(tx)?;
    let Some(account) = node.accounts.get(&tx.sender) else {
        let log = format!(
            "fee payer address: {} does not exist: unknown address",
            tx.sender
        );
        return Err(Refusal::sdk(9, log));
    };
    fee::check_funds(node, tx)?;
    let key = signature::public_key(node, tx)?;
    let signature_gas = size_gas.saturating_add(crate::gas::TX_SIGNATURE);
    check_gas(tx, "ante verify: secp256k1", signature_gas)?;
    if tx.signer_info.sequence != account.sequence {
        let log = format!(
            "account sequence mismatch, expected {}, got {}: incorrect account sequence",
            account.sequence, tx.signer_info.sequence
        );
        return Err(Refusal::sdk(32, log));
    }
    signature::check(node, tx, &key, account.number, account.sequence)
}

fn check_gas(tx: &DecodedTx, place: &str, used: u64) -> Result<(), Refusal> {
    let wanted = tx.fee.gas_limit;
    if used <= wanted {
        return Ok(());
    }
    let log = format!(
        "out of gas in location: {place}; gasWanted: {wanted}, gasUsed: {used}: out of gas"
    );
    Err(Refusal::sdk(11, log))
}
