//! A whole registration under development roots: accepted as it is, refused as soon as any part of it
//! is another worker's.

mod common;

use base64::prelude::{Engine, BASE64_STANDARD};
use common::{assert_failed, assert_outcome, fact, judge};
use secret_ai_attestation::gpu::NvidiaRoot;
use secret_ai_attestation::snp::SnpRoot;
use secret_ai_attestation::{gpu_nonce, report_data, Device, DeviceKind, TrustRoot};
use secret_ai_attestation_testkit::gpu::SoftGpu;
use secret_ai_attestation_testkit::snp::{SnpMeasurements, SoftSnp};
use secret_ai_attestation_testkit::{intel_json, pem_chain, Measurements, SoftTee};
use secret_ai_evidence::Outcome::{Fail, Missing, NotChecked, Pass};
use secret_ai_evidence::{verify, Binding, File, Image, Options, Policy, Report, Roots, Verdict};
use secret_ai_interface::Hex;
use serde_json::{json, Value};

const NOW: u64 = 1_790_000_000;
const SEED: [u8; 32] = [7; 32];

fn binding() -> Binding {
    Binding {
        chain_id: "secretdev-1".to_string(),
        registry: "secret1registry".to_string(),
        operator: "secret1operator".to_string(),
        receipt_pk: Hex([2; 33]),
        tls_spki_sha256: Hex([3; 32]),
        e2ee_pk: Hex([4; 32]),
        challenge: Hex([5; 32]),
        class: 0x10,
    }
}

/// What the library makes of a binding, without its help.
fn data(binding: &Binding, devices: &[Device]) -> ([u8; 64], [u8; 32]) {
    let registration = secret_ai_attestation::Registration {
        chain_id: &binding.chain_id,
        registry: &binding.registry,
        operator: &binding.operator,
        receipt_pk: binding.receipt_pk.as_bytes(),
        tls_spki_sha256: binding.tls_spki_sha256.as_bytes(),
        e2ee_pk: binding.e2ee_pk.as_bytes(),
        challenge: binding.challenge.as_bytes(),
        class: binding.class,
    };
    (
        report_data(&registration, devices).unwrap(),
        gpu_nonce(&registration).unwrap(),
    )
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    <sha2::Sha256 as sha2::Digest>::digest(bytes).into()
}

/// A worker's evidence, as files.
struct Worker {
    tee: SoftTee,
    gpu: SoftGpu,
    intel_root: Vec<u8>,
    nvidia_root: Vec<u8>,
    quote: Vec<u8>,
    collateral: String,
    bundle: String,
}

fn worker(binding: &Binding) -> Worker {
    let (tee, gpu) = (SoftTee::new(SEED, NOW), SoftGpu::new(SEED, 0));
    let certificates = gpu.certificates();
    let (_, nonce) = data(binding, &[]);
    let evidence = gpu.evidence(nonce);
    let device = Device {
        kind: DeviceKind::Gpu,
        leaf_sha256: sha256(&certificates[0]),
        evidence_sha256: sha256(&evidence),
    };
    let (data, _) = data(binding, &[device]);
    let mut chain = certificates;
    chain.extend(gpu.ca_chain().into_iter().rev());
    chain.push(gpu.root_der());
    let bundle = json!([{
        "arch": "HOPPER",
        "certificate": BASE64_STANDARD.encode(pem_chain(&chain)),
        "evidence": BASE64_STANDARD.encode(&evidence),
        "nonce": hex::encode(nonce),
    }]);
    Worker {
        intel_root: tee.root_der(),
        nvidia_root: gpu.root_der(),
        quote: tee.quote(data, &Measurements::default()),
        collateral: intel_json(&tee.collateral()).to_string(),
        bundle: bundle.to_string(),
        tee,
        gpu,
    }
}

