//! Report data that is no registration's is recognised for what it is.

mod common;

use common::{read_quote, shared_dir};
use secret_ai_attestation::{
    check_report_data, recognise_report_data, report_data, Candidates, Error, Registration,
    ReportDataForm,
};

const TLS: [u8; 32] = [0x21; 32];
const NONCE: [u8; 32] = [0x42; 32];
const KNOWN: Candidates<'_> = Candidates {
    registrations: &[[0x99; 64]],
    tls_sha256: &[[1; 32], TLS],
    gpu_nonces: &[[2; 32], NONCE],
};

fn joined(first: &[u8], second: &[u8]) -> [u8; 64] {
    [first, second].concat().try_into().unwrap()
}

fn form(first: &[u8], second: &[u8]) -> ReportDataForm {
    recognise_report_data(&joined(first, second), &KNOWN)
}

#[test]
fn every_form_is_told_apart() {
    let id = joined(&[7; 16], &[0; 48]);
    let rows = [
        (
            form(&[0x99; 32], &[0x99; 32]),
            ReportDataForm::Registration,
            false,
        ),
        (
            form(&TLS, &NONCE),
            ReportDataForm::SecretVmBoot { gpu: true },
            true,
        ),
        (
            form(&TLS, &[0; 32]),
            ReportDataForm::SecretVmBoot { gpu: false },
            true,
        ),
        (form(&TLS, &[3; 32]), ReportDataForm::Unknown, false),
        (form(&[8; 32], &NONCE), ReportDataForm::GpuNonce, false),
        (form(&[8; 32], &[0; 32]), ReportDataForm::KeyOnly, true),
        (form(&[8; 32], &id[..32]), ReportDataForm::SecretVmKms, true),
        (form(&[8; 32], &[9; 32]), ReportDataForm::Unknown, false),
        (form(&[0; 32], &[0; 32]), ReportDataForm::Unknown, false),
        (form(&[0; 32], &id[..32]), ReportDataForm::Unknown, false),
    ];
    for (found, expected, is_static) in rows {
        assert_eq!(found, expected);
        assert_eq!(found.is_static(), is_static, "{found}");
        assert_eq!(
            found.to_string().contains("cannot be registered"),
            is_static
        );
    }
}

/// The quote that a real Secret AI worker serves: its second half is the nonce of the GPU evidence
/// beside it. Nobody can register with it.
#[test]
fn the_real_boot_quote_is_recognised_and_binds_nothing() {
    let Some(shared) = shared_dir() else {
        println!("skipped: the shared fixtures are absent");
        return;
    };
    let shared = shared.join("secretvm");
    let quote = read_quote(&shared.join("cpu_quote.txt"));
    let found: [u8; 64] = quote[568..632].try_into().unwrap();
    let gpu = std::fs::read_to_string(shared.join("gpu_attest.txt")).unwrap();
    let gpu: serde_json::Value = serde_json::from_str(&gpu).unwrap();
    let nonce: [u8; 32] = hex::decode(gpu["nonce"].as_str().unwrap())
        .unwrap()
        .try_into()
        .unwrap();
    let tls: [u8; 32] = found[..32].try_into().unwrap();
    let known = Candidates {
        gpu_nonces: &[nonce],
        ..Candidates::default()
    };
    assert_eq!(
        recognise_report_data(&found, &known),
        ReportDataForm::GpuNonce
    );
    let known = Candidates {
        tls_sha256: &[tls],
        ..known
    };
    let boot = ReportDataForm::SecretVmBoot { gpu: true };
    assert_eq!(recognise_report_data(&found, &known), boot);

    let registration = Registration {
        chain_id: "secret-4",
        registry: "secret1registry",
        operator: "secret1operator",
        receipt_pk: &[2; 33],
        tls_spki_sha256: &tls,
        e2ee_pk: &[3; 32],
        challenge: &nonce,
        class: 1,
    };
    assert_eq!(
        check_report_data(&found, &registration, &[]),
        Err(Error::Binding)
    );
    let ours = report_data(&registration, &[]).unwrap();
    let known = Candidates {
        registrations: &[ours],
        ..known
    };
    assert_eq!(
        recognise_report_data(&ours, &known),
        ReportDataForm::Registration
    );
    assert_eq!(recognise_report_data(&found, &known), boot);

    for name in [
        "tdx_cpu_docker_check_quote.txt",
        "rest-server-tdx_attestation.txt",
    ] {
        let quote = read_quote(&shared.join(name));
        let found = quote[568..632].try_into().unwrap();
        let form = recognise_report_data(&found, &Candidates::default());
        assert_eq!(form, ReportDataForm::KeyOnly, "{name}");
    }
}
