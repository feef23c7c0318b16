//! How a chain begins: LocalSecret's accounts and a faucet, all rich.

use super::{
    accounts::{Accounts, TEST_ACCOUNTS},
    books::{Books, Origin},
    node::module_address,
    ServerConfig, ServerError,
};
use crate::{Devnet, Genesis};
use imbl::OrdMap;
use secret_ai_chain_client::Wallet;
use sha2::{Digest, Sha256};

const NANOS: u64 = 1_000_000_000;
/// Base units of uscrt that each account has at the start.
const GENESIS_USCRT: u128 = 1_000_000_000_000_000_000;
/// Height at which the first transaction runs; block 1 is the genesis.
const FIRST_HEIGHT: u64 = 2;
/// Seconds between blocks on demand.
const DEMAND_BLOCK_S: u64 = 6;
/// Seed of the network's IO key. A devnet has no secrets.
const IO_SEED: &[u8] = b"secret-devnet io key";

/// What never changes about a new chain.
pub(super) fn origin(config: &ServerConfig) -> Origin {
    Origin {
        chain_id: config.chain_id.clone(),
        genesis_time_s: config.genesis_time,
        io_seed: Sha256::digest(IO_SEED).into(),
    }
}

/// Chain time from one block to the next, in seconds; 0 where the wall clock moves it.
pub(super) fn block_seconds(config: &ServerConfig) -> u64 {
    match config.block_time {
        Some(_) => 0,
        None => DEMAND_BLOCK_S,
    }
}

/// The state of a new chain.
pub(super) fn books(config: &ServerConfig) -> Result<Books, ServerError> {
    let failed = |e: &dyn std::fmt::Display| ServerError::Genesis(e.to_string());
    let mut accounts = Accounts::default();
    let mut balances = Vec::new();
    for (_, words) in TEST_ACCOUNTS {
        let wallet = Wallet::from_mnemonic(words).map_err(|e| failed(&e))?;
        balances.push(wallet.address().to_owned());
    }
    balances.push(module_address("faucet"));
    for holder in &balances {
        accounts.ensure(holder);
    }
    let block_seconds = block_seconds(config);
    let coins = vec![crate::coin(GENESIS_USCRT, "uscrt")];
    let devnet = Devnet::new(Genesis {
        chain_id: config.chain_id.clone(),
        time_s: config.genesis_time,
        height: FIRST_HEIGHT,
        block_seconds,
        balances: balances.into_iter().map(|a| (a, coins.clone())).collect(),
        ..Genesis::default()
    })
    .map_err(|e| failed(&e))?;
    let first_ns = devnet.block_time_ns();
    let before_ns = first_ns.saturating_sub(block_seconds.saturating_mul(NANOS));
    Ok(Books {
        snapshot: devnet.snapshot(),
        accounts,
        txs: OrdMap::new(),
        times: OrdMap::from_iter([(FIRST_HEIGHT - 1, before_ns), (FIRST_HEIGHT, first_ns)]),
    })
}
