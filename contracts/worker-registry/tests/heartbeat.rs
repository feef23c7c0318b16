//! `heartbeat`: a sign of life signed in the TEE, which anybody may bring and which counts once.

mod common;

use common::{policy, refused, Boot, Suite, CHAIN_ID, LEASE_S, START};
use cosmwasm_std::{Addr, Binary};
use k256::ecdsa::Signature;
use secret_ai_attestation::heartbeat_digest;
use secret_ai_interface::registry::*;
use secret_ai_interface::{Hex, WorkerId};

const HEARTBEAT_S: u64 = 600;
const SKEW: u64 = 300;

/// A registered worker that policy wants to hear from.
struct Alive {
    suite: Suite,
    alice: Addr,
    boot: Boot,
    worker_id: WorkerId,
}

impl Alive {
    fn new() -> Self {
        let mut suite = Suite::new();
        suite
            .set_policy(Policy {
                heartbeat_s: HEARTBEAT_S,
                ..policy()
            })
            .unwrap();
        let (alice, boot) = (suite.user("alice"), Boot::new("one"));
        let worker_id = suite.register(&alice, &boot).unwrap().worker_id;
        Alive {
            suite,
            alice,
            boot,
            worker_id,
        }
    }

    /// Brings a heartbeat of this time.
    fn beat(&mut self, at: u64) -> Result<(), String> {
        let msg = self.suite.heartbeat(&self.boot, at);
        self.bring(msg)
    }

    fn bring(&mut self, msg: ExecuteMsg) -> Result<(), String> {
        let anyone = self.suite.user("anyone");
        self.suite.send(&anyone, msg).map(|_| ())
    }

    fn worker(&self) -> WorkerAnswer {
        self.suite.worker(self.worker_id)
    }

    /// Whether all public lists agree that it is there.
    fn is_listed(&self) -> bool {
        let listed = self.worker().active;
        let prices = QueryMsg::PriceList {
            model: None,
            token: None,
        };
        let offers = self.suite.ask::<PriceListAnswer>(prices).unwrap().offers;
        let models: ModelsAnswer = self.suite.ask(QueryMsg::GetModels {}).unwrap();
        let urls = QueryMsg::GetURLs { model: None };
        let urls = self.suite.ask::<UrlsAnswer>(urls).unwrap().urls;
        let empty = [offers.is_empty(), models.models.is_empty(), urls.is_empty()];
        assert_eq!(empty, [!listed; 3]);
        listed
    }
}

#[test]
fn keeps_a_worker_listed() {
    let mut it = Alive::new();
    assert_eq!(it.worker().seen_at, START);
    it.suite.app.advance(HEARTBEAT_S);
    assert!(it.is_listed());
    it.suite.app.advance(1);
    assert!(!it.is_listed());

    let at = it.suite.now();
    it.beat(at).unwrap();
    assert!(it.is_listed());
    assert_eq!(it.worker().seen_at, at);
    it.suite.app.advance(HEARTBEAT_S + 1);
    assert!(!it.is_listed());
}

#[test]
fn silence_unlists_a_worker_and_takes_nothing_else() {
    let mut it = Alive::new();
    it.suite.app.advance(HEARTBEAT_S + 1);
    let kid = it.suite.kid(it.boot.kid()).unwrap();
    assert_eq!(kid.status, KidStatus::Active);
    assert_eq!(kid.lease_until, START + LEASE_S);
}

#[test]
fn without_a_bound_the_whole_lease_counts() {
    let mut it = Alive::new();
    it.suite.set_policy(policy()).unwrap();
    it.suite.app.advance(LEASE_S);
    assert!(it.is_listed());
    it.suite.app.advance(1);
    assert!(!it.is_listed());
}

#[test]
fn a_renewal_is_a_sign_of_life() {
    let mut it = Alive::new();
    it.suite.app.advance(LEASE_S / 2);
    assert!(!it.is_listed());
    it.suite.renew(&it.alice, &it.boot).unwrap();
    assert!(it.is_listed());
    assert_eq!(it.worker().seen_at, START + LEASE_S / 2);
}

#[test]
fn a_heartbeat_never_outlives_the_lease() {
    let mut it = Alive::new();
    it.suite.app.advance(LEASE_S);
    it.beat(START + LEASE_S).unwrap();
    it.suite.app.advance(1);
    assert!(!it.is_listed());
    refused(it.beat(START + LEASE_S + 1), "lease_over");
}

