//! What the node knows, looked up once for all its interfaces: the LCD writes it as JSON, the ABCI
//! queries and gRPC as protobuf.

use super::{accounts::AccountState, answer::GrpcError, node::Node, tx_json::base64};
use crate::{CodeInfo, ContractInfo, QueryError};
use cosmwasm_std::Coin;
use secret_ai_chain_client::{address, encryption::open_message, ChainError};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// Refuses what is no bech32 address of the chain.
pub(super) fn checked_address(text: &str) -> Result<(), GrpcError> {
    address::decode(text)
        .map(|_| ())
        .map_err(|e| GrpcError::invalid(e.to_string()))
}

/// A number given as text.
pub(super) fn number(what: &str, text: &str) -> Result<u64, GrpcError> {
    text.parse()
        .map_err(|_| GrpcError::invalid(format!("{what} is {text:?}, must be a whole number")))
}

/// The account of an address that has received coins or is a contract.
pub(super) fn account<'a>(node: &'a Node, address: &str) -> Result<&'a AccountState, GrpcError> {
    checked_address(address)?;
    node.accounts
        .get(address)
        .ok_or_else(|| GrpcError::not_found(format!("account {address} not found")))
}

/// All coins of an address, in base units.
pub(super) fn balances(node: &Node, address: &str) -> Result<Vec<Coin>, GrpcError> {
    checked_address(address)?;
    Ok(node.devnet.balances(address))
}

/// One coin of an address, in base units; 0 of what it does not hold.
pub(super) fn balance(node: &Node, address: &str, denom: &str) -> Result<Coin, GrpcError> {
    checked_address(address)?;
    if denom.is_empty() {
        return Err(GrpcError::invalid("parameter denom is missing"));
    }
    Ok(cosmwasm_std::coin(
        node.devnet.balance(address, denom),
        denom,
    ))
}

/// All coins there are, in base units.
pub(super) fn supply(node: &Node) -> Vec<Coin> {
    let mut supply = BTreeMap::<String, u128>::new();
    for ((_, denom), amount) in &node.devnet.snapshot().world.balances {
        let sum = supply.entry(denom.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
    supply
        .into_iter()
        .map(|(denom, amount)| cosmwasm_std::coin(amount, denom))
        .collect()
}

/// A contract's record.
pub(super) fn contract<'a>(node: &'a Node, address: &str) -> Result<&'a ContractInfo, GrpcError> {
    checked_address(address)?;
    node.devnet
        .contract_info(address)
        .ok_or_else(|| GrpcError::not_found(format!("contract {address}: not found")))
}

/// Stored code.
pub(super) fn code(node: &Node, id: u64) -> Result<&CodeInfo, GrpcError> {
    node.devnet
        .code_info(id)
        .ok_or_else(|| GrpcError::not_found(format!("code {id}: not found")))
}

/// The contracts that run a code now.
pub(super) fn contracts_of_code(node: &Node, id: u64) -> Result<Vec<&ContractInfo>, GrpcError> {
    code(node, id)?;
    let contracts = node.devnet.contracts();
    Ok(contracts.filter(|info| info.code_id == id).collect())
}

/// Address of the contract with a label.
pub(super) fn address_of_label<'a>(node: &'a Node, label: &str) -> Result<&'a str, GrpcError> {
    node.devnet
        .contract_by_label(label)
        .ok_or_else(|| GrpcError::not_found(format!("no contract with label {label:?}")))
}

/// Contracts whose changes governance must allow do not exist here.
pub(super) fn no_authorization(address: &str, what: &str) -> GrpcError {
    match checked_address(address) {
        Err(error) => error,
        Ok(()) => GrpcError::not_found(format!(
            "no authorized {what} found for the given contract address"
        )),
    }
}

/// The network's keys, as a node's genesis state writes them. No node registers here, so there is no
/// key to exchange seeds with.
pub(super) fn registration_keys(node: &Node) -> Value {
    json!({
        "reg_info": null,
        "node_exch_key": {},
        "io_exch_key": { "bytes": base64(&node.io_keys.public()) },
    })
}

/// Opens an encrypted query, runs it, and seals the answer or the contract's error.
pub(super) fn query(node: &Node, address: &str, wire: &[u8]) -> Result<Vec<u8>, GrpcError> {
    contract(node, address)?;
    let failed =
        |text: &str| GrpcError::unknown(format!("{text}: query contract failed: unknown request"));
    let sealed = |e: ChainError| GrpcError::unknown(e.to_string());
    let opened = open_message(&node.io_keys, wire)
        .map_err(|_| failed("Execution error: Enclave: failed to decrypt data"))?;
    match node
        .devnet
        .query(address, Some(&opened.code_hash), &opened.json)
    {
        Ok(answer) => opened.cipher.seal_data(&answer).map_err(sealed),
        Err(QueryError::Contract(text)) => {
            let text = opened.cipher.seal_text(&text).map_err(sealed)?;
            Err(failed(&format!("encrypted: {text}")))
        }
        Err(QueryError::CodeHash { .. }) => Err(failed(
            "Execution error: Enclave: failed to validate transaction",
        )),
        Err(other) => Err(failed(&other.to_string())),
    }
}
