//! The invariants I1–I10 of docs/protocol.md on the pure money rules: random histories of deposits,
//! sessions, receipts (new, stale, repeated, permuted, of other sessions), acks, closing, pausing
//! and claims, checked after every event.

use billing::clock::{epoch_of, Clock, PAUSE_S};
use billing::money::{
    apply, deadline, has_ended, reclaim, Account, Claim, Credits, KeyTally, Limits, Progress,
};
use proptest::prelude::*;
use secret_ai_interface::billing::{Timing, MAX_KEYS};
use secret_ai_interface::{Hex, Kid, MAX_LINES};
use secret_ai_receipts::{amount, LineCount};

const TIMING: Timing = Timing {
    epoch_s: 60,
    grace_s: 3_600,
    challenge_s: 600,
};
const USERS: usize = 3;
/// As many as a session pays.
const KIDS: usize = MAX_KEYS;

/// One random event; indices are taken modulo what exists.
#[derive(Clone, Debug)]
enum Event {
    Deposit {
        user: usize,
        amount: u64,
    },
    Open {
        user: usize,
        cap: u64,
        slack: u64,
        rates: [u32; 2],
        life: u16,
    },
    Settle {
        session: usize,
        kid: usize,
        counters: [u32; 2],
        ack: u64,
        is_final: bool,
    },
    Compromise {
        kid: usize,
    },
    Repeat {
        earlier: usize,
    },
    Finalize {
        limit: usize,
    },
    Close {
        session: usize,
    },
    Reclaim {
        session: usize,
    },
    Withdraw {
        user: usize,
        amount: u64,
    },
    Claim {
        amount: u64,
    },
    Pause,
    Unpause,
    Wait {
        seconds: u32,
    },
}

struct Session {
    user: usize,
    limits: Limits,
    rates: [u64; 2],
    progress: Progress,
}

#[derive(Clone)]
struct Entry {
    session: usize,
    claim: Claim,
}

/// The receipt key with this index.
fn kid(index: usize) -> Kid {
    Hex([u8::try_from(index % KIDS).unwrap() + 1; 20])
}

/// The contract's state around the pure rules, with what the invariants need to know besides.
struct World {
    clock: Clock,
    vault: u128,
    accounts: [Account; USERS],
    sessions: Vec<Session>,
    pending: Vec<Entry>,
    settled: Vec<Entry>,
    compromised: [bool; KIDS],
    credits: Credits,
    deposited: [u128; USERS],
    withdrawn: [u128; USERS],
    earned: u128,
    claimed: u128,
    paused_time: u64,
}

impl World {
    fn new() -> Self {
        World {
            clock: Clock::new(1_000_000, 1),
            vault: 0,
            accounts: [Account::default(); USERS],
            sessions: vec![],
            pending: vec![],
            settled: vec![],
            compromised: [false; KIDS],
            credits: Credits::default(),
            deposited: [0; USERS],
            withdrawn: [0; USERS],
            earned: 0,
            claimed: 0,
            paused_time: 0,
        }
    }

    fn epoch(&self) -> u64 {
        epoch_of(self.clock.now, TIMING.epoch_s)
    }

    fn finalized_before(&self) -> u64 {
        self.pending
            .first()
            .map_or(self.epoch(), |e| e.claim.epoch.min(self.epoch()))
    }

