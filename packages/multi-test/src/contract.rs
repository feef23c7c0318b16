//! A contract's plain functions behind upstream's `Contract` trait.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::rc::Rc;

use cosmwasm_std::testing::MockApi;
use cosmwasm_std::{
    from_slice, Addr, Binary, BlockInfo, ContractInfo, Deps, DepsMut, Env, MessageInfo,
    QuerierWrapper, Reply, Response, Timestamp, TransactionInfo,
};
use cw_multi_test::error::{anyhow, AnyResult};
use cw_multi_test::Contract;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use upstream_std as up;

use crate::convert;
use crate::deps::{Queries, ReadOnly, Writable};

type Called = Result<Response, String>;
type Entry = Box<dyn Fn(DepsMut, Env, MessageInfo, &[u8]) -> Called>;
type QueryEntry = Box<dyn Fn(Deps, Env, &[u8]) -> Result<Binary, String>>;
type ReplyEntry = Box<dyn Fn(DepsMut, Env, Reply) -> Called>;
type MigrateEntry = Box<dyn Fn(DepsMut, Env, &[u8]) -> Called>;

/// The entry points of one contract, as its crate exports them.
pub struct ContractFns {
    pub(crate) name: String,
    instantiate: Entry,
    execute: Entry,
    query: QueryEntry,
    reply: Option<ReplyEntry>,
    migrate: Option<MigrateEntry>,
}

fn parse<T: DeserializeOwned>(msg: &[u8]) -> Result<T, String> {
    from_slice(msg).map_err(|e| e.to_string())
}

impl ContractFns {
    /// A contract with the three entry points that every contract has. The code hash is made from
    /// `name`, so two codes (say, before and after a migration) need two names.
    pub fn new<I, X, Q, EI, EX, EQ>(
        name: &str,
        instantiate: fn(DepsMut, Env, MessageInfo, I) -> Result<Response, EI>,
        execute: fn(DepsMut, Env, MessageInfo, X) -> Result<Response, EX>,
        query: fn(Deps, Env, Q) -> Result<Binary, EQ>,
    ) -> Self
    where
        I: DeserializeOwned + 'static,
        X: DeserializeOwned + 'static,
        Q: DeserializeOwned + 'static,
        EI: Display + 'static,
        EX: Display + 'static,
        EQ: Display + 'static,
    {
        let text = |e: &dyn Display| e.to_string();
        Self {
            name: name.to_string(),
            instantiate: Box::new(move |deps, env, info, msg| {
                instantiate(deps, env, info, parse(msg)?).map_err(|e| text(&e))
            }),
            execute: Box::new(move |deps, env, info, msg| {
                execute(deps, env, info, parse(msg)?).map_err(|e| text(&e))
            }),
            query: Box::new(move |deps, env, msg| {
                query(deps, env, parse(msg)?).map_err(|e| text(&e))
            }),
            reply: None,
            migrate: None,
        }
    }

    /// Adds the `reply` entry point.
    pub fn with_reply<E: Display + 'static>(
        mut self,
        reply: fn(DepsMut, Env, Reply) -> Result<Response, E>,
    ) -> Self {
        self.reply = Some(Box::new(move |deps, env, msg| {
            reply(deps, env, msg).map_err(|e| e.to_string())
        }));
        self
    }

    /// Adds the `migrate` entry point.
    pub fn with_migrate<M: DeserializeOwned + 'static, E: Display + 'static>(
        mut self,
        migrate: fn(DepsMut, Env, M) -> Result<Response, E>,
    ) -> Self {
        self.migrate = Some(Box::new(move |deps, env, msg| {
            migrate(deps, env, parse(msg)?).map_err(|e| e.to_string())
        }));
        self
    }

    /// The code hash this contract gets: SHA-256 of its name, 64 characters of lower-case hex.
    pub fn code_hash(&self) -> String {
        hex::encode(Sha256::digest(self.name.as_bytes()))
    }
}

/// What the chain adds to a call besides height and time: its randomness and the running
/// transaction. Shared by all contracts of an app.
#[derive(Default)]
pub(crate) struct Chain {
    pub seed: u64,
    pub transactions: Cell<u64>,
    calls: Cell<u64>,
    tx_hash: RefCell<String>,
}

impl Chain {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Starts a transaction: gives it a hash of its own, upper-case hex.
    pub fn begin_transaction(&self) {
        self.transactions.set(self.transactions.get() + 1);
        let digest = Sha256::digest(format!("tx/{}/{}", self.seed, self.transactions.get()));
        *self.tx_hash.borrow_mut() = hex::encode_upper(digest);
    }

