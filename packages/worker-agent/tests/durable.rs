//! What survives a crash.

mod common;

use std::sync::Arc;

use common::{ack, copy_journal, receipt, NOW};
use futures_util::future::join_all;
use secret_ai_worker_agent::journal::{Journal, Record};
use tempfile::TempDir;

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
        let writes = (0..40u8).map(|session| journal.receipt(receipt(session, 1, round), NOW, NOW));
        join_all(writes)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        // The file as it is at this moment, while the journal stays open.
        let after_crash = open(&copy_journal(&dir));
        assert_eq!(seqs(&after_crash.unsettled().unwrap()), vec![round; 40]);
    }
    assert!(journal.is_healthy());
}

#[tokio::test]
async fn the_newest_receipt_and_the_largest_ack_win() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for seq in [1, 3, 2] {
        journal.receipt(receipt(1, 1, seq), NOW, NOW).await.unwrap();
    }
    for amount in [5, 9, 7] {
        journal.ack(ack(1, 1, amount), NOW).await.unwrap();
    }
    journal.receipt(receipt(1, 2, 1), NOW, NOW).await.unwrap();
    journal.receipt(receipt(2, 1, 1), NOW, NOW).await.unwrap();
    let records = journal.session(&[1; 16]).unwrap();
    assert_eq!(seqs(&records), [3, 1]);
    assert_eq!(records[0].ack.as_ref().unwrap().body.amount, 9);
    assert!(records[1].ack.is_none());
}

#[tokio::test]
async fn settled_records_leave_the_queue_until_something_new_comes() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.receipt(receipt(1, 1, 1), NOW, NOW).await.unwrap();
    let old = journal.unsettled().unwrap().remove(0);
    journal.receipt(receipt(1, 1, 2), NOW, NOW).await.unwrap();
    // Something newer came while the old one was on its way.
    journal.settled(&old, NOW).await.unwrap();
    let new = journal.unsettled().unwrap().remove(0);
    assert_eq!(new.receipt.body.seq, 2);
    journal.settled(&new, NOW).await.unwrap();
    assert!(journal.unsettled().unwrap().is_empty());
    journal.ack(ack(1, 1, 4), NOW).await.unwrap();
    assert_eq!(journal.unsettled().unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_is_settled_and_over_is_forgotten() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for session in 1..=3 {
        journal
            .receipt(receipt(session, 1, 1), NOW + u64::from(session), NOW)
            .await
            .unwrap();
    }
    let records = journal.unsettled().unwrap();
    journal.settled(&records[0], NOW).await.unwrap();
    journal.settled(&records[2], NOW).await.unwrap();
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
async fn waiting_counts_from_the_first_thing_that_is_not_settled() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal
        .receipt(receipt(1, 1, 1), NOW + 9, NOW)
        .await
        .unwrap();
    journal
        .receipt(receipt(1, 1, 2), NOW + 9, NOW + 1)
        .await
        .unwrap();
    let first = journal.unsettled().unwrap().remove(0);
    assert_eq!((first.since, first.deadline), (NOW, NOW + 9));
    journal
        .receipt(receipt(1, 1, 3), NOW + 9, NOW + 2)
        .await
        .unwrap();
    journal.settled(&first, NOW + 3).await.unwrap();
    // The third one came while the second was on its way.
    let third = journal.unsettled().unwrap().remove(0);
    assert_eq!((third.receipt.body.seq, third.since), (3, NOW + 3));
    journal.settled(&third, NOW + 4).await.unwrap();
    journal.ack(ack(1, 1, 4), NOW + 5).await.unwrap();
    assert_eq!(journal.unsettled().unwrap()[0].since, NOW + 5);
}

#[tokio::test]
async fn a_dropped_ack_is_gone_unless_a_larger_one_came() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.receipt(receipt(1, 1, 1), NOW, NOW).await.unwrap();
    journal.ack(ack(1, 1, 4), NOW).await.unwrap();
    let sent = journal.unsettled().unwrap().remove(0);
    journal.ack(ack(1, 1, 5), NOW).await.unwrap();
    journal.drop_ack(&sent).await.unwrap();
    let sent = journal.unsettled().unwrap().remove(0);
    assert_eq!(sent.ack.as_ref().unwrap().body.amount, 5);
    journal.drop_ack(&sent).await.unwrap();
    assert_eq!(journal.unsettled().unwrap()[0].ack, None);
}
