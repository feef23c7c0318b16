//! What a test talks to.

use std::rc::Rc;

use cosmwasm_std::{
    from_slice, to_binary, Addr, Binary, Coin, Event, QueryRequest, Uint128, WasmMsg, WasmQuery,
};
use cw_multi_test::{App, AppBuilder, BankKeeper, Executor, WasmKeeper};
use cw_utils::parse_instantiate_response_data;
use serde::{de::DeserializeOwned, Serialize};
use upstream_std as up;
use upstream_std::Querier as _;

use crate::address::{Bech32Api, ContractAddresses};
use crate::contract::{Adapter, Chain, ContractFns};
use crate::convert;
use crate::wallet::Wallet;

/// Seconds of a block on Secret Network, about.
const BLOCK_SECONDS: u64 = 6;

/// The chain before its first transaction.
pub struct Genesis {
    /// `env.block.chain_id`.
    pub chain_id: String,
    /// Height of the first block.
    pub height: u64,
    /// Time of the first block, seconds since 1970.
    pub time: u64,
    /// What all randomness is made from.
    pub seed: u64,
    /// Native coins, each owner once.
    pub balances: Vec<(Addr, Vec<Coin>)>,
}

impl Default for Genesis {
    fn default() -> Self {
        Self {
            chain_id: "secretdev-1".to_string(),
            height: 1_000,
            time: 1_767_225_600,
            seed: 1,
            balances: vec![],
        }
    }
}

/// A stored code.
#[derive(Clone, Debug)]
pub struct Code {
    /// The id to instantiate it with.
    pub id: u64,
    /// Its code hash, 64 characters of lower-case hex.
    pub hash: String,
}

/// An instance: everything needed to call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractRef {
    /// `secret1…`.
    pub address: Addr,
    /// Code hash that the caller gives; must be the contract's.
    pub code_hash: String,
}

/// What a successful transaction gave back.
#[derive(Clone, Debug)]
pub struct AppResponse {
    /// All events, also of contracts called in turn. Whether an attribute was encrypted is lost on
    /// the way: every one is marked so.
    pub events: Vec<Event>,
    /// What the called contract set as data.
    pub data: Option<Binary>,
}

impl AppResponse {
    /// The first attribute of that name in any event.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        let all = self.events.iter().flat_map(|event| &event.attributes);
        all.filter(|attribute| attribute.key == key)
            .map(|a| a.value.as_str())
            .next()
    }
}

/// A Secret chain in memory. Every state-changing call is one transaction, alone in its block's
/// order but not in its block: time moves only with [`SecretApp::advance`]. Errors are the text of
/// the contract that failed, innermost first; a failed call leaves no trace in state.
pub struct SecretApp {
    app: App<BankKeeper, Bech32Api>,
    chain: Rc<Chain>,
}

impl SecretApp {
    /// A chain that starts from `genesis`.
    pub fn new(genesis: Genesis) -> Self {
        let block = up::BlockInfo {
            height: genesis.height,
            time: up::Timestamp::from_seconds(genesis.time),
            chain_id: genesis.chain_id,
        };
        let balances = genesis.balances;
        let app = AppBuilder::new()
            .with_api(Bech32Api)
            .with_wasm(WasmKeeper::new().with_address_generator(ContractAddresses))
            .with_block(block)
            .build(|router, _, storage| {
                for (owner, coins) in balances {
                    let owner = up::Addr::unchecked(owner);
                    router
                        .bank
                        .init_balance(storage, &owner, convert::coins_up(coins))
                        .expect("genesis balances are well-formed");
                }
            });
        Self {
            app,
            chain: Rc::new(Chain::new(genesis.seed)),
        }
    }

    /// The address of the user of that name; [`Wallet::new`] has its key.
    pub fn user(&self, name: &str) -> Addr {
        Wallet::new(name).address()
    }

    /// Stores a contract's code.
    pub fn store(&mut self, fns: ContractFns) -> Code {
        let hash = fns.code_hash();
        let chain = self.chain.clone();
        let id = self.app.store_code(Box::new(Adapter {
            fns,
            code_hash: hash.clone(),
            chain,
        }));
        Code { id, hash }
    }

    /// Makes an instance of a stored code. `admin` may migrate it.
    pub fn instantiate(
        &mut self,
        code: &Code,
        sender: &Addr,
        msg: &impl Serialize,
        label: &str,
        admin: Option<&Addr>,
    ) -> Result<ContractRef, String> {
        let wasm = WasmMsg::Instantiate {
            admin: admin.map(|admin| admin.to_string()),
            code_id: code.id,
            code_hash: code.hash.clone(),
            msg: to_binary(msg).map_err(|e| e.to_string())?,
            funds: vec![],
            label: label.to_string(),
        };
        let data = self.transact(sender, wasm)?.data.unwrap_or_default();
        let made = parse_instantiate_response_data(&data).map_err(|e| e.to_string())?;
        Ok(ContractRef {
            address: Addr::unchecked(made.contract_address),
            code_hash: code.hash.clone(),
        })
    }

