//! Leases are renewed from their half on; what fails is tried again, and often enough.
#![cfg(feature = "simulated-tee")]

mod common;

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use common::{Setup, Worker, CHAIN_ID, NOW};
use secret_ai_worker_agent::boot::Attester;
use secret_ai_worker_agent::evidence::Simulated;
use secret_ai_worker_agent::keys::BootKeys;
use secret_ai_worker_agent::renew::{renew_loop, Next, Renewal};
use secret_ai_worker_agent::tee::SimulatedCpu;
use tokio_util::sync::CancellationToken;

/// Length of the first lease, seconds.
const LEASE: u64 = 100_000;
/// How often a lease that needs nothing is looked at.
const CHECK: Next = Next::Wait(Duration::from_secs(5));

fn attester(worker: &Worker) -> Attester {
    let tee = Simulated::new([1; 32], 1_767_225_600, SimulatedCpu::Tdx, 0);
    Attester {
        chain: worker.chain.clone(),
        provider: Arc::new(tee),
        devices: None,
        keys: Arc::new(BootKeys::generate()),
        chain_id: CHAIN_ID.into(),
        registry: "secret1registry".into(),
        tls_spki_sha256: [0; 32],
        class: 0,
        workload: None,
    }
}

/// A worker whose next lease ends at `grant` seconds from the beginning, and its renewal.
async fn start(grant: u64) -> (Worker, Attester, Renewal) {
    let worker = Setup::default().start().await;
    worker
        .chain
        .lease_until
        .store(NOW + grant, Ordering::SeqCst);
    let (attester, renewal) = (attester(&worker), Renewal::new(&worker.agent));
    (worker, attester, renewal)
}

fn renewed(worker: &Worker) -> usize {
    worker.chain.renewed.lock().unwrap().len()
}

fn seconds(next: Next) -> u64 {
    match next {
        Next::Wait(pause) => pause.as_secs(),
        Next::Over => panic!("the lease is over"),
    }
}

#[tokio::test]
async fn a_lease_is_renewed_after_its_half_and_the_next_one_after_its_own() {
    let (worker, attester, mut renewal) = start(LEASE * 3).await;
    worker.clock.advance(LEASE / 2);
    assert_eq!(renewal.step(&worker.agent, &attester).await, CHECK);
    assert_eq!(renewed(&worker), 0, "the registry refuses before the half");
    worker.clock.advance(1);
    assert_eq!(renewal.step(&worker.agent, &attester).await, CHECK);
    assert_eq!(renewed(&worker), 1);
    assert_eq!(worker.agent.lease_until(), NOW + LEASE * 3);

    // The new lease is longer: its half is at 175,000, and it was granted at 50,001.
    worker.clock.advance(LEASE);
    renewal.step(&worker.agent, &attester).await;
    assert_eq!(renewed(&worker), 1);
    worker
        .chain
        .lease_until
        .store(NOW + LEASE * 4, Ordering::SeqCst);
    worker.clock.advance(LEASE / 4);
    renewal.step(&worker.agent, &attester).await;
    assert_eq!(renewed(&worker), 2);
}

#[tokio::test]
async fn failures_are_tried_ever_later_but_never_past_the_lease() {
    let (worker, attester, mut renewal) = start(LEASE * 3).await;
    worker.chain.is_down.store(true, Ordering::SeqCst);
    worker.clock.advance(LEASE / 2 + 1);
    let mut pauses = Vec::new();
    for _ in 0..12 {
        pauses.push(seconds(renewal.step(&worker.agent, &attester).await));
    }
    assert_eq!(pauses[..4], [1, 2, 4, 8]);
    assert_eq!(pauses[11], 600, "the longest pause");
    // 800 seconds are left: eight tries still fit, then one a second.
    worker.clock.advance(LEASE / 2 - 801);
    assert_eq!(seconds(renewal.step(&worker.agent, &attester).await), 100);
    worker.clock.advance(797);
    assert_eq!(seconds(renewal.step(&worker.agent, &attester).await), 1);
    // Back again, just in time; the next failure begins anew.
    worker.chain.is_down.store(false, Ordering::SeqCst);
    assert_eq!(renewal.step(&worker.agent, &attester).await, CHECK);
    assert_eq!(worker.agent.lease_until(), NOW + LEASE * 3);
    worker.chain.is_down.store(true, Ordering::SeqCst);
    worker.clock.advance(LEASE + 10);
    assert_eq!(seconds(renewal.step(&worker.agent, &attester).await), 1);
}

#[tokio::test]
async fn a_lease_that_cannot_be_extended_costs_gas_seldom() {
    // The image ends with the lease: renewals succeed and give nothing.
    let (worker, attester, mut renewal) = start(LEASE).await;
    worker.clock.advance(LEASE / 2 + 1);
    assert_eq!(seconds(renewal.step(&worker.agent, &attester).await), 600);
    assert_eq!(seconds(renewal.step(&worker.agent, &attester).await), 600);
    assert_eq!(renewed(&worker), 2);
    assert_eq!(worker.agent.lease_until(), NOW + LEASE);
    // It is approved for longer.
    worker
        .chain
        .lease_until
        .store(NOW + LEASE * 2, Ordering::SeqCst);
    assert_eq!(renewal.step(&worker.agent, &attester).await, CHECK);
}

#[tokio::test]
async fn a_lease_that_is_over_stops_the_agent() {
    let (worker, attester, mut renewal) = start(LEASE * 3).await;
    worker.clock.advance(LEASE + 1);
    assert_eq!(renewal.step(&worker.agent, &attester).await, Next::Over);
    assert_eq!(renewed(&worker), 0, "the registry wants a registration");
    assert!(!worker.agent.is_healthy());
    let stop = CancellationToken::new();
    let looping = tokio::spawn(renew_loop(worker.agent.clone(), attester, stop.clone()));
    let stopped = tokio::time::timeout(Duration::from_secs(60), stop.cancelled()).await;
    stopped.expect("the loop stops the agent");
    looping.await.unwrap();
}

#[tokio::test]
async fn a_clock_that_goes_back_renews_nothing_twice() {
    let (worker, attester, mut renewal) = start(LEASE * 3).await;
    worker.clock.advance(LEASE / 2 + 1);
    renewal.step(&worker.agent, &attester).await;
    worker.clock.jump(-1_000_000);
    assert_eq!(renewal.step(&worker.agent, &attester).await, CHECK);
    assert_eq!(renewed(&worker), 1);
}
