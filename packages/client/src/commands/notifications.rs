//! `notifications`.

use std::time::Duration;

use secret_ai_contract_kit::notification::Event;

use crate::account::Account;
use crate::error::{ClientError, Result};
use crate::notifications::{in_block, inboxes, Inbox, Notification};
use crate::progress::show;

/// Pause between two looks for a new block: half a block of mainnet.
const POLL: Duration = Duration::from_secs(3);

/// Shows the notifications of the newest blocks, and of those that follow until stopped. Nodes come
/// back: while it follows, an error of the chain is told once and tried again.
pub async fn list(account: &Account, blocks: u64, follow: bool) -> Result<()> {
    let inboxes = inboxes(account).await?;
    let newest = account.chain.latest_block().await?.height;
    let mut next = newest.saturating_sub(blocks).saturating_add(1);
    if !follow {
        if show_new(account, &inboxes, &mut next).await? == 0 {
            println!("no notifications in the newest {blocks} blocks");
        }
        return Ok(());
    }
    let mut is_down = false;
    loop {
        match show_new(account, &inboxes, &mut next).await {
            Ok(_) => is_down = false,
            Err(ClientError::Chain { source }) => {
                if !is_down {
                    eprintln!("secret-ai: warning: {source}; trying again");
                }
                is_down = true;
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Shows what the blocks from `next` on hold, and says how many notifications that was. `next` is the
/// first block that was not shown.
async fn show_new(account: &Account, inboxes: &[Inbox], next: &mut u64) -> Result<usize> {
    let newest = account.chain.latest_block().await?.height;
    let mut shown = 0_usize;
    while *next <= newest {
        let work = in_block(&account.chain, inboxes, *next);
        for notification in show("reading blocks", work).await? {
            shown = shown.saturating_add(1);
            println!("{}", describe(&notification));
        }
        *next = next.saturating_add(1);
    }
    Ok(shown)
}

fn describe(notification: &Notification) -> String {
    let what = match &notification.event {
        Event::DepositCredited { token, amount } => {
            format!("deposit credited: {amount} base units of {token}")
        }
        Event::SessionEnded {
            session_id,
            paid,
            rest,
        } => format!("session ended: {session_id}, {paid} base units paid, {rest} left"),
        Event::LowBalance { session_id, left } => {
            format!("low balance: {left} base units left in session {session_id}")
        }
        Event::EarningsCredited { token, amount } => {
            format!("earnings credited: {amount} base units of {token}")
        }
    };
    format!("block {}  {what}", notification.height)
}
