//! `receive`: deposits, and sessions opened in the same transaction.

use cosmwasm_std::{
    from_binary, Addr, Attribute, Binary, DepsMut, Env, MessageInfo, Response, Uint128,
};
use secret_ai_contract_kit::checked_address;
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::notification::{attributes, Event, Note};
use secret_ai_contract_kit::padding::respond_empty;
use secret_ai_contract_kit::random::{random, Stream};
use secret_ai_interface::billing::{ReceiveMsg, TokenConfig};

use crate::error::ContractError;
use crate::gas;
use crate::open::open;
use crate::state::{account, save_account, Config};

/// From an accepted token: `amount` of `from`'s tokens, moved by `sender`, now lie in the vault.
pub fn receive(
    mut deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    (sender, from): (Addr, Addr),
    amount: Uint128,
    msg: Option<Binary>,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::DEPOSIT);
    let config = Config::load(deps.storage)?;
    let token = config.token(&info.sender)?;
    let min = token.1.min_deposit;
    if amount < min {
        let (amount, min) = (amount.u128(), min.u128());
        return Err(ContractError::DepositTooSmall { amount, min });
    }
    let reason = "expected deposit or open_sessions";
    let missing = ContractError::Invalid {
        field: "msg",
        reason,
    };
    let from = checked_address("from", from.as_str())?;
    match from_binary(&msg.ok_or(missing)?)? {
        ReceiveMsg::Deposit { beneficiary, .. } => {
            let owner = match beneficiary {
                Some(b) => checked_address("beneficiary", b.as_str())?,
                None => from,
            };
            let notified = credit(&mut deps, &env, &owner, token, amount)?;
            Ok(respond_empty().add_attributes(notified))
        }
        ReceiveMsg::OpenSessions { sessions, .. } => {
            flat_gas::target(gas::deposit_and_open(sessions.len()));
            // Whoever has an allowance may bring tokens, but not spend what was here before.
            if sender != from {
                let must_be = "the owner of the tokens, to open sessions";
                return Err(ContractError::Unauthorized { must_be });
            }
            let notified = credit(&mut deps, &env, &from, token, amount)?;
            Ok(open(deps, env, &from, token.0, sessions)?.add_attributes(notified))
        }
    }
}

/// Adds to the owner's free balance, and tells the owner.
fn credit(
    deps: &mut DepsMut,
    env: &Env,
    owner: &Addr,
    token: (u8, &TokenConfig),
    amount: Uint128,
) -> Result<Vec<Attribute>, ContractError> {
    let (index, config) = token;
    let amount = amount.u128();
    let mut account = account(deps.storage, owner)?;
    account.credit(index, amount)?;
    save_account(deps.storage, owner, &account);
    let event = Event::DepositCredited {
        token: config.contract.address.clone(),
        amount,
    };
    let note = Note {
        to: owner.clone(),
        events: vec![Some(event)],
    };
    let mut stream = Stream::new(random(env, "deposit")?);
    Ok(attributes(deps.storage, env, &mut stream, &[note])?)
}
