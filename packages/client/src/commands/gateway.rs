//! `gateway`.

use std::net::SocketAddr;

use super::sessions::find;
use crate::account::Account;
use crate::error::Result;
use crate::gateway::Gateway;
use crate::receipts::Receipts;
use crate::transport::Policy;

/// Serves until Ctrl-C.
pub async fn serve(
    account: Account,
    receipts: Receipts,
    policy: Policy,
    listen: SocketAddr,
    session: Option<&str>,
) -> Result<()> {
    let own = find(&account, session, None).await?;
    println!("session   {}", own.session.session_id);
    let gateway = Gateway::new(account, own, receipts, policy);
    println!("base URL  http://{listen}/v1");
    println!("API key   {}", gateway.key());
    gateway.serve(listen).await
}