impl Worker {
    fn roots(&self) -> Roots<'_> {
        Roots {
            intel: TrustRoot::from_der(&self.intel_root).unwrap(),
            nvidia: NvidiaRoot::from_der(&self.nvidia_root).unwrap(),
            ..Roots::default()
        }
    }

    fn judge(&self, policy: &Policy) -> secret_ai_evidence::Report {
        let options = Options {
            roots: self.roots(),
            policy: Some(policy),
            ..Options::at(NOW)
        };
        let files = [
            &self.quote[..],
            self.collateral.as_bytes(),
            self.bundle.as_bytes(),
        ];
        judge(&files, &options)
    }

    fn policy(&self, binding: Binding) -> Policy {
        let m = Measurements::default();
        let rtmr = [&m.rtmr[0], &m.rtmr[1], &m.rtmr[2]];
        let image = secret_ai_attestation::image_id_of(&m.mr_td, rtmr, &m.xfam, &m.td_attributes);
        let workload = secret_ai_attestation::Workload::Rtmr3(m.rtmr[3]);
        let workload = secret_ai_attestation::workload_digest(&workload);
        let images = vec![Image {
            image: Hex(image),
            workloads: Some(vec![Hex(workload)]),
        }];
        Policy {
            images: Some(images),
            platforms: Some(vec![Hex(self.tee.ppid_hash())]),
            known_platforms_only: true,
            golden: vec![self.gpu.golden()],
            binding: Some(binding),
            ..Policy::default()
        }
    }
}

#[test]
fn a_registration_is_accepted() {
    let worker = worker(&binding());
    let report = worker.judge(&worker.policy(binding()));
    assert_eq!(report.verdict, Verdict::Accepted, "{report}");
    let names = [
        "image",
        "workload",
        "platform",
        "class",
        "binding",
        "nonce",
        "measurements",
    ];
    for name in names {
        assert_outcome(&report, name, Pass);
    }
    assert!(
        !report.summary.contains("not checked"),
        "{}",
        report.summary
    );
}

#[test]
fn a_registration_with_any_other_input_is_refused() {
    let worker = worker(&binding());
    type Change = fn(&mut Binding);
    let changes: [(&str, Change); 7] = [
        ("chain", |b| b.chain_id.push('2')),
        ("registry", |b| b.registry.push('2')),
        ("operator", |b| b.operator.push('2')),
        ("receipt key", |b| b.receipt_pk.0[1] ^= 1),
        ("TLS key", |b| b.tls_spki_sha256.0[1] ^= 1),
        ("encryption key", |b| b.e2ee_pk.0[1] ^= 1),
        ("challenge", |b| b.challenge.0[1] ^= 1),
    ];
    for (what, change) in changes {
        let mut other = binding();
        change(&mut other);
        let report = worker.judge(&worker.policy(other));
        assert_eq!(report.verdict, Verdict::Refused, "{what}");
        assert_failed(&report, "binding", "binding");
    }
    let fewer = Binding {
        class: 0x20,
        ..binding()
    };
    assert_failed(&worker.judge(&worker.policy(fewer)), "class", "class");
}

#[test]
fn genuine_gpu_evidence_of_another_machine_cannot_be_spliced_in() {
    let (mut own, other) = (worker(&binding()), SoftGpu::new(SEED, 1));
    let (_, nonce) = data(&binding(), &[]);
    let mut chain = other.certificates();
    chain.extend(other.ca_chain().into_iter().rev());
    own.bundle = json!([{
        "certificate": BASE64_STANDARD.encode(pem_chain(&chain)),
        "evidence": BASE64_STANDARD.encode(other.evidence(nonce)),
    }])
    .to_string();
    let report = own.judge(&own.policy(binding()));
    for name in ["certificates", "report", "nonce", "measurements"] {
        assert_outcome(&report, name, Pass);
    }
    assert_failed(&report, "binding", "binding");
}

