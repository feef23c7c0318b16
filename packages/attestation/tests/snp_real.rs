//! Real reports of AMD platforms, in the shared fixtures.
//!
//! AMD's revocation lists are not among them, so these reports are verified as a tool without a list
//! would: with [`verify_ask`], which says so in its result.

use std::path::{Path, PathBuf};

use p384::ecdsa::signature::Verifier;
use p384::ecdsa::{Signature, VerifyingKey};
use secret_ai_attestation::snp::{
    check_snp_policy, snp_image_id, verify_ask, verify_endorsement, verify_snp_collateral,
    verify_snp_report, Endorsement, Product, RawSnpCollateral, Signer, SnpCollateral, SnpPolicy,
    SnpRoot, Tcb, VerifiedSnp, ARK_GENOA_FINGERPRINT, ARK_MILAN_FINGERPRINT, ARK_TURIN_FINGERPRINT,
};
use secret_ai_attestation::Error;

/// Offset of the report in what Azure's paravisor (HCL) keeps in the vTPM.
const HCL_HEADER: usize = 32;
const REPORT_LENGTH: usize = 1_184;

struct Row {
    name: &'static str,
    product: Product,
    signer: Signer,
    report: &'static str,
    certificate: &'static str,
    chain: &'static str,
    /// First and last second of the certificate.
    window: (u64, u64),
    version: u32,
    vmpl: u32,
    reported: Tcb,
}

const fn tcb(boot_loader: u8, snp: u8, microcode: u8) -> Tcb {
    Tcb {
        fmc: 0,
        boot_loader,
        tee: 0,
        snp,
        microcode,
    }
}

/// Reports that are acceptable.
const ROWS: [Row; 4] = [
    Row {
        name: "trustee Milan",
        product: Product::Milan,
        signer: Signer::Vcek,
        report: "trustee/snp__test-report.bin",
        certificate: "trustee/snp__test-vcek.der",
        chain: "go-sev-guest/ask_ark_milan.pem",
        // 2023-01-24T17:58:26Z, 2030-01-24T17:58:26Z
        window: (1_674_583_106, 1_895_507_906),
        version: 2,
        vmpl: 0,
        reported: tcb(3, 8, 115),
    },
    Row {
        name: "Azure Milan",
        product: Product::Milan,
        signer: Signer::Vcek,
        report: "trustee/az-snp-vtpm__hcl-report.bin",
        certificate: "trustee/az-snp-vtpm__vcek.pem",
        chain: "go-sev-guest/ask_ark_milan.pem",
        // 2023-05-02T21:22:19Z, 2030-05-02T21:22:19Z
        window: (1_683_062_539, 1_903_987_339),
        version: 2,
        vmpl: 0,
        reported: tcb(3, 8, 115),
    },
    Row {
        name: "Azure Genoa",
        product: Product::Genoa,
        signer: Signer::Vcek,
        report: "trustee/az-snp-vtpm__evidence-genoa.json",
        certificate: "trustee/az-snp-vtpm__vcek-genoa.pem",
        chain: "go-sev-guest/ask_ark_genoa.pem",
        // 2025-01-24T02:21:48Z, 2032-01-24T02:21:48Z
        window: (1_737_685_308, 1_958_523_708),
        version: 3,
        vmpl: 0,
        reported: tcb(10, 23, 84),
    },
    Row {
        name: "trustee Milan VLEK",
        product: Product::Milan,
        signer: Signer::Vlek,
        report: "trustee/snp__test-vlek-report.bin",
        certificate: "trustee/snp__test-vlek.der",
        chain: "go-sev-guest/milanvlek.testcer",
        // 2024-12-10T22:14:21Z, 2025-12-10T22:14:21Z
        window: (1_733_868_861, 1_765_404_861),
        version: 3,
        vmpl: 1,
        reported: tcb(4, 24, 217),
    },
];

