//! A devnet inside the test with all contracts deployed from their artifacts, and its actors.

use cosmwasm_std::{Addr, Binary, Uint128};
use secret_ai_interface::billing::{self, Line, OpenSession, SessionAuth, Timing};
use secret_ai_interface::registry::{self, Listing, ModelListing, Rate, RootKind};
use secret_ai_interface::{rewards, token, Contract, Hex, Unit, WorkerId};
use secret_ai_receipts::{kid, public_key, sha256, sign, Domain, Receipt, SigningKey};
use secret_devnet::{Devnet, DevnetError, Genesis, TxResult};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{json, Value};

use crate::evidence::{Certificates, Claim, Cpu, World};
use crate::{artifacts, deploy, evidence};

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

impl Local {
    /// Deploys and wires everything; `user` holds [`FUNDS`].
    pub fn new(timing: Timing) -> Local {
        let mut net = Devnet::new(Genesis::default()).expect("genesis");
        let world = World::new(net.block_time_s());
        let mut log = Vec::new();
        let admin = address("admin");
        let mut make = |name: &str, msg: Value| {
            let code = net
                .store_code(&admin, &artifacts::wasm(name))
                .expect("upload");
            let (at, result) = net
                .instantiate(&admin, code.code_id, name, &msg, &[], None)
                .expect(name);
            log.push((format!("{name}: instantiate"), result));
            deploy::contract(&at, &code.code_hash)
        };
        let user = address("user");
        let token = make("dev-token", json!(deploy::token_msg(&[(&user, FUNDS)])));
        let registry = make(
            "worker-registry",
            json!(deploy::registry_msg(Some(world.roots()))),
        );
        let billing = make(
            "billing",
            json!(deploy::billing_msg(&registry, &token, timing)),
        );
        let rewards = make("rewards", json!(deploy::rewards_msg(&billing)));
        let mut local = Local {
            net,
            world,
            token,
            registry,
            billing,
            rewards,
            log,
        };
        let link = billing::ExecuteMsg::LinkRewards {
            rewards: local.rewards.clone(),
        };
        local.billing("admin", "link_rewards", &link).expect("link");
        local
    }

