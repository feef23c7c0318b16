//! A Secret node's LCD (REST) endpoints, decoded. Nothing here encrypts or signs.

use crate::{
    http::{Answer, HttpClient},
    outcome::Event,
    tx, ChainError, Result,
};
use base64::{engine::general_purpose::STANDARD, Engine};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::{json, Value};
use std::{collections::HashMap, time::SystemTime};
use tokio::sync::RwLock;

/// gRPC code of "no such thing".
const NOT_FOUND: u64 = 5;

/// Client of one node. What never changes (IO key, code hashes) is asked once.
pub struct LcdClient {
    http: HttpClient,
    tx_key: RwLock<Option<[u8; 32]>>,
    code_hashes: RwLock<HashMap<String, String>>,
}

/// An account's counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub account_number: u64,
    /// Transactions sent so far.
    pub sequence: u64,
}

/// The newest block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockInfo {
    pub chain_id: String,
    pub height: u64,
    /// Unix seconds.
    pub time: u64,
}

/// A node's word on a transaction.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TxResponse {
    pub txhash: String,
    #[serde(deserialize_with = "number")]
    pub height: u64,
    pub codespace: String,
    /// 0 = success.
    pub code: u32,
    /// Upper-case hex of `TxMsgData`.
    pub data: String,
    /// Empty on success, else the error.
    pub raw_log: String,
    #[serde(deserialize_with = "number")]
    pub gas_wanted: u64,
    #[serde(deserialize_with = "number")]
    pub gas_used: u64,
    pub events: Vec<Event>,
}

impl LcdClient {
    /// Client of the node at `url` (`http://127.0.0.1:1317`, `https://…`), which is asked for the
    /// network's IO key unless `tx_key` gives it. Connects when used.
    ///
    /// # Errors
    /// [`ChainError::Invalid`] when it is not an HTTP(S) URL.
    pub fn new(url: &str, tx_key: Option<[u8; 32]>) -> Result<Self> {
        Ok(Self {
            http: HttpClient::new(url)?,
            tx_key: RwLock::new(tx_key),
            code_hashes: RwLock::new(HashMap::new()),
        })
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        self.http.base()
    }

