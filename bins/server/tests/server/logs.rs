use std::{net::TcpListener, sync::Arc};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Server, command, run, until};

/// Returns the log lines of one request.
fn lines_of(server: &Server, request_id: &str) -> Vec<Value> {
    let text = server.log_text();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["span"]["request_id"] == request_id).collect()
}

#[tokio::test]
async fn a_server_error_is_one_line_with_the_request_id_of_the_response() {
    let server = Server::start().await;
    server.ingest_library().await;
    let interaction = json!({ "user_id": "ada", "resource_id": "r1", "interaction_type": "view" });
    assert_eq!(server.post("/api/interactions", &interaction).await.0, StatusCode::CREATED);
    server.store().await.raw_sql("DROP TABLE user_interactions").await.unwrap();
    let asked = [
        (server.request(Method::GET, "/api/recommendations?user_id=ada"), "failing.1"),
        (server.request(Method::POST, "/api/interactions").json(&interaction), "failing.2"),
    ];
    for (request, id) in asked {
        let response = request.header("x-request-id", id).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        until("it is answered and logged", async || lines_of(&server, id).len() >= 2).await;
        let lines = lines_of(&server, id);
        let levels: Vec<&str> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
        assert_eq!(levels, ["ERROR", "INFO"], "{lines:#?}");
        assert!(lines[0]["cause"].as_str().unwrap().contains("user_interactions"), "{lines:#?}");
        assert_eq!((&lines[1]["message"], &lines[1]["status"]), (&"answered".into(), &500.into()));
    }
}

#[tokio::test]
async fn a_client_error_is_not_logged_as_an_error() {
    let server = Server::start().await;
    let response = server.request(Method::GET, "/api/recommendations?user_id=ada&limit=0");
    let response = response.header("x-request-id", "mistaken").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    until("it is logged", async || !lines_of(&server, "mistaken").is_empty()).await;
    let lines = lines_of(&server, "mistaken");
    assert_eq!((lines.len(), &lines[0]["level"]), (1, &"INFO".into()), "{lines:#?}");
}

/// Sends secrets and ids of users in every part of requests.
async fn send_secrets(server: &Server) {
    server.ingest_library().await;
    let profile = json!({ "research_domains": ["secret-domain"], "preferred_authors": ["secret-author"] });
    server.put("/api/profile?user_id=secret-user", &profile).await;
    for path in [
        "/api/profile?user_id=secret-user",
        "/api/recommendations?user_id=secret-user&limit=3",
        "/api/recommendations?user_id=secret-user&strategy=secret-strategy",
        "/api/recommendations?user_id=secret-user&filter=secret-filter%20%3D",
        "/api/recommendations?user_id=secret-user&cursor=secret-cursor",
        "/api/recommendations?secret-parameter=1",
        "/api/resources?query=secret-query",
        "/secret-path?secret-query=1",
        "/api/profile?user_id=secret%00user",
    ] {
        let request = server.request(Method::GET, path).bearer_auth("secret-bearer");
        request.header("cookie", "secret-cookie=1").send().await.unwrap();
    }
    let id = server.get("/api/recommendations?user_id=secret-user").await.1["metadata"]["recommendation_id"]
        .clone();
    for (path, body) in [
        (
            "/api/interactions",
            json!({ "user_id": "secret-user", "resource_id": "r1", "interaction_type": "export" }),
        ),
        (
            "/api/interactions",
            json!({ "user_id": "secret-user", "resource_id": "r1", "interaction_type": "secret-type" }),
        ),
        ("/api/interactions", json!({ "user_id": "secret-user", "secret-field": 1 })),
        ("/api/interactions", json!(["secret-text"])),
        (
            "/api/recommendations/feedback",
            json!({ "recommendation_id": id, "resource_id": "r1", "was_clicked": true, "feedback_notes": "secret-notes" }),
        ),
    ] {
        let request = server.request(Method::POST, path).header("idempotency-key", "secret-key");
        request.json(&body).send().await.unwrap();
    }
    let store = server.store().await;
    store.raw_sql("ALTER TABLE user_interactions RENAME COLUMN interaction_strength TO gone").await.unwrap();
    for path in ["/api/recommendations?user_id=secret-other", "/api/profile?user_id=secret-other"] {
        server.get(path).await;
    }
    let interaction = json!({ "user_id": "secret-user", "resource_id": "r2", "interaction_type": "export" });
    assert_eq!(server.post("/api/interactions", &interaction).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    server.delete("/api/profile?user_id=secret-user").await;
}

#[tokio::test]
async fn no_line_at_any_level_contains_a_secret_or_a_user_and_each_is_an_object() {
    for filter in ["info", "trace"] {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Server::start_with(folder, &[("DOCENT_LOG", filter)]).await;
        send_secrets(&server).await;
        let last =
            server.request(Method::GET, "/api/profile?user_id=secret-user").header("x-request-id", "last");
        last.send().await.unwrap();
        until("all is logged", async || server.log_text().contains("\"last\"")).await;
        let text = server.log_text();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
            assert!(!line.to_string().contains("secret"), "{line:#}");
        }
        assert!(text.lines().count() > 15);
    }
}

