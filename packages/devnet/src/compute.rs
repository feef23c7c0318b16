//! The compute module: what its messages do, from a signer or from a contract.

use std::sync::Arc;

use cosmwasm_std::{Binary, Coin, ContractResult, Response};

use crate::address::{self, contract_address};
use crate::bank;
use crate::engine::{self, Call, Runtime, Session};
use crate::error::ExecError;
use crate::gas;
use crate::host::Fault;
use crate::observer;
use crate::query;
use crate::state::{CodeInfo, Contract, ContractInfo, HistoryEntry};
use crate::submessage;
use crate::tx::{Attribute, EntryPoint, Event};
use crate::upload;

/// Deepest nesting of calls.
const MAX_CALL_DEPTH: u32 = 100;
/// Longest event type that is too short.
const EVENT_TYPE_TOO_SHORT: usize = 2;

/// Runs the messages of one transaction.
pub(crate) struct Keeper {
    pub rt: Arc<Runtime>,
    pub session: Session,
}

/// Who sends a message and from where.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub sender: &'a str,
    /// Index of the call whose response sent it; `None` for a signed message.
    pub parent: Option<usize>,
    pub depth: u32,
}

/// The part that instantiate, execute and migrate share.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub code_hash: Option<&'a str>,
    pub msg: &'a [u8],
    pub funds: &'a [Coin],
}

pub(crate) type Data = Option<Vec<u8>>;

impl Keeper {
    /// Stores code; returns its id and hash.
    pub fn store_code(
        &mut self,
        creator: &str,
        bytes: &[u8],
        source: &str,
        builder: &str,
    ) -> Result<(u64, String), ExecError> {
        let create_failed =
            |e: upload::UploadError| ExecError::compute(15, format!("{e}: create contract failed"));
        let wasm = match upload::unpack(bytes) {
            Err(upload::UploadError::TooLarge { .. }) => {
                return Err(ExecError::compute(31, "max contract size exceeded"))
            }
            other => other.map_err(create_failed)?,
        };
        let tenths = gas::COMPILE_TENTHS.saturating_mul(wasm.len() as u64);
        let compiling = tenths.saturating_add(5) / 10;
        let meter = &mut self.session.meter;
        meter.charge_for(compiling, "Compiling WASM Bytecode")?;
        upload::check_store(&wasm).map_err(create_failed)?;
        let code = CodeInfo {
            code_id: self.session.world.next_code_id(),
            code_hash: engine::code_hash(&wasm),
            creator: creator.to_owned(),
            source: source.to_owned(),
            builder: builder.to_owned(),
            wasm: wasm.into(),
        };
        let stored = (code.code_id, code.code_hash.clone());
        self.session
            .world
            .codes
            .insert(code.code_id, Arc::new(code));
        Ok(stored)
    }

    /// Makes a contract; returns its address and data.
    pub fn instantiate(
        &mut self,
        origin: Origin,
        code_id: u64,
        label: &str,
        admin: Option<&str>,
        input: Input,
        events: &mut Vec<Event>,
    ) -> Result<(String, Data), ExecError> {
        let entry = EntryPoint::Instantiate;
        let world = &self.session.world;
        if world.labels.contains_key(label) {
            let text = format!("{label}: contract account already exists");
            return Err(self.refused(entry, ExecError::compute(6, text)));
        }
        let Some(code) = world.codes.get(&code_id).cloned() else {
            return Err(self.refused(entry, ExecError::compute(9, "code: not found")));
        };
        let admin = admin.map(address::normal).transpose()?;
        let instance = world.instances.saturating_add(1);
        let address = contract_address(code_id, instance, origin.sender)
            .map_err(|e| ExecError::sdk(7, format!("{e}: invalid address")))?;
        self.session.world.instances = instance;
        let height = self.rt.clock.height;
        let info = ContractInfo {
            address: address.clone(),
            code_id,
            code_hash: code.code_hash.clone(),
            creator: origin.sender.to_owned(),
            label: label.to_owned(),
            admin,
            created_height: height,
            history: vec![HistoryEntry { code_id, height }],
        };
        let contract = Contract {
            info,
            storage: Default::default(),
        };
        self.session
            .world
            .contracts
            .insert(address.clone(), contract);
        self.session
            .world
            .labels
            .insert(label.to_owned(), address.clone());
        self.send_funds(origin.sender, &address, input.funds, events)?;
        let (response, index) = self.invoke(entry, &address, &code, origin, input)?;
        events.push(event(
            "instantiate",
            &[
                ("contract_address", &address),
                ("code_id", &code_id.to_string()),
            ],
        ));
        let data = self
            .respond(&address, response, index, origin.depth, events)
            .map_err(|e| e.wrap("dispatch: "))?;
        Ok((address, data))
    }

