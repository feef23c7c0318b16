//! What a restart brings back, after whatever end.

use crate::node::{deploy, file, numbered, told, wallet, Node, GAS};
use secret_ai_chain_client::{tx::hash, InstantiateMsg};
use serde_json::json;
use std::{collections::BTreeSet, process::Command};

#[tokio::test]
async fn a_restart_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let a = wallet();
    let node = Node::start(&file(&folder), &[]);
    let contract = deploy(&node.client, &a).await;
    let mut hashes = Vec::new();
    for number in 1..=3 {
        let bytes = numbered(&a, &contract, number, number + 1);
        assert_eq!(node.client.lcd().broadcast(&bytes).await.unwrap().code, 0);
        hashes.push(hash(&bytes));
    }
    let before = told(&node, &contract, &hashes).await;
    drop(node);
    let node = Node::start(&file(&folder), &[]);
    assert_eq!(told(&node, &contract, &hashes).await, before);
    // It goes on: a slot written before is read and written again, a second contract gets its own
    // address, and the same transaction is known.
    let bytes = numbered(&a, &contract, 3, 4);
    assert_eq!(node.client.lcd().broadcast(&bytes).await.unwrap().code, 19);
    let bytes = numbered(&a, &contract, 4, 5);
    assert_eq!(node.client.lcd().broadcast(&bytes).await.unwrap().code, 0);
    assert_eq!(slots(&node, 7).await, slots(&node, 6).await);
    let quiet = json!({"Ok": {"messages": [], "attributes": [], "events": [], "data": null}});
    let message = InstantiateMsg::new(1, "second", &quiet).unwrap();
    let second = node.client.instantiate(&a, message, GAS).await.unwrap();
    assert_ne!(second.address, contract.address);
}

/// Names of the slots that a block has written; contracts write in random order.
async fn slots(node: &Node, height: u64) -> BTreeSet<String> {
    let traces = node
        .get(&format!("/compute/v1beta1/block_traces/{height}"))
        .await;
    let ops = traces["traces"][0]["ops"].as_array().unwrap().iter();
    ops.map(|op| op["key"].to_string()).collect()
}

/// Transactions are broadcast until the process is killed in the middle of them: all that were
/// acknowledged are there, at most one more is, and slots, coins and sequence tell of the same number.
#[tokio::test]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let a = wallet();
    let mut node = Node::start(&file(&folder), &[]);
    let contract = deploy(&node.client, &a).await;
    let (mut acknowledged, mut sum) = (0, 0);
    for round in 1..=5u64 {
        let kill_after = acknowledged + 3 * round;
        let pid = node.child.id().to_string();
        loop {
            let number = acknowledged + 1;
            if acknowledged == kill_after {
                // The next one races with the signal.
                let kill = Command::new("kill").args(["-9", &pid]).spawn().unwrap();
                let bytes = numbered(&a, &contract, number, number + 1);
                let answer = node.client.lcd().broadcast(&bytes).await;
                acknowledged += u64::from(answer.is_ok_and(|answer| answer.code == 0));
                kill.wait_with_output().unwrap();
                break;
            }
            let bytes = numbered(&a, &contract, number, number + 1);
            let answer = node.client.lcd().broadcast(&bytes).await.unwrap();
            assert_eq!(answer.code, 0, "{}", answer.raw_log);
            acknowledged = number;
        }
        drop(node);
        node = Node::start(&file(&folder), &[]);
        let account = node.client.lcd().account(a.address()).await.unwrap();
        let done = account.sequence - 2;
        assert!(
            (acknowledged..=acknowledged + 1).contains(&done),
            "{done} of {acknowledged}"
        );
        acknowledged = done;
        sum = (1..=done).map(u128::from).sum();
        let held = node
            .client
            .lcd()
            .balance(&contract.address, "uscrt")
            .await
            .unwrap();
        assert_eq!(held, sum, "coins of {done} transactions");
        let block = node.client.latest_block().await.unwrap();
        assert_eq!(
            (block.height, block.time),
            (done + 3, 1_800_000_000 + 6 * (done + 1))
        );
        for number in 1..=done {
            let bytes = numbered(&a, &contract, number, number + 1);
            let tx = node.client.lcd().tx(&hash(&bytes)).await.unwrap();
            assert_eq!(
                tx.map(|tx| (tx.code, tx.height)),
                Some((0, number + 3)),
                "{number}"
            );
        }
    }
    assert!(sum > 0);
}

#[tokio::test]
async fn ticking_time_goes_on_and_never_back() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&file(&folder), &["--block-ms", "50"]);
    let begin = node.client.latest_block().await.unwrap();
    node.client.wait_until(begin.time + 1).await.unwrap();
    let before = node.client.latest_block().await.unwrap();
    drop(node);
    let node = Node::start(&file(&folder), &["--block-ms", "50"]);
    let after = node.client.latest_block().await.unwrap();
    assert!(after.height > before.height && after.time >= before.time);
    node.client.wait_until(after.time + 1).await.unwrap();
}

#[tokio::test]
async fn a_signal_or_the_end_of_stdin_ends_it_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut node = Node::start(&file(&folder), &[]);
        let pid = node.child.id().to_string();
        let kill = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(
            kill.success() && node.child.wait().unwrap().success(),
            "{signal}"
        );
    }
    let mut node = Node::start(&file(&folder), &["--until-stdin-closes"]);
    assert!(node.child.try_wait().unwrap().is_none());
    drop(node.stdin.take());
    assert!(node.child.wait().unwrap().success());
}