#[test]
fn what_the_policy_does_not_list_is_refused() {
    let worker = worker(&binding());
    let changed = |change: fn(&mut Policy)| {
        let mut policy = worker.policy(binding());
        change(&mut policy);
        worker.judge(&policy)
    };
    assert_failed(&changed(|p| p.images = Some(Vec::new())), "image", "image");
    let report = changed(|p| p.images.as_mut().unwrap()[0].workloads = Some(Vec::new()));
    assert_failed(&report, "workload", "workload");
    let unknown = changed(|p| p.platforms = None);
    assert_failed(&unknown, "platform", "platform");
    let report = changed(|p| {
        p.known_platforms_only = false;
        p.platforms = Some(Vec::new());
    });
    assert_failed(&report, "platform", "platform");
    let report = changed(|p| p.golden[0].entries[3].values = vec![[9; 48]]);
    assert_failed(&report, "measurements", "gpu_measurement");
    let report = changed(|p| p.golden[0].driver_version.push('9'));
    assert_failed(&report, "measurements", "golden_unknown");
    assert_outcome(&changed(|p| p.golden.clear()), "measurements", Missing);
    let report = changed(|p| p.tdx.max_collateral_age_s = 3_600);
    assert_failed(&report, "collateral_age", "collateral_age");
    let report = changed(|p| p.tdx.min_tcb_evaluation_number = 1_000);
    assert_failed(&report, "tcb_policy", "policy_evaluation_number");
    let report = changed(|p| p.tdx.max_tcb_evaluation_number = Some(0));
    assert_failed(&report, "tcb_evaluation", "policy_evaluation_number");
    let report = changed(|p| p.tdx.max_tcb_evaluation_number = Some(u32::MAX));
    assert_outcome(&report, "tcb_evaluation", Pass);
}

#[test]
fn development_roots_are_not_believed_by_default() {
    let worker = worker(&binding());
    let files = [
        &worker.quote[..],
        worker.collateral.as_bytes(),
        worker.bundle.as_bytes(),
    ];
    let report = judge(&files, &Options::at(NOW));
    assert_eq!(report.verdict, Verdict::Refused);
    assert_failed(&report, "collateral", "issuer");
    assert_failed(&report, "certificates", "foreign_root");
}

#[test]
fn an_snp_registration_is_accepted_with_its_revocation_list() {
    let amd = SoftSnp::new(SEED, NOW);
    let bound = Binding {
        class: 0,
        ..binding()
    };
    let (data, _) = data(&bound, &[]);
    let (raw, root) = (amd.collateral(), amd.root_der());
    let report = amd.report(data, &SnpMeasurements::default());
    let chain = pem_chain(&[amd.vcek_der(), raw.ask.clone(), root.clone()]);
    let roots = Roots {
        amd: Some(SnpRoot::from_der(&root).unwrap()),
        ..Roots::default()
    };
    let policy = Policy {
        binding: Some(bound),
        ..Policy::default()
    };
    let options = Options {
        roots,
        policy: Some(&policy),
        ..Options::at(NOW)
    };

    let files: [&[u8]; 3] = [&report, chain.as_bytes(), &raw.crl];
    let verdict = judge(&files, &options);
    assert_eq!(verdict.verdict, Verdict::Accepted, "{verdict}");
    for name in [
        "root",
        "authority",
        "revocation",
        "certificate",
        "report",
        "policy",
        "binding",
    ] {
        assert_outcome(&verdict, name, Pass);
    }
    assert_eq!(fact(&verdict, "product"), "Genoa");

    let without = judge(&files[..2], &options);
    assert_outcome(&without, "revocation", Missing);
    assert_eq!(without.verdict, Verdict::Incomplete);
    let lenient = judge(
        &files[..2],
        &Options {
            without_crl: true,
            ..options.clone()
        },
    );
    assert_outcome(&lenient, "revocation", NotChecked);
    assert_eq!(lenient.verdict, Verdict::Accepted);

    let pinned = judge(
        &files,
        &Options {
            roots: Roots::default(),
            ..options
        },
    );
    assert_failed(&pinned, "root", "foreign_root");
}

#[test]
fn a_tls_certificate_must_be_the_bound_one() {
    let worker = worker(&binding());
    // Any certificate of no vendor will do: here a development root, whose key is not a server's.
    let tls = worker.tee.root_der();
    let spki = {
        let certificate: x509_cert::Certificate = x509_cert::der::Decode::from_der(&tls).unwrap();
        let key = certificate.tbs_certificate().subject_public_key_info();
        sha256(&x509_cert::der::Encode::to_der(key).unwrap())
    };
    let mut data = [0; 64];
    data[..32].copy_from_slice(&spki);
    let quote = worker.tee.quote(data, &Measurements::default());
    let options = Options {
        roots: worker.roots(),
        ..Options::at(NOW)
    };
    let collateral = worker.collateral.as_bytes();
    let report = judge(&[&quote, collateral, &tls], &options);
    assert_outcome(&report, "tls", Pass);
    let form = fact(&report, "report_data_form").to_string();
    assert!(form.contains("static boot quote"), "{form}");
    assert_eq!(report.verdict, Verdict::Accepted, "{report}");
    let report = judge(&[&worker.quote, collateral, &tls], &options);
    assert_failed(&report, "tls", "tls");
}