    fn session(&self, index: usize) -> Option<usize> {
        index.checked_rem(self.sessions.len())
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Deposit { user, amount } => {
                let user = user % USERS;
                self.accounts[user].credit(0, amount.into()).unwrap();
                self.vault += u128::from(amount);
                self.deposited[user] += u128::from(amount);
            }
            Event::Open {
                user,
                cap,
                slack,
                rates,
                life,
            } => {
                if self.clock.paused() {
                    return;
                }
                let user = user % USERS;
                let (cap, slack) = (u128::from(cap) + 1, u128::from(slack.min(cap)));
                if self.accounts[user].debit(0, cap).is_ok() {
                    let expires = self.clock.now + 1 + u64::from(life);
                    self.sessions.push(Session {
                        user,
                        limits: Limits {
                            cap,
                            slack,
                            expires,
                        },
                        rates: rates.map(u64::from),
                        progress: Progress::default(),
                    });
                }
            }
            Event::Settle {
                session,
                kid: key,
                counters,
                ack,
                is_final,
            } => {
                if let (Some(session), false) = (self.session(session), self.clock.paused()) {
                    let mut all = [0; MAX_LINES];
                    all[..2].copy_from_slice(&counters.map(u64::from));
                    let claim = Claim {
                        kid: kid(key),
                        epoch: self.epoch(),
                        settled_at: self.clock.now,
                        counters: all,
                        ack: ack.into(),
                        is_final,
                        compromised: self.compromised[key % KIDS],
                    };
                    let entry = Entry { session, claim };
                    self.settled.push(entry.clone());
                    self.pending.push(entry);
                }
            }
            Event::Repeat { earlier } => {
                if let (Some(i), false) =
                    (earlier.checked_rem(self.settled.len()), self.clock.paused())
                {
                    let mut entry = self.settled[i].clone();
                    entry.claim.epoch = self.epoch();
                    entry.claim.settled_at = self.clock.now;
                    let index = (0..KIDS).find(|i| kid(*i) == entry.claim.kid).unwrap();
                    entry.claim.compromised = self.compromised[index];
                    self.pending.push(entry);
                }
            }
            Event::Compromise { kid } => self.compromised[kid % KIDS] = true,
            Event::Finalize { limit } => {
                let current = self.epoch();
                let ready = self
                    .pending
                    .iter()
                    .take_while(|e| e.claim.epoch < current)
                    .count();
                let batch: Vec<_> = self.pending.drain(..ready.min(limit % 17)).collect();
                for entry in batch {
                    let earned = pay(&mut self.sessions[entry.session], &entry);
                    self.credits.earn(0, earned).unwrap();
                    self.earned += earned;
                }
            }
            Event::Close { session } => {
                if let Some(session) = self.session(session) {
                    let now = self.clock.now;
                    self.sessions[session].progress.closed_at.get_or_insert(now);
                }
            }
            Event::Reclaim { session } => {
                if let Some(session) = self.session(session) {
                    let (now, before) = (self.clock.now, self.finalized_before());
                    let s = &mut self.sessions[session];
                    let rest = reclaim(&s.limits, &mut s.progress, &TIMING, now, before);
                    self.accounts[s.user].credit(0, rest.unwrap_or(0)).unwrap();
                }
            }
            Event::Withdraw { user, amount } => {
                let (user, amount) = (user % USERS, u128::from(amount));
                if self.accounts[user].debit(0, amount).is_ok() {
                    self.vault -= amount;
                    self.withdrawn[user] += amount;
                }
            }
            Event::Claim { amount } => {
                if self.credits.pay_out(0, amount.into()).is_ok() {
                    self.vault -= u128::from(amount);
                    self.claimed += u128::from(amount);
                }
            }
            Event::Pause => {
                let _ = self.clock.pause();
            }
            Event::Unpause => {
                let _ = self.clock.unpause();
            }
            Event::Wait { seconds } => self.wait(seconds.into()),
        }
    }

    fn wait(&mut self, seconds: u64) {
        let before = self.clock;
        self.clock = before.at(before.block_s + seconds, before.height + seconds / 6 + 1);
        let passed = self.clock.now - before.now;
        self.paused_time += seconds - passed;
        // I9: the clock stands still exactly while paused, and for 7 days at most.
        if !before.paused() {
            assert_eq!(passed, seconds, "I9: time lost without a pause");
        }
        if let Some(from) = self.clock.paused_at {
            assert!(
                self.clock.block_s < from + PAUSE_S,
                "I9: paused for over 7 days"
            );
        }
    }

    fn check(&self) {
        let free: u128 = self.accounts.iter().map(|a| a.free(0)).sum();
        let open = self.sessions.iter().filter(|s| !s.progress.reclaimed);
        let locked: u128 = open.map(|s| s.limits.cap - s.progress.paid).sum();
        assert_eq!(
            self.vault,
            free + locked + self.credits.0[0],
            "I1: conservation"
        );
        assert_eq!(self.credits.0[0], self.earned - self.claimed, "I1: credits");
        for s in &self.sessions {
            assert!(s.progress.paid <= s.limits.cap, "I2: cap");
            let keys = s.progress.keys.iter();
            let acked: u128 = keys.clone().map(|t| t.ack.min(t.amount)).sum();
            let amounts: u128 = keys.map(|t| t.amount).sum();
            assert!(s.progress.paid <= amounts, "I3: above the receipts");
            assert!(
                s.progress.paid <= acked + s.limits.slack,
                "I3: above acks and slack"
            );
        }
        for user in 0..USERS {
            let own = || self.sessions.iter().filter(|s| s.user == user);
            let paid: u128 = own().map(|s| s.progress.paid).sum();
            let locked: u128 = own()
                .filter(|s| !s.progress.reclaimed)
                .map(|s| s.limits.cap - s.progress.paid)
                .sum();
            let held = self.accounts[user].free(0) + locked + self.withdrawn[user];
            assert_eq!(
                self.deposited[user] - held,
                paid,
                "I5/I10: user {user} lost other money"
            );
        }
        let paid: u128 = self.sessions.iter().map(|s| s.progress.paid).sum();
        assert_eq!(paid, self.earned, "I10: workers earned what sessions paid");
    }
}

