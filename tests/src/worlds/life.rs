//! The whole life of one user's sessions, with everything that is secret about it as a parameter.

use cosmwasm_std::Uint128;
use secret_ai_interface::billing::{
    Line, OpenSession, SessionAuth, MAX_SESSIONS_PER_MESSAGE, PAGE_ENTRIES,
};
use secret_ai_interface::{Hex, SessionId, Unit};
use secret_ai_receipts::{amount, LineCount, SigningKey};

use super::scene::{key_auth, Scene, OPERATORS, SPY, USERS};
use super::work::Work;

/// Base units per 1,000,000 units, of every line.
const RATE: u64 = 2_000_000;
/// Cap of the observer's own session, base units.
const SPY_CAP: u128 = 1_000_000;
/// What is used of the observer's own session, input and output, and what that costs, base units.
const SPY_USED: ([u64; 2], u128) = ([150, 25], 500);

/// What an observer must not learn. Amounts in base units.
#[derive(Clone)]
pub struct Deal {
    /// Which worker serves.
    pub worker: usize,
    pub model: String,
    /// 1 to 8.
    pub lines: usize,
    /// The user deposits it twice, the second time with a session.
    pub deposit: u128,
    /// Of each of the two sessions.
    pub cap: u128,
    /// Units used of each line of each session.
    pub used: u64,
    /// Whether the sessions have a key; else a bearer secret.
    pub has_key: bool,
    /// Whether the user acknowledges what was used; needs a key.
    pub acks: bool,
    /// Whether the receipts end their sessions.
    pub is_final: bool,
    /// What the worker claims; all if `None`.
    pub claim: Option<u128>,
    /// What the user withdraws; all if `None`.
    pub withdraw: Option<u128>,
}

impl Default for Deal {
    fn default() -> Self {
        Deal {
            worker: 0,
            model: "a model".into(),
            lines: 2,
            deposit: 1_000_000_000_000_000,
            cap: 1_000_000_000_000,
            used: 1_000,
            has_key: false,
            acks: false,
            is_final: false,
            claim: None,
            withdraw: None,
        }
    }
}

impl Deal {
    fn terms(&self, scene: &Scene) -> OpenSession {
        let line = |number: usize| Line {
            // One line per model and unit.
            model: match number < Unit::ALL.len() {
                true => self.model.clone(),
                false => "another model".into(),
            },
            unit: Unit::ALL[number % Unit::ALL.len()],
            rate: RATE,
        };
        OpenSession {
            lines: (0..self.lines).map(line).collect(),
            slack: Uint128::new(self.cap),
            auth: match self.has_key {
                true => key_auth(&client()),
                false => SessionAuth::H(Hex([0xaa; 32])),
            },
            ..scene.terms(self.worker, self.cap)
        }
    }

    /// Price of one session's usage.
    fn price(&self) -> u128 {
        let line = |_| LineCount {
            count: self.used,
            rate: RATE,
        };
        amount((0..self.lines).map(line)).expect("small counts")
    }

    fn work(&self, session: SessionId) -> Work {
        Work {
            is_final: self.is_final,
            ack: self.acks.then(|| (client(), self.price())),
            ..Work::new(session, 1, vec![self.used; self.lines])
        }
    }
}

/// The key of the user's client.
fn client() -> SigningKey {
    SigningKey::from_slice(&[0xcc; 32]).expect("a key")
}

/// Deposit, sessions, usage, settlement, claims, reclaim, withdrawal.
pub fn life(scene: &mut Scene, deal: &Deal) {
    // The observer's own session with worker 0: of what belongs to that worker it knows the slots.
    let spied = scene.terms(0, SPY_CAP);
    scene.deposit(SPY, SPY_CAP, vec![]);
    let spied = scene.open(SPY, vec![spied]);

    let user = USERS[0];
    let terms = deal.terms(scene);
    scene.deposit(user, deal.deposit, vec![]);
    scene.open(user, vec![terms.clone()]);
    scene.deposit(user, deal.deposit, vec![terms]);
    let sessions = scene.sessions(user);
    assert_eq!(sessions.len(), 2);

    let mut work: [Vec<Work>; 3] = Default::default();
    work[0].push(Work::new(spied[0], 1, SPY_USED.0));
    for session in &sessions {
        work[deal.worker].push(deal.work(*session));
    }
    let [first, second, third] = &work;
    scene.round([first, second, third]);
    scene.finalize();

    let mut earned = [SPY_USED.1, 0, 0];
    earned[deal.worker] += 2 * deal.price().min(deal.cap);
    for (number, operator) in OPERATORS.into_iter().enumerate() {
        assert_eq!(scene.local.earnings(operator), (earned[number], 0));
        let claim = deal.claim.filter(|_| number == deal.worker);
        scene.claim(operator, claim);
    }

    // Too early unless the receipts were final.
    scene.reclaim(user, &sessions);
    scene.close(user, &sessions);
    scene.wait();
    scene.reclaim(user, &sessions);
    let left = 2 * (deal.deposit - deal.price().min(deal.cap));
    assert_eq!(scene.local.free(user), left);
    scene.withdraw(user, deal.withdraw);
    assert_eq!(scene.local.free(user), left - deal.withdraw.unwrap_or(left));
}

/// Eight sessions of so many lines each, opened by one deposit.
pub fn eight_at_once(scene: &mut Scene, lines: usize) {
    let deal = Deal {
        lines,
        ..Deal::default()
    };
    let terms = vec![deal.terms(scene); MAX_SESSIONS_PER_MESSAGE];
    let deposit = deal.cap * terms.len() as u128;
    scene.deposit(USERS[0], deposit, terms);
    assert_eq!(scene.local.free(USERS[0]), 0);
}

/// Sessions that cost the contract the most work, as many as fit on a page: all are handed in, or
/// the page stays empty.
pub fn dearest_page(scene: &mut Scene, full: bool) {
    let deal = Deal {
        model: "m".repeat(64),
        lines: 8,
        used: 1_000_000_000,
        has_key: true,
        acks: true,
        ..Deal::default()
    };
    scene.deposit(USERS[0], deal.deposit, vec![]);
    let terms = vec![deal.terms(scene); PAGE_ENTRIES];
    let sessions = scene.open(USERS[0], terms);
    let work: Vec<_> = match full {
        true => sessions.iter().map(|session| deal.work(*session)).collect(),
        false => vec![],
    };
    scene.round([&work, &[], &[]]);
    scene.finalize();
    let earned = deal.price() * work.len() as u128;
    assert_eq!(scene.local.earnings(OPERATORS[0]), (earned, 0));
    for operator in OPERATORS {
        scene.claim(operator, None);
    }
}
