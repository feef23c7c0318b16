//! Compiles modules once and runs one call of a contract in an instance of its own.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use cosmwasm_std::Coin;
use sha2::{Digest, Sha256};
use wasmi::{Config, Linker, Module, Store, Val};

use crate::dcap::Dcap;
use crate::env;
use crate::gas::{self, Meter};
use crate::host::{self, Exports, Fault, Host};
use crate::meter;
use crate::observer::{self, CallView};
use crate::seed;
use crate::state::{Clock, CodeInfo, World};
use crate::tx::{CallGas, CallText, EntryPoint};
use crate::upload::{self, UploadError, WasmReport};

/// A module ready to run.
pub struct Compiled {
    module: Module,
    /// Whether it exports `requires_random`.
    random: bool,
    exports: Vec<String>,
}

type Loaded = Result<Arc<Compiled>, UploadError>;

/// The interpreter and all modules it has compiled, by code hash.
pub struct Engine {
    wasmi: wasmi::Engine,
    linker: Linker<Host>,
    modules: RwLock<HashMap<String, Loaded>>,
    /// The host's quote verification.
    pub dcap: Dcap,
}

/// What all calls of a transaction share.
pub struct Runtime {
    pub engine: Arc<Engine>,
    pub clock: Clock,
    /// `None` for a query from outside.
    pub tx: Option<TxContext>,
}

/// What a contract may know of the transaction.
pub struct TxContext {
    /// Upper-case hex.
    pub hash: String,
    pub index: u32,
}

/// What changes while a transaction or query runs; moves into each call and out again.
pub struct Session {
    pub world: World,
    pub meter: Meter,
    pub trace: Trace,
    /// Contract calls in this block so far.
    pub calls: u64,
    /// Whether a contract sent `FinalizeTx`.
    pub finalized: bool,
}

/// What is recorded of a transaction, reverted parts included.
#[derive(Default)]
pub struct Trace {
    pub views: Vec<CallView>,
    pub gas: Vec<CallGas>,
    pub texts: Vec<CallText>,
    pub debug: Vec<String>,
}

impl Session {
    /// A session with nothing recorded.
    pub fn new(world: World, gas_limit: u64, calls: u64) -> Self {
        Self {
            world,
            meter: Meter::new(gas_limit),
            trace: Trace::default(),
            calls,
            finalized: false,
        }
    }

    /// Moves everything out, leaving an empty session.
    pub fn take(&mut self) -> Session {
        std::mem::replace(self, Session::new(World::default(), 0, 0))
    }
}

/// One call of a contract.
pub struct Call<'a> {
    pub contract: &'a str,
    pub code: &'a CodeInfo,
    pub entry: EntryPoint,
    /// Caller: the signer or a contract.
    pub sender: &'a str,
    pub funds: &'a [Coin],
    /// Plaintext JSON.
    pub msg: &'a [u8],
    /// Index of the call that caused this one.
    pub parent: Option<usize>,
    /// 1 for a call that is no query's query.
    pub query_depth: u32,
}

impl Engine {
    /// An engine that accepts what the chain accepts.
    pub fn new(dcap: Dcap) -> Self {
        let mut config = Config::default();
        config
            .wasm_bulk_memory(false)
            .wasm_reference_types(false)
            .wasm_multi_value(false)
            .wasm_saturating_float_to_int(false)
            .wasm_tail_call(false)
            .wasm_extended_const(false)
            .wasm_multi_memory(false)
            .floats(false)
            .allow_start_fn(false);
        let wasmi = wasmi::Engine::new(&config);
        let mut linker = Linker::new(&wasmi);
        host::link(&mut linker).expect("host functions have distinct names");
        Self {
            wasmi,
            linker,
            modules: RwLock::default(),
            dcap,
        }
    }

    /// The compiled module of stored code; compiles at its first use.
    pub fn load(&self, code: &CodeInfo) -> Loaded {
        let read = self.modules.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = read.get(&code.code_hash) {
            return loaded.clone();
        }
        drop(read);
        let loaded = self.compile(&code.wasm).map(Arc::new);
        let mut write = self.modules.write().unwrap_or_else(PoisonError::into_inner);
        write.insert(code.code_hash.clone(), loaded.clone());
        loaded
    }

    fn compile(&self, wasm: &[u8]) -> Result<Compiled, UploadError> {
        let report: WasmReport = upload::check_store(wasm)?;
        upload::check_instantiate(&report)?;
        let metered = meter::inject(wasm)?;
        let module =
            Module::new(&self.wasmi, &metered).map_err(|e| UploadError::Invalid(e.to_string()))?;
        Ok(Compiled {
            module,
            random: report.exports.iter().any(|e| e == "requires_random"),
            exports: report.exports,
        })
    }
}

/// SHA-256 of uncompressed wasm, lower-case hex.
pub fn code_hash(wasm: &[u8]) -> String {
    hex::encode(Sha256::digest(wasm))
}

