//! Billing with a token, rewards and a registry that says what the test wants, under cw-multi-test.
#![allow(dead_code)]

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    from_slice, to_binary, to_vec, Addr, Binary, Coin, Deps, DepsMut, Env, MessageInfo, Response,
    StdResult, Uint128,
};
use secret_ai_interface::billing::{
    self, ExecuteMsg, FinalizeAnswer, Line, OpenAnswer, OpenSession, ReceiveMsg, SessionAuth,
    SettleAnswer, SettleEntry, Timing, TokenConfig,
};
use secret_ai_interface::registry::{KidInfo, KidStatus, KidsAnswer};
use secret_ai_interface::{rewards, token, Contract, Hex, Kid, SessionId, Unit, WorkerId};
use secret_ai_multi_test::{AppResponse, ContractFns, ContractRef, Genesis, SecretApp, Wallet};
use secret_ai_receipts::{kid, public_key, sign, Ack, Domain, Receipt, SigningKey};

pub const TIMING: Timing = Timing {
    epoch_s: 600,
    grace_s: 7_200,
    challenge_s: 3_600,
};
pub const WORKER: WorkerId = Hex([0x33; 16]);
/// Base units per 1,000,000 units.
pub const RATE: u64 = 1_000_000;
pub const DEPOSIT: u128 = 100_000;
pub const KEY: &str = "a viewing key";

/// Stands in for the registry: answers what the test stored.
#[cw_serde]
pub enum FakeRegistry {
    Set { kid: Kid, info: Box<KidInfo> },
    Kids { kids: Vec<Kid> },
}

#[cw_serde]
struct Empty {}

fn fake_instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn fake_execute(deps: DepsMut, _: Env, _: MessageInfo, msg: FakeRegistry) -> StdResult<Response> {
    if let FakeRegistry::Set { kid, info } = msg {
        deps.storage.set(&kid.0, &to_vec(&info)?);
    }
    Ok(Response::new())
}

fn fake_query(deps: Deps, _: Env, msg: FakeRegistry) -> StdResult<Binary> {
    let FakeRegistry::Kids { kids } = msg else {
        return to_binary(&Empty {});
    };
    let find = |kid: &Kid| {
        deps.storage
            .get(&kid.0)
            .and_then(|bytes| from_slice(&bytes).ok())
    };
    to_binary(&KidsAnswer {
        kids: kids.iter().map(find).collect(),
    })
}

pub struct Suite {
    pub app: SecretApp,
    pub token: ContractRef,
    pub registry: ContractRef,
    pub billing: ContractRef,
    pub rewards: ContractRef,
    pub worker_key: SigningKey,
    pub client_key: SigningKey,
}

pub fn contract(of: &ContractRef) -> Contract {
    Contract {
        address: of.address.clone(),
        code_hash: of.code_hash.clone(),
    }
}