#[test]
fn a_golden_set_counts_as_a_file_of_its_own_only() {
    let worker = worker(&binding());
    let set = worker.gpu.golden().encode().unwrap();
    let mut policy = worker.policy(binding());
    policy.golden.clear();
    let options = Options {
        roots: worker.roots(),
        policy: Some(&policy),
        ..Options::at(NOW)
    };
    let with = |more: &[u8]| {
        let files = [
            &worker.quote[..],
            worker.collateral.as_bytes(),
            worker.bundle.as_bytes(),
            more,
        ];
        judge(&files, &options)
    };
    let digits = hex::encode(&set);
    let inside = [
        json!(digits).to_string(),
        json!({"a": [BASE64_STANDARD.encode(&set)]}).to_string(),
        json!({"list": set}).to_string(),
        BASE64_STANDARD.encode(json!({ "a": digits }).to_string()),
    ];
    for document in inside {
        let report = with(document.as_bytes());
        assert_outcome(&report, "measurements", Missing);
        assert!(!report.summary.contains("believed"), "{report}");
    }
    for file in [&set[..], digits.as_bytes()] {
        let report = with(file);
        assert_eq!(report.verdict, Verdict::Accepted, "{report}");
        assert!(report.summary.contains("believed: f."), "{report}");
    }
}

#[test]
fn what_only_a_cpu_can_show_is_missing_without_its_evidence() {
    let worker = worker(&binding());
    let full = worker.policy(binding());
    let tls = worker.tee.root_der();
    let judged = |policy: &Policy, more: &[&[u8]]| {
        let options = Options {
            roots: worker.roots(),
            policy: Some(policy),
            ..Options::at(NOW)
        };
        judge(&[&[worker.bundle.as_bytes()], more].concat(), &options)
    };
    let only = |change: fn(&mut Policy, Policy)| {
        let mut policy = Policy {
            golden: full.golden.clone(),
            ..Policy::default()
        };
        change(&mut policy, full.clone());
        judged(&policy, &[])
    };
    let cases = [
        ("image", only(|p, full| p.images = full.images)),
        ("platform", only(|p, full| p.platforms = full.platforms)),
        ("platform", only(|p, _| p.known_platforms_only = true)),
        ("binding", only(|p, full| p.binding = full.binding)),
        ("compose", {
            let policy = only_golden(&full);
            judged(&policy, &[b"services: {}"])
        }),
        ("tls", judged(&only_golden(&full), &[&tls])),
    ];
    for (name, report) in cases {
        assert_outcome(&report, name, Missing);
        assert_eq!(report.verdict, Verdict::Incomplete, "{report}");
    }
    let nothing_asked = judged(&only_golden(&full), &[]);
    assert_eq!(nothing_asked.verdict, Verdict::Accepted, "{nothing_asked}");
}

fn only_golden(full: &Policy) -> Policy {
    Policy {
        golden: full.golden.clone(),
        ..Policy::default()
    }
}

#[test]
fn damaged_gpu_entries_are_refused_by_name() {
    let worker = worker(&binding());
    let entry = || serde_json::from_str::<Value>(&worker.bundle).unwrap()[0].take();
    let altered = |field: &str, value: Value| {
        let mut entry = entry();
        entry[field] = value;
        entry
    };
    let mut cut = entry();
    cut.as_object_mut().unwrap().remove("evidence");
    let block = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let cases = [
        (
            json!([entry(), altered("evidence", json!("AAAA"))]),
            "GPU entry 1",
        ),
        (
            json!([entry(), altered("certificate", json!(""))]),
            "GPU entry 1",
        ),
        (
            json!([altered("certificate", json!(block)), entry()]),
            "PEM block 0",
        ),
        (json!([entry(), cut]), "GPU entry 1"),
        (json!([entry(), "gone"]), "GPU entry 1"),
        (json!([altered("nonce", json!("12"))]), "nonce"),
        (json!({"nonce": 5, "evidence_list": [entry()]}), "nonce"),
        (json!({"evidence_list": [entry(), null]}), "GPU entry 1"),
    ];
    let options = Options {
        roots: worker.roots(),
        ..Options::at(NOW)
    };
    for (bundle, named) in cases {
        let report = judge(&[&worker.quote, bundle.to_string().as_bytes()], &options);
        assert_failed(&report, "readable", "damaged");
        let detail = &common::check(&report, "readable").detail;
        assert!(detail.contains(named), "{detail}");
    }
    let report = judge(&[&worker.quote, block.as_bytes()], &options);
    assert_failed(&report, "readable", "damaged");
}

