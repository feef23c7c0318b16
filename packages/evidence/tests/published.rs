//! Published evidence, at its date: genuine what is genuine, and nothing accepted for want of an input.

mod common;

use common::*;
use secret_ai_evidence::Outcome::{Fail, Missing, NotChecked, Pass};
use secret_ai_evidence::{Options, Policy, Verdict};

const SDK: &str = "nvidia/attestation-sdk/";

fn policy(json: &str) -> Policy {
    Policy::parse(json, std::path::Path::new(".")).unwrap()
}

#[test]
fn parts_of_a_policy_may_be_partial() {
    let some = policy(r#"{"tdx": {"min_tcb_evaluation_number": 19}, "snp": {"allow_vlek": true}}"#);
    let default = Policy::default();
    assert_eq!(some.tdx.min_tcb_evaluation_number, 19);
    assert_eq!(
        some.tdx.max_collateral_age_s,
        default.tdx.max_collateral_age_s
    );
    assert!(some.snp.allow_vlek && some.snp.allow_smt);
    assert_eq!(some.snp.min_tcb, default.snp.min_tcb);
    let wrong = [
        (r#"{"tdx": {"min": 1}}"#, "tdx: "),
        (r#"{"snp": {"allow_smt": 1}}"#, "snp: "),
        (r#"{"golden": ["../set"]}"#, "../set"),
        (r#"{"golden": ["/set"]}"#, "/set"),
        (r#"{"golden": [""]}"#, "golden"),
    ];
    for (text, named) in wrong {
        let error = Policy::parse(text, std::path::Path::new(".")).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn tdx_quotes_are_accepted_with_their_collateral_at_its_date() {
    let cases = [
        (
            "tdx/dcap-qvl/tdx_quote",
            "tdx/dcap-qvl/tdx_quote_collateral.json",
            JULY_2025,
        ),
        // 2026-10-20T00:00:00Z
        (
            "tdx/dcap-qvl/tdx_quote_td15ex",
            "tdx/dcap-qvl/tdx_quote_td15ex_collateral.json",
            1_792_454_400,
        ),
        (
            "tdx/near-mpc/quote.json",
            "tdx/near-mpc/collateral.json",
            SEPTEMBER_2026,
        ),
        (
            "secretvm/tdx_cpu_docker_check_quote.txt",
            "tdx/near-mpc/collateral_nopck.json",
            SEPTEMBER_2026,
        ),
    ];
    for (quote, collateral, now) in cases {
        let Some(files) = fixtures(&[quote, collateral]) else {
            return;
        };
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let report = judge(&files, &Options::at(now));
        assert_eq!(report.verdict, Verdict::Accepted, "{quote}\n{report}");
        assert_outcome(&report, "image", NotChecked);
        assert_outcome(&report, "binding", NotChecked);
        assert!(report
            .summary
            .contains("image list and binding were not checked"));
        assert_eq!(fact(&report, "tcb_status"), "UpToDate");

        let year = 31_536_000;
        for now in [now - year, now + year] {
            let report = judge(&files, &Options::at(now));
            assert_eq!(report.verdict, Verdict::Refused, "{quote} at {now}");
        }
        let alone = judge(&files[..1], &Options::at(now));
        assert_eq!(alone.verdict, Verdict::Incomplete, "{quote} alone");
        assert_outcome(&alone, "collateral", Missing);
        assert_eq!(
            fact(&alone, "image"),
            fact(&report, "image"),
            "claimed as verified"
        );
    }
}

#[test]
fn an_altered_quote_is_refused_and_the_part_is_named() {
    let names = ["tdx/near-mpc/quote.bin", "tdx/near-mpc/collateral.json"];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let cases: [(usize, u8, &str, &str); 4] = [
        (48 + 136, 1, "signature", "quote_signature"),
        (48 + 120, 1, "attributes", "td_debug"),
        (770 + 384, 1, "quoting_enclave", "qe_report_signature"),
        (12, 1, "form", "qe_vendor"),
    ];
    for (place, flip, part, code) in cases {
        let mut quote = files[0].clone();
        quote[place] ^= flip;
        let report = judge(&[&quote, &files[1]], &Options::at(SEPTEMBER_2026));
        assert_eq!(report.verdict, Verdict::Refused);
        assert_failed(&report, part, code);
    }
}

#[test]
fn an_outdated_platform_is_genuine_and_refused_unless_policy_gives_it_grace() {
    let names = [
        "secretvm/rest-server-tdx_attestation.txt",
        "tdx/near-mpc/collateral_nopck.json",
    ];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let report = judge(&files, &Options::at(SEPTEMBER_2026));
    assert_eq!(report.verdict, Verdict::Refused);
    assert_outcome(&report, "signature", Pass);
    assert_failed(&report, "tcb_policy", "policy_grace");
    let advisories = fact(&report, "advisories").to_string();
    for id in [
        "INTEL-SA-01192",
        "INTEL-SA-01245",
        "INTEL-SA-01312",
        "INTEL-SA-01313",
    ] {
        assert!(advisories.contains(id), "{advisories}");
    }
}

#[test]
fn secretvms_compose_file_is_replayed_with_its_image_list() {
    let names = [
        "secretvm/tdx_cpu_docker_check_quote.txt",
        "tdx/near-mpc/collateral_nopck.json",
        "secretvm/registry-tdx.csv",
        "secretvm/tdx_cpu_docker_check_compose.yaml",
    ];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let options = Options::at(SEPTEMBER_2026);
    let report = judge(&files, &options);
    assert_outcome(&report, "compose", Pass);
    assert_eq!(report.verdict, Verdict::Accepted, "{report}");

    let another = judge(&[files[0], files[1], files[2], b"services: {}"], &options);
    assert_failed(&another, "compose", "workload");
    let without_list = judge(&[files[0], files[1], files[3]], &options);
    assert_outcome(&without_list, "compose", Missing);
}

#[test]
fn secretvms_boot_pair_is_shown_for_what_it_is() {
    let driver = format!("{SDK}top_NV_GPU_DRIVER_GH100_550.144.03.xml");
    let names = [
        "secretvm/cpu_quote.txt",
        "tdx/near-mpc/collateral_nopck.json",
        "secretvm/gpu_attest.txt",
        &driver,
    ];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let report = judge(&files, &Options::at(SEPTEMBER_2026));
    let form = fact(&report, "report_data_form").to_string();
    assert!(form.contains("SecretVM's static boot quote"), "{form}");
    assert!(form.contains("not a registration"), "{form}");
    assert!(form.contains("a768bb3a38c48d3636b9e8250a3b12da05f557eca0b484bf9d8fa5719c0341bd"));
    assert_outcome(&report, "nonce", Pass);
    assert_outcome(&report, "report", Pass);
    assert_outcome(&report, "driver_measurements", Pass);
    assert!(
        check(&report, "driver_measurements")
            .detail
            .starts_with("21 of 21"),
        "{report}"
    );
    assert_eq!(fact(&report, "driver_version"), "550.144.03");
    // The VBIOS' manifest is not among the files, so its measurements are unjudged.
    assert_outcome(&report, "vbios_measurements", Missing);
    assert_eq!(report.verdict, Verdict::Incomplete);

    let bound = policy(&format!(
        r#"{{"binding": {{"chain_id": "secret-4", "registry": "r", "operator": "o",
            "receipt_pk": "{}", "tls_spki_sha256": "{}", "e2ee_pk": "{}", "challenge": "{}",
            "class": 16}}}}"#,
        "02".repeat(33),
        "11".repeat(32),
        "22".repeat(32),
        "33".repeat(32)
    ));
    let options = Options {
        policy: Some(&bound),
        ..Options::at(SEPTEMBER_2026)
    };
    let report = judge(&files, &options);
    assert_eq!(report.verdict, Verdict::Refused);
    assert_failed(&report, "binding", "binding");
    assert_failed(&report, "nonce", "gpu_nonce");
}

#[test]
fn gpu_evidence_of_another_machine_does_not_fit_the_quote() {
    let other = format!("{SDK}hopper_evidence.json");
    let names = [
        "secretvm/cpu_quote.txt",
        "tdx/near-mpc/collateral_nopck.json",
        &other,
    ];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let report = judge(&files, &Options::at(SEPTEMBER_2026));
    assert_eq!(report.verdict, Verdict::Refused);
    assert_failed(&report, "nonce", "gpu_nonce");
}

#[test]
fn a_gpu_report_takes_its_chain_from_another_file() {
    let names = [
        format!("{SDK}blackwellAttestationReport.txt"),
        format!("{SDK}blackwellCertChain.txt"),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(files) = fixtures(&names) else {
        return;
    };
    let report = judge(&[&files[0], &files[1]], &Options::at(SEPTEMBER_2026));
    assert_outcome(&report, "certificates", Pass);
    assert_outcome(&report, "report", Pass);
    assert_eq!(fact(&report, "arch"), "BLACKWELL");
    assert_outcome(&report, "measurements", Missing);
    assert_eq!(report.verdict, Verdict::Incomplete, "{report}");
    let alone = judge(&[&files[0]], &Options::at(SEPTEMBER_2026));
    assert_outcome(&alone, "certificates", Missing);
}

#[test]
fn gpu_reports_that_are_wrong_are_refused_by_name() {
    let cases = [
        (
            "hopperAttestationReport.txt",
            "hopperCertChain.txt",
            "gpu_fwid_absent",
        ),
        (
            "hopperAttestationReportInvalidSignature.txt",
            "hopperCertChain.txt",
            "gpu_",
        ),
    ];
    for (report, chain, code) in cases {
        let names = [format!("{SDK}{report}"), format!("{SDK}{chain}")];
        let Some(files) = fixtures(&[&names[0], &names[1]]) else {
            return;
        };
        let verdict = judge(&[&files[0], &files[1]], &Options::at(SEPTEMBER_2026));
        assert_eq!(verdict.verdict, Verdict::Refused, "{verdict}");
        let found = check(&verdict, "report").code.unwrap();
        assert!(found.starts_with(code), "{report}: {found}");
    }
}

#[test]
fn milan_needs_leave_for_version_2_and_for_the_missing_list() {
    let names = [
        "snp/trustee/snp__test-report.bin",
        "snp/trustee/snp__test-vcek.der",
        "snp/go-sev-guest/ask_ark_milan.pem",
    ];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let strict = Options::at(SEPTEMBER_2026);
    let report = judge(&files, &strict);
    assert_outcome(&report, "report", Pass);
    assert_outcome(&report, "root", Pass);
    assert_outcome(&report, "revocation", Missing);
    assert_failed(&report, "policy", "policy_snp_version");

    let lenient = policy(
        r#"{"snp": {"allow_smt": true, "allow_vlek": false, "allow_version_2": true,
            "max_crl_age_s": 31536000, "min_tcb": [
            {"product": "milan", "fmc": 0, "boot_loader": 0, "tee": 0, "snp": 0, "microcode": 0}]}}"#,
    );
    let options = Options {
        policy: Some(&lenient),
        ..strict.clone()
    };
    assert_eq!(judge(&files, &options).verdict, Verdict::Incomplete);
    let options = Options {
        without_crl: true,
        ..options
    };
    let report = judge(&files, &options);
    assert_eq!(report.verdict, Verdict::Accepted, "{report}");
    assert_outcome(&report, "revocation", NotChecked);

    let alone = judge(&files[..1], &options);
    assert_outcome(&alone, "certificate", Missing);
    let mut altered = files[0].to_vec();
    altered[0x90] ^= 1;
    let report = judge(&[&altered, files[1], files[2]], &options);
    assert_failed(&report, "report", "snp_report_signature");
}

#[test]
fn a_guest_that_may_be_debugged_is_refused() {
    let names = [
        "snp/go-sev-guest/attestation.bin",
        "snp/go-sev-guest/vcek.testcer",
        "snp/go-sev-guest/ask_ark_milan.pem",
    ];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let report = judge(&files, &Options::at(SEPTEMBER_2026));
    assert_outcome(&report, "certificate", Pass);
    assert_failed(&report, "report", "snp_debug");
}

#[test]
fn an_expired_vlek_is_refused() {
    let names = [
        "snp/trustee/snp__test-vlek-report.bin",
        "snp/trustee/snp__test-vlek.der",
        "snp/go-sev-guest/milanvlek.testcer",
    ];
    let Some(files) = fixtures(&names) else {
        return;
    };
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let report = judge(&files, &Options::at(SEPTEMBER_2026));
    assert_failed(&report, "certificate", "expired");
    let report = judge(&files, &Options::at(JULY_2025));
    assert_outcome(&report, "report", Pass);
    assert_failed(&report, "policy", "policy_snp_vlek");
}

#[test]
fn a_secretvm_on_genoa_says_what_it_is_even_without_its_certificate() {
    let Some(bytes) = fixture("secretvm/amd_cpu_quote.txt") else {
        return;
    };
    let report = judge(&[&bytes], &Options::at(SEPTEMBER_2026));
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert_eq!(fact(&report, "vmpl"), 1);
    assert_eq!(fact(&report, "family_id"), "prod-small-sev");
    assert_eq!(fact(&report, "genuine"), false);
    assert!(
        report.checks.iter().all(|check| check.outcome != Fail),
        "{report}"
    );
}
