//! The host's functions: addresses, signatures, gas, memory.

mod common;

use common::{program, puppets, run, ALICE};
use secret_cosmwasm_crypto as crypto;
use sha2::{Digest, Sha256};

const SECRET: [u8; 32] = [5; 32];

/// What a puppet says when it does one operation.
fn says(letter: char, args: [&[u8]; 3]) -> Vec<String> {
    let (mut chain, _, at) = puppets(1);
    let result = run(&mut chain, &at[0], program().op(letter, args).done());
    assert!(result.is_ok(), "{:?}", result.outcome);
    result.debug
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn signed() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let message = b"message";
    let signature = crypto::secp256k1_sign(message, &SECRET).unwrap();
    let hash = Sha256::digest(message).to_vec();
    let key = crypto::secp256k1_recover_pubkey(&hash, &signature, 0).unwrap();
    (hash, signature, key)
}

#[test]
fn addresses() {
    let validate = |text: &[u8]| says('K', [text, &[], &[]])[0].clone();
    assert_eq!(validate(ALICE.as_bytes()), "0");
    assert_eq!(validate(b""), "Input is empty");
    assert_eq!(validate(b"\xff"), "Input is not valid UTF-8");
    assert_eq!(
        validate(ALICE.to_uppercase().as_bytes()),
        "Address is not normalized"
    );
    assert_ne!(validate(b"secret1nonsense"), "0");
    let other = "cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu";
    assert_eq!(validate(other.as_bytes()), "Address is not normalized");
    assert_eq!(says('H', [ALICE.as_bytes(), &[], &[]]), ["0", "0", ALICE]);
    let wrong = says('H', [other.as_bytes(), &[], &[]]);
    assert_eq!(wrong[0], "wrong address prefix: \"cosmos\"");
}

#[test]
fn secp256k1() {
    let (hash, signature, key) = signed();
    let verify = |h: &[u8], s: &[u8], k: &[u8]| says('S', [h, s, k])[0].clone();
    assert_eq!(verify(&hash, &signature, &key), "0");
    let mut other = hash.clone();
    other[0] ^= 1;
    assert_eq!(verify(&other, &signature, &key), "1");
    assert_eq!(verify(&hash[1..], &signature, &key), "3");
    assert_eq!(verify(&hash, &signature[1..], &key), "4");
    assert_eq!(verify(&hash, &signature, &key[1..]), "5");
    assert_eq!(
        verify(&hash, &signature, &[&[2][..], &[0xff; 32]].concat()),
        "10"
    );
    assert_eq!(says('Z', [b"message", &SECRET, &[]]), [lossy(&signature)]);
    assert_eq!(says('Z', [b"message", &SECRET[1..], &[]]), ["1000"]);
}

#[test]
fn a_high_s_does_not_verify() {
    let (hash, mut signature, key) = signed();
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let mut borrow = 0i16;
    for (s, n) in signature[32..].iter_mut().zip(order.unwrap()).rev() {
        let difference = i16::from(n) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        *s = difference.rem_euclid(256) as u8;
    }
    assert!(
        crypto::secp256k1_verify(&hash, &signature, &key).unwrap(),
        "n - S is valid as such"
    );
    assert_eq!(says('S', [&hash, &signature, &key]), ["1"]);
}

#[test]
fn a_recovered_key_is_compressed() {
    let (hash, signature, key) = signed();
    let compressed = [&[2 + (key[64] & 1)][..], &key[1..33]].concat();
    assert_eq!(says('Y', [&hash, &signature, &[0]]), [lossy(&compressed)]);
    assert_eq!(says('S', [&hash, &signature, &compressed]), ["0"]);
    assert_eq!(says('Y', [&hash, &signature, &[9]]), ["10"]);
    assert_eq!(says('Y', [&hash[1..], &signature, &[0]]), ["3"]);
}

/// RFC 8032, section 7.1, test 1 (empty message).
#[test]
fn ed25519() {
    let bytes = |text: &str| hex::decode(text).unwrap();
    let secret = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let key = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let signature = bytes(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c\
         f9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    assert_eq!(says('s', [&[], &secret, &[]]), [lossy(&signature)]);
    assert_eq!(says('e', [&[], &signature, &key]), ["0"]);
    assert_eq!(says('e', [b"x", &signature, &key]), ["1"]);
    assert_eq!(says('e', [&[], &signature[1..], &key]), ["4"]);
    assert_eq!(says('e', [&[], &signature, &key[1..]]), ["5"]);

    let list = |items: &[&[u8]]| -> Vec<u8> {
        let each = items.iter();
        each.flat_map(|i| [*i, &(i.len() as u32).to_be_bytes()].concat())
            .collect()
    };
    let signatures = list(&[&signature, &signature]);
    let keys = list(&[&key, &key]);
    assert_eq!(says('b', [&list(&[b"", b""]), &signatures, &keys]), ["0"]);
    assert_eq!(says('b', [&list(&[b""]), &signatures, &keys]), ["0"]);
    assert_eq!(says('b', [&list(&[b"", b"x"]), &signatures, &keys]), ["1"]);
    assert_eq!(
        says('b', [&list(&[b"", b"", b""]), &signatures, &keys]),
        ["7"]
    );
}

#[test]
fn gas_calls() {
    let (mut chain, _, at) = puppets(1);
    let burn = program().op('E', [&40_000u32.to_le_bytes(), &[], &[]]);
    let idle = run(
        &mut chain,
        &at[0],
        program().op('?', [&[0; 4], &[], &[]]).done(),
    );
    let burnt = run(&mut chain, &at[0], burn.clone().done());
    let difference = burnt.gas_used - idle.gas_used;
    assert!((40_000..40_002).contains(&difference), "{difference}");
    let checked = run(&mut chain, &at[0], burn.nullary('C').done());
    let told: u64 = checked.debug[0].parse().unwrap();
    assert!((40_000..40_100).contains(&told), "{told}");
}

#[test]
fn memory_grows_to_12_mib_and_no_further() {
    let grow = |pages: u32| says('G', [&pages.to_le_bytes(), &[], &[]])[0].clone();
    assert_eq!(grow(191), "1");
    assert_eq!(grow(192), u64::MAX.to_string());
}
