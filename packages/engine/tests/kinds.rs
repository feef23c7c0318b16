//! Where each kind of server is asked for its health, its models and their contexts.

#[path = "common/routes.rs"]
mod routes;

use routes::Routes;
use secret_ai_engine::upstream::{Kind, UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{Engine, EngineError};
use serde_json::{json, Value};

fn engine(server: &Routes, kind: Kind, context: Option<u64>) -> UpstreamEngine {
    let mut config = UpstreamConfig::new(server.base_url());
    config.kind = kind;
    config.context_length = context;
    UpstreamEngine::new(config).unwrap()
}

async fn contexts(engine: &UpstreamEngine) -> Vec<(String, u64)> {
    let models = engine.models().await.unwrap().into_iter();
    models
        .map(|model| (model.id, model.context_length))
        .collect()
}

fn is(id: &str, context: u64) -> (String, u64) {
    (id.to_owned(), context)
}

fn list(models: Value) -> Value {
    json!({ "object": "list", "data": models })
}

#[tokio::test]
async fn health_is_asked_where_the_kind_tells_it() {
    for (kind, path) in [
        (Kind::Vllm, "GET /health"),
        (Kind::Sglang, "GET /health"),
        (Kind::Tgi, "GET /health"),
        (Kind::LlamaCpp, "GET /health"),
        (Kind::Ollama, "GET /api/version"),
        (Kind::OpenAi, "GET /v1/models"),
    ] {
        let server = Routes::start(&[(path, list(json!([])))]).await;
        let engine = engine(&server, kind, None);
        engine.health().await.unwrap();
        assert_eq!(server.asked(), [path], "{kind:?}");
        server.set(path, 503, &json!({}));
        let error = engine.health().await.unwrap_err();
        assert!(
            matches!(error, EngineError::Status { status: 503, .. }),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn vllm_and_sglang_list_the_context_and_others_may_not() {
    let models = list(json!([{ "id": "a", "max_model_len": 4_096 }, { "id": "b" }]));
    let server = Routes::start(&[("GET /v1/models", models)]).await;
    for kind in [Kind::Vllm, Kind::Sglang, Kind::OpenAi] {
        assert_eq!(
            contexts(&engine(&server, kind, Some(77))).await,
            [is("a", 4_096), is("b", 77)]
        );
        assert_eq!(
            contexts(&engine(&server, kind, None)).await,
            [is("a", 4_096), is("b", 8_192)]
        );
    }
}

#[tokio::test]
async fn tgi_tells_its_model_and_context_in_info() {
    let info = json!({ "model_id": "org/m", "max_input_tokens": 1_024, "max_total_tokens": 2_048 });
    let server = Routes::start(&[("GET /info", info)]).await;
    let engine = engine(&server, Kind::Tgi, Some(9));
    assert_eq!(contexts(&engine).await, [is("org/m", 2_048)]);
    assert_eq!(server.asked(), ["GET /info"]);
}

#[tokio::test]
async fn llama_cpp_tells_the_context_of_a_slot_in_its_list_or_in_props() {
    let models = |meta: Value| list(json!([{ "id": "m", "meta": meta }]));
    let new = models(json!({ "n_ctx": 4_096, "n_ctx_train": 131_072 }));
    let server = Routes::start(&[("GET /v1/models", new)]).await;
    let engine = engine(&server, Kind::LlamaCpp, Some(9));
    assert_eq!(contexts(&engine).await, [is("m", 4_096)]);
    assert_eq!(server.asked(), ["GET /v1/models"]);

    server.set(
        "GET /v1/models",
        200,
        &models(json!({ "n_ctx_train": 131_072 })),
    );
    let props = json!({ "default_generation_settings": { "n_ctx": 1_024 }, "total_slots": 4 });
    server.set("GET /props", 200, &props);
    assert_eq!(contexts(&engine).await, [is("m", 1_024)]);

    // Never what it was merely trained with.
    server.set("GET /props", 200, &json!({}));
    server.set("GET /v1/models", 200, &models(Value::Null));
    assert_eq!(contexts(&engine).await, [is("m", 9)]);
}

#[tokio::test]
async fn ollama_tells_what_a_model_is_loaded_with_or_what_its_file_asks_for() {
    let models = list(
        json!([{ "id": "a:latest" }, { "id": "b" }, { "id": "c" }, { "id": "d" }, { "id": "far" }]),
    );
    let running = json!({ "models": [
        { "name": "a:latest", "model": "a:latest", "context_length": 32_768 },
        { "name": "d", "model": "d" },
    ]});
    let long = json!({ "llama.context_length": 131_072, "llama.block_count": 32 });
    let file = "stop                           \"</s>\"\nnum_ctx                        16384";
    let server = Routes::start(&[
        ("GET /v1/models", models),
        ("GET /api/ps", running),
        (
            "POST /api/show a:latest",
            json!({ "parameters": file, "model_info": long }),
        ),
        (
            "POST /api/show b",
            json!({ "parameters": file, "model_info": long }),
        ),
        (
            "POST /api/show c",
            json!({ "model_info": { "gemma3.context_length": 2_048 } }),
        ),
        ("POST /api/show d", json!({ "model_info": long })),
        (
            "POST /api/show far",
            json!({ "remote_host": "https://ollama.com:443", "model_info": long }),
        ),
    ])
    .await;
    let told = [is("a:latest", 32_768), is("b", 16_384), is("c", 2_048)];
    let all = |d: u64| [&told[..], &[is("d", d)]].concat();
    assert_eq!(
        contexts(&engine(&server, Kind::Ollama, Some(64_000))).await,
        all(64_000)
    );
    // It tells neither its default nor cuts prompts audibly: the least of its defaults.
    assert_eq!(
        contexts(&engine(&server, Kind::Ollama, None)).await,
        all(4_096)
    );
}

#[tokio::test]
async fn answers_that_are_none_are_errors() {
    for (kind, routes) in [
        (
            Kind::Vllm,
            vec![("GET /v1/models", json!({ "data": [{}] }))],
        ),
        (Kind::Vllm, vec![("GET /v1/models", json!([]))]),
        (
            Kind::Tgi,
            vec![(
                "GET /info",
                json!({ "model_id": "m", "max_total_tokens": -1 }),
            )],
        ),
        (
            Kind::LlamaCpp,
            vec![
                ("GET /v1/models", list(json!([{ "id": "m" }]))),
                ("GET /props", json!(5)),
            ],
        ),
        (
            Kind::Ollama,
            vec![
                ("GET /v1/models", list(json!([]))),
                ("GET /api/ps", json!({ "models": 1 })),
            ],
        ),
    ] {
        let server = Routes::start(&routes).await;
        let models = engine(&server, kind, None).models().await;
        if kind == Kind::LlamaCpp {
            assert_eq!(
                models.unwrap()[0].context_length,
                8_192,
                "props without a context"
            );
            continue;
        }
        assert!(
            matches!(models, Err(EngineError::Protocol { .. })),
            "{kind:?}: {models:?}"
        );
    }
    // An Ollama without models says null.
    let none = [
        ("GET /v1/models", list(Value::Null)),
        ("GET /api/ps", json!({ "models": null })),
    ];
    let server = Routes::start(&none).await;
    assert!(contexts(&engine(&server, Kind::Ollama, None))
        .await
        .is_empty());
}
