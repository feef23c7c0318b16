//! Clocks that jump, nodes that lag behind or answer nonsense about time, a chain that is down for
//! hours.

use std::sync::atomic::Ordering;

use crate::common::{chat, plan, Setup, Worker, NOW};
use secret_ai_interface::billing::SessionStatus;
use secret_ai_interface::registry::{KidInfo, KidStatus};
use secret_ai_interface::Hex;
use secret_ai_receipts::{Receipt, Signed};
use secret_ai_worker_agent::settle::round;

const HOURS: i64 = 5 * 3_600;

async fn serves(worker: &Worker) {
    let answer = worker.post(&chat("hi")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

async fn refuses(worker: &Worker, status: u16, code: &str) {
    worker.refuses(worker.post(&chat("hi")), status, code).await;
}

/// A worker that has learned the chain's times, as one has that runs.
async fn worker() -> Worker {
    let worker = Setup::default().start().await;
    round(&worker.agent, &plan()).await.unwrap();
    serves(&worker).await;
    worker
}

#[tokio::test]
async fn a_clock_that_jumps_changes_nothing() {
    for jump in [HOURS, -HOURS] {
        let worker = worker().await;
        let asked = worker.chain.asked();
        worker.clock.jump(jump);
        // Neither expired nor out of its lease, nor asked for anew.
        serves(&worker).await;
        assert_eq!(worker.chain.asked(), asked);
        assert_eq!(worker.agent.now(), NOW);
        // Yet ages count: after half a minute the chain is asked, and tells that it was closed.
        worker
            .chain
            .change(1, |s| s.status = SessionStatus::Closing);
        worker.clock.advance(30);
        refuses(&worker, 402, "session_closed").await;
    }
}

#[tokio::test]
async fn expiry_and_lease_come_also_when_the_clock_was_set_back() {
    let worker = worker().await;
    worker.clock.jump(-HOURS);
    worker.clock.advance(1_001);
    refuses(&worker, 402, "session_expired").await;
    worker.clock.advance(100_000);
    assert!(!worker.agent.is_healthy());
}

#[tokio::test]
async fn a_node_that_lags_behind_sets_nothing_back() {
    let worker = worker().await;
    worker.chain.clock.lock().unwrap().now = NOW + 900;
    round(&worker.agent, &plan()).await.unwrap();
    assert_eq!(worker.agent.now(), NOW + 900);
    worker.clock.advance(101);
    refuses(&worker, 402, "session_expired").await;
    // Now the node answers from an hour ago.
    worker.chain.clock.lock().unwrap().now = NOW - 3_600;
    round(&worker.agent, &plan()).await.unwrap();
    assert_eq!(worker.agent.now(), NOW + 1_001);
    refuses(&worker, 402, "session_expired").await;
}

#[tokio::test]
async fn a_session_that_was_closed_stays_closed() {
    let worker = worker().await;
    worker
        .chain
        .change(1, |s| s.status = SessionStatus::Closing);
    worker.clock.advance(30);
    refuses(&worker, 402, "session_closed").await;
    // A lagging node has it open still.
    worker.chain.change(1, |s| s.status = SessionStatus::Open);
    worker.clock.advance(30);
    refuses(&worker, 402, "session_closed").await;
}

#[tokio::test]
async fn contract_time_that_stands_still_is_believed() {
    let worker = worker().await;
    worker.chain.clock.lock().unwrap().now = NOW + 10;
    round(&worker.agent, &plan()).await.unwrap();
    // Billing was paused for most of an hour: its clock moved a minute.
    worker.clock.advance(3_600);
    worker.chain.clock.lock().unwrap().now = NOW + 70;
    round(&worker.agent, &plan()).await.unwrap();
    serves(&worker).await;
}

#[tokio::test]
async fn a_chain_that_is_down_for_hours_bounds_what_is_served_and_loses_nothing() {
    let worker = worker().await;
    worker.chain.is_down.store(true, Ordering::SeqCst);
    worker.clock.advance(299);
    serves(&worker).await;
    worker.clock.advance(1);
    refuses(&worker, 503, "busy").await;
    assert!(round(&worker.agent, &plan()).await.is_err());
    worker.clock.advance(4 * 3_600);
    refuses(&worker, 503, "busy").await;
    // It is back; the chain's clock has moved a minute only.
    worker.chain.is_down.store(false, Ordering::SeqCst);
    worker.chain.clock.lock().unwrap().now = NOW + 360;
    let settled = round(&worker.agent, &plan()).await.unwrap();
    assert_eq!(settled.pending, 1);
    let handed_in = worker.chain.pages.lock().unwrap().last().cloned().unwrap();
    let newest = worker.stored(1).unwrap();
    let receipt = Signed::<Receipt>::decode(&handed_in.1[0].receipt).unwrap();
    assert_eq!((receipt.body.seq, newest.seq), (2, 2));
    serves(&worker).await;
}

#[tokio::test]
async fn a_lease_that_the_registry_has_ended_ends_here_too() {
    let worker = worker().await;
    let info = |status| KidInfo {
        receipt_pk: Hex(worker.receipt_pk),
        worker_id: crate::common::WORKER,
        operator: cosmwasm_std::Addr::unchecked("secret1operator"),
        lease_until: NOW - 1,
        status,
    };
    let kids = &worker.chain.kids;
    // An old answer about a key that is active says nothing.
    let active = info(KidStatus::Active);
    kids.lock().unwrap().insert(Hex(worker.kid), active);
    round(&worker.agent, &plan()).await.unwrap();
    serves(&worker).await;
    let retired = info(KidStatus::Retired);
    kids.lock().unwrap().insert(Hex(worker.kid), retired);
    round(&worker.agent, &plan()).await.unwrap();
    assert_eq!(worker.agent.lease_until(), NOW - 1);
    refuses(&worker, 503, "busy").await;
    // What it has is handed in.
    assert_eq!(worker.chain.page_sizes().iter().sum::<usize>(), 1);
}