/// A guest that was launched with debugging allowed.
const DEBUG_GUEST: Row = Row {
    name: "go-sev-guest Milan",
    product: Product::Milan,
    signer: Signer::Vcek,
    report: "go-sev-guest/attestation.bin",
    certificate: "go-sev-guest/vcek.testcer",
    chain: "go-sev-guest/milan.testcer",
    // 2022-09-24T00:55:28Z, 2029-09-24T00:55:28Z
    window: (1_663_980_928, 1_884_905_728),
    version: 2,
    vmpl: 0,
    reported: tcb(2, 5, 68),
};

/// 2025-06-15T00:00:00Z, inside every window.
const NOW: u64 = 1_749_945_600;

impl Row {
    fn certificate(&self) -> Vec<u8> {
        certificates(&shared(self.certificate)).remove(0)
    }

    fn report(&self) -> Vec<u8> {
        let bytes = shared(self.report);
        if self.report.ends_with(".json") {
            let evidence: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let numbers = evidence["report"].as_array().unwrap();
            let blob: Vec<u8> = numbers.iter().map(|n| n.as_u64().unwrap() as u8).collect();
            return report_of_hcl(&blob);
        }
        match bytes.len() {
            REPORT_LENGTH => bytes,
            _ => report_of_hcl(&bytes),
        }
    }

    fn collateral(&self, now: u64) -> Result<SnpCollateral, Error> {
        let ask = certificates(&shared(self.chain)).remove(0);
        verify_ask(self.product, &ask, &SnpRoot::pinned(self.product), now)
    }

    fn endorsement(&self, now: u64) -> Result<Endorsement, Error> {
        verify_endorsement(&self.certificate(), &self.collateral(now)?, now)
    }

    fn verify(&self, report: &[u8], now: u64) -> Result<VerifiedSnp, Error> {
        verify_snp_report(report, &self.endorsement(now)?, &self.collateral(now)?, now)
    }
}

fn report_of_hcl(blob: &[u8]) -> Vec<u8> {
    assert_eq!(&blob[..4], b"HCLA");
    blob[HCL_HEADER..][..REPORT_LENGTH].to_vec()
}

fn shared_dir() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/attestation");
    path.is_dir().then_some(path)
}

/// Whether the fixtures are there; says so if not.
fn present() -> bool {
    let present = shared_dir().is_some();
    if !present {
        println!("skipped: the shared fixtures are absent");
    }
    present
}

