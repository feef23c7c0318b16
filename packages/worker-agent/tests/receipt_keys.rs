//! A session pays a few receipt keys only; a worker that has restarted too often must not serve it
//! for nothing.

mod common;

use common::{chat, chat_lines, receipt, session, Setup, Worker, NOW};
use secret_ai_interface::{Hex, Kid};

/// Keys of earlier boots: ids of 1, 2, … throughout.
fn earlier(n: u8) -> Vec<Kid> {
    (1..=n).map(|kid| Hex([kid; 20])).collect()
}

async fn worker_after(paid: Vec<Kid>) -> Worker {
    let mut answer = session(1, 10_000, 10_000, chat_lines());
    answer.keys = paid;
    let setup = Setup {
        sessions: vec![answer],
        ..Setup::default()
    };
    setup.start().await
}

async fn serves(worker: &Worker) {
    let answer = worker.post(&chat("hi")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

async fn refuses(worker: &Worker) {
    let request = worker.post(&chat("hi"));
    let error = worker.refuses(request, 402, "session_keys_exhausted").await;
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("open a new session"), "{message}");
}

#[tokio::test]
async fn a_fifth_key_is_refused_before_any_work() {
    serves(&worker_after(earlier(3)).await).await;
    let worker = worker_after(earlier(4)).await;
    refuses(&worker).await;
    assert_eq!(worker.engine.started(), 0);
}

#[tokio::test]
async fn what_earlier_boots_left_to_settle_counts() {
    let worker = worker_after(earlier(3)).await;
    // Key 3 is among those that were paid, key 9 is not.
    worker
        .journal
        .put_receipt(receipt(1, 3, 1), NOW, NOW)
        .unwrap();
    serves(&worker).await;
    let worker = worker_after(earlier(3)).await;
    worker
        .journal
        .put_receipt(receipt(1, 9, 1), NOW, NOW)
        .unwrap();
    refuses(&worker).await;
}

#[tokio::test]
async fn the_keys_are_looked_at_again_with_the_session() {
    let worker = worker_after(vec![]).await;
    serves(&worker).await;
    let own = Hex(worker.kid);
    worker
        .chain
        .change(1, |s| s.keys = [earlier(3), vec![own]].concat());
    worker.clock.advance(31);
    serves(&worker).await;
    worker.chain.change(1, |s| s.keys = earlier(4));
    worker.clock.advance(31);
    refuses(&worker).await;
}
