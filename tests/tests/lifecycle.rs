//! The whole life of sessions on the real wasm: money moves as the protocol says, to the base unit,
//! and bad input changes nothing.

use cosmwasm_std::Uint128;
use secret_ai_interface::billing::{
    ClockAnswer, EntryStatus, ExecuteMsg, FinalizeAnswer, OpenAnswer, QueryMsg, ReceiveMsg,
    ReclaimAnswer, SettleAnswer, SettleEntry, Timing, WithdrawAnswer,
};
use secret_ai_interface::{rewards, Hex, SessionId, WorkerId};
use secret_ai_receipts::{kid, SigningKey};
use secret_ai_tests::local::{address, answer, Local, FUNDS, INPUT_RATE, OUTPUT_RATE};

const TIMING: Timing = Timing {
    epoch_s: 600,
    grace_s: 7_200,
    challenge_s: 3_600,
};
const DEPOSIT: u128 = 1_000_000;

fn price(input: u64, output: u64) -> u128 {
    (u128::from(input) * u128::from(INPUT_RATE) + u128::from(output) * u128::from(OUTPUT_RATE))
        .div_ceil(1_000_000)
}

struct Scene {
    local: Local,
    key: SigningKey,
    worker: WorkerId,
}

fn scene() -> Scene {
    let mut local = Local::new(TIMING);
    local.prepare_registry();
    let key = SigningKey::from_slice(&[9; 32]).unwrap();
    let worker = local.register("operator", &key);
    let deposit = ReceiveMsg::Deposit {
        beneficiary: None,
        padding: None,
    };
    local.deposit("user", DEPOSIT, &deposit).unwrap();
    for of in [local.token.clone(), local.billing.clone()] {
        local.set_viewing_key("user", &of);
    }
    for of in [local.token.clone(), local.rewards.clone()] {
        local.set_viewing_key("operator", &of);
    }
    Scene { local, key, worker }
}

impl Scene {
    fn open(&mut self, cap: u128) -> SessionId {
        let open = ExecuteMsg::OpenSessions {
            token: self.local.token.address.clone(),
            sessions: vec![self.local.terms(self.worker, cap)],
            padding: None,
        };
        let result = self.local.billing("user", "open_sessions", &open).unwrap();
        answer::<OpenAnswer>(&result).session_ids[0]
    }

    /// Anybody hands in a page of the worker's.
    fn settle(&mut self, entries: Vec<SettleEntry>) -> Vec<EntryStatus> {
        let key = self.key.clone();
        self.settle_of(&key, entries)
    }

    fn settle_of(&mut self, key: &SigningKey, entries: Vec<SettleEntry>) -> Vec<EntryStatus> {
        let settle = ExecuteMsg::Settle {
            kid: Hex(kid(key)),
            entries,
            padding: None,
        };
        let result = self.local.billing("anyone", "settle", &settle).unwrap();
        answer::<SettleAnswer>(&result).statuses
    }

    fn entry(&self, session: &SessionId, seq: u64, counters: [u64; 2]) -> SettleEntry {
        SettleEntry {
            receipt: self.local.receipt(&self.key, session, seq, counters),
            ack: None,
        }
    }

    fn finalize(&mut self) {
        self.local.net.advance(TIMING.epoch_s);
        let epoch = self.local.net.block_time_s() / TIMING.epoch_s - 1;
        let finalize = ExecuteMsg::Finalize {
            epoch,
            limit: 16,
            padding: None,
        };
        self.local.billing("anyone", "finalize", &finalize).unwrap();
    }

    fn reclaim(&mut self, session: SessionId) -> Option<Uint128> {
        let reclaim = ExecuteMsg::Reclaim {
            session_ids: vec![session],
            padding: None,
        };
        let result = self.local.billing("user", "reclaim", &reclaim).unwrap();
        answer::<ReclaimAnswer>(&result).reclaimed[0]
    }

    fn close(&mut self, session: SessionId) {
        let close = ExecuteMsg::CloseSession {
            session_id: session,
            padding: None,
        };
        self.local.billing("user", "close_session", &close).unwrap();
    }
}

