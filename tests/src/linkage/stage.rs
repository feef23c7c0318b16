//! The day on the devnet, with the real contracts.

use cosmwasm_std::{Addr, Uint128};
use secret_ai_interface::billing::{
    ClockAnswer, EntryStatus, ExecuteMsg, FinalizeAnswer, Line, OpenAnswer, OpenSession,
    ReceiveMsg, SessionAuth, SettleAnswer, SettleEntry, Timing,
};
use secret_ai_interface::registry::{self, Listing, ModelListing, Rate};
use secret_ai_interface::{rewards, Hex, SessionId, Unit, WorkerId};
use secret_ai_receipts::{kid, sha256, SigningKey};
use secret_devnet::TxResult;

use super::day::{live, Entry, Ledger};
use super::known::{operator, own, public};
use super::plan::{Plan, MODELS};
use super::scenario::Scenario;
use super::trace::{Class, Evidence, Game, Seen};
use crate::local::{address, answer, Local, FUNDS};

/// What a wallet deposits per session, base units; the largest cap.
const PER_SESSION: u128 = 1_000_000;
/// Sessions expire so many seconds after they were opened.
const EXPIRES_S: u64 = 16 * 3_600;
/// Workers on one platform; the registry's policy allows as many.
const PER_PLATFORM: usize = 4;
/// No day needs more batches in one epoch.
const MAX_BATCHES: usize = 1_000;

/// A devnet on which a plan is lived.
pub struct Stage<'a> {
    plan: &'a Plan,
    local: Local,
    /// Sessions that one `finalize` touches.
    limit: u32,
    timing: Timing,
    /// Unix seconds at which the day begins: an epoch's first second.
    begin_s: u64,
    keys: Vec<SigningKey>,
    workers: Vec<WorkerId>,
    /// One per session opened so far.
    ids: Vec<SessionId>,
    trace: Vec<Seen>,
}

/// Plays a day under a scenario.
pub fn play(plan: &Plan, scenario: &Scenario, limit: u32) -> Game {
    let mut stage = Stage::new(plan, scenario, limit);
    let tally = live(plan, scenario.cover, &mut stage);
    let truth = plan.sessions.iter().map(|session| session.choice).collect();
    Game {
        evidence: Evidence {
            public: public(plan, stage.local.rewards.address.as_str(), limit),
            own: own(plan),
            trace: stage.trace,
        },
        truth,
        entries: tally.entries,
        late: tally.late,
    }
}

impl<'a> Stage<'a> {
    /// Deploys, registers every worker and fills every wallet's account.
    fn new(plan: &'a Plan, scenario: &Scenario, limit: u32) -> Stage<'a> {
        let round_s = plan.size.round_s;
        let timing = Timing {
            epoch_s: round_s,
            grace_s: 4 * 3_600,
            challenge_s: 2 * 3_600,
        };
        let replaced = [("billing", scenario.billing), ("rewards", scenario.rewards)];
        let local = Local::with_artifacts(timing, &[("user", FUNDS)], &replaced);
        let mut stage = Stage {
            plan,
            local,
            limit,
            timing,
            begin_s: 0,
            keys: Vec::new(),
            workers: Vec::new(),
            ids: Vec::new(),
            trace: Vec::new(),
        };
        stage.local.prepare_registry();
        for worker in 0..plan.size.workers {
            stage.register(worker);
        }
        for (wallet, sessions) in plan.wallets() {
            stage.fill(&wallet, sessions);
        }
        stage.begin_s = (stage.local.net.block_time_s() / round_s + 1) * round_s;
        stage
    }

    fn register(&mut self, worker: usize) {
        let operator = operator(worker);
        let key = SigningKey::from_slice(&sha256(operator.as_bytes())).expect("a key");
        // Few workers fit on one platform.
        self.local.world.tdx.platform.ppid = [(worker / PER_PLATFORM) as u8; 16];
        let attestation = self.local.attestation(&operator, &key);
        let register = registry::ExecuteMsg::Register {
            worker_id: None,
            attestation,
            listing: self.listing(worker),
            padding: None,
        };
        let result = self.local.registry(&operator, "register", &register);
        let result = result.expect("register");
        self.workers
            .push(answer::<registry::RegisterAnswer>(&result).worker_id);
        self.keys.push(key);
        self.record(Class::Register, result);
    }

    fn listing(&self, worker: usize) -> Listing {
        let listed = |model: &usize| ModelListing {
            model: MODELS[*model].into(),
            token: self.local.token.address.clone(),
            rates: rates(*model)
                .map(|(unit, rate)| Rate { unit, rate })
                .to_vec(),
        };
        Listing {
            url: format!("https://worker-{worker}.example"),
            models: self.plan.market.lists[worker].iter().map(listed).collect(),
        }
    }

    /// Somebody deposits for a wallet.
    fn fill(&mut self, wallet: &str, sessions: usize) {
        let deposit = ReceiveMsg::Deposit {
            beneficiary: Some(Addr::unchecked(address(wallet))),
            padding: None,
        };
        let amount = PER_SESSION * sessions as u128;
        let result = self.local.deposit("user", amount, &deposit);
        self.record(Class::Other, result.expect("deposit"));
    }

    fn billing(&mut self, class: Class, sender: &str, msg: &ExecuteMsg) -> TxResult {
        let what = format!("{class:?}");
        let result = self.local.billing(sender, &what, msg).expect(&what);
        self.record(class, result.clone());
        result
    }

    fn record(&mut self, class: Class, result: TxResult) {
        self.local.log.clear();
        self.trace.push(Seen {
            class,
            height: result.height,
            time_s: result.time_ns / 1_000_000_000,
            view: result.observer,
        });
    }

    /// Terms as a client makes them; nobody else needs to know them.
    fn terms(&self, session: usize) -> OpenSession {
        let planned = &self.plan.sessions[session];
        let model = planned.choice.model;
        let line = |(unit, rate)| Line {
            model: MODELS[model].into(),
            unit,
            rate,
        };
        let secret = sha256(&session.to_be_bytes());
        let cap = Uint128::new(PER_SESSION / (1 + u128::from(secret[0] % 16)));
        OpenSession {
            worker_id: self.workers[planned.choice.worker],
            lines: rates(model).map(line).to_vec(),
            cap,
            slack: cap,
            expires: self.local.net.block_time_s() + EXPIRES_S,
            auth: SessionAuth::H(Hex(secret)),
        }
    }
}

/// Prices of a model, base units per 1,000,000 tokens.
fn rates(model: usize) -> [(Unit, u64); 2] {
    let factor = 10u64.pow(model as u32 % 4);
    [(Unit::Input, 200 * factor), (Unit::Output, 900 * factor)]
}

impl Ledger for Stage<'_> {
    fn wait_until(&mut self, time_s: u64) {
        let time_s = self.begin_s + time_s;
        if time_s > self.local.net.block_time_s() {
            self.local.net.set_time(time_s).expect("a later time");
        }
    }

