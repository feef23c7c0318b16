//! NVIDIA's manifests: the real one verifies in its time, every altered one is refused by name.

mod common;

use common::{fixture, JANUARY_2026};
use secret_ai_evidence::rim::{golden, verify_rim, Board, GoldenError, Rim, RimKind, RimRoot};

const FOLDER: &str = "nvidia/attestation-sdk/";

fn text(name: &str) -> Option<String> {
    Some(String::from_utf8(fixture(&format!("{FOLDER}{name}"))?).unwrap())
}

fn driver() -> Option<String> {
    text("top_NV_GPU_DRIVER_GH100_550.144.03.xml")
}

fn code(text: &str, now: u64) -> &'static str {
    verify_rim(text, &RimRoot::nvidia(), now)
        .unwrap_err()
        .code()
}

#[test]
fn the_pinned_root_is_nvidias() {
    let root = RimRoot::nvidia();
    assert_eq!(
        root.fingerprint(),
        secret_ai_evidence::rim::NVIDIA_RIM_FINGERPRINT
    );
}

#[test]
fn the_real_driver_manifest_verifies_within_its_dates_only() {
    let Some(text) = driver() else { return };
    let rim = verify_rim(&text, &RimRoot::nvidia(), JANUARY_2026).unwrap();
    assert_eq!((rim.kind, rim.product.as_str()), (RimKind::Driver, "GH100"));
    assert_eq!((rim.version.as_str(), rim.active.len()), ("550.144.03", 21));
    // 2024-12-30T16:56:50Z to 2026-12-30T16:56:50Z, the signer's certificate.
    let (from, until) = (1_735_577_810, 1_798_649_810);
    assert_eq!(rim.valid, (from, until));
    for now in [from, until] {
        verify_rim(&text, &RimRoot::nvidia(), now).unwrap();
    }
    for now in [from - 1, until + 1] {
        assert_eq!(code(&text, now), "rim_chain_dates");
    }
}

#[test]
fn nvidias_own_bad_examples_are_refused_by_name() {
    let cases = [
        ("top_incorrect_signature_driver_rim.xml", "rim_signature"),
        (
            "NV_GPU_DRIVER_GH100_535.86.09_measurement_mismatch.xml",
            "rim_digest",
        ),
        (
            "top_incorrect_cert_chain_driver_rim.xml",
            "rim_chain_issuer",
        ),
        (
            "NV_GPU_DRIVER_GH100_570.124.03_expired.xml",
            "rim_chain_dates",
        ),
    ];
    for (name, expected) in cases {
        let Some(text) = text(name) else { return };
        assert_eq!(code(&text, JANUARY_2026), expected, "{name}");
    }
}

/// Its name speaks of the reports that NVIDIA tests it with: the manifest itself is NVIDIA's.
#[test]
fn a_real_pair_of_manifests_makes_a_set() {
    let vbios = "NV_GPU_VBIOS_1010_0200_882_96005E0001_measurement_mismatch.xml";
    let (Some(driver), Some(text)) = (driver(), text(vbios)) else {
        return;
    };
    // 2025-07-01T00:00:00Z
    let verified = |text: &str| verify_rim(text, &RimRoot::nvidia(), common::JULY_2025).unwrap();
    let rims = [verified(&driver), verified(&text)];
    assert_eq!((rims[1].kind, rims[1].active.len()), (RimKind::Vbios, 12));
    let set = golden(&rims, None, &Board::from_file_name(vbios).unwrap()).unwrap();
    assert_eq!(
        (set.entries.len(), set.vbios_version.as_str()),
        (33, "96.00.5E.00.01")
    );
}

#[test]
fn another_root_is_not_believed() {
    let (Some(text), Some(pem)) = (driver(), text("top_incorrect_rim_root.crt")) else {
        return;
    };
    let body: String = pem.lines().filter(|line| !line.starts_with("--")).collect();
    let der = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
    let error = verify_rim(&text, &RimRoot::from_der(der), JANUARY_2026).unwrap_err();
    assert!(error.code().starts_with("rim_chain"), "{error}");
}

#[test]
fn what_was_signed_cannot_be_changed() {
    let Some(text) = driver() else { return };
    let signature = &text[text.find("<ds:Signature ").unwrap()..text.find("</SoftwareId").unwrap()];
    let resource = text.find("<ns0:Resource").unwrap();
    let cases = [
        (
            "a measurement",
            text.replacen("Hash0=\"4a5e", "Hash0=\"4a5f", 1),
            "rim_digest",
        ),
        (
            "an activity",
            text.replacen("active=\"True\"", "active=\"False\"", 1),
            "rim_digest",
        ),
        (
            "the version",
            text.replacen("550.144.03", "550.144.04", 1),
            "rim_digest",
        ),
        (
            "white space",
            text.replacen("\n    <ns0:Payload", "\n  <ns0:Payload", 1),
            "rim_digest",
        ),
        (
            "the signed digest",
            text.replacen("BqNofyPE", "AqNofyPE", 1),
            "rim_digest",
        ),
        (
            "the signature",
            text.replacen("TM4DnjO+", "TM4DnjO/", 1),
            "rim_signature",
        ),
        (
            "a second signature",
            text.replacen(signature, &signature.repeat(2), 1),
            "rim_profile",
        ),
        (
            "no signature",
            text.replacen(signature, "", 1),
            "rim_profile",
        ),
        (
            "the reference",
            text.replacen("URI=\"\"", "URI=\"#a\"", 1),
            "rim_profile",
        ),
        (
            "the algorithm",
            text.replacen("#ecdsa-sha384", "#ecdsa-sha256", 1),
            "rim_profile",
        ),
        (
            "a transform",
            text.replacen("#enveloped-signature", "#base64", 1),
            "rim_profile",
        ),
        (
            "an entity",
            format!("<!DOCTYPE a [<!ENTITY b 'c'>]>{text}"),
            "rim_xml",
        ),
        (
            "an instruction",
            format!("{}<?a?>{}", &text[..resource], &text[resource..]),
            "rim_xml",
        ),
        ("half of it", text[..text.len() / 2].to_string(), "rim_xml"),
        ("nothing", String::new(), "rim_xml"),
        ("the size", " ".repeat(1 << 20) + &text, "rim_size"),
    ];
    for (what, altered, expected) in cases {
        assert_ne!(altered, text, "{what}: nothing was altered");
        assert_eq!(code(&altered, JANUARY_2026), expected, "{what}");
    }
}

