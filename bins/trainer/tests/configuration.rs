//! Configuration of the trainer, and the warnings about mistakes in it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    path::Path,
    process::{Command, Output},
};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docent-trainer"));
    command.env_clear().current_dir(folder).args(arguments).output().unwrap()
}

fn log(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_mistake_is_refused_with_its_place_and_the_nearest_key() {
    let folder = tempfile::tempdir().unwrap();
    for (toml, expected) in [
        ("poll_secnds = 5", "docent.toml:1: unknown key poll_secnds; did you mean poll_seconds?"),
        ("[tarin]\nseed = 1", "docent.toml:1: unknown key tarin; did you mean train?"),
        (
            "[train]\nholdout = 2",
            "docent.toml:2: train.holdout: expected a number above 0 and below 1, got 2",
        ),
        ("[train]\ntolerance = -1", "docent.toml:2: train.tolerance: expected a number from 0 to 1, got -1"),
    ] {
        std::fs::write(folder.path().join("docent.toml"), toml).unwrap();
        let output = run(folder.path(), &["train", "--config", "docent.toml"]);
        assert!(output.status.code() == Some(1) && log(&output).contains(expected), "{}", log(&output));
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing but the file was created");
}

#[test]
fn a_flag_out_of_range_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["train", "--dim", "0"]);
    let expected = "--dim: train.als.dim: expected an integer from 1 to 4096, got 0";
    assert!(output.status.code() == Some(1) && log(&output).contains(expected), "{}", log(&output));
}

#[test]
fn former_names_are_read_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("docent.toml"), "[train.broad_als]\ndim = 8\n").unwrap();
    let output = run(folder.path(), &["models", "list", "--config", "docent.toml"]);
    assert!(output.status.success(), "{}", log(&output));
    assert!(log(&output).contains("train.broad_als is now called train.low_rank_als"), "{}", log(&output));

    std::fs::write(folder.path().join("data"), "1 1 2 3\n2 2 3 1\n").unwrap();
    let arguments = ["evaluate", "ranking", "--train", "data", "--test", "data", "--models", "broadals"];
    let output = run(folder.path(), &arguments);
    assert!(log(&output).contains("the model broadals is now called low_rank_als"), "{}", log(&output));
}

#[test]
fn a_new_store_is_warned_about_unless_it_is_to_be_filled() {
    let folder = tempfile::tempdir().unwrap();
    let listed = run(folder.path(), &["models", "list", "--database-url", "sqlite:mistyped.db"]);
    assert!(log(&listed).contains("created a new, empty store at mistyped.db"), "{}", log(&listed));
    let again = run(folder.path(), &["models", "list", "--database-url", "sqlite:mistyped.db"]);
    assert!(!log(&again).contains("new, empty store"), "{}", log(&again));
    let size = ["--users", "1", "--interactions", "3", "--resources", "10"];
    let arguments = [&["generate", "--database-url", "sqlite:new.db"][..], &size].concat();
    let generated = run(folder.path(), &arguments);
    assert!(
        generated.status.success() && !log(&generated).contains("new, empty store"),
        "{}",
        log(&generated)
    );
}
