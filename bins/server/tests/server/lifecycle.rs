use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use serde_json::json;

use crate::harness::{Server, command, run, until};

#[tokio::test]
async fn a_terminated_server_answers_what_it_was_asked_and_exits_cleanly() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start().await;
        server.ingest_library().await;
        // Shown just before the end: the impressions must not be lost.
        let (_, answer) = server.get("/api/recommendations?user_id=ida&limit=3").await;
        let body = json!({ "user_id": "ada", "resource_id": "r0", "interaction_type": "view" }).to_string();
        let (start, rest) = body.split_at(20);
        let mut connection =
            TcpStream::connect(server.client.address().trim_start_matches("http://")).unwrap();
        let head = "POST /api/interactions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close";
        write!(connection, "{head}\r\ncontent-length: {}\r\n\r\n{start}", body.len()).unwrap();
        let in_flight = r#"docent_http_requests_in_flight{method="POST",route="/api/interactions"} 1"#;
        until("the request is being answered", || async {
            let metrics = server.request(reqwest::Method::GET, "/metrics").send().await.unwrap();
            metrics.text().await.unwrap().contains(in_flight)
        })
        .await;

        server.signal(signal);
        until("the signal arrived", || async {
            server.logged("stopping after open requests complete").is_some()
        })
        .await;
        connection.write_all(rest.as_bytes()).unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 201"), "{response}");
        let answered = Instant::now();
        let status = server.ended().await;
        assert_eq!(status.code(), Some(0), "{}", server.log_text());
        assert!(answered.elapsed().as_secs() < 10, "idle connections hold it up");

        let server = server.restart().await;
        assert_eq!(server.get("/api/profile?user_id=ada").await.1["total_interactions"], 1);
        let id = answer["metadata"]["recommendation_id"].as_str().unwrap();
        assert_eq!(server.store().await.feedback_of(id).await.unwrap().len(), 3);
    }
}

#[test]
fn settings_come_from_flags_before_environment_before_file() {
    let folder = tempfile::tempdir().unwrap();
    let [file, variable, flag] = ["file.db", "variable.db", "flag.db"].map(|name| folder.path().join(name));
    let toml = folder.path().join("docent.toml");
    std::fs::write(&toml, format!("[engine]\ndatabase_url = 'sqlite:{}'", file.display())).unwrap();
    let status = |variable: Option<String>, flag: Option<String>| {
        let mut command = command();
        command.args(["db", "status", "--config"]).arg(&toml);
        command.envs(variable.map(|url| ("DOCENT_DATABASE_URL", url)));
        command.args(flag.map(|url| format!("--database-url={url}")));
        assert!(command.output().unwrap().status.success());
    };
    let url = |path: &std::path::Path| Some(format!("sqlite:{}", path.display()));
    status(url(&variable), url(&flag));
    assert_eq!([file.exists(), variable.exists(), flag.exists()], [false, false, true]);
    status(url(&variable), None);
    assert_eq!([file.exists(), variable.exists()], [false, true]);
    let nested = folder.path().join("nested.db");
    let mut by_key = command();
    by_key.args(["db", "status", "--config"]).arg(&toml);
    by_key.env("DOCENT_ENGINE__DATABASE_URL", url(&nested).unwrap()).env("DOCENT_WORKERS", "2");
    assert!(by_key.output().unwrap().status.success());
    assert_eq!([file.exists(), nested.exists()], [false, true], "a variable of a table wins over the file");
    status(None, None);
    assert!(file.exists());
    for (variable, named) in [("DOCENT_ENGINE__DATABSE", "databse"), ("DOCENT_WORKERS", "WORKERS")] {
        let refused = command().args(["db", "status"]).env(variable, "many").output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(1) && said.contains(named), "{variable}: {said}");
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("docent.toml");
    std::fs::write(&toml, "bnid = '127.0.0.1:1'").unwrap();
    for (path, named) in [(toml.to_str().unwrap(), "bnid"), ("/no/such.toml", "/no/such.toml cannot be read")]
    {
        let refused = run(&["serve", "--config", path]);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains(named), "{said}");
    }
}

#[test]
fn tables_go_up_and_down_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("x.db").display());
    let db = |arguments: &[&str]| {
        let output = run(&[&["db", "--database-url", &url], arguments].concat());
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let pending = |text: &str| text.lines().filter(|line| line.starts_with("pending ")).count();
    let (ok, fresh) = db(&["status"]);
    assert!(ok && pending(&fresh) > 1 && fresh.ends_with("not up to date\n"), "{fresh}");
    let (ok, migrated) = db(&["migrate"]);
    assert!(ok && pending(&migrated) == 0 && migrated.ends_with("\nup to date\n"), "{migrated}");
    let (ok, back) = db(&["rollback", "--steps", "2"]);
    assert!(ok && pending(&back) == 2, "{back}");
    assert_eq!(run(&["db", "rollback", "--steps", "0"]).status.code(), Some(2));
}
