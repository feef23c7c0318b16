//! The node's protobuf query services: one table, reached through `abci_query` of the RPC and through
//! gRPC.

mod auth;
mod bank;
mod base;
mod compute;
pub(super) mod proto;
mod tx;

use super::{answer::GrpcError, node::Node};
use prost::Message;

/// Answers a call of `/package.Service/Method`.
pub(super) fn serve(node: &mut Node, path: &str, request: &[u8]) -> Result<Vec<u8>, GrpcError> {
    let answer = match path.trim_start_matches('/').split_once('/') {
        Some(("cosmos.auth.v1beta1.Query", method)) => auth::serve(node, method, request),
        Some(("cosmos.bank.v1beta1.Query", method)) => bank::serve(node, method, request),
        Some(("cosmos.base.node.v1beta1.Service", method)) => {
            base::serve_node(node, method, request)
        }
        Some(("cosmos.base.tendermint.v1beta1.Service", method)) => {
            base::serve_tendermint(node, method, request)
        }
        Some(("cosmos.tx.v1beta1.Service", method)) => tx::serve(node, method, request),
        Some(("secret.compute.v1beta1.Query", method)) => compute::serve(node, method, request),
        Some(("secret.registration.v1beta1.Query", method)) => {
            compute::serve_registration(node, method, request)
        }
        _ => None,
    };
    answer.unwrap_or_else(|| {
        Err(GrpcError::not_served(format!(
            "secret-devnet does not serve {path}"
        )))
    })
}

/// An encoded answer; none if the service has no such method here.
type Served = Option<Result<Vec<u8>, GrpcError>>;

/// Decodes the request, answers it and encodes the answer.
fn unary<Q: Message + Default, A: Message>(
    request: &[u8],
    answer: impl FnOnce(Q) -> Result<A, GrpcError>,
) -> Served {
    let decoded = Q::decode(request)
        .map_err(|e| GrpcError::invalid(format!("request is no protobuf of its type: {e}")));
    let answered = decoded.and_then(answer);
    Some(answered.map(|answer| answer.encode_to_vec()))
}
