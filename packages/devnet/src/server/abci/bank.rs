//! `cosmos.bank.v1beta1.Query`

use super::{
    proto::{
        bank::{CoinResponse, CoinsResponse, QueryBalanceRequest},
        Empty, PageResponse, Text,
    },
    unary, Served,
};
use crate::server::{answer::GrpcError, lookup, node::Node};
use cosmwasm_std::Coin;
use secret_ai_chain_client::Coin as ProtoCoin;

pub(super) fn serve(node: &Node, method: &str, request: &[u8]) -> Served {
    match method {
        // Nothing is ever locked: all coins are spendable.
        "Balance" | "SpendableBalanceByDenom" => unary(request, |r: QueryBalanceRequest| {
            let coin = lookup::balance(node, &r.address, &r.denom)?;
            Ok(CoinResponse {
                coin: Some(proto(&coin)),
            })
        }),
        "AllBalances" | "SpendableBalances" => unary(request, |Text { value: address }| {
            Ok(all(&lookup::balances(node, &address)?))
        }),
        "SupplyOf" => unary(request, |Text { value: denom }| {
            let supply = lookup::supply(node);
            let coin = supply.into_iter().find(|coin| coin.denom == denom);
            let coin = coin.unwrap_or_else(|| cosmwasm_std::coin(0, denom));
            Ok(CoinResponse {
                coin: Some(proto(&coin)),
            })
        }),
        "TotalSupply" => unary(request, |Empty {}| Ok(all(&lookup::supply(node)))),
        "DenomMetadata" => unary(request, |Text { value: denom }| {
            let text = format!("client metadata for denom {denom}");
            Err::<Empty, _>(GrpcError::not_found(text))
        }),
        _ => None,
    }
}

/// All coins at once, whatever page was asked for.
fn all(coins: &[Coin]) -> CoinsResponse {
    CoinsResponse {
        coins: coins.iter().map(proto).collect(),
        pagination: Some(PageResponse {
            total: coins.len() as u64,
        }),
    }
}

fn proto(coin: &Coin) -> ProtoCoin {
    ProtoCoin {
        denom: coin.denom.clone(),
        amount: coin.amount.to_string(),
    }
}
