//! The devnet itself: state, clock, and the calls of its user.

use std::sync::Arc;

use cosmwasm_std::{Coin, ContractResult};
use serde::de::DeserializeOwned;
use serde::Serialize;

use crate::address;
use crate::bank;
use crate::compute::Keeper;
use crate::dcap::Dcap;
use crate::engine::{Engine, Runtime, Session, TxContext};
use crate::error::{DevnetError, QueryError};
use crate::gas;
use crate::host::Fault;
use crate::query::{self, Smart};
use crate::run;
use crate::seed::Seed;
use crate::state::{Clock, CodeInfo, ContractInfo, Snapshot, World};
use crate::tx::{Msg, MsgResponse, StoredCode, Tx, TxResult};

const NANOS: u64 = 1_000_000_000;
/// Seconds per block that [`Devnet::advance`] assumes.
const BLOCK_SECONDS: u64 = 6;
/// SDK gas limit of the convenience calls.
const ENOUGH_GAS: u64 = 100_000_000;

/// How a devnet begins.
#[derive(Clone, Debug)]
pub struct Genesis {
    pub chain_id: String,
    /// Time of the first block, seconds since 1970.
    pub time_s: u64,
    /// Height of the first block.
    pub height: u64,
    /// Seconds from one block to the next; 0 lets the time stand until it is moved.
    pub block_seconds: u64,
    /// Everything random is drawn from this.
    pub seed: [u8; 32],
    /// Address and coins.
    pub balances: Vec<(String, Vec<Coin>)>,
    /// DER of a self-signed P-256 root whose quotes `dcap_quote_verify` believes besides Intel's. Not
    /// part of the state.
    pub dcap_development_root: Option<Vec<u8>>,
}

impl Default for Genesis {
    /// `secretdev-1` from height 1 at 2026-01-01T00:00:00Z, without balances or development root.
    fn default() -> Self {
        Self {
            chain_id: "secretdev-1".to_owned(),
            time_s: 1_767_225_600,
            height: 1,
            block_seconds: BLOCK_SECONDS,
            seed: [7; 32],
            balances: Vec::new(),
            dcap_development_root: None,
        }
    }
}

/// A Secret chain in the process. See the crate's documentation.
pub struct Devnet {
    engine: Arc<Engine>,
    world: World,
    clock: Clock,
}

impl Devnet {
    /// A chain with its genesis balances and nothing else.
    pub fn new(genesis: Genesis) -> Result<Self, DevnetError> {
        let mut world = World::default();
        for (account, coins) in &genesis.balances {
            address::decode(account).map_err(|source| DevnetError::GenesisAddress {
                address: account.clone(),
                source,
            })?;
            for coin in coins {
                bank::mint(&mut world, account, coin).map_err(|_| DevnetError::GenesisSupply {
                    denom: coin.denom.clone(),
                })?;
            }
        }
        let dcap = Dcap::new(genesis.dcap_development_root)?;
        let clock = Clock {
            chain_id: genesis.chain_id,
            seed: Seed::new(genesis.seed),
            height: genesis.height,
            time_ns: genesis.time_s.saturating_mul(NANOS),
            block_seconds: genesis.block_seconds,
            txs: 0,
            calls: 0,
        };
        Ok(Self {
            engine: Arc::new(Engine::new(dcap)),
            world,
            clock,
        })
    }

    /// Runs a transaction in a block of its own.
    pub fn run_tx(&mut self, tx: Tx) -> TxResult {
        let result = self.run_in_block(tx);
        self.end_block();
        result
    }

    /// Runs several transactions, in order, in one block.
    pub fn run_block(&mut self, txs: impl IntoIterator<Item = Tx>) -> Vec<TxResult> {
        let results = txs.into_iter().map(|tx| self.run_in_block(tx)).collect();
        self.end_block();
        results
    }

    /// What [`Devnet::run_tx`] would answer, changing nothing.
    pub fn simulate(&self, tx: Tx) -> TxResult {
        self.run(&tx).0
    }

    fn run_in_block(&mut self, tx: Tx) -> TxResult {
        let (result, world, calls) = self.run(&tx);
        if let Some(world) = world {
            self.world = world;
        }
        self.clock.calls = calls;
        self.clock.txs = self.clock.txs.saturating_add(1);
        result
    }

    /// The result, the new world if it succeeded, and the block's count of calls.
    fn run(&self, tx: &Tx) -> (TxResult, Option<World>, u64) {
        let index = self.clock.txs;
        let drawn = || hex::encode(self.clock.seed.tx_hash(self.clock.height, index));
        let hash = tx.hash.clone().unwrap_or_else(drawn).to_uppercase();
        let rt = Runtime {
            engine: self.engine.clone(),
            clock: self.clock.clone(),
            tx: Some(TxContext { hash, index }),
        };
        let session = Session::new(self.world.clone(), tx.gas_limit, self.clock.calls);
        let keeper = Keeper {
            rt: Arc::new(rt),
            session,
        };
        run::transaction(keeper, tx)
    }