    /// Executes a contract; returns its data.
    pub fn execute(
        &mut self,
        origin: Origin,
        contract: &str,
        input: Input,
        events: &mut Vec<Event>,
    ) -> Result<Data, ExecError> {
        let code = self.code_of(EntryPoint::Execute, contract)?;
        self.send_funds(origin.sender, contract, input.funds, events)?;
        let (response, index) = self.invoke(EntryPoint::Execute, contract, &code, origin, input)?;
        events.push(event("execute", &[("contract_address", contract)]));
        self.respond(contract, response, index, origin.depth, events)
            .map_err(|e| e.wrap("dispatch: "))
    }

    /// Gives a contract new code; returns its data.
    pub fn migrate(
        &mut self,
        origin: Origin,
        contract: &str,
        code_id: u64,
        input: Input,
        events: &mut Vec<Event>,
    ) -> Result<Data, ExecError> {
        let entry = EntryPoint::Migrate;
        let world = &self.session.world;
        let Some(info) = world.contract(contract) else {
            let text = "unknown contract: contract: not found: invalid request";
            return Err(self.refused(entry, ExecError::sdk(18, text)));
        };
        let Some(code) = world.codes.get(&code_id).cloned() else {
            let text = format!(
                "unknown code: failed to get code info for code id {code_id}: invalid request"
            );
            return Err(self.refused(entry, ExecError::sdk(18, text)));
        };
        let text = match info.admin.as_deref() {
            Some(admin) if admin == origin.sender => None,
            Some(_) => Some("requires migrate from admin: migrate contract failed"),
            None => Some("contract is not upgradable: migrate contract failed"),
        };
        if let Some(text) = text {
            return Err(self.refused(entry, ExecError::compute(5, text)));
        }
        let height = self.rt.clock.height;
        if let Some(contract) = self.session.world.contracts.get_mut(contract) {
            contract.info.code_id = code_id;
            contract.info.code_hash = code.code_hash.clone();
            contract.info.history.push(HistoryEntry { code_id, height });
        }
        let (response, index) = self.invoke(entry, contract, &code, origin, input)?;
        events.push(event(
            "migrate",
            &[
                ("code_id", &code_id.to_string()),
                ("contract_address", contract),
            ],
        ));
        self.respond(contract, response, index, origin.depth, events)
            .map_err(|e| e.wrap("dispatch: "))
    }

    /// Sets or clears (`None`) a contract's admin.
    pub fn set_admin(
        &mut self,
        sender: &str,
        contract: &str,
        admin: Option<&str>,
        events: &mut Vec<Event>,
    ) -> Result<(), ExecError> {
        let loading = "Loading CosmWasm module: update-contract-admin";
        self.session.meter.charge_for(gas::INSTANCE, loading)?;
        let admin = admin.map(address::normal).transpose()?;
        let record = self.session.world.contracts.get_mut(contract);
        let record = record.ok_or_else(|| ExecError::compute(9, "contract: not found"))?;
        if record.info.admin.as_deref() != Some(sender) {
            return Err(ExecError::sdk(4, "caller is not the admin: unauthorized"));
        }
        record.info.admin.clone_from(&admin);
        events.push(event(
            "update_contract_admin",
            &[
                ("contract_address", contract),
                ("new_admin_address", admin.as_deref().unwrap_or_default()),
            ],
        ));
        Ok(())
    }

    /// Calls a contract's `reply`; the chain charges the computation of a successful one twice.
    pub fn reply(
        &mut self,
        contract: &str,
        reply: &cosmwasm_std::Reply,
        parent: usize,
        depth: u32,
        events: &mut Vec<Event>,
    ) -> Result<Data, ExecError> {
        let entry = EntryPoint::Reply;
        let code = self.code_of(entry, contract)?;
        let msg = serde_json::to_vec(reply)
            .map_err(|e| ExecError::fault(entry, &Fault::Trap(e.to_string())))?;
        let origin = Origin {
            sender: contract,
            parent: Some(parent),
            depth,
        };
        let input = Input {
            code_hash: None,
            msg: &msg,
            funds: &[],
        };
        let (response, index) = self.invoke(entry, contract, &code, origin, input)?;
        let again = self.session.trace.gas.get_mut(index).map_or(0, |record| {
            let once = record.compute;
            record.compute = once.saturating_mul(2);
            once
        });
        self.session.meter.charge(again)?;
        events.push(event("reply", &[("contract_address", contract)]));
        self.respond(contract, response, index, depth, events)
            .map_err(ExecError::of_reply)
    }

    fn code_of(&mut self, entry: EntryPoint, contract: &str) -> Result<Arc<CodeInfo>, ExecError> {
        query::code_of(&self.session.world, contract)
            .ok_or_else(|| self.refused(entry, ExecError::compute(9, "contract: not found")))
    }

    /// The error of a call that never began: the chain has charged for the instance all the same.
    fn refused(&mut self, entry: EntryPoint, error: ExecError) -> ExecError {
        let meter = &mut self.session.meter;
        match meter.charge_for(gas::INSTANCE, entry.loading()) {
            Ok(()) => error,
            Err(out_of_gas) => out_of_gas.into(),
        }
    }

