//! Who takes part in every scenario, and what they do.

use cosmwasm_std::{Binary, Uint128};
use secret_ai_interface::billing::{
    ClockAnswer, ExecuteMsg, FinalizeAnswer, OpenAnswer, OpenSession, QueryMsg, ReceiveMsg,
    SessionAuth, SettleEntry, Timing,
};
use secret_ai_interface::{rewards, Contract, Hex, SessionId, WorkerId};
use secret_ai_receipts::{kid, sign, Ack, Receipt, SigningKey};
use secret_devnet::{DevnetError, TxResult};
use serde::Serialize;
use serde_json::{json, Value};

use super::difference::Step;
use super::readable::readable;
use crate::local::{address, answer, Local};

/// Windows that a scenario lives through in a few transactions.
pub const TIMING: Timing = Timing {
    epoch_s: 600,
    grace_s: 7_200,
    challenge_s: 3_600,
};
/// Operators of the three workers.
pub const OPERATORS: [&str; 3] = ["operator-0", "operator-1", "operator-2"];
/// Users whose secrets are at stake.
pub const USERS: [&str; 3] = ["user-0", "user-1", "user-2"];
/// A user who is the observer's own.
pub const SPY: &str = "spy";
/// Whoever sends `finalize`; the observer's own, too.
pub const CRANK: &str = "crank";
/// What each user holds at the start, base units.
pub const FUNDS: u128 = 1_000_000_000_000_000_000;
/// Sessions that one `finalize` touches.
const LIMIT: u32 = 16;

/// A registered worker.
pub struct Worker {
    pub key: SigningKey,
    pub id: WorkerId,
}

/// A chain with three workers, and what its actors heard off the chain.
pub struct Scene {
    pub local: Local,
    pub workers: [Worker; 3],
    /// What is to be compared besides the observer's view.
    pub heard: Vec<Step>,
}

/// What one worker hands in for one session.
#[derive(Clone)]
pub struct Work {
    pub session: SessionId,
    pub seq: u64,
    /// Cumulative counts, one per line.
    pub counters: Vec<u64>,
    pub is_final: bool,
    /// The client's key and the amount that it acknowledges, base units.
    pub ack: Option<(SigningKey, u128)>,
}

impl Work {
    /// Not the last of its session, not acknowledged.
    pub fn new(session: SessionId, seq: u64, counters: impl Into<Vec<u64>>) -> Work {
        Work {
            session,
            seq,
            counters: counters.into(),
            is_final: false,
            ack: None,
        }
    }
}

impl Scene {
    /// Deploys everything, registers the workers, funds the users.
    pub fn new() -> Scene {
        let users = [USERS[0], USERS[1], USERS[2], SPY].map(|user| (user, FUNDS));
        let mut local = Local::with_artifacts(TIMING, &users, &[]);
        local.prepare_registry();
        let mut number = 0;
        let workers = OPERATORS.map(|operator| {
            number += 1;
            let key = SigningKey::from_slice(&[number; 32]).expect("a key");
            let id = local.register(operator, &key);
            Worker { key, id }
        });
        let heard = Vec::new();
        Scene {
            local,
            workers,
            heard,
        }
    }

    /// Sends a message that must succeed.
    pub fn must(&mut self, sender: &str, what: &str, msg: &ExecuteMsg) -> TxResult {
        let done = self.local.billing(sender, what, msg);
        done.unwrap_or_else(|error| panic!("{sender}: billing: {what}: {error}"))
    }

    /// Sends a message that must fail.
    pub fn must_fail(&mut self, sender: &str, what: &str, msg: &ExecuteMsg) {
        let done = self.local.billing(sender, what, msg);
        assert!(done.is_err(), "{sender}: billing: {what} was not refused");
    }

    /// Deposits, and opens sessions out of the deposit if there are any.
    pub fn deposit(&mut self, user: &str, amount: u128, sessions: Vec<OpenSession>) {
        let msg = match sessions.is_empty() {
            true => ReceiveMsg::Deposit {
                beneficiary: None,
                padding: None,
            },
            false => ReceiveMsg::OpenSessions {
                sessions,
                padding: None,
            },
        };
        let done = self.local.deposit(user, amount, &msg);
        done.unwrap_or_else(|error| panic!("{user}: deposit: {error}"));
    }

    /// Opens sessions out of the free balance.
    pub fn open(&mut self, user: &str, sessions: Vec<OpenSession>) -> Vec<SessionId> {
        let what = format!("open_sessions, {}", sessions.len());
        let open = ExecuteMsg::OpenSessions {
            token: self.local.token.address.clone(),
            sessions,
            padding: None,
        };
        answer::<OpenAnswer>(&self.must(user, &what, &open)).session_ids
    }

    /// Plain terms with a worker.
    pub fn terms(&self, worker: usize, cap: u128) -> OpenSession {
        self.local.terms(self.workers[worker].id, cap)
    }

    /// A page entry of a worker.
    pub fn entry(&self, worker: usize, work: &Work) -> SettleEntry {
        let key = &self.workers[worker].key;
        let kid = kid(key);
        let receipt = Receipt {
            session_id: work.session.0,
            kid,
            seq: work.seq,
            is_final: work.is_final,
            aborted: false,
            counters: work.counters.clone(),
            evidence: [0xee; 32],
        };
        let domain = self.local.domain();
        let ack = work.ack.as_ref().map(|(client, amount)| {
            let ack = Ack {
                session_id: work.session.0,
                kid,
                seq: work.seq,
                amount: *amount,
            };
            Binary(sign(client, &domain, ack).encode())
        });
        SettleEntry {
            receipt: Binary(sign(key, &domain, receipt).encode()),
            ack,
        }
    }

