//! Queries and transactions as a program wants them: typed messages in, decrypted answers out.

use crate::{
    address,
    encryption::{padding_len, random_nonce, seal_message, IoKeys, MessageCipher, SealedMessage},
    lcd::{BlockInfo, LcdClient, TxResponse},
    outcome::{decrypted_error, failure, TxOutcome},
    proto::{
        Any, Coin, MsgExecuteContract, MsgInstantiateContract, MsgSend, MsgStoreCode,
        MsgStoreCodeResponse,
    },
    tx::{self, SignContext},
    ChainError, Result, Wallet,
};
use flate2::{write::GzEncoder, Compression};
use prost::Message;
use secret_ai_interface::PaddedSize;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::{io::Write, time::Duration};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// First pause between two looks for a transaction; it grows by half each time.
const FIRST_POLL: Duration = Duration::from_millis(100);
/// Longest pause between two looks: half a mainnet block.
const LONGEST_POLL: Duration = Duration::from_secs(3);
/// How long the newest block is waited for between two looks.
const BLOCK_POLL: Duration = Duration::from_millis(500);

/// Names a contract. A caller must name the code hash too: messages are bound to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContractRef {
    /// `secret1…`
    pub address: String,
    /// 64 lower-case hex digits.
    pub code_hash: String,
}

/// One call of a contract.
#[derive(Clone)]
pub struct ExecuteMsg {
    contract: ContractRef,
    json: Zeroizing<Vec<u8>>,
    funds: Vec<Coin>,
}

impl ExecuteMsg {
    /// Calls `contract` with `msg`, filled to the size of its class; no coins attached.
    ///
    /// # Errors
    /// [`ChainError::Invalid`] as [`padded_json`].
    pub fn padded(contract: &ContractRef, msg: &(impl Serialize + PaddedSize)) -> Result<Self> {
        Ok(Self {
            contract: contract.clone(),
            json: padded_json(msg)?,
            funds: Vec::new(),
        })
    }

    /// Calls a contract whose messages have no classes with `msg`, no coins attached.
    ///
    /// # Errors
    /// [`ChainError::Invalid`] when `msg` cannot be written as JSON.
    pub fn new(contract: &ContractRef, msg: &impl Serialize) -> Result<Self> {
        Ok(Self {
            contract: contract.clone(),
            json: to_json(msg)?,
            funds: Vec::new(),
        })
    }

    /// Attaches native coins (public).
    #[must_use]
    pub fn with_funds(mut self, funds: Vec<Coin>) -> Self {
        self.funds = funds;
        self
    }
}

/// A new contract.
#[derive(Clone)]
pub struct InstantiateMsg {
    pub code_id: u64,
    /// Public name, unique on the chain.
    pub label: String,
    /// Who may migrate it; nobody when empty.
    pub admin: String,
    json: Zeroizing<Vec<u8>>,
}

impl InstantiateMsg {
    /// Instantiates stored code with `msg`; nobody may migrate it unless `admin` is set.
    ///
    /// # Errors
    /// [`ChainError::Invalid`] when `msg` cannot be written as JSON.
    pub fn new(code_id: u64, label: &str, msg: &impl Serialize) -> Result<Self> {
        Ok(Self {
            code_id,
            label: label.into(),
            admin: String::new(),
            json: to_json(msg)?,
        })
    }
}

/// How a [`ChainClient`] behaves.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Chain that transactions are signed for.
    pub chain_id: String,
    /// Price paid per gas, in thousandths of a uscrt (the chain's least is 100).
    pub gas_price_milli: u64,
    /// JSON of messages and queries is filled with spaces to a multiple of this many bytes;
    /// messages of a [`PaddedSize`] have a multiple of 256 already.
    pub pad_to: usize,
    /// How long to wait for a transaction to be in a block.
    pub inclusion_timeout: Duration,
    /// The network's IO key; when none is given the node is asked.
    pub tx_key: Option<[u8; 32]>,
}

