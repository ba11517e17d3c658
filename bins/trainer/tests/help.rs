//! The help of every command. Review changes with `cargo insta review`.
#![allow(clippy::unwrap_used, reason = "tests")]

use docent_test_support::{helps, output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_docent-trainer");
const COMMANDS: [&str; 37] = [
    "",
    "train",
    "evaluate",
    "evaluate loo",
    "evaluate ranking",
    "evaluate next",
    "evaluate sessions",
    "evaluate citeulike",
    "evaluate store",
    "evaluate compare",
    "import",
    "import files",
    "import auto",
    "import movielens",
    "import amazon",
    "import goodbooks",
    "import book-crossing",
    "import retailrocket",
    "import steam",
    "import lastfm",
    "import yelp",
    "import recbole",
    "import gorse",
    "import store",
    "import citeulike",
    "export",
    "export jsonl",
    "export parquet",
    "export store",
    "generate",
    "recommend",
    "models",
    "models list",
    "models show",
    "models promote",
    "models rollback",
    "models prune",
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
    assert_eq!(version, format!("docent-trainer {}\n", env!("CARGO_PKG_VERSION")));
}