impl Suite {
    /// Everything wired; user `alice` has deposited [`DEPOSIT`]; one receipt key is active.
    pub fn new() -> Suite {
        let alice = Wallet::new("alice").address();
        let mut app = SecretApp::new(Genesis {
            balances: vec![(alice.clone(), vec![Coin::new(1_000, "uscrt")])],
            ..Default::default()
        });
        let admin = app.user("admin");
        let token = app.store(ContractFns::new(
            "dev-token",
            dev_token::contract::instantiate,
            dev_token::contract::execute,
            dev_token::contract::query,
        ));
        let fake = app.store(ContractFns::new(
            "registry",
            fake_instantiate,
            fake_execute,
            fake_query,
        ));
        let code = app.store(ContractFns::new(
            "billing",
            ::billing::contract::instantiate,
            ::billing::contract::execute,
            ::billing::contract::query,
        ));
        let pay = app.store(ContractFns::new(
            "rewards",
            ::rewards::contract::instantiate,
            ::rewards::contract::execute,
            ::rewards::contract::query,
        ));
        let funds = token::InitialBalance {
            address: alice.to_string(),
            amount: DEPOSIT.into(),
        };
        let token_msg = token::InstantiateMsg {
            name: "Dollar".into(),
            admin: None,
            symbol: "USD".into(),
            decimals: 6,
            initial_balances: Some(vec![funds]),
            prng_seed: Binary::default(),
            config: None,
        };
        let token = app
            .instantiate(&token, &admin, &token_msg, "token", None)
            .unwrap();
        let registry = app
            .instantiate(&fake, &admin, &Empty {}, "registry", None)
            .unwrap();
        let msg = billing::InstantiateMsg {
            admin: None,
            registry: contract(&registry),
            tokens: vec![TokenConfig {
                contract: contract(&token),
                min_deposit: 10u128.into(),
            }],
            timing: TIMING,
        };
        let billing = app
            .instantiate(&code, &admin, &msg, "billing", None)
            .unwrap();
        let msg = rewards::InstantiateMsg {
            billing: contract(&billing),
        };
        let rewards = app
            .instantiate(&pay, &admin, &msg, "rewards", None)
            .unwrap();
        let key = |n| SigningKey::from_slice(&[n; 32]).unwrap();
        let mut suite = Suite {
            app,
            token,
            registry,
            billing,
            rewards,
            worker_key: key(1),
            client_key: key(2),
        };
        let link = ExecuteMsg::LinkRewards {
            rewards: contract(&suite.rewards),
        };
        suite.send("admin", &link).unwrap();
        suite.set_kid(&suite.worker_key.clone(), KidStatus::Active);
        suite.deposit("alice", DEPOSIT).unwrap();
        suite
    }

    /// Sends a message to billing.
    pub fn send(&mut self, who: &str, msg: &ExecuteMsg) -> Result<AppResponse, String> {
        let sender = self.app.user(who);
        self.app.execute(&sender, &self.billing, msg)
    }

    pub fn deposit(&mut self, who: &str, amount: u128) -> Result<AppResponse, String> {
        self.send_tokens(
            who,
            amount,
            &ReceiveMsg::Deposit {
                beneficiary: None,
                padding: None,
            },
        )
    }

    pub fn send_tokens(
        &mut self,
        who: &str,
        amount: u128,
        msg: &ReceiveMsg,
    ) -> Result<AppResponse, String> {
        let send = token::ExecuteMsg::Send {
            recipient: self.billing.address.to_string(),
            recipient_code_hash: None,
            amount: amount.into(),
            msg: Some(to_binary(msg).unwrap()),
            memo: None,
            padding: None,
        };
        let sender = self.app.user(who);
        self.app.execute(&sender, &self.token, &send)
    }

    /// Makes the registry know a receipt key of the worker.
    pub fn set_kid(&mut self, key: &SigningKey, status: KidStatus) {
        let info = KidInfo {
            receipt_pk: Hex(public_key(key)),
            worker_id: WORKER,
            operator: self.app.user("operator"),
            lease_until: self.app.block_time() + 86_400,
            status,
        };
        let msg = FakeRegistry::Set {
            kid: Hex(kid(key)),
            info: Box::new(info),
        };
        let admin = self.app.user("admin");
        self.app.execute(&admin, &self.registry, &msg).unwrap();
    }

    /// Terms of a session with one line that a client key may countersign.
    pub fn terms(&self, cap: u128, slack: u128) -> OpenSession {
        OpenSession {
            worker_id: WORKER,
            lines: vec![Line {
                model: "m".into(),
                unit: Unit::Output,
                rate: RATE,
            }],
            cap: cap.into(),
            slack: slack.into(),
            expires: self.app.block_time() + 86_400,
            auth: SessionAuth::K(Hex(public_key(&self.client_key))),
        }
    }

