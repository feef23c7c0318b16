//! gRPC as a client of HTTP/2 sees it.

use super::{
    harness::{start, Harness},
    rpc::{text, Balances},
};
use http_body_util::{combinators::BoxBody, BodyExt, Full};
use hyper::{
    body::{Body, Bytes, Frame},
    client::conn::http2,
    header::HeaderMap,
    Request,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use secret_ai_chain_client::Wallet;
use serde_json::json;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::net::TcpStream;

/// A request that a client never ends.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// Code, message of the error if any, and the answer's bytes.
struct Answer {
    code: u32,
    message: String,
    height: Option<String>,
    body: Bytes,
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat()
}

impl Harness {
    /// A query through `abci_query`: the answer, or code and log.
    pub async fn abci(&self, path: &str, data: &[u8]) -> Result<Vec<u8>, (u64, String)> {
        let params = json!({ "path": path, "data": hex::encode(data) });
        let answer = self.rpc("abci_query", params).await.unwrap();
        let response = &answer["response"];
        match response["code"].as_u64().unwrap() {
            0 => {
                use base64::{engine::general_purpose::STANDARD, Engine};
                Ok(STANDARD
                    .decode(response["value"].as_str().unwrap())
                    .unwrap())
            }
            code => Err((code, response["log"].as_str().unwrap().to_owned())),
        }
    }

    async fn grpc(&self, path: &str, body: Vec<u8>) -> Answer {
        self.grpc_stream(path, Full::new(Bytes::from(body)).boxed())
            .await
    }

    async fn grpc_stream(&self, path: &str, body: BoxBody<Bytes, Infallible>) -> Answer {
        let io = TokioIo::new(TcpStream::connect(self.server.grpc).await.unwrap());
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let request = Request::post(format!("http://{}{path}", self.server.grpc))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(body)
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let headers = response.headers().clone();
        let collected = response.into_body().collect().await.unwrap();
        let trailers = collected.trailers().cloned().unwrap_or_default();
        let find = |name: &str| {
            let value = |map: &HeaderMap| Some(map.get(name)?.to_str().unwrap().to_owned());
            value(&headers).or_else(|| value(&trailers))
        };
        Answer {
            code: find("grpc-status").unwrap().parse().unwrap(),
            message: find("grpc-message").unwrap_or_default(),
            height: find("x-cosmos-block-height"),
            body: collected.to_bytes(),
        }
    }
}

#[tokio::test]
async fn a_call_answers_as_abci_query_does() {
    let harness = start().await;
    let path = "/cosmos.bank.v1beta1.Query/AllBalances";
    let request = text(harness.a.address());
    let answer = harness.grpc(path, framed(&request)).await;
    assert_eq!((answer.code, answer.message.as_str()), (0, ""));
    assert_eq!(answer.height.as_deref(), Some("1"));
    let abci = harness.abci(path, &request).await.unwrap();
    assert_eq!(answer.body, framed(&abci));
    let balances = Balances::decode(&abci[..]).unwrap();
    assert_eq!(balances.coins.len(), 1);
}

#[tokio::test]
async fn errors_have_grpc_codes() {
    let harness = start().await;
    let stranger = Wallet::from_private_key(&[9; 32]).unwrap();
    let account = "/cosmos.auth.v1beta1.Query/Account";
    let compressed = vec![1, 0, 0, 0, 0];
    let short = vec![0, 0, 0, 0, 9, 1];
    let contract = "/secret.compute.v1beta1.Query/ContractInfo";
    for (path, body, code, words) in [
        (
            contract,
            framed(&text(stranger.address())),
            2,
            "codespace compute code 9: not found",
        ),
        (account, framed(&text(stranger.address())), 5, "not found"),
        (account, framed(&[255]), 3, "protobuf"),
        (account, Vec::new(), 3, "no gRPC message"),
        (account, short, 3, "prefix says 9"),
        (account, compressed, 12, "compressed"),
        (
            "/cosmos.gov.v1.Query/Params",
            framed(&[]),
            12,
            "does not serve",
        ),
        (
            "/cosmos.auth.v1beta1.Query/Nope",
            framed(&[]),
            12,
            "does not serve",
        ),
    ] {
        let answer = harness.grpc(path, body).await;
        assert_eq!(answer.code, code, "{path}: {}", answer.message);
        assert!(answer.message.contains(words), "{path}: {}", answer.message);
        assert!(answer.body.is_empty());
    }
    let metadata = framed(&text("ü%"));
    let answer = harness
        .grpc("/cosmos.bank.v1beta1.Query/DenomMetadata", metadata)
        .await;
    assert_eq!(answer.message, "client metadata for denom %C3%BC%25");
}

/// Reflection is a stream, which grpcurl opens first of all.
#[tokio::test]
async fn a_stream_is_refused_without_waiting_for_its_end() {
    let harness = start().await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let answer = harness.grpc_stream(path, Endless.boxed()).await;
    assert_eq!(answer.code, 12, "{}", answer.message);
}
