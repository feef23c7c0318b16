//! `secret-ai evidence`: exit codes, and both forms of the answer.

use std::path::PathBuf;
use std::process::{Command, Output};

const DRIVER: &str = "nvidia/attestation-sdk/top_NV_GPU_DRIVER_GH100_550.144.03.xml";
const BOARD: [&str; 8] = [
    "--vbios",
    "96.00.88.00.11",
    "--project",
    "1010",
    "--project-sku",
    "0200",
    "--chip-sku",
    "882",
];

fn secret_ai(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_secret-ai"))
        .arg("evidence")
        .args(arguments)
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Path of a published file, or nothing (and a message) where there are none.
fn fixture(name: &str) -> Option<String> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/fixtures/attestation"
    );
    let path = PathBuf::from(folder).join(name);
    if !path.exists() {
        println!("skipped: no fixture {name}");
        return None;
    }
    Some(path.display().to_string())
}

#[test]
fn genuine_evidence_gives_0_in_both_forms() {
    let (Some(quote), Some(collateral)) = (
        fixture("tdx/near-mpc/quote.json"),
        fixture("tdx/near-mpc/collateral.json"),
    ) else {
        return;
    };
    let time = ["--time", "2026-09-01T00:00:00Z"];
    let output = secret_ai(&[&["verify", &quote, &collateral], &time[..]].concat());
    let shown = text(&output.stdout);
    assert_eq!(code(&output), 0, "{shown}");
    let last = shown.lines().last().unwrap();
    assert!(
        last.starts_with("ACCEPTED at 2026-09-01T00:00:00Z"),
        "{last}"
    );

    let output = secret_ai(&[&["verify", "--json", &quote, &collateral], &time[..]].concat());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "accepted");
    assert_eq!(report["policy"], false);
    assert_eq!(report["time"], 1_788_220_800);
    let tdx = &report["facts"][0];
    assert_eq!(
        (&tdx["tee"], &tdx["tcb_status"]),
        (&"tdx".into(), &"UpToDate".into())
    );
    assert_eq!(tdx["fmspc"], "b0c06f000000");
    let check = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == "signature");
    assert_eq!(check.unwrap()["outcome"], "pass");
}

#[test]
fn what_is_missing_or_wrong_gives_1() {
    let (Some(quote), Some(collateral)) = (
        fixture("tdx/near-mpc/quote.json"),
        fixture("tdx/near-mpc/collateral.json"),
    ) else {
        return;
    };
    let output = secret_ai(&["verify", &quote, "--time", "1788220800"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stdout).contains("INCOMPLETE"));
    let output = secret_ai(&[
        "verify",
        &quote,
        &collateral,
        "--time",
        "2027-01-01T00:00:00Z",
    ]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stdout).contains("[expired]"));
}