impl ClientConfig {
    /// Defaults: 0.1 uscrt per gas, 256-byte padding, 60 s.
    pub fn new(chain_id: &str) -> Self {
        Self {
            chain_id: chain_id.into(),
            gas_price_milli: 100,
            pad_to: 256,
            inclusion_timeout: Duration::from_secs(60),
            tx_key: None,
        }
    }
}

/// A Secret node as seen by a program. Cheap to share behind an `Arc`; all calls take `&self`.
pub struct ChainClient {
    lcd: LcdClient,
    config: ClientConfig,
    /// For queries without a wallet: nobody can link them to an account by this key.
    query_keys: IoKeys,
}

impl ChainClient {
    /// Client of the node at `lcd_url` for the chain `chain_id`, with the default configuration.
    ///
    /// # Errors
    /// [`ChainError::Invalid`] when the URL is not HTTP(S).
    pub fn new(lcd_url: &str, chain_id: &str) -> Result<Self> {
        Self::with_config(lcd_url, ClientConfig::new(chain_id))
    }

    /// Client with a configuration of its own.
    ///
    /// # Errors
    /// As [`ChainClient::new`].
    pub fn with_config(lcd_url: &str, config: ClientConfig) -> Result<Self> {
        Ok(Self {
            lcd: LcdClient::new(lcd_url, config.tx_key)?,
            config,
            query_keys: IoKeys::from_seed(random_nonce()),
        })
    }

    /// The node's plain endpoints.
    pub fn lcd(&self) -> &LcdClient {
        &self.lcd
    }

    /// A contract by its address; its code hash comes from the node (asked once).
    pub async fn contract(&self, address: &str) -> Result<ContractRef> {
        Ok(ContractRef {
            address: address.into(),
            code_hash: self.lcd.code_hash(address).await?,
        })
    }

    /// Asks a contract. Equal questions look different on the wire.
    ///
    /// # Errors
    /// [`ChainError::Contract`] with the contract's own text when it refuses.
    pub async fn query<T: DeserializeOwned>(
        &self,
        contract: &ContractRef,
        msg: &impl Serialize,
    ) -> Result<T> {
        let SealedMessage { wire, cipher } = self
            .seal(&self.query_keys, &contract.code_hash, &to_json(msg)?)
            .await?;
        let ciphertext = match self.lcd.query_raw(&contract.address, &wire).await {
            Err(ChainError::Node {
                path,
                status,
                message,
            }) => {
                return Err(match decrypted_error(&message, &[Some(cipher)]) {
                    Some(message) => ChainError::Contract {
                        message,
                        txhash: None,
                    },
                    None => ChainError::Node {
                        path,
                        status,
                        message,
                    },
                })
            }
            other => other?,
        };
        let json = Zeroizing::new(cipher.open_data(&ciphertext)?);
        // serde's own message can quote the answer, so only its place is told.
        serde_json::from_slice(&json).map_err(|e| {
            ChainError::bad_answer(format!(
                "query answer does not fit its type at column {}",
                e.column()
            ))
        })
    }

    /// Calls contracts, all in one transaction: all happen or none. Waits until it is in a block.
    ///
    /// # Errors
    /// [`ChainError::Contract`] when a contract refuses, [`ChainError::OutOfGas`],
    /// [`ChainError::Rejected`], [`ChainError::NotIncluded`]. `gas_limit` is in SDK gas and is
    /// paid for in full.
    pub async fn execute(
        &self,
        wallet: &Wallet,
        messages: Vec<ExecuteMsg>,
        gas_limit: u64,
    ) -> Result<TxOutcome> {
        let mut anys = Vec::with_capacity(messages.len());
        let mut ciphers = Vec::with_capacity(messages.len());
        for message in messages {
            let sealed = self
                .seal(wallet.io_keys(), &message.contract.code_hash, &message.json)
                .await?;
            anys.push(Any::pack(&MsgExecuteContract {
                sender: wallet.address_bytes().to_vec(),
                contract: address::decode(&message.contract.address)?.to_vec(),
                msg: sealed.wire,
                sent_funds: message.funds,
                ..MsgExecuteContract::default()
            }));
            ciphers.push(Some(sealed.cipher));
        }
        self.send_messages(wallet, anys, &ciphers, gas_limit).await
    }