    pub fn open(&mut self, terms: OpenSession) -> Result<SessionId, String> {
        let token = self.token.address.clone();
        let msg = ExecuteMsg::OpenSessions {
            token,
            sessions: vec![terms],
            padding: None,
        };
        let data = self.send("alice", &msg)?.data.unwrap();
        Ok(from_slice::<OpenAnswer>(&data).unwrap().session_ids[0])
    }

    pub fn domain(&self) -> Domain {
        Domain {
            chain_id: Genesis::default().chain_id,
            billing: self.billing.address.to_string(),
        }
    }

    pub fn receipt(&self, id: &SessionId, seq: u64, count: u64, is_final: bool) -> Binary {
        let receipt = Receipt {
            session_id: id.0,
            kid: kid(&self.worker_key),
            seq,
            is_final,
            aborted: false,
            counters: vec![count],
            evidence: [0; 32],
        };
        Binary(sign(&self.worker_key, &self.domain(), receipt).encode())
    }

    pub fn ack(&self, key: &SigningKey, id: &SessionId, seq: u64, amount: u128) -> Binary {
        let ack = Ack {
            session_id: id.0,
            kid: kid(&self.worker_key),
            seq,
            amount,
        };
        Binary(sign(key, &self.domain(), ack).encode())
    }

    pub fn settle(&mut self, entries: Vec<SettleEntry>) -> Result<SettleAnswer, String> {
        self.settle_as("operator", entries)
    }

    pub fn settle_as(
        &mut self,
        who: &str,
        entries: Vec<SettleEntry>,
    ) -> Result<SettleAnswer, String> {
        let msg = ExecuteMsg::Settle {
            kid: Hex(kid(&self.worker_key)),
            entries,
            padding: None,
        };
        let data = self.send(who, &msg)?.data.unwrap();
        Ok(from_slice(&data).unwrap())
    }

    /// Ends the epoch and works everything off.
    pub fn finalize(&mut self) {
        self.app.advance(TIMING.epoch_s);
        while self.finalize_batch(16).remaining > 0 {}
    }

    /// Works off `limit` entries of ended epochs.
    pub fn finalize_batch(&mut self, limit: u32) -> FinalizeAnswer {
        let epoch = self.clock().epoch - 1;
        let msg = ExecuteMsg::Finalize {
            epoch,
            limit,
            padding: None,
        };
        let data = self.send("crank", &msg).unwrap().data.unwrap();
        from_slice(&data).unwrap()
    }

    pub fn clock(&self) -> billing::ClockAnswer {
        self.app
            .query(&self.billing, &billing::QueryMsg::Clock {})
            .unwrap()
    }

    pub fn session(&self, id: &SessionId) -> Result<billing::SessionAnswer, String> {
        let auth = SessionAuth::K(Hex(public_key(&self.client_key)));
        let msg = billing::QueryMsg::Session {
            session_id: *id,
            auth,
        };
        self.app.query(&self.billing, &msg)
    }

    pub fn set_key(&mut self, who: &str) {
        let msg = ExecuteMsg::SetViewingKey {
            key: KEY.into(),
            padding: None,
        };
        self.send(who, &msg).unwrap();
    }

    pub fn free(&self, who: &str) -> u128 {
        let address = self.app.user(who);
        let msg = billing::QueryMsg::Account {
            address,
            key: KEY.into(),
        };
        let answer: billing::AccountAnswer = self.app.query(&self.billing, &msg).unwrap();
        answer.balances[0].free.u128()
    }

    pub fn reclaim(&mut self, id: SessionId) -> Result<Option<Uint128>, String> {
        let msg = ExecuteMsg::Reclaim {
            session_ids: vec![id],
            padding: None,
        };
        let data = self.send("alice", &msg)?.data.unwrap();
        Ok(from_slice::<billing::ReclaimAnswer>(&data)
            .unwrap()
            .reclaimed[0])
    }

    pub fn user(&self, who: &str) -> Addr {
        self.app.user(who)
    }
}
