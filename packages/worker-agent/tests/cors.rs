//! Pages of other origins may call every route, and read receipts.

mod common;

use common::ways::WAYS;
use common::Setup;
use reqwest::Method;

#[tokio::test]
async fn preflights_need_no_key_and_do_no_work() {
    let worker = Setup::default().start().await;
    let mut paths = WAYS.map(|way| way.path).to_vec();
    paths.extend(["/v1/models", "/attestation", "/health"]);
    for path in paths {
        let request = worker
            .http
            .request(Method::OPTIONS, format!("{}{path}", worker.url))
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            );
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 204, "{path}");
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("access-control-allow-origin"), "*");
        assert!(header("access-control-allow-methods").contains("POST"));
        let allowed: Vec<_> = header("access-control-allow-headers").split(", ").collect();
        for name in [
            "authorization",
            "content-type",
            "x-max-charge",
            "x-secret-ai-key",
            "x-secret-ai-request",
            "x-secret-ai-ack",
        ] {
            assert!(allowed.contains(&name), "{name} in {allowed:?}");
        }
    }
    assert_eq!((worker.engine.started(), worker.chain.asked()), (0, 0));
}

#[tokio::test]
async fn answers_and_errors_can_be_read_by_pages() {
    let worker = Setup::default().start().await;
    for way in WAYS {
        let body = way.plain("hi");
        let with_key = worker.send(&way, &body);
        let without = worker
            .http
            .post(format!("{}{}", worker.url, way.path))
            .json(&body);
        let nowhere = worker.http.get(format!("{}/nowhere", worker.url));
        for (request, status) in [(with_key, 200), (without, 401), (nowhere, 404)] {
            let request = request.header("origin", "https://app.example");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
            let exposed = response.headers()["access-control-expose-headers"]
                .to_str()
                .unwrap();
            assert!(exposed.contains("x-secret-ai-receipt"), "{exposed}");
            assert!(exposed.contains("x-secret-ai-evidence"), "{exposed}");
            assert!(!response
                .headers()
                .contains_key("access-control-allow-credentials"));
        }
    }
}

#[tokio::test]
async fn options_without_an_origin_is_a_method_like_any_other() {
    let worker = Setup::default().start().await;
    let url = format!("{}/v1/chat/completions", worker.url);
    let request = worker.http.request(Method::OPTIONS, url);
    worker.refuses(request, 405, "method_not_allowed").await;
}
