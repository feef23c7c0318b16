//! `receive`: deposits, and sessions opened in the same transaction.

use cosmwasm_std::{from_binary, Addr, Binary, DepsMut, Env, MessageInfo, Response, Uint128};
use secret_ai_contract_kit::checked_address;
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::respond_empty;
use secret_ai_interface::billing::ReceiveMsg;

use crate::error::ContractError;
use crate::gas;
use crate::open::open;
use crate::state::{account, save_account, Config};

/// From an accepted token: `amount` of `from`'s tokens, moved by `sender`, now lie in the vault.
pub fn receive(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    (sender, from): (Addr, Addr),
    amount: Uint128,
    msg: Option<Binary>,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::DEPOSIT);
    let config = Config::load(deps.storage)?;
    let (token, row) = config.token(&info.sender)?;
    if amount < row.min_deposit {
        let (amount, min) = (amount.u128(), row.min_deposit.u128());
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
            let mut account = account(deps.storage, &owner)?;
            account.credit(token, amount.u128())?;
            save_account(deps.storage, &owner, &account);
            Ok(respond_empty())
        }
        ReceiveMsg::OpenSessions { sessions, .. } => {
            flat_gas::target(gas::deposit_and_open(sessions.len()));
            // Whoever has an allowance may bring tokens, but not spend what was here before.
            if sender != from {
                let must_be = "the owner of the tokens, to open sessions";
                return Err(ContractError::Unauthorized { must_be });
            }
            let mut account = account(deps.storage, &from)?;
            account.credit(token, amount.u128())?;
            save_account(deps.storage, &from, &account);
            open(deps, env, &from, token, sessions)
        }
    }
}