    fn send_funds(
        &mut self,
        from: &str,
        to: &str,
        funds: &[Coin],
        events: &mut Vec<Event>,
    ) -> Result<(), ExecError> {
        if funds.iter().all(|coin| coin.amount.is_zero()) {
            return Ok(());
        }
        bank::send(&mut self.session.world, from, to, funds, events)
    }

    /// Runs an entry point and reads its response; the index is the call's in the trace.
    fn invoke(
        &mut self,
        entry: EntryPoint,
        contract: &str,
        code: &CodeInfo,
        origin: Origin,
        input: Input,
    ) -> Result<(Response, usize), ExecError> {
        if let Some(given) = input.code_hash {
            if !given.eq_ignore_ascii_case(&code.code_hash) {
                return Err(self.refused(entry, ExecError::fault(entry, &Fault::CodeHash)));
            }
        }
        let index = self.session.trace.views.len();
        let call = Call {
            contract,
            code,
            entry,
            sender: origin.sender,
            funds: input.funds,
            msg: input.msg,
            parent: origin.parent,
            query_depth: 1,
        };
        let output = engine::call(&self.rt, &mut self.session, &call)
            .map_err(|fault| ExecError::fault(entry, &fault))?;
        let result: ContractResult<Response> = serde_json::from_slice(&output).map_err(|e| {
            ExecError::fault(entry, &Fault::Trap(format!("response cannot be read: {e}")))
        })?;
        let view = self.session.trace.views.get_mut(index);
        match result {
            ContractResult::Ok(response) => {
                if let (Some(view), Some(data)) = (view, &response.data) {
                    let to_contract = origin.parent.is_some();
                    view.response_length = Some(observer::response_length(data.len(), to_contract));
                }
                Ok((response, index))
            }
            ContractResult::Err(text) => {
                if let Some(view) = view {
                    view.success = false;
                }
                Err(ExecError::contract(entry, text))
            }
        }
    }

    /// Emits a response's events and runs its messages; a reply's data takes the place of its own.
    fn respond(
        &mut self,
        contract: &str,
        response: Response,
        index: usize,
        depth: u32,
        events: &mut Vec<Event>,
    ) -> Result<Data, ExecError> {
        events.push(wasm_event(contract, &response.attributes));
        for custom in &response.events {
            events.push(custom_event(contract, custom)?);
        }
        let depth = depth.saturating_add(1);
        if depth > MAX_CALL_DEPTH {
            return Err(ExecError::compute(30, "max call depth exceeded"));
        }
        let replied = submessage::dispatch(self, contract, response.messages, index, depth, events)
            .map_err(|e| e.wrap("submessages: "))?;
        Ok(replied.or(response.data.map(|Binary(data)| data)))
    }
}

/// An event of the chain's own.
pub(crate) fn event(ty: &str, attributes: &[(&str, &str)]) -> Event {
    Event {
        ty: ty.to_owned(),
        attributes: attributes
            .iter()
            .map(|(key, value)| Attribute::plain(*key, *value))
            .collect(),
    }
}

/// The event `wasm`: the contract's address and its attributes.
fn wasm_event(contract: &str, attributes: &[cosmwasm_std::Attribute]) -> Event {
    let mut event = event("wasm", &[("contract_address", contract)]);
    let own = attributes.iter().filter(|a| a.key != "contract_address");
    event.attributes.extend(own.map(attribute));
    event
}

fn attribute(attribute: &cosmwasm_std::Attribute) -> Attribute {
    Attribute {
        key: attribute.key.clone(),
        value: attribute.value.clone(),
        encrypted: attribute.encrypted,
    }
}

/// A contract's own event, its type behind `wasm-`.
fn custom_event(contract: &str, custom: &cosmwasm_std::Event) -> Result<Event, ExecError> {
    let invalid = |text: String| ExecError::compute(21, format!("{text}: invalid event"));
    let ty = custom.ty.trim();
    if ty.len() <= EVENT_TYPE_TOO_SHORT {
        return Err(invalid(format!("Event type too short: '{ty}'")));
    }
    let mut event = event(&format!("wasm-{ty}"), &[("contract_address", contract)]);
    for a in &custom.attributes {
        let (key, value) = (a.key.trim(), a.value.trim());
        if key.is_empty() {
            return Err(invalid(format!("Empty attribute key. Value: {value}")));
        }
        if value.is_empty() {
            return Err(invalid(format!("Empty attribute value. Key: {key}")));
        }
        if key.starts_with('_') {
            let text = format!("Attribute key starts with reserved prefix _: '{key}'");
            return Err(invalid(text));
        }
        event.attributes.push(Attribute {
            key: key.to_owned(),
            value: value.to_owned(),
            encrypted: a.encrypted,
        });
    }
    Ok(event)
}
