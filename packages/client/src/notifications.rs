//! What the contracts told this wallet (SNIP-52, txhash mode).
//!
//! Every transaction of a block is asked for, its own and everybody else's, so the node does not
//! learn which of them concern this wallet.

use std::collections::HashMap;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use secret_ai_chain_client::{ChainClient, TxResponse};
use secret_ai_contract_kit::notification::{
    id, open, Channel, Event, Seed, Transaction, BILLING_CHANNELS, KEY_PREFIX, REWARDS_CHANNELS,
};
use secret_ai_interface::notifications::ChannelInfoAnswer;
use secret_ai_interface::{billing, rewards};

use crate::account::{contract_ref, Account};
use crate::error::{ClientError, Result};

/// One event, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Notification {
    pub height: u64,
    /// Upper-case hex.
    pub txhash: String,
    pub event: Event,
}

/// Finds and opens what one contract tells one account.
pub struct Inbox {
    seed: Seed,
    channels: Vec<String>,
}

impl Inbox {
    /// The inbox that a contract's `channel_info` describes.
    ///
    /// # Errors
    /// The seed has another length than 32 bytes.
    pub fn new(info: ChannelInfoAnswer) -> Result<Self> {
        let ChannelInfoAnswer::ChannelInfo { seed, channels, .. } = info;
        let seed = seed.as_slice().try_into();
        Ok(Inbox {
            seed: seed.map_err(|_| ClientError::verification("notification seed: not 32 bytes"))?,
            channels: channels.into_iter().map(|c| c.channel).collect(),
        })
    }

    /// The account's notifications in a transaction, in the order of the channels.
    ///
    /// # Errors
    /// One is the account's by its id but cannot be opened: the node changed it.
    pub fn read(&self, tx: &TxResponse) -> Result<Vec<Notification>> {
        let unreadable = |_| {
            let problem = format!("a notification in {} cannot be read", tx.txhash);
            ClientError::verification(problem)
        };
        let attributes = tx.events.iter().flat_map(|event| &event.attributes);
        let found: HashMap<&str, &str> = attributes
            .filter_map(|a| Some((a.key.strip_prefix(KEY_PREFIX)?, a.value.as_str())))
            .collect();
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let place = Transaction::new(tx.height, &tx.txhash).map_err(unreadable)?;
        let mut notifications = Vec::new();
        for channel in &self.channels {
            let id = id(&self.seed, channel, &place).map_err(unreadable)?;
            let Some(sealed) = found.get(STANDARD.encode(id).as_str()) else {
                continue;
            };
            let sealed = STANDARD.decode(sealed).unwrap_or_default();
            let event = open(&self.seed, channel, &place, &sealed)
                .and_then(|data| Event::decode(channel, &data));
            notifications.push(Notification {
                height: tx.height,
                txhash: tx.txhash.clone(),
                event: event.map_err(unreadable)?,
            });
        }
        Ok(notifications)
    }
}

/// The account's inboxes at billing and, once it is linked, at rewards.
///
/// # Errors
/// The node's or the contracts'.
pub async fn inboxes(account: &Account) -> Result<Vec<Inbox>> {
    let permit = account.permit(&account.billing).await?;
    let query = billing::PermitQuery::ChannelInfo {
        channels: names(&BILLING_CHANNELS),
        txhash: None,
    };
    let msg = billing::QueryMsg::WithPermit { permit, query };
    let mut inboxes = vec![Inbox::new(
        account.chain.query(&account.billing, &msg).await?,
    )?];
    if let Some(rewards) = &account.config.rewards {
        let contract = contract_ref(rewards);
        let permit = account.permit(&contract).await?;
        let query = rewards::PermitQuery::ChannelInfo {
            channels: names(&REWARDS_CHANNELS),
            txhash: None,
        };
        let msg = rewards::QueryMsg::WithPermit { permit, query };
        inboxes.push(Inbox::new(account.chain.query(&contract, &msg).await?)?);
    }
    Ok(inboxes)
}

/// Everything that a block holds for these inboxes, in the order of its transactions.
///
/// # Errors
/// The node's; a notification that cannot be opened.
pub async fn in_block(
    chain: &ChainClient,
    inboxes: &[Inbox],
    height: u64,
) -> Result<Vec<Notification>> {
    let mut notifications = Vec::new();
    for hash in chain.lcd().tx_hashes(height).await? {
        // A node may serve a block a moment before its transactions.
        let tx = chain.wait(&hash).await?;
        for inbox in inboxes {
            notifications.extend(inbox.read(&tx)?);
        }
    }
    Ok(notifications)
}

fn names(channels: &[Channel]) -> Vec<String> {
    channels.iter().map(|c| c.id.into()).collect()
}
