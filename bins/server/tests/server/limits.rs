//! Rate limits by key, user and address.

use docent_auth::{Scope, Scopes};
use reqwest::{Method, StatusCode};

use crate::{
    harness::Server,
    keys::{Lifetime, folder_with, numbered, status_of},
    user_tokens::{SECRET_VARIABLE, token_of},
};

const PROFILE: &str = "/api/profile?user_id=ada";

#[tokio::test]
async fn the_request_after_the_burst_of_a_key_or_user_is_refused_and_others_go_on() {
    let [one, two] = [numbered(1), numbered(2)];
    let scopes: Scopes = Scope::Recommend.into();
    let folder = folder_with(&[(&one, scopes, Lifetime::Live), (&two, scopes, Lifetime::Live)]).await;
    let limits = [
        SECRET_VARIABLE,
        ("DOCENT_ACCESS__KEY_LIMIT__REQUESTS_PER_MINUTE", "1"),
        ("DOCENT_ACCESS__KEY_LIMIT__BURST", "5"),
        ("DOCENT_ACCESS__USER_LIMIT__REQUESTS_PER_MINUTE", "2"),
    ];
    let server = Server::start_with(folder, &limits).await;
    let ada = token_of("ada");
    for (bearer, burst) in [(one.reveal(), 5), (&ada, 2)] {
        for _ in 0..burst {
            assert_eq!(status_of(&server, PROFILE, Some(bearer)).await, StatusCode::OK);
        }
        let response = server.request(Method::GET, PROFILE).bearer_auth(bearer).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    assert_eq!(status_of(&server, PROFILE, Some(two.reveal())).await, StatusCode::OK);
    let bob = token_of("bob");
    assert_eq!(status_of(&server, "/api/profile?user_id=bob", Some(&bob)).await, StatusCode::OK);
}

#[tokio::test]
async fn addresses_are_limited_as_trusted_proxies_report_them_and_probes_are_not() {
    let limited = |proxies: &str| {
        format!(
            "[access]\ntrusted_proxies = [{proxies}]\naddress_limit = {{ requests_per_minute = 1, burst = 3 }}\n"
        )
    };
    for (proxies, others_go_on) in [("'127.0.0.0/8'", true), ("", false)] {
        let folder = folder_with(&[]).await;
        let file = folder.path().join("docent.toml");
        std::fs::write(&file, limited(proxies)).unwrap();
        let server = Server::start_with(folder, &[("DOCENT_CONFIG", &file.display().to_string())]).await;
        let from = async |address: &str, path: &str| {
            let request = server.request(Method::GET, path).header("x-forwarded-for", address);
            request.send().await.unwrap().status()
        };
        for _ in 0..3 {
            assert_eq!(from("198.51.100.7", PROFILE).await, StatusCode::OK);
        }
        assert_eq!(from("198.51.100.7", PROFILE).await, StatusCode::TOO_MANY_REQUESTS);
        let other = from("198.51.100.8", PROFILE).await;
        assert_eq!(other == StatusCode::OK, others_go_on, "{other}");
        assert_eq!(from("198.51.100.7", "/livez").await, StatusCode::OK);
    }
}