fn pay(session: &mut Session, entry: &Entry) -> u128 {
    let (before, ended) = (session.progress, session.progress.reclaimed);
    let (limits, rates) = (&session.limits, &session.rates);
    let earned = apply(limits, rates, &TIMING, &mut session.progress, &entry.claim).unwrap();
    let after = session.progress;
    assert!(after.paid >= before.paid, "I4: monotone");
    for (old, new) in before.keys.iter().zip(&after.keys) {
        let kept = old.kid == new.kid || *old == KeyTally::default();
        assert!(kept, "I4: a key lost its place");
        assert!(
            new.amount >= old.amount && new.ack >= old.ack,
            "I4: monotone tally"
        );
        let counters = new.counters.iter().zip(old.counters);
        assert!(
            counters.into_iter().all(|(new, old)| *new >= old),
            "I4: counters"
        );
    }
    if ended {
        assert_eq!(before, after, "I4: an ended session changed");
    }
    assert_eq!(
        earned,
        after.paid - before.paid,
        "I10: earned is what was paid"
    );
    earned
}

fn event() -> impl Strategy<Value = Event> {
    let small = 0u64..5_000;
    prop_oneof![
        2 => (0..USERS, small.clone()).prop_map(|(user, amount)| Event::Deposit { user, amount }),
        3 => (0..USERS, 0u64..2_000, 0u64..2_500, any::<[u32; 2]>(), 1u16..4_000).prop_map(
            |(user, cap, slack, rates, life)| Event::Open { user, cap, slack, rates, life }
        ),
        8 => (0usize..8, 0..KIDS, [0u32..3_000, 0u32..3_000], 0u64..2_000, prop::bool::weighted(0.1))
            .prop_map(|(session, kid, counters, ack, is_final)| Event::Settle {
                session, kid, counters, ack, is_final
            }),
        3 => (0usize..50).prop_map(|earlier| Event::Repeat { earlier }),
        5 => (1usize..17).prop_map(|limit| Event::Finalize { limit }),
        1 => (0..KIDS).prop_map(|kid| Event::Compromise { kid }),
        1 => (0usize..8).prop_map(|session| Event::Close { session }),
        2 => (0usize..8).prop_map(|session| Event::Reclaim { session }),
        2 => (0..USERS, small.clone()).prop_map(|(user, amount)| Event::Withdraw { user, amount }),
        2 => small.prop_map(|amount| Event::Claim { amount }),
        1 => Just(Event::Pause),
        1 => Just(Event::Unpause),
        5 => (1u32..400).prop_map(|seconds| Event::Wait { seconds }),
        1 => (3_600u32..100_000).prop_map(|seconds| Event::Wait { seconds }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    /// I1–I5, I9, I10 after every event of a random history; then I6: everybody gets out.
    #[test]
    fn random_histories_keep_the_invariants(events in prop::collection::vec(event(), 1..120)) {
        let mut world = World::new();
        for event in events {
            world.step(event);
            world.check();
        }
        // I6: workers are dead; the users close, wait and crank, and everything comes back.
        for session in 0..world.sessions.len() {
            world.step(Event::Close { session });
        }
        world.step(Event::Unpause);
        world.wait(TIMING.challenge_s + 2 * TIMING.epoch_s);
        while !world.pending.is_empty() {
            world.step(Event::Finalize { limit: 16 });
            world.check();
        }
        for session in 0..world.sessions.len() {
            world.step(Event::Reclaim { session });
            world.check();
            prop_assert!(world.sessions[session].progress.reclaimed, "I6: stuck session");
        }
        let free: u128 = world.accounts.iter().map(|a| a.free(0)).sum();
        prop_assert_eq!(world.vault, free + world.credits.0[0], "I6: stuck money");
    }

    /// I7 and I8: whatever the order, repetition and batching of receipts that were settled in
    /// time, the final state is the same, and pays min(cap, acked + slack, amounts) exactly.
    #[test]
    fn order_and_repetition_do_not_matter(
        receipts in prop::collection::vec(
            (0..KIDS, [0u32..9_000, 0u32..9_000], 0u64..4_000, any::<bool>()), 1..12
        ),
        order in any::<prop::sample::Index>(),
        cap in 1u64..30_000, slack in 0u64..30_000,
        seed in any::<u64>(),
    ) {
        let rates = [900_000, 2_300_000];
        let limits = Limits { cap: cap.into(), slack: slack.into(), expires: 2_000_000 };
        let claims: Vec<_> = receipts.iter().map(|(index, counters, ack, compromised)| {
            let mut all = [0; MAX_LINES];
            all[..2].copy_from_slice(&counters.map(u64::from));
            (*index, Claim {
                kid: kid(*index),
                epoch: 16_666, settled_at: 1_000_000, counters: all, ack: (*ack).into(),
                is_final: false, compromised: *compromised,
            })
        }).collect();
        let run = |claims: &[(usize, Claim)]| {
            let mut session = Session { user: 0, limits, rates, progress: Progress::default() };
            let mut earned = 0;
            for (_, claim) in claims {
                earned += pay(&mut session, &Entry { session: 0, claim: *claim });
            }
            // Keys take their places in the order in which they come.
            session.progress.keys.sort_by_key(|key| key.kid.0);
            (session.progress, earned)
        };
        let straight = run(&claims);
        let mut shuffled = claims.clone();
        shuffled.rotate_left(order.index(claims.len()));
        if seed % 2 == 0 {
            shuffled.reverse();
        }
        shuffled.extend(claims.iter().take((seed % 5) as usize).cloned());
        prop_assert_eq!(&straight, &run(&shuffled), "I8");

        let price = |c: &Claim| {
            let lines = c.counters.iter().zip(rates);
            let all = amount(lines.map(|(count, rate)| LineCount { count: *count, rate })).unwrap();
            if c.compromised { all.min(c.ack) } else { all }
        };
        let best = |kid: usize, f: &dyn Fn(&Claim) -> u128| {
            claims.iter().filter(|(k, _)| *k == kid).map(|(_, c)| f(c)).max().unwrap_or(0)
        };
        let amounts: Vec<_> = (0..KIDS).map(|kid| best(kid, &price)).collect();
        let acks: Vec<_> = (0..KIDS).map(|kid| best(kid, &|c| c.ack).min(amounts[kid])).collect();
        let (amount, acked) = (amounts.iter().sum::<u128>(), acks.iter().sum::<u128>());
        let payable = acked + (amount - acked).min(slack.into());
        prop_assert_eq!(straight.1, payable.min(cap.into()), "I7");
    }
}

/// I7: nothing that the user does lowers what a receipt settled before the deadline pays.
#[test]
fn closing_after_settlement_does_not_lower_the_payment() {
    let limits = Limits {
        cap: 1_000,
        slack: 1_000,
        expires: 5_000,
    };
    let mut progress = Progress {
        closed_at: Some(1_000),
        ..Default::default()
    };
    assert_eq!(deadline(&limits, &progress, &TIMING), 1_600);
    let mut counters = [0; MAX_LINES];
    counters[0] = 700;
    let claim = |settled_at| Claim {
        kid: kid(0),
        epoch: settled_at / 60,
        settled_at,
        counters,
        ack: 0,
        is_final: false,
        compromised: false,
    };
    let rates = [1_000_000];
    let mut pay = |at| apply(&limits, &rates, &TIMING, &mut progress, &claim(at)).unwrap();
    assert_eq!(pay(1_601), 0, "after the deadline");
    assert_eq!(pay(1_600), 700, "at the deadline");
    assert_eq!(pay(1_600), 0, "twice");
}

/// A session whose deadline passed has not ended while its epoch may still hold receipts.
#[test]
fn ends_only_when_its_epoch_is_finalized() {
    let limits = Limits {
        cap: 10,
        slack: 10,
        expires: 600,
    };
    let progress = Progress {
        closed_at: Some(0),
        ..Default::default()
    };
    let ended = |now, finalized| has_ended(&limits, &progress, &TIMING, now, finalized);
    assert!(!ended(600, 10), "at the deadline");
    assert!(!ended(601, 10), "its epoch, 10, is not finalized");
    assert!(ended(660, 11));
    let by_receipt = Progress {
        final_epoch: Some(3),
        ..Default::default()
    };
    assert!(!has_ended(&limits, &by_receipt, &TIMING, 200, 3));
    assert!(has_ended(&limits, &by_receipt, &TIMING, 240, 4));
}

/// A compromised key's unacked part is not paid.
#[test]
fn compromise_leaves_only_acked_amounts() {
    let limits = Limits {
        cap: 1_000,
        slack: 1_000,
        expires: 5_000,
    };
    let mut progress = Progress::default();
    let mut counters = [0; MAX_LINES];
    counters[0] = 500;
    let claim = Claim {
        kid: kid(0),
        epoch: 1,
        settled_at: 60,
        counters,
        ack: 200,
        is_final: false,
        compromised: true,
    };
    let earned = apply(&limits, &[1_000_000], &TIMING, &mut progress, &claim).unwrap();
    assert_eq!(earned, 200);
}

/// A session pays four receipt keys; a fifth earns nothing and changes nothing, the four go on.
#[test]
fn a_fifth_receipt_key_is_not_paid() {
    let limits = Limits {
        cap: 10_000,
        slack: 10_000,
        expires: 5_000,
    };
    let mut progress = Progress::default();
    let mut pay = |key: u8, count: u64| {
        let mut counters = [0; MAX_LINES];
        counters[0] = count;
        let claim = Claim {
            kid: Hex([key; 20]),
            epoch: 1,
            settled_at: 60,
            counters,
            ack: 0,
            is_final: true,
            compromised: false,
        };
        let before = progress;
        let earned = apply(&limits, &[1_000_000], &TIMING, &mut progress, &claim).unwrap();
        (earned, before == progress)
    };
    for key in 1..=4 {
        assert_eq!(pay(key, 100), (100, false));
    }
    assert_eq!(pay(5, 100), (0, true));
    assert_eq!(pay(2, 150), (50, false));
}
