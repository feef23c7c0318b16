//! The chain behind the server: devnet, accounts, past transactions, and the clock.

use super::{
    accounts::Accounts,
    answer::GrpcError,
    books::{Books, Origin, TxRecord},
    genesis::{self, block_seconds},
    store::{StateError, Store},
    ticking::{wall_clock_ms, Ticking},
    ServerConfig, ServerError,
};
use crate::{Devnet, Genesis, Snapshot};
use imbl::OrdMap;
use secret_ai_chain_client::{address, encryption::IoKeys};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

const NANOS: u64 = 1_000_000_000;

/// State of the server.
pub(super) struct Node {
    pub devnet: Devnet,
    pub accounts: Accounts,
    pub io_keys: IoKeys,
    pub chain_id: String,
    txs: OrdMap<String, Arc<TxRecord>>,
    times: OrdMap<u64, u64>,
    hashes_by_height: BTreeMap<u64, Vec<String>>,
    ticking: Option<Ticking>,
    /// The state after the last whole request; what the state file holds.
    kept: Books,
    store: Option<Store>,
}

impl Node {
    /// The chain of the state file, or a new one.
    pub fn new(config: &ServerConfig) -> Result<Self, ServerError> {
        let (store, held) = match &config.state {
            None => (None, None),
            Some(path) => {
                let (store, held) = Store::open(path, &config.chain_id)?;
                (Some(store), held)
            }
        };
        match held {
            Some(held) => {
                let mut node = Self::with(config, store, &held.origin, held.books)?;
                node.resume(held.saved_at_ms, block_seconds(config));
                node.keep_all()?;
                Ok(node)
            }
            None => {
                let (origin, books) = (genesis::origin(config), genesis::books(config)?);
                if let Some(store) = &store {
                    store.begin(&origin, &books)?;
                }
                Self::with(config, store, &origin, books)
            }
        }
    }

    fn with(
        config: &ServerConfig,
        store: Option<Store>,
        origin: &Origin,
        books: Books,
    ) -> Result<Self, ServerError> {
        let devnet = Devnet::new(Genesis {
            dcap_development_root: config.dcap_development_root.clone(),
            ..Genesis::default()
        });
        let mut node = Self {
            devnet: devnet.map_err(|e| ServerError::Genesis(e.to_string()))?,
            accounts: Accounts::default(),
            io_keys: IoKeys::from_seed(origin.io_seed),
            chain_id: origin.chain_id.clone(),
            txs: OrdMap::new(),
            times: OrdMap::new(),
            hashes_by_height: BTreeMap::new(),
            ticking: config.block_time.map(Ticking::start),
            kept: books,
            store,
        };
        node.go_back();
        Ok(node)
    }

    /// Goes on after a pause. Blocks on demand take up where they were; a chain that ticks has
    /// one block as long as the pause, so that its time is the wall clock's again.
    fn resume(&mut self, saved_at_ms: u64, block_seconds: u64) {
        let pause_ms = wall_clock_ms().saturating_sub(saved_at_ms);
        let ticks = self.ticking.is_some();
        self.edit(|snapshot| {
            let clock = &mut snapshot.clock;
            clock.block_seconds = block_seconds;
            if ticks {
                clock.height = clock.height.saturating_add(1);
                let pause_ns = pause_ms.saturating_mul(1_000_000);
                clock.time_ns = clock.time_ns.saturating_add(pause_ns);
            }
        });
        self.note_time();
    }

    fn books(&self) -> Books {
        Books {
            snapshot: self.devnet.snapshot(),
            accounts: self.accounts.clone(),
            txs: self.txs.clone(),
            times: self.times.clone(),
        }
    }

    /// Makes what has happened last: on the disk, if there is a state file. What cannot be written
    /// has not happened.
    fn keep_all(&mut self) -> Result<(), StateError> {
        let books = self.books();
        if let Some(store) = &self.store {
            if let Err(error) = store.save(&self.kept, &books) {
                self.go_back();
                return Err(error);
            }
        }
        self.kept = books;
        Ok(())
    }

    /// Forgets everything since the last whole request.
    pub fn go_back(&mut self) {
        let kept = self.kept.clone();
        self.devnet.restore(kept.snapshot);
        self.accounts = kept.accounts;
        self.txs = kept.txs;
        self.times = kept.times;
        self.hashes_by_height.clear();
        for record in self.txs.values() {
            let hashes = self.hashes_by_height.entry(record.height).or_default();
            hashes.push(record.hash.clone());
        }
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
        let Some((blocks, nanos)) = self.ticking.as_mut().and_then(Ticking::due) else {
            return;
        };
        self.edit(|snapshot| {
            let clock = &mut snapshot.clock;
            clock.height = clock.height.saturating_add(blocks);
            clock.time_ns = clock.time_ns.saturating_add(nanos);
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
        self.txs.insert(record.hash.clone(), Arc::new(record));
        self.note_time();
    }

    /// A transaction by its hash, hex in any case.
    pub fn tx(&self, hash: &str) -> Result<&TxRecord, GrpcError> {
        self.txs
            .get(&hash.to_uppercase())
            .map(Arc::as_ref)
            .ok_or_else(|| GrpcError::not_found(format!("tx not found: {hash}")))
    }

    /// Whether a node would still have this very transaction in its cache: it has been executed, and
    /// did not fail.
    pub fn has_tx(&self, hash: &str) -> bool {
        let record = self.txs.get(hash);
        record.is_some_and(|record| record.response["code"] == 0)
    }

    /// All transactions, oldest first.
    pub fn txs(&self) -> impl DoubleEndedIterator<Item = &TxRecord> {
        let hashes = self.hashes_by_height.values().flatten();
        hashes.filter_map(|hash| self.txs.get(hash).map(Arc::as_ref))
    }

    /// The transactions of a block, in order.
    pub fn txs_at(&self, height: u64) -> impl Iterator<Item = &TxRecord> {
        let hashes = self.hashes_by_height.get(&height).into_iter().flatten();
        hashes.filter_map(|hash| self.txs.get(hash).map(Arc::as_ref))
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

    /// Runs `job` on the node, on a thread where it may take long (contracts run inside); returns when
    /// what it has changed is in the state file.
    pub async fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Node) -> R + Send + 'static,
    ) -> Result<R, GrpcError> {
        let shared = self.0.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut node = shared.lock().unwrap_or_else(|poisoned| {
                // What a job that panicked has left is not whole.
                shared.clear_poison();
                let mut node = poisoned.into_inner();
                node.go_back();
                node
            });
            node.tick();
            let answer = job(&mut node);
            node.keep_all()?;
            Ok(answer)
        });
        let failed = |_| GrpcError::unknown("secret-devnet failed inside; see its output");
        let kept: Result<R, StateError> = task.await.map_err(failed)?;
        kept.map_err(|error| GrpcError::unknown(error.to_string()))
    }
}
