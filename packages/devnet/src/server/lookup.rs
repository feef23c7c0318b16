//! What the node knows, looked up once for all its interfaces: the LCD writes it as JSON, the ABCI
//! queries and gRPC as protobuf.

use super::{
    accounts::AccountState, address_error::address_error, answer::GrpcError, node::Node,
    tx_json::base64,
};
use crate::{CodeInfo, ContractInfo, QueryError};
use cosmwasm_std::Coin;
use secret_ai_chain_client::{encryption::open_message, ChainError};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// An address in lower case, under which it is kept; refuses what is no address of the chain.
fn checked_address(text: &str) -> Result<String, GrpcError> {
    match address_error(text) {
        None => Ok(text.to_lowercase()),
        Some(words) => Err(GrpcError::unknown(words)),
    }
}

/// The bank module alone gives a bad address a gRPC code.
fn bank_address(text: &str) -> Result<String, GrpcError> {
    match address_error(text) {
        None => Ok(text.to_lowercase()),
        Some(words) => Err(GrpcError::invalid(format!("invalid address: {words}"))),
    }
}

/// A number in a path; `parser` is the one of Go's whose error the gateway shows.
pub(super) fn number(parameter: &str, parser: &str, text: &str) -> Result<u64, GrpcError> {
    text.parse().map_err(|_| {
        GrpcError::invalid(format!(
            "type mismatch, parameter: {parameter}, error: strconv.{parser}: parsing {text:?}: \
             invalid syntax"
        ))
    })
}

/// Codespace, code and name of errors that the modules have registered; none has a gRPC code of its
/// own.
const NOT_FOUND: (&str, u32, &str) = ("compute", 9, "not found");
const INVALID: (&str, u32, &str) = ("compute", 13, "invalid");
const QUERY_FAILED: (&str, u32, &str) = ("compute", 4, "query contract failed");
const UNKNOWN_ADDRESS: (&str, u32, &str) = ("sdk", 9, "unknown address");

/// The compute module's `ErrNotFound`, which says nothing more.
fn not_found() -> GrpcError {
    GrpcError::registered(NOT_FOUND, "")
}

/// The account of an address that has received coins or is a contract.
pub(super) fn account<'a>(node: &'a Node, address: &str) -> Result<&'a AccountState, GrpcError> {
    node.accounts
        .get(&checked_address(address)?)
        .ok_or_else(|| GrpcError::not_found(format!("account {address} not found")))
}

/// All coins of an address, in base units.
pub(super) fn balances(node: &Node, address: &str) -> Result<Vec<Coin>, GrpcError> {
    Ok(node.devnet.balances(&bank_address(address)?))
}

/// One coin of an address, in base units; 0 of what it does not hold.
pub(super) fn balance(node: &Node, address: &str, denom: &str) -> Result<Coin, GrpcError> {
    if denom.is_empty() {
        return Err(GrpcError::invalid("invalid denom: "));
    }
    let amount = node.devnet.balance(&bank_address(address)?, denom);
    Ok(cosmwasm_std::coin(amount, denom))
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
    let address = checked_address(address)?;
    node.devnet.contract_info(&address).ok_or_else(not_found)
}

/// Stored code.
pub(super) fn code(node: &Node, id: u64) -> Result<&CodeInfo, GrpcError> {
    checked_code_id(id)?;
    node.devnet.code_info(id).ok_or_else(not_found)
}

/// Hash of stored code, lower-case hex.
pub(super) fn code_hash(node: &Node, id: u64) -> Result<&str, GrpcError> {
    let code = node.devnet.code_info(id);
    code.map(|code| code.code_hash.as_str())
        .ok_or_else(|| GrpcError::unknown(format!("failed to get code info for code id {id}")))
}

/// The contracts that run a code now; none is an error.
pub(super) fn contracts_of_code(node: &Node, id: u64) -> Result<Vec<&ContractInfo>, GrpcError> {
    checked_code_id(id)?;
    let contracts = node.devnet.contracts();
    let infos: Vec<_> = contracts.filter(|info| info.code_id == id).collect();
    match infos.is_empty() {
        true => Err(not_found()),
        false => Ok(infos),
    }
}

fn checked_code_id(id: u64) -> Result<(), GrpcError> {
    match id {
        0 => Err(GrpcError::registered(INVALID, "code id")),
        _ => Ok(()),
    }
}

/// Address of the contract with a label.
pub(super) fn address_of_label<'a>(node: &'a Node, label: &str) -> Result<&'a str, GrpcError> {
    node.devnet
        .contract_by_label(label)
        .ok_or_else(|| GrpcError::registered(UNKNOWN_ADDRESS, label))
}

/// Contracts whose changes governance must allow do not exist here.
pub(super) fn no_authorization(address: &str, what: &str) -> GrpcError {
    match address_error(address) {
        Some(_) => GrpcError::invalid("invalid contract address"),
        None => GrpcError::not_found(format!(
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

/// No node has registered here, so there is no seed for one.
pub(super) fn no_seed() -> GrpcError {
    GrpcError::registered(UNKNOWN_ADDRESS, "Node has not been authenticated yet")
}

/// Opens an encrypted query, runs it, and seals the answer or the contract's error.
pub(super) fn query(node: &Node, address: &str, wire: &[u8]) -> Result<Vec<u8>, GrpcError> {
    let address = &checked_address(address)?;
    if node.devnet.contract_info(address).is_none() {
        return Err(GrpcError::registered(NOT_FOUND, "contract"));
    }
    let failed = |text: &str| GrpcError::registered(QUERY_FAILED, text);
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
