//! The help of every command. Review changes with `cargo insta review`.
#![allow(clippy::unwrap_used, reason = "tests")]

use docent_test_support::{helps, output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_docent-server");
const COMMANDS: [&str; 20] = [
    "",
    "serve",
    "openapi",
    "config",
    "demo",
    "key",
    "key create",
    "key list",
    "key revoke",
    "audit",
    "db",
    "db status",
    "db migrate",
    "db verify",
    "db recount",
    "db delete-interactions",
    "db backup",
    "db restore",
    "db rollback",
    "db deploy",
];

#[test]
fn the_help_of_every_command_is_reviewed() {
    for (name, help) in helps(PROGRAM, &COMMANDS).unwrap() {
        insta::assert_snapshot!(name, help);
    }
}

#[test]
fn the_version_is_printed() {
    let version = output(PROGRAM, &["--version"]).unwrap();
    assert_eq!(version, format!("docent-server {}\n", env!("CARGO_PKG_VERSION")));
}