    /// A worker's operator hands in a page of these entries.
    pub fn page(&mut self, worker: usize, entries: Vec<SettleEntry>) {
        let settle = ExecuteMsg::Settle {
            kid: Hex(kid(&self.workers[worker].key)),
            entries,
            padding: None,
        };
        self.must(OPERATORS[worker], "settle", &settle);
    }

    /// One round of settling: every worker hands in one page, with work in it or without.
    pub fn round(&mut self, work: [&[Work]; 3]) {
        for (worker, work) in work.into_iter().enumerate() {
            let entries = work.iter().map(|work| self.entry(worker, work)).collect();
            self.page(worker, entries);
        }
    }

    /// Ends the epoch and finalizes all of it. What the sender can read must not tell anything.
    pub fn finalize(&mut self) {
        self.local.net.advance(TIMING.epoch_s);
        let clock: ClockAnswer = self.local.ask(&self.local.billing, &QueryMsg::Clock {});
        let finalize = ExecuteMsg::Finalize {
            epoch: clock.epoch - 1,
            limit: LIMIT,
            padding: None,
        };
        loop {
            let result = self.must(CRANK, "finalize", &finalize);
            self.hear("finalize, as its sender reads it", readable(&result));
            if answer::<FinalizeAnswer>(&result).remaining == 0 {
                return;
            }
        }
    }

    /// An operator claims; all if no amount is given.
    pub fn claim(&mut self, operator: &str, amount: Option<u128>) {
        let done = self.try_to_claim(operator, amount);
        done.unwrap_or_else(|error| panic!("{operator}: claim: {error}"));
    }

    /// An operator claims more than it has.
    pub fn must_fail_to_claim(&mut self, operator: &str, amount: u128) {
        let done = self.try_to_claim(operator, Some(amount));
        assert!(done.is_err(), "{operator}: claim was not refused");
    }

    fn try_to_claim(
        &mut self,
        operator: &str,
        amount: Option<u128>,
    ) -> Result<TxResult, DevnetError> {
        let claim = rewards::ExecuteMsg::Claim {
            token: self.local.token.address.clone(),
            amount: amount.map(Uint128::new),
            padding: None,
        };
        let to = self.local.rewards.clone();
        self.local.send(operator, "rewards: claim", &to, &claim)
    }

    /// A user closes sessions, one message each.
    pub fn close(&mut self, user: &str, sessions: &[SessionId]) {
        for session_id in sessions {
            let close = ExecuteMsg::CloseSession {
                session_id: *session_id,
                padding: None,
            };
            self.must(user, "close_session", &close);
        }
    }

    /// Lets the challenge window and the epoch of its end pass.
    pub fn wait(&mut self) {
        let seconds = TIMING.challenge_s + 2 * TIMING.epoch_s;
        self.local.net.advance(seconds);
    }

    /// A user reclaims sessions in one message.
    pub fn reclaim(&mut self, user: &str, sessions: &[SessionId]) {
        let reclaim = ExecuteMsg::Reclaim {
            session_ids: sessions.to_vec(),
            padding: None,
        };
        let what = format!("reclaim, {}", sessions.len());
        self.must(user, &what, &reclaim);
    }

    /// A user withdraws; all if no amount is given.
    pub fn withdraw(&mut self, user: &str, amount: Option<u128>) {
        let withdraw = self.withdrawal(amount);
        self.must(user, "withdraw", &withdraw);
    }

    /// The message of a withdrawal.
    pub fn withdrawal(&self, amount: Option<u128>) -> ExecuteMsg {
        ExecuteMsg::Withdraw {
            token: self.local.token.address.clone(),
            amount: amount.map(Uint128::new),
            padding: None,
        }
    }

    /// Ids of all sessions of a user who has set a viewing key.
    pub fn sessions(&self, user: &str) -> Vec<SessionId> {
        let sessions = QueryMsg::Sessions {
            address: cosmwasm_std::Addr::unchecked(address(user)),
            key: format!("{user}-key"),
            start: None,
            limit: None,
        };
        let answer: secret_ai_interface::billing::SessionsAnswer =
            self.local.ask(&self.local.billing, &sessions);
        let ids = answer.sessions.iter().map(|own| own.session.session_id);
        ids.collect()
    }

    /// Notes what somebody heard.
    pub fn hear(&mut self, what: &str, seen: Value) {
        let what = what.to_string();
        self.heard.push(Step { what, seen });
    }

    /// Asks a contract and notes what it says; true if that is an answer.
    pub fn ask(&mut self, what: &str, of: &Contract, msg: &impl Serialize) -> bool {
        let msg = serde_json::to_vec(msg).expect("json");
        let said = self.local.net.query(of.address.as_str(), None, &msg);
        let answered = said.is_ok();
        let seen = match said {
            Ok(answer) => json!({ "answer": String::from_utf8_lossy(&answer) }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        self.hear(what, seen);
        answered
    }
}

/// The authenticator of a client with a key.
pub fn key_auth(key: &SigningKey) -> SessionAuth {
    SessionAuth::K(Hex(secret_ai_receipts::public_key(key)))
}

impl Default for Scene {
    fn default() -> Self {
        Scene::new()
    }
}
