//! `cosmos.tx.v1beta1.Service`

use super::{
    proto::{
        tx::{
            BroadcastTxRequest, BroadcastTxResponse, Event, EventAttribute, GasInfo, GetTxResponse,
            GetTxsEventRequest, GetTxsEventResponse, SimulateRequest, SimulateResponse,
            SimulationResult, TxResponse, BROADCAST_MODE_ASYNC, BROADCAST_MODE_SYNC, ORDER_BY_DESC,
        },
        PageResponse, Text,
    },
    unary, Served,
};
use crate::server::{
    answer::GrpcError,
    books::TxRecord,
    node::Node,
    search::{query_text, search, Page},
    submit,
};
use prost::Message;
use secret_ai_chain_client::{
    proto::{Any, TxMsgData, TxRaw},
    tx,
};
use serde_json::Value;

pub(super) fn serve(node: &mut Node, method: &str, request: &[u8]) -> Served {
    match method {
        "BroadcastTx" => unary(request, |r: BroadcastTxRequest| broadcast(node, &r)),
        "Simulate" => unary(request, |r: SimulateRequest| simulate(node, r)),
        "GetTx" => unary(request, |Text { value: hash }| {
            let record = node.tx(&hash)?;
            Ok(GetTxResponse {
                tx: Some(raw(record)?),
                tx_response: Some(response(record)),
            })
        }),
        "GetTxsEvent" => unary(request, |r: GetTxsEventRequest| find(node, &r)),
        _ => None,
    }
}

fn broadcast(
    node: &mut Node,
    request: &BroadcastTxRequest,
) -> Result<BroadcastTxResponse, GrpcError> {
    if request.tx_bytes.is_empty() {
        return Err(GrpcError::invalid("invalid empty tx"));
    }
    let wait_for_check = match request.mode {
        BROADCAST_MODE_SYNC => true,
        BROADCAST_MODE_ASYNC => false,
        other => {
            let text =
                format!("unsupported return type {other}; supported types: sync (2), async (3)");
            return Err(GrpcError::invalid(text));
        }
    };
    let refusal = submit::submit(node, &request.tx_bytes)?.filter(|_| wait_for_check);
    let mut tx_response = TxResponse {
        txhash: tx::hash(&request.tx_bytes),
        ..TxResponse::default()
    };
    if let Some(refusal) = refusal {
        tx_response.codespace = refusal.codespace.into();
        tx_response.code = refusal.code;
        tx_response.raw_log = refusal.log;
    }
    Ok(BroadcastTxResponse {
        tx_response: Some(tx_response),
    })
}

fn simulate(node: &Node, request: SimulateRequest) -> Result<SimulateResponse, GrpcError> {
    let bytes = match request.tx {
        Some(tx) if request.tx_bytes.is_empty() => tx.encode_to_vec(),
        _ => request.tx_bytes,
    };
    if bytes.is_empty() {
        return Err(GrpcError::invalid("empty txBytes is not allowed"));
    }
    let simulated = submit::simulate(node, &bytes)?;
    let data = hex::decode(&simulated.data).unwrap_or_default();
    let answers = TxMsgData::decode(&data[..]).unwrap_or_default();
    Ok(SimulateResponse {
        gas_info: Some(GasInfo {
            gas_wanted: submit::SIMULATION_GAS,
            gas_used: simulated.gas_used,
        }),
        result: Some(SimulationResult {
            data,
            events: simulated.events.iter().map(event).collect(),
            msg_responses: answers.msg_responses,
        }),
    })
}

fn find(node: &Node, request: &GetTxsEventRequest) -> Result<GetTxsEventResponse, GrpcError> {
    let query = query_text(&request.query, &request.events)?;
    let asked = request.pagination.clone().unwrap_or_default();
    let sizes = [request.limit, asked.limit];
    let descending = request.order_by == ORDER_BY_DESC;
    let page = Page::asked(request.page, asked.offset, sizes, descending);
    let found = search(node, &query, &page)?;
    Ok(GetTxsEventResponse {
        txs: found
            .records
            .iter()
            .map(|r| raw(r))
            .collect::<Result<_, _>>()?,
        tx_responses: found.records.iter().map(|r| response(r)).collect(),
        pagination: Some(PageResponse { total: found.total }),
        total: found.total,
    })
}

fn raw(record: &TxRecord) -> Result<TxRaw, GrpcError> {
    TxRaw::decode(&record.bytes[..]).map_err(|e| GrpcError::unknown(e.to_string()))
}

fn response(record: &TxRecord) -> TxResponse {
    let json = &record.response;
    let text = |field: &str| json[field].as_str().unwrap_or_default().to_owned();
    let number = |field: &str| text(field).parse().unwrap_or_default();
    TxResponse {
        height: number("height"),
        txhash: record.hash.clone(),
        codespace: text("codespace"),
        code: json["code"].as_u64().unwrap_or_default() as u32,
        data: text("data"),
        raw_log: text("raw_log"),
        gas_wanted: number("gas_wanted"),
        gas_used: number("gas_used"),
        tx: Some(Any {
            type_url: "/cosmos.tx.v1beta1.Tx".into(),
            value: record.bytes.clone(),
        }),
        timestamp: text("timestamp"),
        events: list(&json["events"]).map(event).collect(),
    }
}

fn event(json: &Value) -> Event {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Event {
        r#type: text(&json["type"]),
        attributes: list(&json["attributes"])
            .map(|attribute| EventAttribute {
                key: text(&attribute["key"]),
                value: text(&attribute["value"]),
                index: attribute["index"].as_bool().unwrap_or_default(),
            })
            .collect(),
    }
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}
