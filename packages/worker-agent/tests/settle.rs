//! What reaches the chain, and when: pages, cover traffic, receipts that cannot wait, the crank.

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{ack, chat, copy_journal, domain, plan, receipt, receipt_of, Setup, Worker, NOW};
use k256::ecdsa::SigningKey;
use secret_ai_chain_client::padded_json;
use secret_ai_interface::billing::{EntryStatus, ExecuteMsg, SettleEntry};
use secret_ai_interface::Hex;
use secret_ai_receipts::{sign, Ack, Body, Receipt, Signed};
use secret_ai_worker_agent::settle::{last_round, round, settle_loop, Plan, Settled};
use tokio_util::sync::CancellationToken;

/// A deadline that is far away.
const LATER: u64 = NOW + 100_000;

async fn worker() -> Worker {
    Setup::default().start().await
}

/// Stores receipts of this boot for these sessions.
async fn used(worker: &Worker, sessions: std::ops::Range<u8>, deadline: u64, since: u64) {
    for session in sessions {
        let receipt = receipt_of(worker.kid, session, 1);
        worker
            .journal
            .put_receipt(receipt, deadline, since)
            .unwrap();
    }
}

async fn go(worker: &Worker, plan: Plan) -> Settled {
    round(&worker.agent, &plan).await.unwrap()
}

/// Sessions of each page so far.
fn sessions(worker: &Worker) -> Vec<Vec<u8>> {
    let session = |entry: &SettleEntry| {
        let receipt = Signed::<Receipt>::decode(&entry.receipt).unwrap();
        receipt.body.session_id[0]
    };
    let pages = worker.chain.pages.lock().unwrap();
    let pages = pages.iter();
    pages
        .map(|(_, entries)| entries.iter().map(session).collect())
        .collect()
}

/// Receipt keys of the pages so far.
fn kids(worker: &Worker) -> Vec<[u8; 20]> {
    let pages = worker.chain.pages.lock().unwrap();
    pages.iter().map(|(kid, _)| kid.0).collect()
}

#[tokio::test]
async fn every_round_hands_in_as_many_pages_whatever_was_used() {
    let worker = worker().await;
    for (new, expected) in [(0..0, 0), (0..1, 1), (1..5, 4), (0..0, 0)] {
        used(&worker, new, LATER, NOW).await;
        let settled = go(&worker, plan()).await;
        assert_eq!((settled.pages, settled.pending), (1, expected));
    }
    assert_eq!(worker.chain.page_sizes(), [0, 1, 4, 0]);
    assert_eq!(kids(&worker), [worker.kid; 4]);
    let two = Plan { pages: 2, ..plan() };
    assert_eq!(go(&worker, two).await.pages, 2);
}

#[tokio::test]
async fn what_does_not_fit_waits_and_what_waited_longest_goes_first() {
    let worker = worker().await;
    used(&worker, 0..4, LATER, NOW).await;
    used(&worker, 4..8, LATER, NOW - 1).await;
    // A deadline before the end of the others' challenge windows.
    used(&worker, 8..10, NOW + 998, NOW).await;
    for _ in 0..4 {
        go(&worker, plan()).await;
    }
    let expected: [&[u8]; 4] = [&[8, 9, 4, 5], &[6, 7, 0, 1], &[2, 3], &[]];
    assert_eq!(sessions(&worker), expected);
}

#[tokio::test]
async fn receipts_that_would_be_late_get_pages_of_their_own() {
    // The margin is two rounds and two epochs, 240 s; the challenge window has 1,000 s.
    for (deadline, since, pages) in [
        (NOW + 240, NOW, 3),
        (NOW + 241, NOW, 2),
        (NOW + 300, NOW, 2),
        (NOW + 301, NOW, 1),
        (LATER, NOW - 760, 3),
        (LATER, NOW - 759, 2),
        (LATER, NOW - 700, 2),
        (LATER, NOW - 699, 1),
    ] {
        let worker = worker().await;
        used(&worker, 0..10, deadline, since).await;
        assert_eq!(go(&worker, plan()).await.pages, pages, "{deadline} {since}");
    }
}

#[tokio::test]
async fn without_cover_traffic_pages_go_only_when_there_is_something() {
    let worker = worker().await;
    let bare = Plan {
        cover_traffic: false,
        ..plan()
    };
    go(&worker, bare).await;
    used(&worker, 0..5, LATER, NOW).await;
    for _ in 0..3 {
        go(&worker, bare).await;
    }
    assert_eq!(worker.chain.page_sizes(), [4, 1]);
}

