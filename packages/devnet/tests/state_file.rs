//! `secret-devnet --state FILE`: what was acknowledged is there after kill -9, whole, and a file that
//! cannot be trusted is refused.

mod common;

use common::{program, puppet};
use secret_ai_chain_client::{
    proto::{Any, Coin, MsgExecuteContract},
    tx::{hash, sign, SignContext},
    ChainClient, ContractRef, InstantiateMsg, Wallet,
};
use secret_devnet::server::TEST_ACCOUNTS;
use serde_json::{json, Value};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
};

const CHAIN: &str = "secretdev-1";
const GAS: u64 = 200_000;

/// A running `secret-devnet`; killed like by `kill -9` when dropped.
struct Node {
    child: Child,
    stdin: Option<ChildStdin>,
    client: ChainClient,
}

impl Node {
    fn start(state: &Path, more: &[&str]) -> Self {
        let mut child = command(state, more).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines
            .map(Result::unwrap)
            .find(|line| line.starts_with("ready:"));
        let ready = ready.expect("it ended before it was ready");
        let lcd = ready.split(' ').skip_while(|word| *word != "lcd").nth(1);
        let client = ChainClient::new(lcd.unwrap(), CHAIN).unwrap();
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            client,
        }
    }

    async fn get(&self, path: &str) -> Value {
        // Whatever the LCD says of past and present.
        let url = format!("{}{path}", self.client.lcd().url());
        let answer = reqwest::get(url).await.unwrap();
        answer.json().await.unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn command(state: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secret-devnet"));
    command.args(["--lcd-port", "0", "--faucet-port", "0", "--state"]);
    command.arg(state).args(more);
    command.args(["--genesis-time", "1800000000"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The error of a devnet that does not start.
fn refusal(state: &Path, more: &[&str]) -> String {
    let Output { status, stderr, .. } = command(state, more)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("state.redb")
}

fn wallet() -> Wallet {
    Wallet::from_mnemonic(TEST_ACCOUNTS[0].1).unwrap()
}

async fn deploy(client: &ChainClient, wallet: &Wallet) -> ContractRef {
    let code_id = client
        .store_code(wallet, &puppet(), 5_000_000)
        .await
        .unwrap();
    let quiet = json!({"Ok": {"messages": [], "attributes": [], "events": [], "data": null}});
    let message = InstantiateMsg::new(code_id, "puppet", &quiet).unwrap();
    client.instantiate(wallet, message, GAS).await.unwrap()
}

/// A transaction that writes `number` into two slots of the contract and pays it as many uscrt, in
/// plaintext so that anybody can follow.
fn numbered(wallet: &Wallet, contract: &ContractRef, number: u64, sequence: u64) -> Vec<u8> {
    let text = number.to_string();
    let both = program()
        .write(b"one", text.as_bytes())
        .write(b"two", text.as_bytes());
    let message = MsgExecuteContract {
        sender: wallet.address_bytes().to_vec(),
        contract: secret_ai_chain_client::address::decode(&contract.address)
            .unwrap()
            .to_vec(),
        msg: [contract.code_hash.as_bytes(), &both.done()].concat(),
        sent_funds: vec![Coin::uscrt(u128::from(number))],
        ..Default::default()
    };
    let context = SignContext {
        chain_id: CHAIN.into(),
        account_number: 0,
        sequence,
        gas_limit: GAS,
        fee: vec![Coin::uscrt(20_000)],
        memo: String::new(),
    };
    sign(wallet, vec![Any::pack(&message)], &context)
}

/// Everything that the LCD tells of a chain, to compare before and after.
async fn told(node: &Node, contract: &ContractRef, hashes: &[String]) -> Vec<Value> {
    let a = wallet();
    let mut paths = vec![
        format!("/cosmos/auth/v1beta1/accounts/{}", a.address()),
        format!("/cosmos/bank/v1beta1/balances/{}", a.address()),
        format!("/cosmos/bank/v1beta1/balances/{}", contract.address),
        format!("/compute/v1beta1/info/{}", contract.address),
        "/compute/v1beta1/contract_address/puppet".into(),
        "/compute/v1beta1/codes".into(),
        "/compute/v1beta1/code/1".into(),
        "/registration/v1beta1/tx-key".into(),
        "/cosmos/base/tendermint/v1beta1/blocks/latest".into(),
    ];
    for height in 1..=hashes.len() + 3 {
        paths.push(format!("/cosmos/base/tendermint/v1beta1/blocks/{height}"));
        paths.push(format!("/compute/v1beta1/block_traces/{height}"));
    }
    for hash in hashes {
        paths.push(format!("/cosmos/tx/v1beta1/txs/{hash}"));
        paths.push(format!("/devnet/observer/{hash}"));
        paths.push(format!("/devnet/gas/{hash}"));
    }
    let mut answers = Vec::new();
    for path in paths {
        answers.push(node.get(&path).await);
    }
    answers
}

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