    /// Makes a contract from stored code.
    ///
    /// # Errors
    /// As [`ChainClient::execute`].
    pub async fn instantiate(
        &self,
        wallet: &Wallet,
        message: InstantiateMsg,
        gas_limit: u64,
    ) -> Result<ContractRef> {
        let code_hash = self.lcd.code_hash_by_id(message.code_id).await?;
        let sealed = self
            .seal(wallet.io_keys(), &code_hash, &message.json)
            .await?;
        let any = Any::pack(&MsgInstantiateContract {
            sender: wallet.address_bytes().to_vec(),
            code_id: message.code_id,
            label: message.label,
            init_msg: sealed.wire,
            admin: message.admin,
            ..MsgInstantiateContract::default()
        });
        let ciphers = [Some(sealed.cipher)];
        let outcome = self
            .send_messages(wallet, vec![any], &ciphers, gas_limit)
            .await?;
        match outcome.addresses.into_iter().flatten().next() {
            Some(address) => Ok(ContractRef { address, code_hash }),
            None => Err(ChainError::bad_answer("instantiate answered no address")),
        }
    }

    /// Stores a contract's wasm (compressed on the way); returns its code id.
    ///
    /// # Errors
    /// As [`ChainClient::execute`]. The chain refuses more than 2 MiB of plain wasm.
    pub async fn store_code(&self, wallet: &Wallet, wasm: &[u8], gas_limit: u64) -> Result<u64> {
        let any = Any::pack(&MsgStoreCode {
            sender: wallet.address_bytes().to_vec(),
            wasm_byte_code: gzip(wasm)?,
            ..MsgStoreCode::default()
        });
        let outcome = self
            .send_messages(wallet, vec![any], &[None], gas_limit)
            .await?;
        outcome
            .data
            .first()
            .and_then(|data| MsgStoreCodeResponse::decode(&data[..]).ok())
            .map(|response| response.code_id)
            .ok_or_else(|| ChainError::bad_answer("store answered no code id"))
    }

    /// Sends native coins.
    ///
    /// # Errors
    /// As [`ChainClient::execute`].
    pub async fn send_coins(
        &self,
        wallet: &Wallet,
        to: &str,
        amount: Vec<Coin>,
        gas_limit: u64,
    ) -> Result<TxOutcome> {
        let any = Any::pack(&MsgSend {
            from_address: wallet.address().into(),
            to_address: to.into(),
            amount,
        });
        self.send_messages(wallet, vec![any], &[None], gas_limit)
            .await
    }

    /// The newest block.
    pub async fn latest_block(&self) -> Result<BlockInfo> {
        self.lcd.latest_block().await
    }

    /// Waits until a block's time is `unix_seconds` or later.
    pub async fn wait_until(&self, unix_seconds: u64) -> Result<BlockInfo> {
        loop {
            let block = self.latest_block().await?;
            if block.time >= unix_seconds {
                return Ok(block);
            }
            tokio::time::sleep(BLOCK_POLL).await;
        }
    }

