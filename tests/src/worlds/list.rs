//! What must not show: the pairs of worlds (docs/privacy.md).
//!
//! Not among them yet, because the contracts have no such thing: pay as you go and subscription.

use super::life::{dearest_page, eight_at_once, life, Deal};
use super::queries::{self, Refusal};
use super::served;
use super::{Pair, World};

/// Every assignment of three users to a worker each, the identity first, and of all to one worker.
const ASSIGNMENTS: [[usize; 3]; 7] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
    [0, 0, 0],
];

/// The pairs that builds that leak on purpose must fail at, by the rule they break.
pub const AMOUNT_WITHDRAWN: &str = "amount withdrawn: 1 / 10^15";
pub const LINES: &str = "lines of a session: 1 / 8";
pub const WORKER: &str = "worker who serves: first / second";
pub const CLAIM: &str = "claim: nothing / much";
pub const WRONG_KEY: &str = "query refused: wrong key / no account";

/// All of them.
pub fn pairs() -> Vec<Pair> {
    let mut pairs = terms_and_amounts();
    pairs.extend(who_served_whom());
    pairs.extend(which_session());
    pairs.extend(refusals());
    pairs
}

/// The name of the pair in which users are served by `by` instead of by worker 0, 1 and 2.
pub fn served_by(by: [usize; 3]) -> String {
    format!(
        "who served users 0, 1, 2: workers 0, 1, 2 / {}, {}, {}",
        by[0], by[1], by[2]
    )
}

/// A pair of whole lives that differ in one part of the deal.
fn deal(name: &str, change: impl Fn(&mut Deal, World) + 'static) -> Pair {
    Pair::new(name, move |scene, world| {
        let mut deal = Deal::default();
        change(&mut deal, world);
        life(scene, &deal);
    })
}

fn terms_and_amounts() -> Vec<Pair> {
    const MUCH: u128 = 1_000_000_000_000_000;
    vec![
        deal("model, name of 1 / 64 letters", |deal, world| {
            deal.model = world.pick("m".into(), "m".repeat(64));
        }),
        deal(LINES, |deal, world| deal.lines = world.pick(1, 8)),
        Pair::new(
            "lines of eight sessions opened by a deposit: 1 / 8",
            |scene, world| eight_at_once(scene, world.pick(1, 8)),
        ),
        deal(WORKER, |deal, world| deal.worker = world.pick(0, 1)),
        deal("amount deposited: 1,000 / 10^15", |deal, world| {
            (deal.deposit, deal.cap) = (world.pick(1_000, MUCH), 1_000);
        }),
        deal("cap of a session: 1 / 10^15", |deal, world| {
            deal.cap = world.pick(1, MUCH);
        }),
        deal(AMOUNT_WITHDRAWN, |deal, world| {
            deal.withdraw = Some(world.pick(1, MUCH));
        }),
        deal("withdrawal: all / part", |deal, world| {
            deal.withdraw = world.pick(None, Some(1));
        }),
        deal("usage and earnings: 1 / 10^9 tokens", |deal, world| {
            deal.used = world.pick(1, 1_000_000_000);
        }),
        deal(CLAIM, |deal, world| {
            // Worker 0 earns by the observer's own session, too.
            (deal.worker, deal.used) = (1, world.pick(0, 1_000_000_000));
        }),
        deal("claim of earnings: all / part", |deal, world| {
            deal.claim = world.pick(None, Some(1));
        }),
        deal("acks: without / with", |deal, world| {
            (deal.has_key, deal.acks) = (true, world.pick(false, true));
        }),
        deal("authentication: bearer secret / key", |deal, world| {
            deal.has_key = world.pick(false, true);
        }),
        deal("receipts: not final / final", |deal, world| {
            deal.is_final = world.pick(false, true);
        }),
    ]
}

fn who_served_whom() -> Vec<Pair> {
    let [identity, others @ ..] = ASSIGNMENTS;
    let mut pairs: Vec<_> = others
        .into_iter()
        .map(|by| {
            Pair::new(served_by(by), move |scene, world| {
                served::batch(scene, world.pick(identity, by));
            })
        })
        .collect();
    pairs.extend([
        Pair::new(
            "four sessions handed in: on four pages / on one",
            |scene, world| {
                served::pages(scene, world.pick(false, true));
            },
        ),
        Pair::new(
            "receipts of one session on a page: 1 / 4",
            |scene, world| {
                served::receipts(scene, world.pick(0, 3));
            },
        ),
        Pair::new(
            "page of an operator: good receipt / garbage",
            |scene, world| {
                served::page_of(scene, world.pick(false, true));
            },
        ),
        Pair::new(
            "page: full of the dearest entries / empty",
            |scene, world| {
                dearest_page(scene, world.pick(true, false));
            },
        )
        .with_decoys(),
        Pair::new("worker: idle / busy", |scene, world| {
            served::busy(scene, world.pick(false, true));
        })
        .with_decoys(),
    ]);
    pairs
}

fn which_session() -> Vec<Pair> {
    vec![
        Pair::new("session used: first / tenth", |scene, world| {
            served::one_of_ten(scene, world.pick(0, 9));
        })
        .with_decoys(),
        Pair::new("session used much: first / tenth", |scene, world| {
            let (first, tenth) = world.pick((100_000, 1), (1, 100_000));
            served::two_of_ten(scene, first, tenth);
        }),
        Pair::new(
            "session closed, of one message: first / eighth",
            |scene, world| {
                served::one_closed(scene, world.pick(0, 7));
            },
        ),
    ]
}

fn refusals() -> Vec<Pair> {
    let refused = |name: &str, a: Refusal, b: Refusal| {
        Pair::new(name, move |scene, world| {
            queries::refused(scene, world.pick(a, b));
        })
    };
    use Refusal::{Expired, Forged, NoAccount, Revoked, WrongKey};
    vec![
        refused(WRONG_KEY, WrongKey, NoAccount),
        refused("query refused: expired / revoked permit", Expired, Revoked),
        refused("query refused: expired / forged permit", Expired, Forged),
        Pair::new("balance refused: wrong key / no account", |scene, world| {
            queries::balance(scene, world.pick("user-0", "nobody"));
        }),
        Pair::new(
            "session refused: wrong authenticator / no session",
            |scene, world| {
                queries::session(scene, world.pick(true, false));
            },
        ),
        Pair::new("message refused: 10^7 / 10^15 asked for", |scene, world| {
            served::too_much(scene, world.pick(10_000_000, 1_000_000_000_000_000));
        }),
        Pair::new(
            "stranger's session id: of one user / another",
            |scene, world| {
                served::probe(scene, world.pick(Some(0), Some(1)));
            },
        ),
        Pair::new(
            "stranger's session id: of a user / of nobody",
            |scene, world| {
                served::probe(scene, world.pick(Some(0), None));
            },
        ),
    ]
}
