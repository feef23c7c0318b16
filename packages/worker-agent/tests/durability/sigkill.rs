//! A process that stores receipts is killed (SIGKILL), again and again: what it was told is on disk is
//! on disk, in a file that opens.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::common::{receipt, NOW};
use secret_ai_worker_agent::journal::Journal;
use tempfile::TempDir;

/// Names the journal to the process that is killed.
const PATH: &str = "JOURNAL_TO_BE_KILLED";

#[tokio::test]
#[ignore = "the process that the other test starts and kills"]
async fn victim() {
    let path = std::env::var(PATH).expect("started by the other test");
    let journal = Journal::open(path.as_ref()).unwrap();
    let known = journal.session(&[1; 16]).unwrap();
    let mut seq = known.first().map_or(0, |record| record.receipt.body.seq);
    loop {
        for session in [2, 3, 1] {
            let receipt = receipt(session, 1, seq + 1);
            journal.put_receipt(receipt, NOW, NOW).unwrap();
        }
        seq += 1;
        if seq.is_multiple_of(3) {
            journal.flush().await.unwrap();
            println!("stored {seq}");
        }
    }
}

#[tokio::test]
async fn what_is_stored_survives_sigkill() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.redb");
    for lines in [1, 2, 3, 5, 8, 13, 21, 34] {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["sigkill::victim", "--exact", "--ignored", "--nocapture"])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(victim.stdout.take().unwrap()).lines();
        let stored = output.filter_map(|line| {
            let line = line.unwrap();
            // The test harness may begin the line.
            let (_, seq) = line.split_once("stored ")?;
            seq.parse::<u64>().ok()
        });
        let told = stored.take(lines).last().unwrap();
        victim.kill().unwrap();
        victim.wait().unwrap();
        let journal = Journal::open(&path).unwrap();
        for record in journal.unsettled().unwrap() {
            let seq = record.receipt.body.seq;
            assert!(seq >= told, "{seq}, but {told} was told");
        }
        assert_eq!(journal.unsettled().unwrap().len(), 3);
    }
}
