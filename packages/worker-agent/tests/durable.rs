//! What survives a crash, and what reaches the chain.

mod common;

use std::sync::atomic::Ordering;
use std::sync::Arc;

use common::{chat, copy_journal, domain, Setup, NOW};
use futures_util::future::join_all;
use secret_ai_interface::billing::{EntryStatus, SettleEntry};
use secret_ai_receipts::{sign, Ack, Receipt, Signed};
use secret_ai_worker_agent::journal::{Journal, Record};
use secret_ai_worker_agent::settle::{round, settle_all};
use tempfile::TempDir;

fn receipt(session: u8, kid: u8, seq: u64) -> Signed<Receipt> {
    let key = k256::ecdsa::SigningKey::from_slice(&[kid; 32]).unwrap();
    let body = Receipt {
        session_id: [session; 16],
        kid: [kid; 20],
        seq,
        is_final: false,
        aborted: false,
        counters: vec![seq],
        evidence: [0; 32],
    };
    sign(&key, &domain(), body)
}

fn ack(session: u8, kid: u8, amount: u128) -> Signed<Ack> {
    let key = k256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
    sign(
        &key,
        &domain(),
        Ack {
            session_id: [session; 16],
            kid: [kid; 20],
            seq: 1,
            amount,
        },
    )
}

fn open(dir: &TempDir) -> Journal {
    Journal::open(&dir.path().join("journal.redb")).unwrap()
}

fn seqs(records: &[Record]) -> Vec<u64> {
    records
        .iter()
        .map(|record| record.receipt.body.seq)
        .collect()
}

#[tokio::test]
async fn what_was_promised_is_there_after_a_crash() {
    let dir = TempDir::new().unwrap();
    let journal = Arc::new(open(&dir));
    for round in 1..=5u64 {
        let writes = (0..40u8).map(|session| journal.receipt(receipt(session, 1, round), NOW));
        join_all(writes)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        // The file as it is at this moment, while the journal stays open.
        let after_crash = open(&copy_journal(&dir));
        assert_eq!(seqs(&after_crash.unsettled(100).unwrap()), vec![round; 40]);
    }
    assert!(journal.is_healthy());
}

#[tokio::test]
async fn the_newest_receipt_and_the_largest_ack_win() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for seq in [1, 3, 2] {
        journal.receipt(receipt(1, 1, seq), NOW).await.unwrap();
    }
    for amount in [5, 9, 7] {
        journal.ack(ack(1, 1, amount)).await.unwrap();
    }
    journal.receipt(receipt(1, 2, 1), NOW).await.unwrap();
    journal.receipt(receipt(2, 1, 1), NOW).await.unwrap();
    let records = journal.session(&[1; 16]).unwrap();
    assert_eq!(seqs(&records), [3, 1]);
    assert_eq!(records[0].ack.as_ref().unwrap().body.amount, 9);
    assert!(records[1].ack.is_none());
}

#[tokio::test]
async fn settled_records_leave_the_queue_until_something_new_comes() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.receipt(receipt(1, 1, 1), NOW).await.unwrap();
    let old = journal.unsettled(10).unwrap().remove(0);
    journal.receipt(receipt(1, 1, 2), NOW).await.unwrap();
    // Something newer came while the old one was on its way.
    journal.settled(&old).await.unwrap();
    let new = journal.unsettled(10).unwrap().remove(0);
    assert_eq!(new.receipt.body.seq, 2);
    journal.settled(&new).await.unwrap();
    assert!(journal.unsettled(10).unwrap().is_empty());
    journal.ack(ack(1, 1, 4)).await.unwrap();
    assert_eq!(journal.unsettled(10).unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_is_settled_and_over_is_forgotten() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for session in 1..=3 {
        journal
            .receipt(receipt(session, 1, 1), NOW + u64::from(session))
            .await
            .unwrap();
    }
    let records = journal.unsettled(10).unwrap();
    journal.settled(&records[0]).await.unwrap();
    journal.settled(&records[2]).await.unwrap();
    journal.prune(NOW + 3).await.unwrap();
    let left = |session: u8| journal.session(&[session; 16]).unwrap().len();
    assert_eq!([left(1), left(2), left(3)], [0, 1, 1]);
}

