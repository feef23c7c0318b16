//! What is sealed comes back; what was changed, cut, moved or meant for another does not.

use hpke::{Kem, Serializable};
use proptest::prelude::*;
use secret_ai_e2ee::{
    kid_of, seal, AnswerKey, E2eeError, FrameOpener, Opener, Recipient, RequestHead, MAX_DATA,
};
use zeroize::Zeroizing;

fn recipient() -> Recipient {
    Recipient {
        chain_id: "test-1".into(),
        billing: "secret1billing".into(),
        worker_id: [7; 16],
        kid: [8; 20],
    }
}

/// A worker's key pair.
fn keys(seed: u8) -> ([u8; 32], [u8; 32]) {
    let (secret, public) = hpke::kem::X25519HkdfSha256::derive_keypair(&[seed; 32]);
    (secret.to_bytes().into(), public.to_bytes().into())
}

fn opener(secret: &[u8; 32]) -> Opener {
    Opener::new(&recipient(), Zeroizing::new(*secret))
}

fn head() -> RequestHead {
    RequestHead {
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        time: 1_800_000_000,
        headers: vec![("authorization".into(), "Bearer sk-…".into())],
    }
}

/// Both ends of one exchange.
fn exchange() -> (AnswerKey, AnswerKey) {
    let (secret, public) = keys(1);
    let (sealed, ours) = seal(&recipient(), &public, &head(), b"body").unwrap();
    let opened = opener(&secret).open(&sealed);
    (opened.unwrap_or_else(|e| panic!("{e}")).answer, ours)
}

fn error<T>(result: Result<T, E2eeError>) -> E2eeError {
    result.err().expect("must be refused")
}

#[test]
fn a_request_comes_back_and_hides_its_length() {
    let (secret, public) = keys(1);
    let opener = opener(&secret);
    let mut lengths = Vec::new();
    for body in [&b""[..], b"{}", &[b'x'; 100]] {
        let (sealed, _) = seal(&recipient(), &public, &head(), body).unwrap();
        assert_eq!(kid_of(&sealed), Ok([8; 20]));
        let opened = opener.open(&sealed).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((opened.head, &opened.body[..]), (head(), body));
        lengths.push(sealed.len());
    }
    assert_eq!(lengths[0], lengths[2]);
}

#[test]
fn every_request_has_a_key_of_its_own() {
    let (secret, public) = keys(1);
    let opener = opener(&secret);
    let enc = || {
        let (sealed, _) = seal(&recipient(), &public, &head(), b"").unwrap();
        opener.open(&sealed).unwrap_or_else(|e| panic!("{e}")).enc
    };
    assert_ne!(enc(), enc());
}

#[test]
fn a_request_opens_nowhere_else() {
    let (secret, public) = keys(1);
    let (sealed, _) = seal(&recipient(), &public, &head(), b"body").unwrap();
    let with = |change: fn(&mut Recipient), secret: &[u8; 32]| {
        let mut other = recipient();
        change(&mut other);
        error(Opener::new(&other, Zeroizing::new(*secret)).open(&sealed))
    };
    assert_eq!(
        with(|r| r.chain_id = "test-2".into(), &secret),
        E2eeError::Open
    );
    assert_eq!(
        with(|r| r.billing = "secret1other".into(), &secret),
        E2eeError::Open
    );
    assert_eq!(with(|r| r.worker_id = [9; 16], &secret), E2eeError::Open);
    assert_eq!(with(|r| r.kid = [9; 20], &secret), E2eeError::OtherBoot);
    assert_eq!(with(|_| (), &keys(2).0), E2eeError::Open);
}

