//! A devnet inside the test with all contracts deployed from their artifacts, and its actors.

mod look_up;
mod workers;

use cosmwasm_std::{Binary, Uint128};
use secret_ai_interface::billing::{self, Line, OpenSession, SessionAuth, Timing};
use secret_ai_interface::{registry, token, Contract, Hex, Unit, WorkerId};
use secret_ai_receipts::{kid, sha256, sign, Domain, Receipt, SigningKey};
use secret_devnet::{Devnet, DevnetError, Genesis, TxResult};
use serde::de::DeserializeOwned;
use serde::Serialize;

use crate::evidence::World;
use crate::{artifacts, deploy};

/// A model, its rates per 1,000,000 tokens.
pub const MODEL: &str = "secret-ai-demo";
pub const INPUT_RATE: u64 = 2_000_000;
pub const OUTPUT_RATE: u64 = 8_000_000;
/// What the user holds at the start, base units.
pub const FUNDS: u128 = 1_000_000_000;

/// All contracts on a devnet.
pub struct Local {
    pub net: Devnet,
    pub world: World,
    pub token: Contract,
    pub registry: Contract,
    pub billing: Contract,
    pub rewards: Contract,
    /// Name and result of every transaction so far.
    pub log: Vec<(String, TxResult)>,
}

/// A deterministic `secret1…` address.
pub fn address(name: &str) -> String {
    let hash = sha256(name.as_bytes());
    secret_ai_chain_client::address::encode(&hash[..20].try_into().expect("20 bytes"))
}

/// A message as clients send it: JSON filled with spaces to the size of its class, so that its length
/// tells nothing (docs/privacy.md, P1).
pub trait Padded {
    fn padded(&self) -> Vec<u8>;
}

impl<T: Serialize> Padded for T {
    fn padded(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).expect("json");
        json.resize(json.len().next_multiple_of(4_096), b' ');
        json
    }
}

impl Local {
    /// Deploys and wires everything; `user` holds [`FUNDS`].
    pub fn new(timing: Timing) -> Local {
        Local::with_artifacts(timing, &[("user", FUNDS)], &[])
    }

    /// Deploys and wires everything, in the contract named first the artifact named second; every
    /// actor named holds this many base units.
    pub fn with_artifacts(
        timing: Timing,
        funds: &[(&str, u128)],
        replaced: &[(&str, &str)],
    ) -> Local {
        let mut net = Devnet::new(Genesis::default()).expect("genesis");
        let world = World::new(net.block_time_s());
        let mut log = Vec::new();
        let mut maker = Maker {
            net: &mut net,
            log: &mut log,
            replaced,
        };
        let holders: Vec<_> = funds.iter().map(|(name, _)| address(name)).collect();
        let balances = holders.iter().zip(funds);
        let balances: Vec<_> = balances.map(|(at, (_, has))| (at.as_str(), *has)).collect();
        let token = maker.make("dev-token", &deploy::token_msg(&balances));
        let roots = Some(world.roots());
        let registry = maker.make("worker-registry", &deploy::registry_msg(roots));
        let (billing, rewards) = maker.payments(&registry, &token, timing);
        let mut local = Local {
            net,
            world,
            token,
            registry,
            billing,
            rewards,
            log,
        };
        local.link();
        local
    }

    /// Deploys billing and rewards once more, with replaced artifacts, beside those that are there,
    /// and goes on with the new ones: what was registered stays.
    pub fn redeploy_payments(&mut self, timing: Timing, replaced: &[(&str, &str)]) {
        let mut maker = Maker {
            net: &mut self.net,
            log: &mut self.log,
            replaced,
        };
        (self.billing, self.rewards) = maker.payments(&self.registry, &self.token, timing);
        self.link();
    }

    fn link(&mut self) {
        let link = billing::ExecuteMsg::LinkRewards {
            rewards: self.rewards.clone(),
        };
        self.billing("admin", "link_rewards", &link).expect("link");
    }

    /// Sends a message, padded, as a named actor and keeps the result, of failures too.
    pub fn send(
        &mut self,
        sender: &str,
        what: &str,
        to: &Contract,
        msg: &impl Padded,
    ) -> Result<TxResult, DevnetError> {
        let (sender, to) = (address(sender), to.address.as_str());
        let result = self.net.execute_raw(&sender, to, msg.padded(), &[]);
        self.log.push((what.to_string(), result.clone()));
        match result.failure() {
            Some(failure) => Err(DevnetError::Failed(Box::new(failure.clone()))),
            None => Ok(result),
        }
    }

