//! `stage_gpu`: GPUs verified one by one, for one registration of one worker.

mod common;

use common::{refused, Answer, Boot, Gpu, Suite, CHALLENGE_S, LEASE_S};
use cosmwasm_std::{Addr, Binary};
use secret_ai_interface::registry::*;
use secret_ai_interface::{Digest, Hex};

/// A registry for GPUs with an open challenge.
struct Open {
    suite: Suite,
    alice: Addr,
    boot: Boot,
    challenge: Digest,
}

impl Open {
    fn new(gpus: usize) -> Self {
        let mut suite = Suite::with_gpus();
        let (alice, boot) = (suite.user("alice"), Boot::new("1").with_gpus(gpus));
        let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
        Open {
            suite,
            alice,
            boot,
            challenge,
        }
    }

    fn renew_challenge(&mut self) {
        let answer = self.suite.challenge(&self.alice, &self.boot);
        self.challenge = answer.unwrap().challenge;
    }

    fn answers(&self, gpus: &[Gpu]) -> Vec<Answer> {
        self.suite
            .answers(gpus, &self.alice, &self.boot, &self.challenge)
    }

    fn stage(&mut self, place: u8, answer: &Answer) -> Result<StageAnswer, String> {
        self.suite.stage(&self.alice, &self.boot, place, answer)
    }

    /// Stages each at the place of its number.
    fn stage_all(&mut self, answers: &[Answer]) {
        for (place, answer) in (0u8..).zip(answers) {
            let staged = self.stage(place, answer).unwrap();
            assert_eq!(staged.device, answer.gpu);
        }
    }

    /// Evidence that binds these GPUs and sends `sent` in their place.
    fn evidence(&self, bound: &[Answer], sent: Vec<GpuEvidence>) -> Attestation {
        let attestation = self.suite.evidence_with_gpus(
            &self.suite.tee,
            bound,
            &self.alice,
            &self.boot,
            &self.challenge,
        );
        Attestation {
            gpus: sent,
            ..attestation
        }
    }

    fn register(
        &mut self,
        bound: &[Answer],
        sent: Vec<GpuEvidence>,
    ) -> Result<RegisterAnswer, String> {
        let evidence = self.evidence(bound, sent);
        self.suite.send_register(&self.alice, None, evidence)
    }
}

fn places(places: impl IntoIterator<Item = u8>) -> Vec<GpuEvidence> {
    places.into_iter().map(GpuEvidence::Staged).collect()
}

#[test]
fn four_gpus_are_staged_and_then_registered() {
    let mut open = Open::new(4);
    let answers = open.answers(&Gpu::first(4));
    open.stage_all(&answers);
    let answer = open.register(&answers, places(0..4)).unwrap();
    let worker = open.suite.worker(answer.worker_id);
    assert_eq!((worker.gpus, worker.active), (4, true));
    assert_eq!(worker.golden, Some(Gpu::new(0).golden_id()));
    // They serve it as any others do.
    let (tee, bob) = (open.suite.tee.clone(), open.suite.user("bob"));
    let boot = Boot::new("2").with_gpus(1);
    refused(
        open.suite
            .register_gpus(&tee, &Gpu::first(1), &bob, None, &boot),
        "device_taken",
    );
}

#[test]
fn staged_and_sent_gpus_mix() {
    let mut open = Open::new(3);
    let answers = open.answers(&Gpu::first(3));
    open.stage(15, &answers[2]).unwrap();
    let sent = vec![
        answers[0].sent(),
        GpuEvidence::Staged(15),
        answers[1].sent(),
    ];
    open.register(&answers, sent).unwrap();
}

#[test]
fn the_answer_says_until_when() {
    let mut open = Open::new(1);
    let opened = open.suite.now();
    open.suite.app.advance(100);
    let answer = open.answers(&Gpu::first(1)).remove(0);
    let staged = open.stage(0, &answer).unwrap();
    assert_eq!(staged.expires_at, opened + CHALLENGE_S);
    assert!(open.suite.knows(Gpu::new(0).leaf()));
}

