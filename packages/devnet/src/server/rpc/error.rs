//! Errors of JSON-RPC, with CometBFT's codes and texts.

use crate::server::answer::GrpcError;
use serde_json::{json, Value};

#[derive(Debug)]
pub(super) struct RpcError {
    code: i32,
    message: &'static str,
    data: String,
}

impl RpcError {
    /// The body is no JSON.
    pub fn parse(data: impl Into<String>) -> Self {
        Self {
            code: -32700,
            message: "Parse error. Invalid JSON",
            data: data.into(),
        }
    }

    /// The request as a whole is not taken.
    pub fn request(data: impl Into<String>) -> Self {
        Self {
            code: -32600,
            message: "Invalid Request",
            data: data.into(),
        }
    }

    /// There is no such method here.
    pub fn no_method(name: &str) -> Self {
        Self {
            code: -32601,
            message: "Method not found",
            data: format!("secret-devnet does not serve {name:?}"),
        }
    }

    /// An argument is not what the method takes.
    pub fn invalid(data: impl Into<String>) -> Self {
        Self {
            code: -32602,
            message: "Invalid params",
            data: data.into(),
        }
    }

    /// The method failed.
    pub fn internal(data: impl Into<String>) -> Self {
        Self {
            code: -32603,
            message: "Internal error",
            data: data.into(),
        }
    }

    pub fn json(&self) -> Value {
        json!({ "code": self.code, "message": self.message, "data": self.data })
    }
}

impl From<GrpcError> for RpcError {
    fn from(error: GrpcError) -> Self {
        Self::internal(error.message)
    }
}
