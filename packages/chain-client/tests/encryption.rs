//! The message encryption against a vector that secret.js and the enclave's libraries agree on.

use secret_ai_chain_client::encryption::{
    open_message, padding_len, seal_message, IoKeys, SealedMessage,
};

const USER_SEED: [u8; 32] = [1; 32];
const IO_SEED: [u8; 32] = [2; 32];
const NONCE: [u8; 32] = [3; 32];
const USER_PUB: &str = "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209";
const IO_PUB: &str = "ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59";
const CODE_HASH: &str = "af74387e276be8874f07bec3a87023ee49b0e7ebe08178c49d0a49c3c98ed60e";
const CIPHERTEXT: &str = "98ba8e4b8e4779fbaba891b91177c6e8e3022e341bca01ec1066f7f775148612657a893763d9748b\
    dddc5ec91c234a54426bc3474e064b0283c294b2f9c690785c3169fc3d159fece97c28efbbada9e60cdf71f5c90b7d949d\
    ec6a5e8dbe1095ae";
const REPLY: &str =
    "a7be3056415a6c73df0902a08e1a17c471ba1ae1b3c9d499b3f873d42e8b60272e8f92b334a0b1b9";
const QUESTION: &[u8] = br#"{"get_models":{}}"#;
const ANSWER: &[u8] = br#"{"models":["m"]}"#;

fn sealed() -> SealedMessage {
    let io = IoKeys::from_seed(IO_SEED);
    seal_message(
        &IoKeys::from_seed(USER_SEED),
        &io.public(),
        &NONCE,
        CODE_HASH,
        QUESTION,
    )
    .unwrap()
}

#[test]
fn public_keys_match_the_vector() {
    assert_eq!(hex::encode(IoKeys::from_seed(USER_SEED).public()), USER_PUB);
    assert_eq!(hex::encode(IoKeys::from_seed(IO_SEED).public()), IO_PUB);
}

#[test]
fn message_matches_the_vector() {
    let expected = format!("{}{USER_PUB}{CIPHERTEXT}", hex::encode(NONCE));
    assert_eq!(hex::encode(sealed().wire), expected);
}

#[test]
fn reply_matches_the_vector_at_both_ends() {
    let SealedMessage { wire, cipher } = sealed();
    let opened = open_message(&IoKeys::from_seed(IO_SEED), &wire).unwrap();
    assert_eq!(opened.code_hash, CODE_HASH);
    assert_eq!(opened.json, QUESTION);
    let reply = opened.cipher.seal_data(ANSWER).unwrap();
    assert_eq!(hex::encode(&reply), REPLY);
    assert_eq!(cipher.open_data(&reply).unwrap(), ANSWER);
}

#[test]
fn texts_round_trip_and_foreign_texts_do_not_open() {
    let cipher = sealed().cipher;
    let text = cipher.seal_text("Generic error: no").unwrap();
    assert_eq!(cipher.open_text(&text).unwrap(), "Generic error: no");
    assert!(cipher.open_text("not base64!").is_err());
    let other = IoKeys::from_seed([9; 32]).cipher(&IoKeys::from_seed(IO_SEED).public(), &NONCE);
    assert!(other.open_text(&text).is_err());
}

#[test]
fn every_changed_byte_of_a_message_is_refused() {
    let io = IoKeys::from_seed(IO_SEED);
    let wire = sealed().wire;
    for index in 0..wire.len() {
        let mut bad = wire.clone();
        // Not the top bit: x25519 ignores that of the last byte of a public key.
        bad[index] ^= 1;
        assert!(open_message(&io, &bad).is_err(), "byte {index}");
    }
    for length in 0..wire.len() {
        assert!(
            open_message(&io, &wire[..length]).is_err(),
            "length {length}"
        );
    }
}

#[test]
fn code_hashes_of_another_form_are_refused() {
    let user = IoKeys::from_seed(USER_SEED);
    let io = IoKeys::from_seed(IO_SEED).public();
    for bad in [
        "",
        "af74",
        &CODE_HASH.to_uppercase(),
        &format!("0x{}", &CODE_HASH[2..]),
    ] {
        let error = seal_message(&user, &io, &NONCE, bad, QUESTION)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("must be 64 lower-case hex digits"),
            "{error}"
        );
    }
}

#[test]
fn padding_reaches_the_next_multiple() {
    let cases = [
        (0, 256, 0),
        (1, 256, 255),
        (255, 256, 1),
        (256, 256, 0),
        (257, 256, 255),
        (9, 0, 0),
    ];
    for (len, block, expected) in cases {
        assert_eq!(
            padding_len(len, block),
            expected,
            "{len} to a multiple of {block}"
        );
    }
}

#[test]
fn debug_output_holds_no_secret() {
    let shown = format!("{:?} {:?}", IoKeys::from_seed(USER_SEED), sealed().cipher);
    assert_eq!(shown, format!("IoKeys({USER_PUB}) MessageCipher(..)"));
}
