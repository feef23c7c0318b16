//! The functions of module `env`, and the memory through which they talk: a pointer to a region
//! (offset, capacity, length; 32 bits each) inside the contract's memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;
use wasmi::errors::{HostError, LinkerError};
use wasmi::{AsContextMut, Caller, Error, Global, Instance, Linker, Memory, TypedFunc, Val};

use crate::address;
use crate::engine::{Call, Runtime, Session};
use crate::gas::{self, OutOfGas};
use crate::host_crypto;
use crate::meter::GAS_LEFT;
use crate::observer::{OpKind, StorageOp};
use crate::query;
use crate::seed::SlotKey;
use crate::tx::EntryPoint;
use crate::upload::UploadError;

/// Why a call came to no result of the contract's own. The texts are the enclave's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    #[error("execution ran out of gas")]
    OutOfGas,
    #[error("the contract panicked")]
    Panicked,
    #[error("{0}")]
    Trap(String),
    #[error("the contract tried to access memory out of bounds")]
    Memory,
    #[error("failed to allocate memory in the contract")]
    Allocate,
    #[error("contract tried to write to storage during a query")]
    WriteInQuery,
    #[error("calling a function in the contract failed: it has no entry point {}", .0.export())]
    MissingEntry(EntryPoint),
    #[error("failed to validate transaction")]
    CodeHash,
    #[error("{0}")]
    Module(UploadError),
}

impl HostError for Fault {}

impl From<OutOfGas> for Fault {
    fn from(_: OutOfGas) -> Self {
        Fault::OutOfGas
    }
}

impl Fault {
    /// What stopped the wasm: a host function's own fault or a trap.
    pub fn from_wasm(error: Error) -> Self {
        if let Some(fault) = error.downcast_ref::<Fault>() {
            return fault.clone();
        }
        match error.as_trap_code() {
            Some(wasmi::TrapCode::UnreachableCodeReached) => Fault::Panicked,
            Some(wasmi::TrapCode::MemoryOutOfBounds) => Fault::Memory,
            _ => Fault::Trap(error.to_string()),
        }
    }
}

/// The exports that the host uses.
#[derive(Clone, Copy)]
pub struct Exports {
    pub left: Global,
    memory: Memory,
    allocate: TypedFunc<u32, u32>,
}

impl Exports {
    /// Finds them in an instance.
    pub fn of(instance: &Instance, mut store: impl AsContextMut) -> Result<Self, Fault> {
        let missing = || Fault::Trap("the contract lacks an export".to_owned());
        let left = instance
            .get_global(&mut store, GAS_LEFT)
            .ok_or_else(missing)?;
        let memory = instance
            .exports(&mut store)
            .find_map(|e| e.into_memory())
            .ok_or_else(missing)?;
        let allocate = instance
            .get_typed_func(&mut store, "allocate")
            .map_err(|_| missing())?;
        Ok(Self {
            left,
            memory,
            allocate,
        })
    }
}

/// The host's side of one call.
pub struct Host {
    pub rt: Arc<Runtime>,
    pub session: Session,
    pub exports: Option<Exports>,
    /// Writes that wait for the end of the call.
    pub cache: BTreeMap<Vec<u8>, Vec<u8>>,
    /// CosmWasm gas charged for waiting writes.
    pub held: u64,
    pub ops: Vec<StorageOp>,
    pub storage_gas: u64,
    pub callback_gas: u64,
    /// This call's index in the trace.
    pub index: usize,
    pub query_depth: u32,
    pub contract: String,
    limit: u64,
    read_only: bool,
    slots: SlotKey,
}

