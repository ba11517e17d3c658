//! Checks that the code, the table of names and the documentation have the same metrics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use docent_telemetry::names::ALL;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Collects every source file of libraries and programs except this crate's own.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && !entry.ends_with("target") && !entry.ends_with("crates/telemetry") {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

#[test]
fn every_metric_that_the_code_emits_is_in_the_table_and_every_one_of_the_table_is_emitted() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    sources(&root().join("bins"), &mut files);
    files.retain(|path| path.components().any(|part| part.as_os_str() == "src"));
    let code: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let literals: BTreeSet<&str> = code
        .split('"')
        .filter(|text| text.starts_with("docent_"))
        .filter(|text| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        // Libraries do not depend on the table and emit literals; other literals name other things.
        .filter(|text| code.contains(&format!("!(\"{text}\"")))
        .collect();
    assert!(literals.len() > 5, "{literals:?}");
    let table: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(literals.difference(&table).collect::<Vec<_>>(), Vec::<&&str>::new());

    let names = fs::read_to_string(root().join("crates/telemetry/src/names.rs")).unwrap();
    let of_the_system = fs::read_to_string(root().join("crates/telemetry/src/machine.rs")).unwrap()
        + &fs::read_to_string(root().join("crates/telemetry/src/exporter.rs")).unwrap();
    for metric in ALL {
        let declaration =
            names.lines().find(|line| line.contains(&format!("= \"{}\"", metric.name))).unwrap();
        let constant = format!("names::{}", declaration.trim().split(':').next().unwrap());
        assert!(
            literals.contains(metric.name) || code.contains(&constant) || of_the_system.contains(&constant),
            "nothing emits {}",
            metric.name
        );
    }
}

#[test]
fn the_documentation_is_current() {
    let path = root().join("docs/metrics.md");
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, docent_telemetry::reference(), "run `just metrics-doc`");
}