#[test]
fn an_image_list_is_checked_if_the_policy_has_one() {
    let (Some(quote), Some(collateral)) = (
        fixture("tdx/near-mpc/quote.json"),
        fixture("tdx/near-mpc/collateral.json"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    let verify = |json: bool| {
        let mut arguments = vec!["verify", &quote, &collateral, "--time", "1788220800"];
        arguments.extend(["--policy", policy.to_str().unwrap()]);
        arguments.extend(json.then_some("--json"));
        secret_ai(&arguments)
    };
    std::fs::write(&policy, r#"{"images": []}"#).unwrap();
    let output = verify(true);
    assert_eq!(code(&output), 1);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let image = report["facts"][0]["image"].as_str().unwrap();
    std::fs::write(
        &policy,
        format!(r#"{{"images": [{{"image": "{image}"}}]}}"#),
    )
    .unwrap();
    assert_eq!(code(&verify(false)), 0);
    std::fs::write(&policy, r#"{"imagess": []}"#).unwrap();
    let output = verify(false);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("imagess"));
}

#[test]
fn unusable_files_and_arguments_give_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise");
    std::fs::write(&file, [0xff; 100]).unwrap();
    let file = file.to_str().unwrap();
    let cases: [&[&str]; 6] = [
        &["verify"],
        &["verify", "/nowhere/quote"],
        &["verify", file],
        &["verify", file, "--time", "yesterday"],
        &["verify", file, "--rootfs", "12"],
        &["golden", file],
    ];
    for arguments in cases {
        let output = secret_ai(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_golden_set_is_made_of_a_manifest_and_can_be_read_back() {
    let Some(driver) = fixture(DRIVER) else {
        return;
    };
    let time = ["--time", "2026-01-01T00:00:00Z"];
    let with =
        |more: &[&str]| secret_ai(&[&["golden", &driver], &time[..], &BOARD[..], more].concat());
    let shown = with(&["--json"]);
    assert_eq!(code(&shown), 0, "{}", text(&shown.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["driver_version"], "550.144.03");
    let warned = text(&with(&[]).stderr);
    assert!(warned.contains("VBIOS is not judged"), "{warned}");
    assert_eq!(shown["entries"].as_array().unwrap().len(), 21);

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("h100.golden");
    let written = with(&["--out", out.to_str().unwrap()]);
    assert!(text(&written.stdout).contains(shown["golden_id"].as_str().unwrap()));
    let digits = text(&with(&[]).stdout);
    assert_eq!(digits.trim(), hex::encode(std::fs::read(&out).unwrap()));
}

#[test]
fn a_bad_manifest_gives_1_and_a_reason() {
    let wrong = "nvidia/attestation-sdk/top_incorrect_signature_driver_rim.xml";
    let (Some(driver), Some(wrong)) = (fixture(DRIVER), fixture(wrong)) else {
        return;
    };
    let cases = [
        (&wrong, "2026-01-01T00:00:00Z", "[rim_"),
        (&driver, "2028-01-01T00:00:00Z", "[rim_chain_dates]"),
    ];
    for (file, time, reason) in cases {
        let output = secret_ai(&[&["golden", file, "--time", time], &BOARD[..]].concat());
        assert_eq!(code(&output), 1);
        assert!(
            text(&output.stderr).contains(reason),
            "{}",
            text(&output.stderr)
        );
    }
    let output = secret_ai(&["golden", &driver, "--time", "2026-01-01T00:00:00Z"]);
    assert_eq!(code(&output), 2, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("--project"));
}

#[test]
fn files_that_are_none_or_too_long_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long");
    let limit = u64::try_from(secret_ai_evidence::FILE_LIMIT).unwrap();
    std::fs::File::create(&long)
        .unwrap()
        .set_len(limit + 1)
        .unwrap();
    let (long, folder) = (long.to_str().unwrap(), folder.path().to_str().unwrap());
    for (file, reason) in [
        ("/dev/zero", "not a regular file"),
        (folder, "not a regular file"),
        (long, "more than"),
    ] {
        let cases: [&[&str]; 3] = [
            &["verify", file],
            &["verify", file, "--policy", file],
            &["golden", file],
        ];
        for arguments in cases {
            let output = secret_ai(arguments);
            assert_eq!(code(&output), 2, "{arguments:?}");
            let told = text(&output.stderr);
            assert!(told.contains(reason), "{arguments:?}: {told}");
        }
    }
    let told = text(&secret_ai(&["verify", "/nowhere/\u{1b}[2J"]).stderr);
    assert!(told.contains("\\u{1b}[2J"), "{told}");
}

/// Enough of a TDX quote to be taken for one.
#[test]
fn output_that_cannot_be_written_gives_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quote");
    let mut quote = [0; 2_000];
    quote[..6].copy_from_slice(&[4, 0, 2, 0, 0x81, 0]);
    std::fs::write(&file, quote).unwrap();
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full");
        return;
    };
    for form in [&[][..], &["--json"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_secret-ai"))
            .args(["evidence", "verify"])
            .arg(&file)
            .args(form)
            .stdout(full.try_clone().unwrap())
            .output()
            .unwrap();
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains("output: "));
    }
}
