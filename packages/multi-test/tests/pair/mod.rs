//! Two tiny contracts: `counter` counts, `relay` calls it in every way a contract can.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    from_binary, to_binary, wasm_execute, Addr, BankMsg, Binary, Coin, CosmosMsg, Deps, DepsMut,
    Env, Event, MessageInfo, QueryRequest, Reply, Response, StdError, StdResult, SubMsg,
    SubMsgResult, WasmMsg, WasmQuery,
};
use secret_ai_multi_test::{Code, ContractFns, ContractRef, Genesis, SecretApp};
use thiserror::Error;

#[cw_serde]
pub struct Empty {}

#[derive(Error, Debug)]
pub enum CounterError {
    #[error("{0}")]
    Std(#[from] StdError),
    #[error("step: {step}, must be at most {max}")]
    TooBig { step: u64, max: u64 },
}

#[cw_serde]
pub enum CounterMsg {
    /// Adds and writes before it checks, so that a failure has something to roll back.
    Add {
        step: u64,
    },
    /// Stores what the environment said.
    Observe {},
    Pay {
        to: String,
        coins: Vec<Coin>,
    },
}

#[cw_serde]
pub enum CounterQuery {
    Count {},
    Seen {},
    Env {},
}

/// What `observe` saw.
#[cw_serde]
pub struct Seen {
    pub random: Option<Binary>,
    pub tx_hash: Option<String>,
    pub code_hash: String,
    pub chain_id: String,
    pub height: u64,
    pub time: u64,
    pub sender: Option<Addr>,
}

impl Seen {
    fn of(env: &Env, sender: Option<Addr>) -> Self {
        Seen {
            random: env.block.random.clone(),
            tx_hash: env.transaction.as_ref().map(|tx| tx.hash.clone()),
            code_hash: env.contract.code_hash.clone(),
            chain_id: env.block.chain_id.clone(),
            height: env.block.height,
            time: env.block.time.seconds(),
            sender,
        }
    }
}

fn count(deps: Deps) -> u64 {
    let stored = deps.storage.get(b"count").unwrap_or_else(|| vec![0; 8]);
    u64::from_be_bytes(stored.try_into().unwrap())
}

mod counter {
    use super::*;

    pub fn instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
        Ok(Response::new())
    }

    pub fn execute(
        deps: DepsMut,
        env: Env,
        info: MessageInfo,
        msg: CounterMsg,
    ) -> Result<Response, CounterError> {
        match msg {
            CounterMsg::Add { step } => {
                let now = count(deps.as_ref()) + step;
                deps.storage.set(b"count", &now.to_be_bytes());
                if step > 10 {
                    return Err(CounterError::TooBig { step, max: 10 });
                }
                Ok(Response::new()
                    .add_attribute("step", step.to_string())
                    .add_attribute_plaintext("count", now.to_string())
                    .add_event(Event::new("counted").add_attribute("by", info.sender))
                    .set_data(to_binary(&now)?))
            }
            CounterMsg::Observe {} => {
                let seen = to_binary(&Seen::of(&env, Some(info.sender)))?;
                deps.storage.set(b"seen", &seen);
                Ok(Response::new()
                    .add_message(CosmosMsg::<cosmwasm_std::Empty>::finalize_tx())
                    .set_data(seen))
            }
            CounterMsg::Pay { to, coins } => Ok(Response::new().add_message(BankMsg::Send {
                to_address: to,
                amount: coins,
            })),
        }
    }

    pub fn query(deps: Deps, env: Env, msg: CounterQuery) -> StdResult<Binary> {
        match msg {
            CounterQuery::Count {} => to_binary(&count(deps)),
            CounterQuery::Seen {} => {
                let seen = deps.storage.get(b"seen");
                Ok(Binary(
                    seen.ok_or_else(|| StdError::generic_err("nothing seen"))?,
                ))
            }
            CounterQuery::Env {} => to_binary(&Seen::of(&env, None)),
        }
    }

    pub fn migrate(deps: DepsMut, env: Env, _: Empty) -> StdResult<Response> {
        deps.storage
            .set(b"seen", &to_binary(&Seen::of(&env, None))?);
        Ok(Response::new())
    }
}

#[cw_serde]
pub enum RelayMsg {
    /// Calls the counter; failure fails this as well.
    Call {
        counter: String,
        code_hash: String,
        step: u64,
    },
    /// Calls the counter and notes in the reply how it went, error or not.
    Try {
        counter: String,
        code_hash: String,
        step: u64,
    },
    /// Makes a new counter and notes its data and address.
    Make { code_id: u64, code_hash: String },
    /// Asks the counter within a transaction.
    Ask { counter: String, code_hash: String },
}

#[cw_serde]
pub enum RelayQuery {
    Note {},
    /// Passes a question on.
    Count {
        counter: String,
        code_hash: String,
    },
}

mod relay {
    use super::*;

    fn note(deps: DepsMut, text: &str) {
        deps.storage.set(b"note", text.as_bytes());
    }

