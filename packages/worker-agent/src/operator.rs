//! What the operator's commands ask of the chain.

use cosmwasm_std::{Addr, Uint128};
use secret_ai_chain_client::{owner_permit, ChainError, Validity};
use secret_ai_interface::registry::ExecuteMsg as RegistryMsg;
use secret_ai_interface::rewards::{
    ClaimAnswer, EarningsAnswer, ExecuteMsg as RewardsMsg, PermitQuery, QueryMsg as RewardsQuery,
};
use secret_ai_interface::WorkerId;

use crate::node_chain::NodeChain;

/// Name under which the operator can revoke the agent's permits.
const PERMIT_NAME: &str = "secret-ai-worker";

impl NodeChain {
    /// What the operator earned, by a permit that the wallet signs for this query.
    pub async fn earnings(&self) -> Result<EarningsAnswer, ChainError> {
        let rewards = &self.contracts.rewards;
        let validity = Validity::an_hour(self.client.latest_block().await?.time);
        let (wallet, chain_id) = (&self.wallet, &self.chain_id);
        let permit = owner_permit(wallet, chain_id, &rewards.address, PERMIT_NAME, validity)?;
        let query = RewardsQuery::WithPermit {
            permit,
            query: PermitQuery::Earnings {},
        };
        self.client.query(rewards, &query).await
    }

    /// Pays out earnings of one token to the operator; all of them if `amount` is absent.
    pub async fn claim(
        &self,
        token: &str,
        amount: Option<u128>,
    ) -> Result<ClaimAnswer, ChainError> {
        let amount = amount.map(Uint128::new);
        let msg = RewardsMsg::Claim {
            token: Addr::unchecked(token),
            amount,
            padding: None,
        };
        self.execute(&self.contracts.rewards, &msg, self.gas.other)
            .await
    }

    /// Takes a worker out of service.
    pub async fn retire(&self, worker_id: WorkerId) -> Result<(), ChainError> {
        let msg = RegistryMsg::Retire {
            worker_id,
            padding: None,
        };
        self.send(&self.contracts.registry, &msg, self.gas.other)
            .await
            .map(drop)
    }
}
