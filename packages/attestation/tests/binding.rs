//! Digests that bind evidence to a worker, against values computed by another program (Python's
//! hashlib) from the layout in the documentation.

use secret_ai_attestation::{
    check_report_data, device_set_digest, gpu_nonce, heartbeat_digest, image_id_of,
    registration_digest, report_data, worker_digest, Device, DeviceKind, Error, Registration,
};

const G: &str = "1318be24bede3566404d536fca1fed384d67ecab61a5905ef0227b6793c89107";
const GD_EMPTY: &str = "b4775df8e70db09248fe182ddf4ae5f2b39a30f3b21b32a740bc583799f6ee43";
const GD_TWO: &str = "f24f1c92073c65383af1a56538036029095c4255dfa94486d881129542fb4f91";
const B_EMPTY: &str = "90c40dd63e337d7668bdd1c11ee176fddbc2b2380ab0c7682471f494947938d7";
const B_TWO: &str = "747b0d8e397ea4d73ced844a18c2b5469c0168a51661593eb295d7b8dad69384";
const REGISTER: &str = "6d866b23e6676a8ae51afba8b045954298ae5335732142872a779760f963eb3d";
const IMAGE: &str = "6d0ab8cb7aa672ace45bfc0d33ab45be2a0ce1fbdd4c9299e6d3405745d3a811";
const HEARTBEAT: &str = "7a5b130389be0c5a076c9a196c28ed750d70ff0f366eae2d3a4f4bdfe2705cb3";

const PK: [u8; 33] = {
    let mut pk = [0x11; 33];
    pk[0] = 2;
    pk
};

const GOOD: Registration<'_> = Registration {
    chain_id: "secret-4",
    registry: "secret1registry",
    operator: "secret1operator",
    receipt_pk: &PK,
    tls_spki_sha256: &[0x22; 32],
    e2ee_pk: &[0x33; 32],
    challenge: &[0x44; 32],
    class: 1,
};

const GPU: Device = Device {
    kind: DeviceKind::Gpu,
    leaf_sha256: [0x20; 32],
    evidence_sha256: [0xaa; 32],
};
const SWITCH: Device = Device {
    kind: DeviceKind::Switch,
    leaf_sha256: [0x10; 32],
    evidence_sha256: [0xbb; 32],
};

#[test]
fn digests_are_the_documented_ones() {
    assert_eq!(hex::encode(gpu_nonce(&GOOD).unwrap()), G);
    let empty = device_set_digest(&[]).unwrap();
    let two = device_set_digest(&[GPU, SWITCH]).unwrap();
    assert_eq!(hex::encode(empty), GD_EMPTY);
    assert_eq!(hex::encode(two), GD_TWO);
    assert_eq!(device_set_digest(&[SWITCH, GPU]).unwrap(), two);
    assert_eq!(hex::encode(worker_digest(&GOOD, &empty).unwrap()), B_EMPTY);
    assert_eq!(hex::encode(worker_digest(&GOOD, &two).unwrap()), B_TWO);
    let data = report_data(&GOOD, &[]).unwrap();
    assert_eq!(hex::encode(data), [B_EMPTY, G].concat());
    let register = registration_digest(GOOD.challenge, GOOD.operator).unwrap();
    assert_eq!(hex::encode(register), REGISTER);
}

#[test]
fn image_is_the_documented_one() {
    let image = image_id_of(
        &[0xa0; 48],
        [&[0xb0; 48], &[0xb1; 48], &[0xb2; 48]],
        &[0xe7, 2, 6, 0, 0, 0, 0, 0],
        &[0, 0, 0, 0x10, 0, 0, 0, 0],
    );
    assert_eq!(hex::encode(image), IMAGE);
}

#[test]
fn heartbeat_is_the_documented_one_and_every_field_counts() {
    let at = 1_790_000_000;
    let of = |chain, registry, kid: u8, at| {
        hex::encode(heartbeat_digest(chain, registry, &[kid; 20], at).unwrap())
    };
    assert_eq!(of("secret-4", "secret1registry", 0x77, at), HEARTBEAT);
    let others = [
        of("secret-3", "secret1registry", 0x77, at),
        of("secret-4s", "ecret1registry", 0x77, at),
        of("secret-4", "secret1another", 0x77, at),
        of("secret-4", "secret1registry", 0x78, at),
        of("secret-4", "secret1registry", 0x77, at + 1),
    ];
    assert!(!others.contains(&HEARTBEAT.to_owned()));
    let long = "x".repeat(129);
    for (chain, registry) in [(long.as_str(), "r"), ("c", &long)] {
        let refusal = heartbeat_digest(chain, registry, &[0; 20], at).unwrap_err();
        assert_eq!(refusal.code(), "field_length");
    }
}

#[test]
fn report_data_holds_for_nothing_else() {
    let devices = [GPU, SWITCH];
    let data = report_data(&GOOD, &devices).unwrap();
    assert_eq!(check_report_data(&data, &GOOD, &devices), Ok(()));
    let other_pk = [3; 33];
    let others = [
        Registration {
            chain_id: "secret-3",
            ..GOOD
        },
        Registration {
            registry: "secret1another",
            ..GOOD
        },
        Registration {
            operator: "secret1another",
            ..GOOD
        },
        // The same text, divided elsewhere.
        Registration {
            chain_id: "secret-4s",
            registry: "ecret1registry",
            ..GOOD
        },
        Registration {
            receipt_pk: &other_pk,
            ..GOOD
        },
        Registration {
            tls_spki_sha256: &[1; 32],
            ..GOOD
        },
        Registration {
            e2ee_pk: &[1; 32],
            ..GOOD
        },
        Registration {
            challenge: &[1; 32],
            ..GOOD
        },
        Registration { class: 0, ..GOOD },
    ];
    for other in &others {
        assert_eq!(
            check_report_data(&data, other, &devices),
            Err(Error::Binding),
            "{other:?}"
        );
    }
    let spliced = Device {
        evidence_sha256: [0; 32],
        ..GPU
    };
    let relabelled = Device {
        kind: DeviceKind::Switch,
        ..GPU
    };
    for devices in [&[][..], &[GPU], &[spliced, SWITCH], &[relabelled, SWITCH]] {
        assert_eq!(
            check_report_data(&data, &GOOD, devices),
            Err(Error::Binding)
        );
    }
    for index in 0..data.len() {
        let mut edited = data;
        edited[index] ^= 1;
        assert_eq!(
            check_report_data(&edited, &GOOD, &devices),
            Err(Error::Binding)
        );
    }
}

#[test]
fn fields_and_lists_are_limited() {
    let long = "x".repeat(129);
    let code = |registration| report_data(&registration, &[]).unwrap_err().code();
    assert_eq!(
        code(Registration {
            chain_id: &long,
            ..GOOD
        }),
        "field_length"
    );
    assert_eq!(
        code(Registration {
            operator: &long,
            ..GOOD
        }),
        "field_length"
    );
    assert_eq!(device_set_digest(&[GPU, GPU]), Err(Error::DuplicateDevice));
    let device = |index: u8| Device {
        leaf_sha256: [index; 32],
        ..GPU
    };
    let many: Vec<Device> = (0..65).map(device).collect();
    assert!(device_set_digest(&many[..64]).is_ok());
    assert_eq!(device_set_digest(&many).unwrap_err().code(), "field_length");
}