    /// Closes the block: the next transaction runs in the next one.
    fn end_block(&mut self) {
        self.move_clock(1, self.clock.block_seconds.saturating_mul(NANOS));
    }

    fn move_clock(&mut self, blocks: u64, nanos: u64) {
        self.clock.height = self.clock.height.saturating_add(blocks);
        self.clock.time_ns = self.clock.time_ns.saturating_add(nanos);
        self.clock.txs = 0;
        self.clock.calls = 0;
    }

    /// Lets time pass: `max(1, seconds / 6)` blocks without transactions.
    pub fn advance(&mut self, seconds: u64) {
        let blocks = (seconds / BLOCK_SECONDS).max(1);
        self.move_clock(blocks, seconds.saturating_mul(NANOS));
    }

    /// Lets time pass until `time_s` (seconds since 1970); errors if that is past.
    pub fn set_time(&mut self, time_s: u64) -> Result<(), DevnetError> {
        let wanted_ns = time_s.saturating_mul(NANOS);
        let now_ns = self.clock.time_ns;
        let nanos = wanted_ns
            .checked_sub(now_ns)
            .ok_or(DevnetError::TimeGoesBack { now_ns, wanted_ns })?;
        if nanos > 0 {
            self.move_clock((nanos / NANOS / BLOCK_SECONDS).max(1), nanos);
        }
        Ok(())
    }

    /// Height of the block in which the next transaction runs; queries see it too.
    pub fn block_height(&self) -> u64 {
        self.clock.height
    }

    /// Time of that block, nanoseconds since 1970.
    pub fn block_time_ns(&self) -> u64 {
        self.clock.time_ns
    }

    /// Time of that block, whole seconds since 1970.
    pub fn block_time_s(&self) -> u64 {
        self.clock.time_ns / NANOS
    }

    /// The chain id.
    pub fn chain_id(&self) -> &str {
        &self.clock.chain_id
    }

    /// Queries a contract with plaintext JSON; returns the plaintext answer. `code_hash` is checked
    /// if given. Runs under [`gas::QUERY_LIMIT`] and changes nothing.
    pub fn query(
        &self,
        contract: &str,
        code_hash: Option<&str>,
        msg: &[u8],
    ) -> Result<Vec<u8>, QueryError> {
        let code = query::code_of(&self.world, contract)
            .ok_or_else(|| QueryError::UnknownContract(contract.to_owned()))?;
        if let Some(given) = code_hash.filter(|h| !h.eq_ignore_ascii_case(&code.code_hash)) {
            return Err(QueryError::CodeHash {
                contract: contract.to_owned(),
                given: given.to_owned(),
                actual: code.code_hash.clone(),
            });
        }
        let rt = Arc::new(Runtime {
            engine: self.engine.clone(),
            clock: self.clock.clone(),
            tx: None,
        });
        let limit = gas::QUERY_LIMIT;
        let mut session = Session::new(self.world.clone(), limit, self.clock.calls);
        let query = Smart {
            contract,
            code,
            sender: "",
            msg,
            parent: None,
            depth: 1,
        };
        match query::smart(&rt, &mut session, query) {
            Ok(ContractResult::Ok(data)) => Ok(data.0),
            Ok(ContractResult::Err(text)) => Err(QueryError::Contract(text)),
            Err(Fault::OutOfGas) => Err(QueryError::OutOfGas { limit }),
            Err(fault) => Err(QueryError::Chain(format!(
                "Execution error: Enclave: {fault}"
            ))),
        }
    }