    fn open(&mut self, session: usize) {
        let open = ExecuteMsg::OpenSessions {
            token: self.local.token.address.clone(),
            sessions: vec![self.terms(session)],
            padding: None,
        };
        let wallet = self.plan.sessions[session].wallet.clone();
        let result = self.billing(Class::Open, &wallet, &open);
        self.ids.extend(answer::<OpenAnswer>(&result).session_ids);
    }

    fn settle(&mut self, worker: usize, entries: &[Entry]) {
        let key = &self.keys[worker];
        let entry = |entry: &Entry| SettleEntry {
            receipt: self
                .local
                .receipt(key, &self.ids[entry.session], entry.seq, entry.counters),
            ack: None,
        };
        let settle = ExecuteMsg::Settle {
            kid: Hex(kid(key)),
            entries: entries.iter().map(entry).collect(),
            padding: None,
        };
        let result = self.billing(Class::Settle, &operator(worker), &settle);
        let statuses = answer::<SettleAnswer>(&result).statuses;
        assert_eq!(statuses, vec![EntryStatus::Pending; entries.len()]);
    }

    fn finalize(&mut self) {
        for _ in 0..MAX_BATCHES {
            let billing = self.local.billing.clone();
            let clock: ClockAnswer = self
                .local
                .ask(&billing, &secret_ai_interface::billing::QueryMsg::Clock {});
            if clock.pending == 0 {
                return;
            }
            let finalize = ExecuteMsg::Finalize {
                epoch: clock.epoch.saturating_sub(1),
                limit: self.limit,
                padding: None,
            };
            let result = self.billing(Class::Finalize, "crank", &finalize);
            let FinalizeAnswer { remaining, .. } = answer(&result);
            if remaining == 0 {
                return;
            }
        }
        panic!("{MAX_BATCHES} batches did not empty the queue");
    }

    fn claim(&mut self, worker: usize) {
        let claim = rewards::ExecuteMsg::Claim {
            token: self.local.token.address.clone(),
            amount: None,
            padding: None,
        };
        let to = self.local.rewards.clone();
        let result = self.local.send(&operator(worker), "claim", &to, &claim);
        self.record(Class::Claim, result.expect("claim"));
    }

    fn close(&mut self, session: usize) {
        let close = ExecuteMsg::CloseSession {
            session_id: self.ids[session],
            padding: None,
        };
        let wallet = self.plan.sessions[session].wallet.clone();
        self.billing(Class::Other, &wallet, &close);
    }

    fn reclaim(&mut self, session: usize) {
        let reclaim = ExecuteMsg::Reclaim {
            session_ids: vec![self.ids[session]],
            padding: None,
        };
        let wallet = self.plan.sessions[session].wallet.clone();
        self.billing(Class::Other, &wallet, &reclaim);
    }

    fn wait_for_the_end(&mut self) {
        self.local
            .net
            .advance(self.timing.challenge_s + 2 * self.timing.epoch_s);
    }
}