    /// Hash of the running transaction, or of the one before.
    pub fn tx_hash(&self) -> String {
        self.tx_hash.borrow().clone()
    }

    /// 32 bytes, other ones in every call.
    fn random(&self) -> Binary {
        self.calls.set(self.calls.get() + 1);
        Binary(Sha256::digest(format!("random/{}/{}", self.seed, self.calls.get())).to_vec())
    }
}

/// A stored code: the functions, their code hash and the chain they run on.
pub(crate) struct Adapter {
    pub fns: ContractFns,
    pub code_hash: String,
    pub chain: Rc<Chain>,
}

impl Adapter {
    fn env(&self, env: up::Env) -> Env {
        Env {
            block: BlockInfo {
                height: env.block.height,
                time: Timestamp::from_nanos(env.block.time.nanos()),
                chain_id: env.block.chain_id,
                random: None,
            },
            transaction: None,
            contract: ContractInfo {
                address: Addr::unchecked(env.contract.address),
                code_hash: self.code_hash.clone(),
            },
        }
    }

    /// Runs one state-changing entry point with everything bridged.
    fn run(
        &self,
        deps: up::DepsMut,
        env: up::Env,
        call: impl FnOnce(DepsMut, Env) -> Called,
    ) -> AnyResult<up::Response> {
        let mut storage = Writable(deps.storage);
        let querier = Queries(deps.querier);
        let mut env = self.env(env);
        env.block.random = Some(self.chain.random());
        env.transaction = Some(TransactionInfo {
            index: 0,
            hash: self.chain.tx_hash(),
        });
        let deps = DepsMut {
            storage: &mut storage,
            api: &MockApi::default(),
            querier: QuerierWrapper::new(&querier),
        };
        call(deps, env)
            .and_then(convert::response_up)
            .map_err(|e| anyhow!(e))
    }

    fn unseal<'a>(&self, msg: &'a [u8]) -> AnyResult<&'a [u8]> {
        convert::checked_code_hash(&self.code_hash, msg).map_err(|e| anyhow!(e))
    }

    fn has_no(&self, entry: &str) -> up::StdError {
        up::StdError::generic_err(format!(
            "contract {} has no entry point {entry}",
            self.fns.name
        ))
    }
}

fn info_down(info: up::MessageInfo) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(info.sender),
        funds: convert::coins_down(info.funds),
    }
}

impl Contract<up::Empty> for Adapter {
    fn instantiate(
        &self,
        deps: up::DepsMut,
        env: up::Env,
        info: up::MessageInfo,
        msg: Vec<u8>,
    ) -> AnyResult<up::Response> {
        let msg = self.unseal(&msg)?;
        self.run(deps, env, |deps, env| {
            (self.fns.instantiate)(deps, env, info_down(info), msg)
        })
    }

    fn execute(
        &self,
        deps: up::DepsMut,
        env: up::Env,
        info: up::MessageInfo,
        msg: Vec<u8>,
    ) -> AnyResult<up::Response> {
        let msg = self.unseal(&msg)?;
        self.run(deps, env, |deps, env| {
            (self.fns.execute)(deps, env, info_down(info), msg)
        })
    }

    fn query(&self, deps: up::Deps, env: up::Env, msg: Vec<u8>) -> AnyResult<up::Binary> {
        let msg = self.unseal(&msg)?;
        let querier = Queries(deps.querier);
        let deps = Deps {
            storage: &ReadOnly(deps.storage),
            api: &MockApi::default(),
            querier: QuerierWrapper::new(&querier),
        };
        let answer = (self.fns.query)(deps, self.env(env), msg).map_err(|e| anyhow!(e))?;
        Ok(answer.0.into())
    }

    fn reply(&self, deps: up::DepsMut, env: up::Env, msg: up::Reply) -> AnyResult<up::Response> {
        let reply = self
            .fns
            .reply
            .as_ref()
            .ok_or_else(|| self.has_no("reply"))?;
        let msg = convert::reply_down(msg).map_err(|e| anyhow!(e))?;
        self.run(deps, env, |deps, env| reply(deps, env, msg))
    }

    fn migrate(&self, deps: up::DepsMut, env: up::Env, msg: Vec<u8>) -> AnyResult<up::Response> {
        let migrate = self
            .fns
            .migrate
            .as_ref()
            .ok_or_else(|| self.has_no("migrate"))?;
        let msg = self.unseal(&msg)?;
        self.run(deps, env, |deps, env| migrate(deps, env, msg))
    }

    fn sudo(&self, _deps: up::DepsMut, _env: up::Env, _msg: Vec<u8>) -> AnyResult<up::Response> {
        Err(self.has_no("sudo").into())
    }
}
