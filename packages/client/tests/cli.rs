//! The program itself: wrong configuration and wrong arguments are named.

use std::process::{Command, Output};

fn secret_ai(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_secret-ai"))
        .args(arguments)
        .output()
        .unwrap()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).to_string()
}

#[test]
fn a_missing_configuration_is_named() {
    let text = error(&secret_ai(&[
        "--config",
        "/nowhere/secret-ai.toml",
        "balance",
    ]));
    assert!(text.contains("no file /nowhere/secret-ai.toml"), "{text}");
}

#[test]
fn an_unknown_field_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "lcd_urll = \"http://127.0.0.1:1\"\n").unwrap();
    let text = error(&secret_ai(&["--config", file.to_str().unwrap(), "balance"]));
    assert!(text.contains("lcd_urll"), "{text}");
}

#[test]
fn a_wallet_that_cannot_be_read_is_named_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (file, wallet) = (folder.path().join("c.toml"), folder.path().join("wallet"));
    std::fs::write(&wallet, "these words are no mnemonic but perhaps a secret").unwrap();
    let text = format!(
        "lcd_url = \"http://127.0.0.1:1\"\nchain_id = \"c\"\nbilling = \"b\"\n\
         wallet_file = {wallet:?}\ndata_dir = \".\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let text = error(&secret_ai(&["--config", file.to_str().unwrap(), "balance"]));
    assert!(!text.contains("perhaps a secret"), "{text}");
}

#[test]
fn amounts_must_be_whole_base_units() {
    for bad in ["1.5", "-1", "ten"] {
        let text = error(&secret_ai(&["deposit", "--", bad]));
        assert!(text.contains("AMOUNT"), "{text}");
    }
}
