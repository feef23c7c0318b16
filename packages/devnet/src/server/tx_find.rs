//! Search and simulation of transactions at the LCD.

use super::{
    answer::{json_body, Answer, GrpcError},
    books::TxRecord,
    lookup::number,
    node::SharedNode,
    search::{query_text, search, Page},
    submit,
    tx_json::{base64, from_base64},
};
use axum::{
    body::Bytes,
    extract::{Query, State},
    routing::{get, post},
    Json, Router,
};
use prost::Message;
use secret_ai_chain_client::proto::{Any, MsgStoreCodeResponse, TxMsgData, TypeUrl};
use serde_json::{json, Value};

pub(super) fn router() -> Router<SharedNode> {
    Router::new()
        .route("/cosmos/tx/v1beta1/txs", get(find))
        .route("/cosmos/tx/v1beta1/simulate", post(simulate))
}

async fn find(
    State(node): State<SharedNode>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Answer {
    let all = |name: &'static str| {
        let named = parameters.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.clone())
    };
    let text = |name| all(name).next().unwrap_or_default();
    let count = |name| match text(name).as_str() {
        "" => Ok(0),
        value => number(name, "ParseUint", value),
    };
    let query = query_text(&text("query"), &all("events").collect::<Vec<_>>())?;
    let page = Page::asked(
        count("page")?,
        count("pagination.offset")?,
        [count("limit")?, count("pagination.limit")?],
        matches!(text("order_by").as_str(), "ORDER_BY_DESC" | "2"),
    );
    node.run(move |node| {
        let found = search(node, &query, &page)?;
        let txs: Vec<&Value> = found.records.iter().map(|record| &record.tx).collect();
        let responses: Vec<Value> = found.records.iter().map(|r| response(r)).collect();
        let total = found.total.to_string();
        Ok(Json(json!({
            "txs": txs, "tx_responses": responses, "pagination": null, "total": total,
        })))
    })
    .await?
}

/// The `tx_response` of a transaction that is in a block.
pub(super) fn response(record: &TxRecord) -> Value {
    let mut response = record.response.clone();
    response["tx"] = record.tx.clone();
    response
}

async fn simulate(State(node): State<SharedNode>, body: Bytes) -> Answer {
    let body = json_body(&body)?;
    let field = ["tx_bytes", "txBytes"]
        .iter()
        .find_map(|name| body.get(name)?.as_str());
    let bytes = field
        .and_then(from_base64)
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| GrpcError::invalid("empty txBytes is not allowed"))?;
    node.run(move |node| {
        let simulated = submit::simulate(node, &bytes)?;
        let data = hex::decode(&simulated.data).unwrap_or_default();
        let answers = TxMsgData::decode(&data[..]).unwrap_or_default();
        let answers = answers.msg_responses.iter().map(msg_response);
        Ok(Json(json!({
            "gas_info": {
                "gas_wanted": submit::SIMULATION_GAS.to_string(),
                "gas_used": simulated.gas_used.to_string(),
            },
            "result": {
                "data": base64(&data),
                "log": "",
                "events": simulated.events,
                "msg_responses": answers.collect::<Vec<Value>>(),
            },
        })))
    })
    .await?
}

/// Of the messages that can be simulated, the upload alone answers something.
fn msg_response(any: &Any) -> Value {
    let mut json = json!({ "@type": any.type_url });
    if any.type_url == MsgStoreCodeResponse::TYPE_URL {
        let stored = MsgStoreCodeResponse::decode(&any.value[..]).unwrap_or_default();
        json["code_id"] = stored.code_id.to_string().into();
    }
    json
}
