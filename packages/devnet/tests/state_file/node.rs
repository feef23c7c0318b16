//! The real binary on a state file, and what is sent to it.

use crate::common::{program, puppet};
use secret_ai_chain_client::{
    proto::{Any, Coin, MsgExecuteContract},
    tx::{sign, SignContext},
    ChainClient, ContractRef, InstantiateMsg, Wallet,
};
use secret_devnet::server::TEST_ACCOUNTS;
use serde_json::{json, Value};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
};

pub const CHAIN: &str = "secretdev-1";
pub const GAS: u64 = 200_000;

/// A running `secret-devnet`; killed like by `kill -9` when dropped.
pub struct Node {
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    pub client: ChainClient,
}

impl Node {
    pub fn start(state: &Path, more: &[&str]) -> Self {
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

    pub async fn get(&self, path: &str) -> Value {
        // Whatever the LCD says of past and present.
        let url = format!("{}{path}", self.client.lcd().url());
        // reqwest comes without cryptography of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
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

pub fn command(state: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secret-devnet"));
    for port in ["--lcd-port", "--faucet-port", "--rpc-port", "--grpc-port"] {
        command.args([port, "0"]);
    }
    command.arg("--state").arg(state).args(more);
    command.args(["--genesis-time", "1800000000"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The error of a devnet that does not start.
pub fn refusal(state: &Path, more: &[&str]) -> String {
    let Output { status, stderr, .. } = command(state, more)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

pub fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("state.redb")
}

pub fn wallet() -> Wallet {
    Wallet::from_mnemonic(TEST_ACCOUNTS[0].1).unwrap()
}

pub async fn deploy(client: &ChainClient, wallet: &Wallet) -> ContractRef {
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
pub fn numbered(wallet: &Wallet, contract: &ContractRef, number: u64, sequence: u64) -> Vec<u8> {
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
pub async fn told(node: &Node, contract: &ContractRef, hashes: &[String]) -> Vec<Value> {
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