#[test]
fn counts_once_and_only_forward() {
    let mut it = Alive::new();
    it.suite.app.advance(60);
    let now = it.suite.now();
    let msg = it.suite.heartbeat(&it.boot, now);
    it.bring(msg.clone()).unwrap();
    let before = it.suite.state();
    refused(it.bring(msg.clone()), "range");
    refused(it.beat(now - 1), "range");
    it.suite.app.advance(10);
    refused(it.bring(msg), "range");
    assert_eq!(it.suite.state(), before);
    it.beat(now + 1).unwrap();
}

#[test]
fn is_of_about_now() {
    for (offset, accepted) in [
        (-(SKEW as i64) - 1, false),
        (-(SKEW as i64), true),
        (SKEW as i64, true),
        (SKEW as i64 + 1, false),
    ] {
        let mut it = Alive::new();
        it.suite.app.advance(1_000);
        let at = it.suite.now().checked_add_signed(offset).unwrap();
        match accepted {
            true => it.beat(at).unwrap(),
            false => refused(it.beat(at), "range"),
        }
    }
    let mut it = Alive::new();
    refused(it.beat(0), "range");
    refused(it.beat(u64::MAX), "range");
}

#[test]
fn after_one_of_the_near_future_the_next_is_later_still() {
    let mut it = Alive::new();
    let now = it.suite.now();
    it.beat(now + SKEW).unwrap();
    refused(it.beat(now + 1), "range");
    it.suite.app.advance(SKEW + 1);
    it.beat(now + SKEW + 1).unwrap();
}

#[test]
fn is_signed_by_the_receipt_key_over_chain_registry_kid_and_time() {
    let mut it = Alive::new();
    let (at, kid) = (it.suite.now(), it.boot.kid());
    let registry = it.suite.registry.address.to_string();
    let signed = |chain: &str, registry: &str, kid: &[u8; 20], at| {
        let digest = heartbeat_digest(chain, registry, kid, at).unwrap();
        it.boot.sign(&digest)
    };
    let right = signed(CHAIN_ID, &registry, &kid.0, at);
    let high_s = {
        let signature = Signature::from_slice(&right).unwrap();
        let (r, s) = signature.split_scalars();
        let other = Signature::from_scalars(r, -s).unwrap();
        Binary(other.to_bytes().to_vec())
    };
    let digest = heartbeat_digest(CHAIN_ID, &registry, &kid.0, at).unwrap();
    let wrong = [
        Boot::new("two").sign(&digest),
        signed("secret-4", &registry, &kid.0, at),
        signed(CHAIN_ID, it.alice.as_str(), &kid.0, at),
        signed(CHAIN_ID, &registry, &[7; 20], at),
        signed(CHAIN_ID, &registry, &kid.0, at + 1),
        high_s,
        Binary(vec![]),
        Binary(vec![0; 64]),
        Binary(right[..63].to_vec()),
        Binary([right.as_slice(), &[0]].concat()),
    ];
    let msg = |signature| ExecuteMsg::Heartbeat {
        kid,
        at,
        signature,
        padding: None,
    };
    let before = it.suite.state();
    for signature in wrong {
        refused(it.bring(msg(signature)), "heartbeat_signature");
    }
    assert_eq!(it.suite.state(), before);
    it.bring(msg(right)).unwrap();
}

#[test]
fn of_a_key_that_fell_is_refused() {
    let image = Suite::new().tee.image();
    let platform = Suite::new().tee.platform();
    let kid = Boot::new("one").kid();
    for target in [
        RevocationTarget::Kid(kid),
        RevocationTarget::Image(image),
        RevocationTarget::Platform(platform),
    ] {
        for (speed, code) in [
            (RevocationSpeed::Retired, "retired"),
            (RevocationSpeed::Compromised, "compromised"),
        ] {
            let mut it = Alive::new();
            it.suite.app.advance(10);
            it.suite.revoke(target.clone(), speed).unwrap();
            refused(it.beat(START + 10), code);
            assert!(!it.is_listed());
        }
    }
    let mut it = Alive::new();
    it.suite.retire(&it.alice, it.worker_id).unwrap();
    refused(it.beat(START + 1), "retired");
}

#[test]
fn of_an_unknown_key_is_refused() {
    let mut it = Alive::new();
    let stranger = it.suite.heartbeat(&Boot::new("stranger"), START + 1);
    refused(it.bring(stranger), "unknown_kid");
    let msg = ExecuteMsg::Heartbeat {
        kid: Hex([0; 20]),
        at: START,
        signature: Binary(vec![1; 64]),
        padding: None,
    };
    refused(it.bring(msg), "unknown_kid");
}