/// Runs one call: charges it, records it and, if it succeeds, writes its storage to the session's
/// world. Returns the bytes that the entry point gave.
pub fn call(rt: &Arc<Runtime>, session: &mut Session, call: &Call) -> Result<Vec<u8>, Fault> {
    let loading = call.entry.loading();
    session.meter.charge_for(gas::INSTANCE, loading)?;
    let compiled = rt.engine.load(call.code).map_err(Fault::Module)?;
    if !compiled.exports.iter().any(|e| e == call.entry.export()) {
        return Err(Fault::MissingEntry(call.entry));
    }
    let index = session.trace.views.len();
    session.trace.views.push(view_of(call));
    session.trace.gas.push(gas_of(call));
    session.trace.texts.push(text_of(call));
    let counter = session.calls;
    session.calls += 1;
    let random = (call.entry != EntryPoint::Query).then(|| {
        rt.clock
            .seed
            .call_random(rt.clock.height, call.contract, counter)
    });

    let limit = session.meter.left().saturating_mul(gas::MULTIPLIER);
    let limit = limit.min(gas::MAX_CALL);
    let host = Host::new(rt.clone(), session.take(), call, index, limit);
    let mut store = Store::new(&rt.engine.wasmi, host);
    let result = run(
        &mut store,
        &compiled,
        call,
        random.filter(|_| compiled.random),
        limit,
    );
    let left = gas_left(&store, limit);
    let mut host = store.into_data();
    let used = u64::try_from(i128::from(limit) - i128::from(left)).unwrap_or(0);
    let result = finish(&mut host, result, left, random.unwrap_or_default());
    let refund = match call.entry {
        EntryPoint::Execute | EntryPoint::Reply if result.is_ok() => host.held,
        _ => 0,
    };
    let wasm = used.saturating_sub(refund);
    let charged = gas::charged(wasm);
    let (storage, callback, ops) = (host.storage_gas, host.callback_gas, host.ops);
    *session = host.session;
    let outcome = session.meter.charge(charged);
    if let Some(record) = session.trace.gas.get_mut(index) {
        (record.wasm, record.compute, record.storage) = (wasm, charged, storage);
    }
    if let Some(view) = session.trace.views.get_mut(index) {
        (view.gas_used, view.callback_gas, view.storage) = (charged, callback, ops);
        view.success = result.is_ok() && outcome.is_ok();
    }
    if let (Some(text), Ok(output)) = (session.trace.texts.get_mut(index), &result) {
        text.answer = String::from_utf8_lossy(output).into_owned();
    }
    outcome?;
    result
}

fn run(
    store: &mut Store<Host>,
    compiled: &Compiled,
    call: &Call,
    random: Option<[u8; 32]>,
    limit: u64,
) -> Result<Vec<u8>, Fault> {
    let rt = store.data().rt.clone();
    let instance = rt
        .engine
        .linker
        .instantiate_and_start(&mut *store, &compiled.module)
        .map_err(|e| Fault::Trap(e.to_string()))?;
    let exports = Exports::of(&instance, &mut *store)?;
    let budget = Val::I64(i64::try_from(limit).unwrap_or(i64::MAX));
    exports
        .left
        .set(&mut *store, budget)
        .map_err(|e| Fault::Trap(e.to_string()))?;
    store.data_mut().exports = Some(exports);

    let name = call.entry.export();
    let env = env::env(&rt, call.contract, &call.code.code_hash, random);
    let env = host::put(&mut *store, &json(&env)?)?;
    let msg = host::put(&mut *store, call.msg)?;
    let trap = |e: wasmi::Error| Fault::from_wasm(e);
    let out = match call.entry {
        EntryPoint::Instantiate | EntryPoint::Execute => {
            let info = host::put(&mut *store, &json(&env::info(call.sender, call.funds))?)?;
            let f = instance
                .get_typed_func::<(u32, u32, u32), u32>(&*store, name)
                .map_err(|_| Fault::MissingEntry(call.entry))?;
            f.call(&mut *store, (env, info, msg)).map_err(trap)?
        }
        _ => {
            let f = instance
                .get_typed_func::<(u32, u32), u32>(&*store, name)
                .map_err(|_| Fault::MissingEntry(call.entry))?;
            f.call(&mut *store, (env, msg)).map_err(trap)?
        }
    };
    host::get(store, out)
}

/// What is left on the counter; all of the limit if the instance never came to be.
fn gas_left(store: &Store<Host>, limit: u64) -> i64 {
    let all = i64::try_from(limit).unwrap_or(i64::MAX);
    let exports = store.data().exports.as_ref();
    match exports.map(|e| e.left.get(store)) {
        Some(Val::I64(left)) => left,
        _ => all,
    }
}

/// Decides between the call's own result and out of gas, and flushes the writes of a success.
fn finish(
    host: &mut Host,
    result: Result<Vec<u8>, Fault>,
    left: i64,
    random: [u8; 32],
) -> Result<Vec<u8>, Fault> {
    if left < 0 {
        return Err(Fault::OutOfGas);
    }
    let output = result?;
    let mut writes: Vec<_> = std::mem::take(&mut host.cache).into_iter().collect();
    seed::shuffle(&mut writes, random);
    for (key, value) in writes {
        host.flush(key, value)?;
    }
    Ok(output)
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|e| Fault::Trap(e.to_string()))
}

fn view_of(call: &Call) -> CallView {
    CallView {
        parent: call.parent,
        sender: call.sender.to_owned(),
        contract: call.contract.to_owned(),
        entry: call.entry,
        message_length: observer::message_length(call.msg.len()),
        response_length: None,
        funds: call.funds.to_vec(),
        gas_used: 0,
        callback_gas: 0,
        success: false,
        storage: Vec::new(),
    }
}

fn text_of(call: &Call) -> CallText {
    CallText {
        contract: call.contract.to_owned(),
        message: String::from_utf8_lossy(call.msg).into_owned(),
        answer: String::new(),
    }
}

fn gas_of(call: &Call) -> CallGas {
    CallGas {
        contract: call.contract.to_owned(),
        entry: call.entry,
        wasm: 0,
        compute: 0,
        storage: 0,
        instance: gas::INSTANCE,
    }
}
