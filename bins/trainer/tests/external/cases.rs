//! Files of teams, one folder each: every case goes into a fresh store with the right values, or is
//! refused whole.

use std::path::PathBuf;

use docent_test_support::Trial;
use serde_json::Value;

use crate::program::Place;

/// A case: its folder, the arguments of `import`, and lines that the export must have. An empty
/// list of lines says that the import is refused and stores nothing.
type Case = (&'static str, &'static [&'static str], usize, &'static [&'static str]);

const ALL: [&str; 1] = ["all.jsonl"];

/// Folder, arguments, number of exported lines, and parts of lines that must be among them.
const CASES: [Case; 36] = [
    ("bom-crlf", &["resources.csv", "interactions.csv"], 66, &["Sourdough at home", "2024-02-01T00:00:00Z"]),
    ("bom-crlf", &["resources.jsonl"], 18, &["Sourdough at home"]),
    ("bom-crlf", &["utf16.csv"], 18, &["Sourdough at home"]),
    ("compressed", &["resources.csv", "interactions.csv.gz"], 66, &["2024-02-01T00:00:00Z"]),
    (
        "decimal-comma",
        &["resources.csv", "interactions.csv"],
        21,
        &["\"rating\":4.5", "2023-12-31T10:15:00Z"],
    ),
    (
        "decimal-comma",
        &["resources.csv", "interactions-semicolon.csv"],
        19,
        &["\"rating\":4.5", "2023-12-31"],
    ),
    ("epoch-milliseconds", &["resources.csv", "interactions.csv"], 118, &["2015-06-02T06:03:12.117Z"]),
    ("epoch-milliseconds", &["resources.csv", "mixed.csv"], 0, &[]),
    ("extra-fields", &["items.csv"], 18, &["\"attributes\":{\"in_stock\":true,\"price\":9.5}"]),
    ("extra-fields", &["items.jsonl"], 18, &["\"attributes\":{\"in_stock\":true,\"price\":9.5}"]),
    ("hated-is-popular", &ALL, 99, &["dismiss"]),
    ("interactions-only", &["plays.csv"], 263, &["\"title\":\"Game number 1\""]),
    ("jsonl-bom", &ALL, 3, &[]),
    ("jsonl-reviews", &["items.jsonl", "reviews.json"], 48, &["A0001XYZ", "2014-03-01T00:00:00Z"]),
    ("jsonl-reviews", &["items.jsonl", "reviews.json.gz"], 48, &["A0001XYZ", "2014-03-01T00:00:00Z"]),
    ("jsonl-reviews", &["items.jsonl", "renamed.jsonl"], 48, &["2014-03-01T00:00:00Z"]),
    ("jsonl-reviews", &["items.jsonl", "yelp.json"], 48, &["2018-07-07T22:09:11Z"]),
    ("jsonl-reviews", &["items.jsonl", "python-dict.json"], 19, &["2014-02-28T00:00:00Z"]),
    ("lowered-rating", &["resources.csv", "ratings.csv"], 0, &["\"title\":\"One\""]),
    ("ml100k", &["movielens"], 162, &["Sourdough at home caf\u{e9} (1995)", "1995-01-01T00:00:00Z"]),
    ("no-model-lists", &ALL, 0, &["Northern Lamps"]),
    ("odd-ids", &["resources.jsonl", "interactions.jsonl"], 31, &["\"id\":\"0042\"", "\"user_id\":\"7\""]),
    ("own-column-names", &["resources.csv", "feedback.csv"], 66, &["collection_add", "2023-03-02T17:02:09Z"]),
    ("own-column-names", &["resources.csv", "renamed.csv"], 66, &["collection_add"]),
    ("own-column-names", &["resources.csv", "renamed-builtin.csv"], 66, &["2023-03-02T17:02:09Z"]),
    (
        "quoted-newlines",
        &["resources.csv"],
        4,
        &["Salt, \\\"wind\\\" and rope", "[\"Action/Adventure\",\"Sci|Fi\"]"],
    ),
    ("rating-scales", &["resources.csv", "five.csv"], 0, &["\"rating\":5.0"]),
    ("rating-scales", &["resources.csv", "ten.csv"], 0, &["\"rating\":5.0"]),
    ("rating-scales", &["resources.csv", "hundred.csv"], 0, &["\"rating\":5.0"]),
    ("rating-scales", &["resources.csv", "minus.csv"], 0, &["\"rating\":5.0"]),
    ("rating-scales", &["resources.csv", "binary.csv"], 0, &["\"rating\":5.0"]),
    ("rating-scales", &["resources.csv", "fractions.csv"], 0, &["\"rating\":5.0"]),
    (
        "semicolon-latin1-books",
        &["book-crossing"],
        36,
        &["Die Bl\u{fc}ten am Fluss", "A \\\"quiet\\\" harbour"],
    ),
    ("shop-events", &["retailrocket"], 274, &["2015-06-02T05:02:13.118Z", "export"]),
    ("untimed-history", &["resources.csv", "untimed.csv"], 2_920, &["collection_add"]),
    ("views-only", &ALL, 350, &["view"]),
];

/// Returns the folder of the cases, which may be missing.
fn folder() -> PathBuf {
    std::env::var_os("DOCENT_CASES").map_or_else(|| PathBuf::from("DOCENT_CASES is not set"), PathBuf::from)
}

/// Returns a trial for each case, ignored where its folder is missing.
pub fn trials() -> Vec<Trial> {
    let cases = CASES.into_iter().map(|case| {
        let (name, args, ..) = case;
        let is_missing = !folder().join(name).is_dir();
        Trial::test(format!("case {name} {}", args.join(" ")), move || {
            check(case);
            Ok(())
        })
        .with_ignored_flag(is_missing)
    });
    cases.collect()
}

fn check((name, args, n_lines, parts): Case) {
    let place = Place::new();
    let folder = folder().join(name);
    let mut import = vec!["import".to_owned()];
    match args {
        [set] if !set.contains('.') => import.extend([(*set).to_owned(), folder.display().to_string()]),
        files => {
            import.push("files".to_owned());
            import.extend(files.iter().map(|file| folder.join(file).display().to_string()));
        }
    }
    let import: Vec<&str> = import.iter().map(String::as_str).collect();
    let ended = place.run(&import);
    if n_lines == 0 && parts.is_empty() {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(!place.path("docent-data").exists());
        return;
    }
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = place.dump();
    assert!(n_lines == 0 || lines.len() == n_lines, "expected {n_lines} lines, got {}", lines.len());
    for part in parts {
        assert!(lines.iter().any(|line| line.contains(part)), "expected {part} in {lines:#?}");
    }
    for line in lines {
        let record: Value = serde_json::from_str(&line).unwrap();
        let year = record["occurred_at"].as_str().and_then(|at| at[..4].parse::<u16>().ok());
        assert!(year.is_none_or(|year| (1990..2031).contains(&year)), "{line}");
    }
}
