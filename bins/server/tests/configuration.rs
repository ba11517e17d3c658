//! Configuration of the server, and the warnings about mistakes in it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docent-server"));
    command.env_clear().current_dir(folder);
    command
}

/// Runs the server until it logs a line that `matches`, and returns all lines.
fn log_until(command: &mut Command, matches: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut server =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(server.stderr.take().unwrap()).lines() {
        lines.push(serde_json::from_str(&line.unwrap()).unwrap());
        if lines.last().is_some_and(&matches) {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(lines.last().is_some_and(matches), "{lines:#?}");
    lines
}

fn warnings(lines: &[Value]) -> Vec<&str> {
    let warnings = lines.iter().filter(|line| line["level"] == "WARN");
    warnings.filter_map(|line| line["message"].as_str()).collect()
}

#[test]
fn a_missing_folder_of_models_and_a_new_store_are_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let serve =
        ["serve", "--bind", "127.0.0.1:0", "--database-url", "sqlite:mistyped.db", "--snapshots", "none"];
    let is_listening = |line: &Value| line["message"] == "listening";
    let lines = log_until(command(folder.path()).args(serve), is_listening);
    let warned = warnings(&lines);
    assert!(warned.contains(&"created a new, empty store at mistyped.db"), "{warned:?}");
    assert!(warned.iter().any(|warning| warning.starts_with("no model in none")), "{warned:?}");
    let lines = log_until(command(folder.path()).args(serve), is_listening);
    assert!(!warnings(&lines).iter().any(|warning| warning.contains("new, empty store")), "{lines:#?}");
}

#[test]
fn the_first_failed_attempt_to_reach_postgresql_is_logged_with_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://docent:s3cret@127.0.0.1:{port}/library");
    let began = std::time::Instant::now();
    let lines = log_until(
        command(folder.path()).args(["serve", "--bind", "127.0.0.1:0", "--database-url", &url]),
        |line| line["level"] == "WARN",
    );
    assert!(began.elapsed().as_secs() < 20);
    let warning = lines.last().unwrap();
    assert_eq!((&warning["host"], &warning["database"]), (&"127.0.0.1".into(), &"library".into()));
    assert_eq!(warning["port"].to_string(), port.to_string());
    assert!(warning["error"].as_str().unwrap().contains("refused"), "{warning}");
    assert!(!format!("{lines:?}").contains("s3cret"), "{lines:?}");
}

#[test]
fn an_unknown_variable_is_warned_about_without_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path()).arg("config").env("DOCENT_DATABASE_URI", "s3cret").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && log.contains("DOCENT_DATABASE_URI"), "{log}");
    assert!(!log.contains("s3cret"), "{log}");
}

#[test]
fn the_configuration_is_printed_with_values_and_sources_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("docent.toml"), "[train]\nholdout = 0.25\n").unwrap();
    let mut config = command(folder.path());
    config.args(["config", "--config", "docent.toml", "--bind", "127.0.0.1:9000"]);
    config.env("DOCENT_DATABASE_URL", "postgres://docent:s3cret@h/d").env("DOCENT_WORKERS", "3");
    let printed = String::from_utf8(config.output().unwrap().stdout).unwrap();
    for line in [
        "bind = \"127.0.0.1:9000\"  # from: --bind",
        "workers = 3  # from: DOCENT_WORKERS",
        "train.holdout = 0.25  # from: docent.toml:2",
        "engine.database_url = \"postgres://docent:***@h/d\"  # from: DOCENT_DATABASE_URL",
        "poll_seconds = 2  # from: default",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line}\n{printed}");
    }
    let json: Value = serde_json::from_slice(&config.arg("--json").output().unwrap().stdout).unwrap();
    let settings = json.as_array().unwrap();
    let holdout = settings.iter().find(|setting| setting["key"] == "train.holdout").unwrap();
    assert_eq!(holdout["value"], 0.25);
    assert_eq!(holdout["default"], "0.2");
    assert_eq!(holdout["source"], serde_json::json!({"kind": "file", "path": "docent.toml", "line": 2}));
    assert!(!json.to_string().contains("s3cret"));
}

#[test]
fn a_mistake_is_refused_with_its_place_and_the_nearest_key() {
    let folder = tempfile::tempdir().unwrap();
    for (toml, expected) in [
        ("poll_secnds = 5", "docent.toml:1: unknown key poll_secnds; did you mean poll_seconds?"),
        ("[tarin]", "docent.toml:1: unknown key tarin; did you mean train?"),
        (
            "[engine]\nslow_query_seconds = -1",
            "docent.toml:2: engine.slow_query_seconds: expected a number above 0, got -1",
        ),
        (
            "[train]\nholdout = 2",
            "docent.toml:2: train.holdout: expected a number above 0 and below 1, got 2",
        ),
    ] {
        std::fs::write(folder.path().join("docent.toml"), toml).unwrap();
        let output = command(folder.path()).args(["serve", "--config", "docent.toml"]).output().unwrap();
        let line: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!((output.status.code(), line["error"].as_str()), (Some(1), Some(expected)));
    }
}
