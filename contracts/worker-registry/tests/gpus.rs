//! Workers with GPUs: evidence of the very GPUs that the CPU vouches for, each serving one worker.

mod common;

use common::{refused, Answer, Boot, Cpu, Gpu, Snp, Suite, Tee, LEASE_S, START};
use cosmwasm_std::{Addr, Binary};
use secret_ai_attestation::{gpu_nonce, report_data, Device};
use secret_ai_interface::registry::*;
use secret_ai_interface::{Digest, Hex};

/// A registry for GPUs with an open challenge of a worker with so many.
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

    fn nonce(&self) -> [u8; 32] {
        let registration = self
            .suite
            .registration(&self.alice, &self.boot, &self.challenge);
        gpu_nonce(&registration).unwrap()
    }

    fn answers(&self, gpus: &[Gpu]) -> Vec<Answer> {
        self.suite
            .answers(gpus, &self.alice, &self.boot, &self.challenge)
    }

    /// Registers with GPUs sent as `sent`, while the CPU's evidence binds the devices `bound`.
    fn send(&mut self, bound: &[Device], sent: Vec<GpuEvidence>) -> Result<RegisterAnswer, String> {
        let registration = self
            .suite
            .registration(&self.alice, &self.boot, &self.challenge);
        let data = report_data(&registration, bound).unwrap();
        let cpu = self.suite.tee.evidence(&data);
        let attestation = Attestation {
            gpus: sent,
            ..self
                .suite
                .attestation(&self.alice, &self.boot, &self.challenge, cpu)
        };
        self.suite.send_register(&self.alice, None, attestation)
    }

    /// The same for answers that are bound as they are sent.
    fn send_answers(&mut self, answers: &[Answer]) -> Result<RegisterAnswer, String> {
        let bound: Vec<Device> = answers.iter().map(|answer| answer.device).collect();
        self.send(&bound, answers.iter().map(Answer::sent).collect())
    }

    /// Refused with this code, and nothing changed.
    #[track_caller]
    fn refuses(&mut self, answers: &[Answer], code: &str) {
        let before = self.suite.state();
        refused(self.send_answers(answers), code);
        assert_eq!(self.suite.state(), before);
    }
}

#[test]
fn a_worker_with_a_gpu_registers_on_either_cpu() {
    let mut suite = Suite::with_gpus();
    suite
        .submit_any(RootKind::Development, Snp::collateral())
        .unwrap();
    suite.approve(Snp::new().image(), None).unwrap();
    let alice = suite.user("alice");
    let (tee, snp) = (suite.tee.clone(), Snp::new());
    let cpus: [(&dyn Cpu, &str); 2] = [(&tee, "tdx"), (&snp, "snp")];
    for (number, (cpu, name)) in (0u8..).zip(cpus) {
        let (gpu, boot) = (Gpu::new(number), Boot::new(name).with_gpus(1));
        let answer = suite
            .register_gpus(cpu, std::slice::from_ref(&gpu), &alice, None, &boot)
            .unwrap();
        assert_eq!(answer.lease_until, START + LEASE_S);
        let worker = suite.worker(answer.worker_id);
        assert_eq!((worker.tee.as_str(), worker.gpus), (name, 1));
        assert_eq!(worker.class, 0x10);
        assert_eq!(worker.golden, Some(gpu.golden_id()));
        assert!(worker.active);
    }
    let plain = suite.register(&alice, &Boot::new("plain")).unwrap();
    let worker = suite.worker(plain.worker_id);
    assert_eq!((worker.gpus, worker.golden), (0, None));
}

#[test]
fn a_worker_may_have_fifteen_in_any_order() {
    let mut open = Open::new(15);
    let mut answers = open.answers(&Gpu::first(15));
    answers.reverse();
    let answer = open.send_answers(&answers).unwrap();
    assert_eq!(open.suite.worker(answer.worker_id).gpus, 15);
}

#[test]
fn a_blackwell_has_authorities_of_its_own() {
    let mut suite = Suite::with_gpus();
    let (alice, tee, gpu) = (suite.user("alice"), suite.tee.clone(), Gpu::blackwell(0));
    let boot = Boot::new("1").with_gpus(1);
    let gpus = [gpu.clone()];
    refused(
        suite.register_gpus(&tee, &gpus, &alice, None, &boot),
        "unknown_golden",
    );
    suite.approve_golden(gpu.golden()).unwrap();
    refused(
        suite.register_gpus(&tee, &gpus, &alice, None, &boot),
        "certificate_unknown",
    );
    suite
        .submit_any(RootKind::Development, gpu.own_authorities())
        .unwrap();
    suite
        .register_gpus(&tee, &gpus, &alice, None, &boot)
        .unwrap();
}

