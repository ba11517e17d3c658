//! The help of every command. Review changes with `cargo insta review`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

fn output(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_docent-trainer")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_help_of_every_command_is_reviewed() {
    for command in [
        "",
        "train",
        "evaluate",
        "evaluate loo",
        "evaluate ranking",
        "evaluate citeulike",
        "evaluate store",
        "import",
        "import movielens",
        "import citeulike",
        "import csv",
        "import jsonl",
        "export",
        "export jsonl",
        "generate",
        "models",
        "models list",
        "models show",
        "models promote",
        "models rollback",
        "models prune",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        insta::assert_snapshot!(
            format!("docent-trainer {command}").trim().replace(' ', "_"),
            output(&arguments)
        );
    }
}

#[test]
fn the_version_is_printed() {
    assert_eq!(output(&["--version"]), format!("docent-trainer {}\n", env!("CARGO_PKG_VERSION")));
}