#[test]
fn a_password_is_in_nothing_that_is_said_of_a_database_or_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.toml");
    for toml in [
        "[engine]\ndatabase_url = \"postgres://docent:s3cret@localhost/docent\n",
        "database_url = \"postgres://docent:s3cret@localhost/docent\"\n",
        "[engine]\ndatabase_url = [\"postgres://docent:s3cret@localhost/docent\"]\n",
        "poll_seconds = \"postgres://docent:s3cret@localhost/docent\"\n",
    ] {
        std::fs::write(&broken, toml).unwrap();
        let ended = run(&["serve", "--config", broken.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
        assert!(!ended.status.success() && !said.contains("s3cret"), "{toml}\n{said}");
        let line: Value = serde_json::from_str(&said).unwrap();
        assert!(line["error"].as_str().unwrap().contains("broken.toml"), "{said}");
    }
    // The server closes every connection.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let unhelpful = format!("postgres://docent:s3cret@{}/docent", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(drop));
    for url in [
        &*unhelpful,
        "postgres://docent:s3cret@127.0.0.1:port/docent",
        "postgres://docent:s3cret@127.0.0.1:1/docent?sslmode=nonsense",
        "mysql://docent:s3cret@127.0.0.1/docent",
        "sqlite://docent.db?password=s3cret",
    ] {
        let mut serve = command();
        let ended =
            serve.env("DOCENT_LOG", "trace").args(["serve", "--bind", "127.0.0.1:0", "--database-url", url]);
        let ended = ended.current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
        assert!(!ended.status.success() && !said.contains("s3cret"), "{url}\n{said}");
    }
}

#[test]
fn a_command_that_fails_says_so_in_one_line_of_json_where_nobody_reads() {
    for (arguments, filter, code, target, said) in [
        (&["serve", "--bind", "nowhere"][..], "info", 1, "docent_server", "expected HOST:PORT"),
        (
            &["serve", "--database-url", "mysql://h/d"],
            "off",
            1,
            "docent_server",
            "the database cannot be opened",
        ),
        (&["serve"], "docent=nonsense", 1, "docent_server", "DOCENT_LOG"),
        (
            &["db", "status", "--database-url", "mysql://h/d"],
            "info",
            1,
            "docent_server",
            "cannot open the database",
        ),
        (&["db", "restore", "/no/such/file"], "info", 1, "docent_server", "nothing was changed"),
        (&["serve", "--nonsense"], "info", 2, "docent_server", "unexpected argument '--nonsense'"),
        (&["db", "rollback", "--steps", "0"], "info", 2, "docent_server", "--steps"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command();
        let ended =
            command.args(arguments).env("DOCENT_LOG", filter).current_dir(folder.path()).output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}");
        let said_all = String::from_utf8(ended.stderr).unwrap();
        let lines = said_all.lines().map(|line| {
            serde_json::from_str::<Value>(line)
                .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {line}"))
        });
        let failures: Vec<Value> = lines.filter(|line| line["level"] == "ERROR").collect();
        assert_eq!(failures.len(), 1, "{arguments:?}: {said_all}");
        assert_eq!(failures[0]["target"], target);
        assert!(failures[0]["error"].as_str().unwrap().contains(said), "{arguments:?}: {said_all}");
    }
}