/// The parser alone would be busy for minutes with the first.
#[test]
fn manifests_made_to_take_long_are_refused_at_once() {
    let many = |form: fn(usize) -> String, count| (0..count).map(form).collect::<String>();
    let declared = many(|i| format!(" xmlns:n{i}='u'"), 6_000);
    let inner = many(|i| format!("<a xmlns:m{i}='u'/>"), 1_500);
    let namespaces = format!("<SoftwareIdentity{declared}>{inner}</SoftwareIdentity>");
    let attributes = many(|i| format!(" n{i}=''"), 12_000);
    let attributes = format!("<SoftwareIdentity{attributes}/>");
    let nested = "<a>".repeat(9_000) + &"</a>".repeat(9_000);
    let flat = format!("<a>{}</a>", "<b/>".repeat(11_000));
    let cases = [
        (namespaces, "rim_xml"),
        (attributes, "rim_profile"),
        (nested, "rim_profile"),
        (flat, "rim_xml"),
    ];
    for (text, expected) in cases {
        assert_eq!(code(&text, JANUARY_2026), expected, "{}", &text[..40]);
    }
}

/// What canonical XML says is the same: a comment, the order of attributes, an empty tag in long form.
#[test]
fn what_means_the_same_still_verifies() {
    let Some(text) = driver() else { return };
    let altered = text
        .replacen("<ns0:Payload", "<!-- a comment --><ns0:Payload", 1)
        .replacen(
            "corpus=\"false\" name=\"GH100\"",
            "name=\"GH100\" corpus='false'",
            1,
        )
        .replacen("tagCreator\"/>", "tagCreator\"></ns0:Entity>", 1)
        .replace('\n', "\r\n");
    assert_ne!(altered, text);
    verify_rim(&altered, &RimRoot::nvidia(), JANUARY_2026).unwrap();
}

fn rim(kind: RimKind, active: &[u8]) -> Rim {
    Rim {
        kind,
        product: "GH100".to_string(),
        version: match kind {
            RimKind::Driver => "550.1".to_string(),
            RimKind::Vbios => "96.00.5e.00.01".to_string(),
        },
        active: active
            .iter()
            .map(|index| (*index, vec![[2; 48], [1; 48], [2; 48]]))
            .collect(),
        issuer: String::new(),
        valid: (0, 1),
    }
}

fn board() -> Board {
    Board::from_file_name("NV_GPU_VBIOS_1010_0200_882_96005E0001.xml").unwrap()
}

#[test]
fn two_manifests_make_one_canonical_set() {
    let rims = [rim(RimKind::Vbios, &[0, 3]), rim(RimKind::Driver, &[9, 7])];
    let set = golden(&rims, None, &board()).unwrap();
    let indices: Vec<u8> = set.entries.iter().map(|entry| entry.index).collect();
    assert_eq!(indices, [0, 3, 7, 9]);
    assert_eq!(set.entries[0].values, [[1; 48], [2; 48]]);
    assert_eq!(set.vbios_version, "96.00.5E.00.01");
    assert_eq!(
        (set.project.as_str(), set.chip_sku.as_str()),
        ("1010", "882")
    );
    let decoded = secret_ai_attestation::gpu::GoldenSet::decode(&set.encode().unwrap()).unwrap();
    assert_eq!(decoded, set);
}

#[test]
fn manifests_that_do_not_go_together_are_refused() {
    let (driver, vbios) = (rim(RimKind::Driver, &[7]), rim(RimKind::Vbios, &[0]));
    let made = |rims: &[&Rim], version| {
        let rims: Vec<Rim> = rims.iter().map(|rim| (*rim).clone()).collect();
        golden(&rims, version, &board()).unwrap_err()
    };
    let conflict = rim(RimKind::Vbios, &[7]);
    assert_eq!(made(&[&driver, &conflict], None), GoldenError::Conflict(7));
    assert_eq!(made(&[&driver], None), GoldenError::NoVersion);
    let twice = made(&[&driver, &vbios], Some("96.00.5E.00.01"));
    assert!(matches!(twice, GoldenError::TwoVersions(_)));
    assert!(matches!(
        made(&[&vbios], None),
        GoldenError::Count { have: 0, .. }
    ));
    assert!(matches!(
        made(&[&driver, &driver], None),
        GoldenError::Count { have: 2, .. }
    ));
    let other = Rim {
        product: "GB100".to_string(),
        ..vbios
    };
    assert!(matches!(
        made(&[&driver, &other], None),
        GoldenError::Product(..)
    ));
    let unknown = Rim {
        product: "LS10".to_string(),
        ..driver
    };
    assert!(matches!(
        made(&[&unknown], Some("1")),
        GoldenError::Architecture(_)
    ));
}

#[test]
fn file_names_of_other_things_name_no_board() {
    for name in [
        "NV_GPU_DRIVER_GH100_550.xml",
        "NV_GPU_VBIOS_1010_0200.",
        "rim.xml",
        "",
    ] {
        assert_eq!(Board::from_file_name(name), None, "{name}");
    }
}