impl Host {
    /// The host of a call that may use `limit` CosmWasm gas.
    pub fn new(rt: Arc<Runtime>, session: Session, call: &Call, index: usize, limit: u64) -> Self {
        Self {
            slots: rt.clock.seed.slot_key(call.contract),
            rt,
            session,
            exports: None,
            cache: BTreeMap::new(),
            held: 0,
            ops: Vec::new(),
            storage_gas: 0,
            callback_gas: 0,
            index,
            query_depth: call.query_depth,
            contract: call.contract.to_owned(),
            limit,
            read_only: call.entry == EntryPoint::Query,
        }
    }

    /// Writes a cached value to the world.
    pub fn flush(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), Fault> {
        self.charge_storage(gas::kv_write(key.len(), value.len()))?;
        self.record(OpKind::Write, &key, Some(value.len()));
        if let Some(contract) = self.session.world.contracts.get_mut(&self.contract) {
            contract.storage.insert(key.into(), value.into());
        }
        Ok(())
    }

    fn read(&mut self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Fault> {
        let contract = self.session.world.contracts.get(&self.contract);
        let value = contract.and_then(|c| c.storage.get(key)).cloned();
        let length = value.as_ref().map(|v| v.len());
        self.charge_storage(gas::kv_read(key.len(), length))?;
        self.record(OpKind::Read, key, length);
        Ok(value)
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), Fault> {
        self.cache.remove(key);
        self.charge_storage(gas::kv_remove())?;
        self.record(OpKind::Delete, key, None);
        if let Some(contract) = self.session.world.contracts.get_mut(&self.contract) {
            contract.storage.remove(key);
        }
        Ok(())
    }

    fn record(&mut self, kind: OpKind, key: &[u8], length: Option<usize>) {
        let slot = self.slots.name(key);
        self.ops.push(StorageOp { kind, slot, length });
    }

    fn charge_storage(&mut self, amount: u64) -> Result<(), Fault> {
        self.storage_gas = self.storage_gas.saturating_add(amount);
        self.charge_callback(amount)
    }

    /// Charges SDK gas for something the enclave asked its host for.
    pub fn charge_callback(&mut self, amount: u64) -> Result<(), Fault> {
        self.callback_gas = self.callback_gas.saturating_add(amount);
        Ok(self.session.meter.charge(amount)?)
    }

    fn exports(&self) -> Result<Exports, Fault> {
        self.exports.ok_or(Fault::Memory)
    }
}

/// Registers every function of module `env`.
pub fn link(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    type C<'a> = Caller<'a, Host>;
    linker
        .func_wrap("env", "db_read", |mut c: C, k: u32| out(db_read(&mut c, k)))?
        .func_wrap("env", "db_write", |mut c: C, k: u32, v: u32| {
            out(db_write(&mut c, k, v))
        })?
        .func_wrap("env", "db_remove", |mut c: C, k: u32| {
            out(db_remove(&mut c, k))
        })?
        .func_wrap("env", "addr_validate", |mut c: C, a: u32| {
            out(addr_validate(&mut c, a))
        })?
        .func_wrap("env", "addr_canonicalize", |mut c: C, a: u32, to: u32| {
            out(addr_canonicalize(&mut c, a, to))
        })?
        .func_wrap("env", "addr_humanize", |mut c: C, a: u32, to: u32| {
            out(addr_humanize(&mut c, a, to))
        })?
        .func_wrap("env", "debug", |mut c: C, text: u32| {
            out(debug(&mut c, text))
        })?
        .func_wrap("env", "query_chain", |mut c: C, request: u32| {
            out(query_chain(&mut c, request))
        })?
        .func_wrap("env", "gas_evaporate", |mut c: C, amount: u32| {
            out(gas_evaporate(&mut c, amount))
        })?
        .func_wrap("env", "check_gas", |mut c: C| out(check_gas(&mut c)))?;
    host_crypto::link(linker)
}

/// A host function's result as the interpreter takes it.
pub fn out<T>(result: Result<T, Fault>) -> Result<T, Error> {
    result.map_err(Error::host)
}

/// Charges CosmWasm gas to the contract's counter.
pub fn charge(c: &mut Caller<Host>, amount: u64) -> Result<(), Fault> {
    let global = c.data().exports()?.left;
    let left = left(c)?;
    let left = i64::try_from(amount)
        .ok()
        .and_then(|amount| left.checked_sub(amount))
        .unwrap_or(-1);
    global
        .set(&mut *c, Val::I64(left))
        .map_err(|e| Fault::Trap(e.to_string()))?;
    if left < 0 {
        return Err(Fault::OutOfGas);
    }
    Ok(())
}

/// CosmWasm gas left on the counter; out of gas if it is below zero.
pub fn left(c: &mut Caller<Host>) -> Result<i64, Fault> {
    match c.data().exports()?.left.get(&*c) {
        Val::I64(left) if left >= 0 => Ok(left),
        _ => Err(Fault::OutOfGas),
    }
}

/// The bytes of a region.
pub fn get(store: &mut impl AsContextMut<Data = Host>, region: u32) -> Result<Vec<u8>, Fault> {
    let memory = store.as_context().data().exports()?.memory;
    let data = memory.data(store.as_context());
    let offset = word(data, region)?;
    let length = word(data, region.checked_add(8).ok_or(Fault::Memory)?)?;
    if region == 0 || offset == 0 {
        return Err(Fault::Memory);
    }
    let end = offset.checked_add(length).ok_or(Fault::Memory)?;
    let bytes = data.get(offset as usize..end as usize);
    Ok(bytes.ok_or(Fault::Memory)?.to_vec())
}

/// Allocates a region in the contract and fills it.
pub fn put(store: &mut impl AsContextMut<Data = Host>, bytes: &[u8]) -> Result<u32, Fault> {
    let allocate = store.as_context().data().exports()?.allocate;
    let length = u32::try_from(bytes.len()).map_err(|_| Fault::Allocate)?;
    let region = allocate
        .call(store.as_context_mut(), length)
        .map_err(Fault::from_wasm)?;
    put_into(store, region, bytes)?;
    Ok(region)
}

/// Fills a region that the contract allocated.
fn put_into(
    store: &mut impl AsContextMut<Data = Host>,
    region: u32,
    bytes: &[u8],
) -> Result<(), Fault> {
    let memory = store.as_context().data().exports()?.memory;
    let data = memory.data_mut(store.as_context_mut());
    let offset = word(data, region)?;
    let capacity = word(data, region.checked_add(4).ok_or(Fault::Memory)?)?;
    let length = u32::try_from(bytes.len()).map_err(|_| Fault::Memory)?;
    let end = offset.checked_add(length).ok_or(Fault::Memory)?;
    if offset == 0 || capacity < length {
        return Err(Fault::Memory);
    }
    data.get_mut(offset as usize..end as usize)
        .ok_or(Fault::Memory)?
        .copy_from_slice(bytes);
    let at = region.checked_add(8).ok_or(Fault::Memory)? as usize;
    data.get_mut(at..at.saturating_add(4))
        .ok_or(Fault::Memory)?
        .copy_from_slice(&length.to_le_bytes());
    Ok(())
}

fn word(data: &[u8], at: u32) -> Result<u32, Fault> {
    let at = at as usize;
    let bytes = data.get(at..at.saturating_add(4)).ok_or(Fault::Memory)?;
    Ok(u32::from_le_bytes(
        bytes.try_into().map_err(|_| Fault::Memory)?,
    ))
}

fn db_read(c: &mut Caller<Host>, key: u32) -> Result<u32, Fault> {
    charge(c, gas::DB_READ)?;
    let key = get(c, key)?;
    if let Some(value) = c.data().cache.get(&key).cloned() {
        return put(c, &value);
    }
    match c.data_mut().read(&key)? {
        Some(value) => put(c, &value),
        None => Ok(0),
    }
}

fn db_write(c: &mut Caller<Host>, key: u32, value: u32) -> Result<(), Fault> {
    if c.data().read_only {
        return Err(Fault::WriteInQuery);
    }
    charge(c, gas::DB_WRITE)?;
    let key = get(c, key)?;
    let value = get(c, value)?;
    let held = gas::DB_WRITE_HELD_BYTE.saturating_mul(value.len() as u64);
    charge(c, held)?;
    let host = c.data_mut();
    host.held = host.held.saturating_add(held);
    host.cache.insert(key, value);
    Ok(())
}

fn db_remove(c: &mut Caller<Host>, key: u32) -> Result<(), Fault> {
    if c.data().read_only {
        return Err(Fault::WriteInQuery);
    }
    charge(c, 0)?;
    let key = get(c, key)?;
    c.data_mut().remove(&key)
}

fn addr_validate(c: &mut Caller<Host>, source: u32) -> Result<u32, Fault> {
    charge(c, gas::ADDRESS)?;
    let source = get(c, source)?;
    match validate_address(&source) {
        Ok(()) => Ok(0),
        Err(text) => put(c, text.as_bytes()),
    }
}

/// Whether the text is a bech32 address in the form the chain itself writes.
fn validate_address(source: &[u8]) -> Result<(), String> {
    let text = address_text(source)?;
    let (_, bytes) = address::decode_any(text).map_err(|e| e.to_string())?;
    let normal = address::encode(&bytes).map_err(|e| e.to_string())?;
    match text == normal {
        true => Ok(()),
        false => Err("Address is not normalized".to_owned()),
    }
}

fn address_text(source: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(source).map_err(|_| "Input is not valid UTF-8".to_owned())?;
    match text.is_empty() {
        true => Err("Input is empty".to_owned()),
        false => Ok(text),
    }
}

fn addr_canonicalize(c: &mut Caller<Host>, source: u32, to: u32) -> Result<u32, Fault> {
    charge(c, gas::ADDRESS)?;
    let source = get(c, source)?;
    let decoded = address_text(&source)
        .and_then(|text| address::decode_any(text).map_err(|e| e.to_string()))
        .and_then(|(prefix, bytes)| match prefix == address::ADDRESS_PREFIX {
            true => Ok(bytes),
            false => Err(format!("wrong address prefix: {prefix:?}")),
        });
    match decoded {
        Ok(bytes) => put_into(c, to, &bytes).map(|()| 0),
        Err(text) => put(c, text.as_bytes()),
    }
}

fn addr_humanize(c: &mut Caller<Host>, source: u32, to: u32) -> Result<u32, Fault> {
    charge(c, gas::ADDRESS)?;
    let source = get(c, source)?;
    match address::encode(&source) {
        Ok(text) => put_into(c, to, text.as_bytes()).map(|()| 0),
        Err(error) => put(c, error.to_string().as_bytes()),
    }
}

fn debug(c: &mut Caller<Host>, text: u32) -> Result<(), Fault> {
    charge(c, 0)?;
    let text = String::from_utf8_lossy(&get(c, text)?).into_owned();
    c.data_mut().session.trace.debug.push(text);
    Ok(())
}

fn query_chain(c: &mut Caller<Host>, request: u32) -> Result<u32, Fault> {
    let left = left(c)?;
    let request = get(c, request)?;
    let answer = query::from_contract(c.data_mut(), &request, left.unsigned_abs())?;
    put(c, &answer)
}

fn gas_evaporate(c: &mut Caller<Host>, amount: u32) -> Result<u32, Fault> {
    let amount = u64::from(amount).saturating_mul(gas::MULTIPLIER);
    charge(c, amount.max(gas::EVAPORATE_LEAST))?;
    Ok(0)
}

fn check_gas(c: &mut Caller<Host>) -> Result<u64, Fault> {
    charge(c, gas::CHECK_GAS)?;
    let left = left(c)?.unsigned_abs();
    Ok(c.data().limit.saturating_sub(left) / gas::MULTIPLIER)
}
