//! A signal stops the server in every phase, with exit code 0.

use std::{net::TcpListener, process::Command, sync::Arc};

use crate::harness::{Server, command, database_url, stops, until};

const SIGNALS: [&str; 2] = ["TERM", "INT"];

/// Has the server wait without end where it reads the pointer to the live model.
const ENDLESS_MODEL: (&str, &str) = ("DOCENT_FAILPOINT", "read-current");

#[tokio::test]
async fn while_it_connects_to_a_database_that_does_not_answer() {
    for signal in SIGNALS {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://docent@{}/docent", silent.local_addr().unwrap());
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Server::spawn(folder, &[], &["--database-url", &url]);
        let accepted = tokio::task::spawn_blocking(move || silent.accept().unwrap()).await.unwrap();
        stops(server, signal, "stopping before serving any request").await;
        drop(accepted);
    }
}

#[tokio::test]
async fn while_it_loads_a_model() {
    for signal in SIGNALS {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Server::spawn(folder, &[ENDLESS_MODEL], &[]);
        let loads = "loading the catalogue and the live model";
        until("it loads", async || server.logged(loads).is_some()).await;
        stops(server, signal, "stopping before serving any request").await;
    }
}

#[tokio::test]
async fn while_it_waits_for_a_schema_and_while_it_loads_a_model_after_that() {
    for signal in SIGNALS {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let url = database_url(folder.path());
        let db = |what: &str| {
            let done = command().args(["db", what, "--database-url", &url]).output().unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        db("migrate");
        db("rollback");
        for loads in [false, true] {
            let probes = "answering probes only";
            let server = Server::start_logging(Arc::clone(&folder), &[ENDLESS_MODEL], probes).await;
            if loads {
                db("migrate");
                let loading = "loading the catalogue and the live model";
                until("it loads", async || server.logged(loading).is_some()).await;
                assert_eq!(
                    server.get("/livez").await.0,
                    reqwest::StatusCode::OK,
                    "probes are still answered"
                );
            }
            let mut server = server;
            server.signal(signal);
            assert_eq!(server.ended().await.code(), Some(0), "{}", server.log_text());
            assert!(server.logged("stopping before serving any request").is_some(), "{}", server.log_text());
        }
    }
}

#[tokio::test]
async fn while_a_demonstration_is_prepared() {
    for signal in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let mut process = command()
            .args(["demo", "--bind", "127.0.0.1:0", "--folder"])
            .arg(folder.path().join("demo"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let database = folder.path().join("demo/docent.db");
        until("it has begun", async || database.exists()).await;
        let sent = Command::new("kill").args([&format!("-{signal}"), &process.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let mut code = None;
        until("it ends", || {
            code = process.try_wait().unwrap();
            let ended = code.is_some();
            async move { ended }
        })
        .await;
        assert_eq!(code.unwrap().code(), Some(0));
    }
}
