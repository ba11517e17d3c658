//! Runs the HTTP embedder against an endpoint that fails in every way.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod endpoint;

use std::{error::Error as _, time::Duration};

use docent_embedders::{HttpConfig, HttpEmbedder, HttpError};
use docent_embeddings::{Document, Embedder, EmbeddingError};
use endpoint::{Endpoint, Reply, embedding};
use serde_json::json;

fn config(endpoint: &Endpoint) -> HttpConfig {
    HttpConfig { retry_seconds: 0.001, attempts: 3, ..HttpConfig::new(&endpoint.base_url, "letters") }
}

fn open(endpoint: &Endpoint) -> HttpEmbedder {
    HttpEmbedder::open(&config(endpoint), Some(4)).unwrap()
}

fn embed(embedder: &HttpEmbedder, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, EmbeddingError> {
    embedder.embed(&texts.iter().map(|text| Document::from_text(text)).collect::<Vec<_>>())
}

/// Returns the error of the endpoint.
fn failure(result: Result<Vec<Option<Vec<f32>>>, EmbeddingError>) -> HttpError {
    match result {
        Err(EmbeddingError::Backend { source, .. }) => *source.downcast().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn unit(text: &str) -> Vec<f32> {
    let vector = embedding(text);
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / norm).collect()
}

fn near(found: &Option<Vec<f32>>, text: &str) -> bool {
    let (found, expected) = (found.as_ref().unwrap(), unit(text));
    found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6)
}

#[test]
fn texts_are_sent_once_in_batches_and_vectors_returned_in_order() {
    let endpoint = Endpoint::start([]);
    let config = HttpConfig { batch_size: 2, dimensions: Some(4), ..config(&endpoint) };
    let embedder = HttpEmbedder::open(&config, None).unwrap();
    let found = embed(&embedder, &["abc", "", "xyz", "abc", "mno", "..."]).unwrap();

    assert!(near(&found[0], "abc") && near(&found[2], "xyz") && near(&found[4], "mno"), "{found:?}");
    assert_eq!((&found[1], &found[3], &found[5]), (&None, &found[0], &None));
    assert_eq!(endpoint.asked(), [vec!["abc", "xyz"], vec!["mno", "..."]]);
    let body = &endpoint.heard()[0].body;
    assert_eq!((&body["model"], &body["dimensions"]), (&json!("letters"), &json!(4)));
    assert!(embed(&embedder, &[]).unwrap().is_empty() && endpoint.heard().len() == 2);
}

#[test]
fn all_fields_of_a_document_are_sent_cut_to_the_maximum_length() {
    let endpoint = Endpoint::start([]);
    let embedder = HttpEmbedder::open(&HttpConfig { max_chars: 9, ..config(&endpoint) }, Some(4)).unwrap();
    let subjects = ["b".to_owned()];
    embedder.embed(&[Document { title: "a", subjects: &subjects, text: "cdefghij", authors: &[] }]).unwrap();
    assert_eq!(endpoint.asked(), [["a\nb\ncdefg"]]);
}

#[test]
fn the_endpoint_is_asked_for_the_length_of_vectors_when_it_is_not_known() {
    let endpoint = Endpoint::start([]);
    let embedder = HttpEmbedder::open(&config(&endpoint), None).unwrap();
    assert_eq!((embedder.dim(), endpoint.heard().len()), (4, 1));
    assert_eq!(embedder.id(), open(&endpoint).id());
}

#[test]
fn ids_tell_models_and_endpoints_apart() {
    let endpoint = Endpoint::start([]);
    let of = |change: &dyn Fn(&mut HttpConfig), dim| {
        let mut config = config(&endpoint);
        change(&mut config);
        HttpEmbedder::open(&config, Some(dim)).unwrap().id().to_owned()
    };
    let same = of(&|_| {}, 4);
    assert_eq!(
        same,
        of(&|c| (c.batch_size, c.timeout_seconds) = (7, 3.0), 4),
        "vectors do not depend on these"
    );
    let others = [
        of(&|c| c.model = "other".into(), 4),
        of(&|c| c.base_url = "http://elsewhere".into(), 4),
        of(&|c| c.max_chars = 5, 4),
        of(&|_| {}, 5),
    ];
    assert!(others.iter().all(|other| *other != same), "{others:?}");
}

#[test]
fn a_request_to_an_overloaded_broken_or_silent_endpoint_is_retried() {
    for first in [
        Reply::Status(429, "Retry-After: 0\r\n", "slow down"),
        Reply::Status(500, "", "oops"),
        Reply::Status(503, "Retry-After: soon\r\n", ""),
        Reply::HangUp,
        Reply::Silence(Duration::from_millis(300)),
    ] {
        let endpoint = Endpoint::start([first.clone(), first]);
        let config = HttpConfig { timeout_seconds: 0.1, ..config(&endpoint) };
        let embedder = HttpEmbedder::open(&config, Some(4)).unwrap();
        assert!(embed(&embedder, &["abc"]).unwrap()[0].is_some());
        assert_eq!(endpoint.heard().len(), 3);
    }
}

#[test]
fn the_last_error_is_returned_when_the_attempts_are_used_up() {
    let endpoint = Endpoint::start([
        Reply::Status(500, "", "first"),
        Reply::Status(500, "", "second"),
        Reply::Status(502, "", "third\n!"),
    ]);
    let error = failure(embed(&open(&endpoint), &["abc"]));
    assert!(
        matches!(&error, HttpError::Status { status: 502, attempts: 3, message, .. } if message == "third !"),
        "{error}"
    );
    let unreachable = HttpConfig { base_url: "http://127.0.0.1:1/v1".into(), ..config(&endpoint) };
    let error = failure(embed(&HttpEmbedder::open(&unreachable, Some(4)).unwrap(), &["abc"]));
    assert!(matches!(error, HttpError::Unreachable { attempts: 3, .. }), "{error}");
    let error = HttpEmbedder::open(&unreachable, None).unwrap_err();
    assert!(error.source().unwrap().to_string().contains("http://127.0.0.1:1/v1/embeddings"), "{error:?}");
}

#[test]
fn an_error_that_a_retry_cannot_fix_is_returned_at_once() {
    let vectors = |vectors: &[&[f32]]| {
        let data: Vec<_> = vectors.iter().map(|vector| json!({"embedding": vector})).collect();
        Reply::Body(json!({"data": data}).to_string())
    };
    let twice = json!({"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]});
    for (reply, said) in [
        (Reply::Status(400, "", "too long"), "answered 400 after 1 attempts: too long"),
        (Reply::Status(302, "Location: http://127.0.0.1:1/\r\n", ""), "answered 302"),
        (Reply::Body("<html>".into()), "expected value at line 1"),
        (Reply::Body(json!({"data": [{"embedding": "x"}]}).to_string()), "invalid type"),
        (vectors(&[&[1.0; 4]]), "1 vectors for 2 texts"),
        (vectors(&[&[1.0; 4], &[1.0; 3]]), "expected vectors of length 4, got one of 3"),
        (vectors(&[&[1.0; 4], &[]]), "embedding 1 is empty"),
        (Reply::Body(twice.to_string()), "index 0 occurs twice"),
    ] {
        let endpoint = Endpoint::start([reply]);
        let error = failure(embed(&open(&endpoint), &["abc", "xyz"])).to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert_eq!(endpoint.heard().len(), 1, "{said}");
    }
}

/// Variable that cargo sets for every test, so that no test has to change the environment of the
/// others.
const KEY_VARIABLE: &str = "CARGO_PKG_NAME";
const KEY: &str = env!("CARGO_PKG_NAME");

#[test]
fn the_key_is_sent_and_appears_in_no_error_or_debug_output() {
    let echo = "your key is docent-embedders";
    let endpoint = Endpoint::start([Reply::Status(400, "", echo), Reply::Status(401, "", echo)]);
    let config = HttpConfig { key_env: Some(KEY_VARIABLE.into()), ..config(&endpoint) };
    let embedder = HttpEmbedder::open(&config, Some(4)).unwrap();
    let errors = [failure(embed(&embedder, &["abc"])), failure(embed(&embedder, &["abc"]))];
    let bearer = format!("Bearer {KEY}");
    assert!(endpoint.heard().iter().all(|heard| heard.authorization.as_ref() == Some(&bearer)));
    let said = format!("{errors:?} {} {} {embedder:?} {config:?}", errors[0], errors[1]);
    assert!(said.contains("your key is [key]") && said.contains("is the key right?"), "{said}");
    assert!(!said.contains(KEY), "{said}");
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let refusal = |change: &dyn Fn(&mut HttpConfig)| {
        let mut config = HttpConfig::new("http://localhost", "m");
        change(&mut config);
        HttpEmbedder::open(&config, Some(4)).unwrap_err().to_string()
    };
    for (found, named) in [
        (refusal(&|c| c.base_url = "localhost:80".into()), "base_url"),
        (refusal(&|c| c.base_url = "http://".into()), "base_url"),
        (refusal(&|c| c.base_url = "https://me:secret@host/v1".into()), "base_url"),
        (refusal(&|c| c.model = " ".into()), "model"),
        (refusal(&|c| c.batch_size = 0), "batch_size"),
        (refusal(&|c| c.attempts = 0), "attempts"),
        (refusal(&|c| c.timeout_seconds = f64::NAN), "timeout_seconds"),
        (refusal(&|c| c.retry_seconds = -1.0), "retry_seconds"),
        (refusal(&|c| c.dimensions = Some(0)), "dimensions"),
        (refusal(&|c| c.key_env = Some("sk-proj-secret".into())), "key_env"),
        (refusal(&|c| c.key_env = Some("NO_SUCH_VARIABLE_IS_SET".into())), "key_env"),
    ] {
        assert!(found.contains(named) && !found.contains("secret"), "{named}: {found}");
    }
}
