//! An answer is accepted only if the attested key signed a receipt for this very exchange that
//! charges what was used and no more.

use cosmwasm_std::{Addr, Uint128};
use secret_ai_client::verify::{
    verify, verify_missed, Exchange, Parts, PromptDetails, Usage, Verified,
};
use secret_ai_client::ClientError;
use secret_ai_interface::billing::{Line, SessionAnswer, SessionAuth, SessionStatus};
use secret_ai_interface::registry::{KidStatus, Listing, WorkerAnswer};
use secret_ai_interface::{Hex, Unit};
use secret_ai_receipts::{
    kid, public_key, sign, Body, Domain, Evidence, Receipt, Signed, SigningKey,
};
use serde_json::json;

const REQUEST: [u8; 32] = [1; 32];
const RESPONSE: [u8; 32] = [2; 32];

struct Case {
    key: SigningKey,
    domain: Domain,
    session: SessionAnswer,
    worker: WorkerAnswer,
    evidence: Evidence,
    receipt: Receipt,
    previous: Option<Receipt>,
    usage: Usage,
    parts: Parts,
}

fn line(unit: Unit, rate: u64) -> Line {
    Line {
        model: "m".into(),
        unit,
        rate,
    }
}

/// An honest exchange: 100 prompt tokens, 20 of them cached, 30 of the answer.
fn honest() -> Case {
    let key = SigningKey::from_slice(&[9; 32]).unwrap();
    let domain = Domain {
        chain_id: "c".into(),
        billing: "b".into(),
    };
    let evidence = Evidence {
        request_sha256: REQUEST,
        response_sha256: RESPONSE,
        model: "m".into(),
        time: 1,
        units: vec![80, 20, 30],
    };
    let previous = Receipt {
        session_id: [5; 16],
        kid: kid(&key),
        seq: 4,
        is_final: false,
        aborted: false,
        counters: vec![1_000, 0, 500],
        evidence: [0; 32],
    };
    let receipt = Receipt {
        seq: 5,
        counters: vec![1_080, 20, 530],
        evidence: domain.digest(&evidence),
        ..previous.clone()
    };
    let session = SessionAnswer {
        session_id: Hex([5; 16]),
        worker_id: Hex([6; 16]),
        token: Addr::unchecked("t"),
        lines: vec![
            line(Unit::Input, 1_000_000),
            line(Unit::CachedInput, 500_000),
            line(Unit::Output, 4_000_000),
        ],
        cap: Uint128::new(1_000_000),
        slack: Uint128::new(1_000_000),
        expires: 0,
        auth: SessionAuth::H(Hex([0; 32])),
        paid: Uint128::zero(),
        counters: vec![0, 0, 0],
        keys: vec![],
        status: SessionStatus::Open,
        deadline: 0,
    };
    let worker = WorkerAnswer {
        worker_id: Hex([6; 16]),
        operator: Addr::unchecked("o"),
        kid: Hex(kid(&key)),
        receipt_pk: Hex(public_key(&key)),
        tls_spki_sha256: Hex([0; 32]),
        e2ee_pk: Hex([0; 32]),
        class: 0,
        image: Hex([0; 32]),
        platform: Hex([0; 32]),
        workload: Hex([0; 32]),
        tee: "tdx".into(),
        gpus: 0,
        golden: None,
        seen_at: 0,
        tcb_status: "UpToDate".into(),
        status: KidStatus::Active,
        lease_until: 0,
        active: true,
        listing: Listing {
            url: "http://127.0.0.1:1".into(),
            models: vec![],
        },
    };
    let usage = Usage {
        prompt_tokens: 100,
        completion_tokens: 30,
        prompt_tokens_details: PromptDetails { cached_tokens: 20 },
    };
    Case {
        key,
        domain,
        session,
        worker,
        evidence,
        receipt,
        previous: Some(previous),
        usage,
        parts: Parts::default(),
    }
}

impl Case {
    fn check(&self) -> Result<Verified, ClientError> {
        let exchange = Exchange {
            domain: &self.domain,
            session: &self.session,
            worker: &self.worker,
            model: "m",
            request_sha256: REQUEST,
            response_sha256: RESPONSE,
            usage: Some(self.usage),
            parts: self.parts,
            previous: self.previous.as_ref(),
        };
        let receipt = sign(&self.key, &self.domain, self.receipt.clone()).encode();
        verify(&exchange, &receipt, &self.evidence.encode())
    }

    /// The receipt alone, as a worker shows it whose slack is used up.
    fn missed(&self) -> Result<Option<Signed<Receipt>>, ClientError> {
        let Case {
            domain,
            session,
            worker,
            previous,
            ..
        } = self;
        let receipt = sign(&self.key, domain, self.receipt.clone()).encode();
        verify_missed(domain, session, worker, previous.as_ref(), &receipt)
    }

    /// Binds the receipt to changed evidence, as a dishonest worker would.
    fn bind(mut self) -> Self {
        self.receipt.evidence = self.domain.digest(&self.evidence);
        self
    }
}