    /// The network's x25519 IO key, to which messages are encrypted.
    pub async fn tx_key(&self) -> Result<[u8; 32]> {
        if let Some(key) = *self.tx_key.read().await {
            return Ok(key);
        }
        let answer = self
            .get("/registration/v1beta1/tx-key", "transaction key")
            .await?;
        let key: [u8; 32] = STANDARD
            .decode(text(&answer, "/key")?)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| ChainError::bad_answer("tx-key is not 32 bytes in base64"))?;
        *self.tx_key.write().await = Some(key);
        Ok(key)
    }

    /// Number and sequence of an account.
    ///
    /// # Errors
    /// [`ChainError::NotFound`] when it has never received anything.
    pub async fn account(&self, address: &str) -> Result<Account> {
        let path = format!("/cosmos/auth/v1beta1/accounts/{address}");
        let answer = self.get(&path, &format!("account {address}")).await?;
        // Vesting accounts hold the base account one level deeper.
        let account = &answer["account"];
        let base = match account.get("base_vesting_account") {
            Some(vesting) => &vesting["base_account"],
            None => account,
        };
        Ok(Account {
            account_number: field_number(base, "account_number")?,
            sequence: field_number(base, "sequence")?,
        })
    }

    /// Balance of one coin, in base units.
    pub async fn balance(&self, address: &str, denom: &str) -> Result<u128> {
        let path = format!(
            "/cosmos/bank/v1beta1/balances/{address}/by_denom?denom={}",
            escape(denom)
        );
        let answer = self.get(&path, &format!("account {address}")).await?;
        text(&answer, "/balance/amount")?
            .parse()
            .map_err(|_| ChainError::bad_answer("balance is not a number"))
    }

    /// Code hash of a contract: 64 lower-case hex digits.
    ///
    /// # Errors
    /// [`ChainError::NotFound`] when there is no contract at this address.
    pub async fn code_hash(&self, contract: &str) -> Result<String> {
        if let Some(hash) = self.code_hashes.read().await.get(contract) {
            return Ok(hash.clone());
        }
        let path = format!("/compute/v1beta1/code_hash/by_contract_address/{contract}");
        let answer = self.get(&path, &format!("contract {contract}")).await?;
        let hash = code_hash_of(&answer)?;
        self.code_hashes
            .write()
            .await
            .insert(contract.into(), hash.clone());
        Ok(hash)
    }

    /// Forgets a contract's code hash, after a migration.
    pub async fn forget_code_hash(&self, contract: &str) {
        self.code_hashes.write().await.remove(contract);
    }

    /// Code hash of stored code.
    pub async fn code_hash_by_id(&self, code_id: u64) -> Result<String> {
        let path = format!("/compute/v1beta1/code_hash/by_code_id/{code_id}");
        code_hash_of(&self.get(&path, &format!("code {code_id}")).await?)
    }

    /// Sends an encrypted query; returns the encrypted answer, or the node's error as
    /// [`ChainError::Node`] with the error text still encrypted.
    pub async fn query_raw(&self, contract: &str, wire: &[u8]) -> Result<Vec<u8>> {
        let query = escape(&STANDARD.encode(wire));
        let path = format!("/compute/v1beta1/query/{contract}?query={query}");
        let answer = self.get(&path, &format!("contract {contract}")).await?;
        STANDARD
            .decode(text(&answer, "/data")?)
            .map_err(|_| ChainError::bad_answer("query data is not base64"))
    }

    /// Hands a signed transaction to the node (mode SYNC: it is checked, not yet executed).
    /// Sending the same bytes twice is harmless.
    pub async fn broadcast(&self, tx_bytes: &[u8]) -> Result<TxResponse> {
        let path = "/cosmos/tx/v1beta1/txs";
        let body = json!({ "tx_bytes": STANDARD.encode(tx_bytes), "mode": "BROADCAST_MODE_SYNC" });
        let answer = checked(
            self.http.post(path, &body).await?,
            path,
            "transaction endpoint",
        )?;
        parse(answer["tx_response"].clone(), "broadcast answer")
    }

    /// A transaction by its hash; none when it is in no block (yet).
    pub async fn tx(&self, hash: &str) -> Result<Option<TxResponse>> {
        match self
            .get(&format!("/cosmos/tx/v1beta1/txs/{hash}"), "transaction")
            .await
        {
            Ok(answer) => parse(answer["tx_response"].clone(), "transaction").map(Some),
            Err(ChainError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hashes of a block's transactions, in their order: upper-case hex, as [`Self::tx`] takes them.
    ///
    /// # Errors
    /// The node's, for a height that it does not have.
    pub async fn tx_hashes(&self, height: u64) -> Result<Vec<String>> {
        let path = format!("/cosmos/base/tendermint/v1beta1/blocks/{height}");
        let answer = self.get(&path, &format!("block {height}")).await?;
        let malformed = || ChainError::bad_answer("transactions of a block are not in base64");
        let txs = &answer["block"]["data"]["txs"];
        let txs = txs.as_array().map(Vec::as_slice).unwrap_or_default();
        let bytes = |tx: &Value| STANDARD.decode(tx.as_str()?).ok();
        let hashes = txs.iter().map(|tx| Some(tx::hash(&bytes(tx)?)));
        hashes.collect::<Option<_>>().ok_or_else(malformed)
    }

    /// The newest block.
    pub async fn latest_block(&self) -> Result<BlockInfo> {
        let path = "/cosmos/base/tendermint/v1beta1/blocks/latest";
        let answer = self.get(path, "block").await?;
        let header = &answer["block"]["header"];
        let time = humantime::parse_rfc3339(&text(header, "/time")?)
            .ok()
            .and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok())
            .ok_or_else(|| ChainError::bad_answer("block time is not RFC 3339"))?;
        Ok(BlockInfo {
            chain_id: text(header, "/chain_id")?,
            height: field_number(header, "height")?,
            time: time.as_secs(),
        })
    }

    async fn get(&self, path: &str, what: &str) -> Result<Value> {
        checked(self.http.get(path).await?, path, what)
    }
}

/// A 2xx answer's JSON; else the error that the node tells.
fn checked(answer: Answer, path: &str, what: &str) -> Result<Value> {
    if (200..300).contains(&answer.status) {
        return Ok(answer.json);
    }
    let message = answer.json["message"].as_str().unwrap_or_default();
    // The compute module gives its "not found" no code of its own.
    let unknown = message.contains("not found") || message.starts_with("failed to get code info");
    if answer.status == 404 || answer.json["code"].as_u64() == Some(NOT_FOUND) || unknown {
        return Err(ChainError::NotFound { what: what.into() });
    }
    Err(ChainError::Node {
        // A query's ciphertext says nothing to a reader of the error.
        path: path.split('?').next().unwrap_or_default().into(),
        status: answer.status,
        message: message.into(),
    })
}

fn code_hash_of(answer: &Value) -> Result<String> {
    let hash = text(answer, "/code_hash")?;
    Ok(hash.trim_start_matches("0x").to_lowercase())
}

fn text(json: &Value, pointer: &str) -> Result<String> {
    json.pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| ChainError::bad_answer(format!("has no text at {pointer}")))
}

fn field_number(json: &Value, field: &str) -> Result<u64> {
    number(&json[field]).map_err(|_| ChainError::bad_answer(format!("{field} is not a number")))
}

fn parse<T: DeserializeOwned>(json: Value, what: &str) -> Result<T> {
    serde_json::from_value(json).map_err(|e| ChainError::bad_answer(format!("{what}: {e}")))
}

/// Protobuf's JSON writes 64-bit numbers as text; some gateways write plain numbers.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TextOrNumber {
        Text(String),
        Number(u64),
    }
    match TextOrNumber::deserialize(deserializer)? {
        TextOrNumber::Text(text) => text.parse().map_err(serde::de::Error::custom),
        TextOrNumber::Number(number) => Ok(number),
    }
}

/// Percent-encodes what base64 and denominations (`ibc/…`) hold beside letters and digits.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}
