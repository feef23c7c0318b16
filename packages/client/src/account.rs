//! The user's account: the chain, the wallet and the contracts, with what is private read by permit.

use cosmwasm_std::{Addr, Binary, Uint128};
use secret_ai_chain_client::{
    owner_permit, padded_json, ChainClient, ContractRef, ExecuteMsg, TxOutcome, Validity, Wallet,
};
use secret_ai_interface::billing::{
    self, AccountAnswer, ClockAnswer, ConfigAnswer, OwnSession, PermitQuery, SessionsAnswer,
    TokenConfig,
};
use secret_ai_interface::{auth::Permit, registry, token, Contract};
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::error::{ClientError, Result};
use crate::progress::show;
use crate::session::Secrets;

/// SDK gas given to a call of billing; measured in docs/gas.md, with room for growth. Gas limits are
/// public: they follow from the size class of the message (its kind, the number of its sessions).
fn gas_for(msg: &billing::ExecuteMsg) -> u64 {
    match msg {
        billing::ExecuteMsg::OpenSessions { sessions, .. } => {
            150_000 + OPEN_GAS * sessions.len() as u64
        }
        billing::ExecuteMsg::Reclaim { session_ids, .. } => {
            80_000 + 35_000 * session_ids.len() as u64
        }
        billing::ExecuteMsg::Withdraw { .. } => 250_000,
        _ => 200_000,
    }
}

/// SDK gas given to a `send` that carries `msg`, likewise.
fn gas_for_tokens(msg: &billing::ReceiveMsg) -> u64 {
    match msg {
        billing::ReceiveMsg::Deposit { .. } => 300_000,
        billing::ReceiveMsg::OpenSessions { sessions, .. } => {
            350_000 + OPEN_GAS * sessions.len() as u64
        }
    }
}

/// SDK gas for one session that is opened.
const OPEN_GAS: u64 = 70_000;

/// Name of the permits that this client signs; `revoke_permit` with it ends them all.
const PERMIT: &str = "secret-ai-client";

/// An open account.
pub struct Account {
    pub chain: ChainClient,
    pub wallet: Wallet,
    pub billing: ContractRef,
    pub config: ConfigAnswer,
    chain_id: String,
}

impl Account {
    /// Connects to the node and asks billing for its configuration.
    ///
    /// # Errors
    /// Node, wallet file or billing contract cannot be used, or the registry trusts a development
    /// root on a production chain.
    pub async fn open(config: &Config) -> Result<Account> {
        let wallet = Wallet::from_file(&config.wallet_file)?;
        let chain = ChainClient::new(&config.lcd_url, &config.chain_id)?;
        let billing = show("asking the node", chain.contract(&config.billing)).await?;
        let answer: ConfigAnswer = chain.query(&billing, &billing::QueryMsg::Config {}).await?;
        let chain_id = config.chain_id.clone();
        let account = Account {
            chain,
            wallet,
            billing,
            config: answer,
            chain_id,
        };
        account.refuse_development_root().await?;
        Ok(account)
    }

    /// A registry that believes a development root proves nothing where real money is.
    async fn refuse_development_root(&self) -> Result<()> {
        let registry: registry::ConfigAnswer =
            self.ask_registry(&registry::QueryMsg::Config {}).await?;
        if registry.development && self.chain_id == "secret-4" {
            let problem = "the registry accepts simulated TEEs; refusing to use it on secret-4";
            return Err(ClientError::verification(problem));
        }
        Ok(())
    }