fn shared(path: &str) -> Vec<u8> {
    let path = shared_dir().unwrap().join("snp").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Certificates in PEM, or the one in DER.
fn certificates(bytes: &[u8]) -> Vec<Vec<u8>> {
    let Some(text) = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.contains("-----BEGIN"))
    else {
        return vec![bytes.to_vec()];
    };
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|block| base64(block.split("-----END").next().unwrap()))
        .collect()
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        Some(digit as u32)
    });
    let (mut out, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for digit in digits {
        bits = bits << 6 | digit;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

fn code<T>(verdict: Result<T, Error>) -> &'static str {
    verdict.err().map_or("accepted", |error| error.code())
}

#[test]
fn pinned_roots_are_amds_and_sign_themselves() {
    let roots = [
        (Product::Milan, ARK_MILAN_FINGERPRINT),
        (Product::Genoa, ARK_GENOA_FINGERPRINT),
        (Product::Turin, ARK_TURIN_FINGERPRINT),
    ];
    for (product, fingerprint) in roots {
        let root = SnpRoot::pinned(product);
        assert_eq!(root.fingerprint(), fingerprint, "{product}");
        assert_eq!(SnpRoot::from_der(root.der()), Ok(root));
    }
}

#[test]
fn every_published_authority_verifies_under_the_root_of_its_product_only() {
    if !present() {
        return;
    }
    let chains = [
        (Product::Milan, Signer::Vcek, "ask_ark_milan.pem"),
        (Product::Milan, Signer::Vlek, "ask_ark_milan_vlek.pem"),
        (Product::Genoa, Signer::Vcek, "ask_ark_genoa.pem"),
        (Product::Genoa, Signer::Vlek, "ask_ark_genoa_vlek.pem"),
        (Product::Turin, Signer::Vcek, "ask_ark_turin_vcek.pem"),
        (Product::Turin, Signer::Vlek, "ask_ark_turin_vlek.pem"),
    ];
    for (product, signer, file) in chains {
        let chain = certificates(&shared(&format!("go-sev-guest/{file}")));
        let [ask, ark] = &chain[..] else {
            panic!("{file} has two certificates")
        };
        let root = SnpRoot::pinned(product);
        assert_eq!(root.der(), ark, "{file}");
        let collateral = verify_ask(product, ask, &root, NOW).unwrap();
        assert_eq!((collateral.product, collateral.signer), (product, signer));
        assert_eq!(collateral.crl, None);
        assert_eq!(code(verify_ask(product, ark, &root, NOW)), "profile");
        for other in Product::ALL.into_iter().filter(|other| *other != product) {
            let foreign = verify_ask(product, ask, &SnpRoot::pinned(other), NOW);
            assert_eq!(code(foreign), "issuer", "{file} under {other}");
            let renamed = verify_ask(other, ask, &root, NOW);
            assert_eq!(code(renamed), "profile", "{file} as {other}");
        }
        let without_list = RawSnpCollateral {
            product,
            ask: ask.clone(),
            crl: Vec::new(),
        };
        assert_eq!(
            code(verify_snp_collateral(&without_list, &root, NOW)),
            "der"
        );
    }
}

#[test]
fn every_real_report_verifies_in_its_window_and_is_refused_outside() {
    if !present() {
        return;
    }
    for row in &ROWS {
        let report = row.report();
        let verified = row.verify(&report, NOW).unwrap_or_else(|error| {
            panic!("{}: {error} ({})", row.name, error.code());
        });
        assert_eq!(verified.product, row.product, "{}", row.name);
        assert_eq!(verified.signer, row.signer, "{}", row.name);
        assert_eq!(verified.version, row.version, "{}", row.name);
        assert_eq!(verified.vmpl, row.vmpl, "{}", row.name);
        assert_eq!(verified.reported_tcb, row.reported, "{}", row.name);
        assert_eq!(verified.valid_until, row.window.1, "{}", row.name);
        assert_eq!(verified.chip_id == [0; 64], row.signer == Signer::Vlek);
        let (from, until) = row.window;
        assert_eq!(code(row.verify(&report, from)), "accepted", "{}", row.name);
        assert_eq!(code(row.verify(&report, until)), "accepted", "{}", row.name);
        assert_eq!(
            code(row.verify(&report, from - 1)),
            "not_yet_valid",
            "{}",
            row.name
        );
        assert_eq!(
            code(row.verify(&report, until + 1)),
            "expired",
            "{}",
            row.name
        );
        check_policies(&verified);
    }
}

fn check_policies(verified: &VerifiedSnp) {
    let lenient = SnpPolicy {
        allow_smt: true,
        allow_vlek: true,
        allow_version_2: true,
        min_tcb: vec![(verified.product, verified.reported_tcb)],
    };
    assert_eq!(check_snp_policy(verified, &lenient), Ok(()));
    let mut higher = lenient.clone();
    higher.min_tcb[0].1.snp += 1;
    assert_eq!(
        code(check_snp_policy(verified, &higher)),
        "policy_snp_min_tcb"
    );
    let no_smt = SnpPolicy {
        allow_smt: false,
        ..lenient
    };
    assert_eq!(code(check_snp_policy(verified, &no_smt)), "policy_snp_smt");
}

#[test]
fn a_real_debug_guest_is_refused_though_amds_key_signed_its_report() {
    if !present() {
        return;
    }
    let (row, report) = (DEBUG_GUEST, DEBUG_GUEST.report());
    assert_eq!(code(row.verify(&report, NOW)), "snp_debug");
    let endorsement = row.endorsement(NOW).unwrap();
    assert_eq!((endorsement.tcb, row.vmpl), (row.reported, 0));
    let key = [&[4], &endorsement.key[..]].concat();
    let key = VerifyingKey::from_sec1_bytes(&key).unwrap();
    let half = |at: usize| report[at..][..48].iter().rev().copied();
    let signature: Vec<u8> = half(0x2a0).chain(half(0x2a0 + 72)).collect();
    let signature = Signature::from_slice(&signature).unwrap();
    key.verify(&report[..0x2a0], &signature).unwrap();
}

#[test]
fn stored_forms_of_real_certificates_serve_as_well() {
    if !present() {
        return;
    }
    for row in &ROWS {
        let endorsement = row.endorsement(NOW).unwrap();
        let stored = endorsement.encode().unwrap();
        println!("{}: {} bytes", row.name, stored.len());
        assert_eq!(
            Endorsement::decode(&stored),
            Ok(endorsement),
            "{}",
            row.name
        );
    }
}

#[test]
fn every_byte_of_a_real_report_counts() {
    if !present() {
        return;
    }
    let row = &ROWS[0];
    let report = row.report();
    let (endorsement, collateral) = (row.endorsement(NOW).unwrap(), row.collateral(NOW).unwrap());
    for at in 0..report.len() {
        let mut changed = report.clone();
        changed[at] ^= 0xff;
        let verdict = verify_snp_report(&changed, &endorsement, &collateral, NOW);
        assert!(verdict.is_err(), "byte {at}");
    }
    for length in 0..report.len() {
        let verdict = verify_snp_report(&report[..length], &endorsement, &collateral, NOW);
        assert_eq!(code(verdict), "snp_length");
    }
}

#[test]
fn certificates_of_other_chips_and_levels_do_not_endorse_a_report() {
    if !present() {
        return;
    }
    let row = &ROWS[0];
    let (report, collateral) = (row.report(), row.collateral(NOW).unwrap());
    let verify = |certificate: &str| {
        let der = certificates(&shared(certificate)).remove(0);
        let endorsement = verify_endorsement(&der, &collateral, NOW)?;
        verify_snp_report(&report, &endorsement, &collateral, NOW)
    };
    let expected = [
        // Not AMD's: a hardware id that counts up, in both encodings that are known.
        ("trustee/snp__test-vcek-invalid-legacy.der", "signature"),
        ("trustee/snp__test-vcek-invalid-new.der", "signature"),
        ("trustee/az-snp-vtpm__vcek.pem", "snp_hardware_id"),
        ("go-sev-guest/vcek.testcer", "snp_hardware_id"),
        ("trustee/az-snp-vtpm__vcek-genoa.pem", "issuer"),
        ("trustee/snp__test-vlek.der", "issuer"),
        ("trustee/snp__test-vcek.der", "accepted"),
    ];
    for (certificate, refusal) in expected {
        assert_eq!(code(verify(certificate)), refusal, "{certificate}");
    }
}

#[test]
fn reports_of_secretvms_lack_nothing_but_the_certificate_of_their_chip() {
    if !present() {
        return;
    }
    let genoa = &ROWS[2];
    assert_eq!(genoa.product, Product::Genoa);
    for file in ["amd_cpu_quote.txt", "amd_cpu_docker_check_quote.txt"] {
        let text = shared(&format!("../secretvm/{file}"));
        let report = base64(std::str::from_utf8(&text).unwrap());
        assert_eq!(
            code(genoa.verify(&report, NOW)),
            "snp_hardware_id",
            "{file}"
        );
    }
}

#[test]
fn images_of_real_reports_differ() {
    if !present() {
        return;
    }
    let ids = ROWS.map(|row| snp_image_id(&row.verify(&row.report(), NOW).unwrap()));
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id), "{}", ROWS[at].name);
    }
}