#[test]
fn everything_is_paid_and_comes_back_to_the_base_unit() {
    let mut scene = scene();
    let session = scene.open(300_000);
    assert_eq!(scene.local.free("user"), DEPOSIT - 300_000);

    let newest = scene.entry(&session, 2, [1_000, 333]);
    let older = scene.entry(&session, 1, [400, 100]);
    let statuses = scene.settle(vec![newest.clone(), older, newest]);
    assert_eq!(statuses, [EntryStatus::Pending; 3]);
    scene.finalize();
    let paid = price(1_000, 333);
    assert_eq!(scene.local.earnings("operator"), (paid, 0));

    let token = scene.local.token.address.clone();
    let claim = rewards::ExecuteMsg::Claim {
        token: token.clone(),
        amount: None,
        padding: None,
    };
    let to = scene.local.rewards.clone();
    scene.local.send("operator", "claim", &to, &claim).unwrap();
    assert_eq!(scene.local.token_balance("operator"), paid);
    assert_eq!(scene.local.earnings("operator"), (paid, paid));
    let twice = scene.local.send("operator", "claim", &to, &claim).unwrap();
    assert_eq!(
        answer::<rewards::ClaimAnswer>(&twice).amount,
        Uint128::zero(),
        "twice gives nothing"
    );
    assert_eq!(scene.local.token_balance("operator"), paid);

    scene.close(session);
    assert_eq!(scene.reclaim(session), None, "the challenge window is open");
    scene
        .local
        .net
        .advance(TIMING.challenge_s + TIMING.epoch_s + 1);
    assert_eq!(scene.reclaim(session), Some(Uint128::new(300_000 - paid)));
    assert_eq!(
        scene.reclaim(session),
        Some(Uint128::zero()),
        "twice gives nothing"
    );

    let withdraw = ExecuteMsg::Withdraw {
        token,
        amount: None,
        padding: None,
    };
    for left in [DEPOSIT - paid, 0] {
        let result = scene.local.billing("user", "withdraw", &withdraw).unwrap();
        let amount = answer::<WithdrawAnswer>(&result).amount;
        assert_eq!(amount, Uint128::new(left));
    }
    assert_eq!(scene.local.free("user"), 0);
    assert_eq!(scene.local.token_balance("user"), FUNDS - paid);
}

#[test]
fn pages_without_work_earn_nothing_and_wait_like_others() {
    let mut scene = scene();
    let session = scene.open(10_000);
    let work = scene.entry(&session, 1, [10, 10]);
    let cover = ExecuteMsg::Settle {
        kid: Hex(kid(&scene.key)),
        entries: vec![],
        padding: None,
    };
    let pending = |scene: &Scene| {
        let clock: ClockAnswer = scene.local.ask(&scene.local.billing, &QueryMsg::Clock {});
        clock.pending
    };
    scene.local.billing("anyone", "cover", &cover).unwrap();
    assert_eq!(
        pending(&scene),
        0,
        "only the operator may keep a key's pages"
    );
    scene.local.billing("operator", "cover", &cover).unwrap();
    scene.settle(vec![work]);
    assert_eq!(pending(&scene), 8, "two pages of four entries");
    let earned_by = |scene: &mut Scene, limit| {
        let epoch = scene.local.net.block_time_s() / TIMING.epoch_s - 1;
        let finalize = ExecuteMsg::Finalize {
            epoch,
            limit,
            padding: None,
        };
        let result = scene.local.billing("anyone", "finalize", &finalize);
        let answer = answer::<FinalizeAnswer>(&result.unwrap());
        assert_eq!(answer.finalized, limit);
        (answer.remaining, scene.local.earnings("operator").0)
    };
    scene.local.net.advance(TIMING.epoch_s);
    assert_eq!(
        earned_by(&mut scene, 5),
        (3, 0),
        "paid when the cohort is through"
    );
    assert_eq!(earned_by(&mut scene, 3), (0, price(10, 10)));
}

#[test]
fn a_receipt_above_the_cap_pays_the_cap() {
    let mut scene = scene();
    let session = scene.open(1_000);
    let greedy = scene.entry(&session, 1, [1 << 40, 1 << 40]);
    scene.settle(vec![greedy]);
    scene.finalize();
    assert_eq!(scene.local.earnings("operator").0, 1_000);
}

#[test]
fn bad_entries_get_a_status_and_harm_no_other() {
    let mut scene = scene();
    let session = scene.open(10_000);
    let good = scene.entry(&session, 1, [10, 10]);
    let mut forged = good.clone();
    let last = forged.receipt.0.len() - 65;
    forged.receipt.0[last] ^= 1;
    let stranger = SigningKey::from_slice(&[77; 32]).unwrap();
    let unknown = SettleEntry {
        receipt: scene.local.receipt(&stranger, &session, 1, [10, 10]),
        ack: None,
    };
    let garbage = SettleEntry {
        receipt: b"garbage".as_slice().into(),
        ack: None,
    };
    let bad_ack = SettleEntry {
        ack: Some(b"x".as_slice().into()),
        ..good.clone()
    };
    use EntryStatus::{BadAck, BadReceipt, BadSignature, Pending, UnknownKid};
    let page = vec![forged, unknown.clone(), bad_ack, good];
    assert_eq!(
        scene.settle(page),
        [BadSignature, BadReceipt, BadAck, Pending],
        "a page is of one key"
    );
    assert_eq!(scene.settle(vec![garbage]), [BadReceipt]);
    assert_eq!(scene.settle_of(&stranger, vec![unknown]), [UnknownKid]);
    scene.finalize();
    assert_eq!(scene.local.earnings("operator").0, price(10, 10));
}

