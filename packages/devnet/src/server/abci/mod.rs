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

/// Answers a method of a service.
type Service = fn(&mut Node, &str, &[u8]) -> Served;

const SERVICES: [(&str, Service); 7] = [
    ("cosmos.auth.v1beta1.Query", |node, method, request| {
        auth::serve(node, method, request)
    }),
    ("cosmos.bank.v1beta1.Query", |node, method, request| {
        bank::serve(node, method, request)
    }),
    (
        "cosmos.base.node.v1beta1.Service",
        |node, method, request| base::serve_node(node, method, request),
    ),
    (
        "cosmos.base.tendermint.v1beta1.Service",
        |node, method, request| base::serve_tendermint(node, method, request),
    ),
    ("cosmos.tx.v1beta1.Service", tx::serve),
    ("secret.compute.v1beta1.Query", |node, method, request| {
        compute::serve(node, method, request)
    }),
    (
        "secret.registration.v1beta1.Query",
        |node, method, request| compute::serve_registration(node, method, request),
    ),
];

/// Answers a call of `/package.Service/Method`.
pub(super) fn serve(node: &mut Node, path: &str, request: &[u8]) -> Result<Vec<u8>, GrpcError> {
    service(path)
        .and_then(|(serve, method)| serve(node, method, request))
        .unwrap_or_else(|| Err(not_served(path)))
}

/// Whether the service of this path is here; its method need not be.
pub(super) fn has_service(path: &str) -> bool {
    service(path).is_some()
}

pub(super) fn not_served(path: &str) -> GrpcError {
    GrpcError::not_served(format!("secret-devnet does not serve {path}"))
}

/// The service of a path, and the method's name.
fn service(path: &str) -> Option<(Service, &str)> {
    let (name, method) = path.trim_start_matches('/').split_once('/')?;
    let (_, service) = SERVICES.iter().find(|(known, _)| *known == name)?;
    Some((*service, method))
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