    /// Waits until a transaction is in a block; also a failed one is returned.
    ///
    /// # Errors
    /// [`ChainError::NotIncluded`] after [`ClientConfig::inclusion_timeout`].
    pub async fn wait(&self, hash: &str) -> Result<TxResponse> {
        let timeout = self.config.inclusion_timeout;
        let deadline = Instant::now() + timeout;
        let mut pause = FIRST_POLL;
        loop {
            if let Some(tx) = self.lcd.tx(hash).await? {
                return Ok(tx);
            }
            if Instant::now() + pause > deadline {
                return Err(ChainError::NotIncluded {
                    txhash: hash.into(),
                    waited_s: timeout.as_secs(),
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause + pause / 2).min(LONGEST_POLL);
        }
    }

    async fn seal(&self, keys: &IoKeys, code_hash: &str, json: &[u8]) -> Result<SealedMessage> {
        let io_key = self.lcd.tx_key().await?;
        let mut padded = Zeroizing::new(Vec::with_capacity(json.len() + self.config.pad_to));
        padded.extend_from_slice(json);
        let spaces = padding_len(json.len(), self.config.pad_to);
        padded.extend(std::iter::repeat_n(b' ', spaces));
        seal_message(keys, &io_key, &random_nonce(), code_hash, &padded)
    }

    /// Signs, broadcasts and waits. `ciphers` opens the answers, one entry per message.
    ///
    /// The wallet's turn is held until the transaction is in a block, so that two tasks of this
    /// process never use one sequence. Another process with the same wallet may come first: then
    /// the transaction is signed anew, once.
    async fn send_messages(
        &self,
        wallet: &Wallet,
        messages: Vec<Any>,
        ciphers: &[Option<MessageCipher>],
        gas_limit: u64,
    ) -> Result<TxOutcome> {
        let _turn = wallet.turn.lock().await;
        let tx = match self.send_once(wallet, messages.clone(), gas_limit).await {
            Err(error) if error.is_sequence_mismatch() => {
                tracing::debug!("another transaction of this wallet came first, signing anew");
                self.send_once(wallet, messages, gas_limit).await?
            }
            other => other?,
        };
        match tx.code {
            0 => TxOutcome::decrypt(tx, ciphers),
            _ => Err(failure(tx, ciphers)),
        }
    }

    async fn send_once(
        &self,
        wallet: &Wallet,
        messages: Vec<Any>,
        gas_limit: u64,
    ) -> Result<TxResponse> {
        let account = self.lcd.account(wallet.address()).await?;
        let context = SignContext {
            chain_id: self.config.chain_id.clone(),
            account_number: account.account_number,
            sequence: account.sequence,
            gas_limit,
            fee: vec![tx::fee(gas_limit, self.config.gas_price_milli)],
            memo: String::new(),
        };
        let bytes = tx::sign(wallet, messages, &context);
        let hash = tx::hash(&bytes);
        let answer = self.lcd.broadcast(&bytes).await?;
        if answer.code == 0 || is_already_known(&answer) {
            return self.wait(&hash).await;
        }
        // A retried broadcast may have been accepted the first time and be in a block by now.
        if let Some(included) = self.lcd.tx(&hash).await? {
            return Ok(included);
        }
        Err(failure(answer, &[]))
    }
}

/// `sdk` code 19: the very same transaction waits in the node's mempool.
fn is_already_known(answer: &TxResponse) -> bool {
    answer.codespace == "sdk" && answer.code == 19
}

/// A message's JSON, filled with spaces to the size of its class. For messages inside others:
/// [`ExecuteMsg::padded`] does it for those that are sent themselves.
///
/// # Errors
/// [`ChainError::Invalid`] when `msg` cannot be written as JSON, or is longer than its class allows:
/// sent as it is, it would tell itself apart from the others.
pub fn padded_json(msg: &(impl Serialize + PaddedSize)) -> Result<Zeroizing<Vec<u8>>> {
    let json = to_json(msg)?;
    let (size, need) = (msg.padded_size(), json.len());
    if need > size {
        let what = format!("message has {need} bytes, its class takes {size}");
        return Err(ChainError::invalid(what));
    }
    // Growing in place could leave a copy behind that nobody erases.
    let mut padded = Zeroizing::new(Vec::with_capacity(size));
    padded.extend_from_slice(&json);
    padded.resize(size, b' ');
    Ok(padded)
}

fn to_json(msg: &impl Serialize) -> Result<Zeroizing<Vec<u8>>> {
    serde_json::to_vec(msg)
        .map(Zeroizing::new)
        .map_err(|_| ChainError::invalid("message cannot be written as JSON"))
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|e| ChainError::invalid(format!("cannot compress: {e}")))
}
