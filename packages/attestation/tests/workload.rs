//! Workloads: digests and registers against values computed by another program (Python's hashlib) from
//! the documentation, and the registers of real quotes.

mod common;

use common::{read_quote, shared_dir};
use secret_ai_attestation::{
    dstack_event_digest, expected_rtmr3, replay_rtmr, rtmr3_attest_tool, workload_digest, Workload,
};
use sha2::{Digest, Sha256};

const COMPOSE: [u8; 32] = [0x55; 32];
const ROOTFS: [u8; 32] = [0x66; 32];
const FILES: [u8; 32] = [0x77; 32];

fn attest_tool(files: Option<[u8; 32]>) -> Workload<'static> {
    Workload::AttestTool {
        compose_sha256: COMPOSE,
        rootfs: ROOTFS,
        docker_files_sha256: files,
    }
}

fn dstack(app_id: &[u8], files: Option<[u8; 32]>) -> Workload<'_> {
    Workload::Dstack {
        app_id,
        compose_sha256: COMPOSE,
        os_image_sha256: ROOTFS,
        docker_files_sha256: files,
    }
}

#[test]
fn digests_are_the_documented_ones() {
    let rows = [
        (
            Workload::Rtmr3([0x11; 48]),
            "167e8a6e4d979f26b728193fbaa5edf36fe6cef3122d46c4965ce8fac1210121",
        ),
        (
            attest_tool(None),
            "653ffa23990ac526677f19545706700d47d89380f9c743bb36571b4a30efb770",
        ),
        (
            attest_tool(Some(FILES)),
            "2bf9ba6c55a46220188bb495df7796f5a74faa29d87f1a39c1000a7846a94bd8",
        ),
        (
            dstack(&[0x99; 20], None),
            "56a87fc27fe365c168fd59bfef4cdeb28859f0d0cbc653844f1250dec0d9381e",
        ),
        (
            dstack(&[0x98; 20], Some(FILES)),
            "7af6de591b0e2f9568e8bf5d5a428e71b5ad43ad52125b9d801013205fbe1df9",
        ),
        (
            Workload::HostData([0x22; 32]),
            "c446e8e4a5090bfdac86e1e8e4de3908849f59ccabdb093f54d971b72485bf54",
        ),
    ];
    for (workload, digest) in rows {
        assert_eq!(
            hex::encode(workload_digest(&workload)),
            digest,
            "{workload:?}"
        );
    }
}

#[test]
fn registers_are_the_documented_ones() {
    let register = |workload| hex::encode(expected_rtmr3(&workload).unwrap());
    let without = concat!(
        "3e59711722ac26e228c59711a4a15690a2ff02fb6faf15834e9066ef02a0d104",
        "b0512b82b9ff5de2b5b016c6851fb6c9"
    );
    assert_eq!(register(attest_tool(None)), without);
    assert_eq!(hex::encode(rtmr3_attest_tool(&COMPOSE, &ROOTFS)), without);
    assert_eq!(
        register(attest_tool(Some(FILES))),
        concat!(
            "5e7e3be29583d83abe905722096418d06e4a36e09b6e5cce0eac56fe530b5",
            "5f30293b0382c6e02fa2e733c3be8215848"
        )
    );
    assert_eq!(
        register(dstack(&[0x99; 20], None)),
        concat!(
            "6d662d756323c0a9e03cc502ecd2c2c429d7d9c6bcc5d8ddebabb477e753a1",
            "70a8c72ac2a84570a0850ce538932e8db7"
        )
    );
    assert_eq!(
        register(dstack(&[0x99; 20], Some(FILES))),
        concat!(
            "ddd80d034db29bfca481e06f1e417aa684ef3818927c245996aff5f0fbe711",
            "e3980dbc49f0a16712f13c082ffc38b10f"
        )
    );
    assert_eq!(expected_rtmr3(&Workload::Rtmr3([5; 48])), Some([5; 48]));
    assert_eq!(expected_rtmr3(&Workload::HostData([5; 32])), None);
}

