//! The pool over engines that do as they are told.

#[path = "common/fake.rs"]
mod fake;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fake::{call, read, status, unreachable, until, Act, Fake, Health};
use secret_ai_engine::pool::{MemberConfig, Policy, Pool};
use secret_ai_engine::{ChatRequest, Engine, EngineError, Reply};
use tokio_util::sync::CancellationToken;

fn config(name: &str, max_requests: usize) -> MemberConfig {
    MemberConfig {
        name: name.to_owned(),
        max_requests,
        models: BTreeMap::new(),
    }
}

fn renamed(models: &[(&str, &str)]) -> MemberConfig {
    let pair = |(name, own): &(&str, &str)| ((*name).to_owned(), (*own).to_owned());
    MemberConfig {
        models: models.iter().map(pair).collect(),
        ..config("renamed", 10)
    }
}

/// A pool of these engines with at most `max` requests each; who is too busy comes last for an hour.
fn pool(members: &[&Arc<Fake>], max: usize) -> Pool {
    let rest = Duration::from_secs(3_600);
    let policy = Policy {
        rest,
        ..Policy::default()
    };
    pool_with(members, max, policy)
}

fn pool_with(members: &[&Arc<Fake>], max: usize, policy: Policy) -> Pool {
    let member = |(place, fake): (usize, &&Arc<Fake>)| {
        let engine: Arc<dyn Engine> = (*fake).clone();
        (config(&format!("m{place}"), max), engine)
    };
    let members = members.iter().enumerate().map(member).collect();
    Pool::new(members, policy)
}

/// Checks that never take long; `interval` milliseconds between them.
fn checks_every(interval: u64) -> Policy {
    let interval = Duration::from_millis(interval);
    Policy {
        interval,
        longest_interval: interval,
        timeout: Duration::from_millis(20),
        ..Policy::default()
    }
}

fn two() -> (Arc<Fake>, Arc<Fake>) {
    (Fake::new(&[("m", 100)]), Fake::new(&[("m", 100)]))
}

async fn said(pool: &Pool, model: &str) -> Result<String, EngineError> {
    read(pool.call(call(model)).await?).await
}

#[tokio::test]
async fn the_least_loaded_gets_the_request_and_equals_take_turns() {
    let (a, b) = two();
    let pool = pool(&[&a, &b], 10);
    for _ in 0..10 {
        said(&pool, "m").await.unwrap();
    }
    assert_eq!((a.called(), b.called()), (5, 5));

    a.does(Act::Stay("x"));
    b.does(Act::Stay("x"));
    let mut held: Vec<Reply> = Vec::new();
    for _ in 0..8 {
        held.push(pool.call(call("m")).await.unwrap());
    }
    assert_eq!((a.called(), b.called()), (9, 9));
    let in_flight = || {
        pool.members()
            .iter()
            .map(|m| m.in_flight)
            .collect::<Vec<_>>()
    };
    assert_eq!(in_flight(), [4, 4]);
    // One place is free: the next goes there.
    drop(held.remove(0));
    let light = in_flight().iter().position(|count| *count == 3).unwrap();
    let before = [a.called(), b.called()][light];
    held.push(pool.call(call("m")).await.unwrap());
    assert_eq!([a.called(), b.called()][light], before + 1);
    drop(held);
    assert_eq!(in_flight(), [0, 0]);
}

#[tokio::test]
async fn load_is_measured_by_what_a_member_may_have_and_full_is_busy() {
    let (small, large) = two();
    small.does(Act::Stay("x"));
    large.does(Act::Stay("x"));
    let members: Vec<(MemberConfig, Arc<dyn Engine>)> = vec![
        (config("small", 2), small.clone()),
        (config("large", 6), large.clone()),
    ];
    let pool = Pool::new(members, Policy::default());
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(pool.call(call("m")).await.unwrap());
    }
    assert_eq!((small.called(), large.called()), (1, 3));
    for _ in 0..4 {
        held.push(pool.call(call("m")).await.unwrap());
    }
    assert_eq!((small.called(), large.called()), (2, 6));
    let error = pool.call(call("m")).await.unwrap_err();
    assert_eq!(
        (error.clone(), error.http_status()),
        (EngineError::Busy, 503)
    );
    held.pop();
    held.push(pool.call(call("m")).await.unwrap());
    assert_eq!(small.called() + large.called(), 9);
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_answer_frees_the_place() {
    let engine = Fake::new(&[("m", 100)]);
    engine.does(Act::Hang);
    let pool = pool(&[&engine], 1);
    let waited = tokio::time::timeout(Duration::from_millis(20), pool.call(call("m")));
    assert!(waited.await.is_err());
    assert_eq!(engine.called(), 1);
    engine.does(Act::Say("ok"));
    assert_eq!(said(&pool, "m").await.unwrap(), "ok");
}

