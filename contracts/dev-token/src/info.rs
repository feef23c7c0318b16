//! Instantiation, and what everybody may know.

use cosmwasm_std::{Deps, DepsMut, MessageInfo, Response, StdResult};
use secret_ai_contract_kit::{checked_address, padding};
use secret_ai_interface::token::{InitConfig, InstantiateMsg, QueryAnswer};

use crate::error::TokenError;
use crate::state::{self, Config, MAX_DECIMALS, NAME_LENGTH, SYMBOL_LENGTH};

pub fn instantiate(
    deps: DepsMut,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, TokenError> {
    check_names(&msg)?;
    let switches = msg.config.unwrap_or_default();
    refuse_missing_features(&switches)?;
    let admin = match &msg.admin {
        Some(admin) => checked_address("admin", admin)?,
        None => info.sender,
    };
    let mint_enabled = switches.enable_mint.unwrap_or(false);
    if mint_enabled {
        state::set_minters(deps.storage, std::slice::from_ref(&admin))?;
    }
    for balance in msg.initial_balances.unwrap_or_default() {
        let owner = checked_address("initial_balances.address", &balance.address)?;
        state::create(deps.storage, &owner, balance.amount)?;
    }
    let config = Config {
        name: msg.name,
        symbol: msg.symbol,
        decimals: msg.decimals,
        admin,
        public_total_supply: switches.public_total_supply.unwrap_or(false),
        mint_enabled,
    };
    config.save(deps.storage);
    Ok(padding::respond_empty())
}

fn check_names(msg: &InstantiateMsg) -> Result<(), TokenError> {
    let out_of_range = |field, given: usize, rule| {
        Err(TokenError::OutOfRange {
            field,
            given: given as u64,
            rule,
        })
    };
    if !NAME_LENGTH.contains(&msg.name.len()) {
        return out_of_range("name", msg.name.len(), "3 to 30 bytes");
    }
    if !SYMBOL_LENGTH.contains(&msg.symbol.len()) {
        return out_of_range("symbol", msg.symbol.len(), "3 to 20 characters");
    }
    if !msg.symbol.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(TokenError::BadSymbol);
    }
    if msg.decimals > MAX_DECIMALS {
        return out_of_range("decimals", msg.decimals.into(), "0 to 18");
    }
    Ok(())
}

/// A switch that would turn on what this token does not have is an error, not a lie.
fn refuse_missing_features(switches: &InitConfig) -> Result<(), TokenError> {
    let missing = [
        ("enable_deposit", switches.enable_deposit),
        ("enable_redeem", switches.enable_redeem),
        ("enable_burn", switches.enable_burn),
        ("can_modify_denoms", switches.can_modify_denoms),
    ];
    match missing.into_iter().find(|(_, on)| *on == Some(true)) {
        Some((field, _)) => Err(TokenError::NoSuchFeature { field }),
        None => Ok(()),
    }
}

pub fn token_info(deps: Deps) -> StdResult<QueryAnswer> {
    let config = Config::load(deps.storage)?;
    let total_supply = if config.public_total_supply {
        Some(state::supply(deps.storage)?)
    } else {
        None
    };
    Ok(QueryAnswer::TokenInfo {
        name: config.name,
        symbol: config.symbol,
        decimals: config.decimals,
        total_supply,
    })
}

pub fn token_config(deps: Deps) -> StdResult<QueryAnswer> {
    let config = Config::load(deps.storage)?;
    Ok(QueryAnswer::TokenConfig {
        public_total_supply: config.public_total_supply,
        deposit_enabled: false,
        redeem_enabled: false,
        mint_enabled: config.mint_enabled,
        burn_enabled: false,
        supported_denoms: vec![],
    })
}
