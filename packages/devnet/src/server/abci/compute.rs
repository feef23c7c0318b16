//! `secret.compute.v1beta1.Query` and `secret.registration.v1beta1.Query`

use super::{
    proto::{
        compute::{
            AbsoluteTxPosition, CodeInfoResponse, ContractCodeHistoryEntry, ContractInfo,
            ContractInfoWithAddress, Params, ParamsResponse, QueryCodeResponse, QueryCodesResponse,
            QueryContractHistoryResponse, QueryContractsByCodeIdResponse,
            QuerySecretContractRequest, OPERATION_INIT, OPERATION_MIGRATE,
        },
        Bytes, Empty, Number, Text,
    },
    unary, Served,
};
use crate::{
    gas,
    server::{answer::GrpcError, lookup, node::Node},
    upload, CodeInfo,
};
use secret_ai_chain_client::address;

pub(super) fn serve(node: &Node, method: &str, request: &[u8]) -> Served {
    match method {
        "QuerySecretContract" => unary(request, |r: QuerySecretContractRequest| {
            let value = lookup::query(node, &r.contract_address, &r.query)?;
            Ok(Bytes { value })
        }),
        "CodeHashByContractAddress" => unary(request, |Text { value: address }| {
            let value = lookup::contract(node, &address)?.code_hash.clone();
            Ok(Text { value })
        }),
        "CodeHashByCodeId" => unary(request, |Number { value: id }| {
            let value = lookup::code_hash(node, id)?.to_owned();
            Ok(Text { value })
        }),
        "ContractInfo" => unary(request, |Text { value: address }| {
            let info = lookup::contract(node, &address)?;
            Ok(contract_info(info))
        }),
        "ContractsByCodeId" => unary(request, |Number { value: id }| {
            let infos = lookup::contracts_of_code(node, id)?;
            Ok(QueryContractsByCodeIdResponse {
                contract_infos: infos.into_iter().map(contract_info).collect(),
            })
        }),
        "Code" => unary(request, |Number { value: id }| {
            let code = lookup::code(node, id)?;
            Ok(QueryCodeResponse {
                code_info: Some(code_info(code)),
                wasm: code.wasm.to_vec(),
            })
        }),
        "Codes" => unary(request, |Empty {}| {
            Ok(QueryCodesResponse {
                code_infos: node.devnet.codes().map(code_info).collect(),
            })
        }),
        "LabelByAddress" => unary(request, |Text { value: address }| {
            let value = lookup::contract(node, &address)?.label.clone();
            Ok(Text { value })
        }),
        "AddressByLabel" => unary(request, |Text { value: label }| {
            let value = lookup::address_of_label(node, &label)?.to_owned();
            Ok(Text { value })
        }),
        "ContractHistory" => unary(request, |Text { value: address }| history(node, &address)),
        "Params" => unary(request, |Empty {}| {
            Ok(ParamsResponse {
                params: Some(params()),
            })
        }),
        "AuthorizedMigration" => unary(request, |Text { value: address }| {
            Err::<Empty, _>(lookup::no_authorization(&address, "migration"))
        }),
        "AuthorizedAdminUpdate" => unary(request, |Text { value: address }| {
            Err::<Empty, _>(lookup::no_authorization(&address, "admin update"))
        }),
        _ => None,
    }
}

pub(super) fn serve_registration(node: &Node, method: &str, request: &[u8]) -> Served {
    match method {
        "TxKey" => unary(request, |Empty {}| {
            let value = node.io_keys.public().to_vec();
            Ok(Bytes { value })
        }),
        "RegistrationKey" => unary(request, |Empty {}| {
            let value = lookup::registration_keys(node).to_string().into_bytes();
            Ok(Bytes { value })
        }),
        "EncryptedSeed" => unary(request, |Bytes { .. }| Err::<Empty, _>(lookup::no_seed())),
        _ => None,
    }
}

fn contract_info(info: &crate::ContractInfo) -> ContractInfoWithAddress {
    ContractInfoWithAddress {
        contract_address: info.address.clone(),
        contract_info: Some(ContractInfo {
            code_id: info.code_id,
            creator: address::decode(&info.creator)
                .map(|bytes| bytes.to_vec())
                .unwrap_or_default(),
            label: info.label.clone(),
            created: Some(position(info.created_height)),
            admin: info.admin.clone().unwrap_or_default(),
        }),
    }
}

/// There is one transaction to a block.
fn position(height: u64) -> AbsoluteTxPosition {
    AbsoluteTxPosition {
        block_height: i64::try_from(height).unwrap_or(i64::MAX),
        tx_index: 0,
    }
}

fn code_info(code: &CodeInfo) -> CodeInfoResponse {
    CodeInfoResponse {
        code_id: code.code_id,
        creator: code.creator.clone(),
        code_hash: code.code_hash.clone(),
        source: code.source.clone(),
        builder: code.builder.clone(),
    }
}

fn history(node: &Node, address: &str) -> Result<QueryContractHistoryResponse, GrpcError> {
    let history = &lookup::contract(node, address)?.history;
    let entries = history.iter().enumerate().map(|(index, entry)| {
        let operation = match index {
            0 => OPERATION_INIT,
            _ => OPERATION_MIGRATE,
        };
        ContractCodeHistoryEntry {
            operation,
            code_id: entry.code_id,
            updated: Some(position(entry.height)),
        }
    });
    Ok(QueryContractHistoryResponse {
        entries: entries.collect(),
    })
}

fn params() -> Params {
    const TENTH: u128 = 10u128.pow(17);
    Params {
        compile_cost: (u128::from(gas::COMPILE_TENTHS) * TENTH).to_string(),
        max_contract_size: upload::MAX_WASM as u64,
    }
}