#[tokio::test]
async fn receipts_of_earlier_boots_go_in_pages_of_their_own_keys() {
    let setup = Setup::default();
    let dir = setup.dir.clone();
    let first = setup.start().await;
    let answer = first.post(&chat("hi")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for session in 10..15 {
        let receipt = receipt_of(first.kid, session, 1);
        first.journal.put_receipt(receipt, LATER, NOW).unwrap();
    }
    first.journal.flush().await.unwrap();
    let setup = Setup {
        dir: copy_journal(&dir),
        ..Setup::default()
    };
    let second = setup.start().await;
    let answer = second.post(&chat("hi")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for _ in 0..3 {
        go(&second, plan()).await;
    }
    let (own, earlier) = (second.kid, first.kid);
    assert_eq!(kids(&second), [own, earlier, own, earlier, own]);
    assert_eq!(second.chain.page_sizes(), [1, 4, 0, 2, 0]);
}

#[tokio::test]
async fn a_receipt_whose_ack_is_refused_goes_again_without_it() {
    let worker = worker().await;
    worker
        .journal
        .put_receipt(receipt(1, 1, 1), LATER, NOW)
        .unwrap();
    worker.journal.ack(ack(1, 1, 5), NOW).await.unwrap();
    *worker.chain.status.lock().unwrap() = EntryStatus::BadAck;
    let first = go(&worker, plan()).await;
    assert_eq!((first.again, first.pending, first.refused), (1, 0, 0));
    let second = go(&worker, plan()).await;
    assert_eq!((second.again, second.pending, second.refused), (0, 1, 0));
    assert_eq!(go(&worker, plan()).await.pending, 0);
    let pages = worker.chain.pages.lock().unwrap();
    let acks: Vec<_> = pages
        .iter()
        .flat_map(|(_, entries)| entries)
        .map(|entry| entry.ack.is_some())
        .collect();
    assert_eq!(acks, [true, false]);
}

#[tokio::test]
async fn refused_entries_are_not_sent_again() {
    let worker = worker().await;
    used(&worker, 1..2, LATER, NOW).await;
    *worker.chain.status.lock().unwrap() = EntryStatus::LeaseOver;
    assert_eq!(go(&worker, plan()).await.refused, 1);
    assert_eq!(go(&worker, plan()).await.refused, 0);
    assert_eq!(worker.chain.page_sizes(), [1, 0]);
}

#[tokio::test]
async fn entries_beyond_the_pages_of_an_epoch_go_again() {
    let worker = worker().await;
    used(&worker, 1..3, LATER, NOW).await;
    *worker.chain.status.lock().unwrap() = EntryStatus::TooManyPages;
    for _ in 0..2 {
        let settled = go(&worker, plan()).await;
        let counts = (settled.again, settled.pending, settled.refused);
        assert_eq!(counts, (2, 0, 0));
    }
    *worker.chain.status.lock().unwrap() = EntryStatus::Pending;
    assert_eq!(go(&worker, plan()).await.pending, 2);
    assert_eq!(go(&worker, plan()).await.pending, 0);
    assert_eq!(worker.chain.page_sizes(), [2, 2, 2, 0]);
}

#[tokio::test]
async fn a_failed_page_is_sent_again() {
    let worker = worker().await;
    used(&worker, 1..2, LATER, NOW).await;
    worker.chain.is_down.store(true, Ordering::SeqCst);
    assert!(round(&worker.agent, &plan()).await.is_err());
    worker.chain.is_down.store(false, Ordering::SeqCst);
    assert_eq!(go(&worker, plan()).await.pending, 1);
}

#[tokio::test]
async fn a_page_that_fails_holds_up_no_other() {
    let worker = worker().await;
    used(&worker, 0..10, NOW + 240, NOW).await;
    worker.chain.failing_pages.store(1, Ordering::SeqCst);
    let error = round(&worker.agent, &plan()).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    assert_eq!(worker.chain.page_sizes(), [4, 2]);
    assert_eq!(go(&worker, plan()).await.pending, 4);
}

#[tokio::test]
async fn the_last_round_hands_in_everything() {
    let worker = worker().await;
    used(&worker, 0..10, LATER, NOW).await;
    worker.chain.clock.lock().unwrap().paused = true;
    let paused = last_round(&worker.agent, &plan()).await.unwrap();
    assert_eq!(paused, Settled::default());
    worker.chain.clock.lock().unwrap().paused = false;
    let settled = last_round(&worker.agent, &plan()).await.unwrap();
    assert_eq!((settled.pages, settled.pending), (3, 10));
    assert_eq!(worker.chain.page_sizes(), [4, 4, 2]);
    assert!(worker.journal.unsettled().unwrap().is_empty());
    let idle = last_round(&worker.agent, &plan()).await.unwrap();
    assert_eq!((idle.pages, idle.pending), (1, 0));
}

#[tokio::test]
async fn the_first_round_is_right_after_boot() {
    let worker = worker().await;
    used(&worker, 0..1, LATER, NOW).await;
    let stop = CancellationToken::new();
    let rounds = tokio::spawn(settle_loop(worker.agent.clone(), plan(), stop.clone()));
    let sent = async {
        while worker.chain.page_sizes().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // The second round would be 60 s later.
    tokio::time::timeout(Duration::from_secs(30), sent)
        .await
        .unwrap();
    stop.cancel();
    rounds.await.unwrap();
    assert_eq!(worker.chain.page_sizes(), [1]);
}

#[test]
fn a_plan_must_suit_the_timing_of_billing() {
    let with = |interval_s, epoch_s| {
        let mut plan = plan();
        plan.interval = Duration::from_secs(interval_s);
        plan.timing.epoch_s = epoch_s;
        plan
    };
    let usual = plan();
    assert_eq!((usual.check(), usual.warnings().len()), (Ok(()), 0));
    let problem = with(1_001, 60).check().unwrap_err();
    assert!(
        problem.contains("settle_interval_s: 1001") && problem.contains("challenge_s, 1000"),
        "{problem}"
    );
    assert_eq!(with(1_000, 60).check(), Ok(()));
    assert!(with(249, 250).warnings().is_empty());
    let urgent = with(250, 250).warnings();
    assert!(urgent.len() == 1 && urgent[0].contains("every receipt is urgent"));
    let rare = with(61, 60).warnings();
    assert!(rare.len() == 1 && rare[0].contains("small cohorts"));
}

#[tokio::test]
async fn a_pause_stops_pages_and_not_the_crank() {
    let worker = worker().await;
    used(&worker, 1..2, LATER, NOW).await;
    worker.chain.wait(4, 0);
    worker.chain.clock.lock().unwrap().paused = true;
    assert_eq!(go(&worker, plan()).await, Settled::default());
    assert!(worker.chain.page_sizes().is_empty());
    assert_eq!(worker.chain.cranked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn ended_epochs_are_cranked_while_something_waits() {
    let worker = worker().await;
    let cranked = |worker: &Worker| std::mem::take(&mut *worker.chain.cranked.lock().unwrap());
    go(&worker, plan()).await;
    assert!(cranked(&worker).is_empty(), "nothing waits");
    worker.chain.wait(20, 4);
    let others = Plan {
        finalize: false,
        ..plan()
    };
    go(&worker, others).await;
    assert!(cranked(&worker).is_empty(), "not this worker's job");
    go(&worker, plan()).await;
    assert_eq!(
        cranked(&worker),
        [(4, 8); 3],
        "what waits for this epoch's end is left"
    );
    worker.chain.wait(0, 4);
    go(&worker, plan()).await;
    assert!(cranked(&worker).is_empty(), "all ended epochs are done");
    worker.chain.clock.lock().unwrap().finalized_before = 4;
    go(&worker, plan()).await;
    assert_eq!(
        cranked(&worker),
        [(4, 8)],
        "a batch of nothing is the last one"
    );
}

#[tokio::test]
async fn contract_time_decides_about_expiry() {
    let worker = worker().await;
    worker.chain.clock.lock().unwrap().now = NOW + 1_001;
    go(&worker, plan()).await;
    worker
        .refuses(worker.post(&chat("hi")), 402, "session_expired")
        .await;
}

#[test]
fn the_fullest_page_has_the_size_of_an_empty_one() {
    let key = SigningKey::from_slice(&[1; 32]).unwrap();
    let receipt = Receipt {
        session_id: [1; 16],
        kid: [2; 20],
        seq: u64::MAX,
        is_final: true,
        aborted: true,
        counters: vec![secret_ai_receipts::MAX_COUNT - 1; secret_ai_receipts::MAX_LINES],
        evidence: [3; 32],
    };
    let ack = Ack {
        session_id: [1; 16],
        kid: [2; 20],
        seq: u64::MAX,
        amount: u128::MAX,
    };
    assert!(receipt.encode().len() > ack.encode().len());
    let entry = SettleEntry {
        receipt: sign(&key, &domain(), receipt).encode().into(),
        ack: Some(sign(&key, &domain(), ack).encode().into()),
    };
    let page = |entries| ExecuteMsg::Settle {
        kid: Hex([2; 20]),
        entries,
        padding: None,
    };
    let size = |msg| padded_json(&msg).unwrap().len();
    assert_eq!(size(page(vec![entry; 4])), 2_048);
    assert_eq!(size(page(vec![])), 2_048);
}