#[test]
fn a_later_one_replaces_the_one_at_its_place() {
    let mut open = Open::new(1);
    let answers = open.answers(&Gpu::first(2));
    open.stage(0, &answers[0]).unwrap();
    open.stage(0, &answers[1]).unwrap();
    refused(open.register(&answers[..1], places([0])), "binding");
    open.register(&answers[1..], places([0])).unwrap();
}

#[test]
fn places_are_sixteen() {
    let mut open = Open::new(1);
    let answer = open.answers(&Gpu::first(1)).remove(0);
    let before = open.suite.state();
    for place in [16, 17, 255] {
        refused(open.stage(place, &answer), "range");
    }
    assert_eq!(open.suite.state(), before);
    for place in [1, 16, 255] {
        refused(
            open.register(std::slice::from_ref(&answer), places([place])),
            "not_staged",
        );
    }
}

#[test]
fn needs_an_open_challenge_of_this_operator_and_these_keys() {
    let mut open = Open::new(1);
    let answer = open.answers(&Gpu::first(1)).remove(0);
    let mallory = open.suite.user("mallory");
    let before = open.suite.state();
    let suite = &mut open.suite;
    refused(
        suite.stage(&mallory, &open.boot, 0, &answer),
        "challenge_unknown",
    );
    let other_key = Boot::new("2");
    refused(
        suite.stage(&open.alice, &other_key, 0, &answer),
        "challenge_unknown",
    );
    let other_tls = Boot {
        tls_spki_sha256: Hex([9; 32]),
        ..open.boot.clone()
    };
    refused(
        suite.stage(&open.alice, &other_tls, 0, &answer),
        "challenge_tls",
    );
    assert_eq!(suite.state(), before);
}

#[test]
fn ends_with_the_challenge() {
    let mut open = Open::new(1);
    let answer = open.answers(&Gpu::first(1)).remove(0);
    open.suite.app.advance(CHALLENGE_S);
    open.stage(0, &answer).unwrap();
    let evidence = open.evidence(std::slice::from_ref(&answer), places([0]));
    open.suite.app.advance(1);
    refused(open.stage(0, &answer), "challenge_expired");
    let alice = open.alice.clone();
    refused(
        open.suite.send_register(&alice, None, evidence),
        "challenge_expired",
    );
}

#[test]
fn does_not_count_for_another_challenge() {
    let mut open = Open::new(1);
    let answers = open.answers(&Gpu::first(1));
    open.stage_all(&answers);
    open.renew_challenge();
    refused(open.register(&answers, places([0])), "not_staged");
    refused(open.stage(0, &answers[0]), "gpu_nonce");
    let answers = open.answers(&Gpu::first(1));
    open.stage_all(&answers);
    open.register(&answers, places([0])).unwrap();
}

#[test]
fn counts_for_one_registration() {
    let mut open = Open::new(1);
    let answers = open.answers(&Gpu::first(1));
    open.stage_all(&answers);
    open.register(&answers, places([0])).unwrap();
    refused(open.stage(0, &answers[0]), "challenge_unknown");
    open.suite.app.advance(LEASE_S / 2);
    open.renew_challenge();
    let evidence = open.evidence(&answers, places([0]));
    let alice = open.alice.clone();
    refused(open.suite.send_renew(&alice, evidence), "not_staged");
}

#[test]
fn serves_a_renewal() {
    let mut open = Open::new(2);
    let answers = open.answers(&Gpu::first(2));
    open.stage_all(&answers);
    open.register(&answers, places(0..2)).unwrap();
    open.suite.app.advance(LEASE_S / 2);
    open.renew_challenge();
    let known: Vec<Gpu> = Gpu::first(2).iter().map(Gpu::by_hash).collect();
    let answers = open.answers(&known);
    open.stage_all(&answers);
    let evidence = open.evidence(&answers, places(0..2));
    let alice = open.alice.clone();
    open.suite.send_renew(&alice, evidence).unwrap();
}

