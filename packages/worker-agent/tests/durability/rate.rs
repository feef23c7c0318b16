//! How fast receipts are handed over and stored; prints figures.
//! `cargo test --workspace --test durability -- rate --ignored --nocapture`

use std::time::Instant;

use crate::common::{receipt, NOW};
use secret_ai_receipts::{Receipt, Signed};
use secret_ai_worker_agent::journal::Journal;
use tempfile::TempDir;

/// Receipts of as many sessions; nobody looks at their signatures.
fn receipts(sessions: u32, seq: u64) -> Vec<Signed<Receipt>> {
    let one = receipt(1, 1, seq);
    let of = |session: u32| {
        let mut receipt = one.clone();
        receipt.body.session_id[..4]
            .copy_from_slice(&session.wrapping_mul(0x9e37_79b9).to_be_bytes());
        receipt
    };
    (0..sessions).map(of).collect()
}

#[tokio::test]
#[ignore = "prints figures"]
async fn figures() {
    for sessions in [1, 100, 10_000, 100_000] {
        let dir = TempDir::new().unwrap();
        let journal = Journal::open(&dir.path().join("journal.redb")).unwrap();
        let mut hand_over = Vec::new();
        let (start, mut handed) = (Instant::now(), 0);
        for seq in 1..=(200_000 / sessions).clamp(2, 20_000) {
            for receipt in receipts(sessions, seq.into()) {
                while journal.check_room().is_err() {
                    journal.flush().await.unwrap();
                }
                let at = Instant::now();
                journal.put_receipt(receipt, NOW, NOW).unwrap();
                hand_over.push(at.elapsed().as_nanos());
                handed += 1;
            }
        }
        journal.flush().await.unwrap();
        let took = start.elapsed().as_secs_f64();
        hand_over.sort_unstable();
        let of = |part: usize| hand_over[hand_over.len() * part / 1_000] as f64 / 1_000.0;
        let stats = journal.stats();
        println!(
            "{sessions:>7} sessions: {:>9.0} receipts/s handed over and on disk, handing over p50 {:.1} us \
             p99 {:.1} us; {} commits of {:.1} ms, longest {:.1} ms",
            f64::from(handed) / took,
            of(500),
            of(990),
            stats.commits,
            stats.commit_us as f64 / stats.commits as f64 / 1_000.0,
            stats.longest_us as f64 / 1_000.0,
        );
    }
}
