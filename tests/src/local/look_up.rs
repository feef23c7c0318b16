//! What an actor looks up with its viewing key `<name>-key`.

use cosmwasm_std::Addr;
use secret_ai_interface::{billing, rewards, token, Contract};
use serde::de::DeserializeOwned;
use serde::Serialize;

use super::{address, Local};

impl Local {
    /// Balance in the token of an actor that has set its viewing key.
    pub fn token_balance(&self, name: &str) -> u128 {
        let query = token::QueryMsg::Balance {
            address: address(name),
            key: format!("{name}-key"),
        };
        match self.ask(&self.token, &query) {
            token::QueryAnswer::Balance { amount } => amount.u128(),
            other => panic!("no balance: {other:?}"),
        }
    }

    /// Free balance of an actor with billing.
    pub fn free(&self, name: &str) -> u128 {
        let query = billing::QueryMsg::Account {
            address: Addr::unchecked(address(name)),
            key: format!("{name}-key"),
        };
        let answer: billing::AccountAnswer = self.ask(&self.billing, &query);
        answer.balances[0].free.u128()
    }

    /// Earned and claimed of an operator.
    pub fn earnings(&self, name: &str) -> (u128, u128) {
        let query = rewards::QueryMsg::Earnings {
            address: Addr::unchecked(address(name)),
            key: format!("{name}-key"),
        };
        let answer: rewards::EarningsAnswer = self.ask(&self.rewards, &query);
        (
            answer.earnings[0].earned.u128(),
            answer.earnings[0].claimed.u128(),
        )
    }

    /// Queries a contract.
    pub fn ask<T: DeserializeOwned>(&self, of: &Contract, msg: &impl Serialize) -> T {
        self.net
            .query_json(of.address.as_str(), msg)
            .expect("query")
    }
}