    fn ask(deps: Deps, contract_addr: String, code_hash: String) -> StdResult<u64> {
        let msg = to_binary(&CounterQuery::Count {})?;
        let smart = WasmQuery::Smart {
            contract_addr,
            code_hash,
            msg,
        };
        deps.querier.query(&QueryRequest::Wasm(smart))
    }

    pub fn instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
        Ok(Response::new())
    }

    pub fn execute(deps: DepsMut, _: Env, _: MessageInfo, msg: RelayMsg) -> StdResult<Response> {
        match msg {
            RelayMsg::Call {
                counter,
                code_hash,
                step,
            } => {
                note(deps, "called");
                let call = wasm_execute(counter, code_hash, &CounterMsg::Add { step }, vec![])?;
                Ok(Response::new().add_message(call))
            }
            RelayMsg::Try {
                counter,
                code_hash,
                step,
            } => {
                note(deps, "tried");
                let call = wasm_execute(counter, code_hash, &CounterMsg::Add { step }, vec![])?;
                Ok(Response::new().add_submessage(SubMsg::reply_always(call, 7)))
            }
            RelayMsg::Make { code_id, code_hash } => {
                let make = WasmMsg::Instantiate {
                    admin: None,
                    code_id,
                    code_hash,
                    msg: to_binary(&Empty {})?,
                    funds: vec![],
                    label: "made".to_string(),
                };
                Ok(Response::new().add_submessage(SubMsg::reply_on_success(make, 8)))
            }
            RelayMsg::Ask { counter, code_hash } => {
                let count = ask(deps.as_ref(), counter, code_hash)?;
                note(deps, &count.to_string());
                Ok(Response::new())
            }
        }
    }

    pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> StdResult<Response> {
        assert!(
            env.block.random.is_some(),
            "replies are part of a transaction"
        );
        let text = match (reply.id, reply.result) {
            (7, SubMsgResult::Ok(ok)) => {
                let now: u64 = from_binary(&ok.data.expect("the counter sets data"))?;
                format!("counted to {now}")
            }
            (7, SubMsgResult::Err(error)) => format!("failed: {error}"),
            (8, SubMsgResult::Ok(ok)) => {
                let mut attributes = ok.events.iter().flat_map(|event| &event.attributes);
                let address = attributes.find(|a| a.key.ends_with("contract_address"));
                format!("made {} {:?}", address.map_or("", |a| &a.value), ok.data)
            }
            (id, _) => return Err(StdError::generic_err(format!("unknown reply {id}"))),
        };
        note(deps, &text);
        Ok(Response::new().set_data(b"from the reply"))
    }

    pub fn query(deps: Deps, _: Env, msg: RelayQuery) -> StdResult<Binary> {
        match msg {
            RelayQuery::Note {} => {
                let text = deps.storage.get(b"note").unwrap_or_default();
                to_binary(&String::from_utf8(text).unwrap())
            }
            RelayQuery::Count { counter, code_hash } => to_binary(&ask(deps, counter, code_hash)?),
        }
    }
}

pub fn counter_fns(name: &str) -> ContractFns {
    ContractFns::new(name, counter::instantiate, counter::execute, counter::query)
        .with_migrate(counter::migrate)
}

/// A chain with both contracts and a user.
pub struct Suite {
    pub app: SecretApp,
    pub user: Addr,
    pub counter_code: Code,
    pub counter: ContractRef,
    pub relay: ContractRef,
}

impl Suite {
    pub fn new() -> Self {
        Self::with_genesis(Genesis::default())
    }

    pub fn with_genesis(genesis: Genesis) -> Self {
        let mut app = SecretApp::new(genesis);
        let user = app.user("alice");
        let counter_code = app.store(counter_fns("counter"));
        let relay_code = app.store(
            ContractFns::new("relay", relay::instantiate, relay::execute, relay::query)
                .with_reply(relay::reply),
        );
        let make = |app: &mut SecretApp, code: &Code, label: &str| {
            app.instantiate(code, &user, &Empty {}, label, Some(&user))
                .unwrap()
        };
        let counter = make(&mut app, &counter_code, "counter");
        let relay = make(&mut app, &relay_code, "relay");
        Suite {
            app,
            user,
            counter_code,
            counter,
            relay,
        }
    }

    pub fn count(&self) -> u64 {
        self.app
            .query(&self.counter, &CounterQuery::Count {})
            .unwrap()
    }

    pub fn note(&self) -> String {
        self.app.query(&self.relay, &RelayQuery::Note {}).unwrap()
    }

    pub fn add(&mut self, step: u64) -> Result<secret_ai_multi_test::AppResponse, String> {
        self.app
            .execute(&self.user, &self.counter, &CounterMsg::Add { step })
    }

    pub fn relay(&mut self, msg: &RelayMsg) -> Result<secret_ai_multi_test::AppResponse, String> {
        self.app.execute(&self.user, &self.relay, msg)
    }

    /// Executes `observe` and returns what the contract saw.
    pub fn observe(&mut self) -> Seen {
        let done = self
            .app
            .execute(&self.user, &self.counter, &CounterMsg::Observe {})
            .unwrap();
        from_binary(&done.data.unwrap()).unwrap()
    }
}

/// A code hash that belongs to nobody.
pub fn wrong_hash() -> String {
    "0".repeat(64)
}