/// The app id is in the register and not in the digest; everything else is in both.
#[test]
fn only_the_app_id_is_free() {
    let (one, other) = (dstack(b"one", None), dstack(b"other", None));
    assert_eq!(workload_digest(&one), workload_digest(&other));
    assert_ne!(expected_rtmr3(&one), expected_rtmr3(&other));
    let scheme = |digest: &str| digest.to_owned();
    let all = [
        attest_tool(None),
        attest_tool(Some(FILES)),
        one,
        dstack(b"one", Some(FILES)),
    ];
    let digests: std::collections::BTreeSet<String> = all
        .iter()
        .map(|workload| scheme(&hex::encode(workload_digest(workload))))
        .collect();
    let registers: std::collections::BTreeSet<_> = all.iter().map(expected_rtmr3).collect();
    assert_eq!((digests.len(), registers.len()), (4, 4));
}

/// The compose file of a real SecretVM and the rootfs of its row in SecretVM's list of images give the
/// RTMR3 of its real quote; another compose file gives none.
#[test]
fn rtmr3_of_a_real_secretvm_is_replayed() {
    let Some(shared) = shared_dir() else {
        println!("skipped: the shared fixtures are absent");
        return;
    };
    let shared = shared.join("secretvm");
    let quote = read_quote(&shared.join("tdx_cpu_docker_check_quote.txt"));
    let compose = std::fs::read(shared.join("tdx_cpu_docker_check_compose.yaml")).unwrap();
    let rows = std::fs::read_to_string(shared.join("registry-tdx.csv")).unwrap();
    let header: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|found| *found == name).unwrap();
    let registers = ["mrtd", "rtmr0", "rtmr1", "rtmr2"].map(column);
    // MRTD, then RTMR0 to RTMR2, in a quote of version 4.
    let measured = [184, 376, 424, 472].map(|at| hex::encode(&quote[at..at + 48]));
    let rows: Vec<[u8; 32]> = rows
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<&str>>())
        .filter(|row| {
            registers
                .iter()
                .zip(&measured)
                .all(|(at, found)| row[*at] == found)
        })
        .map(|row| {
            hex::decode(row[column("rootfs_data")])
                .unwrap()
                .try_into()
                .unwrap()
        })
        .collect();
    assert!(!rows.is_empty(), "the image is in the list");
    let replayed = |compose: &[u8]| {
        rows.iter().any(|rootfs| {
            let workload = Workload::AttestTool {
                compose_sha256: Sha256::digest(compose).into(),
                rootfs: *rootfs,
                docker_files_sha256: None,
            };
            expected_rtmr3(&workload).unwrap() == quote[520..568]
        })
    };
    assert!(replayed(&compose));
    assert!(!replayed(b"another"));
}

/// Every event of a real dstack log has the digest that it claims, and all together give the RTMR3 of
/// the real quote. (Upstream dstack measures more events than SecretVM, by the same rule.)
#[test]
fn rtmr3_of_a_real_dstack_log_is_replayed() {
    let Some(shared) = shared_dir() else {
        println!("skipped: the shared fixtures are absent");
        return;
    };
    let shared = shared.join("tdx/near-mpc");
    let quote = read_quote(&shared.join("quote.bin"));
    let text = std::fs::read_to_string(shared.join("tcb_info.json")).unwrap();
    let info: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut digests = Vec::new();
    for event in info["event_log"].as_array().unwrap() {
        if event["imr"] == 3 {
            let text = |field: &str| event[field].as_str().unwrap().to_owned();
            let payload = hex::decode(text("event_payload")).unwrap();
            let digest = dstack_event_digest(&text("event"), &payload);
            assert_eq!(hex::encode(digest), text("digest"), "{}", text("event"));
            digests.push(digest);
        }
    }
    assert_eq!(digests.len(), 9);
    assert_eq!(replay_rtmr(digests.clone()), quote[520..568]);
    digests.swap(0, 1);
    assert_ne!(replay_rtmr(digests), quote[520..568]);
}