    /// Sends a message as a named actor and keeps the result.
    pub fn send(
        &mut self,
        sender: &str,
        what: &str,
        to: &Contract,
        msg: &impl Serialize,
    ) -> Result<TxResult, DevnetError> {
        let result = self
            .net
            .execute(&address(sender), to.address.as_str(), msg, &[])?;
        self.log.push((what.to_string(), result.clone()));
        Ok(result)
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

    /// Submits the development collateral and approves the simulated image.
    pub fn prepare_registry(&mut self) {
        let collateral = evidence::collateral(self.world.tdx.collateral());
        self.submit("TDX", collateral);
        let approve = registry::ExecuteMsg::ApproveImage {
            image: evidence::image(),
            workload: None,
            until: None,
            padding: None,
        };
        self.registry("admin", "approve_image", &approve)
            .expect("image");
    }

    /// Submits collateral under the development roots.
    pub fn submit(&mut self, what: &str, collateral: registry::Collateral) {
        let submit = registry::ExecuteMsg::SubmitCollateral {
            root: RootKind::Development,
            collateral,
            padding: None,
        };
        self.registry("anyone", &format!("submit_collateral, {what}"), &submit)
            .expect("collateral");
    }

    /// A challenge for an operator's key.
    pub fn challenge(&mut self, operator: &str, key: &SigningKey) -> [u8; 32] {
        let challenge = registry::ExecuteMsg::Challenge {
            receipt_pk: Hex(public_key(key)),
            tls_spki_sha256: Hex([0; 32]),
            padding: None,
        };
        let result = self
            .registry(operator, "challenge", &challenge)
            .expect("challenge");
        answer::<registry::ChallengeAnswer>(&result).challenge.0
    }

    /// The evidence of an operator's TDX worker for a new challenge.
    pub fn attestation(&mut self, operator: &str, key: &SigningKey) -> registry::Attestation {
        let challenge = self.challenge(operator, key);
        self.attest(operator, key, &challenge, |claim| claim)
    }

    /// The evidence of an operator for a challenge: TDX, all certificates, unless `change` says
    /// otherwise.
    pub fn attest(
        &self,
        operator: &str,
        key: &SigningKey,
        challenge: &[u8; 32],
        change: impl Fn(Claim) -> Claim,
    ) -> registry::Attestation {
        self.world.attest(change(Claim {
            key,
            chain_id: self.net.chain_id(),
            registry: self.registry.address.as_str(),
            operator: &address(operator),
            challenge,
            cpu: Cpu::Tdx,
            gpus: 0,
            certificates: Certificates::Full,
            staged: false,
        }))
    }

    /// Registers a worker; returns its id.
    pub fn register(&mut self, operator: &str, key: &SigningKey) -> WorkerId {
        let attestation = self.attestation(operator, key);
        let register = registry::ExecuteMsg::Register {
            worker_id: None,
            attestation,
            listing: self.listing(),
            padding: None,
        };
        let result = self
            .registry(operator, "register", &register)
            .expect("register");
        answer::<registry::RegisterAnswer>(&result).worker_id
    }

    /// What every worker here offers.
    pub fn listing(&self) -> Listing {
        let rates = vec![
            Rate {
                unit: Unit::Input,
                rate: INPUT_RATE,
            },
            Rate {
                unit: Unit::Output,
                rate: OUTPUT_RATE,
            },
        ];
        let token = self.token.address.clone();
        let models = vec![ModelListing {
            model: MODEL.into(),
            token,
            rates,
        }];
        Listing {
            url: "http://127.0.0.1:8080".into(),
            models,
        }
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
            msg: Some(Binary(serde_json::to_vec(msg).expect("json"))),
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

    /// An encoded receipt.
    pub fn receipt(
        &self,
        key: &SigningKey,
        session: &secret_ai_interface::SessionId,
        seq: u64,
        counters: [u64; 2],
    ) -> Binary {
        let receipt = Receipt {
            session_id: session.0,
            kid: kid(key),
            seq,
            is_final: false,
            aborted: false,
            counters: counters.to_vec(),
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

    /// Balance in the token of an actor that has set its viewing key.
    pub fn token_balance(&self, name: &str) -> u128 {
        let query = token::QueryMsg::Balance {
            address: address(name),
            key: format!("{name}-key"),
        };
        match self.ask(&self.token, &query) {
            token::QueryAnswer::Balance { amount } => amount.u128(),
            other => panic!("no balance: {other:?}"),
        }
    }

    /// Free balance of an actor with billing.
    pub fn free(&self, name: &str) -> u128 {
        let query = billing::QueryMsg::Account {
            address: Addr::unchecked(address(name)),
            key: format!("{name}-key"),
        };
        let answer: billing::AccountAnswer = self.ask(&self.billing, &query);
        answer.balances[0].free.u128()
    }

    /// Earned and claimed of an operator.
    pub fn earnings(&self, name: &str) -> (u128, u128) {
        let query = rewards::QueryMsg::Earnings {
            address: Addr::unchecked(address(name)),
            key: format!("{name}-key"),
        };
        let answer: rewards::EarningsAnswer = self.ask(&self.rewards, &query);
        (
            answer.earnings[0].earned.u128(),
            answer.earnings[0].claimed.u128(),
        )
    }

    /// Queries a contract.
    pub fn ask<T: DeserializeOwned>(&self, of: &Contract, msg: &impl Serialize) -> T {
        self.net
            .query_json(of.address.as_str(), msg)
            .expect("query")
    }
}

/// The JSON answer of a transaction's first message.
pub fn answer<T: DeserializeOwned>(result: &TxResult) -> T {
    serde_json::from_slice(result.data()).expect("answer")
}
