//! What a worker offers, and `update`, which replaces it.

use cosmwasm_std::{DepsMut, MessageInfo, Response};
use secret_ai_contract_kit::{checked_address, padding};
use secret_ai_interface::registry::{Listing, ModelListing};
use secret_ai_interface::{WorkerId, MAX_COUNT, MAX_MODEL_NAME};

use crate::error::ContractError;
use crate::state::save_listing;
use crate::workers::own_worker;

const MAX_URL: usize = 128;
const MAX_MODELS: usize = 16;
const SCHEMES: [&str; 2] = ["https://", "http://"];

pub fn update(
    deps: DepsMut,
    info: MessageInfo,
    worker_id: WorkerId,
    listing: Listing,
) -> Result<Response, ContractError> {
    check(&listing)?;
    own_worker(deps.storage, &worker_id, &info.sender)?;
    save_listing(deps.storage, &worker_id, &listing)?;
    Ok(padding::respond_empty())
}

/// Fails unless everything in it is of the length, count and form that the interface says.
pub fn check(listing: &Listing) -> Result<(), ContractError> {
    check_url(&listing.url)?;
    let have = listing.models.len();
    if have > MAX_MODELS {
        return Err(ContractError::Count {
            field: "models",
            have,
            max: MAX_MODELS,
        });
    }
    for (number, model) in listing.models.iter().enumerate() {
        check_model(model)?;
        let before = listing.models.iter().take(number);
        let mut same =
            before.filter(|other| (&other.model, &other.token) == (&model.model, &model.token));
        if same.next().is_some() {
            return Err(format("models", "lists a model twice in one token"));
        }
    }
    Ok(())
}

fn check_url(url: &str) -> Result<(), ContractError> {
    check_length("url", url, MAX_URL)?;
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format("url", "has a character that is not printable ASCII"));
    }
    let host = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() => Ok(()),
        _ => Err(format(
            "url",
            "must begin with https:// or http:// and name a host",
        )),
    }
}

fn check_model(listed: &ModelListing) -> Result<(), ContractError> {
    check_length("model", &listed.model, MAX_MODEL_NAME)?;
    if listed.model.chars().any(char::is_control) {
        return Err(format("model", "has a control character"));
    }
    checked_address("token", listed.token.as_str())?;
    for (number, rate) in listed.rates.iter().enumerate() {
        if rate.rate >= MAX_COUNT {
            let max = MAX_COUNT.saturating_sub(1);
            return Err(ContractError::Range {
                field: "rate",
                have: rate.rate,
                min: 0,
                max,
            });
        }
        if listed
            .rates
            .iter()
            .take(number)
            .any(|other| other.unit == rate.unit)
        {
            return Err(format("rates", "name a unit twice"));
        }
    }
    Ok(())
}

fn check_length(field: &'static str, text: &str, max: usize) -> Result<(), ContractError> {
    let have = text.len();
    if (1..=max).contains(&have) {
        Ok(())
    } else {
        Err(ContractError::Length {
            field,
            have,
            min: 1,
            max,
        })
    }
}

fn format(field: &'static str, reason: &'static str) -> ContractError {
    ContractError::Format { field, reason }
}