#[test]
fn an_honest_exchange_is_accepted_and_priced() {
    let verified = honest().check().unwrap();
    assert_eq!(verified.cost, 80 + 10 + 120);
    assert_eq!(verified.total, 1_080 + 10 + 4 * 530);
    let first = Case {
        previous: None,
        ..honest()
    };
    assert!(first.check().is_ok());
}

#[test]
fn whatever_is_not_about_this_exchange_is_refused() {
    let change = |f: &dyn Fn(&mut Case)| {
        let mut case = honest();
        f(&mut case);
        case
    };
    let cases: Vec<(Case, &str)> = vec![
        (
            change(&|c| c.key = SigningKey::from_slice(&[8; 32]).unwrap()),
            "signature",
        ),
        (
            change(&|c| c.receipt.session_id = [7; 16]),
            "another session",
        ),
        (
            change(&|c| c.receipt.kid = [7; 20]),
            "not by the key that the registry attested",
        ),
        (change(&|c| c.receipt.evidence = [7; 32]), "other evidence"),
        (
            change(&|c| c.evidence.request_sha256 = [7; 32]).bind(),
            "another request",
        ),
        (
            change(&|c| c.evidence.response_sha256 = [7; 32]).bind(),
            "another answer",
        ),
        (
            change(&|c| c.evidence.model = "n".into()).bind(),
            "another model",
        ),
        (
            change(&|c| c.evidence.units = vec![80, 30]).bind(),
            "another number of lines",
        ),
    ];
    for (case, why) in cases {
        let refused = case.check().unwrap_err().to_string();
        assert!(refused.contains(why), "expected {why:?}, got {refused:?}");
    }
}

#[test]
fn overcharging_is_refused() {
    let mut padded = honest();
    padded.evidence.units[2] = 31;
    padded.receipt.counters[2] = 531;
    let refused = padded.bind().check().unwrap_err().to_string();
    assert!(
        refused.contains("31 units charged, 30 told in usage"),
        "{refused}"
    );

    let mut cached_twice = honest();
    cached_twice.evidence.units[0] = 100;
    cached_twice.receipt.counters[0] = 1_100;
    let refused = cached_twice.bind().check().unwrap_err().to_string();
    assert!(refused.contains("100 units charged, 80 told"), "{refused}");
}

#[test]
fn pictures_are_charged_as_they_were_sent() {
    let parts = Parts::of(&json!({ "messages": [
        { "content": "text" },
        { "content": [{ "type": "text" }, { "type": "image_url" }, { "type": "input_audio" }] },
    ] }));
    let expected = Parts {
        pictures: 1,
        sounds: 1,
    };
    assert_eq!(parts, expected);

    let with = |pictures| {
        let mut case = honest();
        case.session.lines[1] = line(Unit::Image, 500_000);
        case.parts.pictures = pictures;
        case.check()
    };
    assert!(with(20).is_ok());
    let refused = with(19).unwrap_err().to_string();
    assert!(
        refused.contains("20 units charged, 19 told in usage"),
        "{refused}"
    );
}

#[test]
fn counters_and_numbers_never_fall() {
    let mut rolled_back = honest();
    rolled_back.receipt.counters[0] = 1_079;
    let refused = rolled_back.check().unwrap_err().to_string();
    assert!(refused.contains("lower than known before"), "{refused}");
    let mut replayed = honest();
    replayed.receipt.seq = 4;
    assert!(replayed
        .check()
        .unwrap_err()
        .to_string()
        .contains("seq does not rise"));
}

#[test]
fn nothing_is_counted_that_no_answer_explains() {
    let mut padded = honest();
    padded.receipt.counters[2] = 531;
    let refused = padded.check().unwrap_err().to_string();
    assert!(
        refused.contains("counts more than this answer"),
        "{refused}"
    );

    // An answer between the two broke off: 1 token of it costs 4 base units.
    padded.receipt.seq = 6;
    padded.session.auth = SessionAuth::K(Hex(public_key(&padded.key)));
    padded.session.slack = Uint128::new(4);
    assert!(padded.check().is_ok());
    padded.session.slack = Uint128::new(3);
    let refused = padded.check().unwrap_err().to_string();
    assert!(refused.contains("more than the slack of 3"), "{refused}");
}

#[test]
fn a_missed_receipt_is_taken_up_to_the_slack() {
    let mut case = honest();
    case.session.slack = Uint128::new(80 + 10 + 120);
    assert_eq!(case.missed().unwrap().unwrap().body, case.receipt);
    case.session.slack = Uint128::new(80 + 10 + 119);
    let refused = case.missed().unwrap_err().to_string();
    assert!(refused.contains("more than the slack of 209"), "{refused}");

    let mut lower = honest();
    lower.receipt.counters[0] = 999;
    let refused = lower.missed().unwrap_err().to_string();
    assert!(refused.contains("lower than known before"), "{refused}");
    let mut foreign = honest();
    foreign.receipt.session_id = [7; 16];
    let refused = foreign.missed().unwrap_err().to_string();
    assert!(refused.contains("another session"), "{refused}");
    let mut known = honest();
    known.receipt.seq = 4;
    assert!(known.missed().unwrap().is_none());
}
