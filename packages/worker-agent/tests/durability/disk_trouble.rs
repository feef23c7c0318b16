//! A disk that is full, a file that is damaged, a folder that is none: clear errors, nothing lost in
//! silence, and no more requests.

use std::fs;

use crate::common::{ack, chat, plan, receipt, receipt_of, Setup, NOW};
use crate::disk::Disk;
use secret_ai_interface::billing::EntryStatus;
use secret_ai_receipts::{Receipt, Signed};
use secret_ai_worker_agent::journal::{Journal, JournalConfig, JournalError};
use secret_ai_worker_agent::settle::round;
use tempfile::TempDir;

fn open(disk: &Disk) -> Result<Journal, redb::Error> {
    Journal::on_storage(|| Ok(disk.clone()), &JournalConfig::default())
}

#[tokio::test]
async fn a_full_disk_stops_the_journal_and_loses_nothing() {
    let disk = Disk::with(Vec::new());
    let journal = open(&disk).unwrap();
    journal.put_receipt(receipt(1, 1, 1), NOW, NOW).unwrap();
    journal.flush().await.unwrap();

    disk.leave(10_000);
    let mut session = 2;
    while journal.is_healthy() {
        // Refused or not: it is kept.
        let _ = journal.put_receipt(receipt(session, 1, 1), NOW, NOW);
        let _ = journal.flush().await;
        session += 1;
    }
    let refused = journal.put_receipt(receipt(session, 1, 1), NOW, NOW);
    assert!(matches!(refused, Err(JournalError::Closed)));
    assert!(matches!(journal.check_room(), Err(JournalError::Closed)));
    assert!(journal.flush().await.is_err());
    // Those that could not be written can still be handed in.
    let waiting = journal.unsettled().unwrap();
    let in_memory = waiting.iter().map(|r| r.receipt.body.session_id[0]);
    let in_memory: Vec<u8> = in_memory.collect();
    assert!(in_memory.contains(&session) && in_memory.contains(&(session - 1)));
    drop(journal);

    let again = open(&Disk::with(disk.content())).unwrap();
    let stored = again.unsettled().unwrap().len();
    assert!(stored >= usize::from(session) - 3, "{stored} of {session}");
}

#[tokio::test]
async fn a_disk_without_room_for_a_journal_is_told() {
    let disk = Disk::with(Vec::new());
    disk.leave(5_000);
    let error = open(&disk).err().unwrap().to_string();
    assert!(error.contains("no space left"), "{error}");
    // With room, the same disk will do.
    disk.leave(u64::MAX);
    open(&disk).unwrap();
}

/// Opens the journal at a path that cannot be one.
fn refused(dir: &TempDir) -> JournalError {
    let path = dir.path().join("journal.redb");
    let error = Journal::open(&path).err().unwrap();
    assert!(error.to_string().contains("journal.redb"), "{error}");
    error
}

#[tokio::test]
async fn a_path_that_cannot_be_written_is_named() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("journal.redb")).unwrap();
    let error = refused(&dir);
    assert!(matches!(error, JournalError::File { .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.redb");
    for content in [vec![7; 20], vec![7; 100_000], vec![0; 20]] {
        fs::write(&path, &content).unwrap();
        let error = refused(&dir);
        assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("docs/durability.md"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content, "nothing was changed");
    }
}

/// A journal of 50 receipts, closed.
async fn filled() -> Vec<u8> {
    let disk = Disk::with(Vec::new());
    let journal = open(&disk).unwrap();
    for session in 0..50 {
        let receipt = receipt(session, 1, 1);
        journal.put_receipt(receipt, NOW, NOW).unwrap();
    }
    journal.flush().await.unwrap();
    drop(journal);
    disk.content()
}

#[tokio::test]
async fn no_flipped_bit_goes_unnoticed() {
    let whole = filled().await;
    // A byte of every receipt: the sessions' ids are easy to find.
    for session in 0..50u8 {
        let mut damaged = whole.clone();
        let places: Vec<usize> = damaged
            .windows(16)
            .enumerate()
            .filter(|(_, bytes)| *bytes == [session; 16])
            .map(|(place, _)| place)
            .collect();
        assert!(session == 0 || !places.is_empty());
        for place in &places {
            damaged[*place] ^= 1;
        }
        match open(&Disk::with(damaged)) {
            Err(_) => {}
            // What was flipped belonged to no page in use: then all is there.
            Ok(journal) => {
                let records = journal.unsettled().unwrap();
                assert_eq!(records.len(), 50, "session {session}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused() {
    let whole = filled().await;
    for length in [1, 100, 4_096, whole.len() / 2, whole.len() - 1] {
        let cut = Disk::with(whole[..length].to_vec());
        match open(&cut) {
            Err(_) => {}
            Ok(journal) => assert_eq!(journal.unsettled().unwrap().len(), 50, "{length}"),
        }
    }
}

#[tokio::test]
async fn an_agent_whose_disk_is_full_serves_no_more() {
    let disk = Disk::with(Vec::new());
    let journal = open(&disk).unwrap();
    let setup = Setup {
        journal: Some(journal),
        ..Setup::default()
    };
    let worker = setup.start().await;
    let served = worker.post(&chat("hi")).send().await.unwrap();
    assert_eq!(served.status(), 200);
    worker.journal.flush().await.unwrap();
    disk.leave(0);
    let receipt = receipt_of(worker.kid, 9, 1);
    worker.journal.put_receipt(receipt, NOW, NOW).unwrap();
    assert!(worker.journal.flush().await.is_err());
    let started = worker.engine.started();
    worker.refuses(worker.post(&chat("hi")), 503, "busy").await;
    assert_eq!(worker.engine.started(), started, "no work was done");
    let health = worker.http.get(format!("{}/health", worker.url));
    assert_eq!(health.send().await.unwrap().status(), 503);
}

#[tokio::test]
async fn a_refused_ack_holds_up_no_receipt_although_the_journal_keeps_it() {
    let disk = Disk::with(Vec::new());
    let setup = Setup {
        journal: Some(open(&disk).unwrap()),
        ..Setup::default()
    };
    let worker = setup.start().await;
    let later = NOW + 100_000;
    for session in [1, 2] {
        let receipt = receipt(session, 1, 1);
        worker.journal.put_receipt(receipt, later, NOW).unwrap();
    }
    worker.journal.ack(ack(1, 1, 5), NOW).await.unwrap();
    disk.leave(0);
    assert!(worker.journal.prune(NOW).await.is_err());
    assert!(!worker.journal.is_healthy());

    *worker.chain.status.lock().unwrap() = EntryStatus::BadAck;
    for _ in 0..4 {
        round(&worker.agent, &plan()).await.unwrap();
    }
    let pages = worker.chain.pages.lock().unwrap();
    let entries = pages.iter().flat_map(|(_, entries)| entries);
    let sent = entries.map(|entry| {
        let receipt = Signed::<Receipt>::decode(&entry.receipt).unwrap();
        (receipt.body.session_id[0], entry.ack.is_some())
    });
    let mut sent: Vec<_> = sent.collect();
    sent.sort_unstable();
    assert_eq!(sent, [(1, false), (1, true), (2, false)]);
}
