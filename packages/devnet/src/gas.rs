//! Every price of the chain, and the meter.
//!
//! Two units: CosmWasm gas inside a call, SDK gas outside; 1000 of the first make one of the second.

/// CosmWasm gas per SDK gas.
pub const MULTIPLIER: u64 = 1_000;
/// Most CosmWasm gas that one call may use.
pub const MAX_CALL: u64 = 10_000_000_000;
/// SDK gas for loading an instance.
pub const INSTANCE: u64 = 20_000;
/// SDK gas per byte of a transaction.
pub const TX_BYTE: u64 = 10;
/// SDK gas for checking a secp256k1 signature.
pub const TX_SIGNATURE: u64 = 1_000;
/// SDK gas for storing code, in tenths per uncompressed byte.
pub const COMPILE_TENTHS: u64 = 8;
/// SDK gas limit of a query that comes from outside.
pub const QUERY_LIMIT: u64 = 10_000_000;

/// CosmWasm gas per instruction of an instruction sequence that is entered.
pub const INSTRUCTION: u64 = 2;
/// CosmWasm gas per page of memory grown.
pub const MEMORY_PAGE: u64 = 8_192;

/// CosmWasm gas of `db_read`, the store's own gas apart.
pub const DB_READ: u64 = 1_000;
/// CosmWasm gas of `db_write`, the store's own gas apart.
pub const DB_WRITE: u64 = 2_000;
/// CosmWasm gas per value byte that `db_write` holds until the call ends.
pub const DB_WRITE_HELD_BYTE: u64 = 5_000;
/// CosmWasm gas of `addr_validate`, `addr_canonicalize`, `addr_humanize`.
pub const ADDRESS: u64 = 8_192;
/// CosmWasm gas of `secp256k1_verify` and `secp256k1_recover_pubkey`.
pub const SECP256K1_VERIFY: u64 = 98_304;
/// CosmWasm gas of `secp256k1_sign`.
pub const SECP256K1_SIGN: u64 = 100_000;
/// CosmWasm gas of `ed25519_verify`.
pub const ED25519_VERIFY: u64 = 73_728;
/// CosmWasm gas of `ed25519_batch_verify`, the signatures apart.
pub const ED25519_BATCH: u64 = 5_000;
/// CosmWasm gas of `ed25519_batch_verify` per signature.
pub const ED25519_BATCH_EACH: u64 = 70_000;
/// CosmWasm gas of `ed25519_sign`.
pub const ED25519_SIGN: u64 = 75_000;
/// CosmWasm gas of `check_gas`.
pub const CHECK_GAS: u64 = 8_192;
/// Least CosmWasm gas of `gas_evaporate`.
pub const EVAPORATE_LEAST: u64 = 8_000;
/// CosmWasm gas of `dcap_quote_verify`.
pub const DCAP: u64 = 100_000;
/// CosmWasm gas of a query request that cannot be parsed.
pub const BAD_QUERY: u64 = 500;

/// SDK gas of a read from the store, before bytes.
pub const KV_READ: u64 = 1_000;
/// SDK gas per byte (key and value) of a read.
pub const KV_READ_BYTE: u64 = 3;
/// SDK gas of a write to the store, before bytes.
pub const KV_WRITE: u64 = 2_000;
/// SDK gas per byte (key and value) of a write.
pub const KV_WRITE_BYTE: u64 = 30;
/// SDK gas of a removal from the store.
pub const KV_DELETE: u64 = 1_000;

/// The transaction ran over its gas limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfGas;

/// What the chain calls the gas of a running contract.
const WASM: &str = "wasm contract";

/// Counts SDK gas up to a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    limit: u64,
    used: u64,
    last: &'static str,
}

impl Meter {
    /// A meter at zero.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            used: 0,
            last: WASM,
        }
    }

    /// Charges `amount` SDK gas of a running contract; past the limit everything is used up.
    pub fn charge(&mut self, amount: u64) -> Result<(), OutOfGas> {
        self.charge_for(amount, WASM)
    }

    /// Charges `amount` SDK gas for what the chain calls `what`.
    pub fn charge_for(&mut self, amount: u64, what: &'static str) -> Result<(), OutOfGas> {
        self.last = what;
        self.used = self.used.saturating_add(amount);
        if self.used > self.limit {
            return Err(OutOfGas);
        }
        Ok(())
    }

    /// SDK gas used; more than the limit after running over it.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// What was charged last: after running over the limit, the chain's name of the place.
    pub fn last(&self) -> &'static str {
        self.last
    }

    /// SDK gas left.
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// The limit.
    pub fn limit(&self) -> u64 {
        self.limit
    }
}

/// SDK gas charged for `wasm` CosmWasm gas of one call.
pub fn charged(wasm: u64) -> u64 {
    wasm / MULTIPLIER + 1
}

/// Bytes that the store's prefix (1 + 20) and the encryption (magic, versions, lengths, tag: 44) add
/// to a key.
pub const KEY_OVERHEAD: usize = 65;
/// Bytes that the encryption adds to a value: salt (8 + 24), length (8) and tag (16).
pub const VALUE_OVERHEAD: usize = 56;
/// Bytes of a key in the old format: prefix (1 + 20) and SHA-256.
pub const OLD_KEY: usize = 53;

/// SDK gas of reading a slot: a missing one is looked up a second time under its old key.
pub fn kv_read(key: usize, value: Option<usize>) -> u64 {
    let bytes = |n: usize| KV_READ_BYTE.saturating_mul(n as u64);
    let key = bytes(key.saturating_add(KEY_OVERHEAD));
    match value {
        Some(value) => KV_READ + key + bytes(value.saturating_add(VALUE_OVERHEAD)),
        None => KV_READ + key + KV_READ + bytes(OLD_KEY),
    }
}

/// SDK gas of writing a slot, the removal of its old key included.
pub fn kv_write(key: usize, value: usize) -> u64 {
    let bytes = key.saturating_add(value) + KEY_OVERHEAD + VALUE_OVERHEAD;
    KV_DELETE + KV_WRITE + KV_WRITE_BYTE.saturating_mul(bytes as u64)
}

/// SDK gas of removing a slot and its old key.
pub fn kv_remove() -> u64 {
    2 * KV_DELETE
}
