//! Who served whom, how it was handed in, and which of a user's sessions it was.

use secret_ai_interface::billing::{ExecuteMsg, SettleEntry};
use secret_ai_interface::{Hex, SessionId};

use super::scene::{Scene, Work, OPERATORS, SPY, USERS};
use crate::local::INPUT_RATE;

/// Cap of every session here, base units.
const CAP: u128 = 1_000_000;

/// Three users with a session each; user `i` is served by worker `by[i]`.
pub fn batch(scene: &mut Scene, by: [usize; 3]) {
    let mut work: [Vec<Work>; 3] = Default::default();
    let mut earned = [0; 3];
    let mut sessions = Vec::new();
    for (number, user) in USERS.into_iter().enumerate() {
        let session = one_session(scene, user, by[number]);
        let used = 1_000 * (number as u64 + 1);
        work[by[number]].push(Work::new(session, 1, [used, 0]));
        earned[by[number]] += price(used);
        sessions.push(session);
    }
    let [first, second, third] = &work;
    scene.round([first, second, third]);
    scene.finalize();
    for (operator, earned) in OPERATORS.into_iter().zip(earned) {
        assert_eq!(scene.local.earnings(operator), (earned, 0));
        scene.claim(operator, None);
    }
    for (user, session) in USERS.into_iter().zip(&sessions) {
        scene.close(user, &[*session]);
    }
    scene.wait();
    for (user, session) in USERS.into_iter().zip(sessions) {
        scene.reclaim(user, &[session]);
        scene.withdraw(user, None);
    }
}

/// Four sessions handed in on four pages: all on the first, or one on each.
pub fn pages(scene: &mut Scene, all_on_one: bool) {
    scene.deposit(USERS[0], 4 * CAP, vec![]);
    let terms = vec![scene.terms(0, CAP); 4];
    let sessions = scene.open(USERS[0], terms);
    for page in 0..4 {
        let handed_in = match (all_on_one, page) {
            (false, _) => &sessions[page..=page],
            (true, 0) => &sessions[..],
            (true, _) => &[],
        };
        let entries = entries(scene, handed_in, 1);
        scene.page(0, entries);
    }
    scene.finalize();
    assert_eq!(scene.local.earnings(OPERATORS[0]), (4 * price(500), 0));
    scene.claim(OPERATORS[0], None);
}

/// One session's newest receipt, alone on its page or with three older ones.
pub fn receipts(scene: &mut Scene, older: u64) {
    let session = one_session(scene, USERS[0], 0);
    let newest = 4;
    let work: Vec<_> = (newest - older..=newest)
        .map(|seq| Work::new(session, seq, [125 * seq, 0]))
        .collect();
    scene.round([&work, &[], &[]]);
    scene.finalize();
    assert_eq!(scene.local.earnings(OPERATORS[0]), (price(500), 0));
    scene.claim(OPERATORS[0], None);
}

/// A user's session is used, or nobody does anything.
pub fn busy(scene: &mut Scene, busy: bool) {
    let session = one_session(scene, USERS[0], 0);
    let work = Work::new(session, 1, [500, 0]);
    let work = if busy { &[work][..] } else { &[] };
    scene.round([work, &[], &[]]);
    scene.finalize();
    for operator in OPERATORS {
        scene.claim(operator, None);
    }
}

/// Ten sessions of one user, `used` of them is used, counted from 0.
pub fn one_of_ten(scene: &mut Scene, used: usize) {
    let sessions = ten_sessions(scene);
    let work = [Work::new(sessions[used], 1, [500, 0])];
    scene.round([&work, &[], &[]]);
    scene.finalize();
    scene.claim(OPERATORS[0], None);
}

/// Ten sessions of one user, of which the first and the tenth are used this much.
pub fn two_of_ten(scene: &mut Scene, first: u64, tenth: u64) {
    let sessions = ten_sessions(scene);
    let work = [
        Work::new(sessions[0], 1, [first, 0]),
        Work::new(sessions[9], 1, [tenth, 0]),
    ];
    scene.round([&work, &[], &[]]);
    scene.finalize();
    scene.claim(OPERATORS[0], None);
}

/// Of eight sessions that one message opened, `closed` is closed and reclaimed.
pub fn one_closed(scene: &mut Scene, closed: usize) {
    scene.deposit(USERS[0], 8 * CAP, vec![]);
    let terms = vec![scene.terms(0, CAP); 8];
    let session = scene.open(USERS[0], terms)[closed];
    scene.close(USERS[0], &[session]);
    scene.wait();
    scene.reclaim(USERS[0], &[session]);
    assert_eq!(scene.local.free(USERS[0]), CAP);
}

/// An operator sends a page with a good receipt, or with garbage.
pub fn page_of(scene: &mut Scene, garbage: bool) {
    let session = one_session(scene, USERS[0], 0);
    let good = entries(scene, &[session], 1);
    let garbage = garbage.then(|| SettleEntry {
        receipt: b"garbage".as_slice().into(),
        ack: None,
    });
    scene.page(0, garbage.map_or(good, |entry| vec![entry]));
}

/// The observer knows the id of a session, as its worker does, and tries to close and to reclaim
/// it: the session of user 0, of user 1, or of nobody.
pub fn probe(scene: &mut Scene, whose: Option<usize>) {
    let ids = [0, 1].map(|user| one_session(scene, USERS[user], 0));
    let session_id = whose.map_or(Hex([0x11; 16]), |user| ids[user]);
    let close = ExecuteMsg::CloseSession {
        session_id,
        padding: None,
    };
    scene.must_fail(SPY, "close_session", &close);
    let reclaim = ExecuteMsg::Reclaim {
        session_ids: vec![session_id],
        padding: None,
    };
    scene.must_fail(SPY, "reclaim, 1", &reclaim);
}

/// A user asks for more than there is: a withdrawal, a session, a claim of this much.
pub fn too_much(scene: &mut Scene, amount: u128) {
    scene.deposit(USERS[0], CAP, vec![]);
    let withdraw = scene.withdrawal(Some(amount));
    scene.must_fail(USERS[0], "withdraw", &withdraw);
    let open = ExecuteMsg::OpenSessions {
        token: scene.local.token.address.clone(),
        sessions: vec![scene.terms(0, amount)],
        padding: None,
    };
    scene.must_fail(USERS[0], "open_sessions, 1", &open);
    scene.must_fail_to_claim(OPERATORS[0], amount);
}

fn one_session(scene: &mut Scene, user: &str, worker: usize) -> SessionId {
    scene.deposit(user, CAP, vec![]);
    let terms = scene.terms(worker, CAP);
    scene.open(user, vec![terms])[0]
}

/// Eight in one message, two in another.
fn ten_sessions(scene: &mut Scene) -> Vec<SessionId> {
    scene.deposit(USERS[0], 10 * CAP, vec![]);
    let terms = scene.terms(0, CAP);
    let mut sessions = scene.open(USERS[0], vec![terms.clone(); 8]);
    sessions.extend(scene.open(USERS[0], vec![terms; 2]));
    sessions
}

/// Receipts of worker 0 for 500 units of input.
fn entries(scene: &Scene, sessions: &[SessionId], seq: u64) -> Vec<SettleEntry> {
    let work = |session: &SessionId| Work::new(*session, seq, [500, 0]);
    let entries = sessions
        .iter()
        .map(|session| scene.entry(0, &work(session)));
    entries.collect()
}

/// Price of so much input, base units.
fn price(input: u64) -> u128 {
    u128::from(input) * u128::from(INPUT_RATE) / 1_000_000
}