#[tokio::test]
async fn what_has_certainly_begun_nothing_is_tried_elsewhere() {
    for error in [unreachable(), status(429), status(503)] {
        let (a, b) = two();
        let pool = pool(&[&a, &b], 10);
        a.does(Act::Fail(error.clone()));
        for _ in 0..2 {
            assert_eq!(said(&pool, "m").await.unwrap(), "ok", "{error}");
        }
        assert_eq!(
            (a.called(), b.called()),
            (1, 2),
            "{error}: rests or is down"
        );
        // Nobody is left: what the last one said.
        b.does(Act::Fail(status(503)));
        let last = said(&pool, "m").await.unwrap_err();
        let expected = if a.called() == 1 { status(503) } else { error };
        assert_eq!(last, expected);
    }
}

#[tokio::test]
async fn nothing_else_is_tried_again() {
    for error in [
        status(400),
        status(500),
        status(502),
        status(504),
        EngineError::Disconnected,
        EngineError::Timeout { seconds: 3 },
    ] {
        let (a, b) = two();
        let pool = pool(&[&a, &b], 10);
        for engine in [&a, &b] {
            engine.does(Act::Fail(error.clone()));
        }
        assert_eq!(said(&pool, "m").await.unwrap_err(), error);
        assert_eq!(a.called() + b.called(), 1, "{error}");
    }
    let (a, b) = two();
    let pool = pool(&[&a, &b], 10);
    for engine in [&a, &b] {
        engine.does(Act::Break("some"));
    }
    assert_eq!(said(&pool, "m").await, Err(EngineError::Disconnected));
    assert_eq!(a.called() + b.called(), 1, "after the first byte");
    let failures: u64 = pool.members().iter().map(|m| m.failures).sum();
    assert_eq!(failures, 1);
}

#[tokio::test]
async fn a_member_that_is_too_busy_comes_last_until_it_has_rested() {
    for (rest, expected) in [(3_600, (1, 6)), (0, (4, 3))] {
        let (a, b) = two();
        let policy = Policy {
            rest: Duration::from_secs(rest),
            ..Policy::default()
        };
        let pool = pool_with(&[&a, &b], 10, policy);
        a.does_once(Act::Fail(status(429)));
        for _ in 0..6 {
            said(&pool, "m").await.unwrap();
        }
        assert_eq!((a.called(), b.called()), expected, "{rest} s of rest");
    }
}

#[tokio::test]
async fn a_dead_member_is_not_used_and_one_that_comes_back_is() {
    let (a, b) = two();
    let pool = pool_with(&[&a, &b], 10, checks_every(2));
    a.is(Health::Down);
    let stop = CancellationToken::new();
    pool.watch(&stop);
    until("asked again", || a.asked() > 3).await;
    let state = &pool.members()[0];
    assert!(!state.up && state.models.is_empty(), "{state:?}");
    let problem = state.problem.as_deref().unwrap_or_default();
    assert!(problem.contains("closed the connection"), "{problem}");
    for _ in 0..4 {
        said(&pool, "m").await.unwrap();
    }
    assert_eq!((a.called(), b.called()), (0, 4));

    a.is(Health::Up);
    until("up again", || pool.members()[0].up).await;
    assert_eq!(pool.members()[0].problem, None);
    for _ in 0..4 {
        said(&pool, "m").await.unwrap();
    }
    assert_eq!((a.called(), b.called()), (2, 6));

    // A check that hangs has failed.
    a.is(Health::Hangs);
    until("down again", || !pool.members()[0].up).await;
    b.is(Health::Down);
    until("both down", || !pool.members()[1].up).await;
    assert_eq!(pool.health().await, Err(EngineError::Down));
    let error = said(&pool, "m").await.unwrap_err();
    assert_eq!(
        (error.clone(), error.http_status()),
        (EngineError::Down, 503)
    );
    // What they serve is not forgotten.
    assert_eq!(pool.models().await.unwrap().len(), 1);
    assert_eq!(said(&pool, "x").await, Err(EngineError::unknown_model("x")));
    stop.cancel();
}