#[test]
fn a_device_may_bring_its_factorys_authority() {
    let mut open = Open::new(1);
    let mut answers = open.answers(&Gpu::first(1));
    let chain = Gpu::new(0).soft.ca_chain();
    let mut certificates: Vec<Binary> = Gpu::new(0)
        .soft
        .certificates()
        .into_iter()
        .map(Binary)
        .collect();
    certificates.push(Binary(chain[1].clone()));
    answers[0].report.certificates = DeviceCertificates::Der {
        certificates,
        issuer: common::sha256(&chain[0]),
    };
    open.send_answers(&answers).unwrap();
}

#[test]
fn the_class_says_how_many() {
    for (class, sent) in [(1, 0), (0, 1), (2, 1), (1, 2), (15, 2)] {
        let mut open = Open::new(class);
        let answers = open.answers(&Gpu::first(sent));
        open.refuses(&answers, "gpu_count");
    }
}

#[test]
fn evidence_answers_the_nonce_of_this_registration() {
    let mut open = Open::new(1);
    let gpu = Gpu::new(0);
    let elsewhere = {
        let other = Boot::new("2").with_gpus(1);
        let challenge = open.suite.challenge(&open.alice, &other).unwrap().challenge;
        open.suite
            .answers(std::slice::from_ref(&gpu), &open.alice, &other, &challenge)
    };
    open.refuses(&elsewhere, "gpu_nonce");
    open.refuses(&[gpu.answer([0; 32])], "gpu_nonce");
    // What answered an earlier challenge of the same boot does not answer the next.
    let earlier = open.answers(std::slice::from_ref(&gpu));
    open.challenge = open
        .suite
        .challenge(&open.alice, &open.boot)
        .unwrap()
        .challenge;
    open.refuses(&earlier, "gpu_nonce");
    let fresh = open.answers(&[gpu]);
    open.send_answers(&fresh).unwrap();
}

#[test]
fn evidence_is_bound_to_the_byte() {
    let mut open = Open::new(1);
    let (gpu, other) = (Gpu::new(0), Gpu::new(1));
    let right = open.answers(std::slice::from_ref(&gpu)).remove(0);
    let of_other = open.answers(&[other]).remove(0);
    // As genuine, for the same nonce, but other bytes.
    let again = {
        let mut report = gpu.soft.report(open.nonce());
        report.responder_nonce = [7; 32];
        let evidence = report.sign(gpu.soft.key());
        gpu.answer_with(evidence, &gpu.soft.golden())
    };
    let before = open.suite.state();
    for (bound, sent) in [
        (vec![], &right),
        (vec![right.device], &again),
        (vec![right.device], &of_other),
        (vec![right.device, of_other.device], &right),
    ] {
        refused(open.send(&bound, vec![sent.sent()]), "binding");
    }
    assert_eq!(open.suite.state(), before);
    open.send(&[again.device], vec![again.sent()]).unwrap();
}

#[test]
fn a_gpu_counts_once() {
    let mut open = Open::new(2);
    let answer = open.answers(&Gpu::first(1)).remove(0);
    let twice = vec![answer.sent(), answer.sent()];
    refused(open.send(&[answer.device], twice), "duplicate_device");
}

#[test]
fn measurements_are_those_of_an_approved_golden_set() {
    let mut open = Open::new(1);
    let set = Gpu::new(0).soft.golden();
    let mut changed = Gpu::new(0);
    changed.soft.measurements[3][0] ^= 1;
    let nonce = open.nonce();
    let evidence = changed.soft.evidence(nonce);
    open.refuses(&[changed.answer_with(evidence, &set)], "gpu_measurement");

    let newer = Gpu::newer_driver(0);
    let unapproved = open.answers(std::slice::from_ref(&newer));
    open.refuses(&unapproved, "unknown_golden");
    let as_older = newer.answer_with(newer.soft.evidence(nonce), &set);
    open.refuses(&[as_older], "golden_identity");
    open.suite.approve_golden(newer.golden()).unwrap();
    open.send_answers(&unapproved).unwrap();
}

