//! The tables of the state file.
//!
//! Keys and values are bytes. A number is 8 bytes, big-endian. A key of two parts has a zero byte
//! between them; the first part is an address, in which there is none. A value is the length of a JSON
//! text (4 bytes, big-endian), the text, and bytes as they are.

use super::{
    accounts::Accounts,
    books::{Books, Origin, TxRecord},
    store::Held,
};
use crate::state::{Clock, CodeInfo, Contract, ContractInfo, Storage, World};
use crate::Snapshot;
use imbl::{ordmap::DiffItem, OrdMap};
use redb::{ReadTransaction, ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use serde::{de::DeserializeOwned, Serialize};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Version of the format described here.
pub(super) const FORMAT: u64 = 1;

type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// `format`, `origin` and `tip`.
const CHAIN: Bytes = Bytes::new("chain");
/// Code id: (code hash, creator, source, builder), wasm.
const CODES: Bytes = Bytes::new("codes");
/// Address: [`ContractInfo`].
const CONTRACTS: Bytes = Bytes::new("contracts");
/// Address, key: value; without JSON.
const STORAGE: Bytes = Bytes::new("storage");
/// Address, denomination: base units as text.
const BALANCES: Bytes = Bytes::new("balances");
/// Address: account.
const ACCOUNTS: Bytes = Bytes::new("accounts");
/// Hash: (height, tx, response, result), bytes.
const TXS: Bytes = Bytes::new("txs");
/// Height: nanoseconds since 1970; without JSON.
const TIMES: Bytes = Bytes::new("times");

const ALL: [Bytes; 8] = [
    CHAIN, CODES, CONTRACTS, STORAGE, BALANCES, ACCOUNTS, TXS, TIMES,
];

/// Whose tables a database has.
pub(super) enum Kind {
    /// It has none.
    New,
    Foreign,
    /// Those of a state file of this format.
    State(u64),
}

/// What changes with every block: clock, count of instances, wall clock in milliseconds since 1970.
type Tip = (Clock, u64, u64);

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

/// Whose tables these are.
pub(super) fn kind(read: &ReadTransaction) -> Result<Kind, redb::Error> {
    let names: Vec<_> = read.list_tables()?.collect();
    if names.is_empty() {
        return Ok(Kind::New);
    }
    let ours = names.iter().any(|table| table.name() == CHAIN.name());
    let format = match read.open_table(CHAIN) {
        Ok(chain) if ours => chain.get(&b"format"[..])?,
        _ => None,
    };
    let format = format.and_then(|row| number(row.value()).ok());
    Ok(format.map_or(Kind::Foreign, Kind::State))
}

/// Reads everything.
pub(super) fn read(read: &ReadTransaction) -> Result<Held, redb::Error> {
    let chain = read.open_table(CHAIN)?;
    let row = |name: &str| -> Result<Vec<u8>, redb::Error> {
        let row = chain.get(name.as_bytes())?;
        let row = row.ok_or_else(|| misread(format!("it has no {name}")))?;
        Ok(row.value().to_vec())
    };
    let (chain_id, genesis_time_s, io_seed) = unpack(&row("origin")?)?.0;
    let (clock, instances, saved_at_ms): Tip = unpack(&row("tip")?)?.0;
    Ok(Held {
        origin: Origin {
            chain_id,
            genesis_time_s,
            io_seed,
        },
        books: Books {
            snapshot: Snapshot {
                world: read_world(read, instances)?,
                clock,
            },
            accounts: Accounts(rows(read, ACCOUNTS, |key, row| {
                Ok((text(key)?, unpack(row)?.0))
            })?),
            txs: rows(read, TXS, |key, row| {
                let record = read_tx(text(key)?, row)?;
                Ok((record.hash.clone(), Arc::new(record)))
            })?,
            times: rows(read, TIMES, |key, row| Ok((number(key)?, number(row)?)))?,
        },
        saved_at_ms,
    })
}

fn read_world(read: &ReadTransaction, instances: u64) -> Result<World, redb::Error> {
    let codes = rows(read, CODES, |key, row| {
        let ((code_hash, creator, source, builder), wasm) = unpack(row)?;
        let code = CodeInfo {
            code_id: number(key)?,
            code_hash,
            creator,
            source,
            builder,
            wasm: wasm.into(),
        };
        Ok((code.code_id, Arc::new(code)))
    })?;
    let mut contracts: OrdMap<String, Contract> = rows(read, CONTRACTS, |key, row| {
        let info: ContractInfo = unpack(row)?.0;
        let storage = Storage::default();
        Ok((text(key)?, Contract { info, storage }))
    })?;
    for row in read.open_table(STORAGE)?.iter()? {
        let (key, value) = row?;
        let (owner, key) = split(key.value())?;
        let contract = contracts.get_mut(owner);
        let contract = contract.ok_or_else(|| misread(format!("{owner} has no record")))?;
        contract.storage.insert(key.into(), value.value().into());
    }
    let label = |c: &Contract| (c.info.label.clone(), c.info.address.clone());
    Ok(World {
        labels: contracts.values().map(label).collect(),
        codes,
        contracts,
        balances: rows(read, BALANCES, |key, row| {
            let (owner, denom) = split(key)?;
            let amount: String = unpack(row)?.0;
            let amount = amount.parse().map_err(misread)?;
            Ok(((owner.to_owned(), text(denom)?), amount))
        })?,
        instances,
    })
}

fn read_tx(hash: String, row: &[u8]) -> Result<TxRecord, redb::Error> {
    let ((height, tx, response, result), bytes) = unpack(row)?;
    Ok(TxRecord {
        hash,
        height,
        bytes: bytes.to_vec(),
        tx,
        response,
        result,
    })
}

/// A table as a map.
fn rows<K: Ord + Clone, V: Clone>(
    read: &ReadTransaction,
    table: Bytes,
    entry: impl Fn(&[u8], &[u8]) -> Result<(K, V), redb::Error>,
) -> Result<OrdMap<K, V>, redb::Error> {
    let mut map = OrdMap::new();
    for row in read.open_table(table)?.iter()? {
        let (key, value) = row?;
        let (key, value) = entry(key.value(), value.value())?;
        map.insert(key, value);
    }
    Ok(map)
}

/// JSON with its length before, and bytes.
fn pack(json: &impl Serialize, bytes: &[u8]) -> Result<Vec<u8>, redb::Error> {
    let json = serde_json::to_vec(json).map_err(std::io::Error::from)?;
    let length = u32::try_from(json.len())
        .map_err(|_| std::io::Error::other(format!("a row of {} bytes", json.len())))?;
    Ok([&length.to_be_bytes(), &json[..], bytes].concat())
}

fn unpack<T: DeserializeOwned>(row: &[u8]) -> Result<(T, &[u8]), redb::Error> {
    let short = || misread("a row is cut off");
    let (length, rest) = row.split_first_chunk().ok_or_else(short)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(misread)?;
    let (json, bytes) = rest.split_at_checked(length).ok_or_else(short)?;
    Ok((serde_json::from_slice(json).map_err(misread)?, bytes))
}

fn number(bytes: &[u8]) -> Result<u64, redb::Error> {
    Ok(u64::from_be_bytes(bytes.try_into().map_err(misread)?))
}

fn text(bytes: &[u8]) -> Result<String, redb::Error> {
    String::from_utf8(bytes.to_vec()).map_err(misread)
}

fn joined(owner: &str, rest: &[u8]) -> Vec<u8> {
    [owner.as_bytes(), &[0], rest].concat()
}

fn split(key: &[u8]) -> Result<(&str, &[u8]), redb::Error> {
    let at = key.iter().position(|byte| *byte == 0);
    let parts = at.and_then(|at| Some((key.get(..at)?, key.get(at + 1..)?)));
    let (owner, rest) = parts.ok_or_else(|| misread("a key is cut off"))?;
    Ok((std::str::from_utf8(owner).map_err(misread)?, rest))
}

fn misread(what: impl std::fmt::Display) -> redb::Error {
    redb::Error::Corrupted(what.to_string())
}

/// Milliseconds since 1970; 0 on a machine whose clock is before that.
pub(super) fn wall_clock_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
