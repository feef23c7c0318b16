//! The vectors that the TypeScript library seals and opens (packages/typescript/test/e2ee.test.js), opened
//! by this crate.

use secret_ai_e2ee::{AnswerHead, Opener, Recipient, RequestHead};
use serde::Deserialize;
use zeroize::Zeroizing;

#[derive(Deserialize)]
struct Vectors {
    chain_id: String,
    billing: String,
    worker_id: String,
    kid: String,
    secret_key: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    what: String,
    request: Request,
    answer: Answer,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    time: u64,
    headers: Vec<(String, String)>,
    body: String,
    /// All of it as sent, hex.
    bytes: String,
}

#[derive(Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    pieces: Vec<String>,
    /// All of it as sent, hex.
    bytes: String,
}

fn fixed<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn published_vectors_open() {
    let published = include_str!("../vectors/vectors.json");
    let published: Vectors = serde_json::from_str(published).unwrap();
    let recipient = Recipient {
        chain_id: published.chain_id,
        billing: published.billing,
        worker_id: fixed(&published.worker_id),
        kid: fixed(&published.kid),
    };
    let opener = Opener::new(&recipient, Zeroizing::new(fixed(&published.secret_key)));
    assert!(!published.vectors.is_empty());
    for vector in published.vectors {
        check(&opener, vector);
    }
}

fn check(opener: &Opener, vector: Vector) {
    let Vector {
        what,
        request,
        answer,
    } = vector;
    let opened = opener.open(&hex::decode(request.bytes).unwrap());
    let opened = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
    let head = RequestHead {
        method: request.method,
        path: request.path,
        time: request.time,
        headers: request.headers,
    };
    assert_eq!(opened.head, head, "{what}");
    assert_eq!(opened.body, request.body.into_bytes(), "{what}");

    let mut frames = opened.answer.opener();
    let bytes = hex::decode(answer.bytes).unwrap();
    let data = frames
        .push(&bytes)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(frames.is_whole(), "{what}");
    let (first, rest) = data.split_first().unwrap();
    let head = AnswerHead {
        status: answer.status,
        headers: answer.headers,
    };
    assert_eq!(AnswerHead::decode(&first.data), Ok(head), "{what}");
    let pieces: Vec<_> = rest.iter().map(|frame| frame.data.clone()).collect();
    let want = answer.pieces.into_iter().map(String::into_bytes);
    // The end comes in a frame of its own.
    assert_eq!(pieces, want.chain([vec![]]).collect::<Vec<_>>(), "{what}");
}
