//! Pages count once the chain has confirmed them: blocks that vanish, answers that get lost.

use std::sync::atomic::Ordering;

use crate::common::{plan, receipt_of, Setup, Worker, NOW};
use secret_ai_worker_agent::chain::Fate;
use secret_ai_worker_agent::settle::{last_round, round, Settled};

/// A worker with one receipt to hand in.
async fn worker() -> Worker {
    let worker = Setup::default().start().await;
    used(&worker, 1);
    worker
}

fn used(worker: &Worker, seq: u64) {
    let receipt = receipt_of(worker.kid, 1, seq);
    worker
        .journal
        .put_receipt(receipt, NOW + 100_000, NOW)
        .unwrap();
}

async fn go(worker: &Worker) -> Settled {
    round(&worker.agent, &plan()).await.unwrap()
}

fn fate(worker: &Worker, fate: Fate) {
    *worker.chain.fate.lock().unwrap() = fate;
}

fn waiting(worker: &Worker) -> usize {
    worker.journal.unsettled().unwrap().len()
}

#[tokio::test]
async fn a_page_is_settled_once_it_is_confirmed_and_not_sent_twice_before() {
    let worker = worker().await;
    fate(&worker, Fate::Unsure);
    for sizes in [vec![1], vec![1, 0], vec![1, 0, 0]] {
        go(&worker).await;
        assert_eq!(worker.chain.page_sizes(), sizes);
        assert_eq!(waiting(&worker), 1, "a crash now would send it again");
    }
    fate(&worker, Fate::Confirmed);
    go(&worker).await;
    assert_eq!(
        (waiting(&worker), worker.chain.page_sizes()),
        (0, vec![1, 0, 0, 0])
    );
}

#[tokio::test]
async fn a_page_that_vanishes_goes_again() {
    let worker = worker().await;
    go(&worker).await;
    fate(&worker, Fate::Vanished);
    go(&worker).await;
    go(&worker).await;
    assert_eq!(worker.chain.page_sizes(), [1, 1, 1]);
    fate(&worker, Fate::Confirmed);
    go(&worker).await;
    assert_eq!(
        (waiting(&worker), worker.chain.page_sizes()),
        (0, vec![1, 1, 1, 0])
    );
}

#[tokio::test]
async fn a_page_that_cannot_be_looked_at_holds_up_no_other() {
    let worker = worker().await;
    fate(&worker, Fate::Unsure);
    go(&worker).await;
    let other = receipt_of(worker.kid, 2, 1);
    worker
        .journal
        .put_receipt(other, NOW + 100_000, NOW)
        .unwrap();
    go(&worker).await;
    fate(&worker, Fate::Confirmed);
    *worker.chain.unreadable.lock().unwrap() = Some("TX1".into());
    go(&worker).await;
    let left = worker.journal.unsettled().unwrap();
    let left: Vec<_> = left.iter().map(|r| r.receipt.body.session_id).collect();
    assert_eq!(left, [receipt_of(worker.kid, 1, 1).body.session_id]);
    *worker.chain.unreadable.lock().unwrap() = None;
    go(&worker).await;
    assert_eq!(waiting(&worker), 0);
}

#[tokio::test]
async fn what_comes_while_a_page_is_unsure_goes_and_keeps_its_time() {
    let worker = worker().await;
    fate(&worker, Fate::Unsure);
    go(&worker).await;
    used(&worker, 2);
    worker.chain.clock.lock().unwrap().now = NOW + 50;
    go(&worker).await;
    assert_eq!(worker.chain.page_sizes(), [1, 1]);
    used(&worker, 3);
    fate(&worker, Fate::Confirmed);
    worker.chain.clock.lock().unwrap().now = NOW + 90;
    go(&worker).await;
    // The second page was sent at 50: what came later waits since then at the earliest.
    let third = worker.journal.unsettled().unwrap().remove(0);
    assert_eq!((third.receipt.body.seq, third.since), (3, NOW + 50));
}

#[tokio::test]
async fn a_page_whose_answer_got_lost_goes_again() {
    let worker = worker().await;
    worker.chain.lost_answers.store(1, Ordering::SeqCst);
    let error = round(&worker.agent, &plan()).await.unwrap_err();
    assert!(error.to_string().contains("no block"), "{error}");
    assert_eq!(go(&worker).await.pending, 1);
    go(&worker).await;
    let pages = worker.chain.pages.lock().unwrap().clone();
    assert_eq!(
        pages[0], pages[1],
        "the very same entry, which is paid once"
    );
    assert_eq!((pages.len(), waiting(&worker)), (3, 0));
}

#[tokio::test]
async fn the_last_round_waits_for_its_confirmation() {
    let worker = worker().await;
    fate(&worker, Fate::Unsure);
    let agent = worker.agent.clone();
    let last = tokio::spawn(async move { last_round(&agent, &plan()).await });
    while worker.chain.page_sizes().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting(&worker), 1);
    fate(&worker, Fate::Confirmed);
    assert_eq!(last.await.unwrap().unwrap().pending, 1);
    assert_eq!(waiting(&worker), 0);
}

#[tokio::test]
async fn a_node_that_is_away_confirms_nothing_and_loses_nothing() {
    let worker = worker().await;
    go(&worker).await;
    worker.chain.is_down.store(true, Ordering::SeqCst);
    assert!(round(&worker.agent, &plan()).await.is_err());
    assert_eq!(waiting(&worker), 1);
    worker.chain.is_down.store(false, Ordering::SeqCst);
    go(&worker).await;
    assert_eq!(
        (waiting(&worker), worker.chain.page_sizes()),
        (0, vec![1, 0])
    );
}
