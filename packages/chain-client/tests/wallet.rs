//! Addresses, signatures and derived secrets of the test accounts that LocalSecret publishes.

use k256::ecdsa::{signature::Verifier, Signature, VerifyingKey};
use secret_ai_chain_client::{address, Wallet};

const A: &str =
    "grant rice replace explain federal release fix clever romance raise often wild taxi \
    quarter soccer fiber love must tape steak together observe swap guitar";
const ACCOUNTS: [(&str, &str); 4] = [
    (A, "secret1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s03"),
    (
        "jelly shadow frog dirt dragon use armed praise universe win jungle close inmate rain oil \
         canvas beauty pioneer chef soccer icon dizzy thunder meadow",
        "secret1fc3fzy78ttp0lwuujw7e52rhspxn8uj52zfyne",
    ),
    (
        "chair love bleak wonder skirt permit say assist aunt credit roast size obtain minute throw \
         sand usual age smart exact enough room shadow charge",
        "secret1ajz54hz8azwuy34qwy9fkjnfcrvf0dzswy0lqq",
    ),
    (
        "word twist toast cloth movie predict advance crumble escape whale sail such angry muffin \
         balcony keen move employ cook valve hurt glimpse breeze brick",
        "secret1ldjxljw7v4vk6zhyduywh04hpj0jdwxsmrlatf",
    ),
];

fn wallet() -> Wallet {
    Wallet::from_mnemonic(A).unwrap()
}

fn key_file(name: &str, content: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("chain-client-{}-{name}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn mnemonics_give_the_published_addresses() {
    for (words, expected) in ACCOUNTS {
        let wallet = Wallet::from_mnemonic(words).unwrap();
        assert_eq!(wallet.address(), expected);
        assert_eq!(address::encode(&wallet.address_bytes()), expected);
        assert_eq!(address::decode(expected).unwrap(), wallet.address_bytes());
    }
}

#[test]
fn bad_addresses_are_refused() {
    let good = ACCOUNTS[0].1;
    for bad in [
        "",
        "secret1",
        &good[..good.len() - 1],
        &good.replace("s03", "s04"),
        "cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu",
    ] {
        assert!(address::decode(bad).is_err(), "{bad}");
    }
}

#[test]
fn bad_mnemonics_are_refused_without_repeating_them() {
    for bad in [
        "",
        "grant rice",
        &A.replace("guitar", "grant"),
        &A.replace("guitar", "hunter2"),
    ] {
        let error = Wallet::from_mnemonic(bad).unwrap_err().to_string();
        assert!(
            !error.contains("grant") && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn signatures_verify_and_are_deterministic() {
    let wallet = wallet();
    let signature = wallet.sign(b"sign me");
    assert_eq!(signature, wallet.sign(b"sign me"));
    let key = VerifyingKey::from_sec1_bytes(&wallet.public_key()).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    assert_eq!(signature.normalize_s(), signature, "must be low S");
    key.verify(b"sign me", &signature).unwrap();
    assert!(key.verify(b"sign mE", &signature).is_err());
}

#[test]
fn files_hold_a_mnemonic_or_a_hex_key() {
    let by_words = key_file("words", &format!("\n{}\n", A.replace(' ', "  ")));
    assert_eq!(
        Wallet::from_file(&by_words).unwrap().address(),
        ACCOUNTS[0].1
    );
    let by_key = key_file("key", &format!("{}\n", "11".repeat(32)));
    let expected = Wallet::from_private_key(&[0x11; 32]).unwrap();
    assert_eq!(
        Wallet::from_file(&by_key).unwrap().address(),
        expected.address()
    );
}

#[test]
fn unusable_files_are_refused_without_repeating_them() {
    for (name, content) in [
        ("empty", String::new()),
        ("zero", "00".repeat(32)),
        ("short", "11".repeat(31)),
        ("prose", "hunter2 is my password".into()),
        ("long", "11".repeat(600)),
    ] {
        let error = Wallet::from_file(key_file(name, &content))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("key file "), "{error}");
        assert!(
            !error.contains("hunter2") && !error.contains("1111"),
            "{error}"
        );
    }
    assert!(Wallet::from_file("/nowhere/at/all").is_err());
}

#[test]
fn derived_secrets_differ_by_label_and_wallet_and_are_found_again() {
    let (one, other) = (wallet(), Wallet::from_mnemonic(ACCOUNTS[1].0).unwrap());
    assert_eq!(
        one.secret_bytes_for("session/0"),
        wallet().secret_bytes_for("session/0")
    );
    assert_ne!(
        one.secret_bytes_for("session/0"),
        one.secret_bytes_for("session/1")
    );
    assert_ne!(
        one.secret_bytes_for("session/0"),
        other.secret_bytes_for("session/0")
    );
    assert_eq!(one.io_keys().public(), wallet().io_keys().public());
    assert_ne!(one.io_keys().public(), other.io_keys().public());
}

#[test]
fn debug_output_shows_the_address_only() {
    assert_eq!(
        format!("{:?}", wallet()),
        format!("Wallet({})", ACCOUNTS[0].1)
    );
}
