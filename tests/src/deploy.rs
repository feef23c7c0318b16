//! The contracts' instantiation, the same on every chain: token, registry, billing, rewards.

use cosmwasm_std::{Addr, Binary, Uint128};
use secret_ai_interface::billing::{Timing, TokenConfig};
use secret_ai_interface::registry::{
    DevelopmentRoots, Policy, SnpMinTcb, SnpPolicy, SnpProduct, TdxPolicy,
};
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

/// Strict: up-to-date platforms only. Real AMD platforms all have SMT on.
pub fn policy() -> Policy {
    let min = |product, snp, microcode| SnpMinTcb {
        product,
        fmc: 0,
        boot_loader: 3,
        tee: 0,
        snp,
        microcode,
    };
    Policy {
        tdx: TdxPolicy {
            allow_sw_hardening_needed: false,
            allow_configuration_needed: false,
            out_of_date_grace_s: 0,
            denied_advisories: vec![],
            min_tcb_evaluation_number: 0,
            max_tcb_evaluation_number: None,
            max_collateral_age_s: 30 * 86_400,
        },
        snp: SnpPolicy {
            allow_smt: true,
            allow_vlek: false,
            allow_version_2: false,
            max_crl_age_s: 31_622_400,
            min_tcb: vec![
                min(SnpProduct::Milan, 8, 115),
                min(SnpProduct::Genoa, 14, 62),
            ],
        },
        max_workers_per_platform: 4,
        known_platforms_only: false,
        heartbeat_s: 3_600,
    }
}

/// A registry; with development roots it accepts simulated TEEs, and says so.
pub fn registry_msg(development_roots: Option<DevelopmentRoots>) -> registry::InstantiateMsg {
    registry::InstantiateMsg {
        admin: None,
        development_roots,
        policy: policy(),
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
