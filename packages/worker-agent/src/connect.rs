//! From a configuration to the chain and its contracts.

use std::path::Path;

use secret_ai_chain_client::{ChainClient, ChainError, ClientConfig, ContractRef, Wallet};
use secret_ai_interface::billing::ConfigAnswer;

use crate::config::{ChainConfig, Config, ContractConfig};
use crate::node_chain::{Contracts, NodeChain};
use crate::run_error::RunError;

/// The chain of a configuration, with the operator's wallet.
///
/// # Errors
/// [`RunError`] if the wallet cannot be read or the node cannot be asked.
pub async fn connect(config: &Config) -> Result<NodeChain, RunError> {
    connect_as(&config.chain, &config.wallet_file).await
}

/// The chain of a configuration, with the wallet in a file.
///
/// # Errors
/// As [`connect`].
pub(crate) async fn connect_as(
    config: &ChainConfig,
    wallet_file: &Path,
) -> Result<NodeChain, RunError> {
    let ChainConfig {
        lcd_url,
        chain_id,
        registry,
        billing,
        rewards,
        gas_price_milli,
        gas,
    } = config.clone();
    let wallet = Wallet::from_file(wallet_file)?;
    let client_config = ClientConfig {
        gas_price_milli,
        ..ClientConfig::new(&chain_id)
    };
    let client = ChainClient::with_config(&lcd_url, client_config)?;
    let contracts = Contracts {
        registry: contract(&client, registry).await?,
        billing: contract(&client, billing).await?,
        rewards: contract(&client, rewards).await?,
    };
    Ok(NodeChain::new(client, wallet, contracts, chain_id, gas))
}

async fn contract(client: &ChainClient, config: ContractConfig) -> Result<ContractRef, ChainError> {
    match config.code_hash {
        Some(code_hash) => Ok(ContractRef {
            address: config.address,
            code_hash,
        }),
        None => client.contract(&config.address).await,
    }
}

/// The contracts must belong together: receipts are signed for billing, which trusts its registry.
///
/// # Errors
/// [`RunError::Mismatch`] if they do not.
pub(crate) fn check_contracts(
    config: &ChainConfig,
    billing: &ConfigAnswer,
) -> Result<(), RunError> {
    let mismatch = |problem: String| Err(RunError::Mismatch { problem });
    let registry = billing.registry.address.as_str();
    if registry != config.registry.address {
        let have = &config.registry.address;
        return mismatch(format!(
            "billing trusts registry {registry}, configured is {have}"
        ));
    }
    match &billing.rewards {
        Some(rewards) if rewards.address.as_str() != config.rewards.address => {
            let (want, have) = (&rewards.address, &config.rewards.address);
            mismatch(format!(
                "billing pays through rewards {want}, configured is {have}"
            ))
        }
        _ => Ok(()),
    }
}