    /// Chain id for which everything is signed.
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// The session secrets of this wallet.
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets {
            wallet: &self.wallet,
            billing: &self.billing.address,
        }
    }

    /// The accepted token with this address, or the first one.
    ///
    /// # Errors
    /// Billing does not accept it.
    pub fn token(&self, address: Option<&str>) -> Result<&TokenConfig> {
        let mut tokens = self.config.tokens.iter();
        let found = match address {
            None => tokens.next(),
            Some(a) => tokens.find(|t| t.contract.address.as_str() == a),
        };
        found.ok_or_else(|| ClientError::input("token", "billing does not accept it"))
    }

    /// Asks the registry that billing believes.
    ///
    /// # Errors
    /// The node's or the contract's.
    pub async fn ask_registry<T: DeserializeOwned>(&self, msg: &registry::QueryMsg) -> Result<T> {
        Ok(self
            .chain
            .query(&contract_ref(&self.config.registry), msg)
            .await?)
    }

    /// Billing's clock.
    ///
    /// # Errors
    /// The node's.
    pub async fn clock(&self) -> Result<ClockAnswer> {
        Ok(self
            .chain
            .query(&self.billing, &billing::QueryMsg::Clock {})
            .await?)
    }

    /// Free balances and the number of sessions.
    ///
    /// # Errors
    /// The node's or the contract's.
    pub async fn balances(&self) -> Result<AccountAnswer> {
        self.ask_billing(PermitQuery::Account {}).await
    }

    /// All sessions of this wallet, oldest first.
    ///
    /// # Errors
    /// The node's or the contract's.
    pub async fn sessions(&self) -> Result<Vec<OwnSession>> {
        let mut all = Vec::new();
        loop {
            let start = u32::try_from(all.len()).ok();
            let page: SessionsAnswer = self
                .ask_billing(PermitQuery::Sessions { start, limit: None })
                .await?;
            let end = page.sessions.is_empty();
            all.extend(page.sessions);
            if end || all.len() >= page.total as usize {
                return Ok(all);
            }
        }
    }

    async fn ask_billing<T: DeserializeOwned>(&self, query: PermitQuery) -> Result<T> {
        let permit = self.permit(&self.billing).await?;
        let msg = billing::QueryMsg::WithPermit { permit, query };
        Ok(self.chain.query(&self.billing, &msg).await?)
    }

    /// A permit to read what the wallet owns in a contract, for this query and its repetitions: it
    /// ends after an hour.
    pub(crate) async fn permit(&self, contract: &ContractRef) -> Result<Permit> {
        let validity = Validity::an_hour(self.chain.latest_block().await?.time);
        let (wallet, chain_id) = (&self.wallet, &self.chain_id);
        let permit = owner_permit(wallet, chain_id, &contract.address, PERMIT, validity)?;
        Ok(permit)
    }

    /// Balance in the wallet itself, base units. Sets no viewing key: it asks by permit.
    ///
    /// # Errors
    /// The token knows no permits of SNIP-24.1, or the node's.
    pub async fn wallet_balance(&self, token: &TokenConfig) -> Result<Uint128> {
        let contract = contract_ref(&token.contract);
        let permit = self.permit(&contract).await?;
        let query = token::QueryWithPermit::Balance {};
        let msg = token::QueryMsg::WithPermit { permit, query };
        let token::QueryAnswer::Balance { amount } = self.chain.query(&contract, &msg).await?
        else {
            return Err(ClientError::verification("token: no balance in its answer"));
        };
        Ok(amount)
    }

    /// Sends tokens to billing with a message.
    ///
    /// # Errors
    /// The token's, billing's or the node's.
    pub async fn send_tokens(
        &self,
        token: &TokenConfig,
        amount: Uint128,
        msg: &billing::ReceiveMsg,
    ) -> Result<TxOutcome> {
        let inner = padded_json(msg)?.to_vec();
        let send = token::ExecuteMsg::Send {
            recipient: self.billing.address.clone(),
            recipient_code_hash: Some(self.billing.code_hash.clone()),
            amount,
            msg: Some(Binary(inner)),
            memo: None,
            padding: None,
        };
        let call = ExecuteMsg::padded(&contract_ref(&token.contract), &send)?;
        let gas = gas_for_tokens(msg);
        let work = self.chain.execute(&self.wallet, vec![call], gas);
        Ok(show("waiting for the deposit to be in a block", work).await?)
    }

    /// Calls billing.
    ///
    /// # Errors
    /// Billing's or the node's.
    pub async fn call(&self, msg: &billing::ExecuteMsg) -> Result<TxOutcome> {
        let call = ExecuteMsg::padded(&self.billing, msg)?;
        let work = self.chain.execute(&self.wallet, vec![call], gas_for(msg));
        Ok(show("waiting for the transaction to be in a block", work).await?)
    }
}

/// A contract in the form that the chain client takes.
pub fn contract_ref(contract: &Contract) -> ContractRef {
    ContractRef {
        address: contract.address.to_string(),
        code_hash: contract.code_hash.clone(),
    }
}

/// The JSON answer of a transaction's first message.
///
/// # Errors
/// The contract answered something else.
pub fn answer<T: DeserializeOwned>(outcome: &TxOutcome) -> Result<T> {
    let data = outcome.data.first().map(Vec::as_slice).unwrap_or_default();
    serde_json::from_slice(data)
        .map_err(|_| ClientError::verification("the contract's answer has another form"))
}

/// The address of a token, as messages carry it.
pub fn token_address(token: &TokenConfig) -> Addr {
    token.contract.address.clone()
}