#[test]
fn another_workers_receipt_for_a_session_earns_nothing() {
    let mut scene = scene();
    let session = scene.open(10_000);
    let other = SigningKey::from_slice(&[10; 32]).unwrap();
    scene.local.register("rival", &other);
    let stolen = SettleEntry {
        receipt: scene.local.receipt(&other, &session, 1, [100, 100]),
        ack: None,
    };
    let statuses = scene.settle_of(&other, vec![stolen]);
    assert_eq!(statuses, [EntryStatus::Pending]);
    scene.finalize();
    let to = scene.local.rewards.clone();
    scene.local.set_viewing_key("rival", &to);
    assert_eq!(scene.local.earnings("rival"), (0, 0));
    assert_eq!(scene.local.earnings("operator"), (0, 0));
}

/// Every refused message leaves every balance as it was, and says why.
#[test]
fn bad_input_is_refused_with_field_and_limit() {
    let mut scene = scene();
    let token = scene.local.token.address.clone();
    let session = scene.open(1_000);
    let terms = |change: &dyn Fn(&mut secret_ai_interface::billing::OpenSession)| {
        let mut terms = scene.local.terms(scene.worker, 1_000);
        change(&mut terms);
        ExecuteMsg::OpenSessions {
            token: token.clone(),
            sessions: vec![terms],
            padding: None,
        }
    };
    let withdraw = |amount| ExecuteMsg::Withdraw {
        token: token.clone(),
        amount: Some(Uint128::new(amount)),
        padding: None,
    };
    let cases: Vec<(&str, ExecuteMsg, &str)> = vec![
        (
            "user",
            terms(&|t| t.cap = Uint128::zero()),
            "cap: must be above 0",
        ),
        (
            "user",
            terms(&|t| t.slack = Uint128::new(1_001)),
            "slack: must not exceed cap",
        ),
        (
            "user",
            terms(&|t| t.lines.clear()),
            "lines: 0, must be 1 to 8",
        ),
        (
            "user",
            terms(&|t| t.lines[0].rate = 1 << 56),
            "lines.rate: 72057594037927936",
        ),
        (
            "user",
            terms(&|t| t.lines[0].model = "m".repeat(65)),
            "lines.model, in bytes: 65",
        ),
        (
            "user",
            terms(&|t| t.lines[1] = t.lines[0].clone()),
            "two lines for the same",
        ),
        ("user", terms(&|t| t.expires = 1), "expires: 1, must be"),
        ("user", terms(&|t| t.cap = Uint128::MAX), "free balance: "),
        (
            "stranger",
            terms(&|_| ()),
            "free balance: 1000 base units needed, 0 available",
        ),
        (
            "user",
            withdraw(DEPOSIT),
            "free balance: 1000000 base units needed, 999000 available",
        ),
        (
            "stranger",
            ExecuteMsg::CloseSession {
                session_id: session,
                padding: None,
            },
            "session_id: no session of the sender",
        ),
        (
            "stranger",
            ExecuteMsg::Reclaim {
                session_ids: vec![session],
                padding: None,
            },
            "session_id: no session of the sender",
        ),
        (
            "user",
            ExecuteMsg::Reclaim {
                session_ids: vec![],
                padding: None,
            },
            "session_ids: 0",
        ),
        (
            "user",
            ExecuteMsg::Settle {
                kid: Hex(kid(&scene.key)),
                entries: vec![scene.entry(&session, 1, [1, 1]); 5],
                padding: None,
            },
            "entries: 5",
        ),
        (
            "user",
            ExecuteMsg::Finalize {
                epoch: u64::MAX,
                limit: 1,
                padding: None,
            },
            "has not ended, the current epoch is",
        ),
        (
            "user",
            ExecuteMsg::Finalize {
                epoch: 0,
                limit: 17,
                padding: None,
            },
            "limit: 17",
        ),
        (
            "operator",
            ExecuteMsg::Payout {
                token: token.clone(),
                recipient: cosmwasm_std::Addr::unchecked(address("operator")),
                amount: Uint128::new(1),
                padding: None,
            },
            "sender: must be the rewards contract",
        ),
        ("user", ExecuteMsg::Pause {}, "sender: must be the admin"),
        (
            "admin",
            ExecuteMsg::LinkRewards {
                rewards: scene.local.rewards.clone(),
            },
            "rewards: linked already",
        ),
        (
            "user",
            ExecuteMsg::SetViewingKey {
                key: "short".into(),
                padding: None,
            },
            "key: 5 bytes",
        ),
    ];
    for (sender, msg, why) in cases {
        let refused = scene
            .local
            .billing(sender, "refused", &msg)
            .unwrap_err()
            .to_string();
        assert!(refused.contains(why), "expected {why:?}, got {refused:?}");
    }
    assert_eq!(scene.local.free("user"), DEPOSIT - 1_000);

    let deposit = ReceiveMsg::Deposit {
        beneficiary: None,
        padding: None,
    };
    let small = scene
        .local
        .deposit("user", 999, &deposit)
        .unwrap_err()
        .to_string();
    assert!(
        small.contains("amount: 999 base units, must be at least 1000"),
        "{small}"
    );
    let balance = scene.local.token_balance("user");
    assert_eq!(
        balance,
        FUNDS - DEPOSIT,
        "a refused deposit leaves the tokens where they were"
    );
}
