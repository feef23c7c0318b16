//! The chain behind the server: devnet, accounts, past transactions, and the clock.

use super::{
    accounts::{Accounts, TEST_ACCOUNTS},
    answer::GrpcError,
    ServerConfig, ServerError,
};
use crate::{Devnet, Genesis, Snapshot, TxResult};
use secret_ai_chain_client::{address, encryption::IoKeys, Wallet};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const NANOS: u64 = 1_000_000_000;
/// Base units of uscrt that each account has at the start.
const GENESIS_USCRT: u128 = 1_000_000_000_000_000_000;
/// Height at which the first transaction runs; block 1 is the genesis.
const FIRST_HEIGHT: u64 = 2;
/// Seconds between blocks on demand.
const DEMAND_BLOCK_S: u64 = 6;
/// Seed of the network's IO key. A devnet has no secrets.
const IO_SEED: &[u8] = b"secret-devnet io key";

/// A transaction that is in a block.
pub(super) struct TxRecord {
    pub hash: String,
    pub height: u64,
    /// As it was broadcast.
    pub bytes: Vec<u8>,
    /// The transaction's JSON, as in `tx` of the LCD's answers.
    pub tx: Value,
    /// The `tx_response` without its `tx`.
    pub response: Value,
    /// Gas by call and the observer's view; none if no message was executed.
    pub result: Option<TxResult>,
}

/// State of the server.
pub(super) struct Node {
    pub devnet: Devnet,
    pub accounts: Accounts,
    pub io_keys: IoKeys,
    pub chain_id: String,
    txs: BTreeMap<String, TxRecord>,
    hashes_by_height: BTreeMap<u64, Vec<String>>,
    /// Height and time of blocks; those between two entries lie evenly between them.
    times: BTreeMap<u64, u64>,
    ticking: Option<Ticking>,
}

/// Blocks that come with the wall clock.
struct Ticking {
    started: Instant,
    block_time: Duration,
    /// Blocks made so far by the clock alone.
    ticks: u64,
}

impl Node {
    pub fn new(config: &ServerConfig) -> Result<Self, ServerError> {
        let failed = |e: &dyn std::fmt::Display| ServerError::Genesis(e.to_string());
        let mut accounts = Accounts::default();
        let mut balances = Vec::new();
        for (_, words) in TEST_ACCOUNTS {
            let wallet = Wallet::from_mnemonic(words).map_err(|e| failed(&e))?;
            balances.push(wallet.address().to_owned());
        }
        balances.push(module_address("faucet"));
        let coins = vec![crate::coin(GENESIS_USCRT, "uscrt")];
        for holder in &balances {
            accounts.ensure(holder);
        }
        let devnet = Devnet::new(Genesis {
            chain_id: config.chain_id.clone(),
            time_s: config.genesis_time,
            height: FIRST_HEIGHT,
            block_seconds: match config.block_time {
                Some(_) => 0,
                None => DEMAND_BLOCK_S,
            },
            balances: balances.into_iter().map(|a| (a, coins.clone())).collect(),
            dcap_development_root: config.dcap_development_root.clone(),
            ..Genesis::default()
        })
        .map_err(|e| failed(&e))?;
        let genesis_ns = config.genesis_time.saturating_mul(NANOS);
        let gap = if config.block_time.is_some() {
            0
        } else {
            DEMAND_BLOCK_S * NANOS
        };
        let mut node = Self {
            devnet,
            accounts,
            io_keys: IoKeys::from_seed(Sha256::digest(IO_SEED).into()),
            chain_id: config.chain_id.clone(),
            txs: BTreeMap::new(),
            hashes_by_height: BTreeMap::new(),
            times: BTreeMap::from([(1, genesis_ns.saturating_sub(gap))]),
            ticking: config.block_time.map(|block_time| Ticking {
                started: Instant::now(),
                block_time,
                ticks: 0,
            }),
        };
        node.note_time();
        Ok(node)
    }

    /// Changes state that the devnet's own calls do not reach.
    pub fn edit<R>(&mut self, change: impl FnOnce(&mut Snapshot) -> R) -> R {
        let mut snapshot = self.devnet.snapshot();
        let result = change(&mut snapshot);
        self.devnet.restore(snapshot);
        result
    }

    /// Ends a block in which nothing reached the devnet.
    pub fn end_block(&mut self) {
        self.edit(|snapshot| {
            let clock = &mut snapshot.clock;
            clock.height = clock.height.saturating_add(1);
            clock.time_ns = clock
                .time_ns
                .saturating_add(clock.block_seconds.saturating_mul(NANOS));
        });
        self.note_time();
    }