#[test]
fn a_changed_bit_is_refused_wherever_it_is() {
    let (secret, public) = keys(1);
    let opener = opener(&secret);
    let (sealed, _) = seal(&recipient(), &public, &head(), b"body").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 0x80;
        assert!(opener.open(&changed).is_err(), "byte {at}");
    }
    for length in 0..sealed.len() {
        assert!(opener.open(&sealed[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn nobody_seals_to_a_key_without_a_secret() {
    assert_eq!(
        error(seal(&recipient(), &[0; 32], &head(), b"")),
        E2eeError::Key
    );
}

/// The frames of an answer pushed in pieces of `step` bytes: data, and whether each is the last.
fn read(
    opener: &mut FrameOpener,
    bytes: &[u8],
    step: usize,
) -> Result<Vec<(Vec<u8>, bool)>, E2eeError> {
    let mut all = Vec::new();
    for piece in bytes.chunks(step) {
        all.extend(opener.push(piece)?.into_iter().map(|f| (f.data, f.last)));
    }
    Ok(all)
}

#[test]
fn an_answer_comes_back_in_any_pieces() {
    for step in [1, 7, 100_000] {
        let (theirs, ours) = exchange();
        let (mut sealer, mut bytes) = theirs.sealer();
        bytes.extend(sealer.seal(b"head", false).unwrap());
        bytes.extend(sealer.seal(b"piece", false).unwrap());
        bytes.extend(sealer.seal(b"", true).unwrap());
        let mut opener = ours.opener();
        let frames = read(&mut opener, &bytes, step).unwrap();
        let want = [("head", false), ("piece", false), ("", true)];
        let want = want.map(|(data, last)| (data.as_bytes().to_vec(), last));
        assert_eq!(frames, want);
        assert!(opener.is_whole());
    }
}

#[test]
fn long_data_goes_in_several_frames() {
    let (theirs, ours) = exchange();
    let (mut sealer, mut bytes) = theirs.sealer();
    let data: Vec<u8> = (0..2 * MAX_DATA + 5).map(|i| i as u8).collect();
    bytes.extend(sealer.seal(&data[..MAX_DATA], false).unwrap());
    bytes.extend(sealer.seal(&data, true).unwrap());
    let frames = read(&mut ours.opener(), &bytes, 9_999).unwrap();
    let lengths: Vec<_> = frames.iter().map(|(d, last)| (d.len(), *last)).collect();
    let want = [
        (MAX_DATA, false),
        (MAX_DATA, false),
        (MAX_DATA, false),
        (5, true),
    ];
    assert_eq!(lengths, want);
    let joined: Vec<u8> = frames.into_iter().skip(1).flat_map(|(d, _)| d).collect();
    assert_eq!(joined, data);
}

#[test]
fn words_of_any_length_look_alike() {
    let (theirs, _) = exchange();
    let (mut sealer, _) = theirs.sealer();
    let short = sealer.seal(b"a", false).unwrap().len();
    assert_eq!(short, sealer.seal(&[b'x'; 400], false).unwrap().len());
}

#[test]
fn frames_cannot_be_cut_off_swapped_repeated_or_added() {
    let make = || {
        let (theirs, ours) = exchange();
        let (mut sealer, start) = theirs.sealer();
        let frames = [
            start,
            sealer.seal(b"one", false).unwrap(),
            sealer.seal(b"two", false).unwrap(),
            sealer.seal(b"", true).unwrap(),
        ];
        (frames, ours.opener())
    };
    let (frames, mut opener) = make();
    read(&mut opener, &frames[..3].concat(), 64).unwrap();
    assert!(!opener.is_whole(), "cut off");
    for order in [
        &[0, 2, 1, 3][..],
        &[0, 1, 1],
        &[0, 1, 3],
        &[0, 1, 2, 3, 3],
        &[1, 2, 3],
    ] {
        let (frames, mut opener) = make();
        let moved: Vec<u8> = order.iter().flat_map(|i| frames[*i].clone()).collect();
        assert!(read(&mut opener, &moved, 64).is_err(), "{order:?}");
    }
    let (_, other) = exchange();
    let (frames, _) = make();
    assert_eq!(
        error(read(&mut other.opener(), &frames.concat(), 64)),
        E2eeError::Open
    );
    let (frames, mut opener) = make();
    let endless = [&frames[0][..], &u32::MAX.to_be_bytes()].concat();
    assert_eq!(error(read(&mut opener, &endless, 64)), E2eeError::TooLong);
}

proptest! {
    #[test]
    fn anything_may_come_from_outside(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let opener = opener(&keys(1).0);
        prop_assert!(opener.open(&bytes).is_err());
        let addressed = [&[1][..], &[8; 20], &bytes].concat();
        prop_assert!(opener.open(&addressed).is_err());
        let (_, ours) = exchange();
        let _ = ours.opener().push(&bytes);
    }
}
