//! From the tables of the state file ([`super::store_tables`]) to its contents.

use super::{
    accounts::Accounts,
    books::{Books, Origin, TxRecord},
    store::Held,
    store_tables::{Bytes, Tip, ACCOUNTS, BALANCES, CHAIN, CODES, CONTRACTS, STORAGE, TIMES, TXS},
};
use crate::state::{CodeInfo, Contract, ContractInfo, Storage, World};
use crate::Snapshot;
use imbl::OrdMap;
use redb::{ReadTransaction, ReadableTable, TableHandle};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Whose tables a database has.
pub(super) enum Kind {
    /// It has none.
    New,
    Foreign,
    /// Those of a state file of this format.
    State(u64),
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

fn split(key: &[u8]) -> Result<(&str, &[u8]), redb::Error> {
    let at = key.iter().position(|byte| *byte == 0);
    let parts = at.and_then(|at| Some((key.get(..at)?, key.get(at + 1..)?)));
    let (owner, rest) = parts.ok_or_else(|| misread("a key is cut off"))?;
    Ok((std::str::from_utf8(owner).map_err(misread)?, rest))
}

fn misread(what: impl std::fmt::Display) -> redb::Error {
    redb::Error::Corrupted(what.to_string())
}
