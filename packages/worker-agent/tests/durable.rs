//! What survives a crash.

mod common;

use std::time::Duration;

use common::{ack, copy_journal, receipt, NOW};
use secret_ai_receipts::{Receipt, Signed};
use secret_ai_worker_agent::journal::{Journal, JournalConfig, JournalError, Record};
use tempfile::TempDir;

fn open(dir: &TempDir) -> Journal {
    Journal::open(&dir.path().join("journal.redb")).unwrap()
}

/// Hands a receipt over and waits until it is on disk.
async fn store(journal: &Journal, receipt: Signed<Receipt>, deadline: u64, now: u64) {
    journal.put_receipt(receipt, deadline, now).unwrap();
    journal.flush().await.unwrap();
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
    let journal = open(&dir);
    for round in 1..=5u64 {
        for session in 0..40 {
            journal
                .put_receipt(receipt(session, 1, round), NOW, NOW)
                .unwrap();
        }
        journal.flush().await.unwrap();
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
        store(&journal, receipt(1, 1, seq), NOW, NOW).await;
    }
    for amount in [5, 9, 7] {
        journal.ack(ack(1, 1, amount), NOW).await.unwrap();
    }
    store(&journal, receipt(1, 2, 1), NOW, NOW).await;
    store(&journal, receipt(2, 1, 1), NOW, NOW).await;
    let records = journal.session(&[1; 16]).unwrap();
    assert_eq!(seqs(&records), [3, 1]);
    assert_eq!(records[0].ack.as_ref().unwrap().body.amount, 9);
    assert!(records[1].ack.is_none());
}

#[tokio::test]
async fn settled_records_leave_the_queue_until_something_new_comes() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    store(&journal, receipt(1, 1, 1), NOW, NOW).await;
    let old = journal.unsettled().unwrap().remove(0);
    store(&journal, receipt(1, 1, 2), NOW, NOW).await;
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
        store(
            &journal,
            receipt(session, 1, 1),
            NOW + u64::from(session),
            NOW,
        )
        .await;
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
    let first = open(&dir);
    let path = dir.path().join("journal.redb");
    let second = Journal::open(&path).err().unwrap();
    assert!(matches!(second, JournalError::InUse { .. }), "{second}");
    assert!(second.to_string().contains("another agent"), "{second}");
    drop(first);
    Journal::open(&path).unwrap();
}

#[tokio::test]
async fn what_is_not_on_disk_yet_is_known_all_the_same() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.put_receipt(receipt(1, 1, 1), NOW, NOW).unwrap();
    assert_eq!(seqs(&journal.session(&[1; 16]).unwrap()), [1]);
    journal.flush().await.unwrap();
    journal.put_receipt(receipt(1, 1, 2), NOW, NOW).unwrap();
    journal.put_receipt(receipt(1, 2, 7), NOW, NOW).unwrap();
    assert_eq!(seqs(&journal.session(&[1; 16]).unwrap()), [2, 7]);
    assert!(journal.session(&[2; 16]).unwrap().is_empty());
}

#[tokio::test]
async fn receipts_get_to_the_disk_unasked() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.put_receipt(receipt(1, 1, 1), NOW, NOW).unwrap();
    while journal.stats().receipts == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(journal.stats().waiting, 0);
    let after_crash = open(&copy_journal(&dir));
    assert_eq!(seqs(&after_crash.unsettled().unwrap()), [1]);
}

#[tokio::test]
async fn a_group_writes_the_newest_receipt_of_a_key_only() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.redb");
    let config = JournalConfig { commit_ms: 20 };
    let journal = Journal::open_with(&path, &config).unwrap();
    for seq in 1..=1_000 {
        journal.put_receipt(receipt(1, 1, seq), NOW, NOW).unwrap();
    }
    journal.flush().await.unwrap();
    let stats = journal.stats();
    assert_eq!(seqs(&journal.unsettled().unwrap()), [1_000]);
    assert!(stats.receipts < 1_000, "{stats:?}");
}

#[tokio::test]
async fn what_is_under_way_is_written_when_the_journal_is_closed() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.put_receipt(receipt(1, 1, 1), NOW, NOW).unwrap();
    drop(journal);
    assert_eq!(seqs(&open(&dir).unsettled().unwrap()), [1]);
}

#[test]
fn the_pace_has_limits() {
    for (commit_ms, is_fine) in [(0, false), (1, true), (20, true), (21, false)] {
        assert_eq!(JournalConfig { commit_ms }.check().is_ok(), is_fine);
    }
}

#[tokio::test]
async fn waiting_counts_from_the_first_thing_that_is_not_settled() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    store(&journal, receipt(1, 1, 1), NOW + 9, NOW).await;
    store(&journal, receipt(1, 1, 2), NOW + 9, NOW + 1).await;
    let first = journal.unsettled().unwrap().remove(0);
    assert_eq!((first.since, first.deadline), (NOW, NOW + 9));
    store(&journal, receipt(1, 1, 3), NOW + 9, NOW + 2).await;
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
    store(&journal, receipt(1, 1, 1), NOW, NOW).await;
    journal.ack(ack(1, 1, 4), NOW).await.unwrap();
    let sent = journal.unsettled().unwrap().remove(0);
    journal.ack(ack(1, 1, 5), NOW).await.unwrap();
    journal.drop_ack(&sent).await.unwrap();
    let sent = journal.unsettled().unwrap().remove(0);
    assert_eq!(sent.ack.as_ref().unwrap().body.amount, 5);
    journal.drop_ack(&sent).await.unwrap();
    assert_eq!(journal.unsettled().unwrap()[0].ack, None);
}