#[tokio::test]
async fn a_call_that_finds_nobody_takes_the_member_down_and_has_it_asked_at_once() {
    let (a, b) = two();
    let pool = pool_with(&[&a, &b], 10, checks_every(3_600_000));
    let stop = CancellationToken::new();
    pool.watch(&stop);
    until("known", || pool.members().iter().all(|member| member.up)).await;
    a.is(Health::Down);
    a.does(Act::Fail(unreachable()));
    for _ in 0..6 {
        assert_eq!(said(&pool, "m").await.unwrap(), "ok");
    }
    assert_eq!((a.called(), b.called()), (1, 6));
    until("asked at once", || a.asked() == 2).await;
    let state = &pool.members()[0];
    assert_eq!((state.up, state.calls, state.failures), (false, 1, 1));

    // If it answers when it is asked, it was not down.
    a.is(Health::Up);
    b.does_once(Act::Fail(unreachable()));
    let error = said(&pool, "m").await.unwrap_err();
    assert_eq!(error, unreachable(), "nobody else is up");
    until("b is up again", || pool.members()[1].up).await;
    assert_eq!(
        (b.asked(), said(&pool, "m").await.unwrap().as_str()),
        (2, "ok")
    );
    stop.cancel();
}

#[tokio::test]
async fn models_are_those_of_all_members_with_the_smallest_context() {
    let a = Fake::new(&[("m", 4_000), ("only-a", 10)]);
    let b = Fake::new(&[("m", 3_000), ("only-b", 20)]);
    let pool = pool(&[&a, &b], 10);
    let mut models = pool.models().await.unwrap();
    models.sort_by(|one, two| one.id.cmp(&two.id));
    let pairs: Vec<_> = models
        .iter()
        .map(|model| (model.id.as_str(), model.context_length))
        .collect();
    assert_eq!(pairs, [("m", 3_000), ("only-a", 10), ("only-b", 20)]);
    for _ in 0..3 {
        said(&pool, "only-b").await.unwrap();
    }
    assert_eq!((a.called(), b.called()), (0, 3));
    let unknown = EngineError::unknown_model("none");
    assert_eq!(said(&pool, "none").await, Err(unknown.clone()));
    let request = ChatRequest::from_user("none", "x");
    assert_eq!(pool.count_prompt(&request).await.unwrap_err(), unknown);
    assert_eq!(pool.count_text("none", "x"), None);
}

#[tokio::test]
async fn a_model_is_sold_under_another_name() {
    let engine = Fake::new(&[("own", 100), ("tagged:latest", 50), ("private", 1)]);
    let names = [("sold", "own"), ("t", "tagged"), ("gone", "missing")];
    let members: Vec<(MemberConfig, Arc<dyn Engine>)> = vec![(renamed(&names), engine.clone())];
    let pool = Pool::new(members, Policy::default());
    let models: Vec<_> = pool
        .models()
        .await
        .unwrap()
        .into_iter()
        .map(|m| m.id)
        .collect();
    assert_eq!(models, ["sold", "t"]);
    let problem = pool.members()[0].problem.clone();
    assert_eq!(problem.as_deref(), Some("does not serve missing"));
    for hidden in ["own", "private", "gone"] {
        assert_eq!(
            said(&pool, hidden).await,
            Err(EngineError::unknown_model(hidden))
        );
    }
    said(&pool, "t").await.unwrap();
    let sent = engine.calls.lock().unwrap()[0].clone();
    assert_eq!(sent.model, "tagged:latest");
    assert_eq!(sent.body, "{\"model\":\"tagged:latest\"}");
    let request = ChatRequest::from_user("sold", "x");
    assert_eq!(pool.count_prompt(&request).await.unwrap().count, 3);
    assert_eq!(pool.count_text("sold", "text"), Some(7));
}