#[test]
fn measurements_that_nobody_judged_are_counted() {
    let worker = worker(&binding());
    let mut policy = worker.policy(binding());
    let detail = |policy: &Policy| {
        let report = worker.judge(policy);
        common::check(&report, "measurements").detail.clone()
    };
    let all = detail(&policy);
    policy.golden[0].entries.remove(3);
    let fewer = detail(&policy);
    let count = |text: &str| -> usize {
        let (_, rest) = text.split_once("; ").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(count(&fewer), count(&all) + 1, "{all} / {fewer}");
}

#[test]
fn a_root_file_system_without_a_compose_file_is_missing_one() {
    let worker = worker(&binding());
    let options = Options {
        roots: worker.roots(),
        rootfs: Some([7; 32]),
        ..Options::at(NOW)
    };
    let report = judge(&[&worker.quote, worker.collateral.as_bytes()], &options);
    assert_outcome(&report, "compose", Missing);
}

#[test]
fn loose_chains_find_their_reports_in_any_order() {
    let worker = worker(&binding());
    let gpus = [SoftGpu::new(SEED, 0), SoftGpu::new(SEED, 1)];
    let mut certificates: Vec<Vec<u8>> = gpus[0].ca_chain();
    for gpu in &gpus {
        certificates.extend(gpu.certificates().into_iter().rev());
    }
    let reports = gpus.each_ref().map(|gpu| gpu.evidence([9; 32]));
    let options = Options {
        roots: worker.roots(),
        ..Options::at(NOW)
    };
    for _ in 0..certificates.len() {
        certificates.rotate_left(1);
        let chain = pem_chain(&certificates);
        let report = judge(&[&reports[0], &reports[1], chain.as_bytes()], &options);
        let names = ["certificates", "report"];
        let checks = report.checks.iter().filter(|one| names.contains(&one.name));
        assert_eq!(
            checks.filter(|one| one.outcome == Pass).count(),
            4,
            "{report}"
        );
    }
}

/// Outcome of a check of one subject.
fn outcome(report: &Report, subject: &str, name: &str) -> secret_ai_evidence::Outcome {
    let mut checks = report.checks.iter();
    let found = checks.find(|one| one.subject == subject && one.name == name);
    found.unwrap_or_else(|| panic!("{report}")).outcome
}

#[test]
fn spare_collateral_out_of_its_dates_does_no_harm() {
    let worker = worker(&binding());
    let old = SoftTee::new(SEED, NOW - 90 * 86_400).collateral();
    let old = intel_json(&old).to_string();
    let options = Options {
        roots: worker.roots(),
        ..Options::at(NOW)
    };
    let good = worker.collateral.as_bytes();
    let report = judge(&[&worker.quote, old.as_bytes(), good], &options);
    assert_eq!(outcome(&report, "intel 0", "collateral"), NotChecked);
    assert_eq!(outcome(&report, "intel 1", "collateral"), Pass);
    assert_eq!(report.verdict, Verdict::Accepted, "{report}");
    let report = judge(&[&worker.quote, old.as_bytes()], &options);
    assert_eq!(outcome(&report, "intel", "collateral"), Fail);
}

#[test]
fn names_cannot_write_on_the_screen() {
    let worker = worker(&binding());
    let name = "a\u{1b}[2J\nACCEPTED\u{202e}";
    let bytes = &worker.quote[..];
    let report = verify(&[File { name, bytes }], &Options::at(NOW)).unwrap();
    let text = report.to_string();
    assert!(
        text.starts_with("a\\u{1b}[2J\\nACCEPTED\\u{202e}: TDX quote"),
        "{text}"
    );
}