    /// Lets chain time pass.
    pub fn advance(&mut self, seconds: u64) {
        self.devnet.advance(seconds);
        self.note_time();
    }

    /// Makes the blocks that the wall clock has brought since it was last looked at.
    fn tick(&mut self) {
        let Some(ticking) = &mut self.ticking else {
            return;
        };
        let elapsed = ticking.started.elapsed().as_nanos() / ticking.block_time.as_nanos();
        let now = u64::try_from(elapsed).unwrap_or(u64::MAX);
        let new = now.saturating_sub(ticking.ticks);
        ticking.ticks = now;
        if new == 0 {
            return;
        }
        let block_ns = u64::try_from(ticking.block_time.as_nanos()).unwrap_or(u64::MAX);
        self.edit(|snapshot| {
            let clock = &mut snapshot.clock;
            clock.height = clock.height.saturating_add(new);
            clock.time_ns = clock.time_ns.saturating_add(new.saturating_mul(block_ns));
        });
        self.note_time();
    }

    fn note_time(&mut self) {
        let (height, time) = (self.devnet.block_height(), self.devnet.block_time_ns());
        self.times.insert(height, time);
    }

    /// Height of the newest finished block.
    pub fn latest_height(&self) -> u64 {
        self.devnet.block_height().saturating_sub(1)
    }

    /// Time of a finished block, nanoseconds since 1970.
    pub fn block_time_ns(&self, height: u64) -> Option<u64> {
        if height > self.latest_height() {
            return None;
        }
        let (&low, &from) = self.times.range(..=height).next_back()?;
        let (&high, &to) = self.times.range(height..).next()?;
        if high == low {
            return Some(from);
        }
        let share =
            u128::from(to.saturating_sub(from)) * u128::from(height - low) / u128::from(high - low);
        Some(from.saturating_add(u64::try_from(share).ok()?))
    }

    /// Keeps a transaction that has been executed, and lists the accounts that it made.
    pub fn keep(&mut self, record: TxRecord, new_accounts: &[String]) {
        for address in new_accounts {
            self.accounts.ensure(address);
        }
        self.hashes_by_height
            .entry(record.height)
            .or_default()
            .push(record.hash.clone());
        self.txs.insert(record.hash.clone(), record);
        self.note_time();
    }

    /// A transaction by its hash, hex in any case.
    pub fn tx(&self, hash: &str) -> Result<&TxRecord, GrpcError> {
        let hash = hash.to_uppercase();
        self.txs
            .get(&hash)
            .ok_or_else(|| GrpcError::not_found(format!("tx not found: {hash}")))
    }

    /// Whether this very transaction has been executed before.
    pub fn has_tx(&self, hash: &str) -> bool {
        self.txs.contains_key(hash)
    }

    /// All transactions, oldest first.
    pub fn txs(&self) -> impl DoubleEndedIterator<Item = &TxRecord> {
        let hashes = self.hashes_by_height.values().flatten();
        hashes.filter_map(|hash| self.txs.get(hash))
    }

    /// The transactions of a block, in order.
    pub fn txs_at(&self, height: u64) -> impl Iterator<Item = &TxRecord> {
        let hashes = self.hashes_by_height.get(&height).into_iter().flatten();
        hashes.filter_map(|hash| self.txs.get(hash))
    }
}

/// Address of an account that nobody has the key of.
pub(super) fn module_address(name: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(name).into();
    let mut bytes = [0u8; 20];
    bytes.copy_from_slice(&digest[..20]);
    address::encode(&bytes)
}

/// The node behind one lock: requests are answered one after another.
#[derive(Clone)]
pub(super) struct SharedNode(Arc<Mutex<Node>>);

impl SharedNode {
    pub fn new(node: Node) -> Self {
        Self(Arc::new(Mutex::new(node)))
    }

    /// Runs `job` on the node, on a thread where it may take long (contracts run inside).
    pub async fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Node) -> R + Send + 'static,
    ) -> Result<R, GrpcError> {
        let shared = self.0.clone();
        let task = tokio::task::spawn_blocking(move || {
            // A panic in an earlier job has left whole state behind: a world replaces the old one
            // in one assignment.
            let mut node = shared.lock().unwrap_or_else(PoisonError::into_inner);
            node.tick();
            job(&mut node)
        });
        task.await
            .map_err(|_| GrpcError::unknown("secret-devnet failed inside; see its output"))
    }
}