    pub fn billing(
        &mut self,
        sender: &str,
        what: &str,
        msg: &billing::ExecuteMsg,
    ) -> Result<TxResult, DevnetError> {
        let to = self.billing.clone();
        self.send(sender, &format!("billing: {what}"), &to, msg)
    }

    pub fn registry(
        &mut self,
        sender: &str,
        what: &str,
        msg: &registry::ExecuteMsg,
    ) -> Result<TxResult, DevnetError> {
        let to = self.registry.clone();
        self.send(sender, &format!("worker-registry: {what}"), &to, msg)
    }

    /// Deposits and tells billing what for.
    pub fn deposit(
        &mut self,
        user: &str,
        amount: u128,
        msg: &billing::ReceiveMsg,
    ) -> Result<TxResult, DevnetError> {
        let send = token::ExecuteMsg::Send {
            recipient: self.billing.address.to_string(),
            recipient_code_hash: Some(self.billing.code_hash.clone()),
            amount: Uint128::new(amount),
            msg: Some(Binary(msg.padded())),
            memo: None,
            padding: None,
        };
        let to = self.token.clone();
        self.send(user, "dev-token: send (deposit)", &to, &send)
    }

    /// Terms of a session with a worker.
    pub fn terms(&self, worker_id: WorkerId, cap: u128) -> OpenSession {
        let line = |unit, rate| Line {
            model: MODEL.into(),
            unit,
            rate,
        };
        OpenSession {
            worker_id,
            lines: vec![
                line(Unit::Input, INPUT_RATE),
                line(Unit::Output, OUTPUT_RATE),
            ],
            cap: Uint128::new(cap),
            slack: Uint128::new(cap),
            expires: self.net.block_time_s() + 3_600,
            auth: SessionAuth::H(Hex([0xaa; 32])),
        }
    }

    /// What off-chain signatures are bound to.
    pub fn domain(&self) -> Domain {
        Domain {
            chain_id: self.net.chain_id().to_string(),
            billing: self.billing.address.to_string(),
        }
    }

    /// An encoded receipt with its cumulative counts, one per line of the session.
    pub fn receipt(
        &self,
        key: &SigningKey,
        session: &secret_ai_interface::SessionId,
        seq: u64,
        counters: impl Into<Vec<u64>>,
    ) -> Binary {
        let receipt = Receipt {
            session_id: session.0,
            kid: kid(key),
            seq,
            is_final: false,
            aborted: false,
            counters: counters.into(),
            evidence: [0xee; 32],
        };
        Binary(sign(key, &self.domain(), receipt).encode())
    }

    /// Sets the viewing key `<name>-key` of an actor with a contract.
    pub fn set_viewing_key(&mut self, name: &str, of: &Contract) {
        let key = format!("{name}-key");
        let set = token::ExecuteMsg::SetViewingKey { key, padding: None };
        self.send(name, "set_viewing_key", of, &set)
            .expect("viewing key");
    }
}

/// The JSON answer of a transaction's first message.
pub fn answer<T: DeserializeOwned>(result: &TxResult) -> T {
    serde_json::from_slice(result.data()).expect("answer")
}

/// Uploads and instantiates.
struct Maker<'a> {
    net: &'a mut Devnet,
    log: &'a mut Vec<(String, TxResult)>,
    replaced: &'a [(&'a str, &'a str)],
}

impl Maker<'_> {
    fn make(&mut self, name: &str, msg: &impl Serialize) -> Contract {
        let admin = address("admin");
        let replaced = self.replaced.iter().find(|(contract, _)| *contract == name);
        let artifact = replaced.map_or(name, |(_, artifact)| *artifact);
        let code = self
            .net
            .store_code(&admin, &artifacts::wasm(artifact))
            .expect(artifact);
        // Labels are unique on a chain.
        let label = format!("{name} {}", self.net.contracts().count());
        let (at, result) = self
            .net
            .instantiate(&admin, code.code_id, &label, msg, &[], None)
            .expect(artifact);
        self.log.push((format!("{name}: instantiate"), result));
        deploy::contract(&at, &code.code_hash)
    }

    /// Billing and rewards, not linked yet.
    fn payments(
        &mut self,
        registry: &Contract,
        token: &Contract,
        timing: Timing,
    ) -> (Contract, Contract) {
        let billing = self.make("billing", &deploy::billing_msg(registry, token, timing));
        let rewards = self.make("rewards", &deploy::rewards_msg(&billing));
        (billing, rewards)
    }
}