    /// Queries a contract with any message; reads the answer from JSON.
    pub fn query_json<A: DeserializeOwned>(
        &self,
        contract: &str,
        msg: &impl Serialize,
    ) -> Result<A, DevnetError> {
        let answer = self.query(contract, None, &serde_json::to_vec(msg)?)?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Stores code, plain or gzip, in a transaction of its own.
    pub fn store_code(&mut self, sender: &str, wasm: &[u8]) -> Result<StoredCode, DevnetError> {
        let message = Msg::StoreCode {
            wasm: wasm.to_vec(),
            source: String::new(),
            builder: String::new(),
        };
        let result = self.run_tx(Tx::one(sender, message, ENOUGH_GAS));
        let gas_used = result.gas_used;
        match succeeded(result)? {
            (MsgResponse::StoreCode { code_id, code_hash }, _) => Ok(StoredCode {
                code_id,
                code_hash,
                gas_used,
            }),
            (other, _) => unreachable!("storing code answered {other:?}"),
        }
    }

    /// Makes a contract with any message; returns its address and the whole result.
    pub fn instantiate(
        &mut self,
        sender: &str,
        code_id: u64,
        label: &str,
        msg: &impl Serialize,
        funds: &[Coin],
        admin: Option<&str>,
    ) -> Result<(String, TxResult), DevnetError> {
        let message = Msg::Instantiate {
            code_id,
            code_hash: None,
            label: label.to_owned(),
            msg: serde_json::to_vec(msg)?,
            funds: funds.to_vec(),
            admin: admin.map(str::to_owned),
        };
        let result = self.run_tx(Tx::one(sender, message, ENOUGH_GAS));
        match succeeded(result)? {
            (MsgResponse::Instantiate { address, .. }, result) => Ok((address, result)),
            (other, _) => unreachable!("instantiating answered {other:?}"),
        }
    }

    /// Executes a contract with any message under a high gas limit.
    pub fn execute(
        &mut self,
        sender: &str,
        contract: &str,
        msg: &impl Serialize,
        funds: &[Coin],
    ) -> Result<TxResult, DevnetError> {
        let result = self.execute_raw(sender, contract, serde_json::to_vec(msg)?, funds);
        Ok(succeeded(result)?.1)
    }

    /// Executes a contract with exactly these bytes of JSON, which a caller may have padded; answers
    /// failures, too, with the whole result.
    pub fn execute_raw(
        &mut self,
        sender: &str,
        contract: &str,
        msg: Vec<u8>,
        funds: &[Coin],
    ) -> TxResult {
        let message = Msg::Execute {
            contract: contract.to_owned(),
            code_hash: None,
            msg,
            funds: funds.to_vec(),
        };
        self.run_tx(Tx::one(sender, message, ENOUGH_GAS))
    }

    /// Sends native coins.
    pub fn send(&mut self, from: &str, to: &str, coins: &[Coin]) -> Result<TxResult, DevnetError> {
        let message = Msg::Send {
            to: to.to_owned(),
            amount: coins.to_vec(),
        };
        Ok(succeeded(self.run_tx(Tx::one(from, message, ENOUGH_GAS)))?.1)
    }

    /// Makes coins out of nothing: the faucet's.
    pub fn mint(&mut self, account: &str, coin: &Coin) -> Result<(), DevnetError> {
        address::decode(account).map_err(|source| DevnetError::GenesisAddress {
            address: account.to_owned(),
            source,
        })?;
        bank::mint(&mut self.world, account, coin).map_err(|_| DevnetError::GenesisSupply {
            denom: coin.denom.clone(),
        })
    }

    /// A contract's public record.
    pub fn contract_info(&self, contract: &str) -> Option<&ContractInfo> {
        self.world.contract(contract)
    }

    /// The address of the contract with this label.
    pub fn contract_by_label(&self, label: &str) -> Option<&str> {
        self.world.labels.get(label).map(String::as_str)
    }

    /// All contracts in the order of their addresses.
    pub fn contracts(&self) -> impl Iterator<Item = &ContractInfo> {
        self.world.contracts.values().map(|c| &c.info)
    }

    /// Stored code.
    pub fn code_info(&self, code_id: u64) -> Option<&CodeInfo> {
        self.world.codes.get(&code_id).map(Arc::as_ref)
    }

    /// All stored codes by id.
    pub fn codes(&self) -> impl Iterator<Item = &CodeInfo> {
        self.world.codes.values().map(Arc::as_ref)
    }

    /// The code hash of a contract, lower-case hex.
    pub fn code_hash_of(&self, contract: &str) -> Result<String, DevnetError> {
        let info = self.world.contract(contract);
        info.map(|i| i.code_hash.clone())
            .ok_or_else(|| DevnetError::UnknownContract(contract.to_owned()))
    }

    /// Base units of `denom` that an address holds.
    pub fn balance(&self, account: &str, denom: &str) -> u128 {
        bank::balance(&self.world, account, denom).amount.u128()
    }

    /// Everything that an address holds.
    pub fn balances(&self, account: &str) -> Vec<Coin> {
        bank::balances(&self.world, account)
    }

    /// The whole state; costs next to nothing.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            world: self.world.clone(),
            clock: self.clock.clone(),
        }
    }

    /// Goes back to a snapshot, of this devnet or of another.
    pub fn restore(&mut self, snapshot: Snapshot) {
        self.world = snapshot.world;
        self.clock = snapshot.clock;
    }
}

/// The first message's response of a transaction that succeeded.
fn succeeded(result: TxResult) -> Result<(MsgResponse, TxResult), DevnetError> {
    match &result.outcome {
        Err(failure) => Err(DevnetError::Failed(Box::new(failure.clone()))),
        Ok(outcomes) => match outcomes.first() {
            Some(outcome) => Ok((outcome.response.clone(), result)),
            None => unreachable!("a transaction of one message has one outcome"),
        },
    }
}
