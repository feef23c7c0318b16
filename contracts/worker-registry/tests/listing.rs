//! Listings: what may stand in one, `update`, and the queries that show offers.

mod common;

use common::{listing, model, refused, Boot, Suite, LEASE_S};
use cosmwasm_std::Addr;
use secret_ai_interface::registry::*;
use secret_ai_interface::{Unit, WorkerId, MAX_COUNT};
use serde_json::{json, Value};

fn update(
    suite: &mut Suite,
    operator: &Addr,
    worker_id: WorkerId,
    listing: Listing,
) -> Result<(), String> {
    let msg = ExecuteMsg::Update {
        worker_id,
        listing,
        padding: None,
    };
    suite.send(operator, msg).map(|_| ())
}

fn registered() -> (Suite, Addr, WorkerId) {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let worker_id = suite.register(&alice, &Boot::new("1")).unwrap().worker_id;
    (suite, alice, worker_id)
}

#[test]
fn the_operator_replaces_the_listing() {
    let (mut suite, alice, worker_id) = registered();
    let new = Listing {
        url: "http://127.0.0.1:8080".to_string(),
        models: vec![],
    };
    update(&mut suite, &alice, worker_id, new.clone()).unwrap();
    assert_eq!(suite.worker(worker_id).listing, new);
    let mallory = suite.user("mallory");
    refused(
        update(&mut suite, &mallory, worker_id, listing()),
        "not_operator",
    );
    assert_eq!(suite.worker(worker_id).listing, new);
}

#[test]
fn urls_have_a_form_and_a_length() {
    let (mut suite, alice, worker_id) = registered();
    let mut try_url = |url: String| {
        update(
            &mut suite,
            &alice,
            worker_id,
            Listing {
                url,
                models: vec![],
            },
        )
    };
    let longest = format!("https://{}", "a".repeat(120));
    try_url(longest.clone()).unwrap();
    refused(try_url(format!("{longest}a")), "length");
    refused(try_url(String::new()), "length");
    for bad in [
        "ftp://a",
        "https://",
        "http://",
        "a.example",
        "https://a\nb",
        "https://a b",
        "https://ä",
    ] {
        refused(try_url(bad.to_string()), "format");
    }
}

#[test]
fn models_have_names_tokens_and_rates_within_limits() {
    let (mut suite, alice, worker_id) = registered();
    let mut try_models = |models: Vec<ModelListing>| {
        update(
            &mut suite,
            &alice,
            worker_id,
            Listing {
                models,
                ..listing()
            },
        )
    };
    let many = |count: u64| {
        (0..count)
            .map(|n| model(&format!("m{n}"), n))
            .collect::<Vec<_>>()
    };
    try_models(many(16)).unwrap();
    refused(try_models(many(17)), "count");
    try_models(vec![model(&"n".repeat(64), 1)]).unwrap();
    refused(try_models(vec![model(&"n".repeat(65), 1)]), "length");
    refused(try_models(vec![model("", 1)]), "length");
    refused(try_models(vec![model("a\u{1b}[0m", 1)]), "format");
    refused(try_models(vec![model("a", 1), model("a", 2)]), "format");
    try_models(vec![model("a", MAX_COUNT - 1)]).unwrap();
    refused(try_models(vec![model("a", MAX_COUNT)]), "range");
    let mut twice = model("a", 1);
    twice.rates.push(Rate {
        unit: Unit::Output,
        rate: 2,
    });
    refused(try_models(vec![twice]), "format");
    let token = Addr::unchecked("secret1token");
    refused(
        try_models(vec![ModelListing {
            token,
            ..model("a", 1)
        }]),
        "std",
    );
}

#[test]
fn a_bad_listing_is_refused_at_registration_too() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("1"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let attestation = suite.evidence(&suite.tee, &alice, &boot, &challenge);
    let listing = Listing {
        url: "gopher://x".to_string(),
        ..listing()
    };
    let msg = ExecuteMsg::Register {
        worker_id: None,
        attestation,
        listing,
        padding: None,
    };
    refused(suite.send(&alice, msg), "format");
}

/// Two workers with models in common; ids in order of registration.
fn market() -> (Suite, Addr, [WorkerId; 2]) {
    let (mut suite, alice, first) = registered();
    let models = vec![model("gemma-3", 300), model("llama-3", 100)];
    update(
        &mut suite,
        &alice,
        first,
        Listing {
            url: "https://one".to_string(),
            models,
        },
    )
    .unwrap();
    suite.app.advance(10);
    let second = suite.register(&alice, &Boot::new("2")).unwrap().worker_id;
    let models = vec![model("gemma-3", 200)];
    update(
        &mut suite,
        &alice,
        second,
        Listing {
            url: "https://two".to_string(),
            models,
        },
    )
    .unwrap();
    (suite, alice, [first, second])
}

#[test]
fn the_price_list_has_the_cheapest_first() {
    let (suite, _, [first, second]) = market();
    let ask = |model: Option<&str>| -> Vec<(WorkerId, String)> {
        let model = model.map(str::to_string);
        let PriceListAnswer { offers } = suite
            .ask(QueryMsg::PriceList { model, token: None })
            .unwrap();
        offers
            .into_iter()
            .map(|offer| (offer.worker_id, offer.listing.model))
            .collect()
    };
    let gemma = "gemma-3".to_string();
    assert_eq!(
        ask(Some("gemma-3")),
        [(second, gemma.clone()), (first, gemma.clone())]
    );
    assert_eq!(
        ask(None),
        [
            (first, "llama-3".to_string()),
            (second, gemma.clone()),
            (first, gemma)
        ]
    );
    assert_eq!(ask(Some("none")), []);
}

#[test]
fn todays_sdks_are_answered() {
    let (mut suite, alice, [first, _]) = market();
    // What an SDK writes is the message, and what it reads is the answer.
    let json = |suite: &Suite, msg: Value| -> Value {
        let msg: QueryMsg = serde_json::from_value(msg).unwrap();
        let answer = suite.app.query_bytes(&suite.registry, &msg).unwrap();
        serde_json::from_slice(&answer).unwrap()
    };
    let models = json!({"models": ["gemma-3", "llama-3"]});
    assert_eq!(json(&suite, json!({"get_models": {}})), models);
    let urls = json!({"urls": ["https://two", "https://one"]});
    assert_eq!(json(&suite, json!({"get_u_r_ls": {}})), urls);
    let llama = json!({"urls": ["https://one"]});
    assert_eq!(
        json(&suite, json!({"get_u_r_ls": {"model": "llama-3"}})),
        llama
    );
    suite.retire(&alice, first).unwrap();
    assert_eq!(
        json(&suite, json!({"get_models": {}})),
        json!({"models": ["gemma-3"]})
    );
    suite.app.advance(LEASE_S + 1);
    assert_eq!(json(&suite, json!({"get_u_r_ls": {}})), json!({"urls": []}));
}
