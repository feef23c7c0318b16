//! A storage under observation.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cosmwasm_std::testing::{MockApi, MockQuerier};
use cosmwasm_std::{Addr, Deps, Env, QuerierWrapper, StdResult, Storage};
use secret_ai_contract_kit::permit::validate;
use secret_ai_interface::auth::{Permission, Permit};

/// A storage that notes what an observer sees of each access: read or write, and the lengths of key
/// and value.
#[derive(Default)]
pub struct Watched {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    seen: RefCell<Vec<(char, usize, Option<usize>)>>,
}

impl Watched {
    /// What was seen since the last call.
    pub fn take(&self) -> Vec<(char, usize, Option<usize>)> {
        self.seen.take()
    }
}

impl Storage for Watched {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let row = self.rows.get(key).cloned();
        let length = row.as_ref().map(Vec::len);
        self.seen.borrow_mut().push(('r', key.len(), length));
        row
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        let write = ('w', key.len(), Some(value.len()));
        self.seen.borrow_mut().push(write);
        self.rows.insert(key.to_vec(), value.to_vec());
    }

    fn remove(&mut self, key: &[u8]) {
        self.seen.borrow_mut().push(('d', key.len(), None));
        self.rows.remove(key);
    }
}

/// Whether a permit to own opens anything.
pub fn check(storage: &dyn Storage, env: &Env, permit: &Permit) -> StdResult<Addr> {
    let querier: MockQuerier = MockQuerier::default();
    let deps = Deps {
        storage,
        api: &MockApi::default(),
        querier: QuerierWrapper::new(&querier),
    };
    validate(deps, env, permit, &[Permission::Owner])
}
