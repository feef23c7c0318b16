//! Lists of models in Ollama's words. What only a local store of model files would know is empty.

use secret_ai_engine::ModelInfo;
use serde_json::{json, Value};

/// The version of Ollama whose API these routes follow; clients compare it with what they need.
pub const API_VERSION: &str = "0.33.0";
/// There is no file to hash; some clients cut a prefix off.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Nobody has modified a model since.
const NO_TIME: &str = "1970-01-01T00:00:00Z";
/// Models stay loaded.
const NEVER: &str = "9999-12-31T23:59:59Z";

/// Answer of `GET /api/tags`.
pub fn listed(models: &[ModelInfo]) -> Value {
    let model = |info: &ModelInfo| {
        json!({
            "name": info.id,
            "model": info.id,
            "modified_at": NO_TIME,
            "size": 0,
            "digest": NO_DIGEST,
            "details": details(),
        })
    };
    json!({ "models": models.iter().map(model).collect::<Vec<_>>() })
}

/// Answer of `GET /api/ps`.
pub fn running(models: &[ModelInfo]) -> Value {
    let model = |info: &ModelInfo| {
        json!({
            "name": info.id,
            "model": info.id,
            "size": 0,
            "size_vram": 0,
            "digest": NO_DIGEST,
            "details": details(),
            "expires_at": NEVER,
            "context_length": info.context_length,
        })
    };
    json!({ "models": models.iter().map(model).collect::<Vec<_>>() })
}

/// Answer of `POST /api/show`.
pub fn shown(info: &ModelInfo) -> Value {
    json!({
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": details(),
        // Clients look for the context under the name of the architecture.
        "model_info": {
            "general.architecture": "secret-ai",
            "general.basename": info.id,
            "secret-ai.context_length": info.context_length,
        },
        "capabilities": ["completion"],
        "modified_at": NO_TIME,
    })
}

fn details() -> Value {
    json!({
        "parent_model": "",
        "format": "",
        "family": "",
        "families": [],
        "parameter_size": "",
        "quantization_level": "",
    })
}