#[test]
fn a_corrected_golden_set_replaces_the_wrong_one() {
    let mut open = Open::new(1);
    let gpu = Gpu::new(0);
    let answers = open.answers(std::slice::from_ref(&gpu));
    let mut wrong = gpu.soft.golden();
    wrong.entries[3].values = vec![[0x33; 48]];
    let id = open
        .suite
        .approve_golden(wrong.encode().unwrap())
        .unwrap()
        .golden;
    assert_eq!(id, gpu.golden_id());
    let repacked = gpu.answer_with(gpu.soft.evidence(open.nonce()), &wrong);
    open.refuses(&[repacked], "gpu_measurement");
    open.suite.approve_golden(gpu.golden()).unwrap();
    open.send_answers(&answers).unwrap();
    let golden = gpu.golden_id();
    let shown: GoldenSetAnswer = open.suite.ask(QueryMsg::Golden { golden }).unwrap();
    assert_eq!(shown.set.0, gpu.golden());
}

#[test]
fn a_golden_set_that_fell_serves_nobody() {
    for (speed, code) in [
        (RevocationSpeed::Retired, "retired"),
        (RevocationSpeed::Compromised, "compromised"),
    ] {
        let mut open = Open::new(1);
        let answers = open.answers(&Gpu::first(1));
        let target = RevocationTarget::Golden(Gpu::new(0).golden_id());
        open.suite.revoke(target, speed).unwrap();
        open.refuses(&answers, code);
    }
}

#[test]
fn golden_sets_have_one_form_and_a_size() {
    let mut suite = Suite::with_gpus();
    let set = Gpu::new(0).golden();
    let before = suite.state();
    refused(suite.approve_golden(vec![0x31; 32_769]), "length");
    assert!(suite.approve_golden(vec![]).is_err());
    refused(
        suite.approve_golden(set[..set.len() - 1].to_vec()),
        "encoding",
    );
    refused(suite.approve_golden([&set[..], &[0]].concat()), "encoding");
    assert_eq!(suite.state(), before);
    let golden = Hex([1; 32]);
    refused(
        suite.ask::<GoldenSetAnswer>(QueryMsg::Golden { golden }),
        "unknown_golden",
    );
}

#[test]
fn all_gpus_of_a_worker_show_the_same() {
    let mut open = Open::new(2);
    let newer = Gpu::newer_driver(1);
    open.suite.approve_golden(newer.golden()).unwrap();
    let mixed = open.answers(&[Gpu::new(0), newer]);
    open.refuses(&mixed, "golden_mixed");
}

#[test]
fn a_gpu_serves_one_worker_until_its_lease_ends() {
    let mut suite = Suite::with_gpus();
    let (alice, bob) = (suite.user("alice"), suite.user("bob"));
    let (tee, elsewhere) = (suite.tee.clone(), common::Tee::other_platform());
    let gpus = Gpu::first(2);
    let (one, two) = (Boot::new("1").with_gpus(2), Boot::new("2").with_gpus(1));
    suite
        .register_gpus(&tee, &gpus, &alice, None, &one)
        .unwrap();
    for operator in [&alice, &bob] {
        refused(
            suite.register_gpus(&elsewhere, &gpus[1..], operator, None, &two),
            "device_taken",
        );
    }
    suite.app.advance(LEASE_S);
    refused(
        suite.register_gpus(&elsewhere, &gpus[1..], &bob, None, &two),
        "device_taken",
    );
    suite.app.advance(1);
    suite
        .register_gpus(&elsewhere, &gpus[1..], &bob, None, &two)
        .unwrap();
}

#[test]
fn a_refused_registration_takes_no_gpu() {
    let mut open = Open::new(1);
    let answers = open.answers(&Gpu::first(1));
    refused(open.send(&[], vec![answers[0].sent()]), "binding");
    let (bob, tee) = (open.suite.user("bob"), open.suite.tee.clone());
    let boot = Boot::new("2").with_gpus(1);
    open.suite
        .register_gpus(&tee, &Gpu::first(1), &bob, None, &boot)
        .unwrap();
}

#[test]
fn a_new_boot_of_the_worker_takes_its_gpus_along() {
    let mut suite = Suite::with_gpus();
    let (alice, bob, tee) = (suite.user("alice"), suite.user("bob"), suite.tee.clone());
    let gpus = Gpu::first(1);
    let boots = ["1", "2", "3"].map(|name| Boot::new(name).with_gpus(1));
    let worker_id = suite
        .register_gpus(&tee, &gpus, &alice, None, &boots[0])
        .unwrap()
        .worker_id;
    suite
        .register_gpus(&tee, &gpus, &alice, Some(worker_id), &boots[1])
        .unwrap();
    assert_eq!(suite.worker(worker_id).kid, boots[1].kid());
    // A worker that was retired lets go of them at once.
    refused(
        suite.register_gpus(&tee, &gpus, &bob, None, &boots[2]),
        "device_taken",
    );
    suite.retire(&alice, worker_id).unwrap();
    suite
        .register_gpus(&tee, &gpus, &bob, None, &boots[2])
        .unwrap();
}

