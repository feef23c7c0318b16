//! What a file is, is told by its content.

mod common;

use common::{fixture, judge};
use secret_ai_evidence::{pieces, verify, EvidenceError, File, Options, Piece};

fn labels(bytes: &[u8]) -> Vec<String> {
    pieces(bytes).iter().map(Piece::label).collect()
}

#[test]
fn every_published_file_is_recognised() {
    let cases: [(&str, usize, &str); 33] = [
        ("secretvm/cpu_quote.txt", 1, "TDX quote"),
        ("secretvm/rest-server-tdx_attestation.txt", 1, "TDX quote"),
        ("secretvm/amd_cpu_quote.txt", 1, "SEV-SNP report"),
        (
            "secretvm/gpu_attest.txt",
            1,
            "NVIDIA GPU report (SecretVM /gpu)",
        ),
        (
            "secretvm/registry-tdx.csv",
            1,
            "SecretVM image list, 108 rows",
        ),
        (
            "secretvm/tdx_cpu_docker_check_compose.yaml",
            1,
            "text, taken as a compose file",
        ),
        (
            "secretvm/dstack_docker_compose.yaml",
            1,
            "text, taken as a compose file",
        ),
        ("tdx/dcap-qvl/tdx_quote", 1, "TDX quote"),
        ("tdx/dcap-qvl/tdx_quote_td15ex", 1, "TDX quote"),
        ("tdx/dcap-qvl/tdx-quote.hex", 1, "TDX quote"),
        ("tdx/dcap-qvl/sgx_quote", 1, "SGX quote"),
        (
            "tdx/dcap-qvl/tdx_quote_collateral.json",
            1,
            "Intel collateral",
        ),
        ("tdx/near-mpc/quote.json", 1, "TDX quote"),
        ("tdx/near-mpc/quote.bin", 1, "TDX quote"),
        ("tdx/near-mpc/collateral.json", 1, "Intel collateral"),
        (
            "tdx/near-mpc/tcb_info.json",
            1,
            "dstack event log (not used)",
        ),
        ("tdx/trustee/tdx_quote_4.dat", 1, "TDX quote"),
        ("tdx/trustee/occlum_quote.dat", 1, "SGX quote"),
        ("snp/go-sev-guest/attestation.bin", 1, "SEV-SNP report"),
        ("snp/go-sev-guest/vcek.testcer", 1, "certificate `SEV-VCEK`"),
        (
            "snp/go-sev-guest/ask_ark_milan.pem",
            2,
            "certificate `SEV-Milan`",
        ),
        (
            "snp/go-sev-guest/ask_ark_turin_vlek.pem",
            2,
            "certificate `SEV-VLEK-Turin`",
        ),
        (
            "snp/trustee/snp__test-vlek.der",
            1,
            "certificate `SEV-VLEK`",
        ),
        (
            "snp/trustee/az-snp-vtpm__hcl-report.bin",
            1,
            "SEV-SNP report",
        ),
        (
            "snp/trustee/az-snp-vtpm__vcek.pem",
            3,
            "certificate `SEV-VCEK`",
        ),
        (
            "nvidia/attestation-sdk/blackwellAttestationReport.txt",
            1,
            "NVIDIA GPU report",
        ),
        (
            "nvidia/attestation-sdk/blackwellCertChain.txt",
            5,
            "certificate `GB100 A01 GSP FMC LF`",
        ),
        (
            "nvidia/attestation-sdk/hopper_evidence.json",
            1,
            "NVIDIA GPU report",
        ),
        (
            "nvidia/attestation-sdk/multi_gpu_hopper.json",
            4,
            "NVIDIA GPU report",
        ),
        (
            "nvidia/attestation-sdk/top_NV_GPU_DRIVER_GH100_550.144.03.xml",
            1,
            "NVIDIA manifest (RIM)",
        ),
        (
            "tdx/trustee/tcbInfo.json",
            1,
            "part of Intel collateral without its certificates (not used)",
        ),
        (
            "nvidia/attestation-sdk/hopperClaimsv3_detached_eat.json",
            2,
            "JSON web token (not used)",
        ),
        (
            "nvidia/attestation-sdk/top_rim_root.crt",
            1,
            "certificate `NVIDIA CoRIM signing Root CA`",
        ),
    ];
    for (name, count, first) in cases {
        let Some(bytes) = fixture(name) else { continue };
        let found = labels(&bytes);
        assert_eq!(
            (found.len(), found[0].as_str()),
            (count, first),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn a_report_and_its_certificate_are_found_inside_a_document() {
    let Some(bytes) = fixture("snp/trustee/az-snp-vtpm__evidence-genoa.json") else {
        return;
    };
    let mut found = labels(&bytes);
    found.sort();
    assert_eq!(found, ["SEV-SNP report", "certificate `SEV-VCEK`"]);
}

#[test]
fn encodings_may_be_nested_and_wrapped() {
    let Some(quote) = fixture("tdx/dcap-qvl/tdx_quote") else {
        return;
    };
    let digits = hex::encode(&quote);
    let lines: Vec<String> = digits.as_bytes().chunks(64).map(text).collect();
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &quote);
    let url = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, &quote);
    let forms = [
        digits.to_uppercase(),
        format!("0x{digits}\n"),
        lines.join("\r\n"),
        base64.clone(),
        url,
        format!("\"{digits}\""),
        format!("{{\"success\": true, \"data\": {{\"quote\": \"{base64}\"}}}}"),
    ];
    for form in forms {
        let found = pieces(form.as_bytes());
        let [Piece::TdxQuote(found)] = found.as_slice() else {
            panic!("{} in {}", found.len(), &form[..20]);
        };
        assert_eq!(*found, quote);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn damaged_evidence_is_not_taken_for_a_compose_file() {
    let digits = "0".repeat(4096);
    let damaged = ["", "{\"quote\": \"0400", "[1, 2, 3]", &digits];
    for text in damaged {
        assert!(labels(text.as_bytes()).is_empty(), "{text}");
    }
    assert!(labels(&[0xff; 1184]).is_empty());
    assert_eq!(
        labels(b"-----BEGIN CERTIFICATE-----"),
        ["DAMAGED PEM block 0"]
    );
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert!(labels(nested.as_bytes()).is_empty());
}

#[test]
fn useless_files_are_named() {
    let options = Options::at(0);
    let file = |bytes| {
        verify(
            &[File {
                name: "a.bin",
                bytes,
            }],
            &options,
        )
    };
    let error = file(&[0xff; 8]).unwrap_err();
    assert!(
        matches!(&error, EvidenceError::Unrecognised { file } if file == "a.bin"),
        "{error}"
    );
    assert!(matches!(
        file(b"services:").unwrap_err(),
        EvidenceError::NothingToVerify
    ));
    let large = vec![b' '; secret_ai_evidence::FILE_LIMIT + 1];
    assert!(matches!(
        file(&large).unwrap_err(),
        EvidenceError::TooLarge { .. }
    ));
}

#[test]
fn sgx_quotes_are_named_and_not_accepted() {
    let Some(quote) = fixture("tdx/dcap-qvl/sgx_quote") else {
        return;
    };
    let report = judge(&[&quote], &Options::at(common::JULY_2025));
    assert_eq!(report.verdict, secret_ai_evidence::Verdict::Incomplete);
}
