//! `notifications`.

use std::time::Duration;

use secret_ai_contract_kit::notification::Event;

use crate::account::Account;
use crate::error::Result;
use crate::notifications::{in_block, inboxes, Notification};
use crate::progress::show;

/// Pause between two looks for a new block: half a block of mainnet.
const POLL: Duration = Duration::from_secs(3);

/// Shows the notifications of the newest blocks, and of those that follow until stopped.
pub async fn list(account: &Account, blocks: u64, follow: bool) -> Result<()> {
    let inboxes = inboxes(account).await?;
    let newest = account.chain.latest_block().await?.height;
    let mut next = newest.saturating_sub(blocks).saturating_add(1);
    let mut shown = 0;
    loop {
        let newest = account.chain.latest_block().await?.height;
        for height in next..=newest {
            let work = in_block(&account.chain, &inboxes, height);
            for notification in show("reading blocks", work).await? {
                shown += 1;
                println!("{}", describe(&notification));
            }
        }
        next = next.max(newest.saturating_add(1));
        if !follow {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    if shown == 0 {
        println!("no notifications in the newest {blocks} blocks");
    }
    Ok(())
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