/// A boot ROM issues its certificates anew for each firmware; the GPU stays the same one.
#[test]
fn a_gpu_under_another_firmware_is_the_same_gpu() {
    let mut suite = Suite::with_gpus();
    let (alice, bob) = (suite.user("alice"), suite.user("bob"));
    let (tee, gpu) = (suite.tee.clone(), Gpu::new(0));
    let mut reflashed = gpu.clone();
    reflashed.soft.fwid = [0x77; 48];
    assert_ne!(reflashed.leaf(), gpu.leaf());
    let (one, two) = (Boot::new("1").with_gpus(1), Boot::new("2").with_gpus(1));
    suite
        .register_gpus(&tee, std::slice::from_ref(&gpu), &alice, None, &one)
        .unwrap();
    refused(
        suite.register_gpus(&tee, &[reflashed.clone()], &bob, None, &two),
        "device_taken",
    );
    let target = RevocationTarget::Device(gpu.device());
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    refused(
        suite.register_gpus(&tee, &[reflashed], &bob, None, &two),
        "compromised",
    );
}

#[test]
fn a_renewal_shows_the_same_gpus() {
    let mut suite = Suite::with_gpus();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    let (gpus, boot) = (Gpu::first(2), Boot::new("1").with_gpus(2));
    suite
        .register_gpus(&tee, &gpus, &alice, None, &boot)
        .unwrap();
    suite.app.advance(LEASE_S / 2);

    let newer = Gpu::newer_driver(0);
    suite.approve_golden(newer.golden()).unwrap();
    let newer = [newer, Gpu::newer_driver(1)];
    let with_stranger = [Gpu::new(0), Gpu::new(2)];
    for other in [&newer, &with_stranger] {
        refused(suite.renew_gpus(&tee, other, &alice, &boot), "renewal");
    }
    let fewer = boot.clone().with_gpus(1);
    refused(
        suite.renew_gpus(&tee, &gpus[..1], &alice, &fewer),
        "renewal",
    );
    refused(suite.renew_gpus(&tee, &[], &alice, &boot), "gpu_count");
    let reversed = [Gpu::new(1), Gpu::new(0)];
    suite.renew_gpus(&tee, &reversed, &alice, &boot).unwrap();
}

#[test]
fn a_revoked_gpu_renews_nothing() {
    let mut suite = Suite::with_gpus();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    let (gpus, boot) = (Gpu::first(1), Boot::new("1").with_gpus(1));
    suite
        .register_gpus(&tee, &gpus, &alice, None, &boot)
        .unwrap();
    suite.app.advance(LEASE_S / 2);
    let target = RevocationTarget::Device(gpus[0].device());
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    refused(suite.renew_gpus(&tee, &gpus, &alice, &boot), "retired");
}

#[test]
fn the_authority_must_be_known() {
    let mut suite = Suite::new();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    suite.approve_golden(Gpu::new(0).golden()).unwrap();
    let boot = Boot::new("1").with_gpus(1);
    refused(
        suite.register_gpus(&tee, &Gpu::first(1), &alice, None, &boot),
        "certificate_unknown",
    );
}

#[test]
fn the_lease_ends_with_the_gpus_certificate() {
    let mut suite = Suite::with_gpus();
    let (alice, tee, mut gpu) = (suite.user("alice"), suite.tee.clone(), Gpu::new(0));
    let until = START + LEASE_S / 2;
    gpu.soft.leaf.validity.1 = until;
    let (one, two) = (Boot::new("1").with_gpus(1), Boot::new("2").with_gpus(1));
    let answer = suite
        .register_gpus(&tee, std::slice::from_ref(&gpu), &alice, None, &one)
        .unwrap();
    assert_eq!(answer.lease_until, until);
    suite.app.advance(LEASE_S / 2 + 1);
    for gpu in [gpu.clone(), gpu.by_hash()] {
        refused(
            suite.register_gpus(&tee, &[gpu], &alice, None, &two),
            "expired",
        );
    }
}

