//! Native coins.

use cosmwasm_std::Coin;

use crate::address;
use crate::error::ExecError;
use crate::state::World;
use crate::tx::{Attribute, Event};

/// Base units of `denom` that `address` holds.
pub fn balance(world: &World, address: &str, denom: &str) -> Coin {
    let key = (address.to_owned(), denom.to_owned());
    cosmwasm_std::coin(world.balances.get(&key).copied().unwrap_or(0), denom)
}

/// Everything that `address` holds, by denomination.
pub fn balances(world: &World, address: &str) -> Vec<Coin> {
    let from = (address.to_owned(), String::new());
    world
        .balances
        .range(from..)
        .take_while(|((owner, _), _)| owner == address)
        .map(|((_, denom), amount)| cosmwasm_std::coin(*amount, denom.clone()))
        .collect()
}

/// Adds coins to an address.
pub fn mint(world: &mut World, address: &str, coin: &Coin) -> Result<(), ExecError> {
    let held = balance(world, address, &coin.denom).amount.u128();
    let sum = held.checked_add(coin.amount.u128()).ok_or_else(|| {
        ExecError::sdk(
            10,
            format!("balance of {} overflows: invalid coins", coin.denom),
        )
    })?;
    set(world, address, &coin.denom, sum);
    Ok(())
}

/// Moves coins and writes the chain's events.
pub fn send(
    world: &mut World,
    from: &str,
    to: &str,
    coins: &[Coin],
    events: &mut Vec<Event>,
) -> Result<(), ExecError> {
    let to = &address::normal(to)?;
    for coin in coins {
        if coin.amount.is_zero() || coin.denom.is_empty() {
            return Err(ExecError::sdk(10, format!("{coin}: invalid coins")));
        }
        let held = balance(world, from, &coin.denom).amount.u128();
        let left = held.checked_sub(coin.amount.u128()).ok_or_else(|| {
            let denom = &coin.denom;
            ExecError::sdk(
                5,
                format!(
                    "spendable balance {held}{denom} is smaller than {coin}: insufficient funds"
                ),
            )
        })?;
        set(world, from, &coin.denom, left);
        mint(world, to, coin)?;
    }
    events.extend(transfer_events(from, to, coins));
    Ok(())
}

fn set(world: &mut World, address: &str, denom: &str, amount: u128) {
    let key = (address.to_owned(), denom.to_owned());
    match amount {
        0 => world.balances.remove(&key),
        _ => world.balances.insert(key, amount),
    };
}

fn transfer_events(from: &str, to: &str, coins: &[Coin]) -> [Event; 4] {
    let amount = coins
        .iter()
        .map(Coin::to_string)
        .collect::<Vec<_>>()
        .join(",");
    let event = |ty: &str, attributes: &[(&str, &str)]| Event {
        ty: ty.to_owned(),
        attributes: attributes
            .iter()
            .map(|(key, value)| Attribute::plain(*key, *value))
            .collect(),
    };
    [
        event("coin_spent", &[("spender", from), ("amount", &amount)]),
        event("coin_received", &[("receiver", to), ("amount", &amount)]),
        event(
            "transfer",
            &[("recipient", to), ("sender", from), ("amount", &amount)],
        ),
        event("message", &[("sender", from)]),
    ]
}
