//! `credit`: billing tells, sealed, what a finalized cohort earned.

use cosmwasm_std::{Addr, Binary, DepsMut, Env, MessageInfo, Response};
use secret_ai_contract_kit::credit::Credit;
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::notification::{attributes, Event, Note};
use secret_ai_contract_kit::padding::respond_empty;
use secret_ai_contract_kit::random::{random, Stream};
use secret_ai_contract_kit::row::{Reader, Row};
use secret_ai_contract_kit::sealed::open;
use secret_ai_interface::billing::MAX_TOKENS;

use crate::error::ContractError;
use crate::gas;
use crate::state::{earned, save_earned, Config};

/// From billing only: every operator that has a page in the cohort, those who earned nothing too.
pub fn credit(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    sealed: &Binary,
) -> Result<Response, ContractError> {
    let config = Config::load(deps.storage)?;
    if info.sender != config.billing.address {
        return Err(ContractError::Unauthorized {
            must_be: "the billing contract",
        });
    }
    let payload = open(deps.storage, sealed)?;
    let rows = payload.len().checked_div(Credit::SIZE).unwrap_or(0);
    flat_gas::target(gas::credit(rows));
    let (mut rows, mut notes) = (Reader::new(&payload), Vec::new());
    while !rows.is_empty() {
        let Credit { operator, amounts } = Credit::read(&mut rows)?;
        if cfg!(feature = "leak-p5") && amounts.iter().all(|amount| *amount == 0) {
            continue;
        }
        let mut row = earned(deps.storage, &operator)?;
        row.earn(&amounts)?;
        save_earned(deps.storage, &operator, &row);
        notes.push(note(&config, operator, &amounts));
    }
    let mut stream = Stream::new(random(env, "credit")?);
    let notified = attributes(deps.storage, env, &mut stream, &notes)?;
    Ok(respond_empty().add_attributes(notified))
}

/// What an operator is told: the first token of which it earned something.
fn note(config: &Config, to: Addr, amounts: &[u128; MAX_TOKENS]) -> Note {
    let earned = config.tokens.iter().zip(amounts).find(|(_, a)| **a > 0);
    let event = earned.map(|(token, amount)| Event::EarningsCredited {
        token: token.clone(),
        amount: *amount,
    });
    let events = vec![event];
    Note { to, events }
}