/// GPUs in protected PCIe trust switches that nobody attested.
#[test]
fn a_mode_that_needs_attested_switches_is_refused() {
    for (feature, accepted) in [(0, true), (1, true), (2, false)] {
        let mut open = Open::new(1);
        let mut gpu = Gpu::new(0);
        gpu.soft.feature = feature;
        let answers = open.answers(&[gpu]);
        if accepted {
            open.send_answers(&answers).unwrap();
        } else {
            open.refuses(&answers, "gpu_feature");
        }
    }
}

#[test]
fn sizes_and_counts_are_bounded() {
    let mut open = Open::new(1);
    let right = open.answers(&Gpu::first(1)).remove(0);
    let DeviceCertificates::Der {
        certificates,
        issuer,
    } = right.report.certificates.clone()
    else {
        panic!("sent with its certificates");
    };
    for size in [0, 8_193] {
        let mut bad = right.clone();
        bad.report.evidence = Binary(vec![1; size]);
        open.refuses(&[bad], "length");
    }
    let with = |certificates: Vec<Binary>| {
        let mut bad = right.clone();
        bad.report.certificates = DeviceCertificates::Der {
            certificates,
            issuer,
        };
        bad
    };
    let leaf = &certificates[0];
    let all = [
        (vec![leaf.clone(); 5], "count"),
        (
            vec![Binary(vec![0x30; 4_097]), certificates[1].clone()],
            "length",
        ),
        (vec![Binary(vec![]), certificates[1].clone()], "length"),
        (vec![], "gpu_chain_length"),
        (vec![leaf.clone()], "gpu_chain_length"),
        (vec![leaf.clone(); 4], "gpu_chain_length"),
        (vec![certificates[1].clone(), leaf.clone()], "profile"),
    ];
    for (certificates, code) in all {
        open.refuses(&[with(certificates)], code);
    }
}

#[test]
fn authorities_come_in_small_numbers_and_in_order() {
    let mut suite = Suite::empty(true);
    let Collateral::Nvidia { certificates, .. } = Gpu::authorities() else {
        panic!("authorities of NVIDIA's kind");
    };
    let mut reversed = certificates.clone();
    reversed.reverse();
    let device = Binary(Gpu::new(0).soft.certificates()[1].clone());
    let with_boot_rom = [certificates.clone(), vec![device]].concat();
    let before = suite.state();
    for (certificates, code) in [
        (vec![], "length"),
        (vec![Binary(vec![])], "length"),
        (vec![Binary(vec![0x30; 4_097])], "length"),
        (vec![certificates[0].clone(); 5], "count"),
        (reversed, "profile"),
        (with_boot_rom, "profile"),
    ] {
        let collateral = Collateral::Nvidia {
            issuer: None,
            certificates,
        };
        refused(suite.submit_any(RootKind::Development, collateral), code);
    }
    let issuer = Some(Hex([5; 32]));
    let unknown = Collateral::Nvidia {
        issuer,
        certificates: certificates.clone(),
    };
    refused(
        suite.submit_any(RootKind::Development, unknown),
        "certificate_unknown",
    );
    assert_eq!(suite.state(), before);
    let answer = suite
        .submit_any(RootKind::Development, Gpu::authorities())
        .unwrap();
    assert_eq!(answer.subject, Gpu::authority().to_string());
}

/// A key whose image fell gives up its GPU; should the image rise again, the key does not: one GPU
/// serves one worker.
#[test]
fn a_gpu_that_moved_on_does_not_come_back() {
    let mut suite = Suite::with_gpus();
    let (alice, bob) = (suite.user("alice"), suite.user("bob"));
    let (one, two) = (Boot::new("1").with_gpus(1), Boot::new("2").with_gpus(1));
    let (first, second) = (suite.tee.clone(), Tee::other_image());
    let gpu = Gpu::new(0);
    let gpus = std::slice::from_ref(&gpu);
    suite
        .register_gpus(&first, gpus, &alice, None, &one)
        .unwrap();
    suite.approve(second.image(), None).unwrap();
    let image = RevocationTarget::Image(first.image());
    suite.revoke(image, RevocationSpeed::Retired).unwrap();
    suite
        .register_gpus(&second, gpus, &bob, None, &two)
        .unwrap();
    suite.approve(first.image(), None).unwrap();
    assert_eq!(suite.status(&one), KidStatus::Retired);
    assert_eq!(suite.status(&two), KidStatus::Active);
}
