//! Pages of other origins: closed by default, open to those of the configuration.

use std::sync::Arc;

use reqwest::{Method, header::HeaderMap};

use crate::{harness::Server, user_tokens::token_of};

const ORIGIN: &str = "https://shop.example";

async fn answered(server: &Server, method: Method, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap) {
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", server.client.address()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.headers().clone())
}

#[tokio::test]
async fn pages_of_allowed_origins_may_read_answers_and_others_may_not() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("docent.toml"), format!("[access]\nallowed_origins = ['{ORIGIN}']\n"))
        .unwrap();
    let file = folder.path().join("docent.toml").display().to_string();
    let server = Server::start_with(folder, &[("DOCENT_CONFIG", &file)]).await;
    let (profile, allow) = ("/api/profile?user_id=ada", "access-control-allow-origin");
    for (origin, expected) in [
        (ORIGIN, Some(ORIGIN)),
        ("https://evil.example", None),
        ("null", None),
        ("https://shop.example.evil.example", None),
    ] {
        let (status, headers) = answered(&server, Method::GET, profile, &[("origin", origin)]).await;
        assert_eq!(status, 200);
        assert_eq!(headers.get(allow).map(|value| value.to_str().unwrap()), expected, "{origin}");
        assert_eq!(headers["vary"], "Origin", "{origin}");
    }
    // A page must be able to read why its token is refused.
    let token = format!("Bearer {}", token_of("ada"));
    let refused = [("origin", ORIGIN), ("authorization", token.as_str())];
    let (status, headers) = answered(&server, Method::GET, profile, &refused).await;
    assert_eq!((status, headers[allow].to_str().unwrap()), (401, ORIGIN));
    assert_eq!(headers["www-authenticate"], "Bearer realm=\"docent\"");

    let preflight = [("origin", ORIGIN), ("access-control-request-method", "PUT")];
    let (status, headers) = answered(&server, Method::OPTIONS, profile, &preflight).await;
    assert_eq!((status, headers[allow].to_str().unwrap()), (204, ORIGIN));
    assert_eq!(headers["access-control-allow-methods"], "GET, PUT, DELETE");
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(!headers.contains_key("access-control-allow-credentials"));
    let (status, headers) = answered(&server, Method::OPTIONS, profile, &[]).await;
    assert_eq!((status, headers["allow"].to_str().unwrap()), (204, "GET, PUT, DELETE, OPTIONS"));
    assert!(!headers.contains_key(allow));
    assert_eq!(answered(&server, Method::OPTIONS, "/nowhere", &[]).await.0, 404);
}

#[tokio::test]
async fn no_origin_is_allowed_by_default() {
    let server = Server::start().await;
    let preflight = [("origin", ORIGIN), ("access-control-request-method", "GET")];
    for method in [Method::GET, Method::OPTIONS] {
        let (_, headers) = answered(&server, method, "/api/profile?user_id=ada", &preflight).await;
        assert!(!headers.contains_key("access-control-allow-origin"), "{headers:?}");
    }
}
