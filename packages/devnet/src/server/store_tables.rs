//! The tables of the state file.
//!
//! Keys and values are bytes. A number is 8 bytes, big-endian. A key of two parts has a zero byte
//! between them; the first part is an address, in which there is none. A value is the length of a JSON
//! text (4 bytes, big-endian), the text, and bytes as they are.

use super::{
    accounts::Accounts,
    books::{Books, Origin},
    ticking::wall_clock_ms,
};
use crate::state::{Clock, Storage, World};
use imbl::{ordmap::DiffItem, OrdMap};
use redb::{TableDefinition, WriteTransaction};
use serde::Serialize;
use std::sync::Arc;

/// Version of the format described here.
pub(super) const FORMAT: u64 = 1;

pub(super) type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// `format`, `origin` and `tip`.
pub(super) const CHAIN: Bytes = Bytes::new("chain");
/// Code id: (code hash, creator, source, builder), wasm.
pub(super) const CODES: Bytes = Bytes::new("codes");
/// Address: [`ContractInfo`].
pub(super) const CONTRACTS: Bytes = Bytes::new("contracts");
/// Address, key: value; without JSON.
pub(super) const STORAGE: Bytes = Bytes::new("storage");
/// Address, denomination: base units as text.
pub(super) const BALANCES: Bytes = Bytes::new("balances");
/// Address: account.
pub(super) const ACCOUNTS: Bytes = Bytes::new("accounts");
/// Hash: (height, tx, response, result), bytes.
pub(super) const TXS: Bytes = Bytes::new("txs");
/// Height: nanoseconds since 1970; without JSON.
pub(super) const TIMES: Bytes = Bytes::new("times");

const ALL: [Bytes; 8] = [
    CHAIN, CODES, CONTRACTS, STORAGE, BALANCES, ACCOUNTS, TXS, TIMES,
];

/// What changes with every block: clock, count of instances, wall clock in milliseconds since 1970.
pub(super) type Tip = (Clock, u64, u64);

/// Makes the tables and writes what a chain begins with.
pub(super) fn put_origin(write: &WriteTransaction, origin: &Origin) -> Result<(), redb::Error> {
    for table in ALL {
        write.open_table(table)?;
    }
    let mut chain = write.open_table(CHAIN)?;
    chain.insert(&b"format"[..], &FORMAT.to_be_bytes()[..])?;
    let row = (&origin.chain_id, origin.genesis_time_s, origin.io_seed);
    chain.insert(&b"origin"[..], &pack(&row, &[])?[..])?;
    Ok(())
}

/// Writes the rows in which `new` differs from `old`; all of them if there is no old.
pub(super) fn put_books(
    write: &WriteTransaction,
    old: Option<&Books>,
    new: &Books,
) -> Result<(), redb::Error> {
    let no_world = World::default();
    let (was, is) = (
        old.map_or(&no_world, |old| &old.snapshot.world),
        &new.snapshot.world,
    );
    let tip: Tip = (new.snapshot.clock.clone(), is.instances, wall_clock_ms());
    let mut chain = write.open_table(CHAIN)?;
    chain.insert(&b"tip"[..], &pack(&tip, &[])?[..])?;
    let number = |n: &u64| n.to_be_bytes().to_vec();
    let text = |text: &String| text.as_bytes().to_vec();
    follow(write, CODES, &was.codes, &is.codes, number, |code| {
        let row = (&code.code_hash, &code.creator, &code.source, &code.builder);
        pack(&row, &code.wasm)
    })?;
    follow(write, CONTRACTS, &was.contracts, &is.contracts, text, |c| {
        pack(&c.info, &[])
    })?;
    put_storages(write, was, is)?;
    let pair = |(owner, denom): &(String, String)| joined(owner, denom.as_bytes());
    let amount = |amount: &u128| pack(&amount.to_string(), &[]);
    follow(write, BALANCES, &was.balances, &is.balances, pair, amount)?;
    let (none, no_txs, no_times) = (Accounts::default(), OrdMap::new(), OrdMap::new());
    let was = old.map_or(&none, |old| &old.accounts);
    follow(write, ACCOUNTS, &was.0, &new.accounts.0, text, |account| {
        pack(account, &[])
    })?;
    let was = old.map_or(&no_txs, |old| &old.txs);
    follow(write, TXS, was, &new.txs, text, |tx| {
        pack(&(tx.height, &tx.tx, &tx.response, &tx.result), &tx.bytes)
    })?;
    let was = old.map_or(&no_times, |old| &old.times);
    follow(write, TIMES, was, &new.times, number, |time| {
        Ok(number(time))
    })
}

/// The stores of all contracts that have changed; no contract ever goes.
fn put_storages(write: &WriteTransaction, was: &World, is: &World) -> Result<(), redb::Error> {
    for change in was.contracts.diff(&is.contracts) {
        let (address, contract) = match change {
            DiffItem::Add(address, contract) => (address, contract),
            DiffItem::Update { new, .. } => new,
            DiffItem::Remove(..) => continue,
        };
        let nothing = Storage::default();
        let old = was.contracts.get(address).map_or(&nothing, |c| &c.storage);
        let key = |key: &Arc<[u8]>| joined(address, key);
        follow(write, STORAGE, old, &contract.storage, key, |value| {
            Ok(value.to_vec())
        })?;
    }
    Ok(())
}

/// Does to the table what was done to the map.
fn follow<K: Ord, V: PartialEq>(
    write: &WriteTransaction,
    table: Bytes,
    old: &OrdMap<K, V>,
    new: &OrdMap<K, V>,
    key: impl Fn(&K) -> Vec<u8>,
    value: impl Fn(&V) -> Result<Vec<u8>, redb::Error>,
) -> Result<(), redb::Error> {
    let mut table = write.open_table(table)?;
    for change in old.diff(new) {
        match change {
            DiffItem::Add(k, v) | DiffItem::Update { new: (k, v), .. } => {
                table.insert(&key(k)[..], &value(v)?[..])?;
            }
            DiffItem::Remove(k, _) => {
                table.remove(&key(k)[..])?;
            }
        }
    }
    Ok(())
}

/// JSON with its length before, and bytes.
fn pack(json: &impl Serialize, bytes: &[u8]) -> Result<Vec<u8>, redb::Error> {
    let json = serde_json::to_vec(json).map_err(std::io::Error::from)?;
    let length = u32::try_from(json.len())
        .map_err(|_| std::io::Error::other(format!("a row of {} bytes", json.len())))?;
    Ok([&length.to_be_bytes(), &json[..], bytes].concat())
}

fn joined(owner: &str, rest: &[u8]) -> Vec<u8> {
    [owner.as_bytes(), &[0], rest].concat()
}
