//! Lends upstream's storage and querier to a contract of the fork.

use cosmwasm_std::{
    from_slice, Binary, ContractResult, Empty, Querier, QuerierResult, QueryRequest, Storage,
    SystemError, SystemResult,
};
use upstream_std as up;

use crate::convert;

/// Storage a contract may write.
pub(crate) struct Writable<'a>(pub &'a mut dyn up::Storage);

impl Storage for Writable<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        self.0.set(key, value);
    }

    fn remove(&mut self, key: &[u8]) {
        self.0.remove(key);
    }
}

/// Storage of a query. The fork's `Deps` cannot write; the chain refuses it as well.
pub(crate) struct ReadOnly<'a>(pub &'a dyn up::Storage);

impl Storage for ReadOnly<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn set(&mut self, _key: &[u8], _value: &[u8]) {
        panic!("a query wrote to storage");
    }

    fn remove(&mut self, _key: &[u8]) {
        panic!("a query removed from storage");
    }
}

/// Queries from a contract: the fork's request in, upstream's asked, the fork's answer out.
pub(crate) struct Queries<'a>(pub up::QuerierWrapper<'a>);

impl Querier for Queries<'_> {
    fn raw_query(&self, bin_request: &[u8]) -> QuerierResult {
        let asked = from_slice::<QueryRequest<Empty>>(bin_request)
            .map_err(|e| e.to_string())
            .and_then(convert::query_up)
            .and_then(|request| up::to_json_vec(&request).map_err(|e| e.to_string()));
        match asked {
            Ok(request) => result_down(self.0.raw_query(&request)),
            Err(error) => SystemResult::Err(SystemError::InvalidRequest {
                error,
                request: bin_request.into(),
            }),
        }
    }
}

fn result_down(result: up::QuerierResult) -> QuerierResult {
    match result {
        up::SystemResult::Ok(up::ContractResult::Ok(data)) => {
            SystemResult::Ok(ContractResult::Ok(Binary(data.into())))
        }
        up::SystemResult::Ok(up::ContractResult::Err(error)) => {
            SystemResult::Ok(ContractResult::Err(error))
        }
        up::SystemResult::Err(up::SystemError::NoSuchContract { addr }) => {
            SystemResult::Err(SystemError::NoSuchContract { addr })
        }
        up::SystemResult::Err(up::SystemError::InvalidRequest { error, request }) => {
            SystemResult::Err(SystemError::InvalidRequest {
                error,
                request: Binary(request.into()),
            })
        }
        up::SystemResult::Err(other) => SystemResult::Err(SystemError::UnsupportedRequest {
            kind: other.to_string(),
        }),
    }
}
