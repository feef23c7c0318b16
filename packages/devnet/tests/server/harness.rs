//! A server on free ports, a client, and plain HTTP.

use secret_ai_chain_client::{
    proto::{Any, Coin, MsgSend},
    tx::{self, SignContext},
    ChainClient, Wallet,
};
use secret_devnet::server::{Server, ServerConfig, TEST_ACCOUNTS};
use serde_json::{json, Value};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub const CHAIN: &str = "secretdev-1";
pub const GENESIS: u64 = 1_800_000_000;
pub const START: u128 = 1_000_000_000_000_000_000;

pub struct Harness {
    pub server: Server,
    pub client: ChainClient,
    pub a: Wallet,
    pub b: Wallet,
}

pub async fn start() -> Harness {
    let server = Server::start(ServerConfig {
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        lcd_port: 0,
        faucet_port: 0,
        rpc_port: 0,
        grpc_port: 0,
        chain_id: CHAIN.into(),
        genesis_time: GENESIS,
        block_time: None,
        dcap_development_root: None,
        state: None,
    })
    .await
    .unwrap();
    let client = ChainClient::new(&server.lcd_url(), CHAIN).unwrap();
    let wallet = |index: usize| Wallet::from_mnemonic(TEST_ACCOUNTS[index].1).unwrap();
    Harness {
        server,
        client,
        a: wallet(0),
        b: wallet(1),
    }
}

impl Harness {
    pub async fn get(&self, path: &str) -> (u16, Value) {
        http(self.server.lcd, "GET", path, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        http(self.server.lcd, "POST", path, &body.to_string()).await
    }

    /// Whatever body, posted to the LCD.
    pub async fn post_text(&self, path: &str, body: &str) -> (u16, Value) {
        http(self.server.lcd, "POST", path, body).await
    }

    /// `GET` of the RPC.
    pub async fn rpc_get(&self, path: &str) -> (u16, Value) {
        http(self.server.rpc, "GET", path, "").await
    }

    /// Whatever body, posted to the RPC.
    pub async fn rpc_post(&self, body: &str) -> (u16, Value) {
        http(self.server.rpc, "POST", "/", body).await
    }

    /// A call of the RPC: its result, or its error.
    pub async fn rpc(&self, method: &str, params: Value) -> Result<Value, Value> {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, mut answer) = self.rpc_post(&call.to_string()).await;
        assert_eq!((status, &answer["id"]), (200, &json!(1)), "{method}");
        match answer["error"].take() {
            Value::Null => Ok(answer["result"].take()),
            error => Err(error),
        }
    }

    pub async fn faucet(&self, path: &str) -> (u16, Value) {
        http(self.server.faucet, "GET", path, "").await
    }

    pub async fn balance(&self, address: &str) -> u128 {
        self.client.lcd().balance(address, "uscrt").await.unwrap()
    }

    pub fn send_to_b(&self, amount: u128) -> Vec<Any> {
        vec![Any::pack(&MsgSend {
            from_address: self.a.address().into(),
            to_address: self.b.address().into(),
            amount: vec![Coin::uscrt(amount)],
        })]
    }

    /// What a correct first transaction of account a is signed with.
    pub fn context(&self) -> SignContext {
        SignContext {
            chain_id: CHAIN.into(),
            account_number: 0,
            sequence: 0,
            gas_limit: 50_000,
            fee: vec![Coin::uscrt(5_000)],
            memo: String::new(),
        }
    }

    /// Signs a transfer of 1 uscrt with this context and broadcasts it: code and log.
    pub async fn try_send(&self, context: &SignContext) -> (u32, String) {
        self.broadcast(&tx::sign(&self.a, self.send_to_b(1), context))
            .await
    }

    pub async fn broadcast(&self, bytes: &[u8]) -> (u32, String) {
        let answer = self.client.lcd().broadcast(bytes).await.unwrap();
        (answer.code, answer.raw_log)
    }

    /// Nothing has happened to accounts a and b.
    pub async fn assert_untouched(&self) {
        assert_eq!(self.balance(self.a.address()).await, START);
        assert_eq!(self.balance(self.b.address()).await, START);
        let account = self.client.lcd().account(self.a.address()).await.unwrap();
        assert_eq!(account.sequence, 0);
        assert_eq!(self.client.latest_block().await.unwrap().height, 1);
    }
}

/// Labels the body as a browser does with what secret.js sends; no interface looks at it.
async fn http(at: SocketAddr, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\
         content-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap_or(json!(body)))
}