#[tokio::test]
async fn a_journal_is_open_once() {
    let dir = TempDir::new().unwrap();
    let _first = open(&dir);
    let second = Journal::open(&dir.path().join("journal.redb"));
    assert!(second.err().unwrap().to_string().starts_with("journal:"));
}

#[tokio::test]
async fn receipts_of_earlier_boots_are_settled_too() {
    let setup = Setup::default();
    let dir = setup.dir.clone();
    let first = setup.start().await;
    first
        .post(&chat("hi"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let second = Setup {
        dir: copy_journal(&dir),
        ..Setup::default()
    }
    .start()
    .await;
    second
        .post(&chat("hi"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let settled = settle_all(&second.agent).await.unwrap();
    assert_eq!((settled.pending, settled.refused), (2, 0));
    let batches = second.chain.batches.lock().unwrap().clone();
    let kids: Vec<_> = batches
        .concat()
        .iter()
        .map(|entry| body(entry).kid)
        .collect();
    assert!(kids.contains(&first.kid) && kids.contains(&second.kid));
    drop(batches);
    settle_all(&second.agent).await.unwrap();
    assert_eq!(
        second.chain.batches.lock().unwrap().len(),
        1,
        "nothing new, nothing sent"
    );
}

fn body(entry: &SettleEntry) -> Receipt {
    Signed::<Receipt>::decode(&entry.receipt).unwrap().body
}

#[tokio::test]
async fn batches_have_at_most_sixteen_entries() {
    let worker = Setup::default().start().await;
    for session in 0..37 {
        worker
            .journal
            .receipt(receipt(session, 1, 1), NOW)
            .await
            .unwrap();
    }
    assert_eq!(settle_all(&worker.agent).await.unwrap().pending, 37);
    let sizes: Vec<_> = worker
        .chain
        .batches
        .lock()
        .unwrap()
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(sizes, [16, 16, 5]);
}

#[tokio::test]
async fn refused_entries_are_not_sent_again() {
    let worker = Setup::default().start().await;
    worker.journal.receipt(receipt(1, 1, 1), NOW).await.unwrap();
    *worker.chain.status.lock().unwrap() = EntryStatus::LeaseOver;
    let settled = settle_all(&worker.agent).await.unwrap();
    assert_eq!((settled.pending, settled.refused), (0, 1));
    assert_eq!(settle_all(&worker.agent).await.unwrap(), Default::default());
}

#[tokio::test]
async fn a_failed_batch_is_sent_again() {
    let worker = Setup::default().start().await;
    worker.journal.receipt(receipt(1, 1, 1), NOW).await.unwrap();
    worker.chain.is_down.store(true, Ordering::SeqCst);
    assert!(settle_all(&worker.agent).await.is_err());
    worker.chain.is_down.store(false, Ordering::SeqCst);
    assert_eq!(settle_all(&worker.agent).await.unwrap().pending, 1);
}

#[tokio::test]
async fn ended_epochs_are_cranked_while_something_waits() {
    let worker = Setup::default().start().await;
    round(&worker.agent, true).await.unwrap();
    assert!(
        worker.chain.cranked.lock().unwrap().is_empty(),
        "nothing is pending"
    );
    worker.chain.clock.lock().unwrap().pending = 40;
    *worker.chain.finalized.lock().unwrap() = vec![3, 16, 16];
    round(&worker.agent, false).await.unwrap();
    assert!(
        worker.chain.cranked.lock().unwrap().is_empty(),
        "not this worker's job"
    );
    round(&worker.agent, true).await.unwrap();
    assert_eq!(*worker.chain.cranked.lock().unwrap(), [(4, 16); 3]);
    worker.chain.clock.lock().unwrap().finalized_before = 5;
    round(&worker.agent, true).await.unwrap();
    assert_eq!(
        worker.chain.cranked.lock().unwrap().len(),
        3,
        "all ended epochs are done"
    );
}

#[tokio::test]
async fn contract_time_decides_about_expiry() {
    let worker = Setup::default().start().await;
    worker.chain.clock.lock().unwrap().now = NOW + 1_001;
    round(&worker.agent, false).await.unwrap();
    worker
        .refuses(worker.post(&chat("hi")), 402, "session_expired")
        .await;
}