    /// Executes a message.
    pub fn execute(
        &mut self,
        sender: &Addr,
        contract: &ContractRef,
        msg: &impl Serialize,
    ) -> Result<AppResponse, String> {
        self.execute_with_funds(sender, contract, msg, &[])
    }

    /// Executes a message that sends native coins along.
    pub fn execute_with_funds(
        &mut self,
        sender: &Addr,
        contract: &ContractRef,
        msg: &impl Serialize,
        funds: &[Coin],
    ) -> Result<AppResponse, String> {
        let wasm = WasmMsg::Execute {
            contract_addr: contract.address.to_string(),
            code_hash: contract.code_hash.clone(),
            msg: to_binary(msg).map_err(|e| e.to_string())?,
            funds: funds.to_vec(),
        };
        self.transact(sender, wasm).and_then(response_down)
    }

    /// Moves a contract to another code; `sender` must be its admin. Call it by the new reference.
    pub fn migrate(
        &mut self,
        sender: &Addr,
        contract: &ContractRef,
        code: &Code,
        msg: &impl Serialize,
    ) -> Result<ContractRef, String> {
        let wasm = WasmMsg::Migrate {
            contract_addr: contract.address.to_string(),
            code_hash: code.hash.clone(),
            code_id: code.id,
            msg: to_binary(msg).map_err(|e| e.to_string())?,
        };
        self.transact(sender, wasm)?;
        Ok(ContractRef {
            address: contract.address.clone(),
            code_hash: code.hash.clone(),
        })
    }

    fn transact(
        &mut self,
        sender: &Addr,
        msg: WasmMsg,
    ) -> Result<cw_multi_test::AppResponse, String> {
        self.chain.begin_transaction();
        let msg = convert::wasm_up(msg)?;
        self.app
            .execute(up::Addr::unchecked(sender.as_str()), msg.into())
            .map_err(|error| error.root_cause().to_string())
    }

    /// Asks a contract. Padding around the answer's JSON is ignored.
    pub fn query<T: DeserializeOwned>(
        &self,
        contract: &ContractRef,
        msg: &impl Serialize,
    ) -> Result<T, String> {
        from_slice(&self.query_bytes(contract, msg)?).map_err(|e| e.to_string())
    }

    /// Asks a contract; the answer as it came, padding included.
    pub fn query_bytes(
        &self,
        contract: &ContractRef,
        msg: &impl Serialize,
    ) -> Result<Binary, String> {
        let request = convert::query_up(QueryRequest::Wasm(WasmQuery::Smart {
            contract_addr: contract.address.to_string(),
            code_hash: contract.code_hash.clone(),
            msg: to_binary(msg).map_err(|e| e.to_string())?,
        }))?;
        let request = up::to_json_vec(&request).map_err(|e| e.to_string())?;
        let answer = self
            .app
            .raw_query(&request)
            .into_result()
            .map_err(|e| e.to_string())?;
        Ok(Binary(answer.into_result()?.into()))
    }

    /// Native coins of one denomination, in base units.
    pub fn balance(&self, owner: &Addr, denom: &str) -> Uint128 {
        let coin = self.app.wrap().query_balance(owner.as_str(), denom);
        Uint128::new(coin.map_or(0, |coin| coin.amount.u128()))
    }

    /// All of a contract's storage, in key order: for tests that nothing changed or that every row
    /// has its fixed size.
    pub fn storage(&self, contract: &ContractRef) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.app
            .dump_wasm_raw(&up::Addr::unchecked(contract.address.as_str()))
    }

    /// Seconds since 1970 of the current block.
    pub fn block_time(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    /// Hash of the newest transaction, upper-case hex.
    pub fn tx_hash(&self) -> String {
        self.chain.tx_hash()
    }

    /// Height of the current block.
    pub fn block_height(&self) -> u64 {
        self.app.block_info().height
    }

    /// Lets time pass, and with it a block every six seconds, but at least one.
    pub fn advance(&mut self, seconds: u64) {
        self.set_block(
            self.block_height() + (seconds / BLOCK_SECONDS).max(1),
            self.block_time() + seconds,
        );
    }

    /// Sets the current block: height, and time in seconds since 1970.
    pub fn set_block(&mut self, height: u64, time: u64) {
        self.app.update_block(|block| {
            block.height = height;
            block.time = up::Timestamp::from_seconds(time);
        });
    }
}

fn response_down(response: cw_multi_test::AppResponse) -> Result<AppResponse, String> {
    let data = convert::data_down(&response.events, response.data)?;
    Ok(AppResponse {
        events: convert::events_down(response.events),
        data,
    })
}
