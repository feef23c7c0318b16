//! The contracts' instantiation, the same on every chain: token, registry, billing, rewards.

use cosmwasm_std::{Addr, Binary, Uint128};
use secret_ai_interface::billing::{Timing, TokenConfig};
use secret_ai_interface::registry::Policy;
use secret_ai_interface::{billing, registry, rewards, token, Contract};

/// Windows short enough to be lived through: epochs of 4 s, 6 s to challenge.
pub const DEMO_TIMING: Timing = Timing {
    epoch_s: 4,
    grace_s: 60,
    challenge_s: 6,
};
/// Smallest deposit, base units.
pub const MIN_DEPOSIT: u128 = 1_000;

/// A contract by address and code hash.
pub fn contract(address: &str, code_hash: &str) -> Contract {
    Contract {
        address: Addr::unchecked(address),
        code_hash: code_hash.to_string(),
    }
}

/// A token with balances from the start.
pub fn token_msg(balances: &[(&str, u128)]) -> token::InstantiateMsg {
    let balance = |(address, amount): &(&str, u128)| token::InitialBalance {
        address: (*address).to_string(),
        amount: Uint128::new(*amount),
    };
    token::InstantiateMsg {
        name: "Secret AI development dollar".into(),
        admin: None,
        symbol: "DEVUSD".into(),
        decimals: 6,
        initial_balances: Some(balances.iter().map(balance).collect()),
        prng_seed: Binary::from(b"unused".as_slice()),
        config: None,
    }
}

/// A registry; with a development root it accepts simulated TEEs, and says so.
pub fn registry_msg(development_root: Option<Vec<u8>>) -> registry::InstantiateMsg {
    registry::InstantiateMsg {
        admin: None,
        development_root: development_root.map(Binary),
        policy: Policy {
            allow_sw_hardening_needed: false,
            allow_configuration_needed: false,
            max_workers_per_platform: 4,
        },
        challenge_s: 600,
        lease_s: 24 * 3_600,
    }
}

/// A billing contract for one token.
pub fn billing_msg(
    registry: &Contract,
    token: &Contract,
    timing: Timing,
) -> billing::InstantiateMsg {
    let min_deposit = Uint128::new(MIN_DEPOSIT);
    billing::InstantiateMsg {
        admin: None,
        registry: registry.clone(),
        tokens: vec![TokenConfig {
            contract: token.clone(),
            min_deposit,
        }],
        timing,
    }
}

/// A rewards contract for billing.
pub fn rewards_msg(billing: &Contract) -> rewards::InstantiateMsg {
    rewards::InstantiateMsg {
        billing: billing.clone(),
    }
}
