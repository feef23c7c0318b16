//! Files that are no state of this chain, and damaged ones.

use crate::node::{command, deploy, file, refusal, told, wallet, Node};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

#[tokio::test]
async fn files_that_cannot_be_used_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = file(&folder);
    let node = Node::start(&state, &[]);
    let says = |words: &str, error: String| assert!(error.contains(words), "{error}");
    says("is in use by another process", refusal(&state, &[]));
    drop(node);
    let other = refusal(&state, &["--chain-id", "secretdev-2"]);
    says("holds chain secretdev-1, not secretdev-2", other);

    let foreign = folder.path().join("foreign");
    std::fs::write(
        &foreign,
        "not a database, but long enough to be mistaken for one".repeat(99),
    )
    .unwrap();
    says(
        "is not a state file of secret-devnet",
        refusal(&foreign, &[]),
    );
    let unchanged = std::fs::read(&foreign).unwrap();
    assert!(unchanged.starts_with(b"not a database"));

    let tables = folder.path().join("tables");
    let others = redb::TableDefinition::<u64, u64>::new("others");
    with_table(&tables, others, |table| drop(table.insert(1, 1).unwrap()));
    says(
        "is not a state file of secret-devnet",
        refusal(&tables, &[]),
    );

    let newer = folder.path().join("newer");
    std::fs::copy(&state, &newer).unwrap();
    let chain = redb::TableDefinition::<&[u8], &[u8]>::new("chain");
    with_table(&newer, chain, |table| {
        table
            .insert(&b"format"[..], &2u64.to_be_bytes()[..])
            .unwrap();
    });
    says(
        "has format 2; this secret-devnet reads format 1",
        refusal(&newer, &[]),
    );
}

fn with_table<K: redb::Key + 'static, V: redb::Value + 'static>(
    path: &Path,
    table: redb::TableDefinition<K, V>,
    edit: impl FnOnce(&mut redb::Table<K, V>),
) {
    let db = redb::Database::create(path).unwrap();
    let write = db.begin_write().unwrap();
    edit(&mut write.open_table(table).unwrap());
    write.commit().unwrap();
}

/// Bytes changed anywhere in the file: it is refused, or what it holds is what it held.
#[tokio::test]
async fn a_damaged_file_is_not_half_believed() {
    let folder = tempfile::tempdir().unwrap();
    let state = file(&folder);
    let node = Node::start(&state, &[]);
    let contract = deploy(&node.client, &wallet()).await;
    let before = told(&node, &contract, &[]).await;
    drop(node);
    let good = std::fs::read(&state).unwrap();
    let copy = folder.path().join("copy");
    let mut refused = 0;
    for eighth in 0..8 {
        let mut bytes = good.clone();
        let at = bytes.len() / 8 * eighth + 40;
        for byte in &mut bytes[at..at + 64] {
            *byte ^= 0xff;
        }
        std::fs::write(&copy, bytes).unwrap();
        let mut child = command(&copy, &[]).stderr(Stdio::null()).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next();
        match first {
            None => {
                assert_eq!(child.wait().unwrap().code(), Some(1), "eighth {eighth}");
                refused += 1;
            }
            Some(_) => {
                child.kill().unwrap();
                child.wait().unwrap();
                let node = Node::start(&copy, &[]);
                assert_eq!(told(&node, &contract, &[]).await, before, "eighth {eighth}");
            }
        }
    }
    assert!(refused > 0);
    for length in [good.len() / 2, 100, 1] {
        std::fs::write(&copy, &good[..length]).unwrap();
        let error = refusal(&copy, &[]);
        assert!(error.contains("state file"), "{error}");
        assert!(!error.contains("panicked"), "{error}");
    }
}
