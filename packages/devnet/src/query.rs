//! Queries: from outside, and from contracts in the middle of a call.

use std::sync::Arc;

use cosmwasm_std::{
    AllBalanceResponse, BalanceResponse, BankQuery, Binary, ContractInfoResponse, ContractResult,
    Empty, QueryRequest, SystemError, SystemResult, WasmQuery,
};
use serde::Serialize;

use crate::bank;
use crate::engine::{self, Call, Runtime, Session};
use crate::gas;
use crate::host::{Fault, Host};
use crate::observer;
use crate::state::{CodeInfo, World};
use crate::tx::EntryPoint;

/// Depth at which a query may query no further.
const DEPTH_LIMIT: u32 = 10;

/// A smart query that found its contract.
pub struct Smart<'a> {
    pub contract: &'a str,
    pub code: Arc<CodeInfo>,
    pub sender: &'a str,
    pub msg: &'a [u8],
    pub parent: Option<usize>,
    pub depth: u32,
}

/// The code that a contract runs.
pub fn code_of(world: &World, contract: &str) -> Option<Arc<CodeInfo>> {
    let info = world.contract(contract)?;
    world.codes.get(&info.code_id).cloned()
}

/// Runs a smart query and records it.
pub fn smart(
    rt: &Arc<Runtime>,
    session: &mut Session,
    query: Smart,
) -> Result<ContractResult<Binary>, Fault> {
    let index = session.trace.views.len();
    let call = Call {
        contract: query.contract,
        code: &query.code,
        entry: EntryPoint::Query,
        sender: query.sender,
        funds: &[],
        msg: query.msg,
        parent: query.parent,
        query_depth: query.depth,
    };
    let output = engine::call(rt, session, &call)?;
    let answer: ContractResult<Binary> = serde_json::from_slice(&output)
        .map_err(|e| Fault::Trap(format!("answer is not a query result: {e}")))?;
    if let (ContractResult::Ok(data), Some(view)) = (&answer, session.trace.views.get_mut(index)) {
        view.response_length = Some(observer::response_length(data.len(), false));
    }
    Ok(answer)
}

/// Answers `query_chain`: the JSON of `SystemResult<ContractResult<Binary>>`.
pub fn from_contract(host: &mut Host, request: &[u8], wasm_left: u64) -> Result<Vec<u8>, Fault> {
    if host.query_depth >= DEPTH_LIMIT {
        return Ok(br#"{"Err":{"exceeded_recursion_limit":{}}}"#.to_vec());
    }
    let answer = match serde_json::from_slice::<QueryRequest<Empty>>(request) {
        Ok(QueryRequest::Bank(query)) => bank_query(&host.session.world, &query),
        Ok(QueryRequest::Wasm(query)) => wasm_query(host, query, wasm_left)?,
        Ok(_) => unsupported("custom"),
        Err(error) => bad_request(host, request, &error)?,
    };
    encode(&answer).map_err(Fault::Trap)
}

type Answer = SystemResult<ContractResult<Binary>>;

fn bad_request(
    host: &mut Host,
    request: &[u8],
    error: &serde_json::Error,
) -> Result<Answer, Fault> {
    if let Ok(serde_json::Value::Object(map)) = serde_json::from_slice(request) {
        if let Some(kind) = map
            .keys()
            .next()
            .filter(|k| !["bank", "wasm"].contains(&k.as_str()))
        {
            return Ok(unsupported(kind));
        }
    }
    host.charge_callback(gas::BAD_QUERY / gas::MULTIPLIER)?;
    Ok(SystemResult::Err(SystemError::InvalidRequest {
        error: error.to_string(),
        request: Binary(request.to_vec()),
    }))
}

fn unsupported(kind: &str) -> Answer {
    SystemResult::Err(SystemError::UnsupportedRequest {
        kind: kind.to_owned(),
    })
}

fn bank_query(world: &World, query: &BankQuery) -> Answer {
    match query {
        BankQuery::Balance { address, denom } => reply(&BalanceResponse {
            amount: bank::balance(world, address, denom),
        }),
        BankQuery::AllBalances { address } => reply(&AllBalanceResponse {
            amount: bank::balances(world, address),
        }),
        _ => unsupported("bank"),
    }
}

fn wasm_query(host: &mut Host, query: WasmQuery, wasm_left: u64) -> Result<Answer, Fault> {
    match query {
        WasmQuery::Smart {
            contract_addr,
            code_hash,
            msg,
        } => smart_query(host, &contract_addr, &code_hash, &msg, wasm_left),
        WasmQuery::ContractInfo { contract_addr } => {
            let Some(info) = host.session.world.contract(&contract_addr) else {
                return Ok(no_contract(contract_addr));
            };
            Ok(reply(&ContractInfoResponse::new(
                info.code_id,
                &info.creator,
            )))
        }
        _ => Ok(unsupported("wasm")),
    }
}

fn no_contract(addr: String) -> Answer {
    SystemResult::Err(SystemError::NoSuchContract { addr })
}

fn smart_query(
    host: &mut Host,
    contract: &str,
    code_hash: &str,
    msg: &[u8],
    wasm_left: u64,
) -> Result<Answer, Fault> {
    let Some(code) = code_of(&host.session.world, contract) else {
        return Ok(no_contract(contract.to_owned()));
    };
    if !code.code_hash.eq_ignore_ascii_case(code_hash) {
        host.charge_callback(gas::INSTANCE)?;
        return Ok(failed(&Fault::CodeHash));
    }
    let limit = host.session.meter.left().min(wasm_left / gas::MULTIPLIER);
    let mut session = Session::new(host.session.world.clone(), limit, host.session.calls);
    session.trace = std::mem::take(&mut host.session.trace);
    let query = Smart {
        contract,
        code,
        sender: &host.contract,
        msg,
        parent: Some(host.index),
        depth: host.query_depth.saturating_add(1),
    };
    let result = smart(&host.rt, &mut session, query);
    host.session.trace = session.trace;
    host.session.calls = session.calls;
    host.charge_callback(session.meter.used())?;
    match result {
        Ok(answer) => Ok(SystemResult::Ok(answer)),
        Err(Fault::OutOfGas) => Err(Fault::OutOfGas),
        Err(fault) => Ok(failed(&fault)),
    }
}

fn failed(fault: &Fault) -> Answer {
    SystemResult::Ok(ContractResult::Err(format!(
        "Execution error: Enclave: {fault}: query contract failed"
    )))
}

fn reply(value: &impl Serialize) -> Answer {
    match encode(value) {
        Ok(json) => SystemResult::Ok(ContractResult::Ok(Binary(json))),
        Err(error) => SystemResult::Ok(ContractResult::Err(error)),
    }
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|e| e.to_string())
}
