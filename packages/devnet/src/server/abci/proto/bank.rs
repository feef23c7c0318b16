//! `cosmos/bank/v1beta1/query.proto`

use super::PageResponse;
use prost::Message;
use secret_ai_chain_client::proto::Coin;

/// `QueryBalanceRequest` and `QuerySpendableBalanceByDenomRequest`
#[derive(Clone, PartialEq, Message)]
pub struct QueryBalanceRequest {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(string, tag = "2")]
    pub denom: String,
}

/// `QueryBalanceResponse`, `QuerySpendableBalanceByDenomResponse` and `QuerySupplyOfResponse`
#[derive(Clone, PartialEq, Message)]
pub struct CoinResponse {
    #[prost(message, optional, tag = "1")]
    pub coin: Option<Coin>,
}

/// `QueryAllBalancesResponse`, `QuerySpendableBalancesResponse` and `QueryTotalSupplyResponse`
#[derive(Clone, PartialEq, Message)]
pub struct CoinsResponse {
    #[prost(message, repeated, tag = "1")]
    pub coins: Vec<Coin>,
    #[prost(message, optional, tag = "2")]
    pub pagination: Option<PageResponse>,
}