#[test]
fn of_one_worker_serves_no_other() {
    let mut open = Open::new(1);
    let answers = open.answers(&Gpu::first(1));
    open.stage_all(&answers);
    let mallory = open.suite.user("mallory");
    let (tee, suite) = (open.suite.tee.clone(), &mut open.suite);
    for (operator, boot) in [
        (&mallory, open.boot.clone()),
        (&open.alice, Boot::new("2").with_gpus(1)),
    ] {
        let challenge = suite.challenge(operator, &boot).unwrap().challenge;
        // Neither by its place nor as it was sent.
        let bound = suite.evidence_with_gpus(&tee, &answers, operator, &boot, &challenge);
        let staged = Attestation {
            gpus: places([0]),
            ..bound.clone()
        };
        refused(suite.send_register(operator, None, staged), "not_staged");
        refused(suite.send_register(operator, None, bound), "gpu_nonce");
        refused(suite.stage(operator, &boot, 0, &answers[0]), "gpu_nonce");
    }
}

#[test]
fn is_bound_like_any_other() {
    let mut open = Open::new(2);
    let answers = open.answers(&Gpu::first(3));
    open.stage_all(&answers);
    for (sent, code) in [
        (places([0, 2]), "binding"),
        (places([0, 0]), "duplicate_device"),
        (places([0]), "gpu_count"),
        (places([0, 1, 2]), "gpu_count"),
        (places([0, 3]), "not_staged"),
    ] {
        let before = open.suite.state();
        refused(open.register(&answers[..2], sent), code);
        assert_eq!(open.suite.state(), before);
    }
    // The same GPU, once staged and once sent.
    let twice = vec![answers[0].sent(), GpuEvidence::Staged(0)];
    refused(open.register(&answers[..2], twice), "duplicate_device");
    open.register(&answers[..2], places([1, 0])).unwrap();
}

#[test]
fn verifies_as_a_registration_does() {
    let mut open = Open::new(1);
    let gpu = Gpu::new(0);
    let right = open.answers(std::slice::from_ref(&gpu)).remove(0);
    let mut oversized = right.clone();
    oversized.report.evidence = Binary(vec![1; 8_193]);
    let mut forged = right.clone();
    let last = forged.report.evidence.len() - 1;
    forged.report.evidence.0[last] ^= 0x80;
    let mut other_set = right.clone();
    other_set.report.golden = Gpu::newer_driver(0).golden_id();
    let unknown = open.answers(&[gpu.by_hash()]).remove(0);
    let mut ppcie = gpu.clone();
    ppcie.soft.feature = 2;
    let ppcie = open.answers(&[ppcie]).remove(0);
    let before = open.suite.state();
    for (answer, code) in [
        (oversized, "length"),
        (forged, "gpu_signature"),
        (other_set, "unknown_golden"),
        (gpu.answer([0; 32]), "gpu_nonce"),
        (unknown, "certificate_unknown"),
        (ppcie, "gpu_feature"),
    ] {
        refused(open.stage(0, &answer), code);
    }
    assert_eq!(open.suite.state(), before);
    open.stage(0, &right).unwrap();
}

#[test]
fn what_fell_since_is_not_counted() {
    let gpu = Gpu::new(0);
    for target in [
        RevocationTarget::Golden(gpu.golden_id()),
        RevocationTarget::Device(gpu.device()),
    ] {
        let mut open = Open::new(1);
        let answers = open.answers(std::slice::from_ref(&gpu));
        open.stage_all(&answers);
        open.suite.revoke(target, RevocationSpeed::Retired).unwrap();
        refused(open.register(&answers, places([0])), "retired");
    }
}

#[test]
fn all_gpus_show_one_golden_set() {
    let mut open = Open::new(2);
    let newer = Gpu::newer_driver(1);
    open.suite.approve_golden(newer.golden()).unwrap();
    let answers = open.answers(&[Gpu::new(0), newer]);
    open.stage_all(&answers);
    refused(open.register(&answers, places(0..2)), "golden_mixed");
    let mixed = vec![GpuEvidence::Staged(0), answers[1].sent()];
    refused(open.register(&answers, mixed), "golden_mixed");
}
