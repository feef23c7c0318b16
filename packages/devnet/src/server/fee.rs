//! The fee of a transaction: whether it is enough and there, and its payment.

use super::{
    answer::GrpcError,
    ante::{DecodedTx, Refusal},
    node::{module_address, Node},
    seal::event_json,
    tx_json,
};
use crate::{bank, Attribute, Event};
use cosmwasm_std::Coin;
use secret_ai_chain_client::tx;
use serde_json::Value;

/// Least price of gas, in thousandths of a uscrt.
const MIN_GAS_PRICE_MILLI: u64 = 100;

/// Least price of gas as the SDK writes it.
pub(super) fn least_gas_price() -> String {
    let (whole, milli) = (MIN_GAS_PRICE_MILLI / 1000, MIN_GAS_PRICE_MILLI % 1000);
    format!("{whole}.{milli:03}uscrt")
}

/// Coins of a message or fee.
pub(super) fn coins(coins: &[secret_ai_chain_client::Coin]) -> Result<Vec<Coin>, Refusal> {
    let invalid = |c: &secret_ai_chain_client::Coin| {
        Refusal::sdk(10, format!("{}{}: invalid coins", c.amount, c.denom))
    };
    coins
        .iter()
        .map(|c| match c.amount.parse::<u128>() {
            Ok(amount) if !c.denom.is_empty() => Ok(cosmwasm_std::coin(amount, c.denom.clone())),
            _ => Err(invalid(c)),
        })
        .collect()
}

/// Refuses a fee below the least price of gas.
pub(super) fn check_price(tx: &DecodedTx) -> Result<(), Refusal> {
    let required = tx::fee(tx.fee.gas_limit, MIN_GAS_PRICE_MILLI);
    let paid = coins(&tx.fee.amount)?;
    let least: u128 = required.amount.parse().unwrap_or(u128::MAX);
    let enough = paid
        .iter()
        .any(|coin| coin.denom == "uscrt" && coin.amount.u128() >= least);
    if enough {
        return Ok(());
    }
    let got = listed(&paid);
    let log = format!(
        "insufficient fees; got: {got} required: {}{}: insufficient fee",
        required.amount, required.denom
    );
    Err(Refusal::sdk(13, log))
}

/// Refuses a fee that the sender does not have, or that is no list of coins as the SDK sorts them.
pub(super) fn check_funds(node: &Node, tx: &DecodedTx) -> Result<(), Refusal> {
    let fee = coins(&tx.fee.amount)?;
    let sorted = fee.is_sorted_by(|one, next| one.denom < next.denom);
    if !sorted || fee.iter().any(|coin| coin.amount.is_zero()) {
        let log = format!("invalid fee amount: {}: insufficient fee", listed(&fee));
        return Err(Refusal::sdk(13, log));
    }
    for coin in fee {
        let held = node.devnet.balance(&tx.sender, &coin.denom);
        if held < coin.amount.u128() {
            let denom = &coin.denom;
            // The bank's error, wrapped once more by the fee's decorator.
            let log = format!(
                "spendable balance {held}{denom} is smaller than {coin}: insufficient funds: \
                 insufficient funds"
            );
            return Err(Refusal::sdk(5, log));
        }
    }
    Ok(())
}

/// Takes the fee, which is gone whatever the messages do.
pub(super) fn pay(node: &mut Node, tx: &DecodedTx) -> Result<Vec<Value>, GrpcError> {
    let fee = coins(&tx.fee.amount).map_err(|r| GrpcError::unknown(r.log))?;
    let mut events = Vec::new();
    let collector = module_address("fee_collector");
    node.edit(|snapshot| {
        bank::send(
            &mut snapshot.world,
            &tx.sender,
            &collector,
            &fee,
            &mut events,
        )
    })
    .map_err(|_| GrpcError::unknown("fee cannot be paid"))?;
    let signature = tx
        .raw
        .signatures
        .first()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let acc_seq = format!("{}/{}", tx.sender, tx.signer_info.sequence);
    for (key, value) in [
        ("fee", listed(&fee)),
        ("acc_seq", acc_seq),
        ("signature", tx_json::base64(signature)),
    ] {
        events.push(Event {
            ty: "tx".into(),
            attributes: vec![Attribute::plain(key, value)],
        });
    }
    events
        .iter()
        .map(|event| event_json(event, None, None))
        .collect()
}

/// Coins as the SDK writes them.
fn listed(coins: &[Coin]) -> String {
    let coins: Vec<String> = coins.iter().map(ToString::to_string).collect();
    coins.join(",")
}
