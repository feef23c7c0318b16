//! One file per group of commands; each prints what it did.

mod chat;
mod evidence;
mod gateway;
mod money;
mod notifications;
mod sessions;
mod workers;

use std::process::ExitCode;

use crate::account::Account;
use crate::cli::{Cli, Command};
use crate::config;
use crate::error::Result;
use crate::receipts::Receipts;
use crate::transport::Policy;

/// Runs a command; gives the program's exit code.
///
/// # Errors
/// Whatever kept it from being done; nothing has changed then, unless the error says otherwise.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    if let Command::Evidence { command } = cli.command {
        return Ok(evidence::run(command));
    }
    let config = config::load(&cli.config)?;
    let account = Account::open(&config).await?;
    let receipts = Receipts::new(&config.data_dir);
    match cli.command {
        Command::Workers { model } => workers::list(&account, model.as_deref()).await,
        Command::Balance => money::balance(&account).await,
        Command::Deposit { amount, token } => {
            money::deposit(&account, amount, token.as_deref()).await
        }
        Command::Withdraw { amount, token } => {
            money::withdraw(&account, amount, token.as_deref()).await
        }
        Command::Reclaim => money::reclaim(&account).await,
        Command::Notifications { blocks, follow } => {
            notifications::list(&account, blocks, follow).await
        }
        Command::Usage => sessions::usage(&account).await,
        Command::Key { session } => sessions::key(&account, session.as_deref()).await,
        Command::Close { session } => sessions::close(&account, session.as_deref()).await,
        open @ Command::Open { .. } => sessions::open(&account, open).await,
        chat @ Command::Chat { .. } => {
            chat::chat(&account, &receipts, config.allow_http, chat).await
        }
        Command::Gateway { listen, session } => {
            let policy = Policy {
                e2ee: true,
                allow_http: config.allow_http,
            };
            gateway::serve(account, receipts, policy, listen, session.as_deref()).await
        }
        Command::Evidence { command } => return Ok(evidence::run(command)),
    }?;
    Ok(ExitCode::SUCCESS)
}
