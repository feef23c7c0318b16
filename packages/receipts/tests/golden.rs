//! Golden vectors: the bytes, digests and signatures of every kind, as published in
//! `vectors/vectors.json` for implementations in other languages.

use secret_ai_receipts::{
    kid, public_key, sign, verify, Ack, Body, Domain, Evidence, Heartbeat, Receipt, Request,
    Signed, SigningKey, VerifyError,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Vectors {
    chain_id: String,
    billing: String,
    private_key: String,
    public_key: String,
    kid: String,
    vectors: Vec<Vector>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Vector {
    kind: String,
    what: String,
    body: String,
    digest: String,
    signature: String,
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[0x11; 32]).unwrap()
}

fn domain() -> Domain {
    Domain {
        chain_id: "secret-4".into(),
        billing: "secret1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s03".into(),
    }
}

fn evidence() -> Evidence {
    Evidence {
        request_sha256: [0xa1; 32],
        response_sha256: [0xa2; 32],
        model: "llama3.2-vision".into(),
        time: 1_764_000_000,
        units: vec![12, 34],
    }
}

fn receipt() -> Receipt {
    Receipt {
        session_id: [0x5e; 16],
        kid: kid(&key()),
        seq: 7,
        is_final: false,
        aborted: true,
        counters: vec![1_234, (1 << 56) - 1],
        evidence: domain().digest(&evidence()),
    }
}

fn vector<B: Body>(what: &str, body: B) -> Vector {
    let digest = hex::encode(domain().digest(&body));
    let bytes = hex::encode(body.encode());
    let signed = sign(&key(), &domain(), body);
    verify(&public_key(&key()), &domain(), &signed).unwrap();
    let decoded: Signed<B> = Signed::decode(&signed.encode()).unwrap();
    assert_eq!(decoded.signature, signed.signature);
    Vector {
        kind: B::KIND.into(),
        what: what.into(),
        body: bytes,
        digest,
        signature: hex::encode(signed.signature),
    }
}

fn vectors() -> Vectors {
    let Receipt {
        session_id,
        kid: key_id,
        seq,
        ..
    } = receipt();
    Vectors {
        chain_id: domain().chain_id,
        billing: domain().billing,
        private_key: hex::encode([0x11; 32]),
        public_key: hex::encode(public_key(&key())),
        kid: hex::encode(kid(&key())),
        vectors: vec![
            vector("aborted answer, largest counter", receipt()),
            vector(
                "final, eight lines",
                Receipt {
                    is_final: true,
                    aborted: false,
                    counters: (1..=8).collect(),
                    ..receipt()
                },
            ),
            vector("two lines", evidence()),
            vector(
                "largest amount",
                Ack {
                    session_id,
                    kid: key_id,
                    seq,
                    amount: u128::MAX,
                },
            ),
            vector(
                "signed request",
                Request {
                    session_id,
                    kid: key_id,
                    time: 1_764_000_000,
                    nonce: [0x0e; 16],
                    body_sha256: [0xb0; 32],
                },
            ),
            vector(
                "epoch 42",
                Heartbeat {
                    kid: key_id,
                    epoch: 42,
                },
            ),
        ],
    }
}

#[test]
fn published_vectors_are_reproduced() {
    let published = include_str!("../vectors/vectors.json");
    let published: Vectors = serde_json::from_str(published).unwrap();
    assert_eq!(
        vectors(),
        published,
        "wanted:\n{}",
        serde_json::to_string_pretty(&vectors()).unwrap()
    );
}

#[test]
fn a_signature_is_bound_to_kind_chain_and_contract() {
    let signed = sign(&key(), &domain(), receipt());
    let public = public_key(&key());
    let refused = Err(VerifyError::Signature { kind: "receipt" });
    for other in [
        Domain {
            chain_id: "pulsar-3".into(),
            ..domain()
        },
        Domain {
            billing: "secret1x".into(),
            ..domain()
        },
    ] {
        assert_eq!(verify(&public, &other, &signed), refused);
    }
    let other = public_key(&SigningKey::from_slice(&[0x22; 32]).unwrap());
    assert_eq!(verify(&other, &domain(), &signed), refused);
    let heartbeat = Heartbeat {
        kid: kid(&key()),
        epoch: 1,
    };
    let ack = Ack {
        session_id: [0; 16],
        kid: kid(&key()),
        seq: 1,
        amount: 0,
    };
    assert_ne!(domain().digest(&heartbeat), domain().digest(&ack));
}
